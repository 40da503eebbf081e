//! The form of a key that exists already, for a server that lists none.

use tui_input::Input;

use crate::tui::effect::Effect;
use crate::tui::errand::Errand;
use crate::tui::keymap::Action;
use crate::tui::model::Model;
use crate::tui::model::dialog::Dialog;
use crate::tui::model::manual::TrackForm;

/// Opens the form for a key that exists already.
pub(super) fn open(model: &mut Model) {
    let name = match model.dialogs.pop() {
        Some(Dialog::Create(form)) => form.input,
        Some(other) => {
            model.dialogs.push(other);
            Input::default()
        }
        None => Input::default(),
    };
    let mut form = TrackForm::default();
    let [first, ..] = &mut form.lines;
    *first = name;
    model.dialogs.push(Dialog::Track(form));
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let (team, now) = (model.active, model.server_now());
    let Some(Dialog::Track(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let places = form.lines.len() + 1;
    match action {
        Action::Down => form.place = (form.place + 1) % places,
        Action::Up => form.place = (form.place + places - 1) % places,
        Action::Back if form.sent.is_none() => {
            model.dialogs.pop();
        }
        Action::Submit if form.sent.is_none() => {
            let draft = match form.draft(now) {
                Ok(draft) => draft,
                Err(why) => {
                    form.error = Some(why);
                    return Vec::new();
                }
            };
            let value = match form.field.take() {
                Ok(value) => Some(value),
                Err(_) if form.field.count() == 0 => None,
                Err(error) => {
                    form.error = Some(error.to_string());
                    return Vec::new();
                }
            };
            form.error = None;
            let request = model.begin("tracking", false);
            if let Some(Dialog::Track(form)) = model.dialogs.last_mut() {
                form.sent = Some(request);
            }
            return vec![Effect::Errand(request, team, Errand::Track(Box::new(draft), value))];
        }
        _ => {}
    }
    Vec::new()
}
