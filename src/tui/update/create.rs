//! A new key: its name, and its value once.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::core::creation::Creation;
use crate::ops::create::{CreateError, NewKey, Safety};
use crate::ops::custody::Acknowledged;
use crate::ops::recover::{Since, Waiting};
use crate::ports::{ClipboardRoute, Fault, Operation, StoreError};
use crate::tui::dialog::quit::QuitReason;
use crate::tui::dialog::track::Track;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::dialog::{CopyState, CreateForm, OpenDialog, Sending, SendingState, ShowOnce};
use crate::tui::model::{Model, SessionState};
use crate::tui::page::reading;
use crate::tui::theme::Role;
use crate::tui::update::{finding, leave, send};
use crate::tui::view::most_scroll;

/// How long a value asked to be shown stays on the screen.
const REVEAL: SignedDuration = SignedDuration::from_secs(10);

/// Asks for the name of a new key, once it is known how keys are made here.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let (finding, effect) = finding::find_out(model, Operation::Create);
    model.dialogs.push(OpenDialog::Create(CreateForm {
        finding,
        ..CreateForm::default()
    }));
    effect.into_iter().collect()
}

pub(super) fn act_on_form(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(OpenDialog::Create(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    match action {
        Action::AddExisting => {
            let track = Track::named(form.input.value());
            model.dialogs.pop();
            model.dialogs.open(track);
        }
        Action::Back => {
            model.dialogs.pop();
        }
        Action::Submit if form.finding.note_enter() => {}
        Action::Submit => match form.name() {
            Ok(name) => {
                form.error = None;
                let request = model.begin("creating", true);
                if let Some(OpenDialog::Create(form)) = model.dialogs.last_mut() {
                    form.sent = Some(request);
                }
                return vec![Effect::Create(request, model.active, name)];
            }
            Err(error) => form.error = Some(error.to_string()),
        },
        _ => {}
    }
    Vec::new()
}

pub(super) fn on_created(model: &mut Model, team: TeamIndex, result: Result<Box<NewKey>, CreateError>) -> Vec<Effect> {
    match result {
        Ok(created) => {
            model
                .dialogs
                .retain(|dialog| !matches!(dialog, OpenDialog::Create(_) | OpenDialog::Paste(_)));
            if let Some(state) = model.teams.get_mut(team.0) {
                state.list.select(&created.key.id);
            }
            model.notice = None;
            show(model, team, *created);
            reading::load(model, team)
        }
        Err(error) => {
            let sentence = error.to_string();
            if error.cause().is_some_and(|cause| cause.fault == Fault::Unauthorized)
                && let Some(state) = model.teams.get_mut(team.0)
            {
                state.session = SessionState::SignedOut(Some(sentence.clone()));
            }
            let form = model.dialogs.iter_mut().find_map(|dialog| match dialog {
                OpenDialog::Create(form) => Some(form),
                _ => None,
            });
            match form {
                Some(form) if !error.may_exist() => {
                    form.sent = None;
                    form.error = Some(sentence);
                }
                // Asking again would make a second key, so the form does not stay open for another Enter.
                _ => {
                    model.dialogs.retain(|dialog| !matches!(dialog, OpenDialog::Create(_)));
                    model.say(Role::Danger, sentence);
                }
            }
            // The list says whether it exists after all.
            match error {
                CreateError::Uncertain(_, _, creation) => {
                    let mut effects = reading::load(model, team);
                    effects.extend(reading::look(model, team, Since::JustNow(creation.op)));
                    effects
                }
                _ => Vec::new(),
            }
        }
    }
}

/// Opens the show-once dialog on a new or a waiting value.
pub(super) fn show(model: &mut Model, team: TeamIndex, new: NewKey) {
    show_with(model, team, new, false);
}

/// The same; `own`: we are signed in with it from now on.
pub(super) fn show_with(model: &mut Model, team: TeamIndex, new: NewKey, own: bool) {
    let NewKey {
        creation,
        key,
        secret,
        safety,
        trail,
    } = new;
    let on_clipboard = model.clipboard.as_ref().filter(|held| held.key == key.id.raw());
    let copy = match (on_clipboard, trail.copied) {
        (Some(held), _) => CopyState::Copied(held.route),
        (None, Some(at)) => CopyState::Before(at),
        (None, None) => CopyState::No,
    };
    let sendings = trail.receipts.into_iter().map(|(receipt, at)| Sending {
        target: receipt.target,
        exact: receipt.exact,
        told: Vec::new(),
        state: SendingState::Ended(receipt.state, at),
    });
    let sendings = sendings.collect();
    model.note_opened_itself();
    model.dialogs.push(OpenDialog::ShowOnce(ShowOnce {
        team,
        creation,
        safety,
        key,
        secret,
        revealed_until: None,
        was_shown: false,
        copy,
        sendings,
        own,
        scroll: 0,
    }));
}

pub(super) fn act_on_value(model: &mut Model, action: Action, deliberate: bool) -> Vec<Effect> {
    let until = model.now.checked_add(REVEAL).ok();
    let most = most_scroll(model);
    let on_clipboard = model.clipboard.as_ref().map(|held| (held.route, held.key.clone()));
    let Some(OpenDialog::ShowOnce(show)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    match action {
        Action::Down => show.scroll = show.scroll.saturating_add(1).min(most),
        Action::Up => show.scroll = show.scroll.saturating_sub(1),
        Action::Copy => return copy(model, on_clipboard),
        Action::Send => send::open(model),
        Action::TryAgain => return send::again(model),
        Action::Reveal => {
            show.was_shown = true;
            show.revealed_until = match show.revealed_until {
                Some(_) => None,
                None => until,
            };
        }
        Action::Stored if show.sendings.iter().any(Sending::is_underway) => {
            model.say(
                Role::Warn,
                "One moment: a target has not said yet whether it took the value.",
            );
        }
        Action::Stored if matches!(show.copy, CopyState::Copying(_)) => {
            model.say(Role::Warn, "One moment: the value is being copied.");
        }
        Action::Stored if deliberate && show.is_only_copy() => {
            leave::ask(model, QuitReason::OnlyCopy);
        }
        Action::Stored if deliberate => return close(model, Effect::Acknowledge),
        Action::Stored => model.say(
            Role::Plain,
            "Enter counts once the keyboard was quiet for a moment: it closes this for good.",
        ),
        Action::Quit if show.safety == Safety::Escrowed => keep_for_later(model),
        Action::Quit => leave::ask(model, QuitReason::UnstoredValue { leaving: false }),
        _ => {}
    }
    Vec::new()
}

/// Deletes the only copy, as the person said.
pub(super) fn discard(model: &mut Model) -> Vec<Effect> {
    let was_escrowed =
        matches!(model.dialogs.last(), Some(OpenDialog::ShowOnce(show)) if show.safety == Safety::Escrowed);
    close(model, |request, team, creation, called| {
        Effect::Discard(request, team, creation, called, was_escrowed)
    })
}

/// Closes the dialog for good: its value is forgotten by `effect`.
fn close(model: &mut Model, effect: impl FnOnce(RequestId, TeamIndex, Box<Creation>, String) -> Effect) -> Vec<Effect> {
    let Some(OpenDialog::ShowOnce(show)) = model.dialogs.pop() else {
        return Vec::new();
    };
    if let Some(state) = model.teams.get_mut(show.team.0) {
        state.waiting.retain(|one| one.creation().op != show.creation.op);
    }
    let request = model.begin("forgetting the value", true);
    let called = show.key.display_name();
    vec![effect(request, show.team, Box::new(show.creation), called)]
}

fn copy(model: &mut Model, on_clipboard: Option<(ClipboardRoute, String)>) -> Vec<Effect> {
    let Some(OpenDialog::ShowOnce(show)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let ours = on_clipboard.is_some_and(|(route, key)| {
        // The terminal does not confirm, so there another try is not a second copy.
        key == show.key.id.raw() && matches!(route, ClipboardRoute::Desktop { .. })
    });
    if matches!(show.copy, CopyState::Copying(_)) {
        return Vec::new();
    }
    if ours {
        model.say(
            Role::Warn,
            "The value is on the clipboard already; it is not copied twice.",
        );
        return Vec::new();
    }
    let secret = Arc::clone(&show.secret);
    let key = show.key.id.raw().to_owned();
    let request = model.begin("copying", false);
    model.copying = Some(key);
    if let Some(OpenDialog::ShowOnce(show)) = model.dialogs.last_mut() {
        show.copy = CopyState::Copying(request);
    }
    vec![Effect::Copy(request, secret)]
}

fn keep_for_later(model: &mut Model) {
    let Some(OpenDialog::ShowOnce(show)) = model.dialogs.pop() else {
        return;
    };
    let called = show.key.display_name();
    let store = model.settings.store_name;
    let Some(state) = model.teams.get_mut(show.team.0) else {
        return;
    };
    let waiting = &mut state.waiting;
    if waiting.iter().all(|one| one.creation().op != show.creation.op) {
        waiting.push(Waiting::Value(show.creation));
    }
    model.say(
        Role::Warn,
        format!("{called} is not stored yet: its value waits in {store}. w opens it again."),
    );
}

pub(super) fn on_acknowledged(model: &mut Model, called: &str, result: Acknowledged) {
    let store = model.settings.store_name;
    match result {
        Acknowledged::Forgotten => model.say(
            Role::Ok,
            format!("✓ {called} is stored, as you say. Its value is gone from here and cannot be shown again."),
        ),
        Acknowledged::StillEscrowed(error) => model.say(
            Role::Warn,
            format!("{called} is stored, as you say, but {store} may still hold its value: {error}. The next start deletes it."),
        ),
        Acknowledged::NotRecorded => model.say(
            Role::Warn,
            format!("{called} is stored, as you say, but the journal did not take that: the next start asks again."),
        ),
    }
}

pub(super) fn on_discarded(
    model: &mut Model,
    team: TeamIndex,
    called: &str,
    was_escrowed: bool,
    result: Result<(), StoreError>,
) -> Vec<Effect> {
    let store = model.settings.store_name;
    let sentence = match result {
        Ok(()) => format!(
            "{called} is not stored: its value was deleted here, and nobody can use the key. Revoke it and create another."
        ),
        Err(error) if was_escrowed => format!("The value of {called} was not deleted: {error}. It is offered again."),
        Err(error) => {
            format!("The value of {called} was not deleted: {error}. It is offered again if {store} has it.")
        }
    };
    model.say(Role::Warn, sentence);
    reading::look(model, team, Since::EarlierRun)
}
