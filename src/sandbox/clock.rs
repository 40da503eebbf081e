//! The sandbox's own clock: the machine's, or one that was set and runs on from there.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// Tells the sandbox's time.
#[derive(Debug)]
pub(super) struct SandboxClock {
    /// The time it was set to, and when that was; `None` follows the machine.
    set: Option<(Timestamp, Instant)>,
    /// Milliseconds it was moved by since.
    moved: AtomicI64,
}

impl SandboxClock {
    /// A clock that shows `now` at this moment, or the machine's time.
    pub(super) fn new(now: Option<Timestamp>) -> Self {
        Self {
            set: now.map(|time| (time, Instant::now())),
            moved: AtomicI64::new(0),
        }
    }

    /// Lets so much time pass at once.
    pub(super) fn pass(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        self.moved.fetch_add(millis, Ordering::Relaxed);
    }

    /// The time now.
    pub(super) fn now(&self) -> Timestamp {
        let unmoved = match self.set {
            None => Timestamp::now(),
            Some((time, since)) => later(time, SignedDuration::try_from(since.elapsed()).unwrap_or_default()),
        };
        later(unmoved, SignedDuration::from_millis(self.moved.load(Ordering::Relaxed)))
    }
}

/// `time` moved by `by`, or the end of time where that is not a date.
pub(super) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// A time as an HTTP header carries it.
pub(super) fn http_date(time: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&time)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_clock_runs_on_from_the_time_it_was_set_to() {
        let set: Timestamp = "2031-05-06T07:08:09Z".parse().unwrap();
        let clock = SandboxClock::new(Some(set));
        let first = clock.now();
        assert!(first >= set);
        assert!(clock.now() >= first);
        assert_eq!(http_date(set), "Tue, 06 May 2031 07:08:09 GMT");
    }
}
