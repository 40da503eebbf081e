//! The whole command line.

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::cli::commands::create::args::CreateArgs;
use crate::cli::commands::due::args::DueArgs;
use crate::cli::commands::identify;
use crate::cli::commands::leak::args::LeakArgs;
use crate::cli::commands::log::LogArgs;
use crate::cli::commands::login::LoginArgs;
use crate::cli::commands::revoke::args::RevokeArgs;
use crate::cli::commands::rotate::args::RotateArgs;
use crate::cli::commands::sandbox::SandboxArgs;
use crate::cli::commands::show::ShowArgs;
use crate::cli::commands::snooze::SnoozeArgs;
use crate::cli::commands::track::{TrackArgs, UntrackArgs};
use crate::cli::global::Global;

const EXITS: &str = "\
Exit codes:
  0   done
  1   an error
  2   wrong usage or settings, or nothing done because a choice is missing
  3   declined or interrupted
  4   not signed in, or refused by the server
  5   some of several failed, or the data is incomplete
  6   something is due (due --check)
  7   not proven dead
  10  no such key

Environment:
  CHATZURI_API_KEY    the key to use; overrides the one in the keyring
  CHATZURI_BASE_URL   where the API is
  CHATZURI_PROFILE    the profile to use
  NO_COLOR            no colours

Examples:
  chatzuri-keys sandbox                     try everything on a local server
  chatzuri-keys login                       sign in; your keyring keeps the key
  chatzuri-keys                             the dashboard
  chatzuri-keys list --json | jq -r '.keys[] | select(.status == \"overdue\") | .name'
  chatzuri-keys create Zapier --show | gh secret set ZAPIER_KEY
  chatzuri-keys revoke key_9fbc5e28d742 --yes
  pbpaste | chatzuri-keys leak --yes";

/// A terminal dashboard, and a command for scripts, that manage a team's Chatzuri API keys.
///
/// Without a command, it opens the dashboard. Data goes to standard output, messages to standard error. Give a secret on
/// standard input or at a hidden prompt, never as an argument.
#[derive(Debug, Parser)]
#[command(name = "chatzuri-keys", version, after_long_help = EXITS, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub struct Args {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do; the dashboard when nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// A command.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List the team's keys
    List(Json),
    /// Show one key
    Show(ShowArgs),
    /// Create a key; its value is shown only once
    Create(CreateArgs),
    /// Revoke keys, then read the list again to check that they are gone
    Revoke(RevokeArgs),
    /// Rotate a key in four resumable steps: create, roll out, confirm traffic, revoke
    Rotate(RotateArgs),
    /// Track a key that the server does not list, or a file of them
    Track(TrackArgs),
    /// Stop tracking a key; the key itself stays as it is
    Untrack(UntrackArgs),
    /// Show which keys are due, for people, CI, calendars and monitoring
    Due(DueArgs),
    /// Postpone a key's due date to a day you choose, with a reason
    Snooze(SnoozeArgs),
    /// Revoke a leaked key by its value, and check until it is dead
    Leak(LeakArgs),
    /// Show which key a value belongs to; the value is never printed
    #[command(after_long_help = identify::HELP)]
    Identify(Json),
    /// Show what was done to keys on this machine, and when
    Log(LogArgs),
    /// Sign in with a key; your keyring keeps it
    Login(LoginArgs),
    /// Sign out: delete the key from your keyring
    Logout,
    /// Show which server and key are in use, and whether they work
    Status(Json),
    /// List the teams your key can access
    Teams(Json),
    /// Try everything on a local server
    Sandbox(SandboxArgs),
}

/// A command whose only choice is the shape of its data.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct Json {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Command {
    /// The word it is called by.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::List(_) => "list",
            Self::Show(_) => "show",
            Self::Create(_) => "create",
            Self::Revoke(_) => "revoke",
            Self::Rotate(_) => "rotate",
            Self::Track(_) => "track",
            Self::Untrack(_) => "untrack",
            Self::Due(_) => "due",
            Self::Snooze(_) => "snooze",
            Self::Leak(_) => "leak",
            Self::Identify(_) => "identify",
            Self::Log(_) => "log",
            Self::Login(_) => "login",
            Self::Logout => "logout",
            Self::Status(_) => "status",
            Self::Teams(_) => "teams",
            Self::Sandbox(_) => "sandbox",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_long_help_states_every_exit_code_and_no_value_of_the_environment() {
        let help = Args::command().render_long_help().to_string();
        for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "10 "] {
            assert!(help.contains(&format!("\n  {code}")), "{code}");
        }
        assert!(!help.contains("[env:"));
    }

    #[test]
    fn global_flags_may_follow_the_command() {
        let args = Args::try_parse_from(["chatzuri-keys", "revoke", "a", "b", "-y", "--profile", "acme"]).unwrap();
        assert!(args.global.yes);
        assert_eq!(args.global.profile.as_deref(), Some("acme"));
        assert!(matches!(args.command, Some(Command::Revoke(revoke)) if revoke.keys == ["a", "b"]));
    }
}
