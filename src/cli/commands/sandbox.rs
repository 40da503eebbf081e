//! `chatzuri-keys sandbox`: a server of one's own, alone or under the dashboard.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

const HELP: &str = "\
Opens the dashboard on a local sandbox server, and leaves your keyring and your config alone. With --serve only the \
server runs; it prints its address and a key as one line of JSON.

  chatzuri-keys sandbox
  chatzuri-keys sandbox --serve --port 4010

With --without it lacks endpoints, as the vendor's server may. Its page, at / of the same address, stands in for the \
vendor's dashboard: you list, create and revoke keys there.

  chatzuri-keys sandbox --without list,create,revoke";

/// `sandbox`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_long_help = HELP)]
pub struct SandboxArgs {
    /// Run only the server, without the dashboard
    #[arg(long)]
    pub serve: bool,
    /// The loopback port; the default is a free one
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// How many keys the team has
    #[arg(long, value_name = "N")]
    pub keys: Option<usize>,
    /// Keep its data in this file
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The time its clock shows, such as 2026-11-22T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub now: Option<Timestamp>,
    /// Milliseconds it waits before each answer
    #[arg(long, value_name = "N")]
    pub latency_ms: Option<u64>,
    /// A fault to simulate; repeat for several
    #[arg(long, value_name = "RULE")]
    pub fault: Vec<String>,
    /// Operations it has no endpoint for, such as list,create,revoke; you do them on its page in a browser
    #[arg(long, value_name = "OPERATIONS", value_delimiter = ',')]
    pub without: Vec<String>,
}
