//! How each way to revoke a key ends at each kind of server: the outcome's word in the JSON, the exit code, and what the log
//! holds of it.

use std::process::Child;
use std::sync::atomic::{AtomicUsize, Ordering};

use chatzuri_keys::sandbox::FaultEndpoint;
use rustix::process::{Pid, Signal, kill_process};

use super::*;

const YES: [&str; 2] = ["--yes", "--json"];
const STRANGER: &str = "cz_4fT0qLz81mPdW7sKeYv93XbNcRj6HuGaQ2iBnM5o";

#[derive(Debug, Clone, Copy)]
enum Way {
    Revoke,
    /// With its value at hand.
    RevokeByValue,
    RevokeTwo,
    RevokeOwn,
    Leak,
    LeakItself,
    Finish,
    FinishByValue,
    CancelNew,
}

use Way::{CancelNew, Finish, FinishByValue, Leak, LeakItself, Revoke, RevokeByValue, RevokeOwn, RevokeTwo};

impl Way {
    fn words(self) -> &'static str {
        match self {
            Revoke => "revoke KEY",
            RevokeByValue => "revoke KEY --with-value",
            RevokeTwo => "revoke KEY KEY",
            RevokeOwn => "revoke OWN",
            Leak => "leak",
            LeakItself => "leak --with-leaked-key",
            Finish => "rotate finish",
            FinishByValue => "rotate finish --with-value",
            CancelNew => "rotate cancel --revoke-new",
        }
    }

    /// Brings a rotation to the step that revokes; what the others need is in the seed.
    fn prepare(self, stage: &Stage) {
        if matches!(self, Finish | FinishByValue | CancelNew) {
            stage.done(&["rotate", "start", LEAKED, "--show"]);
        }
        if matches!(self, Finish | FinishByValue) {
            stage.done(&["rotate", "confirm", LEAKED, "--attest", "--reason", "seen"]);
        }
    }

    /// `short`: a living value is watched for a second, and not for a minute.
    fn args(self, short: bool) -> Vec<&'static str> {
        let args: &[&str] = match self {
            Revoke => &["revoke", LEAKED],
            RevokeByValue => &["revoke", LEAKED, "--with-value"],
            RevokeTwo => &["revoke", "Load test", "Legacy import"],
            RevokeOwn => &["revoke", OWN],
            Leak => &["leak"],
            LeakItself => &["leak", "--with-leaked-key"],
            Finish => &["rotate", "finish", LEAKED],
            FinishByValue => &["rotate", "finish", LEAKED, "--with-value"],
            CancelNew => &["rotate", "cancel", LEAKED, "--revoke-new"],
        };
        let watch: &[&str] = match self {
            Leak | LeakItself | RevokeByValue if short => &["--watch", "1"],
            _ => &[],
        };
        [args, watch, &YES].concat()
    }

    fn run(self, stage: &Stage, short: bool) -> Ran {
        let stdin = match self {
            RevokeByValue | Leak | LeakItself | FinishByValue => stage.leaked(),
            Revoke | RevokeTwo | RevokeOwn | Finish | CancelNew => String::new(),
        };
        if matches!(self, LeakItself) {
            let mut command = bare(stage.home.path());
            command
                .env("CHATZURI_BASE_URL", &stage.server.base_url)
                .args(self.args(short));
            return fed(command, &stdin);
        }
        stage.fed(&self.args(short), &stdin)
    }
}

/// A server that does wrong in this way.
const SERVERS: [(&str, &[Way]); 12] = [
    (
        "",
        &[
            Revoke,
            RevokeByValue,
            RevokeTwo,
            RevokeOwn,
            Leak,
            LeakItself,
            Finish,
            FinishByValue,
            CancelNew,
        ],
    ),
    ("revoke:status=401", &[Revoke, RevokeTwo, Leak, Finish, CancelNew]),
    (
        "revoke:status=403",
        &[
            Revoke,
            RevokeByValue,
            RevokeTwo,
            RevokeOwn,
            Leak,
            LeakItself,
            Finish,
            CancelNew,
        ],
    ),
    ("revoke:status=403:1", &[RevokeTwo]),
    ("revoke:status=400", &[Revoke, RevokeTwo, Leak, Finish, CancelNew]),
    ("revoke:status=503", &[Revoke, RevokeTwo, Leak, Finish, CancelNew]),
    ("revoke:gone-404", &[Revoke, RevokeTwo, Leak, Finish, CancelNew]),
    ("revoke:status-after=404", &[Revoke, RevokeTwo, Leak, Finish, CancelNew]),
    ("revoke:drop-after:1", &[Revoke, RevokeTwo, Leak, Finish, CancelNew]),
    ("revoke:revoke-listed", &[Revoke, RevokeTwo, Leak, Finish, CancelNew]),
    ("revoke:revoke-never", &[Revoke, RevokeTwo, Leak, Finish, CancelNew]),
    (
        "revoke:lost-database",
        &[Revoke, RevokeTwo, RevokeOwn, Leak, LeakItself, Finish, CancelNew],
    ),
];

/// What a script reads of a run: `what: outcome, exit code, log`.
fn line(stage: &Stage, what: &str, before: usize, ran: &Ran) -> String {
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    let results = document["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    let outcomes = results
        .iter()
        .map(|result| &result["outcome"])
        .chain([&document["outcome"], &document["rotation"]["outcome"]])
        .filter_map(Value::as_str)
        .collect::<Vec<_>>();
    let outcomes = if outcomes.is_empty() {
        "-".to_owned()
    } else {
        outcomes.join(" ")
    };
    let log: Vec<String> = log(stage).into_iter().skip(before).collect();
    format!("{what}: {outcomes}, exit {}, log {}", ran.code, log.join(" "))
}

/// The log's lines, oldest first, as `action:outcome`.
fn log(stage: &Stage) -> Vec<String> {
    let document = stage.done(&["log", "--json"]).json();
    let mut entries: Vec<(String, String)> = document["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().unwrap().to_owned();
            (text("at"), format!("{}:{}", text("action"), text("outcome")))
        })
        .collect();
    let newest_first = entries.windows(2).any(|pair| pair[0].0 > pair[1].0);
    if newest_first {
        entries.reverse();
    }
    entries.into_iter().map(|(_, words)| words).collect()
}

fn at_server(fault: &str, way: Way) -> String {
    let stage = Stage::new();
    way.prepare(&stage);
    let before = log(&stage).len();
    if !fault.is_empty() {
        stage.inject(fault);
    }
    let stays_alive = !matches!(
        fault,
        "" | "revoke:drop-after:1" | "revoke:status-after=404" | "revoke:lost-database"
    );
    let ran = way.run(&stage, stays_alive);
    stage.server.clear_faults();
    let called = if fault.is_empty() { "a sound server" } else { fault };
    line(&stage, &format!("{called} | {}", way.words()), before, &ran)
}

type Job = fn(&Stage) -> Ran;

/// The same, where something else than an answer to the `DELETE` makes the outcome.
const OTHERS: [(&str, Job); 13] = [
    ("leak of a value that was revoked here", |stage| {
        let value = stage.done(&["create", "Invoices", "--show"]).stdout;
        stage.done(&["revoke", "Invoices", "--yes"]);
        stage.fed(&["leak", "--yes", "--json"], &value)
    }),
    ("leak of a value of nobody", |stage| {
        stage.fed(&["leak", "--yes", "--json"], STRANGER)
    }),
    ("leak of a dead value with the ends of a living one", |stage| {
        let value = stage.leaked();
        let middle = &value[8..value.len() - 4];
        let twin = value.replace(middle, &"0".repeat(middle.len()));
        stage.fed(&["leak", "--yes", "--json"], &twin)
    }),
    ("leak of a living value that no list has", |stage| {
        let value = stage.leaked();
        stage.inject("list:status=403");
        stage.fed(&["leak", "--yes", "--json"], &value)
    }),
    ("leak at a server that cannot be tried", |stage| {
        stage.inject("all:status=500");
        stage.fed(&["leak", "--yes", "--json"], &stage.leaked())
    }),
    ("revoke of a name that two keys have", |stage| {
        stage.done(&["create", "Load test", "--show"]);
        stage.run(&["revoke", "Load test", "--yes", "--json"])
    }),
    ("revoke of a key that is not there", |stage| {
        stage.run(&["revoke", "Nobody", "--yes", "--json"])
    }),
    ("revoke without a yes", |stage| {
        stage.run(&["revoke", "Load test", "--json"])
    }),
    ("revoke by somebody's word", |stage| {
        stage.server.leave_out(&[FaultEndpoint::Revoke]);
        stage.run(&["revoke", "Load test", "--attest", "--yes", "--json"])
    }),
    ("revoke by hand that nobody did", |stage| {
        stage.server.leave_out(&[FaultEndpoint::Revoke]);
        RevokeByValue.run(stage, true)
    }),
    ("rotate finish of a key that is gone", |stage| {
        Finish.prepare(stage);
        stage.done(&["revoke", &stage.id_of(LEAKED), "--yes"]);
        Finish.run(stage, false)
    }),
    ("rotate finish with an open step", |stage| {
        CancelNew.prepare(stage);
        Finish.run(stage, false)
    }),
    ("revoke of two, interrupted at the first", |stage| {
        stage.inject("revoke:hang");
        let child = spawned(stage.command(&RevokeTwo.args(false)));
        interrupt_at_deletion(stage, child)
    }),
];

fn interrupt_at_deletion(stage: &Stage, mut child: Child) -> Ran {
    while !stage.was_asked("/delete-api-key") {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it revoked");
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    Ran::of(&child.wait_with_output().unwrap())
}

#[test]
fn every_outcome_has_its_word_its_exit_code_and_its_line_in_the_log() {
    let mut jobs: Vec<Box<dyn Fn() -> String + Send + Sync>> = Vec::new();
    for (fault, ways) in SERVERS {
        for way in ways {
            jobs.push(Box::new(move || at_server(fault, *way)));
        }
    }
    for (what, run) in OTHERS {
        jobs.push(Box::new(move || {
            let stage = Stage::new();
            let ran = run(&stage);
            stage.server.clear_faults();
            line(&stage, what, 0, &ran)
        }));
    }
    // Most of the time is the program's own waiting; more at once would only be slow together.
    let next = AtomicUsize::new(0);
    let mut lines: Vec<(usize, String)> = std::thread::scope(|scope| {
        let worker = || {
            let taken = std::iter::from_fn(|| {
                let number = next.fetch_add(1, Ordering::Relaxed);
                jobs.get(number).map(|job| (number, job()))
            });
            taken.collect::<Vec<_>>()
        };
        let running: Vec<_> = (0..12).map(|_| scope.spawn(worker)).collect();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    lines.sort();
    let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    pinned("outcomes", &lines.join("\n"));
}
