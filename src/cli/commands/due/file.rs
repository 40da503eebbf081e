//! `--from`: what `list --json` wrote, so that a report needs neither a credential nor the network.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::cli::commands::due::DueFound;
use crate::cli::commands::log::span;
use crate::cli::exit::{CommandError, Exit};
use crate::core::due::{DueItem, Snoozed};
use crate::core::key::{ApiKey, KeyId, LastUse, Own, Team};
use crate::core::policy::Policies;
use crate::core::rotation::{Part, RotationRole};
use crate::core::snooze::holds;
use crate::core::team::TeamIdentity;
use crate::core::text::{Label, clean, fit};
use crate::ops::sign_in::Profile;
use crate::ports::Ports;
use crate::present::json::SCHEMA_VERSION;
use crate::present::words::{argument, counted, file};

/// How old a file may be, where nothing else is said.
const AGE: SignedDuration = SignedDuration::from_hours(48);
/// How far two honest clocks lie apart at most.
const SKEW: SignedDuration = SignedDuration::from_hours(24);
/// The largest file that is taken for a list, in bytes: more than the longest list there can be.
const SIZE_LIMIT: u64 = 256 * 1024 * 1024;

#[derive(Deserialize)]
struct Version {
    schema_version: u32,
}

#[derive(Deserialize)]
struct Whole {
    as_of: String,
    team: Option<TeamIn>,
    /// Older lists have the one team only.
    #[serde(default)]
    teams: Vec<TeamIn>,
    /// Older lists do not say.
    complete: Option<bool>,
    /// A report of what is due says how far it looked.
    within_days: Option<serde_json::Value>,
    keys: Vec<KeyInFile>,
}

#[derive(Deserialize)]
struct TeamIn {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct KeyInFile {
    id: String,
    name: String,
    prefix: Option<String>,
    last_four: Option<String>,
    created_at: Option<String>,
    last_used_at: Option<String>,
    never_used: Option<bool>,
    created_by: Option<String>,
    own: Option<String>,
    source: Option<String>,
    snoozed_until: Option<String>,
    rotation: Option<PartIn>,
}

#[derive(Deserialize)]
struct PartIn {
    role: String,
    other_id: Option<String>,
    step: Option<u8>,
}

/// `--max-age`.
pub(super) fn max_age(text: Option<&str>) -> Result<SignedDuration, CommandError> {
    let Some(text) = text else { return Ok(AGE) };
    span(text.trim()).ok_or_else(|| {
        let shown = argument(text);
        CommandError::new(
            Exit::Usage,
            format!("--max-age: “{shown}” is not a duration. Use one such as 2d, 36h or 1w."),
        )
    })
}

/// Reads the keys of a list that was written down, and measures them by this machine's clock.
pub(super) async fn found(
    ports: &Ports,
    profile: &Profile,
    policies: &Policies,
    path: &Path,
    limit: SignedDuration,
) -> Result<DueFound, CommandError> {
    let called = if is_stdin(path) {
        "standard input".to_owned()
    } else {
        file(path)
    };
    let failed = |why: String| CommandError::new(Exit::Error, format!("--from: {called}: {why}. Nothing was checked."));
    let from = path.to_path_buf();
    let text = tokio::task::spawn_blocking(move || text(&from))
        .await
        .map_err(io::Error::from)
        .and_then(|text| text)
        .map_err(|error| failed(format!("cannot read it: {error}")))?;
    parse(&text, profile, policies, ports.clock.now(), limit).map_err(failed)
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn text(path: &PathBuf) -> io::Result<String> {
    let source: Box<dyn Read> = if is_stdin(path) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    let mut text = String::new();
    source.take(SIZE_LIMIT + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length > SIZE_LIMIT) {
        return Err(io::Error::other("it is too large for a list"));
    }
    Ok(text)
}

pub(super) fn parse(
    text: &str,
    profile: &Profile,
    policies: &Policies,
    now: Timestamp,
    limit: SignedDuration,
) -> Result<DueFound, String> {
    let wrong = |error: serde_json::Error| {
        let why = clean(&error.to_string()).into_owned();
        format!("it is not the output of “chatzuri-keys list --json”: {why}")
    };
    let version: Version = serde_json::from_str(text).map_err(wrong)?;
    if version.schema_version != SCHEMA_VERSION {
        return Err(format!(
            "its schema_version is {}; this version of chatzuri-keys reads {SCHEMA_VERSION}",
            version.schema_version
        ));
    }
    let whole: Whole = serde_json::from_str(text).map_err(wrong)?;
    if whole.within_days.is_some() {
        return Err(
            "it is the output of “due”, which has only the keys that were due then; use the output of “list --json”"
                .to_owned(),
        );
    }
    let as_of = time("as_of", &whole.as_of)?;
    let team = |team: TeamIn| Team {
        id: Label::new(&team.id),
        name: Label::new(&team.name),
    };
    let team = match whole.team {
        Some(one) => TeamIdentity::One(team(one)),
        None => TeamIdentity::of(whole.teams.into_iter().map(team).collect()),
    };
    let mut items = Vec::with_capacity(whole.keys.len());
    for (i, key) in whole.keys.into_iter().enumerate() {
        let named = format!("keys[{i}] (“{}”)", fit(&clean(&key.name), 60));
        let item = item(key, profile, team.clone(), policies, now).map_err(|why| format!("{named}: {why}"))?;
        items.push(item);
    }
    let mut gaps = Vec::new();
    if whole.complete == Some(false) {
        gaps.push("The list in the file is not complete.".to_owned());
    }
    gaps.extend(stale(as_of, now, limit));
    Ok(DueFound {
        items,
        teams: vec![(profile.name.clone(), team)],
        as_of: now,
        gaps,
    })
}

/// Why a list of this time says nothing of today.
fn stale(as_of: Timestamp, now: Timestamp, limit: SignedDuration) -> Option<String> {
    let age = now.duration_since(as_of);
    if age > limit {
        let span = |time: SignedDuration| match time.as_hours() {
            hours @ 0..48 => counted(hours, "hour"),
            hours => counted(hours / 24, "day"),
        };
        return Some(format!(
            "The list in the file is {} old (from {as_of:.0}); the limit is {}. Keys created since then are missing. \
             Write the file again, or raise --max-age.",
            span(age),
            span(limit)
        ));
    }
    (age < -SKEW).then(|| {
        format!(
            "The list in the file is from {as_of:.0}, which is in the future by this machine's clock: one of the two \
             is wrong. Set the clock, or write the file again."
        )
    })
}

fn item(
    key: KeyInFile,
    profile: &Profile,
    team: TeamIdentity,
    policies: &Policies,
    now: Timestamp,
) -> Result<DueItem, String> {
    let at = |field: &str, text: &Option<String>| text.as_deref().map(|text| time(field, text)).transpose();
    let label = |text: &Option<String>| text.as_deref().map(Label::new);
    let until: Option<Date> = match &key.snoozed_until {
        Some(text) => Some(text.parse().map_err(|_| no("snoozed_until", text, "day"))?),
        None => None,
    };
    let last_used_at = match (at("last_used_at", &key.last_used_at)?, key.never_used) {
        (Some(at), _) => LastUse::At(at),
        (None, Some(true)) => LastUse::Never,
        (None, _) => LastUse::Unknown,
    };
    let key_read = ApiKey {
        id: KeyId::new(&key.id).ok_or_else(|| no("id", &key.id, "id"))?,
        name: Label::new(&key.name),
        created_at: at("created_at", &key.created_at)?,
        last_used_at,
        created_by: label(&key.created_by),
        prefix: label(&key.prefix),
        last_four: label(&key.last_four),
    };
    let part = key.rotation.as_ref().map(|part| Part {
        role: if part.role == "new" {
            RotationRole::New
        } else {
            RotationRole::Old
        },
        other: part.other_id.as_deref().and_then(KeyId::new),
        step: part.step.filter(|step| (1..=4).contains(step)),
    });
    Ok(DueItem {
        profile: profile.name.clone(),
        host: profile.base_url.host().to_owned(),
        team,
        standing: match &part {
            Some(_) => policies.standing(&key_read, now).rotating(),
            None => policies.standing(&key_read, now),
        },
        part,
        owner: policies.register().owner(&key.name).cloned(),
        // The reason stays in the journal of the machine that wrote the list.
        snoozed: until
            .filter(|&until| holds(until, now))
            .map(|until| Snoozed { until, reason: None }),
        // Older lists do not say.
        source: match key.source.as_deref() {
            Some("tracked") => "tracked",
            _ => "api",
        },
        own: match key.own.as_deref() {
            Some("yes") => Own::Yes,
            Some("no") => Own::No,
            _ => Own::Unknown,
        },
        key: key_read,
    })
}

fn time(field: &str, text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| no(field, text, "time"))
}

fn no(field: &str, text: &str, what: &str) -> String {
    format!("{field} = “{}” is not a valid {what}", fit(&clean(text), 60))
}
