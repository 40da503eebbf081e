//! Which keys were made here, by a salted hash of their values.

use rusqlite::{Connection, params};

use super::trouble::Trouble;
use super::{Db, scopes};
use crate::core::creation::Minted;
use crate::core::key::KeyId;
use crate::core::secret::Secret;
use crate::core::text::Label;
use crate::ports::{JournalError, KnownKey, Scope};

/// Keeps the fingerprint of a key's value.
pub(super) fn keep(db: &mut Db, scope: &Scope, minted: &Minted, value: &Secret) -> Result<(), Trouble> {
    db.write(|connection| {
        let hash = value.fingerprint(&scopes::salt(connection)?);
        let scope = scopes::find_or_make(connection, scope)?;
        connection.execute(
            "INSERT INTO fingerprints (scope, key_id, name, hash) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (scope, key_id) DO UPDATE SET name = excluded.name, hash = excluded.hash",
            params![scope, minted.id.raw(), minted.name.raw(), hash],
        )?;
        Ok(())
    })
}

/// The keys whose value this is. The profile of one made with a credential from outside is empty.
pub(super) fn find(connection: &Connection, value: &Secret) -> Result<Vec<KnownKey>, Trouble> {
    let hash = value.fingerprint(&scopes::salt(connection)?);
    let mut statement = connection.prepare_cached(
        "SELECT coalesce(profile, ''), host, key_id, name FROM fingerprints JOIN scopes ON scopes.id = scope
         WHERE hash = ?1 ORDER BY fingerprints.id",
    )?;
    let mut rows = statement.query([hash])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(KnownKey {
            profile: row.get(0)?,
            host: row.get(1)?,
            id: KeyId::new(&row.get::<_, String>(2)?).ok_or(JournalError::Corrupt)?,
            name: Label::new(&row.get::<_, String>(3)?),
        });
    }
    Ok(found)
}
