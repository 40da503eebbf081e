//! `rotate start`: step 1, and on with it where it was left.

use std::io::IsTerminal;

use serde::Serialize;

use super::find::rotation;
use super::shape::{RotationShape, next, told};
use super::{Measure, at};
use crate::cli::commands::create::args::CreateArgs;
use crate::cli::commands::create::{Asked, hand_over};
use crate::cli::commands::rotate::args::RotateStartArgs;
use crate::cli::context::{Context, session, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::nobody_reads;
use crate::cli::{find, manual};
use crate::core::capability::Capability;
use crate::core::key::{KeyName, Own};
use crate::core::listing::ListedKey;
use crate::core::register::KeyPlace;
use crate::core::rotation::{Creating, Next, PlaceState, Rotation, Stage, successor_name};
use crate::core::target::Target;
use crate::ops::create::{CreateError, NewKey, WithoutStore};
use crate::ops::custody::reopen;
use crate::ops::rotate::{self, RotateError, Seen, hand_to_own_place, mint, reopen_step_one, settle};
use crate::ops::sign_in::Session;
use crate::present::json::{SCHEMA_VERSION, time};
use crate::present::words::shell_word;

#[derive(Serialize)]
struct StartShape<'a> {
    schema_version: u32,
    as_of: String,
    rotation: RotationShape<'a>,
    receipts: [(); 0],
}

pub(super) async fn run(
    mut context: Context<'_>,
    args: &RotateStartArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    if args.show && nobody_reads() {
        return Err(CommandError::new(
            Exit::Error,
            "Nothing was done: nothing reads standard output, where the value would go.",
        ));
    }
    let name = args.name.as_deref().map(KeyName::parse).transpose();
    let name = name.map_err(|bad| CommandError::new(Exit::Usage, format!("--name: {bad}")))?;
    let measure = Measure::of(&context);
    let reading = async {
        let session = session(context.ports, context.settings).await?;
        let listing = super::listing(at(&context, &session)).await?;
        let there = rotation(at(&context, &session), &listing, &args.key).await?;
        Ok::<_, CommandError>((session, listing, there.filter(|rotation| !rotation.is_over())))
    };
    let (session, listing, there) = until_interrupted(interrupts, reading).await?;
    if let (Some(name), Some(there)) = (&name, &there)
        && there.name != *name
    {
        let sentence = format!(
            "--name is ignored: that rotation has already started, and its new key is called “{}”.",
            there.name
        );
        context.output.warn(&sentence);
    }
    let own = match &there {
        Some(rotation) => rotation.own,
        None => find::key(&listing, &args.key)?.own == Own::Yes,
    };
    let old_name = match &there {
        Some(rotation) => rotation.old.name.raw().to_owned(),
        None => find::key(&listing, &args.key)?.key.name.raw().to_owned(),
    };
    let places = measure.policies.register().places(&old_name);
    let create_args = create_args(args, places, there.as_ref());
    let mut asked = Asked::of(&create_args, context.settings)?;
    let manual = places.iter().any(|place| matches!(place, KeyPlace::Words(_))) || (places.is_empty() && !own);
    let handing = Handing { own, manual };
    if context.switches.dry_run {
        let called =
            find::key(&listing, &args.key).map_or_else(|_| old_name.clone(), |listed| listed.key.display_name());
        until_interrupted(interrupts, asked.check(&mut context, None)).await?;
        context.output.say(&match &there {
            Some(rotation) => format!("Would continue: {}", next(rotation, measure.quiet, listing.as_of)),
            None => format!(
                "Would start the rotation of {called}: create its successor and {}.",
                asked.plan()
            ),
        });
        return Ok(Exit::Ok);
    }
    let has_value = args.paste && !std::io::stdin().is_terminal();
    let makes = there
        .as_ref()
        .is_none_or(|rotation| matches!(rotation.stage, Stage::Creating(_)));
    if makes && !has_value && !context.switches.interactive {
        let capability = async { Ok(rotate::create_capability(at(&context, &session)).await) };
        let capability = until_interrupted(interrupts, capability).await?;
        manual::tell_doubt(&mut context, &session);
        if capability == Capability::Manual {
            let today = jiff::tz::TimeZone::UTC.to_datetime(listing.as_of).date();
            let taken = listing.keys.iter().map(|listed| listed.key.name.raw());
            let new_name = there.map(|rotation| rotation.name).or(name);
            let new_name = new_name.or_else(|| successor_name(&old_name, today, taken));
            let new_name = new_name.map_or(old_name, |name| name.as_str().to_owned());
            let command = format!("rotate start {}", shell_word(&args.key));
            return Err(manual::nobody_to_create(&context, &new_name, &command));
        }
    }
    let rotation = match there {
        Some(rotation) => rotation,
        None => {
            let key = find::key(&listing, &args.key)?;
            warn_of_unknown(&mut context, key);
            // What cannot be delivered is told before anything is begun.
            until_interrupted(interrupts, asked.check(&mut context, name.as_ref())).await?;
            rotate::begin(
                at(&context, &session),
                &listing,
                key,
                (name, args.paste),
                measure.rules(),
            )
            .await?
        }
    };
    let seen = settle(at(&context, &session), rotation, listing, measure.rules()).await;
    let seen = reopen_step_one(at(&context, &session), seen).await?;
    let new = match new_key(&mut context, &session, &seen, &mut asked, handing, interrupts).await? {
        Some(new) => new,
        None => {
            report(&mut context, &seen, &measure, args.json)?;
            return Ok(nothing_handed_over(&mut context, args));
        }
    };
    let (rotation, mut new) = new;
    // Our keyring is a place of our own new value: without it there is no signing in with that.
    let is_kept = !own || asked.keep(&mut context, &mut new, interrupts).await;
    if own && is_kept {
        let old = seen.listing.keys.iter().find(|listed| listed.key.id == rotation.old.id);
        let old = old.map(|listed| &listed.key);
        hand_to_own_place(at(&context, &session), &rotation, &new, old).await?;
        context
            .output
            .say("You're now signed in with the new key. The keyring keeps the old one until it is proven dead.");
    }
    let shape = RotationShape::of(&rotation, Vec::new(), measure.quiet, seen.listing.as_of);
    let exit = hand_over(
        &mut context,
        &session,
        new,
        &asked,
        Some(shape),
        if is_kept {
            handing.keeps_waiting(args)
        } else {
            Some(true)
        },
        interrupts,
    )
    .await?;
    // The value may have been stored: that is the end of step 1.
    let settled = settle(at(&context, &session), rotation, seen.listing, measure.rules()).await;
    // What waits was told with its command already.
    if !args.json && settled.waiting.is_none() {
        let (rotation, as_of) = (&settled.rotation, settled.listing.as_of);
        context.output.say(&match rotation.next(measure.quiet, as_of) {
            Next::Store => next_without_value(rotation, args.copy && exit == Exit::Ok),
            _ => next(rotation, measure.quiet, as_of),
        });
    }
    Ok(exit)
}

/// Nobody took the value, and nothing keeps it: what cannot be handed over later is not promised.
fn next_without_value(rotation: &Rotation, was_copied: bool) -> String {
    let id = shell_word(rotation.old.id.shown());
    let pasted = if was_copied {
        let name = shell_word(rotation.name.as_str());
        format!("if you pasted it somewhere, run chatzuri-keys create --resume {name} --stored; ")
    } else {
        String::new()
    };
    format!(
        "Next: {pasted}if you did not paste it anywhere, revoke the new key with chatzuri-keys rotate cancel {id} \
         --revoke-new, and start again with chatzuri-keys rotate start {id} --show (or --to TARGET)."
    )
}

/// A script that reads the value must not take nothing for it.
fn nothing_handed_over(context: &mut Context<'_>, args: &RotateStartArgs) -> Exit {
    if !args.show && !args.copy && args.to.is_empty() {
        return Exit::Ok;
    }
    context
        .output
        .error("Nothing was delivered: no value is waiting, so there is nothing to show, copy or send.");
    Exit::Error
}

/// Who takes the value.
#[derive(Clone, Copy)]
struct Handing {
    /// It is our own credential, so that our keyring is one of its places.
    own: bool,
    /// A person is to take it somewhere.
    manual: bool,
}

impl Handing {
    /// Whether the value waits although every target took it, or there was none.
    fn keeps_waiting(self, args: &RotateStartArgs) -> Option<bool> {
        match (args.to.is_empty(), self.manual, self.own) {
            // The person said where it goes.
            (false, _, _) => None,
            (true, true, _) => Some(true),
            // Every place is a target, and those that had it before are not asked again.
            (true, false, _) => Some(false),
        }
    }
}

/// The value goes to the key's own places that do not have it yet, unless the person names others.
fn create_args(args: &RotateStartArgs, places: &[KeyPlace], there: Option<&Rotation>) -> CreateArgs {
    let has_it = |target: &String| {
        let states = there.map_or(&[] as &[PlaceState], |rotation| &rotation.places);
        states
            .iter()
            .any(|state| state.place.raw() == target && state.stored.is_some())
    };
    let own: Vec<String> = places
        .iter()
        .filter_map(|place| match place {
            KeyPlace::Target(target) => Some(Target::to_string(target)),
            KeyPlace::Words(_) => None,
        })
        .filter(|target| !has_it(target))
        .collect();
    CreateArgs {
        to: if args.to.is_empty() { own } else { args.to.clone() },
        show: args.show,
        copy: args.copy,
        paste: args.paste,
        json: args.json,
        ..CreateArgs::default()
    }
}

fn warn_of_unknown(context: &mut Context<'_>, key: &ListedKey) {
    if key.own == Own::Unknown {
        context.output.warn(&format!(
            "{} may be the key you're signed in with: the server does not say. If it is, sign in with another key \
             before you revoke it.",
            key.key.display_name()
        ));
    }
}

/// The new key with its value, made now or waiting; `None` where step 1 has nothing to hand over.
async fn new_key(
    context: &mut Context<'_>,
    session: &Session,
    seen: &Seen,
    asked: &mut Asked<'_>,
    handing: Handing,
    interrupts: &mut Interrupts,
) -> Result<Option<(Rotation, NewKey)>, CommandError> {
    let rotation = &seen.rotation;
    let begun = rotate::begun_in_browser(at(context, session), rotation).await;
    let (making, waiting) = match (&rotation.stage, &seen.waiting) {
        (Stage::Creating(Creating::Nothing), _) => (true, None),
        (_, Some(creation)) => (false, Some(creation)),
        _ if begun.is_some() => (true, None),
        _ => return Ok(None),
    };
    let checking = async {
        asked.learn_team(session).await;
        asked.check(context, making.then_some(&rotation.name)).await
    };
    until_interrupted(interrupts, checking).await?;
    if let Some(creation) = waiting {
        let new = reopen(context.ports, creation).await;
        let new = new.map_err(|error| CommandError::new(Exit::Error, error.to_string()))?;
        return Ok(Some((rotation.clone(), new)));
    }
    let without_store = if asked.goes_somewhere() && !handing.own {
        WithoutStore::Create
    } else {
        WithoutStore::Refuse
    };
    let told = |error: RotateError| match error {
        RotateError::Create(error) => CommandError::from(*error),
        error => error.into(),
    };
    let in_browser = asked.is_pasted() || begun.is_some();
    let by_endpoint = !in_browser && rotate::create_capability(at(context, session)).await != Capability::Manual;
    manual::tell_doubt(context, session);
    if by_endpoint {
        // Not dropped at a signal: a key would be left behind whose value nobody has.
        match mint(at(context, session), rotation, without_store).await {
            Ok(minted) => return Ok(Some((minted.rotation, minted.new))),
            // It said so to the request.
            Err(RotateError::Create(error))
                if matches!(*error, CreateError::NotCreated(..))
                    && session.client.known().create == Capability::Manual =>
            {
                if !context.switches.interactive {
                    let command = format!("rotate start {}", shell_word(rotation.old.id.shown()));
                    return Err(manual::nobody_to_create(context, rotation.name.as_str(), &command));
                }
            }
            Err(error) => return Err(told(error)),
        }
    }
    let creation = rotate::begin_in_browser(at(context, session), rotation, without_store).await;
    let creation = creation.map_err(told)?;
    let new = manual::pasted(context, session, &creation, true, None).await?;
    let minted = rotate::took_from_browser(at(context, session), rotation, new).await;
    Ok(Some((minted.rotation, minted.new)))
}

fn report(context: &mut Context<'_>, seen: &Seen, measure: &Measure, json: bool) -> Result<(), CommandError> {
    if json {
        context.output.json(&StartShape {
            schema_version: SCHEMA_VERSION,
            as_of: time(seen.listing.as_of),
            rotation: RotationShape::of_seen(seen, measure.quiet),
            receipts: [],
        })?;
        return Ok(());
    }
    context.output.say(told(seen, measure.quiet).trim_end());
    Ok(())
}
