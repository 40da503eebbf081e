//! The hidden field of the sign-in.

use crate::tui::dialog::sheet::{Said, Sheet};
use crate::tui::dialog::{Dialog, DialogInput, Turn};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::message::RequestId;
use crate::tui::secret_field::SecretField;
use crate::tui::theme::Role;
use crate::tui::world::World;

/// The field.
#[derive(Debug, Default)]
pub struct SignIn {
    field: SecretField,
    /// The check under way.
    sent: Option<RequestId>,
    /// Why the last one failed.
    error: Option<String>,
}

impl SignIn {
    /// The check has ended; carries why it failed.
    pub fn ended(&mut self, error: Option<String>) {
        self.sent = None;
        self.error = error;
    }
}

impl Dialog for SignIn {
    fn context(&self) -> KeyContext {
        KeyContext::SignIn
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        match input {
            DialogInput::Act(Action::Back, _) => return Turn::close(),
            _ if self.sent.is_some() => {}
            DialogInput::Act(Action::Submit, _) => match self.field.take() {
                Ok(secret) => {
                    let request = world.begin("signing in", false);
                    self.error = None;
                    self.sent = Some(request);
                    return Turn::stay().and(Effect::SignIn(request, world.active, secret));
                }
                Err(error) => self.error = Some(error.to_string()),
            },
            DialogInput::Act(..) => {}
            DialogInput::Key(key) => {
                if self.field.key(key) {
                    self.error = None;
                }
            }
            DialogInput::Pasted(text) => {
                self.field.paste(text);
                self.error = None;
            }
        }
        Turn::stay()
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let mut sheet = Sheet::new(format!("Sign in to {}", world.host()), room.min(66));
        sheet.blank();
        sheet.words(
            world,
            Role::Plain,
            &format!(
                "Paste or type an API key of the team. It is not shown, it is checked with the server, and it is kept in {} \
                 and nowhere else.",
                world.settings.store_name
            ),
        );
        sheet.blank();
        sheet.words(
            world,
            Role::Dim,
            "Where to get one: Team settings → API Keys → + New API key.",
        );
        sheet.blank();
        let said = Said {
            error: self.error.as_deref(),
            busy: self.sent.map(|_| "Checking it, then keeping it in the keyring…"),
            empty: "Nothing typed yet.",
        };
        sheet.secret(world, &self.field, said);
        sheet
    }

    /// The check is given up; a keyring prompt that is still open is left to the person.
    fn left(&mut self) -> Vec<Effect> {
        self.sent.take().map(Effect::Cancel).into_iter().collect()
    }
}
