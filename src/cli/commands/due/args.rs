//! The arguments of `due`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const HELP: &str = "\
Overdue keys are always listed, and so are keys whose age nobody knows. A snoozed key is listed under its reason, and \
--check does not count it. ics and prometheus hold every key unless --within is given.

  chatzuri-keys due
  chatzuri-keys due --all-profiles --format ics > rotation.ics
  chatzuri-keys list --json > list.json
  chatzuri-keys due --check --from list.json     in CI: no credential, no network

Exit codes: 0 done, and with --check nothing is due; 1 the file cannot be read; 5 the data is incomplete or too old, \
whatever is due in it; 6 with --check: something is due.";

/// `due`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_long_help = HELP)]
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
