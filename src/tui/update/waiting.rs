//! New keys of before: offered again, said to be lost, or still looked for.

use jiff::SignedDuration;

use crate::core::creation::Creation;
use crate::ops::create::NewKey;
use crate::ops::custody::ReopenError;
use crate::ops::recover::{RecoverError, Since, Waiting};
use crate::tui::effect::Effect;
use crate::tui::message::TeamIndex;
use crate::tui::model::Model;
use crate::tui::model::dialog::OpenDialog;
use crate::tui::page::reading;
use crate::tui::theme::Role;
use crate::tui::update::create;

/// How often a key whose answer was lost is looked for.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(10);

pub(super) fn on_recovered(
    model: &mut Model,
    team: TeamIndex,
    result: Result<Vec<Waiting>, RecoverError>,
) -> Vec<Effect> {
    let open: Vec<Creation> = model
        .dialogs
        .iter()
        .filter_map(|dialog| match dialog {
            OpenDialog::ShowOnce(show) => Some(show.creation.clone()),
            OpenDialog::Paste(form) => Some(form.creation.clone()),
            _ => None,
        })
        .collect();
    let again = model.now.checked_add(LOOK_EVERY).ok();
    match result {
        Ok(mut waiting) => {
            // What is open in front of the person does not wait.
            waiting.retain(|one| open.iter().all(|creation| creation.op != one.creation().op));
            let looking = waiting
                .iter()
                .any(|one| matches!(one, Waiting::Looking(_) | Waiting::Listed(..)));
            if let Some(state) = model.teams.get_mut(team.0) {
                state.look_again_at = again.filter(|_| looking);
                state.waiting = waiting;
            }
        }
        Err(RecoverError::List(_)) => {
            // The list says so itself; it is looked again when it can be read.
            if let Some(state) = model.teams.get_mut(team.0) {
                state.looked = false;
            }
        }
        Err(error @ RecoverError::Journal(_)) => model.say(
            Role::Warn,
            format!("{error} Keys can be read and revoked, nothing is recorded, and none is created."),
        ),
    }
    Vec::new()
}

pub(super) fn on_wake(model: &mut Model) -> Vec<Effect> {
    let due = model.team().look_again_at.is_some_and(|at| at <= model.now);
    if due {
        let team = model.active;
        reading::look(model, team, Since::EarlierRun)
    } else {
        Vec::new()
    }
}

/// Whether the person looks at something else than what asked for the value.
fn is_elsewhere(model: &Model, team: TeamIndex) -> bool {
    match model.dialogs.as_slice() {
        [] => team != model.active || model.keys.filtering,
        [.., OpenDialog::Rotation(page)] => team != page.team,
        _ => true,
    }
}

pub(super) fn on_reopened(model: &mut Model, team: TeamIndex, result: Result<Box<NewKey>, ReopenError>) -> Vec<Effect> {
    match result {
        // The person is elsewhere by now: it goes on waiting, and no key meant for something else falls on it.
        Ok(_) if is_elsewhere(model, team) => {}
        Ok(new) => {
            model
                .team_mut()
                .waiting
                .retain(|one| one.creation().op != new.creation.op);
            create::show(model, team, *new);
        }
        Err(error) => model.say(Role::Danger, error.to_string()),
    }
    Vec::new()
}
