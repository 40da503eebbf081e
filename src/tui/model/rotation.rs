//! What can be open about a rotation: its first question, its page, and a reason.

use jiff::{SignedDuration, Timestamp};

use crate::core::creation::Creation;
use crate::core::key::KeyId;
use crate::core::rotation::{Discrepancy, Rotation};
use crate::tui::message::{RequestId, TeamIndex};

/// What a rotation's page shows.
#[derive(Debug)]
pub enum Shown {
    /// A rotation of this machine's journal.
    Row(Box<Rotation>),
    /// A pair of keys that a rotation elsewhere left.
    Elsewhere {
        /// The key that is to go.
        old: KeyId,
        /// The newer one.
        new: KeyId,
    },
}

/// When the list is read again for step 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Poll {
    /// At this time of our clock.
    pub at: Timestamp,
    /// How long that was waited for; the next wait is longer.
    pub wait: SignedDuration,
}

/// The page of a rotation.
#[derive(Debug)]
pub struct RotationPage {
    /// Whose key it is.
    pub team: TeamIndex,
    /// What is shown.
    pub shown: Shown,
    /// What the list says against it.
    pub troubles: Vec<Discrepancy>,
    /// The creation whose value waits to be stored.
    pub waiting: Option<Box<Creation>>,
    /// The marked place.
    pub place: usize,
    /// Lines scrolled away.
    pub scroll: u16,
    /// What is under way.
    pub doing: Option<RequestId>,
    /// Why the last of it did not work.
    pub error: Option<String>,
    /// When the list is read again by itself, while step 3 is open and the page too.
    pub poll: Option<Poll>,
}

impl RotationPage {
    /// A page that was just opened.
    #[must_use]
    pub fn new(team: TeamIndex, shown: Shown) -> Self {
        Self {
            team,
            shown,
            troubles: Vec::new(),
            waiting: None,
            place: 0,
            scroll: 0,
            doing: None,
            error: None,
            poll: None,
        }
    }

    /// The rotation, where this machine's journal has it.
    #[must_use]
    pub fn rotation(&self) -> Option<&Rotation> {
        match &self.shown {
            Shown::Row(rotation) => Some(rotation),
            Shown::Elsewhere { .. } => None,
        }
    }
}

/// The revocation of an old key, as the last step of its rotation.
#[derive(Debug, Clone)]
pub struct Finishing {
    /// The rotation.
    pub rotation: Box<Rotation>,
    /// Why it is no ordinary last step: what the step in hand still waits for.
    pub forced: Option<String>,
}
