//! Killed at every write, flush, send and receive: after each, the next start knows of every key, and nothing that was
//! safe is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Output;

use super::{Machine, fed, files_with_values, have, row, text, values_in};
use crate::real::tools;
use crate::support::terminal::BINARY;

/// The calls after which a crash could find the world changed, and how many of each are stepped over: most receives are
/// a look at an empty socket.
const CALLS: &[(&str, usize)] = &[
    ("pwrite64", 1),
    ("write", 1),
    ("writev", 1),
    ("fsync", 1),
    ("fdatasync", 1),
    ("ftruncate", 1),
    ("rename", 1),
    ("renameat2", 1),
    ("unlink", 1),
    ("unlinkat", 1),
    ("connect", 1),
    ("sendto", 1),
    ("sendmsg", 1),
    ("recvfrom", 1),
    ("recvmsg", 3),
];

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scenario {
    /// The first `create` of an installation; its value stays in escrow.
    Create,
    /// `create --show`, which hands the value over and acknowledges.
    Show,
    /// `create --resume --stored`, which acknowledges.
    Stored,
    /// `create --to`, which gives the value to a program and acknowledges.
    To,
    /// `leak --replace`, whose successor goes to a program before the leaked key is revoked.
    Replace,
}

impl Scenario {
    fn args(self, name: &str) -> Vec<&str> {
        match self {
            Self::Create => vec!["create", name],
            Self::Show => vec!["create", name, "--show"],
            Self::Stored => vec!["create", name, "--resume", "--stored"],
            Self::To => vec!["create", name, "--to", "shelf"],
            Self::Replace => vec!["leak", "--replace", "--yes"],
        }
    }
}

/// What a point begins with.
struct Before {
    name: String,
    /// The leaked value, which is read from standard input.
    leaked: Option<String>,
}

/// What was seen after the kills.
#[derive(Debug, Default)]
struct Tally {
    hit: usize,
    /// How often each end was reached.
    ends: BTreeMap<&'static str, usize>,
    unknown: Vec<String>,
    lost: Vec<String>,
    leaked: Vec<String>,
}

#[test]
fn killed_at_any_point_no_key_is_unknown_none_is_lost_once_it_is_safe_and_none_is_in_a_file() {
    if !have("kill_points", &[("strace", "strace")]) {
        return;
    }
    let scenarios = [
        Scenario::Create,
        Scenario::Show,
        Scenario::Stored,
        Scenario::To,
        Scenario::Replace,
    ];
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let started: Vec<_> = scenarios
            .iter()
            .map(|&scenario| scope.spawn(move || run(scenario)))
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let all = |of: fn(&Tally) -> &Vec<String>| tallies.iter().flat_map(of).cloned().collect::<Vec<_>>();
    let (unknown, lost, leaked) = (all(|t| &t.unknown), all(|t| &t.lost), all(|t| &t.leaked));
    let hit: usize = tallies.iter().map(|tally| tally.hit).sum();
    // Past the capture of the test harness: these totals are the proof.
    let _ = writeln!(
        std::io::stderr(),
        "kill points: {hit} hit in {} scenarios; {} unknown keys, {} lost after escrow, {} secrets in files",
        scenarios.len(),
        unknown.len(),
        lost.len(),
        leaked.len()
    );
    let mut ends = BTreeMap::new();
    for (end, count) in tallies.iter().flat_map(|tally| &tally.ends) {
        *ends.entry(*end).or_insert(0) += count;
    }
    let _ = writeln!(std::io::stderr(), "kill points: of these {ends:?}");
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(leaked.is_empty(), "{leaked:#?}");
    assert!(hit >= 200, "{hit} is too few to prove anything");
    assert_eq!(ends.len(), 5, "every kind of end was reached: {ends:?}");
}

fn run(scenario: Scenario) -> Tally {
    let machine = Machine::start();
    machine.place("Replace *");
    // An installation that has been used, to start each point from.
    let used = machine.ours(&["create", "Used", "--show"]).output().unwrap();
    assert!(used.status.success(), "{}", text(&used.stderr));
    machine.keys_named("Used").iter().for_each(|id| machine.revoke(id));
    let mut tally = Tally::default();
    for (call, step) in calls_made(&machine, scenario) {
        for nth in (1..).step_by(step) {
            let state = state_for(&machine, scenario);
            if !point(&machine, scenario, state.path(), call, nth, &mut tally) {
                break;
            }
            tally.hit += 1;
        }
    }
    tally
}

/// Those of [`CALLS`] that an undisturbed run makes.
fn calls_made(machine: &Machine, scenario: Scenario) -> Vec<(&'static str, usize)> {
    let state = state_for(machine, scenario);
    let before = prepare(machine, scenario, state.path(), &format!("{scenario:?} undisturbed"));
    let trace = state.path().join("trace");
    let names: Vec<&str> = CALLS.iter().map(|(call, _)| *call).collect();
    let options = [
        "-o",
        trace.to_str().unwrap(),
        "-e",
        &format!("trace={}", names.join(",")),
    ];
    let ran = traced(machine, scenario, state.path(), &before, &options);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    clear(machine, &before.name);
    let trace = fs::read_to_string(&trace).unwrap();
    let made: BTreeSet<&str> = trace
        .lines()
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('))
        .map(|(call, _)| call)
        .collect();
    CALLS.iter().filter(|(call, _)| made.contains(call)).copied().collect()
}

fn state_for(machine: &Machine, scenario: Scenario) -> tempfile::TempDir {
    let state = tempfile::tempdir_in(machine.home.path()).unwrap();
    if scenario != Scenario::Create {
        let (from, to) = (
            machine.state().join("chatzuri-keys"),
            state.path().join("chatzuri-keys"),
        );
        fs::create_dir(&to).unwrap();
        for file in fs::read_dir(from).unwrap().flatten() {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    state
}

fn prepare(machine: &Machine, scenario: Scenario, state: &Path, name: &str) -> Before {
    let mut leaked = None;
    if scenario == Scenario::Replace {
        // Made in another journal: the only creation of this one is its successor's.
        let made = machine.ours(&["create", name, "--show"]).output().unwrap();
        assert!(made.status.success(), "{}", text(&made.stderr));
        leaked = values_in(&made.stdout).next().map(str::to_owned);
    }
    if scenario == Scenario::Stored {
        let created = machine
            .ours(&["create", name])
            .env("XDG_STATE_HOME", state)
            .output()
            .unwrap();
        assert!(created.status.success(), "{}", text(&created.stderr));
    }
    Before {
        name: name.to_owned(),
        leaked,
    }
}

/// Takes off the server what a point made.
fn clear(machine: &Machine, name: &str) {
    machine.keys_like(name).iter().for_each(|(id, _)| machine.revoke(id));
}

/// The ids of the new keys of a point, and what they are called: the successor of a leaked key has a name of its own.
fn new_keys(machine: &Machine, scenario: Scenario, name: &str) -> (Vec<String>, Option<String>) {
    let mut new = machine.keys_like(name);
    new.retain(|(_, key)| (key == name) != (scenario == Scenario::Replace));
    let called = new.first().map(|(_, key)| key.clone());
    (new.into_iter().map(|(id, _)| id).collect(), called)
}

fn traced(machine: &Machine, scenario: Scenario, state: &Path, before: &Before, options: &[&str]) -> Output {
    let mut command = tools::command("strace");
    machine.dress(&mut command);
    command
        // The target is another program: it is left alone.
        .args(["-f", "-qq", "-b", "execve"])
        .args(options)
        .arg(BINARY)
        .args(scenario.args(&before.name))
        .env("XDG_STATE_HOME", state);
    fed(&mut command, before.leaked.as_deref().unwrap_or_default())
}

/// Kills a run when one of its threads makes `call` for the `nth` time, starts again, and looks. `false`: it came to its
/// end before that.
fn point(machine: &Machine, scenario: Scenario, state: &Path, call: &str, nth: usize, tally: &mut Tally) -> bool {
    let name = format!("{scenario:?} {call} {nth}");
    let before = prepare(machine, scenario, state, &name);
    let inject = format!("inject={call}:signal=SIGKILL:when={nth}");
    let ran = traced(machine, scenario, state, &before, &["-o", "/dev/null", "-e", &inject]);
    let killed = ran.status.signal() == Some(9);
    if killed {
        look(machine, scenario, state, &name, &ran, tally);
        if let Some(value) = &before.leaked {
            // What another copy of the program may still be doing is not taken from it; its time is over then.
            machine.pass(200);
            let mut again = machine.ours(&["leak", "--yes"]);
            let again = fed(again.env("XDG_STATE_HOME", state), value);
            // Killed after its death, before that was written down: then the value is accepted nowhere.
            if !matches!(again.status.code(), Some(0 | 10)) || machine.status_of(value) != 401 {
                tally
                    .unknown
                    .push(format!("{name}: the leaked key lives on: {}", text(&again.stderr)));
            }
        }
    } else {
        assert!(ran.status.success(), "{name}: {}", text(&ran.stderr));
    }
    let mut files = Vec::new();
    files_with_values(machine.home.path(), &mut files);
    files_with_values(machine.bus.home.path(), &mut files);
    tally
        .leaked
        .extend(files.iter().map(|file| format!("{name}: {}", file.display())));
    clear(machine, &name);
    killed
}

fn look(machine: &Machine, scenario: Scenario, state: &Path, name: &str, ran: &Output, tally: &mut Tally) {
    let handed_over = || values_in(&ran.stdout).any(|value| machine.status_of(value) == 200);
    let safe = |stage: &str| ["escrowed", "delivered"].contains(&stage);

    let (keys, called) = new_keys(machine, scenario, name);
    let left = row(state, name);
    let called = called.or_else(|| left.as_ref().map(|row| row.name.clone()));
    let name = called.as_deref().unwrap_or(name);
    if let Some(row) = left.as_ref().filter(|row| safe(&row.stage))
        && machine
            .kept(&row.op)
            .is_none_or(|value| machine.status_of(&value) != 200)
    {
        tally
            .lost
            .push(format!("{name}: {row:?}, and no working value is kept"));
    }
    let resume = |more: &[&str]| {
        let args: Vec<&str> = ["create", name, "--resume"].iter().chain(more).copied().collect();
        let output = machine.ours(&args).env("XDG_STATE_HOME", state).output().unwrap();
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, _, words) = resume(&[]);
    let told = row(state, name);
    let stage = told.as_ref().map(|row| row.stage.as_str());
    let wrong = |why: &str| format!("{name}: {why}: keys {keys:?}, left {left:?}, now {told:?}, exit {code}: {words}");
    let end = match (keys.as_slice(), stage) {
        ([_], Some("escrowed" | "delivered")) => "offered again",
        ([_], Some("done")) => "stored",
        ([_], Some("intended")) => "found, its value lost",
        ([], None) => "not begun",
        ([], _) => "asked for nothing",
        _ => "unexplained",
    };
    *tally.ends.entry(end).or_insert(0) += 1;
    match (keys.as_slice(), stage) {
        ([id], Some("escrowed" | "delivered")) => {
            if code != 0 || !words.contains("is waiting in your keyring") || !words.contains(id) {
                tally.unknown.push(wrong("a waiting value is not offered"));
            }
            let (code, value, words) = resume(&["--show"]);
            if code != 0 || machine.status_of(value.trim()) != 200 {
                tally
                    .lost
                    .push(wrong(&format!("the value is not handed over: {code} {words}")));
            }
        }
        ([id], Some("done")) => {
            let shelved =
                || fs::read_to_string(machine.shelf.path().join(id)).is_ok_and(|it| machine.status_of(&it) == 200);
            let is_elsewhere = match scenario {
                Scenario::Create => false,
                Scenario::Show => handed_over(),
                Scenario::To | Scenario::Replace => shelved(),
                Scenario::Stored => true,
            };
            if !is_elsewhere {
                tally.lost.push(wrong("forgotten, and never handed over"));
            }
        }
        ([id], Some("intended")) => {
            let told = [
                format!("“{name}” ({id}) is listed."),
                format!("“{name}” may or may not exist"),
            ];
            if code != 5 || !told.iter().any(|told| words.contains(told)) {
                tally.unknown.push(wrong("a key that is looked for is not told"));
            }
            machine.pass(130);
            let (code, _, words) = resume(&[]);
            let lost = row(state, name).unwrap();
            if lost.stage != "lost" || lost.minted.as_ref() != Some(id) || !words.contains("its value is lost for good")
            {
                tally
                    .unknown
                    .push(wrong(&format!("never found: {lost:?} {code} {words}")));
            }
        }
        ([], None) => {}
        ([], Some("intended")) => {
            machine.pass(130);
            let (code, _, words) = resume(&[]);
            let closed = row(state, name).unwrap();
            if closed.stage != "closed" || code != 0 || !words.contains("No new key is waiting") {
                tally
                    .unknown
                    .push(wrong(&format!("never closed: {closed:?} {code} {words}")));
            }
        }
        _ => tally.unknown.push(wrong("no journal and no screen explains this")),
    }
    // A value that was handed over is kept nowhere.
    if let Some(row) = row(state, name)
        && ["done", "closed", "lost"].contains(&row.stage.as_str())
        && machine.kept(&row.op).is_some()
    {
        tally
            .leaked
            .push(format!("{name}: {row:?}, and the keyring still holds it"));
    }
}
