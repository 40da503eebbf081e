//! Text in a role, and a line across.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::text::{columns, fit};
use crate::tui::theme::Role;
use crate::tui::world::World;

/// `text` in a role.
pub fn span<'a>(world: &World, role: Role, text: impl Into<Cow<'a, str>>) -> Span<'a> {
    Span::styled(text, world.settings.theme.style(role))
}

/// A line across.
pub fn rule(world: &World, frame: &mut Frame<'_>, area: Rect) {
    let text = "─".repeat(usize::from(area.width));
    frame.render_widget(Line::styled(text, world.settings.theme.style(Role::Dim)), area);
}

/// `text` in exactly `width` columns.
pub fn pad(text: &str, width: u16) -> String {
    let mut cell = fit(text, width).into_owned();
    let missing = width.saturating_sub(columns(&cell));
    cell.extend(std::iter::repeat_n(' ', usize::from(missing)));
    cell
}
