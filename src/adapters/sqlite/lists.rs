//! The last list seen of each place, for the first frame.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::creations::time;
use super::trouble::DatabaseError;
use super::{Db, packing, scopes};
use crate::core::key::KeyId;
use crate::core::listing::Listing;
use crate::ports::{JournalError, Scope};

/// Keeps a list in the place of the one before.
pub(super) fn keep(db: &mut Db, scope: &Scope, listing: &Listing) -> Result<(), DatabaseError> {
    let body = packing::pack(listing);
    db.write(|connection| {
        let place = scopes::place_or_make(connection, scope)?;
        connection
            .prepare_cached(
                "INSERT INTO lists (scope, body) VALUES (?1, ?2) ON CONFLICT (scope) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![place.id, body])?;
        note_first_seen(connection, place.realm, listing)
    })
}

/// Keys of which the server tells no creation are at least as old as they have been seen here.
fn note_first_seen(connection: &Connection, realm: i64, listing: &Listing) -> Result<(), DatabaseError> {
    let untold = listing.keys.iter().filter(|listed| listed.key.created_at.is_none());
    let ids: Vec<&str> = untold.map(|listed| listed.key.id.raw()).collect();
    let ids = serde_json::to_string(&ids).map_err(|_| JournalError::Corrupt)?;
    // A list with gaps says nothing of the keys it lacks.
    if listing.complete {
        connection
            .prepare_cached(
                "DELETE FROM first_seen WHERE realm = ?1 AND key_id NOT IN (SELECT value FROM json_each(?2))",
            )?
            .execute(params![realm, ids])?;
    }
    connection
        .prepare_cached("INSERT OR IGNORE INTO first_seen (realm, key_id, at) SELECT ?1, value, ?3 FROM json_each(?2)")?
        .execute(params![realm, ids, listing.as_of.as_microsecond()])?;
    Ok(())
}

/// When the keys of which the server tells no creation were first seen here.
pub(super) fn first_seen(connection: &Connection, scope: &Scope) -> Result<HashMap<KeyId, Timestamp>, DatabaseError> {
    let Some(realm) = scopes::find(connection, scope)? else {
        return Ok(HashMap::new());
    };
    let mut statement = connection.prepare_cached("SELECT key_id, at FROM first_seen WHERE realm = ?1")?;
    let mut rows = statement.query([realm])?;
    let mut found = HashMap::new();
    while let Some(row) = rows.next()? {
        let id = KeyId::new(&row.get::<_, String>(0)?).ok_or(JournalError::Corrupt)?;
        found.insert(id, time(row.get(1)?)?);
    }
    Ok(found)
}

/// The last list. One that cannot be read counts as none: the next takes its place.
pub(super) fn last(connection: &Connection, scope: &Scope) -> Result<Option<Listing>, DatabaseError> {
    let Some(place) = scopes::find_place(connection, scope)? else {
        return Ok(None);
    };
    let found = connection
        .prepare_cached("SELECT body FROM lists WHERE scope = ?1")?
        .query_row([place.id], |row| Ok(packing::unpack(row.get_ref(0)?.as_blob()?)))
        .optional()?;
    Ok(found.flatten())
}
