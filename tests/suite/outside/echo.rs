//! A server that repeats values in every field, header and body of every answer, and the real binary before it: a value is
//! then only where it was asked for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assert_cmd::Command;
use axum::Router;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, Response, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::is_long;
use crate::support::terminal::{BINARY, Terminal};

const OWN: &str = "cz_4fT0qLz81mPdW7sKeYv93XbNcRj6HuGaQ2iBnM5o";
const NEW: &str = "cz_Xp7Rk2VtQ9wLs4Zy81NdGh6BcMf3JuTaE5oYi0Kq";
const LEAKED: &str = "cz_Bq3Wm8ZsD1xHv6Tn05KyRj7PfLc2GuNaO4eIi9Vt";

/// More than the program's patience: two minutes for a key that may have been made, and what is asked before and after.
const LONGEST: Duration = Duration::from_secs(200);

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// As the contract says, with the values wherever a text may stand.
    Good,
    /// This status, and the values in its message.
    Status(u16),
    /// A web page that shows them.
    Page,
    /// A redirect to an address that holds them.
    Redirect,
    /// JSON of no form of the contract.
    WrongShape,
    /// No JSON.
    Plain,
}

const ANSWERS: [Answer; 12] = [
    Answer::Good,
    Answer::Status(400),
    Answer::Status(401),
    Answer::Status(403),
    Answer::Status(404),
    Answer::Status(409),
    Answer::Status(429),
    Answer::Status(500),
    Answer::Page,
    Answer::Redirect,
    Answer::WrongShape,
    Answer::Plain,
];

struct Team {
    /// How a change is answered, and how a reading.
    writes: Answer,
    reads: Answer,
    keys: Vec<String>,
    made: usize,
}

type Door = Arc<Mutex<Team>>;

fn all() -> String {
    format!("{OWN} {NEW}, key={LEAKED};")
}

fn row(id: &str) -> Value {
    let value = match id {
        "key_own" => OWN,
        "key_leaked" => LEAKED,
        _ if id.starts_with("key_new") => NEW,
        _ => "cz_Old0123456789Old0",
    };
    let (prefix, last_four) = if id == "key_odd" {
        (OWN, LEAKED)
    } else {
        (&value[..7], &value[value.len() - 4..])
    };
    json!({
        "id": id, "name": format!("{id} of {}", all()), "prefix": prefix, "last_four": last_four,
        "created_at": if id == "key_odd" { all() } else { "2026-05-06T08:30:00Z".to_owned() },
        "last_used_at": "2026-05-07T08:30:00Z", "created_by": {"name": all(), "email": all()}, OWN: NEW, "note": all(),
    })
}

async fn answer(
    Shared(door): Shared<Door>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response<Body> {
    let mut team = door.lock().unwrap();
    let is_write = method == Method::POST || method == Method::DELETE;
    let kind = if is_write { team.writes } else { team.reads };
    let bearer = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ");
    let said = json!({"message": all(), "error": {"message": all()}, OWN: NEW});
    let is_dead = bearer == LEAKED && !team.keys.iter().any(|id| id == "key_leaked");
    let (status, kind_of_body, body) = match kind {
        Answer::Good if is_dead => (401, "application/json", said.to_string()),
        Answer::Good => {
            let (status, body) = good(&mut team, &method, &uri, &body, said);
            (status, "application/json", body.to_string())
        }
        Answer::Status(status) => (status, "application/json", said.to_string()),
        Answer::Page => (200, "text/html", format!("<!doctype html><title>{}</title>", all())),
        Answer::Redirect => (302, "text/html", all()),
        Answer::WrongShape => (
            200,
            "application/json",
            json!({OWN: {NEW: [LEAKED]}, "data": all()}).to_string(),
        ),
        Answer::Plain => (200, "application/json", all()),
    };
    let mut response = Response::builder().status(status).header("content-type", kind_of_body);
    for name in [
        "x-request-id",
        "set-cookie",
        "www-authenticate",
        "warning",
        "etag",
        "server",
        "retry-after",
    ] {
        response = response.header(name, all());
    }
    if status == 302 {
        let to = format!("https://{OWN}:{NEW}@elsewhere.example/{OWN}/{NEW}/k={LEAKED}?x={OWN}#{NEW}");
        response = response.header("location", to);
    }
    response.body(Body::from(body)).unwrap()
}

fn good(team: &mut Team, method: &Method, uri: &Uri, body: &str, said: Value) -> (u16, Value) {
    let path = uri.path();
    if path.ends_with("/get-teams") {
        let named = json!({"id": "team_1", "name": format!("Acme {}", all()), "url": all()});
        return (200, json!({"data": [named], "user": all()}));
    }
    if path.ends_with("/get-api-keys") {
        let rows: Vec<Value> = team.keys.iter().map(|id| row(id)).collect();
        return (
            200,
            json!({"data": rows, "total": rows.len(), "page": 1, "size": 100, "note": all()}),
        );
    }
    if *method == Method::POST && !body.contains("\"name\":\"\"") {
        let id = format!("key_new{}", team.made);
        team.made += 1;
        team.keys.push(id.clone());
        let mut made = row(&id);
        made["key"] = json!(NEW);
        return (201, json!({"data": made, "message": all()}));
    }
    let id = uri.query().and_then(|query| query.strip_prefix("keyId="));
    let at = team.keys.iter().position(|key| Some(key.as_str()) == id);
    match at {
        Some(at) if *method == Method::DELETE => {
            team.keys.remove(at);
            (200, said)
        }
        _ if *method == Method::POST => (400, said),
        _ => (404, said),
    }
}

struct Stage {
    runtime: Runtime,
    base_url: String,
    home: TempDir,
    door: Door,
}

impl Stage {
    fn new(reads: Answer, writes: Answer) -> Self {
        let runtime = Runtime::new().unwrap();
        let door = Arc::new(Mutex::new(Team {
            writes,
            reads,
            keys: ["key_own", "key_old", "key_odd", "key_leaked"]
                .map(str::to_owned)
                .into(),
            made: 0,
        }));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let base_url = format!("http://{}/api/v1", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&door));
        runtime.spawn(async move { axum::serve(listener, router).await });
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("config/chatzuri-keys");
        std::fs::create_dir_all(&folder).unwrap();
        // A sink that says what it was given.
        let sink = "[sinks.loud]\ncommand = [\"/bin/sh\", \"-c\", \"/usr/bin/tee /dev/stderr; exit 3\"]\n";
        std::fs::write(folder.join("config.toml"), sink).unwrap();
        Self {
            runtime,
            base_url,
            home,
            door,
        }
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let home = |folder: &str| self.home.path().join(folder).display().to_string();
        vec![
            ("HOME", home("")),
            ("XDG_CONFIG_HOME", home("config")),
            ("XDG_STATE_HOME", home("state")),
            ("PATH", "/usr/bin:/bin".to_owned()),
            ("CHATZURI_API_KEY", OWN.to_owned()),
            ("CHATZURI_BASE_URL", self.base_url.clone()),
        ]
    }

    /// Runs a command and gives its exit code. Its output may hold the new value where `shows`, and nothing else may hold any.
    fn run(&self, args: &[&str], stdin: &str, shows: bool) -> i32 {
        let log = self.home.path().join("log.txt");
        let ran = Command::new(BINARY)
            .env_clear()
            .envs(self.environment())
            .args(["--log-file", log.to_str().unwrap()])
            .args(args)
            .write_stdin(stdin.to_owned())
            .timeout(LONGEST)
            .output()
            .unwrap();
        let team = self.door.lock().unwrap();
        let what = format!("{args:?}, reads {:?}, changes {:?}", team.reads, team.writes);
        assert!(ran.status.code().is_some(), "{what}: {:?}", ran.status);
        let out = if shows {
            String::from_utf8_lossy(&ran.stdout).replace(NEW, "").into_bytes()
        } else {
            ran.stdout
        };
        for (where_, bytes) in [("standard output", &out), ("standard error", &ran.stderr)] {
            let found = values_in(bytes);
            let text = String::from_utf8_lossy(bytes);
            assert!(found.is_empty(), "{what}: {found:?} in {where_}:\n{text}");
        }
        ran.status.code().unwrap()
    }

    /// No file of the home holds a value.
    fn files_are_clean(&self) {
        let mut files = Vec::new();
        files_of(self.home.path(), &mut files);
        assert!(files.iter().any(|file| file.ends_with("journal.db")), "{files:?}");
        for file in files {
            let found = values_in(&std::fs::read(&file).unwrap());
            assert!(found.is_empty(), "{found:?} in {}", file.display());
        }
    }
}

fn files_of(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            files_of(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

/// Which values stand there by their middle: as they are, in hexadecimal, base64 or percent signs.
fn values_in(bytes: &[u8]) -> Vec<&'static str> {
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    let named = [("ours", OWN), ("the new one", NEW), ("the leaked one", LEAKED)];
    let found = named.into_iter().filter(|(_, value)| {
        // A hint has at most 12 characters of its beginning and 8 of its end.
        let middle = &value[12..value.len() - 8];
        forms(middle).iter().any(|form| holds(form.as_bytes()))
    });
    found.map(|(name, _)| name).collect()
}

fn forms(middle: &str) -> Vec<String> {
    let hex = |before: &str| -> String { middle.bytes().map(|byte| format!("{before}{byte:02x}")).collect() };
    let base64 = (0..3).map(|before| {
        let padded = [&b"\0\0"[..before], middle.as_bytes()].concat();
        let encoded = STANDARD_NO_PAD.encode(padded);
        // The letters at the ends are mixed with what stands beside it.
        encoded[before + usize::from(before > 0)..encoded.len() - 2].to_owned()
    });
    let mut forms = vec![
        middle.to_owned(),
        hex(""),
        hex("").to_uppercase(),
        hex("%"),
        hex("%").to_uppercase(),
    ];
    forms.extend(base64);
    forms
}

/// Every command against one pair of answers.
fn every_command(reads: Answer, writes: Answer) {
    let stage = Stage::new(reads, writes);
    let run = |args: &[&str]| stage.run(args, "", false);
    stage.run(&["login", "--with-token"], OWN, false);
    for command in [&["list"][..], &["status"], &["teams"], &["show", "key_old"]] {
        let codes = [run(command), run(&[command, &["--json"]].concat())];
        assert!(reads != Answer::Good || codes == [0, 0], "{command:?}: {codes:?}");
    }
    run(&["due"]);
    stage.run(&["create", "Bot", "--show"], "", true);
    stage.run(&["create", "Bot 2", "--show", "--json"], "", true);
    run(&["create", "Bot 3", "--json"]);
    run(&["create", "Bot 4", "--to", "loud"]);
    run(&["create", NEW, "--show"]);
    run(&["list", "--json"]);
    stage.run(&["identify"], LEAKED, false);
    stage.run(&["identify", "--json"], NEW, false);
    stage.run(&["rotate", "start", "key_odd", "--show", "--yes"], "", true);
    run(&["rotate", "status", "--json"]);
    run(&["revoke", "key_old", "--yes"]);
    run(&["revoke", "key_new0", "--yes", "--json"]);
    run(&["revoke", LEAKED, "--yes"]);
    stage.run(&["leak", "--dry-run"], LEAKED, false);
    let report = stage.home.path().join("incident.md");
    stage.run(
        &[
            "leak",
            "--yes",
            "--json",
            "--watch",
            "2",
            "--report",
            report.to_str().unwrap(),
        ],
        LEAKED,
        false,
    );
    stage.run(&["leak", "--yes", "--watch", "2"], LEAKED, false);
    run(&["log"]);
    run(&["log", "--json"]);
    stage.files_are_clean();
}

#[test]
fn a_server_that_repeats_values_brings_none_onto_an_output_or_into_a_file() {
    let same = ANSWERS.into_iter().map(|answer| (answer, answer));
    let changes = ANSWERS.into_iter().map(|answer| (Answer::Good, answer));
    let pairs = same.chain(changes.filter(|&(reads, writes)| reads != writes));
    let (short, long): (Vec<_>, Vec<_>) = pairs.partition(|&(reads, writes)| {
        if reads == writes {
            writes != Answer::Status(429)
        } else {
            writes == Answer::Status(400)
        }
    });
    for (reads, writes) in short {
        every_command(reads, writes);
    }
    if is_long() {
        // They wait for most of their time: a key whose creation got no good answer is looked for.
        std::thread::scope(|scope| {
            for (reads, writes) in long {
                scope.spawn(move || every_command(reads, writes));
            }
        });
    }
}

#[test]
fn a_server_that_repeats_values_brings_none_onto_the_dashboard() {
    let stage = Stage::new(Answer::Good, Answer::Good);
    let mut terminal = Terminal::start((120, 40), BINARY, |command| {
        for (name, value) in stage.environment() {
            command.env(name, value);
        }
    });
    terminal.wait_for("key_old of");
    terminal.press("n");
    terminal.wait_for("A name that says which app uses it");
    terminal.send("Bot");
    terminal.wait_for("3 of 100 characters");
    terminal.press("\r");
    terminal.wait_for("This value is shown once");
    let covered = terminal.written();
    terminal.press("v");
    terminal.wait_for(NEW);
    terminal.press_after_reading("\r");
    terminal.wait_for("is stored, as you say");
    let revealed = terminal.written().len();
    terminal.press("L");
    terminal.wait_for("Paste the leaked key");
    terminal.paste(LEAKED);
    terminal.wait_for("characters.");
    terminal.press("\r");
    terminal.wait_for("y Yes, revoke it");
    terminal.press_after_reading("y");
    terminal.wait_for("✓ DEAD");
    terminal.press("\r");
    terminal.wait_for("q quit");
    terminal.press("q");
    terminal.ends_and_gives_the_terminal_back();
    for written in [&covered[..], &terminal.written()[revealed..]] {
        for value in [OWN, NEW, LEAKED] {
            // In pieces too: a frame sends only the cells that changed.
            for piece in [&value[12..20], &value[24..32]] {
                let shown = written.windows(piece.len()).any(|window| window == piece.as_bytes());
                assert!(!shown, "{piece} of {value}");
            }
        }
    }
    stage.files_are_clean();
    drop(stage.runtime);
}
