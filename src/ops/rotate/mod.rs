//! Rotate a key in the guide's four steps: create, roll out, confirm traffic, revoke. Every step is in the journal, so
//! that any copy of the program goes on where another stopped.

mod alive;
mod begin;
mod finish;
mod manual;
mod mint;
mod own;
mod read;
mod steps;

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::core::activity::ActivityKind;
use crate::core::key::KeyId;
use crate::core::policy::Policies;
use crate::core::rotation::{Mark, Rotation, What};
use crate::core::text::{Label, shell_word};
use crate::ops::create::CreateError;
use crate::ops::record::{LogEntry, record};
use crate::ops::review::server_now;
use crate::ops::sign_in::{CredentialSource, Profile, Session};
use crate::ports::{ApiError, JournalError, Ports, StoreError};

pub use begin::{adopt, begin};
pub use finish::{Finished, finish};
pub use manual::{
    begin_in_browser, begun_in_browser, create_capability, follow_pasted, rotation_of_creation, took_from_browser,
};
pub use mint::{Minted, mint, reopen_step_one};
pub use own::hand_to_own_place;
pub(crate) use read::note_receipt;
pub use read::{Seen, peek, read, read_list, rotations_of, settle};
pub use steps::{attest, cancel, measured_words, tick, untick};

/// What a rotation is measured by.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Where keys are used.
    pub policies: &'a Policies,
    /// How long an old key has to be quiet.
    pub quiet: SignedDuration,
}

/// A profile that speaks to its API.
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// The ports.
    pub ports: &'a Ports,
    /// The profile.
    pub profile: &'a Profile,
    /// Its session.
    pub session: &'a Session,
}

impl At<'_> {
    /// Who does it, and when by the server's clock.
    fn mark(&self) -> Mark {
        Mark {
            by: self.ports.actor.clone(),
            at: server_now(&self.session.client, &*self.ports.clock),
        }
    }
}

/// Why a rotation did not go on. Nothing was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RotateError {
    /// The journal did not take the step.
    Journal(JournalError),
    /// The list cannot be read.
    List(ApiError),
    /// A pair in the list looks like a rotation that no row here explains.
    StartedElsewhere {
        /// The key that is to go.
        old: KeyId,
        /// The newer one.
        new: KeyId,
    },
    /// Our own credential came from a place that we cannot write to.
    OwnFrom(CredentialSource),
    /// The old key's name cannot stand in a new one.
    NoName(Label),
    /// A key is not in the full list.
    NotListed(KeyId),
    /// A key takes part in another rotation.
    Taken {
        /// It.
        key: KeyId,
        /// The other rotation's old key.
        by: Label,
    },
    /// The two keys of a pair are the same, or the newer one is the older.
    NoPair(&'static str),
    /// There is no new key yet.
    NoNewKey,
    /// The new key is there and did not answer 200 yet, so we do not sign in with it.
    NotAlive,
    /// The sign-in is of another team than the rotation; carries what is said of it.
    OtherTeam(String),
    /// The credential store holds another credential than the old key.
    OtherCredential,
    /// The value of the newer key of a pair is lost: nobody can use it.
    ValueLost(KeyId),
    /// The old key is gone, so the new one is the only one left.
    OnlyOne(Label),
    /// The new key is gone from the list, so the old one is needed.
    NewGone(Label),
    /// No place of the key is called so.
    NoPlace {
        /// What was asked for.
        asked: Label,
        /// The places there are.
        places: Vec<Label>,
    },
    /// The step before is still open; carries what it waits for.
    StepOpen {
        /// The step, 1 to 3.
        step: u8,
        /// What it waits for, as a sentence.
        waits: String,
    },
    /// We are still signed in with the key that is to go.
    StillOurs,
    /// Another copy of the program is revoking it.
    BeingRevoked,
    /// The new key was not made.
    Create(Box<CreateError>),
    /// The credential store did not take our new credential; the old one is in place.
    Store(StoreError),
    /// The traffic had moved, and the old key was used again since; carries when.
    UsedAgain(Timestamp),
    /// The key can only be revoked in the browser; carries it in a sentence.
    InBrowser(String),
    /// The rotation is over.
    Over(&'static str),
}

impl fmt::Display for RotateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => write!(f, "The rotation is unchanged: {error}. Check its status and try again."),
            Self::List(error) => write!(f, "The rotation is unchanged. {error}"),
            Self::StartedElsewhere { old, new } => write!(
                f,
                "Nothing was created: a rotation of {old} was already started elsewhere, and {new} is its newer key. \
                 To continue it: chatzuri-keys rotate adopt {} {}",
                shell_word(old.shown()),
                shell_word(new.shown())
            ),
            Self::OwnFrom(source) => write!(
                f,
                "Nothing was created: this is the key you're signed in with, and it comes from {}, which we cannot \
                 change. Create a key (chatzuri-keys create), put it there yourself, then revoke this one.",
                match source {
                    CredentialSource::Environment => "CHATZURI_API_KEY",
                    CredentialSource::Command => "credential_command",
                    CredentialSource::Store => "the keyring",
                }
            ),
            Self::NoName(name) => write!(
                f,
                "Nothing was created: “{name}” cannot be part of a new key's name. Choose the new name: --name."
            ),
            Self::NotListed(id) => write!(f, "Nothing was done: {id} is not in the list. Check the list."),
            Self::Taken { key, by } => write!(
                f,
                "Nothing was done: {key} is already in the rotation of “{by}”. Finish or cancel that one first."
            ),
            Self::NoPair(why) => write!(f, "Nothing was adopted: {why}."),
            Self::NoNewKey => f.write_str("Nothing was done: there is no new key yet. Do step 1 first: rotate start."),
            Self::NotAlive => f.write_str(
                "The new key is created but has not answered yet, so you're still signed in with the old one. Its \
                 value is waiting in the keyring. Run start again to continue.",
            ),
            Self::OtherTeam(sentence) => f.write_str(sentence),
            Self::OtherCredential => f.write_str(
                "The keyring no longer holds the old key, so your sign-in was left as it is. The new value is \
                 waiting in the keyring.",
            ),
            Self::ValueLost(id) => write!(
                f,
                "Nothing was adopted: the value of {id} was lost when it was created, so nothing can use it. Revoke \
                 it, and start a rotation."
            ),
            Self::OnlyOne(name) => write!(
                f,
                "Nothing was done: the old key is gone, so only “{name}” is left. Cancel without revoking it."
            ),
            Self::NewGone(name) => write!(
                f,
                "Nothing was revoked: the new key “{name}” is gone from the list, so you still need the old one. \
                 rotate start creates another."
            ),
            Self::NoPlace { asked, places } if places.is_empty() => write!(
                f,
                "Nothing was ticked: the key has no places, so no “{asked}”. List its places in the config: [[key]] \
                 places."
            ),
            Self::NoPlace { asked, places } => {
                let names: Vec<String> = places.iter().map(|place| format!("“{place}”")).collect();
                write!(
                    f,
                    "Nothing was ticked: the key has no place “{asked}”. Its places: {}.",
                    names.join(", ")
                )
            }
            Self::StepOpen { step, waits } => write!(f, "Nothing was revoked: step {step} of 4 is open. {waits}"),
            Self::StillOurs => f.write_str(
                "Nothing was revoked: you're still signed in with the old key. Sign in with the new one first.",
            ),
            Self::BeingRevoked => f.write_str(
                "Nothing was sent: another copy of chatzuri-keys is revoking the old key. Check the status in a \
                 minute.",
            ),
            Self::UsedAgain(at) => write!(
                f,
                "Nothing was revoked: the old key was used again at {at:.0}, after its traffic had moved. Find what \
                 uses it, or attest or force the revocation."
            ),
            Self::Create(error) => error.fmt(f),
            Self::Store(error) => write!(
                f,
                "{error}, so you're still signed in with the old key. The new value is still waiting. Run start \
                 again to continue."
            ),
            Self::InBrowser(called) => write!(
                f,
                "Nothing was revoked: the server cannot revoke {called} through the API. Press x on that key: it \
                 opens the page and checks its value, and the rotation ends with it."
            ),
            Self::Over(word) => write!(f, "Nothing was done: that rotation is {word}."),
        }
    }
}

impl std::error::Error for RotateError {}

impl From<CreateError> for RotateError {
    fn from(error: CreateError) -> Self {
        Self::Create(Box::new(error))
    }
}

/// Moves a rotation on; where another copy of the program moved it first, from where it stands now.
async fn advance(at: At<'_>, rotation: &Rotation, what: What) -> Result<Rotation, JournalError> {
    let journal = &at.ports.journal;
    match journal.move_rotation(rotation, what.clone(), at.mark()).await {
        Err(JournalError::Stale) => {
            let newest = journal.rotation(&rotation.id).await?.ok_or(JournalError::Stale)?;
            journal.move_rotation(&newest, what, at.mark()).await
        }
        moved => moved,
    }
}

/// Writes down a step. The row is what must not be lost; a missing line of the log loses no step.
async fn note(at: At<'_>, rotation: &Rotation, outcome: &'static str, detail: String) {
    tracing::info!(
        rotation = %rotation.id,
        old = rotation.old.id.shown(),
        stage = rotation.word(),
        outcome,
        "moved a rotation"
    );
    let entry = LogEntry {
        action: ActivityKind::Rotate,
        key: Some((rotation.old.id.clone(), rotation.old.name.clone())),
        outcome,
        detail,
    };
    let _ = record(at.ports, at.profile, entry).await;
}
