//! The keys that only this machine knows of. One that left stays in the file, with why.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::creations::time;
use super::trouble::DatabaseError;
use super::{Db, rotations, scopes};
use crate::core::key::KeyId;
use crate::core::text::Label;
use crate::core::tracked::{Left, Tracked};
use crate::ports::{JournalError, Scope};

/// Writes keys down: all of them or none. One that is there under its id is written over.
pub(super) fn add(db: &mut Db, scope: &Scope, keys: &[Tracked]) -> Result<(), DatabaseError> {
    db.write(|connection| {
        let realm = scopes::find_or_make(connection, scope)?;
        let mut statement = connection.prepare_cached(
            "INSERT INTO tracked (realm, key_id, name, created_at, prefix, last_four, owner, at, actor, team)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (realm, key_id) WHERE left_at IS NULL DO UPDATE SET name = excluded.name,
             created_at = excluded.created_at, prefix = excluded.prefix, last_four = excluded.last_four,
             owner = excluded.owner, at = excluded.at, actor = excluded.actor, team = excluded.team",
        )?;
        let raw = |label: &Option<Label>| label.as_ref().map(|label| label.raw().to_owned());
        for key in keys {
            statement.execute(params![
                realm,
                key.id.raw(),
                key.name.raw(),
                key.created_at.map(Timestamp::as_microsecond),
                raw(&key.prefix),
                raw(&key.last_four),
                raw(&key.owner),
                key.at.as_microsecond(),
                key.actor.raw(),
                raw(&key.team),
            ])?;
        }
        Ok(())
    })
}

/// Those that did not leave.
pub(super) fn all(connection: &Connection, scope: &Scope) -> Result<Vec<Tracked>, DatabaseError> {
    let Some(realm) = scopes::find(connection, scope)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT key_id, name, created_at, prefix, last_four, owner, at, actor, team FROM tracked
         WHERE realm = ?1 AND left_at IS NULL ORDER BY seq",
    )?;
    let mut rows = statement.query([realm])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let label = |at: usize| {
            row.get::<_, Option<String>>(at)
                .map(|text| text.as_deref().map(Label::new))
        };
        found.push(Tracked {
            id: KeyId::new(&row.get::<_, String>(0)?).ok_or(JournalError::Corrupt)?,
            name: Label::new(&row.get::<_, String>(1)?),
            created_at: row.get::<_, Option<i64>>(2)?.map(time).transpose()?,
            prefix: label(3)?,
            last_four: label(4)?,
            owner: label(5)?,
            at: time(row.get(6)?)?,
            actor: Label::new(&row.get::<_, String>(7)?),
            team: label(8)?,
        });
    }
    Ok(found)
}

/// Takes keys off: all of them or none. Answers how many there were.
pub(super) fn leave(db: &mut Db, scope: &Scope, left: &[(KeyId, Left)], at: Timestamp) -> Result<usize, DatabaseError> {
    db.write(|connection| {
        let Some(realm) = scopes::find(connection, scope)? else {
            return Ok(0);
        };
        let mut count = 0;
        for (id, why) in left {
            let listed = match why {
                Left::Listed(listed) => Some(listed),
                _ => None,
            };
            count += connection
                .prepare_cached(
                    "UPDATE tracked SET left_at = ?3, why = ?4, listed_id = ?5
                     WHERE realm = ?1 AND key_id = ?2 AND left_at IS NULL",
                )?
                .execute(params![
                    realm,
                    id.raw(),
                    at.as_microsecond(),
                    why.word(),
                    listed.map(KeyId::raw)
                ])?;
            if let Some(listed) = listed.filter(|listed| *listed != id) {
                move_along(connection, realm, id, listed)?;
            }
        }
        Ok(count)
    })
}

/// What was kept under one id is kept under the other from now on, unless there is something of that already.
fn move_along(connection: &Connection, realm: i64, from: &KeyId, to: &KeyId) -> Result<(), DatabaseError> {
    for sql in [
        "UPDATE OR IGNORE fingerprints SET key_id = ?3 WHERE realm = ?1 AND key_id = ?2",
        "UPDATE OR IGNORE snoozes SET key_id = ?3 WHERE realm = ?1 AND key_id = ?2",
        "UPDATE creations SET minted_id = ?3 WHERE realm = ?1 AND minted_id = ?2 AND stage NOT IN ('done', 'closed')",
    ] {
        connection
            .prepare_cached(sql)?
            .execute(params![realm, from.raw(), to.raw()])?;
    }
    rotations::rename_key(connection, realm, from, to)
}
