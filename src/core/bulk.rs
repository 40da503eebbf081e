//! Several keys to be revoked at once: which a filter means, and in which order they go.

use jiff::{SignedDuration, Timestamp};

use crate::core::confirm::in_use;
use crate::core::key::{ApiKey, LastUse, Own};
use crate::core::listing::ListedKey;
use crate::core::rotation::Rotation;

/// Which keys are meant, by what the list says of them. A key has to pass every part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Created by this person.
    pub created_by: Option<String>,
    /// Not used for so long.
    pub unused_for: Option<SignedDuration>,
}

/// Whether a key passes a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// The list does not say what the filter asks for.
    Unknown,
}

impl Filter {
    /// Whether it lets every key through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `key` passes when the server's clock says `now`.
    #[must_use]
    pub fn passes(&self, key: &ApiKey, now: Timestamp) -> Passes {
        let by = match (&self.created_by, &key.created_by) {
            (None, _) => Passes::Yes,
            (Some(_), None) => Passes::Unknown,
            (Some(wanted), Some(by)) => {
                let wanted = wanted.trim();
                let is = |text: &str| text.trim().eq_ignore_ascii_case(wanted);
                of(is(by.raw()) || is(by.shown()))
            }
        };
        let unused = match self.unused_for {
            None => Passes::Yes,
            Some(span) => {
                let long_ago = |at: Timestamp| of(now.duration_since(at) >= span);
                match (key.last_used_at, key.created_at) {
                    (LastUse::At(used), _) => long_ago(used),
                    // One that was never used is idle since it was made.
                    (LastUse::Never, Some(created)) => long_ago(created),
                    (LastUse::Never, None) | (LastUse::Unknown, _) => Passes::Unknown,
                }
            }
        };
        match (by, unused) {
            (Passes::No, _) | (_, Passes::No) => Passes::No,
            (Passes::Unknown, _) | (_, Passes::Unknown) => Passes::Unknown,
            (Passes::Yes, Passes::Yes) => Passes::Yes,
        }
    }
}

fn of(passes: bool) -> Passes {
    if passes { Passes::Yes } else { Passes::No }
}

/// Keys to be revoked, by what has to be known of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BulkPlan {
    /// Nothing depends on them, as far as the list says.
    pub unused: Vec<ListedKey>,
    /// Used within a day, or their use is not known: they want a rotation.
    pub in_use: Vec<ListedKey>,
    /// The key we are signed in with: it goes last, because nothing can be revoked after it.
    pub own: Vec<ListedKey>,
}

impl BulkPlan {
    /// Splits `targets` when the server's clock says `now`.
    #[must_use]
    pub fn of(targets: Vec<ListedKey>, now: Timestamp) -> Self {
        let mut plan = Self::default();
        for target in targets {
            let last = target.key.last_used_at;
            if target.own == Own::Yes {
                plan.own.push(target);
            } else if in_use(now, last) || last == LastUse::Unknown {
                plan.in_use.push(target);
            } else {
                plan.unused.push(target);
            }
        }
        plan
    }

    /// How many keys it is about.
    #[must_use]
    pub fn len(&self) -> usize {
        self.unused.len() + self.in_use.len() + self.own.len()
    }

    /// Whether it is about none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every key in the order they go: those that are not ours, those that may be, ours.
    #[must_use]
    pub fn order(&self) -> Vec<ListedKey> {
        let mut all: Vec<ListedKey> = self
            .unused
            .iter()
            .chain(&self.in_use)
            .chain(&self.own)
            .cloned()
            .collect();
        all.sort_by_key(|target| match target.own {
            Own::No => 0,
            Own::Unknown => 1,
            Own::Yes => 2,
        });
        all
    }
}

/// The rotation that is not over and has this key as its old or its new one.
#[must_use]
pub fn rotation_of<'a>(rotations: &'a [Rotation], key: &ListedKey) -> Option<&'a Rotation> {
    rotations
        .iter()
        .find(|rotation| !rotation.is_over() && rotation.has(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::KeyId;
    use crate::core::text::Label;

    const NOW: &str = "2026-11-22T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn key(name: &str, last_used_at: LastUse, own: Own) -> ListedKey {
        ListedKey {
            key: ApiKey {
                id: KeyId::new(&format!("key_{name}")).unwrap(),
                name: Label::new(name),
                created_at: Some(at("2026-11-01T00:00:00Z")),
                last_used_at,
                created_by: Some(Label::new("amina@acme.example")),
                prefix: None,
                last_four: None,
            },
            own,
            source: crate::core::listing::Source::Api,
        }
    }

    fn days(days: i64) -> Filter {
        Filter {
            unused_for: Some(SignedDuration::from_hours(24 * days)),
            ..Filter::default()
        }
    }

    #[test]
    fn a_key_never_used_is_idle_since_it_was_made_and_an_unknown_use_matches_nothing() {
        let passes = |last, filter: &Filter| filter.passes(&key("a", last, Own::No).key, at(NOW));
        let used = LastUse::At(at("2026-11-12T12:00:00Z"));
        assert_eq!(passes(used, &days(10)), Passes::Yes);
        assert_eq!(passes(used, &days(11)), Passes::No);
        assert_eq!(passes(LastUse::Never, &days(21)), Passes::Yes);
        assert_eq!(passes(LastUse::Never, &days(22)), Passes::No);
        assert_eq!(passes(LastUse::Unknown, &days(1)), Passes::Unknown);
        let ageless = ApiKey {
            created_at: None,
            ..key("a", LastUse::Never, Own::No).key
        };
        assert_eq!(days(1).passes(&ageless, at(NOW)), Passes::Unknown);
        assert_eq!(Filter::default().passes(&ageless, at(NOW)), Passes::Yes);
    }

    #[test]
    fn a_key_passes_every_part_or_none() {
        let target = key("a", LastUse::At(at("2026-11-12T12:00:00Z")), Own::No);
        let by = |who: &str, filter: Filter| Filter {
            created_by: Some(who.to_owned()),
            ..filter
        };
        let passes = |filter: Filter| filter.passes(&target.key, at(NOW));
        assert_eq!(passes(by(" Amina@acme.example ", days(1))), Passes::Yes);
        assert_eq!(passes(by("amina@acme.example", days(30))), Passes::No);
        assert_eq!(
            passes(by("amina", days(1))),
            Passes::No,
            "a part of a name is not the name"
        );
        let nobodys = ApiKey {
            created_by: None,
            ..target.key.clone()
        };
        let filter = by("amina@acme.example", Filter::default());
        assert_eq!(filter.passes(&nobodys, at(NOW)), Passes::Unknown);
    }

    #[test]
    fn ours_goes_last_and_what_may_be_ours_before_it() {
        let recent = LastUse::At(at("2026-11-22T11:00:00Z"));
        let targets = vec![
            key("ours", LastUse::Never, Own::Yes),
            key("maybe", LastUse::Never, Own::Unknown),
            key("busy", recent, Own::No),
            key("idle", LastUse::Never, Own::No),
            key("untold", LastUse::Unknown, Own::No),
        ];
        let plan = BulkPlan::of(targets, at(NOW));
        let names =
            |keys: &[ListedKey]| -> Vec<String> { keys.iter().map(|one| one.key.name.raw().to_owned()).collect() };
        assert_eq!(names(&plan.unused), ["maybe", "idle"]);
        assert_eq!(names(&plan.in_use), ["busy", "untold"]);
        assert_eq!(names(&plan.order()), ["idle", "busy", "untold", "maybe", "ours"]);
        assert_eq!(plan.len(), 5);
    }
}
