//! A file per command, its arguments beside its run; a folder where one file is too long.

pub(crate) mod create;
pub(crate) mod due;
pub(crate) mod identify;
pub(crate) mod leak;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod sandbox;
pub(crate) mod show;
pub(crate) mod snooze;
pub(crate) mod status;
pub(crate) mod teams;
pub(crate) mod track;

use crate::cli::args::Command;
use crate::cli::context::{Context, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;

/// Runs one command.
pub(super) async fn dispatch(
    command: &Command,
    context: Context<'_>,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
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
            "The sandbox does not run on a signed-in profile.",
        )),
    }
}
