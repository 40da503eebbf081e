//! The steps of a rotation as a person takes them on its page.

use super::page::{page_team, read, start};
use crate::core::creation::Creation;
use crate::core::rotation::{Discrepancy, Next, PlaceState, Rotation, measured};
use crate::ops::recover::{Since, Waiting};
use crate::tui::dialog::attest::Attest;
use crate::tui::dialog::cancel_rotation::CancelRotation;
use crate::tui::effect::{Effect, RotationMove};
use crate::tui::keymap::Action;
use crate::tui::model::Model;
use crate::tui::model::dialog::OpenDialog;
use crate::tui::model::rotation::{Finishing, Shown};
use crate::tui::page::reading;
use crate::tui::update::{manual, revoke};
use crate::tui::view::most_scroll;

pub(in crate::tui::update) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let (quiet, now) = (model.settings.quiet, model.server_now());
    let most = most_scroll(model);
    let Some(OpenDialog::Rotation(page)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let places = page.rotation().map_or(0, |rotation| rotation.places.len());
    let choosing = places > 1 && page.rotation().is_some_and(|rotation| rotation.step() == Some(2));
    match action {
        Action::Down if choosing => page.place = (page.place + 1).min(places.saturating_sub(1)),
        Action::Up if choosing => page.place = page.place.saturating_sub(1),
        Action::Down => page.scroll = page.scroll.saturating_add(1).min(most),
        Action::Up => page.scroll = page.scroll.saturating_sub(1),
        Action::PageDown => page.scroll = page.scroll.saturating_add(10).min(most),
        Action::PageUp => page.scroll = page.scroll.saturating_sub(10),
        Action::Back => {
            model.dialogs.pop();
        }
        // One thing at a time: the next key would be about what is not known yet.
        _ if page.doing.is_some() => {}
        Action::Submit => return next(model),
        Action::Toggle => return tick(model),
        Action::Attest => {
            let Some(rotation) = page.rotation().cloned() else {
                return Vec::new();
            };
            match rotation.next(quiet, now) {
                Next::Tick(_) | Next::Wait(_) | Next::UsedAgain(_) => model.dialogs.open(Attest::of(rotation)),
                Next::Revoke | Next::Revoking | Next::Nothing => {
                    page.error = Some("There is nothing left to attest: step 3 is done.".to_owned());
                }
                _ => page.error = Some("There is nothing to attest yet: step 1 comes first.".to_owned()),
            }
        }
        Action::Revoke => return revoke_old(model),
        Action::Adopt => {
            if let Shown::Elsewhere { old, new } = &page.shown {
                let (team, old, new) = (page.team, old.clone(), new.clone());
                let request = start(model, "adopting", false);
                return vec![Effect::AdoptPair(request, team, old, new)];
            }
            page.error = Some("It is in this machine's journal already: there is nothing to adopt.".to_owned());
        }
        Action::CancelRotation => match page.rotation().cloned() {
            Some(rotation) if !rotation.is_over() => {
                model.dialogs.open(CancelRotation::of(rotation));
            }
            _ => page.error = Some("There is nothing to give up here.".to_owned()),
        },
        Action::Refresh => {
            if let Some(rotation) = page.rotation().cloned() {
                return read(model, Box::new(rotation));
            }
        }
        _ => {}
    }
    Vec::new()
}

/// Does what comes next.
fn next(model: &mut Model) -> Vec<Effect> {
    let (quiet, now) = (model.settings.quiet, model.server_now());
    let Some(OpenDialog::Rotation(page)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let team = page.team;
    let Some(rotation) = page.rotation().cloned() else {
        return act(model, Action::Adopt);
    };
    let old_is_gone = page
        .troubles
        .iter()
        .any(|trouble| matches!(trouble, Discrepancy::OldGone { .. }));
    let new_is_gone = page
        .troubles
        .iter()
        .any(|trouble| matches!(trouble, Discrepancy::NewGone { back_as: None }));
    if new_is_gone {
        let request = start(model, "creating", true);
        return vec![Effect::BeginRotation(request, team, rotation.old.id, None)];
    }
    let has_new = rotation.step().is_some_and(|step| step > 1);
    if old_is_gone && has_new {
        let request = start(model, "closing", true);
        return vec![Effect::FinishRotation(request, team, Box::new(rotation), false)];
    }
    match rotation.next(quiet, now) {
        Next::Create => {
            let request = start(model, "creating", true);
            vec![Effect::BeginRotation(request, team, rotation.old.id, None)]
        }
        // The value of our own key goes to its place first, where that was not done yet.
        Next::Store if rotation.own => {
            let request = start(model, "opening the value", true);
            vec![Effect::BeginRotation(request, team, rotation.old.id, None)]
        }
        Next::Store => match page.waiting.clone() {
            Some(creation) => vec![Effect::Reopen(model.begin("opening the value", false), team, creation)],
            None => read(model, Box::new(rotation)),
        },
        Next::AwaitAnswer => {
            if let Some(creation) = left_in_browser(model, &rotation) {
                return manual::begin(model, team, creation);
            }
            let mut effects = reading::look(model, team, Since::EarlierRun);
            effects.extend(read(model, Box::new(rotation)));
            effects
        }
        Next::Tick(_) => tick_next(model),
        Next::Revoke => revoke_old(model),
        Next::ProveAlive | Next::Wait(_) | Next::Revoking | Next::UsedAgain(_) => read(model, Box::new(rotation)),
        Next::Nothing => {
            model.dialogs.pop();
            Vec::new()
        }
    }
}

/// The new key that the person was making in the browser, where they left that.
fn left_in_browser(model: &Model, rotation: &Rotation) -> Option<Creation> {
    let mut waiting = model.team().waiting.iter();
    waiting.find_map(|one| match one {
        Waiting::Asked(creation) if creation.intent.manual && Some(&creation.op) == rotation.creation() => {
            Some(creation.clone())
        }
        _ => None,
    })
}

/// Ticks the marked place; one that is ticked already stays so, and the next open one is marked.
fn tick_next(model: &mut Model) -> Vec<Effect> {
    let Some(OpenDialog::Rotation(page)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let is_open = |state: &PlaceState| state.ticked.is_none();
    let places = page
        .rotation()
        .map_or(&[] as &[PlaceState], |rotation| &rotation.places);
    if places.get(page.place).is_some_and(is_open) {
        return tick(model);
    }
    if let Some(open) = places.iter().position(is_open) {
        page.place = open;
    }
    Vec::new()
}

fn tick(model: &mut Model) -> Vec<Effect> {
    let Some(OpenDialog::Rotation(page)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let Some(rotation) = page.rotation().cloned() else {
        return Vec::new();
    };
    if rotation.step() != Some(2) {
        page.error = Some(
            match rotation.step() {
                Some(1) => "Nothing to tick yet: store the new key's value first.",
                _ => "Nothing to tick: the roll-out is done.",
            }
            .to_owned(),
        );
        return Vec::new();
    }
    let Some(state) = rotation.places.get(page.place) else {
        return Vec::new();
    };
    let step = match &state.ticked {
        Some(_) => RotationMove::Untick(state.place.clone()),
        None => RotationMove::Tick(state.place.clone()),
    };
    take_step(model, Box::new(rotation), step)
}

/// Asks about the old key, with fresh facts; before step 4 its name has to be typed.
fn revoke_old(model: &mut Model) -> Vec<Effect> {
    let (quiet, now) = (model.settings.quiet, model.server_now());
    let Some(OpenDialog::Rotation(page)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let Some(rotation) = page.rotation().cloned() else {
        return Vec::new();
    };
    let forced = match rotation.next(quiet, now) {
        Next::Revoke => None,
        Next::Tick(_) => {
            let (ticked, all) = rotation.ticked();
            Some(format!("step 2 is open: {ticked} of {all} places run with the new key"))
        }
        Next::Wait(_) | Next::UsedAgain(_) => {
            let zone = model.settings.zone.clone();
            let written = |at| crate::tui::view::relative::clock(at, &zone);
            Some(format!("step 3 is open: {}", measured(&rotation, quiet, &written)))
        }
        Next::Revoking => {
            page.error =
                Some("A revocation was begun; it is taken over when it did not end in three minutes.".to_owned());
            return Vec::new();
        }
        _ => {
            page.error = Some("Nothing takes the old key's place yet: step 1 comes first.".to_owned());
            return Vec::new();
        }
    };
    let old = rotation.old.id.clone();
    let finishing = Finishing {
        rotation: Box::new(rotation),
        forced,
    };
    let effects = revoke::open_with(model, &old, Some(finishing));
    if effects.is_empty()
        && let Some(OpenDialog::Rotation(page)) = model.dialogs.last_mut()
    {
        page.error = Some("The old key is not in the list that is shown. R reads it again.".to_owned());
    }
    effects
}

/// Takes a step that a dialog over the page was about.
pub(in crate::tui::update) fn take_step(model: &mut Model, rotation: Box<Rotation>, step: RotationMove) -> Vec<Effect> {
    let doing = match step {
        RotationMove::Attest(_) => "attesting",
        RotationMove::Cancel => "giving up",
        RotationMove::Tick(_) | RotationMove::Untick(_) => "ticking",
    };
    let team = page_team(model);
    let request = start(model, doing, false);
    vec![Effect::MoveRotation(request, team, rotation, step)]
}
