//! Finding the credential, and asking for it.

use crate::core::team::TeamIdentity;
use crate::ops::sign_in::{CredentialSource, SignInError};
use crate::tui::dialog::sign_in::SignIn;
use crate::tui::effect::Effect;
use crate::tui::message::TeamIndex;
use crate::tui::model::{Model, SessionState};
use crate::tui::page::reading::load;
use crate::tui::theme::Role;

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
                model.dialogs.open(SignIn::default());
            }
            Vec::new()
        }
        Err(error) => {
            model.say(Role::Danger, error.to_string());
            Vec::new()
        }
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
            if let Some(dialog) = model.dialogs.find_mut::<SignIn>() {
                dialog.ended(None);
            }
            model.dialogs.close(|_: &SignIn| true);
            let opened = words.unwrap_or_else(|| "a team without a name".to_owned());
            model.say(
                Role::Ok,
                format!("✓ Signed in: the key opens {opened} and is kept in your keyring."),
            );
            load(model, team)
        }
        Err(error) => {
            let sentence = error.to_string();
            match model.dialogs.find_mut::<SignIn>() {
                Some(dialog) => dialog.ended(Some(sentence)),
                None => model.say(Role::Danger, sentence),
            }
            Vec::new()
        }
    }
}
