//! Everything known of a key.

use crate::core::key::KeyId;
use crate::tui::dialog::scroll::Scroll;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn, Wish, most_scroll};
use crate::tui::keymap::{Action, KeyContext, When};
use crate::tui::theme::Role;
use crate::tui::view::detail;
use crate::tui::world::World;

/// The page.
#[derive(Debug)]
pub struct Details {
    id: KeyId,
    scroll: Scroll,
}

impl Details {
    /// About a key of the shown list.
    #[must_use]
    pub fn about(id: KeyId) -> Self {
        Self {
            id,
            scroll: Scroll::default(),
        }
    }
}

impl Dialog for Details {
    fn context(&self) -> KeyContext {
        KeyContext::Page
    }

    fn allows(&self, when: When, world: &World) -> bool {
        match when {
            When::InDetails => world.allows(When::SignedIn),
            when => world.allows(when),
        }
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        match input {
            DialogInput::Act(Action::Revoke, _) => Turn::close().wishing(Wish::Revoke(self.id.clone())),
            DialogInput::Act(Action::Rotate, _) => Turn::close().wishing(Wish::Rotate(self.id.clone())),
            input => {
                let most = most_scroll(self, world);
                self.scroll.read(&input, most)
            }
        }
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let mut sheet = Sheet::new("Key", room.min(76));
        sheet.scroll = self.scroll.lines();
        sheet.blank();
        match world.team().list.find(&self.id) {
            Some(row) => {
                let mut lines = detail::lines(world, row, sheet.width).into_iter();
                sheet.lines.extend(lines.next());
                sheet.blank();
                sheet.lines.extend(lines);
            }
            None => sheet.words(world, Role::Warn, &format!("{} is not in the list any more.", self.id)),
        }
        sheet
    }
}
