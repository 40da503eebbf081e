//! Whether the new key works: its value is tried until it answers.

use std::sync::Arc;
use std::time::Duration;

use super::{At, advance, note};
use crate::core::rotation::{Rotation, What};
use crate::core::secret::Secret;
use crate::ops::review::server_now;
use crate::ports::Probe;

/// A key that a server made just now may not be known to all of it yet: so often it is asked.
const PROBES: u32 = 4;
/// Wait before the second probe; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);

pub(super) async fn reread(at: At<'_>, rotation: &Rotation) -> Rotation {
    let newest = at.ports.journal.rotation(&rotation.id).await;
    newest.ok().flatten().unwrap_or_else(|| rotation.clone())
}

/// Asks with the new value until it answers 200. Where it does not, step 1 stays open.
pub(super) async fn prove_alive(at: At<'_>, rotation: Rotation, value: &Arc<Secret>) -> Rotation {
    let api = &at.session.client;
    let mut wait = FIRST_WAIT;
    for probe in 1..=PROBES {
        match api.probe(value).await {
            Ok(Probe::Alive(_)) => {
                let alive = What::Alive(server_now(api, &*at.ports.clock));
                return match advance(at, &rotation, alive).await {
                    Ok(moved) => {
                        note(at, &moved, "alive", String::new()).await;
                        moved
                    }
                    Err(_) => reread(at, &rotation).await,
                };
            }
            Ok(Probe::Refused) | Err(_) if probe < PROBES => {
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(2);
            }
            Ok(Probe::Refused) | Err(_) => {}
        }
    }
    note(at, &rotation, "not_proven_alive", String::new()).await;
    rotation
}
