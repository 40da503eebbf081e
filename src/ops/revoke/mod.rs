//! Revoke a key, and say only what was seen: one engine for a method (the endpoint, or a person in the browser) and an
//! evidence (the list, the value, or a person's word).
//!
//! | file | its job |
//! |---|---|
//! | `case.rs` | what is revoked, how, and how it ended |
//! | `send.rs` | the `DELETE`, sent again where that may mend it |
//! | `list.rs` | the list as evidence; our own credential is asked itself |
//! | `value.rs` | the value as evidence: watched until three 401s and a control |
//! | `word.rs` | a person's word |
//! | `proof.rs` | when 401s are a death |
//! | `witness.rs` | what is seen of a value, written down as it is seen |
//! | `held.rs` | the value, at hand or pasted |
//! | `many.rs` | several keys, proven by one reading at the end |
//! | `reconcile.rs` | what follows here from the end of a key |

mod case;
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

use crate::core::incident::{LeakSubject, Timeline};
use crate::core::outcome::Outcome;
use crate::core::secret::Secret;

pub use case::{Case, Evidence, Method, OnFact, Pace, Revocation};
pub use held::{HeldValue, held_value};
pub(crate) use list::sight;
pub use many::{Progress, Revoked, revoke_many};
pub use proof::ProbePolicy;
use reconcile::conclude;
pub(crate) use reconcile::reconcile;
pub use send::RetryPolicy;
pub use value::Before;
use value::by_value;
use witness::Witness;

/// Revokes a key, unless `stop` comes first, and writes down how it ended. A journal that takes nothing stops no revocation.
pub async fn revoke(
    case: Case<'_>,
    (method, evidence): (Method, Evidence),
    pace: Pace,
    on_fact: OnFact<'_>,
    stop: impl Future<Output = ()>,
) -> Revocation {
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
            timeline.tell_by(case.client.clock_offset());
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
    Revocation { outcome, recorded }
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
