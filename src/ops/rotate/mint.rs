//! Step 1: the new key, made once however many copies of the program are at it, and proven alive.

use super::alive::{prove_alive, reread};
use super::{At, RotateError, Seen, advance, note};
use crate::core::creation::{MintedKey as Key, SEARCH};
use crate::core::rotation::{Creating, Discrepancy, Rotation, Stage, What};
use crate::ops::create::{CreateError, NewKey, WithoutStore, create_for};

/// A rotation with its new key, in our hands until somebody says that its value is stored.
#[derive(Debug)]
pub struct Minted {
    /// The rotation.
    pub rotation: Rotation,
    /// The new key and its value.
    pub new: NewKey,
}

/// Makes the new key of a rotation that has none; the request is sent once.
///
/// # Errors
/// [`RotateError::Create`] says whether the key may exist; [`RotateError::Journal`] where the step was lost after it was
/// made: its value waits in the credential store all the same.
pub async fn mint(at: At<'_>, rotation: &Rotation, without_store: WithoutStore) -> Result<Minted, RotateError> {
    if rotation.stage != Stage::Creating(Creating::Nothing) {
        return Err(RotateError::Create(Box::new(CreateError::NotReady(
            rotation.name.clone(),
            crate::ops::create::Blocked::Claimed,
        ))));
    }
    let name = rotation.name.clone();
    let (ports, profile, api) = (at.ports, at.profile, &at.session.client);
    let new = match create_for(ports, profile, api, name, without_store, Some(rotation)).await {
        Ok(new) => new,
        Err(error) => {
            if let CreateError::NotCreated(..) = &error {
                give_up(at, rotation).await;
            }
            return Err(error.into());
        }
    };
    Ok(answered(at, rotation, new).await)
}

/// From a new key whose value is put away to one that is proven alive.
pub(super) async fn answered(at: At<'_>, rotation: &Rotation, new: NewKey) -> Minted {
    let key = Key {
        id: new.key.id.clone(),
        name: new.key.name.clone(),
    };
    let said = format!("“{}” ({})", key.name, key.id);
    let answered = What::Answered(new.creation.op.clone(), key);
    // A step that the journal did not take is found again by the creation's own row.
    let rotation = match advance(at, rotation, answered).await {
        Ok(rotation) => rotation,
        Err(_) => reread(at, rotation).await,
    };
    note(at, &rotation, "created", said).await;
    let rotation = prove_alive(at, rotation, &new.secret).await;
    Minted { rotation, new }
}

/// Opens step 1 again where the new key was revoked elsewhere: the old one is needed, and another takes its place. A key
/// that was made just now may only be missing from the list.
///
/// # Errors
/// [`RotateError::OtherTeam`], or [`RotateError::Journal`]; the rotation stays where it was.
pub async fn reopen_step_one(at: At<'_>, seen: Seen) -> Result<Seen, RotateError> {
    seen.is_of_its_team()?;
    let gone = |trouble: &Discrepancy| matches!(trouble, Discrepancy::NewGone { back_as: None });
    let made = seen.rotation.successor().map(|new| new.mark.at);
    let is_settled = made.is_some_and(|made| seen.listing.as_of.duration_since(made) >= SEARCH);
    if !is_settled || !seen.troubles.iter().any(gone) {
        return Ok(seen);
    }
    let rotation = advance(at, &seen.rotation, What::NewGone)
        .await
        .map_err(RotateError::Journal)?;
    note(at, &rotation, "step_one_again", String::new()).await;
    Ok(Seen {
        troubles: Vec::new(),
        waiting: None,
        rotation,
        ..seen
    })
}

/// The claim is given back, so that the next start makes a key.
async fn give_up(at: At<'_>, rotation: &Rotation) {
    let newest = reread(at, rotation).await;
    if let Stage::Creating(Creating::Asked(op)) = &newest.stage {
        let _ = advance(at, &newest, What::CameToNothing(op.clone())).await;
    }
}
