//! Hand a new key's value to targets: all of them looked at before the key is made, and a receipt of each afterwards.

use std::time::Instant;

use crate::core::activity::ActivityKind;
use crate::core::key::KeyName;
use crate::core::sink::{DeliveredKey, DeliveryPlan, SinkError, Sinks};
use crate::core::target::Target;
use crate::ops::create::NewKey;
use crate::ops::custody::{entry, note_delivery};
use crate::ops::deliver::{Delivery, Ready, Receipt, ReceiptState, TargetProblem, check, deliver};
use crate::ops::record::record;
use crate::ops::rotate::note_receipt;
use crate::ops::sign_in::Profile;
use crate::ports::{JournalError, Ports};

/// Stands for the id of a key that is not made yet.
const SOME_ID: &str = "key";

/// What the targets of one handover share.
#[derive(Debug, Clone, Copy)]
pub struct HandoverRoute<'a> {
    /// The person's own sinks.
    pub sinks: &'a Sinks,
    /// The team's name, where it is known.
    pub team: Option<&'a str>,
}

/// A target as the person named it, and the same place with everything named, as it was looked at and agreed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// As the person named it.
    pub target: Target,
    /// Where the value goes.
    pub exact: Target,
}

impl From<Target> for Destination {
    fn from(target: Target) -> Self {
        Self {
            exact: target.clone(),
            target,
        }
    }
}

/// What became of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverResult {
    /// What it said.
    pub receipt: Receipt,
    /// Whether the log took it.
    pub recorded: Result<(), JournalError>,
}

/// Looks at every target before there is a key. `name` is that of the key that is going to be made.
///
/// # Errors
/// Every target that cannot take a key now.
pub async fn look_ahead(
    ports: &Ports,
    route: HandoverRoute<'_>,
    targets: impl IntoIterator<Item = &Target>,
    name: Option<&KeyName>,
) -> Result<Vec<Ready>, Vec<TargetProblem>> {
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for target in targets {
        let checked = match planned(route, target, name) {
            Ok(()) => check(&*ports.processes, route.sinks, target).await,
            Err(no) => Err(TargetProblem {
                target: target.clone(),
                why: no.to_string(),
            }),
        };
        tracing::debug!(%target, ready = checked.is_ok(), "looked at a target");
        match checked {
            Ok(ready) => all.push(ready),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(problems) }
}

/// A name that cannot stand in a target's arguments is told before the key is made, not after.
fn planned(route: HandoverRoute<'_>, target: &Target, name: Option<&KeyName>) -> Result<(), SinkError> {
    let Some(name) = name else { return Ok(()) };
    let key = DeliveredKey {
        id: SOME_ID,
        name: name.as_str(),
        team: route.team,
    };
    DeliveryPlan::new(target, route.sinks, key).map(|_| ())
}

/// Takes the value of `new` to one target, unless `stop` comes first, and writes down what became of it.
pub async fn hand_to(
    ports: &Ports,
    profile: &Profile,
    route: HandoverRoute<'_>,
    destination: &Destination,
    new: &mut NewKey,
    stop: impl Future<Output = ()>,
) -> HandoverResult {
    let began = Instant::now();
    let delivery = Delivery {
        key: DeliveredKey {
            id: new.key.id.raw(),
            name: new.key.name.raw(),
            team: route.team,
        },
        secret: &new.secret,
    };
    let Destination { target, exact } = destination;
    let mut receipt = tokio::select! {
        biased;
        receipt = deliver(&*ports.processes, route.sinks, exact, delivery) => receipt,
        () = stop => interrupted(destination, "interrupted; it may or may not have the value"),
    };
    receipt.target = target.clone();
    let (id, ms) = (new.key.id.shown(), began.elapsed().as_millis());
    tracing::info!(id, %target, stored = receipt.is_stored(), ms, "handed the value to a target");
    let recorded = if receipt.is_stored() {
        let noted = note_delivery(ports, profile, &new.creation, &receipt.to_string()).await;
        new.creation = noted.creation;
        note_receipt(ports, profile, &new.creation.op, target).await;
        noted.recorded
    } else {
        let line = entry(&new.creation, ActivityKind::Deliver, "failed", receipt.to_string());
        record(ports, profile, line).await
    };
    HandoverResult { receipt, recorded }
}

/// The receipt of a target that was not asked to the end.
#[must_use]
pub fn interrupted(destination: &Destination, why: &str) -> Receipt {
    Receipt {
        target: destination.target.clone(),
        exact: Some(destination.exact.clone()),
        state: ReceiptState::Failed { why: why.to_owned() },
    }
}
