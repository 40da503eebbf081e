//! The log of this machine: open it, move, look at one line.

use crate::core::activity::Activity;
use crate::ports::JournalError;
use crate::tui::dialog::entry::Entry;
use crate::tui::dialog::help::Help;
use crate::tui::dialog::palette::Palette;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::{Message, RequestId};
use crate::tui::model::{Model, View};
use crate::tui::update::{due, leak, leave};
use crate::tui::view::{self, layout};

/// Shows the log, and reads it.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    model.view = View::Activity;
    model.filtering = false;
    read(model)
}

/// Reads it again; an older reading is not waited for.
pub(super) fn read(model: &mut Model) -> Vec<Effect> {
    let mut effects = Vec::new();
    if let Some(before) = model.activity.reading.take() {
        model.in_flight.remove(&before);
        effects.push(Effect::Cancel(before));
    }
    let request = model.begin("reading the log", false);
    model.activity.reading = Some(request);
    effects.push(Effect::ReadLog(request));
    effects
}

/// Whether something may have been written down with what `message` tells.
pub(super) fn may_be_recorded(message: &Message) -> bool {
    let only_read = matches!(
        message,
        Message::LogRead { .. } | Message::Loaded { .. } | Message::SessionFound { .. } | Message::TextCopied { .. }
    );
    message.ends_request() && !only_read
}

pub(super) fn on_read(
    model: &mut Model,
    request: RequestId,
    result: Result<Vec<Activity>, JournalError>,
) -> Vec<Effect> {
    if model.activity.reading != Some(request) {
        return Vec::new();
    }
    model.activity.reading = None;
    match result {
        Ok(entries) => model.activity.replace(entries),
        Err(error) => model.activity.trouble = Some(error.to_string()),
    }
    Vec::new()
}

/// Keeps the cursor among the drawn lines.
pub(super) fn scroll(model: &mut Model) {
    if model.view == View::Activity {
        let rows = layout::rows_in_all(model.size, view::notice_rows(model));
        model.activity.scroll(rows);
    }
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let screen = isize::try_from(layout::rows_in_all(model.size, view::notice_rows(model))).unwrap_or(1);
    match action {
        Action::Quit => return leave::quit(model),
        Action::Help => model.dialogs.open(Help::default()),
        Action::Palette => model.dialogs.open(Palette::default()),
        Action::Leak => leak::open(model),
        Action::Refresh => return read(model),
        Action::Down => model.activity.step(1),
        Action::Up => model.activity.step(-1),
        Action::PageDown => model.activity.step(screen - 1),
        Action::PageUp => model.activity.step(1 - screen),
        Action::Top => model.activity.first(),
        Action::Bottom => model.activity.last(),
        Action::Back | Action::KeysView => model.view = View::Keys,
        Action::DueView => return due::open(model),
        Action::Details => {
            if let Some(entry) = model.activity.selected().cloned() {
                model.dialogs.open(Entry::about(entry));
            }
        }
        _ => {}
    }
    Vec::new()
}
