//! Keys that only this machine knows of: written down, taken off, and found again in the server's list.

use std::fmt;
use std::sync::Arc;

use super::value::{BadValue, check, known};
use crate::core::activity::ActivityKind;
use crate::core::creation::MintedKey;
use crate::core::import::Draft;
use crate::core::key::{ApiKey, KeyId};
use crate::core::secret::Secret;
use crate::core::text::Label;
use crate::core::tracked::{Left, Tracked, matches};
use crate::ops::record::{LogEntry, record};
use crate::ops::review::read_list;
use crate::ops::sign_in::{Profile, Session};
use crate::ports::{ApiError, JournalError, Ports};

/// Why nothing was tracked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackError {
    /// Nothing tells it from a key that is tracked already.
    Twin(Box<Tracked>),
    /// Its value is not taken.
    Value(Box<BadValue>),
    /// The journal does not take it.
    Journal(JournalError),
    /// The list cannot be read.
    List(Box<ApiError>),
    /// The system gives no random numbers.
    NoId,
}

impl fmt::Display for TrackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twin(twin) => write!(
                f,
                "“{}” ({}) is already tracked. If this is another key, give the last four of each.",
                twin.name, twin.id
            ),
            Self::Value(bad) => bad.fmt(f),
            Self::Journal(error) => write!(f, "Nothing was tracked: {error}."),
            Self::List(error) => error.fmt(f),
            Self::NoId => f.write_str("Nothing was tracked: the system has no random numbers."),
        }
    }
}

impl std::error::Error for TrackError {}

impl From<JournalError> for TrackError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// A draft as it will be tracked.
///
/// # Errors
/// [`TrackError::NoId`].
fn drafted(ports: &Ports, team: Option<&Label>, draft: &Draft) -> Result<Tracked, TrackError> {
    let mut number = [0; 8];
    getrandom::fill(&mut number).map_err(|_| TrackError::NoId)?;
    Ok(Tracked {
        id: draft
            .id
            .clone()
            .unwrap_or_else(|| KeyId::of_tracked(u64::from_be_bytes(number))),
        name: draft.name.clone(),
        created_at: draft.created_at,
        prefix: None,
        last_four: draft.last_four.clone(),
        owner: draft.owner.clone(),
        team: team.cloned(),
        at: ports.clock.now(),
        actor: ports.actor.clone(),
    })
}

/// The tracked key that nothing tells from `new`, for each of `new` that has one.
#[must_use]
pub fn doubles<'a>(tracked: &'a [Tracked], new: &'a [Draft]) -> Vec<(&'a Draft, &'a Tracked)> {
    let twin = |draft: &Draft| {
        tracked.iter().find(|one| {
            let apart = matches!((&draft.last_four, &one.last_four), (Some(a), Some(b)) if a != b);
            draft.id.as_ref() == Some(&one.id) || (one.name.raw().trim() == draft.name.raw() && !apart)
        })
    };
    new.iter()
        .filter_map(|draft| twin(draft).map(|twin| (draft, twin)))
        .collect()
}

/// Tracks one key. Its value, where it is given, is tried, its fingerprint kept, and the value forgotten.
///
/// # Errors
/// [`TrackError`]; nothing was kept.
pub async fn track(
    ports: &Ports,
    profile: &Profile,
    session: &Session,
    draft: &Draft,
    value: Option<Secret>,
) -> Result<Tracked, TrackError> {
    let team = session.client.team().await.known_id();
    let mut new = drafted(ports, team.as_ref(), draft)?;
    let value = value.map(Arc::new);
    if let Some(value) = &value {
        if let Some(known) = known(ports, profile, session, value).await {
            return Err(TrackError::Value(Box::new(BadValue::Known(known))));
        }
        let key = draft.last_four.is_some().then(|| new.key());
        check(session, value, key.as_ref())
            .await
            .map_err(|bad| TrackError::Value(Box::new(bad)))?;
        let some = |label: Label| (!label.is_blank()).then_some(label);
        new.prefix = some(value.prefix());
        new.last_four = some(value.last_four()).or(new.last_four);
    }
    let there = session.client.tracked().await?;
    if let Some(twin) = there.iter().find(|other| new.is_twin_of(other) || other.id == new.id) {
        return Err(TrackError::Twin(Box::new(twin.clone())));
    }
    ports.journal.track(&profile.scope(), vec![new.clone()]).await?;
    if let Some(value) = value {
        let minted = MintedKey {
            id: new.id.clone(),
            name: new.name.clone(),
        };
        ports.journal.keep_fingerprint(&profile.scope(), minted, value).await?;
    }
    note(ports, profile, Some(&new), "tracked", String::new()).await;
    Ok(new)
}

/// Tracks keys: all of them or none.
///
/// # Errors
/// [`TrackError`]; nothing was kept.
pub async fn track_all(
    ports: &Ports,
    profile: &Profile,
    session: &Session,
    drafts: &[Draft],
) -> Result<usize, TrackError> {
    let team = session.client.team().await.known_id();
    let new: Result<Vec<Tracked>, TrackError> = drafts
        .iter()
        .map(|draft| drafted(ports, team.as_ref(), draft))
        .collect();
    let new = new?;
    let count = new.len();
    ports.journal.track(&profile.scope(), new).await?;
    note(ports, profile, None, "imported", format!("{count} keys")).await;
    Ok(count)
}

/// Takes a key off the tracked ones; what is true of the key stays as it is.
///
/// # Errors
/// The journal did not take it.
pub async fn untrack(ports: &Ports, profile: &Profile, key: &ApiKey) -> Result<bool, JournalError> {
    let left = vec![(key.id.clone(), Left::Untracked)];
    let count = ports.journal.untrack(&profile.scope(), left, ports.clock.now()).await?;
    if count > 0 {
        let entry = LogEntry {
            action: ActivityKind::Track,
            key: Some((key.id.clone(), key.name.clone())),
            outcome: "untracked",
            detail: String::new(),
        };
        let _ = record(ports, profile, entry).await;
    }
    Ok(count > 0)
}

/// The tracked keys that are in the server's list by now, each with that key.
///
/// # Errors
/// The list or the journal cannot be read.
pub async fn matched(session: &Session) -> Result<Vec<(Tracked, ApiKey)>, TrackError> {
    let read = read_list(&session.client, &|_| {})
        .await
        .map_err(|error| TrackError::List(Box::new(error)))?;
    let tracked = session.client.tracked().await?;
    let listed: Vec<ApiKey> = read.keys.into_iter().filter(|key| !key.id.is_local()).collect();
    let pairs = matches(&tracked, &listed).into_iter();
    Ok(pairs.map(|(one, key)| (one.clone(), key.clone())).collect())
}

/// Hands tracked keys over to the server's list: what is kept of each here goes to the key it is there.
///
/// # Errors
/// The journal did not take it; nothing was changed.
pub async fn match_listed(
    ports: &Ports,
    profile: &Profile,
    pairs: &[(Tracked, ApiKey)],
) -> Result<usize, JournalError> {
    let left = pairs
        .iter()
        .map(|(one, key)| (one.id.clone(), Left::Listed(key.id.clone())));
    let count = ports
        .journal
        .untrack(&profile.scope(), left.collect(), ports.clock.now())
        .await?;
    note(ports, profile, None, "listed", format!("{count} keys")).await;
    Ok(count)
}

async fn note(ports: &Ports, profile: &Profile, key: Option<&Tracked>, outcome: &'static str, detail: String) {
    let entry = LogEntry {
        action: ActivityKind::Track,
        key: key.map(|key| (key.id.clone(), key.name.clone())),
        outcome,
        detail,
    };
    // The key itself was written; a missing line of the log loses none.
    let _ = record(ports, profile, entry).await;
}
