use proptest::prelude::*;

use super::*;
use crate::core::due::items;
use crate::core::notes::Notes;
use crate::core::policy::Policies;
use crate::present::table::TableLook;
use crate::present::testing::{NOW, at, item, key, listing, snoozed};
use crate::present::words;

/// What a server may call a key to break out of a cell, a line or a label.
const HOSTILE: &str = "=cmd|' /C calc'!A0\r\nEND:VEVENT\n|\"},x=\"1\\;,<b>\u{1b}[31m\u{202e}";

fn drawn<T>(items: &[DueItem], draw: impl Fn(&Report<'_>) -> T) -> T {
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

#[test]
fn the_table_shows_owner_day_and_standing_and_why_a_key_is_put_off() {
    let items = [
        item("k1", "Zapier", Some("2026-08-01T00:00:00Z")),
        snoozed(item("k2", "a\u{1b}[31m", Some("2026-08-24T00:00:00Z"))),
        item("k3", " ", None),
    ];
    assert_eq!(
        drawn(&items, |report| table::draw_due(report, TableLook::default())),
        "NAME       KEY           PROFILE  OWNER  DUE         ROTATION\n\
         Zapier     cz_Iz1P…CpSn  default  ops    2026-10-30  ! 23 days overdue\n\
         a\\e[31m    cz_Iz1P…CpSn  default  —      2026-11-22  ◔ due today, snoozed until 2026-12-01: moves in May\n\
         (unnamed)  cz_Iz1P…CpSn  default  —      —           ? age unknown\n"
    );
}

/// Each key with a rotation that was started elsewhere beside it.
fn rotated(created: &[&str]) -> Vec<DueItem> {
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
}
