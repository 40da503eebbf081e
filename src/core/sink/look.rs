//! What a target holds before it takes a value: whether the rest of it can stay, and the whole with the value in it.

use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use super::json_field;
use super::op_item::{self, ItemField};
use super::plan::NoPlan;
use crate::core::secret::Secret;

/// A look at what a target holds. What it prints is as secret as the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Program and arguments.
    pub argv: Vec<String>,
    pub(super) shape: Shape,
}

/// What the value is in what a target holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// All of it.
    Alone {
        /// What to do when there is more.
        instead: String,
        /// Whether somebody must confirm it where it cannot be read: what is replaced is gone.
        confirmed: bool,
    },
    /// A field of a JSON object.
    Field(String),
    /// A field of a 1Password item.
    Item(ItemField),
    /// The first line of the entry with this path.
    FirstLine(String),
}

/// What it means that a look at a target failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unseen {
    /// It holds nothing yet.
    Empty,
    /// Nobody knows what it holds, and somebody must confirm that the value replaces it.
    Unknown,
    /// It cannot take the value.
    Failure,
}

impl Look {
    /// What it means that the program failed with these words.
    #[must_use]
    pub fn failed(&self, words: &str) -> Unseen {
        match &self.shape {
            Shape::Alone { confirmed: true, .. } if !words.contains("ResourceNotFoundException") => Unseen::Unknown,
            // Google keeps every version, so nothing is lost there.
            Shape::Alone { .. } => Unseen::Empty,
            Shape::FirstLine(_) if words.contains("is not in the password store") => Unseen::Empty,
            Shape::Field(_) | Shape::Item(_) | Shape::FirstLine(_) => Unseen::Failure,
        }
    }

    /// Whether the value can be put into what was printed and nothing else changes.
    ///
    /// # Errors
    /// [`NoPlan`] says why not, and what to do.
    pub fn check(&self, printed: &[u8]) -> Result<(), NoPlan> {
        match &self.shape {
            Shape::Alone { instead, .. } if holds_more(printed) => Err(NoPlan(format!(
                "It holds more than one value, and all of it would be replaced. {instead}"
            ))),
            Shape::Alone { .. } => Ok(()),
            Shape::Field(field) => json_field::check(printed, field),
            Shape::Item(field) => op_item::check_item(printed, field),
            Shape::FirstLine(path) if first_line(printed) == path.as_bytes() => Err(NoPlan(
                "It is a folder, or an entry that holds its own name: name another entry".to_owned(),
            )),
            Shape::FirstLine(_) => Ok(()),
        }
    }

    /// What was printed, with the value in it.
    pub(super) fn edited(&self, secret: &Secret, printed: &[u8]) -> Result<Zeroizing<Vec<u8>>, NoPlan> {
        self.check(printed)?;
        match &self.shape {
            Shape::Alone { .. } => Ok(Zeroizing::new(secret.expose().as_bytes().to_vec())),
            // The program adds the line break.
            Shape::Field(field) => {
                json_field::with_field(secret, field, printed.strip_suffix(b"\n").unwrap_or(printed))
            }
            Shape::Item(field) => op_item::edited_item(secret, field, printed),
            Shape::FirstLine(_) => {
                let rest = printed.get(first_line(printed).len()..).unwrap_or_default();
                Ok(Zeroizing::new([secret.expose().as_bytes(), rest].concat()))
            }
        }
    }

    /// The secrets in what was printed, so that no message quotes one of them.
    #[must_use]
    pub fn secrets(&self, printed: &[u8]) -> Vec<Zeroizing<String>> {
        let mut found = Vec::new();
        match &self.shape {
            Shape::Item(_) => found = op_item::values(printed),
            Shape::Field(_) => texts(serde_json::from_slice(printed).unwrap_or_default(), &mut found),
            Shape::Alone { .. } | Shape::FirstLine(_) => {
                let lines = String::from_utf8_lossy(printed).into_owned();
                let lines = Zeroizing::new(lines);
                found.extend(lines.lines().map(|line| Zeroizing::new(line.to_owned())));
            }
        }
        found
    }
}

/// Whether this is more than one value: an object or a list, several lines, or something that is no text.
fn holds_more(printed: &[u8]) -> bool {
    let text = printed.trim_ascii();
    let within = |open: u8, close: u8| text.first() == Some(&open) && text.last() == Some(&close);
    // What the AWS CLI prints where there is binary data and no text.
    within(b'{', b'}') || within(b'[', b']') || text.contains(&b'\n') || text == b"None" || text.contains(&0)
}

/// The first line, without the break at its end.
pub(super) fn first_line(text: &[u8]) -> &[u8] {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.strip_suffix(b"\r").unwrap_or(line)
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

    fn look(shape: Shape) -> Look {
        Look {
            argv: Vec::new(),
            shape,
        }
    }

    #[test]
    fn what_a_bare_value_would_replace_is_one_value() {
        let alone = look(Shape::Alone {
            instead: "Name a field.".to_owned(),
            confirmed: true,
        });
        for one in ["", "old\n", "old", "{half", "\"quoted\"\n", "true"] {
            assert!(alone.check(one.as_bytes()).is_ok(), "{one}");
        }
        for more in ["{\"a\":\"b\"}\n", " { } ", "[1]", "A=1\nB=2\n", "None\n", "a\0b"] {
            let error = alone.check(more.as_bytes()).expect_err(more).to_string();
            assert!(error.ends_with("Name a field."), "{more}: {error}");
        }
    }

    #[test]
    fn the_first_line_of_an_entry_is_replaced_and_the_rest_stays() {
        let secret = Secret::parse(VALUE).unwrap();
        let entry = look(Shape::FirstLine("work/key".to_owned()));
        for (before, rest) in [
            ("", ""),
            ("old", ""),
            ("old\n", "\n"),
            ("old\nuser: me\n\notpauth://totp/x", "\nuser: me\n\notpauth://totp/x"),
            ("old\r\nuser: me\r\n", "\r\nuser: me\r\n"),
            ("\nuser: me\n", "\nuser: me\n"),
        ] {
            let edited = entry.edited(&secret, before.as_bytes()).unwrap();
            assert_eq!(
                std::str::from_utf8(&edited).unwrap(),
                format!("{VALUE}{rest}"),
                "{before:?}"
            );
        }
        let bytes = entry.edited(&secret, b"old\n\xff\x00\n").unwrap();
        assert!(bytes.ends_with(b"\n\xff\x00\n"));
        assert!(entry.check("work/key\n├── a\n".as_bytes()).is_err());
    }

    #[test]
    fn what_a_target_holds_beside_the_value_is_known_as_secret() {
        let secrets = |shape, printed: &str| {
            let found = look(shape).secrets(printed.as_bytes());
            found.iter().map(|text| text.to_string()).collect::<Vec<_>>()
        };
        let first = Shape::FirstLine("a".to_owned());
        assert_eq!(secrets(first, "one\nuser: two\n"), ["one", "user: two"]);
        let field = Shape::Field("a".to_owned());
        assert_eq!(
            secrets(field, "{\"a\":\"one\",\"b\":[{\"c\":\"two\"}]}"),
            ["one", "two"]
        );
        let item = Shape::Item(ItemField {
            section: None,
            field: "a".to_owned(),
        });
        assert_eq!(
            secrets(
                item,
                "{\"title\":\"Key\",\"fields\":[{\"label\":\"a\",\"value\":\"one\"}]}"
            ),
            ["one"]
        );
    }
}
