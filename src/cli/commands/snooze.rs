//! `chatzuri-keys snooze KEY`: put a key's due date off, with a reason, until a day.

use clap::Args;
use jiff::civil::Date;

use crate::cli::context::{Context, session, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::find;
use crate::cli::interrupt::Interrupts;
use crate::core::snooze::{REASON_LIMIT, holds, parse_day, parse_reason};
use crate::core::text::Label;
use crate::ops::review::review;
use crate::ops::snooze::{end_snooze, ended, is_snoozed, snooze, snoozed};
use crate::ports::JournalError;
use crate::present::words;

const HELP: &str = "\
The snooze is kept in this machine's journal, and ends by itself after that day (UTC).

  chatzuri-keys snooze Zapier --until 2026-12-01 --reason \"moves to the new account in November\"
  chatzuri-keys snooze Zapier --off";

/// `snooze`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_long_help = HELP)]
pub struct SnoozeArgs {
    /// The key's id or name
    pub key: String,
    /// The last day of the snooze (UTC), such as 2026-12-01
    #[arg(long, value_name = "DATE", required_unless_present = "off", requires = "reason")]
    pub until: Option<String>,
    /// Why, for whoever reads the report
    #[arg(long, value_name = "TEXT", requires = "until")]
    pub reason: Option<String>,
    /// End it
    #[arg(long, conflicts_with_all = ["until", "reason"])]
    pub off: bool,
}

pub(super) async fn run(
    context: Context<'_>,
    args: &SnoozeArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let (ports, settings) = (context.ports, context.settings);
    let wanted = match (&args.until, &args.reason) {
        (Some(until), Some(reason)) => Some((day(until)?, said(reason)?)),
        // The command line lets nothing else through.
        _ => None,
    };
    let listing = until_interrupted(interrupts, async {
        let session = session(ports, settings).await?;
        Ok(review(&session.client, &*ports.clock, &|_| {}).await?)
    })
    .await?;
    let key = &find::key(&listing, &args.key)?.key;
    let (profile, output) = (&settings.profile, context.output);
    let dry = context.switches.dry_run;
    let changed = match wanted {
        Some((until, reason)) => {
            if !holds(until, listing.as_of) {
                return Err(CommandError::new(
                    Exit::Usage,
                    format!(
                        "Nothing was done: {until} is in the past by the server's clock. Give a day in the future."
                    ),
                ));
            }
            if dry {
                output.say(&format!("This would be true: {}", snoozed(key, until, &reason)));
                return Ok(Exit::Ok);
            }
            Some(snooze(ports, profile, key, until, &reason).await.map_err(unkept)?)
        }
        None if dry => {
            if is_snoozed(ports, profile, &key.id).await.map_err(unkept)? {
                output.say(&format!("This would be true: {}", ended(key)));
                return Ok(Exit::Ok);
            }
            None
        }
        None => end_snooze(ports, profile, key).await.map_err(unkept)?,
    };
    match changed {
        Some(changed) => {
            output.unrecorded(&changed.recorded);
            output.say(&changed.sentence);
        }
        None => output.say(&format!("Nothing was done: {} was not snoozed.", key.display_name())),
    }
    Ok(Exit::Ok)
}

fn unkept(error: JournalError) -> CommandError {
    CommandError::new(Exit::Error, format!("Nothing was done: {error}."))
}

fn day(text: &str) -> Result<Date, CommandError> {
    parse_day(text).ok_or_else(|| {
        CommandError::new(
            Exit::Usage,
            format!(
                "--until: “{}” is not a date. Use one such as 2026-12-01.",
                words::argument(text)
            ),
        )
    })
}

fn said(text: &str) -> Result<Label, CommandError> {
    parse_reason(text).map_err(|count| {
        CommandError::new(
            Exit::Usage,
            format!("--reason: give 1 to {REASON_LIMIT} characters; these are {count}."),
        )
    })
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
