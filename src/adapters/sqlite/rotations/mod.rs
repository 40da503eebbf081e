//! The rows of the rotations.

mod body;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use self::body::{Body, MarkBody};
use super::creations::{count, new_op};
use super::trouble::DatabaseError;
use super::{Db, scopes};
use crate::core::creation::OpId;
use crate::core::key::KeyId;
use crate::core::rotation::{Mark, Rotation, RotationPlan, What};
use crate::ports::{BegunRotation, JournalError, Scope};

const COLUMNS: &str = "id, body, revision";
/// Rotations that are over and still read beside those that are not.
const PAST: i64 = 200;

/// Writes down a new rotation, or finds the one of the same key that is not over.
pub(super) fn begin(
    db: &mut Db,
    scope: &Scope,
    plan: RotationPlan,
    mark: &Mark,
) -> Result<BegunRotation, DatabaseError> {
    let rotation = Rotation::new(new_op()?, plan, as_kept(mark)?);
    db.write(|connection| {
        let realm = scopes::find_or_make(connection, scope)?;
        if let Some(there) = open_of(connection, realm, &rotation.old.id)? {
            return Ok(BegunRotation::There(there));
        }
        connection.execute(
            "INSERT INTO rotations (id, realm, old_id, over, body, revision, begun_at, moved_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
            params![
                rotation.id.as_str(),
                realm,
                rotation.old.id.raw(),
                rotation.is_over(),
                packed(&rotation)?,
                count(rotation.revision)?,
                Timestamp::now().as_microsecond(),
            ],
        )?;
        Ok(BegunRotation::New(rotation))
    })
}

/// Reads a rotation again.
pub(super) fn find(connection: &Connection, id: &OpId) -> Result<Option<Rotation>, DatabaseError> {
    let sql = format!("SELECT {COLUMNS} FROM rotations WHERE id = ?1");
    connection
        .prepare_cached(&sql)?
        .query_row([id.as_str()], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// Moves a rotation on, if its row is still where `rotation` is.
pub(super) fn advance(db: &mut Db, rotation: &Rotation, what: &What, mark: &Mark) -> Result<Rotation, DatabaseError> {
    let mark = as_kept(mark)?;
    db.write(|connection| {
        let Some(row) = find(connection, &rotation.id)? else {
            return Err(JournalError::Unavailable("it no longer has this rotation".to_owned()).into());
        };
        if row.revision != rotation.revision {
            return Err(JournalError::Stale.into());
        }
        let next = row.after(what, &mark).map_err(JournalError::IllegalRotation)?;
        connection
            .prepare_cached("UPDATE rotations SET over = ?2, body = ?3, revision = ?4, moved_at = ?5 WHERE id = ?1")?
            .execute(params![
                next.id.as_str(),
                next.is_over(),
                packed(&next)?,
                count(next.revision)?,
                Timestamp::now().as_microsecond(),
            ])?;
        Ok(next)
    })
}

/// The rotations of a scope that are not over, and the newest of those that are, oldest first.
pub(super) fn all(connection: &Connection, scope: &Scope) -> Result<Vec<Rotation>, DatabaseError> {
    let Some(realm) = scopes::find(connection, scope)? else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM rotations WHERE realm = ?1 AND (over = 0 OR seq IN
         (SELECT seq FROM rotations WHERE realm = ?1 AND over = 1 ORDER BY seq DESC LIMIT ?2)) ORDER BY seq"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([realm, PAST])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The newest rotation of a scope that had this key, over or not.
pub(super) fn newest_of(
    connection: &Connection,
    scope: &Scope,
    key: &KeyId,
) -> Result<Option<Rotation>, DatabaseError> {
    let Some(realm) = scopes::find(connection, scope)? else {
        return Ok(None);
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM rotations
         WHERE realm = ?1 AND (old_id = ?2 OR body ->> '$.new_id' = ?2) ORDER BY over, seq DESC LIMIT 1"
    );
    connection
        .prepare_cached(&sql)?
        .query_row(params![realm, key.raw()], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

/// The key that a scope's rotations knew by one id has another from now on, but for a rotation whose old key would be in
/// two then.
pub(super) fn rename_key(connection: &Connection, realm: i64, from: &KeyId, to: &KeyId) -> Result<(), DatabaseError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM rotations WHERE realm = ?1 AND (old_id = ?2 OR body ->> '$.new_id' = ?2) ORDER BY seq"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![realm, from.raw()])?;
    let mut renamed = Vec::new();
    while let Some(row) = rows.next()? {
        // One that cannot be read is told where it is needed.
        if let Ok(rotation) = read(row) {
            renamed.extend(rotation.renamed(from, to));
        }
    }
    for rotation in renamed {
        let is_in_two = match open_of(connection, realm, &rotation.old.id)? {
            Some(other) => other.id != rotation.id && !rotation.is_over(),
            None => false,
        };
        if is_in_two {
            continue;
        }
        connection
            .prepare_cached("UPDATE rotations SET old_id = ?2, body = ?3, revision = ?4, moved_at = ?5 WHERE id = ?1")?
            .execute(params![
                rotation.id.as_str(),
                rotation.old.id.raw(),
                packed(&rotation)?,
                count(rotation.revision)?,
                Timestamp::now().as_microsecond(),
            ])?;
    }
    Ok(())
}

fn open_of(connection: &Connection, realm: i64, old: &KeyId) -> Result<Option<Rotation>, DatabaseError> {
    let sql = format!("SELECT {COLUMNS} FROM rotations WHERE realm = ?1 AND old_id = ?2 AND over = 0");
    connection
        .prepare_cached(&sql)?
        .query_row(params![realm, old.raw()], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

fn read(row: &Row<'_>) -> Result<Rotation, DatabaseError> {
    let id = OpId::new(&row.get::<_, String>(0)?).ok_or(JournalError::Corrupt)?;
    let body: Body = serde_json::from_str(&row.get::<_, String>(1)?).map_err(|_| JournalError::Corrupt)?;
    let revision = u64::try_from(row.get::<_, i64>(2)?).map_err(|_| JournalError::Corrupt)?;
    body.unpacked(id, revision)
}

fn packed(rotation: &Rotation) -> Result<String, DatabaseError> {
    serde_json::to_string(&Body::of(rotation)).map_err(|_| JournalError::Corrupt.into())
}

/// A mark as it will be read back.
fn as_kept(mark: &Mark) -> Result<Mark, DatabaseError> {
    MarkBody::of(mark).unpacked()
}
