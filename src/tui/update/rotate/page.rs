//! The page of a rotation: what it waits for, and what it shows.

use crate::core::listing::ListedKey;
use crate::core::rotation::Rotation;
use crate::ops::rotate::Seen;
use crate::tui::effect::Effect;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::dialog::OpenDialog;
use crate::tui::model::rotation::{Poll, RotationPage, Shown};
use crate::tui::model::{LoadState, Model};
use crate::tui::theme::Role;
use jiff::SignedDuration;

/// The first wait between two readings of the list for step 3, and the longest.
const FIRST_POLL: SignedDuration = SignedDuration::from_secs(10);
const LONGEST_POLL: SignedDuration = SignedDuration::from_secs(60);
/// Where an old key has to be quiet for less than this, the first wait is shorter.
const SHORT_QUIET: SignedDuration = SignedDuration::from_secs(60);
const SHORT_POLL: SignedDuration = SignedDuration::from_secs(2);

pub(super) fn read(model: &mut Model, rotation: Box<Rotation>) -> Vec<Effect> {
    let team = page_team(model);
    let request = start(model, "reading", false);
    vec![Effect::ReadRotation(request, team, rotation)]
}

/// Begins something the page waits for.
pub(super) fn start(model: &mut Model, doing: &'static str, changes_keys: bool) -> RequestId {
    let request = model.begin(doing, changes_keys);
    if let Some(page) = page(model) {
        page.doing = Some(request);
        page.error = None;
    }
    request
}

pub(super) fn page(model: &mut Model) -> Option<&mut RotationPage> {
    model.dialogs.iter_mut().find_map(|dialog| match dialog {
        OpenDialog::Rotation(page) => Some(page),
        _ => None,
    })
}

pub(super) fn page_team(model: &mut Model) -> TeamIndex {
    let active = model.active;
    page(model).map_or(active, |page| page.team)
}

/// The page that waits for this run.
pub(super) fn awaiting(model: &mut Model, request: RequestId) -> Option<&mut RotationPage> {
    page(model).filter(|page| page.doing == Some(request))
}

pub(super) fn fail(model: &mut Model, request: RequestId, sentence: String) {
    match awaiting(model, request) {
        Some(page) => {
            page.doing = None;
            page.error = Some(sentence);
        }
        None => model.say(Role::Danger, sentence),
    }
}

/// Shows how a rotation stands on its page; answers what the page was waiting for.
pub(super) fn show_on_page(model: &mut Model, seen: Seen) -> Option<RequestId> {
    let (now, quiet) = (model.now, model.settings.quiet);
    let page = page(model)?;
    let same = match &page.shown {
        Shown::Row(shown) => shown.id == seen.rotation.id,
        Shown::Elsewhere { old, .. } => *old == seen.rotation.old.id,
    };
    if !same {
        return None;
    }
    let asked = page.doing.take();
    page.poll = next_poll(&seen.rotation, page.poll, quiet, now);
    page.place = page.place.min(seen.rotation.places.len().saturating_sub(1));
    page.troubles = seen.troubles;
    page.waiting = seen.waiting.map(Box::new);
    page.shown = Shown::Row(Box::new(seen.rotation));
    asked
}

/// Only step 3 waits for something that the list will tell by itself.
pub(super) fn next_poll(
    rotation: &Rotation,
    last: Option<Poll>,
    quiet: SignedDuration,
    now: jiff::Timestamp,
) -> Option<Poll> {
    if rotation.step() != Some(3) {
        return None;
    }
    let first = if quiet < SHORT_QUIET { SHORT_POLL } else { FIRST_POLL };
    let wait = last.map_or(first, |poll| (poll.wait + poll.wait).min(LONGEST_POLL));
    let wait = if quiet < SHORT_QUIET { wait.min(first) } else { wait };
    Some(Poll {
        at: now.checked_add(wait).ok()?,
        wait,
    })
}

/// Takes in a list that was read for a rotation, and its row.
pub(super) fn take(model: &mut Model, team: TeamIndex, seen: &Seen) {
    let now = model.now;
    if seen.listing.complete
        && let Some(state) = model.teams.get_mut(team.0)
    {
        let server_now = now.checked_add(state.clock_offset).unwrap_or(now);
        let keys: Vec<ListedKey> = seen.listing.keys.clone();
        state.list.replace(keys, server_now);
        state.as_of = Some(seen.listing.as_of);
        state.complete = true;
        state.odd = seen.listing.odd;
        state.load = LoadState::Fresh;
    }
    keep(model, team, &seen.rotation);
}

/// Keeps a rotation among what was written down.
pub(super) fn keep(model: &mut Model, team: TeamIndex, rotation: &Rotation) {
    let now = model.now;
    let Some(state) = model.teams.get_mut(team.0) else {
        return;
    };
    let server_now = now.checked_add(state.clock_offset).unwrap_or(now);
    let mut notes = state.list.notes().clone();
    match notes.rotations.iter_mut().find(|kept| kept.id == rotation.id) {
        Some(kept) if kept.revision <= rotation.revision => *kept = rotation.clone(),
        Some(_) => {}
        None => notes.rotations.push(rotation.clone()),
    }
    state.list.annotate(notes, server_now);
}
