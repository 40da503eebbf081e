//! A wrong command line ends with 2, says so on standard error, and leaves standard output empty.

use super::*;

/// For each command a bad argument, and a missing one where it needs some.
const WRONG: [&[&str]; 42] = [
    &["nothing-of-ours"],
    &["--no-such-flag"],
    &["--profile"],
    &["list", "--no-such-flag"],
    &["list", "more"],
    &["show"],
    &["show", "a", "b"],
    &["create"],
    &["create", "", "--show"],
    &["create", "A", "--to", "no such form"],
    &["create", "A", "--not-made"],
    &["create", "A", "--stored"],
    &["revoke"],
    &["revoke", "A", "--watch", "0"],
    &["revoke", "A", "--watch", "soon"],
    &["revoke", "A", "--unused-for", "soon", "--yes"],
    &["revoke", "A", "--attest", "--with-value"],
    &["revoke", "--from-file", "no-such-file", "--yes"],
    &["rotate"],
    &["rotate", "no-such-step"],
    &["rotate", "start"],
    &["rotate", "start", "A", "--name"],
    &["rotate", "status", "A", "B"],
    &["rotate", "tick", "A"],
    &["rotate", "tick", "A", "here", "--all"],
    &["rotate", "confirm", "A", "--attest"],
    &["rotate", "confirm", "A", "--reason", "x"],
    &["rotate", "finish", "A", "--force"],
    &["rotate", "cancel"],
    &["rotate", "adopt", "A"],
    &["track", "A"],
    &["track", "A", "--created", "soon"],
    &["untrack"],
    &["due", "--within", "soon"],
    &["due", "--format", "xml"],
    &["snooze", "A", "--until", "2027-04-01"],
    &["snooze", "A", "--off", "--until", "2027-04-01", "--reason", "x"],
    &["leak", "--watch", "0"],
    &["identify", "more"],
    &["log", "--limit", "0"],
    &["log", "--since", "soon"],
    &["login", "more"],
];

/// The commands that only take what every command takes, and those that start something.
const MORE: [&[&str]; 6] = [
    &["logout", "more"],
    &["status", "more"],
    &["teams", "--no-such-flag"],
    &["sandbox", "--port", "high"],
    &["sandbox", "--now", "soon"],
    &["sandbox", "--serve", "--fault", "nothing"],
];

#[test]
fn a_wrong_command_line_ends_with_2_and_speaks_on_standard_error_alone() {
    let stage = Stage::new();
    let wrong: Vec<&&[&str]> = WRONG.iter().chain(&MORE).collect();
    let lines: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = wrong
            .iter()
            .map(|args| {
                let stage = &stage;
                scope.spawn(move || {
                    let ran = stage.run(args);
                    let stream = match (ran.stdout.is_empty(), ran.stderr.is_empty()) {
                        (true, false) => "stderr",
                        (false, true) => "stdout",
                        (true, true) => "nothing",
                        (false, false) => "both",
                    };
                    format!("{}: exit {}, {stream}", args.join(" "), ran.code)
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    pinned("usage", &lines.join("\n"));
}
