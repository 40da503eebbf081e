//! `rotate status`.

use serde::Serialize;

use super::find::rotation;
use super::shape::{RotationShape, told};
use super::{Measure, at};
use crate::cli::commands::rotate::args::RotateStatusArgs;
use crate::cli::context::{Context, session};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::find;
use crate::core::key::KeyId;
use crate::core::listing::{ListedKey, Listing};
use crate::core::notes::Notes;
use crate::core::rotation::{Pairs, Rotation, RotationRole};
use crate::ops::due::notes;
use crate::ops::rotate::{RotateError, Seen, settle};
use crate::present::json::{SCHEMA_VERSION, time};
use crate::present::words::{incomplete, shell_word};

#[derive(Serialize)]
struct StatusShape<'a> {
    schema_version: u32,
    as_of: String,
    rotations: Vec<RotationShape<'a>>,
    /// Pairs that look like rotations which no row here explains.
    elsewhere: Vec<PairShape<'a>>,
}

#[derive(Serialize)]
struct PairShape<'a> {
    old_id: &'a str,
    old_name: &'a str,
    new_id: &'a str,
    new_name: &'a str,
}

pub(super) async fn run(context: Context<'_>, args: &RotateStatusArgs) -> Result<Exit, CommandError> {
    let measure = Measure::of(&context);
    let session = session(context.ports, context.settings).await?;
    let at = at(&context, &session);
    let listing = super::listing(at).await?;
    let (notes, unread) = notes(at.ports, at.profile).await;
    if let Some(error) = unread {
        return Err(RotateError::Journal(error).into());
    }
    let wanted: Vec<Rotation> = match &args.key {
        Some(key) => rotation(at, &listing, key).await?.into_iter().collect(),
        None => notes
            .rotations
            .iter()
            .filter(|rotation| !rotation.is_over())
            .cloned()
            .collect(),
    };
    let mut seen: Vec<Seen> = Vec::with_capacity(wanted.len());
    for rotation in wanted {
        seen.push(settle(at, rotation, listing.clone(), measure.rules()).await);
    }
    let mut pairs = elsewhere(&notes, &listing);
    if let Some(key) = &args.key {
        // Without such a key in the list, there is no pair of it either.
        let wanted = find::key(&listing, key).ok();
        pairs
            .retain(|pair| wanted.is_some_and(|wanted| [pair.0, pair.1].iter().any(|one| one.key.id == wanted.key.id)));
    }
    let output = context.output;
    if args.json {
        output.json(&StatusShape {
            schema_version: SCHEMA_VERSION,
            as_of: time(listing.as_of),
            rotations: seen
                .iter()
                .map(|seen| RotationShape::of_seen(seen, measure.quiet))
                .collect(),
            elsewhere: pairs.iter().map(|(old, new)| PairShape::of(old, new)).collect(),
        })?;
    } else {
        let texts: Vec<String> = seen.iter().map(|seen| told(seen, measure.quiet)).collect();
        if !texts.is_empty() {
            output.data(&texts.join("\n"))?;
        }
        for (old, new) in &pairs {
            output.say(&format!(
                "The rotation of {} was started elsewhere: {} is its newer key. To continue it: chatzuri-keys rotate \
                 adopt {} {}",
                old.key.display_name(),
                new.key.display_name(),
                shell_word(old.key.id.shown()),
                shell_word(new.key.id.shown())
            ));
        }
        if seen.is_empty() && pairs.is_empty() {
            output.say(match args.key {
                Some(_) => "That key is not being rotated.",
                None => "No key is being rotated.",
            });
        }
    }
    if !listing.complete {
        output.warn(&incomplete(&listing));
        return Ok(Exit::Partial);
    }
    Ok(Exit::Ok)
}

impl<'a> PairShape<'a> {
    fn of(old: &'a ListedKey, new: &'a ListedKey) -> Self {
        Self {
            old_id: old.key.id.raw(),
            old_name: old.key.name.raw(),
            new_id: new.key.id.raw(),
            new_name: new.key.name.raw(),
        }
    }
}

fn elsewhere<'a>(notes: &Notes, listing: &'a Listing) -> Vec<(&'a ListedKey, &'a ListedKey)> {
    let pairs = Pairs::of(notes, &listing.keys);
    let find = |id: &KeyId| listing.keys.iter().find(|listed| listed.key.id == *id);
    listing
        .keys
        .iter()
        .filter_map(|old| {
            let part = pairs.part(&old.key.id)?;
            if part.step.is_some() || part.role != RotationRole::Old {
                return None;
            }
            Some((old, find(part.other.as_ref()?)?))
        })
        .collect()
}
