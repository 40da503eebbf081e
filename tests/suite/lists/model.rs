//! A server's list while others change it: it pages, caps, counts and miscounts as the worst of them do.

use std::sync::{Mutex, MutexGuard};

use chatzuri_keys::core::key::{ApiKey, KeyId, KeyName, LastUse, Own};
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::team::TeamIdentity;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ports::{
    Answer, ApiError, Consequence, CreatedKey, Fault, KeyApi, KeyPage, Operation, Probe, Stray,
};
use jiff::SignedDuration;

/// Numbers that look random and are the same for the same seed (SplitMix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 8).unwrap() % end
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(super) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Where a new key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    OldestFirst,
    NewestFirst,
    /// Anywhere, as by name.
    Sorted,
}

/// What the server says of how many keys there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    Right,
    Unsaid,
    OfThePage,
    Zero,
    TooFew(usize),
    TooMany(usize),
    Now(usize),
    FirstPageOnly,
    NowAndThen,
}

/// What it answers beyond its last page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    Nothing,
    LastPage,
    FirstPage,
}

/// What it makes of a `DELETE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delete {
    Works,
    AcceptsOnly,
    Fails503,
    /// The same, and somebody else revokes the key meanwhile.
    Fails503AndAnotherRevokes,
    WorksAndLosesTheAnswer,
}

#[derive(Debug, Clone)]
pub(super) struct Habits {
    pub(super) order: Order,
    /// Keys on a page.
    pub(super) cap: usize,
    /// Whether it says so.
    pub(super) says_size: bool,
    /// Whether it sends everything whatever page is asked for.
    pub(super) ignores_paging: bool,
    pub(super) beyond: Beyond,
    pub(super) total: Total,
    pub(super) delete: Delete,
    /// One request in so many comes after a change; 0 = none ever changes.
    pub(super) restless: usize,
    /// The key whose row has no id that can be read.
    pub(super) stray: Option<u32>,
}

impl Habits {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let cap = dice.of(&[10, 10, 16, 20, 25, 50, 100]);
        Self {
            order: dice.of(&[Order::OldestFirst, Order::NewestFirst, Order::Sorted]),
            cap,
            says_size: dice.one_in(2),
            ignores_paging: dice.one_in(20),
            beyond: dice.of(&[Beyond::Nothing, Beyond::Nothing, Beyond::LastPage, Beyond::FirstPage]),
            total: match dice.below(13) {
                0..4 => Total::Right,
                4..7 => Total::Unsaid,
                7 => Total::OfThePage,
                8 => Total::Zero,
                9 => Total::TooFew(1 + dice.below(2 * cap)),
                10 => Total::TooMany(1 + dice.below(2 * cap)),
                11 => Total::Now(dice.below(4 * cap)),
                _ => dice.of(&[Total::FirstPageOnly, Total::NowAndThen]),
            },
            delete: dice.of(&[
                Delete::Works,
                Delete::AcceptsOnly,
                Delete::Fails503,
                Delete::Fails503AndAnotherRevokes,
                Delete::WorksAndLosesTheAnswer,
            ]),
            restless: dice.of(&[0, 0, 1, 2, 3, 5, 10, 30]),
            stray: None,
        }
    }

    /// Whether it counts right, or does not count: then only changes keep a reading from being whole.
    pub(super) fn is_honest(&self) -> bool {
        !matches!(self.total, Total::TooMany(_) | Total::Now(_) | Total::NowAndThen)
    }
}

pub(super) struct State {
    pub(super) habits: Habits,
    pub(super) keys: Vec<u32>,
    /// Those that were never removed since the start.
    pub(super) throughout: Vec<u32>,
    /// The key that nobody but we may remove.
    pub(super) kept: Option<u32>,
    pub(super) requests: usize,
    pub(super) changes: usize,
    next: u32,
    dice: Dice,
}

/// One page as the server sends it.
pub(super) struct Sent {
    pub(super) keys: Vec<u32>,
    pub(super) total: Option<usize>,
    pub(super) size: Option<usize>,
}

impl State {
    pub(super) fn new(count: u32, habits: Habits, seed: u64) -> Self {
        let mut keys: Vec<u32> = (0..count).collect();
        if habits.order == Order::NewestFirst {
            keys.reverse();
        }
        Self {
            habits,
            throughout: keys.clone(),
            keys,
            kept: None,
            requests: 0,
            changes: 0,
            next: count,
            dice: Dice(seed),
        }
    }

    pub(super) fn remove(&mut self, key: u32) {
        self.keys.retain(|&other| other != key);
        self.throughout.retain(|&other| other != key);
    }

    pub(super) fn insert(&mut self) {
        let at = match self.habits.order {
            Order::OldestFirst => self.keys.len(),
            Order::NewestFirst => 0,
            Order::Sorted => self.dice.below(self.keys.len() + 1),
        };
        self.keys.insert(at, self.next);
        self.next += 1;
    }

    /// What somebody else does between two of our requests.
    fn change(&mut self) {
        let habits = &self.habits;
        if habits.restless == 0 || !self.dice.one_in(habits.restless) {
            return;
        }
        self.changes += 1;
        for _ in 0..=self.dice.below(3) {
            let removes = self.dice.below(3);
            if removes > 0 && !self.keys.is_empty() {
                // Near the front most of all: from there a key crosses the most borders.
                let end = if self.dice.one_in(2) {
                    self.keys.len()
                } else {
                    self.keys.len().min(self.habits.cap)
                };
                let key = self.keys[self.dice.below(end)];
                if self.kept != Some(key) {
                    self.remove(key);
                }
            }
            if removes != 1 {
                self.insert();
            }
        }
    }

    pub(super) fn page(&mut self, number: usize) -> Sent {
        if self.requests > 0 {
            self.change();
        }
        self.requests += 1;
        let Habits {
            cap,
            total,
            beyond,
            ignores_paging,
            says_size,
            ..
        } = self.habits.clone();
        let pages: Vec<&[u32]> = self
            .keys
            .chunks(if ignores_paging { usize::MAX } else { cap })
            .collect();
        let number = if ignores_paging { 1 } else { number };
        let keys = match pages.get(number - 1) {
            Some(page) => page.to_vec(),
            None => match beyond {
                Beyond::Nothing => Vec::new(),
                Beyond::LastPage => pages.last().map(|page| page.to_vec()).unwrap_or_default(),
                Beyond::FirstPage => pages.first().map(|page| page.to_vec()).unwrap_or_default(),
            },
        };
        let count = self.keys.len();
        let total = match total {
            Total::Right => Some(count),
            Total::Unsaid => None,
            Total::OfThePage => Some(keys.len()),
            Total::Zero => Some(0),
            Total::TooFew(by) => Some(count.saturating_sub(by)),
            Total::TooMany(by) => Some(count + by),
            Total::Now(said) => Some(said),
            Total::FirstPageOnly => (number == 1).then_some(count),
            Total::NowAndThen => self.dice.one_in(2).then_some(count),
        };
        // A server that ignores pages has no size of one.
        let size = (says_size && !ignores_paging).then_some(cap);
        Sent { keys, total, size }
    }

    pub(super) fn delete(&mut self, key: u32) -> Result<(), Fault> {
        self.change();
        let is_there = self.keys.contains(&key);
        let busy = Fault::Server {
            status: 503,
            message: None,
        };
        match self.habits.delete {
            Delete::Fails503 => Err(busy),
            Delete::Fails503AndAnotherRevokes => {
                self.remove(key);
                Err(busy)
            }
            _ if !is_there => Err(Fault::NotFound(None)),
            Delete::AcceptsOnly => Ok(()),
            Delete::Works => {
                self.remove(key);
                Ok(())
            }
            Delete::WorksAndLosesTheAnswer => {
                self.remove(key);
                Err(Fault::Interrupted)
            }
        }
    }
}

/// The model as the port: no network between.
pub(super) struct ModelApi(Mutex<State>);

impl ModelApi {
    pub(super) fn new(state: State) -> Self {
        Self(Mutex::new(state))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

pub(super) fn id(key: u32) -> KeyId {
    KeyId::new(&format!("key_{key}")).unwrap()
}

pub(super) fn number(id: &KeyId) -> u32 {
    id.raw().strip_prefix("key_").unwrap().parse().unwrap()
}

pub(super) fn key(number: u32) -> ApiKey {
    ApiKey {
        id: id(number),
        name: Label::new(&format!("Key {number}")),
        created_at: None,
        last_used_at: LastUse::Never,
        created_by: None,
        prefix: None,
        last_four: None,
    }
}

fn page(sent: Sent, stray: Option<u32>) -> KeyPage {
    let count = |count: usize| u64::try_from(count).unwrap();
    let is_stray = |key: &u32| Some(*key) == stray;
    let strays = sent.keys.iter().filter(|key| is_stray(key)).map(|_| Stray {
        why: "data[0].id is null".to_owned(),
        has_long_id: false,
        created_at: None,
        prefix: None,
        last_four: None,
    });
    KeyPage {
        strays: strays.collect(),
        keys: sent
            .keys
            .iter()
            .filter(|key| !is_stray(key))
            .copied()
            .map(key)
            .collect(),
        total: sent.total.map(count),
        size: sent.size.map(count),
        odd: 0,
    }
}

impl KeyApi for ModelApi {
    fn list_page(&self, number: u32) -> Answer<'_, Result<KeyPage, ApiError>> {
        let mut state = self.state();
        let stray = state.habits.stray;
        let page = page(state.page(usize::try_from(number).unwrap()), stray);
        Box::pin(async { Ok(page) })
    }

    fn create<'a>(&'a self, _name: &'a KeyName) -> Answer<'a, Result<CreatedKey, ApiError>> {
        unimplemented!("no test of lists makes a key")
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Answer<'a, Result<(), ApiError>> {
        let answer = self.state().delete(number(id));
        let consequence = match answer {
            Err(Fault::NotFound(_)) => Consequence::None,
            _ => Consequence::Possible,
        };
        let answer = answer.map_err(|fault| ApiError {
            consequence,
            ..self.failed(Operation::Revoke, fault)
        });
        Box::pin(async { answer })
    }

    fn teams(&self) -> Answer<'_, Result<TeamIdentity, ApiError>> {
        Box::pin(async { Ok(TeamIdentity::Unknown) })
    }

    fn probe<'a>(&'a self, _value: &'a Secret) -> Answer<'a, Result<Probe, ApiError>> {
        Box::pin(async { Ok(Probe::Refused) })
    }

    fn is_own(&self, _key: &ApiKey) -> Own {
        Own::No
    }

    fn clock_offset(&self) -> SignedDuration {
        SignedDuration::ZERO
    }

    fn failed(&self, operation: Operation, fault: Fault) -> ApiError {
        ApiError {
            operation,
            endpoint: "GET /get-api-keys".to_owned(),
            host: "model".to_owned(),
            fault,
            consequence: Consequence::None,
        }
    }
}
