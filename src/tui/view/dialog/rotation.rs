//! A rotation and its four steps.

use jiff::Timestamp;
use ratatui::text::{Line, Span};

use crate::core::key::KeyId;
use crate::core::rotation::{Discrepancy, Next, Odd, Rotation, StepAccount, StepProgress, Uses, place_words};
use crate::core::text::{columns, fit};
use crate::ops::recover::Waiting;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::model::Model;
use crate::tui::model::rotation::{RotationPage, Shown};
use crate::tui::theme::Role;
use crate::tui::view::relative;
use crate::tui::view::span::span;

/// Cells of the small timeline of a key's uses.
const CELLS: usize = 24;

pub(super) fn page(model: &Model, page: &RotationPage, room: u16) -> Sheet {
    match &page.shown {
        Shown::Row(rotation) => row(model, page, rotation, room),
        Shown::Elsewhere { old, new } => elsewhere(model, page, (old, new), room),
    }
}

fn row(model: &Model, page: &RotationPage, rotation: &Rotation, room: u16) -> Sheet {
    let state = match rotation.step() {
        Some(step) => format!("{step} of 4"),
        None => rotation.word().to_owned(),
    };
    let mut sheet = Sheet::new(format!("Rotate {}   {state}", rotation.old.name), room.min(88));
    let (quiet, now) = (model.settings.quiet, model.server_now());
    let written = |at: Timestamp| relative::nearby(at, model.server_now(), &model.settings.zone);
    sheet.blank();
    for step in rotation.account(quiet, now, &written) {
        line(&mut sheet, model, &step);
        match step.number {
            2 => places(&mut sheet, model, page, rotation),
            3 if step.progress != StepProgress::Later => traffic(&mut sheet, model, rotation),
            _ => {}
        }
    }
    for trouble in &page.troubles {
        sheet.blank();
        sheet.words(model, Role::Warn, &format!("! {}", trouble.sentence(rotation)));
    }
    sheet.blank();
    let new_is_gone = |trouble: &Discrepancy| matches!(trouble, Discrepancy::NewGone { back_as: None });
    let next = if page.troubles.iter().any(new_is_gone) {
        Next::Create
    } else {
        rotation.next(quiet, now)
    };
    let gone = |trouble: &Discrepancy| matches!(trouble, Discrepancy::OldGone { back_as: None });
    let old_is_gone = page.troubles.iter().any(gone) && rotation.step().is_some_and(|step| step > 1);
    if page.doing.is_some() {
        sheet.words(model, Role::Accent, "One moment…");
    } else if let Some(error) = &page.error {
        sheet.words(model, Role::Danger, error);
    } else if old_is_gone {
        sheet.words(model, Role::Dim, "Enter closes the rotation; nothing is sent.");
    } else {
        sheet.words(model, Role::Dim, &advice(model, page, next.clone()));
    }
    sheet.scroll = page.scroll;
    sheet.hints = Some(if old_is_gone {
        vec![
            ("Enter".to_owned(), "close it".to_owned()),
            ("c".to_owned(), "give up".to_owned()),
            ("Esc".to_owned(), "leave, it keeps its place".to_owned()),
        ]
    } else {
        hints(rotation, next, is_left_in_browser(model, page))
    });
    sheet
}

fn line(sheet: &mut Sheet, model: &Model, step: &StepAccount) {
    let (mark, role) = match step.progress {
        StepProgress::Done => ("✓", Role::Ok),
        StepProgress::Current => ("▸", Role::Accent),
        StepProgress::Later => (" ", Role::Dim),
    };
    let words_role = if step.progress == StepProgress::Later {
        Role::Dim
    } else {
        Role::Plain
    };
    let by = step.by.as_ref().map_or("", |by| by.shown());
    let lead = 24;
    let right = columns(by);
    let room = sheet.width.saturating_sub(lead + right + 1);
    for (i, part) in crate::tui::view::wrap::wrap(&step.words, room).into_iter().enumerate() {
        if i > 0 {
            sheet.line(Line::from(vec![
                Span::raw(" ".repeat(usize::from(lead))),
                span(model, words_role, part),
            ]));
            continue;
        }
        let padding = room.saturating_sub(columns(&part)) + 1;
        sheet.line(Line::from(vec![
            span(model, role, format!("{mark} {} ", step.number)),
            span(
                model,
                if step.progress == StepProgress::Current {
                    Role::Strong
                } else {
                    words_role
                },
                format!("{:<20}", step.title),
            ),
            span(model, words_role, part),
            Span::raw(" ".repeat(usize::from(padding))),
            span(model, Role::Dim, by.to_owned()),
        ]));
    }
}

fn places(sheet: &mut Sheet, model: &Model, page: &RotationPage, rotation: &Rotation) {
    let written = |at: Timestamp| relative::nearby(at, model.server_now(), &model.settings.zone);
    let marked = rotation.step() == Some(2);
    for (i, state) in rotation.places.iter().enumerate() {
        let (mark, role) = match (&state.ticked, state.stored) {
            (Some(_), _) => ("✓", Role::Ok),
            (None, Some(_)) => ("◔", Role::Warn),
            (None, None) => ("·", Role::Dim),
        };
        let cursor = marked && i == page.place;
        let words = place_words(state, &written);
        let name_room = sheet.width.saturating_sub(columns(&words) + 11).max(12);
        let name = fit(state.place.shown(), name_room).into_owned();
        sheet.line(Line::from(vec![
            span(model, Role::Accent, if cursor { "    ▸ " } else { "      " }),
            span(model, role, format!("{mark} ")),
            span(model, if cursor { Role::Strong } else { Role::Plain }, name),
            Span::raw("   "),
            span(model, Role::Dim, words),
        ]));
    }
}

/// Both keys' uses as they were seen, one under the other.
fn traffic(sheet: &mut Sheet, model: &Model, rotation: &Rotation) {
    let watch = &rotation.watch;
    let Some(to) = watch.read_at else { return };
    let from = watch
        .new
        .seen
        .first()
        .into_iter()
        .chain(watch.old.seen.first())
        .chain(rotation.rolled_out().map(|mark| &mark.at))
        .min()
        .copied()
        .unwrap_or(to);
    for (label, uses) in [("new", &watch.new), ("old", &watch.old)] {
        let last = match uses.last() {
            Some(at) => format!(
                "last used {}",
                relative::nearby(at, model.server_now(), &model.settings.zone)
            ),
            None => match uses.told {
                Some(true) => "not used",
                Some(false) => "the server does not say",
                None => "not read yet",
            }
            .to_owned(),
        };
        let odd = uses.odd.map_or("", Odd::words);
        sheet.line(Line::from(vec![
            span(model, Role::Dim, format!("      {label}  ")),
            span(model, Role::Accent, timeline(uses, from, to)),
            span(model, Role::Plain, format!("  {last}")),
        ]));
        if !odd.is_empty() {
            sheet.words(model, Role::Warn, &format!("      ! {odd}"));
        }
    }
}

/// `▇` where a use was seen, `·` where none was.
fn timeline(uses: &Uses, from: Timestamp, to: Timestamp) -> String {
    let cells = i128::try_from(CELLS).unwrap_or(1);
    let whole = to.duration_since(from).as_millis().max(1);
    let cell = |at: &Timestamp| {
        let passed = at.duration_since(from).as_millis().clamp(0, whole);
        usize::try_from((passed * cells / whole).min(cells - 1)).unwrap_or(0)
    };
    let used: std::collections::HashSet<usize> = uses.seen.iter().map(cell).collect();
    (0..CELLS).map(|i| if used.contains(&i) { '▇' } else { '·' }).collect()
}

/// Whether the new key was being made in the browser when that was left.
fn is_left_in_browser(model: &Model, page: &RotationPage) -> bool {
    let op = page.rotation().and_then(Rotation::creation);
    let mut waiting = model.team().waiting.iter();
    waiting.any(|one| matches!(one, Waiting::Asked(creation) if creation.intent.manual && Some(&creation.op) == op))
}

fn advice(model: &Model, page: &RotationPage, next: Next) -> String {
    match next {
        _ if page.troubles.contains(&Discrepancy::OtherTeam) => "Sign in to its team first.".to_owned(),
        Next::Create => "Enter makes the new key.".to_owned(),
        Next::AwaitAnswer if is_left_in_browser(model, page) => {
            "You were making the new key in the browser. Enter opens its page again, and the field for its value."
                .to_owned()
        }
        Next::AwaitAnswer => "We don't know yet what came of the request. Enter checks again.".to_owned(),
        Next::Store => format!(
            "The new value waits in {}. Enter opens it, to be sent, copied, and said to be stored.",
            model.settings.store_name
        ),
        Next::ProveAlive => {
            "The new key did not answer yet: it counts as alive once it is used. Enter looks.".to_owned()
        }
        Next::Tick(_) => "Where the app runs with the new key, Space ticks the place.".to_owned(),
        Next::Wait(_) => "Looked at again by itself while this is open. Leave it; it keeps its place.".to_owned(),
        Next::Revoke => "Enter asks once more, then revokes the old key.".to_owned(),
        Next::UsedAgain(_) => {
            "The old key was used again since it was measured. Find what uses it; it is looked at again by itself."
                .to_owned()
        }
        Next::Revoking => "A revocation was begun. Enter looks how it stands.".to_owned(),
        Next::Nothing => "It is over.".to_owned(),
    }
}

fn hints(rotation: &Rotation, next: Next, left_in_browser: bool) -> Vec<(String, String)> {
    let hint = |key: &str, label: &str| (key.to_owned(), label.to_owned());
    let mut hints = match next {
        Next::Create => vec![hint("Enter", "create")],
        Next::Store => vec![hint("Enter", "open the value")],
        Next::Tick(_) => vec![hint("Space", "tick"), hint("a", "attest instead")],
        Next::Wait(_) | Next::UsedAgain(_) => vec![hint("R", "read again"), hint("a", "attest instead")],
        Next::Revoke => vec![hint("Enter", "revoke the old key")],
        Next::AwaitAnswer if left_in_browser => vec![hint("Enter", "paste its value")],
        Next::AwaitAnswer | Next::ProveAlive | Next::Revoking => vec![hint("Enter", "look again")],
        Next::Nothing => Vec::new(),
    };
    if rotation.is_over() {
        hints.push(hint("Esc", "close"));
    } else {
        hints.push(hint("c", "give up"));
        hints.push(hint("Esc", "leave, it keeps its place"));
    }
    hints
}

fn elsewhere(model: &Model, page: &RotationPage, (old, new): (&KeyId, &KeyId), room: u16) -> Sheet {
    let called = |id: &KeyId| {
        let row = model.team().list.find(id);
        row.map_or_else(|| id.to_string(), |row| row.listed.key.display_name())
    };
    let mut sheet = Sheet::new("Rotating, started elsewhere", room.min(76));
    sheet.blank();
    sheet.words(
        model,
        Role::Plain,
        &format!(
            "{} is there, and so is {}, which looks like its successor.",
            called(old),
            called(new)
        ),
    );
    sheet.blank();
    sheet.words(
        model,
        Role::Plain,
        "No rotation of this machine explains the two: somebody else began one, or made the key by hand. Another one is not \
         begun on top of it. Adopting it goes on from step 2.",
    );
    sheet.blank();
    if page.doing.is_some() {
        sheet.words(model, Role::Accent, "One moment…");
    } else if let Some(error) = &page.error {
        sheet.words(model, Role::Danger, error);
    }
    sheet.hints = Some(vec![
        ("o".to_owned(), "adopt it".to_owned()),
        ("Esc".to_owned(), "leave".to_owned()),
    ]);
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_stands_where_it_was_between_the_first_and_the_last_reading() {
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        let uses = Uses {
            seen: vec![at(0), at(120), at(240)],
            told: Some(true),
            odd: None,
        };
        assert_eq!(timeline(&uses, at(0), at(240)), "▇···········▇··········▇");
        assert_eq!(timeline(&Uses::default(), at(0), at(0)), "·".repeat(24));
    }
}
