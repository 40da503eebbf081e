//! Rotate this key? What the new one is called.

use jiff::tz::TimeZone;

use crate::core::capability::Capability;
use crate::core::key::{BadName, KeyName, NAME_LIMIT, Own};
use crate::core::listing::ListedKey;
use crate::core::rotation::successor_name;
use crate::core::text::clean;
use crate::tui::dialog::field::{Form, TextField};
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn};
use crate::tui::effect::Effect;
use crate::tui::finding::Finding;
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::message::RequestId;
use crate::tui::theme::Role;
use crate::tui::world::World;

/// The form.
#[derive(Debug)]
pub struct BeginRotation {
    /// The key that is to go.
    target: ListedKey,
    /// Whether it is known how keys are made.
    pub finding: Finding,
    form: Form<1>,
    /// The creation under way.
    sent: Option<RequestId>,
}

impl BeginRotation {
    /// Of a key that is to go; its successor's name is made up.
    #[must_use]
    pub fn of(world: &World, target: ListedKey, finding: Finding) -> Self {
        let today = TimeZone::UTC.to_datetime(world.server_now()).date();
        let taken = world.team().list.all().iter().map(|row| row.listed.key.name.raw());
        let name = successor_name(target.key.name.raw(), today, taken);
        let line = name.map_or_else(TextField::default, |name| TextField::holding(name.as_str()));
        Self {
            target,
            finding,
            form: Form::new([line]),
            sent: None,
        }
    }

    /// Whether it waits for what this run brings.
    #[must_use]
    pub fn awaits(&self, request: RequestId) -> bool {
        self.sent == Some(request)
    }

    /// No key was made.
    pub fn failed(&mut self, why: String) {
        self.sent = None;
        self.form.error = Some(why);
    }

    fn name(&self) -> Result<KeyName, BadName> {
        let [line] = &self.form.lines;
        KeyName::parse(line.value())
    }
}

impl Dialog for BeginRotation {
    fn context(&self) -> KeyContext {
        if self.sent.is_some() {
            KeyContext::Busy
        } else {
            KeyContext::BeginRotation
        }
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        match input {
            _ if self.sent.is_some() => {}
            DialogInput::Act(Action::Back, _) => return Turn::close(),
            DialogInput::Act(Action::Submit, _) if self.finding.note_enter() => {}
            DialogInput::Act(Action::Submit, _) => match self.name() {
                Ok(name) => {
                    let request = world.begin("creating", true);
                    self.form.error = None;
                    self.sent = Some(request);
                    let key = self.target.key.id.clone();
                    return Turn::stay().and(Effect::BeginRotation(request, world.active, key, Some(name)));
                }
                Err(error) => self.form.error = Some(error.to_string()),
            },
            input => {
                if self.form.take(&input) {
                    self.finding.forget_enter();
                }
            }
        }
        Turn::stay()
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let key = &self.target.key;
        let mut sheet = Sheet::new(format!("Rotate {}   step 1 of 4", key.name), room.min(72));
        sheet.blank();
        sheet.words(
            world,
            Role::Plain,
            "Four steps, kept on this machine: create a new key, roll it out, confirm its traffic, revoke the old one. \
             Nothing is revoked before you say so.",
        );
        sheet.blank();
        let own = match self.target.own {
            Own::Yes => Some((
                Role::Accent,
                "This is the key chatzuri-keys is signed in with: the new one takes its place in your keyring at once, the \
                 old one is kept beside it until it is proven dead.",
            )),
            Own::Unknown => Some((
                Role::Warn,
                "! This may be the key we are signed in with: the server gives no hint. If it is, sign in with another key \
                 before it is revoked.",
            )),
            Own::No => None,
        };
        if let Some((role, words)) = own {
            sheet.words(world, role, words);
            sheet.blank();
        }
        let places = world.settings.policies.register().places(key.name.raw());
        if places.is_empty() && self.target.own != Own::Yes {
            sheet.words(
                world,
                Role::Dim,
                "No places are listed for it. [[key]] places in the config names where it is used, and each is ticked.",
            );
            sheet.blank();
        } else if !places.is_empty() {
            for place in places {
                let used = format!("· used at {}", clean(&place.to_string()));
                sheet.words(world, Role::Plain, &used);
            }
            sheet.blank();
        }
        if self.finding.is_underway() {
            sheet.finding(world, "keys are made");
            return sheet;
        }
        if world.team().capabilities.create == Capability::Manual {
            sheet.in_browser(world);
            sheet.blank();
        }
        sheet.words(world, Role::Dim, "The new key is called");
        let [line] = &self.form.lines;
        line.draw(&mut sheet, world);
        sheet.blank();
        if self.sent.is_some() {
            sheet.words(
                world,
                Role::Accent,
                "Creating it. The answer holds its value, so this cannot be left now.",
            );
            return sheet;
        }
        match self.name() {
            _ if self.form.error.is_some() => self.form.draw_error(&mut sheet, world),
            Err(BadName::Empty) => sheet.words(world, Role::Dim, &format!("1 to {NAME_LIMIT} characters.")),
            Err(bad) => sheet.words(world, Role::Danger, &format!("✗ {bad}")),
            Ok(_) => {}
        }
        sheet
    }
}
