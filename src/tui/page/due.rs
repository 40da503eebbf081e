//! What is due over every team: an agenda, soonest first, beside a calendar of the next months.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use tui_input::Input;

use crate::core::key::KeyId;
use crate::core::policy::DueStatus;
use crate::core::rotation::Part;
use crate::core::text::fit;
use crate::tui::keymap::Action;
use crate::tui::message::TeamIndex;
use crate::tui::page::reading::load;
use crate::tui::page::{Did, View};
use crate::tui::theme::{Role, mark, role};
use crate::tui::view::relative;
use crate::tui::view::span::{pad, span};
use crate::tui::world::{SessionState, TeamState, World};

/// When a key is due, in the words of the agenda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stretch {
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

impl Stretch {
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
pub struct DueEntry {
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

impl DueEntry {
    /// Its place in time.
    #[must_use]
    pub fn span(&self) -> Stretch {
        Stretch::of(self.days_left)
    }
}

/// The agenda, with a cursor that stays on its key.
#[derive(Debug, Default)]
pub struct Agenda {
    entries: Vec<DueEntry>,
    place: usize,
}

impl Agenda {
    /// Takes in what the teams' lists say now.
    pub fn replace(&mut self, teams: &[TeamState]) {
        let cursor = self.selected().map(|entry| (entry.team, entry.id.clone()));
        let mut entries: Vec<DueEntry> = teams
            .iter()
            .enumerate()
            .flat_map(|(team, state)| state.list.all().iter().map(move |row| (TeamIndex(team), row)))
            .map(|(team, row)| DueEntry {
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
            let key = |entry: &DueEntry| (entry.span(), entry.days_left);
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

    /// Does `action`.
    pub fn act(&mut self, action: Action, world: &mut World) -> Did {
        match action {
            Action::Refresh => {
                let is_ready = |team: &TeamIndex| {
                    let state = world.teams.get(team.0);
                    state.is_some_and(|state| matches!(state.session, SessionState::Found(_)))
                };
                let teams: Vec<TeamIndex> = (0..world.teams.len()).map(TeamIndex).filter(is_ready).collect();
                return Did::Effects(teams.into_iter().flat_map(|team| load(world, team)).collect());
            }
            Action::Down => self.step(1),
            Action::Up => self.step(-1),
            Action::PageDown => self.step(10),
            Action::PageUp => self.step(-10),
            Action::Top => self.first(),
            Action::Bottom => self.last(),
            Action::Back => return Did::Showed(View::Keys),
            Action::Details => {
                let Some(entry) = self.selected() else {
                    return Did::all();
                };
                world.active = entry.team;
                let list = &mut world.team_mut().list;
                list.edit_filter(|input| *input = Input::default());
                list.select(&entry.id);
                return Did::Showed(View::Keys);
            }
            _ => return Did::NotMine,
        }
        Did::all()
    }

    /// Every entry, soonest first.
    #[must_use]
    pub fn entries(&self) -> &[DueEntry] {
        &self.entries
    }

    /// Place of the cursor, counted from 0.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }

    /// The entry under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&DueEntry> {
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

/// Columns of a month: seven days of four.
const MONTH: u16 = 28;
/// Columns of when a key is due.
const DUE: u16 = 21;
/// Columns of the agenda that a calendar leaves it at least.
const AGENDA: u16 = 44;

/// Draws it.
pub fn draw(agenda: &Agenda, world: &World, frame: &mut Frame<'_>, titles: Rect, area: Rect) {
    let months = area.width.saturating_sub(AGENDA) / (MONTH + 3);
    let calendar = months.min(3) * (MONTH + 3);
    let left = Rect {
        width: area.width - calendar,
        ..area
    };
    let teams = match world.teams.len() {
        1 => String::new(),
        n => format!("   all teams ({n})"),
    };
    let title = format!("     DUE{teams}");
    frame.render_widget(Line::from(span(world, Role::Dim, title)), titles);
    draw_agenda(agenda, world, frame, left);
    let today = TimeZone::UTC.to_datetime(world.server_now()).date();
    let mut month = today.first_of_month();
    for n in 0..months.min(3) {
        let at = Rect {
            x: left.x + left.width + n * (MONTH + 3),
            width: MONTH,
            ..area
        };
        draw_month(agenda, world, frame, (at, month, today));
        month = month.last_of_month().tomorrow().unwrap_or(month);
    }
}

fn draw_agenda(agenda: &Agenda, world: &World, frame: &mut Frame<'_>, area: Rect) {
    let entries = agenda.entries();
    if entries.is_empty() {
        let words = "     Not known: no list was read yet.";
        frame.render_widget(Line::from(span(world, Role::Dim, words)), area);
        return;
    }
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut cursor = 0;
    let mut heading = None;
    // Far below the window nothing is needed.
    let last = agenda.place() + usize::from(area.height);
    for (place, entry) in entries.iter().enumerate().take(last + 1) {
        if heading != Some(entry.span()) {
            heading = Some(entry.span());
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::from(span(
                world,
                Role::Strong,
                format!(" {}", entry.span().heading()),
            )));
        }
        if place == agenda.place() {
            cursor = lines.len();
        }
        lines.push(line(world, entry, place == agenda.place(), area.width));
    }
    let height = usize::from(area.height);
    let top = (cursor + 2).saturating_sub(height);
    for (line, y) in lines.into_iter().skip(top).zip(area.y..area.y + area.height) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

fn line<'a>(world: &World, entry: &DueEntry, selected: bool, width: u16) -> Line<'a> {
    let due = match (&entry.part, entry.snoozed, entry.days_left) {
        (Some(part), Some(_), _) => relative::rotating(part, DueStatus::Rotating, DUE),
        (Some(part), None, _) => relative::rotating(part, entry.status, DUE),
        (None, Some(until), _) => format!("snoozed {}", until.strftime("%m-%d")),
        (None, None, Some(days)) => relative::due_in(days),
        (None, None, None) => "age unknown".to_owned(),
    };
    let several = world.teams.len() > 1;
    let team_width = if several { 16 } else { 0 };
    let name_width = width.saturating_sub(5 + DUE + team_width + 4).min(34);
    let name = if entry.name.trim().is_empty() {
        "(no name)"
    } else {
        &entry.name
    };
    let role = match entry.snoozed {
        Some(_) => Role::Dim,
        None => role(entry.status),
    };
    let mut spans = vec![
        span(world, Role::Accent, if selected { " ▸ " } else { "   " }),
        span(world, role, mark(entry.status)),
        Span::raw(" "),
        span(
            world,
            if selected { Role::Cursor } else { Role::Plain },
            pad(name, name_width),
        ),
        Span::raw("  "),
    ];
    if several {
        spans.push(span(world, Role::Dim, pad(&team_name(world, entry), team_width)));
        spans.push(Span::raw("  "));
    }
    spans.push(span(world, role, due));
    Line::from(spans)
}

fn team_name(world: &World, entry: &DueEntry) -> String {
    let named = world.teams.get(entry.team.0).and_then(|state| state.team.known());
    let profile = world.settings.profiles.get(entry.team.0);
    match (named, profile) {
        (Some(team), _) if !team.name.is_blank() => fit(team.name.shown(), 16).into_owned(),
        (_, Some(profile)) => profile.name.clone(),
        _ => String::new(),
    }
}

/// A month, Monday first; a day on which keys are due stands in brackets.
fn draw_month(agenda: &Agenda, world: &World, frame: &mut Frame<'_>, (area, month, today): (Rect, Date, Date)) {
    let title = month.strftime("%B %Y").to_string();
    let mut lines = vec![
        Line::from(span(world, Role::Strong, format!(" {title}"))),
        Line::from(span(world, Role::Dim, " Mo  Tu  We  Th  Fr  Sa  Su")),
    ];
    let offset = usize::try_from(month.weekday().to_monday_zero_offset()).unwrap_or(0);
    let mut week: Vec<Span<'_>> = vec![Span::raw("    ".repeat(offset))];
    let mut column = offset;
    let mut day = Some(month);
    while let Some(date) = day.filter(|date| date.month() == month.month()) {
        let due = agenda.entries().iter().find(|entry| entry.date == Some(date));
        let number = date.day();
        week.push(match due {
            Some(entry) => span(world, role(entry.status), format!("[{number:>2}]")),
            None if date == today => span(world, Role::Strong, format!("·{number:>2}·")),
            None => span(
                world,
                if date < today { Role::Dim } else { Role::Plain },
                format!(" {number:>2} "),
            ),
        });
        column += 1;
        if column == 7 {
            lines.push(Line::from(std::mem::take(&mut week)));
            column = 0;
        }
        day = date.tomorrow().ok();
    }
    if !week.is_empty() {
        lines.push(Line::from(week));
    }
    for (line, y) in lines.into_iter().zip(area.y..area.y + area.height) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_begins_where_the_one_before_ends() {
        for (days, span) in [
            (Some(-1), Stretch::Overdue),
            (Some(0), Stretch::ThisWeek),
            (Some(7), Stretch::ThisWeek),
            (Some(8), Stretch::ThisMonth),
            (Some(31), Stretch::ThisMonth),
            (Some(32), Stretch::Later),
            (None, Stretch::Unknown),
        ] {
            assert_eq!(Stretch::of(days), span, "{days:?}");
        }
    }
}
