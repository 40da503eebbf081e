//! When a read that failed is asked again: full jitter, so that many clients do not come back together
//! (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).

use std::time::Duration;

/// How a read that failed is asked again. Creating and revoking never are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Tries in all. Default: 3.
    pub tries: u32,
    /// The longest first wait; it doubles with each try. Default: 200 ms.
    pub base: Duration,
    /// The longest wait of any try. Default: 5 s.
    pub cap: Duration,
    /// The longest `Retry-After` that is waited out here; a longer one is reported at once, so that the person sees a
    /// countdown and not a stalled program. Default: 10 s.
    pub retry: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            tries: 3,
            base: Duration::from_millis(200),
            cap: Duration::from_secs(5),
            retry: Duration::from_secs(10),
        }
    }
}

impl Backoff {
    /// How long to wait after the `failed`th failure (from 1); `None` when it is to be reported instead. The wait is
    /// `random` (evenly spread over `u32`) of the ceiling, and never less than what the server `asked` for.
    #[must_use]
    pub fn wait(&self, failed: u32, asked: Option<Duration>, random: u32) -> Option<Duration> {
        let asked = asked.unwrap_or(Duration::ZERO);
        if failed >= self.tries || asked > self.retry {
            return None;
        }
        let doubled = 2u32.saturating_pow(failed.saturating_sub(1));
        let ceiling = self.base.saturating_mul(doubled).min(self.cap);
        let jitter = ceiling.mul_f64(f64::from(random) / f64::from(u32::MAX));
        Some(jitter.max(asked))
    }
}

/// A random number for [`Backoff::wait`]; the middle where the system has none to give.
pub(super) fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let backoff = Backoff {
            tries: 9,
            ..Backoff::default()
        };
        let ceilings: Vec<_> = (1..9).map(|n| backoff.wait(n, None, u32::MAX).unwrap()).collect();
        let expected = [200, 400, 800, 1600, 3200, 5000, 5000, 5000].map(ms);
        assert_eq!(ceilings, expected);
    }

    #[test]
    fn the_last_try_is_the_last() {
        let backoff = Backoff::default();
        assert!(backoff.wait(2, None, 0).is_some());
        assert_eq!(backoff.wait(3, None, 0), None);
    }

    #[test]
    fn retry_after_is_a_floor_and_a_long_one_is_reported() {
        let backoff = Backoff::default();
        assert_eq!(backoff.wait(1, Some(ms(7000)), u32::MAX), Some(ms(7000)));
        assert_eq!(backoff.wait(1, Some(ms(100)), u32::MAX), Some(ms(200)));
        assert_eq!(backoff.wait(1, Some(ms(10_001)), 0), None);
    }

    proptest! {
        #[test]
        fn a_wait_is_between_what_was_asked_and_the_ceiling(
            failed in 0u32..100, asked in proptest::option::of(0u64..20_000), random: u32
        ) {
            let backoff = Backoff { tries: 60, ..Backoff::default() };
            let asked = asked.map(ms);
            if let Some(wait) = backoff.wait(failed, asked, random) {
                let floor = asked.unwrap_or_default();
                prop_assert!(wait >= floor && wait <= floor.max(backoff.cap));
            }
        }
    }
}
