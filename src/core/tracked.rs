//! A key that only this machine knows of: written down by a person, because the server has no list.

use jiff::Timestamp;

use crate::core::key::{ApiKey, KeyId, LastUse};
use crate::core::listing::Source;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;

/// A key as it was written down; never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// Its id: the server's where that is known, or one of this machine's.
    pub id: KeyId,
    /// Its name, as it stands in the vendor's dashboard.
    pub name: Label,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// The first characters of its value, where the value was given.
    pub prefix: Option<Label>,
    /// The last four characters of its value.
    pub last_four: Option<Label>,
    /// Who answers for it.
    pub owner: Option<Label>,
    /// The id of the team it is of, where the server named one.
    pub team: Option<Label>,
    /// When it was written down, by our clock.
    pub at: Timestamp,
    /// Who wrote it down.
    pub actor: Label,
}

impl Tracked {
    /// The key as a list shows it.
    #[must_use]
    pub fn key(&self) -> ApiKey {
        ApiKey {
            id: self.id.clone(),
            name: self.name.clone(),
            created_at: self.created_at,
            last_used_at: LastUse::Unknown,
            created_by: None,
            prefix: self.prefix.clone(),
            last_four: self.last_four.clone(),
        }
    }

    /// Who says that it is there.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::Tracked {
            owner: self.owner.clone(),
        }
    }

    /// Whether it may be of this team: a profile can be signed in to another one meanwhile.
    #[must_use]
    pub fn is_of(&self, team: &TeamIdentity) -> bool {
        self.team.as_ref().is_none_or(|own| team.may_be(own))
    }

    /// Whether both are of one name and nothing that was written down tells them apart.
    #[must_use]
    pub fn is_twin_of(&self, other: &Self) -> bool {
        let ends = |key: &Self| key.last_four.as_ref().map(|four| four.raw().to_owned());
        let apart = matches!((ends(self), ends(other)), (Some(a), Some(b)) if a != b);
        self.name.raw().trim() == other.name.raw().trim() && !apart
    }
}

/// Why a tracked key leaves the tracked ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Its value got three 401s.
    Dead,
    /// A person says that it was revoked.
    Attested,
    /// It is not tracked any more; what is true of the key is not known here.
    Untracked,
    /// It is this key of the server's list.
    Listed(KeyId),
}

impl Left {
    /// The word in the journal.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Attested => "attested",
            Self::Untracked => "untracked",
            Self::Listed(_) => "listed",
        }
    }
}

/// The tracked keys that are in `listed` under another id, each with that key: by both ends of its value, or by the last
/// four and the name, and only where one key alone fits and no other tracked key claims it.
#[must_use]
pub fn matches<'t, 'l>(tracked: &'t [Tracked], listed: &'l [ApiKey]) -> Vec<(&'t Tracked, &'l ApiKey)> {
    let mut pairs: Vec<(&Tracked, &ApiKey)> = Vec::new();
    for one in tracked.iter() {
        let only = |fits: &dyn Fn(&ApiKey) -> bool| {
            let mut found = listed.iter().filter(|key| fits(key));
            match (found.next(), found.next()) {
                (Some(key), None) => Some(key),
                _ => None,
            }
        };
        let found = only(&|key| key.id == one.id)
            .or_else(|| only(&|key| same(&one.prefix, &key.prefix) && same(&one.last_four, &key.last_four)))
            .or_else(|| {
                only(&|key| same(&one.last_four, &key.last_four) && key.name.raw().trim() == one.name.raw().trim())
            });
        pairs.extend(found.map(|key| (one, key)));
    }
    let claims = |key: &ApiKey| pairs.iter().filter(|(_, other)| other.id == key.id).count();
    let alone: Vec<bool> = pairs.iter().map(|(_, key)| claims(key) == 1).collect();
    let mut alone = alone.into_iter();
    pairs.retain(|_| alone.next().unwrap_or_default());
    pairs
}

/// Whether two ends are the same, however the hidden middle is drawn.
fn same(a: &Option<Label>, b: &Option<Label>) -> bool {
    let bare = |label: &Option<Label>| {
        let raw = label.as_ref().map(|label| label.raw().trim().to_owned());
        raw.map(|raw| raw.trim_matches(['…', '.', '*', '•']).to_owned())
            .filter(|raw| !raw.is_empty())
    };
    matches!((bare(a), bare(b)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracked(number: u64, name: &str, prefix: Option<&str>, last_four: Option<&str>) -> Tracked {
        Tracked {
            id: KeyId::of_tracked(number),
            name: Label::new(name),
            created_at: None,
            prefix: prefix.map(Label::new),
            last_four: last_four.map(Label::new),
            owner: None,
            team: None,
            at: Timestamp::UNIX_EPOCH,
            actor: Label::new("amina"),
        }
    }

    fn listed(id: &str, name: &str, prefix: Option<&str>, last_four: Option<&str>) -> ApiKey {
        ApiKey {
            id: KeyId::new(id).unwrap(),
            ..tracked(0, name, prefix, last_four).key()
        }
    }

    fn matched(tracked: &[Tracked], listed: &[ApiKey]) -> Vec<(String, String)> {
        let pairs = matches(tracked, listed).into_iter();
        pairs
            .map(|(one, key)| (one.name.raw().to_owned(), key.id.raw().to_owned()))
            .collect()
    }

    #[test]
    fn a_local_id_is_told_from_a_servers() {
        assert!(KeyId::of_tracked(u64::MAX).is_local());
        for other in ["key_9fbc5e28d742", "tracked_9fbc", "tracked_zzzzzzzzzzzz", "tracked_"] {
            assert!(!KeyId::new(other).unwrap().is_local(), "{other}");
        }
    }

    #[test]
    fn a_tracked_key_is_matched_by_both_ends_or_by_last_four_and_name() {
        let keys = [
            listed("a", "Zapier (web)", Some("cz_Iz1P…"), Some("****CpSn")),
            listed("b", "Mobile", Some("cz_Mb0a"), Some("1234")),
            listed("c", "Other", None, Some("1234")),
        ];
        let ours = [
            tracked(1, "Zapier", Some("cz_Iz1P"), Some("CpSn")),
            tracked(2, "Mobile", None, Some("1234")),
            tracked(3, "Nowhere", None, Some("1234")),
            tracked(4, "Other", None, None),
        ];
        let want = [("Zapier", "a"), ("Mobile", "b")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(matched(&ours, &keys), want);
    }

    #[test]
    fn a_key_that_two_claim_is_given_to_neither() {
        let keys = [listed("a", "Zapier", None, Some("CpSn"))];
        let twins = [
            tracked(1, "Zapier", None, Some("CpSn")),
            tracked(2, "Zapier", None, Some("CpSn")),
        ];
        assert!(matched(&twins, &keys).is_empty());
        let two = [
            listed("a", "Zapier", None, Some("CpSn")),
            listed("b", "Zapier", None, Some("CpSn")),
        ];
        assert!(matched(&twins[..1], &two).is_empty());
    }

    #[test]
    fn keys_of_one_name_are_told_apart_by_their_last_four_only() {
        let with = |four| tracked(1, "Zapier", None, four);
        assert!(with(Some("CpSn")).is_twin_of(&with(None)));
        assert!(with(Some("CpSn")).is_twin_of(&with(Some("CpSn"))));
        assert!(!with(Some("CpSn")).is_twin_of(&with(Some("1234"))));
        assert!(!tracked(1, "Web", None, None).is_twin_of(&with(None)));
    }
}
