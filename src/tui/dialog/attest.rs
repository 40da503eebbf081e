//! How somebody knows that the traffic of a rotation has moved.

use crate::core::rotation::{Rotation, measured};
use crate::core::text::Label;
use crate::tui::dialog::field::{Form, TextField};
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn, Wish};
use crate::tui::effect::RotationMove;
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::theme::Role;
use crate::tui::view::relative;
use crate::tui::world::World;

/// The longest reason, in characters.
const REASON_LIMIT: usize = 500;

/// The reason.
#[derive(Debug)]
pub struct Attest {
    rotation: Box<Rotation>,
    form: Form<1>,
}

impl Attest {
    /// Of a rotation whose third step is open.
    #[must_use]
    pub fn of(rotation: Rotation) -> Self {
        Self {
            rotation: Box::new(rotation),
            form: Form::new([TextField::default()]),
        }
    }
}

impl Dialog for Attest {
    fn context(&self) -> KeyContext {
        KeyContext::Attest
    }

    fn handle(&mut self, input: DialogInput<'_>, _: &mut World) -> Turn {
        match input {
            DialogInput::Act(Action::Back, _) => return Turn::close(),
            DialogInput::Act(Action::Submit, true) => {
                let [line] = &self.form.lines;
                let reason = Label::new(line.value().trim());
                if !reason.is_blank() && reason.raw().chars().count() <= REASON_LIMIT {
                    let step = RotationMove::Attest(reason);
                    return Turn::close().wishing(Wish::MoveRotation(self.rotation.clone(), step));
                }
                self.form.error = Some(format!("Say how you know, in 1 to {REASON_LIMIT} characters."));
            }
            input => {
                self.form.take(&input);
            }
        }
        Turn::stay()
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let mut sheet = Sheet::new("Attest that the traffic has moved", room.min(72));
        sheet.blank();
        sheet.words(
            world,
            Role::Plain,
            "How do you know? Your answer goes into the log with your name, beside what we measured:",
        );
        let written = |at| relative::nearby(at, world.server_now(), &world.settings.zone);
        let measured = measured(&self.rotation, world.settings.quiet, &written);
        sheet.words(world, Role::Dim, &measured);
        sheet.blank();
        let [line] = &self.form.lines;
        line.draw(&mut sheet, world);
        self.form.draw_error(&mut sheet, world);
        sheet
    }
}
