//! `chatzuri-keys revoke KEY…`.

use std::sync::Arc;

use serde::Serialize;

use crate::cli::args::RevokeArgs;
use crate::cli::exit::{Exit, Trouble};
use crate::cli::interrupt::Interrupts;
use crate::cli::json::time;
use crate::cli::output::{Output, SCHEMA_VERSION};
use crate::cli::{Context, by_hand, find, prompt, until_interrupted, words};
use crate::core::confirm::{Question, in_use, question};
use crate::core::incident::Outcome;
use crate::core::key::Own;
use crate::core::listing::{ListedKey, Listing};
use crate::core::way::Way;
use crate::ops::leak::kill_known;
use crate::ops::review::{review, server_now};
use crate::ops::revoke::{Patience, revoke_and_record};
use crate::ops::sign_in::Session;
use crate::ports::Operation;

#[derive(Serialize)]
struct RevokeShape<'a> {
    schema_version: u32,
    as_of: String,
    team: Option<crate::cli::json::TeamShape<'a>>,
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

/// What became of one key.
enum Ended {
    /// The op ran to its end.
    Done(Outcome),
    /// A signal came while it ran.
    Interrupted,
    /// It was not begun, because of a signal or a dry run.
    NotBegun,
}

pub(super) async fn run(
    mut context: Context<'_>,
    args: &RevokeArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, Trouble> {
    let switches = context.switches;
    if !switches.interactive && !switches.yes && !switches.dry_run {
        return Err(Trouble::new(
            Exit::Usage,
            "Nothing was revoked: nobody can be asked here. Confirm with --yes, or look with --dry-run.",
        ));
    }
    let prepared = async {
        let session = super::session(context.ports, context.settings).await?;
        let listing = review(&*session.api, &*context.ports.clock, &|_| {}).await?;
        Ok::<_, Trouble>((session, listing))
    };
    let (session, listing) = until_interrupted(interrupts, prepared).await?;
    let targets = targets(&listing, &args.keys)?;
    if args.with_value && targets.len() > 1 {
        return Err(Trouble::new(
            Exit::Usage,
            "Nothing was revoked: a value is of one key, so name one with --with-value.",
        ));
    }
    // A person is only asked about what can be done; a script's request is its own question.
    let unlisted = session.ways.recall(Operation::List).await == Way::Assisted;
    let way = if (switches.interactive || unlisted) && !switches.dry_run {
        until_interrupted(interrupts, async { Ok(session.ways.way(Operation::Revoke).await) }).await?
    } else {
        session.ways.recall(Operation::Revoke).await
    };
    let in_browser = |target: &ListedKey| way == Way::Assisted || target.key.id.is_local();
    if args.attest
        && let Some(other) = targets
            .iter()
            .find(|target| !in_browser(target) && !target.is_tracked())
    {
        return Err(Trouble::new(
            Exit::Usage,
            format!(
                "Nothing was written down: {} can be revoked here and now, without --attest.",
                other.key.called()
            ),
        ));
    }
    if switches.dry_run {
        for target in &targets {
            let how = if in_browser(target) { " in the browser" } else { "" };
            context
                .output
                .say(&format!("Would revoke {}{how}.", facts(&listing, target)));
        }
        let results = targets.iter().map(|&target| (target, Ended::NotBegun)).collect();
        return report(&listing, results, args.json, None, context.output);
    }
    for target in &targets {
        if switches.yes {
            warn(&listing, target, context.output);
        } else if args.attest {
            until_interrupted(interrupts, confirm_word(target)).await?;
        } else if !in_browser(target) {
            // In the browser the click is the person's own yes.
            until_interrupted(interrupts, confirm(&listing, target, context.output)).await?;
        }
    }
    let mut results = Vec::with_capacity(targets.len());
    let mut stopped = false;
    for target in targets {
        let ended = if stopped {
            Ended::NotBegun
        } else {
            one(&mut context, &session, target, in_browser(target), args, interrupts).await?
        };
        stopped |= matches!(ended, Ended::Interrupted);
        say(target, &ended, context.output);
        results.push((target, ended));
    }
    let now = server_now(&*session.api, &*context.ports.clock);
    report(&listing, results, args.json, Some(now), context.output)
}

/// Revokes one key by the way it can be revoked.
async fn one(
    context: &mut Context<'_>,
    session: &Session,
    target: &ListedKey,
    in_browser: bool,
    args: &RevokeArgs,
    interrupts: &mut Interrupts,
) -> Result<Ended, Trouble> {
    let given = by_hand::value_of(context, args.with_value, target).await?;
    if in_browser || args.attest {
        let outcome = by_hand::revoke(context, session, target, args, given, interrupts).await?;
        return Ok(outcome.map_or(Ended::Interrupted, Ended::Done));
    }
    let (ports, profile) = (context.ports, &context.settings.profile);
    let stop = interrupts.next_but_hangup();
    let (outcome, recorded) = match &given {
        Some(given) => {
            let value = Arc::clone(&given.value);
            let killed = kill_known(ports, profile, &session.api, target, value, stop).await;
            (killed.outcome, killed.recorded)
        }
        None => {
            let ended = revoke_and_record(ports, profile, &*session.api, target, Patience::default(), stop).await;
            (ended.outcome, ended.recorded)
        }
    };
    context.output.unrecorded(&recorded);
    // It said now that there is no endpoint.
    let found_out = session.ways.known().revoke == Way::Assisted;
    match outcome {
        Some(outcome) if found_out && !outcome.is_proven() => {
            let outcome = by_hand::revoke(context, session, target, args, given, interrupts).await?;
            Ok(outcome.map_or(Ended::Interrupted, Ended::Done))
        }
        outcome => Ok(outcome.map_or(Ended::Interrupted, Ended::Done)),
    }
}

/// Every key that is meant, each once, our own credential last: after it nothing more can be revoked.
fn targets<'a>(listing: &'a Listing, given: &[String]) -> Result<Vec<&'a ListedKey>, Trouble> {
    let mut targets: Vec<&ListedKey> = Vec::with_capacity(given.len());
    for text in given {
        let target = find::key(listing, text)?;
        if !targets.iter().any(|known| known.key.id == target.key.id) {
            targets.push(target);
        }
    }
    targets.sort_by_key(|target| match target.own {
        Own::No => 0,
        Own::Unknown => 1,
        Own::Yes => 2,
    });
    Ok(targets)
}

fn facts(listing: &Listing, target: &ListedKey) -> String {
    let key = &target.key;
    let used = words::last_use_warning(listing.as_of, key.last_used_at);
    format!("{} {}, {used}{}", key.called(), key.hint(), own_words(target.own))
}

fn own_words(own: Own) -> &'static str {
    match own {
        Own::Yes => "; it is the key we are signed in with",
        Own::Unknown => "; it may be the key we are signed in with",
        Own::No => "",
    }
}

/// What `--yes` does not ask must still be known.
fn warn(listing: &Listing, target: &ListedKey, output: &mut Output) {
    if target.own != Own::No || in_use(listing.as_of, target.key.last_used_at) {
        output.warn(&format!("Revoking {}.", facts(listing, target)));
    }
}

async fn confirm(listing: &Listing, target: &ListedKey, output: &mut Output) -> Result<(), Trouble> {
    output.warn(&format!("Revoke {}?", facts(listing, target)));
    output.warn("Every request with it gets 401 at once, and it cannot be undone.");
    let declined = || Trouble::new(Exit::Declined, "Declined; nothing was revoked.");
    if let Question::Typed { expected, what } = question(target, listing.as_of) {
        let typed = prompt::line(&format!("Type {what} ({expected}) to revoke it: ")).await?;
        return typed
            .filter(|typed| *typed == expected)
            .map(|_| ())
            .ok_or_else(declined);
    }
    let typed = prompt::line("Revoke it? [y/N] ").await?;
    typed
        .filter(|typed| matches!(typed.to_ascii_lowercase().as_str(), "y" | "yes"))
        .map(|_| ())
        .ok_or_else(declined)
}

/// A word that is written down for good names its key.
async fn confirm_word(target: &ListedKey) -> Result<(), Trouble> {
    let question = format!(
        "Write down that you revoked {} {} in the browser? [y/N] ",
        target.key.called(),
        target.key.hint()
    );
    let typed = prompt::line(&question).await?;
    typed
        .filter(|typed| matches!(typed.to_ascii_lowercase().as_str(), "y" | "yes"))
        .map(|_| ())
        .ok_or_else(|| Trouble::new(Exit::Declined, "Declined; nothing was written down."))
}

/// Another key than our own is only known to be dead by its value.
fn sentence(target: &ListedKey, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Dead if target.own != Own::Yes => outcome.leak_sentence(&target.key.called()),
        outcome => outcome.sentence(&target.key),
    }
}

fn say(target: &ListedKey, ended: &Ended, output: &mut Output) {
    match ended {
        Ended::Done(outcome) if outcome.is_proven() => output.say(&sentence(target, outcome)),
        Ended::Done(outcome) => output.error(&sentence(target, outcome)),
        Ended::Interrupted => output.error(&format!(
            "Interrupted: NOT PROVEN whether {} was revoked. Look for it in the list.",
            target.key.called()
        )),
        Ended::NotBegun => output.error(&format!("Interrupted: {} was not revoked.", target.key.called())),
    }
}

fn report(
    listing: &Listing,
    results: Vec<(&ListedKey, Ended)>,
    json: bool,
    done_at: Option<jiff::Timestamp>,
    output: &mut Output,
) -> Result<Exit, Trouble> {
    let dry_run = done_at.is_none();
    if json {
        let shape = RevokeShape {
            schema_version: SCHEMA_VERSION,
            as_of: time(done_at.unwrap_or(listing.as_of)),
            team: listing.team.as_ref().map(crate::cli::json::TeamShape::of),
            dry_run,
            results: results
                .iter()
                .map(|(target, ended)| result(target, ended, dry_run))
                .collect(),
        };
        output.json(&shape)?;
    }
    Ok(if dry_run { Exit::Ok } else { exit(&results) })
}

fn result<'a>(target: &'a ListedKey, ended: &Ended, dry_run: bool) -> ResultShape<'a> {
    let (outcome, message) = match ended {
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
fn exit(results: &[(&ListedKey, Ended)]) -> Exit {
    let mut codes = results.iter().map(|(_, ended)| match ended {
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
    use crate::cli::testing::{key, listing};

    fn own(id: &str, own: Own) -> ListedKey {
        ListedKey { own, ..key(id, id) }
    }

    #[test]
    fn our_own_credential_goes_last_and_no_key_twice() {
        let list = listing(vec![own("a", Own::Yes), own("b", Own::Unknown), own("c", Own::No)]);
        let given = ["a", "b", "c", "a"].map(str::to_owned);
        let order: Vec<&str> = targets(&list, &given).unwrap().iter().map(|t| t.key.id.raw()).collect();
        assert_eq!(order, ["c", "b", "a"]);
    }

    #[test]
    fn one_missing_key_stops_all_of_them() {
        let list = listing(vec![key("a", "A")]);
        let given = ["a", "nope"].map(str::to_owned);
        assert_eq!(targets(&list, &given).unwrap_err().exit, Exit::NoSuchKey);
    }

    #[test]
    fn several_outcomes_make_one_exit_code() {
        let listed = key("a", "A");
        let of = |outcomes: Vec<Ended>| exit(&outcomes.into_iter().map(|ended| (&listed, ended)).collect::<Vec<_>>());
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
