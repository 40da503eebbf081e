use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::cli::output::Look;
use crate::cli::testing::{at, key, listing};
use crate::cli::words;
use crate::core::due::{Notes, Snoozed, items};
use crate::core::policy::NamePattern;
use crate::core::register::{Entry, Register};
use crate::ports::BaseUrl;

const NOW: &str = "2026-11-22T12:00:00Z";
/// What a server may call a key to break out of a cell, a line or a label.
const HOSTILE: &str = "=cmd|' /C calc'!A0\r\nEND:VEVENT\n|\"},x=\"1\\;,<b>\u{1b}[31m\u{202e}";

fn item(id: &str, name: &str, created: Option<&str>) -> Item {
    let mut listed = key(id, name);
    listed.key.created_at = created.map(at);
    let policies = Policies::default().with_register(Register::new(vec![Entry {
        pattern: NamePattern::parse("Zapier").unwrap(),
        owner: Some(Label::new("ops")),
        created: None,
        places: Vec::new(),
    }]));
    items(
        ("default", "api.example"),
        &listing(vec![listed]),
        &policies,
        &Notes::default(),
        at(NOW),
    )
    .remove(0)
}

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

fn drawn<T>(items: &[Item], draw: impl Fn(&Report<'_>) -> T) -> T {
    let teams = [("default".to_owned(), listing(Vec::new()).team)];
    draw(&Report {
        items,
        teams: &teams,
        as_of: at(NOW),
        within: Some(14),
        complete: true,
        unknown: vec![2],
    })
}

fn snoozed(mut item: Item) -> Item {
    item.snoozed = Some(Snoozed {
        until: "2026-12-01".parse().unwrap(),
        reason: Some(Label::new("moves in May")),
    });
    item
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
fn the_table_shows_owner_day_and_standing_and_why_a_key_is_put_off() {
    let items = [
        item("k1", "Zapier", Some("2026-08-01T00:00:00Z")),
        snoozed(item("k2", "a\u{1b}[31m", Some("2026-08-24T00:00:00Z"))),
        item("k3", " ", None),
    ];
    assert_eq!(
        drawn(&items, |report| table::draw_due(report, Look::default())),
        "NAME       KEY           PROFILE  OWNER  DUE         ROTATION\n\
         Zapier     cz_Iz1P…CpSn  default  ops    2026-10-30  ! 23 days overdue\n\
         a\\e[31m    cz_Iz1P…CpSn  default  —      2026-11-22  ◔ due today, snoozed until 2026-12-01: moves in May\n\
         (unnamed)  cz_Iz1P…CpSn  default  —      —           ? age unknown\n"
    );
}

#[test]
fn the_summary_counts_what_calls_and_tells_what_is_put_off() {
    let query = Query {
        within: Some(14),
        ..Query::default()
    };
    let late = || item("k1", "Zapier", Some("2026-08-01T00:00:00Z"));
    let said = |items: Vec<Item>| summary(&query, query.calling(&items), &items);
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

/// Each key with a rotation that was started elsewhere beside it.
fn rotated(created: &[&str]) -> Vec<Item> {
    let pair = |(n, created): (usize, &&str)| {
        let mut old = key(&format!("old{n}"), &format!("Key {n}"));
        old.key.created_at = Some(at(created));
        let mut new = key(&format!("new{n}"), &format!("Key {n} 2026-11-20"));
        new.key.created_at = Some(at("2026-11-20T00:00:00Z"));
        [old, new]
    };
    let listing = listing(created.iter().enumerate().flat_map(pair).collect());
    let place = ("default", "api.example");
    items(place, &listing, &Policies::default(), &Notes::default(), at(NOW))
}

#[test]
fn a_rotation_hides_no_overdue_key() {
    let items = rotated(&["2026-08-01T00:00:00Z", "2026-08-24T00:00:00Z", "2026-08-27T00:00:00Z"]);
    let old: Vec<(&str, String)> = items
        .iter()
        .filter(|item| item.key.id.raw().starts_with("old"))
        .map(|item| (item.standing.status.word(), words::rotation(item)))
        .collect();
    assert_eq!(
        old,
        [
            ("overdue", "! 23 days overdue, rotating, elsewhere".to_owned()),
            ("due", "◔ due today, rotating, elsewhere".to_owned()),
            ("rotating", "~ rotating, elsewhere, due in 3 days".to_owned()),
        ]
    );
    let shape = drawn(&items, |report| {
        serde_json::to_value(json::DueShape::of(report)).unwrap()
    });
    let of = |n: usize| (&shape["keys"][n]["status"], &shape["keys"][n]["rotation"]["role"]);
    assert_eq!(of(0), (&"overdue".into(), &"old".into()));
    assert_eq!(of(1), (&"rotating".into(), &"new".into()));
    assert_eq!(of(4), (&"rotating".into(), &"old".into()));
}

#[test]
fn json_has_the_shape_of_the_list_and_a_little_more() {
    let items = [snoozed(item("k1", "Zapier", Some("2026-08-01T00:00:00Z")))];
    let shape = drawn(&items, |report| {
        serde_json::to_value(json::DueShape::of(report)).unwrap()
    });
    assert_eq!(
        (&shape["schema_version"], &shape["complete"], &shape["within_days"]),
        (&1.into(), &true.into(), &14.into())
    );
    assert_eq!(shape["team"]["name"], "Acme Support");
    let key = &shape["keys"][0];
    assert_eq!((&key["id"], &key["status"]), (&"k1".into(), &"overdue".into()));
    assert_eq!((&key["owner"], &key["profile"]), (&"ops".into(), &"default".into()));
    assert_eq!(key["snoozed_until"], "2026-12-01");
}

#[test]
fn csv_is_read_back_and_no_cell_is_a_formula() {
    let mut hostile = item("=1", HOSTILE, Some("2026-08-01T00:00:00Z"));
    hostile.owner = Some(Label::new("@ops"));
    let text = drawn(&[hostile], |report| super::csv::draw(report).unwrap());
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(&rows[0][2], "'=1");
    assert!(rows[0][3].starts_with("'=cmd"), "{}", &rows[0][3]);
    assert_eq!((&rows[0][4], &rows[0][7]), ("'@ops", "-23"));
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn markdown_keeps_every_name_in_its_cell() {
    let text = drawn(&[item("k1", HOSTILE, Some("2026-08-01T00:00:00Z"))], markdown::draw);
    assert_eq!(text.lines().count(), 3, "{text}");
    let row = text.lines().nth(2).unwrap();
    assert_eq!(row.replace("\\|", "").matches('|').count(), 7, "{row}");
    assert!(!row.contains("<b>") && row.contains("\\<b\\>"), "{row}");
}

#[test]
fn the_calendar_has_an_event_a_key_with_an_alarm_and_a_lasting_name() {
    let one = item("k1", HOSTILE, Some("2026-09-01T23:30:00Z"));
    let text = drawn(&[one.clone(), item("k2", "x", None)], calendar::draw);
    assert_eq!(text.matches("BEGIN:VEVENT\r\n").count(), 1, "unknown age is no day");
    assert!(text.contains("DTSTART;VALUE=DATE:20261130\r\n"), "{text}");
    assert!(text.contains("TRIGGER:-P7D\r\n") && text.contains("ACTION:DISPLAY\r\n"));
    assert!(text.contains("DTSTAMP:20261122T120000Z\r\n"));
    assert_eq!(text.replace("\r\n", "").matches(['\r', '\n']).count(), 0);
    assert_eq!(text.matches("\r\nEND:VEVENT\r\n").count(), 1, "{text}");
    let uid = calendar::uid(&one);
    assert_eq!(
        uid, "b28621250c9fc081f37d06a2eb88df09@chatzuri-keys",
        "the same in every version"
    );
    let mut other = one.clone();
    other.profile = "defaul".to_owned();
    other.host = "api.examplet".to_owned();
    assert_ne!(calendar::uid(&other), uid);
    let mut renamed = one;
    renamed.key.name = Label::new("other");
    assert_eq!(calendar::uid(&renamed), uid);
}

#[test]
fn prometheus_text_has_one_sample_a_key_and_counts_the_unknown() {
    let items = [
        item("k1", "Zapier", Some("2026-08-01T00:00:00Z")),
        snoozed(item("k2", "a\\b\"c", Some("2026-11-01T00:00:00Z"))),
        item("k3", "x", None),
    ];
    assert_eq!(
        drawn(&items, prometheus::draw),
        "# HELP chatzuri_key_days_left Days until the key is due for rotation, negative when it is overdue.\n\
         # TYPE chatzuri_key_days_left gauge\n\
         chatzuri_key_days_left{profile=\"default\",team=\"Acme Support\",key_id=\"k1\",name=\"Zapier\",owner=\"ops\",\
         status=\"overdue\"} -23\n\
         chatzuri_key_days_left{profile=\"default\",team=\"Acme Support\",key_id=\"k2\",name=\"a\\\\b\\\"c\",owner=\"\",\
         status=\"snoozed\"} 69\n\
         # HELP chatzuri_keys_unknown_age Keys whose creation date is not known.\n\
         # TYPE chatzuri_keys_unknown_age gauge\n\
         chatzuri_keys_unknown_age{profile=\"default\",team=\"Acme Support\"} 2\n"
    );
}

fn from(text: &str) -> Result<Found, String> {
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
    assert!(gaps(&list("2026-11-23T12:00:01Z", "")).contains("yet to come"));
    let partial = list(NOW, "").replace("\"new\":1", "\"complete\":false");
    assert!(gaps(&partial).contains("not complete"));
}

#[test]
fn a_wrong_file_is_told_where_it_is_wrong() {
    for (text, why) in [
        ("", "line 1"),
        ("[]", "what “chatzuri-keys list --json” writes"),
        ("{\"keys\":[]}", "schema_version"),
        ("{\"schema_version\":2,\"other\":1}", "its schema_version is 2"),
        ("{\"schema_version\":1,\"as_of\":\"2026-11-22T12:00:00Z\"}", "keys"),
        (&list("yesterday", ""), "as_of = “yesterday” is no time"),
        (&list(NOW, r#"{"name":"n"}"#), "missing field `id`"),
        (
            &list(NOW, r#"{"id":" ","name":"n"}"#),
            "keys[0] (“n”): id = “ ” is no id",
        ),
        (
            &list(
                NOW,
                r#"{"id":"k","name":"n"},{"id":"k","name":"\u001bx","created_at":"soon"}"#,
            ),
            "keys[1] (“\\ex”): created_at = “soon” is no time",
        ),
        (
            &list(NOW, r#"{"id":"k","name":"n","snoozed_until":"x"}"#),
            "snoozed_until = “x” is no day",
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

/// A calendar's lines, unfolded and without their escapes: what a reader makes of them.
fn property(text: &str, name: &str) -> String {
    let whole = text.replace("\r\n ", "");
    let line = whole.split("\r\n").find_map(|line| line.strip_prefix(name)).unwrap();
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().map_or('\\', |c| if c == 'n' { '\n' } else { c })),
            c => out.push(c),
        }
    }
    out
}

proptest! {
    #[test]
    fn any_name_is_read_back_from_the_calendar_and_no_line_is_too_long(name in "\\PC{1,200}|[,;\\\\:\"\n\r\t ]{1,80}") {
        let item = item("k1", &name, Some("2026-08-01T00:00:00Z"));
        let text = drawn(std::slice::from_ref(&item), calendar::draw);
        prop_assert_eq!(property(&text, "SUMMARY:"), format!("Rotate {}", item.key.display_name()));
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 75));
        prop_assert_eq!(text.matches("\r\nBEGIN:VEVENT\r\n").count(), 1);
    }

    #[test]
    fn any_label_is_one_line_and_reads_back(text in "\\PC{0,60}|[\\\\\"\n,{}]{0,20}") {
        let escaped = prometheus::escaped(&text);
        prop_assert!(!escaped.contains('\n'));
        let mut back = String::new();
        let mut chars = escaped.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next().unwrap() { 'n' => back.push('\n'), c => back.push(c) },
                '"' => prop_assert!(false, "an open quote in {escaped}"),
                c => back.push(c),
            }
        }
        prop_assert_eq!(back, text);
    }

    #[test]
    fn any_name_stays_one_row_of_markdown(name in "\\PC{0,60}|[|\\\\`\n]{0,20}") {
        let text = drawn(&[item("k1", &name, None)], markdown::draw);
        prop_assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn no_file_makes_a_panic(text in "\\PC{0,80}", at in 0i64..8_000_000_000) {
        let _ = from(&text);
        let now = Timestamp::from_second(at).unwrap();
        let _ = file::parse(&list("9999-12-30T22:00:00Z", ""), &profile(), &Policies::default(), now, SignedDuration::MAX);
    }
}
