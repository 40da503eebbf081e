//! A few roles over the terminal's own colours. Nothing is said by colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::core::outcome::Verdict;
use crate::core::policy::DueStatus;

/// What a piece of text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// Of lesser weight.
    Dim,
    /// A title, or the row under the cursor.
    Strong,
    /// What can be pressed, and what is going on.
    Accent,
    /// Done, and proven.
    Ok,
    /// Soon.
    Warn,
    /// Now.
    Danger,
    /// The name under the cursor.
    Cursor,
    /// The permanent badge of a mode.
    Badge,
}

/// Maps roles to styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// The terminal's sixteen colours.
    Ansi,
    /// No colour and no attribute: with `NO_COLOR`, crossterm 0.29 writes a bare `CSI m` that undoes attributes, so marks
    /// and words carry everything.
    Mono,
}

impl From<Verdict> for Role {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Proven => Self::Ok,
            Verdict::Attested | Verdict::Unclear | Verdict::Untouched => Self::Warn,
            Verdict::Unproven | Verdict::Alive => Self::Danger,
        }
    }
}

impl Theme {
    /// The style of a role.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        if self == Self::Mono {
            return Style::reset();
        }
        let plain = Style::default();
        match role {
            Role::Plain => plain,
            Role::Dim => plain.add_modifier(Modifier::DIM),
            Role::Strong => plain.add_modifier(Modifier::BOLD),
            Role::Cursor => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Role::Accent => plain.fg(Color::Cyan),
            Role::Ok => plain.fg(Color::Green),
            Role::Warn => plain.fg(Color::Yellow),
            Role::Danger => plain.fg(Color::Red).add_modifier(Modifier::BOLD),
            Role::Badge => plain.fg(Color::Black).bg(Color::Yellow).add_modifier(Modifier::BOLD),
        }
    }
}

/// The mark of a status: its first sign in every row and count.
#[must_use]
pub fn mark(status: DueStatus) -> &'static str {
    match status {
        DueStatus::Overdue => "!",
        DueStatus::Due | DueStatus::DueSoon => "◔",
        DueStatus::Rotating => "~",
        DueStatus::Unknown => "?",
        DueStatus::Fresh => "·",
    }
}

/// The role of a status.
#[must_use]
pub fn role(status: DueStatus) -> Role {
    match status {
        DueStatus::Overdue => Role::Danger,
        DueStatus::Due | DueStatus::DueSoon => Role::Warn,
        DueStatus::Rotating => Role::Accent,
        DueStatus::Unknown | DueStatus::Fresh => Role::Dim,
    }
}
