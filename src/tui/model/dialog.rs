//! What can be open over the list.

use std::any::Any;
use std::sync::Arc;

use jiff::Timestamp;
use tui_input::Input;

use crate::core::creation::Creation;
use crate::core::key::{ApiKey, BadName, KeyName};
use crate::core::listing::ListedKey;
use crate::core::secret::Secret;
use crate::core::target::Target;
use crate::ops::create::Safety;
use crate::ops::deliver::ReceiptState;
use crate::ports::{ClipboardRoute, TerminalNote};
use crate::tui::dialog;
use crate::tui::effect::Effect;
pub use crate::tui::finding::{Facts, Finding};
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::bulk::BulkForm;
use crate::tui::model::manual::{ManualForm, PasteForm, Walk};
use crate::tui::model::rotation::{Finishing, RotationPage};

/// One dialog.
#[derive(Debug)]
pub enum OpenDialog {
    /// The name of a new key.
    Create(CreateForm),
    /// The new key's value, once.
    ShowOnce(ShowOnce),
    /// Revoke this key?
    Revoke(RevokeForm),
    /// Revoke the marked keys?
    Bulk(BulkForm),
    /// The leaked value of the model.
    Leak,
    /// The value of a key that is made in the browser.
    Paste(PasteForm),
    /// A key that is revoked in the browser.
    Manual(ManualForm),
    /// Where a rotation stands.
    Rotation(RotationPage),
    /// One that holds its own update and view.
    Boxed(Box<dyn dialog::Dialog>),
}

impl OpenDialog {
    /// It, where it is a dialog of a kind.
    pub fn as_mut<D: dialog::Dialog>(&mut self) -> Option<&mut D> {
        match self {
            Self::Boxed(dialog) => (dialog.as_mut() as &mut dyn Any).downcast_mut(),
            _ => None,
        }
    }
}

/// What is open over a page, the topmost last. Whatever closes a dialog, what it leaves behind is done.
#[derive(Debug, Default)]
pub struct Dialogs {
    open: Vec<OpenDialog>,
    left: Vec<Effect>,
}

impl Dialogs {
    /// Opens one over the others.
    pub fn open(&mut self, dialog: impl dialog::Dialog) {
        self.push(OpenDialog::Boxed(Box::new(dialog)));
    }

    /// Opens one over the others.
    pub fn push(&mut self, dialog: OpenDialog) {
        self.open.push(dialog);
    }

    /// Closes the topmost.
    pub fn pop(&mut self) -> Option<OpenDialog> {
        let mut closed = self.open.pop()?;
        self.left.extend(left_by(&mut closed));
        Some(closed)
    }

    /// Closes those that are not to stay.
    pub fn retain(&mut self, mut stays: impl FnMut(&OpenDialog) -> bool) {
        self.retain_mut(|dialog| stays(dialog));
    }

    /// The same, and may change what stays.
    pub fn retain_mut(&mut self, mut stays: impl FnMut(&mut OpenDialog) -> bool) {
        for mut closed in self.open.extract_if(.., |dialog| !stays(dialog)) {
            self.left.extend(left_by(&mut closed));
        }
    }

    /// What is to be done for the dialogs that were closed.
    pub fn take_left(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.left)
    }

    /// The program ends: what each of them leaves is to be done, although they stay on the screen.
    pub fn leave(&mut self) {
        let left = self.open.iter_mut().flat_map(left_by);
        self.left.extend(left);
    }

    /// The topmost.
    #[must_use]
    pub fn last(&self) -> Option<&OpenDialog> {
        self.open.last()
    }

    /// The topmost.
    pub fn last_mut(&mut self) -> Option<&mut OpenDialog> {
        self.open.last_mut()
    }

    /// All of them, the topmost last.
    #[must_use]
    pub fn as_slice(&self) -> &[OpenDialog] {
        &self.open
    }

    /// All of them, the topmost last.
    pub fn iter(&self) -> std::slice::Iter<'_, OpenDialog> {
        self.open.iter()
    }

    /// All of them, the topmost last.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, OpenDialog> {
        self.open.iter_mut()
    }

    /// One by its place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&OpenDialog> {
        self.open.get(place)
    }

    /// One by its place.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut OpenDialog> {
        self.open.get_mut(place)
    }

    /// Closes one by its place.
    ///
    /// # Panics
    /// Where there is none.
    pub fn remove(&mut self, place: usize) -> OpenDialog {
        let mut closed = self.open.remove(place);
        self.left.extend(left_by(&mut closed));
        closed
    }

    /// Opens one under those from `place` on.
    pub fn insert(&mut self, place: usize, dialog: OpenDialog) {
        self.open.insert(place.min(self.open.len()), dialog);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The topmost dialog of a kind, whatever lies over it: news that it waits for go there.
    pub fn find_mut<D: dialog::Dialog>(&mut self) -> Option<&mut D> {
        self.open.iter_mut().rev().find_map(OpenDialog::as_mut)
    }

    /// The topmost, where it is of a kind.
    #[must_use]
    pub fn top<D: dialog::Dialog>(&self) -> Option<&D> {
        match self.open.last()? {
            OpenDialog::Boxed(dialog) => (dialog.as_ref() as &dyn Any).downcast_ref(),
            _ => None,
        }
    }

    /// Closes every dialog of a kind that `is_meant`.
    pub fn close<D: dialog::Dialog>(&mut self, is_meant: impl Fn(&D) -> bool) {
        self.retain(|dialog| match dialog {
            OpenDialog::Boxed(dialog) => {
                let dialog: &dyn Any = dialog.as_ref();
                !dialog.downcast_ref().is_some_and(&is_meant)
            }
            _ => true,
        });
    }
}

fn left_by(closed: &mut OpenDialog) -> Vec<Effect> {
    match closed {
        OpenDialog::Boxed(dialog) => dialog.left(),
        _ => Vec::new(),
    }
}

impl<'a> IntoIterator for &'a Dialogs {
    type Item = &'a OpenDialog;
    type IntoIter = std::slice::Iter<'a, OpenDialog>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Dialogs {
    type Item = &'a mut OpenDialog;
    type IntoIter = std::slice::IterMut<'a, OpenDialog>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

/// A new key's name.
#[derive(Debug, Default)]
pub struct CreateForm {
    /// What was typed.
    pub input: Input,
    /// Whether it is known how keys are made.
    pub finding: Finding,
    /// The creation under way.
    pub sent: Option<RequestId>,
    /// Why the last one failed.
    pub error: Option<String>,
}

impl CreateForm {
    /// The name, or what is wrong with it.
    ///
    /// # Errors
    /// [`BadName`].
    pub fn name(&self) -> Result<KeyName, BadName> {
        KeyName::parse(self.input.value())
    }
}

/// Where the new value's copy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyState {
    /// Not copied.
    No,
    /// On its way.
    Copying(RequestId),
    /// Copied; the model's clipboard knows for how long.
    Copied(ClipboardRoute),
    /// It was there and is gone; carries how.
    Gone(&'static str),
    /// It was copied when the value was last open, at this time by our clock.
    Before(Timestamp),
    /// It did not get there; carries the sentence.
    Failed(String),
}

/// The show-once dialog: the one owner of a new key's value.
#[derive(Debug)]
pub struct ShowOnce {
    /// Whose key it is.
    pub team: TeamIndex,
    /// The protocol's row.
    pub creation: Creation,
    /// Where the value is besides here.
    pub safety: Safety,
    /// The new key.
    pub key: ApiKey,
    /// Its value; shared only with a copy under way.
    pub secret: Arc<Secret>,
    /// The value is drawn until then, by our clock.
    pub revealed_until: Option<Timestamp>,
    /// Whether it was drawn.
    pub was_shown: bool,
    /// Its copy.
    pub copy: CopyState,
    /// The targets it was sent to, in that order.
    pub sendings: Vec<Sending>,
    /// Whether we are signed in with it since.
    pub own: bool,
    /// Lines scrolled away.
    pub scroll: u16,
}

impl ShowOnce {
    /// The targets that took the value, for a sentence; empty: none did.
    #[must_use]
    pub fn stored_in(&self) -> String {
        let stored = self.sendings.iter().filter(|one| one.is_stored());
        let names: Vec<String> = stored.map(|one| one.target.to_string()).collect();
        names.join(", ")
    }

    /// Whether this may be the only copy: the value was not copied, shown or sent, and nobody had it before.
    #[must_use]
    pub fn is_only_copy(&self) -> bool {
        let copied = match &self.copy {
            CopyState::No | CopyState::Copying(_) | CopyState::Failed(_) => false,
            CopyState::Copied(route) => *route != ClipboardRoute::Terminal(TerminalNote::TmuxBlocks),
            CopyState::Gone(_) | CopyState::Before(_) => true,
        };
        let sent = self.sendings.iter().any(Sending::is_stored);
        let had_before = self.own || self.creation.intent.manual;
        !(copied || sent || self.was_shown || had_before)
    }
}

/// A target the new value was sent to.
#[derive(Debug)]
pub struct Sending {
    /// Where to.
    pub target: Target,
    /// The same place with everything named, once somebody looked.
    pub exact: Option<Target>,
    /// The doubts the person was told.
    pub told: Vec<String>,
    /// How it stands.
    pub state: SendingState,
}

/// How a sending stands.
#[derive(Debug)]
pub enum SendingState {
    /// On its way.
    Underway(RequestId),
    /// Ended, at this time by our clock.
    Ended(ReceiptState, Timestamp),
}

impl Sending {
    /// Whether the target has not answered yet.
    #[must_use]
    pub fn is_underway(&self) -> bool {
        matches!(self.state, SendingState::Underway(_))
    }

    /// Whether the target took it.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        matches!(self.state, SendingState::Ended(ReceiptState::Stored { .. }, _))
    }

    /// Whether the target did not take it.
    #[must_use]
    pub fn failed(&self) -> bool {
        matches!(self.state, SendingState::Ended(ReceiptState::Failed { .. }, _))
    }
}

/// How a revocation is confirmed.
#[derive(Debug)]
pub enum Confirm {
    /// `y`.
    YesNo,
    /// By typing a text: the key is in use, or it is our own.
    Typed {
        /// What was typed.
        input: Input,
        /// What is to be typed.
        expected: String,
        /// What that is, for the person: "its name" or "the last four of its id".
        what: &'static str,
    },
}

/// Revoke this key?
#[derive(Debug)]
pub struct RevokeForm {
    /// The key, with the newest facts.
    pub target: ListedKey,
    /// How new they are.
    pub facts: Facts,
    /// Whether the newest list lacks it: one more has to, before it counts as gone.
    pub missing: bool,
    /// Whether it is known how keys are revoked.
    pub finding: Finding,
    /// How it is confirmed.
    pub confirm: Confirm,
    /// The revocation under way.
    pub sent: Option<RequestId>,
    /// What was wrong with the last answer.
    pub hint: Option<&'static str>,
    /// The rotation whose last step it is.
    pub finishing: Option<Finishing>,
    /// What shows that it is dead, where no list does.
    pub proof: Proof,
    /// The marked keys it is one of.
    pub walk: Option<Walk>,
}

/// What shows that a key is dead.
#[derive(Debug, Default)]
pub enum Proof {
    /// The list, where there is one.
    #[default]
    List,
    /// Its value, which is at hand.
    Held,
    /// Its value, which the person gave.
    Value(Secret),
}
