//! Text in a role.

use std::borrow::Cow;

use ratatui::text::Span;

use crate::tui::theme::Role;
use crate::tui::world::World;

/// `text` in a role.
pub fn span<'a>(world: &World, role: Role, text: impl Into<Cow<'a, str>>) -> Span<'a> {
    Span::styled(text, world.settings.theme.style(role))
}
