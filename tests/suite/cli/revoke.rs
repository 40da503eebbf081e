//! What is revoked, what is not, and what is said about it.

use super::*;

#[test]
fn revoke_takes_a_name_or_an_id_and_the_key_is_gone_from_the_list() {
    let stage = Stage::new();
    let by_name = stage.run(&["revoke", UNUSED, "--yes"]);
    assert_eq!((by_name.code, by_name.stdout.as_str()), (0, ""), "{}", by_name.stderr);
    assert!(by_name.stderr.contains("Revoked “Load test”"), "{}", by_name.stderr);
    let id = stage.id_of(USED);
    let by_id = stage.run(&["revoke", &id, "--yes", "--json"]);
    assert_eq!(by_id.code, 0, "{}", by_id.stderr);
    let shape: Value = serde_json::from_str(&by_id.stdout).unwrap();
    assert_eq!(shape["results"][0]["outcome"], "revoked");
    assert_eq!(shape["results"][0]["id"], id.as_str());
    let left = stage.names();
    assert!(!left.iter().any(|name| name == USED || name == UNUSED), "{left:?}");
    let again = stage.run(&["revoke", &id, "--yes"]);
    assert_eq!(again.code, 10, "{}", again.stderr);
}

#[test]
fn revoke_of_a_name_that_several_keys_have_revokes_nothing() {
    let stage = Stage::new();
    assert_eq!(stage.run(&["create", UNUSED, "--show"]).code, 0);
    let ran = stage.run(&["revoke", USED, UNUSED, "--yes"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("2 keys are named “Load test”"), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("\n  ").count(), 2, "both candidates: {}", ran.stderr);
    assert_eq!(stage.asked("/delete-api-key"), 0);
}

#[test]
fn revoke_of_a_key_that_is_not_there_exits_10_and_revokes_nothing() {
    let stage = Stage::new();
    let ran = stage.run(&["revoke", USED, "No such key", "--yes"]);
    assert_eq!(ran.code, 10, "{}", ran.stderr);
    assert_eq!(stage.asked("/delete-api-key"), 0);
}

#[test]
fn a_value_in_an_argument_is_not_repeated() {
    let stage = Stage::new();
    let leaked = stage.server().leaked.expose();
    let ran = stage.run(&["revoke", leaked, "--yes"]);
    assert_eq!(ran.code, 10, "{}", ran.stderr);
    assert!(
        !ran.stderr.contains(leaked) && ran.stderr.contains("Staging importer"),
        "{}",
        ran.stderr
    );
}

#[test]
fn without_a_terminal_and_without_yes_nothing_is_asked_or_done() {
    let stage = Stage::new();
    let ran = stage.run(&["revoke", UNUSED]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
    assert!(stage.server().request_log().is_empty());
}

#[test]
fn a_dry_run_names_the_key_and_leaves_it() {
    let stage = Stage::new();
    let shape = stage.json(&["revoke", UNUSED, "--dry-run", "--json"]);
    assert_eq!(shape["dry_run"], true);
    assert_eq!(shape["results"][0]["outcome"], "would_revoke");
    assert_eq!(stage.asked("/delete-api-key"), 0);
}

#[test]
fn an_accepted_revocation_that_is_still_listed_is_not_proven() {
    let ran = Stage::with_fault("revoke:revoke-listed").run(&["revoke", UNUSED, "--yes"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("NOT PROVEN") && !ran.stderr.contains("Revoked"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_forbidden_revocation_exits_4_and_one_of_several_5() {
    let stage = Stage::with_fault("revoke:status=403:1");
    let ran = stage.run(&["revoke", UNUSED, "--yes"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("NOT revoked"), "{}", ran.stderr);
    let stage = Stage::with_fault("revoke:status=403:1");
    let ran = stage.run(&["revoke", UNUSED, "Legacy import", "--yes", "--json"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    let shape: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(shape["results"][0]["outcome"], "refused");
    assert_eq!(shape["results"][1]["outcome"], "revoked");
}

#[test]
fn our_own_key_is_revoked_last_and_its_death_is_the_proof() {
    let stage = Stage::new();
    let own = "chatzuri-keys (this one)";
    let shape = stage.json(&["revoke", own, UNUSED, "--yes", "--json"]);
    assert_eq!(shape["results"][0]["name"], UNUSED);
    assert_eq!(shape["results"][1]["name"], own);
    assert_eq!(shape["results"][1]["outcome"], "dead");
    assert_eq!(stage.run(&["list"]).code, 4);
}

#[test]
fn a_revocation_can_name_its_key_in_a_json_body() {
    let stage = Stage::new();
    write_config(stage.home.path(), "[api.endpoints]\nkey_id_in = \"body\"\n");
    let id = stage.id_of(UNUSED);
    let ran = stage.run(&["revoke", UNUSED, "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!stage.names().iter().any(|name| name == UNUSED));
    let log = stage.server().request_log();
    let revocations: Vec<&str> = log
        .iter()
        .filter(|record| record.path.contains("delete-api-key"))
        .map(|record| record.path.as_str())
        .collect();
    assert!(
        !revocations.is_empty()
            && revocations
                .iter()
                .all(|path| !path.contains(&id) && !path.contains('?'))
    );
    let wrong = {
        write_config(stage.home.path(), "[api.endpoints]\nkey_id_in = \"header\"\n");
        stage.run(&["list"])
    };
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("key_id_in"), "{}", wrong.stderr);
}
