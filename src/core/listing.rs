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

/// A team's list of keys at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Its team, as far as `get-teams` tells.
    pub team: TeamIdentity,
    /// Every key, in the server's order.
    pub keys: Vec<ListedKey>,
    /// Whether every key the server counts was read.
    pub complete: bool,
    /// When it was read, by the server's clock.
    pub as_of: Timestamp,
}
