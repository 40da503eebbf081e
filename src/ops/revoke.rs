//! Revoke a key, and say only what was seen.

use std::time::Duration;

use crate::core::activity::Action;
use crate::core::key::{ApiKey, Own};
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::ops::manual::settle;
use crate::ops::proof::{Answered, Control, Controls, LastWord, ProbePolicy, UNCONTROLLED, Vigil};
use crate::ops::record::{Entry, record};
use crate::ops::review::{Looks, Sighting};
use crate::ops::sign_in::Profile;
use crate::ports::{ApiError, Consequence, Fault, JournalError, KeyApi, Operation, Ports};

/// How often and how patiently a `DELETE` that failed is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Times the `DELETE` is sent at most.
    pub sends: u32,
    /// Wait before the second one; doubled each time. A longer `Retry-After` wins.
    pub first_wait: Duration,
    /// The longest `Retry-After` that is waited for.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            sends: 4,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// How a revocation ended, and whether that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// What was seen.
    pub outcome: Outcome,
    /// Whether the log took it.
    pub recorded: Result<(), JournalError>,
}

/// Revokes `target`, unless `stop` comes first, and writes down how it ended. A journal that takes nothing stops no
/// revocation.
pub async fn revoke_and_record(
    ports: &Ports,
    profile: &Profile,
    api: &dyn KeyApi,
    target: &ListedKey,
    pace: (RetryPolicy, ProbePolicy),
    stop: impl Future<Output = ()>,
) -> Revocation {
    let outcome = tokio::select! {
        biased;
        outcome = revoke(ports, profile, api, target, pace) => outcome,
        () = stop => Outcome::Interrupted,
    };
    let word = outcome.word();
    let key = &target.key;
    tracing::info!(
        id = key.id.shown(),
        name = key.name.shown(),
        outcome = word,
        "revoked or tried to"
    );
    let entry = Entry {
        action: Action::Revoke,
        key: Some((key.id.clone(), key.name.clone())),
        outcome: word,
        detail: outcome.why().unwrap_or_default().to_owned(),
    };
    let recorded = record(ports, profile, entry).await;
    settle(ports, profile, target, &outcome).await;
    Revocation { outcome, recorded }
}

/// What the server made of a `DELETE`, sent as often as it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It was accepted.
    Accepted,
    /// An answer got lost, and the server knows no such id since.
    Vanished,
    /// An answer got lost, and our own credential, which it was about, is refused since.
    OwnRefused,
    /// 404: the server knows no such id.
    UnknownId,
    /// A person does it in the browser.
    Manual,
    /// 401 or 403.
    Refused(ApiError),
    /// It failed in a way that asking again does not mend, or only after a longer wait than we have.
    Failed(ApiError),
    /// It failed the last time it was sent, and may have had its effect all the same.
    GaveUp(ApiError),
}

/// Asks the server to revoke `target`, then reads the whole list again. Our own credential reads none any more: it is asked
/// itself.
pub(crate) async fn revoke(
    ports: &Ports,
    profile: &Profile,
    api: &dyn KeyApi,
    target: &ListedKey,
    (retry, watch): (RetryPolicy, ProbePolicy),
) -> Outcome {
    let controls = match target.own {
        Own::Yes => Some(Controls::besides(ports, profile, api).await),
        Own::No | Own::Unknown => None,
    };
    let sent = send(api, target, retry).await;
    match (at_once(&sent), controls) {
        (Some(outcome), _) => outcome,
        (None, Some(controls)) if matches!(sent, Sent::Accepted | Sent::Vanished | Sent::OwnRefused) => {
            our_end(api, &sent, &controls, watch).await
        }
        (None, _) => after_list(api, &sent, target, sight(api, &target.key).await).await,
    }
}

/// Watches our own credential after its revocation.
async fn our_end(api: &dyn KeyApi, sent: &Sent, controls: &Controls, watch: ProbePolicy) -> Outcome {
    let said = if *sent == Sent::Accepted {
        "The server accepted the revocation."
    } else {
        "The answer to the revocation got lost."
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
            return Outcome::StillAlive(format!("{said} Our own requests with it are answered all the same."));
        }
        LastWord::NoAnswer(why) => why,
        LastWord::Refused => match controls.ask().await {
            Control::Passed => return Outcome::Dead,
            Control::Nobody if *sent == Sent::Accepted => return Outcome::Dead,
            Control::Nobody => format!("Our own credential gets 401 since. {UNCONTROLLED}"),
            Control::Failed(why) => why,
        },
    };
    Outcome::Unconfirmed(format!("{said} {why}"))
}

/// The outcome that needs no list, where there is one.
pub(crate) fn at_once(sent: &Sent) -> Option<Outcome> {
    match sent {
        Sent::Manual => Some(Outcome::Unconfirmed("It was to be revoked in the browser.".to_owned())),
        Sent::Refused(error) => Some(Outcome::Refused(error.to_string())),
        Sent::Failed(error) => Some(Outcome::Failed(error.to_string())),
        Sent::Accepted | Sent::Vanished | Sent::OwnRefused | Sent::UnknownId | Sent::GaveUp(_) => None,
    }
}

/// The outcome when the list was read again: what it says of the key, or why it cannot be read.
pub(crate) async fn after_list(
    api: &dyn KeyApi,
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

/// Sends the `DELETE`, and again after a failure that may pass: only the server's own yes or 404 says that it took effect.
/// That a list lacks the key does not.
pub(crate) async fn send(api: &dyn KeyApi, target: &ListedKey, retry: RetryPolicy) -> Sent {
    let key = &target.key;
    let mut wait = retry.first_wait;
    let mut sends = 0;
    // Whether an earlier send may have had its effect: then a later no does not say that the key is alive.
    let mut maybe_done = false;
    loop {
        sends += 1;
        let error = match api.revoke(&key.id).await {
            Ok(()) => return Sent::Accepted,
            Err(error) => error,
        };
        match &error.fault {
            Fault::NotFound(_) if maybe_done => return Sent::Vanished,
            Fault::NotFound(_) => return Sent::UnknownId,
            Fault::Unauthorized if sends > 1 && target.own == Own::Yes => return Sent::OwnRefused,
            _ if maybe_done && !may_send_again(&error) => return Sent::GaveUp(after_a_lost_answer(error)),
            Fault::Unauthorized | Fault::Forbidden(_) => return Sent::Refused(error),
            _ if !may_send_again(&error) => return Sent::Failed(error),
            _ => {}
        }
        maybe_done |= error.consequence == Consequence::Possible;
        if sends >= retry.sends {
            return Sent::GaveUp(error);
        }
        let asked = match error.fault {
            Fault::RateLimited(asked) => asked.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        if asked > retry.longest_wait {
            return if maybe_done {
                Sent::GaveUp(after_a_lost_answer(error))
            } else {
                Sent::Failed(error)
            };
        }
        tokio::time::sleep(wait.max(asked)).await;
        wait = wait.saturating_mul(2);
    }
}

/// 429, 5xx and a lost reply: the server may take the same request a moment later, and revoking twice does no harm.
fn may_send_again(error: &ApiError) -> bool {
    matches!(error.fault, Fault::RateLimited(_) | Fault::Server { .. })
        || error.consequence == Consequence::Possible
        || matches!(error.fault, Fault::Interrupted | Fault::TimedOut(_))
}

async fn after_acceptance(
    api: &dyn KeyApi,
    sent: &Sent,
    target: &ListedKey,
    seen: Result<Sighting, ApiError>,
) -> Outcome {
    let said = match sent {
        Sent::Vanished => "The answer to the revocation got lost, and the server knows no such key since",
        _ => "The server accepted the revocation",
    };
    if target.is_tracked() {
        return Outcome::Unconfirmed(format!(
            "{said}, and has no list to see the key gone from: only its value shows whether it is dead."
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

/// A refusal after a send whose answer was lost does not say that the key is alive: only the list can.
fn after_a_lost_answer(error: ApiError) -> ApiError {
    ApiError {
        consequence: Consequence::Possible,
        ..error
    }
}

async fn after_unknown_id(api: &dyn KeyApi, target: &ListedKey, seen: Result<Sighting, ApiError>) -> Outcome {
    if target.is_tracked() {
        // What is tracked here does not say that the server has it.
        api.refused_all(Operation::Revoke, false).await;
        return Outcome::Unconfirmed(
            "The server answered 404 to the revocation: it may know no such key any more, and has no list that shows it."
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
            "{error} The list lacks the key, but the server never said that it revoked it."
        )),
        Ok(Sighting::Listed) if error.consequence == Consequence::None => Outcome::Failed(error.to_string()),
        Ok(Sighting::Listed | Sighting::Untold(_)) | Err(_) => Outcome::Unconfirmed(error.to_string()),
    }
}

/// What the list says of one key, and twice where it lacks it.
pub(crate) async fn sight(api: &dyn KeyApi, key: &ApiKey) -> Result<Sighting, ApiError> {
    Ok(Looks::of(api, &[key]).await?.sight(key))
}
