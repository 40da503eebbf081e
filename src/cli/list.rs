//! `chatzuri-keys list`.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::cli::Context;
use crate::cli::exit::{Exit, Trouble};
use crate::cli::json::ListShape;
use crate::cli::output::Look;
use crate::cli::table::{Cell, Role, draw};
use crate::cli::words::{self, counted};
use crate::core::key::Own;
use crate::core::listing::{ListedKey, Listing};
use crate::core::policy::{DueStatus, Policies};
use crate::core::rotation::Pairs;
use crate::core::way::Way;
use crate::ops::assist::Finder;
use crate::ops::due::notes;
use crate::ops::review::{keep, review};

pub(crate) const INCOMPLETE: &str = "The list is not complete: the server counts more keys than it sent. It may have changed meanwhile; run this again.";

pub(super) async fn run(context: Context<'_>, json: bool) -> Result<Exit, Trouble> {
    let session = super::session(context.ports, context.settings).await?;
    let listing = Arc::new(review(&*session.api, &*context.ports.clock, &|_| {}).await?);
    let policies = context.settings.config.policies();
    let (notes, _) = notes(context.ports, &context.settings.profile).await;
    let pairs = Pairs::of(&notes, &listing.keys);
    let output = context.output;
    if json {
        output.json(&ListShape::of(&listing, &policies, &notes.snoozes, &pairs))?;
    } else if !listing.keys.is_empty() {
        output.data(&table(&listing, &policies, &pairs, &TimeZone::system(), output.look()))?;
    }
    keep(context.ports, &context.settings.profile, &listing).await;
    if !listing.complete {
        output.warn(INCOMPLETE);
        return Ok(Exit::Partial);
    }
    if !json {
        output.say(&summary(&listing, &policies, &pairs));
        let host = context.settings.profile.base_url.host();
        for line in sources(&session.ways, host) {
            output.say(&line);
        }
    }
    Ok(Exit::Ok)
}

/// What is to be known of a list that is not the server's, or not all of it.
fn sources(ways: &Finder, host: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if ways.known().list == Way::Assisted {
        lines.push(format!(
            "{host} has no list of keys: these are tracked here. Add one with “chatzuri-keys track NAME --created DATE”; \
             “chatzuri-keys status” says more."
        ));
    }
    if let matched @ 1.. = ways.matched() {
        lines.push(format!(
            "{} in the server's list by now: “chatzuri-keys track --match” hands them over.",
            if matched == 1 {
                "1 tracked key is".to_owned()
            } else {
                format!("{matched} tracked keys are")
            }
        ));
    }
    lines
}

fn table(listing: &Listing, policies: &Policies, pairs: &Pairs, zone: &TimeZone, look: Look) -> String {
    let rows = listing
        .keys
        .iter()
        .map(|listed| row(listed, listing, policies, pairs, zone))
        .collect();
    draw(["NAME", "KEY", "CREATED", "LAST USED", "ROTATION"], rows, look)
}

fn row(listed: &ListedKey, listing: &Listing, policies: &Policies, pairs: &Pairs, zone: &TimeZone) -> [Cell; 5] {
    let key = &listed.key;
    let standing = pairs.standing(&key.id, policies.standing(key, listing.as_of));
    let role = match standing.status {
        DueStatus::Overdue => Role::Danger,
        DueStatus::Due | DueStatus::DueSoon => Role::Warn,
        DueStatus::Fresh | DueStatus::Rotating => Role::Plain,
        DueStatus::Unknown => Role::Dim,
    };
    let name = if key.name.is_blank() {
        Cell::new("(unnamed)", Role::Dim)
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
        Cell::plain(words::last_use(listing.as_of, key.last_used_at)),
        Cell::new(words::due(standing, pairs.part(&key.id)), role),
    ]
}

/// "12 keys of “Acme Support”: 1 overdue, 2 due soon."
fn summary(listing: &Listing, policies: &Policies, pairs: &Pairs) -> String {
    let whose = listing.team.words().map_or(String::new(), |team| format!(" of {team}"));
    if listing.keys.is_empty() {
        return format!("No keys{whose}. Create one with “chatzuri-keys create NAME --show”.");
    }
    let count = |status: DueStatus| {
        let keys = listing.keys.iter();
        let standing =
            |listed: &&ListedKey| pairs.standing(&listed.key.id, policies.standing(&listed.key, listing.as_of));
        keys.filter(|listed| standing(listed).status == status).count()
    };
    let parts: Vec<String> = [
        (DueStatus::Overdue, "overdue"),
        (DueStatus::Due, "due today"),
        (DueStatus::DueSoon, "due soon"),
    ]
    .into_iter()
    .map(|(status, word)| (count(status), word))
    .chain([(pairs.count(&listing.keys), "rotating")])
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
    use crate::cli::testing::{at, key, listing};
    use crate::core::key::LastUse;

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
        let policies = Policies::default();
        assert_eq!(
            table(&listing, &policies, &Pairs::default(), &TimeZone::UTC, Look::default()),
            "NAME       KEY                 CREATED     LAST USED      ROTATION\n\
             Zapier     cz_Iz1P…CpSn (own)  2026-11-01  2 minutes ago  · 69 days left\n\
             a\\e[31m    cz_Iz1P…CpSn        2026-05-01  never          ! 115 days overdue\n\
             (unnamed)  —                   —           —              ? age unknown\n"
        );
        assert_eq!(
            summary(&listing, &policies, &Pairs::default()),
            "3 keys of “Acme Support”: 1 overdue."
        );
    }

    #[test]
    fn an_empty_list_says_what_to_do() {
        assert!(
            summary(&listing(Vec::new()), &Policies::default(), &Pairs::default())
                .starts_with("No keys of “Acme Support”.")
        );
    }
}
