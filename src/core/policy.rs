//! The rotation policy: when a key is due, and how it stands today.
//!
//! The vendor's guide to API keys: "Every 90 days is a good rotation cadence".

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How long a key may live, in whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationPolicy {
    /// Days from creation until the key is due.
    pub days: u16,
    /// Days before the due date from which the key is due soon.
    pub due_soon_days: u16,
}

impl Default for RotationPolicy {
    fn default() -> Self {
        Self {
            days: 90,
            due_soon_days: 14,
        }
    }
}

/// How a key stands against its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DueStatus {
    /// Past its due date.
    Overdue,
    /// Due today (UTC).
    Due,
    /// Due within the policy's window.
    DueSoon,
    /// Its creation date is not known.
    Unknown,
    /// Far from due.
    Fresh,
}

impl DueStatus {
    /// The word for machine output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Due => "due",
            Self::DueSoon => "due_soon",
            Self::Unknown => "unknown",
            Self::Fresh => "fresh",
        }
    }
}

/// A key measured against its policy at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The status today.
    pub status: DueStatus,
    /// When the key is due; `None` where its age is not known.
    pub due_at: Option<Timestamp>,
    /// UTC date of due minus UTC date of now; negative when overdue.
    pub days_left: Option<i32>,
    /// UTC date of now minus UTC date of creation; negative for a date in the future.
    pub age_days: Option<i32>,
}

impl RotationPolicy {
    /// Measures a key created at `created_at` by the server's clock `now`.
    #[must_use]
    pub fn standing(&self, created_at: Option<Timestamp>, now: Timestamp) -> Standing {
        let Some(created_at) = created_at else {
            return Standing {
                status: DueStatus::Unknown,
                due_at: None,
                days_left: None,
                age_days: None,
            };
        };
        let due_at = created_at
            .checked_add(SignedDuration::from_hours(24 * i64::from(self.days)))
            .unwrap_or(Timestamp::MAX);
        let days_left = days_between(utc_date(now), utc_date(due_at));
        let status = match days_left {
            left if left < 0 => DueStatus::Overdue,
            0 => DueStatus::Due,
            left if left <= i32::from(self.due_soon_days) => DueStatus::DueSoon,
            _ => DueStatus::Fresh,
        };
        Standing {
            status,
            due_at: Some(due_at),
            days_left: Some(days_left),
            age_days: Some(days_between(utc_date(created_at), utc_date(now))),
        }
    }
}

fn utc_date(time: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(time).date()
}

fn days_between(from: Date, to: Date) -> i32 {
    // Two civil dates lie at most 7.3 million days apart, so the hours fit and the days fit an i32.
    i32::try_from(from.duration_until(to).as_hours() / 24).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn status(created: &str, now: &str) -> (DueStatus, i32) {
        let standing = RotationPolicy::default().standing(Some(at(created)), at(now));
        (standing.status, standing.days_left.unwrap())
    }

    #[test]
    fn the_status_flips_on_days_75_76_89_90_and_91() {
        let created = "2026-01-01T12:00:00Z";
        assert_eq!(status(created, "2026-03-17T12:00:00Z"), (DueStatus::Fresh, 15));
        assert_eq!(status(created, "2026-03-18T12:00:00Z"), (DueStatus::DueSoon, 14));
        assert_eq!(status(created, "2026-03-31T23:59:59Z"), (DueStatus::DueSoon, 1));
        assert_eq!(status(created, "2026-04-01T00:00:00Z"), (DueStatus::Due, 0));
        assert_eq!(status(created, "2026-04-01T23:59:59Z"), (DueStatus::Due, 0));
        assert_eq!(status(created, "2026-04-02T00:00:00Z"), (DueStatus::Overdue, -1));
    }

    #[test]
    fn a_leap_day_counts_as_a_day() {
        assert_eq!(
            status("2028-01-01T00:00:00Z", "2028-03-31T00:00:00Z"),
            (DueStatus::Due, 0)
        );
        assert_eq!(
            status("2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"),
            (DueStatus::Due, 0)
        );
    }

    #[test]
    fn an_unknown_creation_date_is_unknown_and_not_fresh() {
        let standing = RotationPolicy::default().standing(None, at("2026-01-01T00:00:00Z"));
        assert_eq!(standing.status, DueStatus::Unknown);
        assert_eq!(standing.days_left, None);
    }

    #[test]
    fn dates_in_the_future_and_at_the_end_of_time_do_not_overflow() {
        assert_eq!(
            status("2026-06-01T00:00:00Z", "2026-05-30T00:00:00Z"),
            (DueStatus::Fresh, 92)
        );
        let policy = RotationPolicy::default();
        let standing = policy.standing(Some(Timestamp::MAX), at("2026-01-01T00:00:00Z"));
        assert_eq!(standing.due_at, Some(Timestamp::MAX));
        let oldest = policy.standing(Some(Timestamp::MIN), Timestamp::MAX);
        assert_eq!(oldest.status, DueStatus::Overdue);
    }

    proptest! {
        #[test]
        fn age_and_days_left_always_add_up_to_the_policy(
            created in 0i64..4_000_000_000, now in 0i64..4_000_000_000, days in 1u16..1000,
        ) {
            let policy = RotationPolicy { days, due_soon_days: 14 };
            let (created, now) = (Timestamp::from_second(created).unwrap(), Timestamp::from_second(now).unwrap());
            let standing = policy.standing(Some(created), now);
            prop_assert_eq!(standing.days_left.unwrap() + standing.age_days.unwrap(), i32::from(days));
        }
    }
}
