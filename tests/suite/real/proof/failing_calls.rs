//! A disk that fails or is full, and a keyring whose connection breaks, from any call on: exit 0 means that the value can be
//! had.
//!
//! The short form begins at a few calls of each kind, the long form at every one:
//!
//!     CHATZURI_KEYS_LONG=1 cargo test --test suite -- failing_calls --nocapture

use std::fs;
use std::io::Write;

use super::freeze_points::{SCENARIOS, Scenario, command, fed, is_long, look, pid_under, to_the_end, traced};
use super::{Machine, have, text};

/// A call that fails, and how: writes and flushes of the journal, messages to the keyring.
const FAILURES: [(&str, &str); 4] = [
    ("pwrite64", "ENOSPC"),
    ("fsync", "EIO"),
    ("fdatasync", "EIO"),
    ("sendmsg", "EPIPE"),
];

#[test]
fn whatever_fails_from_any_call_on_exit_0_means_that_the_value_can_be_had() {
    if !have("failing_calls", &[("strace", "strace")]) {
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
        "failing calls: {points} in {} commands, {zero} of them ended with 0; {} wrong",
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
    for (call, error) in FAILURES {
        let made = made(&machine, scenario, call);
        let chosen: Vec<usize> = match made {
            0 => Vec::new(),
            _ if is_long() => (1..=made).collect(),
            _ => vec![1, made.div_ceil(2), made],
        };
        for nth in chosen {
            let name = format!("{scenario:?} {call} {nth}");
            let (args, stdin) = command(&machine, scenario, &name);
            let inject = format!("inject={call}:error={error}:when={nth}+");
            let child = fed(
                &mut traced(&machine, &args, &["-o", "/dev/null", "-e", &inject]),
                &stdin,
            );
            let ran = to_the_end(child, pid_under);
            points += 1;
            zero += usize::from(ran.code == Some(0));
            if let Some(why) = look(&machine, &ran, &name) {
                wrong.push(format!(
                    "{name} of {made}: {error}: {why}\n{}\n{}",
                    ran.stdout, ran.stderr
                ));
            }
        }
    }
    (points, zero, wrong)
}

/// How many of these calls an undisturbed run makes.
fn made(machine: &Machine, scenario: Scenario, call: &str) -> usize {
    let trace = machine.home.path().join("undisturbed");
    let (args, stdin) = command(machine, scenario, &format!("{scenario:?} undisturbed {call}"));
    let options = ["-o", trace.to_str().unwrap(), "-e", &format!("trace={call}")];
    let ran = fed(&mut traced(machine, &args, &options), &stdin)
        .wait_with_output()
        .unwrap();
    assert!(ran.status.code().is_some_and(|code| code < 6), "{}", text(&ran.stderr));
    let trace = fs::read_to_string(&trace).unwrap();
    trace.lines().filter(|line| line.contains(&format!("{call}("))).count()
}
