//! The rows of the show-once protocol.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::trouble::DatabaseError;
use super::{Db, schema, scopes};
use crate::core::creation::{Creation, CreationStage, Event, Intent, MintedKey, OpId};
use crate::core::key::{KeyId, KeyName};
use crate::core::text::Label;
use crate::ports::{JournalError, Scope};

const COLUMNS: &str = "op, name, intended_at, known, stage, minted_id, minted_name, revision, by_hand";

/// Writes down a new creation.
pub(super) fn begin(db: &mut Db, scope: &Scope, intent: Intent) -> Result<Creation, DatabaseError> {
    let mut creation = Creation::new(new_op()?, intent);
    // As it will be read back.
    creation.intent.at = time(creation.intent.at.as_microsecond())?;
    db.write(|connection| {
        let realm = scopes::find_or_make(connection, scope)?;
        connection.execute(
            "INSERT INTO creations (op, realm, name, intended_at, known, stage, revision, begun_at, moved_at, by_hand)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9)",
            params![
                creation.op.as_str(),
                realm,
                creation.intent.name.as_str(),
                creation.intent.at.as_microsecond(),
                known_text(&creation.intent.known),
                creation.stage.word(),
                count(creation.revision)?,
                Timestamp::now().as_microsecond(),
                creation.intent.manual,
            ],
        )?;
        Ok(())
    })?;
    Ok(creation)
}

/// Reads a creation again.
pub(super) fn find(connection: &Connection, op: &OpId) -> Result<Option<Creation>, DatabaseError> {
    let sql = format!("SELECT {COLUMNS} FROM creations WHERE op = ?1");
    connection
        .prepare_cached(&sql)?
        .query_row([op.as_str()], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// Moves a creation on, if its row is still where `creation` is.
pub(super) fn advance(db: &mut Db, creation: &Creation, event: &Event) -> Result<Creation, DatabaseError> {
    db.write(|connection| {
        let Some(row) = find(connection, &creation.op)? else {
            return Err(JournalError::Unavailable("it no longer has this creation".to_owned()).into());
        };
        if row.revision != creation.revision {
            return Err(JournalError::Stale.into());
        }
        let next = row.after(event).map_err(JournalError::Illegal)?;
        connection
            .prepare_cached(
                "UPDATE creations SET stage = ?2, minted_id = ?3, minted_name = ?4, revision = ?5, moved_at = ?6,
                 known = iif(?7, '[]', known) WHERE op = ?1",
            )?
            .execute(params![
                next.op.as_str(),
                next.stage.word(),
                next.minted.as_ref().map(|minted| minted.id.raw()),
                next.minted.as_ref().map(|minted| minted.name.raw()),
                count(next.revision)?,
                Timestamp::now().as_microsecond(),
                next.stage.is_over(),
            ])?;
        Ok(next)
    })
}

/// The creations of a scope that are not over. One that cannot be read fails them all: it may be a live key.
pub(super) fn unfinished(connection: &Connection, scope: &Scope) -> Result<Vec<Creation>, DatabaseError> {
    let Some(realm) = scopes::find(connection, scope)? else {
        return Ok(Vec::new());
    };
    // The words of `CreationStage::is_over`, as in the index.
    let sql =
        format!("SELECT {COLUMNS} FROM creations WHERE realm = ?1 AND stage NOT IN ('done', 'closed') ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([realm])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> Result<Creation, DatabaseError> {
    let text = |at: usize| row.get::<_, String>(at);
    let minted = match (row.get::<_, Option<String>>(5)?, row.get::<_, Option<String>>(6)?) {
        (Some(id), Some(name)) => Some(MintedKey {
            id: KeyId::new(&id).ok_or(JournalError::Corrupt)?,
            name: Label::new(&name),
        }),
        (None, None) => None,
        _ => return Err(JournalError::Corrupt.into()),
    };
    let stage = text(4)?;
    Ok(Creation {
        op: OpId::new(&text(0)?).ok_or(JournalError::Corrupt)?,
        intent: Intent {
            name: KeyName::kept(&text(1)?).map_err(|_| JournalError::Corrupt)?,
            at: time(row.get(2)?)?,
            known: known(&text(3)?)?,
            manual: row.get(8)?,
        },
        stage: CreationStage::ALL
            .into_iter()
            .find(|known| known.word() == stage)
            .ok_or(JournalError::Corrupt)?,
        minted,
        revision: u64::try_from(row.get::<_, i64>(7)?).map_err(|_| JournalError::Corrupt)?,
    })
}

fn known_text(known: &[KeyId]) -> String {
    serde_json::Value::from_iter(known.iter().map(KeyId::raw)).to_string()
}

fn known(text: &str) -> Result<Vec<KeyId>, DatabaseError> {
    let ids: Vec<String> = serde_json::from_str(text).map_err(|_| JournalError::Corrupt)?;
    let read = |id: String| KeyId::new(&id).ok_or_else(|| JournalError::Corrupt.into());
    ids.into_iter().map(read).collect()
}

/// A time of a row.
pub(super) fn time(microseconds: i64) -> Result<Timestamp, DatabaseError> {
    Timestamp::from_microsecond(microseconds).map_err(|_| JournalError::Corrupt.into())
}

/// A count as a row has it.
pub(super) fn count(revision: u64) -> Result<i64, DatabaseError> {
    i64::try_from(revision).map_err(|_| JournalError::Corrupt.into())
}

/// A name that no row has.
pub(super) fn new_op() -> Result<OpId, DatabaseError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(schema::no_randomness)?;
    let text = format!("{:032x}", u128::from_be_bytes(bytes));
    OpId::new(&text).ok_or_else(|| JournalError::Corrupt.into())
}
