//! Which answers mean that a server lacks an endpoint, and which mean that something is wrong.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;

/// A server with `get-teams` and nothing else: whatever else is asked for gets `answer`.
struct Lone {
    address: String,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Lone {
    fn answering(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                serve(stream, answer, &seen);
            }
        });
        Self { address, bodies }
    }

    fn run(&self, home: &Path, args: &[&str]) -> Ran {
        let mut command = bare(home, args);
        command
            .env("CHATZURI_API_KEY", "cz_0123456789abcdefghij0123456789")
            .env("CHATZURI_BASE_URL", format!("http://{}/api/v1", self.address));
        finish(start(command, ""))
    }

    fn capability(&self, home: &Path, operation: &str) -> String {
        let ran = self.run(home, &["status", "--json"]);
        let status: Value = serde_json::from_str(&ran.stdout).unwrap();
        let endpoints = status["endpoints"].as_array().unwrap();
        let found = endpoints.iter().find(|endpoint| endpoint["operation"] == operation);
        found.unwrap()["way"].as_str().unwrap().to_owned()
    }
}

fn serve(stream: TcpStream, answer: &str, bodies: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    let mut length = 0;
    let mut first = String::new();
    let mut other = false;
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line.trim() != "" {
        if first.is_empty() {
            first.clone_from(&line);
        }
        other |= line.contains("Bearer cz_other");
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    if !body.is_empty() {
        bodies.lock().unwrap().push(String::from_utf8(body).unwrap());
    }
    let said = if first.contains("/api/v1/get-teams ") {
        let team = if other { "t2" } else { "t1" };
        let body = format!(r#"{{"data":[{{"id":"{team}","name":"Acme"}}]}}"#);
        reply("200 OK", "application/json", &body)
    } else {
        answer.to_owned()
    };
    let _ = (&stream).write_all(said.as_bytes());
}

fn reply(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn fixed(status: &str, kind: &str, body: &str) -> &'static str {
    Box::leak(reply(status, kind, body).into_boxed_str())
}

#[test]
fn a_server_that_knows_no_such_path_is_worked_with_by_hand_however_it_says_so() {
    let sign_in = "<!doctype html><title>Sign in</title>";
    let moved: &str = "HTTP/1.1 302 Found\r\nLocation: /login?next=x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    for answer in [
        fixed("200 OK", "text/html", sign_in),
        fixed("404 Not Found", "application/json", r#"{"message":"Not found"}"#),
        fixed("404 Not Found", "text/html", sign_in),
        fixed("405 Method Not Allowed", "application/json", r#"{"message":"No"}"#),
        fixed("501 Not Implemented", "text/plain", ""),
        moved,
    ] {
        let (server, home) = (Lone::answering(answer), tempfile::tempdir().unwrap());
        let run = |args: &[&str]| server.run(home.path(), args);
        let list = run(&["list"]);
        assert_eq!(list.code, 5, "{answer}: {}", list.stderr);
        assert!(list.stderr.contains("cannot list keys"), "{answer}: {}", list.stderr);
        let create = run(&["create", "Invoices", "--show"]);
        assert_eq!(create.code, 2, "{answer}: {}", create.stderr);
        assert!(
            create.stderr.contains("cannot create keys through the API"),
            "{answer}: {}",
            create.stderr
        );
        assert_eq!(run(&["track", "Web", "--created", "2026-09-01"]).code, 0, "{answer}");
        let revoke = run(&["revoke", "Web", "--yes"]);
        assert_eq!(revoke.code, 2, "{answer}: {}", revoke.stderr);
        assert!(
            revoke.stderr.contains("cannot revoke it through the API"),
            "{answer}: {}",
            revoke.stderr
        );
        for operation in ["list", "create", "revoke"] {
            assert_eq!(
                server.capability(home.path(), operation),
                "manual",
                "{answer}: {operation}"
            );
        }
        // What was sent to find out cannot have made a key.
        assert_eq!(*server.bodies.lock().unwrap(), [r#"{"name":""}"#; 2], "{answer}");
    }
}

#[test]
fn a_server_that_is_down_or_refuses_is_an_error_and_nothing_is_concluded() {
    for (answer, code) in [
        (fixed("500 Internal Server Error", "application/json", "{}"), 1),
        (fixed("503 Service Unavailable", "text/html", "<p>soon"), 1),
        (fixed("403 Forbidden", "application/json", r#"{"message":"No"}"#), 4),
        (fixed("401 Unauthorized", "application/json", "{}"), 4),
        (fixed("429 Too Many Requests", "application/json", "{}"), 1),
        (fixed("200 OK", "application/json", "nonsense"), 1),
        (
            "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/api\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            1,
        ),
        ("", 1),
    ] {
        let (server, home) = (Lone::answering(answer), tempfile::tempdir().unwrap());
        let list = server.run(home.path(), &["list"]);
        assert_eq!(
            (list.code, list.stdout.as_str()),
            (code, ""),
            "{answer}: {}",
            list.stderr
        );
        assert!(!list.stderr.contains("cannot list keys"), "{answer}: {}", list.stderr);
        assert_eq!(server.capability(home.path(), "list"), "unknown", "{answer}");
        let create = server.run(home.path(), &["create", "Invoices", "--show"]);
        assert_eq!(create.code, code, "{answer}: {}", create.stderr);
        assert!(!create.stderr.contains("--paste"), "{answer}: {}", create.stderr);
    }
}

#[test]
fn a_server_that_refuses_the_credential_everywhere_lacks_nothing() {
    let desk = Desk::without(&[FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke]);
    let mut command = desk.command(&["list"]);
    command.env("CHATZURI_API_KEY", "cz_0123456789abcdefghij0123456789");
    let ran = finish(start(command, ""));
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("refused your credential"), "{}", ran.stderr);
}

#[test]
fn what_was_found_is_kept_for_a_day_and_asked_again_by_status() {
    let desk = Desk::without(&[FaultEndpoint::List]);
    assert_eq!(desk.run(&["list"]).code, 5);
    let asked = desk.asked("GET", "/get-api-keys");
    assert_eq!(desk.run(&["list"]).code, 5);
    assert_eq!(desk.asked("GET", "/get-api-keys"), asked, "it is known");
    desk.server.leave_out(&[]);
    assert_eq!(desk.capability("list"), "api");
    let names = desk.json(&["list", "--json"])["keys"].as_array().unwrap().len();
    assert_eq!(names, 13);
}

#[test]
fn the_config_settles_a_way_whatever_the_server_answers() {
    let desk = Desk::without(&[FaultEndpoint::List]);
    write_config(desk.home.path(), "[api]\nlist = \"api\"\ncreate = \"assisted\"\n");
    let list = desk.run(&["list"]);
    assert_eq!(list.code, 1, "{}", list.stderr);
    assert!(list.stderr.contains("has no GET /get-api-keys"), "{}", list.stderr);
    let status = desk.json(&["status", "--json"]);
    let capability = |at: usize| {
        (
            status["endpoints"][at]["way"].clone(),
            status["endpoints"][at]["way_source"].clone(),
        )
    };
    assert_eq!(capability(1), ("api".into(), "config".into()));
    assert_eq!(capability(2), ("manual".into(), "config".into()));
    assert_eq!(capability(3), ("unknown".into(), Value::Null));
    let desk = Desk::without(&[]);
    write_config(
        desk.home.path(),
        "[api]\nlist = \"assisted\"\ncreate = \"assisted\"\nrevoke = \"assisted\"\npage = \"https://keys.example/team\"\n",
    );
    let create = desk.run(&["create", "Invoices"]);
    assert_eq!(create.code, 2, "{}", create.stderr);
    assert!(
        create.stderr.contains("at https://keys.example/team ("),
        "{}",
        create.stderr
    );
    assert_eq!(desk.asked("POST", "/"), 0, "nothing is asked that is settled");
}

#[test]
fn a_tracked_key_that_the_server_lists_by_now_is_neither_doubled_nor_lost() {
    let desk = Desk::without(&[FaultEndpoint::List, FaultEndpoint::Create]);
    let value = desk.browser.create("Invoices");
    assert_eq!(
        desk.run_with(&value, &["create", "Invoices", "--paste", "--show"]).code,
        0
    );
    let id = desk.listed("Invoices").unwrap()["id"].as_str().unwrap().to_owned();
    let snooze = ["snooze", "Invoices", "--until", "2099-01-01", "--reason", "later"];
    assert_eq!(desk.run(&snooze).code, 0);
    assert_eq!(desk.run(&["track", "Elsewhere", "--created", "2026-09-01"]).code, 0);
    desk.server.leave_out(&[]);
    assert_eq!(desk.capability("list"), "api");
    let list = desk.run(&["list", "--json"]);
    let shape: Value = serde_json::from_str(&list.stdout).unwrap();
    let named = |shape: &Value, name: &str| {
        let keys = shape["keys"].as_array().unwrap().iter();
        keys.filter(|key| key["name"] == name).cloned().collect::<Vec<Value>>()
    };
    assert_eq!(named(&shape, "Invoices").len(), 1);
    assert_eq!(named(&shape, "Invoices")[0]["source"], "api");
    assert_eq!(named(&shape, "Elsewhere")[0]["source"], "tracked");
    let words = desk.run(&["list"]);
    assert!(
        words.stderr.contains("1 tracked key is now in the server's list"),
        "{}",
        words.stderr
    );
    let preview = desk.run(&["track", "--match"]);
    assert_eq!(preview.code, 2, "{}", preview.stderr);
    assert!(
        preview
            .stderr
            .contains(&format!("“Invoices” ({id}) is “Invoices” (key_")),
        "{}",
        preview.stderr
    );
    let matched = desk.run(&["track", "--match", "--yes"]);
    assert_eq!(matched.code, 0, "{}", matched.stderr);
    let shape = desk.json(&["list", "--json"]);
    assert_eq!(named(&shape, "Invoices").len(), 1);
    assert_eq!(
        named(&shape, "Invoices")[0]["snoozed_until"],
        "2099-01-01",
        "what was kept came along"
    );
    assert_eq!(named(&shape, "Elsewhere").len(), 1);
    let told = desk.run_with(&value, &["identify", "--json"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert_eq!(told["matched_by"], "fingerprint");
    assert!(!desk.run(&["list"]).stderr.contains("track --match"));
    let refused = desk.run(&["track", "New", "--created", "2026-09-01"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("lists its keys itself"), "{}", refused.stderr);
}

#[test]
fn a_rotation_of_tracked_keys_goes_on_under_the_ids_of_the_servers_list() {
    let desk = Desk::without(&[FaultEndpoint::List, FaultEndpoint::Create]);
    let old = desk.browser.create("Import");
    let track = ["track", "Import", "--created", "2026-09-01", "--with-value"];
    assert_eq!(desk.run_with(&old, &track).code, 0);
    let begin = ["rotate", "start", "Import", "--name", "Import 2", "--paste", "--show"];
    let new = desk.browser.create("Import 2");
    assert_eq!(desk.run_with(&new, &begin).code, 0);
    let attest = ["rotate", "confirm", "Import", "--attest", "--reason", "its log says so"];
    assert_eq!(desk.run(&attest).code, 0);
    desk.server.leave_out(&[]);
    assert_eq!(desk.capability("list"), "api");

    let finish = ["rotate", "finish", "Import", "--yes"];
    for refused in [
        desk.run(&finish),
        desk.run(&["rotate", "finish", "Import", "--force", "--confirm", "Import", "--yes"]),
    ] {
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        for words in [
            "Nothing was revoked",
            "is now in the server's list, as key_",
            "track --match",
        ] {
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
        }
    }
    let again = desk.run(&["rotate", "start", "Import", "--dry-run"]);
    assert!(
        again.stderr.contains("Would continue"),
        "{}{}",
        again.stdout,
        again.stderr
    );

    assert_eq!(desk.run(&["track", "--match", "--yes"]).code, 0);
    let status = desk.json(&["rotate", "status", "Import", "--json"]);
    let rotation = &status["rotations"][0];
    assert_eq!(rotation["step"], 4, "{status}");
    for key in ["old", "new"] {
        let id = rotation[key]["id"].as_str().unwrap();
        assert!(id.starts_with("key_"), "{status}");
    }
    let ran = desk.run(&finish);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("Revoked “Import”"), "{}", ran.stderr);
    assert!(desk.listed("Import").is_none());
    assert_eq!(desk.listed("Import 2").unwrap()["last_four"], four(&new));
}

#[test]
fn a_profile_that_is_signed_in_to_another_team_shows_none_of_the_first_ones_keys() {
    let answer = fixed("404 Not Found", "application/json", "{}");
    let (server, home) = (Lone::answering(answer), tempfile::tempdir().unwrap());
    let credential = home.path().join("credential");
    let config = format!(
        "[api]\nbase_url = \"http://{}/api/v1\"\n[profiles.default]\ncredential_command = [\"/bin/cat\", \"{}\"]\n",
        server.address,
        credential.display()
    );
    write_config(home.path(), &config);
    let run_as = |value: &str, args: &[&str]| {
        std::fs::write(&credential, value).unwrap();
        finish(start(bare(home.path(), args), ""))
    };
    let (ours, theirs) = ("cz_0123456789abcdefghij", "cz_other_0123456789abcdefghij");
    let track = ["track", "Web", "--created", "2026-09-01"];
    assert_eq!(run_as(ours, &track).code, 0);
    assert!(run_as(ours, &["list"]).stdout.contains("Web"));
    let other = run_as(theirs, &["list"]);
    assert_eq!((other.code, other.stdout.as_str()), (5, ""), "{}", other.stderr);
    assert_eq!(run_as(theirs, &track).code, 0, "it is no twin of another team's");
    assert!(run_as(ours, &["list"]).stderr.contains("1 key"));
}
