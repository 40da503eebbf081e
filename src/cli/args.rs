//! The whole command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

mod rotate;

pub use rotate::{
    RotateAdoptArgs, RotateArgs, RotateCancelArgs, RotateConfirmArgs, RotateFinishArgs, RotateStartArgs,
    RotateStatusArgs, RotateStep, RotateTickArgs,
};

use self::rotate::ROTATE_HELP;

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
  CHATZURI_API_KEY    the key to work with; overrides the one kept in the keyring
  CHATZURI_BASE_URL   where the API is
  CHATZURI_PROFILE    the profile to use
  NO_COLOR            no colours

Examples:
  chatzuri-keys sandbox                     try everything on a server of your own
  chatzuri-keys login                       sign in; the key is kept in your keyring
  chatzuri-keys                             the dashboard
  chatzuri-keys list --json | jq -r '.keys[] | select(.status == \"overdue\") | .name'
  chatzuri-keys create Zapier --show | gh secret set ZAPIER_KEY
  chatzuri-keys revoke key_9fbc5e28d742 --yes
  pbpaste | chatzuri-keys leak --yes";

/// A terminal dashboard, and a command for scripts, that manage a team's Chatzuri API keys.
///
/// Without a command it opens the dashboard. Data goes to standard output, words to standard error. Secrets come in on
/// standard input or a hidden prompt only, and never stand in an argument.
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

/// What every command takes.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct Global {
    /// Print only data and what has to be known
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub quiet: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long, global = true, help_heading = "Everywhere")]
    pub dry_run: bool,
    /// Answer yes to what would be asked
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub yes: bool,
    /// Never ask anything
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub no_input: bool,
    /// The profile to use
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "NAME")]
    pub profile: Option<String>,
    /// The config file to read
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the API is
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "URL")]
    pub base_url: Option<String>,
    /// Add what is done to this file, never a secret
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

/// A command.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// List the team's keys
    List(Json),
    /// Show one key
    Show(ShowArgs),
    /// Create a key, whose value is shown this once
    #[command(after_long_help = CREATE_HELP)]
    Create(CreateArgs),
    /// Revoke keys, and read the list again to see them gone
    #[command(after_long_help = REVOKE_HELP)]
    Revoke(RevokeArgs),
    /// Rotate a key in four steps that are kept: create, roll out, confirm traffic, revoke
    #[command(after_long_help = ROTATE_HELP)]
    Rotate(RotateArgs),
    /// Write down a key that the server does not list, or a file of them
    #[command(after_long_help = TRACK_HELP)]
    Track(TrackArgs),
    /// Take a key off the tracked ones; the key itself stays as it is
    Untrack(UntrackArgs),
    /// Say which keys are due, for people, CI, calendars and monitoring
    #[command(after_long_help = DUE_HELP)]
    Due(DueArgs),
    /// Put a key's due date off until a day, with a reason
    #[command(after_long_help = SNOOZE_HELP)]
    Snooze(SnoozeArgs),
    /// Kill a leaked key by its value, and watch it die
    #[command(after_long_help = LEAK_HELP)]
    Leak(LeakArgs),
    /// Say which key a value belongs to; the value is never printed
    #[command(after_long_help = IDENTIFY_HELP)]
    Identify(Json),
    /// Say what was done to keys on this machine, and when
    #[command(after_long_help = LOG_HELP)]
    Log(LogArgs),
    /// Sign in with a key, which is kept in your keyring
    #[command(after_long_help = LOGIN_HELP)]
    Login(LoginArgs),
    /// Forget the kept key
    Logout,
    /// Say which server and key are used, and whether they work
    Status(Json),
    /// List the teams the key opens
    Teams(Json),
    /// Start a server of your own to try everything on
    #[command(after_long_help = SANDBOX_HELP)]
    Sandbox(SandboxArgs),
}

const CREATE_HELP: &str = "\
The value is kept in your keyring until it is handed over. With --show it is written to standard output, and the words \
go to standard error:

  chatzuri-keys create Zapier --show | gh secret set ZAPIER_KEY

With --to the value goes to a place of yours and is shown nowhere. Every place is looked at before the key is made, and \
one that fails is tried again alone:

  chatzuri-keys create Zapier --to gh:acme/web/CHATZURI_API_KEY --to pass:work/chatzuri
  chatzuri-keys create --resume Zapier --to pass:work/chatzuri

A TARGET is the NAME of a [sinks.NAME] in your config, or one of: gh:OWNER/REPO[@ENVIRONMENT]/NAME, \
aws:SECRET_ID[#FIELD], doppler:PROJECT/CONFIG/NAME, op://VAULT/ITEM[/SECTION]/FIELD, vault:MOUNT/PATH#FIELD, \
k8s:[CONTEXT/]NAMESPACE/SECRET/KEY, pass:PATH, gcloud:[PROJECT/]SECRET. What else a target holds stays as it is; a \
target that holds more than the value, and does not say which part of it the value is, is refused. Without CONTEXT or \
PROJECT the current one is named, and you confirm it: on a terminal you are asked, elsewhere --yes is needed.

After a crash, or without --to, --show and --copy, the value waits:

  chatzuri-keys create --resume --show

Where the server has no endpoint for it, the page of the keys opens in your browser: make the key there and paste its \
value at the hidden prompt, or give it on standard input. From there on it is a new key like any other:

  pbpaste | chatzuri-keys create Zapier --paste --to pass:work/chatzuri
  chatzuri-keys create --resume Zapier --paste        it was made, and not pasted yet
  chatzuri-keys create --resume Zapier --not-made     it was not made after all

Exit codes: 0 done; 2 a target is not ready or not confirmed, and nothing was sent; 3 declined, and nothing was sent; 5 a \
target did not take the value.";

const TRACK_HELP: &str = "\
For a server that has no endpoint to list keys: a tracked key is in this machine's journal, and has its timer, owner, \
places and exports like any other. Its value is never kept; with --with-value it is tried once, and told again by its \
fingerprint when it leaks.

  chatzuri-keys track Zapier --created 2026-09-01 --last-four CpSn --owner ops
  op read op://Work/Zapier/key | chatzuri-keys track Zapier --created 2026-09-01 --with-value
  chatzuri-keys track --import keys.csv

A file is CSV with the columns name and created, and last_four, owner, id where you have them; or JSON, as list --json \
writes it. It is shown first, and tracked whole or not at all.

When the server lists keys by then, --match shows which of them the tracked ones are, and hands them over.

Exit codes: 0 done; 2 wrong, and nothing was tracked, or not confirmed; 3 declined.";

const DUE_HELP: &str = "\
Overdue keys are always listed, and so are keys whose age nobody knows. A snoozed key is listed under its reason, and \
--check does not count it. ics and prometheus hold every key unless --within is given.

  chatzuri-keys due
  chatzuri-keys due --all-profiles --format ics > rotation.ics
  chatzuri-keys list --json > list.json
  chatzuri-keys due --check --from list.json     in CI: no credential, no network

Exit codes: 0 done, and with --check nothing is due; 1 the file cannot be read; 5 the data is incomplete or too old, \
whatever is due in it; 6 with --check: something is due.";

const SNOOZE_HELP: &str = "\
It is written in this machine's journal, and ends by itself when the day is over (UTC).

  chatzuri-keys snooze Zapier --until 2026-12-01 --reason \"moves to the new account in November\"
  chatzuri-keys snooze Zapier --off";

const LOG_HELP: &str = "\
Neither the network nor a credential is needed.

  chatzuri-keys log --since 7d
  chatzuri-keys log --key Zapier --json | jq '.entries[] | select(.action == \"revoke\")'";

const REVOKE_HELP: &str = "\
KEY is an id or a name; an id wins over a name, and a name that several keys have revokes nothing. On a terminal the \
key is named and asked for, and of several the plan is shown and their count is typed; elsewhere --yes is needed. Several \
go on past one that fails, and one reading of the list at the end proves them all.

--created-by and --unused-for describe keys: alone they look at the whole list, with names they narrow them. A key of \
which the list does not say enough is left out, and so is the one we are signed in with unless it is named; it goes last.

  chatzuri-keys revoke key_9fbc5e28d742
  chatzuri-keys revoke Zapier \"Old website\" --dry-run
  chatzuri-keys revoke --created-by jonas@acme.example --unused-for 90d --dry-run
  chatzuri-keys revoke --from-file leavers.txt --yes
  chatzuri-keys revoke key_9fbc5e28d742 --yes --json

Where the server has no endpoint for it, the page of the keys opens in your browser and you click. With the key's value \
(--with-value, or one that still waits in the keyring) its death is watched; without, you say that it is done, which is \
written down as attested:

  op read op://Work/Zapier/key | chatzuri-keys revoke Zapier --with-value --yes
  chatzuri-keys revoke Zapier --attest --yes

Exit codes: 0 revoked and gone from the list, or already gone, or dead; 2 ambiguous name, or not confirmed; 3 declined; \
4 refused; 5 some of several failed; 7 accepted but not proven, or attested; 10 no such key.";

const LEAK_HELP: &str = "\
The value comes in on standard input or at a hidden prompt; quotes, “Authorization: Bearer ” and “KEY=” around it are \
dropped. Its key is looked for in the list of every signed-in team, by the fingerprint kept when it was made here, by the \
ends the list shows, or by whose last use moves when the value is tried. Several that fit are shown, and none is guessed. \
Then it is revoked, and the value is tried until it got 401 three times in a row and another credential, where there is \
one, got 200.

  chatzuri-keys leak
  pbpaste | chatzuri-keys leak --yes --report incident.md
  printf %s \"$LEAKED\" | CHATZURI_API_KEY=\"$(op read op://Work/Chatzuri/key)\" chatzuri-keys leak --yes

With --replace a successor is created first, its value is handed to the places of the key in the config, and only then \
the leaked one is revoked. A place that does not take it is told, and the value waits in the keyring (create --resume); \
you are asked whether to go on, and --yes goes on.

With --with-leaked-key the leaked key itself lists and revokes itself in its own team, where no credential of yours can.

Exit codes: 0 dead, or already gone; 2 ambiguous, or not confirmed, or no key; 3 declined; 4 refused; 5 dead, but its \
replacement is not everywhere; 7 still alive, or \
not proven dead; 10 the value gets 401 and matches nothing.";

const IDENTIFY_HELP: &str = "\
  pbpaste | chatzuri-keys identify

Exit codes: 0 found, or alive in a team of somebody else; 2 several keys fit; 7 the value could not be tried; 10 the \
value gets 401 and matches nothing.";

const LOGIN_HELP: &str = "\
  chatzuri-keys login
  op read op://Work/Chatzuri/key | chatzuri-keys login --with-token";

const SANDBOX_HELP: &str = "\
Opens the dashboard on a server of the sandbox; neither your keyring nor your config is touched. With --serve only the \
server runs, and its address and a key are printed as one line of JSON.

  chatzuri-keys sandbox
  chatzuri-keys sandbox --serve --port 4010

With --without it lacks endpoints, as the vendor's server may: its page, at / of the same address, stands for the vendor's \
dashboard, where a person lists, creates and revokes keys.

  chatzuri-keys sandbox --without list,create,revoke";

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

/// `show`.
#[derive(Debug, Clone, ClapArgs)]
pub struct ShowArgs {
    /// The key's id or name
    pub key: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `create`.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct CreateArgs {
    /// The key's name, 1 to 100 characters; with --resume, the name or id of the key whose value waits
    #[arg(required_unless_present = "resume")]
    pub name: Option<String>,
    /// Hand the value to this place; may be given several times
    #[arg(long, value_name = "TARGET")]
    pub to: Vec<String>,
    /// Print the new key's value, for the only time
    #[arg(long)]
    pub show: bool,
    /// Put the value on the clipboard, and stay until it is cleared or replaced
    #[arg(long)]
    pub copy: bool,
    /// Go on with a value that waits in the keyring
    #[arg(long)]
    pub resume: bool,
    /// You make the key in the browser, and its value comes from standard input or a hidden prompt
    #[arg(long)]
    pub paste: bool,
    /// Say that a key that was begun in the browser was not made
    #[arg(long, requires = "resume", conflicts_with_all = ["show", "copy", "to", "paste", "stored"])]
    pub not_made: bool,
    /// Say that the waiting value is stored elsewhere: the keyring forgets it
    #[arg(long, requires = "resume", conflicts_with_all = ["show", "copy", "to"])]
    pub stored: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `track`.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct TrackArgs {
    /// The key's name, as it stands in the dashboard of the vendor
    #[arg(required_unless_present_any = ["import", "match_listed"], conflicts_with_all = ["import", "match_listed"])]
    pub name: Option<String>,
    /// The day it was made, as in 2026-12-01
    #[arg(long, value_name = "DATE", required_unless_present_any = ["import", "match_listed"])]
    pub created: Option<String>,
    /// The last four characters of its value
    #[arg(long, value_name = "ABCD", requires = "name")]
    pub last_four: Option<String>,
    /// Who answers for it
    #[arg(long, requires = "name")]
    pub owner: Option<String>,
    /// The server's id of it, where its page shows one
    #[arg(long, requires = "name")]
    pub id: Option<String>,
    /// Try its value, from standard input or a hidden prompt, and keep its fingerprint
    #[arg(long, requires = "name")]
    pub with_value: bool,
    /// Track every key of this CSV or JSON file; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "match_listed")]
    pub import: Option<PathBuf>,
    /// Hand the tracked keys over that the server lists by now
    #[arg(long = "match")]
    pub match_listed: bool,
}

/// `untrack`.
#[derive(Debug, Clone, ClapArgs)]
pub struct UntrackArgs {
    /// The key's id or name
    pub key: String,
}

/// `due`.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct DueArgs {
    /// Days ahead to look at, as in 14d or 2w; 14d when not given
    #[arg(long, value_name = "DAYS")]
    pub within: Option<String>,
    /// Only what is past its due date
    #[arg(long)]
    pub overdue: bool,
    /// Exit with 6 when something is due
    #[arg(long)]
    pub check: bool,
    /// Look at every profile of the config
    #[arg(long)]
    pub all_profiles: bool,
    /// Only keys of this owner, as the config names it
    #[arg(long)]
    pub owner: Option<String>,
    /// Read this output of list --json instead of asking the server; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "all_profiles")]
    pub from: Option<PathBuf>,
    /// How old that may be, as in 36h or 2d; 2d when not given
    #[arg(long, value_name = "SPAN", requires = "from")]
    pub max_age: Option<String>,
    /// A key of unknown age does not count as due
    #[arg(long)]
    pub allow_unknown: bool,
    /// The shape of the data
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: DueFormat,
}

/// The shapes of `due`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DueFormat {
    /// For a terminal
    #[default]
    Table,
    /// The shape of list --json
    Json,
    /// For a spreadsheet
    Csv,
    /// For an issue or a chat
    Markdown,
    /// A calendar: one event a key
    Ics,
    /// A text file for node_exporter
    Prometheus,
}

/// `snooze`.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct SnoozeArgs {
    /// The key's id or name
    pub key: String,
    /// The last day it holds (UTC), as in 2026-12-01
    #[arg(long, value_name = "DATE", required_unless_present = "off", requires = "reason")]
    pub until: Option<String>,
    /// Why, for whoever looks at the report
    #[arg(long, value_name = "TEXT", requires = "until")]
    pub reason: Option<String>,
    /// End it
    #[arg(long, conflicts_with_all = ["until", "reason"])]
    pub off: bool,
}

/// `log`.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct LogArgs {
    /// Not before this: 7d, 12h, 30m, a date or a time
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only what was done to the key of this id or name
    #[arg(long)]
    pub key: Option<String>,
    /// At most so many entries, the newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `revoke`.
#[derive(Debug, Clone, ClapArgs)]
pub struct RevokeArgs {
    /// Ids or names of keys
    #[arg(required_unless_present_any = ["from_file", "created_by", "unused_for"], value_name = "KEY")]
    pub keys: Vec<String>,
    /// Take ids or names from this file, one a line, without blank lines and # comments; - for standard input
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,
    /// Only keys created by this person, as the list shows it
    #[arg(long, value_name = "WHO")]
    pub created_by: Option<String>,
    /// Only keys not used for so long, as in 30d; one never used counts by its age
    #[arg(long, value_name = "SPAN")]
    pub unused_for: Option<String>,
    /// Watch the key's value, from standard input or a hidden prompt, until it is dead
    #[arg(long)]
    pub with_value: bool,
    /// Say that you revoked it in the browser; nothing is proven
    #[arg(long, conflicts_with = "with_value")]
    pub attest: bool,
    /// Watch at most so many seconds for you to revoke it in the browser
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub watch: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `leak`.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct LeakArgs {
    /// Let the leaked key list and revoke itself in its own team; --yes never implies it
    #[arg(long)]
    pub with_leaked_key: bool,
    /// First create its replacement, and hand it to the places the config names for this key
    #[arg(long)]
    pub replace: bool,
    /// Write the timeline to this new file, which ends in .md or .json
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Watch for the key's death at most so many seconds; 60, or 900 where you revoke it in the browser
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub watch: Option<u64>,
    /// Print the timeline as JSON
    #[arg(long)]
    pub json: bool,
}

/// `login`.
#[derive(Debug, Clone, Copy, ClapArgs)]
pub struct LoginArgs {
    /// Read the key from standard input
    #[arg(long)]
    pub with_token: bool,
}

/// `sandbox`.
#[derive(Debug, Clone, Default, ClapArgs)]
pub struct SandboxArgs {
    /// Run the server alone, without the dashboard
    #[arg(long)]
    pub serve: bool,
    /// The loopback port; a free one when none is given
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// How many keys its team has
    #[arg(long, value_name = "N")]
    pub keys: Option<usize>,
    /// Keep its data in this file
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Where its clock stands, as in 2026-11-22T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub now: Option<Timestamp>,
    /// Milliseconds it takes for every answer
    #[arg(long, value_name = "N")]
    pub latency_ms: Option<u64>,
    /// Something it does wrong; may be given several times
    #[arg(long, value_name = "RULE")]
    pub fault: Vec<String>,
    /// Operations whose endpoints it does not have, as in list,create,revoke: its page in a browser does them
    #[arg(long, value_name = "OPERATIONS", value_delimiter = ',')]
    pub without: Vec<String>,
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
