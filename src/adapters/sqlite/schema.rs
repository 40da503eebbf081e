//! Opening a journal, and bringing it to the schema of this version.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags, TransactionBehavior};

use super::trouble::DatabaseError;
use super::{BUSY, Db, file};
use crate::ports::JournalError;

/// Marks a file as a journal of ours, so that no other program's is written into ("CZjr").
const APPLICATION_ID: i32 = 0x435a_6a72;

/// One step per version; the step at index `n` leads from version `n` to `n + 1`. A released step is never changed.
const STEPS: [&str; 6] = [
    "
    -- This installation's salt: what is hashed with it says nothing elsewhere.
    CREATE TABLE meta (only INTEGER PRIMARY KEY CHECK (only = 1), salt BLOB NOT NULL CHECK (length(salt) = 32)) STRICT;

    -- credential: a salted hash of it.
    CREATE TABLE scopes (
        id INTEGER PRIMARY KEY,
        host TEXT NOT NULL,
        profile TEXT,
        credential BLOB,
        CHECK ((profile IS NULL) <> (credential IS NULL))
    ) STRICT;
    CREATE UNIQUE INDEX scopes_profile ON scopes (profile, host) WHERE profile IS NOT NULL;
    CREATE UNIQUE INDEX scopes_credential ON scopes (credential, host) WHERE credential IS NOT NULL;

    -- Times here and below: microseconds since 1970, UTC. known: ids as JSON, emptied when the creation is over.
    CREATE TABLE creations (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        op TEXT NOT NULL UNIQUE,
        scope INTEGER NOT NULL REFERENCES scopes (id),
        name TEXT NOT NULL,
        intended_at INTEGER NOT NULL,
        known TEXT NOT NULL,
        stage TEXT NOT NULL,
        minted_id TEXT,
        minted_name TEXT,
        revision INTEGER NOT NULL,
        begun_at INTEGER NOT NULL,
        moved_at INTEGER NOT NULL,
        CHECK ((minted_id IS NULL) = (minted_name IS NULL))
    ) STRICT;
    CREATE INDEX creations_unfinished ON creations (scope, seq) WHERE stage NOT IN ('done', 'closed');

    -- body: see packing.rs.
    CREATE TABLE lists (scope INTEGER PRIMARY KEY REFERENCES scopes (id), body BLOB NOT NULL) STRICT;

    CREATE TABLE fingerprints (
        id INTEGER PRIMARY KEY,
        scope INTEGER NOT NULL REFERENCES scopes (id),
        key_id TEXT NOT NULL,
        name TEXT NOT NULL,
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        UNIQUE (scope, key_id)
    ) STRICT;
    CREATE INDEX fingerprints_hash ON fingerprints (hash);

    CREATE TABLE activity (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        profile TEXT NOT NULL,
        action TEXT NOT NULL,
        key_id TEXT,
        key_name TEXT,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL,
        CHECK ((key_id IS NULL) = (key_name IS NULL))
    ) STRICT;
    CREATE INDEX activity_at ON activity (at);
    CREATE TRIGGER activity_keeps_lines BEFORE DELETE ON activity
        BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END;
    CREATE TRIGGER activity_keeps_words BEFORE UPDATE ON activity
        BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END;
    -- INSERT OR REPLACE deletes without asking the trigger above.
    CREATE TRIGGER activity_keeps_places BEFORE INSERT ON activity
        WHEN EXISTS (SELECT 1 FROM activity WHERE id = new.id)
        BEGIN SELECT RAISE(ABORT, 'the log is only added to'); END;
",
    "
    -- until: the last day, as 2026-12-01.
    CREATE TABLE snoozes (
        scope INTEGER NOT NULL REFERENCES scopes (id),
        key_id TEXT NOT NULL,
        until TEXT NOT NULL,
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        PRIMARY KEY (scope, key_id)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- body: see rotations/body.rs. One key is rotated once at a time, by however many copies of the program.
    CREATE TABLE rotations (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        scope INTEGER NOT NULL REFERENCES scopes (id),
        old_id TEXT NOT NULL,
        over INTEGER NOT NULL CHECK (over IN (0, 1)),
        body TEXT NOT NULL,
        revision INTEGER NOT NULL,
        begun_at INTEGER NOT NULL,
        moved_at INTEGER NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX rotations_open ON rotations (scope, old_id) WHERE over = 0;
",
    "
    -- When a listed key of which the server tells no creation was first seen here.
    CREATE TABLE first_seen (
        scope INTEGER NOT NULL REFERENCES scopes (id),
        key_id TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (scope, key_id)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- How each operation is done on that server: api, assisted or unknown.
    CREATE TABLE ways (
        scope INTEGER NOT NULL REFERENCES scopes (id),
        operation TEXT NOT NULL,
        way TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (scope, operation)
    ) STRICT, WITHOUT ROWID;

    -- Keys that only this machine knows of. why: dead, attested, untracked or listed, with the id they have in the list.
    CREATE TABLE tracked (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        scope INTEGER NOT NULL REFERENCES scopes (id),
        key_id TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at INTEGER,
        prefix TEXT,
        last_four TEXT,
        owner TEXT,
        team TEXT,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        left_at INTEGER,
        why TEXT,
        listed_id TEXT,
        CHECK ((left_at IS NULL) = (why IS NULL))
    ) STRICT;
    CREATE UNIQUE INDEX tracked_there ON tracked (scope, key_id) WHERE left_at IS NULL;

    -- A key that a person makes in the browser: no list tells whether they did.
    ALTER TABLE creations ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1));
",
    "
    -- Whose notes: see realms.rs. team: its id, where it is known; may_be: the ids it is one of, as JSON, where it is not.
    CREATE TABLE realms (
        id INTEGER PRIMARY KEY,
        host TEXT NOT NULL,
        team TEXT,
        may_be TEXT,
        CHECK (team IS NULL OR may_be IS NULL)
    ) STRICT;
    CREATE UNIQUE INDEX realms_team ON realms (host, team) WHERE team IS NOT NULL;

    -- A place begins with the notes it has.
    INSERT INTO realms (id, host) SELECT id, host FROM scopes;
    ALTER TABLE scopes ADD COLUMN realm INTEGER REFERENCES realms (id);
    UPDATE scopes SET realm = id;
    CREATE INDEX scopes_realm ON scopes (realm);

    -- Lists and ways stay with their place; the notes below go with the realm. A column cannot change what it refers to.
    ALTER TABLE creations RENAME TO creations_before;
    CREATE TABLE creations (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        op TEXT NOT NULL UNIQUE,
        realm INTEGER NOT NULL REFERENCES realms (id),
        name TEXT NOT NULL,
        intended_at INTEGER NOT NULL,
        known TEXT NOT NULL,
        stage TEXT NOT NULL,
        minted_id TEXT,
        minted_name TEXT,
        revision INTEGER NOT NULL,
        begun_at INTEGER NOT NULL,
        moved_at INTEGER NOT NULL,
        by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1)),
        CHECK ((minted_id IS NULL) = (minted_name IS NULL))
    ) STRICT;
    INSERT INTO creations (seq, op, realm, name, intended_at, known, stage, minted_id, minted_name, revision, begun_at,
                           moved_at, by_hand)
        SELECT seq, op, scope, name, intended_at, known, stage, minted_id, minted_name, revision, begun_at, moved_at,
               by_hand FROM creations_before;
    DROP TABLE creations_before;
    CREATE INDEX creations_unfinished ON creations (realm, seq) WHERE stage NOT IN ('done', 'closed');

    ALTER TABLE fingerprints RENAME TO fingerprints_before;
    CREATE TABLE fingerprints (
        id INTEGER PRIMARY KEY,
        realm INTEGER NOT NULL REFERENCES realms (id),
        key_id TEXT NOT NULL,
        name TEXT NOT NULL,
        hash BLOB NOT NULL CHECK (length(hash) = 32),
        UNIQUE (realm, key_id)
    ) STRICT;
    INSERT INTO fingerprints (id, realm, key_id, name, hash) SELECT id, scope, key_id, name, hash FROM fingerprints_before;
    DROP TABLE fingerprints_before;
    CREATE INDEX fingerprints_hash ON fingerprints (hash);

    ALTER TABLE snoozes RENAME TO snoozes_before;
    CREATE TABLE snoozes (
        realm INTEGER NOT NULL REFERENCES realms (id),
        key_id TEXT NOT NULL,
        until TEXT NOT NULL,
        reason TEXT NOT NULL,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        PRIMARY KEY (realm, key_id)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO snoozes (realm, key_id, until, reason, at, actor)
        SELECT scope, key_id, until, reason, at, actor FROM snoozes_before;
    DROP TABLE snoozes_before;

    ALTER TABLE rotations RENAME TO rotations_before;
    CREATE TABLE rotations (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        realm INTEGER NOT NULL REFERENCES realms (id),
        old_id TEXT NOT NULL,
        over INTEGER NOT NULL CHECK (over IN (0, 1)),
        body TEXT NOT NULL,
        revision INTEGER NOT NULL,
        begun_at INTEGER NOT NULL,
        moved_at INTEGER NOT NULL
    ) STRICT;
    INSERT INTO rotations (seq, id, realm, old_id, over, body, revision, begun_at, moved_at)
        SELECT seq, id, scope, old_id, over, body, revision, begun_at, moved_at FROM rotations_before;
    DROP TABLE rotations_before;
    CREATE UNIQUE INDEX rotations_open ON rotations (realm, old_id) WHERE over = 0;

    ALTER TABLE first_seen RENAME TO first_seen_before;
    CREATE TABLE first_seen (
        realm INTEGER NOT NULL REFERENCES realms (id),
        key_id TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (realm, key_id)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO first_seen (realm, key_id, at) SELECT scope, key_id, at FROM first_seen_before;
    DROP TABLE first_seen_before;

    ALTER TABLE tracked RENAME TO tracked_before;
    CREATE TABLE tracked (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        realm INTEGER NOT NULL REFERENCES realms (id),
        key_id TEXT NOT NULL,
        name TEXT NOT NULL,
        created_at INTEGER,
        prefix TEXT,
        last_four TEXT,
        owner TEXT,
        team TEXT,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        left_at INTEGER,
        why TEXT,
        listed_id TEXT,
        CHECK ((left_at IS NULL) = (why IS NULL))
    ) STRICT;
    INSERT INTO tracked (seq, realm, key_id, name, created_at, prefix, last_four, owner, team, at, actor, left_at, why,
                         listed_id)
        SELECT seq, scope, key_id, name, created_at, prefix, last_four, owner, team, at, actor, left_at, why, listed_id
        FROM tracked_before;
    DROP TABLE tracked_before;
    CREATE UNIQUE INDEX tracked_there ON tracked (realm, key_id) WHERE left_at IS NULL;
",
];

/// A file that is busy sooner than this was not waited for.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Then it is tried again after this time.
const AGAIN: Duration = Duration::from_millis(5);

/// The version this program writes.
pub(super) const VERSION: usize = STEPS.len();

/// Opens the file, makes it where it is missing, and brings it up to date. Where it cannot be written it is opened for
/// reading.
pub(super) fn open(path: &Path) -> Result<(Db, file::Identity), DatabaseError> {
    let path = file::prepare(path)?;
    let started = Instant::now();
    let opened = loop {
        match open_to_write(&path) {
            // Changing to WAL mode does not wait for another copy that opens the same new file: SQLite is busy at once.
            Err(trouble) if trouble.is_busy() && started.elapsed() < AT_ONCE => std::thread::sleep(AGAIN),
            result => break result,
        }
    };
    let db = match opened {
        Err(trouble) if trouble.may_spare_reading() => open_to_read(&path, trouble)?,
        result => result?,
    };
    Ok((db, file::Identity::of(path)))
}

/// A journal without a file.
pub(super) fn open_in_memory() -> Result<Db, DatabaseError> {
    let mut connection = Connection::open_in_memory()?;
    configure(&connection)?;
    migrate(&mut connection)?;
    Ok(Db {
        connection,
        refusal: None,
    })
}

/// Makes a connection close without writing to the file, or deleting by name a log that may not be its own any more.
pub(super) fn leave(connection: &Connection) {
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
}

fn open_to_write(path: &Path) -> Result<Db, DatabaseError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection = Connection::open_with_flags(path, flags)?;
    configure(&connection)?;
    let found = {
        // All of it as of one moment: another copy may be making the tables right now.
        let snapshot = connection.transaction()?;
        version(&snapshot)
    };
    match found {
        Ok(VERSION) => {}
        Ok(_) => migrate(&mut connection)?,
        Err(trouble) => {
            leave(&connection);
            return Err(trouble);
        }
    }
    // SQLite opens a file that cannot be written for reading, and says so only when asked.
    let refusal = connection.is_readonly(MAIN_DB)?.then_some(JournalError::ReadOnly);
    Ok(Db { connection, refusal })
}

/// Opens the file where SQLite cannot even make its companions: on a read-only or a full disk.
#[cfg(unix)]
pub(super) fn open_to_read(path: &Path, trouble: DatabaseError) -> Result<Db, DatabaseError> {
    let refusal = if file::no_space_near(path) {
        JournalError::Full
    } else {
        JournalError::ReadOnly
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_URI;
    let attempt = || -> Result<Connection, DatabaseError> {
        // Without a log the file holds everything. With one it does not: the log is read too, with its index in memory,
        // which takes a lock that a read-only file cannot give. Neither connection outlives its call.
        let connection = if file::size(&file::beside(path, "-wal")) == 0 {
            Connection::open_with_flags(address(path, "immutable=1"), flags)?
        } else {
            let connection = Connection::open_with_flags(address(path, "vfs=unix-none"), flags)?;
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            connection
        };
        configure(&connection)?;
        Ok(connection)
    };
    let Ok(connection) = attempt() else {
        return Err(trouble);
    };
    match version(&connection) {
        Ok(VERSION) => Ok(Db {
            connection,
            refusal: Some(refusal),
        }),
        // It would have to be brought up to date first.
        Ok(_) => Err(refusal.into()),
        Err(DatabaseError::Said(error)) => Err(error.into()),
        Err(DatabaseError::Sql(_)) => Err(trouble),
    }
}

#[cfg(not(unix))]
fn open_to_read(_path: &Path, trouble: DatabaseError) -> Result<Db, DatabaseError> {
    Err(trouble)
}

/// `path` as SQLite's `file:` address.
#[cfg(unix)]
fn address(path: &Path, query: &str) -> String {
    use std::fmt::Write as _;
    use std::os::unix::ffi::OsStrExt;
    let mut address = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            address.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address.push('?');
    address.push_str(query);
    address
}

fn configure(connection: &Connection) -> Result<(), DatabaseError> {
    connection.busy_timeout(BUSY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // fullfsync: on a Mac, fsync alone leaves the data in the drive's own cache.
    connection.execute_batch(
        "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
         PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;",
    )?;
    Ok(())
}

/// The version of the schema; 0 for a file that nothing was written to yet.
fn version(connection: &Connection) -> Result<usize, DatabaseError> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (version, application) = (pragma("user_version")?, pragma("application_id")?);
    if version == 0 && application == 0 {
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        return if tables == 0 {
            Ok(0)
        } else {
            Err(JournalError::Corrupt.into())
        };
    }
    if application != APPLICATION_ID {
        return Err(JournalError::Corrupt.into());
    }
    match usize::try_from(version) {
        Ok(version) if version <= VERSION => Ok(version),
        Ok(_) => Err(JournalError::TooNew.into()),
        Err(_) => Err(JournalError::Corrupt.into()),
    }
}

fn migrate(connection: &mut Connection) -> Result<(), DatabaseError> {
    // Kept in the file. Where a file system cannot share the index that needs, the old mode stays, which is as safe.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another copy may have done it while we waited.
    let found = version(&transaction)?;
    for step in STEPS.iter().skip(found) {
        transaction.execute_batch(step)?;
    }
    if found == 0 {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt).map_err(no_randomness)?;
        transaction.execute("INSERT INTO meta (only, salt) VALUES (1, ?1)", [salt])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    if found < VERSION {
        let version = i32::try_from(VERSION).unwrap_or(i32::MAX);
        transaction.pragma_update(None, "user_version", version)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Makes a journal as an earlier version wrote it.
#[cfg(test)]
pub(super) fn make_at(path: &Path, version: usize, salt: [u8; 32]) -> Connection {
    let connection = Connection::open(path).unwrap();
    for step in &STEPS[..version] {
        connection.execute_batch(step).unwrap();
    }
    connection
        .execute("INSERT INTO meta (only, salt) VALUES (1, ?1)", [salt])
        .unwrap();
    connection
        .pragma_update(None, "application_id", APPLICATION_ID)
        .unwrap();
    connection
        .pragma_update(None, "user_version", i32::try_from(version).unwrap())
        .unwrap();
    connection
}

/// The system gives no random numbers.
pub(super) fn no_randomness(error: getrandom::Error) -> DatabaseError {
    JournalError::Unavailable(format!("the system gives no random numbers: {error}")).into()
}
