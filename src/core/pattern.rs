//! Patterns over the names of keys, as they stand in the config.

use std::fmt;

use glob::{MatchOptions, Pattern};

/// A pattern over key names: `*` any text, `?` any character, `[ab]` one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern(Pattern);

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPattern {
    /// Position of the mistake, in characters counted from 1.
    pub at: usize,
    /// What it is.
    pub why: &'static str,
}

impl fmt::Display for BadPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "character {}: {}", self.at, self.why)
    }
}

impl std::error::Error for BadPattern {}

impl NamePattern {
    /// Takes a pattern as written in the config.
    ///
    /// # Errors
    /// [`BadPattern`], with the place of the mistake.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        if text.trim().is_empty() {
            return Err(BadPattern {
                at: 1,
                why: "a pattern that matches nothing",
            });
        }
        Pattern::new(text).map(Self).map_err(|error| BadPattern {
            at: error.pos + 1,
            why: error.msg,
        })
    }

    /// Whether it matches a name, as the server has it, in either case.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let options = MatchOptions {
            case_sensitive: false,
            require_literal_separator: false,
            require_literal_leading_dot: false,
        };
        self.0.matches_with(name.trim(), options)
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_pattern_is_told_where_it_is_wrong() {
        assert_eq!(NamePattern::parse("é[ab").unwrap_err().at, 2);
        assert!(NamePattern::parse("a***b").is_err());
        assert!(NamePattern::parse("  ").is_err());
    }
}
