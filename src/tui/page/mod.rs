//! What is shown under the dialogs: one file a page, with its state, its update and its view.

pub mod activity;
pub mod due;
pub mod keys;
pub mod reading;

use crate::tui::dialog::Dialog;
use crate::tui::effect::Effect;

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// One team's keys.
    Keys,
    /// What is due over every team.
    Due,
    /// What was done on this machine.
    Activity,
}

/// What a page makes of an action.
#[derive(Debug)]
pub enum Did {
    /// What is to be done.
    Effects(Vec<Effect>),
    /// A dialog opens over it.
    Opened(Box<dyn Dialog>),
    /// Another page is shown.
    Showed(View),
    /// Nothing: it is the same on every page.
    NotMine,
}

impl Did {
    /// It is done.
    #[must_use]
    pub fn all() -> Self {
        Self::Effects(Vec::new())
    }

    /// A dialog opens, where there is what it is about.
    pub fn opened(dialog: Option<impl Dialog>) -> Self {
        dialog.map_or_else(Self::all, |dialog| Self::Opened(Box::new(dialog)))
    }
}
