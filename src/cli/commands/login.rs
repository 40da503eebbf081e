//! `chatzuri-keys login`.

use std::io::IsTerminal;

use zeroize::Zeroizing;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::profile::{API_KEY, secret_of};
use crate::cli::prompt;
use crate::core::capability::Capability;
use crate::core::incident::unwrapped;
use crate::ops::sign_in::sign_in;

const HELP: &str = "\
  chatzuri-keys login
  op read op://Work/Chatzuri/key | chatzuri-keys login --with-token";

/// `login`.
#[derive(Debug, Clone, Copy, Args)]
#[command(after_long_help = HELP)]
pub struct LoginArgs {
    /// Read the key from standard input
    #[arg(long)]
    pub with_token: bool,
}

pub(super) async fn run(context: Context<'_>, args: &LoginArgs) -> Result<Exit, CommandError> {
    if context.switches.dry_run {
        return Err(CommandError::new(
            Exit::Usage,
            "Nothing was done: login has no dry run.",
        ));
    }
    let profile = &context.settings.profile;
    let host = profile.base_url.host();
    let typed = if args.with_token && !std::io::stdin().is_terminal() {
        prompt::all_of_stdin().await?
    } else if context.switches.interactive {
        prompt::hidden(&format!("API key for {host} (not shown): ")).await?
    } else {
        return Err(CommandError::new(
            Exit::Usage,
            format!(
                "Cannot ask for the key: {}.\nTo read it from stdin: chatzuri-keys login --with-token < FILE",
                prompt::obstacle()
            ),
        ));
    };
    let value = secret_of(unwrapped(&typed)).map_err(|why| CommandError::new(Exit::Error, why.to_string()))?;
    drop::<Zeroizing<Vec<u8>>>(typed);
    let signed = sign_in(context.ports, profile, value).await?;
    context.output.say(&format!(
        "Signed in{} at {host}. The key is in {} as {}.",
        signed.team.words().map_or(String::new(), |team| format!(" to {team}")),
        context.ports.store.display_name(),
        profile.account().as_str()
    ));
    context.output.unrecorded(&signed.recorded);
    // Whether the list can be read is said by what reads it.
    if let Ok(Capability::Manual) = signed.session.client.look_again().await {
        context.output.say(&format!(
            "{host} cannot list keys: track yours with “chatzuri-keys track”. “chatzuri-keys status” says more."
        ));
    }
    if profile.from_environment.is_some() {
        context
            .output
            .warn(&format!("{API_KEY} is set and overrides this key. Unset it."));
    } else if profile.credential_command.is_some() {
        context
            .output
            .warn("This profile has a credential_command, which overrides this key.");
    }
    Ok(Exit::Ok)
}
