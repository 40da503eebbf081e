//! What every command takes: the flags that may stand anywhere.

use std::path::PathBuf;

use clap::Args;

use crate::cli::prompt;

/// What every command takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// Print only data and what you need to know
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub quiet: bool,
    /// Show what would happen, and change nothing
    #[arg(short = 'n', long, global = true, help_heading = "Everywhere")]
    pub dry_run: bool,
    /// Answer yes to every question
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub yes: bool,
    /// Never ask a question
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
    /// Append a log of what happens to this file; never a secret
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub log_file: Option<PathBuf>,
}

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
