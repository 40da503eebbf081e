//! The list: moving, filtering, sorting, reading it again.

use jiff::SignedDuration;
use tui_input::Input;

use crate::core::capability::{Capabilities, Capability};
use crate::core::due::Notes;
use crate::core::listing::Listing;
use crate::core::team::TeamIdentity;
use crate::ops::recover::Since;
use crate::ops::review::Progress;
use crate::ports::{ApiError, Fault};
use crate::tui::dialog::details::Details;
use crate::tui::dialog::help::Help;
use crate::tui::dialog::palette::Palette;
use crate::tui::dialog::sign_in::SignIn;
use crate::tui::dialog::snooze::Snooze;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::list::Marks;
use crate::tui::model::{LoadState, Model, SessionState};
use crate::tui::theme::Role;
use crate::tui::update::{activity, bulk, create, due, leak, leave, revoke, rotate, sign_in, waiting};

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => return leave::quit(model),
        Action::NewKey => return create::open(model),
        // A mark that the filter hides is out of sight: the key under the cursor is meant.
        Action::Revoke if !model.team().list.marked(Marks::Visible).is_empty() => return bulk::open(model),
        Action::Revoke => {
            if let Some(id) = model.team().list.selected().map(|row| row.listed.key.id.clone()) {
                return revoke::open(model, &id);
            }
        }
        Action::Rotate => {
            if let Some(id) = model.team().list.selected().map(|row| row.listed.key.id.clone()) {
                return rotate::open(model, &id);
            }
        }
        Action::Snooze => {
            if let Some(id) = model.team().list.selected().map(|row| row.listed.key.id.clone()) {
                let dialog = Snooze::about(model, &id);
                dialog.into_iter().for_each(|dialog| model.dialogs.open(dialog));
            }
        }
        Action::Refresh => {
            let mut effects = vec![Effect::AskAgain(model.active)];
            effects.extend(load(model, model.active));
            return effects;
        }
        Action::Leak => leak::open(model),
        Action::SignIn => model.dialogs.open(SignIn::default()),
        Action::Waiting => return waiting::open(model),
        Action::NextTeam => return next_team(model),
        Action::DueView => return due::open(model),
        Action::ActivityView => return activity::open(model),
        Action::Help => model.dialogs.open(Help::default()),
        Action::Palette => model.dialogs.open(Palette::default()),
        Action::Details => {
            if let Some(row) = model.team().list.selected() {
                let id = row.listed.key.id.clone();
                model.dialogs.open(Details::about(id));
            }
        }
        Action::Filter => model.filtering = true,
        Action::KeepFilter => model.filtering = false,
        Action::Back if !model.filtering && model.team().list.marked_count() > 0 => model.team_mut().list.clear_marks(),
        Action::Back => {
            model.filtering = false;
            model.team_mut().list.edit_filter(|input| *input = Input::default());
        }
        Action::Toggle => model.team_mut().list.toggle_mark(),
        Action::Sort => model.team_mut().list.sort_next(),
        Action::ReverseSort => model.team_mut().list.reverse(),
        Action::Down => model.team_mut().list.step(1),
        Action::Up => model.team_mut().list.step(-1),
        Action::PageDown => model.team_mut().list.page(1),
        Action::PageUp => model.team_mut().list.page(-1),
        Action::Top => model.team_mut().list.first(),
        Action::Bottom => model.team_mut().list.last(),
        Action::Interrupt
        | Action::Suspend
        | Action::KeysView
        | Action::Submit
        | Action::Copy
        | Action::Send
        | Action::TryAgain
        | Action::Reveal
        | Action::Stored
        | Action::Attest
        | Action::Adopt
        | Action::CancelRotation
        | Action::NextLine
        | Action::CopyTimeline
        | Action::WriteReport
        | Action::WithLeakedKey
        | Action::AddExisting
        | Action::OpenPage
        | Action::NotMade
        | Action::IncludeHidden
        | Action::Yes
        | Action::No => {}
    }
    Vec::new()
}

/// Reads a team's list, once at a time: a second wish takes the place of the first.
pub(super) fn load(model: &mut Model, team: TeamIndex) -> Vec<Effect> {
    let before = model.teams.get(team.0).and_then(|state| state.loading);
    let mut effects = Vec::new();
    if let Some((request, _)) = before {
        model.in_flight.remove(&request);
        effects.push(Effect::Cancel(request));
    }
    let request = model.begin("reading", false);
    if let Some(state) = model.teams.get_mut(team.0) {
        state.loading = Some((request, None));
    }
    effects.push(Effect::Load(request, team));
    effects
}

pub(super) fn on_page(model: &mut Model, request: RequestId, progress: Progress) -> Vec<Effect> {
    for state in &mut model.teams {
        if let Some((awaited, at)) = &mut state.loading
            && *awaited == request
        {
            *at = Some(progress);
        }
    }
    Vec::new()
}

pub(super) fn on_loaded(
    model: &mut Model,
    request: RequestId,
    team: TeamIndex,
    (capabilities, matched): (Capabilities, usize),
    result: Result<(Listing, SignedDuration), ApiError>,
    notes: Notes,
) -> Vec<Effect> {
    let now = model.now;
    let Some(state) = model.teams.get_mut(team.0) else {
        return Vec::new();
    };
    state.loading = None;
    let mut note = None;
    let failure = match result {
        Ok((listing, offset)) => {
            state.clock_offset = offset;
            let server_now = now.checked_add(offset).unwrap_or(now);
            state.list.annotate(notes, server_now);
            state.list.replace(listing.keys, server_now);
            if listing.team != TeamIdentity::Unknown {
                state.team = listing.team;
            }
            state.as_of = Some(listing.as_of);
            state.complete = listing.complete;
            state.odd = listing.odd;
            state.load = LoadState::Fresh;
            let had_list = state.capabilities.list != Capability::Manual;
            state.capabilities = capabilities;
            note = note_of(capabilities, matched, had_list);
            None
        }
        Err(error) => {
            let sentence = error.to_string();
            if error.fault == Fault::Unauthorized {
                state.session = SessionState::SignedOut(Some(sentence.clone()));
            }
            state.load = LoadState::Failed(sentence.clone());
            Some(sentence)
        }
    };
    let mut effects = revoke::facts_read(model, request, failure.as_deref());
    effects.extend(bulk::facts_read(model, request, failure.as_deref()));
    if let (Some(note), true, true) = (note, team == model.active, model.notice.is_none()) {
        model.say(Role::Plain, note);
    }
    match failure {
        Some(sentence) if team == model.active => model.say(Role::Danger, sentence),
        Some(_) => {}
        None => {
            let unseen = model
                .teams
                .get(team.0)
                .is_some_and(|state| !state.looked || !state.waiting.is_empty());
            if unseen {
                effects.extend(waiting::look(model, team, Since::EarlierRun));
            }
        }
    }
    effects
}

/// What is said once of a list that is not the server's, or of tracked keys that it has by now.
fn note_of(capabilities: Capabilities, matched: usize, had_list: bool) -> Option<String> {
    if capabilities.list == Capability::Manual {
        return had_list.then(|| {
            "The server has no list of keys: these are tracked here. n, then Tab, adds one that exists; chatzuri-keys \
             status says more."
                .to_owned()
        });
    }
    match matched {
        0 => None,
        1 => {
            Some("1 tracked key is in the server's list by now: chatzuri-keys track --match hands it over.".to_owned())
        }
        several => Some(format!(
            "{several} tracked keys are in the server's list by now: chatzuri-keys track --match hands them over."
        )),
    }
}

fn next_team(model: &mut Model) -> Vec<Effect> {
    model.active = TeamIndex((model.active.0 + 1) % model.teams.len().max(1));
    model.filtering = false;
    model.notice = None;
    match model.team().session {
        SessionState::Unknown => sign_in::look_for_session(model),
        _ => Vec::new(),
    }
}
