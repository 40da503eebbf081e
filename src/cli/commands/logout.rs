//! `chatzuri-keys logout`.

use crate::cli::context::Context;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::profile::API_KEY;
use crate::ops::sign_in::{SignedOut, sign_out};

pub(super) async fn run(context: Context<'_>) -> Result<Exit, CommandError> {
    let profile = &context.settings.profile;
    let account = profile.account();
    let (called, name) = (context.ports.store.display_name(), account.as_str());
    if context.switches.dry_run {
        context.output.say(&format!("Would delete {name} from {called}."));
        return Ok(Exit::Ok);
    }
    match sign_out(context.ports, profile).await? {
        SignedOut::Deleted(recorded) => {
            context.output.say(&format!(
                "Signed out: {name} is deleted from {called}. The key itself still works until you revoke it."
            ));
            context.output.unrecorded(&recorded);
        }
        SignedOut::HeldNone => context.output.say(&format!("Nothing to do: {called} has no {name}.")),
    }
    if profile.from_environment.is_some() {
        context
            .output
            .warn(&format!("{API_KEY} is set, so you're still signed in with it."));
    } else if profile.credential_command.is_some() {
        context
            .output
            .warn("This profile has a credential_command, so you're still signed in with it.");
    }
    Ok(Exit::Ok)
}
