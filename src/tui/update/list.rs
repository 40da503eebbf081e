//! The list: moving, filtering, sorting, reading it again.

use jiff::SignedDuration;

use crate::core::capability::{Capabilities, Capability};
use crate::core::listing::Listing;
use crate::core::notes::Notes;
use crate::core::team::TeamIdentity;
use crate::ops::recover::Since;
use crate::ops::review::ReadProgress;
use crate::ports::{ApiError, Fault};
use crate::tui::effect::Effect;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::{LoadState, Model, SessionState};
use crate::tui::page::reading;
use crate::tui::theme::Role;
use crate::tui::update::{bulk, revoke};

pub(super) fn on_page(model: &mut Model, request: RequestId, progress: ReadProgress) -> Vec<Effect> {
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
                effects.extend(reading::look(model, team, Since::EarlierRun));
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
