//! A new value that nothing keeps yet: the store is tried again before it is given up, and the person may take it elsewhere.

use std::time::Duration;

use crate::cli::commands::create::asked::{Asked, agree};
use crate::cli::commands::create::keep::{LONGEST, try_again};
use crate::cli::context::Context;
use crate::cli::exit::CommandError;
use crate::cli::interrupt::Interrupts;
use crate::cli::prompt;
use crate::core::target::Target;
use crate::ops::create::NewKey;
use crate::ops::deliver::Receipt;
use crate::ops::handover::{Destination, hand_to, look_ahead};

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rescued {
    /// The store has it after all.
    Kept,
    /// It is to be shown.
    Show,
    /// It is to be copied.
    Copy,
    /// A target has it.
    Stored(Box<Receipt>),
    /// Nothing has it.
    Lost,
}

/// Finds a place for a value that is nowhere but in memory.
pub(super) async fn rescue(
    context: &mut Context<'_>,
    asked: &Asked<'_>,
    new: &mut NewKey,
    mut longest: Duration,
    interrupts: &mut Interrupts,
) -> Rescued {
    loop {
        if try_again(context, new, longest, interrupts).await {
            return Rescued::Kept;
        }
        if !context.switches.interactive {
            return Rescued::Lost;
        }
        match choice(context, asked, new, interrupts).await {
            Some(rescued) => return rescued,
            None => longest = LONGEST,
        }
    }
}

/// Asks where else the value is to go. `None`: the store is to be tried once more.
async fn choice(
    context: &mut Context<'_>,
    asked: &Asked<'_>,
    new: &mut NewKey,
    interrupts: &mut Interrupts,
) -> Option<Rescued> {
    let called = new.key.display_name();
    context.output.warn(&format!(
        "This command holds the only copy of {called}'s value. Type “show”, “copy”, “wait”, a target as for --to, or \
         “lose it” to give it up."
    ));
    loop {
        // Nobody can be asked any more, or somebody insists.
        let Some(typed) = where_to(context, &called, interrupts).await else {
            return Some(Rescued::Lost);
        };
        match typed.as_str() {
            "" => {}
            "show" => return Some(Rescued::Show),
            "copy" => return Some(Rescued::Copy),
            "wait" => return None,
            "lose it" => return Some(Rescued::Lost),
            target => match hand_over_to(context, asked, new, target).await {
                Ok(receipt) if receipt.is_stored() => {
                    context.output.say(&receipt.to_string());
                    return Some(Rescued::Stored(Box::new(receipt)));
                }
                Ok(receipt) => context.output.warn(&receipt.to_string()),
                Err(trouble) => context.output.error(&trouble.sentence),
            },
        }
    }
}

/// What is typed; `None` after a second Ctrl-C or another signal, or where nobody can be asked.
async fn where_to(context: &mut Context<'_>, called: &str, interrupts: &mut Interrupts) -> Option<String> {
    const QUESTION: &str = "Where to? ";
    // One reader for both: another could not read before the first has ended.
    let mut typed = std::pin::pin!(prompt::line(QUESTION));
    let mut warned = false;
    loop {
        tokio::select! {
            biased;
            is_control_c = interrupts.next_is_control_c() => {
                if warned || !is_control_c {
                    return None;
                }
                warned = true;
                context
                    .output
                    .warn(&format!("\nThis command still holds the only copy of {called}'s value: Ctrl-C again loses \
                        it."));
                prompt::show(QUESTION).ok()?;
            }
            typed = &mut typed => return typed.ok().flatten(),
        }
    }
}

async fn hand_over_to(
    context: &mut Context<'_>,
    asked: &Asked<'_>,
    new: &mut NewKey,
    target: &str,
) -> Result<Receipt, CommandError> {
    let usage = |why: String| CommandError::new(crate::cli::exit::Exit::Usage, why);
    let target = Target::parse(target).map_err(|bad| usage(bad.to_string()))?;
    let ready = look_ahead(context.ports, asked.route(), [&target], Some(&new.creation.intent.name)).await;
    let ready = ready.map_err(|problems| {
        let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
        usage(words.join(" "))
    })?;
    let mut destination = Destination::from(target);
    for ready in ready {
        agree(context, &ready.doubts).await?;
        destination.exact = ready.exact;
    }
    let profile = &context.settings.profile;
    let never = std::future::pending();
    let handed = hand_to(context.ports, profile, asked.route(), &destination, new, never).await;
    context.output.unrecorded(&handed.recorded);
    Ok(handed.receipt)
}
