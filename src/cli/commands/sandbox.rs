//! `chatzuri-keys sandbox`: a server of one's own, alone or under the dashboard.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

const HELP: &str = "\
Opens the dashboard on a server of the sandbox; neither your keyring nor your config is touched. With --serve only the \
server runs, and its address and a key are printed as one line of JSON.

  chatzuri-keys sandbox
  chatzuri-keys sandbox --serve --port 4010

With --without it lacks endpoints, as the vendor's server may: its page, at / of the same address, stands for the vendor's \
dashboard, where a person lists, creates and revokes keys.

  chatzuri-keys sandbox --without list,create,revoke";

/// `sandbox`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_long_help = HELP)]
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
