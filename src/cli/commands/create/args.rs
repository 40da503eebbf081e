//! The arguments of `create`.

use clap::Args;

const HELP: &str = "\
Your keyring keeps the value until it is delivered. With --show it goes to standard output, and messages go to \
standard error:

  chatzuri-keys create Zapier --show | gh secret set ZAPIER_KEY

With --to the value goes to a target of yours and is never shown. Every target is checked before the key is created, \
and you can retry one that fails on its own:

  chatzuri-keys create Zapier --to gh:acme/web/CHATZURI_API_KEY --to pass:work/chatzuri
  chatzuri-keys create --resume Zapier --to pass:work/chatzuri

A TARGET is the NAME of a [sinks.NAME] in your config, or one of: gh:OWNER/REPO[@ENVIRONMENT]/NAME, \
aws:SECRET_ID[#FIELD], doppler:PROJECT/CONFIG/NAME, op://VAULT/ITEM[/SECTION]/FIELD, vault:MOUNT/PATH#FIELD, \
k8s:[CONTEXT/]NAMESPACE/SECRET/KEY, pass:PATH, gcloud:[PROJECT/]SECRET. Whatever else a target holds stays as it is. \
If a target holds more than the value, name the part that is the value; otherwise the command refuses. Without \
CONTEXT or PROJECT, the command names the current one and asks you to confirm it; without a terminal, add --yes.

After a crash, or without --to, --show and --copy, the value is waiting in your keyring:

  chatzuri-keys create --resume --show

If the server cannot create keys through the API, its key page opens in your browser. Create the key there, then \
paste its value at the hidden prompt or give it on standard input. From then on it is a new key like any other:

  pbpaste | chatzuri-keys create Zapier --paste --to pass:work/chatzuri
  chatzuri-keys create --resume Zapier --paste        you created it, but have not pasted it yet
  chatzuri-keys create --resume Zapier --not-made     you did not create it after all

Exit codes: 0 done; 2 a target is not ready or not confirmed, and nothing was sent; 3 declined, and nothing was \
sent; 5 a target did not accept the value.";

/// `create`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_long_help = HELP)]
pub struct CreateArgs {
    /// The key's name, 1 to 100 characters; with --resume, the name or id of the key whose value is waiting
    #[arg(required_unless_present = "resume")]
    pub name: Option<String>,
    /// Send the value to this target; repeat for several
    #[arg(long, value_name = "TARGET")]
    pub to: Vec<String>,
    /// Print the new key's value, this one time
    #[arg(long)]
    pub show: bool,
    /// Copy the value to the clipboard, and run until it is cleared or replaced
    #[arg(long)]
    pub copy: bool,
    /// Continue with a value that is waiting in the keyring
    #[arg(long)]
    pub resume: bool,
    /// You create the key in the browser, and paste its value at a hidden prompt or give it on standard input
    #[arg(long)]
    pub paste: bool,
    /// Say that you did not create the key in the browser after all
    #[arg(long, requires = "resume", conflicts_with_all = ["show", "copy", "to", "paste", "stored"])]
    pub not_made: bool,
    /// Say that you stored the waiting value elsewhere; the keyring deletes it
    #[arg(long, requires = "resume", conflicts_with_all = ["show", "copy", "to"])]
    pub stored: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
