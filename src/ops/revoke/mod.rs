//! Revoke a key, and say only what was seen: one engine for a method (the endpoint, or a person in the browser) and an
//! evidence (the list, the value, or a person's word).
//!
//! | file | its job |
//! |---|---|
//! | `send.rs` | the `DELETE`, sent again where that may mend it |
//! | `list.rs` | the list as evidence; our own credential is asked itself |
//! | `value.rs` | the value as evidence: watched until three 401s and a control |
//! | `word.rs` | a person's word |
//! | `proof.rs` | when 401s are a death |
//! | `witness.rs` | what is seen of a value, written down as it is seen |
//! | `held.rs` | the value, at hand or pasted |
//! | `many.rs` | several keys, proven by one reading at the end |
//! | `reconcile.rs` | what follows here from the end of a key |

mod held;
mod list;
mod many;
pub(crate) mod proof;
mod reconcile;
mod send;
mod value;
pub(crate) mod witness;
mod word;

use std::sync::Arc;

use crate::core::activity::Action;
use crate::core::incident::{LeakSubject, Seen, Timeline};
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::core::secret::Secret;
use crate::ops::client::TeamClient;
use crate::ops::record::{Entry, record};
use crate::ops::sign_in::{Profile, Session};
use crate::ports::{JournalError, KeyApi, Ports};

pub use held::{HeldValue, held_value};
pub(crate) use list::sight;
pub use many::{Progress, Revoked, revoke_many};
pub use proof::ProbePolicy;
pub(crate) use reconcile::reconcile;
pub use send::RetryPolicy;
pub use value::Before;
use value::by_value;
use witness::Witness;

/// Told of every fact of a value as it is seen.
pub type OnFact<'a> = &'a (dyn Fn(&Timeline, &Seen) + Send + Sync);

/// How patiently a key is revoked, and its value watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// How often the `DELETE` is sent.
    pub retry: RetryPolicy,
    /// How long the value is watched.
    pub probe: ProbePolicy,
}

/// A key that is to be revoked, and through what.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// What is needed of the outside.
    pub ports: &'a Ports,
    /// The profile whose key it is.
    pub profile: &'a Profile,
    /// Its API.
    pub api: &'a Arc<dyn KeyApi>,
    /// The same, as what knows how each operation is done. `None`: a missing endpoint is the caller's to get round.
    pub client: Option<&'a Arc<TeamClient>>,
    /// The key, as it was before we touched it.
    pub target: &'a ListedKey,
}

impl<'a> Case<'a> {
    /// A key of the team that `session` opens.
    #[must_use]
    pub fn of(ports: &'a Ports, profile: &'a Profile, session: &'a Session, target: &'a ListedKey) -> Self {
        Self {
            ports,
            profile,
            api: &session.api,
            client: Some(&session.capabilities),
            target,
        }
    }
}

/// Who revokes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Its endpoint, asked from here.
    Endpoint,
    /// A person, in the browser: nothing is sent but probes.
    Manual,
}

/// What shows that it is dead.
#[derive(Debug)]
pub enum Evidence {
    /// The list, which lacks it.
    List,
    /// Its value, which is refused.
    Value(HeldValue),
    /// A person's word, where there is nothing else.
    Word,
}

/// How a revocation ended, and whether that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What was seen.
    pub outcome: Outcome,
    /// Whether the log took it.
    pub recorded: Result<(), JournalError>,
}

/// Revokes a key, unless `stop` comes first, and writes down how it ended. A journal that takes nothing stops no revocation.
pub async fn revoke(
    case: Case<'_>,
    (method, evidence): (Method, Evidence),
    pace: Pace,
    on_fact: OnFact<'_>,
    stop: impl Future<Output = ()>,
) -> Ended {
    let target = case.target;
    let method = if target.key.id.is_local() {
        Method::Manual
    } else {
        method
    };
    let (outcome, detail) = match evidence {
        Evidence::List => (stoppable(list::by_list(case, pace), stop).await, None),
        Evidence::Word => {
            let said = format!("{} says that it was revoked in the browser", case.ports.actor);
            (word::by_word(case).await, Some(said))
        }
        Evidence::Value(held) => {
            let (ports, profile) = (case.ports, case.profile);
            let host = profile.base_url.host();
            let mut timeline = Timeline::begin(&held.value, ports.actor.clone(), host, ports.clock.now());
            timeline.key = Some(LeakSubject::of(target, &held.value));
            timeline.profile = Some(profile.name.clone());
            timeline.tell_by(case.api.clock_offset());
            let before = Before {
                is_known: held.known,
                with_leaked_key: false,
            };
            let outcome = watch_value(case, (method, before, held.value), &mut timeline, pace, on_fact, stop).await;
            (outcome, Some(timeline.line()))
        }
    };
    let detail = detail.unwrap_or_else(|| outcome.why().unwrap_or_default().to_owned());
    let recorded = conclude((case.ports, case.profile), target, &outcome, detail).await;
    Ended { outcome, recorded }
}

/// Writes down how a revocation ended, and does here what follows from it.
async fn conclude(
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
    let entry = Entry {
        action: Action::Revoke,
        key: Some((key.id.clone(), key.name.clone())),
        outcome: outcome.word(),
        detail,
    };
    let recorded = record(ports, profile, entry).await;
    reconcile(ports, profile, target, outcome).await;
    recorded
}

/// Revokes a key and watches its value, unless `stop` comes first; writes the timeline on, and nothing else.
pub(crate) async fn watch_value(
    case: Case<'_>,
    (method, before, value): (Method, Before, Arc<Secret>),
    timeline: &mut Timeline,
    pace: Pace,
    on_fact: OnFact<'_>,
    stop: impl Future<Output = ()>,
) -> Outcome {
    let witness = Witness {
        ports: case.ports,
        value,
        on_fact,
        is_leaked: true,
    };
    let watched = by_value(case, (method, before), &witness, timeline, pace);
    let outcome = stoppable(watched, stop).await;
    timeline.outcome = Some(outcome.clone());
    outcome
}

async fn stoppable(revoking: impl Future<Output = Outcome>, stop: impl Future<Output = ()>) -> Outcome {
    tokio::select! {
        biased;
        outcome = revoking => outcome,
        () = stop => Outcome::Interrupted,
    }
}
