//! `due` under a moved clock, and its calendar and metrics read by other people's parsers.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use jiff::{SignedDuration, Timestamp};

use super::tools::{command, have};

const BINARY: &str = env!("CARGO_BIN_EXE_chatzuri-keys");
/// The day the one key of the list was made.
const MADE: &str = "2028-01-01T15:30:00Z";
/// What a server may call a key to break out of a line, a label or a quote.
const HOSTILE: &str = "a,b;c\\d\\nE:\"f\"\r\nEND:VCALENDAR\n{x=\"1\"} 2\u{1b}[31m \u{202e} 東京";

const READ_CALENDAR: &str = r#"
import sys, json, icalendar
calendar = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
events = [part for part in calendar.walk("VEVENT")]
print(json.dumps([{
    "summary": str(event["SUMMARY"]),
    "uid": str(event["UID"]),
    "day": event["DTSTART"].dt.isoformat(),
    "alarm": [alarm["TRIGGER"].dt.total_seconds() for alarm in event.walk("VALARM")],
    "errors": [str(error) for error in getattr(event, "errors", [])],
} for event in events]))
"#;

const READ_METRICS: &str = r#"
import sys, json
from prometheus_client.parser import text_string_to_metric_families
text = sys.stdin.buffer.read().decode("utf-8")
print(json.dumps([
    {"name": sample.name, "labels": sample.labels, "value": sample.value, "type": family.type}
    for family in text_string_to_metric_families(text) for sample in family.samples
]))
"#;

fn bare(program: &str, home: &Path) -> Command {
    let mut command = command(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("TZ", "America/New_York");
    command
}

/// A list of `names`, read at `as_of`.
fn write_list(home: &Path, as_of: Timestamp, names: &[&str]) -> PathBuf {
    let keys = names
        .iter()
        .enumerate()
        .map(|(i, name)| serde_json::json!({"id": format!("key_{i}"), "name": name, "created_at": MADE}));
    let list = serde_json::json!({
        "schema_version": 1, "as_of": as_of.to_string(),
        "team": {"id": "t", "name": HOSTILE}, "keys": keys.collect::<Vec<_>>(),
    });
    let path = home.join("list.json");
    std::fs::write(&path, list.to_string()).unwrap();
    path
}

fn text(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// Whether Python has this module; otherwise says so, or fails where it is required.
fn has_module(test: &str, module: &str) -> bool {
    if !have(test, &[("python3", "python3")]) {
        return false;
    }
    let import = command("python3")
        .args(["-c", &format!("import {module}")])
        .output()
        .unwrap();
    // Under a name that no package has, so that the one place that decides what is missing decides.
    import.status.success()
        || have(
            test,
            &[(&format!("python3: {module}"), &format!("(pip3 install {module})"))],
        )
}

fn read_by(script: &str, input: &[u8]) -> serde_json::Value {
    let mut python = command("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut python.stdin.take().unwrap(), input).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn drawn(home: &Path, list: &Path, format: &str) -> Vec<u8> {
    let output = bare(BINARY, home)
        .args(["due", "--max-age", "9999w", "--format", format, "--from"])
        .arg(list)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[test]
fn under_a_moved_clock_days_75_76_89_90_and_91_flip_status_and_check() {
    if !have("due under a moved clock", &[("faketime", "faketime")]) {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let made: Timestamp = MADE.parse().unwrap();
    // A leap day lies between.
    for (day, status, check, overdue) in [
        (75, None, 0, 0),
        (76, Some("due_soon"), 6, 0),
        (89, Some("due_soon"), 6, 0),
        (90, Some("due"), 6, 0),
        (91, Some("overdue"), 6, 6),
    ] {
        let now = made + SignedDuration::from_hours(24 * day);
        let list = write_list(home.path(), now, &["Zapier"]);
        let run = |args: &[&str]| {
            bare("faketime", home.path())
                .args(["-f", &now.strftime("@%Y-%m-%d %H:%M:%S").to_string()])
                // The time above is UTC, and so is this zone for the one that fakes it.
                .env("TZ", "UTC")
                .arg(BINARY)
                .args(["due", "--from"])
                .arg(&list)
                .args(args)
                .output()
                .unwrap()
        };
        let shape = run(&["--format", "json"]);
        let shape: serde_json::Value = serde_json::from_str(text(&shape)).unwrap();
        assert_eq!(shape["keys"][0]["status"].as_str(), status, "day {day}: {shape}");
        assert_eq!(run(&["--check"]).status.code(), Some(check), "day {day}");
        assert_eq!(run(&["--check", "--overdue"]).status.code(), Some(overdue), "day {day}");
    }
}

#[test]
fn a_clock_48_hours_off_either_way_is_told_by_the_age_of_the_list() {
    if !have("due under a wrong clock", &[("faketime", "faketime")]) {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let now: Timestamp = MADE.parse().unwrap();
    let list = write_list(home.path(), now, &["Zapier"]);
    for (hours, code) in [(0, 0), (47, 0), (49, 5), (-23, 0), (-48, 5)] {
        let seen = now + SignedDuration::from_hours(hours);
        let output = bare("faketime", home.path())
            .args(["-f", &seen.strftime("@%Y-%m-%d %H:%M:%S").to_string()])
            .env("TZ", "UTC")
            .arg(BINARY)
            .args(["due", "--check", "--from"])
            .arg(&list)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(code), "{hours} h: {output:?}");
    }
}

#[test]
fn pythons_icalendar_reads_the_calendar() {
    if !has_module("due as a calendar", "icalendar") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let long = "日本語".repeat(40);
    let list = write_list(home.path(), Timestamp::now(), &["Zapier", HOSTILE, &long]);
    let calendar = drawn(home.path(), &list, "ics");
    let events = read_by(READ_CALENDAR, &calendar);
    let events = events.as_array().unwrap();
    assert_eq!(events.len(), 3);
    for event in events {
        assert_eq!(event["day"], "2028-03-31");
        assert_eq!(event["alarm"], serde_json::json!([-604_800.0]));
        assert_eq!(event["errors"], serde_json::json!([]));
    }
    let summaries: Vec<&str> = events.iter().map(|event| event["summary"].as_str().unwrap()).collect();
    assert!(summaries.contains(&"Rotate “Zapier” (key_0)"), "{summaries:?}");
    assert!(
        summaries
            .iter()
            .any(|it| it.contains("a,b;c\\d\\nE:\"f\"\\r\\nEND:VCALENDAR")),
        "{summaries:?}"
    );
    assert!(summaries.iter().any(|it| it.contains(&long)), "{summaries:?}");
    let again = read_by(READ_CALENDAR, &drawn(home.path(), &list, "ics"));
    assert_eq!(again.as_array().unwrap()[0]["uid"], events[0]["uid"]);
}

#[test]
fn prometheus_clients_parser_reads_the_metrics() {
    if !has_module("due as metrics", "prometheus_client") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let list = write_list(home.path(), Timestamp::now(), &["Zapier", HOSTILE]);
    let samples = read_by(READ_METRICS, &drawn(home.path(), &list, "prometheus"));
    let samples = samples.as_array().unwrap();
    let named = |name: &str| {
        samples
            .iter()
            .filter(|sample| sample["name"] == name)
            .collect::<Vec<_>>()
    };
    let days = named("chatzuri_key_days_left");
    assert_eq!((days.len(), named("chatzuri_keys_unknown_age").len()), (2, 1));
    for sample in &days {
        assert_eq!(sample["type"], "gauge");
        assert!(sample["value"].is_number());
    }
    let hostile = days
        .iter()
        .find(|sample| sample["labels"]["key_id"] == "key_1")
        .unwrap();
    let name = hostile["labels"]["name"].as_str().unwrap();
    assert!(
        name.starts_with("a,b;c\\d\\nE:\"f\"\\r\\nEND:VCALENDAR\\n{x=\"1\"} 2\\e[31m"),
        "{name}"
    );
}
