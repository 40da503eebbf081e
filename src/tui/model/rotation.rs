//! What can be open about a rotation: its first question, its page, and a reason.

use jiff::{SignedDuration, Timestamp};
use tui_input::Input;

use crate::core::creation::Creation;
use crate::core::key::{BadName, KeyId, KeyName};
use crate::core::listing::ListedKey;
use crate::core::rotation::{Discrepancy, Rotation};
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::dialog::Finding;

/// Rotate this key? What the new one is called.
#[derive(Debug)]
pub struct BeginForm {
    /// The key that is to go.
    pub target: ListedKey,
    /// Whether it is known how keys are made.
    pub finding: Finding,
    /// What was typed.
    pub input: Input,
    /// The creation under way.
    pub sent: Option<RequestId>,
    /// Why the last one failed.
    pub error: Option<String>,
}

impl BeginForm {
    /// The new key's name, or what is wrong with it.
    ///
    /// # Errors
    /// [`BadName`].
    pub fn name(&self) -> Result<KeyName, BadName> {
        KeyName::parse(self.input.value())
    }
}

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

/// How somebody knows that the traffic has moved.
#[derive(Debug)]
pub struct AttestForm {
    /// The rotation.
    pub rotation: Box<Rotation>,
    /// What was typed.
    pub input: Input,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// The revocation of an old key, as the last step of its rotation.
#[derive(Debug, Clone)]
pub struct Finishing {
    /// The rotation.
    pub rotation: Box<Rotation>,
    /// Why it is no ordinary last step: what the step in hand still waits for.
    pub forced: Option<String>,
}
