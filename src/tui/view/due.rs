//! What is due over every team: an agenda beside a calendar of the next months.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::policy::DueStatus;
use crate::core::text::fit;
use crate::tui::model::Model;
use crate::tui::model::agenda::Entry;
use crate::tui::theme::{Role, mark, role};
use crate::tui::view::relative;
use crate::tui::view::span::span;
use crate::tui::view::table::pad;

/// Columns of a month: seven days of four.
const MONTH: u16 = 28;
/// Columns of when a key is due.
const DUE: u16 = 21;
/// Columns of the agenda that a calendar leaves it at least.
const AGENDA: u16 = 44;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, titles: Rect, area: Rect) {
    let months = area.width.saturating_sub(AGENDA) / (MONTH + 3);
    let calendar = months.min(3) * (MONTH + 3);
    let agenda = Rect {
        width: area.width - calendar,
        ..area
    };
    let teams = match model.teams.len() {
        1 => String::new(),
        n => format!("   all teams ({n})"),
    };
    let title = format!("     DUE{teams}");
    frame.render_widget(Line::from(span(model, Role::Dim, title)), titles);
    draw_agenda(model, frame, agenda);
    let today = TimeZone::UTC.to_datetime(model.server_now()).date();
    let mut month = today.first_of_month();
    for n in 0..months.min(3) {
        let at = Rect {
            x: agenda.x + agenda.width + n * (MONTH + 3),
            width: MONTH,
            ..area
        };
        draw_month(model, frame, at, month, today);
        month = month.last_of_month().tomorrow().unwrap_or(month);
    }
}

fn draw_agenda(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let entries = model.agenda.entries();
    if entries.is_empty() {
        let words = "     Not known: no list was read yet.";
        frame.render_widget(Line::from(span(model, Role::Dim, words)), area);
        return;
    }
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut cursor = 0;
    let mut heading = None;
    // Far below the window nothing is needed.
    let last = model.agenda.place() + usize::from(area.height);
    for (place, entry) in entries.iter().enumerate().take(last + 1) {
        if heading != Some(entry.span()) {
            heading = Some(entry.span());
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::from(span(
                model,
                Role::Strong,
                format!(" {}", entry.span().heading()),
            )));
        }
        if place == model.agenda.place() {
            cursor = lines.len();
        }
        lines.push(line(model, entry, place == model.agenda.place(), area.width));
    }
    let height = usize::from(area.height);
    let top = (cursor + 2).saturating_sub(height);
    for (line, y) in lines.into_iter().skip(top).zip(area.y..area.y + area.height) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

fn line<'a>(model: &Model, entry: &Entry, selected: bool, width: u16) -> Line<'a> {
    let due = match (&entry.part, entry.snoozed, entry.days_left) {
        (Some(part), Some(_), _) => relative::rotating(part, DueStatus::Rotating, DUE),
        (Some(part), None, _) => relative::rotating(part, entry.status, DUE),
        (None, Some(until), _) => format!("snoozed {}", until.strftime("%m-%d")),
        (None, None, Some(days)) => relative::due_in(days),
        (None, None, None) => "age unknown".to_owned(),
    };
    let several = model.teams.len() > 1;
    let team_width = if several { 16 } else { 0 };
    let name_width = width.saturating_sub(5 + DUE + team_width + 4).min(34);
    let name = if entry.name.trim().is_empty() {
        "(no name)"
    } else {
        &entry.name
    };
    let role = match entry.snoozed {
        Some(_) => Role::Dim,
        None => role(entry.status),
    };
    let mut spans = vec![
        span(model, Role::Accent, if selected { " ▸ " } else { "   " }),
        span(model, role, mark(entry.status)),
        Span::raw(" "),
        span(
            model,
            if selected { Role::Cursor } else { Role::Plain },
            pad(name, name_width),
        ),
        Span::raw("  "),
    ];
    if several {
        spans.push(span(model, Role::Dim, pad(&team_name(model, entry), team_width)));
        spans.push(Span::raw("  "));
    }
    spans.push(span(model, role, due));
    Line::from(spans)
}

fn team_name(model: &Model, entry: &Entry) -> String {
    let named = model.teams.get(entry.team.0).and_then(|state| state.team.known());
    let profile = model.settings.profiles.get(entry.team.0);
    match (named, profile) {
        (Some(team), _) if !team.name.is_blank() => fit(team.name.shown(), 16).into_owned(),
        (_, Some(profile)) => profile.name.clone(),
        _ => String::new(),
    }
}

/// A month, Monday first; a day on which keys are due stands in brackets.
fn draw_month(model: &Model, frame: &mut Frame<'_>, area: Rect, month: Date, today: Date) {
    let title = month.strftime("%B %Y").to_string();
    let mut lines = vec![
        Line::from(span(model, Role::Strong, format!(" {title}"))),
        Line::from(span(model, Role::Dim, " Mo  Tu  We  Th  Fr  Sa  Su")),
    ];
    let offset = usize::try_from(month.weekday().to_monday_zero_offset()).unwrap_or(0);
    let mut week: Vec<Span<'_>> = vec![Span::raw("    ".repeat(offset))];
    let mut column = offset;
    let mut day = Some(month);
    while let Some(date) = day.filter(|date| date.month() == month.month()) {
        let due = model.agenda.entries().iter().find(|entry| entry.date == Some(date));
        let number = date.day();
        week.push(match due {
            Some(entry) => span(model, role(entry.status), format!("[{number:>2}]")),
            None if date == today => span(model, Role::Strong, format!("·{number:>2}·")),
            None => span(
                model,
                if date < today { Role::Dim } else { Role::Plain },
                format!(" {number:>2} "),
            ),
        });
        column += 1;
        if column == 7 {
            lines.push(Line::from(std::mem::take(&mut week)));
            column = 0;
        }
        day = date.tomorrow().ok();
    }
    if !week.is_empty() {
        lines.push(Line::from(week));
    }
    for (line, y) in lines.into_iter().zip(area.y..area.y + area.height) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}
