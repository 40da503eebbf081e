//! What `update` asks the outside to do. Each effect runs in a task of its own, with a cancel token.

use std::sync::Arc;

use crate::core::creation::Creation;
use crate::core::key::KeyName;
use crate::core::listing::ListedKey;
use crate::core::secret::Secret;
use crate::core::target::Target;
use crate::ops::create::NewKey;
use crate::ops::recover::Since;
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
    /// Look at unfinished creations.
    Recover(RequestId, TeamIndex, Since),
    /// Open a value that waits in the credential store.
    Reopen(RequestId, TeamIndex, Box<Creation>),
    /// Send a value to a target, and write down what became of it.
    Send(RequestId, TeamIndex, Box<Parcel>),
    /// Write down that a value was handed over, and where to.
    NoteDelivery(RequestId, TeamIndex, Box<Creation>, String),
    /// Forget a value that is stored elsewhere; carries the key for a sentence.
    Acknowledge(RequestId, TeamIndex, Box<Creation>, String),
    /// Revoke a key.
    Revoke(RequestId, TeamIndex, Box<ListedKey>),
    /// Put a value on the clipboard.
    Copy(RequestId, Arc<Secret>),
    /// Take our value off the clipboard.
    ClearClipboard(RequestId),
    /// Stop a run whose result is not wanted any more.
    Cancel(RequestId),
}

/// A value on its way to a target.
#[derive(Debug)]
pub struct Parcel {
    /// Where to.
    pub target: Target,
    /// The team's name, where it is known.
    pub team: Option<String>,
    /// The key and its value.
    pub new: NewKey,
}
