//! Put a key's due date off, with a reason, until a day; or no longer.

use jiff::civil::Date;

use crate::core::activity::ActivityKind;
use crate::core::key::{ApiKey, KeyId};
use crate::core::snooze::Snooze;
use crate::core::text::Label;
use crate::ops::record::{LogEntry, record};
use crate::ops::sign_in::Profile;
use crate::ports::{JournalError, Ports};

/// A change that the journal took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnoozeChanged {
    /// What is true now, for a person.
    pub sentence: String,
    /// Whether the log took it.
    pub recorded: Result<(), JournalError>,
}

/// Puts `key` off through `until`, in the place of an earlier time.
///
/// # Errors
/// The journal did not take it: nothing was done.
pub async fn snooze(
    ports: &Ports,
    profile: &Profile,
    key: &ApiKey,
    until: Date,
    reason: &Label,
) -> Result<SnoozeChanged, JournalError> {
    let snooze = Snooze {
        key: key.id.clone(),
        until,
        reason: reason.clone(),
        at: ports.clock.now(),
        actor: ports.actor.clone(),
    };
    ports.journal.snooze(&profile.scope(), snooze).await?;
    let detail = format!("until {until}: {}", reason.shown());
    Ok(SnoozeChanged {
        sentence: snoozed(key, until, reason),
        recorded: note(ports, profile, key, "snoozed", detail).await,
    })
}

/// Ends a key's snooze; `None`: it had none, and nothing was done.
///
/// # Errors
/// The journal did not take it: nothing was done.
pub async fn end_snooze(ports: &Ports, profile: &Profile, key: &ApiKey) -> Result<Option<SnoozeChanged>, JournalError> {
    if !ports.journal.end_snooze(&profile.scope(), &key.id).await? {
        return Ok(None);
    }
    Ok(Some(SnoozeChanged {
        sentence: ended(key),
        recorded: note(ports, profile, key, "ended", String::new()).await,
    }))
}

/// Whether a snooze of this key is written down.
///
/// # Errors
/// The journal cannot be read.
pub async fn is_snoozed(ports: &Ports, profile: &Profile, key: &KeyId) -> Result<bool, JournalError> {
    let snoozes = ports.journal.snoozes(&profile.scope()).await?;
    Ok(snoozes.iter().any(|snooze| snooze.key == *key))
}

/// What is true after [`snooze`].
#[must_use]
pub fn snoozed(key: &ApiKey, until: Date, reason: &Label) -> String {
    format!("{} is snoozed until {until}: {reason}", key.display_name())
}

/// What is true after [`end_snooze`].
#[must_use]
pub fn ended(key: &ApiKey) -> String {
    format!("{} is no longer snoozed.", key.display_name())
}

async fn note(
    ports: &Ports,
    profile: &Profile,
    key: &ApiKey,
    outcome: &'static str,
    detail: String,
) -> Result<(), JournalError> {
    let entry = LogEntry {
        action: ActivityKind::Snooze,
        key: Some((key.id.clone(), key.name.clone())),
        outcome,
        detail,
    };
    record(ports, profile, entry).await
}
