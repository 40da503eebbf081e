//! Leaving, unless something would be lost.

use crate::ops::create::Safety;
use crate::ops::recover::Since;
use crate::tui::dialog::quit::{Quit, QuitReason, Unstored};
use crate::tui::effect::Effect;
use crate::tui::model::dialog::OpenDialog;
use crate::tui::model::{DashboardExit, Model};
use crate::tui::page::reading;
use crate::tui::theme::Role;

/// Leaves, or asks first.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    match reason(model) {
        Some(reason) => ask(model, reason),
        None => model.exit = Some(DashboardExit::Quit),
    }
    Vec::new()
}

/// Asks before something is lost.
pub(super) fn ask(model: &mut Model, reason: QuitReason) {
    let unstored = unstored(model);
    model.dialogs.open(Quit { reason, unstored });
}

/// Keeps the question to what is true of the value it is about.
pub(super) fn refresh(model: &mut Model) {
    let unstored = unstored(model);
    if let Some(quit) = model.dialogs.find_mut::<Quit>() {
        quit.unstored = unstored;
    }
}

fn unstored(model: &Model) -> Unstored {
    let show = model.dialogs.iter().find_map(|dialog| match dialog {
        OpenDialog::ShowOnce(show) => Some(show),
        _ => None,
    });
    show.map_or_else(Unstored::default, |show| Unstored {
        name: show.key.name.shown().to_owned(),
        is_safe: show.safety == Safety::Escrowed && model.store_lasts(),
        is_only_copy: show.is_only_copy(),
        stored_in: show.stored_in(),
    })
}

/// Ctrl-C: asks once where something would be lost; a second one, not a held one, leaves.
pub(super) fn interrupt(model: &mut Model, deliberate: bool) -> Vec<Effect> {
    let asked = model
        .dialogs
        .top::<Quit>()
        .is_some_and(|quit| quit.reason != QuitReason::OnlyCopy);
    match reason(model) {
        Some(reason) if !asked => ask(model, reason),
        Some(_) if !deliberate => {}
        _ => model.exit = Some(DashboardExit::Interrupted),
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
    let unstored = model
        .dialogs
        .iter()
        .any(|dialog| matches!(dialog, OpenDialog::ShowOnce(_)));
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

/// Closes the new value, although it is not stored.
pub(super) fn close_unstored(model: &mut Model) -> Vec<Effect> {
    let Some(OpenDialog::ShowOnce(show)) = model.dialogs.pop() else {
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
    reading::look(model, show.team, Since::EarlierRun)
}
