//! The journal: one SQLite file that survives a crash.
//!
//! Every write is one `BEGIN IMMEDIATE` transaction in WAL mode with `synchronous=FULL`: when its answer comes, it is on
//! the disk, and of two copies of the program that move the same row exactly one wins.

mod capabilities;
mod creations;
mod file;
mod fingerprints;
mod lists;
mod log;
mod packing;
mod realms;
mod rotations;
mod schema;
mod scopes;
mod snoozes;
#[cfg(test)]
mod tests;
mod tracked;
mod trouble;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use etcetera::BaseStrategy;
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use self::trouble::DatabaseError;
use super::worker::{Lost, Worker};
use crate::core::activity::Activity;
use crate::core::creation::{Creation, Event, Intent, MintedKey, OpId};
use crate::core::key::KeyId;
use crate::core::listing::Listing;
use crate::core::rotation::{Mark, Rotation, RotationPlan, What};
use crate::core::secret::Secret;
use crate::core::snooze::Snooze;
use crate::core::team::TeamIdentity;
use crate::core::tracked::{Left, Tracked};
use crate::ports::{Answer, BegunRotation, FoundCapability, Journal, JournalError, KnownKey, LogQuery, Scope, Settled};

/// How long a call may take.
const LIMIT: Duration = Duration::from_secs(5);
/// How long another copy is waited for; shorter than [`LIMIT`], so that the answer can say why.
const BUSY: Duration = Duration::from_secs(4);

/// Where the journal of this person is: `$XDG_STATE_HOME/chatzuri-keys/journal.db`, or the platform's own place.
///
/// # Errors
/// [`JournalError::Unavailable`] where no home directory is known.
pub fn default_path() -> Result<PathBuf, JournalError> {
    let places = etcetera::base_strategy::choose_native_strategy()
        .map_err(|_| JournalError::Unavailable("no home directory is known".to_owned()))?;
    let folder = places.state_dir().unwrap_or_else(|| {
        if cfg!(windows) {
            // %LOCALAPPDATA%: the data directory roams, and a database must not.
            places.cache_dir()
        } else {
            places.data_dir()
        }
    });
    Ok(folder.join("chatzuri-keys").join("journal.db"))
}

/// [`Journal`] by SQLite. Nothing is opened or made before the first call.
///
/// A call that timed out may still have its effect; a creation begun too late is closed again.
pub struct SqliteJournal {
    place: DatabasePlace,
    worker: Worker<JournalSession>,
    limit: Duration,
}

/// Where the rows are.
#[derive(Clone)]
enum DatabasePlace {
    File(Arc<Path>),
    /// Outside the thread: a call whose caller left takes its thread with it, and these rows must stay.
    Memory(Arc<Mutex<Option<Db>>>),
}

impl SqliteJournal {
    /// The journal in this file, which is made at first use, with its directory.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self::new(DatabasePlace::File(path.into()))
    }

    /// A journal that is gone when the program ends: the sandbox leaves nothing behind.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(DatabasePlace::Memory(Arc::default()))
    }

    fn new(place: DatabasePlace) -> Self {
        Self {
            place,
            worker: Worker::new("journal", JournalSession::default),
            limit: LIMIT,
        }
    }

    async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Db) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let place = self.place.clone();
        let answer = self
            .worker
            .call(self.limit, move |session| session.run(&place, job))
            .await;
        self.told(answer)
    }

    fn told<T>(&self, answer: Result<Result<T, JournalError>, Lost>) -> Result<T, JournalError> {
        match answer {
            Ok(result) => result,
            Err(Lost::TimedOut) => Err(JournalError::TimedOut(self.limit)),
            Err(Lost::Broken(why)) => Err(JournalError::Unavailable(why)),
        }
    }
}

impl Journal for SqliteJournal {
    fn begin<'a>(&'a self, scope: &'a Scope, intent: Intent) -> Answer<'a, Result<Creation, JournalError>> {
        let (scope, place, undone) = (scope.clone(), self.place.clone(), self.place.clone());
        Box::pin(async move {
            let answer = self
                .worker
                .call_or_undo(
                    self.limit,
                    move |session| session.run(&place, move |db| creations::begin(db, &scope, intent)),
                    move |session, late| close_unheard(session, &undone, late, |_| {}),
                )
                .await;
            self.told(answer)
        })
    }

    fn creation<'a>(&'a self, op: &'a OpId) -> Answer<'a, Result<Option<Creation>, JournalError>> {
        let op = op.clone();
        Box::pin(self.call(move |db| creations::find(db.reader(), &op)))
    }

    fn advance<'a>(&'a self, creation: &'a Creation, event: Event) -> Answer<'a, Result<Creation, JournalError>> {
        let creation = creation.clone();
        Box::pin(self.call(move |db| creations::advance(db, &creation, &event)))
    }

    fn unfinished<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<Creation>, JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| creations::unfinished(db.reader(), &scope)))
    }

    fn keep_list<'a>(&'a self, scope: &'a Scope, listing: Arc<Listing>) -> Answer<'a, Result<(), JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| lists::keep(db, &scope, &listing)))
    }

    fn last_list<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Option<Listing>, JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| lists::last(db.reader(), &scope)))
    }

    fn keep_fingerprint<'a>(
        &'a self,
        scope: &'a Scope,
        minted: MintedKey,
        value: Arc<Secret>,
    ) -> Answer<'a, Result<(), JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| fingerprints::keep(db, &scope, &minted, &value)))
    }

    fn find_by_value(&self, value: Arc<Secret>) -> Answer<'_, Result<Vec<KnownKey>, JournalError>> {
        Box::pin(self.call(move |db| fingerprints::find(db.reader(), &value)))
    }

    fn snooze<'a>(&'a self, scope: &'a Scope, snooze: Snooze) -> Answer<'a, Result<(), JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| snoozes::keep(db, &scope, &snooze)))
    }

    fn end_snooze<'a>(&'a self, scope: &'a Scope, key: &'a KeyId) -> Answer<'a, Result<bool, JournalError>> {
        let (scope, key) = (scope.clone(), key.clone());
        Box::pin(self.call(move |db| snoozes::end(db, &scope, &key)))
    }

    fn settle<'a>(
        &'a self,
        scope: &'a Scope,
        credential: Arc<Secret>,
        team: Option<TeamIdentity>,
    ) -> Answer<'a, Result<Settled, JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| realms::settle(db, &scope, &credential, team.as_ref())))
    }

    fn claim<'a>(&'a self, scope: &'a Scope, listed: Vec<KeyId>) -> Answer<'a, Result<(), JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| realms::claim(db, &scope, &listed)))
    }

    fn first_seen<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<HashMap<KeyId, Timestamp>, JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| lists::first_seen(db.reader(), &scope)))
    }

    fn snoozes<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<Snooze>, JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| snoozes::all(db.reader(), &scope)))
    }

    fn begin_rotation<'a>(
        &'a self,
        scope: &'a Scope,
        plan: RotationPlan,
        mark: Mark,
    ) -> Answer<'a, Result<BegunRotation, JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| rotations::begin(db, &scope, plan, &mark)))
    }

    fn move_rotation<'a>(
        &'a self,
        rotation: &'a Rotation,
        what: What,
        mark: Mark,
    ) -> Answer<'a, Result<Rotation, JournalError>> {
        let rotation = rotation.clone();
        Box::pin(self.call(move |db| rotations::advance(db, &rotation, &what, &mark)))
    }

    fn rotation<'a>(&'a self, id: &'a OpId) -> Answer<'a, Result<Option<Rotation>, JournalError>> {
        let id = id.clone();
        Box::pin(self.call(move |db| rotations::find(db.reader(), &id)))
    }

    fn rotation_of<'a>(
        &'a self,
        scope: &'a Scope,
        key: &'a KeyId,
    ) -> Answer<'a, Result<Option<Rotation>, JournalError>> {
        let (scope, key) = (scope.clone(), key.clone());
        Box::pin(self.call(move |db| rotations::newest_of(db.reader(), &scope, &key)))
    }

    fn rotations<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<Rotation>, JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| rotations::all(db.reader(), &scope)))
    }

    fn capabilities<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<FoundCapability>, JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| capabilities::all(db.reader(), &scope)))
    }

    fn keep_capability<'a>(&'a self, scope: &'a Scope, found: FoundCapability) -> Answer<'a, Result<(), JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| capabilities::keep(db, &scope, found)))
    }

    fn track<'a>(&'a self, scope: &'a Scope, keys: Vec<Tracked>) -> Answer<'a, Result<(), JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| tracked::add(db, &scope, &keys)))
    }

    fn tracked<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<Tracked>, JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| tracked::all(db.reader(), &scope)))
    }

    fn untrack<'a>(
        &'a self,
        scope: &'a Scope,
        left: Vec<(KeyId, Left)>,
        at: Timestamp,
    ) -> Answer<'a, Result<usize, JournalError>> {
        let scope = scope.clone();
        Box::pin(self.call(move |db| tracked::leave(db, &scope, &left, at)))
    }

    fn record(&self, activity: Activity) -> Answer<'_, Result<(), JournalError>> {
        Box::pin(self.call(move |db| log::record(db, &activity)))
    }

    fn log(&self, query: LogQuery) -> Answer<'_, Result<Vec<Activity>, JournalError>> {
        Box::pin(self.call(move |db| log::read(db.reader(), &query)))
    }
}

/// Closes a creation whose caller had left: nothing was asked for, and it must not be looked for at the next start.
fn close_unheard(
    session: &mut JournalSession,
    place: &DatabasePlace,
    late: Result<Creation, JournalError>,
    told: impl FnOnce(Result<Creation, JournalError>),
) {
    told(late.and_then(|creation| session.run(place, |db| creations::advance(db, &creation, &Event::NothingAppeared))));
}

/// An open journal, of the schema of this version.
struct Db {
    connection: Connection,
    /// What a write is answered where only reading is possible.
    refusal: Option<JournalError>,
}

impl Db {
    fn reader(&self) -> &Connection {
        &self.connection
    }

    /// Runs `work` in a transaction that holds the write lock from its start.
    fn write<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T, DatabaseError>) -> Result<T, DatabaseError> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone().into());
        }
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

/// What the worker's thread owns: the open file.
#[derive(Default)]
struct JournalSession {
    kept: Option<(Db, file::Identity)>,
}

impl JournalSession {
    fn run<T>(
        &mut self,
        place: &DatabasePlace,
        job: impl FnOnce(&mut Db) -> Result<T, DatabaseError>,
    ) -> Result<T, JournalError> {
        match place {
            DatabasePlace::File(path) => self.run_in_file(path, job),
            DatabasePlace::Memory(slot) => {
                let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
                let mut db = match slot.take() {
                    Some(db) => db,
                    None => schema::open_in_memory().map_err(|trouble| trouble.said(|| false))?,
                };
                let result = job(&mut db).map_err(|trouble| trouble.said(|| false));
                *slot = Some(db);
                result
            }
        }
    }

    fn run_in_file<T>(
        &mut self,
        path: &Path,
        job: impl FnOnce(&mut Db) -> Result<T, DatabaseError>,
    ) -> Result<T, JournalError> {
        let said = |trouble: DatabaseError| trouble.said(|| file::no_space_near(path));
        let (mut db, identity) = match self.kept.take() {
            Some((db, identity)) if identity.is_still_there() => (db, identity),
            moved => {
                // The file was deleted or replaced under us: what we wrote there would be lost.
                if let Some((db, _)) = moved {
                    schema::leave(&db.connection);
                }
                schema::open(path).map_err(said)?
            }
        };
        let result = job(&mut db).map_err(said);
        // After any trouble, and where only reading is possible, the next call looks afresh.
        let healthy = matches!(
            &result,
            Ok(_) | Err(JournalError::Stale | JournalError::Illegal(_) | JournalError::IllegalRotation(_))
        );
        if healthy && db.refusal.is_none() {
            self.kept = Some((db, identity));
        }
        result
    }
}
