//! The four steps where the person makes the first click, the last, or both.

use super::*;

const ALL: [FaultEndpoint; 3] = [FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke];

/// An old key that is known here, and its value.
fn desk(without: &[FaultEndpoint]) -> (Desk, String) {
    let desk = Desk::without(without);
    let old = desk.browser.create("Import");
    if without.contains(&FaultEndpoint::List) {
        let track = ["track", "Import", "--created", "2026-09-01", "--with-value"];
        assert_eq!(desk.run_with(&old, &track).code, 0);
    }
    (desk, old)
}

fn state(desk: &Desk) -> Value {
    desk.json(&["rotate", "status", "Import", "--json"])["rotations"][0].take()
}

/// The name that the new key is to have, from the words that send a script away.
fn new_name(desk: &Desk) -> String {
    let refused = desk.run(&["rotate", "start", "Import", "--show"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("chatzuri-keys rotate start ") && refused.stderr.contains(" --paste"),
        "{}",
        refused.stderr
    );
    let name = refused.stderr.split('“').nth(1).unwrap().split('”').next().unwrap();
    assert!(name.starts_with("Import 20"), "{name}");
    name.to_owned()
}

fn start(desk: &Desk) -> String {
    let new = desk.browser.create(&new_name(desk));
    let ran = desk.run_with(&new, &["rotate", "start", "Import", "--paste", "--show"]);
    assert_eq!((ran.code, ran.stdout.trim()), (0, new.as_str()), "{}", ran.stderr);
    new
}

fn confirm(desk: &Desk) {
    let ran = desk.run(&["rotate", "confirm", "Import", "--attest", "--reason", "its log says so"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn both_clicks_are_the_persons_and_the_steps_are_kept_all_the_same() {
    let (desk, old) = desk(&ALL);
    start(&desk);
    let early = desk.run_with(&old, &["rotate", "finish", "Import", "--with-value", "--yes"]);
    assert_eq!(early.code, 1, "{}", early.stderr);
    assert!(early.stderr.contains("step 3 of 4 is open"), "{}", early.stderr);
    confirm(&desk);
    let alone = desk.run(&["rotate", "finish", "Import", "--yes"]);
    assert_eq!(alone.code, 2, "{}", alone.stderr);
    assert!(
        alone.stderr.contains("cannot revoke it through the API"),
        "{}",
        alone.stderr
    );
    let ran = desk.run_and_click(&old, &["rotate", "finish", "Import", "--with-value", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("DEAD: “Import”"), "{}", ran.stderr);
    let names: Vec<Value> = desk.json(&["list", "--json"])["keys"].as_array().unwrap().clone();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0]["name"].as_str().unwrap().starts_with("Import 20"));
}

#[test]
fn the_last_step_ends_by_the_persons_word_under_its_own_name() {
    let (desk, _) = desk(&ALL);
    start(&desk);
    confirm(&desk);
    let ran = desk.run(&["rotate", "finish", "Import", "--attest", "--yes"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(ran.stderr.contains("ATTESTED, not proven"), "{}", ran.stderr);
    assert_eq!(state(&desk)["outcome"], "attested", "{}", state(&desk));
    assert!(desk.listed("Import").is_none());
}

#[test]
fn a_first_step_that_was_left_goes_on_with_the_right_value() {
    let (desk, old) = desk(&ALL);
    let name = new_name(&desk);
    let wrong = desk.run_with(&old, &["rotate", "start", "Import", "--paste", "--show"]);
    assert_eq!(wrong.code, 1, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("is the value of “Import”"), "{}", wrong.stderr);
    assert_eq!(state(&desk)["step"], 1);
    let new = desk.browser.create(&name);
    let ran = desk.run_with(&new, &["create", "--resume", &name, "--paste", "--show"]);
    assert_eq!((ran.code, ran.stdout.trim()), (0, new.as_str()), "{}", ran.stderr);
    assert_eq!(state(&desk)["step"], 3, "wherever its value was pasted");
    let waiting = desk.run(&["create", "--resume"]);
    assert!(waiting.stderr.contains("No new key is waiting."), "{}", waiting.stderr);
}

#[test]
fn one_click_is_the_persons_and_the_other_the_servers() {
    let (desk, old) = desk(&[FaultEndpoint::Create]);
    start(&desk);
    confirm(&desk);
    let ran = desk.run(&["rotate", "finish", "Import", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("Revoked “Import”"), "{}", ran.stderr);

    let (desk, _) = self::desk(&[FaultEndpoint::List, FaultEndpoint::Revoke]);
    let ran = desk.run(&["rotate", "start", "Import", "--show"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    confirm(&desk);
    assert_eq!(desk.run(&["rotate", "finish", "Import", "--attest", "--yes"]).code, 7);
    drop(old);
}

#[test]
fn the_old_value_is_not_taken_for_the_new_one() {
    let (desk, old) = desk(&[FaultEndpoint::Create]);
    // It is known before the rotation begins, so that its new key is in the list before its row is.
    assert_eq!(desk.run(&["create", "Other"]).code, 2);
    let name = new_name(&desk);
    let wrong = desk.run_with(&old, &["rotate", "start", "Import", "--paste", "--show"]);
    assert_eq!((wrong.code, wrong.stdout.as_str()), (1, ""), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("the key you are replacing"), "{}", wrong.stderr);
    let new = desk.browser.create(&name);
    let ran = desk.run_with(&new, &["rotate", "start", "Import", "--paste", "--show"]);
    assert_eq!((ran.code, ran.stdout.trim()), (0, new.as_str()), "{}", ran.stderr);
}

#[test]
fn a_new_key_that_was_made_before_the_rotation_began_is_its_new_key() {
    let (desk, _) = desk(&[FaultEndpoint::Create]);
    assert_eq!(desk.run(&["create", "Other"]).code, 2);
    start(&desk);
    assert_eq!(state(&desk)["step"], 3);
}
