//! Open the rotation of a key, or begin one.

use jiff::tz::TimeZone;
use tui_input::Input;

use super::{fail, page, read, show_on_page, take};
use crate::core::key::KeyId;
use crate::core::rotation::{Discrepancy, Rotation, RotationRole as Part, successor_name};
use crate::ops::create::CreateError;
use crate::ops::recover::Since;
use crate::ops::rotate::RotateError;
use crate::ports::Operation;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::{Begun, RequestId, TeamIndex};
use crate::tui::model::Model;
use crate::tui::model::dialog::Dialog;
use crate::tui::model::rotation::{BeginForm, RotationPage, Shown};
use crate::tui::theme::Role;
use crate::tui::update::{create, finding, list, manual, waiting};

/// Opens the rotation of a key, or asks whether one is to begin.
pub(in crate::tui::update) fn open(model: &mut Model, id: &KeyId) -> Vec<Effect> {
    let team = model.active;
    let list = &model.team().list;
    let Some(row) = list.find(id) else { return Vec::new() };
    let has = |rotation: &&Rotation| !rotation.is_over() && rotation.has(&row.listed);
    if let Some(rotation) = list.notes().rotations.iter().find(has) {
        let rotation = Box::new(rotation.clone());
        let page = RotationPage::new(team, Shown::Row(rotation.clone()));
        model.dialogs.push(Dialog::Rotation(page));
        return read(model, rotation);
    }
    if let Some(part) = &row.part
        && let Some(other) = part.other.clone()
    {
        let (old, new) = match part.role {
            Part::Old => (id.clone(), other),
            Part::New => (other, id.clone()),
        };
        let page = RotationPage::new(team, Shown::Elsewhere { old, new });
        model.dialogs.push(Dialog::Rotation(page));
        return Vec::new();
    }
    let target = row.listed.clone();
    let today = TimeZone::UTC.to_datetime(model.server_now()).date();
    let taken = list.all().iter().map(|row| row.listed.key.name.raw());
    let name = successor_name(target.key.name.raw(), today, taken);
    let (finding, effect) = finding::find_out(model, Operation::Create);
    model.dialogs.push(Dialog::BeginRotation(BeginForm {
        target,
        finding,
        input: name.map_or_else(Input::default, |name| Input::from(name.as_str())),
        sent: None,
        error: None,
    }));
    effect.into_iter().collect()
}

pub(in crate::tui::update) fn act_on_begin(model: &mut Model, action: Action) -> Vec<Effect> {
    let team = model.active;
    let Some(Dialog::BeginRotation(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    match action {
        Action::Back => {
            model.dialogs.pop();
        }
        Action::Submit if form.finding.note_enter() => {}
        Action::Submit => match form.name() {
            Ok(name) => {
                form.error = None;
                let key = form.target.key.id.clone();
                let request = model.begin("creating", true);
                if let Some(Dialog::BeginRotation(form)) = model.dialogs.last_mut() {
                    form.sent = Some(request);
                }
                return vec![Effect::BeginRotation(request, team, key, Some(name))];
            }
            Err(error) => form.error = Some(error.to_string()),
        },
        _ => {}
    }
    Vec::new()
}

pub(in crate::tui::update) fn on_begun(
    model: &mut Model,
    request: RequestId,
    team: TeamIndex,
    result: Result<Box<Begun>, RotateError>,
) -> Vec<Effect> {
    let begun = match result {
        Ok(begun) => *begun,
        Err(error) => return on_not_begun(model, request, team, &error),
    };
    let is_pasted = |dialog: &Dialog| matches!(dialog, Dialog::Paste(form) if form.sent == Some(request));
    model
        .dialogs
        .retain(|dialog| !is_form_of(dialog, request) && !is_pasted(dialog));
    let Begun {
        seen,
        new,
        trouble,
        in_browser,
    } = begun;
    take(model, team, &seen);
    let page_is_open = model.dialogs.iter().any(|dialog| matches!(dialog, Dialog::Rotation(_)));
    if !page_is_open {
        let page = RotationPage::new(team, Shown::Row(Box::new(seen.rotation.clone())));
        model.dialogs.push(Dialog::Rotation(page));
    }
    let new_is_gone = |trouble: &Discrepancy| matches!(trouble, Discrepancy::NewGone { .. });
    let too_soon = new.is_none() && seen.troubles.iter().any(new_is_gone);
    let own = seen.rotation.own && trouble.is_none();
    let shown = show_on_page(model, seen);
    if too_soon
        && shown == Some(request)
        && let Some(page) = page(model)
    {
        page.error = Some(
            "The new key was made less than two minutes ago and may only be missing from the list: look again then."
                .to_owned(),
        );
    }
    if let Some(error) = trouble {
        model.say(Role::Danger, error.to_string());
    }
    match new {
        Some(new) => {
            create::show_with(model, team, new, own);
            list::load(model, team)
        }
        None => match in_browser {
            Some(creation) => manual::begin(model, team, *creation),
            None => Vec::new(),
        },
    }
}

/// Whether it is the form whose answer this run brings.
fn is_form_of(dialog: &Dialog, request: RequestId) -> bool {
    matches!(dialog, Dialog::BeginRotation(form) if form.sent == Some(request))
}

fn on_not_begun(model: &mut Model, request: RequestId, team: TeamIndex, error: &RotateError) -> Vec<Effect> {
    let sentence = error.to_string();
    let lost = match error {
        RotateError::Create(error) => match &**error {
            CreateError::Uncertain(_, _, creation) => Some(creation.op.clone()),
            _ => None,
        },
        _ => None,
    };
    let form = model.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::BeginRotation(form) if form.sent == Some(request) => Some(form),
        _ => None,
    });
    match form {
        Some(form) if lost.is_none() => {
            form.sent = None;
            form.error = Some(sentence);
        }
        _ => {
            model.dialogs.retain(|dialog| !is_form_of(dialog, request));
            fail(model, request, sentence);
        }
    }
    // The list says whether it exists after all.
    let mut effects = list::load(model, team);
    if let Some(op) = lost {
        effects.extend(waiting::look(model, team, Since::JustNow(op)));
    }
    effects
}
