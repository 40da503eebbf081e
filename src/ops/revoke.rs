//! Revoke a key, and say only what was seen.

use std::time::Duration;

use crate::core::activity::Action;
use crate::core::incident::Outcome;
use crate::core::key::{ApiKey, KeyId, Own};
use crate::core::listing::ListedKey;
use crate::ops::record::{Entry, record};
use crate::ops::review::read_list;
use crate::ops::sign_in::Profile;
use crate::ports::{ApiError, Consequence, Fault, JournalError, KeyApi, Ports};

/// How often and how patiently a `DELETE` is sent again while its key is still listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Times the `DELETE` is sent at most.
    pub sends: u32,
    /// Wait before the second one; doubled each time. A longer `Retry-After` wins.
    pub first_wait: Duration,
    /// The longest `Retry-After` that is waited for.
    pub longest_wait: Duration,
}

impl Default for Patience {
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
    /// What was seen; `None` when it was stopped on the way, and nothing is known.
    pub outcome: Option<Outcome>,
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
    patience: Patience,
    stop: impl Future<Output = ()>,
) -> Revocation {
    let outcome = tokio::select! {
        biased;
        outcome = revoke(api, target, patience) => Some(outcome),
        () = stop => None,
    };
    let word = outcome.as_ref().map_or("interrupted", Outcome::word);
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
        detail: outcome.as_ref().and_then(Outcome::why).unwrap_or_default().to_owned(),
    };
    let recorded = record(ports, profile, entry).await;
    Revocation { outcome, recorded }
}

/// Asks the server to revoke `key`, then reads the whole list again.
async fn revoke(api: &dyn KeyApi, target: &ListedKey, patience: Patience) -> Outcome {
    let key = &target.key;
    let mut wait = patience.first_wait;
    // Whether an earlier send may have had its effect: then a later no does not say that the key is alive.
    let mut maybe_done = false;
    for send in 1..=patience.sends {
        let error = match api.revoke(&key.id).await {
            Ok(()) => return after_acceptance(api, target).await,
            Err(error) => error,
        };
        match &error.fault {
            Fault::NotFound(_) => return after_unknown_id(api, key).await,
            Fault::Unauthorized if send > 1 && target.own == Own::Yes => return Outcome::Dead,
            _ if maybe_done && !may_send_again(&error) => return after_ambiguity(api, key, &error).await,
            Fault::Unauthorized | Fault::Forbidden(_) => return Outcome::Refused(error.to_string()),
            _ if !may_send_again(&error) => return Outcome::Failed(error.to_string()),
            _ => {}
        }
        maybe_done |= error.consequence == Consequence::Possible;
        if send == patience.sends {
            return after_last_send(api, target, &error).await;
        }
        let asked = match error.fault {
            Fault::RateLimited(asked) => asked.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        if asked > patience.longest_wait {
            return if maybe_done {
                after_ambiguity(api, key, &error).await
            } else {
                Outcome::Failed(error.to_string())
            };
        }
        tokio::time::sleep(wait.max(asked)).await;
        wait = wait.saturating_mul(2);
        match is_listed(api, &key.id).await {
            Ok(false) => return Outcome::Revoked,
            Err(ApiError {
                fault: Fault::Unauthorized,
                ..
            }) if target.own == Own::Yes => return Outcome::Dead,
            Ok(true) | Err(_) => {}
        }
    }
    Outcome::Failed("It was never asked for.".to_owned())
}

/// 429, 5xx and a lost reply: the server may take the same request a moment later, and revoking twice does no harm.
fn may_send_again(error: &ApiError) -> bool {
    matches!(error.fault, Fault::RateLimited(_) | Fault::Server { .. })
        || error.consequence == Consequence::Possible
        || matches!(error.fault, Fault::Interrupted | Fault::TimedOut(_))
}

async fn after_acceptance(api: &dyn KeyApi, target: &ListedKey) -> Outcome {
    match is_listed(api, &target.key.id).await {
        Ok(false) => Outcome::Revoked,
        Ok(true) => Outcome::Unconfirmed("The server accepted the revocation but still lists the key.".to_owned()),
        // With our own credential gone the list cannot be read any more: that is the proof.
        Err(error) if error.fault == Fault::Unauthorized && target.own == Own::Yes => Outcome::Dead,
        Err(error) => Outcome::Unconfirmed(format!(
            "The server accepted the revocation, but the list could not be read afterwards. {error}"
        )),
    }
}

/// A refusal after a send whose answer was lost: only the list can say what became of the key.
async fn after_ambiguity(api: &dyn KeyApi, key: &ApiKey, error: &ApiError) -> Outcome {
    match is_listed(api, &key.id).await {
        Ok(false) => Outcome::Revoked,
        Ok(true) | Err(_) => Outcome::Unconfirmed(format!("An earlier try may have been accepted. {error}")),
    }
}

async fn after_unknown_id(api: &dyn KeyApi, key: &ApiKey) -> Outcome {
    match is_listed(api, &key.id).await {
        Ok(false) => Outcome::AlreadyGone,
        Ok(true) => {
            Outcome::Unconfirmed("The server answered 404 to the revocation but still lists the key.".to_owned())
        }
        Err(error) => Outcome::Unconfirmed(format!(
            "The server answered 404 to the revocation, and the list could not be read afterwards. {error}"
        )),
    }
}

async fn after_last_send(api: &dyn KeyApi, target: &ListedKey, error: &ApiError) -> Outcome {
    match is_listed(api, &target.key.id).await {
        Ok(false) => Outcome::Revoked,
        Ok(true) if error.consequence == Consequence::None => Outcome::Failed(error.to_string()),
        Ok(true) | Err(_) => Outcome::Unconfirmed(error.to_string()),
    }
}

/// Whether the full list holds `id`; an incomplete list that lacks it is no proof and reads as still listed.
async fn is_listed(api: &dyn KeyApi, id: &KeyId) -> Result<bool, ApiError> {
    let (keys, complete) = read_list(api, &|_| {}).await?;
    Ok(keys.iter().any(|key| key.id == *id) || !complete)
}
