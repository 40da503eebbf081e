//! The scriptable face: one file per command, and one place that writes.

pub mod args;
pub mod commands;
mod context;
pub mod exit;
mod find;
pub mod global;
pub mod interrupt;
mod manual;
pub mod output;
pub mod profile;
mod prompt;
#[cfg(test)]
mod testing;
pub mod usage;
mod value;

use crate::cli::args::Command;
use crate::cli::commands::dispatch;
use crate::cli::context::Context;
use crate::cli::exit::{CommandError, Exit};
pub use crate::cli::global::Switches;
use crate::cli::interrupt::Interrupts;
use crate::cli::output::Output;
use crate::cli::profile::Settings;
use crate::ports::Ports;

/// Runs one command to its end and says how it went.
pub async fn run(
    command: &Command,
    ports: &Ports,
    settings: &Settings,
    switches: Switches,
    output: &mut Output,
) -> Exit {
    let (profile, host) = (&settings.profile.name, settings.profile.base_url.host());
    tracing::info!(
        command = command.word(),
        profile,
        host,
        dry_run = switches.dry_run,
        "began"
    );
    let ended = match Interrupts::listen() {
        Ok(mut interrupts) => {
            let context = Context {
                ports,
                settings,
                switches,
                output,
            };
            dispatch(command, context, &mut interrupts).await
        }
        Err(error) => Err(CommandError::new(
            Exit::Error,
            format!("Cannot listen for signals: {error}."),
        )),
    };
    let exit = match ended {
        Ok(exit) => exit,
        Err(trouble) => {
            output.error(&trouble.sentence);
            trouble.exit
        }
    };
    tracing::info!(code = exit.code(), "ended");
    exit
}
