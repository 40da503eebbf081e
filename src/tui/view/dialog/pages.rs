//! Pages to read, the palette, and the question before leaving.

use ratatui::text::{Line, Span};

use crate::core::activity::Activity;
use crate::core::key::KeyId;
use crate::core::text::fit;
use crate::ops::create::Safety;
use crate::ops::recover::Waiting;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::keymap::{Binding, Context};
use crate::tui::model::Model;
use crate::tui::model::dialog::{Dialog, Palette, QuitReason, ShowOnce, WaitingPage};
use crate::tui::theme::Role;
use crate::tui::view::span::span;
use crate::tui::view::wrap::wrap;
use crate::tui::view::{activity, detail};

pub(super) fn help(model: &Model, scroll: u16, room: u16) -> Sheet {
    let mut sheet = Sheet::new("Keys", room.min(72));
    sheet.scroll = scroll;
    for (context, title) in [
        (Context::List, "The list"),
        (Context::ShowOnce, "A new key's value"),
        (Context::Rotation, "A rotation"),
    ] {
        sheet.blank();
        sheet.words(model, Role::Strong, title);
        let rows: Vec<Line<'static>> = model.keymap.of(context).map(|binding| row(model, binding)).collect();
        sheet.lines.extend(rows);
    }
    sheet.blank();
    sheet.words(model, Role::Strong, "Marks");
    for (mark, role, words) in [
        ("!", Role::Danger, "overdue: older than the rotation policy allows"),
        ("◔", Role::Warn, "due today or soon"),
        ("~", Role::Accent, "being rotated: both of its keys"),
        ("·", Role::Dim, "far from due"),
        ("?", Role::Dim, "the server does not say when it was created"),
    ] {
        sheet.line(Line::from(vec![
            Span::raw("  "),
            span(model, role, format!("{mark:<12}")),
            Span::raw(words),
        ]));
    }
    sheet
}

fn row(model: &Model, binding: &Binding) -> Line<'static> {
    let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
    let role = if model.allows(binding.when) {
        Role::Plain
    } else {
        Role::Dim
    };
    Line::from(vec![
        Span::raw("  "),
        span(model, Role::Accent, format!("{:<12}", keys.join(" "))),
        span(model, role, binding.help),
    ])
}

pub(super) fn details(model: &Model, id: &KeyId, scroll: u16, room: u16) -> Sheet {
    let mut sheet = Sheet::new("Key", room.min(76));
    sheet.scroll = scroll;
    sheet.blank();
    match model.team().list.find(id) {
        Some(row) => {
            let width = sheet.width;
            let mut lines = detail::lines(model, row, width).into_iter();
            sheet.lines.extend(lines.next());
            sheet.blank();
            sheet.lines.extend(lines);
        }
        None => sheet.words(model, Role::Warn, &format!("{id} is not in the list any more.")),
    }
    sheet
}

pub(super) fn entry(model: &Model, entry: &Activity, scroll: u16, room: u16) -> Sheet {
    let mut sheet = Sheet::new("What was done", room.min(76));
    sheet.scroll = scroll;
    sheet.blank();
    for (label, role, text) in activity::facts(model, entry) {
        sheet.fact(model, label, role, &text);
    }
    sheet
}

pub(super) fn palette(model: &Model, palette: &Palette, room: u16) -> Sheet {
    const ROWS: usize = 10;
    let mut sheet = Sheet::new("Find an action", room.min(62));
    sheet.input(model, palette.input.value(), palette.input.cursor());
    sheet.blank();
    let from = palette.place.saturating_sub(ROWS - 1);
    let mut drawn = 0;
    for (place, (_, key, help)) in palette.matches.iter().enumerate().skip(from).take(ROWS) {
        let marked = place == palette.place;
        let role = if marked { Role::Strong } else { Role::Plain };
        sheet.line(Line::from(vec![
            span(model, Role::Accent, if marked { "▸ " } else { "  " }),
            span(model, role, fit(&format!("{help:<48}"), 48).into_owned()),
            span(model, Role::Dim, key.clone()),
        ]));
        drawn += 1;
    }
    if drawn == 0 {
        sheet.words(model, Role::Dim, "Nothing of that name can be done now.");
        drawn = 1;
    }
    // The box keeps its size while it is typed into.
    for _ in drawn..ROWS {
        sheet.blank();
    }
    sheet
}

pub(super) fn waiting(model: &Model, page: WaitingPage, room: u16) -> Sheet {
    let mut sheet = Sheet::new("New keys that wait", room.min(74));
    for (place, one) in model.team().waiting.iter().enumerate() {
        sheet.blank();
        let marked = place == page.place;
        let (mark, role) = match one {
            Waiting::Value(_) => ("✓", Role::Ok),
            Waiting::Lost(_) => ("✗", Role::Danger),
            Waiting::Elsewhere(..) => ("◔", Role::Warn),
            Waiting::Listed(..)
            | Waiting::Looking(_)
            | Waiting::Several(..)
            | Waiting::Unreadable(_)
            | Waiting::Asked(_) => ("?", Role::Warn),
        };
        let width = sheet.width.saturating_sub(4);
        for (i, line) in wrap(&one.sentence(model.settings.store_name), width)
            .into_iter()
            .enumerate()
        {
            let cursor = if marked && i == 0 { "▸ " } else { "  " };
            sheet.line(Line::from(vec![
                span(model, Role::Accent, cursor),
                span(model, role, if i == 0 { format!("{mark} ") } else { "  ".to_owned() }),
                span(model, if marked { Role::Strong } else { Role::Plain }, line),
            ]));
        }
    }
    sheet
}

pub(super) fn quit(model: &Model, reason: QuitReason, room: u16) -> Sheet {
    let unstored = model.dialogs.iter().find_map(|dialog| match dialog {
        Dialog::ShowOnce(show) => Some(show),
        _ => None,
    });
    let name = unstored.map(|show| show.key.name.shown().to_owned());
    let safe = unstored.is_some_and(|show| show.safety == Safety::Escrowed) && model.store_lasts();
    let title = match reason {
        QuitReason::OnlyCopy => "Delete it?",
        _ => "Leave?",
    };
    let mut sheet = Sheet::new(title, room.min(62));
    sheet.role = Role::Danger;
    sheet.blank();
    let (question, yes) = match reason {
        QuitReason::UnstoredValue { .. } if safe => (
            format!(
                "The value of “{}” is not stored yet. It stays safe in {}, and the next start offers it again.",
                name.unwrap_or_default(),
                model.settings.store_name
            ),
            "quit and keep it for later",
        ),
        QuitReason::UnstoredValue { leaving } if unstored.is_some_and(|show| !show.stored_in().is_empty()) => (
            format!(
                "The value of “{}” is in {} alone: left now, it cannot be sent anywhere else from here.",
                name.unwrap_or_default(),
                unstored.map(ShowOnce::stored_in).unwrap_or_default()
            ),
            if leaving { "quit" } else { "close it" },
        ),
        QuitReason::UnstoredValue { leaving } if unstored.is_some_and(|show| !show.is_only_copy()) => (
            format!(
                "The value of “{}” is kept nowhere here and cannot be shown again: left now, it is lost unless you stored \
                 it yourself.",
                name.unwrap_or_default()
            ),
            if leaving { "quit" } else { "close it" },
        ),
        QuitReason::UnstoredValue { leaving } => {
            let name = name.unwrap_or_default();
            (
                format!(
                    "The value of “{name}” is not stored yet, and it cannot be shown again: left now, it is lost, and \
                     the key stays alive."
                ),
                if leaving { "lose it and quit" } else { "lose it" },
            )
        }
        QuitReason::OnlyCopy => (
            format!(
                "Nothing was copied or sent. Delete the only copy? The value of “{}” is then lost, and the key stays alive.",
                name.unwrap_or_default()
            ),
            "delete it",
        ),
        QuitReason::WaitingValues => {
            let mut waiting = model.waiting_ends_with_us();
            let (first, more) = (waiting.next(), waiting.count());
            let store = model.settings.store_name;
            let subject = match (first, more) {
                (Some(creation), 0) => format!("The value of “{}” waits", creation.intent.name),
                _ => format!("The values of {} new keys wait", more + 1),
            };
            (
                format!("{subject} in {store}, which ends with this program: left now, nobody can use the key."),
                "lose it and quit",
            )
        }
        QuitReason::Clipboard => (
            "A copied value is on the clipboard. It is cleared when this program ends: paste it first.".to_owned(),
            "quit and clear it",
        ),
        QuitReason::Underway => (
            "A change is on its way to the server, and its answer is not here yet. Left now, its outcome is not seen."
                .to_owned(),
            "quit all the same",
        ),
    };
    sheet.words(model, Role::Plain, &question);
    sheet.blank();
    sheet.choice(model, "No, stay", &format!("Yes, {yes}"));
    sheet.hints = Some(Vec::new());
    sheet
}
