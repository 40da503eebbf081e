//! Give a rotation up?

use crate::core::rotation::Rotation;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn, Wish};
use crate::tui::effect::RotationMove;
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::theme::Role;
use crate::tui::world::World;

/// The question.
#[derive(Debug)]
pub struct CancelRotation {
    rotation: Box<Rotation>,
}

impl CancelRotation {
    /// About a rotation that is not over.
    #[must_use]
    pub fn of(rotation: Rotation) -> Self {
        Self {
            rotation: Box::new(rotation),
        }
    }
}

impl Dialog for CancelRotation {
    fn context(&self) -> KeyContext {
        KeyContext::Question
    }

    fn handle(&mut self, input: DialogInput<'_>, _: &mut World) -> Turn {
        match input {
            DialogInput::Act(Action::No | Action::Back, _) => Turn::close(),
            DialogInput::Act(Action::Yes, true) => {
                Turn::close().wishing(Wish::MoveRotation(self.rotation.clone(), RotationMove::Cancel))
            }
            _ => Turn::stay(),
        }
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let rotation = &self.rotation;
        let mut sheet = Sheet::new("Give this rotation up?", room.min(70));
        sheet.role = Role::Warn;
        sheet.blank();
        sheet.fact(world, "old key", Role::Strong, &rotation.old.bare().display_name());
        if let Some(new) = rotation.new_key() {
            sheet.fact(world, "new key", Role::Strong, &new.bare().display_name());
        }
        sheet.blank();
        let old_is_there = world.team().list.known_as(&rotation.old.id).is_some();
        let words = match (rotation.new_key(), old_is_there) {
            (Some(_), true) if rotation.own => {
                "The old key stays as it is, and we sign in with it again. The new one stays behind; you are asked next \
                 whether to revoke it."
            }
            (Some(_), true) => {
                "The old key stays as it is. The new one stays behind; you are asked next whether to revoke it."
            }
            (Some(_), false) => "The old key is gone already: the new one is the only one left, and stays.",
            (None, _) if rotation.creation().is_some() => {
                "The old key stays as it is. We don't know yet whether a new one was made, and keep looking for it."
            }
            (None, _) => "The old key stays as it is, and no new one was made.",
        };
        sheet.words(world, Role::Plain, words);
        sheet.blank();
        sheet.choice(world, "No", "Yes, give it up");
        sheet.hints = Some(Vec::new());
        sheet
    }
}
