//! `due` and `snooze`: the real binary against a real server whose clock is set.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;

use assert_cmd::Command;
use chatzuri_keys::sandbox::{self, FaultRule, Running, SandboxOptions};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const BINARY: &str = env!("CARGO_BIN_EXE_chatzuri-keys");

/// A server whose clock stands at `now`, and an empty home.
struct Stage {
    runtime: Runtime,
    server: Option<Running>,
    home: TempDir,
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Stage {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(set: impl FnOnce(&mut SandboxOptions)) -> Self {
        let mut options = SandboxOptions {
            apps: false,
            now: Some("2027-03-04T12:00:00Z".parse().unwrap()),
            ..SandboxOptions::default()
        };
        set(&mut options);
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(sandbox::start(options)).unwrap();
        Self {
            runtime,
            server: Some(server),
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn server(&self) -> &Running {
        self.server.as_ref().unwrap()
    }

    fn run(&self, args: &[&str]) -> Ran {
        let credential = self.server().credential.expose();
        let mut command = bare(self.home.path());
        command
            .env("CHATZURI_API_KEY", credential)
            .env("CHATZURI_BASE_URL", &self.server().base_url);
        let ran = ran(command.args(args));
        assert!(!ran.stderr.contains(credential), "{}", ran.stderr);
        ran
    }

    fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(args);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", ran.stdout, ran.stderr))
    }

    fn config(&self, text: &str) {
        let folder = self.home.path().join("config/chatzuri-keys");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.shutdown());
        }
    }
}

/// The binary with nothing of this machine's.
fn bare(home: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command
        .env_clear()
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("TZ", "Pacific/Kiritimati");
    command
}

fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn names(shape: &Value) -> Vec<&str> {
    let keys = shape["keys"].as_array().unwrap().iter();
    keys.map(|key| key["name"].as_str().unwrap()).collect()
}

/// A list of one key that is so many days old now, by the machine's clock.
fn list_of(days: i64, home: &Path) -> String {
    let now = jiff::Timestamp::now();
    let created = now - jiff::SignedDuration::from_hours(24 * days);
    let path = home.join("list.json");
    let text = serde_json::json!({
        "schema_version": 1, "as_of": now.to_string(), "team": {"id": "t", "name": "Acme"},
        "keys": [{"id": "key_1", "name": "Zapier", "created_at": created.to_string()}],
    });
    std::fs::write(&path, text.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn offline(home: &Path, args: &[&str]) -> Ran {
    ran(bare(home).env("CHATZURI_BASE_URL", "http://127.0.0.1:9").args(args))
}

#[test]
fn days_75_76_89_90_and_91_flip_status_count_and_check() {
    // The one key whose age is told below; the other, the credential, is twelve days old at the start.
    let stage = Stage::with(|options| options.keys = Some(2));
    let on_day = |day: u64, passed: u64| {
        let time = std::time::Duration::from_secs(86_400 * (day - passed));
        stage.server().pass(time);
        let list = stage.json(&["show", "Staging importer", "--json"]);
        let due = stage.json(&["due", "--format", "json"]);
        let key = &list["key"];
        (
            key["days_left"].as_i64().unwrap(),
            key["status"].as_str().unwrap().to_owned(),
            due["keys"].as_array().unwrap().len(),
            stage.run(&["due", "--check"]).code,
            stage.run(&["due", "--check", "--overdue"]).code,
            stage.run(&["due", "--check", "--within", "0"]).code,
        )
    };
    // The leaked key is 41 days old when the sandbox starts.
    let table = [
        (75, (15, "fresh", 0, 0, 0, 0)),
        (76, (14, "due_soon", 1, 6, 0, 0)),
        (89, (1, "due_soon", 1, 6, 0, 0)),
        (90, (0, "due", 1, 6, 0, 6)),
        (91, (-1, "overdue", 1, 6, 6, 6)),
    ];
    let mut passed = 41;
    for (day, (left, status, count, check, overdue, today)) in table {
        let expected = (left, status.to_owned(), count, check, overdue, today);
        assert_eq!(on_day(day, passed), expected, "day {day}");
        passed = day;
    }
}

#[test]
fn due_lists_the_most_urgent_first_and_says_how_many() {
    let stage = Stage::new();
    let ran = stage.run(&["due"]);
    assert_eq!(ran.code, 0, "without --check: {}", ran.stderr);
    let first = ran.stdout.lines().nth(1).unwrap();
    assert!(
        first.starts_with("Zapier") && first.contains("! 110 days overdue"),
        "{first}"
    );
    assert_eq!(ran.stderr, "6 keys are due within 14 days: 3 overdue, 1 due today.\n");
    assert_eq!(
        names(&stage.json(&["due", "--format", "json"])),
        [
            "Zapier",
            "Legacy import",
            "Billing sync",
            "Partner: Kijani",
            "Website widget",
            "Slack bot"
        ]
    );
    let overdue = stage.json(&["due", "--overdue", "--format", "json"]);
    assert_eq!(names(&overdue), ["Zapier", "Legacy import", "Billing sync"]);
    assert_eq!(
        stage.json(&["due", "--within", "2w", "--format", "json"])["within_days"],
        14
    );
}

#[test]
fn every_format_comes_whole() {
    let stage = Stage::new();
    let lines = |format: &str| stage.run(&["due", "--format", format]).stdout.lines().count();
    assert_eq!((lines("csv"), lines("markdown")), (7, 8));
    let calendar = stage.run(&["due", "--format", "ics"]).stdout;
    assert_eq!(
        calendar.matches("BEGIN:VEVENT").count(),
        13,
        "a calendar looks further ahead"
    );
    let narrow = stage.run(&["due", "--format", "ics", "--within", "14d"]).stdout;
    assert_eq!(narrow.matches("BEGIN:VEVENT").count(), 6);
    let metrics = stage.run(&["due", "--format", "prometheus"]).stdout;
    assert_eq!(metrics.matches("\nchatzuri_key_days_left{").count(), 13);
    assert!(metrics.contains("\nchatzuri_keys_unknown_age{profile=\"default\",team=\"Acme Support\"} 0\n"));
    let wrong = stage.run(&["due", "--format", "yaml"]);
    assert_eq!(wrong.code, 2);
}

#[test]
fn an_unknown_age_is_due_unless_it_is_allowed_or_given_in_the_config() {
    let stage = Stage::with(|options| options.keys = Some(2));
    stage.server().inject(FaultRule::parse("list:null-dates").unwrap());
    let ran = stage.run(&["due", "--check"]);
    assert_eq!(ran.code, 6);
    assert!(ran.stderr.contains("2 of unknown age"), "{}", ran.stderr);
    assert_eq!(stage.run(&["due", "--check", "--allow-unknown"]).code, 0);
    stage.config("[[key]]\nmatch = \"*\"\ncreated = 2027-03-01\n");
    assert_eq!(stage.run(&["due", "--check"]).code, 0);
    assert_eq!(
        stage.json(&["show", "Staging importer", "--json"])["key"]["days_left"],
        87
    );
}

#[test]
fn an_owner_narrows_list_and_check() {
    let stage = Stage::new();
    stage.config("[[key]]\nmatch = \"Zapier\"\nowner = \"Ops\"\n[[key]]\nmatch = \"Load*\"\nowner = \"qa\"\n");
    let shape = stage.json(&["due", "--owner", "ops", "--format", "json"]);
    assert_eq!(
        (names(&shape), &shape["keys"][0]["owner"]),
        (vec!["Zapier"], &"Ops".into())
    );
    assert_eq!(stage.run(&["due", "--check", "--owner", "ops"]).code, 6);
    assert_eq!(stage.run(&["due", "--check", "--owner", "qa"]).code, 0);
    assert_eq!(stage.run(&["due", "--check", "--owner", "nobody"]).code, 0);
}

/// A server that counts two keys and sends one, of unknown age. It ends with the tests.
fn short_of_a_key() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(stream.try_clone().unwrap())
                .lines()
                .map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            // The rest of the head, so that nothing unread resets the connection.
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let body = if first.contains("/get-api-keys") {
                r#"{"data":[{"id":"key_1","name":"Zapier"}],"page":1,"size":100,"total":2}"#
            } else {
                r#"{"data":[]}"#
            };
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    address
}

#[test]
fn an_incomplete_list_is_5_before_6_and_so_is_its_file() {
    let (home, address) = (tempfile::tempdir().unwrap(), short_of_a_key());
    let online = |args: &[&str]| {
        let mut command = bare(home.path());
        command
            .env("CHATZURI_API_KEY", "cz_0123456789abcdef0123")
            .env("CHATZURI_BASE_URL", &address);
        ran(command.args(args))
    };
    let due = online(&["due", "--check"]);
    assert_eq!(due.code, 5, "{}", due.stderr);
    assert!(
        due.stdout.contains("Zapier") && due.stderr.contains("not complete"),
        "{}",
        due.stderr
    );
    let list = online(&["list", "--json"]);
    assert_eq!(list.code, 5, "{}", list.stderr);
    let path = home.path().join("list.json");
    std::fs::write(&path, &list.stdout).unwrap();
    let from = offline(home.path(), &["due", "--check", "--from", path.to_str().unwrap()]);
    assert_eq!(from.code, 5, "{}", from.stderr);
    assert!(from.stderr.contains("not complete"), "{}", from.stderr);
}

#[test]
fn a_profile_that_fails_is_told_and_makes_it_incomplete() {
    let one = Stage::new();
    let text = |command: &str| format!("[\"/bin/echo\", \"{command}\"]");
    one.config(&format!(
        "profile = \"acme\"\n[profiles.acme]\nbase_url = \"{0}\"\ncredential_command = {1}\n\
         [profiles.kijani]\nbase_url = \"{0}\"\ncredential_command = {2}\n",
        one.server().base_url,
        text(one.server().credential.expose()),
        text("cz_dead0123456789abcdefDEAD"),
    ));
    let all = |args: &[&str]| ran(bare(one.home.path()).args(args));
    let ran_all = all(&["due", "--all-profiles", "--check", "--format", "json"]);
    assert_eq!(ran_all.code, 5, "{}", ran_all.stderr);
    assert!(
        ran_all.stderr.contains("Profile kijani: its keys are missing here."),
        "{}",
        ran_all.stderr
    );
    let shape: Value = serde_json::from_str(&ran_all.stdout).unwrap();
    assert_eq!(
        (&shape["complete"], shape["keys"].as_array().unwrap().len()),
        (&false.into(), 6)
    );
    assert_eq!(shape["keys"][0]["profile"], "acme");
    assert_eq!(all(&["due", "--check"]).code, 6, "the chosen one alone is whole");
}

#[test]
fn a_snooze_is_listed_and_not_counted_and_ends_by_itself() {
    let stage = Stage::with(|options| options.keys = Some(3));
    assert_eq!(stage.run(&["due", "--check"]).code, 6);
    let args = [
        "snooze",
        "Zapier",
        "--until",
        "2027-03-10",
        "--reason",
        "moves in March",
    ];
    let dry = stage.run(&[&args[..], &["-n"]].concat());
    assert_eq!(
        (dry.code, stage.run(&["due", "--check"]).code),
        (0, 6),
        "{}",
        dry.stderr
    );
    let done = stage.run(&args);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let ran = stage.run(&["due", "--check"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.contains("snoozed until 2027-03-10: moves in March"),
        "{}",
        ran.stdout
    );
    assert!(ran.stderr.contains("1 is snoozed"), "{}", ran.stderr);
    assert_eq!(
        stage.json(&["due", "--format", "json"])["keys"][0]["snoozed_until"],
        "2027-03-10"
    );
    let until = || stage.json(&["show", "Zapier", "--json"])["key"]["snoozed_until"].take();
    assert_eq!(until(), "2027-03-10");
    let listed = stage.json(&["list", "--json"]);
    let snoozed = |key: &&Value| key["snoozed_until"] == "2027-03-10";
    assert_eq!(listed["keys"].as_array().unwrap().iter().filter(snoozed).count(), 1);
    stage.server().pass(std::time::Duration::from_secs(6 * 86_400));
    assert_eq!(stage.run(&["due", "--check"]).code, 0, "its last day");
    stage.server().pass(std::time::Duration::from_secs(86_400));
    assert_eq!((stage.run(&["due", "--check"]).code, until()), (6, Value::Null));
    let log = stage.json(&["log", "--json"]);
    assert_eq!(
        (&log["entries"][0]["action"], &log["entries"][0]["outcome"]),
        (&"snooze".into(), &"snoozed".into())
    );
}

#[test]
fn a_snooze_can_be_ended_and_a_wrong_one_does_nothing() {
    let stage = Stage::with(|options| options.keys = Some(3));
    let until = |day: &str| stage.run(&["snooze", "Zapier", "--until", day, "--reason", "x"]);
    assert_eq!(until("2027-03-04").code, 0, "today still counts");
    assert_eq!(stage.run(&["snooze", "Zapier", "--off"]).code, 0);
    assert_eq!(stage.run(&["due", "--check"]).code, 6);
    let again = stage.run(&["snooze", "Zapier", "--off"]);
    assert_eq!((again.code, again.stderr.contains("was not snoozed")), (0, true));
    for (args, code) in [
        (vec!["snooze", "Zapier"], 2),
        (vec!["snooze", "Zapier", "--until", "2027-04-01"], 2),
        (vec!["snooze", "Zapier", "--until", "2027-04-01", "--reason", " "], 2),
        (vec!["snooze", "Zapier", "--until", "soon", "--reason", "x"], 2),
        (vec!["snooze", "Zapier", "--until", "2027-03-03", "--reason", "x"], 2),
        (vec!["snooze", "Zapier", "--off", "--reason", "x"], 2),
        (vec!["snooze", "Nobody", "--until", "2027-04-01", "--reason", "x"], 10),
    ] {
        let ran = stage.run(&args);
        assert_eq!(ran.code, code, "{args:?}: {}", ran.stderr);
    }
    assert_eq!(stage.run(&["due", "--check"]).code, 6);
}

#[test]
fn a_list_is_read_from_a_file_or_a_pipe_without_credential_or_network() {
    let home = tempfile::tempdir().unwrap();
    for (days, check, overdue) in [(75, 0, 0), (76, 6, 0), (89, 6, 0), (90, 6, 0), (91, 6, 6)] {
        let path = list_of(days, home.path());
        let code = |more: &[&str]| offline(home.path(), &[&["due", "--check", "--from", &path], more].concat()).code;
        assert_eq!((code(&[]), code(&["--overdue"])), (check, overdue), "day {days}");
    }
    let path = list_of(91, home.path());
    let piped = ran(bare(home.path())
        .args(["due", "--from", "-", "--format", "json"])
        .write_stdin(std::fs::read(&path).unwrap()));
    assert_eq!(piped.code, 0, "{}", piped.stderr);
    let shape: Value = serde_json::from_str(&piped.stdout).unwrap();
    assert_eq!(
        (names(&shape), &shape["team"]["name"]),
        (vec!["Zapier"], &"Acme".into())
    );
    assert!(!home.path().join("state").exists(), "and without a journal");
}

#[test]
fn a_file_that_is_old_broken_or_another_is_told() {
    let stage = Stage::new();
    let home = stage.home.path();
    let write = |name: &str, text: &str| {
        std::fs::write(home.join(name), text).unwrap();
        home.join(name).to_str().unwrap().to_owned()
    };
    let old = write(
        "old",
        r#"{"schema_version":1,"as_of":"2020-01-01T00:00:00Z","team":null,"keys":[]}"#,
    );
    let newer = write("newer", r#"{"schema_version":7}"#);
    let cut = write(
        "cut",
        r#"{"schema_version":1,"as_of":"2020-01-01T00:00:00Z","keys":[{"id""#,
    );
    let due = write("due", &stage.run(&["due", "--format", "json"]).stdout);
    let missing = home.join("missing").to_str().unwrap().to_owned();
    for (path, code, said) in [
        (&old, 5, "Write the file again, or raise --max-age"),
        (&newer, 1, "its schema_version is 7"),
        (&cut, 1, "line 1 column"),
        (&due, 1, "the output of “due”"),
        (&missing, 1, "cannot read it"),
    ] {
        let ran = offline(home, &["due", "--check", "--from", path]);
        assert_eq!(ran.code, code, "{path}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{path}: {}", ran.stderr);
    }
    assert_eq!(
        offline(home, &["due", "--check", "--from", &old, "--max-age", "9999w"]).code,
        0
    );
    for args in [
        &["due", "--from", &old, "--all-profiles"][..],
        &["due", "--max-age", "2d"],
        &["due", "--from", &old, "--max-age", "soon"],
        &["due", "--within", "soon"],
    ] {
        assert_eq!(offline(home, args).code, 2, "{args:?}");
    }
}

#[test]
fn a_refused_credential_is_4_and_an_absent_server_1() {
    let stage = Stage::new();
    let mut refused = bare(stage.home.path());
    refused
        .env("CHATZURI_API_KEY", "cz_dead0123456789abcdefDEAD")
        .env("CHATZURI_BASE_URL", &stage.server().base_url);
    assert_eq!(ran(refused.args(["due", "--check"])).code, 4);
    let mut absent = bare(stage.home.path());
    absent.env("CHATZURI_API_KEY", "cz_dead0123456789abcdefDEAD");
    absent.env("CHATZURI_BASE_URL", "http://127.0.0.1:9");
    assert_eq!(ran(absent.args(["due", "--check"])).code, 1);
}
