//! Whether what a target gives back shows that the value is there.

use jiff::Timestamp;
use serde_json::Value;

use super::json_field;
use super::look::first_line;
use super::plan::NoPlan;
use crate::core::secret::Secret;

/// Where the value is in what a target gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// It is all of it.
    Whole,
    /// It is the first line.
    FirstLine,
    /// It is this field of a JSON object.
    Field(String),
}

impl Part {
    /// Whether the value is there in what was read back.
    #[must_use]
    pub fn is_same(&self, secret: &Secret, read: &[u8]) -> bool {
        match self {
            Self::Whole => is_same(secret, read),
            Self::FirstLine => is_same(secret, first_line(read)),
            Self::Field(field) => json_field::holds(secret, field, read),
        }
    }
}

/// Whether this is the value, one line break at its end aside. In constant time for its length.
pub(super) fn is_same(secret: &Secret, read: &[u8]) -> bool {
    let read = read.strip_suffix(b"\n").unwrap_or(read);
    let read = read.strip_suffix(b"\r").unwrap_or(read);
    let value = secret.expose().as_bytes();
    value.len() == read.len() && value.iter().zip(read).fold(0_u8, |diff, (a, b)| diff | (a ^ b)) == 0
}

/// When the secret `name` was last changed, by the JSON that `gh secret list` prints; `None` when it is not in the list.
///
/// # Errors
/// The text is something else.
pub fn updated_at(json: &[u8], name: &str) -> Result<Option<Timestamp>, NoPlan> {
    let wrong = || NoPlan("its list of secrets cannot be read".to_owned());
    let all: Value = serde_json::from_slice(json).map_err(|_| wrong())?;
    let all = all.as_array().ok_or_else(wrong)?;
    let Some(entry) = all.iter().find(|entry| {
        let said = entry.get("name").and_then(Value::as_str);
        said.is_some_and(|said| said.eq_ignore_ascii_case(name))
    }) else {
        return Ok(None);
    };
    let time = entry.get("updatedAt").and_then(Value::as_str).ok_or_else(wrong)?;
    time.parse().map(Some).map_err(|_| wrong())
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
    fn a_date_is_found_in_the_list_of_secrets() {
        let list =
            br#"[{"name":"A","updatedAt":"2026-01-02T03:04:05Z"},{"name":"B","updatedAt":"2026-02-02T03:04:05Z"}]"#;
        let at = updated_at(list, "a").unwrap().unwrap();
        assert_eq!(at, "2026-01-02T03:04:05Z".parse().unwrap());
        assert_eq!(updated_at(list, "C").unwrap(), None);
        for bad in ["", "{}", r#"[{"name":"C"}]"#, r#"[{"name":"C","updatedAt":"soon"}]"#] {
            assert!(updated_at(bad.as_bytes(), "C").is_err(), "{bad}");
        }
    }
}
