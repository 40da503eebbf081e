//! The arguments of `rotate`.

use clap::{Args, Subcommand};

const HELP: &str = "\
The vendor's four steps: create a new key, roll it out, confirm traffic on the new key, revoke the old one. This \
machine's journal keeps each step, so you can continue a rotation after a crash, on another day, in the dashboard, \
or in two copies of the program at once. You can repeat every command safely. No timer ever revokes a key.

  chatzuri-keys rotate start Zapier              creates “Zapier 2026-11-22”, sends it to the key's own places
  chatzuri-keys rotate tick Zapier zapier.com    the app there runs with the new key
  chatzuri-keys rotate confirm Zapier            is the new key in use, and the old one idle?
  chatzuri-keys rotate finish Zapier --yes       revokes the old key, once step 3 is done

KEY is the id or name of the old or the new key. Places are those of [[key]] in the config. [rotation] quiet says \
how long an old key must be idle.

Exit codes: 0 done, or done before; 1 the step before is still open, no value could be delivered, or an error; 2 not \
confirmed, or an ambiguous name; 3 declined; 4 refused; 5 a target did not accept the value; 7 the old key is not \
proven dead; 10 no such key.";

/// `rotate`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = HELP)]
pub struct RotateArgs {
    /// What to do.
    #[command(subcommand)]
    pub step: RotateStep,
}

/// What can be done to a rotation.
#[derive(Debug, Clone, Subcommand)]
pub enum RotateStep {
    /// Step 1: create the new key and deliver its value; run it again to continue
    Start(RotateStartArgs),
    /// Show how far rotations are; reads the list again
    Status(RotateStatusArgs),
    /// Step 2: record that the app at a place runs with the new key
    Tick(RotateTickArgs),
    /// Step 3: check whether the traffic has moved, or attest it
    Confirm(RotateConfirmArgs),
    /// Step 4: revoke the old key, once step 3 is done
    Finish(RotateFinishArgs),
    /// Cancel a rotation, and show what stays behind
    Cancel(RotateCancelArgs),
    /// Continue a rotation that was started elsewhere
    Adopt(RotateAdoptArgs),
}

/// `rotate start`.
#[derive(Debug, Clone, Default, Args)]
pub struct RotateStartArgs {
    /// The key's id or name
    pub key: String,
    /// The new key's name; the default is the old name with today's date
    #[arg(long)]
    pub name: Option<String>,
    /// Send the value to this target instead of the key's own places; repeat for several
    #[arg(long, value_name = "TARGET")]
    pub to: Vec<String>,
    /// Print the new key's value, this one time
    #[arg(long)]
    pub show: bool,
    /// Copy the value to the clipboard, and run until it is cleared or replaced
    #[arg(long)]
    pub copy: bool,
    /// You create the new key in the browser, and paste its value at a hidden prompt or give it on standard input
    #[arg(long)]
    pub paste: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `rotate status`.
#[derive(Debug, Clone, Default, Args)]
pub struct RotateStatusArgs {
    /// The id or name of either key; the default is every unfinished rotation
    pub key: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `rotate tick`.
#[derive(Debug, Clone, Default, Args)]
pub struct RotateTickArgs {
    /// The key's id or name
    pub key: String,
    /// Places, as the config lists them, or the beginning of one
    #[arg(required_unless_present = "all", value_name = "PLACE")]
    pub places: Vec<String>,
    /// Every place
    #[arg(long, conflicts_with = "places")]
    pub all: bool,
    /// Remove the tick
    #[arg(long)]
    pub off: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `rotate confirm`.
#[derive(Debug, Clone, Default, Args)]
pub struct RotateConfirmArgs {
    /// The key's id or name
    pub key: String,
    /// Attest that the traffic has moved, whatever was measured
    #[arg(long, requires = "reason")]
    pub attest: bool,
    /// How you know
    #[arg(long, requires = "attest", value_name = "TEXT")]
    pub reason: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `rotate finish`.
#[derive(Debug, Clone, Default, Args)]
pub struct RotateFinishArgs {
    /// The key's id or name
    pub key: String,
    /// Revoke it even though step 3 is open
    #[arg(long, requires = "confirm")]
    pub force: bool,
    /// The old key's name, once more
    #[arg(long, requires = "force", value_name = "NAME")]
    pub confirm: Option<String>,
    /// Give its value on standard input or at a hidden prompt, and check until it is dead
    #[arg(long)]
    pub with_value: bool,
    /// Record that you revoked it in the browser; this proves nothing
    #[arg(long, conflicts_with = "with_value")]
    pub attest: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `rotate cancel`.
#[derive(Debug, Clone, Default, Args)]
pub struct RotateCancelArgs {
    /// The key's id or name
    pub key: String,
    /// Revoke the new key too
    #[arg(long)]
    pub revoke_new: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `rotate adopt`.
#[derive(Debug, Clone, Default, Args)]
pub struct RotateAdoptArgs {
    /// The id or name of the key to retire
    pub old: String,
    /// The id or name of the key that replaces it
    pub new: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
