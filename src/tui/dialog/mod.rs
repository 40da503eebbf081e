//! What opens over a page: one file a dialog, with its state, its update and its view.
//!
//! A new dialog is a file here that implements [`Dialog`], and its line in the list below. Its keys are rows of
//! [`crate::tui::keymap`] where no context there has them yet; `dialogs.open(..)` shows it.

pub mod field;
pub mod sheet;
pub mod snooze;

use std::any::Any;
use std::fmt::Debug;

use crossterm::event::KeyEvent;

use crate::tui::dialog::sheet::Sheet;
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Context, When};
use crate::tui::world::World;

/// A dialog. What waits for news besides keys is found by its type, so that what was typed stays: see `Dialogs::find_mut`.
pub trait Dialog: Any + Debug + Send {
    /// The rows of the table of keys that hold in it now.
    fn context(&self) -> Context;

    /// Whether an action that needs `when` makes sense now.
    fn allows(&self, when: When, world: &World) -> bool {
        world.allows(when)
    }

    /// Takes in what the person did.
    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn;

    /// Its box, at most so many columns wide.
    fn view(&self, world: &World, room: u16) -> Sheet;

    /// What is to be done once it is closed, by whatever: a question that nobody answered is answered here.
    fn left(&mut self) -> Vec<Effect> {
        Vec::new()
    }
}

/// What the person did.
#[derive(Debug)]
pub enum DialogInput<'a> {
    /// An action of its context; `false`: a held key or a part of a paste, which confirms nothing.
    Act(Action, bool),
    /// A key that the table does not have there.
    Key(KeyEvent),
    /// Text that was pasted; it may be a secret.
    Pasted(&'a str),
}

/// What follows from an input.
#[derive(Debug, Default)]
pub struct Turn {
    /// Whether it closes.
    pub closes: bool,
    /// What is to be done.
    pub effects: Vec<Effect>,
}

impl Turn {
    /// It stays.
    #[must_use]
    pub fn stay() -> Self {
        Self::default()
    }

    /// It closes.
    #[must_use]
    pub fn close() -> Self {
        Self {
            closes: true,
            ..Self::default()
        }
    }

    /// The same, and `effect` is to be done.
    #[must_use]
    pub fn and(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }
}

/// The keys of a context as the person reads them: those that make sense now and have a label.
pub fn keys_of(world: &World, context: Context, allows: impl Fn(When) -> bool) -> Vec<(String, String)> {
    let rows = world.keymap.of(context);
    rows.filter(|binding| !binding.label.is_empty() && allows(binding.when))
        .filter_map(|binding| Some((binding.keys.first()?.to_string(), binding.label.to_owned())))
        .collect()
}

/// Columns a dialog may take of a screen so wide.
#[must_use]
pub fn room(width: u16) -> u16 {
    width.saturating_sub(8)
}
