//! Every combination of the three operations: create, deliver, list, due, leak and revoke, each to its end.

use super::*;

const ALL: [FaultEndpoint; 3] = [FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke];

/// Makes a key by the way there is, hands its value to the box, and answers it.
fn create(desk: &Desk, name: &str, manual: bool) -> String {
    make(desk, name, manual, &["create", name])
}

/// The same as the first step of a rotation, or not.
fn make(desk: &Desk, name: &str, manual: bool, command: &[&str]) -> String {
    write_sink(desk.home.path(), "");
    let with = |more: &[&'static str]| [command, &["--to", "box"], more].concat();
    let ran = if manual {
        let refused = desk.run(&with(&[]));
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{}", refused.stderr);
        for words in [
            "cannot create keys through the API",
            "Team settings → API Keys",
            "--paste",
        ] {
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
        }
        let value = desk.browser.create(name);
        desk.run_with(&format!(" {value}\n"), &with(&["--paste"]))
    } else {
        desk.run(&with(&[]))
    };
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let value = std::fs::read_to_string(desk.home.path().join("box")).unwrap();
    assert!(!ran.stderr.contains(&value), "{}", ran.stderr);
    value
}

/// The four steps of a key's rotation, to the death of its old value.
fn rotate(desk: &Desk, manual: bool, clicked: bool) {
    let old = create(desk, "Import", manual);
    let begin = ["rotate", "start", "Import", "--name", "Import 2"];
    let new = make(desk, "Import 2", manual, &begin);
    let attest = ["rotate", "confirm", "Import", "--attest", "--reason", "its log says so"];
    assert_eq!(desk.run(&attest).code, 0);
    let args = ["rotate", "finish", "Import", "--with-value", "--yes"];
    let ran = if clicked {
        desk.run_and_click(&old, &args)
    } else {
        desk.run_with(&old, &args)
    };
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("DEAD: “Import”"), "{}", ran.stderr);
    let status = desk.json(&["rotate", "status", "Import", "--json"]);
    assert_eq!(status["rotations"][0]["outcome"], "dead", "{status}");
    assert!(desk.listed("Import").is_none());
    assert_eq!(desk.listed("Import 2").unwrap()["last_four"], four(&new));
}

fn every_job(without: &[FaultEndpoint]) {
    let lacks = |operation: FaultEndpoint| without.contains(&operation);
    let desk = Desk::without(without);
    let manual = lacks(FaultEndpoint::Create);
    let unlisted = lacks(FaultEndpoint::List);
    // The server's id of a key is in its list, or in its answer to the creation, or nobody has it.
    let clicked = lacks(FaultEndpoint::Revoke) || (unlisted && manual);

    let leaked = create(&desk, "Invoices", manual);
    let key = desk.listed("Invoices").unwrap();
    assert_eq!(key["source"], if unlisted { "tracked" } else { "api" }, "{without:?}");
    assert_eq!(key["last_four"], four(&leaked));
    assert_eq!(key["status"], "fresh");
    let due = ["due", "--within", "100d", "--format", "json"];
    let told = desk
        .run(&due)
        .stderr
        .contains("so only the keys you track here are shown");
    assert_eq!(told, unlisted, "{without:?}");
    let due = desk.json(&due);
    let keys = due["keys"].as_array().unwrap();
    assert!(keys.iter().any(|key| key["name"] == "Invoices"), "{without:?}: {due}");

    let args = ["leak", "--yes", "--json"];
    let ran = if clicked {
        desk.run_and_click(&leaked, &args)
    } else {
        desk.run_with(&leaked, &args)
    };
    assert_eq!(ran.code, 0, "{without:?}: {}", ran.stderr);
    assert!(ran.stderr.contains("DEAD: “Invoices”"), "{without:?}: {}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["outcome"], &report["matched_by"]),
        (&"dead".into(), &"fingerprint".into())
    );
    assert!(report["durations_ms"]["began_to_first_401"].is_u64(), "{report}");
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(&leaked));
    assert!(desk.listed("Invoices").is_none(), "{without:?}: it left the list");

    let value = create(&desk, "Reports", manual);
    let args = ["revoke", "Reports", "--with-value", "--yes", "--json"];
    let ran = if clicked {
        desk.run_and_click(&value, &args)
    } else {
        desk.run_with(&value, &args)
    };
    assert_eq!(ran.code, 0, "{without:?}: {}", ran.stderr);
    let shape: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(shape["results"][0]["outcome"], "dead", "{shape}");
    assert!(desk.listed("Reports").is_none(), "{without:?}");

    rotate(&desk, manual, clicked);

    // Nothing that only looks for an endpoint makes a key, or ends one.
    let (_, page) = desk.browser.ask("GET", "/", &[], "");
    let rows = page.matches("<tr><td>").count();
    assert_eq!(rows, 14, "{without:?}: {page}");
    let capability = |operation| desk.capability(operation);
    for (operation, word) in ALL.into_iter().zip(["list", "create", "revoke"]) {
        let expected = if lacks(operation) { "manual" } else { "api" };
        let found = capability(word);
        // What was never asked for is not claimed.
        assert!(
            found == expected || found == "unknown" && !lacks(operation),
            "{without:?} {word}: {found}"
        );
    }
    let log = desk.json(&["log", "--json"]);
    let outcomes: Vec<&str> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["outcome"].as_str())
        .collect();
    assert_eq!(
        outcomes.iter().filter(|outcome| **outcome == "dead").count(),
        3,
        "{outcomes:?}"
    );
}

#[test]
fn with_every_endpoint() {
    every_job(&[]);
}

#[test]
fn without_the_list() {
    every_job(&[FaultEndpoint::List]);
}

#[test]
fn without_creating() {
    every_job(&[FaultEndpoint::Create]);
}

#[test]
fn without_revoking() {
    every_job(&[FaultEndpoint::Revoke]);
}

#[test]
fn without_the_list_and_creating() {
    every_job(&[FaultEndpoint::List, FaultEndpoint::Create]);
}

#[test]
fn without_the_list_and_revoking() {
    every_job(&[FaultEndpoint::List, FaultEndpoint::Revoke]);
}

#[test]
fn without_creating_and_revoking() {
    every_job(&[FaultEndpoint::Create, FaultEndpoint::Revoke]);
}

#[test]
fn without_any() {
    every_job(&ALL);
}

#[test]
fn without_the_value_there_is_a_persons_word_and_it_is_told_as_one() {
    let desk = Desk::without(&ALL);
    assert_eq!(
        desk.run(&["track", "Web", "--created", "2026-09-01", "--last-four", "abcd"])
            .code,
        0
    );
    let alone = desk.run(&["revoke", "Web", "--yes"]);
    assert_eq!(alone.code, 2, "{}", alone.stderr);
    for words in ["NOT revoked: “Web”", "…abcd is alive", "--with-value", "--attest"] {
        assert!(alone.stderr.contains(words), "{words}: {}", alone.stderr);
    }
    assert!(desk.listed("Web").is_some());
    let ran = desk.run(&["revoke", "Web", "--attest", "--yes", "--json"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("ATTESTED, not proven: amina says that “Web”"),
        "{}",
        ran.stderr
    );
    let shape: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(shape["results"][0]["outcome"], "attested");
    assert!(desk.listed("Web").is_none());
    let log = desk.json(&["log", "--json"]);
    let last = log["entries"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["outcome"], &last["actor"]),
        (&"attested".into(), &"amina".into())
    );
}

#[test]
fn a_key_of_the_servers_own_list_is_not_attested() {
    let desk = Desk::without(&[FaultEndpoint::Create]);
    let ran = desk.run(&["revoke", "Load test", "--attest", "--yes"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("right here. Leave out --attest"), "{}", ran.stderr);
    assert!(desk.listed("Load test").is_some());
}

#[test]
fn a_revocation_that_is_accepted_and_cannot_be_seen_says_so() {
    let desk = Desk::without(&[FaultEndpoint::List]);
    assert_eq!(desk.run(&["create", "Invoices", "--show"]).code, 0);
    let ran = desk.run(&["revoke", "Invoices", "--yes"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot list keys"), "{}", ran.stderr);
    assert!(desk.listed("Invoices").is_some(), "it is not claimed to be gone");
    assert_eq!(desk.run(&["revoke", "Invoices", "--attest", "--yes"]).code, 7);
    assert!(desk.listed("Invoices").is_none());
}

#[test]
fn a_leaked_key_that_nobody_tracks_is_named_by_its_last_four() {
    let desk = Desk::without(&ALL);
    let value = desk.browser.create("Somebody's");
    assert_eq!(desk.run(&["track", "Other", "--created", "2026-09-01"]).code, 0);
    let ran = desk.run_and_click(&value, &["leak", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains(&format!("DEAD: “a key you do not track here” (…{})", four(&value))),
        "{}",
        ran.stderr
    );
    assert!(desk.listed("Other").is_some(), "another key is not taken for it");
}

#[test]
fn nobody_who_clicks_is_no_death() {
    let desk = Desk::without(&ALL);
    let value = desk.browser.create("Invoices");
    assert_eq!(
        desk.run_with(&value, &["create", "Invoices", "--paste", "--show"]).code,
        0
    );
    let ran = desk.run_with(&value, &["revoke", "Invoices", "--with-value", "--yes", "--watch", "1"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    assert!(ran.stderr.contains("STILL ALIVE: “Invoices”"), "{}", ran.stderr);
    assert!(desk.listed("Invoices").is_some());
    let wrong = desk.browser.create("Other");
    let ran = desk.run_with(&wrong, &["revoke", "Invoices", "--with-value", "--yes"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("the first or last characters differ"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_value_that_was_dead_before_anybody_looked_proves_nothing_of_a_key_it_is_not_known_to_be() {
    let desk = Desk::without(&ALL);
    let value = desk.browser.create("Old");
    let last_four = four(&value).to_owned();
    let track = ["track", "Old", "--created", "2026-01-01", "--last-four", &last_four];
    assert_eq!(desk.run(&track).code, 0);
    desk.browser.revoke(&last_four);
    let ran = desk.run_with(&value, &["revoke", "Old", "--with-value", "--yes"]);
    assert_eq!(ran.code, 10, "{}", ran.stderr);
    assert!(ran.stderr.contains("already gets 401"), "{}", ran.stderr);
    assert!(desk.listed("Old").is_some());
}

#[test]
fn a_dead_value_of_which_nobody_knows_whose_it_is_revokes_nothing_and_proves_nothing() {
    let desk = Desk::without(&[FaultEndpoint::List]);
    let ran = desk.run(&["create", "Invoices", "--show"]);
    let value = ran.stdout.trim().to_owned();
    let id = desk.listed("Invoices").unwrap()["id"].as_str().unwrap().to_owned();
    // The same key, as somebody else writes it down: its id, and nothing of its value.
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("keys.csv");
    std::fs::write(&file, format!("name,created,id\nInvoices,2026-09-01,{id}\n")).unwrap();
    let run = |stdin: &str, args: &[&str]| {
        let mut command = bare(home.path(), args);
        command
            .env("CHATZURI_API_KEY", desk.server.credential.expose())
            .env("CHATZURI_BASE_URL", &desk.server.base_url);
        finish(start(command, stdin))
    };
    let imported = run("", &["track", "--import", file.to_str().unwrap(), "--yes"]);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    let revoke = ["revoke", "Invoices", "--with-value", "--yes"];
    let ran = run("cz_0123456789abcdefghij0123456789", &revoke);
    assert_eq!(ran.code, 10, "{}", ran.stderr);
    assert!(ran.stderr.contains("already gets 401"), "{}", ran.stderr);
    let log = desk.server.request_log();
    let mut deletes = log.iter().filter(|record| record.method == "DELETE");
    assert!(
        deletes.all(|record| record.path.contains(crate::support::LOOK)),
        "nothing was revoked"
    );
    let ran = run(&value, &revoke);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("DEAD: “Invoices”"), "{}", ran.stderr);
}

#[test]
fn a_listed_key_takes_its_tracked_self_along_when_it_dies() {
    let desk = Desk::without(&[FaultEndpoint::List, FaultEndpoint::Create]);
    let value = desk.browser.create("Invoices");
    assert_eq!(
        desk.run_with(&value, &["create", "Invoices", "--paste", "--show"]).code,
        0
    );
    desk.server.leave_out(&[]);
    assert_eq!(desk.capability("list"), "api");
    let ran = desk.run(&["revoke", "Invoices", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    desk.server.leave_out(&[FaultEndpoint::List]);
    write_config(desk.home.path(), "[api]\nlist = \"manual\"\n");
    assert_eq!(desk.capability("list"), "manual");
    assert!(desk.listed("Invoices").is_none(), "it does not come back");
}
