//! The machine's clock.

use jiff::Timestamp;

use crate::ports::Clock;

/// [`Clock`] by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
