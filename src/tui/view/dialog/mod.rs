//! What is open over the list, each in a box of its own size.

mod bulk;
mod create;
mod leak;
mod manual;
mod revoke;
mod rotation;
mod show_once;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{keys_of, room};
use crate::tui::model::Model;
use crate::tui::model::dialog::OpenDialog;
use crate::tui::theme::Role;

/// Dims what lies under a dialog, another one too, where the theme has a way to.
pub(super) fn draw_backdrop(model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    frame
        .buffer_mut()
        .set_style(screen, model.settings.theme.style(Role::Dim));
}

fn sheet(model: &Model, dialog: &OpenDialog, room: u16) -> Sheet {
    match dialog {
        OpenDialog::Create(form) => create::sheet(model, form, room),
        OpenDialog::ShowOnce(show) => show_once::sheet(model, show, room),
        OpenDialog::Revoke(form) => revoke::sheet(model, form, room),
        OpenDialog::Bulk(form) => bulk::sheet(model, form, room),
        OpenDialog::Leak => leak::sheet(model, room),
        OpenDialog::Paste(form) => manual::paste(model, form, room),
        OpenDialog::Manual(form) => manual::revoke(model, form, room),
        OpenDialog::Rotation(page) => rotation::page(model, page, room),
        OpenDialog::Boxed(dialog) => dialog.view(&model.world, room),
    }
}

/// The keys of the topmost dialog.
fn keys(model: &Model) -> Vec<(String, String)> {
    keys_of(&model.world, model.context(), |when| model.allows(when))
}

/// Lines that the topmost dialog can be scrolled by on this screen.
pub(super) fn most_scroll(model: &Model) -> u16 {
    model.dialogs.last().map_or(0, |dialog| {
        sheet(model, dialog, room(model.size.0)).most_scroll(&model.world, keys(model))
    })
}

/// Draws one dialog.
pub(super) fn draw(model: &Model, dialog: &OpenDialog, frame: &mut Frame<'_>) {
    let top = model.dialogs.last().is_some_and(|last| std::ptr::eq(last, dialog));
    sheet(model, dialog, room(frame.area().width)).draw(&model.world, frame, top.then(|| keys(model)));
}
