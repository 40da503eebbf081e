//! Revoke a key: ask with fresh facts, send, and say what was seen.

use tui_input::Input;

use crate::core::capability::Capability;
use crate::core::confirm::{Question, question, question_of_last_step, to_type};
use crate::core::key::{KeyId, Own};
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::ops::revoke::Method;
use crate::ports::JournalError;
use crate::tui::effect::Effect;
use crate::tui::errand::Errand;
use crate::tui::keymap::Action;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::dialog::{Confirm, Facts, Finding, OpenDialog, Proof, RevokeForm};
use crate::tui::model::manual::{ManualForm, Walk};
use crate::tui::model::rotation::Finishing;
use crate::tui::model::{Model, SessionState};
use crate::tui::page::reading::load;
use crate::tui::theme::Role;
use crate::tui::update::{manual, walk};

/// Asks about a key, and reads the list again meanwhile.
pub(super) fn open(model: &mut Model, id: &KeyId) -> Vec<Effect> {
    open_with(model, id, None)
}

/// The same, as the last step of a rotation.
pub(super) fn open_with(model: &mut Model, id: &KeyId, finishing: Option<Finishing>) -> Vec<Effect> {
    let Some(target) = model.team().list.find(id).map(|row| row.listed.clone()) else {
        return Vec::new();
    };
    if manual::is_manual(model, &target) {
        return manual::open_revoke(model, target);
    }
    let is_forced = finishing.as_ref().is_some_and(|finishing| finishing.forced.is_some());
    if manual::is_unseen(model, &target) && !is_forced {
        return manual::open_value(model, target, finishing);
    }
    let team = model.active;
    let mut effects = load(model, team);
    let mut finding = Finding::Over;
    if model.team().capabilities.revoke == Capability::Unknown {
        let (request, effect) = manual::ask_about(model, &target);
        finding = Finding::by(request);
        effects.push(effect);
    }
    let facts = match model.team().loading {
        Some((request, _)) => Facts::Reading(request),
        None => Facts::Fresh,
    };
    let confirm = confirm(model, &target, finishing.as_ref());
    model.dialogs.push(OpenDialog::Revoke(RevokeForm {
        target,
        facts,
        missing: false,
        finding,
        confirm,
        sent: None,
        hint: None,
        finishing,
        proof: Proof::List,
        walk: None,
    }));
    effects
}

/// Asks about a key whose death `proof` is to show.
pub(super) fn ask_with(
    model: &mut Model,
    target: ListedKey,
    (finishing, walk): (Option<Finishing>, Option<Walk>),
    proof: Proof,
) {
    let confirm = confirm(model, &target, finishing.as_ref());
    model.dialogs.push(OpenDialog::Revoke(RevokeForm {
        target,
        // What is tracked here is as new as it gets.
        facts: Facts::Fresh,
        missing: false,
        finding: Finding::Over,
        confirm,
        sent: None,
        hint: None,
        finishing,
        proof,
        walk,
    }));
}

fn confirm(model: &Model, target: &ListedKey, finishing: Option<&Finishing>) -> Confirm {
    let now = model.server_now();
    let asked = match finishing {
        Some(Finishing { forced: Some(_), .. }) => {
            let (expected, what) = to_type(target);
            Question::Typed { expected, what }
        }
        Some(finishing) => question_of_last_step(&finishing.rotation, target, model.settings.quiet, now),
        None => question(target, now),
    };
    confirm_by(asked)
}

/// How a question is answered.
pub(super) fn confirm_by(asked: Question) -> Confirm {
    match asked {
        Question::YesNo => Confirm::YesNo,
        Question::Typed { expected, what } => Confirm::Typed {
            input: Input::default(),
            expected,
            what,
        },
    }
}

/// The list came again: a dialog that waited for it shows the newest facts.
pub(super) fn facts_read(model: &mut Model, request: RequestId, failure: Option<&str>) -> Vec<Effect> {
    let awaited = model.dialogs.iter().position(
        |dialog| matches!(dialog, OpenDialog::Revoke(form) if form.facts == Facts::Reading(request) && form.sent.is_none()),
    );
    let Some(place) = awaited else { return Vec::new() };
    let Some(OpenDialog::Revoke(form)) = model.dialogs.get(place) else {
        return Vec::new();
    };
    let missed = form.missing;
    let newest = model
        .team()
        .list
        .find(&form.target.key.id)
        .map(|row| row.listed.clone());
    // A list that lacks keys the server counts is no proof that this one is gone.
    let incomplete = (newest.is_none() && !model.team().complete).then(|| model.team().odd.gap());
    let failure = failure.or(incomplete.as_deref());
    match (newest, failure) {
        (_, Some(sentence)) => {
            if let Some(OpenDialog::Revoke(form)) = model.dialogs.get_mut(place) {
                form.facts = Facts::Stale(sentence.to_owned());
                form.hint = None;
            }
        }
        (Some(newest), None) => {
            let again = confirm(model, &newest, form.finishing.as_ref());
            if let Some(OpenDialog::Revoke(form)) = model.dialogs.get_mut(place) {
                // What was typed while the facts came is kept unless they ask for another text.
                let same = matches!(
                    (&form.confirm, &again),
                    (Confirm::YesNo, Confirm::YesNo) | (Confirm::Typed { .. }, Confirm::Typed { .. })
                );
                if !same {
                    form.confirm = again;
                }
                form.target = newest;
                form.facts = Facts::Fresh;
                form.missing = false;
                form.hint = None;
            }
        }
        (None, None) if !missed => {
            let team = model.active;
            let effects = load(model, team);
            let again = model.team().loading.map(|(request, _)| request);
            if let (Some(OpenDialog::Revoke(form)), Some(again)) = (model.dialogs.get_mut(place), again) {
                form.missing = true;
                form.facts = Facts::Reading(again);
            }
            return effects;
        }
        (None, None) => {
            let called = form.target.key.display_name();
            model.dialogs.remove(place);
            model.say(
                Role::Ok,
                format!("✓ Already gone: {called} is not in the list any more. Nothing was sent."),
            );
        }
    }
    Vec::new()
}

pub(super) fn answer(model: &mut Model, action: Action, deliberate: bool) -> Vec<Effect> {
    let team = model.active;
    let Some(OpenDialog::Revoke(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    match (action, &form.confirm) {
        (Action::No | Action::Back, _) => {
            let called = form.target.key.display_name();
            let left = form
                .walk
                .as_ref()
                .map_or_else(String::new, |walk| format!(" {}", walk.words()));
            model.dialogs.pop();
            model.say(Role::Plain, format!("Nothing was revoked: {called} stays alive.{left}"));
            return Vec::new();
        }
        (Action::Yes | Action::Submit, _) if matches!(form.facts, Facts::Reading(_)) => {
            form.hint = Some("Reading its last use again…");
            return Vec::new();
        }
        (Action::Yes | Action::Submit, _) if form.finding.is_underway() => {
            form.hint = Some("Checking how this server revokes keys…");
            return Vec::new();
        }
        (Action::Yes, Confirm::YesNo) if deliberate => {}
        (Action::Submit, Confirm::Typed { input, expected, .. }) if deliberate => {
            if input.value().trim() != expected {
                form.hint = Some("That doesn't match. Nothing was revoked.");
                return Vec::new();
            }
        }
        _ => return Vec::new(),
    }
    let target = Box::new(form.target.clone());
    let finishing = form.finishing.clone();
    let proof = std::mem::take(&mut form.proof);
    let value = match proof {
        Proof::List => None,
        Proof::Held => Some(None),
        Proof::Value(value) => Some(Some(value)),
    };
    if value.is_some() {
        form.proof = Proof::Held;
    }
    let request = model.begin("revoking", true);
    if let Some(OpenDialog::Revoke(form)) = model.dialogs.last_mut() {
        form.sent = Some(request);
        form.hint = None;
    }
    vec![match (value, finishing) {
        // A rotation whose last step it is ends with it.
        (Some(value), _) => Effect::Errand(request, team, Errand::Watch(target, value, Method::Endpoint)),
        (None, Some(Finishing { rotation, forced })) => {
            Effect::FinishRotation(request, team, rotation, forced.is_some())
        }
        (None, None) => Effect::Revoke(request, team, target),
    }]
}

pub(super) fn on_revoked(
    model: &mut Model,
    team: TeamIndex,
    target: &ListedKey,
    outcome: &Outcome,
    unrecorded: Option<JournalError>,
) -> Vec<Effect> {
    let mut walk = None;
    model.dialogs.retain_mut(|dialog| match dialog {
        OpenDialog::Revoke(RevokeForm {
            target: asked,
            walk: its,
            ..
        })
        | OpenDialog::Manual(ManualForm {
            target: asked,
            walk: its,
            ..
        }) if asked.key.id == target.key.id => {
            walk = its.take();
            false
        }
        _ => true,
    });
    let is_own = target.own == Own::Yes;
    let mut sentence = outcome.sentence(&target.key.display_name());
    if let Some(step) = outcome.next_step(!target.is_tracked()) {
        sentence.push_str(&format!(" {step}"));
    }
    if let Some(error) = unrecorded {
        sentence.push_str(&format!(" Nothing is being recorded: {error}."));
    }
    let mut effects = Vec::new();
    let in_walk = walk.is_some();
    match walk.map(|walk| walk::go_on(model, walk, (&target.key.id, outcome))) {
        Some(Ok(next)) => effects = next,
        Some(Err(words)) => sentence.push_str(&format!(" {words}")),
        None => {}
    }
    model.say_outcome(outcome, &sentence);
    if *outcome == Outcome::Dead
        && is_own
        && let Some(state) = model.teams.get_mut(team.0)
    {
        state.session = SessionState::SignedOut(Some(
            "Our own credential was revoked. Sign in with another key.".to_owned(),
        ));
        return effects;
    }
    let is_unseen = matches!(outcome, Outcome::Unconfirmed(_)) && target.is_tracked();
    // The next of several keys is asked about; this one stays marked.
    if is_unseen && !in_walk && model.team().capabilities.list == Capability::Manual {
        manual::ask_for_word(model, target.clone(), outcome.why());
    }
    effects.extend(load(model, team));
    effects
}
