//! The rotation of our own credential: its place is our own keyring.
//!
//! The new value is proven alive and escrowed before anything is touched. The old value is put beside it, then the new
//! one takes its place; whatever the credential's item holds at any moment, it is alive. The old value is kept until it
//! is proven dead.

use std::sync::Arc;

use super::{At, RotateError, advance, note};
use crate::core::rotation::{OWN_PLACE, Rotation, Stage, What};
use crate::core::secret::Secret;
use crate::core::text::Label;
use crate::ops::create::NewKey;
use crate::ports::{Account, CredentialStore, StoreError};

/// Puts the new value into the place of our credential, and the old one beside it. Done twice it changes nothing more.
///
/// # Errors
/// [`RotateError::NoNewKey`] where the new key was not proven alive; [`RotateError::Store`] where the credential store did
/// not do its part: then we are signed in with one of the two, and both are alive.
pub async fn hand_to_own_place(at: At<'_>, rotation: &Rotation, new: &NewKey) -> Result<(), RotateError> {
    let is_alive = rotation
        .successor()
        .is_some_and(|successor| successor.alive_at.is_some());
    if !is_alive {
        return Err(RotateError::NoNewKey);
    }
    let store = &*at.ports.store;
    let (credential, retired) = (at.profile.account(), Account::retired(&rotation.id));
    let kept = store.get(&credential).await.map_err(RotateError::Store)?;
    match kept {
        Some(kept) if kept == *new.secret => return Ok(()),
        Some(old) => put(store, &retired, Arc::new(old)).await?,
        // Somebody signed out meanwhile: there is nothing to keep beside it.
        None => {}
    }
    put(store, &credential, Arc::clone(&new.secret)).await?;
    note(at, rotation, "signed_in_anew", String::new()).await;
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

/// Whether the old value is still kept, to be proven dead.
pub async fn has_retired_value(at: At<'_>, rotation: &Rotation) -> bool {
    retired_value(at, rotation).await.is_some()
}

/// The old value, while it is kept.
pub(super) async fn retired_value(at: At<'_>, rotation: &Rotation) -> Option<Arc<Secret>> {
    if !rotation.own {
        return None;
    }
    let kept = at.ports.store.get(&Account::retired(&rotation.id)).await;
    kept.ok().flatten().map(Arc::new)
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
