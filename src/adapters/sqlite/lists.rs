//! The last list seen of each scope, for the first frame.

use rusqlite::{Connection, OptionalExtension, params};

use super::trouble::Trouble;
use super::{Db, packing, scopes};
use crate::core::listing::Listing;
use crate::ports::Scope;

/// Keeps a list in the place of the one before.
pub(super) fn keep(db: &mut Db, scope: &Scope, listing: &Listing) -> Result<(), Trouble> {
    let body = packing::pack(listing);
    db.write(|connection| {
        let scope = scopes::find_or_make(connection, scope)?;
        connection
            .prepare_cached(
                "INSERT INTO lists (scope, body) VALUES (?1, ?2) ON CONFLICT (scope) DO UPDATE SET body = excluded.body",
            )?
            .execute(params![scope, body])?;
        Ok(())
    })
}

/// The last list. One that cannot be read counts as none: the next takes its place.
pub(super) fn last(connection: &Connection, scope: &Scope) -> Result<Option<Listing>, Trouble> {
    let Some(scope) = scopes::find(connection, scope)? else {
        return Ok(None);
    };
    let found = connection
        .prepare_cached("SELECT body FROM lists WHERE scope = ?1")?
        .query_row([scope], |row| Ok(packing::unpack(row.get_ref(0)?.as_blob()?)))
        .optional()?;
    Ok(found.flatten())
}
