//! What a job leaves in the journal: each table's rows, and the schema.

use std::time::Duration;

use chatzuri_keys::sandbox::FaultEndpoint;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::*;

/// The tables' rows, a line a column. The same id is the same number everywhere.
fn rows(path: &Path) -> String {
    let journal = Connection::open(path).unwrap();
    let mut names = Names::default();
    let mut text = String::new();
    for table in texts(
        &journal,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    ) {
        // A realm is begun before its team is known, and left behind empty where the answer came first: a matter of time.
        let only = if table == "realms" {
            "WHERE id IN (SELECT realm FROM scopes)"
        } else {
            ""
        };
        let mut statement = journal
            .prepare(&format!("SELECT * FROM {table} {only} ORDER BY 1, 2"))
            .unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut found = statement.query([]).unwrap();
        text.push_str(&format!("{table}\n"));
        while let Some(row) = found.next().unwrap() {
            for (number, column) in columns.iter().enumerate() {
                let lead = if number == 0 { '-' } else { ' ' };
                let value = match (table.as_str(), column.as_str()) {
                    ("realms", "id") | (_, "realm") => names.number("realm", &row.get::<_, i64>(number).unwrap()),
                    // One more or less with each use that was read.
                    ("rotations", "revision") => "<number>".to_owned(),
                    _ => names.told(column, row.get_ref(number).unwrap()),
                };
                text.push_str(&format!("  {lead} {column}: {value}\n"));
            }
        }
    }
    text
}

fn texts(journal: &Connection, query: &str) -> Vec<String> {
    let mut statement = journal.prepare(query).unwrap();
    let found = statement.query_map([], |row| row.get(0)).unwrap();
    found.map(Result::unwrap).collect()
}

/// The ids seen so far.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn told(&mut self, column: &str, value: ValueRef<'_>) -> String {
        match value {
            ValueRef::Null => "null".to_owned(),
            ValueRef::Integer(number) => told_number(&number.to_string()),
            ValueRef::Real(_) => "real".to_owned(),
            ValueRef::Blob(bytes) if bytes.len() == 32 => "32 bytes".to_owned(),
            ValueRef::Blob(_) => "bytes".to_owned(),
            ValueRef::Text(bytes) => {
                let text = std::str::from_utf8(bytes).unwrap();
                // Sentences for people.
                if column == "detail" && !text.is_empty() {
                    return "<words>".to_owned();
                }
                match serde_json::from_str::<Value>(text) {
                    Ok(document @ (Value::Object(_) | Value::Array(_))) => self.told_json(&document).to_string(),
                    _ => format!("{:?}", self.told_text(column, text)),
                }
            }
        }
    }

    fn told_json(&mut self, document: &Value) -> Value {
        match document {
            Value::Null | Value::Bool(_) => document.clone(),
            Value::Number(number) if told_number(&number.to_string()) == "<time>" => "<time>".into(),
            Value::Number(_) => document.clone(),
            Value::String(text) => self.told_text("", text).into(),
            Value::Array(elements) => elements.iter().map(|element| self.told_json(element)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(name, field)| {
                    let told = match name.as_str() {
                        // A sentence for people.
                        "measured" => "<words>".into(),
                        // Whether a start's own probe is among the uses is a matter of time.
                        "seen" | "told" => format!("<{name}>").into(),
                        _ => self.told_json(field),
                    };
                    (name.clone(), told)
                })
                .collect(),
        }
    }

    fn told_text(&mut self, column: &str, text: &str) -> String {
        if let Some((address, _port)) = text.split_once("127.0.0.1:").filter(|(before, _)| before.is_empty()) {
            return format!("{address}127.0.0.1:<port>");
        }
        if matches!(column, "last_four" | "prefix") || text.parse::<Timestamp>().is_ok() {
            return format!("<{}>", if column.is_empty() { "time" } else { column });
        }
        let (kind, rest) = text.split_once('_').unwrap_or(("id", text));
        if !(is_hex(rest) && rest.len() >= 10) {
            return text.to_owned();
        }
        self.number(kind, &text)
    }

    /// Which of all ids it is, in the order they are met.
    fn number(&mut self, kind: &str, id: &dyn std::fmt::Display) -> String {
        let id = format!("{kind} {id}");
        let number = self.0.iter().position(|known| *known == id).unwrap_or_else(|| {
            self.0.push(id);
            self.0.len() - 1
        });
        format!("<{kind} {}>", number + 1)
    }
}

/// A number that is a time, in microseconds since 1970, is told as one.
fn told_number(number: &str) -> String {
    if number.len() > 12 { "<time>" } else { number }.to_owned()
}

#[test]
fn schema_of_the_journal() {
    let stage = Stage::new();
    stage.done(&["list"]);
    let journal = Connection::open(stage.journal()).unwrap();
    let number = |pragma: &str| -> i64 { journal.query_row(pragma, [], |row| row.get(0)).unwrap() };
    let mut text = format!(
        "application_id {}\nuser_version {}\n",
        number("PRAGMA application_id"),
        number("PRAGMA user_version")
    );
    let made = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name";
    for statement in texts(&journal, made) {
        text.push_str(&format!("\n{statement};\n"));
    }
    pinned("journal_schema", &text);
}

#[test]
fn rows_of_a_creation_with_a_target() {
    let stage = Stage::new();
    stage.config(&stage.sink("vault"));
    stage.done(&["create", "Invoices", "--to", "vault"]);
    pinned("journal_create", &rows(&stage.journal()));
}

#[test]
fn rows_of_revocations() {
    let stage = Stage::new();
    stage.done(&["revoke", "Load test", "--yes"]);
    stage.inject("revoke:status=403:1");
    assert_eq!(stage.run(&["revoke", "Zapier", "Legacy import", "--yes"]).code, 5);
    pinned("journal_revoke", &rows(&stage.journal()));
}

#[test]
fn rows_of_a_rotation_at_each_step() {
    let stage = Stage::new();
    stage.config(&format!(
        "[rotation]\nquiet = \"20s\"\n[[key]]\nmatch = \"{LEAKED}\"\nplaces = [\"vault\", \"the shelf\"]\n{}",
        stage.sink("vault")
    ));
    stage.done(&["rotate", "start", LEAKED]);
    stage.server.pass(Duration::from_secs(10));
    pinned("journal_rotation_step_2", &rows(&stage.journal()));
    stage.done(&["rotate", "tick", LEAKED, "--all"]);
    stage.server.pass(Duration::from_secs(3));
    assert!(stage.is_alive(&stage.kept_by("vault")));
    stage.server.pass(Duration::from_secs(30));
    stage.done(&["rotate", "confirm", LEAKED]);
    stage.done(&["rotate", "finish", LEAKED, "--yes"]);
    pinned("journal_rotation_done", &rows(&stage.journal()));
}

#[test]
fn rows_of_rotations_that_are_attested_given_up_and_adopted() {
    let stage = Stage::new();
    stage.done(&["rotate", "start", "Zapier", "--show"]);
    stage.done(&[
        "rotate",
        "confirm",
        "Zapier",
        "--attest",
        "--reason",
        "the job is monthly",
    ]);
    stage.done(&["rotate", "start", "Load test", "--show"]);
    stage.server.pass(Duration::from_secs(10));
    stage.done(&["rotate", "cancel", "Load test", "--revoke-new", "--yes"]);
    stage.done(&["create", "Slack bot 2027-03-01", "--show"]);
    stage.server.pass(Duration::from_secs(10));
    stage.done(&["rotate", "adopt", "Slack bot", "Slack bot 2027-03-01"]);
    pinned("journal_rotations", &rows(&stage.journal()));
}

#[test]
fn rows_of_a_leak() {
    let stage = Stage::new();
    assert_eq!(stage.fed(&["leak", "--yes"], &stage.leaked()).code, 0);
    pinned("journal_leak", &rows(&stage.journal()));
}

#[test]
fn rows_of_a_snooze() {
    let stage = Stage::new();
    stage.done(&[
        "snooze",
        "Zapier",
        "--until",
        "2027-04-01",
        "--reason",
        "moves in March",
    ]);
    pinned("journal_snooze", &rows(&stage.journal()));
}

#[test]
fn rows_of_tracked_keys() {
    let stage = Stage::new();
    stage
        .server
        .leave_out(&[FaultEndpoint::List, FaultEndpoint::Create, FaultEndpoint::Revoke]);
    stage.done(&[
        "track",
        "Web",
        "--created",
        "2027-01-02",
        "--last-four",
        "CpSn",
        "--owner",
        "ops",
    ]);
    stage.done(&["track", "Old web", "--created", "2026-01-02"]);
    stage.done(&["untrack", "Old web", "--yes"]);
    pinned("journal_track", &rows(&stage.journal()));
}
