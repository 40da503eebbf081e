//! A JSON reply on its way to being understood: wiped when dropped, and asked by field names with a place for errors.

use std::fmt;

use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::core::incident::scrub;
use crate::core::secret::Secret;

/// A decoded reply; one may hold a secret, so all its texts are wiped when it is dropped.
pub(super) struct ReplyJson(Value);

/// The heaviest reply that becomes a tree: some 60 MiB of it.
const WEIGHT_LIMIT: usize = 1_000_000;

/// Why a body is no JSON, in words that quote nothing of it.
pub(super) fn parse(body: &[u8]) -> Result<ReplyJson, String> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Err("it is empty".to_owned());
    }
    if weight(body) > WEIGHT_LIMIT {
        return Err("it has more values than any valid reply".to_owned());
    }
    serde_json::from_slice(body).map(ReplyJson).map_err(|error| {
        let what = if error.is_eof() {
            "it is cut off"
        } else {
            "it is not JSON"
        };
        format!("{what} (line {}, column {})", error.line(), error.column())
    })
}

/// What `body` takes as a tree, counted before it is one: a value is 1, and an object or a list 10. Texts are as long in
/// the tree as in the body.
fn weight(body: &[u8]) -> usize {
    let (mut weight, mut in_text, mut is_escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b',' if !in_text => weight += 1,
            b'{' | b'[' if !in_text => weight += 10,
            _ => {}
        }
    }
    weight
}

impl ReplyJson {
    /// Masks the value that the request carried wherever a text repeats it.
    pub(super) fn hide(mut self, sent: &Secret) -> Self {
        hide(&mut self.0, sent);
        self
    }

    pub(super) fn root(&self) -> &Value {
        &self.0
    }
}

impl Drop for ReplyJson {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// The parser limits the depth, so this cannot overflow the stack.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn hide(value: &mut Value, sent: &Secret) {
    match value {
        Value::String(text) if text.contains(sent.expose()) => {
            let hidden = scrub(sent, text);
            text.zeroize();
            *text = hidden;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, sent)),
        Value::Object(map) => map.values_mut().for_each(|value| hide(value, sent)),
        _ => {}
    }
}

/// Where in a reply something stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum ReplyPath<'a> {
    /// In the reply itself.
    Root,
    /// In the object of this name.
    Field(&'a str),
    /// In this item of the list of this name; the name is empty where the reply itself is the list.
    Item(&'a str, usize),
}

impl fmt::Display for ReplyPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("the reply"),
            Self::Field(name) => f.write_str(name),
            Self::Item(list, index) => write!(f, "{list}[{index}]"),
        }
    }
}

/// An object of a reply, and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Object<'v> {
    map: &'v Map<String, Value>,
    at: ReplyPath<'v>,
}

impl<'v> Object<'v> {
    pub(super) fn new(value: &'v Value, at: ReplyPath<'v>) -> Result<Self, String> {
        match value {
            Value::Object(map) => Ok(Self { map, at }),
            other => Err(format!("{at} is {}, not an object", kind(other))),
        }
    }

    /// The field under the first of `names` that holds something; else one that is there and null.
    pub(super) fn get(&self, names: &[&'static str]) -> Option<(&'static str, &'v Value)> {
        let map = self.map;
        let mut there = names
            .iter()
            .filter_map(move |&name| map.get(name).map(|value| (name, value)));
        let first = there.next()?;
        if first.1.is_null() {
            return there.find(|(_, value)| !value.is_null()).or(Some(first));
        }
        Some(first)
    }

    /// What is wrong with a field, and where.
    pub(super) fn wrong(&self, name: &str, what: &str) -> String {
        match self.at {
            ReplyPath::Root => format!("{name} {what}"),
            at => format!("{at}.{name} {what}"),
        }
    }
}

/// What a value is, for a person.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_said_without_quoting_it() {
        for (body, why) in [
            (&b""[..], "it is empty"),
            (b" \n", "it is empty"),
            (b"\x00\x01canary", "it is not JSON (line 1, column 1)"),
            (b"{\"data\":[", "it is cut off (line 1, column 9)"),
            (b"\"\xff\"", "it is not JSON (line 1, column 2)"),
        ] {
            assert_eq!(parse(body).err().unwrap(), why);
        }
        assert!(parse(b"\xef\xbb\xbf{}").is_ok());
    }

    #[test]
    fn a_deep_reply_is_refused_and_not_followed() {
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn a_reply_of_countless_values_is_refused_before_it_is_a_tree() {
        let why = "it has more values than any valid reply";
        for part in ["{},", "0,", "[[]],"] {
            let body = format!("[{}0]", part.repeat(1_000_001));
            assert_eq!(parse(body.as_bytes()).err().as_deref(), Some(why), "{part}");
        }
        let text = format!("[\"{}\\\"{}\"]", ",".repeat(1_000_001), "{".repeat(1_000_001));
        assert!(parse(text.as_bytes()).is_ok(), "in a text they are no values");
    }

    #[test]
    fn the_first_name_that_holds_something_wins() {
        let json = parse(br#"{"a":null,"b":1}"#).ok().unwrap();
        let object = Object::new(json.root(), ReplyPath::Root).unwrap();
        assert_eq!(object.get(&["a", "b"]).unwrap().0, "b");
        assert_eq!(object.get(&["a", "c"]).unwrap().0, "a");
        assert!(object.get(&["c"]).is_none());
    }
}
