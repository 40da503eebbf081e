//! What the list says against a rotation: a key that is gone, renamed, or back under another id.

use super::{Rotation, Stage};
use crate::core::creation::MintedKey;
use crate::core::key::KeyId;
use crate::core::listing::Listing;
use crate::core::text::{Label, shell_word};

/// Something happened to a key of a rotation elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discrepancy {
    /// The list is another team's: it says nothing of this rotation.
    OtherTeam,
    /// The old key is gone from the full list.
    OldGone {
        /// A listed key of the same name that this rotation does not know.
        back_as: Option<KeyId>,
    },
    /// The new key is gone from the full list.
    NewGone {
        /// A listed key of the same name that this rotation does not know.
        back_as: Option<KeyId>,
    },
    /// The tracked old key is in the server's list by now, under this id, and was not handed over yet.
    OldListed(KeyId),
    /// The same of the new key.
    NewListed(KeyId),
    /// The old key has another name now.
    OldRenamed(Label),
    /// The new key has another name now.
    NewRenamed(Label),
}

impl Discrepancy {
    /// Whether a tracked key is to be handed over to the server's list first.
    #[must_use]
    pub fn waits_for_a_match(&self) -> bool {
        matches!(self, Self::OldListed(_) | Self::NewListed(_))
    }

    /// What happened to which key, what is true now, and what to do.
    #[must_use]
    pub fn sentence(&self, rotation: &Rotation) -> String {
        let old = display_name(&rotation.old);
        let new = rotation.new_key().map_or("the new key".to_owned(), display_name);
        match self {
            Self::OtherTeam => format!(
                "You're signed in to another team than that of {old}, so this rotation cannot continue. Sign in to \
                 its team."
            ),
            Self::OldGone { back_as: Some(id) } => format!(
                "{old} is gone from the list, but it has a key of that name, {id}. If that is the same key, cancel \
                 this rotation and adopt it: rotate adopt {} NEW.",
                shell_word(id.shown())
            ),
            Self::OldGone { back_as: None } => match rotation.stage {
                Stage::Creating(_) => {
                    format!("{old} is gone and no longer works. Cancel this rotation and create a key.")
                }
                _ => format!(
                    "{old} is gone from the list, but not because of this rotation. Whatever still uses it gets 401. \
                     Finish the roll-out; step 4 then just closes the rotation."
                ),
            },
            Self::NewGone { back_as: Some(id) } => format!(
                "{new} is gone from the list, but it has a key of that name, {id}. The old key is untouched. If that \
                 is the same key, cancel this rotation and adopt it: rotate adopt {} {}.",
                shell_word(rotation.old.id.shown()),
                shell_word(id.shown())
            ),
            Self::NewGone { back_as: None } => {
                format!("{new} is gone from the list. The old key is untouched. Repeat step 1 to create another.")
            }
            Self::OldListed(id) => listed(&old, id),
            Self::NewListed(id) => listed(&new, id),
            Self::OldRenamed(name) => format!("{old} is called “{name}” now; it is the same key."),
            Self::NewRenamed(name) => format!("{new} is called “{name}” now; it is the same key."),
        }
    }
}

fn listed(display_name: &str, id: &KeyId) -> String {
    format!(
        "{display_name} is now in the server's list, as {id}. To continue this rotation: chatzuri-keys track --match"
    )
}

fn display_name(key: &MintedKey) -> String {
    format!("“{}” ({})", key.name, key.id)
}

/// Everything a list says against `rotation`. A list with gaps proves no absence.
#[must_use]
pub fn troubles(rotation: &Rotation, listing: &Listing) -> Vec<Discrepancy> {
    if rotation.is_over() {
        return Vec::new();
    }
    if !rotation.is_of(listing) {
        return vec![Discrepancy::OtherTeam];
    }
    let listed = |wanted: &MintedKey| listing.keys.iter().find(|listed| listed.key.id == wanted.id);
    let is_of_it = |id: &KeyId| *id == rotation.old.id || rotation.new_key().is_some_and(|new| new.id == *id);
    let back_as = |wanted: &MintedKey| {
        let same = |name: &Label| name.raw().trim() == wanted.name.raw().trim();
        let found = listing
            .keys
            .iter()
            .find(|listed| same(&listed.key.name) && !is_of_it(&listed.key.id));
        found.map(|listed| listed.key.id.clone())
    };
    let other_id = |wanted: &MintedKey| {
        let found = listing.keys.iter().find(|listed| listed.is_known_as(&wanted.id));
        found.map(|listed| listed.key.id.clone())
    };
    let mut troubles = Vec::new();
    match listed(&rotation.old) {
        Some(listed) if listed.key.name != rotation.old.name => {
            troubles.push(Discrepancy::OldRenamed(listed.key.name.clone()));
        }
        Some(_) => {}
        None => match other_id(&rotation.old) {
            Some(id) => troubles.push(Discrepancy::OldListed(id)),
            None if listing.complete => troubles.push(Discrepancy::OldGone {
                back_as: back_as(&rotation.old),
            }),
            None => {}
        },
    }
    if let Some(new) = rotation.new_key() {
        match listed(new) {
            Some(listed) if listed.key.name != new.name => {
                troubles.push(Discrepancy::NewRenamed(listed.key.name.clone()));
            }
            Some(_) => {}
            None => match other_id(new) {
                Some(id) => troubles.push(Discrepancy::NewListed(id)),
                None if listing.complete => troubles.push(Discrepancy::NewGone { back_as: back_as(new) }),
                None => {}
            },
        }
    }
    troubles
}
