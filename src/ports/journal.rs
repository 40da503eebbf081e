//! The journal: what survives a crash.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Answer, Operation};
use crate::core::activity::Activity;
use crate::core::capability::EndpointState;
use crate::core::creation::{Creation, Event, IllegalCreation, Intent, MintedKey, OpId};
use crate::core::key::KeyId;
use crate::core::listing::Listing;
use crate::core::rotation::{self, Mark, Rotation, RotationPlan, What};
use crate::core::secret::Secret;
use crate::core::snooze::Snooze;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;
use crate::core::tracked::{Left, Tracked};

/// Where a credential is found: the last list and the ways are kept by it. The notes on keys (creations, fingerprints,
/// snoozes, rotations, tracked keys, times of first sight) are the team's: every place that opens it has the same.
#[derive(Debug, Clone)]
pub enum Scope {
    /// A profile on a host.
    Profile {
        /// The profile's name.
        name: String,
        /// The API's host.
        host: String,
    },
    /// A credential from outside on a host; kept under a salted hash of it.
    Credential {
        /// The API's host.
        host: String,
        /// The credential.
        value: Arc<Secret>,
    },
}

impl Scope {
    /// The API's host.
    #[must_use]
    pub fn host(&self) -> &str {
        let (Self::Profile { host, .. } | Self::Credential { host, .. }) = self;
        host
    }
}

/// Whose notes a place has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Whether the credential told it: by its team, or because it was used or made here before.
    pub by_credential: bool,
    /// Whether there are notes of the server that may turn out to be of the same team, too.
    pub others: bool,
}

/// Why the journal did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalError {
    /// Another copy of the program moved the row first; nothing was done.
    Stale,
    /// The protocol has no such move; nothing was done.
    Illegal(IllegalCreation),
    /// A rotation has no such move where it stands; nothing was done.
    IllegalRotation(rotation::Illegal),
    /// The file cannot be opened or made; says why.
    Unavailable(String),
    /// It can be read and not written: the file system is read-only, or another's.
    ReadOnly,
    /// The disk is full.
    Full,
    /// The file is damaged, or not a journal of ours.
    Corrupt,
    /// It was made by a newer version of this program.
    TooNew,
    /// It did not answer within this time.
    TimedOut(Duration),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => f.write_str("another copy of chatzuri-keys did this step first"),
            Self::Illegal(illegal) => illegal.fmt(f),
            Self::IllegalRotation(illegal) => illegal.fmt(f),
            Self::Unavailable(why) => write!(f, "the journal cannot be opened: {why}"),
            Self::ReadOnly => f.write_str("the journal cannot be written: it is read-only"),
            Self::Full => f.write_str("the journal cannot be written: the disk is full"),
            Self::Corrupt => f.write_str("the journal is damaged"),
            Self::TooNew => f.write_str("the journal was made by a newer version of chatzuri-keys"),
            Self::TimedOut(after) => write!(f, "the journal did not answer within {} s", after.as_secs()),
        }
    }
}

impl std::error::Error for JournalError {}

/// Which lines of the log are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Only of the key with this id or this name.
    pub key: Option<String>,
    /// At most so many, the newest.
    pub limit: Option<u32>,
}

/// A key made here whose fingerprint matches a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// The profiles that open its team, as far as is known here.
    pub profiles: Vec<String>,
    /// The host it was made on.
    pub host: String,
    /// Its id.
    pub id: KeyId,
    /// Its name when it was made.
    pub name: Label,
}

/// What was seen of an operation's endpoint, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FoundCapability {
    /// Which operation.
    pub operation: Operation,
    /// What was seen.
    pub state: EndpointState,
    /// When, by our clock.
    pub at: Timestamp,
}

/// A rotation that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BegunRotation {
    /// It is new.
    New(Rotation),
    /// One of the same key was there and is not over; nothing was written.
    There(Rotation),
}

/// What survives a crash: protocol rows, the last lists, fingerprints, the log. Never a secret. Every write is on disk
/// before its answer comes; no call runs on the caller's thread.
pub trait Journal: Send + Sync {
    /// Writes down what is about to be asked for. Success means that it was synced to disk.
    fn begin<'a>(&'a self, scope: &'a Scope, intent: Intent) -> Answer<'a, Result<Creation, JournalError>>;

    /// Reads a creation again.
    fn creation<'a>(&'a self, op: &'a OpId) -> Answer<'a, Result<Option<Creation>, JournalError>>;

    /// Moves a creation on, if its row is still at `creation.revision` (compare-and-set), and answers the moved one.
    fn advance<'a>(&'a self, creation: &'a Creation, event: Event) -> Answer<'a, Result<Creation, JournalError>>;

    /// The creations of a scope that are not over, oldest first.
    fn unfinished<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<Creation>, JournalError>>;

    /// Keeps a list as the last one seen of a scope.
    fn keep_list<'a>(&'a self, scope: &'a Scope, listing: Arc<Listing>) -> Answer<'a, Result<(), JournalError>>;

    /// The last list kept of a scope.
    fn last_list<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Option<Listing>, JournalError>>;

    /// Settles whose notes a place has from now on: those of the team that its credential opens. `team` is what the server
    /// told of it; before it was asked, the credential alone may tell, and else the place stays as it is.
    fn settle<'a>(
        &'a self,
        scope: &'a Scope,
        credential: Arc<Secret>,
        team: Option<TeamIdentity>,
    ) -> Answer<'a, Result<Settled, JournalError>>;

    /// Takes the notes of other places of the server that name a key of this list, where their team is not known to be
    /// another one.
    fn claim<'a>(&'a self, scope: &'a Scope, listed: Vec<KeyId>) -> Answer<'a, Result<(), JournalError>>;

    /// When each key of the kept list of which the server tells no creation was first seen here, by the server's clock.
    fn first_seen<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<HashMap<KeyId, Timestamp>, JournalError>>;

    /// Keeps the salted fingerprint of a new key's value.
    fn keep_fingerprint<'a>(
        &'a self,
        scope: &'a Scope,
        minted: MintedKey,
        value: Arc<Secret>,
    ) -> Answer<'a, Result<(), JournalError>>;

    /// The keys made here, of every scope, whose fingerprint is that of `value`.
    fn find_by_value(&self, value: Arc<Secret>) -> Answer<'_, Result<Vec<KnownKey>, JournalError>>;

    /// Puts a key's due date off, in the place of an earlier time.
    fn snooze<'a>(&'a self, scope: &'a Scope, snooze: Snooze) -> Answer<'a, Result<(), JournalError>>;

    /// Ends a key's snooze; `false` where there was none.
    fn end_snooze<'a>(&'a self, scope: &'a Scope, key: &'a KeyId) -> Answer<'a, Result<bool, JournalError>>;

    /// The snoozes of a scope, those that are over included.
    fn snoozes<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<Snooze>, JournalError>>;

    /// Begins the rotation of a key, unless one of that key is there and not over.
    fn begin_rotation<'a>(
        &'a self,
        scope: &'a Scope,
        plan: RotationPlan,
        mark: Mark,
    ) -> Answer<'a, Result<BegunRotation, JournalError>>;

    /// Moves a rotation on, if its row is still at `rotation.revision` (compare-and-set), and answers the moved one.
    fn move_rotation<'a>(
        &'a self,
        rotation: &'a Rotation,
        what: What,
        mark: Mark,
    ) -> Answer<'a, Result<Rotation, JournalError>>;

    /// Reads a rotation again.
    fn rotation<'a>(&'a self, id: &'a OpId) -> Answer<'a, Result<Option<Rotation>, JournalError>>;

    /// The rotation of a scope that has this key as its old or its new one: the one that is not over, or the newest.
    fn rotation_of<'a>(
        &'a self,
        scope: &'a Scope,
        key: &'a KeyId,
    ) -> Answer<'a, Result<Option<Rotation>, JournalError>>;

    /// The rotations of a scope: those that are not over, and the newest of those that are; oldest first.
    fn rotations<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<Rotation>, JournalError>>;

    /// How a scope's operations were found to be done.
    fn capabilities<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<FoundCapability>, JournalError>>;

    /// Keeps how an operation was found to be done, in the place of what was found before.
    fn keep_capability<'a>(&'a self, scope: &'a Scope, found: FoundCapability) -> Answer<'a, Result<(), JournalError>>;

    /// Writes keys down as tracked: all of them or none.
    fn track<'a>(&'a self, scope: &'a Scope, keys: Vec<Tracked>) -> Answer<'a, Result<(), JournalError>>;

    /// The tracked keys of a scope, in the order they were written down.
    fn tracked<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<Tracked>, JournalError>>;

    /// Takes keys off the tracked ones: all of them or none. A key that is in the server's list takes its fingerprint and
    /// its snooze along. Answers how many there were.
    fn untrack<'a>(
        &'a self,
        scope: &'a Scope,
        left: Vec<(KeyId, Left)>,
        at: Timestamp,
    ) -> Answer<'a, Result<usize, JournalError>>;

    /// Adds a line to the log.
    fn record(&self, activity: Activity) -> Answer<'_, Result<(), JournalError>>;

    /// Lines of the log, oldest first.
    fn log(&self, query: LogQuery) -> Answer<'_, Result<Vec<Activity>, JournalError>>;
}
