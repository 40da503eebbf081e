//! `chatzuri-keys list`.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::context::{Context, session};
use crate::cli::exit::{CommandError, Exit};
use crate::core::capability::Capability;
use crate::core::due::{Counts, DueItem, items};
use crate::core::key::Own;
use crate::core::listing::{ListedKey, Listing};
use crate::core::rotation::Pairs;
use crate::ops::client::TeamClient;
use crate::ops::due::notes;
use crate::ops::review::{keep, review};
use crate::present::json::ListShape;
use crate::present::table::{Cell, CellRole, TableLook, draw, role};
use crate::present::words::{self, counted, incomplete, nothing_tracked};

pub(super) async fn run(context: Context<'_>, json: bool) -> Result<Exit, CommandError> {
    let session = session(context.ports, context.settings).await?;
    let listing = Arc::new(review(&session.client, &*context.ports.clock, &|_| {}).await?);
    let policies = context.settings.config.policies();
    let (notes, _) = notes(context.ports, &context.settings.profile).await;
    let host = context.settings.profile.base_url.host();
    let place = (context.settings.profile.name.as_str(), host);
    let items = items(place, &listing, &policies, &notes, listing.as_of);
    let output = context.output;
    // Only a server can say that there is no key.
    let nothing_known = listing.keys.is_empty() && !session.client.has_list();
    if json {
        let pairs = Pairs::of(&notes, &listing.keys);
        let mut shape = ListShape::of(&listing, &policies, &notes.snoozes, &pairs);
        shape.complete &= !nothing_known;
        output.json(&shape)?;
    } else if !listing.keys.is_empty() {
        output.data(&table(&listing, &items, &TimeZone::system(), output.look()))?;
    }
    keep(context.ports, &context.settings.profile, &listing).await;
    if let Some(words) = listing.odd.unknown_fields() {
        output.warn(&words);
    }
    if !listing.complete {
        output.warn(&incomplete(&listing));
        return Ok(Exit::Partial);
    }
    if nothing_known {
        output.warn(&nothing_tracked(host));
        return Ok(Exit::Partial);
    }
    if !json {
        output.say(&summary(&listing, &items));
        for line in sources(&session.client, host) {
            output.say(&line);
        }
    }
    Ok(Exit::Ok)
}

/// What is to be known of a list that is not the server's, or not all of it.
fn sources(capabilities: &TeamClient, host: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if capabilities.known().list == Capability::Manual {
        lines.push(format!(
            "{host} cannot list keys: these are the ones you track here. Add one with “chatzuri-keys track NAME \
             --created DATE”. “chatzuri-keys status” says more."
        ));
    }
    if let matched @ 1.. = capabilities.matched() {
        lines.push(format!(
            "{} now in the server's list. Run “chatzuri-keys track --match” to use the server's entries instead.",
            if matched == 1 {
                "1 tracked key is".to_owned()
            } else {
                format!("{matched} tracked keys are")
            }
        ));
    }
    lines
}

fn table(listing: &Listing, items: &[DueItem], zone: &TimeZone, look: TableLook) -> String {
    let keys = listing.keys.iter().zip(items);
    let rows = keys.map(|(listed, item)| row(listed, item, listing.as_of, zone));
    draw(
        ["NAME", "KEY", "CREATED", "LAST USED", "ROTATION"],
        rows.collect(),
        look,
    )
}

fn row(listed: &ListedKey, item: &DueItem, now: Timestamp, zone: &TimeZone) -> [Cell; 5] {
    let key = &listed.key;
    let name = if key.name.is_blank() {
        Cell::new("(unnamed)", CellRole::Dim)
    } else {
        Cell::plain(key.name.shown())
    };
    let own = if listed.own == Own::Yes { " (own)" } else { "" };
    let tracked = if listed.is_tracked() { " (tracked)" } else { "" };
    let created = key
        .created_at
        .map_or_else(|| "—".to_owned(), |time| zone.to_datetime(time).date().to_string());
    [
        name,
        Cell::plain(format!("{}{own}{tracked}", key.hint())),
        Cell::plain(created),
        Cell::plain(words::last_use(now, key.last_used_at)),
        Cell::new(words::rotation(item), role(item)),
    ]
}

/// "12 keys of “Acme Support”: 1 overdue, 2 due soon."
fn summary(listing: &Listing, items: &[DueItem]) -> String {
    let whose = listing.team.words().map_or(String::new(), |team| format!(" of {team}"));
    if listing.keys.is_empty() {
        return format!("No keys{whose}. Create one with “chatzuri-keys create NAME --show”.");
    }
    let mut counts = Counts::default();
    for item in items {
        counts.add(item.standing.status, item.part.as_ref(), item.snoozed.is_some());
    }
    let parts: Vec<String> = [
        (counts.overdue, "overdue"),
        (counts.due, "due today"),
        (counts.due_soon, "due soon"),
        (counts.unknown, "of unknown age"),
        (counts.rotating, "rotating"),
        (counts.snoozed, "snoozed"),
    ]
    .into_iter()
    .filter(|&(count, _)| count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let keys = counted(i64::try_from(listing.keys.len()).unwrap_or(i64::MAX), "key");
    if parts.is_empty() {
        format!("{keys}{whose}; none is due.")
    } else {
        format!("{keys}{whose}: {}.", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::due::Query;
    use crate::core::key::LastUse;
    use crate::core::notes::Notes;
    use crate::core::policy::Policies;
    use crate::core::snooze::Snooze;
    use crate::core::text::Label;
    use crate::present::testing::{at, key, listing};

    #[test]
    fn a_table_shows_cleaned_text_marks_and_words() {
        let mut own = key("k1", "Zapier");
        own.own = Own::Yes;
        own.key.last_used_at = LastUse::At(at("2026-11-22T11:58:00Z"));
        let mut old = key("k2", "a\u{1b}[31m");
        old.key.created_at = Some(at("2026-05-01T00:00:00Z"));
        let mut bare = key("k3", " ");
        bare.key.created_at = None;
        bare.key.prefix = None;
        bare.key.last_four = None;
        bare.key.last_used_at = LastUse::Unknown;
        let listing = listing(vec![own, old, bare]);
        let items = measured(&listing, &[]);
        assert_eq!(
            table(&listing, &items, &TimeZone::UTC, TableLook::default()),
            "NAME       KEY                 CREATED     LAST USED      ROTATION\n\
             Zapier     cz_Iz1P…CpSn (own)  2026-11-01  2 minutes ago  · 69 days left\n\
             a\\e[31m    cz_Iz1P…CpSn        2026-05-01  never          ! 115 days overdue\n\
             (unnamed)  —                   —           —              ? age unknown\n"
        );
        assert_eq!(
            summary(&listing, &items),
            "3 keys of “Acme Support”: 1 overdue, 1 of unknown age."
        );
    }

    #[test]
    fn overdue_keys_are_counted_as_due_counts_them() {
        let old = |id: &str, name: &str| {
            let mut old = key(id, name);
            old.key.created_at = Some(at("2026-05-01T00:00:00Z"));
            old
        };
        let (late, off) = (old("k1", "late"), old("k2", "off"));
        let (rotated, new) = (old("k3", "Zapier"), key("k4", "Zapier 2026-11-20"));
        let snooze = Snooze {
            key: off.key.id.clone(),
            until: "2026-12-01".parse().unwrap(),
            reason: Label::new("moves in May"),
            at: at("2026-11-22T11:00:00Z"),
            actor: Label::new("amina"),
        };
        let listing = listing(vec![late, off, rotated, new]);
        let items = measured(&listing, &[snooze]);
        assert_eq!(
            summary(&listing, &items),
            "4 keys of “Acme Support”: 2 overdue, 1 rotating, 1 snoozed."
        );
        let calling = Query {
            overdue: true,
            ..Query::default()
        }
        .calling(&items);
        assert_eq!(calling, 2, "as due counts them");
        let table = table(&listing, &items, &TimeZone::UTC, TableLook::default());
        assert!(table.contains("! 115 days overdue, rotating, elsewhere\n"), "{table}");
        assert!(table.contains("overdue, snoozed until 2026-12-01\n"), "{table}");
    }

    fn measured(listing: &Listing, snoozes: &[Snooze]) -> Vec<DueItem> {
        let notes = Notes {
            snoozes: snoozes.to_vec(),
            ..Notes::default()
        };
        items(
            ("default", "api.example"),
            listing,
            &Policies::default(),
            &notes,
            listing.as_of,
        )
    }

    #[test]
    fn an_empty_list_says_what_to_do() {
        assert!(summary(&listing(Vec::new()), &[]).starts_with("No keys of “Acme Support”."));
    }
}
