//! `chatzuri-keys due`: which keys are due, for people, spreadsheets, calendars, monitoring and CI.

pub(crate) mod args;
mod file;

use jiff::Timestamp;

use crate::cli::commands::due::args::{DueArgs, DueFormat};
use crate::cli::context::{Context, not_signed_in};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::profile::registry;
use crate::core::due::{DueItem, Query, WINDOW};
use crate::core::policy::Policies;
use crate::core::team::TeamIdentity;
use crate::ops::due::{Read, read};
use crate::ops::sign_in::Profile;
use crate::present::due::{Report, calendar, csv, json, markdown, prometheus, table};
use crate::present::words::{argument, counted, incomplete, nothing_tracked};

/// Days that a window may be wide.
const WIDEST: i32 = 36_500;

/// What was found, before it is asked what of it is due.
struct DueFound {
    items: Vec<DueItem>,
    /// The profiles that were read, and the team of each.
    teams: Vec<(String, TeamIdentity)>,
    /// When, by the server's clock; the oldest of several.
    as_of: Timestamp,
    /// What keeps it from being whole: a sentence each.
    gaps: Vec<String>,
}

pub(super) async fn run(mut context: Context<'_>, args: &DueArgs) -> Result<Exit, CommandError> {
    let within = args.within.as_deref().map(days).transpose()?;
    let policies = context.settings.config.policies();
    let found = match &args.from {
        Some(path) => {
            let limit = file::max_age(args.max_age.as_deref())?;
            file::found(context.ports, &context.settings.profile, &policies, path, limit).await?
        }
        None => live(&mut context, &policies, args.all_profiles).await?,
    };
    let check = Query {
        within: Some(within.unwrap_or(WINDOW)),
        overdue: args.overdue,
        allow_unknown: args.allow_unknown,
        owner: args.owner.clone(),
    };
    // A calendar and a graph look further ahead than a report.
    let ahead = matches!(args.format, DueFormat::Ics | DueFormat::Prometheus);
    let shown = Query {
        within: if ahead { within } else { check.within },
        ..check.clone()
    };
    let calling = check.calling(&found.items);
    let unknown = |profile: &String| {
        let unknown = |item: &&DueItem| item.profile == *profile && item.standing.days_left.is_none();
        let of_team = found.items.iter().filter(unknown);
        of_team.filter(|item| check.is_of_owner(item)).count()
    };
    let unknown = found.teams.iter().map(|(profile, _)| unknown(profile)).collect();
    let blank = found.is_blank();
    let items = shown.select(found.items);
    let report = Report {
        items: &items,
        teams: &found.teams,
        as_of: found.as_of,
        within: shown.within,
        complete: found.gaps.is_empty(),
        unknown,
    };
    let output = context.output;
    match args.format {
        DueFormat::Table if items.is_empty() => {}
        DueFormat::Table => output.data(&table::draw_due(&report, output.look()))?,
        DueFormat::Json => output.json(&json::DueShape::of(&report))?,
        DueFormat::Csv => output.data(&csv::draw(&report).ok_or_else(unmade)?)?,
        DueFormat::Markdown => output.data(&markdown::draw(&report))?,
        DueFormat::Ics => output.data(&calendar::draw(&report))?,
        DueFormat::Prometheus => output.data(&prometheus::draw(&report))?,
    }
    for gap in &found.gaps {
        output.warn(gap);
    }
    if (matches!(args.format, DueFormat::Table) || args.check) && (calling > 0 || !blank) {
        output.say(&summary(&check, calling, &items));
    }
    Ok(if !found.gaps.is_empty() {
        Exit::Partial
    } else if args.check && calling > 0 {
        Exit::Due
    } else {
        Exit::Ok
    })
}

async fn live(context: &mut Context<'_>, policies: &Policies, all: bool) -> Result<DueFound, CommandError> {
    let mut found = DueFound {
        items: Vec::new(),
        teams: Vec::new(),
        as_of: Timestamp::MAX,
        gaps: Vec::new(),
    };
    let (ports, settings) = (context.ports, context.settings);
    if !all {
        let read = read(ports, &settings.profile, policies).await?;
        let read = read.ok_or_else(|| CommandError::new(Exit::Refused, not_signed_in(ports, settings)))?;
        found.take(context, &settings.profile, read);
        return Ok(found);
    }
    let (profiles, left_out) = registry(settings);
    for profile in profiles {
        match read(ports, &profile, policies).await {
            Ok(Some(read)) => found.take(context, &profile, read),
            Ok(None) => found.gaps.push(format!(
                "Profile {} is not signed in, so its keys are missing here. Run “chatzuri-keys login --profile {}”.",
                profile.name, profile.name
            )),
            Err(error) => {
                let why = CommandError::from(error).sentence;
                let missing = format!("Profile {}: its keys are missing here. {why}", profile.name);
                found.gaps.push(missing);
            }
        }
    }
    found.gaps.extend(left_out.iter().map(ToString::to_string));
    if found.teams.is_empty() {
        found
            .gaps
            .push("No profile could be read, so no key could be checked.".to_owned());
        found.as_of = ports.clock.now();
    }
    Ok(found)
}

impl DueFound {
    /// Whether no key could be looked at, so that nothing follows from there being none.
    fn is_blank(&self) -> bool {
        self.items.is_empty() && !self.gaps.is_empty()
    }

    fn take(&mut self, context: &mut Context<'_>, profile: &Profile, read: Read) {
        self.as_of = self.as_of.min(read.listing.as_of);
        self.teams.push((profile.name.clone(), read.listing.team.clone()));
        self.items.extend(read.items);
        if !read.listing.complete {
            self.gaps
                .push(format!("Profile {}: {}", profile.name, incomplete(&read.listing)));
        }
        if read.unlisted && read.listing.keys.is_empty() {
            let why = nothing_tracked(profile.base_url.host());
            self.gaps.push(format!("Profile {}: {why}", profile.name));
        } else if read.unlisted {
            let host = profile.base_url.host();
            let why = format!(
                "Profile {}: {host} cannot list keys, so only the keys you track here are shown.",
                profile.name
            );
            context.output.warn(&why);
        }
        if let Some(error) = read.unread_notes {
            let why = format!(
                "Profile {}: cannot read snoozes and rotations, so they are ignored: {error}.",
                profile.name
            );
            context.output.warn(&why);
        }
    }
}

fn unmade() -> CommandError {
    CommandError::new(Exit::Error, "The table could not be made.")
}

/// "14d", "2w" or "14".
fn days(text: &str) -> Result<i32, CommandError> {
    let trimmed = text.trim();
    let (count, unit) = match trimmed.strip_suffix('w') {
        Some(weeks) => (weeks, 7),
        None => (trimmed.strip_suffix('d').unwrap_or(trimmed), 1),
    };
    let digits = count.bytes().all(|byte| byte.is_ascii_digit());
    let days = count.parse::<i32>().ok().filter(|_| digits);
    let days = days.and_then(|count| count.checked_mul(unit));
    days.filter(|&days| days <= WIDEST).ok_or_else(|| {
        let shown = argument(text);
        CommandError::new(
            Exit::Usage,
            format!("--within: “{shown}” is not a number of days. Use one such as 14d or 2w, at most {WIDEST}d."),
        )
    })
}

/// "2 keys are due within 14 days: 1 overdue, 1 of unknown age. 1 more is snoozed."
fn summary(query: &Query, calling: usize, items: &[DueItem]) -> String {
    let many = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let when = match query.within {
        _ if query.overdue => "overdue".to_owned(),
        Some(days) => format!("due within {}", counted(i64::from(days), "day")),
        None => "due".to_owned(),
    };
    let snoozed = items
        .iter()
        .filter(|item| item.snoozed.is_some() && query.takes(&item.standing))
        .count();
    let tail = match snoozed {
        0 => String::new(),
        1 => " 1 is snoozed.".to_owned(),
        count => format!(" {count} are snoozed."),
    };
    if calling == 0 {
        return format!("No key is {when}.{tail}");
    }
    let count = |wanted: fn(i32) -> bool| {
        let awake = items.iter().filter(|item| item.snoozed.is_none());
        awake.filter(|item| item.standing.days_left.is_some_and(wanted)).count()
    };
    let unknown = items
        .iter()
        .filter(|item| item.snoozed.is_none() && item.standing.days_left.is_none())
        .count();
    let parts: Vec<String> = [
        (count(|left| left < 0), "overdue"),
        (count(|left| left == 0), "due today"),
        (unknown, "of unknown age"),
    ]
    .into_iter()
    .filter(|&(count, _)| count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let verb = if calling == 1 { "is" } else { "are" };
    let parts = if parts.is_empty() {
        String::new()
    } else {
        format!(": {}", parts.join(", "))
    };
    format!("{} {verb} {when}{parts}.{tail}", counted(many(calling), "key"))
}

#[cfg(test)]
mod tests;
