//! What a person does in the browser, and what the dashboard does around it.

use crossterm::event::{Event, KeyCode, KeyModifiers};
use tui_input::Input;

use crate::core::creation::Creation;
use crate::core::incident::unwrapped;
use crate::core::key::KeyId;
use crate::core::listing::ListedKey;
use crate::core::way::{Way, Ways};
use crate::ops::assist::Page;
use crate::ops::leak::By;
use crate::ops::recover::Waiting;
use crate::tui::effect::Effect;
use crate::tui::errand::{Errand, News};
use crate::tui::keymap::Action;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::Model;
use crate::tui::model::by_hand::{ByHandForm, GONE, PasteForm, Step, Then, Walk};
use crate::tui::model::dialog::{Dialog, Proof};
use crate::tui::model::rotation::Finishing;
use crate::tui::secret_field::SecretField;
use crate::tui::theme::Role;
use crate::tui::update::{create, finding, list, revoke};

/// How many lines of what was seen are kept.
const SEEN: usize = 4;

fn errand(request: RequestId, team: TeamIndex, errand: Errand) -> Effect {
    Effect::Errand(request, team, errand)
}

pub(super) fn on_news(model: &mut Model, request: RequestId, team: TeamIndex, news: News) -> Vec<Effect> {
    match news {
        News::Begun(Ok((creation, page))) => {
            model.dialogs.retain(|dialog| !matches!(dialog, Dialog::Create(_)));
            if let Some(state) = model.teams.get_mut(team.0) {
                state.ways.create = Way::Assisted;
            }
            ask_for_value(model, team, *creation, Some(page));
            Vec::new()
        }
        News::Begun(Err(error)) => create::on_created(model, team, Err(error)),
        News::Opened(page) => {
            opened(model, page);
            Vec::new()
        }
        News::Refused(why) => {
            if let Some(form) = paste_form(model) {
                form.sent = None;
                form.error = Some(format!("{why} Paste it again."));
            } else {
                model.say(Role::Danger, why);
            }
            Vec::new()
        }
        News::Untried(value, why) => {
            if let Some(form) = paste_form(model) {
                form.sent = None;
                form.field = SecretField::holding(&value);
                form.error = Some(format!("{why} The value is kept here: Enter tries it again."));
            } else {
                model.say(Role::Danger, why);
            }
            Vec::new()
        }
        News::NotMade(creation, result) => {
            match result {
                Ok(()) => {
                    if let Some(state) = model.teams.get_mut(team.0) {
                        state.waiting.retain(|one| one.creation().op != creation.op);
                    }
                    model.say(
                        Role::Plain,
                        format!("“{}” was not made, as you say.", creation.intent.name),
                    );
                }
                Err(error) => model.say(Role::Danger, format!("Nothing was written down: {error}.")),
            }
            Vec::new()
        }
        News::FoundOut(ways, doubt) => finding::on_found_out(model, (request, team), ways, doubt),
        News::Asked { key, ways, held } => on_asked(model, (request, team), &key, ways, held),
        News::Seen(line) => {
            watch_what_was_confirmed(model, request);
            if let Some(form) = watching(model, request) {
                form.seen.push(line);
                let old = form.seen.len().saturating_sub(SEEN);
                form.seen.drain(..old);
            }
            Vec::new()
        }
        News::NotWatched(why) => {
            let waits = |form: &&mut ByHandForm| matches!(form.step, Step::Watching(awaited) | Step::Attesting(awaited) if awaited == request);
            if let Some(form) = by_hand_forms(model).find(waits) {
                form.step = Step::Value(SecretField::default());
                form.error = Some(why);
                return Vec::new();
            }
            // It was confirmed with a value that is another key's: nothing was sent.
            model
                .dialogs
                .retain(|dialog| !matches!(dialog, Dialog::Revoke(form) if form.sent == Some(request)));
            model.say(Role::Danger, why);
            Vec::new()
        }
        News::Tracked(Ok(tracked)) => {
            model.dialogs.retain(|dialog| !matches!(dialog, Dialog::Track(_)));
            if let Some(state) = model.teams.get_mut(team.0) {
                state.list.select(&tracked.id);
            }
            model.say(Role::Ok, format!("✓ {} is tracked.", tracked.key().called()));
            list::load(model, team)
        }
        News::Tracked(Err(why)) => {
            let form = model.dialogs.iter_mut().find_map(|dialog| match dialog {
                Dialog::Track(form) => Some(form),
                _ => None,
            });
            match form {
                Some(form) => {
                    form.sent = None;
                    form.error = Some(why);
                }
                None => model.say(Role::Danger, why),
            }
            Vec::new()
        }
    }
}

fn opened(model: &mut Model, page: Page) {
    match model.dialogs.last_mut() {
        Some(Dialog::Paste(form)) => form.page = Some(page),
        Some(Dialog::ByHand(form)) => form.page = Some(page),
        _ => {}
    }
}

fn paste_form(model: &mut Model) -> Option<&mut PasteForm> {
    model.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Paste(form) => Some(form),
        _ => None,
    })
}

fn by_hand_forms(model: &mut Model) -> impl Iterator<Item = &mut ByHandForm> {
    model.dialogs.iter_mut().filter_map(|dialog| match dialog {
        Dialog::ByHand(form) => Some(form),
        _ => None,
    })
}

fn watching(model: &mut Model, request: RequestId) -> Option<&mut ByHandForm> {
    by_hand_forms(model).find(|form| matches!(form.step, Step::Watching(awaited) if awaited == request))
}

/// A revocation that was confirmed with a value is followed as it goes; it may still turn out to be the person's click.
fn watch_what_was_confirmed(model: &mut Model, request: RequestId) {
    let is_it = |dialog: &Dialog| matches!(dialog, Dialog::Revoke(form) if form.sent == Some(request));
    let Some(place) = model.dialogs.iter().position(is_it) else {
        return;
    };
    if let Dialog::Revoke(form) = model.dialogs.remove(place) {
        let watched = ByHandForm {
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
        model.dialogs.insert(place, Dialog::ByHand(watched));
    }
}

/// Opens the hidden field for a key that is made in the browser.
pub(super) fn ask_for_value(model: &mut Model, team: TeamIndex, creation: Creation, page: Option<Page>) {
    if let Some(state) = model.teams.get_mut(team.0) {
        state.waiting.retain(|one| one.creation().op != creation.op);
    }
    model.dialogs.push(Dialog::Paste(PasteForm {
        team,
        creation,
        page,
        field: SecretField::default(),
        sent: None,
        error: None,
    }));
}

/// Opens the hidden field for the new key of a rotation, and the page.
pub(super) fn begin(model: &mut Model, team: TeamIndex, creation: Creation) -> Vec<Effect> {
    ask_for_value(model, team, creation, None);
    open_page(model, team)
}

pub(super) fn act_on_paste(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Dialog::Paste(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let team = form.team;
    match action {
        Action::OpenPage => return open_page(model, team),
        Action::Submit if form.sent.is_none() => match form.field.take() {
            Ok(value) => {
                form.error = None;
                let creation = Box::new(form.creation.clone());
                let request = model.begin("trying the value", true);
                if let Some(form) = paste_form(model) {
                    form.sent = Some(request);
                }
                return vec![errand(request, team, Errand::TakePasted(creation, value))];
            }
            Err(error) => form.error = Some(error.to_string()),
        },
        Action::Back if form.sent.is_none() => leave(model),
        _ => {}
    }
    Vec::new()
}

/// Whether the key was made is the person's to say, now or at any later start.
fn leave(model: &mut Model) {
    let Some(Dialog::Paste(form)) = model.dialogs.pop() else {
        return;
    };
    let name = form.creation.intent.name.clone();
    if let Some(state) = model.teams.get_mut(form.team.0) {
        state.waiting.push(Waiting::Asked(form.creation));
    }
    model.say(
        Role::Warn,
        format!("Did you create “{name}”? w opens it again: paste its value, or say that it was not made."),
    );
}

fn open_page(model: &mut Model, team: TeamIndex) -> Vec<Effect> {
    let request = model.begin("opening the page", false);
    vec![errand(request, team, Errand::OpenPage)]
}

/// Whether a key can only be revoked in the browser, as far as is known.
pub(super) fn is_by_hand(model: &Model, target: &ListedKey) -> bool {
    target.key.id.is_local() || model.team().ways.revoke == Way::Assisted
}

/// Whether a key's revocation cannot be seen in a list.
pub(super) fn is_unseen(model: &Model, target: &ListedKey) -> bool {
    target.is_tracked() && model.team().ways.list == Way::Assisted
}

/// Asks how a key is revoked where that is not known, and whether its value is at hand.
pub(super) fn ask_about(model: &mut Model, target: &ListedKey) -> (RequestId, Effect) {
    let request = model.begin("looking for the endpoint", false);
    let effect = errand(request, model.active, Errand::AskAbout(Box::new(target.clone())));
    (request, effect)
}

/// Opens the dialog of a key that is revoked in the browser.
pub(super) fn open_revoke(model: &mut Model, target: ListedKey) -> Vec<Effect> {
    open_revoke_in(model, target, None)
}

/// Asks for the value of a key that has an endpoint to be revoked by, and no list to be seen gone from.
pub(super) fn open_value(model: &mut Model, target: ListedKey, finishing: Option<Finishing>) -> Vec<Effect> {
    let effects = open_revoke_in(model, target, None);
    if let Some(Dialog::ByHand(form)) = model.dialogs.last_mut() {
        form.then = Then::Confirm(finishing);
    }
    effects
}

/// Asks for the person's word that a key is gone; `why` says what was seen of its revocation.
pub(super) fn ask_for_word(model: &mut Model, target: ListedKey, why: Option<&str>) {
    push_revoke(model, target, false, None, None);
    if let Some(Dialog::ByHand(form)) = model.dialogs.last_mut() {
        form.step = Step::Word(Input::default());
        form.then = Then::Confirm(None);
        form.seen.extend(why.map(str::to_owned));
    }
}

/// As [`open_revoke`], for one of several marked keys.
pub(super) fn open_revoke_in(model: &mut Model, target: ListedKey, walk: Option<Walk>) -> Vec<Effect> {
    let then = if is_by_hand(model, &target) || !is_unseen(model, &target) {
        Then::Browser
    } else {
        Then::Confirm(None)
    };
    let (request, effect) = ask_about(model, &target);
    push_revoke(model, target, false, Some(request), walk);
    if let Some(Dialog::ByHand(form)) = model.dialogs.last_mut() {
        form.then = then;
    }
    vec![effect]
}

fn push_revoke(model: &mut Model, target: ListedKey, held: bool, asking: Option<RequestId>, walk: Option<Walk>) {
    model.dialogs.push(Dialog::ByHand(ByHandForm {
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

fn on_asked(
    model: &mut Model,
    (request, team): (RequestId, TeamIndex),
    key: &KeyId,
    ways: Ways,
    held: bool,
) -> Vec<Effect> {
    if let Some(state) = model.teams.get_mut(team.0) {
        state.ways = ways;
    }
    // A question that is open about a key without an endpoint becomes the dialog that helps.
    let asked = model
        .dialogs
        .iter()
        .position(|dialog| matches!(dialog, Dialog::Revoke(form) if form.target.key.id == *key));
    if let Some(place) = asked
        && ways.revoke == Way::Assisted
        && let Dialog::Revoke(form) = model.dialogs.remove(place)
    {
        push_revoke(model, form.target, held, None, form.walk);
        return Vec::new();
    }
    for dialog in &mut model.dialogs {
        if let Dialog::ByHand(form) = dialog
            && form.target.key.id == *key
        {
            form.held = held;
            form.asking = None;
            if ways.revoke == Way::Assisted {
                form.then = Then::Browser;
            }
        }
        if let Dialog::Revoke(form) = dialog
            && form.finding.end(request).is_some()
        {
            form.hint = None;
        }
    }
    if ways.revoke == Way::Api && !key.is_local() {
        confirm_instead(model, key);
    }
    Vec::new()
}

/// There is an endpoint after all: it is asked once that is confirmed, and not by a form that sends the person away.
fn confirm_instead(model: &mut Model, key: &KeyId) {
    let is_it = |dialog: &Dialog| match dialog {
        Dialog::ByHand(form) => {
            let is_at_its_value = matches!(&form.step, Step::Value(field) if field.count() == 0);
            form.target.key.id == *key && is_at_its_value && matches!(form.then, Then::Browser)
        }
        _ => false,
    };
    let Some(place) = model.dialogs.iter().position(is_it) else {
        return;
    };
    let is_on_top = place + 1 == model.dialogs.len();
    let Some(Dialog::ByHand(form)) = model.dialogs.get_mut(place) else {
        return;
    };
    let (target, walk) = (form.target.clone(), form.walk.take());
    if is_unseen(model, &target) || !is_on_top {
        if let Some(Dialog::ByHand(form)) = model.dialogs.get_mut(place) {
            form.then = Then::Confirm(None);
            form.walk = walk;
        }
        return;
    }
    model.dialogs.pop();
    revoke::ask_with(model, target, (None, walk), Proof::List);
}

pub(super) fn act_on_revoke(model: &mut Model, action: Action, deliberate: bool) -> Vec<Effect> {
    let team = model.active;
    let Some(Dialog::ByHand(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let target = form.target.clone();
    match (action, &mut form.step) {
        (Action::OpenPage, _) => return open_page(model, team),
        (Action::Submit, Step::Value(_)) if form.asking.is_some() => {
            form.error = Some("A moment: it is being looked whether its value is at hand.".to_owned());
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
            if let Some(Dialog::ByHand(form)) = model.dialogs.last_mut() {
                form.step = Step::Watching(request);
            }
            let watch = Errand::Watch(Box::new(target), value, By::Browser);
            return vec![errand(request, team, watch)];
        }
        (Action::Submit, Step::Word(input)) if deliberate => {
            if input.value().trim() != GONE {
                form.error = Some("That is not it. Nothing was written down.".to_owned());
                return Vec::new();
            }
            let request = model.begin("writing it down", true);
            if let Some(Dialog::ByHand(form)) = model.dialogs.last_mut() {
                form.step = Step::Attesting(request);
            }
            return vec![errand(request, team, Errand::Attest(Box::new(target)))];
        }
        (Action::Back, Step::Watching(request)) => {
            let request = *request;
            model.in_flight.remove(&request);
            let (left, then) = (words_of_walk(form), form.then.clone());
            model.dialogs.pop();
            let called = target.key.called();
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
            let called = target.key.called();
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
fn words_of_walk(form: &ByHandForm) -> String {
    let words = form.walk.as_ref().map(Walk::words);
    words.map_or_else(String::new, |words| format!(" {words}"))
}

/// The hidden field that has the keys, if one has.
fn hidden(model: &mut Model) -> Option<&mut SecretField> {
    match model.dialogs.last_mut()? {
        Dialog::Paste(form) if form.sent.is_none() => {
            form.error = None;
            Some(&mut form.field)
        }
        Dialog::ByHand(form) => match &mut form.step {
            Step::Value(field) => {
                form.error = None;
                Some(field)
            }
            _ => None,
        },
        Dialog::Track(form) if form.sent.is_none() && form.in_value() => {
            form.error = None;
            Some(&mut form.field)
        }
        _ => None,
    }
}

/// Whether a hidden field of these dialogs has the keys.
pub(super) fn has_hidden(model: &mut Model) -> bool {
    hidden(model).is_some()
}

pub(super) fn type_secret(model: &mut Model, event: &Event) {
    let Event::Key(key) = event else { return };
    let Some(field) = hidden(model) else { return };
    let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char('u') if control => field.clear(),
        KeyCode::Char(c) if !control => field.push(c),
        KeyCode::Backspace => field.backspace(),
        _ => {}
    }
}

/// Takes a paste, without what was copied along with it.
pub(super) fn paste(model: &mut Model, text: &str) {
    let bare = std::str::from_utf8(unwrapped(text.as_bytes())).unwrap_or(text);
    if let Some(field) = hidden(model) {
        field.paste(bare);
    }
}

/// The line for the word that says that a key is gone.
pub(super) fn line(form: &mut ByHandForm) -> Option<&mut Input> {
    match &mut form.step {
        Step::Word(input) => Some(input),
        _ => None,
    }
}

/// The key that waits in the waiting page to be said made or not.
pub(super) fn not_made(model: &mut Model, creation: Creation) -> Vec<Effect> {
    let request = model.begin("writing it down", false);
    vec![errand(request, model.active, Errand::NotMade(Box::new(creation)))]
}
