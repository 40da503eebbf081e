//! Where to send the new value.

use ratatui::text::{Line, Span};

use crate::core::target::Target;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::model::Model;
use crate::tui::model::dialog::TargetsForm;
use crate::tui::theme::Role;
use crate::tui::view::span::span;

pub(super) fn sheet(model: &Model, form: &TargetsForm, room: u16) -> Sheet {
    let mut sheet = Sheet::new("Send the value to", room.min(70));
    sheet.blank();
    for (place, (target, marked)) in form.rows.iter().enumerate() {
        let here = place == form.place;
        sheet.line(Line::from(vec![
            span(model, Role::Accent, if here { "▸ " } else { "  " }),
            Span::raw(if *marked { "[x] " } else { "[ ] " }),
            span(model, if here { Role::Strong } else { Role::Plain }, target.to_string()),
        ]));
    }
    if !form.rows.is_empty() {
        sheet.blank();
    }
    sheet.words(model, Role::Dim, "A target, typed:");
    sheet.input(model, form.input.value(), form.input.cursor());
    if form.place < form.rows.len() {
        sheet.cursor = None;
    }
    sheet.blank();
    match &form.error {
        Some(error) => sheet.words(model, Role::Danger, &format!("✗ {error}")),
        None => sheet.words(model, Role::Dim, &Target::FORMS.join("   ")),
    }
    sheet
}
