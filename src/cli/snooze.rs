//! `chatzuri-keys snooze KEY`: put a key's due date off, with a reason, until a day.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::args::SnoozeArgs;
use crate::cli::exit::{Exit, Trouble};
use crate::cli::interrupt::Interrupts;
use crate::cli::{Context, find, until_interrupted};
use crate::core::activity::Action;
use crate::core::snooze::{Snooze, holds};
use crate::core::text::{Label, clean, fit};
use crate::ops::record::{Entry, record};
use crate::ops::review::review;
use crate::ports::JournalError;

/// The longest reason, in characters.
const REASON_LIMIT: usize = 200;

pub(super) async fn run(context: Context<'_>, args: &SnoozeArgs, interrupts: &mut Interrupts) -> Result<Exit, Trouble> {
    let (ports, settings) = (context.ports, context.settings);
    let wanted = match (&args.until, &args.reason) {
        (Some(until), Some(reason)) => Some((day(until)?, said(reason)?)),
        // The command line lets nothing else through.
        _ => None,
    };
    let listing = until_interrupted(interrupts, async {
        let session = super::session(ports, settings).await?;
        Ok(review(&*session.api, &*ports.clock, &|_| {}).await?)
    })
    .await?;
    let key = &find::key(&listing, &args.key)?.key;
    let (scope, output) = (settings.profile.scope(), context.output);
    let dry = context.switches.dry_run;
    let (outcome, detail, sentence) = match wanted {
        Some((until, reason)) => {
            if !holds(until, listing.as_of) {
                return Err(Trouble::new(
                    Exit::Usage,
                    format!("Nothing was done: {until} is over by the server's clock. Give a day to come."),
                ));
            }
            let sentence = format!("{} is snoozed until {until}: {reason}", key.called());
            let snooze = Snooze {
                key: key.id.clone(),
                until,
                reason: reason.clone(),
                at: ports.clock.now(),
                actor: ports.actor.clone(),
            };
            if !dry {
                ports.journal.snooze(&scope, snooze).await.map_err(unkept)?;
            }
            ("snoozed", format!("until {until}: {}", reason.shown()), sentence)
        }
        None => {
            let there = if dry {
                let snoozes = ports.journal.snoozes(&scope).await.map_err(unkept)?;
                snoozes.iter().any(|snooze| snooze.key == key.id)
            } else {
                ports.journal.end_snooze(&scope, &key.id).await.map_err(unkept)?
            };
            if !there {
                output.say(&format!("{} was not snoozed; nothing was done.", key.called()));
                return Ok(Exit::Ok);
            }
            let sentence = format!("{} is not snoozed any more.", key.called());
            ("ended", String::new(), sentence)
        }
    };
    if dry {
        output.say(&format!("This would be true: {sentence}"));
        return Ok(Exit::Ok);
    }
    let entry = Entry {
        action: Action::Snooze,
        key: Some((key.id.clone(), key.name.clone())),
        outcome,
        detail,
    };
    output.unrecorded(&record(ports, &settings.profile, entry).await);
    output.say(&sentence);
    Ok(Exit::Ok)
}

fn unkept(error: JournalError) -> Trouble {
    Trouble::new(Exit::Error, format!("Nothing was done: {error}."))
}

fn day(text: &str) -> Result<Date, Trouble> {
    let text = text.trim();
    // A time would be read as its day, and nobody would be told.
    let date = text.parse::<Date>().ok().filter(|_| text.len() == "2026-12-01".len());
    date.filter(|&date| {
        TimeZone::UTC
            .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
            .is_ok()
    })
    .ok_or_else(|| {
        Trouble::new(
            Exit::Usage,
            format!("--until: “{}” is no day: give it as 2026-12-01.", fit(&clean(text), 60)),
        )
    })
}

fn said(text: &str) -> Result<Label, Trouble> {
    let reason = Label::new(text.trim());
    let count = reason.raw().chars().count();
    if reason.is_blank() || count > REASON_LIMIT {
        return Err(Trouble::new(
            Exit::Usage,
            format!("--reason: give 1 to {REASON_LIMIT} characters; these are {count}."),
        ));
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_date_and_nothing_more() {
        assert!(day(" 2026-12-01 ").is_ok());
        for bad in [
            "",
            "tomorrow",
            "2026-13-01",
            "2026-12-01T10:00:00Z",
            "01.12.2026",
            "20261201",
        ] {
            assert_eq!(day(bad).unwrap_err().exit, Exit::Usage, "{bad}");
        }
    }

    #[test]
    fn a_reason_has_something_to_read() {
        assert_eq!(said(" moves in May ").unwrap().raw(), "moves in May");
        for bad in ["", " \t ", &"x".repeat(201)] {
            assert_eq!(said(bad).unwrap_err().exit, Exit::Usage, "{bad}");
        }
    }
}
