//! What a built-in target is made of. Each stands in a file of its own, as data: see [`presets`](super::presets).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use super::error::SinkError;
use super::parts::Parts;
use crate::core::secret::Secret;

/// How long a program may take, unless its sink says otherwise.
pub const DEFAULT_LIMIT: Duration = Duration::from_secs(30);
/// 1Password and gpg may ask the person on their screen first.
pub(super) const PATIENT_LIMIT: Duration = Duration::from_secs(90);

/// A program and its arguments, split at spaces outside of single quotes; no shell is involved. `{PART}` stands for a part
/// of the target, `{target}` for all of it; a word whose part was left out is left out, too.
pub(crate) type Words = &'static str;

/// Splits a line at spaces; what stands in single quotes is one word.
pub(super) fn split(line: &str) -> Vec<&str> {
    let quoted = line.split('\'').enumerate();
    let words = quoted.flat_map(|(at, piece)| match at % 2 {
        0 => piece.split_whitespace().collect(),
        _ => vec![piece],
    });
    words.collect()
}

/// What a target holds, with a value in it; or why the rest would not stay.
pub(super) type Edited = Result<Zeroizing<Vec<u8>>, SinkError>;

/// A built-in target: how it is written, and which programs take a value there.
#[derive(Debug)]
pub(crate) struct Preset {
    /// What stands before the first colon.
    pub scheme: &'static str,
    /// The form, for help.
    pub form: &'static str,
    /// Reads what stands after the colon, or says what is wrong with it.
    pub parse: fn(&str) -> Result<Parts, String>,
    /// What may be left to the program's own setting.
    pub pin: Option<Pin>,
    /// Whether its program can be given the value on Windows, which has no `/dev/stdin` and no `env`.
    pub on_windows: bool,
    /// How long each program may take.
    pub limit: Duration,
    /// What must agree before a key is made, in this order.
    pub preflights: &'static [Preflight<Words>],
    /// The program that takes the value.
    pub command: Words,
    /// What it reads.
    pub stdin: Stdin,
    /// How it is seen that the value is there.
    pub read_back: ReadBack<Words>,
}

/// A part that a target may leave to its program's own setting. Where it is named, it stands first.
#[derive(Debug)]
pub struct Pin {
    /// The part, in a word.
    pub part: &'static str,
    /// Prints which one is current.
    pub(super) argv: Words,
    /// What to do when none is; `None` where the program has a default of its own then.
    pub hint: Option<&'static str>,
}

impl Pin {
    /// Program and arguments that print which one is current.
    #[must_use]
    pub fn argv(&self) -> Vec<String> {
        split(self.argv).into_iter().map(str::to_owned).collect()
    }

    /// The name in what the program printed; `None` where there is none.
    #[must_use]
    pub fn name(printed: &[u8]) -> Option<&str> {
        let name = std::str::from_utf8(printed).ok()?.trim();
        (!name.is_empty() && name != "(unset)").then_some(name)
    }
}

/// A program that must agree before a key is made.
#[derive(Debug, Clone)]
pub struct Preflight<Argv = Vec<String>> {
    /// Program and arguments.
    pub argv: Argv,
    /// Whether it agrees.
    pub agrees: fn(&Ended<'_>) -> Agreement,
    /// What to do when it does not.
    pub hint: &'static str,
}

/// How a preflight ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// Whether it succeeded.
    pub succeeded: bool,
    /// What it printed.
    pub stdout: &'a [u8],
    /// What it complained about, cleaned.
    pub stderr: &'a str,
}

/// Whether a preflight agrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// It does.
    Yes,
    /// It does, and what would be asked after it needs no answer.
    YesToAll,
    /// It does not, and the hint says why.
    No,
    /// It does not; says why, and the hint is beside the point.
    Because(&'static str),
    /// It failed: its own words say why.
    Failed,
}

/// The program must succeed.
pub(super) fn succeeds(ended: &Ended<'_>) -> Agreement {
    if ended.succeeded {
        Agreement::Yes
    } else {
        Agreement::Failed
    }
}

/// What the program that takes a value reads.
#[derive(Debug)]
pub(crate) enum Stdin {
    /// This text; `{secret}`, `{secret:json}` and `{secret:base64}` stand for the value.
    Text(&'static str),
    /// What the target holds, with the value in it.
    Edited(Contents),
}

/// How to change the value in what a target holds, and nothing else.
#[derive(Debug)]
pub(crate) struct Contents {
    /// Prints what the target holds, which is as secret as the value.
    pub argv: Words,
    /// What to do when it cannot be read.
    pub hint: &'static str,
    /// What it means that it failed with these words.
    pub failed: fn(&Parts, &str) -> Unread,
    /// Puts a value into what was printed.
    pub edit: fn(&Parts, &str, &[u8]) -> Edited,
    /// The secrets in what was printed, so that no message quotes one of them.
    pub secrets: fn(&[u8]) -> Vec<Zeroizing<String>>,
}

/// What it means that the contents of a target cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It holds nothing yet, or nothing that would be lost.
    Empty,
    /// Nobody knows what it holds, and somebody must confirm that the value replaces it.
    Unknown,
    /// It cannot take the value.
    Failure,
}

/// How it is seen that a value is there.
#[derive(Debug, Clone)]
pub struct ReadBack<Argv = Vec<String>> {
    /// Program and arguments.
    pub argv: Argv,
    /// What it shows.
    pub shows: Shows,
}

/// What a read-back shows.
#[derive(Debug, Clone, Copy)]
pub enum Shows {
    /// The value: whether it is in what was printed.
    Value(fn(&Parts, &Secret, &[u8]) -> bool),
    /// When the value was last changed; `None` where the target has none.
    Date(fn(&Parts, &[u8]) -> Result<Option<Timestamp>, SinkError>),
}

/// What is printed is the value.
pub(super) const VALUE_ALONE: Shows = Shows::Value(|_, secret, read| is_same(secret, read));

/// Whether this is the value, one line break at its end aside. In constant time for its length.
pub(super) fn is_same(secret: &Secret, read: &[u8]) -> bool {
    let read = read.strip_suffix(b"\n").unwrap_or(read);
    let read = read.strip_suffix(b"\r").unwrap_or(read);
    let value = secret.expose().as_bytes();
    value.len() == read.len() && value.iter().zip(read).fold(0_u8, |diff, (a, b)| diff | (a ^ b)) == 0
}

/// The value in the place of all that was printed. `instead` is what to do where that is more than one value.
pub(super) fn replaced(value: &str, printed: &[u8], instead: &str) -> Edited {
    if holds_more(printed) {
        return Err(SinkError(format!(
            "It holds more than one value, and sending would replace all of it. {instead}"
        )));
    }
    Ok(Zeroizing::new(value.as_bytes().to_vec()))
}

/// Whether this is more than one value: an object or a list, several lines, or something that is no text.
fn holds_more(printed: &[u8]) -> bool {
    let text = printed.trim_ascii();
    let within = |open: u8, close: u8| text.first() == Some(&open) && text.last() == Some(&close);
    // What the AWS CLI prints where there is binary data and no text.
    within(b'{', b'}') || within(b'[', b']') || text.contains(&b'\n') || text == b"None" || text.contains(&0)
}

/// The lines.
pub(super) fn lines(printed: &[u8]) -> Vec<Zeroizing<String>> {
    let text = Zeroizing::new(String::from_utf8_lossy(printed).into_owned());
    text.lines().map(|line| Zeroizing::new(line.to_owned())).collect()
}

/// The texts in a JSON object, or else the lines.
pub(super) fn texts_or_lines(printed: &[u8]) -> Vec<Zeroizing<String>> {
    let mut found = Vec::new();
    match serde_json::from_slice(printed) {
        Ok(object @ Value::Object(_)) => texts(object, &mut found),
        _ => found = lines(printed),
    }
    found
}

fn texts(value: Value, found: &mut Vec<Zeroizing<String>>) {
    match value {
        Value::String(text) => found.push(Zeroizing::new(text)),
        Value::Array(values) => values.into_iter().for_each(|value| texts(value, found)),
        Value::Object(fields) => fields.into_iter().for_each(|(mut name, value)| {
            name.zeroize();
            texts(value, found);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

    #[test]
    fn what_is_read_back_may_end_with_one_line_break() {
        let secret = Secret::parse(VALUE).unwrap();
        for (read, same) in [
            (VALUE.to_owned(), true),
            (format!("{VALUE}\n"), true),
            (format!("{VALUE}\r\n"), true),
            (format!("{VALUE}\n\n"), false),
            (format!("{VALUE} "), false),
            (String::new(), false),
            (VALUE.to_lowercase(), false),
        ] {
            assert_eq!(is_same(&secret, read.as_bytes()), same, "{read:?}");
        }
    }

    #[test]
    fn what_a_bare_value_would_replace_is_one_value() {
        for one in ["", "old\n", "old", "{half", "\"quoted\"\n", "true"] {
            let replaced = replaced(VALUE, one.as_bytes(), "").unwrap();
            assert_eq!(replaced.as_slice(), VALUE.as_bytes(), "{one}");
        }
        for more in ["{\"a\":\"b\"}\n", " { } ", "[1]", "A=1\nB=2\n", "None\n", "a\0b"] {
            let error = replaced(VALUE, more.as_bytes(), "Name a field.").expect_err(more);
            assert!(error.to_string().ends_with("Name a field."), "{more}: {error}");
        }
    }

    #[test]
    fn what_a_target_holds_beside_the_value_is_known_as_secret() {
        let secrets = |printed: &str| {
            let found = texts_or_lines(printed.as_bytes());
            found.iter().map(|text| text.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(secrets("one\nuser: two\n"), ["one", "user: two"]);
        assert_eq!(secrets("{\"a\":\"one\",\"b\":[{\"c\":\"two\"}]}\n"), ["one", "two"]);
        assert_eq!(secrets("\"one\"\n"), ["\"one\""]);
        assert_eq!(secrets("[\"one\"]\n"), ["[\"one\"]"]);
    }

    #[test]
    fn what_is_current_is_a_name_or_nothing() {
        assert_eq!(Pin::name(b"acme-prod\n"), Some("acme-prod"));
        for none in [&b""[..], b"\n", b"(unset)\n", b"\xff"] {
            assert_eq!(Pin::name(none), None);
        }
    }
}
