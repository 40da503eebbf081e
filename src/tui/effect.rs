//! What `update` asks the outside to do. Each effect runs in a task of its own, with a cancel token.

use std::sync::Arc;

use crate::core::key::KeyName;
use crate::core::listing::ListedKey;
use crate::core::secret::Secret;
use crate::tui::message::{RequestId, TeamIndex};

/// One thing to do, and the run its result belongs to.
#[derive(Debug)]
pub enum Effect {
    /// Find the team's credential.
    FindSession(RequestId, TeamIndex),
    /// Check a typed credential and keep it.
    SignIn(RequestId, TeamIndex, Secret),
    /// Read the team's list.
    Load(RequestId, TeamIndex),
    /// Create a key.
    Create(RequestId, TeamIndex, KeyName),
    /// Revoke a key.
    Revoke(RequestId, TeamIndex, Box<ListedKey>),
    /// Put a value on the clipboard.
    Copy(RequestId, Arc<Secret>),
    /// Take our value off the clipboard.
    ClearClipboard(RequestId),
    /// Stop a run whose result is not wanted any more.
    Cancel(RequestId),
}
