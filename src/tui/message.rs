//! Everything that can happen to the dashboard: intents in the imperative, facts in the past tense.

use std::fmt;

use crossterm::event::KeyEvent;
use jiff::SignedDuration;
use zeroize::Zeroizing;

use crate::core::activity::Activity;
use crate::core::capability::Capabilities;
use crate::core::creation::Creation;
use crate::core::incident::Timeline;
use crate::core::key::ApiKey;
use crate::core::listing::{ListedKey, Listing};
use crate::core::notes::Notes;
use crate::core::outcome::Outcome;
use crate::core::team::TeamIdentity;
use crate::ops::create::{CreateError, NewKey};
use crate::ops::custody::{Acknowledged, ReopenError};
use crate::ops::deliver::Receipt;
use crate::ops::leak::Search;
use crate::ops::recover::{RecoverError, Waiting};
use crate::ops::review::ReadProgress;
use crate::ops::revoke::{self, Revocation};
use crate::ops::rotate::{Finished, RotateError, Seen};
use crate::ops::sign_in::{CredentialSource, SignInError};
use crate::ops::snooze::SnoozeChanged;
use crate::ports::{ApiError, Cleared, ClipboardError, ClipboardRoute, JournalError, ReportError, StoreError};
use crate::tui::errand::News;
use crate::tui::keymap::Action;

/// Names one run of an effect, so that a stale result can be told from the awaited one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RequestId(pub u64);

/// Which of the registry's teams a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TeamIndex(pub usize);

/// Pasted text; it may be a secret, so it is wiped and never printed.
pub struct Pasted(pub Zeroizing<String>);

impl fmt::Debug for Pasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pasted(••••)")
    }
}

/// Why the dashboard is asked to stop from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// INT or TERM.
    Signal,
    /// HUP: whoever looked has left.
    HungUp,
    /// The terminal is gone.
    LostTerminal,
    /// A panic somewhere in the program, already reported.
    Panic,
}

/// One thing that happened.
#[derive(Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// An action was chosen by other means than its key.
    Act(Action),
    /// Text was pasted.
    Pasted(Pasted),
    /// The terminal has another size, in columns and rows.
    Resized(u16, u16),
    /// A deadline of the model has come.
    Woke,
    /// The program is to stop.
    Stopped(Stop),
    /// A credential was looked for.
    SessionFound {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// Where it came from, or that there is none.
        result: Result<Option<CredentialSource>, SignInError>,
    },
    /// A typed credential was checked and kept.
    SignedIn {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// The team it opens, as far as the server tells.
        result: Result<TeamIdentity, SignInError>,
    },
    /// One more page of the list was read.
    PageRead {
        /// The run it belongs to.
        request: RequestId,
        /// How far it has come.
        progress: ReadProgress,
    },
    /// The list was read.
    Loaded {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// How its operations are done, and how many tracked keys are in the list by now.
        capabilities: (Capabilities, usize),
        /// The list, and the server's clock minus ours.
        result: Result<(Listing, SignedDuration), ApiError>,
        /// What was written down about its keys.
        notes: Notes,
    },
    /// Something came of what is done around a person in the browser.
    News {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// What.
        news: News,
    },
    /// A creation ended.
    Created {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// The key and its value, or why there is none.
        result: Result<Box<NewKey>, CreateError>,
    },
    /// Unfinished creations were looked at.
    Recovered {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// What waits.
        result: Result<Vec<Waiting>, RecoverError>,
    },
    /// A waiting value was opened.
    Reopened {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// The key and its value, or why there is none.
        result: Result<Box<NewKey>, ReopenError>,
    },
    /// A target took a value, or did not; it is written down already.
    SentTo {
        /// The run it belongs to.
        request: RequestId,
        /// The key, for a sentence.
        called: String,
        /// How it went.
        receipt: Receipt,
        /// Why it was not sent yet: what the person is to agree to by another try.
        doubts: Vec<String>,
    },
    /// A delivery was written down.
    Noted {
        /// The run it belongs to.
        request: RequestId,
    },
    /// A value that is stored elsewhere was forgotten.
    Acknowledged {
        /// The run it belongs to.
        request: RequestId,
        /// The key, for a sentence.
        called: String,
        /// How it went.
        result: Acknowledged,
    },
    /// The only copy of a value that went nowhere was deleted.
    Discarded {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// The key, for a sentence.
        called: String,
        /// Whether the store was known to have the value.
        was_escrowed: bool,
        /// How it went.
        result: Result<(), StoreError>,
    },
    /// A revocation ended.
    Revoked {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// The key.
        target: Box<ListedKey>,
        /// What was seen.
        outcome: Outcome,
        /// Why the log does not have it.
        unrecorded: Option<JournalError>,
    },
    /// A rotation was begun, or its new key made.
    RotationBegun {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// The rotation, and the new key's value where it was made just now.
        result: Result<Box<Begun>, RotateError>,
    },
    /// A rotation was brought up to the list, moved, or adopted.
    RotationRead {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// How it stands.
        result: Result<Box<Seen>, RotateError>,
    },
    /// The last step of a rotation ended.
    RotationFinished {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// The old key.
        old: Box<ApiKey>,
        /// What was seen.
        result: Result<Box<Finished>, RotateError>,
    },
    /// A due date was put off, or no longer.
    Snoozed {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// What is true now; `None`: it was not put off.
        result: Result<Option<SnoozeChanged>, JournalError>,
        /// What is written down since.
        notes: Notes,
    },
    /// The revocation of several keys has come further.
    ManyProgress {
        /// The run it belongs to.
        request: RequestId,
        /// How far.
        progress: revoke::Progress,
    },
    /// The revocation of several keys ended.
    ManyRevoked {
        /// The run it belongs to.
        request: RequestId,
        /// For which team.
        team: TeamIndex,
        /// What became of each.
        results: Vec<revoke::Revoked>,
    },
    /// The log of this machine was read.
    LogRead {
        /// The run it belongs to.
        request: RequestId,
        /// Its lines, oldest first.
        result: Result<Vec<Activity>, JournalError>,
    },
    /// One more thing was seen of a leaked value.
    LeakSeen {
        /// The run it belongs to.
        request: RequestId,
        /// All that was seen so far.
        timeline: Box<Timeline>,
    },
    /// The key of a leaked value was looked for.
    LeakSearched {
        /// The run it belongs to.
        request: RequestId,
        /// What was found, and the value.
        search: Box<Search>,
        /// Why the log does not have it, where it is over.
        unrecorded: Option<JournalError>,
    },
    /// The key of a leaked value was revoked, or it was tried.
    LeakKilled {
        /// The run it belongs to.
        request: RequestId,
        /// What was seen, and the value.
        search: Box<Search>,
        /// How it ended.
        killed: Revocation,
    },
    /// A text was put on the clipboard.
    TextCopied {
        /// The run it belongs to.
        request: RequestId,
        /// Which way it went.
        result: Result<ClipboardRoute, ClipboardError>,
    },
    /// A report was written.
    ReportWritten {
        /// The run it belongs to.
        request: RequestId,
        /// Where it is.
        result: Result<String, ReportError>,
    },
    /// A value was put on the clipboard.
    Copied {
        /// The run it belongs to.
        request: RequestId,
        /// Which way it went.
        result: Result<ClipboardRoute, ClipboardError>,
    },
    /// The clipboard was asked to forget our value.
    ClipboardCleared {
        /// The run it belongs to.
        request: RequestId,
        /// What became of it.
        result: Result<Cleared, ClipboardError>,
    },
}

/// A rotation that was begun.
#[derive(Debug)]
pub struct Begun {
    /// How it stands.
    pub seen: Seen,
    /// The new key and its value, where it was made just now.
    pub new: Option<NewKey>,
    /// What went wrong after the key was made; its value is safe all the same.
    pub trouble: Option<RotateError>,
    /// The new key is to be made in the browser.
    pub in_browser: Option<Box<Creation>>,
}

impl Message {
    /// The run a fact belongs to; `None` for what nobody asked for.
    #[must_use]
    pub fn request(&self) -> Option<RequestId> {
        match self {
            Self::SessionFound { request, .. }
            | Self::SignedIn { request, .. }
            | Self::PageRead { request, .. }
            | Self::Loaded { request, .. }
            | Self::News { request, .. }
            | Self::Created { request, .. }
            | Self::Recovered { request, .. }
            | Self::Reopened { request, .. }
            | Self::SentTo { request, .. }
            | Self::Noted { request }
            | Self::Acknowledged { request, .. }
            | Self::Discarded { request, .. }
            | Self::Revoked { request, .. }
            | Self::RotationBegun { request, .. }
            | Self::RotationRead { request, .. }
            | Self::RotationFinished { request, .. }
            | Self::Snoozed { request, .. }
            | Self::ManyProgress { request, .. }
            | Self::ManyRevoked { request, .. }
            | Self::LogRead { request, .. }
            | Self::LeakSeen { request, .. }
            | Self::LeakSearched { request, .. }
            | Self::LeakKilled { request, .. }
            | Self::TextCopied { request, .. }
            | Self::ReportWritten { request, .. }
            | Self::Copied { request, .. }
            | Self::ClipboardCleared { request, .. } => Some(*request),
            Self::Key(_) | Self::Act(_) | Self::Pasted(_) | Self::Resized(..) | Self::Woke | Self::Stopped(_) => None,
        }
    }

    /// Whether it is the last message of its run.
    #[must_use]
    pub fn ends_request(&self) -> bool {
        self.request().is_some()
            && !matches!(
                self,
                Self::PageRead { .. }
                    | Self::LeakSeen { .. }
                    | Self::ManyProgress { .. }
                    | Self::News {
                        news: News::Seen(_),
                        ..
                    }
            )
    }
}
