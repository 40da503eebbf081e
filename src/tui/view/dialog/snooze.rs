//! Put a key's due date off: until when, and why.

use crate::tui::model::Model;
use crate::tui::model::rotation::{SnoozeForm, SnoozeLine};
use crate::tui::theme::Role;
use crate::tui::view::dialog::Sheet;
use crate::tui::view::relative;

pub(super) fn sheet(model: &Model, form: &SnoozeForm, room: u16) -> Sheet {
    let key = &form.target.key;
    let mut sheet = Sheet::new(format!("Snooze {}", key.name), room.min(66));
    sheet.blank();
    let standing = model.settings.policies.standing(key, model.server_now());
    sheet.words(
        model,
        Role::Plain,
        &format!(
            "{} is {}. Until the day is over it calls nobody; then it does again by itself.",
            key.display_name(),
            relative::due(standing)
        ),
    );
    sheet.blank();
    let lines = [
        (SnoozeLine::Until, "Until, as in 2026-12-01", &form.until),
        (SnoozeLine::Reason, "Why, for whoever looks", &form.reason),
    ];
    for (line, label, input) in lines {
        sheet.words(model, Role::Dim, label);
        if line == form.line {
            sheet.input(model, input.value(), input.cursor());
        } else {
            let shown = crate::core::text::clean(input.value()).into_owned();
            sheet.words(model, Role::Plain, &format!("  {shown}"));
        }
    }
    sheet.blank();
    if let Some(error) = &form.error {
        sheet.words(model, Role::Danger, &format!("✗ {error}"));
    } else if form.snoozed {
        sheet.words(model, Role::Dim, "It is snoozed now: an empty day ends that.");
    }
    sheet
}
