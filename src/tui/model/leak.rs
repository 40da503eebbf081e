//! One leaked value on its way from the paste to its report.

use std::sync::Arc;

use tui_input::Input;

use crate::core::incident::Timeline;
use crate::core::secret::Secret;
use crate::ops::leak::{Search, Suspect};
use crate::tui::message::RequestId;
use crate::tui::model::dialog::Confirm;
use crate::tui::secret_field::SecretField;
use crate::tui::theme::Role;

/// The flow. It goes on while its dialog is not shown, and there is one at a time.
#[derive(Debug)]
pub struct LeakFlow {
    /// Where it stands.
    pub stage: LeakStage,
    /// What was seen so far, without the value.
    pub timeline: Option<Timeline>,
}

/// Where a flow stands. The value is in one place only, and gone with the stage that needed it.
#[derive(Debug)]
pub enum LeakStage {
    /// The value is being pasted.
    Asking {
        /// Where it is pasted into.
        field: SecretField,
        /// What is wrong with it.
        error: Option<String>,
    },
    /// Its key is looked for.
    Searching(RequestId),
    /// Its key is found. Revoke it?
    Found {
        /// The value and its key.
        search: Box<Search>,
        /// How it is confirmed.
        confirm: Confirm,
        /// What was wrong with the last answer.
        hint: Option<&'static str>,
    },
    /// Its key is being revoked, and the value watched.
    Killing,
    /// It is over.
    Over(Box<LeakEnd>),
}

/// How a flow ended. The outcome stands in the timeline.
#[derive(Debug, Default)]
pub struct LeakEnd {
    /// Keys that could be meant, the likeliest first.
    pub suspects: Vec<Suspect>,
    /// The value, kept only where the leaked key may still be let to speak for itself.
    pub itself: Option<Arc<Secret>>,
    /// Why the log does not have it.
    pub unrecorded: Option<String>,
    /// What became of the copy and of the report.
    pub notes: Vec<(Role, String)>,
}

impl Default for LeakFlow {
    fn default() -> Self {
        Self {
            stage: LeakStage::Asking {
                field: SecretField::default(),
                error: None,
            },
            timeline: None,
        }
    }
}

impl LeakFlow {
    /// Whether the leaked key may still be let to list and revoke itself.
    #[must_use]
    pub fn may_try_itself(&self) -> bool {
        matches!(&self.stage, LeakStage::Over(end) if end.itself.is_some())
    }

    /// The line a confirmation is typed into.
    pub fn line(&mut self) -> Option<&mut Input> {
        match &mut self.stage {
            LeakStage::Found {
                confirm: Confirm::Typed { input, .. },
                ..
            } => Some(input),
            _ => None,
        }
    }
}
