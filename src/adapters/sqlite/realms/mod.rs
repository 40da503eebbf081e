//! Whose notes a place reads and writes: those of a realm, which is a team on a server, or what stands for one as long as
//! nobody says which team it is.
//!
//! Places that open the same team share a realm. That is told by the server where `get-teams` lists one team; by the
//! credential, whose team never changes; by the fingerprint of a key that was made here; or by the ids of the keys that a
//! list shows, which no other team of that server has. Where nothing of that tells, a place keeps its realm.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::Db;
use super::scopes::{self, ScopeRow};
use super::trouble::DatabaseError;
use crate::core::key::KeyId;
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::ports::{JournalError, Scope, Settled};

/// What is known of a realm.
struct Realm {
    id: i64,
    /// The ids that its team's may be; `None`: any.
    teams: Option<BTreeSet<String>>,
    /// Whether that is its team for certain.
    is_known: bool,
}

impl Realm {
    fn may_be(&self, teams: Option<&BTreeSet<String>>) -> bool {
        match (&self.teams, teams) {
            (Some(own), Some(other)) => !own.is_disjoint(other),
            _ => true,
        }
    }
}

/// Settles whose notes a place has from now on, by the credential that is used there and what the server told of its team.
pub(super) fn settle(
    db: &mut Db,
    place: &Scope,
    value: &Secret,
    team: Option<&TeamIdentity>,
) -> Result<Settled, DatabaseError> {
    let told = team.and_then(ids);
    if let Some(settled) = stands(db.reader(), place, value, told.as_ref())? {
        return Ok(settled);
    }
    db.write(|connection| {
        let host = place.host();
        let credential = scopes::find_credential(connection, host, value)?;
        let known = scopes::find_place(connection, place)?;
        let realm = match team.and_then(TeamIdentity::known) {
            Some(team) => of_team(connection, host, team.id.raw(), credential.as_ref(), known.as_ref())?,
            None => match of_credential(connection, host, value, credential.as_ref(), told.as_ref())? {
                Some(realm) => realm,
                // Before the server was asked, the place stays as it is.
                None if team.is_none() => return untold(connection, host),
                None => of_place(connection, host, known.as_ref(), told.as_ref())?,
            },
        };
        scopes::point(connection, place, realm)?;
        scopes::point_credential(connection, host, value, realm)?;
        settled(connection, host, realm)
    })
}

/// What is so already, where nothing is to be written.
fn stands(
    connection: &Connection,
    place: &Scope,
    value: &Secret,
    told: Option<&BTreeSet<String>>,
) -> Result<Option<Settled>, DatabaseError> {
    let credential = scopes::find_credential(connection, place.host(), value)?;
    let (Some(credential), Some(place_found)) = (credential, scopes::find_place(connection, place)?) else {
        return Ok(None);
    };
    let realm = read(connection, credential.realm)?;
    let fits = match told {
        None => true,
        Some(told) if told.len() == 1 => realm.is_known && realm.may_be(Some(told)),
        Some(_) => realm.teams.is_some(),
    };
    if credential.realm != place_found.realm || !fits {
        return Ok(None);
    }
    settled(connection, place.host(), realm.id).map(Some)
}

fn settled(connection: &Connection, host: &str, realm: i64) -> Result<Settled, DatabaseError> {
    let others = claimable(connection, host, &read(connection, realm)?)?;
    Ok(Settled {
        by_credential: true,
        others: !others.is_empty(),
    })
}

/// Nothing tells yet. Any note of the server may be of the same team.
fn untold(connection: &Connection, host: &str) -> Result<Settled, DatabaseError> {
    let sql = format!(
        "SELECT 1 FROM realms WHERE host = ?1 AND EXISTS ({})",
        noted("realms.id")
    );
    Ok(Settled {
        by_credential: false,
        others: connection.prepare_cached(&sql)?.exists([host])?,
    })
}

/// The realm of a team. What the credential had before is the team's, too; so is what the place had before any credential
/// of it was known.
fn of_team(
    connection: &Connection,
    host: &str,
    team: &str,
    credential: Option<&ScopeRow>,
    place: Option<&ScopeRow>,
) -> Result<i64, DatabaseError> {
    let found = connection
        .prepare_cached("SELECT id FROM realms WHERE host = ?1 AND team = ?2")?
        .query_row([host, team], |row| row.get(0))
        .optional()?;
    let realm = match found {
        Some(found) => found,
        None => {
            connection.execute("INSERT INTO realms (host, team) VALUES (?1, ?2)", [host, team])?;
            connection.last_insert_rowid()
        }
    };
    let of_place = match place {
        Some(place) if !has_credential(connection, place.realm)? => Some(place.realm),
        _ => None,
    };
    let told = BTreeSet::from([team.to_owned()]);
    for before in credential
        .map(|credential| credential.realm)
        .into_iter()
        .chain(of_place)
    {
        let before = read(connection, before)?;
        if before.id != realm && !before.is_known && before.may_be(Some(&told)) {
            merge(connection, before.id, realm)?;
        }
    }
    Ok(realm)
}

/// The realm that the credential itself tells: it was used before, or made here.
fn of_credential(
    connection: &Connection,
    host: &str,
    value: &Secret,
    credential: Option<&ScopeRow>,
    told: Option<&BTreeSet<String>>,
) -> Result<Option<i64>, DatabaseError> {
    let realm = match credential {
        Some(credential) => Some(credential.realm),
        None => {
            let hash = value.fingerprint(&scopes::salt(connection)?);
            connection
                .prepare_cached(
                    "SELECT realm FROM fingerprints JOIN realms ON realms.id = realm WHERE hash = ?1 AND host = ?2
                     ORDER BY fingerprints.id DESC LIMIT 1",
                )?
                .query_row(params![hash, host], |row| row.get(0))
                .optional()?
        }
    };
    let Some(realm) = realm else { return Ok(None) };
    let realm = read(connection, realm)?;
    note_teams(connection, &realm, told)?;
    Ok(realm.may_be(told).then_some(realm.id))
}

/// The realm that the place had, where its team may be that of the credential; otherwise a new one.
fn of_place(
    connection: &Connection,
    host: &str,
    place: Option<&ScopeRow>,
    told: Option<&BTreeSet<String>>,
) -> Result<i64, DatabaseError> {
    if let Some(place) = place {
        let realm = read(connection, place.realm)?;
        if realm.may_be(told) {
            note_teams(connection, &realm, told)?;
            return Ok(realm.id);
        }
    }
    let realm = Realm {
        id: scopes::make_realm(connection, host)?,
        teams: None,
        is_known: false,
    };
    note_teams(connection, &realm, told)?;
    Ok(realm.id)
}

/// Takes the notes of other realms that name a key of this list: a key is of one team.
pub(super) fn claim(db: &mut Db, place: &Scope, listed: &[KeyId]) -> Result<(), DatabaseError> {
    let ids: Vec<&str> = listed.iter().map(KeyId::raw).collect();
    let ids = serde_json::to_string(&ids).map_err(|_| JournalError::Corrupt)?;
    // Mostly there is nothing to take, and nobody is kept from writing meanwhile.
    if named(db.reader(), place, &ids)?.is_none() {
        return Ok(());
    }
    db.write(|connection| {
        let Some((mine, named)) = named(connection, place, &ids)? else {
            return Ok(());
        };
        let mut of_teams = named.iter().filter(|other| other.is_known);
        let into = match (of_teams.next(), of_teams.next()) {
            (None, _) => mine.id,
            (Some(only), None) => only.id,
            // One list cannot be that of two teams: its ids tell nothing here.
            (Some(_), Some(_)) => return Ok(()),
        };
        for other in named.iter().chain([&mine]).filter(|other| other.id != into) {
            merge(connection, other.id, into)?;
        }
        Ok(())
    })
}

/// The place's realm and those that name one of these keys; `None` where none does.
fn named(connection: &Connection, place: &Scope, ids: &str) -> Result<Option<(Realm, Vec<Realm>)>, DatabaseError> {
    let Some(known) = scopes::find_place(connection, place)? else {
        return Ok(None);
    };
    let mine = read(connection, known.realm)?;
    let mut named = Vec::new();
    for other in claimable(connection, place.host(), &mine)? {
        if names(connection, other.id, ids)? {
            named.push(other);
        }
    }
    Ok((!named.is_empty()).then_some((mine, named)))
}

/// The realms of a server that may turn out to be the same as this one.
fn claimable(connection: &Connection, host: &str, mine: &Realm) -> Result<Vec<Realm>, DatabaseError> {
    let mut statement = connection.prepare_cached("SELECT id FROM realms WHERE host = ?1 AND id <> ?2 ORDER BY id")?;
    let others: Vec<i64> = statement
        .query_map(params![host, mine.id], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for other in others {
        let other = read(connection, other)?;
        if !(mine.is_known && other.is_known) && mine.may_be(other.teams.as_ref()) {
            found.push(other);
        }
    }
    Ok(found)
}

/// Whether a note of this realm names one of these keys.
fn names(connection: &Connection, realm: i64, ids: &str) -> Result<bool, DatabaseError> {
    let sql = format!("SELECT 1 FROM json_each(?2) WHERE value IN ({})", noted("?1"));
    Ok(connection.prepare_cached(&sql)?.exists(params![realm, ids])?)
}

/// SQL: the ids of the keys that a realm has notes of; of a creation whose key is not known yet, an empty one.
fn noted(realm: &str) -> String {
    format!(
        "SELECT key_id FROM snoozes WHERE realm = {realm}
         UNION ALL SELECT old_id FROM rotations WHERE realm = {realm}
         UNION ALL SELECT ifnull(body ->> '$.new_id', '') FROM rotations WHERE realm = {realm}
         UNION ALL SELECT key_id FROM fingerprints WHERE realm = {realm}
         UNION ALL SELECT key_id FROM tracked WHERE realm = {realm} AND left_at IS NULL
         UNION ALL SELECT ifnull(minted_id, '') FROM creations WHERE realm = {realm}
         UNION ALL SELECT key_id FROM first_seen WHERE realm = {realm}"
    )
}

/// Moves the notes and the places of one realm into another. What is known to be another team's stays, and so does a
/// rotation of a key that is rotated there already.
fn merge(connection: &Connection, from: i64, into: i64) -> Result<(), DatabaseError> {
    for sql in [
        "UPDATE scopes SET realm = ?2 WHERE realm = ?1",
        "UPDATE creations SET realm = ?2 WHERE realm = ?1",
        "UPDATE OR REPLACE fingerprints SET realm = ?2 WHERE realm = ?1",
        // Of two snoozes the newer one.
        "DELETE FROM snoozes WHERE realm = ?2 AND EXISTS (SELECT 1 FROM snoozes other
         WHERE other.realm = ?1 AND other.key_id = snoozes.key_id AND other.at > snoozes.at)",
        "UPDATE OR IGNORE snoozes SET realm = ?2 WHERE realm = ?1",
        // Of two times the earlier one.
        "INSERT INTO first_seen (realm, key_id, at) SELECT ?2, key_id, at FROM first_seen WHERE realm = ?1
         ON CONFLICT DO UPDATE SET at = min(at, excluded.at)",
        "UPDATE OR IGNORE rotations SET realm = ?2 WHERE realm = ?1
         AND ifnull(body ->> '$.team' = (SELECT team FROM realms WHERE id = ?2), 1)",
        "UPDATE OR IGNORE tracked SET realm = ?2 WHERE realm = ?1
         AND ifnull(team = (SELECT team FROM realms WHERE id = ?2), 1)",
    ] {
        connection.prepare_cached(sql)?.execute([from, into])?;
    }
    for sql in [
        "DELETE FROM snoozes WHERE realm = ?1",
        "DELETE FROM first_seen WHERE realm = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([from])?;
    }
    Ok(())
}

/// Keeps which teams a realm may be of, where nothing was told before.
fn note_teams(connection: &Connection, realm: &Realm, told: Option<&BTreeSet<String>>) -> Result<(), DatabaseError> {
    if let (None, Some(told)) = (&realm.teams, told) {
        let told = serde_json::to_string(told).map_err(|_| JournalError::Corrupt)?;
        connection.execute("UPDATE realms SET may_be = ?2 WHERE id = ?1", params![realm.id, told])?;
    }
    Ok(())
}

/// Whether a credential is known to open it.
fn has_credential(connection: &Connection, realm: i64) -> Result<bool, DatabaseError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM scopes WHERE realm = ?1 AND credential IS NOT NULL")?
        .exists([realm])?)
}

fn read(connection: &Connection, id: i64) -> Result<Realm, DatabaseError> {
    let (team, may_be): (Option<String>, Option<String>) = connection
        .prepare_cached("SELECT team, may_be FROM realms WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let is_known = team.is_some();
    let teams = match (team, may_be) {
        (Some(team), _) => Some(BTreeSet::from([team])),
        (None, Some(ids)) => Some(serde_json::from_str(&ids).map_err(|_| JournalError::Corrupt)?),
        (None, None) => None,
    };
    Ok(Realm { id, teams, is_known })
}

/// The ids that the server told; `None` where it told none.
fn ids(team: &TeamIdentity) -> Option<BTreeSet<String>> {
    let ids: BTreeSet<String> = team.teams().iter().map(|team| team.id.raw().to_owned()).collect();
    (!ids.is_empty()).then_some(ids)
}
