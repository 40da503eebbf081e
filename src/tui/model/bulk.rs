//! Several marked keys to be revoked: the plan, its confirmation, and what became of each.

use std::collections::BTreeMap;

use tui_input::Input;

use crate::core::bulk::BulkPlan;
use crate::core::key::KeyId;
use crate::core::listing::ListedKey;
use crate::ops::revoke::{Progress, Revoked};
use crate::tui::dialog::scroll::Scroll;
use crate::tui::finding::{Facts, Finding};
use crate::tui::message::TeamIndex;
use crate::tui::model::list::Marks;

/// The dialog.
#[derive(Debug)]
pub struct BulkForm {
    /// Whose keys they are.
    pub team: TeamIndex,
    /// The keys, with the newest facts.
    pub plan: BulkPlan,
    /// How new they are.
    pub facts: Facts,
    /// Whether it is known how keys are revoked.
    pub finding: Finding,
    /// Which of the marked keys are among these.
    pub marks: Marks,
    /// Marked keys that are revoked in the browser, and are not among these.
    pub in_browser: usize,
    /// Marked keys that the list lacks by now.
    pub gone: usize,
    /// Where it stands.
    pub stage: BulkStage,
    /// What was wrong with the last answer.
    pub hint: Option<&'static str>,
    /// Lines scrolled away.
    pub scroll: Scroll,
}

/// Where it stands.
#[derive(Debug)]
pub enum BulkStage {
    /// How many they are is to be typed.
    Counting(Input),
    /// Our own credential is among them: its name is to be typed as well.
    Own {
        /// What was typed.
        input: Input,
        /// What is to be typed.
        expected: String,
        /// What that is, for the person.
        what: &'static str,
    },
    /// They are being revoked.
    Running(Run),
    /// It is over.
    Over(Vec<Revoked>),
}

/// How far the revocations have come.
#[derive(Debug, Default)]
pub struct Run {
    /// The keys in the order they go.
    pub order: Vec<ListedKey>,
    /// Whether the server said yes, by key.
    pub answered: BTreeMap<String, bool>,
    /// The key that is being asked for.
    pub asking: Option<KeyId>,
    /// The list is being read again.
    pub reading: bool,
}

impl Run {
    /// Takes in one step.
    pub fn note(&mut self, progress: Progress) {
        match progress {
            Progress::Asking(id) => {
                self.asking = Some(id);
                self.reading = false;
            }
            Progress::Answered(id, accepted) => {
                self.answered.insert(id.raw().to_owned(), accepted);
                self.asking = None;
            }
            Progress::Reading => self.reading = true,
        }
    }
}

impl BulkForm {
    /// Whether nothing was confirmed yet.
    #[must_use]
    pub fn is_plan(&self) -> bool {
        matches!(self.stage, BulkStage::Counting(_))
    }

    /// The line a confirmation is typed into.
    pub fn line(&mut self) -> Option<&mut Input> {
        match &mut self.stage {
            BulkStage::Counting(input) | BulkStage::Own { input, .. } => Some(input),
            BulkStage::Running(_) | BulkStage::Over(_) => None,
        }
    }
}
