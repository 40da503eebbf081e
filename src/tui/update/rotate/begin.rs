//! Open the rotation of a key, or begin one.

use super::page::{fail, page, read, show_on_page, take};
use crate::core::key::KeyId;
use crate::core::rotation::{Discrepancy, Rotation, RotationRole};
use crate::ops::create::CreateError;
use crate::ops::recover::Since;
use crate::ops::rotate::RotateError;
use crate::ports::Operation;
use crate::tui::dialog::begin_rotation::BeginRotation;
use crate::tui::effect::Effect;
use crate::tui::message::{Begun, RequestId, TeamIndex};
use crate::tui::model::Model;
use crate::tui::model::dialog::OpenDialog;
use crate::tui::model::rotation::{RotationPage, Shown};
use crate::tui::page::reading;
use crate::tui::theme::Role;
use crate::tui::update::{create, finding, manual};

/// Opens the rotation of a key, or asks whether one is to begin.
pub(in crate::tui::update) fn open(model: &mut Model, id: &KeyId) -> Vec<Effect> {
    let team = model.active;
    let list = &model.team().list;
    let Some(row) = list.find(id) else { return Vec::new() };
    let has = |rotation: &&Rotation| !rotation.is_over() && rotation.has(&row.listed);
    if let Some(rotation) = list.notes().rotations.iter().find(has) {
        let rotation = Box::new(rotation.clone());
        let page = RotationPage::new(team, Shown::Row(rotation.clone()));
        model.dialogs.push(OpenDialog::Rotation(page));
        return read(model, rotation);
    }
    if let Some(part) = &row.part
        && let Some(other) = part.other.clone()
    {
        let (old, new) = match part.role {
            RotationRole::Old => (id.clone(), other),
            RotationRole::New => (other, id.clone()),
        };
        let page = RotationPage::new(team, Shown::Elsewhere { old, new });
        model.dialogs.push(OpenDialog::Rotation(page));
        return Vec::new();
    }
    let target = row.listed.clone();
    let (finding, effect) = finding::find_out(model, Operation::Create);
    let dialog = BeginRotation::of(model, target, finding);
    model.dialogs.open(dialog);
    effect.into_iter().collect()
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
    let is_pasted = |dialog: &OpenDialog| matches!(dialog, OpenDialog::Paste(form) if form.sent == Some(request));
    model.dialogs.retain(|dialog| !is_pasted(dialog));
    model.dialogs.close(|dialog: &BeginRotation| dialog.awaits(request));
    let Begun {
        seen,
        new,
        trouble,
        in_browser,
    } = begun;
    take(model, team, &seen);
    let page_is_open = model
        .dialogs
        .iter()
        .any(|dialog| matches!(dialog, OpenDialog::Rotation(_)));
    if !page_is_open {
        let page = RotationPage::new(team, Shown::Row(Box::new(seen.rotation.clone())));
        model.dialogs.push(OpenDialog::Rotation(page));
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
            reading::load(model, team)
        }
        None => match in_browser {
            Some(creation) => manual::begin(model, team, *creation),
            None => Vec::new(),
        },
    }
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
    let dialog = model.dialogs.find_mut::<BeginRotation>();
    match dialog.filter(|dialog| dialog.awaits(request)) {
        Some(dialog) if lost.is_none() => dialog.failed(sentence),
        _ => {
            model.dialogs.close(|dialog: &BeginRotation| dialog.awaits(request));
            fail(model, request, sentence);
        }
    }
    // The list says whether it exists after all.
    let mut effects = reading::load(model, team);
    if let Some(op) = lost {
        effects.extend(reading::look(model, team, Since::JustNow(op)));
    }
    effects
}
