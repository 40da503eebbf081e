//! A key's due date, put off with a reason until a day.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::core::key::KeyId;
use crate::core::text::Label;

/// A key that is not counted as due until a day has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snooze {
    /// The key.
    pub key: KeyId,
    /// The last day (UTC) it holds.
    pub until: Date,
    /// Why.
    pub reason: Label,
    /// When it was put off, by our clock.
    pub at: Timestamp,
    /// Who did: the login name of their machine.
    pub actor: Label,
}

/// Whether a snooze until this day still holds, by the server's clock: it ends by itself.
#[must_use]
pub fn holds(until: Date, now: Timestamp) -> bool {
    TimeZone::UTC.to_datetime(now).date() <= until
}

/// The snooze of a key that still holds.
#[must_use]
pub fn of<'a>(snoozes: &'a [Snooze], key: &KeyId, now: Timestamp) -> Option<&'a Snooze> {
    snoozes
        .iter()
        .find(|snooze| snooze.key == *key && holds(snooze.until, now))
}

/// The longest reason, in characters.
pub const REASON_LIMIT: usize = 200;

/// A day as it is typed: `2026-12-01` and nothing more; a time would be read as its day, and nobody would be told.
#[must_use]
pub fn parse_day(text: &str) -> Option<Date> {
    let text = text.trim();
    let date = text.parse::<Date>().ok().filter(|_| text.len() == "2026-12-01".len());
    date.filter(|&date| {
        TimeZone::UTC
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            .is_ok()
    })
}

/// A reason with something to read in it.
///
/// # Errors
/// Its length in characters, which is none or more than [`REASON_LIMIT`].
pub fn parse_reason(text: &str) -> Result<Label, usize> {
    let reason = Label::new(text.trim());
    let count = reason.raw().chars().count();
    if reason.is_blank() || count > REASON_LIMIT {
        return Err(count);
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snooze_holds_through_its_last_day_and_then_ends() {
        let until: Date = "2026-12-01".parse().unwrap();
        let at = |text: &str| text.parse().unwrap();
        assert!(holds(until, at("2026-11-22T12:00:00Z")));
        assert!(holds(until, at("2026-12-01T23:59:59Z")));
        assert!(!holds(until, at("2026-12-02T00:00:00Z")));
    }

    #[test]
    fn only_the_snooze_of_that_key_counts() {
        let snooze = |key: &str| Snooze {
            key: KeyId::new(key).unwrap(),
            until: "2026-12-01".parse().unwrap(),
            reason: Label::new("moving"),
            at: Timestamp::UNIX_EPOCH,
            actor: Label::new("amina"),
        };
        let (snoozes, now) = ([snooze("a"), snooze("b")], "2026-12-01T00:00:00Z".parse().unwrap());
        assert_eq!(of(&snoozes, &KeyId::new("b").unwrap(), now), Some(&snoozes[1]));
        assert_eq!(of(&snoozes, &KeyId::new("c").unwrap(), now), None);
    }
}
