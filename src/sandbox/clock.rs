//! The sandbox's own clock: the machine's, or one that was set and runs on from there.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// Tells the sandbox's time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// The time it was set to, and when that was; `None` follows the machine.
    set: Option<(Timestamp, Instant)>,
}

impl Clock {
    /// A clock that shows `now` at this moment, or the machine's time.
    pub(super) fn new(now: Option<Timestamp>) -> Self {
        Self {
            set: now.map(|time| (time, Instant::now())),
        }
    }

    /// The time now.
    pub(super) fn now(&self) -> Timestamp {
        match self.set {
            None => Timestamp::now(),
            Some((time, since)) => later(time, SignedDuration::try_from(since.elapsed()).unwrap_or_default()),
        }
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
        let clock = Clock::new(Some(set));
        let first = clock.now();
        assert!(first >= set);
        assert!(clock.now() >= first);
        assert_eq!(http_date(set), "Tue, 06 May 2031 07:08:09 GMT");
    }
}
