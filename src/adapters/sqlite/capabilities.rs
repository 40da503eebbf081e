//! How the operations on keys were found to be done.

use rusqlite::{Connection, params};

use super::creations::time;
use super::trouble::DatabaseError;
use super::{Db, scopes};
use crate::core::capability::EndpointState;
use crate::ports::{FoundCapability, Operation, Scope};

const OPERATIONS: [Operation; 3] = [Operation::List, Operation::Create, Operation::Revoke];

/// Keeps what was found, in the place of what was found before.
pub(super) fn keep(db: &mut Db, scope: &Scope, found: FoundCapability) -> Result<(), DatabaseError> {
    db.write(|connection| {
        let place = scopes::place_or_make(connection, scope)?;
        connection.execute(
            "INSERT OR REPLACE INTO ways (scope, operation, way, at) VALUES (?1, ?2, ?3, ?4)",
            params![
                place.id,
                found.operation.word(),
                found.state.word(),
                found.at.as_microsecond()
            ],
        )?;
        Ok(())
    })
}

/// All that was found of a scope.
pub(super) fn all(connection: &Connection, scope: &Scope) -> Result<Vec<FoundCapability>, DatabaseError> {
    let Some(place) = scopes::find_place(connection, scope)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached("SELECT operation, way, at FROM ways WHERE scope = ?1")?;
    let mut rows = statement.query([place.id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let word = row.get::<_, String>(0)?;
        let operation = OPERATIONS.into_iter().find(|known| known.word() == word);
        let state = EndpointState::of_word(&row.get::<_, String>(1)?);
        // A word of another version says nothing here.
        if let (Some(operation), Some(state)) = (operation, state) {
            found.push(FoundCapability {
                operation,
                state,
                at: time(row.get(2)?)?,
            });
        }
    }
    Ok(found)
}
