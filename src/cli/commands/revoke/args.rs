//! The arguments of `revoke`.

use std::path::PathBuf;

use clap::Args;

const HELP: &str = "\
KEY is an id or a name. An id wins over a name, and a name that several keys share revokes nothing. On a terminal, \
the command shows the key and asks you to confirm; for several keys, it shows the plan and asks you to type their \
number. Without a terminal, add --yes. If one of several keys fails, the command goes on with the rest. At the end \
it reads the list once to prove them all.

--created-by and --unused-for filter keys: alone they filter the whole list, with names they filter those. They \
leave out a key if the list does not say enough about it. They also leave out the key you're signed in with unless \
you name it; that one goes last.

  chatzuri-keys revoke key_9fbc5e28d742
  chatzuri-keys revoke Zapier \"Old website\" --dry-run
  chatzuri-keys revoke --created-by jonas@acme.example --unused-for 90d --dry-run
  chatzuri-keys revoke --from-file leavers.txt --yes
  chatzuri-keys revoke key_9fbc5e28d742 --yes --json

If the server cannot revoke keys through the API, its key page opens in your browser and you click. With the key's \
value (--with-value, or one still waiting in the keyring), the command checks until it is dead. Without it, you \
confirm that you revoked the key, and the log says attested:

  op read op://Work/Zapier/key | chatzuri-keys revoke Zapier --with-value --yes
  chatzuri-keys revoke Zapier --attest --yes

Exit codes: 0 revoked and gone from the list, or already gone, or dead; 2 ambiguous name, or not confirmed; 3 \
declined; 4 refused; 5 some of several failed; 7 accepted but not proven, or attested; 10 no such key.";

/// `revoke`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = HELP)]
pub struct RevokeArgs {
    /// Ids or names of keys
    #[arg(required_unless_present_any = ["from_file", "created_by", "unused_for"], value_name = "KEY")]
    pub keys: Vec<String>,
    /// Read ids or names from this file, one per line; blank lines and # comments are skipped; - for standard input
    #[arg(long, value_name = "FILE")]
    pub from_file: Option<PathBuf>,
    /// Only keys created by this person, as the list shows them
    #[arg(long, value_name = "WHO")]
    pub created_by: Option<String>,
    /// Only keys unused for this long, such as 30d; for a key never used, its age counts
    #[arg(long, value_name = "SPAN")]
    pub unused_for: Option<String>,
    /// Give the key's value on standard input or at a hidden prompt, and check until it is dead
    #[arg(long)]
    pub with_value: bool,
    /// Record that you revoked it in the browser; this proves nothing
    #[arg(long, conflicts_with = "with_value")]
    pub attest: bool,
    /// Seconds to wait while you revoke it in the browser
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub watch: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
