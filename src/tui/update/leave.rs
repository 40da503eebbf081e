//! Leaving, unless something would be lost.

use crate::ops::recover::Since;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::model::dialog::{Dialog, QuitReason};
use crate::tui::model::{Exit, Model};
use crate::tui::theme::Role;
use crate::tui::update::{create, waiting};

/// Leaves, or asks first.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    match reason(model) {
        Some(reason) => model.dialogs.push(Dialog::Quit(reason)),
        None => model.exit = Some(Exit::Quit),
    }
    Vec::new()
}

/// Ctrl-C: asks once where something would be lost; a second one, not a held one, leaves.
pub(super) fn interrupt(model: &mut Model, deliberate: bool) -> Vec<Effect> {
    let asked = matches!(model.dialogs.last(), Some(Dialog::Quit(reason)) if *reason != QuitReason::OnlyCopy);
    match reason(model) {
        Some(reason) if !asked => model.dialogs.push(Dialog::Quit(reason)),
        Some(_) if !deliberate => {}
        _ => model.exit = Some(Exit::Interrupted),
    }
    Vec::new()
}

/// Ctrl-Z: back to the shell, unless that would stop what changes keys half-way.
pub(super) fn suspend(model: &mut Model) -> Vec<Effect> {
    if model.in_flight.values().any(|work| work.changes_keys) {
        model.say(
            Role::Warn,
            "Not suspended: a key is being changed. Try again when that is over.",
        );
    } else {
        model.suspends = true;
    }
    Vec::new()
}

fn reason(model: &Model) -> Option<QuitReason> {
    let unstored = model.dialogs.iter().any(|dialog| matches!(dialog, Dialog::ShowOnce(_)));
    if unstored {
        Some(QuitReason::UnstoredValue { leaving: true })
    } else if model.in_flight.values().any(|work| work.changes_keys) {
        Some(QuitReason::Underway)
    } else if model.waiting_ends_with_us().next().is_some() {
        Some(QuitReason::WaitingValues)
    } else if model.clipboard.is_some() {
        Some(QuitReason::Clipboard)
    } else {
        None
    }
}

pub(super) fn answer(model: &mut Model, action: Action, deliberate: bool) -> Vec<Effect> {
    let Some(Dialog::Quit(reason)) = model.dialogs.last() else {
        return Vec::new();
    };
    let reason = *reason;
    match action {
        Action::No | Action::Back => {
            model.dialogs.pop();
        }
        Action::Yes if deliberate => {
            model.dialogs.pop();
            match reason {
                QuitReason::UnstoredValue { leaving: false } => return close_unstored(model),
                QuitReason::OnlyCopy => return create::discard(model),
                _ => model.exit = Some(Exit::Quit),
            }
        }
        _ => {}
    }
    Vec::new()
}

fn close_unstored(model: &mut Model) -> Vec<Effect> {
    let Some(Dialog::ShowOnce(show)) = model.dialogs.pop() else {
        return Vec::new();
    };
    let (called, places) = (show.key.display_name(), show.stored_in());
    let is_lost = show.is_only_copy() && !show.safety.is_uncertain();
    let sentence = if is_lost {
        format!("The value of {called} was not stored and is lost. The key is alive: revoke it if nobody has it.")
    } else if places.is_empty() {
        format!("The value of {called} is not kept here. Where nobody stored it, revoke the key.")
    } else {
        format!("The value of {called} is in {places} and kept nowhere else.")
    };
    model.say(Role::Warn, sentence);
    if is_lost {
        return Vec::new();
    }
    waiting::look(model, show.team, Since::EarlierRun)
}
