//! Which listed keys take part in a rotation: one of our own rows, or one that was started elsewhere.

use std::collections::{HashMap, HashSet};

use crate::core::creation::Creation;
use crate::core::key::{KeyId, stem};
use crate::core::listing::{ListedKey, Source};
use crate::core::notes::Notes;
use crate::core::policy::Standing;

/// Which of the two keys one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RotationRole {
    /// The one that is to go.
    Old,
    /// The one that takes its place.
    New,
}

impl RotationRole {
    /// The word for machine output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

/// A listed key's part in a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which of the two it is.
    pub role: RotationRole,
    /// The other key, where it is known.
    pub other: Option<KeyId>,
    /// The step, 1 to 4; `None`: started elsewhere, no row here explains it.
    pub step: Option<u8>,
}

impl Part {
    /// `2/4`, and `?/4` where it was started elsewhere.
    #[must_use]
    pub fn progress(&self) -> String {
        self.step.map_or_else(|| "?/4".to_owned(), |step| format!("{step}/4"))
    }

    /// `rotating 2/4`, or that it was started elsewhere.
    #[must_use]
    pub fn words(&self) -> String {
        match self.step {
            Some(step) => format!("rotating {step}/4"),
            None => "rotating, elsewhere".to_owned(),
        }
    }
}

/// Two listed keys that look like a rotation which no row explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The one that is to go.
    pub old: KeyId,
    /// The newer one.
    pub new: KeyId,
}

/// The part of every key that has one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pairs {
    parts: HashMap<KeyId, Part>,
}

impl Pairs {
    /// The parts of the keys of a list, by the rotations that were begun here.
    #[must_use]
    pub fn of(notes: &Notes, keys: &[ListedKey]) -> Self {
        let rotations = &notes.rotations;
        let mut parts = HashMap::new();
        for rotation in rotations {
            let Some(step) = rotation.step() else { continue };
            let new = rotation.new_key();
            let part = |role, other: Option<&KeyId>| Part {
                role,
                other: other.cloned(),
                step: Some(step),
            };
            if let Some(new) = new {
                parts.insert(new.id.clone(), part(RotationRole::New, Some(&rotation.old.id)));
            }
            parts.insert(rotation.old.id.clone(), part(RotationRole::Old, new.map(|new| &new.id)));
        }
        // A tracked key of a rotation may be in the server's list by now, under another id.
        for listed in keys {
            if let Source::Both { tracked } = &listed.source
                && let Some(part) = parts.get(tracked).cloned()
            {
                parts.insert(listed.key.id.clone(), part);
            }
        }
        let given_up: HashSet<(&KeyId, &KeyId)> = rotations
            .iter()
            .filter(|rotation| rotation.is_over())
            .filter_map(|rotation| Some((&rotation.old.id, &rotation.new_key()?.id)))
            .collect();
        for Pair { old, new } in elsewhere(keys, &parts, &notes.unfinished) {
            // It was begun here, and given up here.
            if given_up.contains(&(&old, &new)) {
                continue;
            }
            let part = |role, other: &KeyId| Part {
                role,
                other: Some(other.clone()),
                step: None,
            };
            parts.insert(old.clone(), part(RotationRole::Old, &new));
            parts.insert(new, part(RotationRole::New, &old));
        }
        Self { parts }
    }

    /// Whether no key takes part in a rotation.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The part of a key.
    #[must_use]
    pub fn part(&self, id: &KeyId) -> Option<&Part> {
        self.parts.get(id)
    }

    /// The standing of a key, which takes its part in a rotation into account.
    #[must_use]
    pub fn standing(&self, id: &KeyId, standing: Standing) -> Standing {
        match self.part(id) {
            Some(_) => standing.rotating(),
            None => standing,
        }
    }
}

/// The newest key with a rotation's date behind its name, beside the newest of those made before it with the same stem.
fn elsewhere(keys: &[ListedKey], explained: &HashMap<KeyId, Part>, unfinished: &[Creation]) -> Vec<Pair> {
    // Only a dated name can be a successor, so that most lists cost nothing here.
    let is_dated = |listed: &ListedKey| stem(listed.key.name.raw()) != listed.key.name.raw().trim();
    if !keys.iter().any(is_dated) {
        return Vec::new();
    }
    let mut by_stem: HashMap<&str, Vec<&ListedKey>> = HashMap::new();
    // A key whose value waits here, or was lost here, takes the place of none.
    let is_unfinished = |listed: &ListedKey| unfinished.iter().any(|creation| creation.may_be(&listed.key));
    let unexplained = |listed: &&ListedKey| !explained.contains_key(&listed.key.id) && !is_unfinished(listed);
    for listed in keys.iter().filter(unexplained) {
        by_stem.entry(stem(listed.key.name.raw())).or_default().push(listed);
    }
    let mut pairs: Vec<Pair> = Vec::new();
    for same in by_stem.values_mut() {
        same.sort_by_key(|listed| listed.key.created_at);
        let Some((new, before)) = same.split_last() else {
            continue;
        };
        let older = before
            .iter()
            .rfind(|old| match (old.key.created_at, new.key.created_at) {
                (Some(old), Some(new)) => old < new,
                _ => false,
            });
        if let Some(old) = older.filter(|_| is_dated(new)) {
            pairs.push(Pair {
                old: old.key.id.clone(),
                new: new.key.id.clone(),
            });
        }
    }
    pairs
}
