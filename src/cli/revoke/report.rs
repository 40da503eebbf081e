//! What became of each key.

use serde::Serialize;

use crate::cli::exit::{Exit, Trouble};
use crate::cli::json::{WhoseShape, time};
use crate::cli::output::{Output, SCHEMA_VERSION};
use crate::core::incident::Outcome;
use crate::core::key::Own;
use crate::core::listing::{ListedKey, Listing};
use crate::ops::revoke_many::{Ended, Revoked};

#[derive(Serialize)]
struct RevokeShape<'a> {
    schema_version: u32,
    as_of: String,
    #[serde(flatten)]
    whose: WhoseShape<'a>,
    dry_run: bool,
    results: Vec<ResultShape<'a>>,
}

#[derive(Serialize)]
struct ResultShape<'a> {
    id: &'a str,
    name: &'a str,
    own: &'static str,
    outcome: &'static str,
    message: Option<String>,
}

/// Another key than our own is only known to be dead by its value.
fn sentence(target: &ListedKey, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Dead if target.own != Own::Yes => outcome.leak_sentence(&target.key.called()),
        outcome => outcome.sentence(&target.key),
    }
}

pub(super) fn say(revoked: &Revoked, output: &mut Output) {
    let (target, key) = (&revoked.target, &revoked.target.key);
    match &revoked.ended {
        Ended::Done(outcome) if outcome.is_proven() => output.say(&sentence(target, outcome)),
        Ended::Done(outcome) => output.error(&sentence(target, outcome)),
        Ended::Interrupted => output.error(&format!(
            "Interrupted: NOT PROVEN whether {} was revoked. Look for it in the list.",
            key.called()
        )),
        Ended::NotBegun => output.error(&format!("Interrupted: {} was not revoked.", key.called())),
    }
}

/// The results as data, where that is asked for, and the exit code.
pub(super) fn report(
    listing: &Listing,
    results: &[Revoked],
    json: bool,
    done_at: Option<jiff::Timestamp>,
    output: &mut Output,
) -> Result<Exit, Trouble> {
    let dry_run = done_at.is_none();
    if json {
        let shape = RevokeShape {
            schema_version: SCHEMA_VERSION,
            as_of: time(done_at.unwrap_or(listing.as_of)),
            whose: WhoseShape::of(&listing.team),
            dry_run,
            results: results.iter().map(|revoked| result(revoked, dry_run)).collect(),
        };
        output.json(&shape)?;
    }
    Ok(if dry_run { Exit::Ok } else { exit(results) })
}

fn result(revoked: &Revoked, dry_run: bool) -> ResultShape<'_> {
    let target = &revoked.target;
    let (outcome, message) = match &revoked.ended {
        Ended::Done(outcome) => (outcome.word(), Some(sentence(target, outcome))),
        Ended::Interrupted => ("interrupted", None),
        Ended::NotBegun if dry_run => ("would_revoke", None),
        Ended::NotBegun => ("not_begun", None),
    };
    ResultShape {
        id: target.key.id.raw(),
        name: target.key.name.raw(),
        own: target.own.word(),
        outcome,
        message,
    }
}

/// One outcome speaks for itself, and so do several alike; a mixture is a partial failure.
fn exit(results: &[Revoked]) -> Exit {
    let mut codes = results.iter().map(|revoked| match &revoked.ended {
        Ended::Done(outcome) => Exit::of_code(outcome.exit_code()),
        Ended::Interrupted | Ended::NotBegun => Exit::Declined,
    });
    let Some(first) = codes.next() else {
        return Exit::Ok;
    };
    let rest: Vec<Exit> = codes.collect();
    if rest.contains(&Exit::Declined) {
        Exit::Declined
    } else if rest.iter().all(|&exit| exit == first) {
        first
    } else {
        Exit::Partial
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::key;

    #[test]
    fn several_outcomes_make_one_exit_code() {
        let of = |outcomes: Vec<Ended>| {
            let results = outcomes.into_iter().map(|ended| Revoked {
                target: key("a", "A"),
                ended,
                recorded: Ok(()),
            });
            exit(&results.collect::<Vec<_>>())
        };
        let failed = || Ended::Done(Outcome::Failed("x".to_owned()));
        let refused = || Ended::Done(Outcome::Refused("x".to_owned()));
        let unproven = || Ended::Done(Outcome::Unconfirmed("x".to_owned()));
        let dead = || Ended::Done(Outcome::Revoked);
        assert_eq!(of(vec![dead(), dead()]), Exit::Ok);
        assert_eq!(of(vec![unproven()]), Exit::NotProven);
        assert_eq!(of(vec![dead(), unproven()]), Exit::Partial);
        assert_eq!(of(vec![refused(), refused()]), Exit::Refused);
        assert_eq!(of(vec![failed(), refused()]), Exit::Partial);
        assert_eq!(of(vec![dead(), Ended::Interrupted, Ended::NotBegun]), Exit::Declined);
    }
}
