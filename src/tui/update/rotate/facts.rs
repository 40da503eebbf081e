//! What came of a rotation's steps, and the list that is read again for step 3.

use jiff::SignedDuration;

use super::{fail, keep, page, read, show_on_page, take};
use crate::core::key::ApiKey;
use crate::ops::rotate::{Finished, RotateError, Seen};
use crate::ports::Fault;
use crate::tui::effect::Effect;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::Model;
use crate::tui::model::dialog::Dialog;
use crate::tui::model::rotation::{Poll, Shown};
use crate::tui::theme::Role;
use crate::tui::update::{list, revoke};

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
            let new = seen.rotation.new_key().map(|new| new.id.clone());
            let asked = show_on_page(model, *seen) == Some(request);
            // What stays behind is offered to be revoked, by the one who gave it up.
            if given_up && asked {
                model.dialogs.retain(|dialog| !matches!(dialog, Dialog::Rotation(_)));
                model.say(Role::Plain, "The rotation is given up; the old key stays as it is.");
                if let Some(new) = new
                    && team == model.active
                    && model.team().list.find(&new).is_some()
                {
                    return revoke::open(model, &new);
                }
            }
        }
        Err(error) => {
            let wait = match &error {
                RotateError::List(cause) => match cause.fault {
                    Fault::RateLimited(asked) => asked.and_then(|wait| SignedDuration::try_from(wait).ok()),
                    _ => None,
                },
                _ => None,
            };
            let now = model.now;
            if let Some(page) = page(model) {
                page.doing = None;
                page.error = Some(error.to_string());
                page.poll = page.poll.map(|poll| {
                    let wait = wait.unwrap_or(poll.wait).max(poll.wait);
                    Poll {
                        at: now.checked_add(wait).unwrap_or(poll.at),
                        wait,
                    }
                });
            }
        }
    }
    Vec::new()
}

pub(in crate::tui::update) fn on_finished(
    model: &mut Model,
    team: TeamIndex,
    old: &ApiKey,
    result: Result<Box<Finished>, RotateError>,
) -> Vec<Effect> {
    model.dialogs.retain(
        |dialog| !matches!(dialog, Dialog::Revoke(form) if form.finishing.is_some() && form.target.key.id == old.id),
    );
    match result {
        Ok(finished) => {
            let mut sentence = finished.sentence(old);
            if let Err(error) = &finished.recorded {
                sentence.push_str(&format!(" Nothing is being recorded: {error}."));
            }
            match &finished.outcome {
                Some(outcome) if outcome.is_proven() => model.say(Role::Ok, format!("✓ {sentence}")),
                Some(_) => model.say(Role::Danger, format!("✗ {sentence}")),
                None => {}
            }
            keep(model, team, &finished.rotation);
            // The cursor stays on what the key is now.
            if let (Some(new), Some(state)) = (finished.rotation.new_key(), model.teams.get_mut(team.0))
                && finished.rotation.is_over()
            {
                state.list.select(&new.id);
            }
            if let Some(page) = page(model) {
                page.doing = None;
                page.error = None;
                page.troubles.clear();
                page.poll = None;
                page.shown = Shown::Row(Box::new(finished.rotation));
            }
        }
        Err(error) => fail(model, error.to_string()),
    }
    list::load(model, team)
}

/// Reads the list again where the page wants it.
pub(in crate::tui::update) fn on_wake(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Some(Dialog::Rotation(page)) = model.dialogs.last() else {
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
