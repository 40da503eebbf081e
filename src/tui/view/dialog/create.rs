//! The name of a new key.

use crate::core::capability::Capability;
use crate::core::key::{BadName, NAME_LIMIT};
use crate::tui::dialog::sheet::Sheet;
use crate::tui::model::Model;
use crate::tui::model::dialog::CreateForm;
use crate::tui::theme::Role;

pub(super) fn sheet(model: &Model, form: &CreateForm, room: u16) -> Sheet {
    let mut sheet = Sheet::new("New key", room.min(66));
    sheet.blank();
    sheet.words(
        model,
        Role::Dim,
        "A name that says which app uses it, such as “Mobile app” or “Zapier”.",
    );
    let capabilities = model.team().capabilities;
    if capabilities.create == Capability::Manual {
        sheet.in_browser(model);
    }
    if form.finding.is_underway() {
        sheet.blank();
        sheet.finding(model, "keys are made");
        return sheet;
    }
    sheet.blank();
    sheet.input(model, form.input.value(), form.input.cursor());
    sheet.blank();
    if form.sent.is_some() {
        sheet.words(
            model,
            Role::Accent,
            "Creating it. The answer holds its value, so this cannot be left now.",
        );
        return sheet;
    }
    if let Some(error) = &form.error {
        sheet.words(model, Role::Danger, &format!("✗ {error}"));
        return sheet;
    }
    match form.name() {
        Err(BadName::Empty) => sheet.words(model, Role::Dim, &format!("1 to {NAME_LIMIT} characters.")),
        Err(bad) => sheet.words(model, Role::Danger, &format!("✗ {bad}")),
        Ok(name) => {
            let twin = model
                .team()
                .list
                .all()
                .iter()
                .filter(|row| row.listed.key.name.raw().trim().eq_ignore_ascii_case(name.as_str()))
                .count();
            let count = name.as_str().chars().count();
            match twin {
                0 => sheet.words(model, Role::Dim, &format!("{count} of {NAME_LIMIT} characters.")),
                1 => sheet.words(
                    model,
                    Role::Warn,
                    "! A key of this name exists already; the two will look alike.",
                ),
                n => sheet.words(model, Role::Warn, &format!("! {n} keys of this name exist already.")),
            }
        }
    }
    sheet
}
