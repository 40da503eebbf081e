//! A line of the log, whole.

use crate::core::activity::Activity;
use crate::tui::dialog::scroll::Scroll;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn, most_scroll};
use crate::tui::keymap::Context;
use crate::tui::view::activity;
use crate::tui::world::World;

/// The page.
#[derive(Debug)]
pub struct Entry {
    entry: Activity,
    scroll: Scroll,
}

impl Entry {
    /// About one line.
    #[must_use]
    pub fn about(entry: Activity) -> Self {
        Self {
            entry,
            scroll: Scroll::default(),
        }
    }
}

impl Dialog for Entry {
    fn context(&self) -> Context {
        Context::Page
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        let most = most_scroll(self, world);
        self.scroll.read(&input, most)
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let mut sheet = Sheet::new("What was done", room.min(76));
        sheet.scroll = self.scroll.lines();
        sheet.blank();
        for (label, role, text) in activity::facts(world, &self.entry) {
            sheet.fact(world, label, role, &text);
        }
        sheet
    }
}
