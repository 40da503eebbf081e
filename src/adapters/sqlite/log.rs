//! The log: lines are added, never changed or taken away; the schema sees to it.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::Db;
use super::creations::time;
use super::trouble::DatabaseError;
use crate::core::activity::{Activity, ActivityKind};
use crate::core::key::KeyId;
use crate::core::text::Label;
use crate::ports::{JournalError, LogQuery};

/// Adds a line.
pub(super) fn record(db: &mut Db, activity: &Activity) -> Result<(), DatabaseError> {
    db.write(|connection| {
        connection
            .prepare_cached(
                "INSERT INTO activity (at, actor, profile, action, key_id, key_name, outcome, detail)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                activity.at.as_microsecond(),
                activity.actor.raw(),
                activity.profile,
                activity.action.word(),
                activity.key.as_ref().map(|(id, _)| id.raw()),
                activity.key.as_ref().map(|(_, name)| name.raw()),
                activity.outcome,
                activity.detail.raw(),
            ])?;
        Ok(())
    })
}

/// The newest lines that were asked for, oldest first.
pub(super) fn read(connection: &Connection, query: &LogQuery) -> Result<Vec<Activity>, DatabaseError> {
    let mut statement = connection.prepare_cached(
        "SELECT at, actor, profile, action, key_id, key_name, outcome, detail FROM activity
         WHERE at >= ?1 AND (?2 IS NULL OR key_id = ?2 OR key_name = ?2) ORDER BY at DESC, id DESC LIMIT ?3",
    )?;
    let since = query.since.unwrap_or(Timestamp::MIN).as_microsecond();
    // SQLite's word for no limit.
    let limit = query.limit.map_or(-1, i64::from);
    let mut rows = statement.query(params![since, query.key, limit])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(line(row)?);
    }
    lines.reverse();
    Ok(lines)
}

fn line(row: &Row<'_>) -> Result<Activity, DatabaseError> {
    let label = |at: usize| row.get::<_, String>(at).map(|text| Label::new(&text));
    let action = row.get::<_, String>(3)?;
    let key = match (row.get::<_, Option<String>>(4)?, row.get::<_, Option<String>>(5)?) {
        (Some(id), Some(name)) => Some((KeyId::new(&id).ok_or(JournalError::Corrupt)?, Label::new(&name))),
        (None, None) => None,
        _ => return Err(JournalError::Corrupt.into()),
    };
    Ok(Activity {
        at: time(row.get(0)?)?,
        actor: label(1)?,
        profile: row.get(2)?,
        action: ActivityKind::ALL
            .into_iter()
            .find(|known| known.word() == action)
            .ok_or(JournalError::Corrupt)?,
        key,
        outcome: row.get(6)?,
        detail: label(7)?,
    })
}
