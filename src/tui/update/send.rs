//! Send the new value to targets: choose, send, see each receipt, try a failed one again.

use std::sync::Arc;

use crate::core::target::Target;
use crate::ops::create::NewKey;
use crate::ops::deliver::Receipt;
use crate::ops::trail::Trail;
use crate::tui::dialog::targets::Targets;
use crate::tui::effect::{Effect, Parcel};
use crate::tui::message::RequestId;
use crate::tui::model::Model;
use crate::tui::model::dialog::{OpenDialog, Sending, SendingState, ShowOnce};
use crate::tui::theme::Role;

pub(super) fn open(model: &mut Model) {
    let key = show_once(model).map_or_else(String::new, |show| show.key.name.raw().to_owned());
    let targets = Targets::of(model, &key);
    model.dialogs.open(targets);
}

/// Sends it to every target that it was not sent to yet, or that did not take it.
pub(super) fn send_to(model: &mut Model, targets: Vec<Target>) -> Vec<Effect> {
    let already =
        |show: &ShowOnce, target: &Target| show.sendings.iter().any(|one| one.target == *target && !one.failed());
    let wanted: Vec<Target> = match show_once(model) {
        Some(show) => targets.into_iter().filter(|target| !already(show, target)).collect(),
        None => Vec::new(),
    };
    wanted.into_iter().filter_map(|target| send(model, target)).collect()
}

/// Sends it again to every target that did not take it, and to no other.
pub(super) fn again(model: &mut Model) -> Vec<Effect> {
    let failed: Vec<Target> = show_once(model)
        .map(|show| {
            let failed = show.sendings.iter().filter(|one| one.failed());
            failed.map(|one| one.target.clone()).collect()
        })
        .unwrap_or_default();
    failed.into_iter().filter_map(|target| send(model, target)).collect()
}

fn send(model: &mut Model, target: Target) -> Option<Effect> {
    let request = model.begin("sending", true);
    let called = model.team().team.known().map(|team| team.name.raw().to_owned());
    let show = show_once(model)?;
    let state = SendingState::Underway(request);
    let (exact, told) = match show.sendings.iter_mut().find(|one| one.target == target) {
        Some(one) => {
            one.state = state;
            (one.exact.clone(), one.told.clone())
        }
        None => {
            show.sendings.push(Sending {
                target: target.clone(),
                exact: None,
                told: Vec::new(),
                state,
            });
            (None, Vec::new())
        }
    };
    let parcel = Parcel {
        target,
        exact,
        told,
        team: called,
        new: NewKey {
            creation: show.creation.clone(),
            key: show.key.clone(),
            secret: Arc::clone(&show.secret),
            safety: show.safety.clone(),
            trail: Trail::default(),
        },
    };
    Some(Effect::Send(request, show.team, Box::new(parcel)))
}

pub(super) fn on_sent(
    model: &mut Model,
    request: RequestId,
    called: &str,
    receipt: Receipt,
    doubts: Vec<String>,
) -> Vec<Effect> {
    let now = model.now;
    let awaited = model.dialogs.iter_mut().find_map(|dialog| match dialog {
        OpenDialog::ShowOnce(show) => show
            .sendings
            .iter_mut()
            .find(|one| matches!(one.state, SendingState::Underway(awaited) if awaited == request)),
        _ => None,
    });
    match awaited {
        Some(one) => {
            one.state = SendingState::Ended(receipt.state, now);
            one.exact = receipt.exact.or(one.exact.take());
            one.told.extend(doubts);
        }
        // The dialog was left meanwhile; what became of it is not left unsaid.
        None => {
            let role = if receipt.is_stored() { Role::Ok } else { Role::Danger };
            model.say(role, format!("{called} to {receipt}"));
        }
    }
    Vec::new()
}

fn show_once(model: &mut Model) -> Option<&mut ShowOnce> {
    model.dialogs.iter_mut().find_map(|dialog| match dialog {
        OpenDialog::ShowOnce(show) => Some(show),
        _ => None,
    })
}
