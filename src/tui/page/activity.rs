//! What was done on this machine, newest first, with a cursor.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::core::activity::Activity;
use crate::core::text::{clean, fit};
use crate::ports::JournalError;
use crate::tui::dialog::entry::{EntryDialog, outcome, spoken};
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::RequestId;
use crate::tui::page::{Did, View};
use crate::tui::theme::Role;
use crate::tui::view::relative;
use crate::tui::view::span::{pad, span};
use crate::tui::view::wrap::wrap;
use crate::tui::world::World;

/// Lines that are read, the newest.
pub const LINES: u32 = 1_000;

/// The log.
#[derive(Debug, Default)]
pub struct ActivityLog {
    /// `None`: it was not read yet.
    entries: Option<Vec<Activity>>,
    place: usize,
    top: usize,
    /// The newest reading under way.
    reading: Option<RequestId>,
    /// Why it could not be read the last time.
    trouble: Option<String>,
}

impl ActivityLog {
    /// Takes in what was read, oldest first; the cursor stays on its line while lines are added over it.
    pub fn replace(&mut self, mut entries: Vec<Activity>) {
        entries.reverse();
        let added = self
            .entries
            .as_ref()
            .map_or(0, |before| entries.len().saturating_sub(before.len()));
        // On the newest line one is shown what is new.
        if self.place > 0 {
            self.place += added;
            self.top += added;
        }
        self.place = self.place.min(entries.len().saturating_sub(1));
        self.entries = Some(entries);
        self.trouble = None;
    }

    /// Reads it again; an older reading is not waited for.
    pub fn read(&mut self, world: &mut World) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Some(before) = self.reading.take() {
            world.in_flight.remove(&before);
            effects.push(Effect::Cancel(before));
        }
        let request = world.begin("reading the log", false);
        self.reading = Some(request);
        effects.push(Effect::ReadLog(request));
        effects
    }

    /// It was read, or not.
    pub fn on_read(&mut self, request: RequestId, result: Result<Vec<Activity>, JournalError>) {
        if self.reading != Some(request) {
            return;
        }
        self.reading = None;
        match result {
            Ok(entries) => self.replace(entries),
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }

    /// Does `action`, on a screen of so many rows.
    pub fn act(&mut self, action: Action, world: &mut World, rows: usize) -> Did {
        let screen = isize::try_from(rows).unwrap_or(1);
        match action {
            Action::Refresh => return Did::Effects(self.read(world)),
            Action::Down => self.step(1),
            Action::Up => self.step(-1),
            Action::PageDown => self.step(screen - 1),
            Action::PageUp => self.step(1 - screen),
            Action::Top => self.first(),
            Action::Bottom => self.last(),
            Action::Back => return Did::Showed(View::Keys),
            Action::Details => return Did::opened(self.selected().cloned().map(EntryDialog::about)),
            _ => return Did::NotMine,
        }
        Did::all()
    }

    /// The lines, newest first; `None` before they were read.
    #[must_use]
    pub fn entries(&self) -> Option<&[Activity]> {
        self.entries.as_deref()
    }

    /// The line under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Activity> {
        self.entries.as_ref()?.get(self.place)
    }

    /// Place of the cursor, counted from 0.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }

    /// First drawn line, counted from 0.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// Moves the cursor by so many lines.
    pub fn step(&mut self, by: isize) {
        self.place = self.place.saturating_add_signed(by).min(self.last_place());
    }

    /// Moves the cursor to the newest line.
    pub fn first(&mut self) {
        self.place = 0;
    }

    /// Moves the cursor to the oldest line.
    pub fn last(&mut self) {
        self.place = self.last_place();
    }

    /// Scrolls until the cursor is among so many drawn lines.
    pub fn scroll(&mut self, height: usize) {
        let height = height.max(1);
        let lowest = (self.place + 1).saturating_sub(height);
        let last_top = (self.last_place() + 1).saturating_sub(height);
        self.top = self.top.clamp(lowest, self.place.max(lowest)).min(last_top);
    }

    fn last_place(&self) -> usize {
        self.entries
            .as_ref()
            .map_or(0, |entries| entries.len().saturating_sub(1))
    }
}

/// From this many columns on the key's id stands beside its name.
const WITH_ID: u16 = 40;
/// Columns that an id and its brackets take of them.
const ID: u16 = 20;

/// ActivityWidths of the columns, in columns of the terminal; 0 = not drawn.
struct ActivityWidths {
    time: u16,
    who: u16,
    what: u16,
    team: u16,
    key: u16,
    outcome: u16,
}

impl ActivityWidths {
    fn of(world: &World, total: u16) -> Self {
        let wide = total >= 110;
        let (time, who, what, outcome) = (16, if wide { 14 } else { 9 }, 11, 15);
        let team = if world.teams.len() > 1 && wide { 14 } else { 0 };
        let gaps = 2 * if team > 0 { 5 } else { 4 };
        let taken = 3 + time + who + what + team + outcome + gaps;
        Self {
            time,
            who,
            what,
            team,
            key: total.saturating_sub(taken + 1).min(52),
            outcome,
        }
    }
}

/// Draws it.
pub fn draw(log: &ActivityLog, world: &World, frame: &mut Frame<'_>, titles: Rect, area: Rect) {
    let widths = ActivityWidths::of(world, area.width);
    let entries = log.entries().unwrap_or_default();
    if entries.is_empty() {
        return empty(log, world, frame, area);
    }
    let heads = [
        ("TIME", widths.time),
        ("WHO", widths.who),
        ("WHAT", widths.what),
        ("TEAM", widths.team),
        ("KEY", widths.key),
        ("OUTCOME", widths.outcome),
    ];
    let mut text = "   ".to_owned();
    for (words, width) in heads.iter().filter(|(_, width)| *width > 0) {
        text.push_str(&pad(words, *width));
        text.push_str("  ");
    }
    frame.render_widget(Line::from(span(world, Role::Dim, text)), titles);
    let rows = entries.iter().enumerate().skip(log.top());
    for ((place, entry), y) in rows.zip(area.y..area.y + area.height) {
        let line = row(world, entry, &widths, place == log.place());
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

fn row<'a>(world: &World, entry: &'a Activity, widths: &ActivityWidths, selected: bool) -> Line<'a> {
    let key = match &entry.key {
        Some((id, name)) if name.is_blank() => id.shown().to_owned(),
        Some((id, name)) if widths.key >= WITH_ID => format!("{} ({id})", fit(name.shown(), widths.key - ID)),
        Some((_, name)) => name.shown().to_owned(),
        None => "—".to_owned(),
    };
    let (outcome_role, outcome) = outcome(&entry.outcome);
    let plain = if selected { Role::Strong } else { Role::Plain };
    let cells = [
        (relative::local(entry.at, &world.settings.zone), widths.time, Role::Dim),
        (entry.actor.shown().to_owned(), widths.who, plain),
        (
            spoken(entry.action.word()),
            widths.what,
            if selected { Role::Cursor } else { Role::Plain },
        ),
        (clean(&entry.profile).into_owned(), widths.team, Role::Dim),
        (key, widths.key, plain),
        (outcome, widths.outcome, outcome_role),
    ];
    let mut spans = vec![span(world, Role::Accent, if selected { " ▸ " } else { "   " })];
    for (text, width, role) in cells.into_iter().filter(|(_, width, _)| *width > 0) {
        spans.push(span(world, role, pad(&text, width)));
        spans.push(Span::raw("  "));
    }
    Line::from(spans)
}

fn empty(log: &ActivityLog, world: &World, frame: &mut Frame<'_>, area: Rect) {
    let (role, words) = match (&log.trouble, log.entries()) {
        (Some(why), _) => (
            Role::Warn,
            format!("The log cannot be read: {why}. Keys can be read and revoked, nothing is recorded."),
        ),
        (None, None) => (Role::Dim, "Reading what was done on this machine.".to_owned()),
        (None, Some(_)) => (
            Role::Dim,
            "Nothing was done on this machine yet. What you create, send, rotate and revoke is written down here, without \
             any value."
                .to_owned(),
        ),
    };
    let lines = wrap(&words, area.width.saturating_sub(8).min(76));
    for (line, y) in lines.into_iter().zip(area.y + 1..area.y + area.height) {
        let line = Line::from(vec![Span::raw("     "), span(world, role, line)]);
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::activity::ActivityKind;
    use crate::core::text::Label;

    fn lines(count: usize) -> Vec<Activity> {
        let line = |second: usize| Activity {
            at: jiff::Timestamp::from_second(i64::try_from(second).unwrap()).unwrap(),
            actor: Label::new("amina"),
            profile: "acme".to_owned(),
            action: ActivityKind::Revoke,
            key: None,
            outcome: "dead".to_owned(),
            detail: Label::new(""),
        };
        (0..count).map(line).collect()
    }

    fn second(log: &ActivityLog) -> i64 {
        log.selected().unwrap().at.as_second()
    }

    #[test]
    fn the_newest_comes_first_and_the_cursor_stays_on_its_line() {
        let mut log = ActivityLog::default();
        log.replace(lines(10));
        assert_eq!(second(&log), 9);
        log.replace(lines(11));
        assert_eq!(second(&log), 10, "on the newest line it stays on the newest");
        log.step(3);
        assert_eq!(second(&log), 7);
        log.replace(lines(13));
        assert_eq!(second(&log), 7);
        log.last();
        log.step(1);
        assert_eq!(second(&log), 0);
    }

    #[test]
    fn the_cursor_is_always_drawn() {
        let mut log = ActivityLog::default();
        log.replace(lines(30));
        log.step(12);
        log.scroll(10);
        assert_eq!(log.top(), 3);
        log.last();
        log.scroll(10);
        assert_eq!(log.top(), 20);
        log.scroll(40);
        assert_eq!(log.top(), 0);
    }
}
