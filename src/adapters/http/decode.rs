//! What a body means: liberal in what it takes, and naming the field where it cannot.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::adapters::http::json::{Object, ReplyPath, kind};
use crate::core::incident::scrub;
use crate::core::key::{ApiKey, KeyId, KeyName, LastUse, Team};
use crate::core::secret::{MASK, Secret, mask_values};
use crate::core::team::TeamIdentity;
use crate::core::text::Label;
use crate::ports::{CreatedKey, KeyPage, Stray};

/// Where a list of keys may stand.
const KEY_LISTS: [&str; 4] = ["data", "api_keys", "apiKeys", "keys"];
/// Where a list of teams may stand.
const TEAM_LISTS: [&str; 2] = ["data", "teams"];
/// Where the value of a new key may stand.
const SECRETS: [&str; 5] = ["key", "api_key", "apiKey", "secret", "token"];
const CREATED_AT: [&str; 2] = ["created_at", "createdAt"];
const LAST_USED_AT: [&str; 2] = ["last_used_at", "lastUsedAt"];
const CREATED_BY: [&str; 2] = ["created_by", "createdBy"];
const PREFIX: [&str; 1] = ["prefix"];
const LAST_FOUR: [&str; 3] = ["last_four", "lastFour", "last4"];

/// The longest end of a value that is believed, in bytes.
const HINT_LIMIT: usize = 128;
/// Characters kept of the start of a value, and of its end: enough to tell keys apart, and far from the whole.
const KEPT_PREFIX: usize = 12;
const KEPT_LAST: usize = 8;

/// A number below this is seconds since 1970, from it on milliseconds: as seconds it is the year 5138, as milliseconds
/// it is March 1973, and no key is that young or that old.
const FIRST_MILLISECONDS: f64 = 1e11;

/// A page of the list. A row that does not read as the contract says costs its own fields only.
pub(super) fn page(root: &Value) -> Result<KeyPage, String> {
    let list = list(root, &KEY_LISTS)?;
    let mut page = KeyPage {
        keys: Vec::with_capacity(list.items.len()),
        total: list.total,
        size: list.size,
        ..KeyPage::default()
    };
    for (index, item) in list.items.iter().enumerate() {
        match row(item, ReplyPath::Item(&list.name, index)) {
            Ok((key, is_odd)) => {
                page.keys.push(key);
                page.odd += usize::from(is_odd);
            }
            Err(stray) => page.strays.push(*stray),
        }
    }
    Ok(page)
}

/// The key of a row, and whether a field of it could not be read.
fn row(item: &Value, at: ReplyPath<'_>) -> Result<(ApiKey, bool), Box<Stray>> {
    let mut is_odd = false;
    let object = Object::new(item, at).map_err(|why| {
        Box::new(Stray {
            why,
            has_long_id: false,
            created_at: None,
            prefix: None,
            last_four: None,
        })
    })?;
    let created_at = or_unknown(time(object, &CREATED_AT), &mut is_odd);
    let prefix = or_unknown(prefix(object), &mut is_odd);
    let last_four = or_unknown(last_four(object), &mut is_odd);
    // Two ids that hold a value would be one once it is masked.
    let id = id(object).and_then(|id| match id.raw().contains(MASK) {
        true => Err(object.wrong("id", "repeats the credential")),
        false => Ok(id),
    });
    match id {
        Ok(id) => {
            let key = ApiKey {
                id,
                name: or_unknown(name(object).map(Some), &mut is_odd).unwrap_or_else(|| Label::new("")),
                created_at,
                last_used_at: or_unknown(last_use(object).map(Some), &mut is_odd).unwrap_or(LastUse::Unknown),
                created_by: or_unknown(person(object), &mut is_odd),
                prefix,
                last_four,
            };
            Ok((key, is_odd))
        }
        Err(why) => Err(Box::new(Stray {
            why,
            has_long_id: matches!(object.get(&["id"]), Some((_, Value::String(text))) if !text.trim().is_empty()),
            created_at,
            prefix,
            last_four,
        })),
    }
}

fn or_unknown<T>(read: Result<Option<T>, String>, is_odd: &mut bool) -> Option<T> {
    read.unwrap_or_else(|_| {
        *is_odd = true;
        None
    })
}

/// The caller's teams.
pub(super) fn teams(root: &Value) -> Result<TeamIdentity, String> {
    let list = list(root, &TEAM_LISTS)?;
    let teams = list.items.iter().enumerate().map(|(index, item)| {
        let team = Object::new(item, ReplyPath::Item(&list.name, index))?;
        Ok(Team {
            id: unvalued(id(team)?.raw()),
            name: name(team)?,
        })
    });
    teams.collect::<Result<_, String>>().map(TeamIdentity::of)
}

/// A key just created, flat or under `data`. Its value must never be lost over a detail, so only the value and the id
/// are insisted on: the name falls back to the one asked for, and the rest to unknown. A server that repeats the value in
/// another field does not bring it onto the screen or into the journal.
pub(super) fn created(root: &Value, asked: &KeyName) -> Result<CreatedKey, String> {
    let outer = Object::new(root, ReplyPath::Root)?;
    let object = match outer.get(&["data"]) {
        Some((name, value @ Value::Object(_))) => Object::new(value, ReplyPath::Field(name))?,
        _ => outer,
    };
    let mut why = object.wrong(SECRETS[0], "is missing (and so are api_key, apiKey, secret and token)");
    let mut secret = None;
    for holder in [object, outer] {
        for field in SECRETS {
            if let (None, Some((_, Value::String(text)))) = (&secret, holder.get(&[field])) {
                match Secret::parse(text) {
                    Ok(value) => secret = Some(value),
                    Err(_) => why = holder.wrong(field, "cannot be a key's value"),
                }
            }
        }
    }
    let secret = secret.ok_or(why)?;
    let hidden = |label: &Label| Label::new(&scrub(&secret, label.raw()));
    let id = id(object)?;
    let key = ApiKey {
        id: KeyId::new(&scrub(&secret, id.raw())).unwrap_or(id),
        name: name(object).map_or_else(|_| Label::new(asked.as_str()), |name| hidden(&name)),
        created_at: time(object, &CREATED_AT).unwrap_or_default(),
        last_used_at: last_use(object).unwrap_or(LastUse::Unknown),
        created_by: person(object).unwrap_or_default().as_ref().map(hidden),
        prefix: prefix(object).unwrap_or_default(),
        last_four: last_four(object).unwrap_or_default(),
    };
    Ok(CreatedKey { key, secret })
}

/// The text of an error: under `message`, `error.message` or `error`.
pub(super) fn message(root: &Value) -> Option<&str> {
    fn find<'v>(root: &'v Value, path: &str) -> Option<&'v str> {
        root.pointer(path)
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }
    ["/message", "/error/message", "/error"]
        .iter()
        .find_map(|path| find(root, path))
}

struct List<'v> {
    items: &'v [Value],
    /// Its name in errors; empty where the reply itself is the list.
    name: String,
    total: Option<u64>,
    size: Option<u64>,
}

/// The list under one of `names`, also inside an object under one of them, or the reply itself.
fn list<'v>(root: &'v Value, names: &[&'static str]) -> Result<List<'v>, String> {
    if let Value::Array(items) = root {
        let name = String::new();
        return Ok(List {
            items,
            name,
            total: None,
            size: None,
        });
    }
    let outer = Object::new(root, ReplyPath::Root).map_err(|why| format!("{why} nor a list"))?;
    let missing = || format!("there is no list under {}", names.join(", "));
    let (name, value) = outer.get(names).ok_or_else(missing)?;
    match value {
        Value::Array(items) => Ok(List {
            items,
            name: name.to_owned(),
            total: count(outer, "total"),
            size: count(outer, "size"),
        }),
        Value::Object(_) => {
            let inner = Object::new(value, ReplyPath::Field(name))?;
            match inner.get(names) {
                Some((inner_name, Value::Array(items))) => Ok(List {
                    items,
                    name: format!("{name}.{inner_name}"),
                    total: count(inner, "total").or(count(outer, "total")),
                    size: count(inner, "size").or(count(outer, "size")),
                }),
                _ => Err(outer.wrong(name, "is an object, not a list")),
            }
        }
        other => Err(outer.wrong(name, &format!("is {}, not a list", kind(other)))),
    }
}

/// A count that is no number says nothing: the list ends without it.
fn count(object: Object<'_>, name: &'static str) -> Option<u64> {
    match object.get(&[name])?.1 {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    }
}

fn id(object: Object<'_>) -> Result<KeyId, String> {
    let (_, value) = object.get(&["id"]).ok_or_else(|| object.wrong("id", "is missing"))?;
    let made = match value {
        Value::String(text) => KeyId::new(text),
        // A float has lost digits, and would name another key or none.
        Value::Number(number) if number.is_f64() => return Err(object.wrong("id", "is not a 64-bit integer")),
        Value::Number(number) => KeyId::new(&number.to_string()),
        other => return Err(object.wrong("id", &format!("is {}, not a string or a number", kind(other)))),
    };
    made.ok_or_else(|| object.wrong("id", "is empty or too long"))
}

fn name(object: Object<'_>) -> Result<Label, String> {
    let name = text(object, &["name"])?.map(|name| unvalued(name.raw()));
    name.ok_or_else(|| object.wrong("name", "is missing"))
}

/// What people wrote, without what may be the value of a key: it is shown and kept.
fn unvalued(text: &str) -> Label {
    Label::new(&mask_values(text, None))
}

fn text(object: Object<'_>, names: &[&'static str]) -> Result<Option<Label>, String> {
    match object.get(names) {
        None | Some((_, Value::Null)) => Ok(None),
        Some((_, Value::String(text))) => Ok(Some(Label::new(text))),
        Some((name, other)) => Err(object.wrong(name, &format!("is {}, not a string", kind(other)))),
    }
}

/// The start of a key's value.
fn prefix(object: Object<'_>) -> Result<Option<Label>, String> {
    let hint = hint(object, &PREFIX)?;
    Ok(hint.map(|hint| Label::new(&hint.raw().chars().take(KEPT_PREFIX).collect::<String>())))
}

/// The end of a key's value.
fn last_four(object: Object<'_>) -> Result<Option<Label>, String> {
    let hint = hint(object, &LAST_FOUR)?;
    let kept = |hint: Label| {
        let skipped = hint.raw().chars().count().saturating_sub(KEPT_LAST);
        Label::new(&hint.raw().chars().skip(skipped).collect::<String>())
    };
    Ok(hint.map(kept))
}

/// One end of a key's value. A long one is no hint.
fn hint(object: Object<'_>, names: &[&'static str]) -> Result<Option<Label>, String> {
    match text(object, names)? {
        Some(label) if label.raw().len() > HINT_LIMIT => Err("is too long".to_owned()),
        read => Ok(read),
    }
}

/// Who: a text, or an object with a name or an email.
fn person(object: Object<'_>) -> Result<Option<Label>, String> {
    match object.get(&CREATED_BY) {
        None | Some((_, Value::Null)) => Ok(None),
        Some((_, Value::String(text))) => Ok(Some(unvalued(text))),
        Some((_, Value::Number(number))) => Ok(Some(Label::new(&number.to_string()))),
        Some((name, value @ Value::Object(_))) => {
            let who = Object::new(value, ReplyPath::Field(name))?;
            let said = |field| match who.get(&[field]) {
                Some((_, Value::String(text))) if !text.trim().is_empty() => Some(unvalued(text)),
                _ => None,
            };
            Ok(said("name").or_else(|| said("email")))
        }
        Some((name, other)) => Err(object.wrong(name, &format!("is {}, not a string", kind(other)))),
    }
}

fn last_use(object: Object<'_>) -> Result<LastUse, String> {
    match object.get(&LAST_USED_AT) {
        None => Ok(LastUse::Unknown),
        Some((_, Value::Null)) => Ok(LastUse::Never),
        Some(_) => Ok(time(object, &LAST_USED_AT)?.map_or(LastUse::Unknown, LastUse::At)),
    }
}

fn time(object: Object<'_>, names: &[&'static str]) -> Result<Option<Timestamp>, String> {
    let (name, value) = match object.get(names) {
        None | Some((_, Value::Null)) => return Ok(None),
        Some(found) => found,
    };
    let read = match value {
        Value::String(text) => moment(text),
        Value::Number(number) => number.as_f64().and_then(since_epoch),
        _ => None,
    };
    let wrong = || object.wrong(name, "is not a time (RFC 3339, or seconds or milliseconds since 1970)");
    read.map(Some).ok_or_else(wrong)
}

fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let looks_like_a_number = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    text.parse().ok().or_else(|| {
        looks_like_a_number
            .then(|| text.parse().ok().and_then(since_epoch))
            .flatten()
    })
}

/// Seconds or milliseconds, told apart by their size. A float holds both exactly enough: below 2^53 milliseconds.
fn since_epoch(number: f64) -> Option<Timestamp> {
    let seconds = if number.abs() < FIRST_MILLISECONDS {
        number
    } else {
        number / 1000.0
    };
    // Rounded to the millisecond, so that a float's noise does not become nanoseconds.
    let since = SignedDuration::try_from_secs_f64((seconds * 1000.0).round() / 1000.0).ok()?;
    let since = since.round(jiff::Unit::Millisecond).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
