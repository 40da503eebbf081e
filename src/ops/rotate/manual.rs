//! The first and the last step where the server has no endpoint for them: the person makes the new key, and revokes the old
//! one, in the browser.

use super::alive::reread;
use super::mint::{Minted, answered};
use super::{At, RotateError};
use crate::core::capability::Capability;
use crate::core::creation::{Creation, CreationStage as Made};
use crate::core::rotation::{Creating, Rotation, Stage};
use crate::ops::create::{NewKey, WithoutStore};
use crate::ops::manual::begin_manual;
use crate::ports::Operation;

/// How the new key is made: found out before anything is begun where the server lists no keys, and by the request itself
/// where it does.
pub async fn create_capability(at: At<'_>) -> Capability {
    let capabilities = &at.session.client;
    if capabilities.recall(Operation::List).await == Capability::Manual {
        capabilities.capability(Operation::Create).await
    } else {
        capabilities.recall(Operation::Create).await
    }
}

/// The creation of a new key that was begun in the browser and left.
pub async fn begun_in_browser(at: At<'_>, rotation: &Rotation) -> Option<Creation> {
    let Stage::Creating(Creating::Asked(op)) = &rotation.stage else {
        return None;
    };
    let creation = at.ports.journal.creation(op).await.ok()??;
    let open = creation.stage == Made::Intended && creation.minted.is_none();
    (open && creation.intent.manual).then_some(creation)
}

/// Claims step 1 for a key that the person makes in the browser; one that was begun and left is taken up again.
///
/// # Errors
/// [`RotateError::Create`]: something needed first is missing, and the browser is not to be opened.
pub async fn begin_in_browser(
    at: At<'_>,
    rotation: &Rotation,
    without_store: WithoutStore,
) -> Result<Creation, RotateError> {
    // A try by the endpoint may have moved it.
    let rotation = &reread(at, rotation).await;
    if let Some(begun) = begun_in_browser(at, rotation).await {
        return Ok(begun);
    }
    let name = rotation.name.clone();
    Ok(begin_manual(at.ports, at.profile, at.session, name, without_store, Some(rotation)).await?)
}

/// The new key was made in the browser and its value is put away: step 1 is as far as with any new key.
pub async fn took_from_browser(at: At<'_>, rotation: &Rotation, new: NewKey) -> Minted {
    let newest = reread(at, rotation).await;
    answered(at, &newest, new).await
}

/// The rotation whose first step a creation is, if it is one.
pub async fn rotation_of_creation(at: At<'_>, creation: &Creation) -> Option<Rotation> {
    let open = at
        .ports
        .journal
        .rotations(&at.profile.scope())
        .await
        .unwrap_or_default();
    let is_its = |rotation: &Rotation| match &rotation.stage {
        Stage::Creating(Creating::Asked(op)) => *op == creation.op,
        _ => false,
    };
    open.into_iter().find(is_its)
}

/// As [`took_from_browser`], for a value that was pasted elsewhere than at the rotation's own step, where its creation is
/// of one.
pub async fn follow_pasted(at: At<'_>, new: NewKey) -> NewKey {
    match rotation_of_creation(at, &new.creation).await {
        Some(rotation) => took_from_browser(at, &rotation, new).await.new,
        None => new,
    }
}
