//! `chatzuri-keys log`: what was done to keys, from the journal alone.

use clap::Args;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::exit::{CommandError, Exit};
use crate::core::activity::Activity;
use crate::core::text::clean;
use crate::ports::LogQuery;
use crate::present::json::{SCHEMA_VERSION, time};
use crate::present::table::{Cell, CellRole, TableLook, draw_cutting};
use crate::present::words::{argument, counted};

const HELP: &str = "\
This needs no network and no credential.

  chatzuri-keys log --since 7d
  chatzuri-keys log --key Zapier --json | jq '.entries[] | select(.action == \"revoke\")'";

/// `log`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_long_help = HELP)]
pub struct LogArgs {
    /// Show only entries since then: 7d, 12h, 30m, a date or a time
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Show only entries about the key of this id or name
    #[arg(long)]
    pub key: Option<String>,
    /// Show at most this many entries, the newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// The column of the details.
const DETAIL: usize = 6;

#[derive(Serialize)]
struct LogShape<'a> {
    schema_version: u32,
    entries: Vec<EntryShape<'a>>,
}

#[derive(Serialize)]
struct EntryShape<'a> {
    at: String,
    actor: &'a str,
    profile: &'a str,
    action: &'static str,
    key: Option<LoggedKeyShape<'a>>,
    outcome: &'a str,
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct LoggedKeyShape<'a> {
    id: &'a str,
    name: &'a str,
}

pub(super) async fn run(context: Context<'_>, args: &LogArgs) -> Result<Exit, CommandError> {
    let zone = TimeZone::system();
    let since = match &args.since {
        Some(text) => Some(since(text, context.ports.clock.now(), &zone)?),
        None => None,
    };
    let query = LogQuery {
        since,
        key: args.key.clone(),
        limit: args.limit,
    };
    let entries = context
        .ports
        .journal
        .log(query)
        .await
        .map_err(|error| CommandError::new(Exit::Error, format!("Cannot read the log: {error}.")))?;
    let output = context.output;
    if args.json {
        output.json(&shape(&entries))?;
    } else if entries.is_empty() {
        output.say("No activity recorded.");
    } else {
        output.data(&table(&entries, &zone, output.look()))?;
        let count = i64::try_from(entries.len()).unwrap_or(i64::MAX);
        output.say(&format!("{}.", counted(count, "line")));
    }
    Ok(Exit::Ok)
}

/// A span before now, a date in the local zone, or a time.
fn since(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, CommandError> {
    let text = text.trim();
    let found = span(text)
        .and_then(|span| now.checked_sub(span).ok())
        .or_else(|| text.parse::<Timestamp>().ok())
        .or_else(|| {
            let date = text.parse::<Date>().ok().filter(|_| text.len() <= "2026-11-22".len())?;
            date.to_zoned(zone.clone()).ok().map(|midnight| midnight.timestamp())
        });
    found.ok_or_else(|| {
        let shown = argument(text);
        CommandError::new(
            Exit::Usage,
            format!(
                "--since: “{shown}” is not a time. Use a span such as 7d, 12h or 30m, a date such as 2026-11-22, or \
                 a time such as 2026-11-22T12:00:00Z."
            ),
        )
    })
}

/// A number and its unit, as in `7d`.
pub(super) fn span(text: &str) -> Option<SignedDuration> {
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let count: i64 = count.parse().ok()?;
    count.checked_mul(seconds).map(SignedDuration::from_secs)
}

fn shape(entries: &[Activity]) -> LogShape<'_> {
    let entries = entries.iter().map(|entry| EntryShape {
        at: time(entry.at),
        actor: entry.actor.raw(),
        profile: &entry.profile,
        action: entry.action.word(),
        key: entry.key.as_ref().map(|(id, name)| LoggedKeyShape {
            id: id.raw(),
            name: name.raw(),
        }),
        outcome: &entry.outcome,
        detail: Some(entry.detail.raw()).filter(|detail| !detail.is_empty()),
    });
    LogShape {
        schema_version: SCHEMA_VERSION,
        entries: entries.collect(),
    }
}

fn table(entries: &[Activity], zone: &TimeZone, look: TableLook) -> String {
    let rows = entries.iter().map(|entry| row(entry, zone)).collect();
    let head = ["TIME", "ACTOR", "PROFILE", "ACTION", "KEY", "OUTCOME", "DETAIL"];
    draw_cutting(DETAIL, head, rows, look)
}

fn row(entry: &Activity, zone: &TimeZone) -> [Cell; 7] {
    let at = zone.to_datetime(entry.at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let key = match &entry.key {
        Some((id, name)) if name.is_blank() => Cell::plain(id.shown()),
        Some((id, name)) => Cell::plain(format!("{} ({})", name.shown(), id.shown())),
        None => Cell::new("—", CellRole::Dim),
    };
    [
        Cell::plain(at),
        Cell::plain(entry.actor.shown()),
        Cell::plain(clean(&entry.profile)),
        Cell::plain(entry.action.word()),
        key,
        Cell::plain(clean(&entry.outcome)),
        Cell::plain(entry.detail.shown()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::activity::ActivityKind;
    use crate::core::key::KeyId;
    use crate::core::text::Label;
    use crate::present::testing::at;

    const NOW: &str = "2026-11-22T12:00:00Z";

    fn entries() -> Vec<Activity> {
        vec![
            Activity {
                at: at("2026-11-22T11:58:00.25Z"),
                actor: Label::new("amina\u{1b}[31m"),
                profile: "acme".to_owned(),
                action: ActivityKind::Revoke,
                key: Some((KeyId::new("key_1").unwrap(), Label::new("Zapier"))),
                outcome: "dead".to_owned(),
                detail: Label::new(""),
            },
            Activity {
                at: at("2026-11-22T11:59:00Z"),
                actor: Label::new("amina"),
                profile: "acme".to_owned(),
                action: ActivityKind::SignIn,
                key: None,
                outcome: "signed_in".to_owned(),
                detail: Label::new("keys.example"),
            },
        ]
    }

    #[test]
    fn a_time_is_a_span_a_date_or_a_time() {
        let zone = TimeZone::fixed(jiff::tz::offset(3));
        let told = |text: &str| since(text, at(NOW), &zone).map_err(|trouble| trouble.exit);
        for (text, time) in [
            ("7d", "2026-11-15T12:00:00Z"),
            ("2w", "2026-11-08T12:00:00Z"),
            (" 90m ", "2026-11-22T10:30:00Z"),
            ("0s", NOW),
            ("2026-11-20", "2026-11-19T21:00:00Z"),
            ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
            ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00Z"),
        ] {
            assert_eq!(told(text), Ok(at(time)), "{text}");
        }
        for text in [
            "",
            "d",
            "7",
            "7y",
            "-7d",
            "soon",
            "é",
            "2026-13-01",
            "99999999999999d",
            "9223372036854775807w",
        ] {
            assert_eq!(told(text), Err(Exit::Usage), "{text}");
        }
    }

    #[test]
    fn a_table_has_local_times_and_cleaned_text() {
        let zone = TimeZone::fixed(jiff::tz::offset(3));
        assert_eq!(
            table(&entries(), &zone, TableLook::default()),
            "TIME                 ACTOR        PROFILE  ACTION   KEY             OUTCOME    DETAIL\n\
             2026-11-22 14:58:00  amina\\e[31m  acme     revoke   Zapier (key_1)  dead\n\
             2026-11-22 14:59:00  amina        acme     sign_in  —               signed_in  keys.example\n"
        );
    }

    #[test]
    fn json_has_the_documented_shape() {
        assert_eq!(
            serde_json::to_value(shape(&entries())).unwrap(),
            serde_json::json!({
                "schema_version": 1,
                "entries": [
                    {"at": "2026-11-22T11:58:00Z", "actor": "amina\u{1b}[31m", "profile": "acme", "action": "revoke",
                     "key": {"id": "key_1", "name": "Zapier"}, "outcome": "dead", "detail": null},
                    {"at": "2026-11-22T11:59:00Z", "actor": "amina", "profile": "acme", "action": "sign_in",
                     "key": null, "outcome": "signed_in", "detail": "keys.example"},
                ],
            })
        );
    }
}
