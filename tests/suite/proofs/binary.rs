//! The real binary against a server that accepts a revocation, does nothing, and then refuses everybody.

use std::process::Output;

use assert_cmd::Command;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::sandbox::{self, FaultRule, Running, SandboxOptions};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const BINARY: &str = env!("CARGO_BIN_EXE_chatzuri-keys");
/// The key whose value the sandbox hands out as leaked.
const LEAKED: &str = "Staging importer";
/// The key we are signed in with.
const OWN: &str = "chatzuri-keys (this one)";

/// A server, and a home whose profiles get their credentials from a command.
struct Stage {
    runtime: Runtime,
    server: Running,
    home: TempDir,
}

impl Stage {
    /// Signed in with our own credential, and as `more` profiles with these values.
    fn new(fault: &str, more: &[&str]) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SandboxOptions {
            apps: false,
            ..SandboxOptions::default()
        };
        let stage = Self {
            server: runtime.block_on(sandbox::start(options)).unwrap(),
            runtime,
            home: tempfile::tempdir().unwrap(),
        };
        let folder = stage.home.path().join("config/chatzuri-keys");
        std::fs::create_dir_all(&folder).unwrap();
        let mut config = "profile = \"main\"\n".to_owned();
        let own = ("main", stage.server.credential.expose().to_owned());
        let more = more.iter().map(|&name| (name, stage.server.leaked.expose().to_owned()));
        for (name, value) in std::iter::once(own).chain(more) {
            let file = folder.join(format!("{name}.key"));
            std::fs::write(&file, value).unwrap();
            config.push_str(&format!(
                "[profiles.{name}]\nbase_url = \"{}\"\ncredential_command = [\"cat\", {file:?}]\n",
                stage.server.base_url
            ));
        }
        std::fs::write(folder.join("config.toml"), config).unwrap();
        stage.server.inject(FaultRule::parse(fault).unwrap());
        stage
    }

    fn run(&self, args: &[&str], stdin: &str) -> Output {
        let home = self.home.path();
        let mut command = Command::new(BINARY);
        command
            .env_clear()
            .env("HOME", home)
            .env("PATH", "/usr/bin:/bin")
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_STATE_HOME", home.join("state"))
            .args(args)
            .write_stdin(stdin.to_owned());
        command.output().unwrap()
    }

    /// Revokes with `--yes --json`: the exit code, the outcome of the last key, and whether `value` is alive in truth.
    fn revoke(&self, args: &[&str], stdin: &str, value: &Secret) -> (Option<i32>, String, bool) {
        let ran = self.run(&[args, &["--yes", "--json"]].concat(), stdin);
        let words = String::from_utf8_lossy(&ran.stderr).into_owned();
        let shape: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {words}"));
        let last = match shape["results"].as_array() {
            Some(results) => results.last().unwrap()["outcome"].clone(),
            None => shape["outcome"].clone(),
        };
        (
            ran.status.code(),
            last.as_str().unwrap().to_owned(),
            self.is_alive(value),
        )
    }

    /// How often `get-teams` was answered 401 after the `DELETE`, our own last look at the truth included.
    fn refusals(&self) -> usize {
        let log = self.server.request_log();
        let after = log.iter().skip_while(|record| record.method != "DELETE");
        let refused = |status: Option<u16>| status == Some(401);
        after
            .filter(|record| record.path.contains("/get-teams") && refused(record.status))
            .count()
    }

    /// What the server says of a value once it plays no fault any more.
    fn is_alive(&self, value: &Secret) -> bool {
        self.server.clear_faults();
        // An error means that another test installed one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/get-teams", self.server.base_url);
        let asked = client.get(url).bearer_auth(value.expose()).send();
        self.runtime.block_on(asked).unwrap().status() == 200
    }
}

const UNPROVEN: (Option<i32>, &str, bool) = (Some(7), "unconfirmed", true);

fn told((code, outcome, alive): &(Option<i32>, String, bool)) -> (Option<i32>, &str, bool) {
    (*code, outcome, *alive)
}

#[test]
fn a_leaked_value_is_not_dead_where_our_credential_is_refused_too() {
    let stage = Stage::new("revoke:lost-database", &[]);
    let leaked = stage.server.leaked.expose();
    let ended = stage.revoke(&["leak"], leaked, &stage.server.leaked);
    assert_eq!(told(&ended), UNPROVEN);
}

#[test]
fn a_key_whose_value_is_given_is_not_dead_where_our_credential_is_refused_too() {
    let stage = Stage::new("revoke:lost-database", &[]);
    let leaked = stage.server.leaked.expose();
    let ended = stage.revoke(&["revoke", LEAKED, "--with-value"], leaked, &stage.server.leaked);
    assert_eq!(told(&ended), UNPROVEN);
}

#[test]
fn our_own_key_is_not_dead_where_another_profile_is_refused_too() {
    for keys in [&["revoke", OWN][..], &["revoke", "Load test", OWN]] {
        let fault = if keys.len() == 2 {
            "revoke:lost-database"
        } else {
            // The first key goes as it should.
            "revoke:slow=0:1"
        };
        let stage = Stage::new(fault, &["second"]);
        stage.server.inject(FaultRule::parse("revoke:lost-database").unwrap());
        let ended = stage.revoke(keys, "", &stage.server.credential);
        assert_eq!(told(&ended).1, "unconfirmed", "{keys:?}");
        assert!(ended.2 && ended.0 != Some(0), "{keys:?} {ended:?}");
    }
}

#[test]
fn our_own_key_wants_three_refusals_where_nothing_else_can_be_asked() {
    for keys in [&["revoke", OWN][..], &["revoke", "Load test", OWN]] {
        let stage = Stage::new("list:slow=0", &[]);
        let ended = stage.revoke(keys, "", &stage.server.credential);
        assert_eq!(told(&ended), (Some(0), "dead", false), "{keys:?}");
        assert_eq!(stage.refusals(), 3 + 1, "{keys:?}");
    }
}

#[test]
fn our_own_key_that_leaves_the_list_and_still_answers_is_alive() {
    let stage = Stage::new("revoke:slow=0:1", &[]);
    stage.server.inject(FaultRule::parse("revoke:gone-404").unwrap());
    let ended = stage.revoke(&["revoke", "Load test", OWN], "", &stage.server.credential);
    assert!(ended.2 && ended.0 != Some(0) && ended.1 != "revoked", "{ended:?}");
}

#[test]
fn a_peer_that_is_dead_before_is_no_control() {
    let stage = Stage::new("list:slow=0", &["second"]);
    let gone = stage.run(&["revoke", LEAKED, "--yes"], "");
    assert_eq!(gone.status.code(), Some(0));
    let ended = stage.revoke(&["revoke", OWN], "", &stage.server.credential);
    assert_eq!(told(&ended), (Some(0), "dead", false));
}

#[test]
fn a_leaked_key_that_speaks_for_itself_is_dead_and_the_timeline_says_that_nothing_controlled_it() {
    let stage = Stage::new("list:slow=0", &[]);
    std::fs::write(
        stage.home.path().join("config/chatzuri-keys/main.key"),
        "cz_of_nobody_at_all",
    )
    .unwrap();
    let args = ["leak", "--with-leaked-key", "--yes", "--json"];
    let ran = stage.run(&args, stage.server.leaked.expose());
    let shape: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(
        (ran.status.code(), &shape["outcome"]),
        (Some(0), &"dead".into()),
        "{shape}"
    );
    let facts = shape["timeline"].as_array().unwrap();
    assert!(facts.iter().any(|fact| fact["what"] == "uncontrolled"), "{facts:?}");
}
