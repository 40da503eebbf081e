//! The keyring freezes at any moment of a command that makes a key: exit 0 means that the value can be had once it answers
//! again.
//!
//! The short form freezes it at a handful of points. The long form freezes it at every message, and waits as long as the
//! command does:
//!
//!     CHATZURI_KEYS_LONG=1 cargo test --test suite -- freeze_points --nocapture

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use chatzuri_keys::sandbox::FaultRule;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::canary::on;
use super::sweep::{Ran, Run, Scenario, Tally, is_long, pid_under, sweep, times_made, to_the_end};
use super::{Machine, have, text, values_in};
use crate::real::tools;
use crate::support::terminal::{BINARY, Terminal};

/// The message to the keyring: its calls are the only ones of this kind.
const MESSAGE: &str = "sendmsg";

/// A process that has not ended.
fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
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
                    ran.stderr.contains("is probably lost") && ran.stderr.contains("chatzuri-keys revoke "),
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
    assert!(stderr.contains("is now safe in your keyring"), "{stderr}");
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
    sweep("freeze points", points);
}

fn points(machine: &Machine, scenario: Scenario, tally: &mut Tally) {
    let messages = times_made(machine, scenario, &[MESSAGE])[MESSAGE];
    // The last of them carry the value away.
    let chosen: Vec<usize> = if is_long() {
        (1..=messages).collect()
    } else {
        vec![messages / 2, messages - 5, messages - 4, messages - 2]
    };
    for nth in chosen {
        let run = Run::new(machine, scenario, &format!("{scenario:?} {nth}"));
        if let Some(ran) = frozen(machine, &run, nth) {
            let point = format!("{scenario:?} frozen at {nth} of {messages}");
            tally.add(machine, &run, &ran, &point);
        }
    }
}

/// Freezes the keyring at our `nth` message and lets the command come to its end. `None`: it ended before that.
fn frozen(machine: &Machine, run: &Run, nth: usize) -> Option<Ran> {
    let trace = machine.home.path().join(format!("trace {nth}"));
    let inject = format!("inject={MESSAGE}:signal=SIGSTOP:when={nth}");
    let only = format!("trace={MESSAGE}");
    let options = ["-o", trace.to_str().unwrap(), "-e", &only, "-e", &inject];
    let mut child = run.start(machine, &options);
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
    Some(ran)
}
