//! The `DELETE` itself, sent again where that may mend it.

use std::time::Duration;

use crate::core::key::Own;
use crate::core::listing::ListedKey;
use crate::ops::client::TeamClient;
use crate::ports::{ApiError, Consequence, Fault};

/// How often and how patiently a `DELETE` that failed is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Times the `DELETE` is sent at most.
    pub sends: u32,
    /// Wait before the second one; doubled each time. A longer `Retry-After` wins.
    pub first_wait: Duration,
    /// The longest `Retry-After` that is waited for.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            sends: 4,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// What the server made of a `DELETE`, sent as often as it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    /// It was accepted.
    Accepted,
    /// An answer got lost, and the server knows no such id since.
    Vanished,
    /// An answer got lost, and our own credential, which it was about, is refused since.
    OwnRefused,
    /// 404: the server knows no such id.
    UnknownId,
    /// A person does it in the browser.
    Manual,
    /// 401 or 403.
    Refused(ApiError),
    /// It failed in a way that asking again does not mend, or only after a longer wait than we have.
    Failed(ApiError),
    /// It failed the last time it was sent, and may have had its effect all the same.
    GaveUp(ApiError),
}

/// Sends the `DELETE`, and again after a failure that may pass: only the server's own yes or 404 says that it took effect.
/// That a list lacks the key does not.
pub(super) async fn send(api: &TeamClient, target: &ListedKey, retry: RetryPolicy) -> Sent {
    let key = &target.key;
    let mut wait = retry.first_wait;
    let mut sends = 0;
    // Whether an earlier send may have had its effect: then a later no does not say that the key is alive.
    let mut maybe_done = false;
    loop {
        sends += 1;
        let error = match api.revoke(&key.id).await {
            Ok(()) => return Sent::Accepted,
            Err(error) => error,
        };
        match &error.fault {
            Fault::NotFound(_) if maybe_done => return Sent::Vanished,
            Fault::NotFound(_) => return Sent::UnknownId,
            Fault::Unauthorized if sends > 1 && target.own == Own::Yes => return Sent::OwnRefused,
            _ if maybe_done && !may_send_again(&error) => return Sent::GaveUp(after_a_lost_answer(error)),
            Fault::Unauthorized | Fault::Forbidden(_) => return Sent::Refused(error),
            _ if !may_send_again(&error) => return Sent::Failed(error),
            _ => {}
        }
        maybe_done |= error.consequence == Consequence::Possible;
        if sends >= retry.sends {
            return Sent::GaveUp(error);
        }
        let asked = match error.fault {
            Fault::RateLimited(asked) => asked.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        if asked > retry.longest_wait {
            return if maybe_done {
                Sent::GaveUp(after_a_lost_answer(error))
            } else {
                Sent::Failed(error)
            };
        }
        tokio::time::sleep(wait.max(asked)).await;
        wait = wait.saturating_mul(2);
    }
}

/// 429, 5xx and a lost reply: the server may take the same request a moment later, and revoking twice does no harm.
fn may_send_again(error: &ApiError) -> bool {
    matches!(error.fault, Fault::RateLimited(_) | Fault::Server { .. })
        || error.consequence == Consequence::Possible
        || matches!(error.fault, Fault::Interrupted | Fault::TimedOut(_))
}

/// A refusal after a send whose answer was lost does not say that the key is alive: only the list can.
fn after_a_lost_answer(error: ApiError) -> ApiError {
    ApiError {
        consequence: Consequence::Possible,
        ..error
    }
}
