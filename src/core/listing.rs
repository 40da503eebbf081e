//! A team's list of keys at one moment.

use jiff::Timestamp;

use crate::core::key::{ApiKey, KeyId, Own};
use crate::core::register::Register;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;

/// Who says that a key is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    /// The server's list.
    #[default]
    Api,
    /// This machine's journal: the server has no list, or not this key in it.
    Tracked {
        /// Who answers for it, as it was written down.
        owner: Option<Label>,
    },
    /// The server's list, and this machine's journal under an id of its own, until the person hands that over.
    Both {
        /// The id in the journal.
        tracked: KeyId,
    },
}

impl Source {
    /// The word for machine output.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Api | Self::Both { .. } => "api",
            Self::Tracked { .. } => "tracked",
        }
    }
}

/// A key of the list, and whether it is the credential we are signed in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: ApiKey,
    /// Whether it is ours.
    pub own: Own,
    /// Who says that it is there.
    pub source: Source,
}

impl ListedKey {
    /// Whether it is known from this machine's journal alone.
    #[must_use]
    pub fn is_tracked(&self) -> bool {
        matches!(self.source, Source::Tracked { .. })
    }

    /// Whether it is the key of this id, or the tracked one of this id.
    #[must_use]
    pub fn is_known_as(&self, id: &KeyId) -> bool {
        self.key.id == *id || matches!(&self.source, Source::Both { tracked } if tracked == id)
    }

    /// Who answers for it: as written down with it, or as the config has it.
    #[must_use]
    pub fn owner<'a>(&'a self, register: &'a Register) -> Option<&'a Label> {
        match &self.source {
            Source::Tracked { owner: Some(owner) } => Some(owner),
            _ => register.owner(self.key.name.raw()),
        }
    }
}

/// Rows of a list that do not read as the contract says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OddRows {
    /// Keys with a field that could not be read, and is unknown.
    pub with_unknown_fields: usize,
    /// Rows without an id that can be read: which keys they are is not known.
    pub without_id: usize,
}

impl OddRows {
    /// Why a list with these rows that is not complete is not, for a sentence about it.
    #[must_use]
    pub fn gap(self) -> String {
        match self.without_id {
            0 => "it changed while it was read, or the server counts more keys than it sent".to_owned(),
            1 => "1 of its rows has no readable id".to_owned(),
            rows => format!("{rows} of its rows have no readable id"),
        }
    }

    /// What is to be known of the keys with unknown fields, where there are any.
    #[must_use]
    pub fn unknown_fields(self) -> Option<String> {
        match self.with_unknown_fields {
            0 => None,
            1 => Some("1 key has an unreadable field, shown as unknown.".to_owned()),
            keys => Some(format!("{keys} keys have an unreadable field, shown as unknown.")),
        }
    }
}

/// A team's list of keys at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Its team, as far as `get-teams` tells.
    pub team: TeamIdentity,
    /// Every key, in the server's order.
    pub keys: Vec<ListedKey>,
    /// Whether every key was read, each with an id, and nothing moved meanwhile.
    pub complete: bool,
    /// Its rows that do not read as the contract says.
    pub odd: OddRows,
    /// When it was read, by the server's clock.
    pub as_of: Timestamp,
}
