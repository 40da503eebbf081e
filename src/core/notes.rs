//! What was written down on this machine about keys.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::core::creation::Creation;
use crate::core::key::KeyId;
use crate::core::rotation::Rotation;
use crate::core::snooze::Snooze;

/// What was written down on this machine about the keys of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// Due dates that are put off.
    pub snoozes: Vec<Snooze>,
    /// Rotations, those that are over included.
    pub rotations: Vec<Rotation>,
    /// Creations that are not over.
    pub unfinished: Vec<Creation>,
    /// When a key of which the server tells no creation was first seen here, by the server's clock.
    pub first_seen: HashMap<KeyId, Timestamp>,
}

impl Notes {
    /// How many days old a key is at least, of which the server tells no creation.
    #[must_use]
    pub fn at_least_days(&self, id: &KeyId, now: Timestamp) -> Option<i64> {
        let seen = self.first_seen.get(id)?;
        Some((now.duration_since(*seen).as_hours() / 24).max(0))
    }
}
