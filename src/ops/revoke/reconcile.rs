//! What follows here from the end of a key: its rotation ends, and what was kept of it goes.

use crate::core::activity::ActivityKind;
use crate::core::creation::{Creation, CreationStage};
use crate::core::key::KeyId;
use crate::core::listing::{ListedKey, Source};
use crate::core::outcome::Outcome;
use crate::core::rotation::{Mark, Stage as Step, What};
use crate::core::text::Label;
use crate::core::tracked::Left;
use crate::ops::custody::acknowledge;
use crate::ops::record::{LogEntry, record};
use crate::ops::sign_in::Profile;
use crate::ports::{Account, JournalError, Ports};

/// Writes down how a revocation ended, and does here what follows from it.
pub(super) async fn conclude(
    (ports, profile): (&Ports, &Profile),
    target: &ListedKey,
    outcome: &Outcome,
    detail: String,
) -> Result<(), JournalError> {
    let key = &target.key;
    tracing::info!(
        id = key.id.shown(),
        name = key.name.shown(),
        outcome = outcome.word(),
        "revoked or tried to"
    );
    let entry = LogEntry {
        action: ActivityKind::Revoke,
        key: Some((key.id.clone(), key.name.clone())),
        outcome: outcome.word(),
        detail,
    };
    let recorded = record(ports, profile, entry).await;
    reconcile(ports, profile, target, outcome).await;
    recorded
}

/// What follows where `outcome` says that a key is gone: the rotation whose last step that was has ended, and a tracked key
/// is not tracked any more.
pub(crate) async fn reconcile(ports: &Ports, profile: &Profile, target: &ListedKey, outcome: &Outcome) {
    let left = match outcome {
        Outcome::Attested(_) => Left::Attested,
        outcome if outcome.is_proven() => Left::Dead,
        _ => return,
    };
    // What is kept of a tracked key is kept under its own id until it is handed over.
    let tracked = match &target.source {
        Source::Api => None,
        Source::Tracked { .. } => Some(&target.key.id),
        Source::Both { tracked } => Some(tracked),
    };
    end_rotation(ports, profile, &target.key.id, outcome).await;
    let Some(tracked) = tracked else { return };
    if *tracked != target.key.id {
        end_rotation(ports, profile, tracked, outcome).await;
    }
    // A dead value is nothing to hand over.
    if left == Left::Dead
        && let Some(creation) = waiting(ports, profile, target).await
    {
        acknowledge(ports, profile, &creation).await;
    }
    let left = vec![(tracked.clone(), left)];
    let gone = ports.journal.untrack(&profile.scope(), left, ports.clock.now()).await;
    if let Err(error) = gone {
        tracing::warn!(%error, "a revoked key is still tracked");
    }
}

/// A rotation whose last step was to revoke this key has ended with it. One that is being finished elsewhere is left to
/// whoever does.
async fn end_rotation(ports: &Ports, profile: &Profile, key: &KeyId, outcome: &Outcome) {
    let found = ports.journal.rotation_of(&profile.scope(), key).await;
    let Ok(Some(rotation)) = found else { return };
    if rotation.old.id != *key || !matches!(rotation.stage, Step::Revoking { .. }) {
        return;
    }
    let mark = || Mark {
        by: ports.actor.clone(),
        at: ports.clock.now(),
    };
    let begun = ports
        .journal
        .move_rotation(&rotation, What::RevocationBegun, mark())
        .await;
    let Ok(begun) = begun else { return };
    let ended = What::RevocationEnded {
        outcome: Label::new(outcome.word()),
        proven: true,
    };
    if let Err(error) = ports.journal.move_rotation(&begun, ended, mark()).await {
        tracing::warn!(%error, "a rotation is not ended with its old key");
        return;
    }
    let entry = LogEntry {
        action: ActivityKind::Rotate,
        key: Some((rotation.old.id.clone(), rotation.old.name.clone())),
        outcome: "finished",
        detail: outcome.word().to_owned(),
    };
    let _ = record(ports, profile, entry).await;
    // The credential of before: a dead value is not kept, and one that is only said to be dead is.
    if rotation.own
        && outcome.is_proven()
        && let Err(error) = ports.store.delete(&Account::retired(&rotation.id)).await
    {
        tracing::debug!(%error, "the retired credential was not deleted");
    }
}

/// The creation of a key whose value still waits in the store.
pub(super) async fn waiting(ports: &Ports, profile: &Profile, target: &ListedKey) -> Option<Creation> {
    let unfinished = ports.journal.unfinished(&profile.scope()).await.ok()?;
    unfinished.into_iter().find(|creation| {
        let is_it = creation
            .minted
            .as_ref()
            .is_some_and(|minted| minted.id == target.key.id);
        is_it && matches!(creation.stage, CreationStage::Escrowed | CreationStage::Delivered)
    })
}
