//! Step 4: revoke the old key, and say only what was seen.

use std::future::Future;

use super::alive::reread;
use super::own::{forget_dead_value, forget_retired_value, retired_value};
use super::steps::not_over;
use super::{At, RotateError, Rules, Seen, advance, measured_words, note};
use crate::core::capability::Capability;
use crate::core::key::{ApiKey, Own};
use crate::core::outcome::Outcome;
use crate::core::rotation::{Awaited, Discrepancy, Rotation, Stage, What, span};
use crate::core::text::Label;
use crate::ops::review::Sighting;
use crate::ops::revoke::{Case, Evidence, HeldValue, Method, OnFact, Pace, Revocation, revoke, sight};
use crate::ports::JournalError;

/// How the last step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The rotation as it stands now.
    pub rotation: Rotation,
    /// What was seen of the old key.
    pub outcome: Outcome,
    /// Whether a revocation was asked for from here.
    pub sent: bool,
    /// Whether the log took it.
    pub recorded: Result<(), JournalError>,
}

impl Finished {
    /// What is said of the old key.
    #[must_use]
    pub fn sentence(&self, old: &ApiKey) -> String {
        let sentence = self.outcome.sentence(&old.display_name());
        match self.outcome {
            Outcome::AlreadyGone if !self.sent => format!("{sentence} Nothing was sent from here."),
            _ => sentence,
        }
    }
}

/// Revokes the old key of a rotation whose step 4 is open, or with `force` one whose is not. A rotation that is finished
/// already is given back. `how`: by whom and what shows it; `None`: by its endpoint, shown by the list.
///
/// # Errors
/// [`RotateError`]; nothing was revoked from here.
pub async fn finish(
    at: At<'_>,
    seen: &Seen,
    force: bool,
    rules: Rules<'_>,
    how: Option<(Method, Evidence)>,
    (pace, on_fact): (Pace, OnFact<'_>),
    stop: impl Future<Output = ()>,
) -> Result<Finished, RotateError> {
    let rotation = &seen.rotation;
    if let Stage::Finished { .. } = rotation.stage {
        return Ok(Finished {
            rotation: rotation.clone(),
            outcome: Outcome::AlreadyGone,
            sent: false,
            recorded: Ok(()),
        });
    }
    not_over(rotation)?;
    seen.is_of_its_team()?;
    if rotation.new_key().is_none() || matches!(rotation.stage, Stage::Creating(_)) {
        return Err(RotateError::NoNewKey);
    }
    for trouble in &seen.troubles {
        match trouble {
            Discrepancy::OldGone { back_as: None } => return close(at, rotation).await,
            Discrepancy::OldGone { back_as: Some(_) } | Discrepancy::OldListed(_) | Discrepancy::NewListed(_) => {
                return Err(RotateError::StepOpen {
                    step: 4,
                    waits: trouble.sentence(rotation),
                });
            }
            Discrepancy::NewGone { .. } => {
                let name = rotation.new_key().map(|new| new.name.clone());
                return Err(RotateError::NewGone(name.unwrap_or_else(|| Label::new(""))));
            }
            Discrepancy::OldRenamed(_) | Discrepancy::NewRenamed(_) | Discrepancy::OtherTeam => {}
        }
    }
    let Some(target) = seen.listing.keys.iter().find(|listed| listed.key.id == rotation.old.id) else {
        return Err(RotateError::NotListed(rotation.old.id.clone()));
    };
    if target.own == Own::Yes {
        return Err(RotateError::StillOurs);
    }
    let rotation = match (&rotation.stage, force) {
        (Stage::Revoking { .. }, forced) => match (rotation.used_again(rules.quiet), forced) {
            (Some(used), false) => return Err(RotateError::UsedAgain(used)),
            (Some(_), true) => forced_open(at, rotation, rules).await?,
            (None, _) => rotation.clone(),
        },
        (_, true) => forced_open(at, rotation, rules).await?,
        (_, false) => return Err(still_open(rotation, rules)),
    };
    let known = at.session.client.known();
    if how.is_none() && (target.key.id.is_local() || known.revoke == Capability::Manual) {
        return Err(RotateError::InBrowser(target.key.display_name()));
    }
    let begun = match advance(at, &rotation, What::RevocationBegun).await {
        Ok(begun) => begun,
        Err(JournalError::IllegalRotation(_)) => return Err(moved_meanwhile(at, &rotation).await),
        Err(error) => return Err(RotateError::Journal(error)),
    };
    let mut case = Case::of(at.ports, at.profile, at.session, target);
    if how.is_none() {
        // What it finds out on the way is the caller's to go on with.
        case.falls_back = false;
    }
    let (method, evidence) = match (
        how.unwrap_or((Method::Endpoint, Evidence::List)),
        retired_value(at, &begun).await,
    ) {
        (how, None) => how,
        // The value of before is at hand to see it.
        ((method, _), Some(value)) => (method, Evidence::Value(HeldValue { value, known: true })),
    };
    let Revocation { outcome, recorded } = revoke(case, (method, evidence), pace, on_fact, stop).await;
    let rotation = ended(at, begun, &outcome).await;
    Ok(Finished {
        rotation,
        outcome,
        sent: true,
        recorded,
    })
}

async fn forced_open(at: At<'_>, rotation: &Rotation, rules: Rules<'_>) -> Result<Rotation, RotateError> {
    let measured = measured_words(rotation, rules.quiet);
    let forced = advance(at, rotation, What::Forced)
        .await
        .map_err(RotateError::Journal)?;
    note(at, &forced, "forced", format!("measured: {measured}")).await;
    Ok(forced)
}

/// Why a revocation could not be begun: another copy of the program moved the row.
async fn moved_meanwhile(at: At<'_>, rotation: &Rotation) -> RotateError {
    let newest = at.ports.journal.rotation(&rotation.id).await.ok().flatten();
    match newest.map(|newest| newest.stage) {
        Some(Stage::Finished { .. }) => RotateError::Over("finished"),
        Some(Stage::Cancelled { .. }) => RotateError::Over("cancelled"),
        Some(Stage::Revoking { .. }) => RotateError::BeingRevoked,
        _ => RotateError::Journal(JournalError::Stale),
    }
}

async fn ended(at: At<'_>, begun: Rotation, outcome: &Outcome) -> Rotation {
    // A person's word ends it as well, under its own name.
    let proven = outcome.is_proven() || matches!(outcome, Outcome::Attested(_));
    let word = outcome.word();
    let what = What::RevocationEnded {
        outcome: Label::new(word),
        proven,
    };
    // Another copy may have seen the old key gone and closed it; without the row the next start does.
    let (rotation, by_us) = match advance(at, &begun, what).await {
        Ok(rotation) => (rotation, true),
        Err(_) => (reread(at, &begun).await, false),
    };
    if proven {
        // Somebody's word is no reason to lose the only value of a key that may be alive.
        if outcome.is_proven() {
            forget_retired_value(at, &rotation).await;
        } else {
            forget_dead_value(at, &rotation).await;
        }
        // Whoever ended it wrote that down.
        if by_us {
            note(at, &rotation, "finished", word.to_owned()).await;
        }
    }
    rotation
}

/// Closes a rotation whose old key is gone, once two readings of the list prove that.
async fn close(at: At<'_>, rotation: &Rotation) -> Result<Finished, RotateError> {
    let seen = sight(&at.session.client, &rotation.old.bare()).await;
    let open = |waits: String| Err(RotateError::StepOpen { step: 4, waits });
    match seen.map_err(RotateError::List)? {
        Sighting::Gone => {}
        Sighting::Listed => {
            return open(
                "The old key was missing from one reading of the list and back in the next. Run this again.".to_owned(),
            );
        }
        Sighting::Untold(why) => {
            return open(format!(
                "The list does not show whether the old key is gone: {why}. Run this again."
            ));
        }
    }
    let rotation = advance(at, rotation, What::OldGone)
        .await
        .map_err(RotateError::Journal)?;
    forget_dead_value(at, &rotation).await;
    note(at, &rotation, "finished", "already_gone".to_owned()).await;
    Ok(Finished {
        rotation,
        outcome: Outcome::AlreadyGone,
        sent: false,
        recorded: Ok(()),
    })
}

/// What the step in hand waits for.
fn still_open(rotation: &Rotation, rules: Rules<'_>) -> RotateError {
    let step = rotation.step().unwrap_or_default();
    let (ticked, all) = rotation.ticked();
    let waits = if step == 2 {
        format!("{ticked} of {all} places run with the new key. Tick the others, or attest that the traffic has moved.")
    } else {
        let now = rotation.watch.read_at.unwrap_or_default();
        match rotation.awaited(rules.quiet, now) {
            Some(Awaited::NewInUse) => "The new key has not been used since the roll-out.".to_owned(),
            Some(Awaited::Untold) => {
                "The server does not say when these keys were last used. Attest that the traffic has moved.".to_owned()
            }
            Some(Awaited::OldQuiet { so_far, left }) => {
                format!("Old key idle for {}; {} to go.", span(so_far), span(left))
            }
            Some(Awaited::FirstReading) | None => "The list has not been read since the roll-out.".to_owned(),
        }
    };
    RotateError::StepOpen { step, waits }
}
