//! A new value in our hands: reopened, handed over, acknowledged, forgotten.

use std::fmt;
use std::sync::Arc;

use crate::core::activity::ActivityKind;
use crate::core::creation::{Creation, CreationStage, Event};
use crate::core::key::{ApiKey, LastUse};
use crate::ops::create::{NewKey, Safety, move_on};
use crate::ops::record::{LogEntry, record};
use crate::ops::sign_in::Profile;
use crate::ops::trail::trail;
use crate::ports::{Account, JournalError, Ports, StoreError};

/// Why a waiting value could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReopenError {
    /// The store could not be read; the value is still there, as far as is known.
    Store(StoreError),
    /// The store holds it no more.
    Gone,
}

impl fmt::Display for ReopenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => write!(f, "The waiting value was not opened and stays where it is. {error}."),
            Self::Gone => f.write_str(
                "The keyring no longer has the waiting value: it is lost. Revoke that key and create another.",
            ),
        }
    }
}

impl std::error::Error for ReopenError {}

/// Opens a value that waits in the store.
///
/// # Errors
/// [`ReopenError`].
pub async fn reopen(ports: &Ports, creation: &Creation) -> Result<NewKey, ReopenError> {
    let kept = ports.store.get(&Account::escrow(&creation.op)).await;
    let secret = match kept {
        Ok(Some(secret)) => secret,
        Ok(None) => return Err(ReopenError::Gone),
        Err(error) => return Err(ReopenError::Store(error)),
    };
    let Some(minted) = &creation.minted else {
        return Err(ReopenError::Gone);
    };
    let key = ApiKey {
        id: minted.id.clone(),
        name: minted.name.clone(),
        created_at: None,
        last_used_at: LastUse::Unknown,
        created_by: None,
        prefix: Some(secret.prefix()),
        last_four: Some(secret.last_four()),
    };
    Ok(NewKey {
        creation: creation.clone(),
        key,
        secret: Arc::new(secret),
        safety: Safety::Escrowed,
        // It only shows what was done before.
        trail: trail(ports, creation).await.unwrap_or_default(),
    })
}

/// A delivery that was written down, as far as the journal took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    /// The creation as it stands now.
    pub creation: Creation,
    /// Whether the log took it.
    pub recorded: Result<(), JournalError>,
}

/// Writes down that the value was copied or taken by a target.
pub async fn note_delivery(ports: &Ports, profile: &Profile, creation: &Creation, whereto: &str) -> Noted {
    let moved = move_on(ports, creation, Event::Delivered).await;
    let line = entry(creation, ActivityKind::Deliver, "delivered", whereto.to_owned());
    Noted {
        recorded: record(ports, profile, line).await,
        creation: moved.unwrap_or_else(|| creation.clone()),
    }
}

/// How an acknowledgement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Acknowledged {
    /// The escrow item is gone, and that was checked.
    Forgotten,
    /// The store did not delete it: the next start tries again.
    StillEscrowed(StoreError),
    /// It is forgotten, but the journal could not be told: the next start asks once more.
    NotRecorded,
}

/// The person, or every target, says that the value is stored: the escrow item is deleted, and it is looked whether it is
/// gone.
pub async fn acknowledge(ports: &Ports, profile: &Profile, creation: &Creation) -> Acknowledged {
    let moved = if creation.stage == CreationStage::Acknowledged {
        Some(creation.clone())
    } else {
        move_on(ports, creation, Event::Acknowledged).await
    };
    if moved.is_some() && creation.stage != CreationStage::Acknowledged {
        write_line(
            ports,
            profile,
            creation,
            ActivityKind::Acknowledge,
            "stored",
            String::new(),
        )
        .await;
    }
    // Without the row the escrow stays: deleting it first could lose the value in a crash right here.
    let Some(moved) = moved else {
        return Acknowledged::NotRecorded;
    };
    let account = Account::escrow(&creation.op);
    if let Err(error) = forget(ports, &account).await {
        return Acknowledged::StillEscrowed(error);
    }
    tracing::info!(op = %creation.op, "the value is stored elsewhere; its escrow is deleted");
    match move_on(ports, &moved, Event::EscrowGone).await {
        Some(_) => Acknowledged::Forgotten,
        None => Acknowledged::NotRecorded,
    }
}

/// Deletes the only copy of a value that went nowhere: its key is there, and nobody can use it.
///
/// # Errors
/// The store may still hold it: the creation stays where it was, and the value is offered again.
pub async fn discard(ports: &Ports, profile: &Profile, creation: &Creation) -> Result<(), StoreError> {
    forget(ports, &Account::escrow(&creation.op)).await?;
    if let Some(minted) = creation.minted.clone() {
        // A row that stays behind is found by the next look: the store holds nothing for it.
        move_on(ports, creation, Event::ValueLost(minted)).await;
    }
    let detail = "its only copy was deleted here".to_owned();
    write_line(ports, profile, creation, ActivityKind::Recover, "value_lost", detail).await;
    Ok(())
}

async fn forget(ports: &Ports, account: &Account) -> Result<(), StoreError> {
    // Where no store could take the value, there is none to delete either.
    match ports.store.delete(account).await {
        Ok(_) => {}
        Err(StoreError::Absent) => return Ok(()),
        Err(error) => return Err(error),
    }
    match ports.store.get(account).await? {
        None => Ok(()),
        Some(_) => Err(StoreError::Failed(
            "the item is still there after deleting it".to_owned(),
        )),
    }
}

pub(crate) async fn write_line(
    ports: &Ports,
    profile: &Profile,
    creation: &Creation,
    action: ActivityKind,
    outcome: &'static str,
    detail: String,
) {
    // The protocol's own row is what must not be lost.
    let _ = record(ports, profile, entry(creation, action, outcome, detail)).await;
}

/// A line of the log about the key of a creation.
pub(crate) fn entry(creation: &Creation, action: ActivityKind, outcome: &'static str, detail: String) -> LogEntry {
    let minted = creation.minted.as_ref();
    LogEntry {
        action,
        key: minted.map(|minted| (minted.id.clone(), minted.name.clone())),
        outcome,
        detail,
    }
}
