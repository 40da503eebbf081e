//! What has to be answered before a key is revoked: the one rule of both faces.

use jiff::{SignedDuration, Timestamp};

use crate::core::key::{LastUse, Own};
use crate::core::listing::ListedKey;
use crate::core::rotation::{Ground, Rotation};

/// A key used within this time is in use: something will stop working.
const IN_USE: SignedDuration = SignedDuration::from_hours(24);
/// The widest name that is asked to be typed, in columns.
const TYPED_NAME: u16 = 24;

/// How a revocation is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Yes, or no.
    YesNo,
    /// This has to be typed.
    Typed {
        /// The text.
        expected: String,
        /// What it is called, as in "its name".
        what: &'static str,
    },
}

/// Whether something depends on the key, as far as the list says.
#[must_use]
pub fn in_use(now: Timestamp, last_use: LastUse) -> bool {
    last_use.time().is_some_and(|used| now.duration_since(used) < IN_USE)
}

/// What is asked about `target` when the server's clock says `now`: our own key and one in use want their name typed, or
/// the end of the id where the name cannot be typed well.
#[must_use]
pub fn question(target: &ListedKey, now: Timestamp) -> Question {
    let key = &target.key;
    if target.own != Own::Yes && !in_use(now, key.last_used_at) {
        return Question::YesNo;
    }
    let (expected, what) = to_type(target);
    Question::Typed { expected, what }
}

/// What is asked before the last step of a rotation: an old key that was measured to be quiet, and still is, is not in use
/// however short a time that is.
#[must_use]
pub fn question_of_last_step(
    rotation: &Rotation,
    target: &ListedKey,
    quiet: SignedDuration,
    now: Timestamp,
) -> Question {
    let measured = rotation
        .opened()
        .is_some_and(|opened| opened.ground == Ground::Measured);
    let used = target.key.last_used_at.time();
    let is_quiet = used.is_none_or(|used| now.duration_since(used) >= quiet);
    if measured && is_quiet && target.own != Own::Yes {
        return Question::YesNo;
    }
    question(target, now)
}

/// What is typed to name a key, and what that is called: its name, or the end of its id where that cannot be typed well.
#[must_use]
pub fn to_type(target: &ListedKey) -> (String, &'static str) {
    let (key, name) = (&target.key, &target.key.name);
    if name.is_blank() || name.was_escaped() || name.width() > TYPED_NAME {
        (key.id.last_four(), "the last four of its id")
    } else {
        (name.shown().trim().to_owned(), "its name")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::{ApiKey, KeyId};
    use crate::core::text::Label;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn listed(name: &str, own: Own, last_used_at: LastUse) -> ListedKey {
        ListedKey {
            key: ApiKey {
                id: KeyId::new("key_9fbcd742").unwrap(),
                name: Label::new(name),
                created_at: None,
                last_used_at,
                created_by: None,
                prefix: None,
                last_four: None,
            },
            own,
            source: Default::default(),
        }
    }

    const NOW: &str = "2026-11-22T12:00:00Z";

    #[test]
    fn a_use_within_a_day_counts_as_in_use() {
        let now = at(NOW);
        assert!(in_use(now, LastUse::At(at("2026-11-21T12:00:01Z"))));
        assert!(!in_use(now, LastUse::At(at("2026-11-21T12:00:00Z"))));
        assert!(!in_use(now, LastUse::Never) && !in_use(now, LastUse::Unknown));
    }

    #[test]
    fn only_a_key_in_use_and_our_own_want_something_typed() {
        let used = LastUse::At(at("2026-11-22T11:00:00Z"));
        for own in [Own::No, Own::Unknown] {
            assert_eq!(
                question(&listed("Zapier", own, LastUse::Never), at(NOW)),
                Question::YesNo
            );
        }
        let name = Question::Typed {
            expected: "Zapier".to_owned(),
            what: "its name",
        };
        assert_eq!(question(&listed("Zapier", Own::Yes, LastUse::Never), at(NOW)), name);
        assert_eq!(question(&listed(" Zapier ", Own::No, used), at(NOW)), name);
    }

    #[test]
    fn what_to_type_is_the_name_unless_it_cannot_be_typed() {
        for name in ["", "a\u{1b}", "a name that is longer than twenty-four columns"] {
            let Question::Typed { expected, .. } = question(&listed(name, Own::Yes, LastUse::Never), at(NOW)) else {
                panic!("{name:?} wants nothing typed");
            };
            assert_eq!(expected, "d742");
        }
    }
}
