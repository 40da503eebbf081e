//! What was done, as the journal and the log file tell it.

use super::*;

/// Makes the journal one that cannot be read.
fn break_journal(stage: &Stage) {
    let folder = stage.home.path().join("state").join("chatzuri-keys");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["journal.db-wal", "journal.db-shm"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
    std::fs::write(
        folder.join("journal.db"),
        "this is no journal of ours, and longer than a header of one",
    )
    .unwrap();
}

#[test]
fn the_log_tells_what_was_done_without_network_and_credential() {
    let mut stage = Stage::new();
    write_sinks(&stage, &[("one", ""), ("bad", "exit 9")]);
    assert_eq!(stage.run(&["create", "Invoices", "--to", "one", "--to", "bad"]).code, 5);
    assert_eq!(stage.run(&["revoke", "Invoices", "--yes"]).code, 0);
    stage.server().inject(FaultRule::parse("revoke:status=403:1").unwrap());
    assert_eq!(stage.run(&["revoke", UNUSED, "--yes"]).code, 4);
    stage.stop();
    let log = |args: &[&str]| {
        ran_of(
            &bare(stage.home.path())
                .env("USER", "amina")
                .arg("log")
                .args(args)
                .output()
                .unwrap(),
        )
    };
    let json = log(&["--json", "--since", "1h"]);
    assert_eq!((json.code, json.stderr.as_str()), (0, ""));
    let shape: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(shape["schema_version"], 1);
    let told: Vec<String> = shape["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            let word = |field: &str| entry[field].as_str().unwrap().to_owned();
            format!(
                "{} {} {}",
                word("action"),
                entry["key"]["name"].as_str().unwrap(),
                word("outcome")
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "create Invoices created_without_escrow",
            "deliver Invoices delivered",
            "deliver Invoices failed",
            "revoke Invoices revoked",
            "revoke Load test refused",
        ]
    );
    assert!(shape["entries"][4]["detail"].as_str().unwrap().contains("403"));
    let table = log(&[]);
    assert_eq!(table.code, 0, "{}", table.stderr);
    assert_eq!(table.stdout.lines().count(), 6, "a head and 5 rows: {}", table.stdout);
    let newest = log(&["--key", "Invoices", "--limit", "1"]);
    assert!(
        newest.stdout.contains("revoked") && newest.stdout.lines().count() == 2,
        "{}",
        newest.stdout
    );
    assert_eq!(log(&["--since", "tomorrow"]).code, 2);
    let value = kept_by(&stage, "one");
    assert!(!table.stdout.contains(&value) && !json.stdout.contains(&value));
}

#[test]
fn a_broken_journal_is_told_and_stops_neither_reading_nor_revoking() {
    let stage = Stage::new();
    break_journal(&stage);
    let log = stage.run(&["log"]);
    assert_eq!((log.code, log.stdout.as_str()), (1, ""), "{}", log.stderr);
    assert!(log.stderr.contains("Cannot read the log: "), "{}", log.stderr);
    assert_eq!(stage.run(&["list", "-q"]).stderr, "");
    let revoked = stage.run(&["revoke", UNUSED, USED, "--yes"]);
    assert_eq!(revoked.code, 0, "{}", revoked.stderr);
    assert_eq!(
        revoked.stderr.matches("Nothing is being recorded: ").count(),
        1,
        "{}",
        revoked.stderr
    );
    let created = stage.run(&["create", "Invoices", "--show"]);
    assert_eq!((created.code, created.stdout.as_str()), (1, ""), "{}", created.stderr);
    assert_eq!(stage.asked("/create-api-key"), 0);
}

#[test]
fn a_list_without_an_end_names_its_server() {
    let stage = Stage::with_fault("list:endless");
    let ran = stage.run(&["list"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    let host = stage
        .server()
        .base_url
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap();
    let said = format!("The list of {host} did not end within 250000 keys (GET /get-api-keys)");
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
}

/// Every way a value could stand in a text.
fn disguises(value: &str) -> Vec<String> {
    use base64::Engine as _;
    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
    // Base64 of a value inside a longer text begins at one of three places.
    let shifted = (0..3).map(|skip| {
        let middle = &value.as_bytes()[skip..value.len() - (value.len() - skip) % 3];
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(middle)
    });
    let middle = value.get(8..value.len() - 4).unwrap().to_owned();
    [middle, hex.to_uppercase(), hex].into_iter().chain(shifted).collect()
}

#[test]
fn the_log_file_says_what_was_done_and_holds_no_secret() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new();
    write_sinks(&stage, &[("one", ""), ("bad", "/bin/cat >&2; exit 9")]);
    let file = stage.home.path().join("trace");
    let path = file.to_str().unwrap().to_owned();
    let with = |args: &[&str]| stage.run(&[args, &["--log-file", &path]].concat());
    let shown = with(&["create", "Invoices", "--show"]);
    assert_eq!(shown.code, 0, "{}", shown.stderr);
    let bad = with(&["create", "Second", "--to", "one", "--to", "bad"]);
    assert_eq!(bad.code, 5, "{}", bad.stderr);
    assert_eq!(with(&["list"]).code, 0);
    assert_eq!(with(&["status"]).code, 0);
    assert_eq!(with(&["revoke", "Invoices", "--yes"]).code, 0);
    let typed = "cz_dead0123456789abcdefDEAD";
    let login = bare(stage.home.path())
        .args([
            "login",
            "--with-token",
            "--base-url",
            &stage.server().base_url,
            "--log-file",
            &path,
        ])
        .write_stdin(format!("Bearer {typed}\n"))
        .output()
        .unwrap();
    assert_eq!(ran_of(&login).code, 4);
    let log = std::fs::read_to_string(&file).unwrap();
    for told in [
        "POST /create-api-key",
        "DELETE /delete-api-key",
        "status=200",
        "status=401",
        "outcome=\"revoked\"",
        "target=bad stored=false",
        "command=\"login\"",
        "name=\"Invoices\"",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
    assert!(
        log.lines().all(|line| line.contains(" chatzuri_keys")),
        "our own events only: {log}"
    );
    let values = [
        shown.stdout.trim().to_owned(),
        kept_by(&stage, "one"),
        stage.server().credential.expose().to_owned(),
        typed.to_owned(),
    ];
    for value in &values {
        for text in disguises(value) {
            assert!(!log.contains(&text), "{text} of {value} is in {log}");
        }
    }
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let unusable = stage.run(&["list", "--log-file", "/nonexistent/log"]);
    assert_eq!(unusable.code, 2, "{}", unusable.stderr);
    assert!(
        unusable.stderr.contains("--log-file: cannot write to /nonexistent/log"),
        "{}",
        unusable.stderr
    );
}

#[test]
fn the_key_of_a_credential_command_goes_to_no_other_host() {
    let stage = Stage::new();
    let asked = stage.home.path().join("asked");
    write_config(
        stage.home.path(),
        &format!(
            "profile = \"acme\"\n[profiles.acme]\nbase_url = \"https://acme.example\"\n\
             credential_command = [\"/bin/touch\", \"{}\"]\n",
            asked.display()
        ),
    );
    let flag = ["list", "--base-url", &stage.server().base_url];
    let ran = ran_of(&bare(stage.home.path()).args(flag).output().unwrap());
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("--base-url: ") && ran.stderr.contains("acme.example"),
        "{}",
        ran.stderr
    );
    assert!(!asked.exists() && stage.server().request_log().is_empty());
}
