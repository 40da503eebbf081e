//! A store that did not take a new value is tried again.

use std::time::Duration;

use tokio::time::Instant;

use crate::cli::context::Context;
use crate::cli::interrupt::Interrupts;
use crate::ops::create::{NewKey, Safety, escrow_again};
use crate::ports::StoreError;

/// How long a store that does not take a new value is tried.
pub(super) const LONGEST: Duration = Duration::from_secs(60);
/// Wait before the store is tried again; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// Tries the store until it keeps the value, for at most so long; a signal ends it. A closed terminal does not.
pub(in crate::cli) async fn try_again(
    context: &mut Context<'_>,
    new: &mut NewKey,
    longest: Duration,
    interrupts: &mut Interrupts,
) -> bool {
    let error = match &new.safety {
        Safety::Escrowed => return true,
        // It took nothing before the key was made, and the person said where the value goes instead.
        Safety::MemoryOnly(StoreError::Absent) => return false,
        Safety::MemoryOnly(error) => error.to_string(),
    };
    if longest.is_zero() {
        return false;
    }
    let (called, store) = (new.key.display_name(), context.ports.store.display_name());
    let gives_up = if context.switches.interactive {
        "asks whether to give up"
    } else {
        "gives up"
    };
    context.output.warn(&format!(
        "{called} was created, but its value is not stored yet: {error}.\nTrying again for up to {} s; Ctrl-C \
         {gives_up}.",
        longest.as_secs()
    ));
    let end = Instant::now() + longest;
    let mut wait = FIRST_WAIT;
    let trying = async {
        while !escrow_again(context.ports, &context.settings.profile, new).await {
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    };
    let kept = tokio::select! {
        biased;
        () = interrupts.next_but_hangup() => false,
        tried = tokio::time::timeout_at(end, trying) => tried.is_ok(),
    };
    if kept {
        context
            .output
            .say(&format!("The value of {called} is now safe in {store}."));
    }
    kept
}
