//! Revoke by the endpoint, and let the list prove it.

use super::case::{Case, Pace};
use super::proof::{Answered, Control, Controls, LastWord, ProbePolicy, UNCONTROLLED, Vigil};
use super::send::{Sent, send};
use crate::core::key::{ApiKey, Own};
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::ops::client::TeamClient;
use crate::ops::review::{Looks, Sighting};
use crate::ports::{ApiError, Consequence, Fault, Operation};

/// Asks the server to revoke `target`, then reads the whole list again. Our own credential reads none any more: it is asked
/// itself.
pub(super) async fn by_list(case: Case<'_>, pace: Pace) -> Outcome {
    let (api, target) = (case.client, case.target);
    let controls = match target.own {
        Own::Yes => Some(Controls::besides(case.ports, case.profile, api).await),
        Own::No | Own::Unknown => None,
    };
    let sent = send(api, target, pace.retry).await;
    match (at_once(&sent), controls) {
        (Some(outcome), _) => outcome,
        (None, Some(controls)) if matches!(sent, Sent::Accepted | Sent::Vanished | Sent::OwnRefused) => {
            our_end(api, &sent, &controls, pace.probe).await
        }
        (None, _) => after_list(api, &sent, target, sight(api, &target.key).await).await,
    }
}

/// Watches our own credential after its revocation.
async fn our_end(api: &TeamClient, sent: &Sent, controls: &Controls, watch: ProbePolicy) -> Outcome {
    let said = if *sent == Sent::Accepted {
        "The server accepted the revocation."
    } else {
        "The answer to the revocation was lost."
    };
    let mut vigil = Vigil::begin(watch, true);
    let last = loop {
        let answer = match api.teams().await {
            Ok(_) => Answered::Alive,
            Err(error) if error.fault == Fault::Unauthorized => Answered::Refused,
            Err(error) => Answered::NoAnswer(error.to_string(), error.fault),
        };
        if let Some(last) = vigil.take(answer).await {
            break last;
        }
    };
    let why = match last {
        LastWord::Alive => {
            return Outcome::StillAlive(format!("{said} But the server still answers our own requests with it."));
        }
        LastWord::NoAnswer(why) => why,
        LastWord::Refused => match controls.ask().await {
            Control::Passed => return Outcome::Dead,
            Control::Nobody if *sent == Sent::Accepted => return Outcome::Dead,
            Control::Nobody => format!("Your own credential now gets 401. {UNCONTROLLED}"),
            Control::Failed(why) => why,
        },
    };
    Outcome::Unconfirmed(format!("{said} {why}"))
}

/// The outcome that needs no list, where there is one.
pub(super) fn at_once(sent: &Sent) -> Option<Outcome> {
    match sent {
        Sent::Manual => Some(Outcome::Unconfirmed(
            "We were waiting for you to revoke it in the browser.".to_owned(),
        )),
        Sent::Refused(error) => Some(Outcome::Refused(error.to_string())),
        Sent::Failed(error) => Some(Outcome::Failed(error.to_string())),
        Sent::Accepted | Sent::Vanished | Sent::OwnRefused | Sent::UnknownId | Sent::GaveUp(_) => None,
    }
}

/// The outcome when the list was read again: what it says of the key, or why it cannot be read.
pub(super) async fn after_list(
    api: &TeamClient,
    sent: &Sent,
    target: &ListedKey,
    seen: Result<Sighting, ApiError>,
) -> Outcome {
    match sent {
        Sent::UnknownId => after_unknown_id(api, target, seen).await,
        Sent::GaveUp(error) => after_last_send(error, seen),
        _ => after_acceptance(api, sent, target, seen).await,
    }
}

async fn after_acceptance(
    api: &TeamClient,
    sent: &Sent,
    target: &ListedKey,
    seen: Result<Sighting, ApiError>,
) -> Outcome {
    let said = match sent {
        Sent::Vanished => "The answer to the revocation was lost, and the server has no such key since",
        _ => "The server accepted the revocation",
    };
    if target.is_tracked() {
        return Outcome::Unconfirmed(format!(
            "{said}, but cannot list keys: only the key's value shows whether it is dead."
        ));
    }
    match seen {
        Ok(Sighting::Gone) => Outcome::Revoked,
        Ok(Sighting::Listed) => {
            if *sent == Sent::Vanished {
                api.refused_all(Operation::Revoke, true).await;
            }
            Outcome::Unconfirmed(format!("{said}, but still lists the key."))
        }
        Ok(Sighting::Untold(why)) => Outcome::Unconfirmed(format!(
            "{said}, but its list does not show whether the key is gone: {why}."
        )),
        Err(error) => Outcome::Unconfirmed(format!("{said}, but the list could not be read afterwards. {error}")),
    }
}

async fn after_unknown_id(api: &TeamClient, target: &ListedKey, seen: Result<Sighting, ApiError>) -> Outcome {
    if target.is_tracked() {
        // What is tracked here does not say that the server has it.
        api.refused_all(Operation::Revoke, false).await;
        return Outcome::Unconfirmed(
            "The server answered 404 to the revocation: it may no longer have this key, but it cannot list keys to \
             show that."
                .to_owned(),
        );
    }
    match seen {
        Ok(Sighting::Gone) => Outcome::AlreadyGone,
        Ok(Sighting::Listed) => {
            // It knows the key and not the path, if it answers so to any path.
            api.refused_all(Operation::Revoke, true).await;
            Outcome::Unconfirmed("The server answered 404 to the revocation but still lists the key.".to_owned())
        }
        Ok(Sighting::Untold(why)) => Outcome::Unconfirmed(format!(
            "The server answered 404 to the revocation, and its list does not show whether the key is gone: {why}."
        )),
        Err(error) => Outcome::Unconfirmed(format!(
            "The server answered 404 to the revocation, and the list could not be read afterwards. {error}"
        )),
    }
}

fn after_last_send(error: &ApiError, seen: Result<Sighting, ApiError>) -> Outcome {
    match seen {
        Ok(Sighting::Gone) => Outcome::Unconfirmed(format!(
            "{error} The key is not in the list, but the server never confirmed the revocation."
        )),
        Ok(Sighting::Listed) if error.consequence == Consequence::None => Outcome::Failed(error.to_string()),
        Ok(Sighting::Listed | Sighting::Untold(_)) | Err(_) => Outcome::Unconfirmed(error.to_string()),
    }
}

/// What the list says of one key, and twice where it lacks it.
pub(crate) async fn sight(api: &TeamClient, key: &ApiKey) -> Result<Sighting, ApiError> {
    Ok(Looks::of(api, &[key]).await?.sight(key))
}
