//! Several keys to be revoked: the plan, how far it has come, and what became of each.

use ratatui::text::Line;

use crate::core::bulk::{BulkPlan, rotation_of};
use crate::core::key::{LastUse, Own};
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::core::text::{columns, fit};
use crate::ops::revoke::Revoked;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::model::Model;
use crate::tui::model::bulk::{BulkForm, BulkStage, Run};
use crate::tui::model::dialog::Facts;
use crate::tui::model::list::Marks;
use crate::tui::theme::Role;
use crate::tui::view::relative;
use crate::tui::view::span::span;

/// Rows that a part takes besides its keys.
const PART_ROWS: usize = 3;
/// Rows of the screen that are not a part's.
const OTHER_ROWS: usize = 13;
/// Rows of the progress that are drawn at once.
const STEPS: usize = 10;

pub(super) fn sheet(model: &Model, form: &BulkForm, room: u16) -> Sheet {
    let count = form.plan.len();
    let title = match &form.stage {
        BulkStage::Over(_) => "Revoked keys".to_owned(),
        _ => format!("Revoke {count} key{}?", if count == 1 { "" } else { "s" }),
    };
    let mut sheet = Sheet::new(title, room.min(84));
    sheet.role = Role::Danger;
    sheet.blank();
    match &form.stage {
        BulkStage::Counting(input) => {
            plan(&mut sheet, model, form);
            let these = match count {
                1 => "this key".to_owned(),
                count => format!("all {count} keys"),
            };
            sheet.words(model, Role::Plain, &format!("Type {count} to revoke {these}:"));
            sheet.input(model, input.value(), input.cursor());
        }
        BulkStage::Own { input, expected, what } => {
            sheet.words(
                model,
                Role::Danger,
                "! The key chatzuri-keys is signed in with is among them. It goes last, and revoking it signs us out.",
            );
            sheet.blank();
            sheet.words(
                model,
                Role::Plain,
                &format!("Type {what} to revoke all {count}: {expected}"),
            );
            sheet.input(model, input.value(), input.cursor());
        }
        BulkStage::Running(run) => running(&mut sheet, model, run),
        BulkStage::Over(results) => {
            sheet.scroll = form.scroll.lines();
            over(&mut sheet, model, results);
        }
    }
    if let Some(hint) = form.hint {
        sheet.words(model, Role::Warn, hint);
    }
    sheet
}

fn plan(sheet: &mut Sheet, model: &Model, form: &BulkForm) {
    let BulkPlan { unused, in_use, own } = &form.plan;
    let parts = [unused, in_use].iter().filter(|keys| !keys.is_empty()).count().max(1);
    let own_rows = if own.is_empty() { 0 } else { PART_ROWS };
    let hidden = model.team().list.hidden_count();
    let other_rows = OTHER_ROWS + usize::from(hidden > 0);
    let room = usize::from(model.size.1).saturating_sub(other_rows + own_rows + PART_ROWS * parts);
    let shown = (room / parts).max(1);
    part(sheet, model, (Role::Plain, "Not in use"), unused, shown);
    part(
        sheet,
        model,
        (
            Role::Danger,
            "! In use, or their use is not known: these want a rotation instead",
        ),
        in_use,
        shown,
    );
    part(
        sheet,
        model,
        (Role::Danger, "! Ours, and last: revoking it signs us out"),
        own,
        shown,
    );
    if hidden > 0 {
        let words = match (form.marks, hidden) {
            (Marks::Visible, 1) => "1 more marked key is hidden by the filter and stays. Tab includes it.".to_owned(),
            (Marks::Visible, _) => {
                format!("{hidden} more marked keys are hidden by the filter and stay. Tab includes them.")
            }
            (Marks::All, 1) => "1 of them is hidden by the filter. Tab leaves it out.".to_owned(),
            (Marks::All, _) => format!("{hidden} of them are hidden by the filter. Tab leaves them out."),
        };
        sheet.words(model, Role::Warn, &words);
    }
    if form.gone > 0 {
        let words = format!("{} of the marked keys: not in the list any more.", form.gone);
        sheet.words(model, Role::Dim, &words);
    }
    if form.in_browser > 0 {
        let words = format!(
            "{} more of the marked keys, tracked on this machine, are revoked in the browser: x again afterwards.",
            form.in_browser
        );
        sheet.words(model, Role::Dim, &words);
    }
    match &form.facts {
        Facts::Reading(_) => sheet.words(model, Role::Accent, "Reading their last use again…"),
        Facts::Fresh if form.finding.is_underway() => sheet.finding(model, "keys are revoked"),
        Facts::Fresh => {}
        Facts::Stale(why) => sheet.words(
            model,
            Role::Warn,
            &format!("! These facts may be old, the list could not be read again: {why}"),
        ),
    }
    sheet.words(
        model,
        Role::Plain,
        "Revocation is immediate and cannot be undone: every request with one of them gets 401.",
    );
    sheet.blank();
}

fn part(sheet: &mut Sheet, model: &Model, (role, heading): (Role, &str), keys: &[ListedKey], shown: usize) {
    if keys.is_empty() {
        return;
    }
    sheet.words(model, role, &format!("{heading} ({})", keys.len()));
    for key in keys.iter().take(shown) {
        let used = match key.key.last_used_at {
            LastUse::Unknown => "last use unknown".to_owned(),
            LastUse::Never => "never used".to_owned(),
            LastUse::At(at) => match relative::ago(at, model.server_now()).as_str() {
                "now" => "used just now".to_owned(),
                ago => format!("used {ago}"),
            },
        };
        let maybe = if key.own == Own::Unknown { ", may be ours" } else { "" };
        let rotating = match rotation_of(&model.team().list.notes().rotations, key) {
            Some(_) => ", being rotated",
            None => "",
        };
        let hidden = if model.team().list.is_shown(&key.key.id) {
            ""
        } else {
            ", hidden by the filter"
        };
        line(
            sheet,
            model,
            "  ",
            &key.key.display_name(),
            &format!("{used}{maybe}{rotating}{hidden}"),
        );
    }
    if let Some(more) = keys.len().checked_sub(shown).filter(|&more| more > 0) {
        sheet.words(model, Role::Dim, &format!("  and {more} more"));
    }
    sheet.blank();
}

/// A key, and a few words about it that are never cut away.
fn line(sheet: &mut Sheet, model: &Model, lead: &str, key: &str, words: &str) {
    let room = sheet.width.saturating_sub(columns(lead) + columns(words) + 3);
    sheet.line(Line::from(vec![
        span(model, Role::Plain, format!("{lead}{}", fit(key, room))),
        span(model, Role::Dim, format!("   {words}")),
    ]));
}

fn running(sheet: &mut Sheet, model: &Model, run: &Run) {
    let done = run.answered.len();
    let from = done
        .saturating_sub(STEPS / 2)
        .min(run.order.len().saturating_sub(STEPS));
    for target in run.order.iter().skip(from).take(STEPS) {
        let id = &target.key.id;
        let (lead, words) = match run.answered.get(id.raw()) {
            Some(true) => ("✓ ", "accepted"),
            Some(false) => ("✗ ", "not accepted"),
            None if run.asking.as_ref() == Some(id) => ("▸ ", "asking…"),
            None => ("· ", ""),
        };
        line(sheet, model, lead, &target.key.display_name(), words);
    }
    sheet.blank();
    let words = if run.reading {
        format!("{done} of {} asked for. Reading the list again…", run.order.len())
    } else {
        format!("{done} of {} asked for.", run.order.len())
    };
    sheet.words(model, Role::Accent, &words);
}

fn over(sheet: &mut Sheet, model: &Model, results: &[Revoked]) {
    for one in results {
        let called = one.target.key.display_name();
        let verdict = one.outcome.verdict();
        // One line for each that is done, and a sentence where there is more to know.
        let done = match &one.outcome {
            Outcome::Revoked => Some("gone from the list"),
            Outcome::AlreadyGone => Some("was gone already"),
            Outcome::Dead => Some("its value gets 401"),
            _ => None,
        };
        if let Some(words) = done {
            line(sheet, model, &format!("{} ", verdict.sign()), &called, words);
            continue;
        }
        let words = format!("{} {}", verdict.sign(), one.outcome.sentence(&called));
        sheet.words(model, verdict.into(), &words);
    }
}
