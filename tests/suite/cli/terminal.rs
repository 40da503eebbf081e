//! Questions on a real terminal, and their answers.

use std::io::Read;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use chatzuri_keys::sandbox::FaultEndpoint;

use super::*;

/// An answer that is no text but the signal.
const TERM: &str = "<TERM>";
/// An answer that is the value of a key of the name asked about, made on the sandbox's page just then.
pub(super) const MADE: &str = "<MADE>";
/// Enter, once the server is well again.
const MENDED: &str = "<MENDED>";
/// The longest that a conversation takes.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs the binary on a terminal, answers each question with its text, and gives back the code and all it printed.
pub(super) fn on_terminal(stage: &Stage, args: &[&str], talk: &[(&str, &str)]) -> (u32, String) {
    let size = PtySize {
        rows: 24,
        cols: 120,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(BINARY);
    command.env_clear();
    command.env("HOME", stage.home.path());
    command.env("XDG_CONFIG_HOME", stage.home.path().join("config"));
    command.env("XDG_STATE_HOME", stage.home.path().join("state"));
    command.env("NO_COLOR", "1");
    command.env("PATH", path_of(stage.home.path()));
    command.env("CHATZURI_API_KEY", stage.server().credential.expose());
    command.env("CHATZURI_BASE_URL", &stage.server().base_url);
    command.args(args);
    let settings = || format!("{:?}", pair.master.get_termios().unwrap());
    let before = settings();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    // A question that never comes ends the program, and not the time of the whole suite.
    let pid = i32::try_from(child.process_id().unwrap()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    let (over, ended) = std::sync::mpsc::channel::<()>();
    std::thread::spawn(move || {
        if ended.recv_timeout(LONGEST) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    });
    let mut writer = pair.master.take_writer().unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut printed = Vec::new();
    let mut byte = [0u8; 1];
    for (question, answer) in talk {
        let from = printed.len();
        while !String::from_utf8_lossy(&printed[from..]).contains(question) {
            match reader.read(&mut byte) {
                Ok(1) => printed.push(byte[0]),
                _ => panic!("never asked {question}: {}", String::from_utf8_lossy(&printed)),
            }
        }
        if *answer == TERM {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        } else if *answer == MENDED {
            stage.server().clear_faults();
            writer.write_all(b"\n").unwrap();
        } else if *answer == MADE {
            let printed = String::from_utf8_lossy(&printed);
            let name = printed.rsplit('“').next().unwrap().split('”').next().unwrap();
            let value = crate::manual::Browser::on(stage.server()).create(name);
            writer.write_all(format!("{value}\n").as_bytes()).unwrap();
        } else {
            writer.write_all(answer.as_bytes()).unwrap();
        }
    }
    // A terminal whose program has ended reads as an error.
    while let Ok(1) = reader.read(&mut byte) {
        printed.push(byte[0]);
    }
    let code = child.wait().unwrap().exit_code();
    drop(over);
    assert_eq!(settings(), before, "the terminal is given back as it was");
    (code, String::from_utf8_lossy(&printed).into_owned())
}

#[test]
fn on_a_terminal_no_is_the_default_and_yes_revokes() {
    let stage = Stage::new();
    let (code, printed) = on_terminal(&stage, &["revoke", UNUSED], &[("[y/N] ", "\n")]);
    assert_eq!(code, 3, "{printed}");
    assert!(
        printed.contains("never used") && printed.contains("Declined"),
        "{printed}"
    );
    assert_eq!(stage.asked("/delete-api-key"), 0);
    let (code, printed) = on_terminal(&stage, &["revoke", UNUSED], &[("[y/N] ", "y\n")]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("Revoked “Load test”"), "{printed}");
}

#[test]
fn the_current_context_is_named_and_asked_about_before_a_key_is_made() {
    let stage = Stage::new();
    let current = "case \"$*\" in\n'config current-context') echo staging;;\npatch*) cat >stored;;\nesac";
    stand_in(&stage, "kubectl", current);
    let create = ["create", "Invoices", "--to", "k8s:prod/web/KEY"];
    let (code, printed) = on_terminal(&stage, &create, &[("[y/N] ", "\n")]);
    assert_eq!(code, 3, "{printed}");
    assert!(
        printed.contains("“staging”") && printed.contains("k8s:staging/prod/web/KEY"),
        "{printed}"
    );
    assert_eq!(stage.asked("/create-api-key"), 0);
    let (_, printed) = on_terminal(&stage, &create, &[("[y/N] ", "y\n")]);
    assert_eq!(stage.asked("/create-api-key"), 1, "{printed}");
    assert!(kept_by(&stage, "stored").contains("\"KEY\""));
    let patched = kept_by(&stage, "argv");
    let patched = patched.lines().find(|line| line.starts_with("kubectl patch")).unwrap();
    assert!(patched.contains("--context=staging"), "{patched}");
}

#[test]
fn a_rotation_asks_about_the_current_project_once() {
    let stage = Stage::new();
    stand_in(&stage, "gcloud", GCLOUD);
    let start = ["rotate", "start", UNUSED, "--to", "gcloud:chatzuri"];
    let (code, printed) = on_terminal(&stage, &start, &[("[y/N] ", "y\n")]);
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("gcloud:chatzuri, which is gcloud:acme-prod/chatzuri now: stored"),
        "{printed}"
    );
    assert_eq!(printed.matches("[y/N]").count(), 1, "{printed}");
}

#[test]
fn a_key_in_use_wants_its_name_typed() {
    let stage = Stage::new();
    let (code, printed) = on_terminal(&stage, &["revoke", USED], &[("to revoke it: ", "y\n")]);
    assert_eq!(code, 3, "{printed}");
    assert!(printed.contains("something depends on it"), "{printed}");
    let (code, printed) = on_terminal(&stage, &["revoke", USED], &[("to revoke it: ", "Zapier\n")]);
    assert_eq!(code, 0, "{printed}");
}

#[test]
fn ctrl_c_at_a_question_changes_nothing_and_exits_3() {
    let stage = Stage::new();
    let (code, printed) = on_terminal(&stage, &["revoke", UNUSED], &[("[y/N] ", "\x03")]);
    assert_eq!(code, 3, "{printed}");
    assert_eq!(stage.asked("/delete-api-key"), 0);
    let (code, printed) = on_terminal(&stage, &["login"], &[("(not shown): ", "cz_abc\x03")]);
    assert_eq!(code, 3, "{printed}");
    assert!(!printed.contains("cz_abc"), "no echo: {printed}");
    let (code, printed) = on_terminal(&stage, &["login"], &[("(not shown): ", TERM)]);
    assert_eq!(code, 3, "{printed}");
}

#[test]
fn a_typed_key_is_not_echoed() {
    let stage = Stage::new();
    let typed = "cz_dead0123456789abcdefDEAD";
    let (code, printed) = on_terminal(&stage, &["login"], &[("(not shown): ", &format!("{typed}\n"))]);
    assert_eq!(code, 4, "{printed}");
    assert!(!printed.contains("cz_dead"), "{printed}");
}

#[test]
fn no_input_never_asks_even_on_a_terminal() {
    let stage = Stage::new();
    let (code, printed) = on_terminal(&stage, &["revoke", UNUSED, "--no-input"], &[]);
    assert_eq!(code, 2, "{printed}");
}

#[test]
fn several_keys_want_their_count_typed_and_our_own_its_name_too() {
    let stage = Stage::new();
    let args = ["revoke", UNUSED, "Legacy import", "chatzuri-keys (this one)"];
    let count = "Type 3 to revoke all 3 keys: ";
    let name = "to revoke it: ";
    for talk in [
        &[(count, "y\n")][..],
        &[(count, "\n")],
        &[(count, "3\n"), (name, "y\n")],
    ] {
        let (code, printed) = on_terminal(&stage, &args, talk);
        assert!(code == 3 && printed.contains("Declined"), "{printed}");
        assert_eq!(stage.asked("/delete-api-key"), 0);
    }
    let (code, printed) = on_terminal(&stage, &args, &[(count, "3\n"), (name, "chatzuri-keys (this one)\n")]);
    assert_eq!(code, 0, "{printed}");
    assert!(
        printed.contains("1 of 3: “Load test”") && printed.contains("its value gets 401"),
        "{printed}"
    );
    assert_eq!(stage.asked("/delete-api-key"), 3);
}

#[test]
fn on_a_terminal_the_last_step_of_a_rotation_asks_for_what_the_browser_needs() {
    let stage = Stage::new();
    stage.server().leave_out(&[FaultEndpoint::Revoke]);
    for args in [
        &["rotate", "start", UNUSED, "--show"][..],
        &["rotate", "confirm", UNUSED, "--attest", "--reason", "nobody uses it"],
    ] {
        let (code, printed) = on_terminal(&stage, args, &[]);
        assert_eq!(code, 0, "{printed}");
    }
    let talk = [
        ("(not shown; press Enter if you don't have it): ", "\n"),
        ("Type “revoked” once it is gone from the page: ", "revoked\n"),
    ];
    let (code, printed) = on_terminal(&stage, &["rotate", "finish", UNUSED], &talk);
    assert_eq!(code, 7, "{printed}");
    assert!(
        printed.contains("cannot revoke keys through the API: you do it in the browser."),
        "{printed}"
    );
    assert!(printed.contains("ATTESTED, not proven"), "{printed}");
    assert_eq!(stage.asked("/delete-api-key"), 0, "it was only looked for");
}

#[test]
fn a_value_that_could_not_be_tried_waits_for_enter_even_after_a_slip() {
    let stage = Stage::new();
    stage.server().leave_out(&[FaultEndpoint::Create]);
    write_config(stage.home.path(), "[api]\ncreate = \"assisted\"\n");
    stage.server().inject(FaultRule::parse("teams:status=503").unwrap());
    let talk = [
        ("(not shown): ", MADE),
        ("could not be tried.", ""),
        ("; press Enter to try the same again): ", "no key\n"),
        ("; press Enter to try the same again): ", MENDED),
    ];
    let (code, printed) = on_terminal(&stage, &["create", "Invoices", "--show"], &talk);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("cz_"), "it is shown at the end: {printed}");
    assert_eq!(stage.asked("/create-api-key"), 0);
}

/// There is no keyring here.
#[test]
fn the_first_control_c_asks_again_where_the_only_copy_of_a_value_is_to_go_and_the_second_loses_it() {
    let stage = Stage::new();
    write_sinks(&stage, &[("shut", "exit 1")]);
    let create = ["create", "Invoices", "--to", "shut"];
    let kept = [("Where to? ", "\x03"), ("Ctrl-C again", ""), ("Where to? ", "show\n")];
    let (code, printed) = on_terminal(&stage, &create, &kept);
    assert!(code == 5 && printed.contains("\ncz_"), "{code}: {printed}");
    let lost = [("Where to? ", "\x03"), ("Ctrl-C again", ""), ("Where to? ", "\x03")];
    let (code, printed) = on_terminal(&stage, &create, &lost);
    assert!(code == 1 && printed.contains("is lost"), "{code}: {printed}");
    let (code, printed) = on_terminal(&stage, &create, &[("Where to? ", TERM)]);
    assert!(code == 1 && printed.contains("is lost"), "{code}: {printed}");
}
