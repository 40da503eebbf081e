//! What stays as it is while the inside changes: outcome words and exit codes, the shape of every JSON, the rows of the
//! journal and its schema, a journal that an earlier version wrote, and how a wrong command line ends. No sentence is
//! pinned. A snapshot changes only with a decision that what it pins may change.

mod before;
mod journal;
mod json;
mod outcomes;
mod usage;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use chatzuri_keys::sandbox::{self, FaultRule, Running, SandboxOptions};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const BINARY: &str = env!("CARGO_BIN_EXE_chatzuri-keys");
/// A time far from midnight: no run crosses into another day.
const NOW: &str = "2027-03-04T12:00:00Z";
/// The key of the seed whose value is handed out as leaked.
const LEAKED: &str = "Staging importer";
/// The key of the seed that is the credential.
const OWN: &str = "chatzuri-keys (this one)";

/// A server, and a home with nothing of this machine's.
struct Stage {
    home: TempDir,
    server: Running,
    _runtime: Runtime,
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Stage {
    fn new() -> Self {
        Self::with(SandboxOptions::default(), NOW)
    }

    fn with(options: SandboxOptions, now: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SandboxOptions {
            apps: false,
            now: Some(now.parse().unwrap()),
            ..options
        };
        Self {
            home: tempfile::tempdir().unwrap(),
            server: runtime.block_on(sandbox::start(options)).unwrap(),
            _runtime: runtime,
        }
    }

    fn inject(&self, rule: &str) {
        self.server.inject(FaultRule::parse(rule).unwrap());
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = bare(self.home.path());
        command
            .env("CHATZURI_API_KEY", self.server.credential.expose())
            .env("CHATZURI_BASE_URL", &self.server.base_url)
            .args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.fed(args, "")
    }

    fn fed(&self, args: &[&str], stdin: &str) -> Ran {
        fed(self.command(args), stdin)
    }

    /// The same, where it has to end well.
    fn done(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
        ran
    }

    fn leaked(&self) -> String {
        self.server.leaked.expose().to_owned()
    }

    fn id_of(&self, name: &str) -> String {
        let shown = self.done(&["show", name, "--json"]).json();
        shown["key"]["id"].as_str().unwrap().to_owned()
    }

    fn is_alive(&self, value: &str) -> bool {
        let mut command = self.command(&["teams"]);
        command.env("CHATZURI_API_KEY", value);
        fed(command, "").code == 0
    }

    /// Whether the server was asked for this, but for looking whether it is there.
    fn was_asked(&self, path: &str) -> bool {
        let log = self.server.request_log();
        log.iter()
            .any(|record| record.path.contains(path) && !record.path.contains(crate::support::LOOK))
    }

    fn config(&self, text: &str) {
        let folder = self.home.path().join("config/chatzuri-keys");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// The lines of the config for a sink that keeps a value in a file of its name, and reads it back.
    fn sink(&self, name: &str) -> String {
        let kept = self.home.path().join(name);
        let kept = kept.to_str().unwrap();
        format!(
            "[sinks.{name}]\ncommand = [\"/bin/sh\", \"-c\", 'cat >\"$0\"', \"{kept}\"]\nverify = [\"/bin/cat\", \"{kept}\"]\n"
        )
    }

    fn kept_by(&self, sink: &str) -> String {
        std::fs::read_to_string(self.home.path().join(sink)).unwrap()
    }

    fn journal(&self) -> PathBuf {
        self.home.path().join("state/chatzuri-keys/journal.db")
    }
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", self.stdout, self.stderr))
    }
}

/// The binary with no keyring, no config, no proxy, no terminal, and one person's name.
fn bare(home: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("PATH", "/usr/bin:/bin")
        .env("USER", "amina")
        .env("TZ", "UTC");
    command
}

fn fed(command: Command, stdin: &str) -> Ran {
    let output = assert_cmd::Command::from_std(command)
        .write_stdin(stdin)
        .output()
        .unwrap();
    Ran::of(&output)
}

/// Starts it with its output kept.
fn spawned(mut command: Command) -> std::process::Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Every key of a JSON document with the types it has there: a line each. Elements of an array are one.
fn shape(document: &Value) -> String {
    let mut seen = Seen::default();
    seen.read("", "", document);
    seen.lines()
}

#[derive(Default)]
struct Seen {
    types: BTreeMap<String, BTreeSet<String>>,
    /// How often a path was there, to tell keys that only some objects have.
    times: BTreeMap<String, usize>,
    /// The object a path belongs to.
    parents: BTreeMap<String, String>,
}

impl Seen {
    fn read(&mut self, path: &str, key: &str, value: &Value) {
        let mut kind = |kind: &str| {
            self.types.entry(path.to_owned()).or_default().insert(kind.to_owned());
        };
        match value {
            Value::Null if key == "new_last_used_at" => kind("null or time"),
            Value::Null => kind("null"),
            Value::Bool(_) => kind("bool"),
            Value::Number(number) if key == "schema_version" => kind(&number.to_string()),
            Value::Number(number) => kind(if number.is_f64() { "float" } else { "integer" }),
            Value::String(text) => kind(&kind_of(key, text)),
            Value::Array(elements) => {
                kind("array");
                for element in elements {
                    self.count(&format!("{path}[]"), path);
                    self.read(&format!("{path}[]"), key, element);
                }
            }
            Value::Object(fields) => {
                kind("object");
                for (name, field) in fields {
                    let inner = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    self.count(&inner, path);
                    self.read(&inner, name, field);
                }
            }
        }
    }

    fn count(&mut self, path: &str, parent: &str) {
        *self.times.entry(path.to_owned()).or_default() += 1;
        self.parents.insert(path.to_owned(), parent.to_owned());
    }

    fn lines(&self) -> String {
        let mut lines = String::new();
        for (path, types) in &self.types {
            let parent = self.parents.get(path).cloned().unwrap_or_default();
            let objects = self.times.get(&parent).copied().unwrap_or(1);
            let times = self.times.get(path).copied().unwrap_or(1);
            let only_some = !path.ends_with("[]") && times < objects;
            let types: Vec<&str> = types.iter().map(String::as_str).collect();
            let path = if path.is_empty() { "." } else { path };
            let mark = if only_some { " (not in all)" } else { "" };
            lines.push_str(&format!("{path}: {}{mark}\n", types.join(" | ")));
        }
        lines
    }
}

/// The fields whose text is a word of ours: a script compares with it.
const WORDS: [&str; 17] = [
    "action",
    "how",
    "matched_by",
    "operation",
    "outcome",
    "own",
    "request",
    "role",
    "source",
    "stage",
    "state",
    "status",
    "verified",
    "waits_for",
    "way",
    "way_source",
    "what",
];

/// A word as it is, and of everything else what kind of text it is.
fn kind_of(key: &str, text: &str) -> String {
    if matches!(text, "first_reading" | "new_in_use") {
        return UNTIMED.to_owned();
    }
    if WORDS.contains(&key) {
        return format!("\"{text}\"");
    }
    let is_id = |prefix: &str| text.strip_prefix(prefix).is_some_and(is_hex);
    let kind = if key == "new_last_used_at" {
        "null or time"
    } else if text.parse::<Timestamp>().is_ok() {
        "time"
    } else if text.parse::<Date>().is_ok() {
        "date"
    } else if is_id("key_") {
        "key id"
    } else if is_id("team_") {
        "team id"
    } else if text.strip_prefix("cz_").is_some_and(|rest| rest.len() == 40) {
        "value"
    } else {
        "text"
    };
    kind.to_owned()
}

/// Whether the reading of a start meets the use that is its own probe is a matter of time, and so is what is waited for.
const UNTIMED: &str = "\"first_reading\" or \"new_in_use\"";

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Compares with the snapshot of this name beside this file, without a word of where it was made.
fn pinned(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}
