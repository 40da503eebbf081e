//! Revoke the key of a leaked value, and write down how the search ended.

use super::{Found, Search};
use crate::core::activity::ActivityKind;
use crate::core::outcome::Outcome;
use crate::ops::record::{LogEntry, record};
use crate::ops::revoke::{Before, Case, Method, OnFact, Pace, Revocation, reconcile, watch_value};
use crate::ports::{JournalError, Ports};

/// Revokes the key that was found, unless `stop` comes first, and writes down how it ended.
pub async fn kill(
    ports: &Ports,
    search: &mut Search,
    pace: Pace,
    on_fact: OnFact<'_>,
    stop: impl Future<Output = ()>,
) -> Revocation {
    let outcome = match &search.found {
        Found::Key(found) => {
            let case = Case {
                ports,
                profile: &found.place.profile,
                client: &found.place.client,
                falls_back: true,
                target: &found.target,
            };
            let method = if found.manual { Method::Manual } else { Method::Endpoint };
            let before = Before {
                is_known: found.alive.is_some(),
                with_leaked_key: search.means.with_leaked_key,
            };
            let value = std::sync::Arc::clone(&search.value);
            watch_value(case, (method, before, value), &mut search.timeline, pace, on_fact, stop).await
        }
        _ => {
            let outcome = Outcome::Failed("No key was found.".to_owned());
            search.timeline.outcome = Some(outcome.clone());
            outcome
        }
    };
    let recorded = record_end(ports, search).await;
    Revocation { outcome, recorded }
}

/// Writes down how the search ended. A journal that takes nothing stops nobody.
///
/// # Errors
/// The log did not take it.
pub async fn record_end(ports: &Ports, search: &Search) -> Result<(), JournalError> {
    let timeline = &search.timeline;
    let key = match &search.found {
        Found::Key(found) => timeline
            .key
            .as_ref()
            .map(|key| (found.target.key.id.clone(), key.name.clone())),
        _ => None,
    };
    if let (Found::Key(found), Some(outcome)) = (&search.found, &timeline.outcome) {
        reconcile(ports, &found.place.profile, &found.target, outcome).await;
    }
    let outcome = timeline.outcome.as_ref().unwrap_or(&Outcome::Interrupted).word();
    tracing::info!(outcome, "a leaked value was followed to its end");
    let entry = LogEntry {
        action: ActivityKind::Leak,
        key,
        outcome,
        detail: timeline.line(),
    };
    record(ports, &search.profile, entry).await
}
