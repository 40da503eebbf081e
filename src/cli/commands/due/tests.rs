use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::ports::BaseUrl;
use crate::present::testing::{NOW, at, item, snoozed};

fn profile() -> Profile {
    Profile {
        name: "default".to_owned(),
        base_url: BaseUrl::parse("https://api.example").unwrap(),
        credential_command: None,
        from_environment: None,
        manual: Default::default(),
        peers: Vec::new(),
    }
}

#[test]
fn a_window_is_days_or_weeks() {
    for (text, found) in [("14d", 14), ("14", 14), (" 2w ", 14), ("0d", 0), ("36500", 36_500)] {
        assert_eq!(days(text), Ok(found), "{text}");
    }
    for bad in ["", "d", "-1d", "+1", "1.5d", "14h", "36501", "9999999999w", "é"] {
        let trouble = days(bad).unwrap_err();
        assert_eq!(trouble.exit, Exit::Usage, "{bad}");
        assert!(trouble.sentence.starts_with("--within: "), "{}", trouble.sentence);
    }
}

#[test]
fn the_summary_counts_what_calls_and_tells_what_is_put_off() {
    let query = Query {
        within: Some(14),
        ..Query::default()
    };
    let late = || item("k1", "Zapier", Some("2026-08-01T00:00:00Z"));
    let said = |items: Vec<DueItem>| summary(&query, query.calling(&items), &items);
    assert_eq!(said(Vec::new()), "No key is due within 14 days.");
    assert_eq!(
        said(vec![snoozed(late())]),
        "No key is due within 14 days. 1 is snoozed."
    );
    assert_eq!(
        said(vec![late(), snoozed(late()), item("k3", "x", None)]),
        "2 keys are due within 14 days: 1 overdue, 1 of unknown age. 1 is snoozed."
    );
    let soon = item("k1", "x", Some("2026-08-27T00:00:00Z"));
    assert_eq!(said(vec![soon]), "1 key is due within 14 days.");
}

fn from(text: &str) -> Result<DueFound, String> {
    let limit = SignedDuration::from_hours(48);
    file::parse(text, &profile(), &Policies::default(), at(NOW), limit)
}

fn list(as_of: &str, key: &str) -> String {
    format!(r#"{{"schema_version":1,"as_of":"{as_of}","team":null,"new":1,"keys":[{key}]}}"#)
}

#[test]
fn a_file_is_measured_anew_and_more_fields_are_no_trouble() {
    let key = r#"{"id":"k","name":"Zapier","created_at":"2026-08-23T00:00:00Z","status":"fresh","days_left":9,"x":[]}"#;
    let found = from(&list("2026-11-21T12:00:00Z", key)).unwrap();
    assert_eq!(found.items[0].standing.days_left, Some(-1), "by the clock of today");
    assert_eq!(found.gaps, Vec::<String>::new());
    let bare = from(&list(NOW, r#"{"id":"k","name":"n"}"#)).unwrap();
    assert_eq!(bare.items[0].standing.days_left, None);
}

#[test]
fn a_files_snooze_holds_until_its_day_is_over() {
    let until = |day: &str| {
        let key = format!(r#"{{"id":"k","name":"n","snoozed_until":"{day}"}}"#);
        from(&list(NOW, &key)).unwrap().items[0].snoozed.is_some()
    };
    assert_eq!((until("2026-11-22"), until("2026-11-21")), (true, false));
}

#[test]
fn an_old_a_future_and_a_partial_file_are_gaps() {
    let gaps = |text: &str| from(text).unwrap().gaps.join(" ");
    assert_eq!(gaps(&list("2026-11-20T12:00:00Z", "")), "", "at its limit");
    assert!(gaps(&list("2026-11-20T11:59:59Z", "")).contains("2 days old"));
    assert_eq!(gaps(&list("2026-11-23T12:00:00Z", "")), "");
    assert!(gaps(&list("2026-11-23T12:00:01Z", "")).contains("in the future"));
    let partial = list(NOW, "").replace("\"new\":1", "\"complete\":false");
    assert!(gaps(&partial).contains("not complete"));
}

#[test]
fn a_wrong_file_is_told_where_it_is_wrong() {
    for (text, why) in [
        ("", "line 1"),
        ("[]", "not the output of “chatzuri-keys list --json”"),
        ("{\"keys\":[]}", "schema_version"),
        ("{\"schema_version\":2,\"other\":1}", "its schema_version is 2"),
        ("{\"schema_version\":1,\"as_of\":\"2026-11-22T12:00:00Z\"}", "keys"),
        (&list("yesterday", ""), "as_of = “yesterday” is not a valid time"),
        (&list(NOW, r#"{"name":"n"}"#), "missing field `id`"),
        (
            &list(NOW, r#"{"id":" ","name":"n"}"#),
            "keys[0] (“n”): id = “ ” is not a valid id",
        ),
        (
            &list(
                NOW,
                r#"{"id":"k","name":"n"},{"id":"k","name":"\u001bx","created_at":"soon"}"#,
            ),
            "keys[1] (“\\ex”): created_at = “soon” is not a valid time",
        ),
        (
            &list(NOW, r#"{"id":"k","name":"n","snoozed_until":"x"}"#),
            "snoozed_until = “x” is not a valid day",
        ),
        (
            &list(NOW, "").replace("\"new\":1", "\"within_days\":14"),
            "the output of “due”",
        ),
    ] {
        let said = from(text).err().unwrap();
        assert!(said.contains(why), "{text}: {said}");
    }
}

#[test]
fn a_span_of_age_is_read_or_told() {
    assert_eq!(file::max_age(None).unwrap(), SignedDuration::from_hours(48));
    assert_eq!(file::max_age(Some("36h")).unwrap(), SignedDuration::from_hours(36));
    assert_eq!(file::max_age(Some("2 days")).unwrap_err().exit, Exit::Usage);
}

proptest! {
    #[test]
    fn no_file_makes_a_panic(text in "\\PC{0,80}", at in 0i64..8_000_000_000) {
        let _ = from(&text);
        let now = Timestamp::from_second(at).unwrap();
        let _ = file::parse(&list("9999-12-30T22:00:00Z", ""), &profile(), &Policies::default(), now, SignedDuration::MAX);
    }
}
