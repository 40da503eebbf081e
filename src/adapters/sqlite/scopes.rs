//! Whose rows: the number of a scope in the file.

use rusqlite::{Connection, OptionalExtension, params};

use super::trouble::Trouble;
use crate::ports::Scope;

/// This installation's salt.
pub(super) fn salt(connection: &Connection) -> Result<[u8; 32], Trouble> {
    Ok(connection
        .prepare_cached("SELECT salt FROM meta")?
        .query_row([], |row| row.get(0))?)
}

/// The number of a scope; `None` when nothing was ever kept of it.
pub(super) fn find(connection: &Connection, scope: &Scope) -> Result<Option<i64>, Trouble> {
    let found = match scope {
        Scope::Profile { name, host } => connection
            .prepare_cached("SELECT id FROM scopes WHERE profile = ?1 AND host = ?2")?
            .query_row(params![name, host], |row| row.get(0)),
        Scope::Credential { host, .. } => connection
            .prepare_cached("SELECT id FROM scopes WHERE credential = ?1 AND host = ?2")?
            .query_row(params![mark(connection, scope)?, host], |row| row.get(0)),
    };
    Ok(found.optional()?)
}

/// The number of a scope, which is given one if need be; inside a write.
pub(super) fn find_or_make(connection: &Connection, scope: &Scope) -> Result<i64, Trouble> {
    if let Some(found) = find(connection, scope)? {
        return Ok(found);
    }
    let (Scope::Profile { host, .. } | Scope::Credential { host, .. }) = scope;
    let name = match scope {
        Scope::Profile { name, .. } => Some(name),
        Scope::Credential { .. } => None,
    };
    connection.execute(
        "INSERT INTO scopes (host, profile, credential) VALUES (?1, ?2, ?3)",
        params![host, name, mark(connection, scope)?],
    )?;
    Ok(connection.last_insert_rowid())
}

/// What a credential is known by. Another hash than its fingerprint, so that the two cannot be told to be of one value.
fn mark(connection: &Connection, scope: &Scope) -> Result<Option<[u8; 32]>, Trouble> {
    let Scope::Credential { host, value } = scope else {
        return Ok(None);
    };
    let mut prefix = b"scope\0".to_vec();
    prefix.extend(salt(connection)?);
    prefix.extend(host.as_bytes());
    prefix.push(0);
    Ok(Some(value.fingerprint(&prefix)))
}
