//! A rotation told in four lines: what is done, by whom, and what comes next.

use jiff::{SignedDuration, Timestamp};

use super::{Awaited, Creating, Ground, Mark, OWN_PLACE, PlaceState, Rotation, Stage, Uses};
use crate::core::creation::MintedKey;
use crate::core::text::Label;

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepProgress {
    /// It is done.
    Done,
    /// It is the one in hand.
    Current,
    /// It comes later, or never.
    Later,
}

/// One step, told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepAccount {
    /// 1 to 4.
    pub number: u8,
    /// What is done in it.
    pub title: &'static str,
    /// How far it has come.
    pub progress: StepProgress,
    /// What is known of it.
    pub words: String,
    /// Who did it.
    pub by: Option<Label>,
}

/// What comes next, for a face to say in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The new key is to be made.
    Create,
    /// It was asked for, and what came of it is not known here yet.
    AwaitAnswer,
    /// Its value waits to be stored.
    Store,
    /// It did not answer 200 yet.
    ProveAlive,
    /// So many places are to be ticked.
    Tick(usize),
    /// The traffic is to move.
    Wait(Awaited),
    /// The old key may be revoked.
    Revoke,
    /// What was measured is not true any more: the old key was used again, at this time.
    UsedAgain(Timestamp),
    /// The old key is being revoked, or a revocation was cut short.
    Revoking,
    /// It is over.
    Nothing,
}

/// "24 h", "3 h 10 min", "45 s": the two largest units.
#[must_use]
pub fn span(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let two = |a: i64, unit: &str, b: i64, smaller: &str| match b {
        0 => format!("{a} {unit}"),
        b => format!("{a} {unit} {b} {smaller}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => two(minutes, "min", seconds % 60, "s"),
        // A day is told in hours: that is how it is set.
        3_600..=86_400 => two(seconds / 3_600, "h", minutes, "min"),
        _ => two(days, "d", hours, "h"),
    }
}

/// How a place stands, in words.
#[must_use]
pub fn place_words(state: &PlaceState, time: &dyn Fn(Timestamp) -> String) -> String {
    let stored = state.stored.map(|at| format!("stored {}", time(at)));
    let ticked = state.ticked.as_ref().map(|mark| match state.place.raw() {
        OWN_PLACE => format!("signed in with it {}", time(mark.at)),
        _ => format!("runs with it ({}, {})", mark.by, time(mark.at)),
    });
    let words: Vec<String> = stored.into_iter().chain(ticked).collect();
    if words.is_empty() {
        "not yet".to_owned()
    } else {
        words.join(", ")
    }
}

impl Rotation {
    /// The four steps as they stand; `quiet` is how long the old key has to be quiet, `time` how a time is written.
    #[must_use]
    pub fn account(
        &self,
        quiet: SignedDuration,
        now: Timestamp,
        time: &dyn Fn(Timestamp) -> String,
    ) -> [StepAccount; 4] {
        let step = match &self.stage {
            Stage::Cancelled { step, .. } => *step,
            _ => self.step().unwrap_or(5),
        };
        let cancelled = matches!(self.stage, Stage::Cancelled { .. });
        let line = |number: u8, title, words: String, by: Option<&Mark>| StepAccount {
            number,
            title,
            progress: match number {
                _ if number < step => StepProgress::Done,
                _ if number == step && !cancelled => StepProgress::Current,
                _ => StepProgress::Later,
            },
            words,
            by: by.map(|mark| mark.by.clone()),
        };
        [
            line(
                1,
                "create",
                self.creating_words(time),
                self.successor().map(|new| &new.mark),
            ),
            line(2, "roll out", self.roll_out_words(), self.rolled_out()),
            line(
                3,
                "confirm traffic",
                self.traffic_words(quiet, now, time),
                self.opened().map(|opened| &opened.mark),
            ),
            line(4, "revoke the old key", self.revocation_words(time), self.ended_by()),
        ]
    }

    fn creating_words(&self, time: &dyn Fn(Timestamp) -> String) -> String {
        match &self.stage {
            Stage::Creating(Creating::Nothing) => format!("“{}” will be created", self.name),
            Stage::Creating(Creating::Asked(_)) => format!("“{}” was requested", self.name),
            Stage::Cancelled { new: Some(new), .. } => display_name(new),
            Stage::Cancelled { new: None, .. } => "no new key is known here".to_owned(),
            _ => {
                let Some(new) = self.successor() else {
                    return String::new();
                };
                let alive = match new.alive_at {
                    Some(at) => format!(", alive {}", time(at)),
                    None if new.creation.is_none() => ", adopted".to_owned(),
                    None => ", not proven alive yet".to_owned(),
                };
                let waits = match &self.stage {
                    Stage::Creating(Creating::Minted { stored: false, .. }) => ", its value is waiting to be stored",
                    _ => "",
                };
                format!("{}{alive}{waits}", display_name(&new.key))
            }
        }
    }

    fn roll_out_words(&self) -> String {
        let passed_over = self.opened().is_some() && self.rolled_out().is_none();
        match self.ticked() {
            (_, 0) => "no places are listed for this key".to_owned(),
            (ticked, all) if passed_over => format!("skipped with {ticked} of {all} places ticked"),
            (ticked, all) => format!("{ticked} of {all} places run with the new key"),
        }
    }

    fn traffic_words(&self, quiet: SignedDuration, now: Timestamp, time: &dyn Fn(Timestamp) -> String) -> String {
        if let Some(opened) = self.opened() {
            return match &opened.ground {
                Ground::Measured => {
                    let at = time(opened.mark.at);
                    match self.used_again(quiet) {
                        Some(used) => format!("measured {at}, but the old key was used again {}", time(used)),
                        None => format!("the old key is idle and the new one in use, seen {at}"),
                    }
                }
                Ground::Attested { reason, .. } => format!("attested {}: {reason}", time(opened.mark.at)),
                Ground::Forced => format!("forced {}", time(opened.mark.at)),
                Ground::OldGone => "skipped: the old key was gone".to_owned(),
            };
        }
        match self.awaited(quiet, now) {
            Some(Awaited::FirstReading) => "the list has not been read since the roll-out".to_owned(),
            Some(Awaited::Untold) => "the server does not say when these keys are used: attest instead".to_owned(),
            Some(Awaited::NewInUse) => "the new key has not been used since the roll-out".to_owned(),
            Some(Awaited::OldQuiet { so_far, .. }) => {
                format!("the old key must be idle for {}: {} so far", span(quiet), span(so_far))
            }
            None => match self.stage {
                Stage::Cancelled { .. } => "not confirmed".to_owned(),
                _ => "opens when step 2 is done".to_owned(),
            },
        }
    }

    fn revocation_words(&self, time: &dyn Fn(Timestamp) -> String) -> String {
        match &self.stage {
            Stage::Finished { outcome, mark, .. } => format!("{} {}", outcome.raw().replace('_', " "), time(mark.at)),
            Stage::Cancelled { mark, .. } => format!("cancelled {}: the old key stays", time(mark.at)),
            Stage::Revoking {
                attempt: Some(attempt), ..
            } => match &attempt.outcome {
                Some(outcome) => format!(
                    "not done {}: {}",
                    time(attempt.mark.at),
                    outcome.raw().replace('_', " ")
                ),
                None => format!("started {}", time(attempt.mark.at)),
            },
            Stage::Revoking { .. } => "open".to_owned(),
            _ => "opens when step 3 is done".to_owned(),
        }
    }

    fn ended_by(&self) -> Option<&Mark> {
        match &self.stage {
            Stage::Finished { mark, .. } | Stage::Cancelled { mark, .. } => Some(mark),
            _ => None,
        }
    }

    /// What comes next.
    #[must_use]
    pub fn next(&self, quiet: SignedDuration, now: Timestamp) -> Next {
        match &self.stage {
            Stage::Creating(Creating::Nothing) => Next::Create,
            Stage::Creating(Creating::Asked(_)) => Next::AwaitAnswer,
            Stage::Creating(Creating::Minted { stored: false, .. }) => Next::Store,
            Stage::Creating(Creating::Minted { stored: true, .. }) => Next::ProveAlive,
            Stage::RollingOut(_) => {
                let (ticked, all) = self.ticked();
                Next::Tick(all.saturating_sub(ticked))
            }
            Stage::Confirming { .. } => self
                .awaited(quiet, now)
                .map_or(Next::Wait(Awaited::FirstReading), Next::Wait),
            Stage::Revoking {
                attempt: Some(attempt), ..
            } if attempt.outcome.is_none() => Next::Revoking,
            Stage::Revoking { .. } => self.used_again(quiet).map_or(Next::Revoke, Next::UsedAgain),
            Stage::Finished { .. } | Stage::Cancelled { .. } => Next::Nothing,
        }
    }
}

/// What was measured of both keys, for a person and for the log; `time`: how a time is written.
#[must_use]
pub fn measured(rotation: &Rotation, quiet: SignedDuration, time: &dyn Fn(Timestamp) -> String) -> String {
    let watch = &rotation.watch;
    let used = |uses: &Uses| match uses.last() {
        Some(last) => format!("last used {}", time(last)),
        None => match uses.told {
            Some(true) => "never used",
            Some(false) => "last use unknown",
            None => "not read yet",
        }
        .to_owned(),
    };
    let mut words = format!("new key {}, old key {}", used(&watch.new), used(&watch.old));
    let awaited = watch.read_at.and_then(|read_at| rotation.awaited(quiet, read_at));
    if let Some(Awaited::OldQuiet { so_far, .. }) = awaited {
        words.push_str(&format!(", idle for {} of {}", span(so_far), span(quiet)));
    }
    let (ticked, all) = rotation.ticked();
    if ticked < all {
        words.push_str(&format!(", {ticked} of {all} places ticked"));
    }
    words
}

fn display_name(key: &MintedKey) -> String {
    format!("{} ({})", key.name, key.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        for (seconds, said) in [
            (-5, "0 s"),
            (45, "45 s"),
            (90, "1 min 30 s"),
            (3_600, "1 h"),
            (11_400, "3 h 10 min"),
            (86_400, "24 h"),
            (90_000, "1 d 1 h"),
            (604_800, "7 d"),
        ] {
            assert_eq!(span(SignedDuration::from_secs(seconds)), said);
        }
    }
}
