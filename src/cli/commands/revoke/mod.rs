//! `chatzuri-keys revoke KEY…`: which keys are meant, the plan, the question, and what became of each.

pub(crate) mod args;
mod method;
mod plan;
mod report;
mod targets;

use crate::cli::commands::revoke::args::RevokeArgs;
use crate::cli::context::{Context, session, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::prompt;
use crate::core::bulk::BulkPlan;
use crate::core::confirm::{in_use, question};
use crate::core::key::Own;
use crate::core::listing::{ListedKey, Listing};
use crate::core::outcome::Outcome;
use crate::core::rotation::Rotation;
use crate::ops::review::{review, server_now};
use crate::ops::revoke::{Pace, Progress, Revoked, revoke_many};
use crate::ops::sign_in::Session;

use self::method::By;
use self::plan::facts;
use self::report::{report, say};

pub(super) async fn run(
    mut context: Context<'_>,
    args: &RevokeArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let switches = context.switches;
    if !switches.interactive && !switches.yes && !switches.dry_run {
        return Err(prompt::unconfirmed("Nothing was revoked"));
    }
    let wanted = targets::Wanted::of(args)?;
    let lines = until_interrupted(interrupts, targets::lines(args.from_file.as_deref())).await?;
    let prepared = async {
        let session = session(context.ports, context.settings).await?;
        let listing = review(&session.client, &*context.ports.clock, &|_| {}).await?;
        Ok::<_, CommandError>((session, listing))
    };
    let (session, listing) = until_interrupted(interrupts, prepared).await?;
    let targets = targets::choose(&listing, &wanted, lines, context.output)?;
    let by = method::By::find(&session, args, switches, interrupts).await?;
    by.refuse_what_does_not_fit(args, &targets)?;
    let plan = BulkPlan::of(targets, listing.as_of);
    let rotations = rotations(&context).await;
    if plan.is_empty() {
        context.output.say("Nothing was revoked: no key matches.");
        return report(&listing, &[], args.json, None, context.output);
    }
    match plan.order().as_slice() {
        [only] if wanted.names_keys() => {
            one(&mut context, &listing, only, (by, args.attest), &rotations, interrupts).await?
        }
        _ => several(&mut context, &listing, &plan, &rotations, interrupts).await?,
    }
    if switches.dry_run {
        let results = plan.order().into_iter().map(|target| Revoked {
            target,
            outcome: Outcome::NotBegun,
            recorded: Ok(()),
        });
        return report(&listing, &results.collect::<Vec<_>>(), args.json, None, context.output);
    }
    let results = revoke(&mut context, &session, &plan.order(), (by, args), interrupts).await?;
    for revoked in &results {
        say(revoked, context.output);
    }
    let unrecorded = results.iter().find(|revoked| revoked.recorded.is_err());
    if let Some(revoked) = unrecorded {
        context.output.unrecorded(&revoked.recorded);
    }
    let now = server_now(&session.client, &*context.ports.clock);
    report(&listing, &results, args.json, Some(now), context.output)
}

/// The rotations that are not over; none where that cannot be read, which stops nobody.
async fn rotations(context: &Context<'_>) -> Vec<Rotation> {
    let read = context.ports.journal.rotations(&context.settings.profile.scope()).await;
    read.unwrap_or_else(|error| {
        tracing::debug!(%error, "rotations were not read");
        Vec::new()
    })
}

/// One key that was named: its facts, and the question about it.
async fn one(
    context: &mut Context<'_>,
    listing: &Listing,
    target: &ListedKey,
    (by, attest): (By, bool),
    rotations: &[Rotation],
    interrupts: &mut Interrupts,
) -> Result<(), CommandError> {
    let in_browser = by.in_browser(target);
    let output = &mut *context.output;
    if let Some(warning) = plan::rotation_warning(rotations, target) {
        output.warn(&warning);
    }
    if context.switches.dry_run {
        let how = if in_browser { " in the browser" } else { "" };
        output.say(&format!("Would revoke {}{how}.", facts(listing, target)));
    } else if attest && !context.switches.yes {
        until_interrupted(interrupts, confirm_word(target)).await?;
    } else if in_browser && !context.switches.yes {
        // In the browser the click is the person's own yes.
    } else if !context.switches.yes {
        output.warn(&format!("Revoke {}?", facts(listing, target)));
        output.warn("Every request with it will get 401 at once. You cannot undo this.");
        until_interrupted(interrupts, confirm(listing, target)).await?;
    } else if target.own != Own::No || in_use(listing.as_of, target.key.last_used_at) {
        // What --yes does not ask must still be known.
        output.warn(&format!("Revoking {}.", facts(listing, target)));
    }
    Ok(())
}

/// Several keys: the plan, their count typed, and our own credential asked for apart.
async fn several(
    context: &mut Context<'_>,
    listing: &Listing,
    plan: &BulkPlan,
    rotations: &[Rotation],
    interrupts: &mut Interrupts,
) -> Result<(), CommandError> {
    let switches = context.switches;
    plan::show(listing, plan, rotations, switches.dry_run, context.output);
    if switches.dry_run || switches.yes {
        return Ok(());
    }
    context
        .output
        .warn("Every request with one of them will get 401 at once. You cannot undo this.");
    let count = plan.len().to_string();
    let these = match plan.len() {
        1 => "this key".to_owned(),
        count => format!("all {count} keys"),
    };
    let asked = async {
        let line = prompt::line(&format!("Type {count} to revoke {these}: ")).await?;
        line.filter(|typed| *typed == count).map(|_| ()).ok_or_else(declined)
    };
    until_interrupted(interrupts, asked).await?;
    for own in &plan.own {
        context.output.warn(&format!("And {}?", facts(listing, own)));
        until_interrupted(interrupts, confirm(listing, own)).await?;
    }
    Ok(())
}

fn declined() -> CommandError {
    CommandError::new(Exit::Declined, "Declined. Nothing was revoked.")
}

async fn confirm(listing: &Listing, target: &ListedKey) -> Result<(), CommandError> {
    if prompt::confirms(question(target, listing.as_of)).await? {
        Ok(())
    } else {
        Err(declined())
    }
}

/// A word that is written down for good names its key.
async fn confirm_word(target: &ListedKey) -> Result<(), CommandError> {
    let question = format!(
        "Record that you revoked {} {} in the browser? [y/N] ",
        target.key.display_name(),
        target.key.hint()
    );
    if prompt::yes(&question).await? {
        Ok(())
    } else {
        Err(CommandError::new(Exit::Declined, "Declined. Nothing was recorded."))
    }
}

/// Revokes each key by the way it can be revoked: what a person clicks one after the other, the others at once.
async fn revoke(
    context: &mut Context<'_>,
    session: &Session,
    order: &[ListedKey],
    (by, args): (By, &RevokeArgs),
    interrupts: &mut Interrupts,
) -> Result<Vec<Revoked>, CommandError> {
    if let [target] = order {
        return Ok(vec![method::one(context, session, target, by, args, interrupts).await?]);
    }
    let (clicked, asked): (Vec<ListedKey>, Vec<ListedKey>) = order
        .iter()
        .cloned()
        .partition(|target| args.attest || by.in_browser(target));
    let mut results = Vec::with_capacity(order.len());
    let mut stopped = false;
    for target in clicked {
        if stopped {
            results.push(Revoked {
                target,
                outcome: Outcome::NotBegun,
                recorded: Ok(()),
            });
            continue;
        }
        let revoked = method::one(context, session, &target, by, args, interrupts).await?;
        stopped = revoked.outcome == Outcome::Interrupted;
        results.push(revoked);
    }
    if stopped {
        results.extend(asked.into_iter().map(|target| Revoked {
            target,
            outcome: Outcome::NotBegun,
            recorded: Ok(()),
        }));
    } else if !asked.is_empty() {
        results.extend(revoke_at_once(context, session, &asked, interrupts).await);
    }
    Ok(results)
}

async fn revoke_at_once(
    context: &mut Context<'_>,
    session: &Session,
    order: &[ListedKey],
    interrupts: &mut Interrupts,
) -> Vec<Revoked> {
    let (ports, profile) = (context.ports, &context.settings.profile);
    let stop = interrupts.next_but_hangup();
    let output = std::sync::Mutex::new(&mut *context.output);
    let answered = std::sync::atomic::AtomicUsize::new(0);
    let on_progress = |progress: Progress| {
        let said = match progress {
            Progress::Asking(_) => return,
            Progress::Answered(id, accepted) => {
                let place = answered.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                let called = order
                    .iter()
                    .find(|target| target.key.id == id)
                    .map_or_else(|| id.to_string(), |target| target.key.display_name());
                let how = if accepted { "accepted" } else { "not accepted" };
                format!("{place} of {}: {called} {how}", order.len())
            }
            Progress::Reading => "Reading the list again.".to_owned(),
        };
        let mut output = output.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        output.say(&said);
    };
    revoke_many(
        ports,
        profile,
        &session.client,
        order,
        Pace::default(),
        &on_progress,
        stop,
    )
    .await
}
