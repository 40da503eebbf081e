//! `chatzuri-keys create NAME`: the show-once protocol without a screen.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::args::CreateArgs;
use crate::cli::exit::{Exit, Trouble, of_api_error};
use crate::cli::interrupt::Interrupts;
use crate::cli::json::{KeyShape, time};
use crate::cli::output::{Output, SCHEMA_VERSION, nobody_reads};
use crate::cli::{Context, until_interrupted};
use crate::core::creation::Creation;
use crate::core::key::{ApiKey, KeyName, Own};
use crate::core::listing::ListedKey;
use crate::core::policy::RotationPolicy;
use crate::core::secret::Secret;
use crate::ops::create::{CreateError, NewKey, Safety, WithoutStore, create};
use crate::ops::custody::{Acknowledged, acknowledge, note_delivery, reopen};
use crate::ops::recover::{RecoverError, Since, Waiting, recover};
use crate::ops::review::server_now;
use crate::ops::sign_in::Session;
use crate::ports::{Cleared, ClipboardRoute, TerminalNote};

/// How often a key whose answer was lost is looked for.
const LOOK_EVERY: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct CreatedShape<'a> {
    schema_version: u32,
    as_of: String,
    key: KeyShape<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    receipts: [(); 0],
}

pub(super) async fn run(
    mut context: Context<'_>,
    args: &CreateArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, Trouble> {
    if args.show && nobody_reads() {
        return Err(Trouble::new(
            Exit::Error,
            "Nothing was done: nobody reads standard output, where the value would go.",
        ));
    }
    if args.resume {
        return resume(context, args, interrupts).await;
    }
    let name = args.name.as_deref().unwrap_or_default();
    let name = KeyName::parse(name).map_err(|bad| Trouble::new(Exit::Usage, bad.to_string()))?;
    let host = context.settings.profile.base_url.host();
    if context.switches.dry_run {
        context.output.say(&format!("Would create “{name}” at {host}."));
        return Ok(Exit::Ok);
    }
    let session = until_interrupted(interrupts, super::session(context.ports, context.settings)).await?;
    let without_store = if args.show || args.copy {
        WithoutStore::Create
    } else {
        WithoutStore::Refuse
    };
    let profile = &context.settings.profile;
    // Not dropped at a signal: a key would be left behind whose value nobody has. The request has its own time limit.
    match create(context.ports, profile, &*session.api, name, without_store).await {
        Ok(new) => hand_over(&mut context, &session, new, args, interrupts).await,
        Err(error) => {
            let uncertain = matches!(error, CreateError::Uncertain(..));
            let trouble = Trouble::from(error);
            if !uncertain {
                return Err(trouble);
            }
            context.output.error(&trouble.sentence);
            look_for_it(&mut context, &session, interrupts).await
        }
    }
}

/// Offers what waits of earlier runs.
async fn resume(mut context: Context<'_>, args: &CreateArgs, interrupts: &mut Interrupts) -> Result<Exit, Trouble> {
    let session = until_interrupted(interrupts, super::session(context.ports, context.settings)).await?;
    let waiting = look(&context, &session, Since::EarlierRun).await?;
    let wanted = |creation: &Creation| {
        args.name
            .as_deref()
            .is_none_or(|name| creation.intent.name.as_str() == name)
    };
    let chosen: Vec<&Waiting> = waiting.iter().filter(|one| wanted(one.creation())).collect();
    let values: Vec<&Creation> = chosen
        .iter()
        .filter_map(|one| match one {
            Waiting::Value(creation) => Some(creation),
            _ => None,
        })
        .collect();
    for one in chosen.iter().filter(|one| !matches!(one, Waiting::Value(_))) {
        context.output.warn(&one.sentence());
    }
    match values.as_slice() {
        [] if chosen.is_empty() => {
            context.output.say("No new key is waiting.");
            Ok(Exit::Ok)
        }
        [] => Ok(Exit::Partial),
        [creation] => {
            let new = reopen(context.ports, creation)
                .await
                .map_err(|error| Trouble::new(Exit::Error, error.to_string()))?;
            hand_over(&mut context, &session, new, args, interrupts).await
        }
        several => {
            for creation in several {
                context.output.warn(&Waiting::Value((*creation).clone()).sentence());
            }
            Err(Trouble::new(
                Exit::Usage,
                "Several new keys are waiting: say which, as in chatzuri-keys create NAME --resume.",
            ))
        }
    }
}

/// Hands a value to where it was asked to go, and forgets it only when it is there.
async fn hand_over(
    context: &mut Context<'_>,
    session: &Session,
    new: NewKey,
    args: &CreateArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, Trouble> {
    let NewKey {
        creation,
        key,
        secret,
        safety,
    } = new;
    let called = key.called();
    let now = server_now(&*session.api, &*context.ports.clock);
    let policy = context.settings.config.policy();
    print(&key, &secret, args, policy, now, context.output)
        .map_err(|error| undelivered(&called, key.id.shown(), &safety, &error))?;
    if args.copy {
        copy(context, &creation, &secret, &called, interrupts).await?;
    }
    drop(secret);
    if args.show || args.stored {
        return Ok(forget(context, &creation, &called).await);
    }
    let id = key.id.shown();
    match &safety {
        Safety::Escrowed => context.output.say(&format!(
            "{called} waits in {} until it is stored: chatzuri-keys create --resume --show hands it over, and \
             chatzuri-keys create --resume --stored forgets it.",
            context.ports.store.called()
        )),
        Safety::MemoryOnly(error) => context.output.warn(&format!(
            "{called} is kept nowhere else: {error}. If it was not pasted anywhere, revoke it: chatzuri-keys revoke {id}"
        )),
    }
    Ok(Exit::Ok)
}

fn print(
    key: &ApiKey,
    secret: &Secret,
    args: &CreateArgs,
    policy: RotationPolicy,
    now: Timestamp,
    output: &mut Output,
) -> io::Result<()> {
    if !args.json {
        return if args.show { output.secret(secret) } else { Ok(()) };
    }
    let listed = ListedKey {
        key: key.clone(),
        own: Own::No,
    };
    output.secret_json(&CreatedShape {
        schema_version: SCHEMA_VERSION,
        as_of: time(now),
        key: KeyShape::of(&listed, policy, now),
        secret: args.show.then(|| secret.expose()),
        receipts: [],
    })
}

/// Copies the value and stays until it is cleared or replaced: on X11 and Wayland the content goes with its owner.
async fn copy(
    context: &mut Context<'_>,
    creation: &Creation,
    secret: &Arc<Secret>,
    called: &str,
    interrupts: &mut Interrupts,
) -> Result<(), Trouble> {
    let clipboard = &context.ports.clipboard;
    let failed = |why: String| Trouble::new(Exit::Error, format!("{called} was not copied: {why}"));
    let route = clipboard
        .copy(Arc::clone(secret))
        .await
        .map_err(|error| failed(error.to_string()))?;
    let seconds = context.settings.config.clipboard.clear_after;
    let limit = (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)));
    let until = limit.map_or("until something newer is copied".to_owned(), |_| {
        format!("for {seconds} s")
    });
    match route {
        ClipboardRoute::Desktop { .. } => context.output.say(&format!(
            "{called} is on the clipboard {until}, as long as this command runs."
        )),
        ClipboardRoute::Terminal(TerminalNote::TmuxBlocks) => {
            return Err(failed(
                "tmux stops it; run “tmux set -g set-clipboard on” and try again.".to_owned(),
            ));
        }
        ClipboardRoute::Terminal(_) => context.output.say(&format!(
            "{called} was sent to your terminal's clipboard, which does not confirm; it is asked to forget it {until}."
        )),
    }
    note_delivery(context.ports, &context.settings.profile, creation, "the clipboard").await;
    let held = tokio::select! {
        held = clipboard.hold(limit) => held,
        _ = interrupts.next() => clipboard.clear().await,
    };
    match held {
        Ok(Cleared::Cleared) => context.output.say("Cleared from the clipboard."),
        Ok(Cleared::NotOurs) => context
            .output
            .say("Something newer is on the clipboard; it was left alone."),
        Ok(Cleared::Unconfirmed) => {}
        Err(error) => context
            .output
            .warn(&format!("The value may still be on the clipboard: {error}")),
    }
    Ok(())
}

async fn forget(context: &mut Context<'_>, creation: &Creation, called: &str) -> Exit {
    let store = context.ports.store.called();
    match acknowledge(context.ports, &context.settings.profile, creation).await {
        Acknowledged::Forgotten => {
            context
                .output
                .say(&format!("{called} is handed over; nothing of its value is kept here."));
        }
        Acknowledged::StillEscrowed(error) => context.output.warn(&format!(
            "{called} is handed over, but {store} may still hold its value: {error}. The next start deletes it."
        )),
        Acknowledged::NotRecorded => context.output.warn(&format!(
            "{called} is handed over, but the journal did not take that: the next start offers it again."
        )),
    }
    Exit::Ok
}

async fn look(context: &Context<'_>, session: &Session, since: Since) -> Result<Vec<Waiting>, Trouble> {
    recover(context.ports, &context.settings.profile, &*session.api, since)
        .await
        .map_err(|error| match &error {
            RecoverError::List(cause) => Trouble::new(of_api_error(cause), error.to_string()),
            RecoverError::Journal(_) => Trouble::new(Exit::Error, error.to_string()),
        })
}

/// The answer was lost: the key is looked for until it is found or two minutes are over.
async fn look_for_it(
    context: &mut Context<'_>,
    session: &Session,
    interrupts: &mut Interrupts,
) -> Result<Exit, Trouble> {
    loop {
        let waiting = match look(context, session, Since::JustNow).await {
            Ok(waiting) => waiting,
            // The list cannot be read now; the time may mend that.
            Err(trouble) => {
                context.output.warn(&trouble.sentence);
                return Ok(trouble.exit);
            }
        };
        let looking = waiting.iter().any(|one| matches!(one, Waiting::Looking(_)));
        if !looking {
            for one in &waiting {
                context.output.warn(&one.sentence());
            }
            if waiting.is_empty() {
                context
                    .output
                    .say("No such key appeared in the list: it was not created.");
            }
            return Ok(Exit::Error);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = interrupts.next() => {
                context.output.warn("It is still not known; the next start looks again.");
                return Ok(Exit::Declined);
            }
        }
    }
}

fn undelivered(called: &str, id: &str, safety: &Safety, error: &io::Error) -> Trouble {
    let now = match safety {
        Safety::Escrowed => "It waits in your keyring: chatzuri-keys create --resume --show".to_owned(),
        Safety::MemoryOnly(_) => {
            format!("The value is lost; revoke the key and create another: chatzuri-keys revoke {id}")
        }
    };
    Trouble::new(
        Exit::Error,
        format!(
            "{called} was created, but its value was not delivered: standard output takes nothing ({error}). {now}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Capture, Closed, at, key};
    use crate::ports::StoreError;

    const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

    fn printed(json: bool, show: bool, data: Box<dyn io::Write + Send>) -> io::Result<()> {
        let mut output = Output::to(data, Box::new(Capture::default()));
        let args = CreateArgs {
            json,
            show,
            ..CreateArgs::default()
        };
        let secret = Secret::parse(VALUE).unwrap();
        let now = at("2026-11-22T12:00:00Z");
        let key = key("key_1", "Zapier").key;
        print(&key, &secret, &args, RotationPolicy::default(), now, &mut output)
    }

    #[test]
    fn the_value_alone_is_data_and_only_when_it_is_asked_for() {
        for (show, expected) in [(true, format!("{VALUE}\n")), (false, String::new())] {
            let data = Capture::default();
            printed(false, show, Box::new(data.clone())).unwrap();
            assert_eq!(data.text(), expected);
        }
    }

    #[test]
    fn json_holds_the_value_only_when_it_is_asked_for() {
        for show in [true, false] {
            let data = Capture::default();
            printed(true, show, Box::new(data.clone())).unwrap();
            let shape: serde_json::Value = serde_json::from_str(&data.text()).unwrap();
            assert_eq!(shape.get("secret").is_some(), show);
            assert_eq!(shape["key"]["id"], "key_1");
            assert_eq!(shape["receipts"], serde_json::json!([]));
        }
    }

    #[test]
    fn a_reader_that_has_left_means_the_value_was_not_delivered_and_is_told_where_it_is() {
        let error = printed(false, true, Box::new(Closed)).unwrap_err();
        let escrowed = undelivered("“Zapier” (key_1)", "key_1", &Safety::Escrowed, &error);
        assert_eq!(escrowed.exit, Exit::Error);
        assert!(
            escrowed
                .sentence
                .contains("was created, but its value was not delivered")
        );
        assert!(escrowed.sentence.contains("--resume --show"));
        let lost = undelivered(
            "“Zapier” (key_1)",
            "key_1",
            &Safety::MemoryOnly(StoreError::Absent),
            &error,
        );
        assert!(lost.sentence.contains("revoke key_1"));
        assert!(!lost.sentence.contains(VALUE) && !escrowed.sentence.contains(VALUE));
    }
}
