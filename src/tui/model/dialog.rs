//! What can be open over the list.

use std::any::Any;
use std::sync::Arc;

use jiff::Timestamp;
use tui_input::Input;

use crate::core::activity::Activity;
use crate::core::creation::Creation;
use crate::core::key::{ApiKey, BadName, KeyId, KeyName};
use crate::core::listing::ListedKey;
use crate::core::rotation::Rotation;
use crate::core::secret::Secret;
use crate::core::target::Target;
use crate::ops::create::Safety;
use crate::ops::deliver::ReceiptState;
use crate::ports::{ClipboardRoute, TerminalNote};
use crate::tui::dialog;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::bulk::BulkForm;
use crate::tui::model::manual::{ManualForm, PasteForm, TrackForm, Walk};
use crate::tui::model::rotation::{AttestForm, BeginForm, Finishing, RotationPage};
use crate::tui::secret_field::SecretField;

/// One dialog.
#[derive(Debug)]
pub enum Dialog {
    /// Every key of the list, scrolled by so many lines.
    Help {
        /// Lines scrolled away.
        scroll: u16,
    },
    /// Everything known of a key.
    Details {
        /// Which.
        id: KeyId,
        /// Lines scrolled away.
        scroll: u16,
    },
    /// A line of the log, whole.
    Entry {
        /// Which.
        entry: Box<Activity>,
        /// Lines scrolled away.
        scroll: u16,
    },
    /// Actions by name.
    Palette(Palette),
    /// The name of a new key.
    Create(CreateForm),
    /// The new key's value, once.
    ShowOnce(ShowOnce),
    /// Where to send the new value.
    Targets(TargetsForm),
    /// New keys of before that wait, or are lost.
    Waiting(WaitingPage),
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
    /// A key that exists already.
    Track(TrackForm),
    /// Leave, although something would be lost?
    Quit(QuitReason),
    /// The hidden field of the sign-in.
    SignIn(SignInForm),
    /// Rotate this key? What the new one is called.
    BeginRotation(BeginForm),
    /// Where a rotation stands.
    Rotation(RotationPage),
    /// How somebody knows that the traffic has moved.
    Attest(AttestForm),
    /// Give this rotation up?
    CancelRotation(Box<Rotation>),
    /// One that holds its own update and view.
    Boxed(Box<dyn dialog::Dialog>),
}

/// What is open over a page, the topmost last. Whatever closes a dialog, what it leaves behind is done.
#[derive(Debug, Default)]
pub struct Dialogs {
    open: Vec<Dialog>,
    left: Vec<Effect>,
}

impl Dialogs {
    /// Opens one over the others.
    pub fn open(&mut self, dialog: impl dialog::Dialog) {
        self.push(Dialog::Boxed(Box::new(dialog)));
    }

    /// Opens one over the others.
    pub fn push(&mut self, dialog: Dialog) {
        self.open.push(dialog);
    }

    /// Closes the topmost.
    pub fn pop(&mut self) -> Option<Dialog> {
        let mut closed = self.open.pop()?;
        self.left.extend(left_by(&mut closed));
        Some(closed)
    }

    /// Closes those that are not to stay.
    pub fn retain(&mut self, mut stays: impl FnMut(&Dialog) -> bool) {
        self.retain_mut(|dialog| stays(dialog));
    }

    /// The same, and may change what stays.
    pub fn retain_mut(&mut self, mut stays: impl FnMut(&mut Dialog) -> bool) {
        for mut closed in self.open.extract_if(.., |dialog| !stays(dialog)) {
            self.left.extend(left_by(&mut closed));
        }
    }

    /// What is to be done for the dialogs that were closed.
    pub fn take_left(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.left)
    }

    /// The topmost.
    #[must_use]
    pub fn last(&self) -> Option<&Dialog> {
        self.open.last()
    }

    /// The topmost.
    pub fn last_mut(&mut self) -> Option<&mut Dialog> {
        self.open.last_mut()
    }

    /// All of them, the topmost last.
    #[must_use]
    pub fn as_slice(&self) -> &[Dialog] {
        &self.open
    }

    /// All of them, the topmost last.
    pub fn iter(&self) -> std::slice::Iter<'_, Dialog> {
        self.open.iter()
    }

    /// All of them, the topmost last.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, Dialog> {
        self.open.iter_mut()
    }

    /// One by its place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&Dialog> {
        self.open.get(place)
    }

    /// One by its place.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut Dialog> {
        self.open.get_mut(place)
    }

    /// Closes one by its place.
    ///
    /// # Panics
    /// Where there is none.
    pub fn remove(&mut self, place: usize) -> Dialog {
        let mut closed = self.open.remove(place);
        self.left.extend(left_by(&mut closed));
        closed
    }

    /// Opens one under those from `place` on.
    pub fn insert(&mut self, place: usize, dialog: Dialog) {
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
        self.open.iter_mut().rev().find_map(|dialog| match dialog {
            Dialog::Boxed(dialog) => (dialog.as_mut() as &mut dyn Any).downcast_mut(),
            _ => None,
        })
    }

    /// Closes every dialog of a kind that `is_meant`.
    pub fn close<D: dialog::Dialog>(&mut self, is_meant: impl Fn(&D) -> bool) {
        self.retain(|dialog| match dialog {
            Dialog::Boxed(dialog) => {
                let dialog: &dyn Any = dialog.as_ref();
                !dialog.downcast_ref().is_some_and(&is_meant)
            }
            _ => true,
        });
    }
}

fn left_by(closed: &mut Dialog) -> Vec<Effect> {
    match closed {
        Dialog::Boxed(dialog) => dialog.left(),
        _ => Vec::new(),
    }
}

impl<'a> IntoIterator for &'a Dialogs {
    type Item = &'a Dialog;
    type IntoIter = std::slice::Iter<'a, Dialog>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> IntoIterator for &'a mut Dialogs {
    type Item = &'a mut Dialog;
    type IntoIter = std::slice::IterMut<'a, Dialog>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

/// Actions by name.
#[derive(Debug, Default)]
pub struct Palette {
    /// What was typed.
    pub input: Input,
    /// The marked row.
    pub place: usize,
    /// What matches: action, key shown, help line.
    pub matches: Vec<(Action, String, &'static str)>,
}

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

/// Where to send the new value: the person's own sinks to mark, and a line to type a target into.
#[derive(Debug, Default)]
pub struct TargetsForm {
    /// The sinks, and whether each is marked.
    pub rows: Vec<(Target, bool)>,
    /// The marked row; after the last one comes the line.
    pub place: usize,
    /// What was typed.
    pub input: Input,
    /// What is wrong with it.
    pub error: Option<String>,
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

/// Creations of before that are not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WaitingPage {
    /// The marked one.
    pub place: usize,
}

/// What leaving would lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuitReason {
    /// A new value that was not said to be stored; `true`: leave the program, `false`: close the dialog only.
    UnstoredValue {
        /// Whether the program is left too.
        leaving: bool,
    },
    /// A value that was not copied, shown or sent: it is deleted, and the dialog closes.
    OnlyCopy,
    /// Values that wait in a store that ends with the program.
    WaitingValues,
    /// A copied value that goes with the program.
    Clipboard,
    /// A request that changes keys is under way.
    Underway,
}

/// The hidden field of the sign-in.
#[derive(Debug, Default)]
pub struct SignInForm {
    /// What was typed or pasted.
    pub field: SecretField,
    /// The check under way.
    pub sent: Option<RequestId>,
    /// Why the last one failed.
    pub error: Option<String>,
}
