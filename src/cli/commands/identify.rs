//! `chatzuri-keys identify`: which key a value belongs to.

use std::sync::Arc;

use serde::Serialize;

use crate::cli::commands::leak::suspects;
use crate::cli::context::Context;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::profile::registry;
use crate::cli::value::leaked;
use crate::core::incident::scrub;
use crate::core::team::TeamIdentity;
use crate::ops::leak::{Found, Match, Means, Search, find, last_four, opened};
use crate::present::json::{KeyShape, SCHEMA_VERSION, WhoseShape};
use crate::present::words;

pub(crate) const HELP: &str = "\
pbpaste | chatzuri-keys identify

Exit codes: 0 found, or alive in another team; 2 several keys match; 7 the value could not be tried; 10 the value \
gets 401 and matches nothing.";

#[derive(Serialize)]
struct IdentifyShape<'a> {
    schema_version: u32,
    alive: Option<bool>,
    matched_by: Option<&'static str>,
    profile: Option<&'a str>,
    #[serde(flatten)]
    whose: WhoseShape<'a>,
    key: Option<KeyShape<'a>>,
}

pub(super) async fn run(context: Context<'_>, json: bool) -> Result<Exit, CommandError> {
    let settings = context.settings;
    let value = leaked(context.switches).await?;
    let (profiles, _) = registry(settings);
    let means = Means {
        with_leaked_key: false,
        always_probe: true,
    };
    let others = profiles.get(1..).unwrap_or_default();
    let search = find(
        context.ports,
        &settings.profile,
        others,
        Arc::clone(&value),
        means,
        &|_, _| {},
    )
    .await;
    let output = context.output;
    let (exit, said) = match &search.found {
        Found::Key(found) => (Exit::Ok, facts(&search, found)),
        Found::Gone => (
            Exit::Ok,
            format!(
                "It was {}: the list no longer has it, and the value gets 401.",
                search.timeline.display_name()
            ),
        ),
        Found::Foreign(team, _) => (Exit::Ok, foreign(&search, team)),
        Found::Ambiguous(_, why) => (Exit::Usage, format!("Not identified: {why}{}", search.unread_words())),
        Found::NotAccepted => (
            Exit::NoSuchKey,
            format!(
                "Not accepted: the value gets 401 and matches no key in the lists you can read. It has {} \
                 characters{}.{}",
                value.length(),
                last_four(&value),
                search.unread_words()
            ),
        ),
        Found::Untried(why) => (
            Exit::NotProven,
            format!("The value could not be tried. {why}{}", search.unread_words()),
        ),
    };
    let said = scrub(&value, &said);
    if json {
        let policies = settings.config.policies();
        // A name that holds the value itself is not printed: the words say which key it is.
        let hidden = |found: &Match| scrub(&value, found.target.key.name.raw()) != found.target.key.name.raw();
        let shape = shape(&search);
        let key = match &search.found {
            Found::Key(found) if !hidden(found) => {
                Some(KeyShape::of(&found.target, &policies, found.place.listing.as_of))
            }
            _ => None,
        };
        output.json(&IdentifyShape { key, ..shape })?;
        if exit != Exit::Ok {
            output.error(&said);
        }
    } else if exit == Exit::Ok {
        output.data(&format!("{said}\n"))?;
    } else {
        output.error(&said);
    }
    suspects(&search, output);
    Ok(exit)
}

fn foreign(search: &Search, team: &TeamIdentity) -> String {
    format!(
        "Alive, but not in any list you can read; it opens {}.{}",
        opened(team),
        search.unread_words()
    )
}

fn facts(search: &Search, found: &Match) -> String {
    let (key, now) = (&found.target.key, found.place.listing.as_of);
    let row = |what: &str, said: String| format!("{what:<12}{said}");
    let alive = match found.alive {
        Some(true) => "yes",
        Some(false) => "no: it gets 401",
        None => "unknown: it could not be tried",
    };
    let team = search.timeline.team.shown().unwrap_or_else(|| "—".to_owned());
    let lines = [
        row("Name", key.name.shown().to_owned()),
        row("Id", key.id.shown().to_owned()),
        row("Team", team),
        row("Profile", found.place.profile.name.clone()),
        row(
            "Created",
            key.created_at.map_or("—".to_owned(), |at| words::ago(now, at)),
        ),
        row("Last used", words::last_use(now, key.last_used_at)),
        row("Alive", alive.to_owned()),
        row(
            "Matched by",
            search.timeline.how().map_or("—", |how| how.words()).to_owned(),
        ),
    ];
    lines.join("\n")
}

fn shape(search: &Search) -> IdentifyShape<'_> {
    let alive = match &search.found {
        Found::Key(found) => found.alive,
        Found::Foreign(..) => Some(true),
        Found::Gone | Found::NotAccepted => Some(false),
        Found::Ambiguous(..) | Found::Untried(_) => None,
    };
    IdentifyShape {
        schema_version: SCHEMA_VERSION,
        alive,
        matched_by: search.timeline.how().map(|how| how.word()),
        profile: search.timeline.profile.as_deref(),
        whose: WhoseShape::of(&search.timeline.team),
        key: None,
    }
}
