//! `rotate finish`: the last step.

use std::sync::Mutex;

use super::shape::next;
use super::steps::{Located, ask, declined, facts, is_in_browser, listed, located, report};
use super::{Measure, at};
use crate::cli::commands::rotate::args::RotateFinishArgs;
use crate::cli::context::{Context, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::manual;
use crate::core::confirm::question_of_last_step;
use crate::core::incident::{SeenFact as Fact, Timeline};
use crate::core::listing::ListedKey;
use crate::core::rotation::Stage;
use crate::ops::revoke::{Evidence, HeldValue, Method, OnFact, Pace};
use crate::ops::rotate::{self, Finished, Seen, read};
use crate::ops::sign_in::Session;

/// The last step in the browser.
async fn in_browser(
    context: &mut Context<'_>,
    args: &RotateFinishArgs,
    (session, seen): (&Session, &Seen),
    (target, measure): (&ListedKey, &Measure),
    what: (bool, Option<HeldValue>),
    interrupts: &mut Interrupts,
) -> Result<Finished, CommandError> {
    let evidence = manual::choose(context, session, target, what, interrupts).await?;
    let evidence = evidence.ok_or_else(|| CommandError::new(Exit::Declined, "Interrupted. Nothing was recorded."))?;
    let place = at(context, session);
    let output = Mutex::new(&mut *context.output);
    let on_fact = |timeline: &Timeline, fact: &Fact| manual::tell(&output, timeline, fact);
    let how = Some((Method::Manual, evidence));
    let stop = interrupts.next_but_hangup();
    let pace = (Pace::default(), &on_fact as OnFact<'_>);
    Ok(rotate::finish(place, seen, args.force, measure.rules(), how, pace, stop).await?)
}

pub(super) async fn finish(
    mut context: Context<'_>,
    args: &RotateFinishArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let Located { session, measure, seen } = located(&context, &args.key, interrupts).await?;
    let old = &seen.rotation.old;
    if let Some(confirm) = &args.confirm
        && confirm.trim() != old.name.raw().trim()
        && confirm.trim() != old.id.raw()
    {
        return Err(CommandError::new(
            Exit::Usage,
            format!(
                "Nothing was revoked: --confirm does not name the old key, “{}”.",
                old.name
            ),
        ));
    }
    let target = listed(&seen.listing, &old.id);
    if context.switches.dry_run {
        if let Some(trouble) = seen.troubles.iter().find(|trouble| trouble.waits_for_a_match()) {
            let sentence = trouble.sentence(&seen.rotation);
            context.output.say(&format!("Would revoke nothing: {sentence}"));
            return Ok(Exit::Ok);
        }
        let facts = target.map_or_else(|| old.bare().display_name(), |target| facts(&seen.listing, target));
        let open = matches!(seen.rotation.stage, Stage::Revoking { .. });
        context.output.say(&match (open, args.force) {
            (true, _) => format!("Would revoke {facts}."),
            (false, true) => format!(
                "Would revoke {facts}, even though step {} is open.",
                seen.rotation.step().unwrap_or(3)
            ),
            (false, false) => format!(
                "Would revoke nothing: {} {}",
                seen.rotation
                    .step()
                    .map_or(String::new(), |step| format!("step {step} of 4 is open.")),
                next(&seen.rotation, measure.quiet, seen.listing.as_of)
            ),
        });
        return Ok(Exit::Ok);
    }
    let open = matches!(seen.rotation.stage, Stage::Revoking { .. }) || args.force;
    let (mut given, mut in_browser_end) = (None, None);
    if let Some(target) = target.filter(|_| open) {
        given = manual::value_of(&context, args.with_value, target).await?;
        // Their word of a key that has an endpoint counts where no list shows that it is gone.
        let by_word = args.attest && target.is_tracked();
        if by_word || is_in_browser(&session, target, context.switches).await {
            let (at, click) = ((&session, &seen), (args.attest, given.take()));
            in_browser_end = Some(in_browser(&mut context, args, at, (target, &measure), click, interrupts).await?);
        } else if args.attest {
            return Err(CommandError::new(
                Exit::Usage,
                format!(
                    "Nothing was recorded: you can revoke {} right here. Leave out --attest.",
                    target.key.display_name()
                ),
            ));
        }
    }
    // What is refused anyway asks for no confirmation.
    if matches!(seen.rotation.stage, Stage::Revoking { .. })
        && !args.force
        && in_browser_end.is_none()
        && let Some(target) = target
    {
        let question = question_of_last_step(&seen.rotation, target, measure.quiet, seen.listing.as_of);
        if !ask(&mut context, &seen.listing, target, question, interrupts).await? {
            return Err(declined());
        }
    }
    // The answer may have taken its time: what is true now is read again.
    let seen = if context.switches.yes || args.force || in_browser_end.is_some() {
        seen
    } else {
        let rereading = async { Ok(read(at(&context, &session), seen.rotation, measure.rules()).await?) };
        until_interrupted(interrupts, rereading).await?
    };
    let old = seen.rotation.old.clone();
    let target = listed(&seen.listing, &old.id);
    let finished = match in_browser_end {
        Some(finished) => finished,
        None => {
            let place = at(&context, &session);
            let output = Mutex::new(&mut *context.output);
            let on_fact = |timeline: &Timeline, fact: &Fact| manual::tell(&output, timeline, fact);
            let how = given.map(|given| (Method::Endpoint, Evidence::Value(given)));
            let stop = interrupts.next_but_hangup();
            let pace = (Pace::default(), &on_fact as OnFact<'_>);
            rotate::finish(place, &seen, args.force, measure.rules(), how, pace, stop).await?
        }
    };
    context.output.unrecorded(&finished.recorded);
    let key = target.map_or_else(|| old.bare(), |target| target.key.clone());
    let is_listed = target.is_none_or(|target| !target.is_tracked());
    let sentence = finished.sentence(&key);
    let exit = context.output.outcome(&finished.outcome, &sentence, is_listed);
    let seen = Seen {
        rotation: finished.rotation,
        troubles: Vec::new(),
        ..seen
    };
    if args.json {
        report(&mut context, &seen, &measure, true, None)?;
    }
    Ok(exit)
}
