//! A new value on its way: to its targets, the clipboard and standard output, and forgotten only when it is there.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::commands::create::asked::Asked;
use crate::cli::commands::create::keep::try_again;
use crate::cli::commands::create::receipts::{ReceiptShape, Receipts, deliver_all, what_now};
use crate::cli::commands::create::rescue::{Rescued, rescue};
use crate::cli::commands::rotate::shape::RotationShape;
use crate::cli::context::Context;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::Output;
use crate::core::creation::Creation;
use crate::core::key::{ApiKey, Own};
use crate::core::listing::{ListedKey, Source};
use crate::core::policy::Policies;
use crate::core::secret::Secret;
use crate::ops::create::{NewKey, Safety, give_up_value};
use crate::ops::custody::{Acknowledged, acknowledge, note_delivery};
use crate::ops::review::server_now;
use crate::ops::sign_in::Session;
use crate::ops::trail::CLIPBOARD;
use crate::ports::{Cleared, ClipboardRoute, StoreError, TerminalNote};
use crate::present::json::{KeyShape, SCHEMA_VERSION, time};
use crate::present::words::shell_word;

#[derive(Serialize)]
struct CreatedShape<'a> {
    schema_version: u32,
    as_of: String,
    key: KeyShape<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    receipts: Vec<ReceiptShape<'a>>,
    /// Nobody has its value, and nobody can have it any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    secret_lost: bool,
    /// The rotation it is a step of, as it stood before the value was handed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    rotation: Option<&'a RotationShape<'a>>,
}

/// Hands a value to where it was asked to go, and forgets it only when it is there.
///
/// `rotation`: the rotation it is a step of. `keeps_waiting`: whether it goes on waiting when everybody who was asked took
/// it; `None`: it waits where nobody was asked.
pub(in crate::cli) async fn hand_over(
    context: &mut Context<'_>,
    session: &Session,
    mut new: NewKey,
    asked: &Asked<'_>,
    rotation: Option<RotationShape<'_>>,
    keeps_waiting: Option<bool>,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let args = asked.args;
    let is_step = rotation.is_some();
    let mut receipts = deliver_all(context, asked, &mut new, interrupts).await;
    let called = new.key.display_name();
    let (mut show, mut lost) = (args.show, false);
    let (mut copied, mut longest) = (None, asked.longest_rescue);
    if args.copy && !receipts.stopped {
        copied = Some(copy(context, &new, &called).await);
    }
    let is_copied = |copied: &Option<Result<Held, CommandError>>| matches!(copied, Some(Ok(_)));
    while new.safety != Safety::Escrowed && !show && !is_copied(&copied) && !receipts.any_stored() && !lost {
        let longest = std::mem::take(&mut longest);
        match rescue(context, asked, &mut new, longest, interrupts).await {
            Rescued::Kept => {}
            Rescued::Show => show = true,
            Rescued::Copy => match copy(context, &new, &called).await {
                Ok(held) => copied = Some(Ok(held)),
                Err(trouble) => context.output.error(&trouble.sentence),
            },
            Rescued::Stored(receipt) => receipts.all.push(*receipt),
            Rescued::Lost => lost = true,
        }
    }
    if lost {
        give_up_value(context.ports, &context.settings.profile, &new).await;
    }
    let printing = Printing {
        json: args.json,
        show,
        receipts: &receipts,
        secret_lost: lost,
        rotation,
        policies: context.settings.config.policies(),
        now: server_now(&session.client, &*context.ports.clock),
    };
    let printed = printing.print(&new.key, &new.secret, context.output);
    let id = new.key.id.shown().to_owned();
    let was_copied = is_copied(&copied);
    let mut trouble = None;
    if let (true, Err(error)) = (show, &printed) {
        if !receipts.any_stored() && !was_copied {
            let kept = try_again(context, &mut new, longest, interrupts).await;
            if !kept {
                give_up_value(context.ports, &context.settings.profile, &new).await;
            }
        }
        trouble = Some(undelivered(&called, &id, &new.safety, &receipts, was_copied, error));
    }
    let NewKey {
        creation,
        secret,
        safety,
        ..
    } = new;
    drop(secret);
    let copied = match copied {
        Some(Ok(held)) => {
            hold(context, &creation, held, interrupts).await;
            Ok(())
        }
        Some(Err(trouble)) => {
            context.output.error(&trouble.sentence);
            Err(trouble)
        }
        None => Ok(()),
    };
    if let Some(trouble) = trouble {
        return Err(trouble);
    }
    let is_elsewhere = matches!(safety, Safety::MemoryOnly(_)) && receipts.any_stored();
    let waits = keeps_waiting.unwrap_or(receipts.all.is_empty());
    let exit = if lost {
        context.output.error(&given_up(&called, &id, &safety));
        return Ok(Exit::Error);
    } else if !receipts.all_stored() {
        let places = [(show, "standard output"), (was_copied, "the place it was pasted to")];
        let elsewhere: Vec<&str> = places
            .iter()
            .filter(|(asked, _)| *asked)
            .map(|(_, place)| *place)
            .collect();
        let name = &creation.intent.name;
        let sentence = what_now(&called, name, &id, &safety, &receipts, &elsewhere);
        context.output.error(&sentence);
        if is_step && is_elsewhere {
            close(context, &creation).await;
        }
        if receipts.stopped {
            Exit::Declined
        } else {
            Exit::Partial
        }
    } else if show || args.stored || !waits {
        forget(context, &creation, &called).await
    } else if is_elsewhere {
        context.output.say(&format!(
            "The value of {called} is in {} and nowhere else. Copy it from there to wherever else you use it.",
            receipts.targets(true).join(", ")
        ));
        close(context, &creation).await;
        Exit::Ok
    } else {
        still_waits(context, &called, &id, &safety);
        Exit::Ok
    };
    printed?;
    // What was not copied is somewhere else, or was just said to wait or to be lost.
    Ok(match (exit, copied) {
        (Exit::Ok, Err(_)) if show || !receipts.all.is_empty() => Exit::Partial,
        (Exit::Ok, Err(trouble)) => trouble.exit,
        (exit, _) => exit,
    })
}

/// The words for a value that was given up; a store that did not answer may have taken it all the same.
fn given_up(called: &str, id: &str, safety: &Safety) -> String {
    if let (true, Safety::MemoryOnly(error)) = (safety.is_uncertain(), safety) {
        return format!(
            "The value of {called} is probably lost. {error}. The keyring may have it anyway.\n{}",
            look_first(id)
        );
    }
    let why = match safety {
        Safety::Escrowed => String::new(),
        Safety::MemoryOnly(error) => format!(" {error}."),
    };
    format!(
        "The value of {called} is lost: nothing stored it, and nobody can use the key.{why}\nRevoke it and create \
         another: chatzuri-keys revoke {}",
        shell_word(id)
    )
}

fn look_first(id: &str) -> String {
    format!(
        "Look there first: chatzuri-keys create --resume\nIf it is not there, revoke the key and create another: \
         chatzuri-keys revoke {}",
        shell_word(id)
    )
}

fn still_waits(context: &mut Context<'_>, called: &str, id: &str, safety: &Safety) {
    match safety {
        Safety::Escrowed => context.output.say(&format!(
            "The value of {called} is waiting in {}.\nTo use it: chatzuri-keys create --resume --show (or --to \
             TARGET)\nOnce you have stored it: chatzuri-keys create --resume --stored",
            context.ports.store.display_name()
        )),
        Safety::MemoryOnly(error) => context.output.warn(&no_copy_kept(called, id, error)),
    }
}

fn no_copy_kept(called: &str, id: &str, error: &StoreError) -> String {
    format!(
        "The value of {called} is nowhere else: {error}. If you did not paste it anywhere, revoke the key: \
         chatzuri-keys revoke {}",
        shell_word(id)
    )
}

/// What goes to standard output.
struct Printing<'a> {
    json: bool,
    show: bool,
    receipts: &'a Receipts,
    secret_lost: bool,
    rotation: Option<RotationShape<'a>>,
    policies: Policies,
    now: Timestamp,
}

impl Printing<'_> {
    fn print(&self, key: &ApiKey, secret: &Secret, output: &mut Output) -> io::Result<()> {
        if !self.json {
            return if self.show { output.secret(secret) } else { Ok(()) };
        }
        let own = self.rotation.as_ref().is_some_and(RotationShape::is_own);
        let listed = ListedKey {
            key: key.clone(),
            own: if own { Own::Yes } else { Own::No },
            source: if key.id.is_local() {
                Source::Tracked { owner: None }
            } else {
                Source::Api
            },
        };
        let shape = CreatedShape {
            schema_version: SCHEMA_VERSION,
            as_of: time(self.now),
            key: KeyShape::of(&listed, &self.policies, self.now),
            secret: self.show.then(|| secret.expose()),
            receipts: self.receipts.all.iter().map(ReceiptShape::of).collect(),
            secret_lost: self.secret_lost,
            rotation: self.rotation.as_ref(),
        };
        if self.show {
            output.secret_json(&shape)
        } else {
            output.json(&shape)
        }
    }
}

/// A value on the clipboard, and for how long.
struct Held(Option<Duration>);

async fn copy(context: &mut Context<'_>, new: &NewKey, called: &str) -> Result<Held, CommandError> {
    let failed = |why: String| CommandError::new(Exit::Error, format!("{called} was not copied: {why}"));
    let route = context.ports.clipboard.copy(Arc::clone(&new.secret)).await;
    let route = route.map_err(|error| failed(error.to_string()))?;
    let seconds = context.settings.config.clipboard.clear_after;
    let limit = (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)));
    let until = limit.map_or("until something newer is copied".to_owned(), |_| {
        format!("for {seconds} s")
    });
    match route {
        ClipboardRoute::Desktop { .. } => context.output.say(&format!(
            "{called} is on the clipboard {until}, while this command runs."
        )),
        ClipboardRoute::Terminal(TerminalNote::TmuxBlocks) => {
            return Err(failed(
                "tmux blocks it; run “tmux set -g set-clipboard on” and try again.".to_owned(),
            ));
        }
        ClipboardRoute::Terminal(_) => context.output.say(&format!(
            "{called} was sent to your terminal's clipboard. Your terminal does not confirm it; the value should \
             stay there {until}."
        )),
    }
    Ok(Held(limit))
}

/// Stays until the value is cleared or replaced: on X11 and Wayland the content goes with its owner.
async fn hold(context: &mut Context<'_>, creation: &Creation, Held(limit): Held, interrupts: &mut Interrupts) {
    let clipboard = &context.ports.clipboard;
    let noted = note_delivery(context.ports, &context.settings.profile, creation, CLIPBOARD).await;
    context.output.unrecorded(&noted.recorded);
    let held = tokio::select! {
        held = clipboard.hold(limit) => held,
        _ = interrupts.next() => clipboard.clear().await,
    };
    match held {
        Ok(Cleared::Cleared) => context.output.say("Cleared from the clipboard."),
        Ok(Cleared::NotOurs) => context
            .output
            .say("The clipboard holds something newer, so it was not cleared."),
        Ok(Cleared::Unconfirmed) => {}
        Err(error) => context
            .output
            .warn(&format!("The value may still be on the clipboard: {error}")),
    }
}

/// Ends the creation of a value that is where its receipts say and that nothing here keeps. A row that stays open is closed
/// by the next look at its rotation.
async fn close(context: &Context<'_>, creation: &Creation) {
    acknowledge(context.ports, &context.settings.profile, creation).await;
}

pub(super) async fn forget(context: &mut Context<'_>, creation: &Creation, called: &str) -> Exit {
    let store = context.ports.store.display_name();
    match acknowledge(context.ports, &context.settings.profile, creation).await {
        Acknowledged::Forgotten => {
            context
                .output
                .say(&format!("{called} is delivered. No copy of its value is left here."));
        }
        Acknowledged::StillEscrowed(error) => context.output.warn(&format!(
            "{called} is delivered, but {store} may still hold its value: {error}. The next start deletes it."
        )),
        Acknowledged::NotRecorded => context.output.warn(&format!(
            "{called} is delivered, but the journal could not record it. The next start offers it again."
        )),
    }
    Exit::Ok
}

fn undelivered(
    called: &str,
    id: &str,
    safety: &Safety,
    receipts: &Receipts,
    was_copied: bool,
    error: &io::Error,
) -> CommandError {
    let stored = receipts.any_stored();
    let what = if stored {
        let places = receipts.targets(true).join(", ");
        format!(
            "{called} was created and its value is in {places}, but standard output cannot be written to ({error})."
        )
    } else if was_copied {
        format!("{called} was created and its value was copied, but standard output cannot be written to ({error}).")
    } else {
        format!(
            "{called} was created, but its value was not delivered: standard output cannot be written to ({error})."
        )
    };
    let now = match safety {
        Safety::Escrowed => "The value is waiting in your keyring: chatzuri-keys create --resume --show".to_owned(),
        Safety::MemoryOnly(_) if stored => "No other copy exists.".to_owned(),
        Safety::MemoryOnly(_) if was_copied => format!(
            "No other copy exists.\nIf you did not paste it anywhere, revoke the key: chatzuri-keys revoke {}",
            shell_word(id)
        ),
        Safety::MemoryOnly(error) if safety.is_uncertain() => {
            format!("{error}. The keyring may have it anyway.\n{}", look_first(id))
        }
        Safety::MemoryOnly(_) => format!(
            "The value is lost. Revoke the key and create another: chatzuri-keys revoke {}",
            shell_word(id)
        ),
    };
    CommandError::new(Exit::Error, format!("{what} {now}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Capture, Closed};
    use crate::core::target::Target;
    use crate::ops::deliver::{Receipt, ReceiptState, Verified};
    use crate::present::testing::{at, key};

    const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

    fn stored() -> Receipts {
        let receipt = Receipt {
            target: Target::parse("pass:a").unwrap(),
            exact: None,
            state: ReceiptState::Stored {
                verified: Verified::Yes,
            },
        };
        Receipts {
            all: vec![receipt],
            stopped: false,
        }
    }

    fn printed(json: bool, show: bool, data: Box<dyn io::Write + Send>) -> io::Result<()> {
        let mut output = Output::to(data, Box::new(Capture::default()));
        let printing = Printing {
            json,
            show,
            receipts: &stored(),
            secret_lost: false,
            rotation: None,
            policies: Policies::default(),
            now: at("2026-11-22T12:00:00Z"),
        };
        let secret = Secret::parse(VALUE).unwrap();
        printing.print(&key("key_1", "Zapier").key, &secret, &mut output)
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
    fn json_holds_the_receipts_and_the_value_only_when_it_is_asked_for() {
        for show in [true, false] {
            let data = Capture::default();
            printed(true, show, Box::new(data.clone())).unwrap();
            let shape: serde_json::Value = serde_json::from_str(&data.text()).unwrap();
            assert_eq!(shape.get("secret").is_some(), show);
            assert_eq!(shape["key"]["id"], "key_1");
            let receipt = serde_json::json!({"target": "pass:a", "state": "stored", "verified": "yes", "detail": null});
            assert_eq!(shape["receipts"], serde_json::json!([receipt]));
        }
    }

    #[test]
    fn a_reader_that_has_left_means_the_value_was_not_delivered_and_is_told_where_it_is() {
        let error = printed(false, true, Box::new(Closed)).unwrap_err();
        let told = |safety: &Safety, receipts: &Receipts| {
            let trouble = undelivered("“Zapier” (key_1)", "key_1", safety, receipts, false, &error);
            assert_eq!(trouble.exit, Exit::Error);
            trouble.sentence
        };
        let escrowed = told(&Safety::Escrowed, &Receipts::default());
        assert!(
            escrowed.contains("was created, but its value was not delivered"),
            "{escrowed}"
        );
        assert!(escrowed.contains("--resume --show"), "{escrowed}");
        let nowhere = Safety::MemoryOnly(StoreError::Absent);
        let lost = told(&nowhere, &Receipts::default());
        assert!(lost.contains("revoke key_1"), "{lost}");
        let there = told(&nowhere, &stored());
        assert!(
            there.contains("its value is in pass:a, but") && !there.contains("lost"),
            "{there}"
        );
        let mut partly = stored();
        partly.all.push(Receipt {
            target: Target::parse("pass:b").unwrap(),
            exact: None,
            state: ReceiptState::Failed {
                why: "no room".to_owned(),
            },
        });
        let partly = told(&nowhere, &partly);
        assert!(
            partly.contains("its value is in pass:a, but") && !partly.contains("lost"),
            "{partly}"
        );
    }

    #[test]
    fn a_store_that_did_not_answer_is_to_be_looked_at_before_the_key_is_revoked() {
        let error = io::Error::from(io::ErrorKind::BrokenPipe);
        let told = |safety: &Safety| {
            let trouble = undelivered("“Zapier”", "key_1", safety, &Receipts::default(), false, &error);
            [given_up("“Zapier”", "key_1", safety), trouble.sentence]
        };
        for sentence in told(&Safety::MemoryOnly(StoreError::TimedOut(Duration::from_secs(5)))) {
            assert!(sentence.contains("may have it anyway"), "{sentence}");
            assert!(
                sentence.contains("\nLook there first: chatzuri-keys create --resume\n"),
                "{sentence}"
            );
            assert!(
                sentence.ends_with("revoke key_1") && !sentence.contains("nobody can use"),
                "{sentence}"
            );
        }
        for sentence in told(&Safety::MemoryOnly(StoreError::Locked)) {
            assert!(
                sentence.contains("is lost") && !sentence.contains("Look there"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn an_id_that_a_shell_would_run_is_quoted_in_a_command_to_paste() {
        let error = io::Error::from(io::ErrorKind::BrokenPipe);
        let nowhere = Safety::MemoryOnly(StoreError::Absent);
        let lost = undelivered("“Zapier”", "k;reboot", &nowhere, &Receipts::default(), false, &error);
        assert!(lost.sentence.ends_with("revoke 'k;reboot'"), "{}", lost.sentence);
        let waits = no_copy_kept("“Zapier”", "k;reboot", &StoreError::Absent);
        assert!(waits.ends_with("revoke 'k;reboot'"), "{waits}");
    }

    #[test]
    fn a_reader_of_the_receipts_that_has_left_is_no_failure() {
        assert!(printed(true, false, Box::new(Closed)).is_ok());
    }
}
