//! The agenda of every team: open it, move, jump to a key.

use crate::tui::dialog::help::Help;
use crate::tui::dialog::palette::Palette;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::TeamIndex;
use crate::tui::model::{Model, SessionState, View};
use crate::tui::update::{activity, leak, leave, sign_in};

/// Shows the agenda, and reads the teams that were not read yet.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model.view = View::Due;
    model.filtering = false;
    refresh(model);
    let unseen: Vec<TeamIndex> = model
        .teams
        .iter()
        .enumerate()
        .filter(|(_, state)| state.session == SessionState::Unknown)
        .map(|(index, _)| TeamIndex(index))
        .collect();
    unseen
        .into_iter()
        .flat_map(|team| sign_in::look_for(model, team))
        .collect()
}

/// Takes in what the lists say now.
pub(super) fn refresh(model: &mut Model) {
    if model.view == View::Due {
        model.agenda.replace(&model.world.teams);
    }
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => return leave::quit(model),
        Action::Help => model.dialogs.open(Help::default()),
        Action::Leak => leak::open(model),
        Action::ActivityView => return activity::open(model),
        Action::Palette => model.dialogs.open(Palette::default()),
        Action::Refresh => {
            let ready = |state: &crate::tui::model::TeamState| matches!(state.session, SessionState::Found(_));
            let teams: Vec<TeamIndex> = model
                .teams
                .iter()
                .enumerate()
                .filter(|(_, state)| ready(state))
                .map(|(index, _)| TeamIndex(index))
                .collect();
            return teams
                .into_iter()
                .flat_map(|team| super::list::load(model, team))
                .collect();
        }
        Action::Down => model.agenda.step(1),
        Action::Up => model.agenda.step(-1),
        Action::PageDown => model.agenda.step(10),
        Action::PageUp => model.agenda.step(-10),
        Action::Top => model.agenda.first(),
        Action::Bottom => model.agenda.last(),
        Action::Back | Action::KeysView => model.view = View::Keys,
        Action::Details => {
            if let Some((team, id)) = model.agenda.selected().map(|entry| (entry.team, entry.id.clone())) {
                model.view = View::Keys;
                model.active = team;
                let list = &mut model.team_mut().list;
                list.edit_filter(|input| *input = tui_input::Input::default());
                list.select(&id);
            }
        }
        _ => {}
    }
    Vec::new()
}
