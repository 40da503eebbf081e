//! A new key is never lost and never leaked: the binary, killed, starved, watched and dumped.

mod broken;
mod canary;
mod failing_calls;
mod freeze_points;
mod kill_points;
mod memory;
mod paste;
mod rotation;
mod sweep;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use chatzuri_keys::sandbox::{self, Running, SandboxOptions};
use rusqlite::OptionalExtension;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::tools::{self, Bus, Guarded};
use crate::support::terminal::{BINARY, Terminal};

/// What every test of this folder needs.
const KEYRING: [(&str, &str); 4] = [
    ("dbus-daemon", "dbus"),
    ("dbus-send", "dbus"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
];

fn have(test: &str, more: &[(&str, &str)]) -> bool {
    let tools: Vec<_> = KEYRING.iter().chain(more).copied().collect();
    tools::have(test, &tools)
}

/// A machine of its own: a home, a session bus with an unlocked keyring, and a server that outlives what is killed. The
/// binary is signed in there.
struct Machine {
    keyring: Guarded,
    bus: Bus,
    home: TempDir,
    /// Where the target `shelf` puts values, under the ids of their keys.
    shelf: TempDir,
    sandbox: Running,
    client: reqwest::Client,
    runtime: Runtime,
}

/// Runs a command that reads this. It may end without having read all of it.
fn fed(command: &mut Command, stdin: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

/// The protocol's row of one creation, as it is in the file.
#[derive(Debug, Clone)]
struct Row {
    op: String,
    name: String,
    stage: String,
    minted: Option<String>,
}

impl Machine {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let options = SandboxOptions {
            apps: false,
            ..SandboxOptions::default()
        };
        let sandbox = runtime.block_on(sandbox::start(options)).unwrap();
        let bus = Bus::start(true);
        // An error means that another test installed one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let machine = Self {
            keyring: bus.unlocked_keyring(),
            bus,
            home: tempfile::tempdir().unwrap(),
            shelf: tempfile::tempdir().unwrap(),
            sandbox,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            runtime,
        };
        fs::create_dir_all(machine.config().parent().unwrap()).unwrap();
        let sink = format!(
            "[sinks.shelf]\ncommand = [\"sh\", \"-c\", 'cat >\"$0/$1\"', {:?}, \"{{key_id}}\"]\n",
            machine.shelf.path()
        );
        fs::write(machine.config(), sink).unwrap();
        let signed_in = machine.fed(&["login", "--with-token"], machine.sandbox.credential.expose());
        assert!(signed_in.status.success(), "{}", text(&signed_in.stderr));
        machine
    }

    /// Where the binary keeps its journal unless told otherwise.
    fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    fn config(&self) -> PathBuf {
        self.home.path().join("config/chatzuri-keys/config.toml")
    }

    /// Says in the config that keys of these names have the shelf as their place.
    fn place(&self, names: &str) {
        let mut config = fs::read_to_string(self.config()).unwrap();
        config.push_str(&format!("[[key]]\nmatch = \"{names}\"\nplaces = [\"shelf\"]\n"));
        fs::write(self.config(), config).unwrap();
    }

    /// Makes a command, or what it wraps, run on this machine.
    fn dress(&self, command: &mut Command) {
        self.bus.dress(command);
        for name in ["CHATZURI_API_KEY", "CHATZURI_PROFILE"] {
            command.env_remove(name);
        }
        command
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path().join("config"))
            .env("XDG_STATE_HOME", self.state())
            .env("CHATZURI_BASE_URL", &self.sandbox.base_url)
            .stdin(Stdio::null());
    }

    fn ours(&self, args: &[&str]) -> Command {
        let mut command = tools::command(BINARY);
        self.dress(&mut command);
        command.args(args);
        command
    }

    fn fed(&self, args: &[&str], stdin: &str) -> Output {
        fed(&mut self.ours(args), stdin)
    }

    /// The value that the keyring holds for a creation.
    fn kept(&self, op: &str) -> Option<String> {
        let account = format!("escrow/{op}");
        let item = self.bus.run(
            "secret-tool",
            &["lookup", "service", "chatzuri-keys", "username", &account],
        );
        item.status.success().then(|| text(&item.stdout))
    }

    /// What the vendor's documented endpoint says of a value.
    fn status_of(&self, value: &str) -> u16 {
        let url = format!("{}/get-teams", self.sandbox.base_url);
        let asked = self.client.get(url).bearer_auth(value).send();
        self.runtime.block_on(asked).unwrap().status().as_u16()
    }

    /// The ids of the server's keys of this name.
    fn keys_named(&self, name: &str) -> Vec<String> {
        let named = self.keys_like(name).into_iter().filter(|(_, key)| key == name);
        named.map(|(id, _)| id).collect()
    }

    /// The ids and the names of the server's keys whose name begins so.
    fn keys_like(&self, beginning: &str) -> Vec<(String, String)> {
        let url = format!("{}/get-api-keys?page=1&size=100", self.sandbox.base_url);
        let asked = self.client.get(url).bearer_auth(self.sandbox.credential.expose());
        let body = self
            .runtime
            .block_on(async { asked.send().await?.bytes().await })
            .unwrap();
        let list: Value = serde_json::from_slice(&body).unwrap();
        let keys = list["data"].as_array().unwrap();
        assert!(keys.len() < 100, "the list has one page");
        keys.iter()
            .map(|key| {
                (
                    key["id"].as_str().unwrap().to_owned(),
                    key["name"].as_str().unwrap().to_owned(),
                )
            })
            .filter(|(_, name)| name.starts_with(beginning))
            .collect()
    }

    /// Takes a key off the server, so that its list stays short.
    fn revoke(&self, id: &str) {
        let url = format!("{}/delete-api-key?keyId={id}", self.sandbox.base_url);
        let asked = self.client.delete(url).bearer_auth(self.sandbox.credential.expose());
        assert!(self.runtime.block_on(asked.send()).unwrap().status().is_success());
    }

    fn pass(&self, seconds: u64) {
        self.sandbox.pass(Duration::from_secs(seconds));
    }

    /// How many requests were no reading.
    fn changes_asked(&self) -> usize {
        let log = self.sandbox.request_log();
        log.iter().filter(|request| request.method != "GET").count()
    }
}

/// The row of the creation of this name, or of its successor. It is read from a copy: whoever opens a journal first after a crash mends it.
fn row(state: &Path, name: &str) -> Option<Row> {
    let copy = tempfile::tempdir().unwrap();
    let folder = state.join("chatzuri-keys");
    for file in ["journal.db", "journal.db-wal"] {
        if folder.join(file).exists() {
            fs::copy(folder.join(file), copy.path().join(file)).unwrap();
        }
    }
    let journal = rusqlite::Connection::open(copy.path().join("journal.db")).unwrap();
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'creations'";
    let made: i64 = journal.query_row(tables, [], |row| row.get(0)).unwrap();
    if made == 0 {
        return None;
    }
    journal
        .query_row(
            "SELECT op, stage, minted_id, name FROM creations WHERE name = ?1 OR name GLOB ?1 || ' 20*'",
            [name],
            |row| {
                Ok(Row {
                    op: row.get(0)?,
                    stage: row.get(1)?,
                    minted: row.get(2)?,
                    name: row.get(3)?,
                })
            },
        )
        .optional()
        .unwrap()
}

/// The files below `folder` that hold anything of the form of a value.
fn files_with_values(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            files_with_values(&entry.path(), found);
        } else if kind.is_file() && fs::read(entry.path()).is_ok_and(|bytes| values_in(&bytes).next().is_some()) {
            found.push(entry.path());
        }
    }
}

/// Every `cz_` and 40 letters or digits.
fn values_in(bytes: &[u8]) -> impl Iterator<Item = &str> {
    bytes.windows(43).filter_map(|window| {
        let letters = window.strip_prefix(b"cz_")?;
        let value = letters.iter().all(u8::is_ascii_alphanumeric);
        value.then(|| std::str::from_utf8(window).unwrap())
    })
}

/// Creates a key of this name in a dashboard, up to the dialog that shows it once.
/// Begins a key that is made in the browser.
fn create_in_browser(terminal: &mut Terminal, name: &str) {
    terminal.wait_for("manual: list");
    terminal.press("n");
    terminal.wait_for("New key");
    terminal.send(name);
    terminal.wait_for(name);
    terminal.press("\r");
    terminal.wait_for("Paste its value");
}

fn create_in(terminal: &mut Terminal, name: &str) {
    // The list of the run before is drawn before anybody is signed in.
    terminal.wait_for("n new");
    terminal.press("n");
    terminal.wait_for("A name that says which app uses it");
    terminal.send(name);
    terminal.wait_for(&format!("{} of 100 characters", name.len()));
    terminal.press("\r");
    terminal.wait_for("This value is shown once");
}

/// Only root can mount, and dump what is hardened.
fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        // Past the capture of the test harness.
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: needs root");
    }
    root
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
