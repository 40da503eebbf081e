//! The same lists over HTTP, read by the real binary.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use assert_cmd::Command;
use axum::Router;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{delete, get};
use chatzuri_keys::ports::Fault;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::model::{Delete, Habits, Sent, State, Total, id, number};
use super::steady;

const CREDENTIAL: &str = "cz_own0123456789abcdefghOWNK";

/// The value of a key.
fn value(key: u32) -> String {
    format!("cz_k{key:04}0123456789abcdefgh{key:04}")
}

/// The list of a team, and what happens to it.
struct Team {
    list: State,
    /// Keys that somebody else revokes, one right after each first page that is sent.
    sliding: VecDeque<u32>,
    /// Whether they wait for our `DELETE`.
    after_delete: bool,
    /// Rows that are sent otherwise.
    rows: HashMap<u32, Value>,
    deletes: usize,
    /// Pages asked for before the first `DELETE`.
    pages_before: usize,
}

impl Team {
    fn of(list: State) -> Self {
        Self {
            list,
            sliding: VecDeque::new(),
            after_delete: false,
            rows: HashMap::new(),
            deletes: 0,
            pages_before: 0,
        }
    }

    fn row(&self, key: u32) -> Value {
        let whole = || {
            let name = match key {
                100 => "Zapier".to_owned(),
                150 => "Zapier 2026-11-22".to_owned(),
                key => format!("Key {key}"),
            };
            json!({
                "id": id(key).raw(), "name": name, "created_at": format!("2026-10-{:02}T08:00:{:02}Z", 1 + key / 60, key % 60),
                "last_used_at": null, "prefix": format!("cz_k{key:04}"), "last_four": format!("{key:04}"),
            })
        };
        self.rows.get(&key).cloned().unwrap_or_else(whole)
    }
}

type Door = Arc<Mutex<Team>>;

async fn list(Shared(door): Shared<Door>, Query(asked): Query<HashMap<String, String>>) -> Response {
    let mut team = door.lock().unwrap();
    let page = asked["page"].parse().unwrap();
    let Sent { keys, total, size } = team.list.page(page);
    let rows: Vec<Value> = keys.iter().map(|&key| team.row(key)).collect();
    if page == 1
        && (!team.after_delete || team.deletes > 0)
        && let Some(key) = team.sliding.pop_front()
    {
        team.list.remove(key);
    }
    let mut body = json!({"data": rows, "page": page});
    if let Some(total) = total {
        body["total"] = json!(total);
    }
    if let Some(size) = size {
        body["size"] = json!(size);
    }
    Json(body).into_response()
}

async fn revoke(Shared(door): Shared<Door>, Query(asked): Query<HashMap<String, String>>) -> Response {
    let mut team = door.lock().unwrap();
    let Some(key) = asked["keyId"].strip_prefix("key_").and_then(|key| key.parse().ok()) else {
        return (StatusCode::NOT_FOUND, Json(json!({"message": "no such key"}))).into_response();
    };
    team.deletes += 1;
    if team.deletes == 1 {
        team.pages_before = team.list.requests;
    }
    match team.list.delete(key) {
        Ok(()) => Json(json!({"message": "Deleted successfully"})).into_response(),
        Err(Fault::NotFound(_)) => (StatusCode::NOT_FOUND, Json(json!({"message": "no such key"}))).into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"message": "busy"}))).into_response(),
    }
}

async fn teams(Shared(door): Shared<Door>, headers: HeaderMap) -> Response {
    let bearer = headers["authorization"].to_str().unwrap().trim_start_matches("Bearer ");
    let team = door.lock().unwrap();
    if bearer == CREDENTIAL || team.list.keys.iter().any(|&key| value(key) == bearer) {
        return Json(json!({"data": [{"id": "team_1", "name": "Acme"}]})).into_response();
    }
    StatusCode::UNAUTHORIZED.into_response()
}

struct Served {
    door: Door,
    base: String,
    home: TempDir,
    _runtime: Runtime,
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Served {
    fn start(team: Team) -> Self {
        let runtime = Runtime::new().unwrap();
        let door = Arc::new(Mutex::new(team));
        let app = Router::new()
            .route("/api/v1/get-api-keys", get(list))
            .route("/api/v1/delete-api-key", delete(revoke))
            .route("/api/v1/get-teams", get(teams))
            .with_state(Arc::clone(&door));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let base = format!("http://{}/api/v1", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self {
            door,
            base,
            home: tempfile::tempdir().unwrap(),
            _runtime: runtime,
        }
    }

    fn team(&self) -> MutexGuard<'_, Team> {
        self.door.lock().unwrap()
    }

    fn run(&self, args: &[&str], stdin: &str) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_chatzuri-keys"))
            .env_clear()
            .env("HOME", self.home.path())
            .env("CHATZURI_API_KEY", CREDENTIAL)
            .env("CHATZURI_BASE_URL", &self.base)
            .args(args)
            .write_stdin(stdin)
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn list(&self) -> (i32, Value) {
        let ran = self.run(&["list", "--json"], "");
        let shape = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        (ran.code, shape)
    }

    fn is_alive(&self, key: u32) -> bool {
        self.team().list.keys.contains(&key)
    }
}

/// 151 keys on pages of 100: key 100 is the first of page 2.
fn over_a_border(delete: Delete) -> Team {
    let habits = Habits {
        delete,
        ..steady(Total::Right, 100)
    };
    Team::of(State::new(151, habits, 1))
}

fn has(shape: &Value, key: u32) -> bool {
    let ids = shape["keys"].as_array().unwrap().iter();
    ids.map(|key| number(&chatzuri_keys::core::key::KeyId::new(key["id"].as_str().unwrap()).unwrap()))
        .any(|other| other == key)
}

/// Somebody revokes a key of page 1 while the list is read after our `DELETE`: so often.
fn slid(delete: Delete, count: u32, args: &[&str]) {
    let served = Served::start(Team {
        sliding: (0..count).collect(),
        after_delete: true,
        ..over_a_border(delete)
    });
    let ran = served.run(args, "");
    let case = format!("{delete:?} {count} {args:?}: {} {}", ran.code, ran.stderr);
    assert!(served.is_alive(100), "the server revokes nothing");
    assert!(
        matches!(ran.code, 1 | 5 | 7) && !ran.stderr.contains("Revoked"),
        "{case}"
    );
}

#[test]
fn a_key_that_slides_over_a_border_unread_is_not_revoked_by_that() {
    std::thread::scope(|scope| {
        for delete in [Delete::AcceptsOnly, Delete::Fails503] {
            // Once, or during every reading.
            for count in [1, 60] {
                scope.spawn(move || slid(delete, count, &["revoke", "key_100", "--yes"]));
                scope.spawn(move || slid(delete, count, &["revoke", "key_100", "key_120", "--yes"]));
            }
        }
    });
}

#[test]
fn a_rotation_is_not_finished_by_a_key_that_slides_over_a_border_unread() {
    for (delete, after_delete) in [
        (Delete::AcceptsOnly, true),
        (Delete::Fails503, true),
        (Delete::Works, false),
    ] {
        let served = Served::start(over_a_border(delete));
        let adopted = served.run(&["rotate", "adopt", "key_100", "key_150"], "");
        assert_eq!(adopted.code, 0, "{}", adopted.stderr);
        {
            let mut team = served.team();
            team.after_delete = after_delete;
            // Only as long as the list is read before the revocation, where there is one to come.
            team.sliding = (0..if after_delete { 60 } else { 1 }).collect();
        }
        let ran = served.run(
            &["rotate", "finish", "key_100", "--force", "--confirm", "Zapier", "--yes"],
            "",
        );
        let alive = served.is_alive(100);
        assert!(!(alive && ran.code == 0), "{delete:?}: {} {}", ran.code, ran.stderr);
        assert!(!ran.stderr.contains("Already gone"), "{delete:?}: {}", ran.stderr);
    }
}

#[test]
fn a_list_that_moves_while_it_is_read_is_read_again_and_due_reads_it_the_same_way() {
    let served = Served::start(Team {
        sliding: [3].into(),
        ..over_a_border(Delete::Works)
    });
    let (code, shape) = served.list();
    assert_eq!((code, &shape["complete"], has(&shape, 100)), (0, &json!(true), true));
    let served = Served::start(Team {
        sliding: (0..60).collect(),
        ..over_a_border(Delete::Works)
    });
    let (code, shape) = served.list();
    assert_eq!((code, &shape["complete"]), (5, &json!(false)));
    let due = served.run(&["due", "--check", "--within", "1d"], "");
    assert_eq!(due.code, 5, "{}", due.stderr);
    assert!(due.stderr.contains("it changed while it was read"), "{}", due.stderr);
}

#[test]
fn every_page_of_a_capped_list_is_read() {
    for (count, total, cap) in [(121, Total::Unsaid, 50), (251, Total::OfThePage, 100)] {
        let served = Served::start(Team::of(State::new(count, steady(total, cap), 1)));
        let (code, shape) = served.list();
        assert_eq!((code, &shape["complete"]), (0, &json!(true)), "{total:?}");
        assert_eq!(
            shape["keys"].as_array().unwrap().len(),
            usize::try_from(count).unwrap(),
            "{total:?}"
        );
    }
}

fn with_rows(rows: &[(u32, Value)]) -> Served {
    let mut team = Team::of(State::new(12, steady(Total::Right, 100), 1));
    team.rows = rows.iter().cloned().collect();
    Served::start(team)
}

#[test]
fn odd_rows_cost_their_own_fields_and_no_other_key() {
    let served = with_rows(&[
        (3, json!({"id": "key_3", "name": null, "created_at": "", "prefix": 7})),
        (4, json!({"id": "key_4", "name": "Four", "created_at": ""})),
    ]);
    let (code, shape) = served.list();
    assert_eq!((code, &shape["complete"]), (0, &json!(true)));
    assert_eq!((&shape["odd_rows"], &shape["rows_without_id"]), (&json!(2), &json!(0)));
    assert!(shape["keys"][3]["created_at"].is_null() && shape["keys"][3]["prefix"].is_null());
    let list = served.run(&["list"], "");
    assert_eq!(list.code, 0, "{}", list.stderr);
    assert!(
        list.stderr.contains("2 keys have an unreadable field"),
        "{}",
        list.stderr
    );
    assert_eq!(
        served.run(&["revoke", "key_3", "--yes"], "").code,
        0,
        "an odd one is revoked, too"
    );
    assert_eq!(served.run(&["revoke", "key_8", "--yes"], "").code, 0);
    let leak = served.run(&["leak", "--yes"], &value(9));
    assert_eq!(leak.code, 0, "{}", leak.stderr);
    assert!(!served.is_alive(3) && !served.is_alive(8) && !served.is_alive(9));
}

#[test]
fn a_row_without_an_id_makes_the_list_incomplete_and_the_other_keys_stay_of_use() {
    let other = json!({"id": null, "name": "Three", "prefix": "cz_k0003", "last_four": "0003"});
    for row in [other, json!({"id": "x".repeat(300), "name": "Three"})] {
        let served = with_rows(&[(3, row)]);
        let (code, shape) = served.list();
        assert_eq!(
            (code, &shape["complete"], &shape["rows_without_id"]),
            (5, &json!(false), &json!(1))
        );
        assert_eq!(shape["keys"].as_array().unwrap().len(), 11);
        let list = served.run(&["list"], "");
        assert!(
            list.stderr.contains("1 of its rows has no readable id"),
            "{}",
            list.stderr
        );
        let revoked = served.run(&["revoke", "key_8", "--yes"], "");
        assert_eq!(revoked.code, 0, "{}", revoked.stderr);
        let leak = served.run(&["leak", "--yes"], &value(9));
        assert_eq!(leak.code, 0, "{}", leak.stderr);
    }
    // Here the row may be the very key: nothing shows that it is gone.
    let served = with_rows(&[(3, json!({"name": "Three"}))]);
    let revoked = served.run(&["revoke", "key_8", "--yes"], "");
    assert_eq!(revoked.code, 7, "{}", revoked.stderr);
    assert!(
        revoked
            .stderr
            .contains("a row without an id that can be read may be it"),
        "{}",
        revoked.stderr
    );
    // A list of which no row can be read is another list.
    let served = with_rows(&(0..12).map(|key| (key, json!({"key_id": key}))).collect::<Vec<_>>());
    let list = served.run(&["list"], "");
    assert_eq!((list.code, list.stdout.as_str()), (1, ""));
    assert!(list.stderr.contains("data[0].id is missing"), "{}", list.stderr);
}

#[test]
fn a_leaked_key_waits_for_no_second_look_at_the_list() {
    let served = Served::start(over_a_border(Delete::Works));
    let leak = served.run(&["leak", "--yes"], &value(100));
    assert_eq!(leak.code, 0, "{}", leak.stderr);
    assert!(!served.is_alive(100));
    assert_eq!(served.team().pages_before, 2, "each page once");
    assert_eq!(served.team().list.requests, 2 + 2 * 3, "then two whole readings");
}
