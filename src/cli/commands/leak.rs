//! `chatzuri-keys leak`.

pub(crate) mod args;
mod replace;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::replace::{Replaced, Replacement};
use crate::cli::commands::leak::args::LeakArgs;
use crate::cli::context::{Context, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::Output;
use crate::cli::profile::registry;
use crate::cli::prompt;
use crate::cli::value::leaked;
use crate::core::confirm::question;
use crate::core::incident::{Fact, SeenFact, Timeline, scrub};
use crate::core::key::Own;
use crate::core::secret::Secret;
use crate::core::text::clean;
use crate::ops::leak::{self, Found, Match, Means, Search, find, find_capability, record_end};
use crate::ops::revoke::{Pace, ProbePolicy};
use crate::present::{incident, words};

/// What may still be tried, and is never implied.
const ITSELF: &str = " The leaked key can list and revoke itself: --with-leaked-key.";

/// The shape of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Markdown,
    Json,
}

pub(super) async fn run(
    context: Context<'_>,
    args: &LeakArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let switches = context.switches;
    if !switches.interactive && !switches.yes && !switches.dry_run {
        return Err(prompt::unconfirmed("Nothing was revoked"));
    }
    let report = args
        .report
        .as_deref()
        .map(|path| Ok::<_, CommandError>((path, format(path)?)));
    let report = report.transpose()?;
    let value = until_interrupted(interrupts, leaked(switches)).await?;
    let means = Means {
        with_leaked_key: args.with_leaked_key,
        always_probe: switches.dry_run,
    };
    let output = Mutex::new(context.output);
    let on_fact = |timeline: &Timeline, seen: &SeenFact| live(&output, timeline, seen);
    let settings = context.settings;
    let (profiles, _) = registry(settings);
    let others = profiles.get(1..).unwrap_or_default();
    let searching = async {
        Ok(find(
            context.ports,
            &settings.profile,
            others,
            Arc::clone(&value),
            means,
            &on_fact,
        )
        .await)
    };
    let mut search = until_interrupted(interrupts, searching).await?;
    let output = output.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut context = Context { output, ..context };
    // A script's request is its own question.
    if !switches.yes && !switches.dry_run {
        until_interrupted(interrupts, async {
            find_capability(&mut search).await;
            Ok(())
        })
        .await?;
    }
    let Found::Key(found) = &search.found else {
        search.timeline.outcome = Some(search.without_kill());
        suspects(&search, context.output);
        if !switches.dry_run {
            let recorded = record_end(context.ports, &search).await;
            context.output.unrecorded(&recorded);
        }
        return end(&search, report, args.json, &mut context).await;
    };
    let facts = facts(found, &value);
    let replacement = if args.replace {
        let preparing = Replacement::prepare(&mut context, &search, found);
        Some(until_interrupted(interrupts, preparing).await?)
    } else {
        None
    };
    let plan = replacement
        .as_ref()
        .map(|replacement| scrub(&value, &replacement.plan()));
    if switches.dry_run {
        let first = plan.map(|plan| format!("{plan}, then ")).unwrap_or_default();
        context.output.say(&format!("Would {first}revoke {facts}."));
        return end(&search, report, args.json, &mut context).await;
    }
    if let Some(plan) = plan {
        context.output.warn(&format!("First: {plan}."));
    }
    if found.manual {
        // The click is the person's own yes.
        context
            .output
            .warn(&format!("You revoke this key in the browser: {facts}."));
    } else if switches.yes {
        context.output.warn(&format!("Revoking {facts}."));
    } else {
        context.output.warn(&format!("Revoke {facts}?"));
        context
            .output
            .warn("Every request with it will get 401 at once. You cannot undo this.");
        until_interrupted(interrupts, confirm(found)).await?;
        let at = context.ports.clock.now();
        search.timeline.facts.push(SeenFact {
            at,
            fact: Fact::Confirmed,
        });
    }
    let replaced = match replacement {
        Some(replacement) => replacement.make(&mut context, &mut search, interrupts).await?,
        None => Replaced::Whole,
    };
    kill(&mut context, &mut search, args, interrupts).await;
    let exit = end(&search, report, args.json, &mut context).await?;
    // The key is dead, and somebody still waits for its replacement.
    Ok(if exit == Exit::Ok && replaced == Replaced::Partly {
        Exit::Partial
    } else {
        exit
    })
}

/// Revokes the key that was found and watches its value.
async fn kill(context: &mut Context<'_>, search: &mut Search, args: &LeakArgs, interrupts: &mut Interrupts) {
    let usual = ProbePolicy::default();
    let asked = args.watch.map(Duration::from_secs);
    let watch = ProbePolicy {
        limit: asked.map_or(usual.limit, |asked| asked.min(usual.limit)),
        manual: asked.unwrap_or(usual.manual),
        ..usual
    };
    let killed = {
        let output = Mutex::new(&mut *context.output);
        let on_fact = |timeline: &Timeline, seen: &SeenFact| live(&output, timeline, seen);
        let stop = interrupts.next_but_hangup();
        let pace = Pace {
            probe: watch,
            ..Pace::default()
        };
        leak::kill(context.ports, search, pace, &on_fact, stop).await
    };
    context.output.unrecorded(&killed.recorded);
}

fn format(path: &Path) -> Result<Format, CommandError> {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let usage = |why: &str| CommandError::new(Exit::Usage, format!("--report: {} {why}.", words::file(path)));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(usage("is in no folder that exists"));
    }
    // A link that leads nowhere is there, too.
    if path.symlink_metadata().is_ok() {
        return Err(usage("is there already; reports never overwrite a file"));
    }
    match ending.to_ascii_lowercase().as_str() {
        "md" => Ok(Format::Markdown),
        "json" => Ok(Format::Json),
        _ => Err(usage("does not end in .md or .json")),
    }
}

fn live(output: &Mutex<&mut Output>, timeline: &Timeline, seen: &SeenFact) {
    let line = format!("{}  {}", timeline.time(seen.at), clean(&seen.fact.words()));
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    // Where to click has to be known, however quiet the run.
    match seen.fact {
        Fact::Manual(_) => output.warn(&line),
        _ => output.say(&line),
    }
}

/// The key and what depends on it, without the value.
fn facts(found: &Match, value: &Secret) -> String {
    let key = &found.target.key;
    let used = words::last_use_warning(found.place.listing.as_of, key.last_used_at);
    let own = match found.target.own {
        Own::Yes => "; it is the key you're signed in with, or the leaked key signs in for itself",
        Own::Unknown => "; it may be the key you're signed in with",
        Own::No => "",
    };
    let text = format!(
        "{} {} of {}, {used}{own}",
        key.display_name(),
        key.hint(),
        found.place.profile.name
    );
    scrub(value, &text)
}

async fn confirm(found: &Match) -> Result<(), CommandError> {
    if prompt::confirms(question(&found.target, found.place.listing.as_of)).await? {
        Ok(())
    } else {
        Err(CommandError::new(
            Exit::Declined,
            "Declined. Nothing was revoked, and the key is still alive.",
        ))
    }
}

/// The keys that could be meant, the likeliest first.
pub(super) fn suspects(search: &Search, output: &mut Output) {
    const SHOWN: usize = 20;
    let Found::Ambiguous(suspects, _) = &search.found else {
        return;
    };
    for suspect in suspects.iter().take(SHOWN) {
        let (profile, listed) = &suspect.key;
        let line = format!(
            "  {} {} of {profile}{}",
            listed.key.display_name(),
            listed.key.hint(),
            if suspect.moved {
                "; used when the value was tried"
            } else {
                ""
            }
        );
        output.warn(&scrub(&search.value, &line));
    }
    if let Some(more) = suspects.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        output.warn(&format!("  and {more} more"));
    }
}

/// The last sentence, the report and the exit code.
async fn end(
    search: &Search,
    report: Option<(&Path, Format)>,
    json: bool,
    context: &mut Context<'_>,
) -> Result<Exit, CommandError> {
    let output = &mut *context.output;
    let timeline = &search.timeline;
    let mut exit = Exit::Ok;
    if let Some(outcome) = &timeline.outcome {
        let mut sentence = scrub(&search.value, &outcome.sentence(&timeline.display_name()));
        if search.may_try_itself() {
            sentence.push_str(ITSELF);
        }
        let is_listed = timeline.key.as_ref().is_none_or(|key| key.is_listed);
        exit = output.outcome(outcome, &sentence, is_listed);
    }
    if let Some((path, format)) = report {
        let text = text_of(timeline, format)?;
        match context.ports.reports.write_new(path, text).await {
            Ok(place) => output.say(&format!("The timeline is in {place}.")),
            Err(error) => {
                output.error(&format!("The timeline was not written: {error}"));
                exit = if exit == Exit::Ok { Exit::Error } else { exit };
            }
        }
    }
    if json {
        output.json(&incident::shape(timeline))?;
    }
    Ok(exit)
}

fn text_of(timeline: &Timeline, format: Format) -> std::io::Result<String> {
    match format {
        Format::Markdown => Ok(incident::markdown(timeline)),
        Format::Json => {
            let mut text = serde_json::to_string_pretty(&incident::shape(timeline))?;
            text.push('\n');
            Ok(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_markdown_or_json_in_a_folder_that_exists() {
        assert_eq!(format(Path::new("incident.md")).unwrap(), Format::Markdown);
        assert_eq!(format(Path::new("./incident.JSON")).unwrap(), Format::Json);
        for bad in ["incident", "incident.txt", "no/such/folder/incident.md"] {
            assert_eq!(format(Path::new(bad)).unwrap_err().exit, Exit::Usage, "{bad}");
        }
    }
}
