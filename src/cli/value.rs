//! The value of a key that the person gives: on standard input or at a hidden prompt, never as an argument.

use std::io::IsTerminal;
use std::sync::Arc;

use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::Switches;
use crate::cli::profile::secret_of;
use crate::cli::prompt;
use crate::core::incident::unwrapped;
use crate::core::secret::Secret;

/// A value from standard input or a hidden prompt, without what was copied along with it.
pub(super) async fn leaked(switches: Switches) -> Result<Arc<Secret>, CommandError> {
    given(switches, "The leaked key (not shown): ").await.map(Arc::new)
}

/// A value from standard input, or at a hidden prompt that asks `question`.
pub(super) async fn given(switches: Switches, question: &str) -> Result<Secret, CommandError> {
    let bytes = if !std::io::stdin().is_terminal() {
        let read = prompt::all_of_stdin().await;
        read.map_err(|trouble| CommandError::new(Exit::Usage, trouble.sentence))?
    } else if switches.interactive {
        prompt::hidden(question).await?
    } else {
        return Err(CommandError::new(
            Exit::Usage,
            format!(
                "Cannot ask for the value: {}. Give it on standard input.",
                prompt::obstacle()
            ),
        ));
    };
    secret_of(unwrapped(&bytes)).map_err(|why| CommandError::new(Exit::Usage, why.to_string()))
}
