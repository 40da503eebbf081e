//! What a person does in the browser, and what the dashboard does around it.

mod revocation;

use crossterm::event::Event;
use tui_input::Input;

use crate::core::capability::Capability;
use crate::core::creation::Creation;
use crate::core::incident::unwrapped;
use crate::ops::manual::Page;
use crate::ops::recover::Waiting;
use crate::tui::dialog::track::Track;
use crate::tui::effect::Effect;
use crate::tui::errand::{Errand, News};
use crate::tui::keymap::Action;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::Model;
use crate::tui::model::dialog::OpenDialog;
use crate::tui::model::manual::{ManualForm, PasteForm, Step};
use crate::tui::page::reading;
use crate::tui::secret_field::SecretField;
use crate::tui::theme::Role;
use crate::tui::update::create;

pub(super) use self::revocation::{
    act_on_revoke, ask_about, ask_for_word, is_manual, is_unseen, open_revoke, open_revoke_in, open_value,
};
use self::revocation::{on_asked, watch_what_was_confirmed};

/// How many lines of what was seen are kept.
const SEEN: usize = 4;

fn errand(request: RequestId, team: TeamIndex, errand: Errand) -> Effect {
    Effect::Errand(request, team, errand)
}

pub(super) fn on_news(model: &mut Model, request: RequestId, team: TeamIndex, news: News) -> Vec<Effect> {
    match news {
        News::Begun(Ok((creation, page))) => {
            model.dialogs.retain(|dialog| !matches!(dialog, OpenDialog::Create(_)));
            if let Some(state) = model.teams.get_mut(team.0) {
                state.capabilities.create = Capability::Manual;
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
        // It is taken in where what waits for it is known.
        News::FoundOut(..) => Vec::new(),
        News::Asked {
            key,
            capabilities,
            held,
        } => on_asked(model, (request, team), &key, capabilities, held),
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
            let waits = |form: &&mut ManualForm| matches!(form.step, Step::Watching(awaited) | Step::Attesting(awaited) if awaited == request);
            if let Some(form) = manual_forms(model).find(waits) {
                form.step = Step::Value(SecretField::default());
                form.error = Some(why);
                return Vec::new();
            }
            // It was confirmed with a value that is another key's: nothing was sent.
            model
                .dialogs
                .retain(|dialog| !matches!(dialog, OpenDialog::Revoke(form) if form.sent == Some(request)));
            model.say(Role::Danger, why);
            Vec::new()
        }
        News::Tracked(Ok(tracked)) => {
            model.dialogs.close(|_: &Track| true);
            if let Some(state) = model.teams.get_mut(team.0) {
                state.list.select(&tracked.id);
            }
            model.say(Role::Ok, format!("✓ {} is tracked.", tracked.key().display_name()));
            reading::load(model, team)
        }
        News::Tracked(Err(why)) => {
            match model.dialogs.find_mut::<Track>() {
                Some(dialog) => dialog.failed(why),
                None => model.say(Role::Danger, why),
            }
            Vec::new()
        }
    }
}

fn opened(model: &mut Model, page: Page) {
    match model.dialogs.last_mut() {
        Some(OpenDialog::Paste(form)) => form.page = Some(page),
        Some(OpenDialog::Manual(form)) => form.page = Some(page),
        _ => {}
    }
}

fn paste_form(model: &mut Model) -> Option<&mut PasteForm> {
    model.dialogs.iter_mut().find_map(|dialog| match dialog {
        OpenDialog::Paste(form) => Some(form),
        _ => None,
    })
}

fn manual_forms(model: &mut Model) -> impl Iterator<Item = &mut ManualForm> {
    model.dialogs.iter_mut().filter_map(|dialog| match dialog {
        OpenDialog::Manual(form) => Some(form),
        _ => None,
    })
}

fn watching(model: &mut Model, request: RequestId) -> Option<&mut ManualForm> {
    manual_forms(model).find(|form| matches!(form.step, Step::Watching(awaited) if awaited == request))
}

/// Opens the hidden field for a key that is made in the browser.
pub(super) fn ask_for_value(model: &mut Model, team: TeamIndex, creation: Creation, page: Option<Page>) {
    if let Some(state) = model.teams.get_mut(team.0) {
        state.waiting.retain(|one| one.creation().op != creation.op);
    }
    model.dialogs.push(OpenDialog::Paste(PasteForm {
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
    let Some(OpenDialog::Paste(form)) = model.dialogs.last_mut() else {
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
    let Some(OpenDialog::Paste(form)) = model.dialogs.pop() else {
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

/// The hidden field that has the keys, if one has.
fn hidden(model: &mut Model) -> Option<&mut SecretField> {
    match model.dialogs.last_mut()? {
        OpenDialog::Paste(form) if form.sent.is_none() => {
            form.error = None;
            Some(&mut form.field)
        }
        OpenDialog::Manual(form) => match &mut form.step {
            Step::Value(field) => {
                form.error = None;
                Some(field)
            }
            _ => None,
        },
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
    field.key(*key);
}

/// Takes a paste, without what was copied along with it.
pub(super) fn paste(model: &mut Model, text: &str) {
    let bare = std::str::from_utf8(unwrapped(text.as_bytes())).unwrap_or(text);
    if let Some(field) = hidden(model) {
        field.paste(bare);
    }
}

/// The line for the word that says that a key is gone.
pub(super) fn line(form: &mut ManualForm) -> Option<&mut Input> {
    match &mut form.step {
        Step::Word(input) => Some(input),
        _ => None,
    }
}
