//! `chatzuri-keys show KEY`.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::context::{Context, session};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::find;
use crate::core::key::Own;
use crate::core::listing::ListedKey;
use crate::core::notes::Notes;
use crate::core::policy::Policies;
use crate::core::rotation::Pairs;
use crate::core::snooze;
use crate::ops::due::notes;
use crate::ops::review::review;
use crate::present::json::ShowShape;
use crate::present::words;

/// `show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// The key's id or name
    pub key: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

pub(super) async fn run(context: Context<'_>, args: &ShowArgs) -> Result<Exit, CommandError> {
    let session = session(context.ports, context.settings).await?;
    let listing = review(&session.client, &*context.ports.clock, &|_| {}).await?;
    let listed = find::key(&listing, &args.key)?;
    let policies = context.settings.config.policies();
    let (notes, _) = notes(context.ports, &context.settings.profile).await;
    let pairs = Pairs::of(&notes, &listing.keys);
    if args.json {
        context
            .output
            .json(&ShowShape::of(&listing, listed, &policies, &notes.snoozes, &pairs))?;
    } else {
        let zone = TimeZone::system();
        context
            .output
            .data(&text(listed, &policies, (&notes, &pairs), listing.as_of, &zone))?;
    }
    Ok(Exit::Ok)
}

fn text(
    listed: &ListedKey,
    policies: &Policies,
    (notes, pairs): (&Notes, &Pairs),
    now: Timestamp,
    zone: &TimeZone,
) -> String {
    let key = &listed.key;
    let standing = policies.standing(key, now);
    let unknown = || "—".to_owned();
    let date = |time: Timestamp| zone.to_datetime(time).strftime("%Y-%m-%d %H:%M").to_string();
    let last_use = match key.last_used_at.time() {
        Some(time) => format!("{} ({})", date(time), words::ago(now, time)),
        None => words::last_use(now, key.last_used_at),
    };
    let seen = || match notes.at_least_days(&key.id, now) {
        Some(days) => format!("unknown; first seen here {} ago", words::counted(days, "day")),
        None => unknown(),
    };
    let own = match listed.own {
        Own::Yes => "yes: this is the key you're signed in with",
        Own::No => "no",
        Own::Unknown => "unknown: the server does not say",
    };
    let snoozed = snooze::of(&notes.snoozes, &key.id, now).map_or_else(
        || "no".to_owned(),
        |snooze| format!("until {}: {}", snooze.until, snooze.reason),
    );
    let source = if listed.is_tracked() {
        "tracked: kept on this machine, because the server does not list it"
    } else {
        "api: the server's list"
    };
    let lines = [
        ("Name", key.name.shown().to_owned()),
        ("Id", key.id.shown().to_owned()),
        ("Key", key.hint()),
        ("Created", key.created_at.map_or_else(seen, date)),
        (
            "Created by",
            key.created_by.as_ref().map_or_else(unknown, |by| by.shown().to_owned()),
        ),
        ("Last used", last_use),
        ("Due", standing.due_at.map_or_else(unknown, date)),
        ("Rotation", words::due(standing, pairs.part(&key.id))),
        ("Snoozed", snoozed),
        ("Own", own.to_owned()),
        (
            "Owner",
            listed
                .owner(policies.register())
                .map_or_else(unknown, |owner| owner.shown().to_owned()),
        ),
        ("Source", source.to_owned()),
    ];
    lines
        .iter()
        .map(|(label, value)| format!("{label:<11} {value}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::testing::{at, key};

    #[test]
    fn every_fact_has_its_line_and_unknown_ones_a_dash() {
        let mut listed = key("k1", "a\u{1b}b");
        listed.key.created_at = None;
        let text = text(
            &listed,
            &Policies::default(),
            (&Notes::default(), &Pairs::default()),
            at("2026-11-22T12:00:00Z"),
            &TimeZone::UTC,
        );
        assert!(text.contains("Name        a\\eb\n"), "{text}");
        assert!(
            text.contains("Created     —\n") && text.contains("Due         —\n"),
            "{text}"
        );
        assert!(text.contains("Last used   never\n"), "{text}");
    }
}
