//! A key that is revoked in the browser, or whose death only its value can show.

use tui_input::Input;

use super::{errand, open_page};
use crate::core::capability::{Capabilities, Capability};
use crate::core::key::KeyId;
use crate::core::listing::ListedKey;
use crate::ops::revoke::Method;
use crate::tui::effect::Effect;
use crate::tui::errand::Errand;
use crate::tui::keymap::Action;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::Model;
use crate::tui::model::dialog::{OpenDialog, Proof};
use crate::tui::model::manual::{GONE, ManualForm, Step, Then, Walk};
use crate::tui::model::rotation::Finishing;
use crate::tui::secret_field::SecretField;
use crate::tui::theme::Role;
use crate::tui::update::revoke;

/// Whether a key can only be revoked in the browser, as far as is known.
pub(in crate::tui::update) fn is_manual(model: &Model, target: &ListedKey) -> bool {
    target.key.id.is_local() || model.team().capabilities.revoke == Capability::Manual
}

/// Whether a key's revocation cannot be seen in a list.
pub(in crate::tui::update) fn is_unseen(model: &Model, target: &ListedKey) -> bool {
    target.is_tracked() && model.team().capabilities.list == Capability::Manual
}

/// Asks how a key is revoked where that is not known, and whether its value is at hand.
pub(in crate::tui::update) fn ask_about(model: &mut Model, target: &ListedKey) -> (RequestId, Effect) {
    let request = model.begin("looking for the endpoint", false);
    let effect = errand(request, model.active, Errand::AskAbout(Box::new(target.clone())));
    (request, effect)
}

/// Opens the dialog of a key that is revoked in the browser.
pub(in crate::tui::update) fn open_revoke(model: &mut Model, target: ListedKey) -> Vec<Effect> {
    open_revoke_in(model, target, None)
}

/// Asks for the value of a key that has an endpoint to be revoked by, and no list to be seen gone from.
pub(in crate::tui::update) fn open_value(
    model: &mut Model,
    target: ListedKey,
    finishing: Option<Finishing>,
) -> Vec<Effect> {
    let effects = open_revoke_in(model, target, None);
    if let Some(OpenDialog::Manual(form)) = model.dialogs.last_mut() {
        form.then = Then::Confirm(finishing);
    }
    effects
}

/// Asks for the person's word that a key is gone; `why` says what was seen of its revocation.
pub(in crate::tui::update) fn ask_for_word(model: &mut Model, target: ListedKey, why: Option<&str>) {
    push_revoke(model, target, false, None, None);
    if let Some(OpenDialog::Manual(form)) = model.dialogs.last_mut() {
        form.step = Step::Word(Input::default());
        form.then = Then::Confirm(None);
        form.seen.extend(why.map(str::to_owned));
    }
}

/// As [`open_revoke`], for one of several marked keys.
pub(in crate::tui::update) fn open_revoke_in(model: &mut Model, target: ListedKey, walk: Option<Walk>) -> Vec<Effect> {
    let then = if is_manual(model, &target) || !is_unseen(model, &target) {
        Then::Browser
    } else {
        Then::Confirm(None)
    };
    let (request, effect) = ask_about(model, &target);
    push_revoke(model, target, false, Some(request), walk);
    if let Some(OpenDialog::Manual(form)) = model.dialogs.last_mut() {
        form.then = then;
    }
    vec![effect]
}

fn push_revoke(model: &mut Model, target: ListedKey, held: bool, asking: Option<RequestId>, walk: Option<Walk>) {
    model.dialogs.push(OpenDialog::Manual(ManualForm {
        target,
        step: Step::Value(SecretField::default()),
        held,
        asking,
        page: None,
        error: None,
        seen: Vec::new(),
        walk,
        then: Then::Browser,
    }));
}

pub(super) fn on_asked(
    model: &mut Model,
    (request, team): (RequestId, TeamIndex),
    key: &KeyId,
    capabilities: Capabilities,
    held: bool,
) -> Vec<Effect> {
    if let Some(state) = model.teams.get_mut(team.0) {
        state.capabilities = capabilities;
    }
    // A question that is open about a key without an endpoint becomes the dialog that helps.
    let asked = model
        .dialogs
        .iter()
        .position(|dialog| matches!(dialog, OpenDialog::Revoke(form) if form.target.key.id == *key));
    if let Some(place) = asked
        && capabilities.revoke == Capability::Manual
        && let OpenDialog::Revoke(form) = model.dialogs.remove(place)
    {
        push_revoke(model, form.target, held, None, form.walk);
        return Vec::new();
    }
    for dialog in &mut model.dialogs {
        if let OpenDialog::Manual(form) = dialog
            && form.target.key.id == *key
        {
            form.held = held;
            form.asking = None;
            if capabilities.revoke == Capability::Manual {
                form.then = Then::Browser;
            }
        }
        if let OpenDialog::Revoke(form) = dialog
            && form.finding.end(request).is_some()
        {
            form.hint = None;
        }
    }
    if capabilities.revoke == Capability::Endpoint && !key.is_local() {
        confirm_instead(model, key);
    }
    Vec::new()
}

/// There is an endpoint after all: it is asked once that is confirmed, and not by a form that sends the person away.
fn confirm_instead(model: &mut Model, key: &KeyId) {
    let is_it = |dialog: &OpenDialog| match dialog {
        OpenDialog::Manual(form) => {
            let is_at_its_value = matches!(&form.step, Step::Value(field) if field.count() == 0);
            form.target.key.id == *key && is_at_its_value && matches!(form.then, Then::Browser)
        }
        _ => false,
    };
    let Some(place) = model.dialogs.iter().position(is_it) else {
        return;
    };
    let is_on_top = place + 1 == model.dialogs.len();
    let Some(OpenDialog::Manual(form)) = model.dialogs.get_mut(place) else {
        return;
    };
    let (target, walk) = (form.target.clone(), form.walk.take());
    if is_unseen(model, &target) || !is_on_top {
        if let Some(OpenDialog::Manual(form)) = model.dialogs.get_mut(place) {
            form.then = Then::Confirm(None);
            form.walk = walk;
        }
        return;
    }
    model.dialogs.pop();
    revoke::ask_with(model, target, (None, walk), Proof::List);
}

pub(in crate::tui::update) fn act_on_revoke(model: &mut Model, action: Action, deliberate: bool) -> Vec<Effect> {
    let team = model.active;
    let Some(OpenDialog::Manual(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let target = form.target.clone();
    match (action, &mut form.step) {
        (Action::OpenPage, _) => return open_page(model, team),
        (Action::Submit, Step::Value(_)) if form.asking.is_some() => {
            form.error = Some("Checking whether we still have its value…".to_owned());
        }
        (Action::Submit, Step::Value(field)) => {
            form.error = None;
            let value = match field.take() {
                Ok(value) => Some(value),
                Err(_) if field.count() == 0 && form.held => None,
                Err(_) if field.count() == 0 => {
                    if let Then::Confirm(finishing) = &form.then {
                        let (finishing, walk) = (finishing.clone(), form.walk.take());
                        model.dialogs.pop();
                        revoke::ask_with(model, target, (finishing, walk), Proof::List);
                        return Vec::new();
                    }
                    form.step = Step::Word(Input::default());
                    return open_page(model, team);
                }
                Err(error) => {
                    form.error = Some(error.to_string());
                    return Vec::new();
                }
            };
            if let Then::Confirm(finishing) = &form.then {
                let (finishing, walk) = (finishing.clone(), form.walk.take());
                model.dialogs.pop();
                revoke::ask_with(
                    model,
                    target,
                    (finishing, walk),
                    value.map_or(Proof::Held, Proof::Value),
                );
                return Vec::new();
            }
            form.seen.clear();
            let request = model.begin("watching the value", false);
            if let Some(OpenDialog::Manual(form)) = model.dialogs.last_mut() {
                form.step = Step::Watching(request);
            }
            let watch = Errand::Watch(Box::new(target), value, Method::Manual);
            return vec![errand(request, team, watch)];
        }
        (Action::Submit, Step::Word(input)) if deliberate => {
            if input.value().trim() != GONE {
                form.error = Some("That doesn't match. Nothing was written down.".to_owned());
                return Vec::new();
            }
            let request = model.begin("writing it down", true);
            if let Some(OpenDialog::Manual(form)) = model.dialogs.last_mut() {
                form.step = Step::Attesting(request);
            }
            return vec![errand(request, team, Errand::Attest(Box::new(target)))];
        }
        (Action::Back, Step::Watching(request)) => {
            let request = *request;
            model.world.in_flight.remove(&request);
            let (left, then) = (words_of_walk(form), form.then.clone());
            model.dialogs.pop();
            let called = target.key.display_name();
            let state = match then {
                Then::Browser => "It was alive when it was last tried",
                Then::Confirm(_) => "Its revocation was asked for, and whether it is dead is not known",
            };
            model.say(
                Role::Warn,
                format!("{called} is not watched any more. {state}; x goes on.{left}"),
            );
            return vec![Effect::Cancel(request)];
        }
        (Action::Back, Step::Value(_) | Step::Word(_)) => {
            let left = words_of_walk(form);
            let is_asked_for = matches!((&form.step, &form.then), (Step::Word(_), Then::Confirm(_)));
            model.dialogs.pop();
            let called = target.key.display_name();
            let state = if is_asked_for {
                format!("whether {called} is dead is not known")
            } else {
                format!("{called} is alive as far as is known")
            };
            model.say(Role::Plain, format!("Nothing was written down: {state}.{left}"));
        }
        _ => {}
    }
    Vec::new()
}

/// What became of the marked keys that a form was one of.
fn words_of_walk(form: &ManualForm) -> String {
    let words = form.walk.as_ref().map(Walk::words);
    words.map_or_else(String::new, |words| format!(" {words}"))
}

/// A revocation that was confirmed with a value is followed as it goes; it may still turn out to be the person's click.
pub(super) fn watch_what_was_confirmed(model: &mut Model, request: RequestId) {
    let is_it = |dialog: &OpenDialog| matches!(dialog, OpenDialog::Revoke(form) if form.sent == Some(request));
    let Some(place) = model.dialogs.iter().position(is_it) else {
        return;
    };
    if let OpenDialog::Revoke(form) = model.dialogs.remove(place) {
        let watched = ManualForm {
            target: form.target,
            step: Step::Watching(request),
            held: false,
            asking: None,
            page: None,
            error: None,
            seen: Vec::new(),
            walk: form.walk,
            then: Then::Confirm(form.finishing),
        };
        model.dialogs.insert(place, OpenDialog::Manual(watched));
    }
}
