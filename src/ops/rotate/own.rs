//! The rotation of our own credential: its place is our own keyring.
//!
//! The new value is proven alive and escrowed before anything is touched. The old value is put beside it, then the new
//! one takes its place; whatever the credential's item holds at any moment, it is alive. The old value is kept until it
//! is proven dead.

use std::sync::Arc;

use super::{At, RotateError, advance, note};
use crate::core::incident::{Fit, by_hint};
use crate::core::key::ApiKey;
use crate::core::rotation::{OWN_PLACE, Rotation, Stage, What};
use crate::core::secret::Secret;
use crate::core::text::Label;
use crate::ops::create::NewKey;
use crate::ops::revoke::proof::{Control, Controls, is_refused};
use crate::ports::{Account, CredentialStore, Probe, StoreError};

/// Puts the new value into the place of our credential, and the old one beside it. Done twice it changes nothing more.
/// `old`: the old key as the list has it, to tell whether the place still holds it.
///
/// # Errors
/// [`RotateError::NotAlive`] where the new key was not proven alive; [`RotateError::OtherCredential`] where somebody signed
/// in with something else meanwhile; [`RotateError::Store`] where the credential store did not do its part: then we are
/// signed in with one of the two, and both are alive.
pub async fn hand_to_own_place(
    at: At<'_>,
    rotation: &Rotation,
    new: &NewKey,
    old: Option<&ApiKey>,
) -> Result<(), RotateError> {
    let is_alive = rotation
        .successor()
        .is_some_and(|successor| successor.alive_at.is_some());
    if !is_alive {
        return Err(RotateError::NotAlive);
    }
    let store = &*at.ports.store;
    let (credential, retired) = (at.profile.account(), Account::retired(&rotation.id));
    let kept = store.get(&credential).await.map_err(RotateError::Store)?;
    match kept.map(Arc::new) {
        Some(kept) if *kept == *new.secret => return Ok(()),
        Some(kept) if is_value_of(at, &kept, rotation, old).await => put(store, &retired, kept).await?,
        Some(_) => return Err(RotateError::OtherCredential),
        // Somebody signed out meanwhile: there is nothing to keep beside it.
        None => {}
    }
    put(store, &credential, Arc::clone(&new.secret)).await?;
    note(at, rotation, "signed_in_anew", String::new()).await;
    Ok(())
}

/// Whether a value is the old key's, by both its ends or by the fingerprint kept when it was made here.
async fn is_value_of(at: At<'_>, value: &Arc<Secret>, rotation: &Rotation, old: Option<&ApiKey>) -> bool {
    if old.is_some_and(|old| by_hint(value, old) == Fit::Both) {
        return true;
    }
    let known = at
        .ports
        .journal
        .find_by_value(Arc::clone(value))
        .await
        .unwrap_or_default();
    known.iter().any(|known| known.id == rotation.old.id)
}

/// Puts the old value back into the place of our credential, where that holds the new one: the rotation is given up.
/// Without it, or where the old value is refused, the sign-in stays as it is.
pub(super) async fn put_old_back(at: At<'_>, rotation: &Rotation) -> Result<(), RotateError> {
    let Some(old) = retired_value(at, rotation).await else {
        return Ok(());
    };
    let store = &*at.ports.store;
    // One that may be alive is kept: the new key may be revoked next.
    let answer = at.session.client.probe(&old).await.map_err(RotateError::List)?;
    let alive = matches!(answer, Probe::Alive(_));
    if !alive && !is_dead(at, &old).await {
        return Ok(());
    }
    let kept = store.get(&at.profile.account()).await.map_err(RotateError::Store)?;
    let new = rotation.new_key().map(|new| new.id.clone());
    let holds_new = match kept {
        Some(kept) => {
            let known = at.ports.journal.find_by_value(Arc::new(kept)).await.unwrap_or_default();
            known.iter().any(|known| Some(&known.id) == new.as_ref())
        }
        None => false,
    };
    if alive && holds_new {
        put(store, &at.profile.account(), old).await?;
        note(at, rotation, "signed_in_as_before", String::new()).await;
    }
    if let Err(error) = store.delete(&Account::retired(&rotation.id)).await {
        tracing::debug!(%error, "the retired credential was not deleted");
    }
    Ok(())
}

async fn put(store: &dyn CredentialStore, account: &Account, value: Arc<Secret>) -> Result<(), RotateError> {
    store
        .set(account, Arc::clone(&value))
        .await
        .map_err(RotateError::Store)?;
    match store.get(account).await.map_err(RotateError::Store)? {
        Some(kept) if kept == *value => Ok(()),
        _ => Err(RotateError::Store(StoreError::Unreadable)),
    }
}

/// Ticks our own place where the credential's item holds the new value.
pub(super) async fn note_own_place(at: At<'_>, rotation: Rotation) -> Rotation {
    let place = Label::new(OWN_PLACE);
    let waits = |rotation: &Rotation| {
        let open = |state: &crate::core::rotation::PlaceState| state.place == place && state.ticked.is_none();
        matches!(rotation.stage, Stage::RollingOut(_)) && rotation.places.iter().any(open)
    };
    if !rotation.own || !waits(&rotation) {
        return rotation;
    }
    let Some(new) = rotation.new_key().cloned() else {
        return rotation;
    };
    let Ok(Some(kept)) = at.ports.store.get(&at.profile.account()).await else {
        return rotation;
    };
    let known = at.ports.journal.find_by_value(Arc::new(kept)).await.unwrap_or_default();
    if known.iter().all(|known| known.id != new.id) {
        return rotation;
    }
    match advance(at, &rotation, What::Ticked(place.clone())).await {
        Ok(moved) => {
            note(at, &moved, "ticked", place.raw().to_owned()).await;
            moved
        }
        Err(_) => rotation,
    }
}

/// The old value, while it is kept.
pub(super) async fn retired_value(at: At<'_>, rotation: &Rotation) -> Option<Arc<Secret>> {
    if !rotation.own {
        return None;
    }
    let kept = at.ports.store.get(&Account::retired(&rotation.id)).await;
    kept.ok().flatten().map(Arc::new)
}

/// Whether a value is refused, and another credential is not.
async fn is_dead(at: At<'_>, value: &Arc<Secret>) -> bool {
    let api = &at.session.client;
    let controls = Controls::of(at.ports, at.profile, api, value).await;
    is_refused(api, value).await && controls.ask().await == Control::Passed
}

/// Forgets the old value once it is dead; one that may be alive is kept.
pub(super) async fn forget_dead_value(at: At<'_>, rotation: &Rotation) {
    let Some(value) = retired_value(at, rotation).await else {
        return;
    };
    if is_dead(at, &value).await {
        forget_retired_value(at, rotation).await;
    }
}

/// Forgets the old value, which is dead.
pub(super) async fn forget_retired_value(at: At<'_>, rotation: &Rotation) {
    if rotation.own
        && let Err(error) = at.ports.store.delete(&Account::retired(&rotation.id)).await
    {
        // A dead value harms nobody.
        tracing::debug!(%error, "the retired credential was not deleted");
    }
}
