//! The places of the file: where credentials are found, and the realm whose notes each has.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::trouble::DatabaseError;
use crate::core::secret::Secret;
use crate::ports::Scope;

/// A place as the file has it.
pub(super) struct ScopeRow {
    /// Its number: its list and its ways hang on it.
    pub(super) id: i64,
    /// The realm whose notes it has.
    pub(super) realm: i64,
}

impl ScopeRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            realm: row.get(1)?,
        })
    }
}

/// This installation's salt.
pub(super) fn salt(connection: &Connection) -> Result<[u8; 32], DatabaseError> {
    Ok(connection
        .prepare_cached("SELECT salt FROM meta")?
        .query_row([], |row| row.get(0))?)
}

/// The realm of a place; `None` when nothing was ever kept of it.
pub(super) fn find(connection: &Connection, scope: &Scope) -> Result<Option<i64>, DatabaseError> {
    Ok(find_place(connection, scope)?.map(|place| place.realm))
}

/// The realm of a place, which is given one if need be; inside a write.
pub(super) fn find_or_make(connection: &Connection, scope: &Scope) -> Result<i64, DatabaseError> {
    Ok(place_or_make(connection, scope)?.realm)
}

/// A place; `None` when nothing was ever kept of it.
pub(super) fn find_place(connection: &Connection, scope: &Scope) -> Result<Option<ScopeRow>, DatabaseError> {
    match scope {
        Scope::Profile { name, host } => Ok(connection
            .prepare_cached("SELECT id, realm FROM scopes WHERE profile = ?1 AND host = ?2")?
            .query_row([name, host], ScopeRow::read)
            .optional()?),
        Scope::Credential { host, value } => find_credential(connection, host, value),
    }
}

/// The place of a credential, wherever it was used.
pub(super) fn find_credential(
    connection: &Connection,
    host: &str,
    value: &Secret,
) -> Result<Option<ScopeRow>, DatabaseError> {
    Ok(connection
        .prepare_cached("SELECT id, realm FROM scopes WHERE credential = ?1 AND host = ?2")?
        .query_row(params![mark(connection, host, value)?, host], ScopeRow::read)
        .optional()?)
}

/// A place, which is made if need be; inside a write.
pub(super) fn place_or_make(connection: &Connection, scope: &Scope) -> Result<ScopeRow, DatabaseError> {
    if let Some(found) = find_place(connection, scope)? {
        return Ok(found);
    }
    let realm = make_realm(connection, scope.host())?;
    point(connection, scope, realm)?;
    Ok(ScopeRow {
        id: connection.last_insert_rowid(),
        realm,
    })
}

/// A new realm, of whichever team.
pub(super) fn make_realm(connection: &Connection, host: &str) -> Result<i64, DatabaseError> {
    connection.execute("INSERT INTO realms (host) VALUES (?1)", [host])?;
    Ok(connection.last_insert_rowid())
}

/// Gives a place the notes of this realm.
pub(super) fn point(connection: &Connection, scope: &Scope, realm: i64) -> Result<(), DatabaseError> {
    match scope {
        Scope::Profile { name, host } => {
            connection.execute(
                "INSERT INTO scopes (host, profile, realm) VALUES (?1, ?2, ?3)
                 ON CONFLICT (profile, host) WHERE profile IS NOT NULL DO UPDATE SET realm = excluded.realm",
                params![host, name, realm],
            )?;
            Ok(())
        }
        Scope::Credential { host, value } => point_credential(connection, host, value, realm),
    }
}

/// Gives a credential, wherever it is used, the notes of this realm.
pub(super) fn point_credential(
    connection: &Connection,
    host: &str,
    value: &Secret,
    realm: i64,
) -> Result<(), DatabaseError> {
    connection.execute(
        "INSERT INTO scopes (host, credential, realm) VALUES (?1, ?2, ?3)
         ON CONFLICT (credential, host) WHERE credential IS NOT NULL DO UPDATE SET realm = excluded.realm",
        params![host, mark(connection, host, value)?, realm],
    )?;
    Ok(())
}

/// What a credential is known by. Another hash than its fingerprint, so that the two cannot be told to be of one value.
fn mark(connection: &Connection, host: &str, value: &Secret) -> Result<[u8; 32], DatabaseError> {
    let mut prefix = b"scope\0".to_vec();
    prefix.extend(salt(connection)?);
    prefix.extend(host.as_bytes());
    prefix.push(0);
    Ok(value.fingerprint(&prefix))
}
