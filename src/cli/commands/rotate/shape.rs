//! A rotation for people and for machines.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::core::creation::MintedKey;
use crate::core::rotation::{Awaited, Creating, Ground, Mark, Next, Rotation, Stage, StepProgress, place_words, span};
use crate::ops::rotate::Seen;
use crate::present::json::time;
use crate::present::words::shell_word;

/// A rotation for machines.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct RotationShape<'a> {
    id: &'a str,
    stage: &'static str,
    /// 1 to 4; null when it is over.
    step: Option<u8>,
    old: KeyIn<'a>,
    new: Option<KeyIn<'a>>,
    /// What the new key is called, or is going to be.
    new_name: &'a str,
    own: bool,
    begun_at: String,
    begun_by: &'a str,
    alive_at: Option<String>,
    /// Whether the new value was said to be stored; null before it is there.
    stored: Option<bool>,
    places: Vec<PlaceShape<'a>>,
    rolled_out_at: Option<String>,
    old_last_used_at: Option<String>,
    new_last_used_at: Option<String>,
    quiet_seconds: i64,
    quiet_so_far_seconds: Option<i64>,
    waits_for: Option<&'static str>,
    confirmed: Option<ConfirmedShape<'a>>,
    outcome: Option<&'a str>,
    ended_at: Option<String>,
    troubles: Vec<String>,
}

#[derive(Debug, Serialize)]
struct KeyIn<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct PlaceShape<'a> {
    place: &'a str,
    stored_at: Option<String>,
    ticked_at: Option<String>,
    ticked_by: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ConfirmedShape<'a> {
    how: &'static str,
    at: String,
    by: &'a str,
    reason: Option<&'a str>,
    measured: Option<&'a str>,
}

impl<'a> KeyIn<'a> {
    fn of(key: &'a MintedKey) -> Self {
        Self {
            id: key.id.raw(),
            name: key.name.raw(),
        }
    }
}

impl<'a> RotationShape<'a> {
    pub(in crate::cli) fn of(
        rotation: &'a Rotation,
        troubles: Vec<String>,
        quiet: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let awaited = rotation.awaited(quiet, now);
        let ended: Option<(&Mark, Option<&str>)> = match &rotation.stage {
            Stage::Finished { outcome, mark, .. } => Some((mark, Some(outcome.raw()))),
            Stage::Cancelled { mark, .. } => Some((mark, None)),
            _ => None,
        };
        let attempted = match &rotation.stage {
            Stage::Revoking {
                attempt: Some(attempt), ..
            } => attempt.outcome.as_ref().map(|outcome| outcome.raw()),
            _ => None,
        };
        Self {
            id: rotation.id.as_str(),
            stage: rotation.word(),
            step: rotation.step(),
            old: KeyIn::of(&rotation.old),
            new: rotation.new_key().map(KeyIn::of),
            new_name: rotation.name.as_str(),
            own: rotation.own,
            begun_at: time(rotation.begun.at),
            begun_by: rotation.begun.by.raw(),
            alive_at: rotation.successor().and_then(|new| new.alive_at).map(time),
            stored: match &rotation.stage {
                Stage::Creating(Creating::Nothing | Creating::Asked(_)) | Stage::Cancelled { .. } => None,
                Stage::Creating(Creating::Minted { stored, .. }) => Some(*stored),
                _ => Some(true),
            },
            places: rotation
                .places
                .iter()
                .map(|state| PlaceShape {
                    place: state.place.raw(),
                    stored_at: state.stored.map(time),
                    ticked_at: state.ticked.as_ref().map(|mark| time(mark.at)),
                    ticked_by: state.ticked.as_ref().map(|mark| mark.by.raw()),
                })
                .collect(),
            rolled_out_at: rotation.rolled_out().map(|mark| time(mark.at)),
            old_last_used_at: rotation.watch.old.last().map(time),
            new_last_used_at: rotation.watch.new.last().map(time),
            quiet_seconds: quiet.as_secs(),
            quiet_so_far_seconds: match awaited {
                Some(Awaited::OldQuiet { so_far, .. }) => Some(so_far.as_secs()),
                _ => None,
            },
            waits_for: awaited.map(|awaited| match awaited {
                Awaited::FirstReading => "first_reading",
                Awaited::Untold => "untold",
                Awaited::NewInUse => "new_in_use",
                Awaited::OldQuiet { .. } => "old_quiet",
            }),
            confirmed: rotation.opened().map(|opened| {
                let (reason, measured) = match &opened.ground {
                    Ground::Attested { reason, measured } => (Some(reason.raw()), Some(measured.raw())),
                    Ground::Measured | Ground::Forced | Ground::OldGone => (None, None),
                };
                ConfirmedShape {
                    how: opened.ground.word(),
                    at: time(opened.mark.at),
                    by: opened.mark.by.raw(),
                    reason,
                    measured,
                }
            }),
            outcome: ended.and_then(|(_, outcome)| outcome).or(attempted),
            ended_at: ended.map(|(mark, _)| time(mark.at)),
            troubles,
        }
    }

    /// Whether it is that of our own credential.
    pub(in crate::cli) fn is_own(&self) -> bool {
        self.own
    }

    pub(super) fn of_seen(seen: &'a Seen, quiet: SignedDuration) -> Self {
        let troubles = seen.troubles.iter().map(|trouble| trouble.sentence(&seen.rotation));
        Self::of(&seen.rotation, troubles.collect(), quiet, seen.listing.as_of)
    }
}

/// A rotation for a person: its two keys, its four steps, what is wrong, and what comes next.
fn text(rotation: &Rotation, troubles: &[String], quiet: SignedDuration, now: Timestamp, zone: &TimeZone) -> String {
    let today = zone.to_datetime(now).date();
    let written = |at: Timestamp| {
        let at = zone.to_datetime(at);
        let form = if at.date() == today {
            "%H:%M:%S"
        } else {
            "%Y-%m-%d %H:%M"
        };
        at.strftime(form).to_string()
    };
    let new = rotation.new_key().map_or_else(
        || format!("{} (not made yet)", rotation.name),
        |new| format!("{} ({})", new.name, new.id),
    );
    let state = match rotation.step() {
        Some(step) => format!("step {step} of 4"),
        None => rotation.word().to_owned(),
    };
    let mut out = format!("{} ({}) → {new}   {state}\n", rotation.old.name, rotation.old.id);
    for step in rotation.account(quiet, now, &written) {
        let mark = match step.progress {
            StepProgress::Done => "✓",
            StepProgress::Current => "▸",
            StepProgress::Later => " ",
        };
        let by = step.by.map_or_else(String::new, |by| format!("   {by}"));
        let _ = writeln!(out, "  {mark} {} {:<20} {}{by}", step.number, step.title, step.words);
        if step.number == 2 {
            for state in &rotation.places {
                let mark = if state.ticked.is_some() { "✓" } else { "·" };
                let _ = writeln!(out, "      {mark} {}   {}", state.place, place_words(state, &written));
            }
        }
    }
    for trouble in troubles {
        let _ = writeln!(out, "  ! {trouble}");
    }
    let _ = writeln!(out, "  {}", next(rotation, quiet, now));
    out
}

/// How a rotation stands, for a person who took a step.
pub(super) fn told(seen: &Seen, quiet: SignedDuration) -> String {
    let troubles: Vec<String> = seen.troubles.iter().map(|one| one.sentence(&seen.rotation)).collect();
    text(
        &seen.rotation,
        &troubles,
        quiet,
        seen.listing.as_of,
        &TimeZone::system(),
    )
}

/// What to do next, with its command.
pub(super) fn next(rotation: &Rotation, quiet: SignedDuration, now: Timestamp) -> String {
    let id = shell_word(rotation.old.id.shown());
    let new = rotation
        .new_key()
        .map_or(String::new(), |new| shell_word(new.id.shown()));
    match rotation.next(quiet, now) {
        Next::Create => format!("Next: chatzuri-keys rotate start {id}"),
        Next::AwaitAnswer => "Next: find out whether the key was created: chatzuri-keys create --resume".to_owned(),
        Next::Store => format!(
            "Next: store its value: chatzuri-keys rotate start {id} --show (or --to TARGET). Once you have stored \
             it: chatzuri-keys create --resume {new} --stored"
        ),
        Next::ProveAlive => {
            "Next: use the new key. It has not answered yet, and counts as alive once the list shows a use.".to_owned()
        }
        Next::Tick(_) => {
            format!("Next: once the app at a place runs with the new key: chatzuri-keys rotate tick {id} PLACE")
        }
        Next::Wait(Awaited::OldQuiet { left, .. }) => {
            format!("Next: in {} or later: chatzuri-keys rotate confirm {id}", span(left))
        }
        Next::Wait(_) => format!("Next: chatzuri-keys rotate confirm {id}, or with --attest --reason TEXT"),
        Next::Revoke => format!("Next: chatzuri-keys rotate finish {id}"),
        Next::UsedAgain(used) => format!(
            "Next: the old key was used again at {used:.0}. Find what uses it, then chatzuri-keys rotate confirm {id}, or with \
             --attest --reason TEXT"
        ),
        Next::Revoking => {
            format!(
                "Next: a revocation is running. If it stops, take it over after three minutes: chatzuri-keys rotate \
                 finish {id}"
            )
        }
        Next::Nothing => match &rotation.stage {
            Stage::Cancelled { new: Some(new), .. } => format!(
                "Cancelled. The new key stays. To revoke it: chatzuri-keys revoke {}",
                shell_word(new.id.shown())
            ),
            Stage::Cancelled { new: None, .. } => "Cancelled. Nothing stays behind.".to_owned(),
            _ => "Done.".to_owned(),
        },
    }
}
