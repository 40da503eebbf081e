//! Times and days in a few words.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::core::key::LastUse;
use crate::core::policy::{DueStatus, Standing};
use crate::core::rotation::Part;
use crate::core::text::columns;

/// Columns of "rotating, elsewhere".
const ELSEWHERE: u16 = 19;

/// How long ago, in the largest unit that fits: "now", "5 m ago", "7 h ago", "3 d ago"; "in 5 m" for the future.
#[must_use]
pub fn ago(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(time).as_secs();
    match seconds {
        ..-59 => format!("in {}", span(seconds.saturating_neg())),
        -59..60 => "now".to_owned(),
        _ => format!("{} ago", span(seconds)),
    }
}

fn span(seconds: i64) -> String {
    match seconds {
        ..3_600 => format!("{} m", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A time of day, with its day where that is another one than now's.
#[must_use]
pub fn nearby(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    if zone.to_datetime(at).date() == zone.to_datetime(now).date() {
        clock(at, zone)
    } else {
        local(at, zone)
    }
}

/// The last use in a few words.
#[must_use]
pub fn last_use(last: LastUse, now: Timestamp) -> String {
    match last {
        LastUse::Unknown => "—".to_owned(),
        LastUse::Never => "never".to_owned(),
        LastUse::At(time) => ago(time, now),
    }
}

/// The age of a key: "today", "3 d".
#[must_use]
pub fn age(standing: Standing) -> String {
    match standing.age_days {
        None => "—".to_owned(),
        Some(0) => "today".to_owned(),
        Some(days) if days < 0 => "future".to_owned(),
        Some(days) => format!("{days} d"),
    }
}

/// What the policy says of a key.
#[must_use]
pub fn due(standing: Standing) -> String {
    match (standing.status, standing.days_left) {
        (DueStatus::Unknown, _) | (_, None) => "age unknown".to_owned(),
        (_, Some(days)) => due_in(days),
    }
}

/// How far the rotation of a key is, in so many columns, and whether the key is late.
#[must_use]
pub fn rotating(part: &Part, status: DueStatus, room: u16) -> String {
    let progress = part.progress();
    let late = match status {
        DueStatus::Overdue => "overdue",
        DueStatus::Due => "due",
        _ if room < ELSEWHERE => return format!("rotating {progress}"),
        _ => return part.words(),
    };
    let long = format!("{late}, rotating {progress}");
    if columns(&long) <= room {
        long
    } else {
        format!("{late} ~ {progress}")
    }
}

/// "110 d overdue", "due today", "due tomorrow", "due in 14 d".
#[must_use]
pub fn due_in(days_left: i32) -> String {
    match days_left {
        0 => "due today".to_owned(),
        1 => "due tomorrow".to_owned(),
        days if days < 0 => format!("{} d overdue", days.saturating_neg()),
        days => format!("due in {days} d"),
    }
}

/// A date and time in the person's zone, to the minute.
#[must_use]
pub fn local(time: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(time).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A time of day in the person's zone, to the second.
#[must_use]
pub fn clock(time: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(time).strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_takes_over_from_the_one_below() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let at = |secs: i64| ago(Timestamp::from_second(now.as_second() - secs).unwrap(), now);
        for (seconds, words) in [
            (0, "now"),
            (59, "now"),
            (60, "1 m ago"),
            (3_599, "59 m ago"),
            (3_600, "1 h ago"),
            (172_799, "47 h ago"),
            (172_800, "2 d ago"),
            (-30, "now"),
            (-120, "in 2 m"),
        ] {
            assert_eq!(at(seconds), words, "{seconds} s");
        }
    }

    #[test]
    fn a_rotation_does_not_hide_that_its_key_is_late() {
        let part = |step| Part {
            role: crate::core::rotation::RotationRole::Old,
            other: None,
            step,
        };
        for (step, status, narrow, wide) in [
            (Some(2), DueStatus::Overdue, "overdue ~ 2/4", "overdue, rotating 2/4"),
            (None, DueStatus::Overdue, "overdue ~ ?/4", "overdue, rotating ?/4"),
            (Some(2), DueStatus::Due, "due ~ 2/4", "due, rotating 2/4"),
            (Some(2), DueStatus::Rotating, "rotating 2/4", "rotating 2/4"),
            (None, DueStatus::Rotating, "rotating ?/4", "rotating, elsewhere"),
        ] {
            assert_eq!(rotating(&part(step), status, 13), narrow);
            assert_eq!(rotating(&part(step), status, 21), wide);
        }
    }

    #[test]
    fn days_left_are_told_in_words() {
        assert_eq!(due_in(-110), "110 d overdue");
        assert_eq!(due_in(0), "due today");
        assert_eq!(due_in(1), "due tomorrow");
        assert_eq!(due_in(14), "due in 14 d");
    }
}
