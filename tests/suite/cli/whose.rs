//! Whose key it is: which team is named, and which notes a key sees.

use std::process::Command as Process;

use super::*;

/// A server whose `get-teams` lists Kijani first and then the team of the key.
fn of_two_teams() -> Stage {
    Stage::with_fault("teams:two-teams")
}

/// The value of a new key of the same team.
fn another_key(stage: &Stage) -> String {
    let ran = stage.run(&["create", "CI", "--show"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout.trim().to_owned()
}

fn json_as(stage: &Stage, credential: &str, args: &[&str]) -> Value {
    let ran = stage.run_as(credential, args);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", ran.stdout, ran.stderr))
}

#[test]
fn no_team_of_several_is_called_the_keys_own() {
    let stage = of_two_teams();
    for args in [
        &["list", "--json"][..],
        &["show", USED, "--json"],
        &["due", "--format", "json"],
        &["revoke", UNUSED, "--dry-run", "--json"],
        &["status", "--json"],
    ] {
        let shape = stage.json(args);
        assert!(shape["team"].is_null(), "{args:?}: {shape}");
        let names: Vec<&str> = shape["teams"]
            .as_array()
            .unwrap_or_else(|| panic!("{args:?}: {shape}"))
            .iter()
            .map(|team| team["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["Kijani", stage.server().team.as_str()], "{args:?}");
    }
    let one_of = format!("one of “Kijani”, “{}”", stage.server().team);
    let list = stage.run(&["list"]).stderr;
    assert!(list.contains(&format!("13 keys of {one_of}")), "{list}");
    let missing = stage.run(&["show", "nothing"]).stderr;
    assert!(missing.contains(&format!("no key of {one_of} has")), "{missing}");
    let status = stage.run(&["status"]).stdout;
    assert!(
        status.contains("yes, to one of “Kijani” (team_of_kijani), “"),
        "{status}"
    );
    let teams = stage.run(&["teams"]);
    assert!(
        teams.stderr.contains("the server does not say which"),
        "{}",
        teams.stderr
    );
    let csv = stage.run(&["due", "--format", "csv"]).stdout;
    assert!(!csv.contains("default,Kijani"), "{csv}");
}

#[test]
fn one_team_is_still_named() {
    let stage = Stage::new();
    let shape = stage.json(&["list", "--json"]);
    assert_eq!(shape["team"]["name"], stage.server().team.as_str());
    assert_eq!(shape["teams"].as_array().unwrap().len(), 1);
    assert!(stage.run(&["status"]).stdout.contains("yes, to “"));
}

#[test]
fn a_sink_that_wants_the_team_is_refused_where_it_cannot_be_told() {
    let stage = of_two_teams();
    write_sinks(&stage, &[("box", "")]);
    let ran = stage.run(&["create", "Invoices", "--to", "box"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(!stage.names().iter().any(|name| name == "Invoices"));
    assert!(!ran.stderr.contains("Kijani"), "{}", ran.stderr);
}

#[test]
fn a_leaked_value_names_no_team_of_several() {
    let stage = of_two_teams();
    let leaked = stage.server().leaked.expose().to_owned();
    let told = stage.run_with(&["identify"], &leaked);
    let row = told.stdout.lines().find(|line| line.starts_with("Team")).unwrap();
    assert!(row.contains("one of “Kijani”, “"), "{row}");
    let shape: Value = serde_json::from_str(&stage.run_with(&["identify", "--json"], &leaked).stdout).unwrap();
    assert!(
        shape["team"].is_null() && shape["teams"].as_array().unwrap().len() == 2,
        "{shape}"
    );
    let shape: Value = serde_json::from_str(&stage.run_with(&["leak", "--yes", "--json"], &leaked).stdout).unwrap();
    assert!(
        shape["team"].is_null() && shape["teams"].as_array().unwrap().len() == 2,
        "{shape}"
    );
}

/// A key and another one of its team, each on its own in the environment.
fn other_keys_see_the_notes(stage: &Stage) {
    let other = another_key(stage);
    let snooze = ["snooze", "Billing sync", "--until", "2027-03-10", "--reason", "March"];
    let ran = stage.run(&snooze);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let ran = stage.run(&["rotate", "start", USED, "--show"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let listed = json_as(stage, &other, &["list", "--json"]);
    let keys = listed["keys"].as_array().unwrap();
    let named = |name: &str| keys.iter().find(|key| key["name"] == name).unwrap();
    assert_eq!(named("Billing sync")["snoozed_until"], "2027-03-10", "{listed}");
    assert_eq!(named(USED)["rotation"]["step"], 3, "not started elsewhere: {listed}");
    let again = stage.run_as(&other, &["rotate", "start", USED, "--show"]);
    assert_eq!(again.stdout, "", "the one rotation goes on: {}", again.stderr);
    assert_eq!(stage.run_as(&other, &["snooze", "Billing sync", "--off"]).code, 0);
    let shape = stage.json(&["show", "Billing sync", "--json"]);
    assert!(shape["key"]["snoozed_until"].is_null(), "ended for both");
}

#[test]
fn notes_are_the_teams_and_not_the_credentials() {
    other_keys_see_the_notes(&Stage::new());
}

#[test]
fn where_the_team_cannot_be_told_the_keys_themselves_tell_whose_the_notes_are() {
    other_keys_see_the_notes(&of_two_teams());
}

/// As above, with a key that this machine never saw: its list alone tells.
#[test]
fn a_key_of_another_machine_finds_the_notes_by_the_keys_of_its_list() {
    let stage = of_two_teams();
    let snooze = ["snooze", "Billing sync", "--until", "2027-03-10", "--reason", "March"];
    assert_eq!(stage.run(&snooze).code, 0);
    let stranger = stage.server().leaked.expose().to_owned();
    let shape = json_as(&stage, &stranger, &["show", "Billing sync", "--json"]);
    assert_eq!(shape["key"]["snoozed_until"], "2027-03-10", "{shape}");
}

#[test]
fn tracked_keys_are_the_teams() {
    let runtime = Runtime::new().unwrap();
    let options = SandboxOptions {
        apps: false,
        without: vec![sandbox::FaultEndpoint::List],
        ..SandboxOptions::default()
    };
    let stage = Stage {
        server: Some(runtime.block_on(sandbox::start(options)).unwrap()),
        runtime,
        home: tempfile::tempdir().unwrap(),
    };
    let track = ["track", "Web", "--created", "2026-09-01", "--last-four", "abcd"];
    let ran = stage.run(&track);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let stranger = stage.server().leaked.expose().to_owned();
    let listed = json_as(&stage, &stranger, &["list", "--json"]);
    assert_eq!(listed["keys"][0]["name"], "Web", "{listed}");
}

/// `env_clear` leaves no `USER`, as cron and containers do.
#[test]
fn who_did_it_is_known_without_the_environment() {
    let stage = Stage::new();
    another_key(&stage);
    let who = Process::new("id").arg("-un").output().unwrap();
    let who = String::from_utf8(who.stdout).unwrap();
    let log = stage.json(&["log", "--json"]);
    assert_eq!(log["entries"][0]["actor"], who.trim(), "{log}");
}
