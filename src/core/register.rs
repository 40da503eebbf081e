//! What a person wrote down about keys: who owns one, where it is used, and when it was made where the server does not
//! say.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::core::key::stem;
use crate::core::pattern::NamePattern;
use crate::core::target::{BadTarget, Target};
use crate::core::text::Label;

/// What is known of the keys whose names match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterEntry {
    /// Which names.
    pub pattern: NamePattern,
    /// Who answers for such a key.
    pub owner: Option<Label>,
    /// The day it was made.
    pub created: Option<Date>,
    /// Where such a key is used.
    pub places: Vec<KeyPlace>,
}

/// Where a key is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// A value can be delivered there.
    Target(Target),
    /// A person sees to it.
    Words(Label),
}

/// As it is written in the config.
impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(target) => target.fmt(f),
            Self::Words(words) => f.write_str(words.raw()),
        }
    }
}

impl KeyPlace {
    /// Takes a place as written: a target, or words of one's own.
    ///
    /// # Errors
    /// [`BadTarget`] for a text that begins as a target does and is none.
    pub fn parse(text: &str) -> Result<Self, BadTarget> {
        let text = text.trim();
        match Target::parse(text) {
            Ok(target) => Ok(Self::Target(target)),
            Err(bad) if Target::is_begun(text) || text.is_empty() => Err(bad),
            Err(_) => Ok(Self::Words(Label::new(text))),
        }
    }
}

/// The entries in their order: the first that matches a name is the one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Register {
    entries: Vec<RegisterEntry>,
}

impl Register {
    /// These entries in this order.
    #[must_use]
    pub fn new(entries: Vec<RegisterEntry>) -> Self {
        Self { entries }
    }

    /// Who answers for a key of this name; a successor is its predecessor's owner's.
    #[must_use]
    pub fn owner(&self, name: &str) -> Option<&Label> {
        self.of(name)?.owner.as_ref()
    }

    /// When a key of this name was made, at the start of that day.
    #[must_use]
    pub fn created(&self, name: &str) -> Option<Timestamp> {
        // Not inherited: a successor was made later, so a date that names its predecessor is not its own.
        let entry = self.of(name).filter(|entry| entry.pattern.matches(name))?;
        let day = TimeZone::UTC.to_timestamp(entry.created?.to_datetime(jiff::civil::Time::midnight()));
        day.ok()
    }

    /// Where a key of this name is used; a successor is used where its predecessor is.
    #[must_use]
    pub fn places(&self, name: &str) -> &[KeyPlace] {
        self.of(name).map_or(&[], |entry| &entry.places)
    }

    fn of(&self, name: &str) -> Option<&RegisterEntry> {
        let stem = stem(name);
        self.entries
            .iter()
            .find(|entry| entry.pattern.matches(name) || entry.pattern.matches(stem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pattern: &str, owner: Option<&str>, created: Option<&str>) -> RegisterEntry {
        RegisterEntry {
            pattern: NamePattern::parse(pattern).unwrap(),
            owner: owner.map(Label::new),
            created: created.map(|date| date.parse().unwrap()),
            places: Vec::new(),
        }
    }

    #[test]
    fn the_first_entry_that_matches_wins_whole() {
        let register = Register::new(vec![
            entry("Partner: K*", Some("kijani"), None),
            entry("partner*", Some("sales"), Some("2026-01-01")),
        ]);
        let owner = |name| register.owner(name).map(Label::raw);
        assert_eq!(owner("Partner: Kijani"), Some("kijani"));
        assert_eq!(owner("Partner: Acme"), Some("sales"));
        assert_eq!(owner("Zapier"), None);
        assert_eq!(
            register.created("Partner: Kijani"),
            None,
            "the second entry has no say here"
        );
        assert_eq!(
            register.created("Partner: Acme").map(|at| at.to_string()).as_deref(),
            Some("2026-01-01T00:00:00Z")
        );
    }

    #[test]
    fn a_successor_inherits_the_owner_and_not_the_date() {
        let register = Register::new(vec![entry("Zapier", Some("ops"), Some("2026-01-01"))]);
        assert_eq!(register.owner("Zapier 2026-11-22").map(Label::raw), Some("ops"));
        assert!(register.created("Zapier").is_some());
        assert_eq!(register.created("Zapier 2026-11-22"), None);
    }

    #[test]
    fn a_place_is_a_target_or_words_and_never_a_target_with_a_mistake() {
        let parse = KeyPlace::parse;
        assert!(matches!(
            parse(" gh:acme/app/CHATZURI_API_KEY "),
            Ok(KeyPlace::Target(target)) if target.sink_name().is_none()
        ));
        assert!(matches!(parse("box"), Ok(KeyPlace::Target(target)) if target.sink_name() == Some("box")));
        for words in [
            "zapier.com › Connections",
            "the shelf: second row",
            "https://zapier.com/a",
            "op notes",
        ] {
            assert!(matches!(parse(words), Ok(KeyPlace::Words(_))), "{words}");
        }
        for bad in ["gh:acme/app", "gh:", "op://Vault", "pass:", "", "  ", "k8s:a/b"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_last_day_of_the_calendar_is_no_trouble() {
        let register = Register::new(vec![entry("*", None, Some("9999-12-31"))]);
        // A day that no timestamp can name is no date.
        let _ = register.created("Zapier");
    }
}
