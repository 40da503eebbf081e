//! The value of a key that is to be revoked: at hand, or pasted.

use std::sync::Arc;

use super::reconcile::waiting;
use crate::core::incident::{Fit, by_hint, scrub};
use crate::core::key::Own;
use crate::core::listing::ListedKey;
use crate::core::rotation::Rotation;
use crate::core::secret::Secret;
use crate::ops::manual::BadValue;
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
            value: Arc::clone(session.client.credential()),
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
