//! What was seen of the use of both keys, and whether it says that the traffic has moved.

use jiff::{SignedDuration, Timestamp};

use crate::core::key::LastUse;

/// Distinct uses kept of each key, for the timeline.
const KEPT: usize = 48;
/// A use this near to a request of our own with that key is not traffic.
const OURS: SignedDuration = SignedDuration::from_secs(2);
/// How fine the server's `Date` tells time.
const DATE: SignedDuration = SignedDuration::from_secs(1);
/// A use this far ahead of the server's own clock cannot be: `Date` is whole seconds, and servers differ a little.
const AHEAD: SignedDuration = SignedDuration::from_secs(60);

/// What the list says of both keys at one moment; `None`: the key is not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// When the list was read, by the server's clock.
    pub at: Timestamp,
    /// The old key's last use.
    pub old: Option<LastUse>,
    /// The new key's last use.
    pub new: Option<LastUse>,
}

/// Something a last use must not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// It was earlier than one seen before.
    WentBack,
    /// It lies in the future of the server's own clock.
    InFuture,
}

impl Odd {
    /// The word for machine output and the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::WentBack => "went_back",
            Self::InFuture => "in_future",
        }
    }

    /// What is said of it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::WentBack => "its last use went back in time, so the latest one seen counts",
            Self::InFuture => "its last use is in the future, so it counts as used just now",
        }
    }
}

/// The uses seen of one key, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uses {
    /// Distinct last uses, oldest first; the newest few of them.
    pub seen: Vec<Timestamp>,
    /// Whether the server told a last use at all, or that there was none, the last time; `None`: no list that was read has
    /// held the key yet.
    pub told: Option<bool>,
    /// What was odd about the newest answer.
    pub odd: Option<Odd>,
}

impl Uses {
    /// The latest use ever seen: a server that goes back in time does not make a key quiet.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.seen.last().copied()
    }

    fn take(&mut self, last_use: LastUse, read_at: Timestamp) {
        self.told = Some(last_use != LastUse::Unknown);
        self.odd = None;
        let Some(mut used) = last_use.time() else {
            if last_use == LastUse::Never && !self.seen.is_empty() {
                self.odd = Some(Odd::WentBack);
            }
            return;
        };
        if used.duration_since(read_at) > AHEAD {
            self.odd = Some(Odd::InFuture);
            used = read_at;
        }
        match self.last() {
            Some(last) if used < last => self.odd = self.odd.or(Some(Odd::WentBack)),
            Some(last) if used == last => {}
            _ => self.seen.push(used),
        }
        let surplus = self.seen.len().saturating_sub(KEPT);
        self.seen.drain(..surplus);
    }
}

/// What was seen of both keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watch {
    /// The old key's uses.
    pub old: Uses,
    /// The new key's uses.
    pub new: Uses,
    /// When the list was last read for it, by the server's clock.
    pub read_at: Option<Timestamp>,
}

/// What a watch is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// When the last place was ticked.
    pub rolled_out: Timestamp,
    /// Whether the old key is our own credential: then we are its traffic.
    pub own: bool,
    /// When we probed the new key.
    pub probed: Option<Timestamp>,
    /// How long the old key has to be quiet.
    pub quiet: SignedDuration,
    /// Now, by the server's clock.
    pub now: Timestamp,
}

/// What step 3 waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// The list has not been read since the roll-out.
    FirstReading,
    /// The server does not say when a key was last used: only a person can tell.
    Untold,
    /// The new key has not been used since the roll-out.
    NewInUse,
    /// The old key is to stay quiet for so long.
    OldQuiet {
        /// How long it has been.
        so_far: SignedDuration,
        /// How long it still has to be.
        left: SignedDuration,
    },
}

impl Watch {
    /// Takes what a list says; an older one than the last changes nothing.
    pub(super) fn take(&mut self, seen: &Observation) {
        if self.read_at.is_some_and(|last| seen.at < last) {
            return;
        }
        self.read_at = Some(seen.at);
        if let Some(old) = seen.old {
            self.old.take(old, seen.at);
        }
        if let Some(new) = seen.new {
            self.new.take(new, seen.at);
        }
    }

    /// What is still awaited; `None`: the traffic has moved.
    #[must_use]
    pub fn awaited(&self, reading: &Reading) -> Option<Awaited> {
        let read_at = match self.read_at {
            // Both are told by the server's `Date`, which is whole seconds.
            Some(at) if reading.rolled_out.duration_since(at) < DATE => at,
            _ => return Some(Awaited::FirstReading),
        };
        let new = if reading.own { Some(true) } else { self.new.told };
        match (self.old.told, new) {
            (Some(false), _) | (_, Some(false)) => return Some(Awaited::Untold),
            (None, _) | (_, None) => return Some(Awaited::FirstReading),
            (Some(true), Some(true)) => {}
        }
        let is_traffic = |used: Timestamp| reading.probed.is_none_or(|ours| used.duration_since(ours).abs() > OURS);
        let used_since = |used: &Timestamp| *used > reading.rolled_out && is_traffic(*used);
        // Our own credential is used by us: that the keyring holds it is the proof.
        if !reading.own && !self.new.seen.iter().any(used_since) {
            return Some(Awaited::NewInUse);
        }
        // Quiet is what was seen to be quiet: the time after the last reading tells nothing.
        let until = read_at.min(reading.now);
        let so_far = match self.old.last() {
            Some(last) => until.duration_since(last).max(SignedDuration::ZERO),
            None => return None,
        };
        (so_far < reading.quiet).then(|| Awaited::OldQuiet {
            so_far,
            left: reading.quiet - so_far,
        })
    }
}
