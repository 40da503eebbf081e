//! A rotation killed at every point of each of its commands: the next run goes on, the old key lives until step 4, one
//! new key takes its place, and our own sign-in works at every moment.

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Output, Stdio};

use super::{Machine, files_with_values, have, text, values_in};
use crate::real::tools;
use crate::support::terminal::BINARY;

/// The calls after which a crash could find the world changed, and how many of each are stepped over.
const CALLS: &[(&str, usize)] = &[
    ("fdatasync", 1),
    ("fsync", 1),
    ("pwrite64", 11),
    ("sendto", 3),
    ("sendmsg", 3),
    ("writev", 1),
];

/// Which command is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scenario {
    /// Step 1, with a program that takes the value.
    Start,
    /// Step 2, ticked.
    Tick,
    /// Step 3, attested.
    Confirm,
    /// Step 4.
    Finish,
    /// Step 1 of our own credential.
    OwnStart,
    /// Step 4 of our own credential, whose value is watched to its death.
    OwnFinish,
}

impl Scenario {
    fn is_own(self) -> bool {
        matches!(self, Self::OwnStart | Self::OwnFinish)
    }
}

#[derive(Debug, Default)]
struct Tally {
    hit: usize,
    wrong: Vec<String>,
}

#[test]
fn a_rotation_killed_anywhere_goes_on_and_no_sign_in_is_ever_lost() {
    if !have("rotation", &[("strace", "strace")]) {
        return;
    }
    let scenarios = [
        Scenario::Start,
        Scenario::Tick,
        Scenario::Confirm,
        Scenario::Finish,
        Scenario::OwnStart,
        Scenario::OwnFinish,
    ];
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let started: Vec<_> = scenarios
            .iter()
            .map(|&scenario| scope.spawn(move || run(scenario)))
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let hit: usize = tallies.iter().map(|tally| tally.hit).sum();
    let wrong: Vec<&String> = tallies.iter().flat_map(|tally| &tally.wrong).collect();
    // Past the capture of the test harness: these totals are the proof.
    let _ = writeln!(
        std::io::stderr(),
        "rotation: killed at {hit} points of {} commands; {} wrong",
        scenarios.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        tallies.iter().all(|tally| tally.hit >= 5),
        "too few to prove anything: {tallies:?}"
    );
}

fn run(scenario: Scenario) -> Tally {
    let machine = Machine::start();
    let mut config = fs::read_to_string(machine.config()).unwrap();
    config.push_str("[[key]]\nmatch = \"Old *\"\nplaces = [\"shelf\"]\n");
    fs::write(machine.config(), config).unwrap();
    let mut tally = Tally::default();
    for &(call, step) in CALLS {
        for nth in (1..).step_by(step) {
            if !point(&machine, scenario, call, nth, &mut tally) {
                break;
            }
            tally.hit += 1;
        }
    }
    tally
}

/// The old key of a point, and its value.
struct Old {
    id: String,
    value: String,
}

fn ours(machine: &Machine, state: &Path, args: &[&str]) -> Output {
    machine.ours(args).env("XDG_STATE_HOME", state).output().unwrap()
}

fn old_key(machine: &Machine, scenario: Scenario, name: &str) -> Old {
    let made = machine.ours(&["create", name, "--show"]).output().unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let value = values_in(&made.stdout).next().unwrap().to_owned();
    let id = machine.keys_named(name).remove(0);
    if scenario.is_own() {
        let signed_in = machine.fed(&["login", "--with-token"], &value);
        assert!(signed_in.status.success(), "{}", text(&signed_in.stderr));
    }
    Old { id, value }
}

fn start_args(id: &str) -> Vec<&str> {
    vec!["rotate", "start", id]
}

fn finish_args(id: &str) -> Vec<&str> {
    vec!["rotate", "finish", id, "--yes"]
}

fn tick_args(id: &str) -> Vec<&str> {
    vec!["rotate", "tick", id, "--all"]
}

fn confirm_args(id: &str) -> Vec<&str> {
    vec!["rotate", "confirm", id, "--attest", "--reason", "seen in the logs"]
}

/// Step 2 and 3, as somebody does them who knows.
fn roll_out(machine: &Machine, state: &Path, id: &str) {
    let _ = ours(machine, state, &tick_args(id));
    let attested = ours(machine, state, &confirm_args(id));
    assert!(attested.status.success(), "{}", text(&attested.stderr));
}

/// Kills a command when one of its threads makes `call` for the `nth` time, goes on, and looks. `false`: it came to its end
/// before that.
fn point(machine: &Machine, scenario: Scenario, call: &str, nth: usize, tally: &mut Tally) -> bool {
    let name = format!("Old {scenario:?} {call} {nth}");
    let state = tempfile::tempdir_in(machine.home.path()).unwrap();
    let old = old_key(machine, scenario, &name);
    let id = old.id.as_str();
    let done = |args: &[&str]| {
        let ran = ours(machine, state.path(), args);
        assert!(ran.status.success(), "{args:?}: {}", text(&ran.stderr));
    };
    let args = match scenario {
        Scenario::Start | Scenario::OwnStart => start_args(id),
        Scenario::Tick => {
            done(&start_args(id));
            tick_args(id)
        }
        Scenario::Confirm => {
            done(&start_args(id));
            done(&tick_args(id));
            confirm_args(id)
        }
        Scenario::Finish | Scenario::OwnFinish => {
            done(&start_args(id));
            roll_out(machine, state.path(), id);
            finish_args(id)
        }
    };
    let mut command = tools::command("strace");
    machine.dress(&mut command);
    let inject = format!("inject={call}:signal=SIGKILL:when={nth}");
    let ran = command
        .args(["-f", "-qq", "-b", "execve", "-o", "/dev/null", "-e", &inject])
        .arg(BINARY)
        .args(&args)
        .env("XDG_STATE_HOME", state.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let killed = ran.status.signal() == Some(9);
    if killed {
        let mut wrong = |why: String| tally.wrong.push(format!("{name}: {why}"));
        look(machine, scenario, state.path(), &old, &name, &mut wrong);
    } else {
        assert!(ran.status.success(), "{name}: {}", text(&ran.stderr));
    }
    if scenario.is_own() {
        let signed_in = machine.fed(&["login", "--with-token"], machine.sandbox.credential.expose());
        assert!(signed_in.status.success(), "{}", text(&signed_in.stderr));
    }
    for key in keys_of(machine, &name) {
        machine.revoke(&key);
    }
    killed
}

fn keys_of(machine: &Machine, name: &str) -> Vec<String> {
    let listed = machine.ours(&["list", "--json"]).output().unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let keys = listed["keys"].as_array().unwrap().iter();
    keys.filter(|key| key["name"].as_str().unwrap().starts_with(name))
        // A name of a later point may begin as this one does.
        .filter(|key| {
            let rest = &key["name"].as_str().unwrap()[name.len()..];
            rest.is_empty() || rest.starts_with(" 20")
        })
        .map(|key| key["id"].as_str().unwrap().to_owned())
        .collect()
}

fn look(machine: &Machine, scenario: Scenario, state: &Path, old: &Old, name: &str, wrong: &mut dyn FnMut(String)) {
    let id = old.id.as_str();
    let signed_in = ours(machine, state, &["status"]);
    if !signed_in.status.success() {
        wrong(format!("not signed in after the kill: {}", text(&signed_in.stderr)));
        return;
    }
    let begins = matches!(scenario, Scenario::Start | Scenario::OwnStart);
    let ends = matches!(scenario, Scenario::Finish | Scenario::OwnFinish);
    if !ends && machine.status_of(&old.value) != 200 {
        wrong("the old key died before step 4".to_owned());
    }
    // What another copy of the program may still be doing is not taken from it; its time is over then.
    machine.pass(200);
    let mut said = String::new();
    if begins {
        for _ in 0..3 {
            let resumed = ours(machine, state, &["create", "--resume"]);
            let started = ours(machine, state, &start_args(id));
            said = format!("{}{}", text(&resumed.stderr), text(&started.stderr));
            if started.status.success() {
                break;
            }
        }
    }
    if !ends {
        roll_out(machine, state, id);
    }
    if !ends && machine.status_of(&old.value) != 200 {
        wrong(format!("the old key died before step 4: {said}"));
    }
    let finished = ours(machine, state, &finish_args(id));
    if !finished.status.success() {
        wrong(format!("it does not come to its end: {said}{}", text(&finished.stderr)));
        return;
    }
    if machine.status_of(&old.value) != 401 {
        wrong("the old key is alive at the end".to_owned());
    }
    let left: Vec<String> = keys_of(machine, name);
    let works = |id: &String| {
        let kept = fs::read_to_string(machine.shelf.path().join(id)).unwrap_or_default();
        !kept.is_empty() && machine.status_of(&kept) == 200
    };
    let working = left.iter().filter(|id| works(id)).count();
    // A key whose answer was lost is there beside the one that took its place, and is told.
    let lost = text(&ours(machine, state, &["create", "--resume"]).stderr);
    let told = left.iter().filter(|id| lost.contains(id.as_str())).count();
    match scenario {
        Scenario::Start | Scenario::Tick | Scenario::Confirm | Scenario::Finish
            if working != 1 || left.len() != 1 + told =>
        {
            wrong(format!("{working} working keys of {left:?}; {lost}"));
        }
        Scenario::OwnStart | Scenario::OwnFinish if left.len() != 1 + told => {
            wrong(format!("keys {left:?}; {lost}"));
        }
        _ => {}
    }
    if !ours(machine, state, &["status"]).status.success() {
        wrong("not signed in at the end".to_owned());
    }
    let mut files = Vec::new();
    files_with_values(state, &mut files);
    if !files.is_empty() {
        wrong(format!("a value is in {files:?}"));
    }
}
