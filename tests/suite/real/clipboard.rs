//! The clipboard adapter on a real X server, Wayland compositor and tmux.

use rustix::process::Signal;

use super::child::{GATE, TERMINAL};
use super::tools::{self, Entry, Guarded, Sway, Tmux, Xvfb};

const X11: &[(&str, &str)] = &[("Xvfb", "xvfb"), ("xclip", "xclip")];
const WAYLAND: &[(&str, &str)] = &[
    ("sway", "sway"),
    ("wl-copy", "wl-clipboard"),
    ("wl-paste", "wl-clipboard"),
];
const VALUE: &str = "cz_real_0123456789abcdef";
const DIES: &str = "Ok(Desktop { dies_with_us: true })";

fn on(x11: &Xvfb) -> Entry {
    Entry::start("clipboard", |command| {
        command.env("DISPLAY", &x11.display);
    })
}

#[test]
fn on_x11_the_value_can_be_pasted_is_marked_as_a_password_and_is_cleared() {
    if !tools::have("clipboard_x11", X11) {
        return;
    }
    let x11 = Xvfb::start();
    let mut entry = on(&x11);
    assert_eq!(entry.ask("clear"), "Ok(NotOurs)", "nothing was copied yet");
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES);
    assert_eq!(x11.xclip(&["-o"]), VALUE);
    assert!(
        x11.xclip(&["-o", "-t", "TARGETS"])
            .contains("x-kde-passwordManagerHint")
    );
    assert_eq!(x11.xclip(&["-o", "-t", "x-kde-passwordManagerHint"]), "secret");
    assert_eq!(entry.ask("clear"), "Ok(Cleared)");
    assert_eq!(x11.xclip(&["-o"]), "");
    assert_eq!(entry.ask("clear"), "Ok(NotOurs)");
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES, "and again");
    assert_eq!(x11.xclip(&["-o"]), VALUE);
    assert!(entry.ends());
}

#[test]
fn on_x11_something_newer_is_left_alone() {
    if !tools::have("clipboard_x11_newer", X11) {
        return;
    }
    let x11 = Xvfb::start();
    let mut entry = on(&x11);
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES);
    x11.copy("something newer");
    assert_eq!(entry.ask("clear"), "Ok(NotOurs)");
    assert_eq!(x11.xclip(&["-o"]), "something newer");
}

#[test]
fn on_x11_a_held_value_stays_until_its_time_is_over_or_something_newer_is_there() {
    if !tools::have("clipboard_x11_hold", X11) {
        return;
    }
    let x11 = Xvfb::start();
    let mut entry = on(&x11);
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES);
    assert_eq!(entry.ask("hold 300"), "Ok(Cleared)");
    assert_eq!(x11.xclip(&["-o"]), "");
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES);
    entry.tell("hold for-ever");
    assert_eq!(x11.xclip(&["-o"]), VALUE, "it is served while it is held");
    x11.copy("something newer");
    assert_eq!(entry.answer("hold for-ever"), "Ok(NotOurs)");
    assert_eq!(x11.xclip(&["-o"]), "something newer");
}

#[test]
fn a_stopped_x_server_is_not_waited_for_and_gets_nothing_late() {
    if !tools::have("clipboard_x11_stopped", X11) {
        return;
    }
    let x11 = Xvfb::start();
    let mut entry = on(&x11);
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES);
    x11.server.signal(Signal::STOP);
    for line in [
        "copy cz_late_0123456789abcdef",
        "copy cz_late_0123456789abcdef",
        "clear",
    ] {
        let answer = entry.ask(line);
        assert!(
            answer.contains("did not answer within 2 s") || answer == "Ok(NotOurs)",
            "{line}: {answer}"
        );
    }
    x11.server.signal(Signal::CONT);
    tools::wait_for("the late copy to be taken back", || {
        x11.xclip(&["-o"]).is_empty().then_some(())
    });
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES, "it works again");
    x11.server.signal(Signal::STOP);
    assert!(entry.ask("clear").contains("did not answer"));
    assert!(entry.ends(), "a hung call does not hold the program back");
}

#[test]
fn on_a_server_stopped_from_the_start_a_copy_fails() {
    if !tools::have("clipboard_x11_stopped_early", X11) {
        return;
    }
    let x11 = Xvfb::start();
    x11.server.signal(Signal::STOP);
    let mut entry = on(&x11);
    assert!(
        entry
            .ask(&format!("copy {VALUE}"))
            .contains("did not answer within 2 s")
    );
    assert!(entry.ends());
}

#[test]
fn a_display_that_is_not_there_leaves_the_terminal_or_an_error() {
    let mut entry = Entry::start("clipboard", |command| {
        command.env("DISPLAY", ":987");
    });
    let answer = entry.ask(&format!("copy {VALUE}"));
    assert!(
        answer.contains("Cannot use the desktop's clipboard") && answer.contains("no terminal to send it to"),
        "{answer}"
    );
    let mut entry = Entry::start("clipboard", |command| {
        command.env("DISPLAY", ":987").env(TERMINAL, "1");
    });
    assert_eq!(entry.ask(&format!("copy {VALUE}")), "Ok(Terminal(Plain))");
}

#[test]
fn on_wayland_the_value_can_be_pasted_is_marked_as_a_password_and_is_cleared() {
    if !tools::have("clipboard_wayland", WAYLAND) {
        return;
    }
    let sway = Sway::start();
    let mut entry = Entry::start("clipboard", |command| sway.dress(command));
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES);
    assert_eq!(sway.paste(&["-n"]), VALUE);
    assert!(sway.paste(&["-l"]).contains("x-kde-passwordManagerHint"));
    assert_eq!(sway.paste(&["-n", "-t", "x-kde-passwordManagerHint"]), "secret");
    assert_eq!(entry.ask("clear"), "Ok(Cleared)");
    assert_eq!(sway.paste(&["-n"]), "");
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES);
    assert_eq!(entry.ask("hold 300"), "Ok(Cleared)");
    assert_eq!(sway.paste(&["-n"]), "");
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES);
    assert_eq!(sway.paste(&["-n"]), VALUE);
    assert!(entry.ends());
    assert_eq!(sway.paste(&["-n"]), "", "it dies with its owner");
}

#[test]
fn on_wayland_something_newer_is_left_alone() {
    if !tools::have("clipboard_wayland_newer", WAYLAND) {
        return;
    }
    let sway = Sway::start();
    let mut entry = Entry::start("clipboard", |command| sway.dress(command));
    assert_eq!(entry.ask(&format!("copy {VALUE}")), DIES);
    let _owner = Guarded::spawn(sway.client("wl-copy").args(["--foreground", "something newer"]));
    tools::wait_for("the newer content", || {
        (sway.paste(&["-n"]) == "something newer").then_some(())
    });
    assert_eq!(entry.ask("clear"), "Ok(NotOurs)");
    assert_eq!(sway.paste(&["-n"]), "something newer");
}

#[test]
fn without_a_display_the_value_reaches_a_buffer_of_tmux_and_leaves_it_again() {
    if !tools::have("clipboard_tmux", &[("tmux", "tmux")]) {
        return;
    }
    let tmux = Tmux::start("on", &entry_for_tmux());
    tmux.run(&["send-keys", &format!("copy {VALUE}"), "Enter"]);
    tmux.shows("= Ok(Terminal(TmuxKeepsABuffer))");
    tools::wait_for("the buffer", || (tmux.run(&["show-buffer"]) == VALUE).then_some(()));
    tmux.run(&["send-keys", "clear", "Enter"]);
    tmux.shows("= Ok(Unconfirmed)");
    assert_eq!(tmux.run(&["list-buffers"]), "");
}

#[test]
fn a_tmux_that_does_not_pass_it_on_is_told() {
    if !tools::have("clipboard_tmux_blocks", &[("tmux", "tmux")]) {
        return;
    }
    let tmux = Tmux::start("external", &entry_for_tmux());
    tmux.run(&["send-keys", &format!("copy {VALUE}"), "Enter"]);
    tmux.shows("= Ok(Terminal(TmuxBlocks))");
    assert_eq!(tmux.run(&["list-buffers"]), "");
}

fn entry_for_tmux() -> String {
    let program = std::env::current_exe().unwrap();
    format!(
        "env {GATE}=1 {TERMINAL}=1 '{}' {}",
        program.display(),
        Entry::arguments("clipboard").join(" ")
    )
}
