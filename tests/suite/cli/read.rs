//! The list and a single key, for people and for programs.

use std::process::{Command as Process, Stdio};

use super::*;

#[test]
fn list_prints_a_plain_table_and_says_how_many() {
    let stage = Stage::new();
    let ran = stage.run(&["list"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!ran.stdout.contains('\u{1b}'), "no colours where nobody sees them");
    let head: Vec<&str> = ran
        .stdout
        .lines()
        .next()
        .unwrap()
        .split("  ")
        .filter(|cell| !cell.is_empty())
        .collect();
    assert_eq!(
        head.iter().map(|cell| cell.trim()).collect::<Vec<_>>(),
        ["NAME", "KEY", "CREATED", "LAST USED", "ROTATION"]
    );
    let row = |name: &str| ran.stdout.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(row(USED).contains("! 110 days overdue"), "{}", row(USED));
    assert!(row(UNUSED).contains("never"), "{}", row(UNUSED));
    assert!(row("chatzuri-keys").contains("(own)"), "{}", row("chatzuri-keys"));
    assert!(ran.stderr.contains("13 keys of “"), "{}", ran.stderr);
    assert_eq!(stage.run(&["list", "--quiet"]).stderr, "");
}

#[test]
fn list_json_has_the_documented_shape() {
    let stage = Stage::new();
    let shape = stage.json(&["list", "--json"]);
    assert_eq!(shape["schema_version"], 1);
    assert!(
        shape["as_of"].as_str().unwrap().starts_with("2027-03-04T"),
        "{}",
        shape["as_of"]
    );
    assert_eq!(shape["team"]["name"], stage.server().team.as_str());
    assert!(shape["team"]["id"].is_string());
    let keys = shape["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 13);
    for key in keys {
        let mut fields: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "created_at",
                "created_by",
                "days_left",
                "due_at",
                "id",
                "last_four",
                "last_used_at",
                "name",
                "never_used",
                "own",
                "prefix",
                "rotation",
                "snoozed_until",
                "source",
                "status"
            ]
        );
    }
    let own: Vec<&Value> = keys.iter().filter(|key| key["own"] == "yes").collect();
    assert_eq!(own.len(), 1);
    assert!(keys.iter().any(|key| key["status"] == "overdue") && keys.iter().any(|key| key["never_used"] == true));
}

#[test]
fn hostile_names_are_raw_in_json_and_escaped_in_the_table() {
    let stage = Stage::with_fault("list:hostile-names");
    let json = stage.run(&["list", "--json"]);
    assert_eq!(json.code, 0, "{}", json.stderr);
    assert!(!json.stdout.trim_end().chars().any(char::is_control), "escaped by JSON");
    let shape: Value = serde_json::from_str(&json.stdout).unwrap();
    let names = shape["keys"].as_array().unwrap().iter();
    assert!(
        names
            .clone()
            .any(|key| key["name"].as_str().unwrap().contains('\u{1b}'))
    );
    let table = stage.run(&["list"]);
    assert!(!table.stdout.chars().any(|c| c.is_control() && c != '\n'));
    assert!(!table.stdout.contains('\u{202e}'));
    assert_eq!(table.stdout.lines().count(), 14, "a head and 13 rows");
}

#[test]
fn unknown_dates_are_null() {
    let stage = Stage::with_fault("list:null-dates");
    let shape = stage.json(&["list", "--json"]);
    for key in shape["keys"].as_array().unwrap() {
        assert!(key["created_at"].is_null() && key["due_at"].is_null() && key["days_left"].is_null());
        assert_eq!(key["status"], "unknown");
    }
}

#[test]
fn a_refused_credential_exits_4_and_an_absent_server_1() {
    let mut stage = Stage::new();
    let refused = stage.run_as("cz_dead0123456789abcdefDEAD", &["list"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (4, ""), "{}", refused.stderr);
    assert!(
        refused.stderr.starts_with("chatzuri-keys: ") && refused.stderr.contains("401"),
        "{}",
        refused.stderr
    );
    assert_eq!(
        refused.stderr.lines().count(),
        1,
        "a sentence, not a chain: {}",
        refused.stderr
    );
    let credential = stage.server().credential.expose().to_owned();
    let address = stage.stop();
    let offline = bare(stage.home.path())
        .env("CHATZURI_API_KEY", &credential)
        .args(["list", "--base-url", &address])
        .output()
        .unwrap();
    let offline = ran_of(&offline);
    assert_eq!((offline.code, offline.stdout.as_str()), (1, ""), "{}", offline.stderr);
    assert!(offline.stderr.contains("Cannot reach"), "{}", offline.stderr);
}

#[test]
fn an_answer_that_is_no_list_is_an_error_and_not_an_empty_list() {
    for rule in ["list:garbage", "list:wrong-shape", "list:empty"] {
        let ran = Stage::with_fault(rule).run(&["list", "--json"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{rule}: {}", ran.stderr);
        assert!(ran.stderr.contains("GET /get-api-keys"), "{rule}: {}", ran.stderr);
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let stage = Stage::new();
    let mut child = Process::new(BINARY)
        .env("HOME", stage.home.path())
        .env("XDG_CONFIG_HOME", stage.home.path().join("config"))
        .env("CHATZURI_API_KEY", stage.server().credential.expose())
        .env("CHATZURI_BASE_URL", &stage.server().base_url)
        .args(["list", "-q"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
}
