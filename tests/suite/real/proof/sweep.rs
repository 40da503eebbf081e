//! What the sweeps share: a command that makes a key runs under strace, something goes wrong at one of its calls, and then
//! exit 0 has to mean that the value can be had.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{Machine, have, text, values_in};
use crate::real::tools;
use crate::support::terminal::BINARY;

/// More than any patience of the program: two minutes for a lost creation, and one each for the keyring and a proof.
const LONGEST: Duration = Duration::from_secs(400);

/// What makes the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    Create,
    To,
    Rotate,
    OwnRotate,
    Replace,
}

const SCENARIOS: [Scenario; 5] = [
    Scenario::Create,
    Scenario::To,
    Scenario::Rotate,
    Scenario::OwnRotate,
    Scenario::Replace,
];

/// What a sweep saw.
#[derive(Debug, Default)]
pub(super) struct Tally {
    points: usize,
    zero: usize,
    wrong: Vec<String>,
}

impl Tally {
    /// Counts a point at which something went wrong in a run, and looks at what that left.
    pub(super) fn add(&mut self, machine: &Machine, run: &Run, ran: &Ran, point: &str) {
        self.points += 1;
        self.zero += usize::from(ran.code == Some(0));
        if let Some(why) = look(machine, run, ran) {
            self.wrong
                .push(format!("{point}: {why}\n{}\n{}", ran.stdout, ran.stderr));
        }
    }
}

/// Runs every scenario on a machine of its own, at the same time.
pub(super) fn sweep(what: &str, points: fn(&Machine, Scenario, &mut Tally)) {
    if !have(what, &[("strace", "strace")]) {
        return;
    }
    let ended: Vec<Tally> = std::thread::scope(|scope| {
        let started = SCENARIOS.map(|scenario| {
            scope.spawn(move || {
                let machine = Machine::start();
                machine.place("To *");
                let mut tally = Tally::default();
                points(&machine, scenario, &mut tally);
                tally
            })
        });
        started.map(|thread| thread.join().unwrap()).into()
    });
    let wrong: Vec<&String> = ended.iter().flat_map(|tally| &tally.wrong).collect();
    // Past the capture of the test harness: these totals are the proof.
    let _ = writeln!(
        std::io::stderr(),
        "{what}: {} points in {} commands, {} of them ended with 0; {} wrong",
        ended.iter().map(|tally| tally.points).sum::<usize>(),
        SCENARIOS.len(),
        ended.iter().map(|tally| tally.zero).sum::<usize>(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(ended.iter().all(|tally| tally.points > 0), "{ended:?}");
}

pub(super) fn is_long() -> bool {
    std::env::var_os("CHATZURI_KEYS_LONG").is_some()
}

/// A command that makes a key.
pub(super) struct Run {
    scenario: Scenario,
    /// What its new key is called, or is called after.
    pub(super) name: String,
    args: Vec<String>,
    stdin: String,
}

impl Run {
    /// The command of a scenario, and what has to be there before.
    pub(super) fn new(machine: &Machine, scenario: Scenario, name: &str) -> Self {
        let made = |name: &str| {
            let made = machine.ours(&["create", name, "--show"]).output().unwrap();
            assert!(made.status.success(), "{}", text(&made.stderr));
            text(&made.stdout).trim().to_owned()
        };
        let old = format!("Old {name}");
        let (args, stdin): (&[&str], String) = match scenario {
            Scenario::Create => (&["create", name, "--json"], String::new()),
            Scenario::To => (&["create", name, "--to", "shelf"], String::new()),
            Scenario::Rotate => {
                made(&old);
                (&["rotate", "start", &old, "--name", name, "--json"], String::new())
            }
            Scenario::OwnRotate => {
                // The point before may have left us signed in with its new key.
                machine.fed(&["login", "--with-token"], machine.sandbox.credential.expose());
                let value = made(&old);
                let signed_in = machine.fed(&["login", "--with-token"], &value);
                assert!(signed_in.status.success(), "{}", text(&signed_in.stderr));
                (
                    &["rotate", "start", &old, "--name", name, "--yes", "--json"],
                    String::new(),
                )
            }
            Scenario::Replace => (&["leak", "--replace", "--yes", "--json"], made(name)),
        };
        Self {
            scenario,
            name: name.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            stdin,
        }
    }

    /// Starts it under strace.
    pub(super) fn start(&self, machine: &Machine, options: &[&str]) -> Child {
        let mut command = tools::command("strace");
        machine.dress(&mut command);
        // A target is another program: it is left alone, which a filter in the kernel would not do.
        if self.scenario != Scenario::To {
            command.arg("--seccomp-bpf");
        }
        let mut child = command
            .args(["-f", "-b", "execve"])
            .args(options)
            .arg(BINARY)
            .args(&self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may have ended without reading a thing.
        let _ = child.stdin.take().unwrap().write_all(self.stdin.as_bytes());
        child
    }
}

/// How often an undisturbed run makes a call, by the thread that makes it most: strace counts for each thread.
pub(super) fn times_made(machine: &Machine, scenario: Scenario, calls: &[&str]) -> BTreeMap<String, usize> {
    let trace = machine.home.path().join("undisturbed");
    let run = Run::new(machine, scenario, &format!("{scenario:?} undisturbed"));
    let options = [
        "-o",
        trace.to_str().unwrap(),
        "-e",
        &format!("trace={}", calls.join(",")),
    ];
    let ran = run.start(machine, &options).wait_with_output().unwrap();
    assert!(ran.status.code().is_some_and(|code| code < 6), "{}", text(&ran.stderr));
    let mut by_thread: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in fs::read_to_string(&trace).unwrap().lines() {
        if let Some((thread, rest)) = line.split_once(' ')
            && let Some((call, _)) = rest.trim_start().split_once('(')
            && calls.contains(&call)
        {
            *by_thread.entry((call.to_owned(), thread.to_owned())).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((call, _), times) in by_thread {
        let known = most.entry(call).or_default();
        *known = times.max(*known);
    }
    clear(machine, &run.name);
    most
}

/// What a command said.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
    is_stuck: bool,
}

/// What a command says before it waits for minutes.
const WAITS: [&str; 2] = ["Trying again for up to", "We look for it in the list"];

/// Reads a command to its end. In the short form nobody waits for what will not come: Ctrl-C, as soon as it says that it waits.
pub(super) fn to_the_end(mut child: Child, ours: impl Fn(&Child) -> Pid) -> Ran {
    let mut out = child.stdout.take().unwrap();
    let stdout = std::thread::spawn(move || {
        let mut read = String::new();
        out.read_to_string(&mut read).unwrap();
        read
    });
    let strace = child.id();
    let (ended, wait) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let is_stuck = wait.recv_timeout(LONGEST) == Err(mpsc::RecvTimeoutError::Timeout);
        if is_stuck && let Some(pid) = child_of(strace) {
            let _ = kill_process(pid, Signal::KILL);
        }
        is_stuck
    });
    let mut stderr = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if WAITS.iter().any(|waits| line.contains(waits)) && !is_long() {
            // It may have given up by now.
            let _ = kill_process(ours(&child), Signal::INT);
        }
        stderr.push_str(&line);
        stderr.push('\n');
    }
    let code = child.wait().unwrap().code();
    drop(ended);
    Ran {
        code,
        stdout: stdout.join().unwrap(),
        stderr,
        is_stuck: watch.join().unwrap(),
    }
}

/// The process that strace has started.
pub(super) fn pid_under(strace: &Child) -> Pid {
    tools::wait_for("the traced process", || child_of(strace.id()))
}

fn child_of(pid: u32) -> Option<Pid> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    Pid::from_raw(children.split_whitespace().next()?.parse().ok()?)
}

/// What is wrong with how a run ended, if anything is.
fn look(machine: &Machine, run: &Run, ran: &Ran) -> Option<String> {
    let mut wrong = None;
    let mut new = machine.keys_like(&run.name);
    if run.scenario == Scenario::Replace {
        new.retain(|(_, key)| *key != run.name);
        if ran.code == Some(0) && machine.status_of(&run.stdin) != 401 {
            wrong = Some("exit 0, and the leaked key is alive".to_owned());
        }
    }
    for (id, key) in &new {
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
            .any(|word| ran.stderr.contains(word) || text(&resumed.stderr).contains(word));
        if ran.code == Some(0) && !can_be_had {
            wrong = Some(format!(
                "{key}: exit 0, and nobody has its value: {}",
                text(&resumed.stderr)
            ));
        } else if !can_be_had && !is_said {
            wrong = Some(format!("{key}: its value is lost, and nothing says so"));
        }
    }
    if ran.code == Some(0) && new.is_empty() {
        wrong = Some("exit 0, and there is no key".to_owned());
    }
    if ran.is_stuck {
        wrong = Some(format!("it does not end within {LONGEST:?}"));
    }
    clear(machine, &run.name);
    wrong
}

/// Takes off the server what a run made: the next point makes its own.
fn clear(machine: &Machine, name: &str) {
    for (id, _) in [machine.keys_like(name), machine.keys_like("Old ")].concat() {
        machine.revoke(&id);
    }
}
