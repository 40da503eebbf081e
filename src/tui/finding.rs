//! What is being found out while a dialog is open, before it asks.

use crate::tui::message::RequestId;

/// Whether it is known how an operation is done. Nothing is asked of the person before it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Finding {
    /// It is known, or it cannot be told without the request itself.
    #[default]
    Over,
    /// It is being found out.
    Underway {
        /// By this run.
        request: RequestId,
        /// Whether the person has pressed Enter already.
        entered: bool,
    },
}

impl Finding {
    /// What `request` finds out.
    #[must_use]
    pub fn by(request: RequestId) -> Self {
        Self::Underway {
            request,
            entered: false,
        }
    }

    /// Whether it is being found out.
    #[must_use]
    pub fn is_underway(self) -> bool {
        matches!(self, Self::Underway { .. })
    }

    /// Takes note of Enter where it comes too early.
    pub fn note_enter(&mut self) -> bool {
        if let Self::Underway { entered, .. } = self {
            *entered = true;
            return true;
        }
        false
    }

    /// What is typed after an early Enter is not what that was about.
    pub fn forget_enter(&mut self) {
        if let Self::Underway { entered, .. } = self {
            *entered = false;
        }
    }

    /// Ends where `request` has told it; whether Enter was pressed meanwhile. `None`: it waits for another one, or for none.
    pub fn end(&mut self, request: RequestId) -> Option<bool> {
        match *self {
            Self::Underway {
                request: awaited,
                entered,
            } if awaited == request => {
                *self = Self::Over;
                Some(entered)
            }
            _ => None,
        }
    }
}

/// Whether the facts a dialog shows were read again when it opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// Being read.
    Reading(RequestId),
    /// Read.
    Fresh,
    /// They could not be read; carries the sentence. What is shown may be old.
    Stale(String),
}
