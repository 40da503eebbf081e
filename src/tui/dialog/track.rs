//! A key that exists already, for a server that lists none.

use crate::core::import::{Draft, Fields};
use crate::core::incident::unwrapped;
use crate::tui::dialog::field::{Form, TextField};
use crate::tui::dialog::sheet::{Said, Sheet};
use crate::tui::dialog::{Dialog, DialogInput, Turn};
use crate::tui::effect::Effect;
use crate::tui::errand::Errand;
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::message::RequestId;
use crate::tui::secret_field::SecretField;
use crate::tui::theme::Role;
use crate::tui::world::World;

/// The labels of the lines; after the last comes the hidden field.
const LABELS: [&str; 4] = [
    "name",
    "created (as 2026-12-01)",
    "last four (if you know it)",
    "owner (if you know it)",
];
/// The place of the hidden field.
const VALUE: usize = LABELS.len();

/// The form.
#[derive(Debug)]
pub struct Track {
    form: Form<4>,
    field: SecretField,
    /// The tracking under way.
    sent: Option<RequestId>,
}

impl Track {
    /// A form with a name that was typed already.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let [created, last_four, owner] = <[TextField; 3]>::default();
        Self {
            form: Form::new([TextField::holding(name), created, last_four, owner]),
            field: SecretField::default(),
            sent: None,
        }
    }

    /// It was not tracked.
    pub fn failed(&mut self, why: String) {
        self.sent = None;
        self.form.error = Some(why);
    }

    /// What is written in the lines; `now` is the server's.
    fn draft(&self, now: jiff::Timestamp) -> Result<Draft, String> {
        let [name, created, last_four, owner] = &self.form.lines;
        if created.value().trim().is_empty() {
            return Err("The day it was made is missing: give it as 2026-12-01.".to_owned());
        }
        let fields = Fields {
            name: name.value(),
            created: created.value(),
            last_four: last_four.value(),
            owner: owner.value(),
            id: "",
        };
        Draft::parse(fields, now).map_err(|why| format!("It cannot be tracked: {why}."))
    }

    fn submit(&mut self, world: &mut World) -> Result<Effect, String> {
        let draft = self.draft(world.server_now())?;
        let value = match self.field.take() {
            Ok(value) => Some(value),
            Err(_) if self.field.count() == 0 => None,
            Err(error) => return Err(error.to_string()),
        };
        let request = world.begin("tracking", false);
        self.form.error = None;
        self.sent = Some(request);
        let errand = Errand::Track(Box::new(draft), value);
        Ok(Effect::Errand(request, world.active, errand))
    }
}

impl Dialog for Track {
    fn context(&self) -> KeyContext {
        if self.sent.is_some() {
            KeyContext::Busy
        } else {
            KeyContext::Track
        }
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        match input {
            _ if self.sent.is_some() => {}
            DialogInput::Act(Action::Down, _) => self.form.place = (self.form.place + 1) % (VALUE + 1),
            DialogInput::Act(Action::Up, _) => self.form.place = (self.form.place + VALUE) % (VALUE + 1),
            DialogInput::Act(Action::Back, _) => return Turn::close(),
            DialogInput::Act(Action::Submit, _) => match self.submit(world) {
                Ok(effect) => return Turn::stay().and(effect),
                Err(why) => self.form.error = Some(why),
            },
            DialogInput::Act(..) => {}
            DialogInput::Key(key) if self.form.place == VALUE => {
                self.form.error = None;
                self.field.key(key);
            }
            // Without what was copied along with it.
            DialogInput::Pasted(text) if self.form.place == VALUE => {
                self.form.error = None;
                let bare = std::str::from_utf8(unwrapped(text.as_bytes())).unwrap_or(text);
                self.field.paste(bare);
            }
            input => {
                self.form.take(&input);
            }
        }
        Turn::stay()
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let mut sheet = Sheet::new("Add an existing key", room.min(72));
        sheet.blank();
        sheet.words(
            world,
            Role::Dim,
            &format!(
                "{} has no list of keys: what you write down here is tracked.",
                world.host()
            ),
        );
        sheet.blank();
        let role = |place| {
            if place == self.form.place {
                Role::Accent
            } else {
                Role::Dim
            }
        };
        let mut cursor = None;
        for (place, (label, line)) in LABELS.iter().zip(&self.form.lines).enumerate() {
            sheet.words(world, role(place), label);
            line.draw(&mut sheet, world);
            if place == self.form.place {
                cursor = sheet.cursor;
            }
        }
        sheet.words(
            world,
            role(VALUE),
            "value (hidden; tried once and forgotten; may be left empty)",
        );
        let said = Said {
            error: self.form.error.as_deref(),
            busy: self.sent.map(|_| "Trying it, then writing it down…"),
            empty: "Nothing pasted yet.",
        };
        sheet.secret(world, &self.field, said);
        sheet.cursor = cursor.or(sheet.cursor);
        sheet
    }
}
