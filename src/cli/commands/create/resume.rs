//! `create --resume`, and the search for a key whose answer was lost.

use std::time::Duration;

use crate::cli::commands::create::asked::Asked;
use crate::cli::commands::create::handover::{forget, hand_over};
use crate::cli::context::{Context, session, until_interrupted};
use crate::cli::exit::{CommandError, Exit, of_api_error};
use crate::cli::interrupt::Interrupts;
use crate::cli::manual;
use crate::core::creation::Creation;
use crate::ops::custody::reopen;
use crate::ops::manual::not_made;
use crate::ops::recover::{RecoverError, Since, Waiting, recover};
use crate::ops::rotate::{At, follow_pasted};
use crate::ops::sign_in::Session;
use crate::present::words::shell_word;

/// How often a key whose answer was lost is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How often a list that cannot be read is tried again.
const LOOKS_UNREAD: u32 = 24;

/// Offers what waits of earlier runs.
pub(super) async fn resume(
    mut context: Context<'_>,
    mut asked: Asked<'_>,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let store = context.ports.store.display_name();
    if context.switches.dry_run {
        until_interrupted(interrupts, asked.check(&mut context, None)).await?;
        let whose = match &asked.args.name {
            Some(name) => format!("the waiting key “{}”", crate::present::words::argument(name)),
            None => "the waiting key".to_owned(),
        };
        let plan = if asked.args.not_made {
            "record that it was not created".to_owned()
        } else if asked.args.stored {
            "forget its value".to_owned()
        } else {
            asked.plan()
        };
        context.output.say(&format!("Would open {whose} and {plan}."));
        return Ok(Exit::Ok);
    }
    let prepared = async {
        asked.check(&mut context, None).await?;
        let session = session(context.ports, context.settings).await?;
        asked.learn_team(&session).await;
        Ok::<_, CommandError>(session)
    };
    let session = until_interrupted(interrupts, prepared).await?;
    let waiting = look(&context, &session, Since::EarlierRun).await?;
    let name = asked.args.name.as_deref();
    let chosen: Vec<&Waiting> = waiting.iter().filter(|one| is_meant(one.creation(), name)).collect();
    let values: Vec<&Creation> = chosen
        .iter()
        .filter_map(|one| match one {
            Waiting::Value(creation) => Some(creation),
            _ => None,
        })
        .collect();
    let begun: Vec<&Creation> = chosen
        .iter()
        .filter_map(|one| match one {
            Waiting::Asked(creation) => Some(creation),
            // No list will show that it is gone.
            Waiting::Lost(creation) if asked.args.not_made && !session.client.has_list() => Some(creation),
            _ => None,
        })
        .collect();
    let elsewhere: Vec<&Creation> = chosen
        .iter()
        .filter_map(|one| match one {
            Waiting::Elsewhere(creation, _) => Some(creation),
            _ => None,
        })
        .collect();
    if asked.args.stored
        && values.is_empty()
        && let [creation] = elsewhere.as_slice()
    {
        let called = creation.minted.as_ref().map_or_else(
            || format!("“{}”", creation.intent.name),
            |minted| minted.bare().display_name(),
        );
        return Ok(forget(&mut context, creation, &called).await);
    }
    if asked.args.paste || asked.args.not_made {
        return answered(&mut context, &session, &begun, &asked, interrupts).await;
    }
    for one in chosen.iter().filter(|one| !matches!(one, Waiting::Value(_))) {
        context.output.warn(&one.sentence(store));
    }
    for creation in &begun {
        let word = shell_word(creation.intent.name.as_str());
        let paste = if creation.intent.manual {
            format!("chatzuri-keys create --resume {word} --paste, or ")
        } else {
            String::new()
        };
        context
            .output
            .warn(&format!("  {paste}chatzuri-keys create --resume {word} --not-made"));
    }
    for creation in &elsewhere {
        let word = shell_word(creation.intent.name.as_str());
        context
            .output
            .warn(&format!("  chatzuri-keys create --resume {word} --stored"));
    }
    match values.as_slice() {
        [] if chosen.is_empty() && !waiting.is_empty() => {
            let names: Vec<String> = waiting
                .iter()
                .map(|one| format!("“{}”", one.creation().intent.name))
                .collect();
            Err(CommandError::new(
                Exit::NoSuchKey,
                format!(
                    "Nothing was done: no new key of that name is waiting. Waiting: {}.",
                    names.join(", ")
                ),
            ))
        }
        [] if chosen.is_empty() => {
            context.output.say("No new key is waiting.");
            // A script that reads the value must not take nothing for it.
            Ok(if asked.goes_somewhere() { Exit::Error } else { Exit::Ok })
        }
        [] => Ok(Exit::Partial),
        [creation] => {
            let new = reopen(context.ports, creation)
                .await
                .map_err(|error| CommandError::new(Exit::Error, error.to_string()))?;
            hand_over(&mut context, &session, new, &asked, None, None, interrupts).await
        }
        several => {
            for creation in several {
                context
                    .output
                    .warn(&Waiting::Value((*creation).clone()).sentence(store));
            }
            Err(CommandError::new(
                Exit::Usage,
                "Several new keys are waiting. Choose one by its name or id: chatzuri-keys create --resume NAME",
            ))
        }
    }
}

/// The person says what became of a key that they were to make in the browser.
async fn answered(
    context: &mut Context<'_>,
    session: &Session,
    begun: &[&Creation],
    asked: &Asked<'_>,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let creation = match begun {
        [] => {
            context
                .output
                .say("Nothing was done: no key is being created in the browser.");
            return Ok(Exit::Ok);
        }
        [only] => *only,
        several => {
            let names: Vec<String> = several.iter().map(|one| format!("“{}”", one.intent.name)).collect();
            return Err(CommandError::new(
                Exit::Usage,
                format!(
                    "Several keys are being created in the browser. Choose one of {}.",
                    names.join(", ")
                ),
            ));
        }
    };
    if asked.args.paste {
        let new = manual::pasted(context, session, creation, true, None).await?;
        let at = At {
            ports: context.ports,
            profile: &context.settings.profile,
            session,
        };
        let new = follow_pasted(at, new).await;
        return hand_over(context, session, new, asked, None, None, interrupts).await;
    }
    not_made(context.ports, &context.settings.profile, creation)
        .await
        .map_err(|error| CommandError::new(Exit::Error, format!("Nothing was done: {error}.")))?;
    context
        .output
        .say(&format!("Recorded: “{}” was not created.", creation.intent.name));
    Ok(Exit::Ok)
}

/// Whether the person means this one: by its name, or by the key's id where several have the name.
fn is_meant(creation: &Creation, name: Option<&str>) -> bool {
    let Some(name) = name else { return true };
    let has_id = |minted: &crate::core::creation::MintedKey| minted.id.raw() == name;
    creation.intent.name.as_str() == name.trim() || creation.minted.as_ref().is_some_and(has_id)
}

async fn look(context: &Context<'_>, session: &Session, since: Since) -> Result<Vec<Waiting>, CommandError> {
    recover(context.ports, &context.settings.profile, &session.client, since)
        .await
        .map_err(|error| match &error {
            RecoverError::List(cause) => CommandError::new(of_api_error(cause), error.to_string()),
            RecoverError::Journal(_) => CommandError::new(Exit::Error, error.to_string()),
        })
}

/// The answer was lost: the key is looked for until it is found or two minutes are over.
pub(super) async fn look_for_it(
    context: &mut Context<'_>,
    session: &Session,
    lost: &Creation,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let store = context.ports.store.display_name();
    let mut unread = 0;
    loop {
        let waiting = match look(context, session, Since::JustNow(lost.op.clone())).await {
            Ok(mut waiting) => {
                waiting.retain(|one| one.creation().op == lost.op);
                Some(waiting)
            }
            // The list cannot be read now; the time may mend that.
            Err(trouble) if unread >= LOOKS_UNREAD => {
                context.output.warn(&trouble.sentence);
                context.output.warn("It is still unknown. The next start looks again.");
                return Ok(trouble.exit);
            }
            Err(_) => {
                unread += 1;
                None
            }
        };
        if let Some(waiting) = waiting.filter(|waiting| !waiting.iter().any(|one| matches!(one, Waiting::Looking(_)))) {
            for one in &waiting {
                context.output.warn(&one.sentence(store));
            }
            if waiting.is_empty() {
                context
                    .output
                    .say("The key was not created: it never appeared in the list.");
            }
            return Ok(Exit::Error);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = interrupts.next() => {
                context.output.warn("It is still unknown. The next start looks again.");
                return Ok(Exit::Declined);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::creation::{Event, Intent, MintedKey, OpId};
    use crate::core::key::{KeyId, KeyName};
    use crate::core::text::Label;
    use crate::present::testing::at;

    #[test]
    fn a_waiting_key_is_meant_by_its_name_or_its_id() {
        let intent = Intent {
            name: KeyName::parse("Old website").unwrap(),
            at: at("2026-11-22T12:00:00Z"),
            known: Vec::new(),
            manual: false,
        };
        let creation = Creation::new(OpId::new(&"a".repeat(32)).unwrap(), intent);
        let minted = MintedKey {
            id: KeyId::new("key_1").unwrap(),
            name: Label::new("Old website"),
        };
        let escrowed = creation.after(&Event::Escrowed(minted)).unwrap();
        for name in [None, Some("Old website"), Some(" Old website "), Some("key_1")] {
            assert!(is_meant(&escrowed, name), "{name:?}");
        }
        for name in [Some("old website"), Some("key_2"), Some("")] {
            assert!(!is_meant(&escrowed, name), "{name:?}");
        }
        assert!(!is_meant(&creation, Some("key_1")));
    }
}
