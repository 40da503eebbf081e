//! What `update` asks the outside to do. Each effect runs in a task of its own, with a cancel token.

use std::sync::Arc;

use jiff::civil::Date;

use crate::core::creation::Creation;
use crate::core::key::{ApiKey, KeyId, KeyName};
use crate::core::listing::ListedKey;
use crate::core::rotation::Rotation;
use crate::core::secret::Secret;
use crate::core::target::Target;
use crate::core::text::Label;
use crate::ops::create::NewKey;
use crate::ops::leak::{Means, Search};
use crate::ops::recover::Since;
use crate::tui::errand::Errand;
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
    /// Forget how the team's operations were found to be done: they are asked again.
    AskAgain(TeamIndex),
    /// Do something around a person who clicks in the browser.
    Errand(RequestId, TeamIndex, Errand),
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
    /// Delete the only copy of a value that went nowhere; carries the key for a sentence, and whether the store is known to
    /// have the value.
    Discard(RequestId, TeamIndex, Box<Creation>, String, bool),
    /// Revoke a key.
    Revoke(RequestId, TeamIndex, Box<ListedKey>),
    /// Begin the rotation of a key, or make the new key of one that has none.
    BeginRotation(RequestId, TeamIndex, KeyId, Option<KeyName>),
    /// Read the list and bring a rotation up to it.
    ReadRotation(RequestId, TeamIndex, Box<Rotation>),
    /// Move a rotation on.
    MoveRotation(RequestId, TeamIndex, Box<Rotation>, RotationMove),
    /// Go on with a rotation that was started elsewhere: the old key and the new one.
    AdoptPair(RequestId, TeamIndex, KeyId, KeyId),
    /// Revoke the old key of a rotation; `true`: although step 3 is open.
    FinishRotation(RequestId, TeamIndex, Box<Rotation>, bool),
    /// Put a key's due date off, or no longer.
    Snooze(RequestId, TeamIndex, Box<ApiKey>, Option<(Date, Label)>),
    /// Read the log of this machine.
    ReadLog(RequestId),
    /// Find the key of a leaked value, in the shown team first.
    FindLeak(RequestId, TeamIndex, Arc<Secret>, Means),
    /// Revoke the key that was found, and watch its value.
    KillLeak(RequestId, Box<Search>),
    /// Put a text on the clipboard that is no secret.
    CopyText(RequestId, String),
    /// Write a report of this name.
    WriteReport(RequestId, String, String),
    /// Revoke several keys, in this order.
    RevokeMany(RequestId, TeamIndex, Vec<ListedKey>),
    /// Put a value on the clipboard.
    Copy(RequestId, Arc<Secret>),
    /// Take our value off the clipboard.
    ClearClipboard(RequestId),
    /// Stop a run whose result is not wanted any more.
    Cancel(RequestId),
}

/// A step that a person takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotationMove {
    /// The app at a place runs with the new key.
    Tick(Label),
    /// It does not after all.
    Untick(Label),
    /// The traffic has moved, says somebody; carries how they know.
    Attest(Label),
    /// It is given up.
    Cancel,
}

/// A value on its way to a target.
#[derive(Debug)]
pub struct Parcel {
    /// Where to.
    pub target: Target,
    /// The same place with everything named, once somebody looked.
    pub exact: Option<Target>,
    /// The doubts the person was told, and tries again in spite of.
    pub told: Vec<String>,
    /// The team's name, where it is known.
    pub team: Option<String>,
    /// The key and its value.
    pub new: NewKey,
}
