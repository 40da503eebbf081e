//! One reading of a list, page by page: when it is whole, and when it moved under us.
//!
//! A list is read while others change it. A key that is revoked moves its followers one place up, over the border of a
//! page that was read already, and the one that crosses it is never seen. So the pages that were read are read once more
//! after the last one: where each of them still holds the same ids, no key can have crossed a border between them.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;

use crate::core::key::{ApiKey, KeyId};
use crate::core::listing::OddRows;
use crate::core::text::Label;

/// Keys asked for on one page of the list; the contract's own figure.
pub const PAGE_SIZE: u32 = 100;

/// One page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPage {
    /// The keys of this page, in the server's order.
    pub keys: Vec<ApiKey>,
    /// How many keys the whole list has, where the server says.
    pub total: Option<u64>,
    /// How many keys the server puts on a page, where it says.
    pub size: Option<u64>,
    /// How many of the keys have a field that could not be read.
    pub odd: usize,
    /// The rows without an id that can be read.
    pub strays: Vec<Stray>,
}

/// A row of the list whose id cannot be read: it may be any key that its other fields do not exclude.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stray {
    /// What is wrong with it, and where.
    pub why: String,
    /// Whether its id is there and longer than any that is believed.
    pub has_long_id: bool,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// The first characters of its value.
    pub prefix: Option<Label>,
    /// The last four characters of its value.
    pub last_four: Option<Label>,
}

impl Stray {
    fn text_bytes(&self) -> usize {
        let texts = [&self.prefix, &self.last_four];
        self.why.len() + texts.into_iter().flatten().map(Label::bytes).sum::<usize>()
    }

    /// Whether this row may be `key`.
    #[must_use]
    pub fn may_be(&self, key: &ApiKey) -> bool {
        fn agree<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        !self.has_long_id
            && agree(&self.created_at, &key.created_at)
            && agree(&self.prefix, &key.prefix)
            && agree(&self.last_four, &key.last_four)
    }
}

/// What is read of one list at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Rows of one page.
    pub rows: usize,
    /// Keys in all.
    pub keys: usize,
    /// Pages.
    pub pages: u32,
    /// Bytes of text kept in all.
    pub bytes: usize,
    /// Seconds for everything it takes to read it.
    pub seconds: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            rows: 25_000,
            keys: 250_000,
            pages: 5_000,
            bytes: 128 * 1024 * 1024,
            seconds: 300,
        }
    }
}

/// The bound that a list went past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Rows of one page.
    Rows(usize),
    /// Keys in all.
    Keys(usize),
    /// Pages.
    Pages(u32),
    /// Bytes of text.
    Bytes(usize),
    /// Seconds.
    Seconds(u64),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(rows) => write!(f, "{rows} rows on one page"),
            Self::Keys(keys) => write!(f, "{keys} keys"),
            Self::Pages(pages) => write!(f, "{pages} pages"),
            Self::Bytes(bytes) => write!(f, "{} MiB of text", bytes / (1024 * 1024)),
            Self::Seconds(seconds) => write!(f, "{seconds} s"),
        }
    }
}

/// What comes after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextPage {
    /// The page after it.
    Page,
    /// Nothing: it was the last one.
    End,
}

/// A page in few bytes: how many rows it has, and a sum over them that does not depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PageMark {
    rows: usize,
    sum: u64,
}

impl PageMark {
    fn of(page: &KeyPage) -> Self {
        fn digest(row: &impl Hash) -> u64 {
            let mut hasher = DefaultHasher::new();
            row.hash(&mut hasher);
            hasher.finish()
        }
        let keys = page.keys.iter().map(|key| digest(&key.id));
        let strays = page.strays.iter().map(digest);
        Self {
            rows: page.keys.len() + page.strays.len(),
            sum: keys.chain(strays).fold(0, u64::wrapping_add),
        }
    }
}

/// A list as far as it was read.
#[derive(Debug)]
pub struct ListReading {
    bounds: Bounds,
    keys: Vec<ApiKey>,
    seen: HashSet<KeyId>,
    strays: Vec<Stray>,
    odd: usize,
    bytes: usize,
    marks: Vec<PageMark>,
    /// What the server counts, until that is seen to be wrong.
    total: Option<u64>,
    moved: bool,
    ended: bool,
}

impl ListReading {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            keys: Vec::new(),
            seen: HashSet::new(),
            strays: Vec::new(),
            odd: 0,
            bytes: 0,
            marks: Vec::new(),
            total: None,
            moved: false,
            ended: false,
        }
    }

    /// Takes in the next page.
    ///
    /// # Errors
    /// The [`Bound`] that it goes past.
    pub fn take(&mut self, page: KeyPage) -> Result<NextPage, Bound> {
        let mark = PageMark::of(&page);
        if mark.rows > self.bounds.rows {
            return Err(Bound::Rows(self.bounds.rows));
        }
        let (total, size) = (page.total, page.size);
        let brings_something = self.add(page, mark);
        if self.keys.len() + self.strays.len() > self.bounds.keys {
            return Err(Bound::Keys(self.bounds.keys));
        }
        if self.bytes > self.bounds.bytes {
            return Err(Bound::Bytes(self.bounds.bytes));
        }
        self.count_by(total);
        let may_be_full = self.may_be_full(mark.rows, size);
        self.marks.push(mark);
        let all_counted = self.total == Some(self.count());
        if !brings_something || all_counted && !may_be_full {
            self.ended = true;
            return Ok(NextPage::End);
        }
        if self.pages() >= self.bounds.pages {
            return Err(Bound::Pages(self.bounds.pages));
        }
        Ok(NextPage::Page)
    }

    /// Adds what is new on a page, and says whether anything is.
    fn add(&mut self, page: KeyPage, mark: PageMark) -> bool {
        let before = self.keys.len();
        for key in page.keys {
            if self.seen.insert(key.id.clone()) {
                self.bytes = self.bytes.saturating_add(key.text_bytes());
                self.keys.push(key);
            }
        }
        // A row without an id is new unless its whole page came before.
        let new_strays = !page.strays.is_empty() && !self.marks.contains(&mark);
        let brings_something = new_strays || self.keys.len() > before;
        if brings_something {
            let strays = page.strays.iter().map(Stray::text_bytes).sum::<usize>();
            self.bytes = self.bytes.saturating_add(strays);
            self.strays.extend(page.strays);
            self.odd += page.odd;
        }
        brings_something
    }

    /// Believes what the server counts for as long as it fits what it sends. A count of fewer keys than were sent is
    /// none: some servers count the page.
    fn count_by(&mut self, total: Option<u64>) {
        let before = self.total;
        self.total = match (self.marks.is_empty(), before) {
            (false, None) => None,
            _ => total.filter(|&total| total >= self.count()),
        };
        self.moved |= before.is_some() && self.total.is_some() && before != self.total;
    }

    /// Whether more may follow a page on which everything the server counts was read. Behind a full page that count may be
    /// the page's own.
    fn may_be_full(&self, rows: usize, size: Option<u64>) -> bool {
        let rows_64 = u64::try_from(rows).unwrap_or(u64::MAX);
        match (self.marks.iter().map(|mark| mark.rows).max(), size) {
            (Some(largest), _) => rows >= largest,
            (None, _) if rows_64 >= u64::from(PAGE_SIZE) => true,
            (None, Some(size)) => rows_64 >= size,
            // Where the size is not said, it is taken for a round one.
            (None, None) => rows >= 10 && (rows.is_multiple_of(5) || rows.is_power_of_two()),
        }
    }

    /// Holds page `number`, counted from 1 and read once more, against what it held before.
    pub fn hold_against(&mut self, number: u32, page: &KeyPage) {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let before = index.and_then(|index| self.marks.get(index));
        self.moved |= before != Some(&PageMark::of(page)) || (self.total.is_some() && page.total != self.total);
    }

    /// How many keys were read, those without an id included.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::try_from(self.keys.len() + self.strays.len()).unwrap_or(u64::MAX)
    }

    /// How many pages were read.
    #[must_use]
    pub fn pages(&self) -> u32 {
        u32::try_from(self.marks.len()).unwrap_or(u32::MAX)
    }

    /// Whether its end was read, all that the server counts came, and nothing is known to have moved. Over several pages
    /// that is proven only by reading them again.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let all_counted = self.total.is_none_or(|total| self.count() >= total);
        // An empty list has to be said to be empty.
        let is_said = self.count() > 0 || self.total == Some(0);
        self.ended && !self.moved && all_counted && is_said
    }

    /// What was read.
    #[must_use]
    pub fn into_parts(self) -> (Vec<ApiKey>, Vec<Stray>, OddRows) {
        let odd = OddRows {
            with_unknown_fields: self.odd,
            without_id: self.strays.len(),
        };
        (self.keys, self.strays, odd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::LastUse;

    const BOUNDS: Bounds = Bounds {
        rows: 4,
        keys: 6,
        pages: 3,
        bytes: 100,
        seconds: 1,
    };

    fn page(ids: std::ops::Range<u32>) -> KeyPage {
        let key = |number: u32| ApiKey {
            id: KeyId::new(&format!("key_{number}")).unwrap(),
            name: Label::new(""),
            created_at: None,
            last_used_at: LastUse::Unknown,
            created_by: None,
            prefix: None,
            last_four: None,
        };
        KeyPage {
            keys: ids.map(key).collect(),
            ..KeyPage::default()
        }
    }

    #[test]
    fn past_a_bound_the_reading_ends_and_names_it() {
        let took = |pages: Vec<KeyPage>| {
            let mut reading = ListReading::new(BOUNDS);
            pages.into_iter().map(|page| reading.take(page)).last().unwrap()
        };
        assert_eq!(took(vec![page(0..4), page(4..6)]), Ok(NextPage::Page));
        assert_eq!(took(vec![page(0..5)]), Err(Bound::Rows(4)));
        assert_eq!(took(vec![page(0..4), page(4..7)]), Err(Bound::Keys(6)));
        assert_eq!(took(vec![page(0..1), page(1..2), page(2..3)]), Err(Bound::Pages(3)));
        let mut long = page(0..1);
        long.keys[0].name = Label::new(&"x".repeat(100));
        assert_eq!(took(vec![long]), Err(Bound::Bytes(100)));
        let strays = KeyPage {
            strays: vec![
                Stray {
                    why: "x".repeat(30),
                    has_long_id: false,
                    created_at: None,
                    prefix: None,
                    last_four: None,
                };
                4
            ],
            ..KeyPage::default()
        };
        assert_eq!(took(vec![strays]), Err(Bound::Bytes(100)));
    }

    #[test]
    fn a_bound_is_named_by_its_number_and_what_it_counts() {
        let bounds = Bounds::default();
        let said = [
            Bound::Rows(bounds.rows),
            Bound::Keys(bounds.keys),
            Bound::Pages(bounds.pages),
            Bound::Bytes(bounds.bytes),
            Bound::Seconds(bounds.seconds),
        ];
        assert_eq!(
            said.map(|bound| bound.to_string()),
            [
                "25000 rows on one page",
                "250000 keys",
                "5000 pages",
                "128 MiB of text",
                "300 s"
            ]
        );
    }

    #[test]
    fn a_page_is_the_same_in_another_order_and_not_with_another_key() {
        let mut reading = ListReading::new(Bounds::default());
        for ids in [0..3, 3..6, 6..6] {
            let _ = reading.take(page(ids));
        }
        let mut turned = page(0..3);
        turned.keys.reverse();
        reading.hold_against(1, &turned);
        assert!(reading.is_whole());
        reading.hold_against(2, &page(4..7));
        assert!(!reading.is_whole());
    }
}
