//! An API key as the team's list shows it: everything but its value.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use crate::core::secret::mask_values;
use crate::core::text::{Label, clean};

/// The longest name the contract takes, in characters.
pub const NAME_LIMIT: usize = 100;
/// What an id begins with that this machine gave.
const TRACKED: &str = "tracked_";
/// The longest id that is believed, in bytes.
const ID_LIMIT: usize = 256;

/// The server's identifier of a key. Never empty.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct KeyId(Label);

impl KeyId {
    /// Takes an id as the server sent it; `None` when it is empty or absurdly long.
    #[must_use]
    pub fn new(raw: &str) -> Option<Self> {
        (!raw.trim().is_empty() && raw.len() <= ID_LIMIT).then(|| Self(Label::new(raw)))
    }

    /// The id that this machine gives to a key the server has none of here: 12 hexadecimal digits of `number`.
    #[must_use]
    pub fn of_tracked(number: u64) -> Self {
        Self(Label::new(&format!("{TRACKED}{:012x}", number & 0xffff_ffff_ffff)))
    }

    /// Whether this machine gave it: no server knows such an id.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let digits = self.raw().strip_prefix(TRACKED);
        digits.is_some_and(|digits| digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
    }

    /// The id for requests and machine output.
    #[must_use]
    pub fn raw(&self) -> &str {
        self.0.raw()
    }

    /// The id as it may be drawn.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.0.shown()
    }

    /// The last four characters as they may be drawn.
    #[must_use]
    pub fn last_four(&self) -> String {
        let shown = self.0.shown();
        let skip = shown.chars().count().saturating_sub(4);
        shown.chars().skip(skip).collect()
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

/// Shows the cleaned id.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.shown())
    }
}

/// A name for a new key: 1 to 100 visible characters, as the contract wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(Box<str>);

/// Why a text cannot name a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadName {
    /// Nothing but white space.
    Empty,
    /// Longer than [`NAME_LIMIT`]; carries its length in characters.
    TooLong(usize),
    /// A control or invisible character at this position (counted from 1).
    Hidden(usize),
    /// It looks like a key's value, which is not to be written down.
    LooksLikeValue,
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("A key needs a name: 1 to 100 characters."),
            Self::TooLong(count) => write!(f, "The name has {count} characters; the limit is {NAME_LIMIT}."),
            Self::LooksLikeValue => f.write_str(
                "This looks like a key's value, not a name. If you pasted it by mistake, clear the clipboard.",
            ),
            Self::Hidden(at) => write!(f, "Character {at} of the name is invisible or a control character."),
        }
    }
}

impl std::error::Error for BadName {}

impl KeyName {
    /// Takes a name as typed, without surrounding white space.
    ///
    /// # Errors
    /// [`BadName`] when the contract would refuse it, or nobody could read it.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let text = text.trim();
        if looks_like_a_value(text) {
            return Err(BadName::LooksLikeValue);
        }
        Self::kept(text)
    }

    /// Takes a name that was written down before, whatever it looks like.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), but for what looks like a value.
    pub fn kept(text: &str) -> Result<Self, BadName> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BadName::Empty);
        }
        let count = text.chars().count();
        if count > NAME_LIMIT {
            return Err(BadName::TooLong(count));
        }
        let mut buffer = [0; 4];
        if let Some(at) = text.chars().position(|c| {
            let one = c.encode_utf8(&mut buffer);
            clean(one) != *one
        }) {
            return Err(BadName::Hidden(at + 1));
        }
        Ok(Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text holds what looks like a key's value, which must not be written down. A list shows such a name masked, so
/// that a key made under it would not be found again.
#[must_use]
pub fn looks_like_a_value(text: &str) -> bool {
    matches!(mask_values(text, None), Cow::Owned(_))
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The name without the date that a rotation puts behind it: `Zapier` of `Zapier 2026-11-22` or `Zapier (2026-11-22)`.
#[must_use]
pub fn stem(name: &str) -> &str {
    let name = name.trim();
    let bare = name.strip_suffix(')').unwrap_or(name);
    let Some(at) = bare.len().checked_sub(10).filter(|&at| bare.is_char_boundary(at)) else {
        return name;
    };
    let (head, date) = bare.split_at(at);
    let is_date = date.parse::<jiff::civil::Date>().is_ok() && date.is_ascii();
    let head = if bare.len() < name.len() {
        head.strip_suffix('(')
    } else {
        Some(head)
    };
    match head {
        Some(head) if is_date && head.ends_with([' ', '-', '_']) => head.trim_end_matches([' ', '-', '_']),
        _ => name,
    }
}

/// When a key was last used, as far as the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastUse {
    /// The server does not say.
    Unknown,
    /// The server says: never.
    Never,
    /// At this time, by the server's clock.
    At(Timestamp),
}

impl LastUse {
    /// The time, where there is one.
    #[must_use]
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Unknown | Self::Never => None,
        }
    }
}

/// Whether a key is the credential we are signed in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// Its hint matches our credential, and no other key's does.
    Yes,
    /// Its hint does not match our credential.
    No,
    /// The server gives no hint, or several keys share it.
    Unknown,
}

impl Own {
    /// The word for machine output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// One key of a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The server's identifier.
    pub id: KeyId,
    /// The name people gave it; may be empty or hostile.
    pub name: Label,
    /// When it was created, by the server's clock.
    pub created_at: Option<Timestamp>,
    /// When it was last used, by the server's clock.
    pub last_used_at: LastUse,
    /// Who created it, in the server's words.
    pub created_by: Option<Label>,
    /// The first characters of its value.
    pub prefix: Option<Label>,
    /// The last four characters of its value.
    pub last_four: Option<Label>,
}

impl ApiKey {
    /// The bytes of its texts.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let texts = [&self.created_by, &self.prefix, &self.last_four];
        let known = texts.into_iter().flatten().map(Label::bytes).sum::<usize>();
        self.id.0.bytes() + self.name.bytes() + known
    }

    /// `prefix…last_four`, or a dash where the server gives neither.
    #[must_use]
    pub fn hint(&self) -> String {
        match (&self.prefix, &self.last_four) {
            (None, None) => "—".to_owned(),
            (prefix, last_four) => {
                let part = |label: &Option<Label>| label.as_ref().map(|l| l.shown().to_owned()).unwrap_or_default();
                format!("{}…{}", part(prefix), part(last_four))
            }
        }
    }

    /// The name for a sentence: quoted, or the id where the name is blank.
    #[must_use]
    pub fn display_name(&self) -> String {
        if self.name.is_blank() {
            format!("the unnamed key {}", self.id)
        } else {
            format!("“{}” ({})", self.name, self.id)
        }
    }
}

/// A team of the caller, as `GET /get-teams` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The server's identifier.
    pub id: Label,
    /// The name people gave it.
    pub name: Label,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_counted_in_characters() {
        assert_eq!(KeyName::parse("  Zapier ").unwrap().as_str(), "Zapier");
        assert!(KeyName::parse(&"é".repeat(100)).is_ok());
        assert_eq!(KeyName::parse(&"é".repeat(101)).unwrap_err(), BadName::TooLong(101));
        assert_eq!(KeyName::parse(" \t").unwrap_err(), BadName::Empty);
        let value = "cz_1gK4bRx9T2mQw7Zp5LsD8vNc3YhF6jUa";
        assert_eq!(KeyName::parse(value).unwrap_err(), BadName::LooksLikeValue);
        assert!(KeyName::kept(value).is_ok(), "what was written down before is read");
        for name in [
            "Website widget of the shop in Mombasa 2",
            "Customer_Support_Chatbot_Widget_2026",
        ] {
            assert!(KeyName::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_name_with_hidden_characters_is_told_where() {
        assert_eq!(KeyName::parse("ab\u{202e}c").unwrap_err(), BadName::Hidden(3));
        assert_eq!(KeyName::parse("a\x1b[0m").unwrap_err(), BadName::Hidden(2));
    }

    #[test]
    fn an_id_is_never_empty_nor_absurdly_long() {
        assert!(KeyId::new(" ").is_none());
        assert!(KeyId::new(&"x".repeat(257)).is_none());
        assert_eq!(KeyId::new("key_9fbc5e28d742").unwrap().last_four(), "d742");
    }

    #[test]
    fn a_stem_is_a_name_without_the_date_of_a_rotation() {
        for (name, expected) in [
            ("Zapier 2026-11-22", "Zapier"),
            ("Zapier (2026-11-22)", "Zapier"),
            ("Zapier_2026-11-22", "Zapier"),
            ("Zapier 2026-13-22", "Zapier 2026-13-22"),
            ("Zapier2026-11-22", "Zapier2026-11-22"),
            ("Zapier (2026-11-22", "Zapier (2026-11-22"),
            ("2026-11-22", "2026-11-22"),
            ("Zoë é", "Zoë é"),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }

    #[test]
    fn a_hint_says_what_the_server_gave_and_no_more() {
        let mut key = ApiKey {
            id: KeyId::new("k1").unwrap(),
            name: Label::new("Zapier"),
            created_at: None,
            last_used_at: LastUse::Unknown,
            created_by: None,
            prefix: None,
            last_four: None,
        };
        assert_eq!(key.hint(), "—");
        key.last_four = Some(Label::new("CpSn"));
        assert_eq!(key.hint(), "…CpSn");
        key.prefix = Some(Label::new("cz_Iz1P"));
        assert_eq!(key.hint(), "cz_Iz1P…CpSn");
    }
}
