//! How an operation is done, found out before anything is asked of the person.

use crate::core::capability::{Capabilities, Capability};
use crate::ports::Operation;
use crate::tui::dialog::begin_rotation::BeginRotation;
use crate::tui::effect::Effect;
use crate::tui::errand::Errand;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::Model;
use crate::tui::model::dialog::{Finding, OpenDialog};
use crate::tui::theme::Role;

/// Finds out how an operation is done, where that is not known.
pub(super) fn find_out(model: &mut Model, operation: Operation) -> (Finding, Option<Effect>) {
    let capabilities = model.team().capabilities;
    let known = match operation {
        Operation::List => capabilities.list,
        Operation::Create => capabilities.create,
        Operation::Revoke => capabilities.revoke,
        Operation::Teams => Capability::Endpoint,
    };
    if known != Capability::Unknown {
        return (Finding::Over, None);
    }
    let request = model.begin("looking for the endpoint", false);
    let errand = Errand::FindOut(operation);
    (
        Finding::by(request),
        Some(Effect::Errand(request, model.active, errand)),
    )
}

/// What follows once it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoundOut {
    /// Nothing.
    Nothing,
    /// The Enter that came too early counts now.
    Entered,
    /// Several keys were to be revoked.
    Bulk,
}

/// It is known, or it cannot be told: the dialog that waited for it asks.
pub(super) fn on_found_out(
    model: &mut Model,
    (request, team): (RequestId, TeamIndex),
    capabilities: Capabilities,
    doubt: Option<String>,
) -> FoundOut {
    if let Some(doubt) = doubt {
        model.say(Role::Danger, doubt);
    }
    if let Some(state) = model.teams.get_mut(team.0) {
        state.capabilities = capabilities;
    }
    let mut ended = None;
    for (place, dialog) in model.dialogs.iter_mut().enumerate() {
        let finding = match dialog {
            OpenDialog::Create(form) => &mut form.finding,
            OpenDialog::Bulk(form) => {
                form.hint = None;
                &mut form.finding
            }
            dialog => match dialog.as_mut::<BeginRotation>() {
                Some(begin) => &mut begin.finding,
                None => continue,
            },
        };
        if let Some(entered) = finding.end(request) {
            ended = Some((place, entered));
        }
    }
    let Some((place, entered)) = ended else {
        return FoundOut::Nothing;
    };
    let is_on_top = place + 1 == model.dialogs.len();
    match model.dialogs.get(place) {
        Some(OpenDialog::Bulk(_)) => FoundOut::Bulk,
        // Where the browser is needed the person reads that first, and presses Enter again.
        Some(_) if entered && is_on_top && capabilities.create != Capability::Manual => FoundOut::Entered,
        _ => FoundOut::Nothing,
    }
}
