//! Which key of a list a value belongs to, without ever guessing between several.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use crate::core::key::{ApiKey, LastUse};
use crate::core::secret::Secret;
use crate::core::text::Label;

/// A last use this near our probe is taken for our probe: the server's clock is known to the second.
pub const USE_WINDOW: SignedDuration = SignedDuration::from_secs(5);

/// What told the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was made here, and its fingerprint is that of the value.
    Fingerprint,
    /// Both ends of the value are those the list shows of this key, and of no other.
    Hint,
    /// Its last use, and no other candidate's, moved when the value was probed.
    Use,
    /// The last four characters are those written down of this key, and of no other.
    LastFour,
    /// It is no key that is written down: the person finds it in the browser by its last four.
    Manual,
    /// The value is the only key that can be meant: it spoke for itself.
    Itself,
}

impl How {
    /// The word for machine output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fingerprint => "fingerprint",
            Self::Hint => "hint",
            Self::Use => "last_use",
            Self::LastFour => "last_four",
            Self::Manual => "by_hand",
            Self::Itself => "itself",
        }
    }

    /// As in "matched by …", in a word or two.
    #[must_use]
    pub fn brief(self) -> &'static str {
        match self {
            Self::Fingerprint => "fingerprint",
            Self::Hint => "its two ends",
            Self::Use => "its last use",
            Self::LastFour => "its last four",
            Self::Manual => "its last four, and by you",
            Self::Itself => "its own list",
        }
    }

    /// As in "matched by …".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Fingerprint => "the fingerprint kept when it was created here",
            Self::Hint => "its first characters and last four, which no other key shares",
            Self::Use => "its last use, which changed when we tried the value",
            Self::LastFour => "its last four characters, which no other tracked key shares",
            Self::Manual => "only its last four: it is not a key you track here",
            Self::Itself => "the leaked key's own list, which marks it as the key in use",
        }
    }
}

/// How well what a list shows of a key fits a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// One end contradicts.
    No,
    /// The list shows neither end.
    Unknown,
    /// One end fits and the other is not shown.
    Half,
    /// Both ends fit.
    Both,
}

/// Compares a value with the hint of a key.
#[must_use]
pub fn by_hint(value: &Secret, key: &ApiKey) -> Fit {
    // Some servers write the hidden middle into the hint: `cz_Iz1P…`, `****CpSn`.
    let dots = ['…', '.', '*', '•'];
    let raw = |label: &Option<Label>| label.as_ref().map(|l| l.raw().trim().to_owned()).unwrap_or_default();
    let (prefix, last_four) = (raw(&key.prefix), raw(&key.last_four));
    let (prefix, last_four) = (prefix.trim_end_matches(dots), last_four.trim_start_matches(dots));
    if !value.expose().starts_with(prefix) || !value.expose().ends_with(last_four) {
        return Fit::No;
    }
    match (prefix.is_empty(), last_four.is_empty()) {
        (true, true) => Fit::Unknown,
        (false, false) if value.fits_hint(prefix, last_four) => Fit::Both,
        _ => Fit::Half,
    }
}

/// Whether the last use of a key went from `before` to `after` because of a probe at `probed`, by the server's clock.
#[must_use]
pub fn moved(before: LastUse, after: LastUse, probed: Timestamp) -> bool {
    let (Some(after), LastUse::At(_) | LastUse::Never) = (after.time(), before) else {
        return false;
    };
    let newer = before.time().is_none_or(|before| after > before);
    newer && after.duration_since(probed).abs() <= USE_WINDOW
}

/// A key the value may belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<K> {
    /// Which key.
    pub key: K,
    /// How its hint fits.
    pub fit: Fit,
    /// Whether its last use moved with our probe.
    pub moved: bool,
    /// Its last use before the probe.
    pub last_used_at: LastUse,
}

/// The candidates, the likeliest first: by hint, then by a last use that moved with the probe, then the latest used.
/// Those that a hint excludes are left out.
#[must_use]
pub fn ranked<K>(mut candidates: Vec<Candidate<K>>) -> Vec<Candidate<K>> {
    candidates.retain(|candidate| candidate.fit != Fit::No);
    candidates.sort_by_key(|candidate| Reverse((candidate.fit, candidate.moved, candidate.last_used_at.time())));
    candidates
}

/// The one candidate the value belongs to, and what told it; `None` where it could be another as well.
#[must_use]
pub fn the_only<K>(candidates: &[Candidate<K>]) -> Option<(&K, How)> {
    let fits = |fit: Fit| candidates.iter().filter(move |candidate| candidate.fit == fit);
    let mut both = fits(Fit::Both);
    match (both.next(), both.next()) {
        (Some(one), None) => Some((&one.key, How::Hint)),
        (Some(_), Some(_)) => only_moved(fits(Fit::Both)),
        (None, _) => only_moved(candidates.iter().filter(|candidate| candidate.fit != Fit::No)),
    }
}

fn only_moved<'a, K: 'a>(candidates: impl Iterator<Item = &'a Candidate<K>>) -> Option<(&'a K, How)> {
    let mut moved = candidates.filter(|candidate| candidate.moved);
    match (moved.next(), moved.next()) {
        (Some(one), None) => Some((&one.key, How::Use)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::key::KeyId;

    fn key(prefix: Option<&str>, last_four: Option<&str>) -> ApiKey {
        ApiKey {
            id: KeyId::new("k1").unwrap(),
            name: Label::new("Zapier"),
            created_at: None,
            last_used_at: LastUse::Unknown,
            created_by: None,
            prefix: prefix.map(Label::new),
            last_four: last_four.map(Label::new),
        }
    }

    #[test]
    fn both_ends_are_needed_and_one_contradiction_excludes() {
        let value = Secret::parse("cz_Iz1P0123456789abcdefCpSn").unwrap();
        for (prefix, last_four, fit) in [
            (Some("cz_Iz1P"), Some("CpSn"), Fit::Both),
            (Some("cz_Iz1P…"), Some("****CpSn"), Fit::Both),
            (Some("cz_Iz1P"), None, Fit::Half),
            (None, Some("CpSn"), Fit::Half),
            (None, None, Fit::Unknown),
            (Some("…"), Some("***"), Fit::Unknown),
            (Some("cz_Iz1P"), Some("Zzzz"), Fit::No),
            (Some("cz_Other"), Some("CpSn"), Fit::No),
        ] {
            assert_eq!(
                by_hint(&value, &key(prefix, last_four)),
                fit,
                "{prefix:?} {last_four:?}"
            );
        }
    }

    #[test]
    fn only_a_use_that_moved_and_is_near_our_probe_counts() {
        let at = |text: &str| -> LastUse { LastUse::At(text.parse().unwrap()) };
        let probed = "2026-11-22T12:00:00Z".parse().unwrap();
        let (long_ago, now) = (at("2026-11-22T09:00:00Z"), at("2026-11-22T12:00:01Z"));
        assert!(moved(long_ago, now, probed) && moved(LastUse::Never, now, probed));
        assert!(!moved(now, now, probed), "did not move");
        assert!(!moved(LastUse::Unknown, now, probed), "what it was before is not known");
        assert!(!moved(long_ago, at("2026-11-22T11:59:00Z"), probed), "somebody else");
        assert!(!moved(long_ago, LastUse::Unknown, probed));
    }

    fn candidates() -> impl Strategy<Value = Vec<Candidate<usize>>> {
        let fit = prop::sample::select(vec![Fit::No, Fit::Unknown, Fit::Half, Fit::Both]);
        prop::collection::vec((fit, any::<bool>()), 0..12).prop_map(|all| {
            let numbered = all.into_iter().enumerate();
            numbered
                .map(|(key, (fit, moved))| Candidate {
                    key,
                    fit,
                    moved,
                    last_used_at: LastUse::Never,
                })
                .collect()
        })
    }

    #[test]
    fn a_key_is_told_by_its_hint_or_else_by_its_use_or_not_at_all() {
        let all = |fits: &[(Fit, bool)]| -> Option<(usize, How)> {
            let numbered = fits.iter().enumerate();
            let all: Vec<_> = numbered
                .map(|(key, &(fit, moved))| Candidate {
                    key,
                    fit,
                    moved,
                    last_used_at: LastUse::Never,
                })
                .collect();
            the_only(&all).map(|(&key, how)| (key, how))
        };
        assert_eq!(all(&[]), None);
        assert_eq!(all(&[(Fit::No, true)]), None);
        assert_eq!(all(&[(Fit::Both, false), (Fit::Half, true)]), Some((0, How::Hint)));
        assert_eq!(all(&[(Fit::Both, false), (Fit::Both, false)]), None);
        assert_eq!(all(&[(Fit::Both, false), (Fit::Both, true)]), Some((1, How::Use)));
        assert_eq!(all(&[(Fit::Both, true), (Fit::Both, true)]), None);
        assert_eq!(all(&[(Fit::Unknown, false), (Fit::Half, true)]), Some((1, How::Use)));
        assert_eq!(all(&[(Fit::Unknown, true), (Fit::Half, true)]), None);
        assert_eq!(
            all(&[(Fit::Unknown, false)]),
            None,
            "the only one there is, and nothing says it is meant"
        );
    }

    proptest! {
        #[test]
        fn never_one_of_several(all in candidates()) {
            if let Some((&key, how)) = the_only(&all) {
                let chosen = &all[key];
                prop_assert!(chosen.fit != Fit::No);
                let rivals = all.iter().filter(|other| other.key != key && other.fit >= chosen.fit);
                prop_assert!(rivals.clone().all(|other| how == How::Use && !other.moved));
            }
        }

        #[test]
        fn ranking_drops_only_the_excluded_and_puts_the_best_fit_first(all in candidates()) {
            let kept = all.iter().filter(|candidate| candidate.fit != Fit::No).count();
            let order = ranked(all);
            prop_assert_eq!(order.len(), kept);
            prop_assert!(order.is_sorted_by_key(|candidate| Reverse((candidate.fit, candidate.moved))));
        }
    }
}
