//! The log of this machine as it is shown: newest first, with a cursor.

use crate::core::activity::Activity;
use crate::tui::message::RequestId;

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
    pub reading: Option<RequestId>,
    /// Why it could not be read the last time.
    pub trouble: Option<String>,
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
