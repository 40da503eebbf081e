//! A team's list of keys at one moment.

use jiff::Timestamp;

use crate::core::key::{ApiKey, Own, Team};

/// A key of the list, and whether it is the credential we are signed in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: ApiKey,
    /// Whether it is ours.
    pub own: Own,
}

/// A team's list of keys at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The team, where `get-teams` names it.
    pub team: Option<Team>,
    /// Every key, in the server's order.
    pub keys: Vec<ListedKey>,
    /// Whether every key the server counts was read.
    pub complete: bool,
    /// When it was read, by the server's clock.
    pub as_of: Timestamp,
}
