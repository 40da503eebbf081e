//! The list of keys as it is shown: measured, sorted, filtered, with a cursor that stays on its key.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use tui_input::Input;

use crate::core::due::Counts;
use crate::core::key::{ApiKey, KeyId, LastUse};
use crate::core::listing::ListedKey;
use crate::core::notes::Notes;
use crate::core::policy::{DueStatus, Governed, Policies, RotationPolicy, Standing};
use crate::core::rotation::{Pairs, Part, RotationRole};
use crate::core::snooze::{self, Snooze};
use crate::core::text::Label;

/// A key with everything a row needs, computed when the list or the day changes, not when it is drawn.
#[derive(Debug, Clone)]
pub struct Row {
    /// The key.
    pub listed: ListedKey,
    /// Its policy.
    pub policy: RotationPolicy,
    /// The pattern of the config its policy came from; `None`: the default.
    pub pattern: Option<String>,
    /// How it stands against its policy.
    pub standing: Standing,
    /// Its part in a rotation.
    pub part: Option<Box<Part>>,
    /// That its due date is put off, while that holds.
    pub snoozed: Option<Box<Snooze>>,
    /// Days it is old at least, where the server tells no creation.
    pub at_least_days: Option<i64>,
}

/// What the list is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortBy {
    /// What needs attention first.
    Due,
    /// Name.
    Name,
    /// Creation, newest first.
    Created,
    /// Last use, newest first.
    LastUsed,
}

impl SortBy {
    fn next(self) -> Self {
        match self {
            Self::Due => Self::Name,
            Self::Name => Self::Created,
            Self::Created => Self::LastUsed,
            Self::LastUsed => Self::Due,
        }
    }

    /// What it is called.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Name => "name",
            Self::Created => "created",
            Self::LastUsed => "last used",
        }
    }
}

/// Which of the marked keys are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marks {
    /// Those that the filter lets through.
    Visible,
    /// Those that it hides, too.
    All,
}

/// The list.
#[derive(Debug)]
pub struct KeyList {
    policies: Arc<Policies>,
    notes: Notes,
    pairs: Pairs,
    rows: Vec<Row>,
    /// Keys the person marked, whether the filter shows them or not.
    marked: HashSet<KeyId>,
    /// What the filter looks into, by row and in lower case; made when it is first typed into, not for the first frame.
    haystacks: Vec<String>,
    /// Indices into `rows`, sorted: a letter of the filter does not sort again.
    sorted: Vec<usize>,
    /// Those of `sorted` that the filter lets through.
    order: Vec<usize>,
    filter: Input,
    sort: SortBy,
    reversed: bool,
    cursor: Option<KeyId>,
    /// Place of the cursor in `order`: where it goes when its key is gone.
    place: usize,
    /// First drawn place of `order`.
    top: usize,
    /// Rows that fit on the screen.
    height: usize,
    counts: Counts,
    next_due: Option<i32>,
    /// The UTC day the standings were computed for, in days since 1970.
    day: i64,
}

impl KeyList {
    /// An empty list.
    #[must_use]
    pub fn new(policies: Arc<Policies>) -> Self {
        Self {
            policies,
            notes: Notes::default(),
            pairs: Pairs::default(),
            rows: Vec::new(),
            marked: HashSet::new(),
            haystacks: Vec::new(),
            sorted: Vec::new(),
            order: Vec::new(),
            filter: Input::default(),
            sort: SortBy::Due,
            reversed: false,
            cursor: None,
            place: 0,
            top: 0,
            height: 1,
            counts: Counts::default(),
            next_due: None,
            day: 0,
        }
    }

    /// Takes a newly read list; the cursor stays on its key.
    pub fn replace(&mut self, keys: Vec<ListedKey>, server_now: Timestamp) {
        self.pairs = Pairs::of(&self.notes, &keys);
        self.rows = keys
            .into_iter()
            .map(|listed| Row::new(listed, &self.policies, server_now))
            .collect();
        if !self.marked.is_empty() {
            let listed: HashSet<&KeyId> = self.rows.iter().map(|row| &row.listed.key.id).collect();
            self.marked.retain(|id| listed.contains(id));
        }
        self.measure(server_now);
    }

    /// Marks the key under the cursor or takes its mark away, and goes on to the next.
    pub fn toggle_mark(&mut self) {
        let Some(id) = self.selected().map(|row| row.listed.key.id.clone()) else {
            return;
        };
        if !self.marked.remove(&id) {
            self.marked.insert(id);
        }
        self.step(1);
    }

    /// Takes the mark of a key away.
    pub fn unmark(&mut self, id: &KeyId) {
        self.marked.remove(id);
    }

    /// Takes every mark away.
    pub fn clear_marks(&mut self) {
        self.marked.clear();
    }

    /// How many keys are marked.
    #[must_use]
    pub fn marked_count(&self) -> usize {
        self.marked.len()
    }

    /// Whether a key is marked.
    #[must_use]
    pub fn is_marked(&self, id: &KeyId) -> bool {
        self.marked.contains(id)
    }

    /// The row of the key of this id, or of the tracked one of this id.
    #[must_use]
    pub fn known_as(&self, id: &KeyId) -> Option<&Row> {
        self.find(id)
            .or_else(|| self.rows.iter().find(|row| row.listed.is_known_as(id)))
    }

    /// Whether the filter lets a key through.
    #[must_use]
    pub fn is_shown(&self, id: &KeyId) -> bool {
        let mut shown = self.order.iter().filter_map(|&index| self.rows.get(index));
        shown.any(|row| row.listed.key.id == *id)
    }

    /// How many of the marked keys the filter hides.
    #[must_use]
    pub fn hidden_count(&self) -> usize {
        self.marked
            .len()
            .saturating_sub(self.marked_rows(Marks::Visible).count())
    }

    /// The marked keys, in the order of the list.
    #[must_use]
    pub fn marked(&self, which: Marks) -> Vec<ListedKey> {
        self.marked_rows(which).map(|row| row.listed.clone()).collect()
    }

    fn marked_rows(&self, which: Marks) -> impl Iterator<Item = &Row> {
        let order: &[usize] = match which {
            // Most of the time there is nothing to look for.
            _ if self.marked.is_empty() => &[],
            Marks::Visible => &self.order,
            Marks::All => &self.sorted,
        };
        let rows = order.iter().filter_map(|&index| self.rows.get(index));
        rows.filter(|row| self.is_marked(&row.listed.key.id))
    }

    /// Takes what was written down about the keys.
    pub fn annotate(&mut self, notes: Notes, server_now: Timestamp) {
        if self.notes == notes {
            return;
        }
        self.notes = notes;
        let listed: Vec<ListedKey> = self.rows.iter().map(|row| row.listed.clone()).collect();
        self.pairs = Pairs::of(&self.notes, &listed);
        self.measure(server_now);
    }

    /// What was written down about the keys.
    #[must_use]
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    fn measure(&mut self, server_now: Timestamp) {
        for row in &mut self.rows {
            row.measure(&self.policies, &self.pairs, &self.notes, server_now);
        }
        self.haystacks.clear();
        self.day = utc_day(server_now);
        self.recount();
        self.sort();
    }

    /// Measures the keys again when the server's UTC day has turned.
    pub fn turn_day(&mut self, server_now: Timestamp) {
        if self.day == utc_day(server_now) {
            return;
        }
        self.measure(server_now);
    }

    /// Every key that was read.
    #[must_use]
    pub fn all(&self) -> &[Row] {
        &self.rows
    }

    /// The row of a key.
    #[must_use]
    pub fn find(&self, id: &KeyId) -> Option<&Row> {
        self.rows.iter().find(|row| row.listed.key.id == *id)
    }

    /// How many keys are shown.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.order.len()
    }

    /// The drawn rows.
    pub fn window(&self) -> impl Iterator<Item = &Row> {
        self.order
            .iter()
            .skip(self.top)
            .take(self.height)
            .filter_map(|&index| self.rows.get(index))
    }

    /// First drawn place, counted from 0.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// Place of the cursor, counted from 0.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }

    /// Whether the row at this place is the new key of the one before it.
    #[must_use]
    pub fn follows_its_old(&self, place: usize) -> bool {
        let row = |place: usize| self.order.get(place).and_then(|&index| self.rows.get(index));
        let old = place.checked_sub(1).and_then(row);
        match (old, row(place).and_then(|row| row.part.as_deref())) {
            (Some(old), Some(part)) => {
                part.role == RotationRole::New && part.other.as_ref() == Some(&old.listed.key.id)
            }
            _ => false,
        }
    }

    /// The row under the cursor.
    #[must_use]
    pub fn selected(&self) -> Option<&Row> {
        self.order.get(self.place).and_then(|&index| self.rows.get(index))
    }

    /// Counts by status over every key, filtered or not.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Days until the next key that is not overdue is due.
    #[must_use]
    pub fn next_due(&self) -> Option<i32> {
        self.next_due
    }

    /// The filter line.
    #[must_use]
    pub fn filter(&self) -> &Input {
        &self.filter
    }

    /// What the list is sorted by, and whether it is turned round.
    #[must_use]
    pub fn sorting(&self) -> (SortBy, bool) {
        (self.sort, self.reversed)
    }

    /// Changes the filter line.
    pub fn edit_filter(&mut self, edit: impl FnOnce(&mut Input)) {
        edit(&mut self.filter);
        self.rearrange();
    }

    /// Sorts by the next column.
    pub fn sort_next(&mut self) {
        self.sort = self.sort.next();
        self.reversed = false;
        self.sort();
    }

    /// Turns the order round.
    pub fn reverse(&mut self) {
        self.reversed = !self.reversed;
        self.sort();
    }

    /// Moves the cursor by so many places.
    pub fn step(&mut self, by: isize) {
        let last = self.order.len().saturating_sub(1);
        self.go(self.place.saturating_add_signed(by).min(last));
    }

    /// Moves the cursor by so many screens.
    pub fn page(&mut self, by: isize) {
        let height = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
        self.step(by.saturating_mul(height));
    }

    /// Moves the cursor to the first key.
    pub fn first(&mut self) {
        self.go(0);
    }

    /// Moves the cursor to the last key.
    pub fn last(&mut self) {
        self.go(self.order.len().saturating_sub(1));
    }

    /// Moves the cursor to a key, where it is shown.
    pub fn select(&mut self, id: &KeyId) {
        self.cursor = Some(id.clone());
        self.follow_cursor();
    }

    /// Takes the number of rows that fit on the screen.
    pub fn set_height(&mut self, rows: usize) {
        self.height = rows.max(1);
        self.scroll();
    }

    fn go(&mut self, place: usize) {
        self.place = place;
        self.cursor = self.selected().map(|row| row.listed.key.id.clone());
        self.scroll();
    }

    fn scroll(&mut self) {
        let last_top = self.order.len().saturating_sub(self.height);
        let lowest = (self.place + 1).saturating_sub(self.height);
        self.top = self.top.clamp(lowest, self.place.max(lowest)).min(last_top);
    }

    fn sort(&mut self) {
        let (rows, by) = (&self.rows, self.sort);
        self.sorted = (0..rows.len()).collect();
        self.sorted.sort_by(|&a, &b| match (rows.get(a), rows.get(b)) {
            (Some(a), Some(b)) => a.compare(b, by),
            _ => std::cmp::Ordering::Equal,
        });
        if self.reversed {
            self.sorted.reverse();
        }
        if !self.pairs.is_empty() {
            self.join_pairs();
        }
        self.rearrange();
    }

    /// Puts each new key right under the old one it takes the place of.
    fn join_pairs(&mut self) {
        let of_role = |wanted: RotationRole| {
            let rows = self.rows.iter().enumerate();
            rows.filter(move |(_, row)| row.part.as_deref().is_some_and(|part| part.role == wanted))
        };
        let old: HashMap<&KeyId, usize> = of_role(RotationRole::Old)
            .map(|(index, row)| (&row.listed.key.id, index))
            .collect();
        let mut new_of: HashMap<usize, usize> = HashMap::new();
        for (index, row) in of_role(RotationRole::New) {
            let other = row.part.as_deref().and_then(|part| part.other.as_ref());
            if let Some(&old) = other.and_then(|id| old.get(id)) {
                new_of.insert(old, index);
            }
        }
        let moved: HashSet<usize> = new_of.values().copied().collect();
        let joined = self
            .sorted
            .iter()
            .filter(|index| !moved.contains(index))
            .flat_map(|&index| std::iter::once(index).chain(new_of.get(&index).copied()));
        self.sorted = joined.collect();
    }

    fn rearrange(&mut self) {
        let needle = folded(self.filter.value());
        let terms: Vec<&str> = needle.split_whitespace().collect();
        if !terms.is_empty() && self.haystacks.len() != self.rows.len() {
            let register = self.policies.register();
            let haystack = |row: &Row| row.haystack(register.owner(row.listed.key.name.raw()));
            self.haystacks = self.rows.iter().map(haystack).collect();
        }
        let holds = |&&index: &&usize| {
            let text = self.haystacks.get(index);
            text.is_some_and(|text| terms.iter().all(|term| text.contains(term)))
        };
        let order: Vec<usize> = if terms.is_empty() {
            self.sorted.clone()
        } else {
            self.sorted.iter().filter(holds).copied().collect()
        };
        self.order = order;
        self.follow_cursor();
    }

    fn follow_cursor(&mut self) {
        let found = self.cursor.as_ref().and_then(|id| {
            self.order
                .iter()
                .position(|&index| self.rows.get(index).is_some_and(|row| row.listed.key.id == *id))
        });
        match found {
            Some(place) => self.place = place,
            // The key is filtered out or gone: stay at its place, and remember it for when it comes back.
            None => self.place = self.place.min(self.order.len().saturating_sub(1)),
        }
        if self.cursor.is_none() {
            self.cursor = self.selected().map(|row| row.listed.key.id.clone());
        }
        self.scroll();
    }

    fn recount(&mut self) {
        let mut counts = Counts::default();
        for row in &self.rows {
            counts.add(row.standing.status, row.part.as_deref(), row.snoozed.is_some());
        }
        self.counts = counts;
        self.next_due = self
            .rows
            .iter()
            .filter(|row| row.snoozed.is_none() && row.part.is_none())
            .filter_map(|row| row.standing.days_left)
            .filter(|&left| left >= 0)
            .min();
    }
}

impl Row {
    fn new(listed: ListedKey, policies: &Policies, server_now: Timestamp) -> Self {
        let key = &listed.key;
        let Governed { policy, pattern } = policies.of(key.name.raw());
        let standing = policies.standing(key, server_now);
        Self {
            policy,
            pattern: pattern.map(str::to_owned),
            standing,
            part: None,
            snoozed: None,
            at_least_days: None,
            listed,
        }
    }

    fn measure(&mut self, policies: &Policies, pairs: &Pairs, notes: &Notes, server_now: Timestamp) {
        let key = &self.listed.key;
        self.standing = pairs.standing(&key.id, policies.standing(key, server_now));
        self.at_least_days = notes
            .at_least_days(&key.id, server_now)
            .filter(|_| self.standing.age_days.is_none());
        self.part = pairs.part(&key.id).cloned().map(Box::new);
        self.snoozed = snooze::of(&notes.snoozes, &key.id, server_now).cloned().map(Box::new);
    }

    fn haystack(&self, owner: Option<&Label>) -> String {
        let key = &self.listed.key;
        let created_by = key.created_by.as_ref().map_or("", Label::shown);
        let owner = owner.map_or("", Label::shown);
        let snoozed = if self.snoozed.is_some() { "snoozed" } else { "" };
        let rotating = if self.part.is_some() { "rotating" } else { "" };
        let status = match self.standing.status {
            DueStatus::DueSoon => "due soon",
            other => other.word(),
        };
        folded(&format!(
            "{}\n{}\n{}\n{created_by}\n{owner}\n{status}\n{rotating}\n{snoozed}",
            key.name,
            key.id,
            key.hint()
        ))
    }

    /// What needs attention first; what is put off needs none.
    fn urgency(&self) -> (DueStatus, Option<i32>) {
        let status = match self.snoozed {
            Some(_) => DueStatus::Fresh,
            None => self.standing.status,
        };
        (status, self.standing.days_left)
    }

    fn compare(&self, other: &Self, by: SortBy) -> std::cmp::Ordering {
        let (a, b) = (&self.listed.key, &other.listed.key);
        let used = |last: LastUse| match last {
            LastUse::At(time) => (0, std::cmp::Reverse(time)),
            LastUse::Never => (1, std::cmp::Reverse(Timestamp::MIN)),
            LastUse::Unknown => (2, std::cmp::Reverse(Timestamp::MIN)),
        };
        let first = match by {
            SortBy::Due => self.urgency().cmp(&other.urgency()),
            SortBy::Name => std::cmp::Ordering::Equal,
            SortBy::Created => b.created_at.cmp(&a.created_at),
            SortBy::LastUsed => used(a.last_used_at).cmp(&used(b.last_used_at)),
        };
        first
            .then_with(|| lower(a).cmp(lower(b)))
            .then_with(|| a.id.raw().cmp(b.id.raw()))
    }
}

/// A text as the filter compares it. The small form of a capital sigma depends on the letters after it, which are not typed yet.
fn folded(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}

fn lower(key: &ApiKey) -> impl Iterator<Item = char> {
    key.name.shown().chars().flat_map(char::to_lowercase)
}

fn utc_day(time: Timestamp) -> i64 {
    time.as_second().div_euclid(86_400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::{ApiKey, Own};

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn key(name: &str, age_days: i64) -> ListedKey {
        let created = now()
            .checked_sub(jiff::SignedDuration::from_hours(24 * age_days))
            .unwrap();
        ListedKey {
            key: ApiKey {
                id: KeyId::new(&format!("key_{name}")).unwrap(),
                name: Label::new(name),
                created_at: Some(created),
                last_used_at: LastUse::Never,
                created_by: None,
                prefix: None,
                last_four: None,
            },
            own: Own::No,
            source: Default::default(),
        }
    }

    fn list(names: &[(&str, i64)]) -> KeyList {
        let mut list = KeyList::new(Arc::default());
        list.set_height(3);
        list.replace(names.iter().map(|&(name, age)| key(name, age)).collect(), now());
        list
    }

    fn shown(list: &KeyList) -> Vec<&str> {
        list.order.iter().map(|&i| list.rows[i].listed.key.name.raw()).collect()
    }

    fn selected(list: &KeyList) -> &str {
        list.selected().unwrap().listed.key.name.raw()
    }

    const FOUR: [(&str, i64); 4] = [("fresh", 3), ("late", 200), ("soon", 80), ("today", 90)];

    #[test]
    fn what_needs_attention_comes_first() {
        assert_eq!(shown(&list(&FOUR)), ["late", "today", "soon", "fresh"]);
    }

    #[test]
    fn the_cursor_stays_on_its_key_across_refresh_sort_and_filter() {
        let mut list = list(&FOUR);
        list.step(2);
        assert_eq!(selected(&list), "soon");
        list.sort_next();
        assert_eq!((selected(&list), shown(&list)[0]), ("soon", "fresh"));
        list.reverse();
        assert_eq!(selected(&list), "soon");
        list.edit_filter(|input| *input = Input::from("so"));
        assert_eq!((selected(&list), list.shown()), ("soon", 1));
        list.replace(vec![key("other", 1), key("soon", 81)], now());
        assert_eq!(selected(&list), "soon");
    }

    #[test]
    fn a_filter_that_hides_the_cursor_gives_it_back_when_it_is_dropped() {
        let mut list = list(&FOUR);
        list.step(2);
        list.edit_filter(|input| *input = Input::from("late"));
        assert_eq!(selected(&list), "late");
        list.edit_filter(|input| *input = Input::default());
        assert_eq!(selected(&list), "soon");
    }

    #[test]
    fn when_the_key_is_gone_the_cursor_keeps_its_place() {
        let mut list = list(&FOUR);
        list.step(3);
        list.replace(vec![key("late", 200), key("today", 90)], now());
        assert_eq!(selected(&list), "today");
    }

    #[test]
    fn every_term_of_a_filter_must_be_found_in_any_case() {
        let mut list = list(&FOUR);
        list.edit_filter(|input| *input = Input::from("KEY_ due"));
        assert_eq!(shown(&list), ["late", "today", "soon"]);
        list.edit_filter(|input| *input = Input::from("overdue LATE"));
        assert_eq!(shown(&list), ["late"]);
    }

    #[test]
    fn the_beginning_of_a_word_is_found_whatever_its_last_letter() {
        // A capital sigma has one small form within a word and another at its end.
        let mut list = list(&[("ΠΩΛΗΣΕΙΣ", 3), ("λόγος", 3)]);
        for (typed, found) in [("ΠΩΛΗΣ", "ΠΩΛΗΣΕΙΣ"), ("πωλησεις", "ΠΩΛΗΣΕΙΣ"), ("ΛΌΓΟΣ", "λόγος")]
        {
            list.edit_filter(|input| *input = Input::from(typed));
            assert_eq!(shown(&list), [found], "{typed}");
        }
    }

    #[test]
    fn the_window_follows_the_cursor() {
        let mut list = list(&FOUR);
        list.last();
        assert_eq!((list.top(), list.window().count()), (1, 3));
        list.first();
        assert_eq!(list.top(), 0);
        list.step(-5);
        assert_eq!(list.place(), 0);
        list.page(1);
        assert_eq!(list.place(), 2);
    }

    #[test]
    fn a_new_day_moves_statuses_and_counts() {
        let mut list = list(&[("soon", 89)]);
        assert_eq!((list.counts().due_soon, list.next_due()), (1, Some(1)));
        list.turn_day("2026-11-23T00:00:00Z".parse().unwrap());
        assert_eq!((list.counts().due, list.next_due()), (1, Some(0)));
        list.turn_day("2026-11-24T00:00:00Z".parse().unwrap());
        assert_eq!((list.counts().overdue, list.next_due()), (1, None));
    }

    fn snoozed(name: &str) -> Snooze {
        Snooze {
            key: KeyId::new(&format!("key_{name}")).unwrap(),
            until: "2026-11-22".parse().unwrap(),
            reason: Label::new("moving"),
            at: now(),
            actor: Label::new("amina"),
        }
    }

    #[test]
    fn a_key_that_is_put_off_calls_nobody_until_its_day_is_over() {
        let mut list = list(&FOUR);
        let notes = Notes {
            snoozes: vec![snoozed("late")],
            ..Notes::default()
        };
        list.annotate(notes, now());
        assert_eq!(list.counts().overdue, 0);
        assert_eq!(shown(&list), ["today", "soon", "late", "fresh"]);
        list.edit_filter(|input| *input = Input::from("snoozed"));
        assert_eq!(shown(&list), ["late"]);
        list.edit_filter(|input| *input = Input::default());
        list.turn_day("2026-11-23T00:00:00Z".parse().unwrap());
        assert_eq!(list.counts().overdue, 2, "the day is over, and “today” is a day late");
    }

    #[test]
    fn the_two_keys_of_a_rotation_stand_together_in_every_order_and_count_once() {
        let mut list = list(&[("Zapier", 88), ("Zapier 2026-11-20", 2), ("late", 200), ("fresh", 3)]);
        assert_eq!(shown(&list), ["late", "Zapier", "Zapier 2026-11-20", "fresh"]);
        assert_eq!((list.counts().rotating, list.counts().due_soon), (1, 0));
        assert!(list.follows_its_old(2) && !list.follows_its_old(1) && !list.follows_its_old(0));
        for _ in 0..3 {
            list.sort_next();
            list.reverse();
            let order = shown(&list);
            let old = order.iter().position(|name| *name == "Zapier").unwrap();
            assert_eq!(order[old + 1], "Zapier 2026-11-20", "{order:?}");
        }
        list.edit_filter(|input| *input = Input::from("rotating"));
        assert_eq!(list.shown(), 2);
    }

    #[test]
    fn an_overdue_key_stays_overdue_while_it_is_rotated() {
        let mut list = list(&[("Zapier", 200), ("Zapier 2026-11-20", 2), ("late", 150), ("fresh", 3)]);
        assert_eq!(shown(&list), ["Zapier", "Zapier 2026-11-20", "late", "fresh"]);
        assert_eq!((list.counts().overdue, list.counts().rotating), (2, 1));
        for (typed, found) in [
            ("overdue", vec!["Zapier", "late"]),
            ("rotating", vec!["Zapier", "Zapier 2026-11-20"]),
        ] {
            list.edit_filter(|input| *input = Input::from(typed));
            assert_eq!(shown(&list), found, "{typed}");
        }
    }

    #[test]
    fn a_mark_stays_on_its_key_through_sorting_filtering_and_reading_again() {
        let mut list = list(&FOUR);
        list.toggle_mark();
        list.toggle_mark();
        assert_eq!(list.place(), 2, "the next one can be marked at once");
        let marked = |list: &KeyList| -> Vec<String> {
            let names = list
                .marked(Marks::All)
                .into_iter()
                .map(|one| one.key.name.raw().to_owned());
            let mut names: Vec<String> = names.collect();
            names.sort();
            names
        };
        let before = marked(&list);
        assert_eq!(before.len(), 2);
        list.sort_next();
        list.reverse();
        list.edit_filter(|input| *input = Input::from("nothing of that"));
        assert_eq!(marked(&list), before);
        assert_eq!((list.hidden_count(), list.marked(Marks::Visible).len()), (2, 0));
        let keys: Vec<ListedKey> = list.all().iter().map(|row| row.listed.clone()).collect();
        list.replace(keys.clone(), now());
        assert_eq!(marked(&list), before);
        let left = keys.into_iter().filter(|one| one.key.name.raw() != before[0]).collect();
        list.replace(left, now());
        assert_eq!(marked(&list), before[1..], "a key that is gone has no mark");
        list.clear_marks();
        assert_eq!(list.marked_count(), 0);
    }

    #[test]
    fn an_empty_list_has_no_cursor_and_does_not_move() {
        let mut list = list(&[]);
        list.step(1);
        list.last();
        list.page(-1);
        assert!(list.selected().is_none());
    }
}
