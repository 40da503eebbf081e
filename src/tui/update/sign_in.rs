//! Finding the credential, and asking for it.

use crossterm::event::{Event, KeyCode, KeyModifiers};

use crate::core::team::TeamIdentity;
use crate::ops::sign_in::{CredentialSource, SignInError};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::TeamIndex;
use crate::tui::model::dialog::{Dialog, SignInForm};
use crate::tui::model::{Model, SessionState};
use crate::tui::theme::Role;
use crate::tui::update::list::load;

pub(super) fn look_for_session(model: &mut Model) -> Vec<Effect> {
    look_for(model, model.active)
}

pub(super) fn look_for(model: &mut Model, team: TeamIndex) -> Vec<Effect> {
    let request = model.begin("looking for the credential", false);
    if let Some(state) = model.teams.get_mut(team.0) {
        state.session = SessionState::Looking;
    }
    vec![Effect::FindSession(request, team)]
}

pub(super) fn open(model: &mut Model) {
    model.dialogs.push(Dialog::SignIn(SignInForm::default()));
}

pub(super) fn on_session(
    model: &mut Model,
    team: TeamIndex,
    result: Result<Option<CredentialSource>, SignInError>,
) -> Vec<Effect> {
    let state = match &result {
        Ok(Some(source)) => SessionState::Found(*source),
        Ok(None) => SessionState::SignedOut(None),
        Err(error) => SessionState::SignedOut(Some(error.to_string())),
    };
    if let Some(slot) = model.teams.get_mut(team.0) {
        slot.session = state;
    }
    match result {
        Ok(Some(_)) => load(model, team),
        Ok(None) => {
            if team == model.active && model.dialogs.is_empty() {
                open(model);
            }
            Vec::new()
        }
        Err(error) => {
            model.say(Role::Danger, error.to_string());
            Vec::new()
        }
    }
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Dialog::SignIn(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    match action {
        Action::Back => {
            let sent = form.sent;
            model.dialogs.pop();
            // The check is given up; a keyring prompt that is still open is left to the person.
            match sent {
                Some(request) => {
                    model.in_flight.remove(&request);
                    vec![Effect::Cancel(request)]
                }
                None => Vec::new(),
            }
        }
        Action::Submit if form.sent.is_none() => match form.field.take() {
            Ok(secret) => {
                form.error = None;
                let request = model.begin("signing in", false);
                if let Some(Dialog::SignIn(form)) = model.dialogs.last_mut() {
                    form.sent = Some(request);
                }
                vec![Effect::SignIn(request, model.active, secret)]
            }
            Err(error) => {
                form.error = Some(error.to_string());
                Vec::new()
            }
        },
        _ => Vec::new(),
    }
}

pub(super) fn type_secret(model: &mut Model, event: &Event) {
    let Some(Dialog::SignIn(form)) = model.dialogs.last_mut() else {
        return;
    };
    let Event::Key(key) = event else { return };
    if form.sent.is_some() {
        return;
    }
    let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char('u') if control => form.field.clear(),
        KeyCode::Char(c) if !control => form.field.push(c),
        KeyCode::Backspace => form.field.backspace(),
        _ => return,
    }
    form.error = None;
}

pub(super) fn paste(model: &mut Model, text: &str) {
    if let Some(Dialog::SignIn(form)) = model.dialogs.last_mut()
        && form.sent.is_none()
    {
        form.field.paste(text);
        form.error = None;
    }
}

pub(super) fn on_signed_in(
    model: &mut Model,
    team: TeamIndex,
    result: Result<TeamIdentity, SignInError>,
) -> Vec<Effect> {
    match result {
        Ok(opened) => {
            let words = opened.words();
            if let Some(slot) = model.teams.get_mut(team.0) {
                slot.session = SessionState::Found(CredentialSource::Store);
                slot.team = opened;
            }
            model.dialogs.retain(|dialog| !matches!(dialog, Dialog::SignIn(_)));
            let opened = words.unwrap_or_else(|| "a team without a name".to_owned());
            model.say(
                Role::Ok,
                format!("✓ Signed in: the key opens {opened} and is kept in your keyring."),
            );
            load(model, team)
        }
        Err(error) => {
            let sentence = error.to_string();
            match model.dialogs.iter_mut().rev().find_map(|dialog| match dialog {
                Dialog::SignIn(form) => Some(form),
                _ => None,
            }) {
                Some(form) => {
                    form.sent = None;
                    form.error = Some(sentence);
                }
                None => model.say(Role::Danger, sentence),
            }
            Vec::new()
        }
    }
}
