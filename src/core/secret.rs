//! The one owner of a secret value.

use std::borrow::Cow;
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

/// What stands for a value in a text.
pub(crate) const MASK: &str = "••••";
/// Below this many characters a word is an id, a name or a date. `key_9fbc5e28d742` has 16.
const SHORTEST_VALUE: usize = 20;
/// So many letters and digits without a break are random, where both are among them.
const RANDOM_RUN: usize = 16;
/// The longest run of lower-case hex digits that is an id.
const LONGEST_HEX_ID: usize = 24;
/// More characters than this after what our own credential begins with are a value.
const LONGEST_ID_TAIL: usize = 12;
/// The form of a UUID: the lengths of its parts.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

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
            Self::Empty => f.write_str("The key is empty."),
            Self::TooLong(bytes) => write!(
                f,
                "This is not an API key: it has {bytes} bytes; the limit is {SECRET_LIMIT}."
            ),
            Self::BadCharacter(at) => write!(
                f,
                "This is not an API key: character {at} is a space, a line break or another character no key contains."
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
        text.replace(self.expose(), MASK)
    }

    /// What the issuer begins its values with: `cz_`.
    fn issuer(&self) -> Option<&str> {
        let (prefix, _) = self.ends();
        prefix.rfind('_').and_then(|at| prefix.get(..=at))
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

/// Whether `word` can be the value of some key, known here or not: what begins as `own` does and goes on, or a long random
/// word. An id, a name, a date and a UUID cannot.
#[must_use]
pub fn looks_like_value(word: &str, own: Option<&Secret>) -> bool {
    let word = word.trim_matches(['-', '_']);
    let tail = own
        .and_then(Secret::issuer)
        .and_then(|issuer| word.strip_prefix(issuer));
    if tail.is_some_and(|tail| tail.len() > LONGEST_ID_TAIL) {
        return true;
    }
    let runs = || word.split(['-', '_']);
    word.len() >= SHORTEST_VALUE && !runs().map(str::len).eq(UUID) && runs().any(is_random)
}

/// Whether a run of letters and digits is no word and no id.
fn is_random(run: &str) -> bool {
    let is_hex_id = run.len() <= LONGEST_HEX_ID && run.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if run.len() < RANDOM_RUN || is_hex_id || run.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let kind = |byte: &u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    let bytes = run.as_bytes();
    let changes = bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .filter(|&(a, b)| kind(a) != kind(b));
    // A word in camel case changes less often than every third letter, and has hardly a digit.
    bytes.iter().filter(|byte| byte.is_ascii_digit()).count() > 1 || 3 * changes.count() >= run.len()
}

/// `text` with a mask for every word that [`looks_like_value`].
#[must_use]
pub fn mask_values<'t>(text: &'t str, own: Option<&Secret>) -> Cow<'t, str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut masked = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let (word, after) = from.split_at(from.find(|c| !is_part(c)).unwrap_or(from.len()));
        let is_value = looks_like_value(word, own);
        found |= is_value;
        masked.push_str(before);
        masked.push_str(if is_value { MASK } else { word });
        rest = after;
    }
    if !found {
        return Cow::Borrowed(text);
    }
    masked.push_str(rest);
    Cow::Owned(masked)
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
    fn a_random_word_and_what_begins_as_our_credential_does_look_like_values() {
        let own = Secret::parse(VALUE).unwrap();
        for word in [
            "cz_4fT0qLz81mPdW7sKeYv93XbNcRj6HuGaQ2iBnM5o",
            "cz_Iz1P0123456789abcdefCpSn",
            "xKqWzRtYbNmLpOiUyTrE",
            "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "sk-live-9aF2kQ7xZ1mB8vN3",
            "--cz_Iz1P0123456789abcdefCpSn",
        ] {
            assert!(looks_like_value(word, None), "{word}");
        }
        assert!(looks_like_value("cz_short_and_plain", Some(&own)));
        assert!(!looks_like_value("cz_short_and_plain", None));
        for word in [
            "key_9fbc5e28d742",
            "507f1f77bcf86cd799439011",
            "550e8400-e29b-41d4-a716-446655440000",
            "customer-support-agent-2",
            "CustomerSupportAgentProduction",
            "2026-11-24T20-55-51-000000",
            "12345678901234567890",
            "cz_9fbc5e28d742",
            "get-api-keys",
            "",
        ] {
            assert!(!looks_like_value(word, Some(&own)), "{word}");
        }
    }

    #[test]
    fn values_are_masked_in_a_sentence_and_all_else_stays() {
        let text = format!("key={VALUE}; “{VALUE}” is key_9fbc5e28d742 — see /a/{VALUE}/b?x={VALUE}");
        let masked = mask_values(&text, None);
        assert_eq!(masked, "key=••••; “••••” is key_9fbc5e28d742 — see /a/••••/b?x=••••");
        assert!(matches!(
            mask_values("A key of that name exists.", None),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn equality_is_by_value() {
        assert_eq!(Secret::parse(VALUE).unwrap(), Secret::parse(VALUE).unwrap());
        assert_ne!(Secret::parse(VALUE).unwrap(), Secret::parse("cz_other").unwrap());
    }
}
