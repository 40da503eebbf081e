//! Steps 2 and 3 as a person takes them, and giving up.

use jiff::SignedDuration;

use super::own::put_old_back;
use super::{At, RotateError, advance, note};
use crate::core::creation::MintedKey;
use crate::core::rotation::{Rotation, Stage, What, measured};
use crate::core::text::Label;
use crate::ports::JournalError;

/// Ticks a place: the app there runs with the new key. Ticking it once more changes nothing.
///
/// # Errors
/// [`RotateError`].
pub async fn tick(at: At<'_>, rotation: &Rotation, place: &Label) -> Result<Rotation, RotateError> {
    let Some(state) = rotation.places.iter().find(|state| state.place == *place) else {
        return Err(RotateError::NoPlace {
            asked: place.clone(),
            places: rotation.places.iter().map(|state| state.place.clone()).collect(),
        });
    };
    if state.ticked.is_some() {
        return Ok(rotation.clone());
    }
    not_over(rotation)?;
    if let Stage::Creating(_) = rotation.stage {
        return Err(RotateError::NoNewKey);
    }
    let moved = moved(at, rotation, What::Ticked(place.clone())).await?;
    note(at, &moved, "ticked", place.raw().to_owned()).await;
    if moved.step() == Some(3) {
        note(at, &moved, "rolled_out", String::new()).await;
    }
    Ok(moved)
}

/// Takes a tick back, while the roll-out is open.
///
/// # Errors
/// [`RotateError`].
pub async fn untick(at: At<'_>, rotation: &Rotation, place: &Label) -> Result<Rotation, RotateError> {
    let moved = moved(at, rotation, What::Unticked(place.clone())).await?;
    note(at, &moved, "unticked", place.raw().to_owned()).await;
    Ok(moved)
}

/// Somebody vouches that the traffic has moved. What was measured, and what was not ticked, is kept beside the reason.
///
/// # Errors
/// [`RotateError`]; a rotation whose step 4 is open already is given back as it is.
pub async fn attest(
    at: At<'_>,
    rotation: &Rotation,
    reason: &Label,
    quiet: SignedDuration,
) -> Result<Rotation, RotateError> {
    not_over(rotation)?;
    match rotation.stage {
        Stage::Creating(_) => return Err(RotateError::NoNewKey),
        Stage::Revoking { .. } if rotation.used_again(quiet).is_none() => return Ok(rotation.clone()),
        _ => {}
    }
    let measured = measured_words(rotation, quiet);
    let attested = What::Attested {
        reason: reason.clone(),
        measured: Label::new(&measured),
    };
    let moved = moved(at, rotation, attested).await?;
    note(
        at,
        &moved,
        "attested",
        format!("{}; measured: {measured}", reason.raw()),
    )
    .await;
    Ok(moved)
}

/// What was measured of both keys, for the log: in UTC.
#[must_use]
pub fn measured_words(rotation: &Rotation, quiet: SignedDuration) -> String {
    measured(rotation, quiet, &|at| format!("{at:.0}"))
}

/// Gives a rotation up; answers what stays behind. One of our own credential signs us in again as before.
///
/// # Errors
/// [`RotateError`].
pub async fn cancel(at: At<'_>, rotation: &Rotation) -> Result<(Rotation, Option<MintedKey>), RotateError> {
    if let Stage::Cancelled { new, .. } = &rotation.stage {
        put_old_back(at, rotation).await?;
        return Ok((rotation.clone(), new.clone()));
    }
    not_over(rotation)?;
    let moved = match advance(at, rotation, What::Cancelled).await {
        Ok(moved) => moved,
        Err(JournalError::IllegalRotation(_)) if rotation.step() == Some(4) => return Err(RotateError::BeingRevoked),
        Err(error) => return Err(RotateError::Journal(error)),
    };
    note(at, &moved, "cancelled", String::new()).await;
    put_old_back(at, &moved).await?;
    let new = moved.new_key().cloned();
    Ok((moved, new))
}

async fn moved(at: At<'_>, rotation: &Rotation, what: What) -> Result<Rotation, RotateError> {
    advance(at, rotation, what).await.map_err(RotateError::Journal)
}

pub(super) fn not_over(rotation: &Rotation) -> Result<(), RotateError> {
    match rotation.stage {
        Stage::Finished { .. } => Err(RotateError::Over("finished")),
        Stage::Cancelled { .. } => Err(RotateError::Over("cancelled")),
        _ => Ok(()),
    }
}
