//! HTTP's dates (RFC 9110, 5.6.7) and the waits written with them.

use std::time::Duration;

use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The longest wait that is believed; a server that asks for more is asked again after this.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// A server's clock outside these years (seconds since 1970 of 2000-01-01 and 2100-01-01) is broken, not skewed.
const BELIEVED: std::ops::Range<i64> = 946_684_800..4_102_444_800;

/// Reads an HTTP date in any of its three forms.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // A parser for mail takes comments and folded lines too; an HTTP date is short and plain.
    if text.len() > 40 {
        return None;
    }
    let obsolete = || {
        ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
            .iter()
            .find_map(|form| {
                let civil = jiff::civil::DateTime::strptime(form, text).ok()?;
                Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
            })
    };
    rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()
        .or_else(obsolete)
}

/// The server's clock minus ours; `None` for a date nobody can mean.
pub(super) fn offset(date: Option<&str>, now: Timestamp) -> Option<SignedDuration> {
    let server = http_date(date?)?;
    BELIEVED
        .contains(&server.as_second())
        .then(|| server.duration_since(now))
}

/// How long `Retry-After` asks to wait: seconds, or a date, which is measured from the answer's own `date` so that a
/// skewed clock does not stretch it. Garbage and dates already past say nothing.
pub(super) fn retry_after(value: &str, date: Option<&str>, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        let wait = value.parse().map_or(LONGEST_WAIT, Duration::from_secs);
        return Some(wait.min(LONGEST_WAIT));
    }
    let from = date.and_then(http_date).unwrap_or(now);
    let wait = Duration::try_from(http_date(value)?.duration_since(from)).ok()?;
    Some(wait.min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn all_three_forms_of_the_standard_are_read() {
        for text in [DATE, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(http_date(text).unwrap().to_string(), "1994-11-06T08:49:37Z", "{text}");
        }
        for text in ["", "yesterday", "06 Nov", "1994-11-06T08:49:37Z"] {
            assert_eq!(http_date(text), None, "{text}");
        }
    }

    #[test]
    fn the_offset_is_signed_and_absurd_clocks_are_ignored() {
        let offset = |date| offset(Some(date), now());
        assert_eq!(
            offset("Tue, 24 Nov 2026 10:00:00 GMT"),
            Some(SignedDuration::from_hours(48))
        );
        assert_eq!(
            offset("Fri, 20 Nov 2026 10:00:00 GMT"),
            Some(SignedDuration::from_hours(-48))
        );
        assert_eq!(offset("Thu, 01 Jan 1970 00:00:00 GMT"), None);
        assert_eq!(offset("Fri, 31 Dec 9999 23:59:59 GMT"), None);
        assert_eq!(offset("soon"), None);
    }

    #[test]
    fn retry_after_takes_seconds_or_a_date_and_nothing_else() {
        let secs = |s| Some(Duration::from_secs(s));
        let date = Some("Sun, 22 Nov 2030 10:00:00 GMT");
        for (value, date, wait) in [
            ("7", None, secs(7)),
            ("0", None, secs(0)),
            ("86400", None, secs(3600)),
            ("99999999999999999999999", None, secs(3600)),
            ("Sun, 22 Nov 2026 10:00:30 GMT", None, secs(30)),
            (
                "Fri, 22 Nov 2030 10:00:30 GMT",
                Some("Fri, 22 Nov 2030 10:00:00 GMT"),
                secs(30),
            ),
            // An unreadable Date (the weekday is wrong) leaves our own clock.
            ("Sun, 22 Nov 2026 10:00:30 GMT", date, secs(30)),
            ("Wed, 29 Dec 9999 23:59:59 GMT", None, secs(3600)),
            ("Sun, 22 Nov 2026 09:59:00 GMT", None, None),
            ("-5", None, None),
            ("1.5", None, None),
            ("", None, None),
            ("soon", None, None),
        ] {
            assert_eq!(retry_after(value, date, now()), wait, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(value: String, date: String) {
            let _ = retry_after(&value, Some(&date), now());
            let _ = offset(Some(&date), now());
        }
    }
}
