//! The real binary, as a script runs it, against a real server of the contract.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::sandbox::{self, FaultRule, Running, SandboxOptions};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const BINARY: &str = env!("CARGO_BIN_EXE_chatzuri-keys");
/// A name the seed gives to one key only, and which was used a minute before the start.
const USED: &str = "Zapier";
/// A name of the seed that was never used.
const UNUSED: &str = "Load test";

/// A server and an empty home.
struct Stage {
    runtime: Runtime,
    server: Option<Running>,
    home: TempDir,
}

/// What a run left.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SandboxOptions {
            apps: false,
            // Another time than the machine's: what is due is told by the server's clock, and no midnight comes between.
            now: Some("2027-03-04T12:00:00Z".parse().unwrap()),
            ..SandboxOptions::default()
        };
        let server = runtime.block_on(sandbox::start(options)).unwrap();
        Self {
            runtime,
            server: Some(server),
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn with_fault(rule: &str) -> Self {
        let stage = Self::new();
        stage.server().inject(FaultRule::parse(rule).unwrap());
        stage
    }

    fn server(&self) -> &Running {
        self.server.as_ref().unwrap()
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.run_as(self.server().credential.expose(), args)
    }

    fn run_as(&self, credential: &str, args: &[&str]) -> Ran {
        let ran = bare(self.home.path())
            .env("CHATZURI_API_KEY", credential)
            .env("CHATZURI_BASE_URL", &self.server().base_url)
            .args(args)
            .output()
            .unwrap();
        let ran = ran_of(&ran);
        assert!(!ran.stderr.contains(credential), "the credential is in: {}", ran.stderr);
        assert!(!ran.stderr.contains('\u{1b}'), "{:?}", ran.stderr);
        ran
    }

    fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(args);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", ran.stdout, ran.stderr))
    }

    fn names(&self) -> Vec<String> {
        let keys = self.json(&["list", "--json"])["keys"].take();
        let names = keys.as_array().unwrap().iter();
        names.map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    }

    fn id_of(&self, name: &str) -> String {
        let shape = self.json(&["show", name, "--json"]);
        shape["key"]["id"].as_str().unwrap().to_owned()
    }

    /// How often this endpoint was asked.
    fn asked(&self, path: &str) -> usize {
        let log = self.server().request_log();
        log.iter().filter(|record| record.path.ends_with(path)).count()
    }

    /// Stops the server and leaves its address.
    fn stop(&mut self) -> String {
        let server = self.server.take().unwrap();
        let address = server.base_url.clone();
        self.runtime.block_on(server.shutdown());
        address
    }
}

fn ran_of(output: &std::process::Output) -> Ran {
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

/// The binary with nothing of this machine's: no keyring, no config, no proxy.
fn bare(home: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("TZ", "UTC");
    command
}

fn write_config(home: &Path, text: &str) {
    let folder = home.join("config").join("chatzuri-keys");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), text).unwrap();
}

// ------------------------------------------------------------------------------------------------------------- list

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
                "snoozed_until",
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
    assert!(offline.stderr.contains("cannot be reached"), "{}", offline.stderr);
}

#[test]
fn an_answer_that_is_no_list_is_an_error_and_not_an_empty_list() {
    for rule in ["list:html", "list:wrong-shape", "list:empty"] {
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

// ----------------------------------------------------------------------------------------------------------- revoke

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

// ----------------------------------------------------------------------------------------------------------- create

#[test]
fn create_prints_a_value_that_works_and_nothing_else_on_standard_output() {
    let stage = Stage::new();
    let ran = stage.run(&["create", "Invoices", "--show"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let value = ran.stdout.strip_suffix('\n').unwrap();
    assert!(!value.contains('\n') && !ran.stderr.contains(value));
    assert!(
        ran.stderr.contains("“Invoices” (key_") && ran.stderr.contains("is handed over"),
        "{}",
        ran.stderr
    );
    assert_eq!(stage.run_as(value, &["list"]).code, 0);
    let shape = stage.json(&["create", "Invoices 2", "--show", "--json"]);
    assert_eq!(shape["key"]["name"], "Invoices 2");
    assert!(Secret::parse(shape["secret"].as_str().unwrap()).is_ok());
}

#[test]
fn create_without_a_keyring_and_without_another_place_creates_nothing() {
    let stage = Stage::new();
    let ran = stage.run(&["create", "Invoices"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("“Invoices” was not created, nothing was sent."),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--show"), "{}", ran.stderr);
    assert!(
        stage
            .server()
            .request_log()
            .iter()
            .all(|request| request.method == "GET")
    );
}

#[test]
fn create_with_a_bad_name_asks_the_server_nothing() {
    let stage = Stage::new();
    for bad in ["", "a\u{202e}b", &"x".repeat(101)] {
        assert_eq!(stage.run(&["create", bad, "--show"]).code, 2, "{bad}");
    }
    assert_eq!(stage.run(&["create", "Invoices", "--show", "--dry-run"]).code, 0);
    assert!(stage.server().request_log().is_empty());
}

#[test]
fn create_with_a_full_disk_says_that_the_key_exists_without_its_value() {
    let stage = Stage::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = Process::new(BINARY)
        .env("HOME", stage.home.path())
        .env("XDG_CONFIG_HOME", stage.home.path().join("config"))
        .env("CHATZURI_API_KEY", stage.server().credential.expose())
        .env("CHATZURI_BASE_URL", &stage.server().base_url)
        .args(["create", "Invoices", "--show"])
        .stdout(full)
        .output()
        .unwrap();
    let ran = ran_of(&ended);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("was created, but its value was not delivered"),
        "{}",
        ran.stderr
    );
    assert!(stage.names().contains(&"Invoices".to_owned()));
}

#[test]
fn a_lost_answer_to_a_creation_is_told_and_never_sent_twice() {
    let stage = Stage::with_fault("create:drop-after");
    let ran = stage.run(&["create", "Invoices", "--show"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("It is not known whether “Invoices” was created"),
        "{}",
        ran.stderr
    );
    assert_eq!(stage.asked("/create-api-key"), 1);
}

// ---------------------------------------------------------------------------------------------------------- targets

/// An own sink that keeps what it reads in a file; `more` goes into its script first.
fn write_sinks(stage: &Stage, sinks: &[(&str, &str)]) {
    use std::os::unix::fs::PermissionsExt;
    let mut config = String::new();
    for (name, more) in sinks {
        let (program, kept) = (
            stage.home.path().join(format!("{name}.sh")),
            stage.home.path().join(name),
        );
        std::fs::write(&program, format!("#!/bin/sh\n{more}\n/bin/cat >'{}'\n", kept.display())).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        config.push_str(&format!(
            "[sinks.{name}]\ncommand = [\"{}\", \"{{name}}\", \"{{team}}\"]\nverify = [\"/bin/cat\", \"{}\"]\n",
            program.display(),
            kept.display()
        ));
    }
    write_config(stage.home.path(), &config);
}

fn kept_by(stage: &Stage, name: &str) -> String {
    std::fs::read_to_string(stage.home.path().join(name)).unwrap()
}

#[test]
fn create_hands_the_value_to_every_target_and_shows_it_nowhere() {
    let stage = Stage::new();
    write_sinks(&stage, &[("one", ""), ("two", "")]);
    let to = ["create", "Invoices", "--to", "one", "--to", "two", "--to", "one"];
    let ran = stage.run(&to);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    for line in [
        "one: stored, and read back the same\n",
        "two: stored, and read back the same\n",
    ] {
        assert_eq!(ran.stderr.matches(line).count(), 1, "{}", ran.stderr);
    }
    let value = kept_by(&stage, "one");
    assert_eq!(value, kept_by(&stage, "two"));
    assert!(!ran.stderr.contains(&value), "{}", ran.stderr);
    assert_eq!(stage.run_as(&value, &["list"]).code, 0, "it works");
    let json = stage.run(&["create", "Invoices 2", "--to", "two", "--json"]);
    assert_eq!(json.code, 0, "{}", json.stderr);
    assert!(!json.stdout.contains(&kept_by(&stage, "two")));
    let shape: Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(shape.get("secret").is_none(), "{shape}");
    let receipt = serde_json::json!({"target": "two", "state": "stored", "verified": "yes", "detail": null});
    assert_eq!(shape["receipts"], serde_json::json!([receipt]));
}

#[test]
fn a_target_that_is_wrong_or_not_ready_stops_everything_before_the_request() {
    let stage = Stage::new();
    write_sinks(&stage, &[("one", "")]);
    for (target, why) in [
        ("gh:acme/web", "OWNER/REPO/NAME has three parts"),
        ("nowhere", "nowhere is not ready: "),
        ("pass:a/../b", "is a step to another folder"),
    ] {
        for more in [&[][..], &["--show"], &["--dry-run"]] {
            let ran = stage.run(&[&["create", "Invoices", "--to", "one", "--to", target][..], more].concat());
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{target}: {}", ran.stderr);
            assert!(
                ran.stderr.contains(why) && ran.stderr.contains("othing was sent"),
                "{}",
                ran.stderr
            );
        }
    }
    assert_eq!(stage.asked("/create-api-key"), 0);
    assert!(!stage.home.path().join("one").exists());
    let plan = stage.run(&["create", "Invoices", "--to", "one", "--copy", "--dry-run"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    assert!(
        plan.stderr.contains("hand its value to one, the clipboard"),
        "{}",
        plan.stderr
    );
    assert_eq!(stage.asked("/create-api-key"), 0);
}

#[test]
fn without_a_keyring_a_failed_target_says_where_the_value_is_or_that_it_is_lost() {
    let stage = Stage::new();
    write_sinks(&stage, &[("good", ""), ("bad", "echo no room >&2; exit 9")]);
    let partly = stage.run(&["create", "Invoices", "--to", "bad", "--to", "good", "--json"]);
    assert_eq!(partly.code, 5, "{}", partly.stderr);
    assert!(
        partly.stderr.contains("bad: failed: ") && partly.stderr.contains("no room"),
        "{}",
        partly.stderr
    );
    assert!(
        partly.stderr.contains("could not be kept") && partly.stderr.contains("It is in good alone"),
        "{}",
        partly.stderr
    );
    let shape: Value = serde_json::from_str(&partly.stdout).unwrap();
    assert_eq!(shape["receipts"][0]["state"], "failed");
    assert!(shape["receipts"][0]["detail"].as_str().unwrap().contains("no room"));
    assert_eq!(shape["receipts"][1]["state"], "stored");
    let lost = stage.run(&["create", "Invoices", "--to", "bad"]);
    assert_eq!(lost.code, 5, "{}", lost.stderr);
    assert!(
        lost.stderr.contains("It is lost") && lost.stderr.contains("revoke key_"),
        "{}",
        lost.stderr
    );
}

// -------------------------------------------------------------------------------------------------------------- log

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
    assert!(log.stderr.contains("The log cannot be read: "), "{}", log.stderr);
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
    let said = format!("The list of {host} did not end after 2000 pages of GET /get-api-keys");
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
}

// --------------------------------------------------------------------------------------------------------- log file

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
        unusable.stderr.contains("--log-file: /nonexistent/log"),
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

// -------------------------------------------------------------------------------------------- sign-in and settings

#[test]
fn status_says_where_everything_comes_from_and_what_is_documented() {
    let stage = Stage::new();
    let shape = stage.json(&["status", "--json"]);
    assert_eq!(shape["credential"]["source"], "environment");
    assert_eq!(shape["base_url"]["source"], "environment");
    assert_eq!(shape["signed_in"], true);
    let documented: Vec<&Value> = shape["endpoints"].as_array().unwrap().iter().collect();
    assert_eq!(documented.iter().filter(|one| one["documented"] == true).count(), 1);
    let text = stage.run(&["status"]).stdout;
    assert!(
        text.contains("(from CHATZURI_BASE_URL)") && text.contains("GET /get-teams"),
        "{text}"
    );
    let credential = stage.server().credential.expose();
    assert!(!text.contains(credential) && !shape.to_string().contains(credential));
    let refused = stage.run_as("cz_dead0123456789abcdefDEAD", &["status", "--json"]);
    assert_eq!(refused.code, 4);
    assert_eq!(
        serde_json::from_str::<Value>(&refused.stdout).unwrap()["signed_in"],
        false
    );
}

#[test]
fn without_a_keyring_the_ways_out_are_told() {
    let stage = Stage::new();
    let ran = bare(stage.home.path())
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .env("XDG_RUNTIME_DIR", stage.home.path())
        .args(["list", "--base-url", &stage.server().base_url])
        .output()
        .unwrap();
    let ran = ran_of(&ran);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("CHATZURI_API_KEY") && ran.stderr.contains("credential_command"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_credential_command_signs_in() {
    let stage = Stage::new();
    let file = stage.home.path().join("key");
    std::fs::write(&file, stage.server().credential.expose()).unwrap();
    write_config(
        stage.home.path(),
        &format!(
            "profile = \"acme\"\n[profiles.acme]\nbase_url = \"{}\"\ncredential_command = [\"/bin/cat\", \"{}\"]\n",
            stage.server().base_url,
            file.display()
        ),
    );
    let ran = ran_of(&bare(stage.home.path()).args(["status", "--json"]).output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let shape: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(shape["profile"]["value"], "acme");
    assert_eq!(shape["credential"]["source"], "credential_command");
}

#[test]
fn login_refuses_what_is_no_key_without_repeating_it() {
    let stage = Stage::new();
    let ran = bare(stage.home.path())
        .args(["login", "--with-token", "--base-url", &stage.server().base_url])
        .write_stdin("cz_this is no key")
        .output()
        .unwrap();
    let ran = ran_of(&ran);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains("cz_this"), "{}", ran.stderr);
    let refused = bare(stage.home.path())
        .args(["login", "--with-token", "--base-url", &stage.server().base_url])
        .write_stdin("Bearer cz_dead0123456789abcdefDEAD\n")
        .output()
        .unwrap();
    let refused = ran_of(&refused);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(!refused.stderr.contains("0123456789"), "{}", refused.stderr);
    let nobody = ran_of(&bare(stage.home.path()).arg("login").output().unwrap());
    assert_eq!(nobody.code, 2, "{}", nobody.stderr);
}

#[test]
fn bad_settings_are_told_with_their_source_and_exit_2() {
    let stage = Stage::new();
    let insecure = ran_of(
        &bare(stage.home.path())
            .env("CHATZURI_BASE_URL", "http://evil.example")
            .arg("list")
            .output()
            .unwrap(),
    );
    assert_eq!(insecure.code, 2);
    assert!(insecure.stderr.contains("CHATZURI_BASE_URL: "), "{}", insecure.stderr);
    let no_key = stage.run_as("cz_not a key", &["list"]);
    assert_eq!(no_key.code, 2);
    assert!(no_key.stderr.contains("CHATZURI_API_KEY: "), "{}", no_key.stderr);
    write_config(stage.home.path(), "profile = \"a\"\n\n[api]\nbase_ulr = \"x\"\n");
    let typo = stage.run(&["list"]);
    assert_eq!(typo.code, 2);
    assert!(
        typo.stderr.contains("config.toml line 4: ") && typo.stderr.contains("base_ulr"),
        "{}",
        typo.stderr
    );
    let absent = stage.run(&["list", "--config", "/nonexistent/config.toml"]);
    assert_eq!(absent.code, 2);
    assert!(
        absent.stderr.contains("there is no such config file"),
        "{}",
        absent.stderr
    );
}

#[test]
fn the_command_line_itself_is_checked() {
    let home = tempfile::tempdir().unwrap();
    for args in [
        &["lst"][..],
        &["revoke"],
        &["list", "--nope"],
        &["sandbox", "--fault", "nonsense", "--serve"],
    ] {
        let ran = ran_of(&bare(home.path()).args(args).output().unwrap());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{args:?}: {}", ran.stderr);
    }
    let dashboard = ran_of(&bare(home.path()).output().unwrap());
    assert_eq!(dashboard.code, 2);
    assert!(dashboard.stderr.contains("needs a terminal"), "{}", dashboard.stderr);
    let help = ran_of(
        &bare(home.path())
            .env("CHATZURI_API_KEY", "cz_secret0123456789")
            .arg("--help")
            .output()
            .unwrap(),
    );
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Exit codes:") && !help.stdout.contains("cz_secret"));
}

// --------------------------------------------------------------------------------------------- sandbox, a terminal

#[test]
fn sandbox_serve_prints_one_line_of_json_and_ends_well_on_term() {
    let home = tempfile::tempdir().unwrap();
    let mut child = Process::new(BINARY)
        .env("HOME", home.path())
        .args(["sandbox", "--serve"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let announced: Value = serde_json::from_str(&line).unwrap();
    let listed = bare(home.path())
        .env("CHATZURI_API_KEY", announced["credential"].as_str().unwrap())
        .env("CHATZURI_BASE_URL", announced["base_url"].as_str().unwrap())
        .args(["list", "--json"])
        .output()
        .unwrap();
    assert_eq!(ran_of(&listed).code, 0);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

/// An answer that is no text but the signal.
const TERM: &str = "<TERM>";

/// Runs the binary on a terminal, answers each question with its text, and gives back the code and all it printed.
fn on_terminal(stage: &Stage, args: &[&str], talk: &[(&str, &str)]) -> (u32, String) {
    let size = PtySize {
        rows: 24,
        cols: 120,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(BINARY);
    command.env_clear();
    command.env("HOME", stage.home.path());
    command.env("XDG_CONFIG_HOME", stage.home.path().join("config"));
    command.env("NO_COLOR", "1");
    command.env("CHATZURI_API_KEY", stage.server().credential.expose());
    command.env("CHATZURI_BASE_URL", &stage.server().base_url);
    command.args(args);
    let settings = || format!("{:?}", pair.master.get_termios().unwrap());
    let before = settings();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut writer = pair.master.take_writer().unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut printed = Vec::new();
    let mut byte = [0u8; 1];
    for (question, answer) in talk {
        let from = printed.len();
        while !String::from_utf8_lossy(&printed[from..]).contains(question) {
            match reader.read(&mut byte) {
                Ok(1) => printed.push(byte[0]),
                _ => panic!("never asked {question}: {}", String::from_utf8_lossy(&printed)),
            }
        }
        if *answer == TERM {
            let pid = i32::try_from(child.process_id().unwrap()).unwrap();
            let pid = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        } else {
            writer.write_all(answer.as_bytes()).unwrap();
        }
    }
    // A terminal whose program has ended reads as an error.
    while let Ok(1) = reader.read(&mut byte) {
        printed.push(byte[0]);
    }
    let code = child.wait().unwrap().exit_code();
    assert_eq!(settings(), before, "the terminal is given back as it was");
    (code, String::from_utf8_lossy(&printed).into_owned())
}

#[test]
fn on_a_terminal_no_is_the_default_and_yes_revokes() {
    let stage = Stage::new();
    let (code, printed) = on_terminal(&stage, &["revoke", UNUSED], &[("[y/N] ", "\n")]);
    assert_eq!(code, 3, "{printed}");
    assert!(
        printed.contains("never used") && printed.contains("Declined"),
        "{printed}"
    );
    assert_eq!(stage.asked("/delete-api-key"), 0);
    let (code, printed) = on_terminal(&stage, &["revoke", UNUSED], &[("[y/N] ", "y\n")]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("Revoked “Load test”"), "{printed}");
}

#[test]
fn a_key_in_use_wants_its_name_typed() {
    let stage = Stage::new();
    let (code, printed) = on_terminal(&stage, &["revoke", USED], &[("to revoke it: ", "y\n")]);
    assert_eq!(code, 3, "{printed}");
    assert!(printed.contains("something depends on it"), "{printed}");
    let (code, printed) = on_terminal(&stage, &["revoke", USED], &[("to revoke it: ", "Zapier\n")]);
    assert_eq!(code, 0, "{printed}");
}

#[test]
fn ctrl_c_at_a_question_changes_nothing_and_exits_3() {
    let stage = Stage::new();
    let (code, printed) = on_terminal(&stage, &["revoke", UNUSED], &[("[y/N] ", "\x03")]);
    assert_eq!(code, 3, "{printed}");
    assert_eq!(stage.asked("/delete-api-key"), 0);
    let (code, printed) = on_terminal(&stage, &["login"], &[("(not shown): ", "cz_abc\x03")]);
    assert_eq!(code, 3, "{printed}");
    assert!(!printed.contains("cz_abc"), "no echo: {printed}");
    let (code, printed) = on_terminal(&stage, &["login"], &[("(not shown): ", TERM)]);
    assert_eq!(code, 3, "{printed}");
}

#[test]
fn a_typed_key_is_not_echoed() {
    let stage = Stage::new();
    let typed = "cz_dead0123456789abcdefDEAD";
    let (code, printed) = on_terminal(&stage, &["login"], &[("(not shown): ", &format!("{typed}\n"))]);
    assert_eq!(code, 4, "{printed}");
    assert!(!printed.contains("cz_dead"), "{printed}");
}

#[test]
fn no_input_never_asks_even_on_a_terminal() {
    let stage = Stage::new();
    let (code, printed) = on_terminal(&stage, &["revoke", UNUSED, "--no-input"], &[]);
    assert_eq!(code, 2, "{printed}");
}
