//! The scriptable face: one file per command, and one place that writes.

pub mod args;
mod create;
mod due;
pub mod exit;
mod find;
mod identify;
pub mod interrupt;
mod leak;
mod list;
mod log;
mod login;
mod logout;
mod manual;
pub mod output;
pub mod profile;
mod prompt;
mod revoke;
mod rotate;
mod show;
mod snooze;
mod status;
mod teams;
#[cfg(test)]
mod testing;
mod track;
pub mod usage;

use std::future::Future;

use crate::cli::args::{Command, Global};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::Output;
use crate::cli::profile::Settings;
use crate::ops::sign_in::{Session, find_session};
use crate::ports::Ports;

/// The answers given on the command line before anything is asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Switches {
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
    /// Yes to what would be asked.
    pub yes: bool,
    /// Somebody is there to be asked: a terminal, and no `--no-input`.
    pub interactive: bool,
}

impl Switches {
    /// What the flags say, and whether there is a terminal to ask on.
    #[must_use]
    pub fn of(flags: &Global) -> Self {
        Self {
            dry_run: flags.dry_run,
            yes: flags.yes,
            interactive: !flags.no_input && prompt::can_ask(),
        }
    }
}

/// What a command works with.
struct Context<'a> {
    ports: &'a Ports,
    settings: &'a Settings,
    switches: Switches,
    output: &'a mut Output,
}

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
            format!("Signals cannot be heard here: {error}."),
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

async fn dispatch(command: &Command, context: Context<'_>, interrupts: &mut Interrupts) -> Result<Exit, CommandError> {
    match command {
        Command::List(args) => until_interrupted(interrupts, list::run(context, args.json)).await,
        Command::Show(args) => until_interrupted(interrupts, show::run(context, args)).await,
        Command::Teams(args) => until_interrupted(interrupts, teams::run(context, args.json)).await,
        Command::Status(args) => until_interrupted(interrupts, status::run(context, args.json)).await,
        Command::Log(args) => until_interrupted(interrupts, log::run(context, args)).await,
        Command::Due(args) => until_interrupted(interrupts, due::run(context, args)).await,
        Command::Login(args) => until_interrupted(interrupts, login::run(context, args)).await,
        Command::Logout => until_interrupted(interrupts, logout::run(context)).await,
        // These stop where they can say what is true then.
        Command::Create(args) => create::run(context, args, interrupts).await,
        Command::Revoke(args) => revoke::run(context, args, interrupts).await,
        Command::Rotate(args) => rotate::run(context, &args.step, interrupts).await,
        Command::Track(args) => track::run(context, args, interrupts).await,
        Command::Untrack(args) => until_interrupted(interrupts, track::untrack(context, args)).await,
        Command::Snooze(args) => snooze::run(context, args, interrupts).await,
        Command::Identify(args) => until_interrupted(interrupts, identify::run(context, args.json)).await,
        Command::Leak(args) => leak::run(context, args, interrupts).await,
        Command::Sandbox(_) => Err(CommandError::new(
            Exit::Usage,
            "The sandbox is no command of a signed-in profile.",
        )),
    }
}

/// Drops `work` at the first signal: nothing is printed before a command's end, so nothing is half said.
async fn until_interrupted<T>(
    interrupts: &mut Interrupts,
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    tokio::select! {
        biased;
        () = interrupts.next() => Err(CommandError::new(Exit::Declined, "Interrupted; nothing was changed.")),
        done = work => done,
    }
}

/// The profile's session, or the sentence that says how to get one.
async fn session(ports: &Ports, settings: &Settings) -> Result<Session, CommandError> {
    match find_session(ports, &settings.profile).await? {
        Some(session) => Ok(session),
        None => Err(CommandError::new(Exit::Refused, not_signed_in(ports, settings))),
    }
}

fn not_signed_in(ports: &Ports, settings: &Settings) -> String {
    format!(
        "Not signed in: {} holds no {}. Run “chatzuri-keys login”, or set CHATZURI_API_KEY.",
        ports.store.display_name(),
        settings.profile.account().as_str()
    )
}
