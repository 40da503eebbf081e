//! The sandbox's SQLite database: a team and its keys. Values are kept only as hashes.
//!
//! One connection behind a lock: every call is a look-up or a single-row change by an index, so none keeps an async
//! worker for long.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde_json::{Value, json};

use super::error::SandboxError;
use super::mint::KeyHash;

/// Marks a database file as a sandbox's, so that no other program's file is written into ("CZsb").
const APPLICATION_ID: i32 = 0x435a_7362;
const SCHEMA_VERSION: i32 = 1;

/// `grace`: how many more times a revoked key's value is accepted; -1 = for ever. A key that is revoked without grace
/// has no row.
const SCHEMA: &str = "
    CREATE TABLE team (id TEXT PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
    CREATE TABLE keys (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        last_used_at INTEGER,
        created_by TEXT,
        prefix TEXT NOT NULL,
        last_four TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        revoked_at INTEGER,
        grace INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX keys_listed ON keys (created_at DESC, seq DESC) WHERE revoked_at IS NULL;
    CREATE INDEX keys_dying ON keys (revoked_at) WHERE revoked_at IS NOT NULL;
    CREATE INDEX keys_named ON keys (name, created_at) WHERE revoked_at IS NULL;
";

const COLUMNS: &str = "id, name, created_at, last_used_at, created_by, prefix, last_four";

/// The database.
pub(super) struct Store(Mutex<Connection>);

/// One listed key.
pub(super) struct KeyRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created_at: i64,
    pub(super) last_used_at: Option<i64>,
    pub(super) created_by: Option<String>,
    pub(super) prefix: String,
    pub(super) last_four: String,
}

impl KeyRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            created_at: row.get(2)?,
            last_used_at: row.get(3)?,
            created_by: row.get(4)?,
            prefix: row.get(5)?,
            last_four: row.get(6)?,
        })
    }

    /// The key as the API shows it: everything but its value.
    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "prefix": self.prefix,
            "last_four": self.last_four,
            "created_at": rfc3339(self.created_at),
            "last_used_at": self.last_used_at.and_then(rfc3339),
            "created_by": self.created_by,
        })
    }
}

fn rfc3339(millis: i64) -> Option<String> {
    Timestamp::from_millisecond(millis).ok().map(|time| time.to_string())
}

/// A key to be stored.
pub(super) struct NewRow<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) created_at: Timestamp,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) created_by: Option<&'a str>,
    pub(super) prefix: &'a str,
    pub(super) last_four: &'a str,
    pub(super) hash: &'a KeyHash,
}

impl NewRow<'_> {
    /// The key as the list will show it.
    pub(super) fn row(&self) -> KeyRow {
        KeyRow {
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            created_at: self.created_at.as_millisecond(),
            last_used_at: self.last_used_at.map(Timestamp::as_millisecond),
            created_by: self.created_by.map(str::to_owned),
            prefix: self.prefix.to_owned(),
            last_four: self.last_four.to_owned(),
        }
    }
}

/// Whose key a request came with.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) key_id: String,
    pub(super) created_by: Option<String>,
}

/// What becomes of a revoked key's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// Refused from the next request on, as the vendor says.
    AtOnce,
    /// Accepted so many times more.
    After(u32),
    /// Accepted for ever.
    Never,
}

impl Store {
    /// Opens the database, in memory without a path; says whether it has just been made.
    pub(super) fn open(path: Option<&Path>) -> Result<(Self, bool), SandboxError> {
        let connection = match path {
            None => Connection::open_in_memory()?,
            Some(path) => Connection::open(path)?,
        };
        let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let (owner, version) = (number("application_id")?, number("user_version")?);
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let fresh = tables == 0;
        if fresh && owner == 0 {
            // The journal mode is the file's own and cannot change inside a transaction. Losing the last moment of a
            // sandbox in a power cut is no loss, so commits do not wait for the disk.
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.execute_batch(&format!(
                "BEGIN; {SCHEMA} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}; \
                 COMMIT;"
            ))?;
        } else if owner != APPLICATION_ID || version != SCHEMA_VERSION {
            return Err(SandboxError::ForeignDatabase);
        }
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let teams: i64 = connection.query_row("SELECT count(*) FROM team", [], |row| row.get(0))?;
        Ok((Self(Mutex::new(connection)), teams == 0))
    }

    /// Runs `work` in one transaction.
    pub(super) fn transaction<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, SandboxError>,
    ) -> Result<T, SandboxError> {
        let mut connection = self.connection();
        let transaction = connection.transaction()?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Finds the living key with this hash and moves its last use.
    pub(super) fn authenticate(&self, hash: &KeyHash, now: Timestamp) -> Result<Option<Caller>, SandboxError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "UPDATE keys SET last_used_at = ?2, grace = grace - (grace > 0)
             WHERE hash = ?1 AND (revoked_at IS NULL OR grace <> 0) RETURNING id, created_by",
        )?;
        let caller = statement
            .query_row(params![hash.as_slice(), now.as_millisecond()], |row| {
                Ok(Caller {
                    key_id: row.get(0)?,
                    created_by: row.get(1)?,
                })
            })
            .optional()?;
        Ok(caller)
    }

    /// Moves a key's last use as its application's request would; `false` when the key is refused. The grace of a
    /// revoked key is not used up by it: that is counted in requests of the person who looks.
    pub(super) fn touch(&self, id: &str, now: Timestamp) -> Result<bool, SandboxError> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("UPDATE keys SET last_used_at = ?2 WHERE id = ?1 AND (revoked_at IS NULL OR grace <> 0)")?;
        Ok(statement.execute(params![id, now.as_millisecond()])? == 1)
    }

    /// One page of the list, newest first, and how many keys there are.
    pub(super) fn list(&self, page: u32, size: u32) -> Result<(Vec<KeyRow>, u64), SandboxError> {
        let connection = self.connection();
        // Counting all rows reads no row, and few are revoked; counting those that are not would read each one.
        let total: i64 = connection
            .prepare_cached("SELECT (SELECT count(*) FROM keys) - count(*) FROM keys WHERE revoked_at IS NOT NULL")?
            .query_row([], |row| row.get(0))?;
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM keys WHERE revoked_at IS NULL ORDER BY created_at DESC, seq DESC LIMIT ?1 OFFSET ?2"
        ))?;
        let skip = i64::from(page.saturating_sub(1)) * i64::from(size);
        let rows = statement.query_map([i64::from(size), skip], KeyRow::read)?;
        Ok((
            rows.collect::<Result<_, _>>()?,
            u64::try_from(total).unwrap_or_default(),
        ))
    }

    /// Listed keys whose name begins with `stem`, oldest first.
    pub(super) fn named(&self, stem: &str) -> Result<Vec<KeyRow>, SandboxError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM keys WHERE revoked_at IS NULL AND name >= ?1 AND name < ?2 ORDER BY created_at, seq"
        ))?;
        let rows = statement.query_map([stem, &format!("{stem}\u{10ffff}")], KeyRow::read)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Takes a key off the list; `false` when none of that id is listed.
    pub(super) fn revoke(&self, id: &str, death: Death, now: Timestamp) -> Result<bool, SandboxError> {
        let connection = self.connection();
        let grace = match death {
            Death::AtOnce | Death::After(0) => {
                let mut statement =
                    connection.prepare_cached("DELETE FROM keys WHERE id = ?1 AND revoked_at IS NULL")?;
                return Ok(statement.execute([id])? == 1);
            }
            Death::After(times) => i64::from(times),
            Death::Never => -1,
        };
        let mut statement = connection
            .prepare_cached("UPDATE keys SET revoked_at = ?2, grace = ?3 WHERE id = ?1 AND revoked_at IS NULL")?;
        Ok(statement.execute(params![id, now.as_millisecond(), grace])? == 1)
    }

    /// Whether a key of this id is listed.
    pub(super) fn is_listed(&self, id: &str) -> Result<bool, SandboxError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT 1 FROM keys WHERE id = ?1 AND revoked_at IS NULL")?;
        Ok(statement.exists([id])?)
    }

    /// Stores one key.
    pub(super) fn add(&self, key: &NewRow<'_>) -> Result<(), SandboxError> {
        insert(&self.connection(), key)
    }

    /// The team: id, name and address.
    pub(super) fn team(&self) -> Result<TeamRow, SandboxError> {
        let team = self
            .connection()
            .query_row("SELECT id, name, url FROM team", [], |row| {
                Ok(TeamRow {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    url: row.get(2)?,
                })
            })?;
        Ok(team)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sandbox's one team.
pub(super) struct TeamRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) url: String,
}

/// Stores one key.
pub(super) fn insert(connection: &Connection, key: &NewRow<'_>) -> Result<(), SandboxError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO keys (id, name, created_at, last_used_at, created_by, prefix, last_four, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    statement.execute(params![
        key.id,
        key.name,
        key.created_at.as_millisecond(),
        key.last_used_at.map(Timestamp::as_millisecond),
        key.created_by,
        key.prefix,
        key.last_four,
        key.hash.as_slice(),
    ])?;
    Ok(())
}

/// Stores the team.
pub(super) fn insert_team(connection: &Connection, team: &TeamRow, now: Timestamp) -> Result<(), SandboxError> {
    connection.execute(
        "INSERT INTO team (id, name, url, created_at) VALUES (?1, ?2, ?3, ?4)",
        params![team.id, team.name, team.url, now.as_millisecond()],
    )?;
    Ok(())
}

/// Gives every listed key of this name another one.
pub(super) fn rename(connection: &Connection, from: &str, to: &str) -> Result<(), SandboxError> {
    connection.execute(
        "UPDATE keys SET name = ?2 WHERE name = ?1 AND revoked_at IS NULL",
        [from, to],
    )?;
    Ok(())
}
