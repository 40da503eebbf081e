//! The arguments of `leak`.

use std::path::PathBuf;

use clap::Args;

const HELP: &str = "\
Give the value on standard input or at a hidden prompt. Quotes, “Authorization: Bearer ” and “KEY=” around it are \
dropped. The command looks for its key in the list of every team you're signed in to: by the fingerprint kept when \
you created it here, by the first and last characters the list shows, or by which key's last use changes when the \
value is tried. If several keys match, it shows them and guesses none. Then it revokes the key and tries the value \
until it gets 401 three times in a row while another credential, if there is one, gets 200.

  chatzuri-keys leak
  pbpaste | chatzuri-keys leak --yes --report incident.md
  printf %s \"$LEAKED\" | CHATZURI_API_KEY=\"$(op read op://Work/Chatzuri/key)\" chatzuri-keys leak --yes

With --replace, it first creates a replacement and sends its value to the key's places in the config. Only then does \
it revoke the leaked key. If a place does not accept the value, it says so, and the value waits in the keyring \
(create --resume). It then asks whether to continue; --yes continues.

With --with-leaked-key, the leaked key lists and revokes itself in its own team, where none of your credentials can.

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
