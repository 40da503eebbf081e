//! The screen, drawn from the model alone.

pub mod detail;
mod dialog;
mod footer;
pub mod gauge;
mod header;
pub mod layout;
pub mod relative;
pub mod span;
pub mod wrap;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use crate::ops::recover::Waiting;
use crate::tui::model::{Model, View};
use crate::tui::page::{activity, due, keys};
use crate::tui::theme::Role;
use crate::tui::view::span::{rule, span};

/// Rows that what happened last takes on this screen.
#[must_use]
pub fn notice_rows(model: &Model) -> u16 {
    footer::notice_rows(model)
}

/// Lines that the topmost dialog can be scrolled by.
#[must_use]
pub fn most_scroll(model: &Model) -> u16 {
    dialog::most_scroll(model)
}

/// Draws everything.
pub fn draw(model: &Model, frame: &mut Frame<'_>) {
    let screen = frame.area();
    let Some(areas) = layout::areas(screen, notice_rows(model)) else {
        return too_small(model, frame, screen);
    };
    header::draw(model, frame, areas.header);
    banner(model, frame, areas.rule);
    // Only the keys leave a part of the page to the details of one.
    let page = areas.detail.map_or(areas.table, |detail| areas.table.union(detail));
    match model.view {
        View::Keys => {
            keys::draw(model, frame, areas.titles, areas.table);
            if let Some(area) = areas.detail {
                detail::draw_pane(model, frame, area);
            }
        }
        View::Activity => activity::draw(&model.activity, model, frame, areas.titles, page),
        View::Due => due::draw(&model.agenda, model, frame, areas.titles, page),
    }
    footer::draw_notice(model, frame, areas.notice);
    // A dialog shows its own keys.
    if model.dialogs.is_empty() {
        footer::draw_hints(model, frame, areas.footer);
    }
    for dialog in &model.dialogs {
        dialog::draw_backdrop(model, frame, screen);
        dialog::draw(model, dialog, frame);
    }
}

fn too_small(model: &Model, frame: &mut Frame<'_>, screen: Rect) {
    let (columns, rows) = layout::SMALLEST;
    let strong = model.settings.theme.style(Role::Strong);
    let lines = vec![
        Line::styled("A little more room, please", strong),
        Line::raw(format!("{columns} columns and {rows} rows will do.")),
        Line::raw(format!("Here: {} by {}. ^C leaves.", screen.width, screen.height)),
    ];
    frame.render_widget(Clear, screen);
    let top = screen.height.saturating_sub(3) / 2;
    let area = Rect {
        y: screen.y + top,
        height: screen.height - top,
        ..screen
    };
    frame.render_widget(Paragraph::new(lines).centered(), area);
}

/// What waits of earlier creations stands in the line under the header until it is dealt with.
fn banner(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    rule(model, frame, area);
    let waiting = &model.team().waiting;
    let values = waiting.iter().filter(|one| matches!(one, Waiting::Value(_))).count();
    let lost = waiting.iter().filter(|one| matches!(one, Waiting::Lost(_))).count();
    let listed = waiting.iter().filter(|one| matches!(one, Waiting::Listed(..))).count();
    let elsewhere = waiting
        .iter()
        .filter(|one| matches!(one, Waiting::Elsewhere(..)))
        .count();
    let others = waiting.len() - values - lost - listed - elsewhere;
    let count = |n: usize, one: &str, more: &str| match n {
        0 => None,
        1 => Some(format!("1 new key {one}")),
        n => Some(format!("{n} new keys {more}")),
    };
    let words: Vec<String> = [
        count(values, "is waiting", "are waiting"),
        count(lost, "has lost its value", "have lost their values"),
        count(listed, "is listed without its value", "are listed without their values"),
        count(elsewhere, "is not kept here", "are not kept here"),
        count(others, "is looked for", "are looked for"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !words.is_empty() {
        let role = if lost > 0 { Role::Danger } else { Role::Warn };
        let text = format!(
            " {} · w opens {} ",
            words.join(" · "),
            if waiting.len() == 1 { "it" } else { "them" }
        );
        let at = Rect {
            x: area.x + 2,
            width: area.width.saturating_sub(4),
            ..area
        };
        frame.render_widget(span(model, role, text), at);
    }
}
