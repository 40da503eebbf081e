//! One bar is the life of a key: what has passed, what is left, and its due-soon zone at the end.

use crate::core::policy::{RotationPolicy, Standing};

/// The bar, in so many columns: `━` has passed, `─` is to come, `┄` is the due-soon zone, `▶` points past the end.
pub fn gauge(standing: Standing, policy: RotationPolicy, width: u16) -> String {
    let Some(age) = standing.age_days else {
        return "·".repeat(usize::from(width));
    };
    let days = i32::from(policy.days.max(1));
    let cells = i32::from(width);
    let passed = (age.clamp(0, days) * cells + days / 2) / days;
    let zone = (i32::from(policy.due_soon_days).min(days) * cells + days / 2) / days;
    (0..cells)
        .map(|cell| match cell {
            cell if standing.days_left.is_some_and(|left| left < 0) && cell == cells - 1 => '▶',
            cell if cell < passed => '━',
            cell if cell >= cells - zone => '┄',
            _ => '─',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    fn bar(age: i64) -> String {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let policy = RotationPolicy::default();
        let created = now.checked_sub(SignedDuration::from_hours(24 * age)).unwrap();
        gauge(policy.standing(Some(created), now), policy, 18)
    }

    #[test]
    fn it_fills_with_age_and_points_past_the_end() {
        assert_eq!(bar(0), "───────────────┄┄┄");
        assert_eq!(bar(30), "━━━━━━─────────┄┄┄");
        assert_eq!(bar(76), "━━━━━━━━━━━━━━━┄┄┄");
        assert_eq!(bar(90), "━━━━━━━━━━━━━━━━━━");
        assert_eq!(bar(200), "━━━━━━━━━━━━━━━━━▶");
    }

    #[test]
    fn an_unknown_age_has_no_bar() {
        let policy = RotationPolicy::default();
        assert_eq!(gauge(policy.standing(None, Timestamp::UNIX_EPOCH), policy, 3), "···");
    }
}
