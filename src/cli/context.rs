//! What every command works with.

use std::future::Future;

use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::Switches;
use crate::cli::interrupt::Interrupts;
use crate::cli::output::Output;
use crate::cli::profile::Settings;
use crate::ops::sign_in::{Session, find_session};
use crate::ports::Ports;

/// What a command works with.
pub(crate) struct Context<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) settings: &'a Settings,
    pub(crate) switches: Switches,
    pub(crate) output: &'a mut Output,
}

/// Drops `work` at the first signal: nothing is printed before a command's end, so nothing is half said.
pub(crate) async fn until_interrupted<T>(
    interrupts: &mut Interrupts,
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    tokio::select! {
        biased;
        () = interrupts.next() => Err(CommandError::new(Exit::Declined, "Interrupted. Nothing was changed.")),
        done = work => done,
    }
}

/// The profile's session, or the sentence that says how to get one.
pub(crate) async fn session(ports: &Ports, settings: &Settings) -> Result<Session, CommandError> {
    match find_session(ports, &settings.profile).await? {
        Some(session) => Ok(session),
        None => Err(CommandError::new(Exit::Refused, not_signed_in(ports, settings))),
    }
}

pub(crate) fn not_signed_in(ports: &Ports, settings: &Settings) -> String {
    format!(
        "Not signed in: {} has no {}. Run “chatzuri-keys login”, or set CHATZURI_API_KEY.",
        ports.store.display_name(),
        settings.profile.account().as_str()
    )
}
