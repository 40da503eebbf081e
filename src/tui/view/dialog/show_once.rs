//! The new value, once: what is safe, what was done, what is left.

use jiff::Timestamp;
use ratatui::text::Line;

use crate::core::text::columns;
use crate::ops::create::Safety;
use crate::ops::deliver::{ReceiptState, Verified};
use crate::ports::{ClipboardRoute, TerminalNote};
use crate::tui::dialog::sheet::Sheet;
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::model::Model;
use crate::tui::model::dialog::{CopyState, Sending, SendingState, ShowOnce};
use crate::tui::theme::Role;
use crate::tui::view::relative;
use crate::tui::view::span::span;

pub(super) fn sheet(model: &Model, show: &ShowOnce, room: u16) -> Sheet {
    let mut sheet = Sheet::new(format!("New key: {}", show.key.name), room.min(72));
    sheet.blank();
    sheet.words(
        model,
        Role::Strong,
        "This value is shown once. Chatzuri cannot show it again.",
    );
    sheet.blank();
    sheet.fact(model, "id", Role::Plain, show.key.id.shown());
    let revealed = show.revealed_until.is_some_and(|until| until > model.now);
    if revealed {
        value(&mut sheet, model, show.secret.expose());
    } else {
        value(&mut sheet, model, &show.secret.masked());
    }
    sheet.blank();
    let store = model.settings.store_name;
    match &show.safety {
        Safety::Escrowed => sheet.words(
            model,
            Role::Ok,
            &format!("✓ safe in {store} until you say it is stored"),
        ),
        Safety::MemoryOnly(error) => sheet.words(
            model,
            Role::Warn,
            &format!("! in this program's memory only, so it cannot survive a crash: {error}"),
        ),
    }
    if show.own {
        sheet.words(model, Role::Ok, "✓ chatzuri-keys signs in with it from now on");
    }
    let (role, words) = copy(model, show);
    sheet.words(model, role, &words);
    for one in &show.sendings {
        let (role, words) = sending(model, one);
        sheet.words(model, role, &words);
    }
    sheet.blank();
    sheet.words(
        model,
        Role::Dim,
        "Store it in a secret manager, never in source control.",
    );
    sheet.scroll = show.scroll;
    sheet.hints = Some(hints(model, show, revealed));
    sheet
}

/// The value in whole lines, so that a long one can still be selected.
fn value(sheet: &mut Sheet, model: &Model, text: &str) {
    let room = usize::from(sheet.width.saturating_sub(12)).max(1);
    let characters: Vec<char> = text.chars().collect();
    for (i, part) in characters.chunks(room).enumerate() {
        let label = if i == 0 { "value       " } else { "            " };
        debug_assert_eq!(columns(label), 12);
        sheet.line(Line::from(vec![
            span(model, Role::Dim, label),
            span(model, Role::Strong, part.iter().collect::<String>()),
        ]));
    }
}

fn sending(model: &Model, one: &Sending) -> (Role, String) {
    let target = one.exact.as_ref().unwrap_or(&one.target);
    match &one.state {
        SendingState::Underway(_) => (Role::Accent, format!("· {target}   sending…")),
        SendingState::Ended(ReceiptState::Failed { why }, _) => (Role::Danger, format!("✗ {target}   {why}")),
        SendingState::Ended(ReceiptState::Stored { verified }, at) => {
            let time = relative::clock(*at, &model.settings.zone);
            let how = match verified {
                Verified::Yes => "stored and read back",
                Verified::ByDate => "stored",
                Verified::NotPossible => "stored, not verified",
                Verified::Unread(_) => "stored, could not be read back",
            };
            (Role::Ok, format!("✓ {target}   {how} {time}"))
        }
    }
}

fn copy(model: &Model, show: &ShowOnce) -> (Role, String) {
    match &show.copy {
        CopyState::No => (Role::Plain, "· not copied yet".to_owned()),
        CopyState::Copying(_) => (Role::Accent, "· copying…".to_owned()),
        CopyState::Failed(why) => (Role::Danger, format!("✗ not copied: {why}")),
        CopyState::Gone(how) => (Role::Warn, format!("· {how}; c copies it again")),
        CopyState::Before(at) => {
            let time = relative::clock(*at, &model.settings.zone);
            (Role::Ok, format!("✓ copied to the clipboard {time}; c copies it again"))
        }
        CopyState::Copied(route) => {
            let clears = model
                .clipboard
                .as_ref()
                .map(|held| match held.clears_at {
                    Some(at) => format!(", clears in {}", countdown(at, model.now)),
                    None if model.settings.clear_after == 0 => ", stays until you replace it".to_owned(),
                    None => ", clearing".to_owned(),
                })
                .unwrap_or_default();
            match route {
                ClipboardRoute::Desktop { dies_with_us: true } => (
                    Role::Ok,
                    format!("✓ copied to the clipboard{clears}, goes with this program"),
                ),
                ClipboardRoute::Desktop { dies_with_us: false } => {
                    (Role::Ok, format!("✓ copied to the clipboard{clears}"))
                }
                ClipboardRoute::Terminal(note) => terminal(*note, &clears),
            }
        }
    }
}

fn terminal(note: TerminalNote, clears: &str) -> (Role, String) {
    match note {
        TerminalNote::Plain => (
            Role::Warn,
            format!("◔ sent to your terminal, which does not confirm (OSC 52){clears}"),
        ),
        TerminalNote::TmuxKeepsABuffer => (
            Role::Warn,
            format!(
                "◔ sent to your terminal, which does not confirm (OSC 52){clears}. tmux keeps a buffer of its own: \
                     tmux delete-buffer"
            ),
        ),
        TerminalNote::TmuxBlocks => (
            Role::Danger,
            "✗ sent to your terminal, but tmux stops it: run “tmux set -g set-clipboard on”, then c again".to_owned(),
        ),
    }
}

fn countdown(at: Timestamp, now: Timestamp) -> String {
    let left = at.duration_since(now).as_millis().max(0);
    let seconds = (left + 999) / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// The hints say what a second press does.
fn hints(model: &Model, show: &ShowOnce, revealed: bool) -> Vec<(String, String)> {
    model
        .keymap
        .of(KeyContext::ShowOnce)
        .filter(|binding| model.allows(binding.when))
        .filter_map(|binding| {
            let label = match binding.action {
                Action::Reveal if revealed => "hide",
                Action::Quit if show.safety == Safety::Escrowed => "keep for later",
                _ => binding.label,
            };
            Some((binding.keys.first()?.to_string(), label.to_owned())).filter(|(_, label)| !label.is_empty())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_shows_the_second_that_is_running() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let after = |ms| now.checked_add(jiff::SignedDuration::from_millis(ms)).unwrap();
        assert_eq!(countdown(after(45_000), now), "0:45");
        assert_eq!(countdown(after(44_999), now), "0:45");
        assert_eq!(countdown(after(61_000), now), "1:01");
        assert_eq!(countdown(now, now), "0:00");
    }
}
