//! How far a page to read is scrolled.

use crate::tui::dialog::{DialogInput, Turn};
use crate::tui::keymap::Action;

/// Lines scrolled away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scroll(u16);

impl Scroll {
    /// How many.
    #[must_use]
    pub fn lines(self) -> u16 {
        self.0
    }

    /// Moves by what the person did, as far as `most`; a page that is only read closes by `Back`.
    pub fn read(&mut self, input: &DialogInput<'_>, most: u16) -> Turn {
        let DialogInput::Act(action, _) = input else {
            return Turn::stay();
        };
        self.0 = match action {
            Action::Down => self.0.saturating_add(1).min(most),
            Action::Up => self.0.saturating_sub(1),
            Action::PageDown => self.0.saturating_add(10).min(most),
            Action::PageUp => self.0.saturating_sub(10),
            Action::Top => 0,
            Action::Bottom => most,
            Action::Back => return Turn::close(),
            _ => self.0,
        };
        Turn::stay()
    }
}
