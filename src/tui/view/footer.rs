//! What happened last, and what can be pressed now.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::core::text::{clean, columns, fit};
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::model::Model;
use crate::tui::theme::Role;
use crate::tui::view::layout::NOTICE_ROWS;
use crate::tui::view::relative;
use crate::tui::view::span::span;
use crate::tui::view::wrap::wrap;

/// Columns of the time of day beside a notice.
const CLOCK: u16 = 8;

/// The filter line while it is typed into; otherwise what happened last.
pub(super) fn draw_notice(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let list = &model.team().list;
    let filter = list.filter();
    if model.keys.filtering {
        let shown = clean(filter.value()).into_owned();
        let count = format!("{} of {}", list.shown(), list.all().len());
        let room = area.width.saturating_sub(columns(&count) + 6);
        let text = fit(&shown, room).into_owned();
        let cursor = area.x + 3 + columns(&text);
        let spans = vec![span(model, Role::Accent, " / "), Span::raw(text)];
        frame.render_widget(Line::from(spans), area);
        right(model, frame, area, Role::Dim, &count);
        if model.context() == KeyContext::Filter {
            frame.set_cursor_position(Position::new(cursor.min(area.x + area.width - 1), area.y));
        }
        return;
    }
    if let Some(notice) = &model.notice {
        for (line, y) in notice_lines(model, area.width)
            .into_iter()
            .zip(area.y..area.y + area.height)
        {
            let spans = vec![Span::raw(" "), span(model, notice.role, line)];
            frame.render_widget(Line::from(spans), Rect { y, height: 1, ..area });
        }
        let time = relative::clock(notice.at, &model.settings.zone);
        right(model, frame, area, Role::Dim, &time);
    } else if !filter.value().is_empty() {
        let shown = clean(filter.value()).into_owned();
        let text = format!("/ {shown}   {} of {}", list.shown(), list.all().len());
        frame.render_widget(Line::from(vec![Span::raw(" "), span(model, Role::Accent, text)]), area);
    } else if let Some(note) = &model.settings.sandbox {
        let text = fit(&note.text, area.width.saturating_sub(2)).into_owned();
        frame.render_widget(Line::from(vec![Span::raw(" "), span(model, Role::Dim, text)]), area);
    }
}

/// Rows that the notice line needs: a long sentence is wrapped, not cut.
pub(super) fn notice_rows(model: &Model) -> u16 {
    if model.keys.filtering {
        return 1;
    }
    u16::try_from(notice_lines(model, model.size.0).len()).unwrap_or(u16::MAX)
}

fn notice_lines(model: &Model, width: u16) -> Vec<String> {
    let room = width.saturating_sub(CLOCK + 3);
    let Some(notice) = &model.notice else {
        return Vec::new();
    };
    let mut lines = wrap(&notice.text, room);
    if lines.len() > usize::from(NOTICE_ROWS) {
        lines.truncate(usize::from(NOTICE_ROWS));
        if let Some(last) = lines.last_mut() {
            *last = fit(&format!("{last} …"), room).into_owned();
        }
    }
    lines
}

fn right(model: &Model, frame: &mut Frame<'_>, area: Rect, role: Role, text: &str) {
    let width = columns(text);
    let at = Rect {
        x: area.x + area.width.saturating_sub(width + 1),
        width,
        height: 1,
        ..area
    };
    frame.render_widget(span(model, role, text.to_owned()), at);
}

/// The keys of the present context that fit; help and quit are always among them.
pub(super) fn draw_hints(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let context = model.context();
    let possible: Vec<(String, &str, Action)> = model
        .keymap
        .of(context)
        .filter(|binding| !binding.label.is_empty() && model.allows(binding.when))
        .filter_map(|binding| Some((binding.keys.first()?.to_string(), binding.label, binding.action)))
        .collect();
    let is_fixed = |action: Action| matches!(action, Action::Help | Action::Quit);
    let (fixed, rest): (Vec<_>, Vec<_>) = possible.into_iter().partition(|(_, _, action)| is_fixed(*action));
    let hint = |(key, label, _): &(String, &str, Action)| {
        vec![
            span(model, Role::Accent, key.clone()),
            Span::raw(" "),
            Span::raw((*label).to_owned()),
        ]
    };
    let width = |(key, label, _): &(String, &str, Action)| columns(key) + 1 + columns(label);
    let fixed_width: u16 = fixed.iter().map(|entry| width(entry) + 2).sum();
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    let list = &model.team().list;
    let marked = list.marked_count();
    if context == KeyContext::List && marked > 0 {
        let words = match list.hidden_count() {
            0 => format!("● {marked} marked  "),
            hidden => format!("● {marked} marked, {hidden} hidden by the filter  "),
        };
        used += columns(&words);
        spans.push(span(model, Role::Accent, words));
    }
    for entry in &rest {
        if used + width(entry) + 2 + fixed_width > area.width {
            break;
        }
        used += width(entry) + 2;
        spans.extend(hint(entry));
        spans.push(Span::raw("  "));
    }
    frame.render_widget(Line::from(spans), area);
    let mut spans = Vec::new();
    for entry in &fixed {
        spans.extend(hint(entry));
        spans.push(Span::raw("  "));
    }
    spans.pop();
    let at = Rect {
        x: area.x + area.width.saturating_sub(fixed_width),
        width: fixed_width.min(area.width),
        ..area
    };
    frame.render_widget(Line::from(spans), at);
}
