//! A file of keys to be tracked: CSV or JSON, read whole, and told line by line where it cannot be used.

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::core::key::{BadName, KeyId, KeyName, looks_like_a_value};
use crate::core::text::{Label, clean, fit};

/// The most keys one file may hold.
const ROWS: usize = 10_000;
/// The longest owner, in characters.
const OWNER_LIMIT: usize = 100;
/// What a cell begins with that a spreadsheet takes for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A key as a person wrote it, before it is one of the tracked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its name.
    pub name: Label,
    /// When it was made, where that is known.
    pub created_at: Option<Timestamp>,
    /// The last four characters of its value.
    pub last_four: Option<Label>,
    /// Who answers for it.
    pub owner: Option<Label>,
    /// The server's id of it, where the page shows one.
    pub id: Option<KeyId>,
    /// Where it stood: a line of a file, or nowhere.
    pub line: Option<u64>,
}

/// The fields of one key as texts; an empty one says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fields<'a> {
    /// Its name.
    pub name: &'a str,
    /// The day it was made.
    pub created: &'a str,
    /// The last four characters of its value.
    pub last_four: &'a str,
    /// Who answers for it.
    pub owner: &'a str,
    /// The server's id.
    pub id: &'a str,
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// The line, from 1; `None` where it is about all of it.
    pub line: Option<u64>,
    /// What is wrong; cleaned, and without what may be a value.
    pub why: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl Draft {
    /// Takes the fields of one key; `now` is the latest it can have been made.
    ///
    /// # Errors
    /// What is wrong, in words that follow a place.
    pub fn parse(fields: Fields<'_>, now: Timestamp) -> Result<Self, String> {
        let name = fields.name.trim();
        if looks_like_a_value(name) {
            return Err("the name looks like a key's value; give the name it has in the dashboard".to_owned());
        }
        let name = KeyName::parse(name).map_err(|bad| match bad {
            BadName::Empty => "the name is missing".to_owned(),
            bad => lower(&bad.to_string()),
        })?;
        Ok(Self {
            name: Label::new(name.as_str()),
            created_at: created(fields.created.trim(), now)?,
            last_four: last_four(fields.last_four.trim())?,
            owner: owner(fields.owner.trim())?,
            id: id(fields.id.trim())?,
            line: None,
        })
    }

    /// Whether nothing that was written tells it from `other`.
    #[must_use]
    pub fn is_twin_of(&self, other: &Self) -> bool {
        let apart = matches!((&self.last_four, &other.last_four), (Some(a), Some(b)) if a != b);
        let same_id = self.id.is_some() && self.id == other.id;
        same_id || (self.name.raw() == other.name.raw() && !apart)
    }
}

fn created(text: &str, now: Timestamp) -> Result<Option<Timestamp>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = |text: &str| {
        let date = text.parse::<Date>().ok().filter(|_| text.len() == "2026-12-01".len())?;
        TimeZone::UTC
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            .ok()
    };
    let shown = || fit(&clean(text), 40).into_owned();
    let at = day(text)
        .or_else(|| text.parse::<Timestamp>().ok())
        .ok_or_else(|| format!("“{}” is not a date; use one such as 2026-12-01", shown()))?;
    if at > now {
        return Err(format!("“{}” is in the future", shown()));
    }
    Ok(Some(at))
}

/// Never quoted: who takes a column for another may have the whole value there.
fn last_four(text: &str) -> Result<Option<Label>, String> {
    let text = text.trim_start_matches(['…', '.', '*', '•']);
    match text.chars().count() {
        0 => Ok(None),
        4 if text.chars().all(|c| c.is_ascii_graphic()) => Ok(Some(Label::new(text))),
        4 => Err("the last four have a character that no key contains".to_owned()),
        count => Err(format!(
            "the last four has {count} characters; give exactly four, never the whole value"
        )),
    }
}

fn owner(text: &str) -> Result<Option<Label>, String> {
    let owner = Label::new(text);
    match text.chars().count() {
        0 => Ok(None),
        _ if looks_like_a_value(text) => Err("the owner looks like a key's value".to_owned()),
        1..=OWNER_LIMIT if !owner.was_escaped() => Ok(Some(owner)),
        1..=OWNER_LIMIT => Err("the owner has an invisible or control character".to_owned()),
        count => Err(format!("the owner has {count} characters; the limit is {OWNER_LIMIT}")),
    }
}

/// An id of this machine's own, or of another's, names nothing on the server.
fn id(text: &str) -> Result<Option<KeyId>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    if looks_like_a_value(text) {
        return Err("the id looks like a key's value".to_owned());
    }
    let id = KeyId::new(text).ok_or_else(|| "the id is too long".to_owned())?;
    Ok(Some(id).filter(|id| !id.is_local()))
}

fn lower(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut chars = sentence.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Reads a file of keys: all of them, or everything that is wrong with it.
///
/// # Errors
/// Each row that cannot be used, in their order.
pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Vec<Draft>, Vec<BadRow>> {
    let text = text(bytes).map_err(|bad| vec![bad])?;
    // Lines are counted by their line feeds.
    let text = text.replace("\r\n", "\n");
    let begins = text.trim_start();
    let drafts = if begins.starts_with(['[', '{']) {
        of_json(&text, now)
    } else {
        of_csv(&text, now)
    }?;
    let drafts = alone(drafts)?;
    if drafts.is_empty() {
        return Err(whole("it has no keys"));
    }
    Ok(drafts)
}

fn whole(why: &str) -> Vec<BadRow> {
    vec![BadRow {
        line: None,
        why: why.to_owned(),
    }]
}

/// UTF-8, with or without its mark. Another encoding is told and never guessed: a guessed name is a wrong name.
fn text(bytes: &[u8]) -> Result<&str, BadRow> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(BadRow {
            line: None,
            why: "it is UTF-16; save it as UTF-8".to_owned(),
        });
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        BadRow {
            line: u64::try_from(line).ok(),
            why: "it is not UTF-8, perhaps Latin-1; save it as UTF-8".to_owned(),
        }
    })
}

/// Where each field stands in a row.
struct Columns {
    name: usize,
    created: usize,
    last_four: Option<usize>,
    owner: Option<usize>,
    id: Option<usize>,
}

impl Columns {
    fn of(head: &csv::StringRecord) -> Result<Self, Vec<BadRow>> {
        let find = |names: &[&str]| {
            let heads = head
                .iter()
                .map(|cell| cell.trim().to_lowercase().replace([' ', '-'], "_"));
            let mut heads = heads.enumerate();
            heads.find(|(_, cell)| names.contains(&cell.as_str())).map(|(at, _)| at)
        };
        let missing = |what: &str| {
            vec![BadRow {
                line: Some(1),
                why: format!("there is no column {what}; start with a header line: name,created,last_four,owner"),
            }]
        };
        Ok(Self {
            name: find(&["name"]).ok_or_else(|| missing("name"))?,
            created: find(&["created", "created_at"]).ok_or_else(|| missing("created"))?,
            last_four: find(&["last_four", "last4", "last_4"]),
            owner: find(&["owner"]),
            id: find(&["id", "key_id"]),
        })
    }
}

fn of_csv(text: &str, now: Timestamp) -> Result<Vec<Draft>, Vec<BadRow>> {
    let first = text.lines().next().unwrap_or_default();
    let most = |sign: char| first.matches(sign).count();
    // Spreadsheets of many countries write semicolons.
    let delimiter = [(';', b';'), ('\t', b'\t')]
        .into_iter()
        .find(|(sign, _)| most(*sign) > most(','))
        .map_or(b',', |(_, byte)| byte);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(text.as_bytes());
    let head = reader.headers().map_err(|_| whole("it is not valid CSV"))?.clone();
    let columns = Columns::of(&head)?;
    let (mut drafts, mut bad) = (Vec::new(), Vec::new());
    for (index, record) in reader.records().enumerate() {
        if index == ROWS {
            return Err(whole(&format!("it has more than {ROWS} keys")));
        }
        let Ok(record) = record else {
            return Err(whole("it is not valid CSV"));
        };
        let line = record.position().map(csv::Position::line);
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        match row(&record, &head, &columns, now) {
            Ok(draft) => drafts.push(Draft { line, ..draft }),
            Err(why) => bad.push(BadRow { line, why }),
        }
    }
    if bad.is_empty() { Ok(drafts) } else { Err(bad) }
}

fn row(
    record: &csv::StringRecord,
    head: &csv::StringRecord,
    columns: &Columns,
    now: Timestamp,
) -> Result<Draft, String> {
    if record.len() != head.len() {
        return Err(format!(
            "it has {} fields but the header has {}; put a name with a comma in quotes",
            record.len(),
            head.len()
        ));
    }
    let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
    let words = |what: &str, at: Option<usize>| {
        let text = cell(at);
        // As our own tables write a text that a spreadsheet would take for a formula.
        match text.strip_prefix('\'') {
            Some(rest) if rest.starts_with(FORMULA) => Ok(rest),
            _ if text.starts_with(FORMULA) => Err(format!(
                "the {what} looks like a formula; if you mean it, put ' before it"
            )),
            _ => Ok(text),
        }
    };
    Draft::parse(
        Fields {
            name: words("name", Some(columns.name))?,
            created: cell(Some(columns.created)),
            last_four: cell(columns.last_four),
            owner: words("owner", columns.owner)?,
            id: cell(columns.id),
        },
        now,
    )
}

fn of_json(text: &str, now: Timestamp) -> Result<Vec<Draft>, Vec<BadRow>> {
    let root: Value = serde_json::from_str(text).map_err(|error| {
        vec![BadRow {
            line: u64::try_from(error.line()).ok().filter(|&line| line > 0),
            why: "it is not valid JSON from here on".to_owned(),
        }]
    })?;
    let items = match &root {
        Value::Array(items) => items,
        Value::Object(object) => match object.get("keys") {
            Some(Value::Array(items)) => items,
            _ => return Err(whole("there is no list under keys")),
        },
        _ => return Err(whole("it is not a list of keys")),
    };
    if items.len() > ROWS {
        return Err(whole(&format!("it has more than {ROWS} keys")));
    }
    let (mut drafts, mut bad) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        match object(item, now) {
            Ok(draft) => drafts.push(draft),
            Err(why) => bad.push(BadRow {
                line: None,
                why: format!("keys[{index}]: {why}"),
            }),
        }
    }
    if bad.is_empty() { Ok(drafts) } else { Err(bad) }
}

fn object(item: &Value, now: Timestamp) -> Result<Draft, String> {
    let Value::Object(object) = item else {
        return Err("it is not an object".to_owned());
    };
    let text = |names: &[&str]| {
        let found = names
            .iter()
            .find_map(|name| object.get(*name).map(|value| (*name, value)));
        match found {
            None | Some((_, Value::Null)) => Ok(String::new()),
            Some((_, Value::String(text))) => Ok(text.clone()),
            Some((_, Value::Number(number))) if names.contains(&"id") => Ok(number.to_string()),
            Some((name, _)) => Err(format!("{name} is not a string")),
        }
    };
    if !["created", "created_at"].iter().any(|name| object.contains_key(*name)) {
        return Err("created is missing; use null if nobody knows".to_owned());
    }
    let (name, created) = (text(&["name"])?, text(&["created", "created_at"])?);
    let (last_four, owner, id) = (
        text(&["last_four", "last4"])?,
        text(&["owner"])?,
        text(&["id", "key_id"])?,
    );
    Draft::parse(
        Fields {
            name: &name,
            created: &created,
            last_four: &last_four,
            owner: &owner,
            id: &id,
        },
        now,
    )
}

/// Keys that nothing tells apart are told, each with the one before it.
fn alone(drafts: Vec<Draft>) -> Result<Vec<Draft>, Vec<BadRow>> {
    let mut named: HashMap<&str, Vec<&Draft>> = HashMap::new();
    let mut ids: HashMap<&str, &Draft> = HashMap::new();
    let mut bad = Vec::new();
    for draft in &drafts {
        let same_id = draft.id.as_ref().and_then(|id| ids.insert(id.raw(), draft));
        let before = named.entry(draft.name.raw()).or_default();
        if let Some(twin) = before.iter().copied().find(|other| draft.is_twin_of(other)).or(same_id) {
            let place = twin.line.map_or_else(String::new, |line| format!(" in line {line}"));
            bad.push(BadRow {
                line: draft.line,
                why: format!(
                    "“{}” is already there{place}; give each of them its last four",
                    fit(draft.name.shown(), 60)
                ),
            });
        }
        before.push(draft);
    }
    drop((named, ids));
    if bad.is_empty() { Ok(drafts) } else { Err(bad) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn read(text: &str) -> Result<Vec<Draft>, Vec<String>> {
        parse(text.as_bytes(), now()).map_err(|bad| bad.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_table_is_read_whole_however_a_spreadsheet_wrote_it() {
        for text in [
            "name,created,last_four,owner\nZapier,2026-01-02,CpSn,ops\n\"a, b\",,,\n",
            "\u{feff}name,created,last_four,owner\r\nZapier,2026-01-02,CpSn,ops\r\n\"a, b\",,,\r\n",
            "Owner;Name;Created at;Last four\nops;Zapier;2026-01-02T00:00:00Z;…CpSn\n;a, b;;\n\n",
        ] {
            let drafts = read(text).unwrap();
            assert_eq!(drafts.len(), 2, "{text}");
            assert_eq!(drafts[0].name.raw(), "Zapier");
            assert_eq!(drafts[0].created_at.unwrap().to_string(), "2026-01-02T00:00:00Z");
            assert_eq!(drafts[0].last_four.as_ref().unwrap().raw(), "CpSn");
            assert_eq!(drafts[0].owner.as_ref().unwrap().raw(), "ops");
            assert_eq!((drafts[1].name.raw(), drafts[1].created_at), ("a, b", None));
            assert_eq!((drafts[0].line, drafts[1].line), (Some(2), Some(3)), "{text}");
        }
    }

    #[test]
    fn a_list_that_this_program_wrote_is_read_back() {
        let text = r#"{"schema_version":1,"keys":[
            {"id":"tracked_0123456789ab","name":"Zapier","created_at":"2026-01-02T03:04:05Z","last_four":"CpSn"},
            {"id":17,"name":"=sum(1)","created_at":null,"owner":"ops"}]}"#;
        let drafts = read(text).unwrap();
        assert_eq!(drafts[0].id, None, "another machine's id says nothing here");
        assert_eq!(drafts[1].id.as_ref().unwrap().raw(), "17");
        assert_eq!(drafts[1].name.raw(), "=sum(1)");
        let table = "profile,key_id,name,owner,created_at\nacme,key_1,'=sum(1),ops,2026-01-02T03:04:05Z\n";
        assert_eq!(read(table).unwrap()[0].name.raw(), "=sum(1)");
    }

    #[test]
    fn every_row_that_cannot_be_used_is_told_with_its_line() {
        let value = "cz_0123456789abcdefABCDEF0123456789abcdefAB";
        let text = format!(
            "name,created,last_four,owner\n\
             Zapier,2026-02-30,,\n\
             =cmd(),2026-01-01,,\n\
             ,2026-01-01,,\n\
             Web,2027-01-01,,\n\
             {value},2026-01-01,,\n\
             Mobile,2026-01-01,{value},\n\
             Good,2026-01-01,CpSn,\n\
             Short,2026-01-01\n\
             Good,2026-01-02,,\n\
             Good 2,01/02/2026,,\n\
             a\u{202e}b,2026-01-01,,x\n"
        );
        let bad = read(&text).unwrap_err();
        for (line, why) in [
            (2, "“2026-02-30” is not a date"),
            (3, "the name looks like a formula"),
            (4, "the name is missing"),
            (5, "“2027-01-01” is in the future"),
            (6, "looks like a key's value"),
            (7, "the last four has 43 characters"),
            (9, "it has 2 fields but the header has 4"),
            (11, "“01/02/2026” is not a date"),
            (12, "character 2 of the name is invisible"),
        ] {
            let begins = format!("line {line}: ");
            let found = bad.iter().find(|row| row.starts_with(&begins));
            assert!(found.is_some_and(|row| row.contains(why)), "{line}: {bad:?}");
        }
        assert_eq!(bad.len(), 9, "{bad:?}");
        assert!(!bad.concat().contains(value));
    }

    #[test]
    fn two_keys_that_nothing_tells_apart_are_told() {
        let head = "name,created,last_four\n";
        let twice = read(&format!("{head}Zapier,2026-01-01,\nWeb,,\nZapier,2026-01-02,CpSn\n"));
        assert_eq!(
            twice.unwrap_err(),
            ["line 4: “Zapier” is already there in line 2; give each of them its last four"]
        );
        assert!(read(&format!("{head}Zapier,2026-01-01,1234\nZapier,2026-01-02,CpSn\n")).is_ok());
        let ids = "id,name,created\nkey_1,Zapier,\nkey_1,Web,\n";
        assert_eq!(read(ids).unwrap_err().len(), 1);
    }

    #[test]
    fn a_file_that_is_no_table_is_told_by_what_it_is() {
        for (bytes, why) in [
            (&b"name,created\nCaf\xe9,2026-01-01\n"[..], "line 2: it is not UTF-8"),
            (b"\xff\xfen\0a\0m\0e\0", "UTF-16"),
            (b"", "line 1: there is no column name"),
            (b"nmae,created\nx,\n", "line 1: there is no column name"),
            (b"name\nx\n", "line 1: there is no column created"),
            (b"name,created\n", "it has no keys"),
            (b"[{\"name\":\"x\"}]", "keys[0]: created is missing"),
            (b"[\n{\"name\":\"x\",]", "line 2: it is not valid JSON"),
            (b"{\"keys\":3}", "no list under keys"),
            (b"[3]", "keys[0]: it is not an object"),
            (b"[{\"name\":3,\"created\":null}]", "keys[0]: name is not a string"),
        ] {
            let bad = parse(bytes, now()).unwrap_err();
            assert!(bad[0].to_string().contains(why), "{why}: {bad:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_file_holds_it_is_read_or_told(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let headed = [b"name,created\n".as_slice(), &bytes].concat();
            for bytes in [&bytes, &headed] {
                if let Err(bad) = parse(bytes, now()) {
                    proptest::prop_assert!(!bad.is_empty());
                    let clean = bad.iter().all(|row| !row.to_string().chars().any(char::is_control));
                    proptest::prop_assert!(clean, "{bad:?}");
                }
            }
        }
    }

    #[test]
    fn a_thousand_rows_are_read_and_too_many_are_not() {
        let rows = |count: usize| {
            let rows = (0..count).map(|n| format!("Integration {n},2026-01-01\n"));
            format!("name,created\n{}", rows.collect::<String>())
        };
        assert_eq!(read(&rows(1000)).unwrap().len(), 1000);
        assert_eq!(read(&rows(1000)).unwrap()[999].line, Some(1001));
        assert_eq!(read(&rows(ROWS + 1)).unwrap_err(), ["it has more than 10000 keys"]);
    }
}
