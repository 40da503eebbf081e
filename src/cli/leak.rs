//! `chatzuri-keys leak`.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::cli::args::LeakArgs;
use crate::cli::exit::{Exit, Trouble};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::{Output, SCHEMA_VERSION};
use crate::cli::profile::{registry, secret_of};
use crate::cli::{Context, Switches, prompt, until_interrupted, words};
use crate::core::confirm::{Question, question};
use crate::core::incident::{Fact, Outcome, Seen, Timeline, scrub, unwrapped};
use crate::core::key::{Own, Team};
use crate::core::secret::Secret;
use crate::core::text::clean;
use crate::ops::leak::{Found, Match, Means, Search, Watch, find, kill_and_record, record_end};
use crate::ops::revoke::Patience;

/// The shape of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Markdown,
    Json,
}

pub(super) async fn run(context: Context<'_>, args: &LeakArgs, interrupts: &mut Interrupts) -> Result<Exit, Trouble> {
    let switches = context.switches;
    if !switches.interactive && !switches.yes && !switches.dry_run {
        return Err(Trouble::new(
            Exit::Usage,
            "Nothing was revoked: nobody can be asked here. Confirm with --yes, or look with --dry-run.",
        ));
    }
    let report = args
        .report
        .as_deref()
        .map(|path| Ok::<_, Trouble>((path, format(path)?)));
    let report = report.transpose()?;
    let value = until_interrupted(interrupts, value(switches)).await?;
    let means = Means {
        with_leaked_key: args.with_leaked_key,
        always_probe: switches.dry_run,
    };
    let output = Mutex::new(context.output);
    let on_fact = |timeline: &Timeline, seen: &Seen| live(&output, timeline, seen);
    let settings = context.settings;
    let profiles = registry(settings);
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
    if let Found::Key(found) = &search.found
        && !switches.dry_run
    {
        let facts = facts(found, &value);
        {
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            if found.by_hand {
                output.warn(&format!("To be revoked in the browser: {facts}."));
            } else if switches.yes {
                output.warn(&format!("Revoking {facts}."));
            } else {
                output.warn(&format!("Revoke {facts}?"));
                output.warn("Every request with it gets 401 at once, and it cannot be undone.");
            }
        }
        // The click is the person's own yes.
        if !switches.yes && !found.by_hand {
            until_interrupted(interrupts, confirm(found)).await?;
            let at = context.ports.clock.now();
            search.timeline.facts.push(Seen {
                at,
                fact: Fact::Confirmed,
            });
        }
        let usual = Watch::default();
        let asked = args.watch.map(Duration::from_secs);
        let watch = Watch {
            limit: asked.map_or(usual.limit, |asked| asked.min(usual.limit)),
            by_hand: asked.unwrap_or(usual.by_hand),
            ..usual
        };
        let stop = interrupts.next_but_hangup();
        let pace = (Patience::default(), watch);
        let killed = kill_and_record(context.ports, &mut search, pace, &on_fact, stop).await;
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        output.unrecorded(&killed.recorded);
        let interrupted = format!(
            "Interrupted: NOT PROVEN whether {} was revoked. Run it again.",
            search.timeline.called()
        );
        return end(
            &search,
            report,
            args.json,
            killed.outcome.is_none().then_some(interrupted),
            &mut output,
        );
    }
    let output = output.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Found::Key(found) = &search.found {
        output.say(&format!("Would revoke {}.", facts(found, &value)));
    } else {
        search.timeline.outcome = Some(without_kill(&search));
        suspects(&search, output);
        if !switches.dry_run {
            let recorded = record_end(context.ports, &search).await;
            output.unrecorded(&recorded);
        }
    }
    end(&search, report, args.json, None, output)
}

/// A value from standard input or a hidden prompt, without what was copied along with it.
pub(super) async fn value(switches: Switches) -> Result<Arc<Secret>, Trouble> {
    given(switches, "The leaked key (not shown): ").await.map(Arc::new)
}

/// A value from standard input, or at a hidden prompt that asks `question`.
pub(super) async fn given(switches: Switches, question: &str) -> Result<Secret, Trouble> {
    let bytes = if !std::io::stdin().is_terminal() {
        let read = prompt::all_of_stdin().await;
        read.map_err(|trouble| Trouble::new(Exit::Usage, trouble.sentence))?
    } else if switches.interactive {
        prompt::hidden(question).await?
    } else {
        return Err(Trouble::new(
            Exit::Usage,
            "Nobody can be asked for the value here. Give it on standard input.",
        ));
    };
    secret_of(unwrapped(&bytes)).map_err(|why| Trouble::new(Exit::Usage, why.to_string()))
}

fn format(path: &Path) -> Result<Format, Trouble> {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let usage = |why: &str| {
        Trouble::new(
            Exit::Usage,
            format!("--report: {} {why}.", clean(&path.to_string_lossy())),
        )
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(usage("is in no folder that exists"));
    }
    match ending.to_ascii_lowercase().as_str() {
        "md" => Ok(Format::Markdown),
        "json" => Ok(Format::Json),
        _ => Err(usage("ends neither in .md nor in .json")),
    }
}

fn live(output: &Mutex<&mut Output>, timeline: &Timeline, seen: &Seen) {
    let line = format!("{}  {}", timeline.time(seen.at), clean(&seen.fact.words()));
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    // Where to click has to be known, however quiet the run.
    match seen.fact {
        Fact::ByHand(_) => output.warn(&line),
        _ => output.say(&line),
    }
}

/// The key and what depends on it, without the value.
fn facts(found: &Match, value: &Secret) -> String {
    let key = &found.target.key;
    let used = words::last_use_warning(found.place.listing.as_of, key.last_used_at);
    let own = match found.target.own {
        Own::Yes => "; it is the key we are signed in with, or the leaked key speaks for itself",
        Own::Unknown => "; it may be the key we are signed in with",
        Own::No => "",
    };
    let text = format!(
        "{} {} of {}, {used}{own}",
        key.called(),
        key.hint(),
        found.place.profile.name
    );
    scrub(value, &text)
}

async fn confirm(found: &Match) -> Result<(), Trouble> {
    let typed = match question(&found.target, found.place.listing.as_of) {
        Question::Typed { expected, what } => {
            let typed = prompt::line(&format!("Type {what} ({expected}) to revoke it: ")).await?;
            typed.filter(|typed| *typed == expected)
        }
        Question::YesNo => {
            let typed = prompt::line("Revoke it? [y/N] ").await?;
            typed.filter(|typed| matches!(typed.to_ascii_lowercase().as_str(), "y" | "yes"))
        }
    };
    typed
        .map(|_| ())
        .ok_or_else(|| Trouble::new(Exit::Declined, "Declined; nothing was revoked, and the key is alive."))
}

/// What is true where no one key was found.
fn without_kill(search: &Search) -> Outcome {
    match &search.found {
        Found::Key(_) => Outcome::Failed("It was not revoked.".to_owned()),
        Found::Gone => Outcome::AlreadyGone,
        Found::Foreign(teams, hindered) => {
            let more = match hindered {
                Some(why) => format!("The leaked key could not revoke itself: {why}"),
                None => "If it is to die all the same, let it revoke itself: --with-leaked-key.".to_owned(),
            };
            Outcome::StillAlive(format!(
                "It is in no list we can read; it opens {}. Nothing was revoked. {more}{}",
                opened(teams),
                unread(search)
            ))
        }
        Found::NotAccepted => Outcome::NotAccepted(format!(
            "the value gets 401 and is in no list we can read: dead, mis-pasted, or of another server. It has {} \
             characters{}.{}",
            search.value.length(),
            last_four(&search.value),
            unread(search)
        )),
        Found::Ambiguous(_, why) => Outcome::Ambiguous(format!("{why}{}", unread(search))),
        Found::Untried(why) => Outcome::Unconfirmed(format!("The value could not be tried. {why}{}", unread(search))),
    }
}

pub(super) fn opened(teams: &[Team]) -> String {
    let names: Vec<String> = teams.iter().map(|team| format!("“{}”", team.name)).collect();
    match names.as_slice() {
        [] => "a team it does not name".to_owned(),
        names => names.join(", "),
    }
}

pub(super) fn last_four(value: &Secret) -> String {
    let last_four = value.last_four();
    if last_four.is_blank() {
        String::new()
    } else {
        format!(" and ends in {last_four}")
    }
}

/// Which lists could not be read, as the end of a sentence.
pub(super) fn unread(search: &Search) -> String {
    let each = search
        .unread
        .iter()
        .map(|(profile, why)| format!(" The list of {profile} was not read: {why}"));
    scrub(&search.value, &each.collect::<String>())
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
            listed.key.called(),
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
fn end(
    search: &Search,
    report: Option<(&Path, Format)>,
    json: bool,
    interrupted: Option<String>,
    output: &mut Output,
) -> Result<Exit, Trouble> {
    let timeline = &search.timeline;
    let mut exit = Exit::Ok;
    if let (Some(outcome), Some(sentence)) = (&timeline.outcome, timeline.sentence()) {
        exit = Exit::of_code(outcome.exit_code());
        let sentence = scrub(&search.value, &sentence);
        if outcome.is_proven() {
            output.say(&sentence);
        } else {
            output.error(&sentence);
        }
    }
    if let Some(sentence) = interrupted {
        exit = Exit::Declined;
        output.error(&sentence);
    }
    if let Some((path, format)) = report {
        let written = text_of(timeline, format).and_then(|text| std::fs::write(path, text));
        let shown = clean(&path.to_string_lossy()).into_owned();
        match written {
            Ok(()) => output.say(&format!("The timeline is in {shown}.")),
            Err(error) => {
                output.error(&format!("The report could not be written to {shown}: {error}."));
                exit = if exit == Exit::Ok { Exit::Error } else { exit };
            }
        }
    }
    if json {
        output.json(&timeline.shape(SCHEMA_VERSION))?;
    }
    Ok(exit)
}

fn text_of(timeline: &Timeline, format: Format) -> std::io::Result<String> {
    match format {
        Format::Markdown => Ok(timeline.markdown()),
        Format::Json => {
            let mut text = serde_json::to_string_pretty(&timeline.shape(SCHEMA_VERSION))?;
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
