//! Revoke a key by hand: the person clicks in the browser, and its value is watched until it is dead, or they attest.

use std::sync::Arc;

use super::value::BadValue;
use crate::core::activity::Action;
use crate::core::creation::{Creation, CreationStage};
use crate::core::incident::{Fit, by_hint, scrub};
use crate::core::key::{KeyId, Own};
use crate::core::listing::{ListedKey, Source};
use crate::core::outcome::Outcome;
use crate::core::rotation::{Mark, Rotation, Stage as Step, What};
use crate::core::secret::Secret;
use crate::core::text::Label;
use crate::core::tracked::Left;
use crate::ops::custody::acknowledge;
use crate::ops::record::{Entry, record};
use crate::ops::review::read_list;
use crate::ops::revoke::Revocation;
use crate::ops::sign_in::{Profile, Session};
use crate::ports::{Account, Ports};

/// A value of which it is known whose it is, or is said.
#[derive(Debug)]
pub struct HeldValue {
    /// The value.
    pub value: Arc<Secret>,
    /// Whether this machine knows it to be the key's: then a 401 is this key's death from the first one on.
    pub known: bool,
}

impl HeldValue {
    /// The same value, held once more.
    #[must_use]
    pub fn share(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
            known: self.known,
        }
    }

    /// Takes a value that the person pasted for `target`.
    ///
    /// # Errors
    /// [`BadValue`] where it is another key's.
    pub async fn pasted(ports: &Ports, profile: &Profile, target: &ListedKey, value: Secret) -> Result<Self, BadValue> {
        let value = Arc::new(value);
        let found = ports
            .journal
            .find_by_value(Arc::clone(&value))
            .await
            .unwrap_or_default();
        let mut here = found
            .into_iter()
            .filter(|known| known.host == profile.base_url.host())
            .peekable();
        if here.peek().is_none() {
            if by_hint(&value, &target.key) == Fit::No {
                return Err(BadValue::OtherEnds(scrub(&value, &target.key.display_name())));
            }
            return Ok(Self { value, known: false });
        }
        let mut other = None;
        for known in here {
            if known.id == target.key.id {
                return Ok(Self { value, known: true });
            }
            other = Some(known);
        }
        // A fingerprint of a key that left is no other key, where the ends are those of this one.
        match other {
            Some(known) if by_hint(&value, &target.key) != Fit::Both => Err(BadValue::Known(known)),
            _ => Ok(Self { value, known: false }),
        }
    }
}

/// The value of `target` where this machine has it: it is our own credential, or was it before its rotation, or it waits in
/// the credential store.
pub async fn held_value(ports: &Ports, profile: &Profile, session: &Session, target: &ListedKey) -> Option<HeldValue> {
    if target.own == Own::Yes {
        return Some(HeldValue {
            value: Arc::clone(session.capabilities.credential()),
            known: true,
        });
    }
    let account = match waiting(ports, profile, target).await {
        Some(creation) => Account::escrow(&creation.op),
        None => Account::retired(&own_rotation(ports, profile, target).await?.id),
    };
    let value = ports.store.get(&account).await.ok()??;
    Some(HeldValue {
        value: Arc::new(value),
        known: true,
    })
}

/// The rotation whose old key is the credential that we were signed in with before.
async fn own_rotation(ports: &Ports, profile: &Profile, target: &ListedKey) -> Option<Rotation> {
    let rotations = ports.journal.rotations(&profile.scope()).await.ok()?;
    let is_its = |rotation: &Rotation| rotation.own && !rotation.is_over() && rotation.old.id == target.key.id;
    rotations.into_iter().find(is_its)
}

/// The creation of a key whose value still waits in the store.
async fn waiting(ports: &Ports, profile: &Profile, target: &ListedKey) -> Option<Creation> {
    let unfinished = ports.journal.unfinished(&profile.scope()).await.ok()?;
    unfinished.into_iter().find(|creation| {
        let is_it = creation
            .minted
            .as_ref()
            .is_some_and(|minted| minted.id == target.key.id);
        is_it && matches!(creation.stage, CreationStage::Escrowed | CreationStage::Delivered)
    })
}

/// Writes down that the person says they revoked `target` in the browser: nothing was proven. Where the server's list still
/// has it, that is said, and nothing follows from their word.
pub async fn attest(ports: &Ports, profile: &Profile, session: &Session, target: &ListedKey) -> Revocation {
    let who = ports.actor.shown().to_owned();
    let is_there = !target.is_tracked()
        && read_list(&*session.api, &|_| {})
            .await
            .is_ok_and(|read| read.keys.iter().any(|key| key.id == target.key.id));
    let outcome = if is_there {
        Outcome::AttestedListed(who)
    } else {
        Outcome::Attested(who)
    };
    let entry = Entry {
        action: Action::Revoke,
        key: Some((target.key.id.clone(), target.key.name.clone())),
        outcome: outcome.word(),
        detail: format!("{} says that it was revoked in the browser", ports.actor),
    };
    let recorded = record(ports, profile, entry).await;
    settle(ports, profile, target, &outcome).await;
    Revocation { outcome, recorded }
}

/// What follows where `outcome` says that a key is gone: the rotation whose last step that was has ended, and a tracked key
/// is not tracked any more.
pub async fn settle(ports: &Ports, profile: &Profile, target: &ListedKey, outcome: &Outcome) {
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
    // The credential of before: a dead value is not kept, and one that is only said to be dead is.
    if rotation.own
        && outcome.is_proven()
        && let Err(error) = ports.store.delete(&Account::retired(&rotation.id)).await
    {
        tracing::debug!(%error, "the retired credential was not deleted");
    }
}
