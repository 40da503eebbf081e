//! `chatzuri-keys track` and `untrack`: keys that the server does not list, written down on this machine.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::context::{Context, session, until_interrupted};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::Output;
use crate::cli::{find, prompt, value};
use crate::core::capability::Capability;
use crate::core::import::{self, BadRow, Draft, parse};
use crate::core::key::ApiKey;
use crate::core::text::Label;
use crate::core::tracked::Tracked;
use crate::ops::manual::{TrackError, doubles, match_listed, matched, track, track_all};
use crate::ops::review::{review, server_now};
use crate::ops::sign_in::Session;
use crate::ports::JournalError;
use crate::present::table::{Cell, draw};
use crate::present::words::{self, counted};

const HELP: &str = "\
For a server that cannot list keys. This machine's journal keeps a tracked key, with its timer, owner, places and \
exports like any other. Its value is never kept. With --with-value the command tries it once and keeps its \
fingerprint, which identifies the key if it leaks.

  chatzuri-keys track Zapier --created 2026-09-01 --last-four CpSn --owner ops
  op read op://Work/Zapier/key | chatzuri-keys track Zapier --created 2026-09-01 --with-value
  chatzuri-keys track --import keys.csv

A file is CSV with the columns name and created, and if you have them last_four, owner and id; or JSON, as list \
--json writes it. The command shows it first, then tracks all of it or nothing.

Once the server lists keys, --match shows which of them you track, and leaves those to the server's list.

Exit codes: 0 done; 2 wrong, and nothing was tracked, or not confirmed; 3 declined.";

/// `track`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_long_help = HELP)]
pub struct TrackArgs {
    /// The key's name, as the vendor's dashboard shows it
    #[arg(required_unless_present_any = ["import", "match_listed"], conflicts_with_all = ["import", "match_listed"])]
    pub name: Option<String>,
    /// The day it was created, such as 2026-12-01
    #[arg(long, value_name = "DATE", required_unless_present_any = ["import", "match_listed"])]
    pub created: Option<String>,
    /// The last four characters of its value
    #[arg(long, value_name = "ABCD", requires = "name")]
    pub last_four: Option<String>,
    /// Who is responsible for it
    #[arg(long, requires = "name")]
    pub owner: Option<String>,
    /// Its id on the server, if the page shows one
    #[arg(long, requires = "name")]
    pub id: Option<String>,
    /// Try its value, from standard input or a hidden prompt, and keep only its fingerprint
    #[arg(long, requires = "name")]
    pub with_value: bool,
    /// Track every key of this CSV or JSON file; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "match_listed")]
    pub import: Option<PathBuf>,
    /// Stop tracking the keys that the server now lists
    #[arg(long = "match")]
    pub match_listed: bool,
}

/// `untrack`.
#[derive(Debug, Clone, Args)]
pub struct UntrackArgs {
    /// The key's id or name
    pub key: String,
}

/// The largest file of keys that is read.
const SIZE_LIMIT: u64 = 4 * 1024 * 1024;
/// How many wrong lines of a file are told.
const TOLD: usize = 20;
/// How many keys of a file are shown before they are tracked.
const SHOWN: usize = 20;

pub(super) async fn run(
    mut context: Context<'_>,
    args: &TrackArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let session = until_interrupted(interrupts, session(context.ports, context.settings)).await?;
    if args.match_listed {
        return hand_over(&mut context, &session, interrupts).await;
    }
    until_interrupted(interrupts, needed(&context, &session)).await?;
    match &args.import {
        Some(path) => import(&mut context, &session, path, interrupts).await,
        None => one(&mut context, &session, args, interrupts).await,
    }
}

/// Where the server lists its keys, a key written down by hand would be a second truth.
async fn needed(context: &Context<'_>, session: &Session) -> Result<(), CommandError> {
    if session.client.look_again().await? == Capability::Manual {
        return Ok(());
    }
    Err(CommandError::new(
        Exit::Usage,
        format!(
            "Nothing was tracked: {} lists its keys itself. To track them here anyway, set [api] list = \"manual\" \
             in the config.",
            context.settings.profile.base_url.host()
        ),
    ))
}

async fn one(
    context: &mut Context<'_>,
    session: &Session,
    args: &TrackArgs,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (name, created) = (text(&args.name), text(&args.created));
    let (last_four, owner, id) = (text(&args.last_four), text(&args.owner), text(&args.id));
    let fields = import::Fields {
        name: &name,
        created: &created,
        last_four: &last_four,
        owner: &owner,
        id: &id,
    };
    let now = server_now(&session.client, &*context.ports.clock);
    let draft = Draft::parse(fields, now)
        .map_err(|why| CommandError::new(Exit::Usage, format!("Nothing was tracked: {why}.")))?;
    let value = if args.with_value {
        let question = format!("The value of “{}” (not shown): ", draft.name);
        Some(until_interrupted(interrupts, value::given(context.switches, &question)).await?)
    } else {
        None
    };
    if context.switches.dry_run {
        let there = session.client.tracked().await.map_err(unread)?;
        if let Some((_, twin)) = doubles(&there, std::slice::from_ref(&draft)).first() {
            return Err(refused(TrackError::Twin(Box::new((*twin).clone()))));
        }
        context.output.say(&format!("Would track “{}”.", draft.name));
        return Ok(Exit::Ok);
    }
    let known = value.is_some();
    let tracked = track(context.ports, &context.settings.profile, session, &draft, value)
        .await
        .map_err(refused)?;
    let called = tracked.key().display_name();
    context.output.say(&if known {
        format!("{called} is now tracked. Its value is alive. Only its fingerprint was kept, not the value.")
    } else {
        format!("{called} is tracked.")
    });
    Ok(Exit::Ok)
}

fn refused(error: TrackError) -> CommandError {
    let exit = match &error {
        TrackError::Twin(_) | TrackError::Value(_) => Exit::Usage,
        TrackError::List(error) => return (**error).clone().into(),
        TrackError::Journal(_) | TrackError::NoId => Exit::Error,
    };
    let sentence = match &error {
        TrackError::Twin(_) | TrackError::Value(_) => format!("Nothing was tracked. {error}"),
        _ => error.to_string(),
    };
    CommandError::new(exit, sentence)
}

fn unread(error: JournalError) -> CommandError {
    CommandError::new(Exit::Error, format!("Nothing was done: {error}."))
}

async fn import(
    context: &mut Context<'_>,
    session: &Session,
    path: &Path,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let switches = context.switches;
    let called = if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        words::file(path)
    };
    let from = path.to_path_buf();
    let bytes = tokio::task::spawn_blocking(move || read(&from))
        .await
        .map_err(io::Error::from)
        .and_then(|bytes| bytes)
        .map_err(|error| CommandError::new(Exit::Error, format!("--import: cannot read {called}: {error}.")))?;
    let now = server_now(&session.client, &*context.ports.clock);
    let drafts = parse(&bytes, now).map_err(|bad| told(&called, &bad))?;
    let there = session.client.tracked().await.map_err(unread)?;
    let twins: Vec<BadRow> = doubles(&there, &drafts)
        .into_iter()
        .map(|(draft, twin)| BadRow {
            line: draft.line,
            why: format!("“{}” ({}) is already tracked", twin.name, twin.id),
        })
        .collect();
    if !twins.is_empty() {
        return Err(told(&called, &twins));
    }
    preview(&drafts, context.output)?;
    if switches.dry_run {
        context
            .output
            .say(&format!("Would track {} of {called}.", keys(drafts.len())));
        return Ok(Exit::Ok);
    }
    let question = format!("Track {}? [y/N] ", keys(drafts.len()));
    until_interrupted(interrupts, confirm(context, &question)).await?;
    let count = track_all(context.ports, &context.settings.profile, session, &drafts)
        .await
        .map_err(refused)?;
    context.output.say(&format!("{} tracked.", are(count)));
    Ok(Exit::Ok)
}

fn read(path: &PathBuf) -> io::Result<Vec<u8>> {
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    let mut bytes = Vec::new();
    source.take(SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > SIZE_LIMIT) {
        return Err(io::Error::other("the file is too large for a list of keys"));
    }
    Ok(bytes)
}

/// Everything that is wrong with a file, so that it is mended at once.
fn told(called: &str, bad: &[BadRow]) -> CommandError {
    let mut sentence = format!("Nothing was tracked: {called} is not valid.");
    for row in bad.iter().take(TOLD) {
        sentence.push_str(&format!("\n  {row}"));
    }
    if let Some(more) = bad.len().checked_sub(TOLD).filter(|&more| more > 0) {
        sentence.push_str(&format!("\n  and {more} more"));
    }
    CommandError::new(Exit::Usage, sentence)
}

fn keys(count: usize) -> String {
    counted(i64::try_from(count).unwrap_or(i64::MAX), "key")
}

/// "1 key is", "2 keys are".
fn are(count: usize) -> String {
    format!("{} {}", keys(count), if count == 1 { "is" } else { "are" })
}

fn preview(drafts: &[Draft], output: &mut Output) -> Result<(), CommandError> {
    let text = |label: &Option<Label>| {
        label
            .as_ref()
            .map_or_else(|| "—".to_owned(), |label| label.shown().to_owned())
    };
    let rows = drafts.iter().take(SHOWN).map(|draft| {
        [
            Cell::plain(draft.name.shown()),
            Cell::plain(text(&draft.last_four)),
            Cell::plain(
                draft
                    .created_at
                    .map_or_else(|| "—".to_owned(), |at| at.strftime("%Y-%m-%d").to_string()),
            ),
            Cell::plain(text(&draft.owner)),
        ]
    });
    let table = draw(["NAME", "LAST FOUR", "CREATED", "OWNER"], rows.collect(), output.look());
    output.warn(table.trim_end());
    if let Some(more) = drafts.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        output.warn(&format!("and {more} more"));
    }
    let undated = drafts.iter().filter(|draft| draft.created_at.is_none()).count();
    if undated > 0 {
        output.warn(&format!("{} without a date: age unknown.", keys(undated)));
    }
    Ok(())
}

/// Yes by flag, or by the person.
async fn confirm(context: &Context<'_>, question: &str) -> Result<(), CommandError> {
    if context.switches.yes {
        return Ok(());
    }
    if !context.switches.interactive {
        return Err(prompt::unconfirmed("Nothing was done"));
    }
    if prompt::yes(question).await? {
        Ok(())
    } else {
        Err(CommandError::new(Exit::Declined, "Declined. Nothing was done."))
    }
}

/// `track --match`.
async fn hand_over(
    context: &mut Context<'_>,
    session: &Session,
    interrupts: &mut Interrupts,
) -> Result<Exit, CommandError> {
    let host = context.settings.profile.base_url.host();
    if until_interrupted(interrupts, async { Ok(session.client.look_again().await?) }).await? == Capability::Manual {
        return Err(CommandError::new(
            Exit::Usage,
            format!("Nothing was done: {host} cannot list keys, so there is nothing to match."),
        ));
    }
    let pairs = matched(session).await.map_err(refused)?;
    let left = session.client.tracked().await.map_err(unread)?.len();
    let left = left.saturating_sub(pairs.len());
    if pairs.is_empty() {
        context.output.say(&match left {
            0 => "Nothing was done: you track no keys here.".to_owned(),
            left => format!(
                "Nothing was done: none of the {} you track matches a key in the server's list.",
                keys(left)
            ),
        });
        return Ok(Exit::Ok);
    }
    for (one, key) in &pairs {
        context.output.warn(&pair(one, key));
    }
    if left > 0 {
        context
            .output
            .warn(&format!("{} stay tracked: no listed key clearly matches.", keys(left)));
    }
    if context.switches.dry_run {
        context
            .output
            .say(&format!("Would leave {} to the server's list.", keys(pairs.len())));
        return Ok(Exit::Ok);
    }
    let question = format!("Leave {} to the server's list? [y/N] ", keys(pairs.len()));
    until_interrupted(interrupts, confirm(context, &question)).await?;
    let count = match_listed(context.ports, &context.settings.profile, &pairs)
        .await
        .map_err(unread)?;
    context
        .output
        .say(&format!("{} now only in the server's list.", are(count)));
    Ok(Exit::Ok)
}

fn pair(one: &Tracked, key: &ApiKey) -> String {
    format!(
        "  {} is {} {}",
        one.key().display_name(),
        key.display_name(),
        key.hint()
    )
}

pub(super) async fn untrack(context: Context<'_>, args: &UntrackArgs) -> Result<Exit, CommandError> {
    let session = session(context.ports, context.settings).await?;
    let mut listing = review(&session.client, &*context.ports.clock, &|_| {}).await?;
    listing.keys.retain(|listed| listed.is_tracked());
    let key = &find::key(&listing, &args.key)?.key;
    if context.switches.dry_run {
        context
            .output
            .say(&format!("Would stop tracking {}.", key.display_name()));
        return Ok(Exit::Ok);
    }
    let gone = crate::ops::manual::untrack(context.ports, &context.settings.profile, key)
        .await
        .map_err(unread)?;
    context.output.say(&if gone {
        format!(
            "{} is no longer tracked. The key itself stays as it is.",
            key.display_name()
        )
    } else {
        format!("Nothing was done: {} was not tracked.", key.display_name())
    });
    Ok(Exit::Ok)
}
