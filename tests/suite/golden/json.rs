//! The JSON of every command that has one: every key, and the type of every value.

use std::time::Duration;

use chatzuri_keys::sandbox::FaultEndpoint;

use super::*;

/// Runs commands, and collects what their JSON is like.
struct Shapes<'a> {
    stage: &'a Stage,
    text: String,
}

impl<'a> Shapes<'a> {
    fn of(stage: &'a Stage) -> Self {
        Self {
            stage,
            text: String::new(),
        }
    }

    fn add(&mut self, args: &[&str]) -> Value {
        self.add_fed(args, args, "")
    }

    /// `called`: the same without what differs from run to run.
    fn add_fed(&mut self, called: &[&str], args: &[&str], stdin: &str) -> Value {
        let ran = self.stage.fed(args, stdin);
        let document = ran.json();
        let head = format!("$ {}\nexit {}\n", called.join(" "), ran.code);
        self.text.push_str(&format!("{head}{}\n", shape(&document)));
        document
    }
}

#[test]
fn json_of_what_only_reads() {
    let stage = Stage::new();
    let mut shapes = Shapes::of(&stage);
    shapes.add(&["list", "--json"]);
    shapes.add(&["show", LEAKED, "--json"]);
    shapes.add(&["teams", "--json"]);
    shapes.add(&["status", "--json"]);
    shapes.add(&["log", "--json"]);
    shapes.add(&["due", "--format", "json"]);
    shapes.add(&["due", "--overdue", "--check", "--format", "json"]);
    shapes.add(&["rotate", "status", "--json"]);
    let leaked = stage.leaked();
    shapes.add_fed(&["identify", "--json"], &["identify", "--json"], &leaked);
    let stranger = "cz_4fT0qLz81mPdW7sKeYv93XbNcRj6HuGaQ2iBnM5o";
    shapes.add_fed(&["identify", "--json"], &["identify", "--json"], stranger);
    pinned("json_reading", &shapes.text);
}

#[test]
fn json_of_what_makes_and_revokes() {
    let stage = Stage::new();
    stage.config(&stage.sink("vault"));
    let mut shapes = Shapes::of(&stage);
    shapes.add(&["create", "Invoices", "--show", "--json"]);
    shapes.add(&["create", "Receipts", "--to", "vault", "--json"]);
    shapes.add(&["revoke", "Invoices", "--dry-run", "--json"]);
    shapes.add(&["revoke", "Invoices", "--yes", "--json"]);
    stage.inject("revoke:status=403:1");
    shapes.add(&["revoke", "Load test", "Legacy import", "--yes", "--json"]);
    let leak = ["leak", "--dry-run", "--json"];
    shapes.add_fed(&leak, &leak, &stage.leaked());
    let report = stage.home.path().join("report.json");
    let called = ["leak", "--yes", "--report", "FILE", "--json"];
    let args = ["leak", "--yes", "--report", report.to_str().unwrap(), "--json"];
    shapes.add_fed(&called, &args, &stage.leaked());
    let report: Value = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    shapes.text.push_str(&format!("FILE\n{}\n", shape(&report)));
    let leak = ["leak", "--yes", "--json"];
    shapes.add_fed(&leak, &leak, &stage.leaked());
    shapes.add(&["log", "--json"]);
    shapes.add(&["log", "--key", "Invoices", "--limit", "1", "--json"]);
    pinned("json_making_and_revoking", &shapes.text);
}

#[test]
fn json_of_a_rotation() {
    let stage = Stage::new();
    stage.config(&format!(
        "[rotation]\nquiet = \"20s\"\n[[key]]\nmatch = \"{LEAKED}\"\nplaces = [\"vault\", \"the shelf\"]\n{}",
        stage.sink("vault")
    ));
    let mut shapes = Shapes::of(&stage);
    shapes.add(&["rotate", "start", LEAKED, "--json"]);
    // Whether a use is one of ours is told by seconds: none of these is near another.
    let apart = || stage.server.pass(Duration::from_secs(10));
    apart();
    shapes.add(&["rotate", "status", LEAKED, "--json"]);
    shapes.add(&["rotate", "tick", LEAKED, "the shelf", "--json"]);
    shapes.add(&["rotate", "tick", LEAKED, "--all", "--json"]);
    apart();
    // The app's first request with it, after the roll-out; and then the old key is quiet.
    apart();
    assert!(stage.is_alive(&stage.kept_by("vault")));
    stage.server.pass(Duration::from_secs(30));
    shapes.add(&["rotate", "confirm", LEAKED, "--json"]);
    shapes.add(&["list", "--json"]);
    shapes.add(&["due", "--within", "60d", "--format", "json"]);
    shapes.add(&["rotate", "finish", LEAKED, "--yes", "--json"]);
    // Another, with its value shown; attested, forced to its end, and one that is given up.
    shapes.add(&["rotate", "start", "Zapier", "--show", "--json"]);
    apart();
    shapes.add(&[
        "rotate", "confirm", "Zapier", "--attest", "--reason", "monthly", "--json",
    ]);
    shapes.add(&["rotate", "cancel", "Zapier", "--yes", "--json"]);
    shapes.add(&["rotate", "start", "Load test", "--show", "--json"]);
    apart();
    shapes.add(&["rotate", "cancel", "Load test", "--revoke-new", "--yes", "--json"]);
    // One that another machine began.
    stage.done(&["create", "Slack bot 2027-03-01", "--show"]);
    shapes.add(&["rotate", "status", "--json"]);
    shapes.add(&["rotate", "adopt", "Slack bot", "Slack bot 2027-03-01", "--json"]);
    shapes.add(&["log", "--json"]);
    pinned("json_rotation", &shapes.text);
}

#[test]
fn json_of_keys_that_are_tracked_or_put_off() {
    let stage = Stage::new();
    stage.done(&["snooze", "Zapier", "--until", "2027-04-01", "--reason", "moves"]);
    let mut shapes = Shapes::of(&stage);
    shapes.add(&["show", "Zapier", "--json"]);
    shapes.add(&["due", "--format", "json"]);
    pinned("json_snoozed", &shapes.text);

    let stage = Stage::new();
    stage
        .server
        .leave_out(&[FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke]);
    let track = [
        "track",
        "Web",
        "--created",
        "2027-01-02",
        "--last-four",
        "CpSn",
        "--owner",
        "ops",
    ];
    stage.done(&track);
    stage.done(&["track", "Old web", "--created", "2026-01-02"]);
    let mut shapes = Shapes::of(&stage);
    shapes.add(&["status", "--json"]);
    shapes.add(&["list", "--json"]);
    shapes.add(&["show", "Web", "--json"]);
    shapes.add(&["due", "--format", "json"]);
    shapes.add(&["revoke", "Web", "--attest", "--yes", "--json"]);
    stage.done(&["untrack", "Old web", "--yes"]);
    shapes.add(&["list", "--json"]);
    shapes.add(&["log", "--json"]);
    pinned("json_tracked", &shapes.text);
}
