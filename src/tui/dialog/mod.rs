//! What opens over a page: one file a dialog, with its state, its update and its view.
//!
//! A new dialog is a file here that implements [`Dialog`], and its line in the list below. Its keys are rows of
//! [`crate::tui::keymap`] where no context there has them yet; `dialogs.open(..)` shows it.

pub mod attest;
pub mod begin_rotation;
pub mod cancel_rotation;
pub mod details;
pub mod entry;
pub mod field;
pub mod help;
pub mod palette;
pub mod quit;
pub mod scroll;
pub mod sheet;
pub mod sign_in;
pub mod snooze;
pub mod targets;
pub mod track;
pub mod waiting;

use std::any::Any;
use std::fmt::Debug;

use crossterm::event::KeyEvent;

use crate::core::creation::Creation;
use crate::core::key::KeyId;
use crate::core::rotation::Rotation;
use crate::core::target::Target;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::effect::{Effect, RotationMove};
use crate::tui::keymap::{Action, KeyContext, When};
use crate::tui::world::World;

/// A dialog. What waits for news besides keys is found by its type, so that what was typed stays: see `Dialogs::find_mut`.
pub trait Dialog: Any + Debug + Send {
    /// The rows of the table of keys that hold in it now.
    fn context(&self) -> KeyContext;

    /// Whether an action that needs `when` makes sense now.
    fn allows(&self, when: When, world: &World) -> bool {
        world.allows(when)
    }

    /// Takes in what the person did.
    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn;

    /// Its box, at most so many columns wide.
    fn view(&self, world: &World, room: u16) -> Sheet;

    /// What is to be done once it is closed, by whatever, or the program ends: a question that nobody answered is answered
    /// here. It may be asked twice, and leaves nothing the second time.
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
    /// What it wants of the rest of the dashboard.
    pub wish: Option<Wish>,
}

/// What a dialog wants of the rest of the dashboard; it is done after the dialog has closed.
#[derive(Debug)]
pub enum Wish {
    /// What this action does on the page of the keys.
    Do(Action),
    /// Ask whether to revoke a key.
    Revoke(KeyId),
    /// Rotate a key, or go on with its rotation.
    Rotate(KeyId),
    /// Move the rotation that is open on.
    MoveRotation(Box<Rotation>, RotationMove),
    /// Ask for the value of a key that is made in the browser.
    AskForValue(Box<Creation>),
    /// Send the new value to targets.
    SendTo(Vec<Target>),
    /// Close the new value, although it is not stored.
    CloseUnstored,
    /// Delete the only copy of the new value.
    DiscardValue,
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

    /// The same, and the rest of the dashboard does `wish`.
    #[must_use]
    pub fn wishing(mut self, wish: Wish) -> Self {
        self.wish = Some(wish);
        self
    }
}

/// The keys of a context as the person reads them: those that make sense now and have a label.
pub fn keys_of(world: &World, context: KeyContext, allows: impl Fn(When) -> bool) -> Vec<(String, String)> {
    let rows = world.keymap.of(context);
    rows.filter(|binding| !binding.label.is_empty() && allows(binding.when))
        .filter_map(|binding| Some((binding.keys.first()?.to_string(), binding.label.to_owned())))
        .collect()
}

/// Lines that a dialog can be scrolled by on this screen, while it is the topmost.
#[must_use]
pub fn most_scroll(dialog: &impl Dialog, world: &World) -> u16 {
    let keys = keys_of(world, dialog.context(), |when| dialog.allows(when, world));
    dialog.view(world, room(world.size.0)).most_scroll(world, keys)
}

/// Columns a dialog may take of a screen so wide.
#[must_use]
pub fn room(width: u16) -> u16 {
    width.saturating_sub(8)
}
