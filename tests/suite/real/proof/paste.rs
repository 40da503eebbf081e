//! A value that a person pastes, watched at each way out of the process: it goes to the server it is tried with, and into
//! the keyring or a target, and nowhere else.

use std::fs;
use std::process::Stdio;

use chatzuri_keys::sandbox::FaultEndpoint;

use super::canary::{To, WATCH, on, seen, set};
use super::{Machine, have, text};
use crate::manual::Browser;
use crate::real::tools;
use crate::support::terminal::{BINARY, Terminal};

#[test]
fn a_pasted_value_leaves_the_process_only_where_it_is_meant_to_go() {
    if !have("paste", &[("strace", "strace")]) {
        return;
    }
    let machine = Machine::start();
    // It was signed in to while the server still had its endpoints.
    let config = fs::read_to_string(machine.config()).unwrap();
    let manual = "[api]\nlist = \"manual\"\n";
    fs::write(machine.config(), format!("{manual}{config}")).unwrap();
    let credential = machine.sandbox.credential.expose().to_owned();
    let browser = Browser::on(&machine.sandbox);
    machine
        .sandbox
        .leave_out(&[FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke]);
    let traces = tempfile::tempdir().unwrap();
    let trace = |name: &str| traces.path().join(name);
    let given = traces.path().join("given");
    let run = |name: &str, stdin: &str, args: &[&str]| {
        fs::write(&given, stdin).unwrap();
        let mut command = tools::command("strace");
        machine.dress(&mut command);
        command.args(WATCH).arg("-o").arg(trace(name)).arg(BINARY).args(args);
        command.stdin(fs::File::open(&given).unwrap());
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        (output.status.code().unwrap(), text(&output.stderr))
    };
    let sent = || set([To::Authorization]);
    assert_eq!(run("login", &credential, &["login", "--with-token"]).0, 0);

    let value = browser.create("Waiting");
    let (code, said) = run("paste", &value, &["create", "Waiting", "--paste"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(
        seen(&trace("paste"), &value),
        sent(),
        "tried, and kept where it is encrypted"
    );
    assert_eq!(seen(&trace("paste"), &credential), sent());

    let taken = browser.create("Taken");
    let (code, said) = run("to", &taken, &["create", "Taken", "--paste", "--to", "shelf"]);
    assert_eq!(code, 0, "{said}");
    let mut to = seen(&trace("to"), &taken);
    assert!(to.remove(&To::Authorization) && to.remove(&To::Pipe), "{to:?}");
    assert!(
        matches!(to.iter().collect::<Vec<_>>()[..], [To::File(_)]),
        "the target's own file: {to:?}"
    );

    let known = browser.create("Known");
    let args = ["track", "Known", "--created", "2026-01-01", "--with-value"];
    let (code, said) = run("track", &known, &args);
    assert_eq!(code, 0, "{said}");
    assert_eq!(seen(&trace("track"), &known), sent());
    let args = ["revoke", "Known", "--with-value", "--yes", "--watch", "1"];
    assert_eq!(run("revoke", &known, &args).0, 7);
    assert_eq!(seen(&trace("revoke"), &known), sent());
    assert_eq!(run("leak", &known, &["leak", "--yes", "--watch", "1"]).0, 7);
    assert_eq!(seen(&trace("leak"), &known), sent());

    let typed = browser.create("Typed");
    let mut terminal = Terminal::start((120, 40), "strace", |command| {
        command.args(WATCH);
        command.args(["-o", trace("typed").to_str().unwrap(), BINARY]);
        on(&machine, None, command);
    });
    super::create_in_browser(&mut terminal, "Typed");
    terminal.paste(&typed);
    terminal.wait_for("43 characters.");
    terminal.press("\r");
    terminal.wait_for("New key: Typed");
    terminal.press_after_reading("\r");
    terminal.wait_for("is stored, as you say");
    terminal.press("q");
    assert_eq!(terminal.ends(), 0);
    // Its ends are on the screen.
    let middle = &typed[8..36];
    assert!(!text(&terminal.written()).contains(middle));
    let mut to = seen(&trace("typed"), &typed);
    assert!(to.remove(&To::Authorization), "{to:?}");
    assert_eq!(to, set([]));
    assert_eq!(seen(&trace("typed"), middle).len(), 1, "the request that tried it");
}
