//! What was done on this machine, newest first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::activity::Activity;
use crate::core::outcome::{Outcome, Verdict};
use crate::core::text::{clean, fit};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::view::relative;
use crate::tui::view::span::span;
use crate::tui::view::table::pad;
use crate::tui::view::wrap::wrap;
use crate::tui::world::World;

/// From this many columns on the key's id stands beside its name.
const WITH_ID: u16 = 40;
/// Columns that an id and its brackets take of them.
const ID: u16 = 20;

/// Widths of the columns, in columns of the terminal; 0 = not drawn.
struct Widths {
    time: u16,
    who: u16,
    what: u16,
    team: u16,
    key: u16,
    outcome: u16,
}

impl Widths {
    fn of(model: &Model, total: u16) -> Self {
        let wide = total >= 110;
        let (time, who, what, outcome) = (16, if wide { 14 } else { 9 }, 11, 15);
        let team = if model.teams.len() > 1 && wide { 14 } else { 0 };
        let gaps = 2 * if team > 0 { 5 } else { 4 };
        let taken = 3 + time + who + what + team + outcome + gaps;
        Self {
            time,
            who,
            what,
            team,
            key: total.saturating_sub(taken + 1).min(52),
            outcome,
        }
    }
}

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, titles: Rect, area: Rect) {
    let widths = Widths::of(model, area.width);
    let log = &model.activity;
    let entries = log.entries().unwrap_or_default();
    if entries.is_empty() {
        return empty(model, frame, area);
    }
    let heads = [
        ("TIME", widths.time),
        ("WHO", widths.who),
        ("WHAT", widths.what),
        ("TEAM", widths.team),
        ("KEY", widths.key),
        ("OUTCOME", widths.outcome),
    ];
    let mut text = "   ".to_owned();
    for (words, width) in heads.iter().filter(|(_, width)| *width > 0) {
        text.push_str(&pad(words, *width));
        text.push_str("  ");
    }
    frame.render_widget(Line::from(span(model, Role::Dim, text)), titles);
    let rows = entries.iter().enumerate().skip(log.top());
    for ((place, entry), y) in rows.zip(area.y..area.y + area.height) {
        let line = row(model, entry, &widths, place == log.place());
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

fn row<'a>(model: &Model, entry: &'a Activity, widths: &Widths, selected: bool) -> Line<'a> {
    let key = match &entry.key {
        Some((id, name)) if name.is_blank() => id.shown().to_owned(),
        Some((id, name)) if widths.key >= WITH_ID => format!("{} ({id})", fit(name.shown(), widths.key - ID)),
        Some((_, name)) => name.shown().to_owned(),
        None => "—".to_owned(),
    };
    let (outcome_role, outcome) = outcome(&entry.outcome);
    let plain = if selected { Role::Strong } else { Role::Plain };
    let cells = [
        (relative::local(entry.at, &model.settings.zone), widths.time, Role::Dim),
        (entry.actor.shown().to_owned(), widths.who, plain),
        (
            spoken(entry.action.word()),
            widths.what,
            if selected { Role::Cursor } else { Role::Plain },
        ),
        (clean(&entry.profile).into_owned(), widths.team, Role::Dim),
        (key, widths.key, plain),
        (outcome, widths.outcome, outcome_role),
    ];
    let mut spans = vec![span(model, Role::Accent, if selected { " ▸ " } else { "   " })];
    for (text, width, role) in cells.into_iter().filter(|(_, width, _)| *width > 0) {
        spans.push(span(model, role, pad(&text, width)));
        spans.push(Span::raw("  "));
    }
    Line::from(spans)
}

/// A word of the journal as a person reads it.
fn spoken(word: &str) -> String {
    clean(&word.replace('_', " ")).into_owned()
}

/// What is not proven or did not work stands out, by its mark too.
fn outcome(word: &str) -> (Role, String) {
    let spoken = spoken(word);
    match (Outcome::verdict_of_word(word), word) {
        (Some(Verdict::Proven), _) => (Role::Plain, spoken),
        (Some(verdict), _) => (verdict.into(), format!("{} {spoken}", verdict.sign())),
        (None, "not_created" | "lost") => (Role::Danger, format!("✗ {spoken}")),
        (None, "unknown") => (Role::Warn, format!("! {spoken}")),
        (None, _) => (Role::Plain, spoken),
    }
}

fn empty(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let log = &model.activity;
    let (role, words) = match (&log.trouble, log.entries()) {
        (Some(why), _) => (
            Role::Warn,
            format!("The log cannot be read: {why}. Keys can be read and revoked, nothing is recorded."),
        ),
        (None, None) => (Role::Dim, "Reading what was done on this machine.".to_owned()),
        (None, Some(_)) => (
            Role::Dim,
            "Nothing was done on this machine yet. What you create, send, rotate and revoke is written down here, without \
             any value."
                .to_owned(),
        ),
    };
    let lines = wrap(&words, area.width.saturating_sub(8).min(76));
    for (line, y) in lines.into_iter().zip(area.y + 1..area.y + area.height) {
        let line = Line::from(vec![Span::raw("     "), span(model, role, line)]);
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

/// Everything of one line, as labelled facts.
pub fn facts(world: &World, entry: &Activity) -> Vec<(&'static str, Role, String)> {
    let at = world.settings.zone.to_datetime(entry.at);
    let (role, outcome) = outcome(&entry.outcome);
    let mut facts = vec![
        ("time", Role::Plain, at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()),
        ("who", Role::Plain, entry.actor.shown().to_owned()),
        ("profile", Role::Plain, clean(&entry.profile).into_owned()),
        ("what", Role::Plain, spoken(entry.action.word())),
    ];
    if let Some((id, name)) = &entry.key {
        let name = if name.is_blank() { "(no name)" } else { name.shown() };
        facts.push(("key", Role::Strong, fit(name, 400).into_owned()));
        facts.push(("id", Role::Plain, id.shown().to_owned()));
    }
    facts.push(("outcome", role, outcome));
    if !entry.detail.is_blank() {
        facts.push(("detail", Role::Plain, entry.detail.shown().to_owned()));
    }
    facts
}
