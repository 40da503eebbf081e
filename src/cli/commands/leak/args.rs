//! The arguments of `leak`.

use std::path::PathBuf;

use clap::Args;

const HELP: &str = "\
The value comes in on standard input or at a hidden prompt; quotes, “Authorization: Bearer ” and “KEY=” around it \
are dropped. Its key is looked for in the list of every signed-in team, by the fingerprint kept when it was created \
here, by the ends the list shows, or by whose last use moves when the value is tried. Several that fit are shown, \
and none is guessed. Then it is revoked, and the value is tried until it got 401 three times in a row and another \
credential, where there is one, got 200.

  chatzuri-keys leak
  pbpaste | chatzuri-keys leak --yes --report incident.md
  printf %s \"$LEAKED\" | CHATZURI_API_KEY=\"$(op read op://Work/Chatzuri/key)\" chatzuri-keys leak --yes

With --replace a successor is created first, its value is handed to the places of the key in the config, and only \
then the leaked one is revoked. A place that does not take it is told, and the value waits in the keyring (create \
--resume); you are asked whether to go on, and --yes goes on.

With --with-leaked-key the leaked key itself lists and revokes itself in its own team, where no credential of yours \
can.

Exit codes: 0 dead, or already gone; 2 ambiguous, or not confirmed, or no key; 3 declined; 4 refused; 5 dead, but \
its replacement is not everywhere; 7 still alive, or not proven dead; 10 the value gets 401 and matches nothing.";

/// `leak`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_long_help = HELP)]
pub struct LeakArgs {
    /// Let the leaked key list and revoke itself in its own team; --yes does not imply this
    #[arg(long)]
    pub with_leaked_key: bool,
    /// First create a replacement, and send it to the places the config lists for this key
    #[arg(long)]
    pub replace: bool,
    /// Write the timeline to this new file (.md or .json)
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Seconds to wait for the key to die; the default is 60, or 900 if you revoke it in the browser
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub watch: Option<u64>,
    /// Print the timeline as JSON
    #[arg(long)]
    pub json: bool,
}
