//! `chatzuri-keys create NAME`: the show-once protocol without a screen.

pub(crate) mod args;
mod asked;
mod handover;
mod keep;
mod receipts;
mod rescue;
mod resume;

pub(super) use self::asked::Asked;
pub(super) use self::handover::hand_over;
use std::io::IsTerminal;

use crate::cli::commands::create::args::CreateArgs;
use crate::cli::commands::create::resume::{look_for_it, resume};
use crate::cli::context::{Context, session, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::manual;
use crate::cli::output::nobody_reads;
use crate::core::capability::Capability;
use crate::core::key::KeyName;
use crate::ops::create::{Blocked, CreateError, WithoutStore, create};
use crate::ops::manual::begin_manual;
use crate::ops::sign_in::Session;
use crate::ports::Operation;
use crate::present::words::shell_word;

pub(super) async fn run(
    mut context: Context<'_>,
    args: &CreateArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    if args.show && nobody_reads() {
        return Err(CommandError::new(
            Exit::Error,
            "Nothing was done: nothing reads standard output, where the value would go.",
        ));
    }
    let mut asked = Asked::of(args, context.settings)?;
    if args.resume {
        return resume(context, asked, interrupts).await;
    }
    let name = args.name.as_deref().unwrap_or_default();
    let name = KeyName::parse(name).map_err(|bad| CommandError::new(Exit::Usage, bad.to_string()))?;
    let host = context.settings.profile.base_url.host();
    if context.switches.dry_run {
        until_interrupted(interrupts, asked.check(&mut context, None)).await?;
        context
            .output
            .say(&format!("Would create “{name}” at {host} and {}.", asked.plan()));
        return Ok(Exit::Ok);
    }
    let prepared = async {
        let session = session(context.ports, context.settings).await?;
        asked.learn_team(&session).await;
        asked.check(&mut context, Some(&name)).await?;
        Ok::<_, CommandError>(session)
    };
    let session = until_interrupted(interrupts, prepared).await?;
    let without_store = if asked.goes_somewhere() {
        WithoutStore::Create
    } else {
        WithoutStore::Refuse
    };
    let profile = &context.settings.profile;
    // Before anything else is asked. A server that lists keys says it to the request itself.
    let capability = if args.paste {
        Capability::Manual
    } else if session.client.recall(Operation::List).await == Capability::Manual {
        session.client.capability(Operation::Create).await
    } else {
        session.client.recall(Operation::Create).await
    };
    manual::tell_doubt(&mut context, &session);
    if capability == Capability::Manual {
        return create_manually(&mut context, &session, name, without_store, &asked, interrupts).await;
    }
    // Not dropped at a signal: a key would be left behind whose value nobody has. The request has its own time limit.
    match create(context.ports, profile, &session.client, name.clone(), without_store).await {
        Ok(new) => hand_over(&mut context, &session, new, &asked, None, None, interrupts).await,
        Err(CreateError::NotCreated(..)) if session.client.known().create == Capability::Manual => {
            create_manually(&mut context, &session, name, without_store, &asked, interrupts).await
        }
        Err(error) => {
            let lost = match &error {
                CreateError::Uncertain(_, _, creation) => Some(creation.clone()),
                _ => None,
            };
            let trouble = CommandError::from(error);
            let Some(lost) = lost else {
                return Err(trouble);
            };
            context.output.error(&trouble.sentence);
            look_for_it(&mut context, &session, &lost, interrupts).await
        }
    }
}

/// The person makes the key in the browser; from its value on it is a new key like any other.
async fn create_manually(
    context: &mut Context<'_>,
    session: &Session,
    name: KeyName,
    without_store: WithoutStore,
    asked: &Asked<'_>,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let has_value = asked.args.paste && !std::io::stdin().is_terminal();
    if !has_value && !context.switches.interactive {
        return Err(manual::nobody_to_create(
            context,
            name.as_str(),
            &format!("create {}", shell_word(name.as_str())),
        ));
    }
    let profile = &context.settings.profile;
    let begun = begin_manual(context.ports, profile, session, name, without_store, None).await;
    let creation = begun.map_err(|error| match error {
        // It may be there already; what is not done here is to take it over.
        CreateError::NotReady(name, Blocked::Store(error)) if has_value => CommandError::new(
            Exit::Usage,
            format!(
                "The value of “{name}” was not accepted, and no copy of it is left here. {error}, so a crash could \
                 lose it. Start a keyring, or choose where the value goes: --to, --copy or --show."
            ),
        ),
        error => error.into(),
    })?;
    let new = manual::pasted(context, session, &creation, !has_value, None).await?;
    hand_over(context, session, new, asked, None, None, interrupts).await
}
