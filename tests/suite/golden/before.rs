//! A journal that an earlier version wrote is opened and gone on with.
//!
//! `earlier/journal.db` was written by version 0.1.0 (schema 6), with a keyring and a server whose data is `earlier/sandbox.db`:
//! a sign-in, a tracked key, a snooze, a rotation of “Zapier” with one of two places stored, a key made and revoked, and a
//! key whose value waits in the keyring. It is never written again: a later version adds a journal of its own.

use rusqlite::Connection;

use super::*;

const WROTE: &str = "127.0.0.1:39817";
/// A day after it was written.
const THEN: &str = "2027-03-05T12:00:00Z";
const CONFIG: &str = r#"
[rotation]
quiet = "20s"

[[key]]
match = "Zapier"
places = ["vault", "the shelf"]

[sinks.vault]
command = ["/bin/sh", "-c", "cat >/dev/null"]
"#;

/// A copy of both files, with the address of this run's server in the place of theirs.
fn stage() -> (Stage, TempDir) {
    let earlier = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/golden/earlier");
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("sandbox.db");
    std::fs::copy(earlier.join("sandbox.db"), &database).unwrap();
    let options = SandboxOptions {
        db: Some(database),
        ..SandboxOptions::default()
    };
    let stage = Stage::with(options, THEN);
    stage.config(CONFIG);
    let path = stage.journal();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::copy(earlier.join("journal.db"), &path).unwrap();
    let (_, host) = stage.server.base_url.split_once("://").unwrap();
    let (host, _) = host.split_once('/').unwrap();
    let journal = Connection::open(path).unwrap();
    for table in ["scopes", "realms"] {
        let moved = journal.execute(&format!("UPDATE {table} SET host = ?1 WHERE host = ?2"), [host, WROTE]);
        assert!(moved.unwrap() > 0, "{table}");
    }
    (stage, folder)
}

/// The log, oldest first.
fn log(stage: &Stage) -> Vec<String> {
    let document = stage.done(&["log", "--json"]).json();
    let entries = document["entries"].as_array().unwrap().iter();
    entries
        .map(|entry| format!("{} {} {}", entry["action"], entry["outcome"], entry["key"]["name"]).replace('"', ""))
        .collect()
}

#[test]
fn a_journal_of_an_earlier_version_is_read_whole_and_its_rotation_goes_on_to_its_end() {
    let (stage, _folder) = stage();
    let before = log(&stage);
    insta::assert_snapshot!(before.join("\n"), @r"
    sign_in signed_in null
    track tracked Web
    sign_in signed_in null
    snooze snoozed Billing sync
    rotate begun Zapier
    create created Zapier 2027-03-04
    rotate created Zapier
    rotate alive Zapier
    deliver delivered Zapier 2027-03-04
    acknowledge stored Zapier 2027-03-04
    create created Invoices
    acknowledge stored Invoices
    revoke revoked Invoices
    create created Waiting
    ");

    let listed = stage.done(&["list", "--json"]).json();
    let key = |name: &str| {
        let mut keys = listed["keys"].as_array().unwrap().iter();
        keys.find(|key| key["name"] == name)
            .unwrap_or_else(|| panic!("{name}: {listed}"))
    };
    assert_eq!(key("Web")["source"], "tracked");
    assert_eq!(key("Web")["last_four"], "CpSn");
    assert_eq!(key("Web")["created_at"], "2027-01-02T00:00:00Z");
    assert_eq!(key("Billing sync")["snoozed_until"], "2027-04-01");
    assert_eq!(key("Zapier")["rotation"]["role"], "old");
    let new = &key("Zapier 2027-03-04")["id"];
    assert_eq!(&key("Zapier")["rotation"]["other_id"], new);

    let status = stage.done(&["rotate", "status", "Zapier", "--json"]).json();
    let rotation = &status["rotations"][0];
    assert_eq!((&rotation["step"], &rotation["begun_by"]), (&2.into(), &"amina".into()));
    assert_eq!(rotation["begun_at"], "2027-03-04T12:05:00Z");
    assert!(rotation["places"][0]["stored_at"].is_string(), "{rotation}");
    assert!(rotation["places"][1]["stored_at"].is_null(), "{rotation}");

    // Its value is in a keyring that is not here: the note of it stays.
    let waiting = stage.run(&["create", "--resume", "Waiting", "--show"]);
    assert_eq!((waiting.code, waiting.stdout.as_str()), (5, ""), "{}", waiting.stderr);
    let journal = Connection::open(stage.journal()).unwrap();
    let noted: String = journal
        .query_row("SELECT stage FROM creations WHERE name = 'Waiting'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(noted, "escrowed");

    stage.done(&["rotate", "tick", "Zapier", "--all"]);
    stage.done(&["rotate", "confirm", "Zapier", "--attest", "--reason", "seen"]);
    let end = stage.done(&["rotate", "finish", "Zapier", "--yes", "--json"]).json();
    assert_eq!(
        (&end["rotation"]["stage"], &end["rotation"]["outcome"]),
        (&"finished".into(), &"revoked".into())
    );
    assert_eq!(&end["rotation"]["new"]["id"], new);
    let after = log(&stage);
    assert!(after.len() > before.len(), "{after:?}");
    assert_eq!(stage.run(&["show", "Zapier", "--json"]).code, 10, "the old key is gone");
}
