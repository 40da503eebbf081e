//! Create a key by hand: the person makes it in the browser and pastes its value, and from there on it is a new key like
//! any other.

use std::sync::Arc;

use super::value::{BadValue, check, known};
use crate::core::activity::ActivityKind;
use crate::core::capability::Capability;
use crate::core::creation::{Creation, CreationStage, Event};
use crate::core::incident::{Fit, by_hint};
use crate::core::key::{ApiKey, KeyId, KeyName, LastUse};
use crate::core::rotation::Rotation;
use crate::core::secret::Secret;
use crate::core::text::Label;
use crate::core::tracked::Tracked;
use crate::ops::create::{CreateError, NewKey, WithoutStore, intend, move_on, take_custody};
use crate::ops::custody::write_line;
use crate::ops::review::{read_list, server_now};
use crate::ops::sign_in::{Profile, Session};
use crate::ports::{CreatedKey, JournalError, Operation, Ports};

/// Writes down that the person is about to make a key named `name`, as a step of `rotation` where there is one.
///
/// # Errors
/// [`CreateError::NotReady`]: something needed first is missing, and the browser is not to be opened.
pub async fn begin_manual(
    ports: &Ports,
    profile: &Profile,
    session: &Session,
    name: KeyName,
    without_store: WithoutStore,
    rotation: Option<&Rotation>,
) -> Result<Creation, CreateError> {
    if rotation.is_none()
        && let Some(begun) = begun(ports, profile, &name).await
    {
        return Ok(begun);
    }
    intend(ports, profile, &session.client, &name, without_store, rotation, true)
        .await
        .map_err(|blocked| CreateError::NotReady(name, blocked))
}

/// One of this name that was begun and left: the same key is meant.
async fn begun(ports: &Ports, profile: &Profile, name: &KeyName) -> Option<Creation> {
    let unfinished = ports.journal.unfinished(&profile.scope()).await.ok()?;
    unfinished.into_iter().find(|creation| {
        let open = creation.stage == CreationStage::Intended && creation.minted.is_none();
        open && creation.intent.manual && creation.intent.name == *name
    })
}

/// Takes the value that the person pasted: tried, put away, and tracked where the server lists no keys.
///
/// # Errors
/// [`BadValue`]; nothing was kept, and another one can be pasted.
pub async fn take_pasted(
    ports: &Ports,
    profile: &Profile,
    session: &Session,
    creation: &Creation,
    value: Arc<Secret>,
) -> Result<NewKey, BadValue> {
    if **session.client.credential() == *value {
        return Err(BadValue::Own);
    }
    if let Some(known) = known(ports, profile, session, &value).await {
        return Err(BadValue::Known(known));
    }
    check(session, &value, None).await?;
    let key = identify(ports, session, creation, &value).await;
    if replaces(ports, profile, session, creation, (&key.id, &value)).await {
        return Err(BadValue::Replaced);
    }
    // People click first and run us then, but under the name that they give here.
    let is_named_so = key.name.raw().trim() == creation.intent.name.as_str();
    if creation.intent.known.contains(&key.id) && !is_named_so {
        return Err(BadValue::There(key.display_name()));
    }
    if key.id.is_local() {
        // Before the value is put away: found again under the same id, however far this comes.
        let tracked = Tracked {
            id: key.id.clone(),
            name: key.name.clone(),
            created_at: key.created_at,
            prefix: key.prefix.clone(),
            last_four: key.last_four.clone(),
            owner: None,
            team: session.client.team().await.known_id(),
            at: ports.clock.now(),
            actor: ports.actor.clone(),
        };
        if let Err(error) = ports.journal.track(&profile.scope(), vec![tracked]).await {
            tracing::warn!(%error, "a new key is not tracked");
        }
    }
    // Whoever keeps it to try again lets it go with the answer.
    let secret = match Arc::try_unwrap(value) {
        Ok(secret) => secret,
        Err(shared) => Secret::parse(shared.expose()).map_err(|_| BadValue::Refused(shared.length()))?,
    };
    Ok(take_custody(ports, profile, creation.clone(), CreatedKey { key, secret }).await)
}

/// Whether a value is the old one of the rotation that the creation is a step of: somebody copied the wrong row.
async fn replaces(
    ports: &Ports,
    profile: &Profile,
    session: &Session,
    creation: &Creation,
    (id, value): (&KeyId, &Secret),
) -> bool {
    let rotations = ports.journal.rotations(&profile.scope()).await.unwrap_or_default();
    let is_its = |rotation: &&Rotation| rotation.creation() == Some(&creation.op);
    let Some(old) = rotations.iter().find(is_its).map(|rotation| &rotation.old) else {
        return false;
    };
    let tracked = session.client.tracked().await.unwrap_or_default();
    // Two keys of one team hardly share the last four by chance.
    let is_old = |one: &Tracked| one.id == old.id && one.last_four.is_some() && by_hint(value, &one.key()) >= Fit::Half;
    *id == old.id || tracked.iter().any(is_old)
}

/// The key in the server's list where it has one and shows it; otherwise one of this machine's own.
async fn identify(ports: &Ports, session: &Session, creation: &Creation, value: &Secret) -> ApiKey {
    if session.client.recall(Operation::List).await != Capability::Manual
        && let Ok(read) = read_list(&session.client, &|_| {}).await
    {
        let fitting: Vec<ApiKey> = read
            .keys
            .into_iter()
            .filter(|key| !key.id.is_local() && by_hint(value, key) != Fit::No)
            .collect();
        // One that was there before the intent may be it: people click first and run us then.
        let both = fitting.iter().filter(|key| by_hint(value, key) == Fit::Both);
        let new = || fitting.iter().filter(|key| !creation.intent.known.contains(&key.id));
        let named = new().filter(|key| key.name.raw().trim() == creation.intent.name.as_str());
        if let Some(found) = only(both).or_else(|| only(named)).or_else(|| only(new())) {
            return found.clone();
        }
    }
    let (prefix, last_four) = (value.prefix(), value.last_four());
    let some = |label: Label| (!label.is_blank()).then_some(label);
    ApiKey {
        id: local_id(creation),
        name: Label::new(creation.intent.name.as_str()),
        created_at: Some(server_now(&session.client, &*ports.clock)),
        last_used_at: LastUse::Unknown,
        created_by: None,
        prefix: some(prefix),
        last_four: some(last_four),
    }
}

fn only<'a>(mut keys: impl Iterator<Item = &'a ApiKey>) -> Option<&'a ApiKey> {
    match (keys.next(), keys.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// The same for the same creation, so that a value pasted twice is tracked once.
fn local_id(creation: &Creation) -> KeyId {
    let digits = creation.op.as_str().get(..12).unwrap_or_default();
    KeyId::of_tracked(u64::from_str_radix(digits, 16).unwrap_or_default())
}

/// The person says that no key was made, or that it is gone: the creation is over.
///
/// # Errors
/// The journal did not take it.
pub async fn not_made(ports: &Ports, profile: &Profile, creation: &Creation) -> Result<(), JournalError> {
    // One that was lost was revoked by them.
    let event = if creation.stage == CreationStage::Lost {
        Event::Settled
    } else {
        Event::NothingAppeared
    };
    if move_on(ports, creation, event.clone()).await.is_none() {
        ports.journal.advance(creation, event).await?;
    }
    let detail = format!("{}: the person says that there is no such key", creation.intent.name);
    write_line(ports, profile, creation, ActivityKind::Recover, "not_made", detail).await;
    Ok(())
}
