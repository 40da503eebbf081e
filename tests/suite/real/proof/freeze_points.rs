//! The keyring freezes at any moment of a command that makes a key: exit 0 means that the value can be had once it answers
//! again.
//!
//! The short form freezes it at a handful of points. The long form freezes it at every message, and waits as long as the
//! command does:
//!
//!     CHATZURI_KEYS_LONG=1 cargo test --test suite -- freeze_points --nocapture

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use chatzuri_keys::sandbox::FaultRule;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::canary::on;
use super::{Machine, have, text, values_in};
use crate::real::tools;
use crate::support::terminal::{BINARY, Terminal};

/// What makes the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    Create,
    To,
    Rotate,
    OwnRotate,
    Replace,
}

pub(super) const SCENARIOS: [Scenario; 5] = [
    Scenario::Create,
    Scenario::To,
    Scenario::Rotate,
    Scenario::OwnRotate,
    Scenario::Replace,
];

/// What a command said.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

pub(super) fn is_long() -> bool {
    std::env::var_os("CHATZURI_KEYS_LONG").is_some()
}

/// A process that has not ended.
fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

/// Reads a command to its end. In the short form nobody waits for a keyring that will not answer: Ctrl-C, as soon as it says
/// that it tries again.
pub(super) fn to_the_end(mut child: Child, ours: impl Fn(&Child) -> Pid) -> Ran {
    let mut out = child.stdout.take().unwrap();
    let stdout = std::thread::spawn(move || {
        let mut read = String::new();
        out.read_to_string(&mut read).unwrap();
        read
    });
    let mut stderr = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains("Trying again for up to") && !is_long() {
            // It may have given up by now.
            let _ = kill_process(ours(&child), Signal::INT);
        }
        stderr.push_str(&line);
        stderr.push('\n');
    }
    Ran {
        code: child.wait().unwrap().code(),
        stdout: stdout.join().unwrap(),
        stderr,
    }
}

#[test]
fn a_keyring_that_freezes_as_the_key_is_made_loses_no_value_in_silence() {
    if !have("freeze", &[]) {
        return;
    }
    let commands: [&[&str]; 3] = [
        &["create", "A"],
        &["create", "A", "--json"],
        &["rotate", "start", "Staging importer", "--name", "A", "--json"],
    ];
    std::thread::scope(|scope| {
        for args in commands {
            scope.spawn(move || {
                let machine = Machine::start();
                machine.sandbox.inject(FaultRule::parse("create:slow=500:1").unwrap());
                let mut command = machine.ours(args);
                let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
                tools::wait_for("the POST", || {
                    let log = machine.sandbox.request_log();
                    log.iter()
                        .any(|request| request.path.ends_with("/create-api-key"))
                        .then_some(())
                });
                machine.keyring.signal(Signal::STOP);
                let ran = to_the_end(child, pid_of);
                machine.keyring.signal(Signal::CONT);
                assert_eq!(ran.code, Some(1), "{args:?}: {}", ran.stderr);
                assert!(
                    ran.stderr.contains("is lost") && ran.stderr.contains("chatzuri-keys revoke "),
                    "{}",
                    ran.stderr
                );
                if args.contains(&"--json") {
                    let shape: Value = serde_json::from_str(&ran.stdout).unwrap();
                    assert_eq!(shape["secret_lost"], true, "{shape}");
                }
                let log = machine.ours(&["log"]).output().unwrap();
                assert!(text(&log.stdout).contains("value_lost"), "{}", text(&log.stdout));
            });
        }
    });
}

#[test]
fn a_keyring_that_thaws_in_time_keeps_the_value() {
    if !have("thaw", &[]) {
        return;
    }
    let machine = Machine::start();
    machine.sandbox.inject(FaultRule::parse("create:slow=500:1").unwrap());
    let mut command = machine.ours(&["create", "A"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    tools::wait_for("the POST", || {
        let log = machine.sandbox.request_log();
        log.iter()
            .any(|request| request.path.ends_with("/create-api-key"))
            .then_some(())
    });
    machine.keyring.signal(Signal::STOP);
    let mut stderr = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains("Trying again for up to") {
            machine.keyring.signal(Signal::CONT);
        }
        stderr.push_str(&line);
    }
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert!(stderr.contains("is safe in your keyring now"), "{stderr}");
    let resumed = machine.ours(&["create", "--resume", "A", "--show"]).output().unwrap();
    assert_eq!(machine.status_of(text(&resumed.stdout).trim()), 200);
}

/// Creates a key in a terminal whose keyring freezes, up to the question where else the value is to go.
fn asked_where_to(machine: &Machine) -> Terminal {
    machine.sandbox.inject(FaultRule::parse("create:slow=500:1").unwrap());
    let mut terminal = Terminal::start((120, 40), BINARY, |command| {
        command.args(["create", "A"]);
        on(machine, None, command);
    });
    tools::wait_for("the POST", || {
        let log = machine.sandbox.request_log();
        let asked = log.iter().any(|request| request.path.ends_with("/create-api-key"));
        asked.then_some(())
    });
    machine.keyring.signal(Signal::STOP);
    terminal.wait_for("Trying again for up to 60 s; Ctrl-C asks whether to give up.");
    terminal.send("\x03");
    terminal.wait_for("Where to?");
    terminal
}

#[test]
fn on_a_terminal_a_value_that_nothing_keeps_can_go_elsewhere() {
    if !have("elsewhere", &[]) {
        return;
    }
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let machine = Machine::start();
            let mut terminal = asked_where_to(&machine);
            terminal.send("show\r");
            assert_eq!(terminal.ends(), 0, "{}", terminal.screen());
            let screen = terminal.screen();
            let value = values_in(screen.as_bytes()).next().unwrap();
            assert_eq!(machine.status_of(value), 200);
            machine.keyring.signal(Signal::CONT);
        });
        scope.spawn(|| {
            let machine = Machine::start();
            let mut terminal = asked_where_to(&machine);
            terminal.send("nowhere at all\r");
            // What is typed before the question is thrown away.
            tools::wait_for("the second question", || {
                (terminal.screen().matches("Where to?").count() == 2).then_some(())
            });
            terminal.send("shelf\r");
            assert_eq!(terminal.ends(), 0, "{}", terminal.screen());
            let id = machine.keys_named("A").remove(0);
            let value = fs::read_to_string(machine.shelf.path().join(id)).unwrap();
            assert_eq!(machine.status_of(&value), 200);
            machine.keyring.signal(Signal::CONT);
        });
        scope.spawn(|| {
            let machine = Machine::start();
            let mut terminal = asked_where_to(&machine);
            terminal.send("lose it\r");
            assert_eq!(terminal.ends(), 1, "{}", terminal.screen());
            assert!(terminal.screen().contains("The value of “A”"), "{}", terminal.screen());
            machine.keyring.signal(Signal::CONT);
        });
    });
}

#[test]
fn frozen_at_any_point_exit_0_means_that_the_value_can_be_had() {
    if !have("freeze_points", &[("strace", "strace")]) {
        return;
    }
    let ended: Vec<(usize, usize, Vec<String>)> = std::thread::scope(|scope| {
        let started: Vec<_> = SCENARIOS
            .iter()
            .map(|&scenario| scope.spawn(move || run(scenario)))
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let wrong: Vec<&String> = ended.iter().flat_map(|(_, _, wrong)| wrong).collect();
    let (points, zero) = ended
        .iter()
        .fold((0, 0), |(points, zero), one| (points + one.0, zero + one.1));
    // Past the capture of the test harness: these totals are the proof.
    let _ = writeln!(
        std::io::stderr(),
        "freeze points: {points} in {} commands, {zero} of them ended with 0; {} wrong",
        SCENARIOS.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(ended.iter().all(|(points, _, _)| *points > 0), "{ended:?}");
}

/// How many points were reached, how many ended with 0, and what is wrong.
fn run(scenario: Scenario) -> (usize, usize, Vec<String>) {
    let machine = Machine::start();
    machine.place("To *");
    let (mut points, mut zero, mut wrong) = (0, 0, Vec::new());
    let messages = messages(&machine, scenario);
    // The last of them carry the value away.
    let chosen: Vec<usize> = if is_long() {
        (1..=messages).collect()
    } else {
        vec![messages / 2, messages - 5, messages - 4, messages - 2]
    };
    for nth in chosen {
        let Some((ran, name)) = point(&machine, scenario, nth) else {
            continue;
        };
        points += 1;
        zero += usize::from(ran.code == Some(0));
        if let Some(why) = look(&machine, &ran, &name) {
            wrong.push(format!(
                "{scenario:?} frozen at {nth} of {messages}: {why}\n{}\n{}",
                ran.stdout, ran.stderr
            ));
        }
    }
    (points, zero, wrong)
}

/// The command of a scenario whose new key is called `name` or after it, and what it reads.
pub(super) fn command(machine: &Machine, scenario: Scenario, name: &str) -> (Vec<String>, String) {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let made = |name: &str| {
        let made = machine.ours(&["create", name, "--show"]).output().unwrap();
        assert!(made.status.success(), "{}", text(&made.stderr));
        text(&made.stdout).trim().to_owned()
    };
    let old = format!("Old {name}");
    match scenario {
        Scenario::Create => (words(&["create", name, "--json"]), String::new()),
        Scenario::To => (words(&["create", name, "--to", "shelf"]), String::new()),
        Scenario::Rotate => {
            made(&old);
            (
                words(&["rotate", "start", &old, "--name", name, "--json"]),
                String::new(),
            )
        }
        Scenario::OwnRotate => {
            // The point before may have left us signed in with its new key.
            machine.fed(&["login", "--with-token"], machine.sandbox.credential.expose());
            let value = made(&old);
            let signed_in = machine.fed(&["login", "--with-token"], &value);
            assert!(signed_in.status.success(), "{}", text(&signed_in.stderr));
            (
                words(&["rotate", "start", &old, "--name", name, "--json"]),
                String::new(),
            )
        }
        // Its successor is named after it.
        Scenario::Replace => (words(&["leak", "--replace", "--yes", "--json"]), made(name)),
    }
}

/// The message to the keyring: its calls are the only ones of this kind.
const MESSAGE: &str = "sendmsg";

pub(super) fn traced(machine: &Machine, args: &[String], options: &[&str]) -> Command {
    let mut command = tools::command("strace");
    machine.dress(&mut command);
    command
        .args(["-f", "-b", "execve"])
        .args(options)
        .arg(BINARY)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(super) fn fed(command: &mut Command, stdin: &str) -> Child {
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child
}

/// The process that strace has started.
pub(super) fn pid_under(strace: &Child) -> Pid {
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    let child = tools::wait_for("the traced process", || {
        let children = fs::read_to_string(&children).ok()?;
        children.split_whitespace().next()?.parse().ok()
    });
    Pid::from_raw(child).unwrap()
}

/// How many messages an undisturbed run sends.
fn messages(machine: &Machine, scenario: Scenario) -> usize {
    let trace = machine.home.path().join("undisturbed");
    let (args, stdin) = command(machine, scenario, &format!("{scenario:?} undisturbed"));
    let options = ["-o", trace.to_str().unwrap(), "-e", "trace=sendmsg"];
    let ran = fed(&mut traced(machine, &args, &options), &stdin)
        .wait_with_output()
        .unwrap();
    assert!(ran.status.code().is_some_and(|code| code < 6), "{}", text(&ran.stderr));
    let trace = fs::read_to_string(&trace).unwrap();
    trace.lines().filter(|line| line.contains("sendmsg(")).count()
}

/// Freezes the keyring at our `nth` message and lets the command come to its end. `None`: it ended before that.
fn point(machine: &Machine, scenario: Scenario, nth: usize) -> Option<(Ran, String)> {
    let name = format!("{scenario:?} {nth}");
    let (args, stdin) = command(machine, scenario, &name);
    let trace = machine.home.path().join(format!("trace {nth}"));
    let inject = format!("inject={MESSAGE}:signal=SIGSTOP:when={nth}");
    let options = ["-o", trace.to_str().unwrap(), "-e", "trace=sendmsg", "-e", &inject];
    let mut child = fed(&mut traced(machine, &args, &options), &stdin);
    let is_stopped = || fs::read_to_string(&trace).is_ok_and(|trace| trace.contains("stopped by SIGSTOP"));
    let ended = tools::wait_for("a stop or the end", || {
        if is_stopped() {
            return Some(false);
        }
        child.try_wait().unwrap().map(|_| true)
    });
    if ended {
        return None;
    }
    let ours = pid_under(&child);
    machine.keyring.signal(Signal::STOP);
    kill_process(ours, Signal::CONT).unwrap();
    let ran = to_the_end(child, |_| ours);
    machine.keyring.signal(Signal::CONT);
    Some((ran, name))
}

/// What is wrong with how a run ended, if anything is.
pub(super) fn look(machine: &Machine, ran: &Ran, name: &str) -> Option<String> {
    let keys = machine.keys_like(name);
    let mut wrong = None;
    for (id, key) in &keys {
        let shelved = fs::read_to_string(machine.shelf.path().join(id)).unwrap_or_default();
        let shown = values_in(ran.stdout.as_bytes()).next().unwrap_or_default();
        // Our own new value is our sign-in.
        let shape = machine.ours(&["show", id, "--json"]).output().unwrap();
        let shape: Value = serde_json::from_slice(&shape.stdout).unwrap_or_default();
        let is_sign_in = shape["key"]["own"] == "yes";
        let is_had = is_sign_in
            || [shelved.as_str(), shown]
                .iter()
                .any(|value| !value.is_empty() && machine.status_of(value) == 200);
        let resumed = machine.ours(&["create", "--resume", key, "--show"]).output().unwrap();
        let handed = text(&resumed.stdout);
        let can_be_had = is_had || (!handed.trim().is_empty() && machine.status_of(handed.trim()) == 200);
        let is_said = ["lost", "kept", "waits", "keyring"]
            .iter()
            .any(|word| ran.stderr.contains(word));
        if ran.code == Some(0) && !can_be_had {
            wrong = Some(format!(
                "{key}: exit 0, and nobody has its value: {}",
                text(&resumed.stderr)
            ));
        } else if !can_be_had && !is_said {
            wrong = Some(format!("{key}: its value is lost, and nothing says so"));
        }
        machine.revoke(id);
    }
    // The next point makes its own.
    for (id, _) in machine.keys_like("Old ") {
        machine.revoke(&id);
    }
    // A key that is made has to be there for an exit of 0.
    if ran.code == Some(0) && keys.is_empty() {
        wrong = Some("exit 0, and there is no key".to_owned());
    }
    wrong
}
