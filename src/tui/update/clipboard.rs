//! The life of a copied value: there, counted down, gone.

use jiff::SignedDuration;

use crate::ops::trail::CLIPBOARD;
use crate::ports::{Cleared, ClipboardError, ClipboardRoute, TerminalNote};
use crate::tui::effect::Effect;
use crate::tui::model::dialog::{CopyState, OpenDialog, ShowOnce};
use crate::tui::model::{Model, OnClipboard};
use crate::tui::theme::Role;

pub(super) fn on_copied(model: &mut Model, result: Result<ClipboardRoute, ClipboardError>) -> Vec<Effect> {
    let seconds = model.settings.clear_after;
    let clears_at = (seconds > 0)
        .then(|| {
            model
                .now
                .checked_add(SignedDuration::from_secs(i64::from(seconds)))
                .ok()
        })
        .flatten();
    let Some(copied) = model.copying.take() else {
        return Vec::new();
    };
    let Some(show) = show_once(model).filter(|show| show.key.id.raw() == copied) else {
        // The dialog is gone; what was copied is still counted down and cleared.
        if let Ok(route) = result {
            model.clipboard = Some(OnClipboard {
                route,
                clears_at,
                key: copied,
            });
        }
        return Vec::new();
    };
    match result {
        Ok(route) => {
            show.copy = CopyState::Copied(route);
            let (creation, team) = (Box::new(show.creation.clone()), show.team);
            let key = show.key.id.raw().to_owned();
            // What tmux stopped is not there, so there is nothing to clear and nothing to lose.
            let arrived = route != ClipboardRoute::Terminal(TerminalNote::TmuxBlocks);
            model.clipboard = arrived.then_some(OnClipboard { route, clears_at, key });
            if arrived {
                let request = model.begin("writing it down", false);
                let whereto = CLIPBOARD.to_owned();
                return vec![Effect::NoteDelivery(request, team, creation, whereto)];
            }
        }
        Err(error) => show.copy = CopyState::Failed(error.to_string()),
    }
    Vec::new()
}

/// Clears what has been there long enough.
pub(super) fn on_wake(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let over = model
        .clipboard
        .as_mut()
        .filter(|held| held.clears_at.is_some_and(|at| at <= now));
    match over {
        Some(held) => {
            held.clears_at = None;
            vec![Effect::ClearClipboard(model.begin("clearing the clipboard", false))]
        }
        None => Vec::new(),
    }
}

pub(super) fn on_cleared(model: &mut Model, result: Result<Cleared, ClipboardError>) -> Vec<Effect> {
    let (role, gone) = match &result {
        Ok(Cleared::Cleared) => (Role::Plain, "cleared from the clipboard"),
        Ok(Cleared::NotOurs) => (
            Role::Plain,
            "replaced on the clipboard by something newer, which was left alone",
        ),
        Ok(Cleared::Unconfirmed) => (Role::Warn, "asked the terminal to clear it, which does not confirm"),
        Err(_) => (Role::Danger, "NOT cleared: it may still be on the clipboard"),
    };
    let text = match result {
        Err(error) => format!("The copied value may still be on the clipboard: {error}"),
        Ok(_) => format!("The copied value was {gone}."),
    };
    // A newer copy, which has a time of its own, is not the one that was cleared.
    let is_newer = model.clipboard.as_ref().is_some_and(|held| held.clears_at.is_some());
    if is_newer {
        return Vec::new();
    }
    model.clipboard = None;
    if let Some(show) = show_once(model) {
        show.copy = CopyState::Gone(gone);
    }
    model.say(role, text);
    Vec::new()
}

fn show_once(model: &mut Model) -> Option<&mut ShowOnce> {
    model.dialogs.iter_mut().find_map(|dialog| match dialog {
        OpenDialog::ShowOnce(show) => Some(show),
        _ => None,
    })
}
