//! `leak` and `identify`: every kind of stolen value and every faulty revocation, through the real binary.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use assert_cmd::Command;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::sandbox::{self, FaultRule, Running, SandboxOptions};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const BINARY: &str = env!("CARGO_BIN_EXE_chatzuri-keys");
/// The name of the key whose value the sandbox hands out as leaked.
const LEAKED: &str = "Staging importer";

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

/// A server and an empty home.
struct Stage {
    runtime: Runtime,
    server: Running,
    home: TempDir,
}

fn start(runtime: &Runtime) -> Running {
    let options = SandboxOptions {
        apps: false,
        ..SandboxOptions::default()
    };
    runtime.block_on(sandbox::start(options)).unwrap()
}

impl Stage {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        Self {
            server: start(&runtime),
            runtime,
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn with_fault(rule: &str) -> Self {
        let stage = Self::new();
        stage.server.inject(FaultRule::parse(rule).unwrap());
        stage
    }

    fn leaked(&self) -> &str {
        self.server.leaked.expose()
    }

    /// The binary with nothing of this machine's, no keyring, no config and no credential; everything done is in a log.
    fn bare(&self) -> Command {
        Command::from_std(self.process())
    }

    fn process(&self) -> Process {
        let mut command = Process::new(BINARY);
        let home = self.home.path();
        command
            .env_clear()
            .env("HOME", home)
            .env("PATH", "/usr/bin:/bin")
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("TZ", "UTC")
            .arg("--log-file")
            .arg(home.join("log.txt"));
        command
    }

    fn signed_in(&self) -> Command {
        let mut command = self.bare();
        command
            .env("CHATZURI_API_KEY", self.server.credential.expose())
            .env("CHATZURI_BASE_URL", &self.server.base_url);
        command
    }

    /// Runs with `pasted` on standard input, and looks that `value` is nowhere afterwards.
    fn hunt(&self, mut command: Command, args: &[&str], pasted: &str, value: &str) -> Ran {
        let output = command.args(args).write_stdin(pasted.to_owned()).output().unwrap();
        let ran = Ran {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        if value.len() > 12 {
            // The ends are shown; the middle never is.
            let middle = value.get(8..value.len() - 4).unwrap();
            assert!(!ran.stdout.contains(middle), "{}", ran.stdout);
            assert!(!ran.stderr.contains(middle), "{}", ran.stderr);
            let config = self.home.path().join("config");
            for file in files(self.home.path()).iter().filter(|file| !file.starts_with(&config)) {
                let bytes = std::fs::read(file).unwrap();
                let found = bytes.windows(middle.len()).any(|window| window == middle.as_bytes());
                assert!(!found, "the value is in {}", file.display());
            }
        }
        ran
    }

    fn leak(&self, args: &[&str]) -> Ran {
        let mut all = vec!["leak"];
        all.extend(args);
        self.hunt(self.signed_in(), &all, self.leaked(), self.leaked())
    }

    /// What was asked of the server in the last run, without paging.
    fn asked(&self, endpoint: &str) -> usize {
        let log = self.server.request_log();
        let asked = log.iter().filter(|record| record.path.contains(endpoint));
        asked
            .filter(|record| !record.path.contains(crate::support::LOOK))
            .count()
    }

    fn create(&self, name: &str) -> String {
        let output = self.signed_in().args(["create", name, "--show"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn config(&self, text: &str) {
        let folder = self.home.path().join("config").join("chatzuri-keys");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// A profile whose credential a command prints.
    fn profile(&self, name: &str, server: &Running, signed_in: bool) -> String {
        let file = self.home.path().join("config").join(format!("{name}.key"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, server.credential.expose()).unwrap();
        let command = if signed_in {
            format!("credential_command = [\"cat\", \"{}\"]\n", file.display())
        } else {
            String::new()
        };
        format!("[profiles.{name}]\nbase_url = \"{}\"\n{command}", server.base_url)
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn says(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{word:?} is not in: {}", ran.stderr);
    }
}

// ------------------------------------------------------------------------------------------------- the stolen values

#[test]
fn a_key_whose_ends_are_listed_dies_in_four_requests_to_its_first_401() {
    let stage = Stage::new();
    let ran = stage.leak(&["--yes", "--json"]);
    says(
        &ran,
        0,
        &[
            "DEAD: “Staging importer”",
            "Revoking “Staging importer”",
            "something depends on it",
        ],
    );
    let shape: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&shape["outcome"], &shape["matched_by"]),
        (&"dead".into(), &"hint".into())
    );
    let what: Vec<&str> = shape["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fact| fact["what"].as_str().unwrap())
        .collect();
    assert_eq!(
        what,
        [
            "began",
            "listed",
            "found",
            "revocation_accepted",
            "refused",
            "refused",
            "refused",
            "controlled",
            "dead",
            "off_the_list"
        ]
        .iter()
        .flat_map(|&word| if word == "found" {
            vec!["alive", "found"]
        } else {
            vec![word]
        })
        .collect::<Vec<_>>()
    );
    let log = stage.server.request_log();
    let first: Vec<u16> = log
        .iter()
        .take(4)
        .map(|record| record.status.unwrap_or_default())
        .collect();
    assert_eq!(first, [200, 200, 200, 401]);
    let again = stage.leak(&["--yes"]);
    says(&again, 10, &["Not accepted", "characters and ends in"]);
}

#[test]
fn a_key_made_here_dies_in_three_requests_to_its_first_401() {
    let stage = Stage::new();
    let value = stage.create("Invoices");
    let before = stage.server.request_log().len();
    let ran = stage.hunt(stage.signed_in(), &["leak", "--yes"], &value, &value);
    says(
        &ran,
        0,
        &["DEAD: “Invoices”", "the fingerprint kept when it was created here"],
    );
    let log = stage.server.request_log();
    let first: Vec<u16> = log
        .iter()
        .skip(before)
        .take(3)
        .map(|r| r.status.unwrap_or_default())
        .collect();
    assert_eq!(first, [200, 200, 401]);
    let again = stage.hunt(stage.signed_in(), &["leak", "--yes"], &value, &value);
    says(&again, 0, &["Already gone: “Invoices”"]);
    let told = stage.hunt(stage.signed_in(), &["identify"], &value, &value);
    assert_eq!(
        (told.code, told.stdout.contains("Invoices")),
        (0, true),
        "{}",
        told.stderr
    );
}

/// A way to `server` that counts the connections made over it, as the address of an API.
fn counted(server: &Running) -> (String, Arc<AtomicUsize>) {
    let (_, rest) = server.base_url.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let (host, listener) = (host.to_owned(), TcpListener::bind("127.0.0.1:0").unwrap());
    let base = format!("http://{}/{path}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let far = TcpStream::connect(&host).unwrap();
            for (mut from, mut to) in [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)] {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    (base, count)
}

#[test]
fn from_the_start_to_the_death_of_a_key_there_is_one_connection() {
    let stage = Stage::new();
    let (base, connections) = counted(&stage.server);
    let command = || {
        let mut command = stage.signed_in();
        command.env("CHATZURI_BASE_URL", &base);
        command
    };
    let output = command().args(["create", "Invoices", "--show"]).output().unwrap();
    let made = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    // By its fingerprint in three round trips to the first 401, by its two ends in four.
    for (value, trips) in [
        (made, &[200, 200, 401][..]),
        (stage.leaked().to_owned(), &[200, 200, 200, 401]),
    ] {
        connections.store(0, Ordering::SeqCst);
        let before = stage.server.request_log().len();
        let ran = stage.hunt(command(), &["leak", "--yes"], &value, &value);
        says(&ran, 0, &["DEAD"]);
        let log = stage.server.request_log();
        let asked = log.iter().skip(before).map(|record| record.status.unwrap_or_default());
        assert_eq!(asked.take(trips.len()).collect::<Vec<_>>(), trips);
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    }
    // A value that is only looked up may be alive tomorrow: it goes over connections of its own.
    connections.store(0, Ordering::SeqCst);
    let own = stage.server.credential.expose().to_owned();
    stage.hunt(command(), &["identify"], &own, &own);
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[test]
fn a_value_is_taken_as_it_was_found() {
    let stage = Stage::new();
    let value = stage.leaked();
    for pasted in [
        format!("Authorization: Bearer {value}\n"),
        format!("  \"{value}\"  "),
        format!("export CHATZURI_API_KEY='{value}'\n"),
    ] {
        let ran = stage.hunt(stage.signed_in(), &["leak", "--dry-run"], &pasted, value);
        says(&ran, 0, &["Would revoke “Staging importer”"]);
    }
    assert_eq!(stage.asked("/delete-api-key"), 0);
}

#[test]
fn our_own_credential_is_found_and_dies() {
    let stage = Stage::new();
    let own = stage.server.credential.expose().to_owned();
    let ran = stage.hunt(stage.signed_in(), &["leak", "--yes"], &own, &own);
    says(
        &ran,
        0,
        &[
            "DEAD: “chatzuri-keys (this one)”",
            "it is the key you're signed in with",
        ],
    );
}

#[test]
fn garbage_is_told_and_no_server_is_asked() {
    let stage = Stage::new();
    let million = "x".repeat(1 << 20);
    for (pasted, said) in [
        ("", "The key is empty"),
        (" \n", "The key is empty"),
        ("not a key", "is a space"),
        ("\u{1b}[31mred", "another character no key contains"),
        (million.as_str(), "more than 65536 bytes"),
    ] {
        let ran = stage.hunt(stage.signed_in(), &["leak", "--yes"], pasted, "");
        says(&ran, 2, &[said]);
        assert!(ran.stderr.len() < 300, "{}", ran.stderr);
    }
    assert!(stage.server.request_log().is_empty());
}

#[test]
fn a_dead_value_whose_ends_fit_revokes_nothing() {
    let stage = Stage::new();
    let value = stage.leaked().to_owned();
    let middle = value.get(8..value.len() - 4).unwrap();
    let twin = value.replace(middle, &"0".repeat(middle.len()));
    let ran = stage.hunt(stage.signed_in(), &["leak", "--yes"], &twin, &twin);
    says(&ran, 2, &["Nothing was revoked", "already gets 401", LEAKED]);
    assert_eq!(stage.asked("/delete-api-key"), 0);
}

#[test]
fn without_ends_and_uses_in_the_list_nothing_is_guessed() {
    let stage = Stage::with_fault("list:missing-fields");
    let ran = stage.leak(&["--yes"]);
    says(
        &ran,
        2,
        &["it could be any of these keys", "  “Zapier”", "--with-leaked-key"],
    );
    assert_eq!(stage.asked("/delete-api-key"), 0);
}

#[test]
fn a_key_of_another_signed_in_team_dies_there() {
    let stage = Stage::new();
    let other = start(&stage.runtime);
    let profiles = stage.profile("acme", &stage.server, true) + &stage.profile("beta", &other, true);
    stage.config(&format!("profile = \"acme\"\n{profiles}"));
    let value = other.leaked.expose();
    let ran = stage.hunt(stage.bare(), &["leak", "--yes"], value, value);
    says(&ran, 0, &["DEAD: “Staging importer”", "of beta"]);
    assert_eq!(stage.asked("/delete-api-key"), 0);
    assert!(
        !stage
            .server
            .request_log()
            .iter()
            .any(|record| record.status == Some(401)),
        "not tried there"
    );
}

#[test]
fn a_living_key_of_a_foreign_team_is_named_and_only_told_to_it_kills_itself() {
    let stage = Stage::new();
    let foreign = start(&stage.runtime);
    let profiles = stage.profile("acme", &stage.server, true) + &stage.profile("beta", &foreign, false);
    stage.config(&format!("profile = \"acme\"\n{profiles}"));
    let value = foreign.leaked.expose();
    let ran = stage.hunt(stage.bare(), &["leak", "--yes"], value, value);
    says(
        &ran,
        7,
        &[
            "STILL ALIVE",
            foreign.team.as_str(),
            "--with-leaked-key",
            "The list of beta was not read",
        ],
    );
    let told = stage.hunt(stage.bare(), &["identify"], value, value);
    assert!(
        told.code == 0 && told.stdout.contains(&foreign.team),
        "{}{}",
        told.stdout,
        told.stderr
    );
    let ran = stage.hunt(stage.bare(), &["leak", "--yes", "--with-leaked-key"], value, value);
    says(&ran, 0, &["DEAD: “Staging importer”", "its own team"]);
}

#[test]
fn without_a_credential_a_journal_or_a_config_the_leaked_key_can_kill_itself() {
    let stage = Stage::new();
    // No folder can be made where a file stands.
    std::fs::write(stage.home.path().join("state"), "").unwrap();
    let bare = || {
        let mut command = stage.bare();
        command.env("CHATZURI_BASE_URL", &stage.server.base_url);
        command
    };
    let ran = stage.hunt(bare(), &["leak", "--yes"], stage.leaked(), stage.leaked());
    says(&ran, 7, &["STILL ALIVE", "Nothing is being recorded"]);
    let ran = stage.hunt(
        bare(),
        &["leak", "--yes", "--with-leaked-key"],
        stage.leaked(),
        stage.leaked(),
    );
    says(&ran, 0, &["DEAD: “Staging importer”"]);
}

#[test]
fn a_broken_journal_stops_no_kill() {
    let stage = Stage::new();
    let folder = stage.home.path().join("state").join("chatzuri-keys");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("journal.db"),
        "this is no journal of ours, and longer than a header of one",
    )
    .unwrap();
    let ran = stage.leak(&["--yes"]);
    says(&ran, 0, &["DEAD", "Nothing is being recorded"]);
}

// -------------------------------------------------------------------------------------------- the faulty revocations

#[test]
fn every_faulty_revocation_has_its_outcome_words_and_code() {
    for (rule, code, words) in [
        ("revoke:revoke-late=2", 0, &["it is alive", "DEAD"][..]),
        (
            "revoke:revoke-never",
            7,
            &["STILL ALIVE", "accepted the revocation", "gone from the list"][..],
        ),
        ("revoke:revoke-listed", 7, &["STILL ALIVE", "still in the list"][..]),
        ("revoke:gone-404", 7, &["STILL ALIVE", "404", "still in the list"][..]),
        ("revoke:status=401", 4, &["NOT revoked", "401"][..]),
        ("revoke:status=403", 4, &["NOT revoked", "403", "--with-leaked-key"][..]),
        ("revoke:status=400", 7, &["STILL ALIVE", "400"][..]),
        ("revoke:status=503", 7, &["STILL ALIVE", "503"][..]),
        ("revoke:status=503:1", 0, &["DEAD"][..]),
        ("revoke:drop-after:1", 0, &["DEAD"][..]),
        ("revoke:retry-after=3:1", 0, &["DEAD"][..]),
    ] {
        let stage = Stage::with_fault(rule);
        // What dies is not waited for longer than it takes.
        let watch = if code == 0 { "60" } else { "1" };
        let ran = stage.leak(&["--yes", "--watch", watch]);
        assert_eq!(ran.code, code, "{rule}: {}", ran.stderr);
        for word in words {
            assert!(ran.stderr.contains(word), "{rule}: {word:?} is not in: {}", ran.stderr);
        }
        assert_eq!(ran.stderr.contains("DEAD: "), code == 0, "{rule}: {}", ran.stderr);
    }
}

#[test]
fn where_our_credential_may_not_the_leaked_key_may() {
    let ran = Stage::with_fault("revoke:status=403:1").leak(&["--yes", "--with-leaked-key"]);
    says(&ran, 0, &["403", "DEAD"]);
}

#[test]
fn a_key_that_somebody_revoked_meanwhile_is_already_gone() {
    // The list is read late: by then the server has forgotten the key that the first answer showed.
    let stage = Stage::with_fault("revoke:status-after=404:1");
    says(&stage.leak(&["--yes"]), 0, &["Already gone: “Staging importer”"]);
}

#[test]
fn a_value_that_cannot_be_tried_revokes_nothing_and_proves_nothing() {
    let stage = Stage::with_fault("teams:status=503");
    let ran = stage.leak(&["--yes"]);
    says(&ran, 7, &["NOT PROVEN", "503"]);
    assert_eq!(stage.asked("/delete-api-key"), 0);
    let stage = Stage::new();
    let value = stage.create("Invoices");
    stage.server.inject(FaultRule::parse("teams:status=503").unwrap());
    let ran = stage.hunt(stage.signed_in(), &["leak", "--yes", "--watch", "1"], &value, &value);
    says(&ran, 7, &["NOT PROVEN", "accepted the revocation"]);
}

// ------------------------------------------------------------------------------------------------------- the reports

#[test]
fn the_timeline_is_written_where_it_is_asked_for_and_into_the_log() {
    let stage = Stage::new();
    for name in ["incident.md", "incident.json"] {
        let value = stage.create(name);
        let file = stage.home.path().join(name);
        let args = ["leak", "--yes", "--report", file.to_str().unwrap()];
        let ran = stage.hunt(stage.signed_in(), &args, &value, &value);
        says(&ran, 0, &["The timeline is in "]);
        let text = std::fs::read_to_string(file).unwrap();
        assert!(
            text.contains("first") && text.contains("dead") && text.contains(&value[..7]),
            "{text}"
        );
    }
    let output = stage.bare().args(["log", "--json"]).output().unwrap();
    let shape: Value = serde_json::from_slice(&output.stdout).unwrap();
    let last = shape["entries"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["action"], &last["outcome"]), (&"leak".into(), &"dead".into()));
    assert_eq!(last["key"]["name"], "incident.json");
    assert!(
        last["detail"]
            .as_str()
            .unwrap()
            .starts_with("matched by fingerprint, revocation_accepted ")
    );
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_is_done() {
    let stage = Stage::new();
    for file in ["incident.txt", "no/such/folder/incident.md"] {
        says(&stage.leak(&["--yes", "--report", file]), 2, &["--report"]);
    }
    assert!(stage.server.request_log().is_empty());
}

#[test]
fn a_report_is_never_written_over_a_file_or_through_a_link() {
    let stage = Stage::new();
    let value = stage.create("Invoices");
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let (file, target) = (home.join("kept.md"), home.join("elsewhere.md"));
    std::fs::write(&file, "mine").unwrap();
    std::os::unix::fs::symlink(&target, home.join("dangling.md")).unwrap();
    for name in ["kept.md", "dangling.md"] {
        let path = home.join(name);
        let args = ["leak", "--yes", "--report", path.to_str().unwrap()];
        let ran = stage.hunt(stage.signed_in(), &args, &value, &value);
        says(&ran, 2, &["--report", name, "is there already"]);
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    assert!(!target.exists(), "nothing is made through a link");
    assert_eq!(stage.asked("/delete-api-key"), 0, "nothing was revoked");
}

#[test]
fn a_report_is_for_the_person_alone() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new();
    let value = stage.create("Invoices");
    let file = stage.home.path().join("incident.md");
    let args = ["leak", "--yes", "--report", file.to_str().unwrap()];
    says(
        &stage.hunt(stage.signed_in(), &args, &value, &value),
        0,
        &["incident.md"],
    );
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_report_that_cannot_be_written_in_the_end_stops_no_revocation() {
    let stage = Stage::new();
    let value = stage.create("Invoices");
    // Longer than any file system takes: seen when it is written.
    let file = stage.home.path().join(format!("{}.md", "x".repeat(300)));
    let args = ["leak", "--yes", "--report", file.to_str().unwrap()];
    let ran = stage.hunt(stage.signed_in(), &args, &value, &value);
    says(&ran, 1, &["DEAD", "Cannot write "]);
}

#[test]
fn nobody_to_ask_means_that_nothing_is_read_or_done() {
    let stage = Stage::new();
    says(&stage.leak(&[]), 2, &["--yes"]);
    assert!(stage.server.request_log().is_empty());
}

#[test]
fn identify_says_which_key_it_is() {
    let stage = Stage::new();
    let ran = stage.hunt(stage.signed_in(), &["identify"], stage.leaked(), stage.leaked());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for said in [
        LEAKED,
        stage.server.team.as_str(),
        " days ago",
        " hours ago",
        "Alive       yes",
    ] {
        assert!(ran.stdout.contains(said), "{said:?} is not in: {}", ran.stdout);
    }
    let ran = stage.hunt(
        stage.signed_in(),
        &["identify", "--json"],
        stage.leaked(),
        stage.leaked(),
    );
    let shape: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&shape["alive"], &shape["matched_by"]), (&true.into(), &"hint".into()));
    assert_eq!(shape["key"]["name"], LEAKED);
    let dead = Secret::parse("cz_dead0123456789abcdefDEAD").unwrap();
    let ran = stage.hunt(stage.signed_in(), &["identify"], dead.expose(), dead.expose());
    says(&ran, 10, &["Not accepted", "27 characters and ends in DEAD"]);
    assert_eq!(stage.asked("/delete-api-key"), 0);
}

// ------------------------------------------------------------------------------------------------------- the terminal

#[test]
fn a_hangup_after_the_confirmation_stops_no_kill() {
    let stage = Stage::with_fault("revoke:slow=300");
    let mut child = stage
        .process()
        .env("CHATZURI_API_KEY", stage.server.credential.expose())
        .env("CHATZURI_BASE_URL", &stage.server.base_url)
        .args(["leak", "--yes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(stage.leaked().as_bytes()).unwrap();
    drop(stdin);
    while stage.asked("/delete-api-key") == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it revoked");
        std::thread::yield_now();
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.code() == Some(0) && said.contains("DEAD"), "{said}");
    let log = stage.bare().args(["log", "--json"]).output().unwrap();
    assert!(String::from_utf8_lossy(&log.stdout).contains("\"dead\""));
}

/// Runs `leak` on a terminal, answers each question when it stands there, and gives back everything printed.
fn on_terminal(stage: &Stage, talk: &[(&str, &str)]) -> (u32, String) {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new(BINARY);
    command.env_clear();
    command.env("HOME", stage.home.path());
    command.env("CHATZURI_API_KEY", stage.server.credential.expose());
    command.env("CHATZURI_BASE_URL", &stage.server.base_url);
    command.arg("leak");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut writer = pair.master.take_writer().unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (mut printed, mut byte) = (Vec::new(), [0u8; 1]);
    for (question, answer) in talk {
        let from = printed.len();
        while !String::from_utf8_lossy(&printed[from..]).contains(question) {
            match reader.read(&mut byte) {
                Ok(1) => printed.push(byte[0]),
                _ => panic!("never asked {question}: {}", String::from_utf8_lossy(&printed)),
            }
        }
        writer.write_all(answer.as_bytes()).unwrap();
    }
    while let Ok(1) = reader.read(&mut byte) {
        printed.push(byte[0]);
    }
    let code = child.wait().unwrap().exit_code();
    (code, String::from_utf8_lossy(&printed).into_owned())
}

#[test]
fn on_a_terminal_the_value_is_hidden_and_the_name_is_typed() {
    let stage = Stage::new();
    let pasted = format!("\u{1b}[200~Bearer {}\u{1b}[201~\n", stage.leaked());
    let talk = |answer| [("(not shown): ", pasted.as_str()), ("to revoke it: ", answer)];
    let (code, printed) = on_terminal(&stage, &talk("y\n"));
    assert!(code == 3 && printed.contains("Declined"), "{printed}");
    assert_eq!(stage.asked("/delete-api-key"), 0);
    let (code, printed) = on_terminal(&stage, &talk("Staging importer\n"));
    assert!(code == 0 && printed.contains("DEAD: "), "{printed}");
    assert!(
        printed.contains("something depends on it") && !printed.contains(stage.leaked()),
        "{printed}"
    );
}
