//! The keyring adapter on a real gnome-keyring, and on a bus without one.

use std::process::Stdio;

use rustix::process::Signal;

use super::tools::{self, Bus, Entry};

const TOOLS: &[(&str, &str)] = &[
    ("dbus-daemon", "dbus"),
    ("dbus-send", "dbus"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
];
const VALUE: &str = "cz_real_0123456789abcdef";

fn on(bus: &Bus) -> Entry {
    Entry::start("keyring", |command| bus.dress(command))
}

#[test]
fn an_item_is_written_read_and_deleted_and_secret_tool_sees_the_same() {
    if !tools::have("keyring", TOOLS) {
        return;
    }
    let bus = Bus::start(true);
    let _daemon = bus.unlocked_keyring();
    let mut entry = on(&bus);
    let lookup = || {
        let item = [
            "lookup",
            "service",
            "chatzuri-keys",
            "username",
            "acme@https://keys.example",
        ];
        String::from_utf8(bus.run("secret-tool", &item).stdout).unwrap()
    };
    assert_eq!(entry.ask("get acme"), "Ok(None)");
    assert_eq!(entry.ask("delete acme"), "Ok(false)");
    assert_eq!(entry.ask("set acme cz_first_0123456789"), "Ok(())");
    assert_eq!(entry.ask(&format!("set acme {VALUE}")), "Ok(())");
    assert_eq!(entry.ask("get acme"), VALUE);
    assert_eq!(lookup(), VALUE);
    let mut second = on(&bus);
    assert_eq!(second.ask("get acme"), VALUE, "another process reads it");
    assert!(!tools::is_in_a_file(bus.home.path(), VALUE));
    assert_eq!(entry.ask("delete acme"), "Ok(true)");
    assert_eq!(lookup(), "");
    assert_eq!(second.ask("get acme"), "Ok(None)");
    assert!(entry.ends());
}

#[test]
fn an_item_that_holds_no_key_and_two_of_one_name_are_told_apart() {
    if !tools::have("keyring_oddities", TOOLS) {
        return;
    }
    let bus = Bus::start(true);
    let _daemon = bus.unlocked_keyring();
    let store = |more: &[&str], value: &str| {
        let mut command = tools::command("secret-tool");
        bus.dress(&mut command);
        command
            .args([
                "store",
                "--label=odd",
                "service",
                "chatzuri-keys",
                "username",
                "odd@https://keys.example",
            ])
            .args(more)
            .stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), value.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    };
    let mut entry = on(&bus);
    store(&[], "two words");
    assert_eq!(entry.ask("get odd"), "Err(Unreadable)");
    store(&["colour", "blue"], VALUE);
    assert_eq!(entry.ask("get odd"), "Err(Ambiguous)");
    assert_eq!(entry.ask("delete odd"), "Err(Ambiguous)");
}

#[test]
fn without_a_bus_there_is_no_keyring() {
    let home = tempfile::tempdir().unwrap();
    let mut entry = Entry::start("keyring", |command| {
        command.env("HOME", home.path()).env("XDG_RUNTIME_DIR", home.path());
    });
    assert_eq!(entry.ask("get acme"), "Err(Absent)");
    assert_eq!(entry.ask(&format!("set acme {VALUE}")), "Err(Absent)");
    assert!(entry.ends());
}

#[test]
fn on_a_bus_without_a_provider_there_is_no_keyring_until_one_is_started() {
    if !tools::have("keyring_without_provider", TOOLS) {
        return;
    }
    let mut bus = Bus::start(false);
    let mut entry = on(&bus);
    assert_eq!(entry.ask("get acme"), "Err(Absent)");
    let daemon = bus.unlocked_keyring();
    assert_eq!(
        entry.ask(&format!("set acme {VALUE}")),
        "Ok(())",
        "the person has started one"
    );
    drop(daemon);
    assert_eq!(entry.ask("get acme"), "Err(Absent)");
    let _daemon = bus.unlocked_keyring();
    assert_eq!(
        entry.ask("get acme"),
        VALUE,
        "a new daemon does not know the old session"
    );
    bus.stop();
    assert_eq!(entry.ask("get acme"), "Err(Absent)");
}

#[test]
fn a_locked_keyring_nobody_can_unlock_is_locked() {
    if !tools::have("keyring_locked", TOOLS) {
        return;
    }
    let bus = Bus::start(true);
    let _daemon = bus.unlocked_keyring();
    let mut entry = on(&bus);
    assert_eq!(entry.ask(&format!("set acme {VALUE}")), "Ok(())");
    let locked = bus.run(
        "dbus-send",
        &[
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            "array:objpath:/org/freedesktop/secrets/collection/login",
        ],
    );
    assert!(locked.status.success(), "{locked:?}");
    assert_eq!(entry.ask("get acme"), "Err(Locked)");
    assert_eq!(entry.ask("set other cz_other_0123456789"), "Err(Locked)");
    assert_eq!(entry.ask("delete acme"), "Err(Locked)");
}

#[test]
fn a_fresh_home_without_a_keyring_says_so() {
    if !tools::have("keyring_fresh", TOOLS) {
        return;
    }
    let bus = Bus::start(true);
    let mut entry = on(&bus);
    assert_eq!(entry.ask("get acme"), "Ok(None)");
    let set = entry.ask(&format!("set acme {VALUE}"));
    assert!(set.contains("no default keyring yet"), "{set}");
}

#[test]
fn a_frozen_keyring_is_not_waited_for_and_works_again_once_it_wakes() {
    if !tools::have("keyring_frozen", TOOLS) {
        return;
    }
    let bus = Bus::start(true);
    let daemon = bus.unlocked_keyring();
    let mut entry = on(&bus);
    assert_eq!(entry.ask(&format!("set acme {VALUE}")), "Ok(())");
    assert_eq!(entry.ask("limit 300"), "ok");
    // Frozen before the first call of a connection, and in the middle of one.
    for _ in 0..2 {
        daemon.signal(Signal::STOP);
        assert_eq!(entry.ask("get acme"), "Err(TimedOut(300ms))");
        assert_eq!(entry.ask("delete acme"), "Err(TimedOut(300ms))");
        daemon.signal(Signal::CONT);
        let awake = tools::wait_for("the keyring to wake", || {
            let answer = entry.ask("get acme");
            (!answer.contains("TimedOut")).then_some(answer)
        });
        // The deletion that timed out was under way, and may have had its effect.
        assert!(awake == VALUE || awake == "Ok(None)", "{awake}");
        assert_eq!(entry.ask(&format!("set acme {VALUE}")), "Ok(())");
    }
    daemon.signal(Signal::STOP);
    assert!(entry.ask("get acme").contains("TimedOut"));
    assert!(entry.ends(), "a hung call does not hold the program back");
}
