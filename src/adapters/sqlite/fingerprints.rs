//! Which keys were made here, by a salted hash of their values.

use rusqlite::{Connection, params};

use super::trouble::DatabaseError;
use super::{Db, scopes};
use crate::core::creation::MintedKey;
use crate::core::key::KeyId;
use crate::core::secret::Secret;
use crate::core::text::Label;
use crate::ports::{JournalError, KnownKey, Scope};

/// Keeps the fingerprint of a key's value.
pub(super) fn keep(db: &mut Db, scope: &Scope, minted: &MintedKey, value: &Secret) -> Result<(), DatabaseError> {
    db.write(|connection| {
        let hash = value.fingerprint(&scopes::salt(connection)?);
        let realm = scopes::find_or_make(connection, scope)?;
        connection.execute(
            "INSERT INTO fingerprints (realm, key_id, name, hash) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (realm, key_id) DO UPDATE SET name = excluded.name, hash = excluded.hash",
            params![realm, minted.id.raw(), minted.name.raw(), hash],
        )?;
        Ok(())
    })
}

/// The keys whose value this is, each with the profiles that open its team.
pub(super) fn find(connection: &Connection, value: &Secret) -> Result<Vec<KnownKey>, DatabaseError> {
    let hash = value.fingerprint(&scopes::salt(connection)?);
    let mut statement = connection.prepare_cached(
        "SELECT host, key_id, name,
         (SELECT json_group_array(profile) FROM scopes WHERE scopes.realm = realms.id AND profile IS NOT NULL)
         FROM fingerprints JOIN realms ON realms.id = realm WHERE hash = ?1 ORDER BY fingerprints.id",
    )?;
    let mut rows = statement.query([hash])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(KnownKey {
            host: row.get(0)?,
            id: KeyId::new(&row.get::<_, String>(1)?).ok_or(JournalError::Corrupt)?,
            name: Label::new(&row.get::<_, String>(2)?),
            profiles: serde_json::from_str(&row.get::<_, String>(3)?).map_err(|_| JournalError::Corrupt)?,
        });
    }
    Ok(found)
}
