//! What is due over every team of the registry, soonest first.

use jiff::civil::Date;

use crate::core::key::KeyId;
use crate::core::policy::DueStatus;
use crate::core::rotation::Part;
use crate::tui::message::TeamIndex;
use crate::tui::world::TeamState;

/// When a key is due, in the words of the agenda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// Past its date.
    Overdue,
    /// Within seven days.
    ThisWeek,
    /// Within thirty-one days.
    ThisMonth,
    /// After that.
    Later,
    /// Nobody knows.
    Unknown,
}

impl Span {
    fn of(days_left: Option<i32>) -> Self {
        match days_left {
            None => Self::Unknown,
            Some(..0) => Self::Overdue,
            Some(0..=7) => Self::ThisWeek,
            Some(8..=31) => Self::ThisMonth,
            Some(32..) => Self::Later,
        }
    }

    /// The heading over its keys.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::Overdue => "OVERDUE",
            Self::ThisWeek => "THIS WEEK",
            Self::ThisMonth => "THIS MONTH",
            Self::Later => "LATER",
            Self::Unknown => "AGE UNKNOWN",
        }
    }
}

/// One key of the agenda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is.
    pub team: TeamIndex,
    /// Which.
    pub id: KeyId,
    /// Its name as it may be drawn.
    pub name: String,
    /// How it stands.
    pub status: DueStatus,
    /// Days until it is due; negative when overdue.
    pub days_left: Option<i32>,
    /// When it is due, by UTC.
    pub date: Option<Date>,
    /// Its part in a rotation.
    pub part: Option<Box<Part>>,
    /// Until when it is put off.
    pub snoozed: Option<Date>,
}

impl Entry {
    /// Its place in time.
    #[must_use]
    pub fn span(&self) -> Span {
        Span::of(self.days_left)
    }
}

/// The agenda, with a cursor that stays on its key.
#[derive(Debug, Default)]
pub struct Agenda {
    entries: Vec<Entry>,
    place: usize,
}

impl Agenda {
    /// Takes in what the teams' lists say now.
    pub fn replace(&mut self, teams: &[TeamState]) {
        let cursor = self.selected().map(|entry| (entry.team, entry.id.clone()));
        let mut entries: Vec<Entry> = teams
            .iter()
            .enumerate()
            .flat_map(|(team, state)| state.list.all().iter().map(move |row| (TeamIndex(team), row)))
            .map(|(team, row)| Entry {
                team,
                id: row.listed.key.id.clone(),
                name: row.listed.key.name.shown().to_owned(),
                status: row.standing.status,
                days_left: row.standing.days_left,
                date: row
                    .standing
                    .due_at
                    .map(|at| jiff::tz::TimeZone::UTC.to_datetime(at).date()),
                part: row.part.clone(),
                snoozed: row.snoozed.as_ref().map(|snooze| snooze.until),
            })
            .collect();
        entries.sort_by(|a, b| {
            let key = |entry: &Entry| (entry.span(), entry.days_left);
            key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
        });
        self.entries = entries;
        let kept = cursor.and_then(|(team, id)| {
            self.entries
                .iter()
                .position(|entry| entry.team == team && entry.id == id)
        });
        self.place = kept.unwrap_or(self.place).min(self.entries.len().saturating_sub(1));
    }

    /// Every entry, soonest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Place of the cursor, counted from 0.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }

    /// The entry under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Entry> {
        self.entries.get(self.place)
    }

    /// Moves the cursor by so many entries.
    pub fn step(&mut self, by: isize) {
        let last = self.entries.len().saturating_sub(1);
        self.place = self.place.saturating_add_signed(by).min(last);
    }

    /// Moves the cursor to the first entry.
    pub fn first(&mut self) {
        self.place = 0;
    }

    /// Moves the cursor to the last entry.
    pub fn last(&mut self) {
        self.place = self.entries.len().saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_where_the_one_before_ends() {
        for (days, span) in [
            (Some(-1), Span::Overdue),
            (Some(0), Span::ThisWeek),
            (Some(7), Span::ThisWeek),
            (Some(8), Span::ThisMonth),
            (Some(31), Span::ThisMonth),
            (Some(32), Span::Later),
            (None, Span::Unknown),
        ] {
            assert_eq!(Span::of(days), span, "{days:?}");
        }
    }
}
