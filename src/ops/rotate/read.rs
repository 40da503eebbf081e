//! How a rotation stands: its row, brought up to what its creation's row, the config and the list say.

use std::sync::Arc;

use super::alive::prove_alive;
use super::begin::places;
use super::own::note_own_place;
use super::{At, RotateError, Rules, advance, note};
use crate::core::creation::{Creation, CreationStage as Made, OpId};
use crate::core::key::KeyId;
use crate::core::listing::Listing;
use crate::core::rotation::{Creating, Discrepancy, Mark, Observation, Rotation, Stage, What, troubles};
use crate::core::target::Target;
use crate::core::text::Label;
use crate::ops::custody::{acknowledge, reopen};
use crate::ops::recover::OTHER_COPY;
use crate::ops::review::{keep, review};
use crate::ops::sign_in::Profile;
use crate::ops::trail::trail;
use crate::ports::{Account, JournalError, Ports, StoreError};

/// A rotation as it stands, and the list it was held against.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The rotation.
    pub rotation: Rotation,
    /// The list.
    pub listing: Arc<Listing>,
    /// What the list says against it.
    pub troubles: Vec<Discrepancy>,
    /// The creation of the new key, while its value waits in the credential store.
    pub waiting: Option<Creation>,
}

impl Seen {
    /// Whether the list says anything of the rotation.
    ///
    /// # Errors
    /// [`RotateError::OtherTeam`].
    pub fn is_of_its_team(&self) -> Result<(), RotateError> {
        if self.troubles.contains(&Discrepancy::OtherTeam) {
            return Err(RotateError::OtherTeam(Discrepancy::OtherTeam.sentence(&self.rotation)));
        }
        Ok(())
    }
}

/// The rotations of a profile, those that are over included; none where the journal cannot be read.
pub async fn rotations_of(ports: &Ports, profile: &Profile) -> Vec<Rotation> {
    match ports.journal.rotations(&profile.scope()).await {
        Ok(rotations) => rotations,
        Err(error) => {
            tracing::debug!(%error, "rotations were not read");
            Vec::new()
        }
    }
}

/// Reads the list, and keeps it.
///
/// # Errors
/// [`RotateError::List`] where it cannot be read.
pub async fn read_list(at: At<'_>) -> Result<Arc<Listing>, RotateError> {
    let listing = review(&at.session.client, &*at.ports.clock, &|_| {})
        .await
        .map_err(RotateError::List)?;
    let listing = Arc::new(listing);
    keep(at.ports, at.profile, &listing).await;
    Ok(listing)
}

/// Reads the list, keeps it, and brings `rotation` up to it.
///
/// # Errors
/// [`RotateError::List`] where the list cannot be read.
pub async fn read(at: At<'_>, rotation: Rotation, rules: Rules<'_>) -> Result<Seen, RotateError> {
    let listing = read_list(at).await?;
    Ok(settle(at, rotation, listing, rules).await)
}

/// Brings `rotation` up to a list that was just read.
pub async fn settle(at: At<'_>, rotation: Rotation, listing: Arc<Listing>, rules: Rules<'_>) -> Seen {
    if !rotation.is_of(&listing) {
        return peek(rotation, listing);
    }
    let (rotation, waiting) = follow_creation(at, rotation).await;
    let rotation = follow_places(at, rotation, rules).await;
    let rotation = note_own_place(at, rotation).await;
    let rotation = observe(at, rotation, &listing, rules).await;
    Seen {
        troubles: troubles(&rotation, &listing),
        rotation,
        listing,
        waiting,
    }
}

/// Holds a list against `rotation` and writes nothing down.
#[must_use]
pub fn peek(rotation: Rotation, listing: Arc<Listing>) -> Seen {
    Seen {
        troubles: troubles(&rotation, &listing),
        rotation,
        listing,
        waiting: None,
    }
}

/// Applies a move that follows from what is true already; where the journal does not take it, the next look tries again.
async fn follow(at: At<'_>, rotation: Rotation, what: What) -> Rotation {
    match advance(at, &rotation, what).await {
        Ok(moved) => moved,
        Err(error) => {
            tracing::debug!(%error, "a rotation did not follow");
            let newest = at.ports.journal.rotation(&rotation.id).await;
            newest.ok().flatten().unwrap_or(rotation)
        }
    }
}

/// Step 1 is as far as the show-once protocol's own row says.
async fn follow_creation(at: At<'_>, mut rotation: Rotation) -> (Rotation, Option<Creation>) {
    let Stage::Creating(creating) = &rotation.stage else {
        return (rotation, None);
    };
    let (op, stored) = match creating {
        Creating::Nothing => return (rotation, None),
        Creating::Asked(op) => (op.clone(), false),
        Creating::Minted { new, stored } => match &new.creation {
            Some(op) => (op.clone(), *stored),
            None => return (rotation, None),
        },
    };
    let creation = match at.ports.journal.creation(&op).await {
        Ok(Some(creation)) => close_elsewhere(at, creation).await,
        Ok(None) if !stored => return (follow(at, rotation, What::CameToNothing(op)).await, None),
        Ok(None) | Err(_) => return (rotation, None),
    };
    match creation.stage {
        Made::Closed | Made::Lost if !stored => {
            return (follow(at, rotation, What::CameToNothing(op)).await, None);
        }
        Made::Closed | Made::Lost | Made::Intended => return (rotation, None),
        Made::Escrowed | Made::Delivered | Made::Acknowledged | Made::Done => {}
    }
    let Some(minted) = creation.minted.clone() else {
        return (rotation, None);
    };
    if let Stage::Creating(Creating::Asked(_)) = &rotation.stage {
        rotation = follow(at, rotation, What::Answered(op, minted)).await;
    }
    let waits = matches!(creation.stage, Made::Escrowed | Made::Delivered);
    if !waits {
        if !stored && is_creating(&rotation) {
            rotation = follow(at, rotation, What::Stored).await;
        }
        return (rotation, None);
    }
    let unproven = matches!(&rotation.stage, Stage::Creating(Creating::Minted { new, .. }) if new.alive_at.is_none());
    if unproven && let Ok(new) = reopen(at.ports, &creation).await {
        rotation = prove_alive(at, rotation, &new.secret).await;
    }
    (rotation, Some(creation))
}

/// A value that a target took, and that is kept nowhere else, cannot be handed over from here any more: what is left are
/// the places, each of which is ticked by itself. While another copy of the program may still have it, nothing is closed.
async fn close_elsewhere(at: At<'_>, creation: Creation) -> Creation {
    let (ports, profile) = (at.ports, at.profile);
    let is_open = matches!(creation.stage, Made::Intended | Made::Lost) && creation.minted.is_some();
    let is_old = at.mark().at.duration_since(creation.intent.at) >= OTHER_COPY;
    let is_elsewhere = async || {
        let trail = trail(ports, &creation).await;
        trail.is_ok_and(|trail| trail.stored().next().is_some())
    };
    if !is_open || !is_old || !is_elsewhere().await {
        return creation;
    }
    match ports.store.get(&Account::escrow(&creation.op)).await {
        Ok(None) | Err(StoreError::Absent) => {}
        Ok(Some(_)) | Err(_) => return creation,
    }
    acknowledge(ports, profile, &creation).await;
    let newest = ports.journal.creation(&creation.op).await;
    newest.ok().flatten().unwrap_or(creation)
}

fn is_creating(rotation: &Rotation) -> bool {
    matches!(rotation.stage, Stage::Creating(_))
}

/// The places are those of the config of now, until the roll-out is done.
async fn follow_places(at: At<'_>, rotation: Rotation, rules: Rules<'_>) -> Rotation {
    if !matches!(rotation.stage, Stage::Creating(_) | Stage::RollingOut(_)) {
        return rotation;
    }
    let now = places(rotation.old.name.raw(), rotation.own, rules);
    if rotation.places.iter().map(|state| &state.place).eq(now.iter()) {
        return rotation;
    }
    follow(at, rotation, What::PlacesAre(now)).await
}

/// Holds the list against the rotation; a list that says nothing new is not written down.
async fn observe(at: At<'_>, rotation: Rotation, listing: &Listing, rules: Rules<'_>) -> Rotation {
    if rotation.is_over() {
        return rotation;
    }
    let last_use = |id: &KeyId| {
        let found = listing.keys.iter().find(|listed| listed.key.id == *id);
        found.map(|listed| listed.key.last_used_at)
    };
    let seen = Observation {
        at: listing.as_of,
        old: last_use(&rotation.old.id),
        new: rotation.new_key().and_then(|new| last_use(&new.id)),
    };
    let before = rotation.step();
    let what = What::Observed(seen, rules.quiet);
    // A reading that changes nothing but its own time is written down once a minute.
    match rotation.after(&what, &at.mark()) {
        Ok(next) if is_old_news(&rotation, &next) => {
            return Rotation {
                revision: rotation.revision,
                ..next
            };
        }
        Ok(_) => {}
        Err(_) => return rotation,
    }
    let rotation = follow(at, rotation, what).await;
    if before == Some(3) && rotation.step() == Some(4) {
        let quiet = super::measured_words(&rotation, rules.quiet);
        note(at, &rotation, "confirmed", quiet).await;
    }
    rotation
}

/// How often a reading that brings nothing new is written down all the same, in seconds.
const NEWS: i64 = 60;

fn is_old_news(before: &Rotation, after: &Rotation) -> bool {
    let (was, is) = (&before.watch, &after.watch);
    let lately = match (was.read_at, is.read_at) {
        (Some(was), Some(is)) => is.duration_since(was).as_secs() < NEWS,
        _ => false,
    };
    let first_since = before
        .rolled_out()
        .is_some_and(|mark| was.read_at.is_none_or(|at| at < mark.at));
    before.stage == after.stage && was.old == is.old && was.new == is.new && lately && !first_since
}

/// Writes down that a target took the new value, where the creation is a step of a rotation.
pub(crate) async fn note_receipt(ports: &Ports, profile: &Profile, op: &OpId, target: &Target) {
    let mark = Mark {
        by: ports.actor.clone(),
        at: ports.clock.now(),
    };
    let rotations = rotations_of(ports, profile).await;
    let Some(rotation) = rotations.iter().find(|rotation| rotation.creation() == Some(op)) else {
        return;
    };
    let place = Label::new(&target.to_string());
    if rotation.places.iter().all(|state| state.place != place) {
        return;
    }
    let received = What::Received(place);
    let journal = &ports.journal;
    if let Err(JournalError::Stale) = journal.move_rotation(rotation, received.clone(), mark.clone()).await
        && let Ok(Some(newest)) = journal.rotation(&rotation.id).await
    {
        // The receipt is in the log as well.
        let _ = journal.move_rotation(&newest, received, mark).await;
    }
}
