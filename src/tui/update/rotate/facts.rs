//! What came of a rotation's steps, and the list that is read again for step 3.

use jiff::SignedDuration;

use super::page::{awaiting, fail, keep, next_poll, page, read, show_on_page, take};
use crate::core::capability::Capability;
use crate::core::creation::MintedKey;
use crate::core::key::{ApiKey, KeyId, Own};
use crate::core::outcome::Outcome;
use crate::ops::rotate::{Finished, RotateError, Seen};
use crate::ports::Fault;
use crate::tui::effect::Effect;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::Model;
use crate::tui::model::dialog::OpenDialog;
use crate::tui::model::rotation::{Poll, RotationPage, Shown};
use crate::tui::page::reading;
use crate::tui::theme::Role;
use crate::tui::update::{manual, revoke};

pub(in crate::tui::update) fn on_read(
    model: &mut Model,
    request: RequestId,
    team: TeamIndex,
    result: Result<Box<Seen>, RotateError>,
) -> Vec<Effect> {
    match result {
        Ok(seen) => {
            take(model, team, &seen);
            let given_up = seen.rotation.word() == "cancelled";
            let (old, new) = (seen.rotation.old.id.clone(), seen.rotation.new_key().cloned());
            let asked = show_on_page(model, *seen) == Some(request);
            if given_up && asked {
                return after_giving_up(model, team, &old, new);
            }
        }
        Err(error) => on_unread(model, request, &error),
    }
    Vec::new()
}

/// What stays behind is offered to be revoked, by the one who gave the rotation up; not what is needed.
fn after_giving_up(model: &mut Model, team: TeamIndex, old: &KeyId, new: Option<MintedKey>) -> Vec<Effect> {
    model
        .dialogs
        .retain(|dialog| !matches!(dialog, OpenDialog::Rotation(_)));
    let list = model.teams.get(team.0).map(|state| &state.list);
    let listed = |id: &KeyId| list.and_then(|list| list.known_as(id)).map(|row| row.listed.own);
    let old_is_there = listed(old).is_some();
    let left = new.filter(|new| listed(&new.id).is_some_and(|own| own != Own::Yes));
    match left {
        Some(new) if !old_is_there => {
            let called = new.bare().display_name();
            model.say(
                Role::Warn,
                format!("The rotation is given up. Its old key was gone already: {called} is the only one left."),
            );
            Vec::new()
        }
        Some(new) if team == model.active => {
            model.say(Role::Plain, "The rotation is given up; the old key stays as it is.");
            revoke::open(model, &new.id)
        }
        _ => {
            model.say(Role::Plain, "The rotation is given up; the old key stays as it is.");
            Vec::new()
        }
    }
}

/// The list was not read, or the move not made: the page that waits for it says so, and looks again later and later.
fn on_unread(model: &mut Model, request: RequestId, error: &RotateError) {
    let asked = match error {
        RotateError::List(cause) => match cause.fault {
            Fault::RateLimited(asked) => asked.and_then(|wait| SignedDuration::try_from(wait).ok()),
            _ => None,
        },
        _ => None,
    };
    let (now, quiet) = (model.now, model.settings.quiet);
    let Some(page) = awaiting(model, request) else {
        // The person has left the page; what did not work is not left unsaid.
        model.say(Role::Danger, error.to_string());
        return;
    };
    page.doing = None;
    page.error = Some(error.to_string());
    let next = page
        .rotation()
        .and_then(|rotation| next_poll(rotation, page.poll, quiet, now));
    page.poll = next.map(|poll| {
        let wait = asked.map_or(poll.wait, |asked| asked.max(poll.wait));
        Poll {
            at: now.checked_add(wait).unwrap_or(poll.at),
            wait,
        }
    });
}

pub(in crate::tui::update) fn on_finished(
    model: &mut Model,
    request: RequestId,
    team: TeamIndex,
    old: &ApiKey,
    result: Result<Box<Finished>, RotateError>,
) -> Vec<Effect> {
    model.dialogs.retain(
        |dialog| !matches!(dialog, OpenDialog::Revoke(form) if form.finishing.is_some() && form.target.key.id == old.id),
    );
    match result {
        Ok(finished) => {
            let mut sentence = finished.sentence(old);
            if let Err(error) = &finished.recorded {
                sentence.push_str(&format!(" Nothing is being recorded: {error}."));
            }
            model.say_outcome(&finished.outcome, &sentence);
            let row = model.team().list.find(&old.id).map(|row| row.listed.clone());
            // No list will show it: their word is what is left.
            if let (Outcome::Unconfirmed(why), Some(target)) = (&finished.outcome, row)
                && target.is_tracked()
                && model.team().capabilities.list == Capability::Manual
            {
                manual::ask_for_word(model, target, Some(why));
            }
            keep(model, team, &finished.rotation);
            let is_of_it =
                |page: &&mut RotationPage| page.rotation().is_some_and(|shown| shown.id == finished.rotation.id);
            if let Some(page) = page(model).filter(is_of_it) {
                page.doing = None;
                page.error = None;
                page.troubles.clear();
                page.poll = None;
                page.shown = Shown::Row(finished.rotation.clone().into());
                // The cursor stays on what the key is now.
                if let (Some(new), Some(state)) = (finished.rotation.new_key(), model.teams.get_mut(team.0)) {
                    state.list.select(&new.id);
                }
            }
        }
        Err(error) => match page(model) {
            Some(page) if page.rotation().is_some_and(|shown| shown.old.id == old.id) => {
                page.doing = None;
                page.error = Some(error.to_string());
            }
            _ => fail(model, request, error.to_string()),
        },
    }
    reading::load(model, team)
}

/// Reads the list again where the page wants it.
pub(in crate::tui::update) fn on_wake(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Some(OpenDialog::Rotation(page)) = model.dialogs.last() else {
        return Vec::new();
    };
    match page.rotation() {
        Some(rotation) if page.doing.is_none() && page.poll.is_some_and(|poll| poll.at <= now) => {
            let rotation = Box::new(rotation.clone());
            read(model, rotation)
        }
        _ => Vec::new(),
    }
}

/// A value that was a step of the rotation on the page is stored: the page is brought up to it.
pub(in crate::tui::update) fn on_stored(model: &mut Model) -> Vec<Effect> {
    match page(model).and_then(|page| page.rotation().cloned()) {
        Some(rotation) => read(model, Box::new(rotation)),
        None => Vec::new(),
    }
}
