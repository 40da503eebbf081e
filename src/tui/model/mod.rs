//! Everything the dashboard knows. Pure data: `update` changes it, `view` reads it.

pub mod bulk;
pub mod dialog;
pub mod leak;
pub mod list;
pub mod manual;
pub mod rotation;

use std::ops::{Deref, DerefMut};

use jiff::{SignedDuration, Timestamp};

use crate::tui::keymap::{Action, KeyContext, Keymap, When};
use crate::tui::model::bulk::BulkStage;
use crate::tui::model::dialog::{Confirm, Dialogs, OpenDialog, Sending};
use crate::tui::model::leak::{LeakFlow, LeakStage};
use crate::tui::model::manual::Step;
pub use crate::tui::page::View;
use crate::tui::page::activity::ActivityLog;
use crate::tui::page::due::Agenda;
use crate::tui::page::keys::KeysPage;
pub use crate::tui::world::{
    DashboardExit, DashboardSettings, LoadState, Notice, OnClipboard, ProfileLabel, SandboxNote, SessionState,
    TeamState, Work, World,
};

/// The dashboard: the world, and what is shown of it.
#[derive(Debug)]
pub struct Model {
    /// What every page and dialog reads and may change.
    pub world: World,
    /// What is shown under the dialogs.
    pub view: View,
    /// One team's keys.
    pub keys: KeysPage,
    /// What is due over every team; kept up while it is shown.
    pub agenda: Agenda,
    /// What was done on this machine.
    pub activity: ActivityLog,
    /// What is open over the list; the last one has the keys.
    pub dialogs: Dialogs,
    /// The leaked value that is dealt with.
    pub leak: Option<LeakFlow>,
    /// A confirming key that was just pressed; it counts when nothing follows it at once.
    pub pending: Option<(Action, Timestamp)>,
    /// When a dialog opened that nobody was looking for yet: it takes no confirmation before the keyboard was quiet.
    opened_itself: Option<Timestamp>,
    last_key: Option<(crossterm::event::KeyEvent, Timestamp)>,
}

/// The model is the world and what is open over it: what is known is read and changed without naming the part.
impl Deref for Model {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Model {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

/// A confirming key that follows the same key sooner than this is a held key. Longer than a keyboard's first delay.
const HELD_KEY: SignedDuration = SignedDuration::from_millis(700);
/// A confirming key that follows any key sooner than this was pasted, not pressed; so was one that another follows.
pub const PASTED_KEY: SignedDuration = SignedDuration::from_millis(25);
/// How long the keyboard must have been quiet before a dialog that opened by itself can be confirmed.
const QUIET: SignedDuration = SignedDuration::from_millis(1200);

impl Model {
    /// A dashboard that has not looked at anything yet.
    #[must_use]
    pub fn new(settings: DashboardSettings, keymap: Keymap, now: Timestamp) -> Self {
        Self {
            world: World::new(settings, keymap, now),
            view: View::Keys,
            keys: KeysPage::default(),
            agenda: Agenda::default(),
            activity: ActivityLog::default(),
            dialogs: Dialogs::default(),
            leak: None,
            pending: None,
            opened_itself: None,
            last_key: None,
        }
    }

    /// Where keys go now.
    #[must_use]
    pub fn context(&self) -> KeyContext {
        match self.dialogs.last() {
            None if self.keys.filtering => KeyContext::Filter,
            None if self.view == View::Due => KeyContext::Due,
            None if self.view == View::Activity => KeyContext::Activity,
            None => KeyContext::List,
            Some(OpenDialog::Create(create)) if create.sent.is_some() => KeyContext::Busy,
            Some(OpenDialog::Create(_)) => KeyContext::Create,
            Some(OpenDialog::ShowOnce(_)) => KeyContext::ShowOnce,
            Some(OpenDialog::Revoke(revoke)) if revoke.sent.is_some() => KeyContext::Busy,
            Some(OpenDialog::Revoke(revoke)) => match revoke.confirm {
                Confirm::YesNo => KeyContext::Question,
                Confirm::Typed { .. } => KeyContext::TypedQuestion,
            },
            Some(OpenDialog::Rotation(_)) => KeyContext::Rotation,
            Some(OpenDialog::Boxed(dialog)) => dialog.context(),
            Some(OpenDialog::Leak) => self.leak_context(),
            Some(OpenDialog::Bulk(form)) => match form.stage {
                BulkStage::Counting(_) | BulkStage::Own { .. } => KeyContext::TypedQuestion,
                BulkStage::Running(_) => KeyContext::Busy,
                BulkStage::Over(_) => KeyContext::Page,
            },
            Some(OpenDialog::Paste(form)) if form.sent.is_some() => KeyContext::Busy,
            Some(OpenDialog::Paste(_)) => KeyContext::Paste,
            Some(OpenDialog::Manual(form)) => match form.step {
                Step::Value(_) => KeyContext::RevokeManually,
                Step::Watching(_) => KeyContext::Watching,
                Step::Word(_) => KeyContext::Word,
                Step::Attesting(_) => KeyContext::Busy,
            },
        }
    }

    fn leak_context(&self) -> KeyContext {
        match self.leak.as_ref().map(|flow| &flow.stage) {
            Some(LeakStage::Asking { .. }) => KeyContext::LeakField,
            Some(LeakStage::Searching(_)) => KeyContext::LeakSearch,
            Some(LeakStage::Found { confirm, .. }) => match confirm {
                Confirm::YesNo => KeyContext::Question,
                Confirm::Typed { .. } => KeyContext::TypedQuestion,
            },
            Some(LeakStage::Killing) => KeyContext::LeakKill,
            Some(LeakStage::Over(_)) | None => KeyContext::LeakEnd,
        }
    }

    /// Whether an action that needs `when` makes sense now.
    #[must_use]
    pub fn allows(&self, when: When) -> bool {
        match (when, self.dialogs.last()) {
            (When::SomethingFailed, Some(OpenDialog::ShowOnce(show))) => show.sendings.iter().any(Sending::failed),
            (When::MayTryItself, _) => self.leak.as_ref().is_some_and(LeakFlow::may_try_itself),
            (When::MarksHidden, Some(OpenDialog::Bulk(form))) => form.is_plan() && self.team().list.hidden_count() > 0,
            (when, Some(OpenDialog::Boxed(dialog))) => dialog.allows(when, &self.world),
            (when, _) => self.world.allows(when),
        }
    }

    /// Notes a key press; `false` when it is a held key or part of a paste and must not confirm anything.
    pub fn note_key(&mut self, key: crossterm::event::KeyEvent) -> bool {
        let deliberate = match self.last_key {
            None => true,
            Some((last, at)) => {
                let since = self.now.duration_since(at);
                let held = last.code == key.code && since < HELD_KEY;
                !held && since >= PASTED_KEY
            }
        };
        let last = self.last_key.map(|(_, at)| at);
        self.last_key = Some((key, self.now));
        let Some(opened) = self.opened_itself else {
            return deliberate;
        };
        let quiet_since = last.map_or(opened, |last| last.max(opened));
        if self.now.duration_since(quiet_since) < QUIET {
            return false;
        }
        self.opened_itself = None;
        deliberate
    }

    /// Notes that a dialog opened which the person did not press a key for just now.
    pub fn note_opened_itself(&mut self) {
        self.opened_itself = Some(self.now);
    }

    /// Notes that such a dialog is gone: what opens next was asked for.
    pub fn note_gone(&mut self) {
        self.opened_itself = None;
    }

    /// When something drawn changes by itself, by our clock.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        let reveal = self.dialogs.iter().filter_map(|dialog| match dialog {
            OpenDialog::ShowOnce(show) => show.revealed_until,
            _ => None,
        });
        let clipboard = self.clipboard.as_ref().and_then(|held| held.clears_at).map(|at| {
            // The countdown's next second, which ends with the last one.
            let left = at.duration_since(self.now).as_millis().max(1);
            let to_next_second = i64::try_from((left - 1) % 1000 + 1).unwrap_or(1000);
            self.now
                .checked_add(SignedDuration::from_millis(to_next_second))
                .unwrap_or(at)
        });
        let pending = self.pending.and_then(|(_, at)| at.checked_add(PASTED_KEY).ok());
        let poll = match self.dialogs.last() {
            // While one is under way the next is not due.
            Some(OpenDialog::Rotation(page)) if page.doing.is_none() => page.poll.map(|poll| poll.at),
            _ => None,
        };
        let ages = self.team().next_age_change(self.server_now());
        reveal
            .chain(clipboard)
            .chain(pending)
            .chain(poll)
            .chain(self.team().look_again_at)
            .chain(ages.and_then(|wait| self.now.checked_add(wait).ok()))
            .min()
    }
}
