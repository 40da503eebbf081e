//! Several keys revoked at once: which are meant, in which order they go, and what is said of each.

use super::*;

const OWN: &str = "chatzuri-keys (this one)";

fn results(shape: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    shape["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["name"]), text(&one["outcome"])))
        .collect()
}

fn names(shape: &Value) -> Vec<String> {
    results(shape).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_file_names_keys_one_a_line_and_two_readings_prove_them_all() {
    let stage = Stage::new();
    let id = stage.id_of("Legacy import");
    let file = stage.write(
        "leavers.txt",
        &format!("# who left in May\n\n{id}\r\nLoad test\n  Slack bot  \n"),
    );
    let before = stage.asked("/get-api-keys");
    let shape = stage.json(&["revoke", "--from-file", &file, "--yes", "--json"]);
    let all: Vec<_> = results(&shape);
    assert_eq!(names(&shape), ["Legacy import", "Load test", "Slack bot"]);
    assert!(all.iter().all(|(_, outcome)| outcome == "revoked"), "{all:?}");
    assert_eq!(
        stage.asked("/get-api-keys") - before,
        3,
        "before, and twice after all of them"
    );
    assert_eq!(stage.asked("/delete-api-key"), 3);
}

#[test]
fn the_file_may_be_standard_input() {
    let stage = Stage::new();
    let ran = stage.run_with(&["revoke", "--from-file", "-", "--yes"], "Load test\nLegacy import\n");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        !stage
            .names()
            .iter()
            .any(|name| name == "Load test" || name == "Legacy import")
    );
}

#[test]
fn one_bad_line_stops_all_of_them_and_is_told_by_its_number() {
    let stage = Stage::new();
    let file = stage.write("keys.txt", "Load test\nnope\n# x\nnope again\n");
    let ran = stage.run(&["revoke", "--from-file", &file, "--yes"]);
    assert_eq!(ran.code, 10, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("keys.txt, line 2") && ran.stderr.contains("keys.txt, line 4"),
        "{}",
        ran.stderr
    );
    assert_eq!(stage.asked("/delete-api-key"), 0);
    let none = stage.run(&["revoke", "--from-file", "no-such-file", "--yes"]);
    assert_eq!(none.code, 2, "{}", none.stderr);
    let empty = stage.write("empty.txt", "# nothing\n");
    let ran = stage.run(&["revoke", "--from-file", &empty, "--yes"]);
    assert!(
        ran.code == 0 && ran.stderr.contains("Nothing was revoked: no key matches"),
        "{}",
        ran.stderr
    );
}

#[test]
fn the_plan_tells_keys_in_use_apart_and_a_dry_run_shows_nothing_else() {
    let stage = Stage::new();
    let ran = stage.run(&["revoke", "Load test", "Zapier", OWN, "--dry-run"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let at = |text: &str| {
        ran.stderr
            .find(text)
            .unwrap_or_else(|| panic!("{text}: {}", ran.stderr))
    };
    assert!(at("Would revoke 3 keys") < at("not in use (1)"));
    assert!(at("not in use (1)") < at("“Load test”") && at("“Load test”") < at("in use, or"));
    assert!(at("chatzuri-keys rotate start KEY") < at("“Zapier”") && at("“Zapier”") < at("last, because"));
    assert!(at("last, because") < at("(this one)"));
    assert_eq!(stage.asked("/delete-api-key"), 0);
}

#[test]
fn a_filter_means_what_the_list_says_and_never_our_own_key() {
    let stage = Stage::new();
    // Made by amina: our own key, Zapier, Website widget, Contractor trial.
    let shape = stage.json(&["revoke", "--created-by", "Amina@acme.example", "--dry-run", "--json"]);
    assert_eq!(names(&shape).len(), 3, "{shape}");
    assert!(!names(&shape).contains(&OWN.to_owned()));
    let ran = stage.run(&["revoke", "--created-by", "amina@acme.example", "--dry-run"]);
    assert!(
        ran.stderr.contains("is the key you're signed in with. Name it"),
        "{}",
        ran.stderr
    );
    // Never used counts by its age: “Load test” is 45 days old.
    let idle = |span: &str| names(&stage.json(&["revoke", "--unused-for", span, "--dry-run", "--json"]));
    assert_eq!(idle("40d"), ["Load test", "Legacy import"]);
    assert_eq!(idle("50d"), ["Legacy import"]);
    // With names a filter narrows.
    let both = stage.json(&[
        "revoke",
        "Zapier",
        "Legacy import",
        "--unused-for",
        "50d",
        "--dry-run",
        "--json",
    ]);
    assert_eq!(names(&both), ["Legacy import"]);
    let bad = stage.run(&["revoke", "--unused-for", "soon", "--yes"]);
    assert!(
        bad.code == 2 && bad.stderr.contains("is not a duration"),
        "{}",
        bad.stderr
    );
    let none = stage.run(&["revoke", "--yes"]);
    assert_eq!(none.code, 2, "{}", none.stderr);
    assert_eq!(stage.asked("/delete-api-key"), 0);
}

#[test]
fn what_the_list_does_not_say_matches_no_filter() {
    let stage = Stage::with_fault("list:null-dates");
    let ran = stage.run(&["revoke", "--unused-for", "1d", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("for “Zapier”"), "{}", ran.stderr);
    assert_eq!(stage.asked("/delete-api-key"), 0);
    // Nor where nothing tells whether a key is ours.
    let stage = Stage::with_fault("list:missing-fields");
    let ran = stage.run(&["revoke", "--created-by", "amina@acme.example", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(stage.asked("/delete-api-key"), 0);
}

#[test]
fn it_goes_on_past_a_failure_and_our_own_key_goes_last() {
    let stage = Stage::with_fault("revoke:status=403:1");
    let ran = stage.run(&["revoke", OWN, "Load test", "Legacy import", "Zapier", "--yes", "--json"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    let shape: Value = serde_json::from_str(&ran.stdout).unwrap();
    let found: Vec<(String, String)> = results(&shape);
    let is = |name: &str, outcome: &str| (name.to_owned(), outcome.to_owned());
    assert_eq!(
        found,
        [
            is("Load test", "refused"),
            is("Legacy import", "revoked"),
            is("Zapier", "revoked"),
            is(OWN, "dead")
        ]
    );
    assert!(ran.stderr.contains("NOT revoked: “Load test”"), "{}", ran.stderr);
    let log = stage.json(&["log", "--json"]);
    assert_eq!(log["entries"].as_array().unwrap().len(), 4);
}

#[test]
fn a_list_that_cannot_be_read_again_proves_none_of_them() {
    let stage = Stage::with_fault("revoke:revoke-listed");
    let ran = stage.run(&["revoke", "Load test", "Legacy import", "--yes"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("NOT PROVEN").count(), 2, "{}", ran.stderr);
}

#[test]
fn a_key_that_is_being_rotated_is_warned_of() {
    let stage = Stage::new();
    let begun = stage.run(&["rotate", "start", "Load test", "--show"]);
    assert_eq!(begun.code, 0, "{}", begun.stderr);
    let id = stage.id_of("Load test");
    for args in [
        &["revoke", &id, "--dry-run"][..],
        &["revoke", &id, "Zapier", "--dry-run"],
    ] {
        let ran = stage.run(args);
        assert!(
            ran.stderr
                .contains("is the old key of an unfinished rotation: chatzuri-keys rotate status key_"),
            "{}",
            ran.stderr
        );
    }
}
