//! What became of each key.

use serde::Serialize;

use crate::cli::exit::{CommandError, Exit};
use crate::cli::output::Output;
use crate::core::listing::Listing;
use crate::core::outcome::Outcome;
use crate::ops::revoke::Revoked;
use crate::present::json::{SCHEMA_VERSION, WhoseShape, time};

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

pub(super) fn say(revoked: &Revoked, output: &mut Output) {
    let target = &revoked.target;
    let sentence = revoked.outcome.sentence(&target.key.display_name());
    output.outcome(&revoked.outcome, &sentence, !target.is_tracked());
}

/// The results as data, where that is asked for, and the exit code.
pub(super) fn report(
    listing: &Listing,
    results: &[Revoked],
    json: bool,
    done_at: Option<jiff::Timestamp>,
    output: &mut Output,
) -> Result<Exit, CommandError> {
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
    let (outcome, message) = match &revoked.outcome {
        Outcome::NotBegun if dry_run => ("would_revoke", None),
        outcome => (outcome.word(), Some(outcome.sentence(&target.key.display_name()))),
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
    let mut codes = results.iter().map(|revoked| Exit::of_code(revoked.outcome.exit_code()));
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
    use crate::present::testing::key;

    #[test]
    fn several_outcomes_make_one_exit_code() {
        let of = |outcomes: Vec<Outcome>| {
            let results = outcomes.into_iter().map(|outcome| Revoked {
                target: key("a", "A"),
                outcome,
                recorded: Ok(()),
            });
            exit(&results.collect::<Vec<_>>())
        };
        let failed = || Outcome::Failed("x".to_owned());
        let refused = || Outcome::Refused("x".to_owned());
        let unproven = || Outcome::Unconfirmed("x".to_owned());
        let dead = || Outcome::Revoked;
        assert_eq!(of(vec![dead(), dead()]), Exit::Ok);
        assert_eq!(of(vec![unproven()]), Exit::NotProven);
        assert_eq!(of(vec![dead(), unproven()]), Exit::Partial);
        assert_eq!(of(vec![refused(), refused()]), Exit::Refused);
        assert_eq!(of(vec![failed(), refused()]), Exit::Partial);
        assert_eq!(
            of(vec![dead(), Outcome::Interrupted, Outcome::NotBegun]),
            Exit::Declined
        );
    }
}
