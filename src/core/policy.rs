//! The rotation policy: when a key is due, and how it stands today.
//!
//! The vendor's guide to API keys: "Every 90 days is a good rotation cadence".

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::core::key::{ApiKey, stem};
use crate::core::pattern::NamePattern;
use crate::core::register::Register;

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

/// The policy of every key: the first pattern that matches its name, or the default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policies {
    default: RotationPolicy,
    rules: Vec<(NamePattern, RotationPolicy)>,
    register: Register,
}

/// A key's policy, and where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Governed<'a> {
    /// The policy.
    pub policy: RotationPolicy,
    /// The pattern it came from; `None`: the default.
    pub pattern: Option<&'a str>,
}

impl Policies {
    /// These rules in this order, and the default where none matches.
    #[must_use]
    pub fn new(default: RotationPolicy, rules: Vec<(NamePattern, RotationPolicy)>) -> Self {
        Self {
            default,
            rules,
            register: Register::default(),
        }
    }

    /// The same policies, with what was written down about keys.
    #[must_use]
    pub fn with_register(self, register: Register) -> Self {
        Self { register, ..self }
    }

    /// What was written down about keys.
    #[must_use]
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// The policy of a key of this name.
    #[must_use]
    pub fn of(&self, name: &str) -> Governed<'_> {
        // A successor is under its predecessor's policy.
        let stem = stem(name);
        let rule = self
            .rules
            .iter()
            .find(|(pattern, _)| pattern.matches(name) || pattern.matches(stem));
        match rule {
            Some((pattern, policy)) => Governed {
                policy: *policy,
                pattern: Some(pattern.as_str()),
            },
            None => Governed {
                policy: self.default,
                pattern: None,
            },
        }
    }

    /// Measures a key against its policy, by the server's clock `now`. Where the server does not say when it was made,
    /// the register may.
    #[must_use]
    pub fn standing(&self, key: &ApiKey, now: Timestamp) -> Standing {
        let name = key.name.raw();
        let created_at = key.created_at.or_else(|| self.register.created(name));
        self.of(name).policy.standing(created_at, now)
    }

    /// The policy where no pattern matches.
    #[must_use]
    pub fn default_policy(&self) -> RotationPolicy {
        self.default
    }
}

impl From<RotationPolicy> for Policies {
    fn from(default: RotationPolicy) -> Self {
        Self::new(default, Vec::new())
    }
}

/// How a key stands against its policy, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DueStatus {
    /// Past its due date.
    Overdue,
    /// Due today (UTC).
    Due,
    /// One of the two keys of a rotation that is under way, and not late.
    Rotating,
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
            Self::Rotating => "rotating",
            Self::DueSoon => "due_soon",
            Self::Unknown => "unknown",
            Self::Fresh => "fresh",
        }
    }

    /// That of a key that takes part in a rotation: one that is late stays late until the rotation is over.
    #[must_use]
    pub fn rotating(self) -> Self {
        self.min(Self::Rotating)
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

impl Standing {
    /// That of a key that takes part in a rotation: its dates stay.
    #[must_use]
    pub fn rotating(self) -> Self {
        Self {
            status: self.status.rotating(),
            ..self
        }
    }
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

    fn policies(rules: &[(&str, u16)]) -> Policies {
        let rules = rules.iter().map(|&(pattern, days)| {
            let policy = RotationPolicy {
                days,
                due_soon_days: 14,
            };
            (NamePattern::parse(pattern).unwrap(), policy)
        });
        Policies::new(RotationPolicy::default(), rules.collect())
    }

    #[test]
    fn the_first_pattern_that_matches_wins_and_says_where_the_policy_came_from() {
        let policies = policies(&[("Partner: K*", 10), ("partner*", 30)]);
        let of = |name| {
            let governed = policies.of(name);
            (governed.policy.days, governed.pattern)
        };
        assert_eq!(of("Partner: Kijani"), (10, Some("Partner: K*")));
        assert_eq!(of("Partner: Acme"), (30, Some("partner*")));
        assert_eq!(of("Zapier"), (90, None));
    }

    #[test]
    fn a_successor_is_under_its_predecessors_policy() {
        let policies = policies(&[("Zapier", 30)]);
        assert_eq!(policies.of("Zapier 2026-11-22").policy.days, 30);
        assert_eq!(policies.of("Zapier EU").policy.days, 90);
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
    fn a_rotation_makes_no_late_key_look_better() {
        let policy = RotationPolicy::default();
        let rotating = |created: Option<&str>| {
            let measured = policy.standing(created.map(at), at("2026-04-02T12:00:00Z"));
            measured.rotating().status
        };
        assert_eq!(rotating(Some("2026-01-01T12:00:00Z")), DueStatus::Overdue);
        assert_eq!(rotating(Some("2026-01-02T12:00:00Z")), DueStatus::Due);
        assert_eq!(rotating(Some("2026-01-03T12:00:00Z")), DueStatus::Rotating);
        assert_eq!(rotating(Some("2026-04-01T12:00:00Z")), DueStatus::Rotating);
        assert_eq!(rotating(None), DueStatus::Rotating);
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
