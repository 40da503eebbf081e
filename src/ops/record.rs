//! Write a line of the log.

use crate::core::activity::{Activity, ActivityKind};
use crate::core::key::KeyId;
use crate::core::text::Label;
use crate::ops::profile::Profile;
use crate::ports::{JournalError, Ports};

/// What is to be written down; who and when are known.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// What was done.
    pub action: ActivityKind,
    /// To which key.
    pub key: Option<(KeyId, Label)>,
    /// How it ended, in a word.
    pub outcome: &'static str,
    /// More of it, for a person; never a secret.
    pub detail: String,
}

/// Adds `entry` to the log.
///
/// # Errors
/// The journal did not take it: nothing is being recorded, and the person is to be told.
pub async fn record(ports: &Ports, profile: &Profile, entry: LogEntry) -> Result<(), JournalError> {
    let activity = Activity {
        at: ports.clock.now(),
        actor: ports.actor.clone(),
        profile: profile.name.clone(),
        action: entry.action,
        key: entry.key,
        outcome: entry.outcome.to_owned(),
        detail: Label::new(&entry.detail),
    };
    let recorded = ports.journal.record(activity).await;
    if let Err(error) = &recorded {
        tracing::warn!(%error, action = entry.action.word(), "nothing is being recorded");
    }
    recorded
}
