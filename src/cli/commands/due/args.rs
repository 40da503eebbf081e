//! The arguments of `due`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const HELP: &str = "\
The report always lists overdue keys and keys of unknown age. It lists a snoozed key with its reason, and --check \
does not count it. ics and prometheus list every key unless you give --within.

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
    /// Days to look ahead, such as 14d or 2w; the default is 14d
    #[arg(long, value_name = "DAYS")]
    pub within: Option<String>,
    /// Show only keys past their due date
    #[arg(long)]
    pub overdue: bool,
    /// Exit with 6 when a key is due
    #[arg(long)]
    pub check: bool,
    /// Check every profile in the config
    #[arg(long)]
    pub all_profiles: bool,
    /// Show only keys of this owner, as named in the config
    #[arg(long)]
    pub owner: Option<String>,
    /// Read this output of list --json instead of asking the server; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "all_profiles")]
    pub from: Option<PathBuf>,
    /// The oldest that file may be, such as 36h or 2d; the default is 2d
    #[arg(long, value_name = "SPAN", requires = "from")]
    pub max_age: Option<String>,
    /// Do not count keys of unknown age as due
    #[arg(long)]
    pub allow_unknown: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: DueFormat,
}

/// The shapes of `due`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum DueFormat {
    /// A table for the terminal
    #[default]
    Table,
    /// Like list --json
    Json,
    /// CSV for a spreadsheet
    Csv,
    /// Markdown for an issue or a chat
    Markdown,
    /// A calendar with one event for each key
    Ics,
    /// Metrics for node_exporter's textfile collector
    Prometheus,
}
