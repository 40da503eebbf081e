//! Begin a rotation, or go on with one that somebody else began.

use jiff::tz::TimeZone;

use super::{At, RotateError, Rules, note};
use crate::core::creation::{Creation, CreationStage as Made, MintedKey};
use crate::core::key::{KeyName, Own};
use crate::core::listing::{ListedKey, Listing};
use crate::core::rotation::{OWN_PLACE, Pairs, Rotation, RotationPlan, successor_name};
use crate::core::text::Label;
use crate::ops::due::notes;
use crate::ops::sign_in::CredentialSource;
use crate::ports::BegunRotation;

/// Begins the rotation of `key`, or gives the one that is there: of this key as the old or the new one. `made`: the person
/// has made the new key in the browser already, so that a successor in the list is it.
///
/// # Errors
/// [`RotateError`]; nothing was created.
pub async fn begin(
    at: At<'_>,
    listing: &Listing,
    key: &ListedKey,
    (mut name, made): (Option<KeyName>, bool),
    rules: Rules<'_>,
) -> Result<Rotation, RotateError> {
    let open = at
        .ports
        .journal
        .rotations(&at.profile.scope())
        .await
        .map_err(RotateError::Journal)?;
    let id = &key.key.id;
    let is_of_it = |rotation: &&Rotation| !rotation.is_over() && rotation.has(key);
    if let Some(there) = open.iter().find(is_of_it) {
        return Ok(there.clone());
    }
    let (mut notes, _) = notes(at.ports, at.profile).await;
    notes.rotations = open;
    if let Some(part) = Pairs::of(&notes, &listing.keys).part(id)
        && part.step.is_none()
        && let Some(other) = part.other.clone()
    {
        use crate::core::rotation::RotationRole;
        let (old, new) = match part.role {
            RotationRole::Old => (id.clone(), other),
            RotationRole::New => (other, id.clone()),
        };
        if !made || part.role == RotationRole::New {
            return Err(RotateError::StartedElsewhere { old, new });
        }
        let successor = listing.keys.iter().find(|listed| listed.key.id == new);
        name = name.or_else(|| KeyName::parse(successor?.key.name.raw()).ok());
    }
    let own = key.own == Own::Yes;
    if own && at.session.source != CredentialSource::Store {
        return Err(RotateError::OwnFrom(at.session.source));
    }
    let name = match name {
        Some(name) => name,
        None => suggested_name(listing, key).ok_or_else(|| RotateError::NoName(key.key.name.clone()))?,
    };
    let plan = RotationPlan {
        team: team(listing),
        old: minted(key),
        own,
        name,
        places: places(key.key.name.raw(), own, rules),
        adopted: None,
    };
    written(at, plan, "begun").await
}

/// What a successor of `key` is called, by the list's own day.
pub(super) fn suggested_name(listing: &Listing, key: &ListedKey) -> Option<KeyName> {
    let today = TimeZone::UTC.to_datetime(listing.as_of).date();
    let taken = listing.keys.iter().map(|listed| listed.key.name.raw());
    successor_name(key.key.name.raw(), today, taken)
}

/// Goes on with a pair of keys that a rotation elsewhere left.
///
/// # Errors
/// [`RotateError`]; nothing was written.
pub async fn adopt(
    at: At<'_>,
    listing: &Listing,
    (old, new): (&ListedKey, &ListedKey),
    rules: Rules<'_>,
) -> Result<Rotation, RotateError> {
    if old.key.id == new.key.id {
        return Err(RotateError::NoPair("the old key and the new one are the same"));
    }
    if let (Some(first), Some(second)) = (old.key.created_at, new.key.created_at)
        && second < first
    {
        return Err(RotateError::NoPair(
            "the new key is older than the old one; name the old one first",
        ));
    }
    if old.own == Own::Yes {
        return Err(RotateError::StillOurs);
    }
    let unfinished = at.ports.journal.unfinished(&at.profile.scope()).await;
    let is_lost =
        |creation: &Creation| matches!(creation.stage, Made::Lost | Made::Intended) && creation.may_be(&new.key);
    if unfinished.map_err(RotateError::Journal)?.iter().any(is_lost) {
        return Err(RotateError::ValueLost(new.key.id.clone()));
    }
    let open = at
        .ports
        .journal
        .rotations(&at.profile.scope())
        .await
        .map_err(RotateError::Journal)?;
    for rotation in open.iter().filter(|rotation| !rotation.is_over()) {
        let is_new = |listed: &ListedKey| rotation.new_key().is_some_and(|key| listed.is_known_as(&key.id));
        if rotation.old.id == old.key.id && is_new(new) {
            return Ok(rotation.clone());
        }
        for listed in [old, new] {
            if rotation.has(listed) {
                return Err(RotateError::Taken {
                    key: listed.key.id.clone(),
                    by: rotation.old.name.clone(),
                });
            }
        }
    }
    let name = KeyName::parse(new.key.name.raw())
        .ok()
        .or_else(|| suggested_name(listing, old))
        .ok_or_else(|| RotateError::NoName(old.key.name.clone()))?;
    let plan = RotationPlan {
        team: team(listing),
        old: minted(old),
        own: false,
        name,
        places: places(old.key.name.raw(), false, rules),
        adopted: Some(minted(new)),
    };
    written(at, plan, "adopted").await
}

async fn written(at: At<'_>, plan: RotationPlan, outcome: &'static str) -> Result<Rotation, RotateError> {
    let begun = at
        .ports
        .journal
        .begin_rotation(&at.profile.scope(), plan, at.mark())
        .await
        .map_err(RotateError::Journal)?;
    Ok(match begun {
        BegunRotation::There(rotation) => rotation,
        BegunRotation::New(rotation) => {
            let detail = rotation.new_key().map_or(format!("“{}”", rotation.name), |new| {
                format!("“{}” ({})", new.name, new.id)
            });
            note(at, &rotation, outcome, detail).await;
            rotation
        }
    })
}

fn team(listing: &Listing) -> Option<Label> {
    listing.team.known_id()
}

fn minted(listed: &ListedKey) -> MintedKey {
    MintedKey {
        id: listed.key.id.clone(),
        name: listed.key.name.clone(),
    }
}

/// Where the key is used, as the config has it; our own credential is used by us first.
pub(super) fn places(name: &str, own: bool, rules: Rules<'_>) -> Vec<Label> {
    let ours = own.then(|| Label::new(OWN_PLACE));
    let theirs = rules.policies.register().places(name).iter();
    ours.into_iter()
        .chain(theirs.map(|place| Label::new(&place.to_string())))
        .collect()
}
