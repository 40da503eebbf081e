//! The keys whose due dates were put off.

use rusqlite::{Connection, params};

use super::creations::time;
use super::trouble::DatabaseError;
use super::{Db, scopes};
use crate::core::key::KeyId;
use crate::core::snooze::Snooze;
use crate::core::text::Label;
use crate::ports::{JournalError, Scope};

/// Puts a key's due date off, in the place of an earlier time.
pub(super) fn keep(db: &mut Db, scope: &Scope, snooze: &Snooze) -> Result<(), DatabaseError> {
    db.write(|connection| {
        let realm = scopes::find_or_make(connection, scope)?;
        connection.execute(
            "INSERT OR REPLACE INTO snoozes (realm, key_id, until, reason, at, actor) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                realm,
                snooze.key.raw(),
                snooze.until.to_string(),
                snooze.reason.raw(),
                snooze.at.as_microsecond(),
                snooze.actor.raw(),
            ],
        )?;
        Ok(())
    })
}

/// Ends it; `false` where there was none.
pub(super) fn end(db: &mut Db, scope: &Scope, key: &KeyId) -> Result<bool, DatabaseError> {
    db.write(|connection| {
        let Some(realm) = scopes::find(connection, scope)? else {
            return Ok(false);
        };
        let ended = connection.execute(
            "DELETE FROM snoozes WHERE realm = ?1 AND key_id = ?2",
            params![realm, key.raw()],
        )?;
        Ok(ended > 0)
    })
}

/// All of a scope, those that are over included.
pub(super) fn all(connection: &Connection, scope: &Scope) -> Result<Vec<Snooze>, DatabaseError> {
    let Some(realm) = scopes::find(connection, scope)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection
        .prepare_cached("SELECT key_id, until, reason, at, actor FROM snoozes WHERE realm = ?1 ORDER BY key_id")?;
    let mut rows = statement.query([realm])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Snooze {
            key: KeyId::new(&row.get::<_, String>(0)?).ok_or(JournalError::Corrupt)?,
            until: row.get::<_, String>(1)?.parse().map_err(|_| JournalError::Corrupt)?,
            reason: Label::new(&row.get::<_, String>(2)?),
            at: time(row.get(3)?)?,
            actor: Label::new(&row.get::<_, String>(4)?),
        });
    }
    Ok(found)
}
