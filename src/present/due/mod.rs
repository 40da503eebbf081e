//! Which keys are due: for people, spreadsheets, calendars, monitoring and CI.

pub(crate) mod calendar;
pub(crate) mod csv;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod prometheus;
pub(crate) mod table;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::core::due::DueItem;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;

/// What a format draws.
pub(crate) struct Report<'a> {
    pub(crate) items: &'a [DueItem],
    pub(crate) teams: &'a [(String, TeamIdentity)],
    pub(crate) as_of: Timestamp,
    pub(crate) within: Option<i32>,
    pub(crate) complete: bool,
    /// How many keys of unknown age each of the teams has.
    pub(crate) unknown: Vec<usize>,
}

/// The name of a key's team, or nothing where it cannot be told.
fn team(item: &DueItem) -> &str {
    item.team.known().map_or("", |team| team.name.shown())
}

fn owner(item: &DueItem) -> &str {
    item.owner.as_ref().map_or("", Label::shown)
}

/// The day (UTC) a key is due.
fn due_day(item: &DueItem) -> Option<Date> {
    item.standing.due_at.map(|at| TimeZone::UTC.to_datetime(at).date())
}

#[cfg(test)]
mod tests;
