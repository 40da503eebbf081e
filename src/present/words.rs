//! The words for times, standings and lists.

use std::path::Path;

use jiff::Timestamp;

use crate::core::confirm::in_use;
use crate::core::due::DueItem;
use crate::core::key::LastUse;
use crate::core::listing::Listing;
use crate::core::policy::{DueStatus, Standing};
use crate::core::rotation::{Part, RotationRole};
use crate::core::secret::mask_values;
pub(crate) use crate::core::text::shell_word;
use crate::core::text::{clean, fit};

/// What the person gave on the command line, for a sentence: short, and masked where it may be the value of a key.
pub(crate) fn argument(text: &str) -> String {
    fit(&clean(&mask_values(text, None)), 60).into_owned()
}

/// A file that the person named on the command line, whole.
pub(crate) fn file(path: &Path) -> String {
    clean(&mask_values(&path.to_string_lossy(), None)).into_owned()
}

/// "3 hours ago", in the largest whole unit.
pub(crate) fn ago(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{} ago", counted(count, unit))
}

/// "1 day", "2 days".
pub(crate) fn counted(count: i64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// The last use for a table cell.
pub(crate) fn last_use(now: Timestamp, use_: LastUse) -> String {
    match use_ {
        LastUse::Unknown => "—".to_owned(),
        LastUse::Never => "never".to_owned(),
        LastUse::At(time) => ago(now, time),
    }
}

/// The last use for a sentence that asks.
pub(crate) fn last_use_warning(now: Timestamp, use_: LastUse) -> String {
    match use_ {
        LastUse::Unknown => "last use unknown".to_owned(),
        LastUse::Never => "never used".to_owned(),
        LastUse::At(time) if in_use(now, use_) => format!("used {}: something depends on it", ago(now, time)),
        LastUse::At(time) => format!("last used {}", ago(now, time)),
    }
}

/// A mark and words for a standing: readable without colour.
pub(crate) fn standing(standing: Standing) -> String {
    let days = |count: i32| counted(i64::from(count.unsigned_abs()), "day");
    let left = standing.days_left.unwrap_or_default();
    match standing.status {
        DueStatus::Overdue => format!("! {} overdue", days(left)),
        DueStatus::Due => "◔ due today".to_owned(),
        DueStatus::Rotating => "~ rotating".to_owned(),
        DueStatus::DueSoon => format!("◔ due in {}", days(left)),
        DueStatus::Fresh => format!("· {} left", days(left)),
        DueStatus::Unknown => "? age unknown".to_owned(),
    }
}

/// The same for a key that may be taking part in a rotation, which does not hide when it is due.
pub(crate) fn due(measured: Standing, part: Option<&Part>) -> String {
    let Some(part) = part else {
        return standing(measured);
    };
    let rotating = part.words();
    match (part.role, measured.days_left) {
        (RotationRole::Old, Some(..=0)) => format!("{}, {rotating}", standing(measured)),
        (RotationRole::Old, Some(left)) => format!("~ {rotating}, due in {}", counted(i64::from(left), "day")),
        (RotationRole::Old, None) => format!("~ {rotating}, age unknown"),
        (RotationRole::New, Some(..=0)) => format!("{}, {rotating}, the new key", standing(measured)),
        (RotationRole::New, _) => format!("~ {rotating}, the new key"),
    }
}

/// When a key is due, whether it is being rotated, and until when it is put off.
pub(crate) fn rotation(item: &DueItem) -> String {
    let standing = due(item.standing, item.part.as_ref());
    match &item.snoozed {
        Some(snoozed) => format!("{standing}, snoozed until {}", snoozed.until),
        None => standing,
    }
}

/// The same, and why it is put off.
pub(crate) fn rotation_and_reason(item: &DueItem) -> String {
    let reason = item.snoozed.as_ref().and_then(|snoozed| snoozed.reason.as_ref());
    match reason {
        Some(reason) => format!("{}: {reason}", rotation(item)),
        None => rotation(item),
    }
}

/// That a list is not complete, and why.
pub(crate) fn incomplete(listing: &Listing) -> String {
    let advice = match listing.odd.without_id {
        0 => "Run this again.",
        _ => "Look for that key in the browser.",
    };
    format!("The list is not complete: {}. {advice}", listing.odd.gap())
}

/// What is said where a server has no list and nothing is tracked.
pub(crate) fn nothing_tracked(host: &str) -> String {
    format!("{host} cannot list keys, and you track none here. Add one with “chatzuri-keys track NAME --created DATE”.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::policy::RotationPolicy;
    use crate::present::testing::at;

    #[test]
    fn a_time_is_told_in_its_largest_unit() {
        let now = at("2026-11-22T12:00:00Z");
        for (then, said) in [
            ("2026-11-22T11:59:30Z", "just now"),
            ("2026-11-22T13:00:00Z", "just now"),
            ("2026-11-22T11:59:00Z", "1 minute ago"),
            ("2026-11-22T09:00:00Z", "3 hours ago"),
            ("2026-11-01T12:00:00Z", "21 days ago"),
        ] {
            assert_eq!(ago(now, at(then)), said);
        }
    }

    #[test]
    fn a_word_of_a_command_can_be_pasted() {
        for (text, word) in [
            ("gh:acme/web/KEY", "gh:acme/web/KEY"),
            ("Old website", "'Old website'"),
            ("vault:kv/a#b", "'vault:kv/a#b'"),
            ("it's $(x)", "'it'\\''s $(x)'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn a_standing_has_a_mark_and_words() {
        let now = at("2026-11-22T12:00:00Z");
        let said = |created: Option<&str>| standing(RotationPolicy::default().standing(created.map(at), now));
        assert_eq!(said(Some("2026-11-20T00:00:00Z")), "· 88 days left");
        assert_eq!(said(Some("2026-09-01T00:00:00Z")), "◔ due in 8 days");
        assert_eq!(said(Some("2026-08-24T00:00:00Z")), "◔ due today");
        assert_eq!(said(Some("2026-08-23T00:00:00Z")), "! 1 day overdue");
        assert_eq!(said(None), "? age unknown");
    }

    #[test]
    fn a_use_within_a_day_warns() {
        let now = at("2026-11-22T12:00:00Z");
        let yesterday = LastUse::At(at("2026-11-21T12:00:01Z"));
        assert!(last_use_warning(now, yesterday).contains("something depends on it"));
    }
}
