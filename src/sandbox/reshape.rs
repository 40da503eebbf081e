//! Faults that bend an answer's JSON and leave it JSON.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::faults::SandboxFault;
use super::mint;

/// Bends `answer` as `fault` says; other faults leave it as it is.
pub(super) fn reshape(fault: SandboxFault, answer: &mut Value) {
    if fault == SandboxFault::Endless {
        endless(answer);
    }
    if fault == SandboxFault::NoTotal
        && let Some(answer) = answer.as_object_mut()
    {
        answer.retain(|field, _| field == "data");
    }
    match answer.get_mut("data") {
        Some(Value::Array(teams)) if fault == SandboxFault::TwoTeams => {
            teams.insert(0, json!({ "id": "team_of_kijani", "name": "Kijani" }));
        }
        Some(Value::Array(items)) => {
            for (index, item) in items.iter_mut().enumerate() {
                bend(fault, index, item);
            }
        }
        Some(item) => bend(fault, 0, item),
        None => {}
    }
}

fn bend(fault: SandboxFault, index: usize, item: &mut Value) {
    let Some(item) = item.as_object_mut() else { return };
    match fault {
        SandboxFault::HostileNames => set(item, "name", json!(hostile_name(index))),
        SandboxFault::NumberIds => {
            let id = item.get("id").and_then(Value::as_str).and_then(mint::number_of);
            // A team's id has another form; any number will do for it.
            set(item, "id", json!(id.unwrap_or(7)));
        }
        SandboxFault::NullDates => {
            set(item, "created_at", Value::Null);
            set(item, "last_used_at", Value::Null);
        }
        SandboxFault::MissingFields => item.retain(|field, _| matches!(field.as_str(), "id" | "name" | "key")),
        SandboxFault::EpochSeconds => epoch(item, Timestamp::as_second),
        SandboxFault::EpochMillis => epoch(item, Timestamp::as_millisecond),
        _ => {}
    }
}

/// Sets a field that is there already.
fn set(item: &mut Map<String, Value>, field: &str, value: Value) {
    if let Some(old) = item.get_mut(field) {
        *old = value;
    }
}

fn epoch(item: &mut Map<String, Value>, number: fn(Timestamp) -> i64) {
    for field in ["created_at", "last_used_at"] {
        let time: Option<Timestamp> = item
            .get(field)
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok());
        if let Some(time) = time {
            set(item, field, json!(number(time)));
        }
    }
}

/// Replaces the page by one full of keys that only this page has.
fn endless(answer: &mut Value) {
    let number = |field: &str| answer.get(field).and_then(Value::as_u64);
    let (page, size) = (number("page").unwrap_or(1), number("size").unwrap_or(100));
    let keys: Vec<Value> = (0..size)
        .map(|index| {
            let id = mint::id_of(page * 1_000_000 + index);
            json!({ "id": id, "name": format!("Key {page}.{index}") })
        })
        .collect();
    *answer = json!({ "data": keys });
}

/// Text that a careless screen would obey, or be torn by.
fn hostile_name(index: usize) -> String {
    match index % 10 {
        0 => "\u{1b}[2J\u{1b}[31mred\u{1b}[0m\u{7}".to_owned(),
        1 => "two\nlines\r\nand a\ttab".to_owned(),
        2 => "safe\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}".to_owned(),
        3 => "long ".repeat(1_000),
        4 => String::new(),
        5 => "\u{1b}]52;c;aGVsbG8=\u{7}\u{1b}]0;title\u{1b}\\".to_owned(),
        6 => "=HYPERLINK(\"http://127.0.0.1/\",\"click\")".to_owned(),
        7 => format!("tower e{}", "\u{301}".repeat(200)),
        8 => "\u{9b}31m\u{90}q\u{9c}\u{0}\u{8}\u{8}".to_owned(),
        _ => "{\"message\":\"<script>alert(1)</script>\"}".to_owned(),
    }
}

/// An error's text of the same kind.
pub(super) const HOSTILE_MESSAGE: &str = "\u{1b}[31mNo\u{1b}]0;owned\u{7}\nsecond line\r\u{202e}reversed\u{9b}2J";

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Value {
        json!({
            "data": [{
                "id": "key_00000000002a", "name": "Zapier", "prefix": "cz_AbCd", "last_four": "WxYz",
                "created_at": "2026-11-22T00:00:00Z", "last_used_at": null, "created_by": null
            }],
            "page": 1, "size": 2, "total": 1
        })
    }

    fn bent(fault: SandboxFault) -> Value {
        let mut answer = list();
        reshape(fault, &mut answer);
        answer
    }

    #[test]
    fn each_fault_bends_what_it_says() {
        assert_eq!(bent(SandboxFault::NumberIds)["data"][0]["id"], json!(42));
        assert_eq!(bent(SandboxFault::NullDates)["data"][0]["created_at"], Value::Null);
        assert_eq!(
            bent(SandboxFault::MissingFields)["data"][0],
            json!({"id": "key_00000000002a", "name": "Zapier"})
        );
        assert_eq!(
            bent(SandboxFault::EpochSeconds)["data"][0]["created_at"],
            json!(1_795_305_600)
        );
        assert_eq!(
            bent(SandboxFault::EpochMillis)["data"][0]["created_at"],
            json!(1_795_305_600_000_i64)
        );
        assert_eq!(bent(SandboxFault::EpochMillis)["data"][0]["last_used_at"], Value::Null);
        assert_eq!(bent(SandboxFault::NoTotal).as_object().unwrap().len(), 1);
        assert_ne!(bent(SandboxFault::HostileNames)["data"][0]["name"], json!("Zapier"));
        assert_eq!(bent(SandboxFault::Garbage), list());
    }

    #[test]
    fn an_endless_page_is_full_of_ids_of_its_own() {
        let mut second = list();
        second["page"] = json!(2);
        reshape(SandboxFault::Endless, &mut second);
        assert_eq!(bent(SandboxFault::Endless)["data"].as_array().unwrap().len(), 2);
        assert_ne!(bent(SandboxFault::Endless)["data"][0]["id"], second["data"][0]["id"]);
    }

    #[test]
    fn a_created_key_keeps_its_value_when_fields_are_missing() {
        let mut answer = json!({"data": {"id": "key_1", "name": "a", "key": "cz_x", "prefix": "cz_"}});
        reshape(SandboxFault::MissingFields, &mut answer);
        assert_eq!(answer, json!({"data": {"id": "key_1", "name": "a", "key": "cz_x"}}));
    }
}
