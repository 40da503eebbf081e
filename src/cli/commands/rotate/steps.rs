//! Steps 2 to 4, giving up, and going on with what was started elsewhere.

use std::sync::Arc;

use serde::Serialize;

use super::find::the_rotation;
use super::shape::{RotationShape, told};
use super::{Measure, at};
use crate::cli::commands::rotate::args::{RotateAdoptArgs, RotateCancelArgs, RotateConfirmArgs, RotateTickArgs};
use crate::cli::context::{self, Context, session, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::Switches;
use crate::cli::interrupt::Interrupts;
use crate::cli::{find, manual, prompt};
use crate::core::capability::Capability;
use crate::core::confirm::{Question, question};
use crate::core::key::Own;
use crate::core::listing::{ListedKey, Listing};
use crate::core::rotation::{Discrepancy as Gone, Rotation, Stage};
use crate::core::text::Label;
use crate::ops::revoke::{Case, Evidence, Method, Pace, ProbePolicy, revoke};
use crate::ops::rotate::{self, RotateError, Seen, peek, settle};
use crate::ops::sign_in::Session;
use crate::ports::Operation;
use crate::present::json::{SCHEMA_VERSION, time};
use crate::present::words;

/// The longest reason, in characters.
const REASON_LIMIT: usize = 500;

#[derive(Serialize)]
struct StepShape<'a> {
    schema_version: u32,
    as_of: String,
    rotation: RotationShape<'a>,
    /// What stays behind of a rotation that was given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_behind: Option<&'a str>,
}

/// A rotation brought up to the list of now.
pub(super) struct Located {
    pub(super) session: Session,
    pub(super) measure: Measure,
    pub(super) seen: Seen,
}

pub(super) async fn located(
    context: &Context<'_>,
    key: &str,
    interrupts: &mut Interrupts,
) -> Result<Located, CommandError> {
    let measure = Measure::of(context);
    let reading = async {
        let session = session(context.ports, context.settings).await?;
        let at = at(context, &session);
        let listing = super::listing(at).await?;
        let rotation = the_rotation(at, &listing, key).await?;
        // A dry run writes nothing down.
        let seen = if context.switches.dry_run {
            peek(rotation, listing)
        } else {
            settle(at, rotation, listing, measure.rules()).await
        };
        Ok::<_, CommandError>((session, seen))
    };
    let (session, seen) = until_interrupted(interrupts, reading).await?;
    Ok(Located { session, measure, seen })
}

pub(super) async fn tick(
    mut context: Context<'_>,
    args: &RotateTickArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let Located { session, measure, seen } = located(&context, &args.key, interrupts).await?;
    let places = meant(&seen.rotation, args)?;
    if context.switches.dry_run {
        let verb = if args.off { "untick" } else { "tick" };
        for place in &places {
            context.output.say(&format!("Would {verb} “{place}”."));
        }
        return Ok(Exit::Ok);
    }
    let mut rotation = seen.rotation.clone();
    for place in &places {
        rotation = if args.off {
            rotate::untick(at(&context, &session), &rotation, place).await?
        } else {
            rotate::tick(at(&context, &session), &rotation, place).await?
        };
    }
    // With the last place ticked the list that was just read may say that the traffic has moved already.
    let seen = settle(at(&context, &session), rotation, seen.listing, measure.rules()).await;
    report(&mut context, &seen, &measure, args.json, None)?;
    Ok(Exit::Ok)
}

/// The places meant, each as it is written or the only one that begins so.
fn meant(rotation: &Rotation, args: &RotateTickArgs) -> Result<Vec<Label>, CommandError> {
    let all = || rotation.places.iter().map(|state| state.place.clone());
    if args.all {
        return Ok(all().collect());
    }
    let mut meant = Vec::with_capacity(args.places.len());
    for text in &args.places {
        let wanted = text.trim().to_lowercase();
        let begins = |place: &Label| !wanted.is_empty() && place.raw().to_lowercase().starts_with(&wanted);
        let exact = all().find(|place| place.raw() == text.trim());
        let found: Vec<Label> = match exact {
            Some(place) => vec![place],
            None => all().filter(begins).collect(),
        };
        match found.as_slice() {
            [only] => meant.push(only.clone()),
            [] => {
                return Err(RotateError::NoPlace {
                    asked: Label::new(text),
                    places: all().collect(),
                }
                .into());
            }
            several => {
                let names: Vec<String> = several.iter().map(|place| format!("“{place}”")).collect();
                return Err(CommandError::new(
                    Exit::Usage,
                    format!(
                        "Nothing was ticked: {} places begin with “{}”: {}.",
                        several.len(),
                        words::argument(text),
                        names.join(", ")
                    ),
                ));
            }
        }
    }
    Ok(meant)
}

pub(super) async fn confirm(
    mut context: Context<'_>,
    args: &RotateConfirmArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let reason = args.reason.as_deref().map(reason).transpose()?;
    let Located {
        session,
        measure,
        mut seen,
    } = located(&context, &args.key, interrupts).await?;
    if let Some(reason) = reason {
        if context.switches.dry_run {
            let measured = rotate::measured_words(&seen.rotation, measure.quiet);
            context.output.say(&format!(
                "Would attest that the traffic has moved: {reason}. Measured: {measured}."
            ));
            return Ok(Exit::Ok);
        }
        seen.rotation = rotate::attest(at(&context, &session), &seen.rotation, &reason, measure.quiet).await?;
    }
    report(&mut context, &seen, &measure, args.json, None)?;
    seen.is_of_its_team()?;
    Ok(match seen.rotation.stage {
        Stage::Revoking { .. } if seen.rotation.used_again(measure.quiet).is_some() => Exit::Error,
        Stage::Revoking { .. } | Stage::Finished { .. } => Exit::Ok,
        _ => Exit::Error,
    })
}

fn reason(text: &str) -> Result<Label, CommandError> {
    let reason = Label::new(text.trim());
    let count = reason.raw().chars().count();
    if reason.is_blank() || count > REASON_LIMIT {
        return Err(CommandError::new(
            Exit::Usage,
            format!("--reason: tell how you know that the traffic has moved, in 1 to {REASON_LIMIT} characters."),
        ));
    }
    Ok(reason)
}

pub(super) async fn adopt(
    mut context: Context<'_>,
    args: &RotateAdoptArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let measure = Measure::of(&context);
    let reading = async {
        let session = session(context.ports, context.settings).await?;
        let listing = super::listing(at(&context, &session)).await?;
        Ok::<_, CommandError>((session, listing))
    };
    let (session, listing) = until_interrupted(interrupts, reading).await?;
    let (old, new) = (find::key(&listing, &args.old)?, find::key(&listing, &args.new)?);
    if context.switches.dry_run {
        context.output.say(&format!(
            "Would continue the rotation of {} to {}.",
            old.key.display_name(),
            new.key.display_name()
        ));
        return Ok(Exit::Ok);
    }
    let rotation = rotate::adopt(at(&context, &session), &listing, (old, new), measure.rules()).await?;
    let seen = settle(at(&context, &session), rotation, Arc::clone(&listing), measure.rules()).await;
    report(&mut context, &seen, &measure, args.json, None)?;
    Ok(Exit::Ok)
}

pub(super) async fn cancel(
    mut context: Context<'_>,
    args: &RotateCancelArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let Located { session, measure, seen } = located(&context, &args.key, interrupts).await?;
    let new = seen.rotation.new_key().and_then(|new| listed(&seen.listing, &new.id));
    let old_gone = seen
        .troubles
        .iter()
        .any(|trouble| matches!(trouble, Gone::OldGone { .. }));
    if args.revoke_new
        && old_gone
        && let Some(new) = new
    {
        return Err(RotateError::OnlyOne(new.key.name.clone()).into());
    }
    if context.switches.dry_run {
        let tail = match new {
            Some(new) if args.revoke_new => format!(" and revoke {}", facts(&seen.listing, new)),
            Some(new) => format!("; {} would stay", new.key.display_name()),
            None => String::new(),
        };
        context.output.say(&format!(
            "Would cancel the rotation of “{}”{tail}.",
            seen.rotation.old.name
        ));
        return Ok(Exit::Ok);
    }
    if !seen.rotation.is_over() {
        may_give_up(&mut context, &seen.rotation, interrupts).await?;
    }
    if let Some(new) = new
        && !old_gone
        && context.switches.interactive
        && is_in_browser(&session, new, context.switches).await
    {
        let host = context.settings.profile.base_url.host();
        let sentence =
            format!("{host} cannot revoke keys through the API: you would revoke the new key in the browser.");
        context.output.warn(&sentence);
    }
    // Our own new key goes after the sign-in is back at the old one.
    let mine = seen.rotation.own;
    let revoke_new = new.is_some() && !old_gone && wants_it_gone(&mut context, args, &seen, new, interrupts).await?;
    let (rotation, left) = rotate::cancel(at(&context, &session), &seen.rotation).await?;
    let session = if mine {
        context::session(context.ports, context.settings).await?
    } else {
        session
    };
    let mut exit = Exit::Ok;
    let mut left = left.map(|new| new.id.raw().to_owned());
    if revoke_new && let Some(new) = new {
        let target = ListedKey {
            own: session.client.is_own(&new.key),
            ..new.clone()
        };
        exit = revoke_new_key(&mut context, &session, &target, interrupts).await?;
        if exit == Exit::Ok {
            left = None;
        }
    }
    if !args.json {
        context
            .output
            .say(&given_up(&rotation, old_gone, new.filter(|_| left.is_some())));
        return Ok(exit);
    }
    let seen = Seen { rotation, ..seen };
    report(&mut context, &seen, &measure, true, left.as_deref())?;
    Ok(exit)
}

/// Asks whether a rotation is to be given up.
async fn may_give_up(
    context: &mut Context<'_>,
    rotation: &Rotation,
    interrupts: &mut Interrupts,
) -> Result<(), CommandError> {
    if context.switches.yes {
        return Ok(());
    }
    if !context.switches.interactive {
        return Err(prompt::unconfirmed("Nothing was cancelled"));
    }
    let step = rotation
        .step()
        .map_or(String::new(), |step| format!(", at step {step} of 4"));
    context.output.warn(&format!(
        "Cancel the rotation of {}{step}?",
        rotation.old.bare().display_name()
    ));
    let answer = async { prompt::yes("Cancel it? [y/N] ").await };
    if until_interrupted(interrupts, answer).await? {
        Ok(())
    } else {
        Err(CommandError::new(
            Exit::Declined,
            "Declined. The rotation is unchanged.",
        ))
    }
}

/// What is true once a rotation is given up.
fn given_up(rotation: &Rotation, old_gone: bool, left: Option<&ListedKey>) -> String {
    let old = rotation.old.bare().display_name();
    let old = if old_gone {
        format!("{old} was already gone")
    } else {
        format!("{old} stays as it is")
    };
    let new = match (left, &rotation.stage) {
        (Some(new), _) if old_gone => format!(" Only {} is left.", new.key.display_name()),
        (Some(new), _) => format!(
            " The new key stays. To revoke it: chatzuri-keys revoke {}",
            words::shell_word(new.key.id.shown())
        ),
        _ => String::new(),
    };
    format!("Cancelled the rotation: {old}.{new}")
}

/// Whether the new key is to be revoked too: by the flag, or asked for.
async fn wants_it_gone(
    context: &mut Context<'_>,
    args: &RotateCancelArgs,
    seen: &Seen,
    new: Option<&ListedKey>,
    interrupts: &mut Interrupts,
) -> Result<bool, CommandError> {
    let Some(new) = new else { return Ok(false) };
    let asked = question(new, seen.listing.as_of);
    if args.revoke_new {
        return if ask(context, &seen.listing, new, asked, interrupts).await? {
            Ok(true)
        } else {
            Err(declined())
        };
    }
    if !context.switches.interactive || args.json || context.switches.yes {
        return Ok(false);
    }
    context.output.warn("The new key stays unless you revoke it too.");
    ask(context, &seen.listing, new, asked, interrupts).await
}

async fn revoke_new_key(
    context: &mut Context<'_>,
    session: &Session,
    target: &ListedKey,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let outcome = if is_in_browser(session, target, context.switches).await {
        let (attest, longest) = (false, ProbePolicy::default().manual);
        manual::revoke(context, session, target, (attest, longest), None, interrupts).await?
    } else {
        let (ports, profile) = (context.ports, &context.settings.profile);
        let stop = interrupts.next_but_hangup();
        let how = (Method::Endpoint, Evidence::List);
        let case = Case::of(ports, profile, session, target);
        let revoked = revoke(case, how, Pace::default(), &|_, _| {}, stop).await;
        context.output.unrecorded(&revoked.recorded);
        revoked.outcome
    };
    let sentence = outcome.sentence(&target.key.display_name());
    Ok(context.output.outcome(&outcome, &sentence, !target.is_tracked()))
}

/// Asks whether a key is to be revoked; `false`: no.
pub(super) async fn ask(
    context: &mut Context<'_>,
    listing: &Listing,
    target: &ListedKey,
    question: Question,
    interrupts: &mut Interrupts,
) -> Result<bool, CommandError> {
    if context.switches.yes {
        context.output.warn(&format!("Revoking {}.", facts(listing, target)));
        return Ok(true);
    }
    if !context.switches.interactive {
        return Err(prompt::unconfirmed("Nothing was revoked"));
    }
    context.output.warn(&format!("Revoke {}?", facts(listing, target)));
    context
        .output
        .warn("Every request with it will get 401 at once. You cannot undo this.");
    until_interrupted(interrupts, prompt::confirms(question)).await
}

pub(super) fn declined() -> CommandError {
    CommandError::new(
        Exit::Declined,
        "Declined. Nothing was revoked, and the rotation is unchanged.",
    )
}

pub(super) fn listed<'a>(listing: &'a Listing, id: &crate::core::key::KeyId) -> Option<&'a ListedKey> {
    listing.keys.iter().find(|listed| listed.key.id == *id)
}

pub(super) fn facts(listing: &Listing, target: &ListedKey) -> String {
    let used = words::last_use_warning(listing.as_of, target.key.last_used_at);
    let own = match target.own {
        Own::Yes => "; it is the key you're signed in with",
        Own::Unknown => "; it may be the key you're signed in with",
        Own::No => "",
    };
    format!("{} {}, {used}{own}", target.key.display_name(), target.key.hint())
}

pub(super) fn report(
    context: &mut Context<'_>,
    seen: &Seen,
    measure: &Measure,
    json: bool,
    left: Option<&str>,
) -> Result<(), CommandError> {
    if json {
        context.output.json(&StepShape {
            schema_version: SCHEMA_VERSION,
            as_of: time(seen.listing.as_of),
            rotation: RotationShape::of_seen(seen, measure.quiet),
            left_behind: left,
        })?;
        return Ok(());
    }
    context.output.say(told(seen, measure.quiet).trim_end());
    Ok(())
}

/// Whether a key can only be revoked in the browser: a person is only asked about what can be done, and a script's request
/// is its own question.
pub(super) async fn is_in_browser(session: &Session, target: &ListedKey, switches: Switches) -> bool {
    let unlisted = session.client.recall(Operation::List).await == Capability::Manual;
    let capability = if switches.interactive || unlisted {
        session.client.capability(Operation::Revoke).await
    } else {
        session.client.recall(Operation::Revoke).await
    };
    capability == Capability::Manual || target.key.id.is_local()
}
