//! Revoke several keys: each is asked for, and two readings of the list at the end prove them all.

use std::sync::Arc;

use super::case::{Case, Pace};
use super::list::{after_list, at_once, by_list};
use super::reconcile::conclude;
use super::send::{Sent, send};
use crate::core::key::{ApiKey, KeyId, Own};
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::ops::client::TeamClient;
use crate::ops::review::{Looks, Sighting};
use crate::ops::sign_in::Profile;
use crate::ports::{JournalError, Ports};

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// This key is being asked for.
    Asking(KeyId),
    /// The server answered for this key; whether it said yes.
    Answered(KeyId, bool),
    /// The list is being read again.
    Reading,
}

/// One key, how it ended, and whether that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The key.
    pub target: ListedKey,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the log took it.
    pub recorded: Result<(), JournalError>,
}

/// Revokes `targets` in this order and goes on past a failure, until `stop` comes. The list is read for all of them at once;
/// our own credential, which has to be the last, proves its end by its own refusals.
pub async fn revoke_many(
    ports: &Ports,
    profile: &Profile,
    api: &Arc<TeamClient>,
    targets: &[ListedKey],
    pace: Pace,
    on_progress: &(dyn Fn(Progress) + Send + Sync),
    stop: impl Future<Output = ()>,
) -> Vec<Revoked> {
    let mut stop = std::pin::pin!(stop);
    let mut stopped = false;
    let mut sent: Vec<(&ListedKey, SendState)> = Vec::with_capacity(targets.len());
    let (ours, others): (Vec<_>, Vec<_>) = targets.iter().partition(|target| target.own == Own::Yes);
    for target in others {
        if stopped {
            sent.push((target, SendState::NotBegun));
            continue;
        }
        on_progress(Progress::Asking(target.key.id.clone()));
        let answer = tokio::select! {
            biased;
            answer = send(api, target, pace.retry) => Some(answer),
            () = &mut stop => None,
        };
        stopped = answer.is_none();
        let accepted = matches!(answer, Some(Sent::Accepted | Sent::Vanished));
        on_progress(Progress::Answered(target.key.id.clone(), accepted));
        sent.push((target, answer.map_or(SendState::Interrupted, SendState::Answered)));
    }
    let mut revoked = judged(api, sent, on_progress).await;
    for target in ours {
        let mut outcome = Outcome::NotBegun;
        if !stopped {
            on_progress(Progress::Asking(target.key.id.clone()));
            outcome = tokio::select! {
                biased;
                outcome = by_list(Case { ports, profile, client: api, falls_back: false, target }, pace) => outcome,
                () = &mut stop => Outcome::Interrupted,
            };
            stopped = outcome == Outcome::Interrupted;
            on_progress(Progress::Answered(target.key.id.clone(), outcome.is_proven()));
        }
        revoked.push((target, outcome));
    }
    let mut written = Vec::with_capacity(revoked.len());
    for (target, outcome) in revoked {
        let recorded = if outcome == Outcome::NotBegun {
            Ok(())
        } else {
            let why = outcome.why().unwrap_or_default().to_owned();
            conclude((ports, profile), target, &outcome, why).await
        };
        written.push(Revoked {
            target: target.clone(),
            outcome,
            recorded,
        });
    }
    written
}

/// What the server made of one key.
enum SendState {
    Answered(Sent),
    Interrupted,
    NotBegun,
}

/// Reads the list, where anything hangs on it, and says of each key what that proves.
async fn judged<'a>(
    api: &TeamClient,
    sent: Vec<(&'a ListedKey, SendState)>,
    on_progress: &(dyn Fn(Progress) + Send + Sync),
) -> Vec<(&'a ListedKey, Outcome)> {
    let open = |asked: &SendState| matches!(asked, SendState::Answered(sent) if at_once(sent).is_none());
    let hanging: Vec<&ApiKey> = sent
        .iter()
        .filter(|(_, asked)| open(asked))
        .map(|(target, _)| &target.key)
        .collect();
    let looks = if hanging.is_empty() {
        None
    } else {
        on_progress(Progress::Reading);
        Some(Looks::of(api, &hanging).await)
    };
    let sight = |key: &ApiKey| match &looks {
        Some(Ok(looks)) => Ok(looks.sight(key)),
        Some(Err(error)) => Err(error.clone()),
        None => Ok(Sighting::Listed),
    };
    let mut judged = Vec::with_capacity(sent.len());
    for (target, asked) in sent {
        let outcome = match asked {
            SendState::NotBegun => Outcome::NotBegun,
            SendState::Interrupted => Outcome::Interrupted,
            SendState::Answered(sent) => match at_once(&sent) {
                Some(outcome) => outcome,
                None => after_list(api, &sent, target, sight(&target.key)).await,
            },
        };
        judged.push((target, outcome));
    }
    judged
}
