//! What a successor is called: its predecessor's name without an earlier rotation's date, and today's.

use jiff::civil::Date;

use crate::core::key::{KeyName, NAME_LIMIT, stem};

/// A date with the space before it, in characters.
const DATE: usize = 11;

/// The name of a successor made on `today` (UTC), which none of `taken` has; `None` where the predecessor's name cannot
/// stand in a new one.
#[must_use]
pub fn successor_name<'a>(
    predecessor: &str,
    today: Date,
    taken: impl Iterator<Item = &'a str> + Clone,
) -> Option<KeyName> {
    let stem: String = stem(predecessor).chars().take(NAME_LIMIT - DATE).collect();
    let stem = stem.trim_end();
    // A key made twice on one day is dated ahead: a counter behind the date would hide the date from its own successor.
    let days = std::iter::successors(Some(today), |day| day.tomorrow().ok());
    let free = days
        .take(366)
        .map(|day| format!("{stem} {day}"))
        .find(|name| !taken.clone().any(|taken| taken.trim() == name))?;
    KeyName::parse(&free).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(predecessor: &str, taken: &[&str]) -> Option<String> {
        let today = "2026-11-22".parse().unwrap();
        successor_name(predecessor, today, taken.iter().copied()).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn a_successor_has_its_predecessors_stem_and_the_day() {
        assert_eq!(name("Zapier", &[]).as_deref(), Some("Zapier 2026-11-22"));
        assert_eq!(name(" Zapier 2026-08-24 ", &[]).as_deref(), Some("Zapier 2026-11-22"));
        assert_eq!(name("Zapier (2026-08-24)", &[]).as_deref(), Some("Zapier 2026-11-22"));
    }

    #[test]
    fn a_taken_name_is_dated_ahead() {
        let taken = ["Zapier 2026-11-22", " Zapier 2026-11-23"];
        assert_eq!(name("Zapier", &taken).as_deref(), Some("Zapier 2026-11-24"));
    }

    #[test]
    fn a_long_name_is_cut_and_a_hidden_one_is_not_repeated() {
        let long = name(&"é".repeat(100), &[]).unwrap();
        assert_eq!(long.chars().count(), 100);
        assert!(long.ends_with(" 2026-11-22"));
        assert_eq!(name("a\u{202e}b", &[]), None);
    }
}
