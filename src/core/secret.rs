//! The one owner of a secret value.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::core::text::Label;

/// Characters of a secret shown before the dots of a mask, and kept as a key's `prefix`.
const PREFIX_LEN: usize = 7;
/// Characters of a secret shown after the dots of a mask, and kept as a key's `last_four`.
const SUFFIX_LEN: usize = 4;
/// Below this many characters a mask shows nothing of the value: too much of it would be on the screen.
const SHORTEST_HINTED: usize = 16;
/// The longest value taken for a key, in bytes; the vendor's keys are far shorter.
pub const SECRET_LIMIT: usize = 4096;

/// A secret value: it moves and is never copied, printed or serialised, and is wiped when dropped.
///
/// ```compile_fail
/// let secret = chatzuri_keys::core::secret::Secret::parse("cz_example_0123456789").unwrap();
/// let copy = secret.clone();
/// ```
///
/// ```compile_fail
/// let secret = chatzuri_keys::core::secret::Secret::parse("cz_example_0123456789").unwrap();
/// println!("{secret}");
/// ```
///
/// ```compile_fail
/// let secret = chatzuri_keys::core::secret::Secret::parse("cz_example_0123456789").unwrap();
/// serde_json::to_string(&secret).unwrap();
/// ```
pub struct Secret(SecretString);

/// Why a text cannot be an API key. It never quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotASecret {
    /// Nothing, or white space only.
    Empty,
    /// Longer than [`SECRET_LIMIT`]; carries its length in bytes.
    TooLong(usize),
    /// A character no HTTP header can carry, at this position (counted from 1).
    BadCharacter(usize),
}

impl fmt::Display for NotASecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Nothing was given: the key is empty."),
            Self::TooLong(bytes) => write!(
                f,
                "This is no API key: it is {bytes} bytes long, and a key has at most {SECRET_LIMIT}."
            ),
            Self::BadCharacter(at) => write!(
                f,
                "This is no API key: character {at} is a space, a line break or a letter no key contains."
            ),
        }
    }
}

impl std::error::Error for NotASecret {}

impl Secret {
    /// Takes a value as typed, pasted or received, without surrounding white space. The caller wipes its own buffer.
    ///
    /// # Errors
    /// [`NotASecret`] for a value that no `Authorization` header can carry.
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotASecret::Empty);
        }
        if text.len() > SECRET_LIMIT {
            return Err(NotASecret::TooLong(text.len()));
        }
        if let Some(at) = text.chars().position(|c| !c.is_ascii_graphic()) {
            return Err(NotASecret::BadCharacter(at + 1));
        }
        // A boxed str made in one piece: nothing is reallocated, so no copy stays behind.
        Ok(Self(SecretString::from(Box::<str>::from(text))))
    }

    /// The value itself. Every call is a place where it leaves its owner: an HTTP header, the keyring, the clipboard,
    /// a sink, or the screen when the person asks.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The value with its middle hidden: `cz_Iz1P••••••••CpSn`, always of the same width.
    #[must_use]
    pub fn masked(&self) -> String {
        let (prefix, suffix) = self.ends();
        format!("{prefix}{}{suffix}", "•".repeat(24))
    }

    /// The start of the value, as a list shows it; empty where the value is too short to show any of it.
    #[must_use]
    pub fn prefix(&self) -> Label {
        Label::new(self.ends().0)
    }

    /// The last four characters, as a list shows them; empty where the value is too short to show any of it.
    #[must_use]
    pub fn last_four(&self) -> Label {
        Label::new(self.ends().1)
    }

    /// The length of the value in characters.
    #[must_use]
    pub fn length(&self) -> usize {
        self.expose().len()
    }

    /// SHA-256 of a salt and the value. Keys are long random strings, so the hash gives nothing away.
    #[must_use]
    pub fn fingerprint(&self, salt: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(salt);
        hash.update(self.expose().as_bytes());
        hash.finalize().into()
    }

    /// Whether the value begins with `prefix` and ends with `last_four`: the hint a list gives of a key. A hint that says
    /// nothing matches nothing.
    #[must_use]
    pub fn fits_hint(&self, prefix: &str, last_four: &str) -> bool {
        !last_four.is_empty() && self.expose().starts_with(prefix) && self.expose().ends_with(last_four)
    }

    /// `text` with every occurrence of the value replaced by a mask.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        text.replace(self.expose(), "••••")
    }

    fn ends(&self) -> (&str, &str) {
        let text = self.expose();
        if text.len() < SHORTEST_HINTED {
            return ("", "");
        }
        // ASCII by construction, so byte positions are characters.
        (
            text.get(..PREFIX_LEN).unwrap_or_default(),
            text.get(text.len() - SUFFIX_LEN..).unwrap_or_default(),
        )
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(••••)")
    }
}

/// Two secrets are compared in constant time for their length.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.expose().as_bytes(), other.expose().as_bytes());
        a.len() == b.len() && a.iter().zip(b).fold(0u8, |diff, (x, y)| diff | (x ^ y)) == 0
    }
}

/// A wiped buffer for a value on its way to becoming a [`Secret`]: typed letters, or a line of stdin.
pub type SecretBuffer = Zeroizing<String>;

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

    #[test]
    fn a_mask_shows_only_the_ends_and_hides_the_length() {
        let secret = Secret::parse(VALUE).unwrap();
        assert_eq!(secret.masked(), "cz_Iz1P••••••••••••••••••••••••CpSn");
        let longer = Secret::parse(&format!("cz_Iz1P{}CpSn", "x".repeat(60))).unwrap();
        assert_eq!(longer.masked(), secret.masked());
    }

    #[test]
    fn a_short_value_is_masked_whole() {
        let secret = Secret::parse("cz_short").unwrap();
        assert!(!secret.masked().contains("cz"));
        assert_eq!(secret.last_four().shown(), "");
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(format!("{:?}", Secret::parse(VALUE).unwrap()), "Secret(••••)");
    }

    #[test]
    fn surrounding_white_space_is_dropped_and_other_bad_input_is_told_without_quoting_it() {
        assert_eq!(Secret::parse(&format!("  {VALUE}\r\n")).unwrap().expose(), VALUE);
        assert_eq!(Secret::parse(" \n").unwrap_err(), NotASecret::Empty);
        assert_eq!(Secret::parse("cz_a b").unwrap_err(), NotASecret::BadCharacter(5));
        assert_eq!(Secret::parse("cz_é").unwrap_err(), NotASecret::BadCharacter(4));
        let long = Secret::parse(&"x".repeat(5000)).unwrap_err();
        assert_eq!(long, NotASecret::TooLong(5000));
        assert!(!long.to_string().contains("xxx"));
    }

    #[test]
    fn a_fingerprint_depends_on_the_salt_and_the_whole_value() {
        let secret = Secret::parse(VALUE).unwrap();
        assert_eq!(secret.fingerprint(b"a"), secret.fingerprint(b"a"));
        assert_ne!(secret.fingerprint(b"a"), secret.fingerprint(b"b"));
        let other = Secret::parse("cz_Iz1P0123456789abcdeXCpSn").unwrap();
        assert_ne!(secret.fingerprint(b"a"), other.fingerprint(b"a"));
    }

    #[test]
    fn redaction_removes_every_occurrence() {
        let secret = Secret::parse(VALUE).unwrap();
        assert_eq!(secret.redact(&format!("bad: {VALUE}, {VALUE}!")), "bad: ••••, ••••!");
    }

    #[test]
    fn equality_is_by_value() {
        assert_eq!(Secret::parse(VALUE).unwrap(), Secret::parse(VALUE).unwrap());
        assert_ne!(Secret::parse(VALUE).unwrap(), Secret::parse("cz_other").unwrap());
    }
}
