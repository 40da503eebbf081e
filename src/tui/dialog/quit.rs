//! Leave, although something would be lost?

use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn, Wish};
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::theme::Role;
use crate::tui::world::{DashboardExit, World};

/// What leaving would lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuitReason {
    /// A new value that was not said to be stored; `true`: leave the program, `false`: close its dialog only.
    UnstoredValue {
        /// Whether the program is left too.
        leaving: bool,
    },
    /// A value that was not copied, shown or sent: it is deleted, and its dialog closes.
    OnlyCopy,
    /// Values that wait in a store that ends with the program.
    WaitingValues,
    /// A copied value that goes with the program.
    Clipboard,
    /// A request that changes keys is under way.
    Underway,
}

/// The new value that is open under the question.
#[derive(Debug, Default)]
pub struct Unstored {
    /// The key's name.
    pub name: String,
    /// Whether the credential store has it, and has it at the next start, too.
    pub is_safe: bool,
    /// Whether nobody else may have it.
    pub is_only_copy: bool,
    /// The targets that took it, for a sentence; empty: none did.
    pub stored_in: String,
}

/// The question.
#[derive(Debug)]
pub struct Quit {
    /// Why it is asked.
    pub reason: QuitReason,
    /// The value it is about, as it stands now.
    pub unstored: Unstored,
}

impl Quit {
    /// The question, and what a yes does.
    fn words(&self, world: &World) -> (String, &'static str) {
        let Unstored {
            name,
            is_safe,
            is_only_copy,
            stored_in,
        } = &self.unstored;
        let store = world.settings.store_name;
        match self.reason {
            QuitReason::UnstoredValue { .. } if *is_safe => (
                format!("The value of “{name}” is not stored yet. It stays safe in {store}, and the next start offers it again."),
                "quit and keep it for later",
            ),
            QuitReason::UnstoredValue { leaving } if !stored_in.is_empty() => (
                format!("The value of “{name}” is in {stored_in} alone: left now, it cannot be sent anywhere else from here."),
                if leaving { "quit" } else { "close it" },
            ),
            QuitReason::UnstoredValue { leaving } if !is_only_copy => (
                format!(
                    "The value of “{name}” is kept nowhere here and cannot be shown again: left now, it is lost unless you \
                     stored it yourself."
                ),
                if leaving { "quit" } else { "close it" },
            ),
            QuitReason::UnstoredValue { leaving } => (
                format!(
                    "The value of “{name}” is not stored yet, and it cannot be shown again: left now, it is lost, and the \
                     key stays alive."
                ),
                if leaving { "lose it and quit" } else { "lose it" },
            ),
            QuitReason::OnlyCopy => (
                format!(
                    "Nothing was copied or sent. Delete the only copy? The value of “{name}” is then lost, and the key stays \
                     alive."
                ),
                "delete it",
            ),
            QuitReason::WaitingValues => {
                let mut waiting = world.waiting_ends_with_us();
                let subject = match (waiting.next(), waiting.count()) {
                    (Some(creation), 0) => format!("The value of “{}” waits", creation.intent.name),
                    (_, more) => format!("The values of {} new keys wait", more + 1),
                };
                (
                    format!("{subject} in {store}, which ends with this program: left now, nobody can use the key."),
                    "lose it and quit",
                )
            }
            QuitReason::Clipboard => (
                "A copied value is on the clipboard. It is cleared when this program ends: paste it first.".to_owned(),
                "quit and clear it",
            ),
            QuitReason::Underway => (
                "A change is on its way to the server, and its answer is not here yet. Left now, its outcome is not seen."
                    .to_owned(),
                "quit all the same",
            ),
        }
    }
}

impl Dialog for Quit {
    fn context(&self) -> KeyContext {
        KeyContext::Question
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        match (input, self.reason) {
            (DialogInput::Act(Action::No | Action::Back, _), _) => Turn::close(),
            (DialogInput::Act(Action::Yes, true), QuitReason::UnstoredValue { leaving: false }) => {
                Turn::close().wishing(Wish::CloseUnstored)
            }
            (DialogInput::Act(Action::Yes, true), QuitReason::OnlyCopy) => Turn::close().wishing(Wish::DiscardValue),
            (DialogInput::Act(Action::Yes, true), _) => {
                world.exit = Some(DashboardExit::Quit);
                Turn::close()
            }
            _ => Turn::stay(),
        }
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let title = match self.reason {
            QuitReason::OnlyCopy => "Delete it?",
            _ => "Leave?",
        };
        let mut sheet = Sheet::new(title, room.min(62));
        sheet.role = Role::Danger;
        sheet.blank();
        let (question, yes) = self.words(world);
        sheet.words(world, Role::Plain, &question);
        sheet.blank();
        sheet.choice(world, "No, stay", &format!("Yes, {yes}"));
        sheet.hints = Some(Vec::new());
        sheet
    }
}
