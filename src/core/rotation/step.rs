//! The moves of a rotation.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::{
    Attempt, Creating, Ground, Mark, Observation, Opened, PlaceState, REVOCATION_LEASE, Rotation, Stage, Successor,
    Watch,
};
use crate::core::creation::{MintedKey, OpId};
use crate::core::text::Label;

/// What moves a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A creation of the new key was written down, and nothing was asked for yet.
    Asked(OpId),
    /// The creation brought a key.
    Answered(OpId, MintedKey),
    /// The creation brought no key, or one whose value is lost.
    CameToNothing(OpId),
    /// The new key answered 200 at this time of the server.
    Alive(Timestamp),
    /// The new key's value is stored, says the person or says every target.
    Stored,
    /// The places where the key is used are these now.
    PlacesAre(Vec<Label>),
    /// A place took the new value.
    Received(Label),
    /// The app at a place runs with the new key.
    Ticked(Label),
    /// It does not after all.
    Unticked(Label),
    /// The list was read; the old key has to be quiet for so long.
    Observed(Observation, SignedDuration),
    /// Somebody vouches that the traffic has moved.
    Attested {
        /// Why.
        reason: Label,
        /// What was measured then, in words.
        measured: Label,
    },
    /// Somebody forces the last step by the old key's name.
    Forced,
    /// The old key is gone from the full list, and it was not this rotation's doing.
    OldGone,
    /// The new key is gone from the full list.
    NewGone,
    /// The revocation of the old key begins.
    RevocationBegun,
    /// It ended; carries the outcome's word, and whether it is proven.
    RevocationEnded {
        /// The word.
        outcome: Label,
        /// Whether the key is proven gone.
        proven: bool,
    },
    /// The rotation is given up.
    Cancelled,
}

/// A move that a rotation does not have where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Illegal {
    /// The step it stands at; `None`: it is over.
    pub step: Option<u8>,
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "a rotation at step {step} of 4 cannot take this step"),
            None => f.write_str("a rotation that is over cannot take a step"),
        }
    }
}

impl std::error::Error for Illegal {}

impl Rotation {
    /// The rotation after `what` was done by `mark`.
    ///
    /// # Errors
    /// [`Illegal`]; the rotation stays where it is.
    pub fn after(&self, what: &What, mark: &Mark) -> Result<Self, Illegal> {
        let moved = self.moved(what, mark).ok_or(Illegal { step: self.step() })?;
        Ok(Self {
            revision: self.revision + 1,
            ..moved
        })
    }

    fn moved(&self, what: &What, mark: &Mark) -> Option<Self> {
        match what {
            What::Asked(_) | What::Answered(..) | What::CameToNothing(_) | What::Alive(_) | What::Stored => {
                self.after_creating(what, mark)
            }
            What::PlacesAre(_) | What::Received(_) | What::Ticked(_) | What::Unticked(_) => {
                self.after_rolling_out(what, mark)
            }
            What::Observed(seen, quiet) => self.after_observing(seen, *quiet, mark),
            What::Attested { reason, measured } => self.open(
                Ground::Attested {
                    reason: reason.clone(),
                    measured: measured.clone(),
                },
                mark,
            ),
            What::Forced => self.open(Ground::Forced, mark),
            What::OldGone => self.without_old(mark),
            What::NewGone => self.without_new(mark),
            What::RevocationBegun | What::RevocationEnded { .. } => self.after_revoking(what, mark),
            What::Cancelled => self.cancelled(mark),
        }
    }

    fn at(&self, stage: Stage) -> Self {
        Self { stage, ..self.clone() }
    }

    fn after_creating(&self, what: &What, mark: &Mark) -> Option<Self> {
        use Creating as C;
        let creating = match (&self.stage, what) {
            (Stage::Creating(creating), _) => creating,
            // An adopted key was not proven alive by us.
            (Stage::RollingOut(new), What::Alive(at)) => {
                let new = Successor {
                    alive_at: Some(*at),
                    ..new.clone()
                };
                return Some(self.at(Stage::RollingOut(new)));
            }
            _ => return None,
        };
        let minted = |new: Successor, stored: bool| {
            Some(if stored && new.alive_at.is_some() {
                self.clone().rolling_out(new, mark)
            } else {
                self.at(Stage::Creating(C::Minted { new, stored }))
            })
        };
        match (creating, what) {
            (C::Nothing, What::Asked(op)) => Some(self.at(Stage::Creating(C::Asked(op.clone())))),
            (C::Asked(asked), What::Answered(op, key)) if asked == op => minted(
                Successor {
                    key: key.clone(),
                    creation: Some(op.clone()),
                    alive_at: None,
                    mark: mark.clone(),
                },
                false,
            ),
            (C::Asked(asked), What::CameToNothing(op)) if asked == op => Some(self.at(Stage::Creating(C::Nothing))),
            // The keyring was emptied by somebody else before the value was stored.
            (C::Minted { new, stored: false }, What::CameToNothing(op)) if new.creation.as_ref() == Some(op) => {
                Some(self.at(Stage::Creating(C::Nothing)))
            }
            (C::Minted { new, stored }, What::Alive(at)) => {
                let new = Successor {
                    alive_at: Some(*at),
                    ..new.clone()
                };
                minted(new, *stored)
            }
            (C::Minted { new, .. }, What::Stored) => minted(new.clone(), true),
            _ => None,
        }
    }

    fn after_rolling_out(&self, what: &What, mark: &Mark) -> Option<Self> {
        let may_change = matches!(self.stage, Stage::Creating(_) | Stage::RollingOut(_));
        let mut next = self.clone();
        match what {
            What::PlacesAre(places) if may_change => next.places = self.kept(places),
            // A value can be sent once more at any time: what is stored is stored.
            What::Received(place) if !self.is_over() => next.place(place)?.stored = Some(mark.at),
            What::Ticked(place) if matches!(self.stage, Stage::RollingOut(_)) => {
                let state = next.place(place)?;
                state.ticked.get_or_insert_with(|| mark.clone());
            }
            What::Unticked(place) => {
                // The last tick can be a slip too: until step 3 is done the roll-out opens again.
                let (Stage::RollingOut(new) | Stage::Confirming { new, .. }) = &self.stage else {
                    return None;
                };
                next.place(place)?.ticked.take()?;
                next.stage = Stage::RollingOut(new.clone());
            }
            _ => return None,
        }
        match next.stage.clone() {
            Stage::RollingOut(new) => Some(next.rolling_out(new, mark)),
            _ => Some(next),
        }
    }

    fn place(&mut self, place: &Label) -> Option<&mut PlaceState> {
        self.places.iter_mut().find(|state| state.place == *place)
    }

    /// The places of now, each as far as it has come. One that the config names no more is still a place until somebody
    /// ticks it: a config that is not there must not end a roll-out.
    fn kept(&self, places: &[Label]) -> Vec<PlaceState> {
        let state = |place: &Label| {
            let known = self.places.iter().find(|state| state.place == *place);
            known.cloned().unwrap_or_else(|| PlaceState {
                place: place.clone(),
                stored: None,
                ticked: None,
            })
        };
        let gone = self.places.iter().filter(|state| !places.contains(&state.place));
        places.iter().map(state).chain(gone.cloned()).collect()
    }

    fn after_observing(&self, seen: &Observation, quiet: SignedDuration, mark: &Mark) -> Option<Self> {
        if self.is_over() {
            return None;
        }
        let mut next = self.clone();
        next.watch.take(seen);
        // A request that the new key served proves it alive as well as one of ours does.
        if let Stage::Creating(Creating::Minted { new, stored: true }) = &next.stage
            && new.alive_at.is_none()
            && let Some(used) = next.watch.new.last()
        {
            let new = Successor {
                alive_at: Some(used),
                ..new.clone()
            };
            return Some(next.rolling_out(new, mark));
        }
        if let Stage::Confirming { .. } = next.stage
            && seen.old.is_some()
            && seen.new.is_some()
            && next.awaited(quiet, seen.at).is_none()
        {
            return next.open(Ground::Measured, mark);
        }
        Some(next)
    }

    fn open(&self, ground: Ground, mark: &Mark) -> Option<Self> {
        let (new, rolled_out) = match &self.stage {
            Stage::RollingOut(new) if ground != Ground::Measured => (new, None),
            Stage::Confirming { new, rolled_out } => (new, Some(rolled_out.clone())),
            // What was measured can stop being true; somebody's word then takes its place.
            Stage::Revoking {
                new,
                rolled_out,
                opened,
                attempt,
            } if ground != Ground::Measured
                && opened.ground == Ground::Measured
                && !is_running(attempt.as_ref(), mark.at) =>
            {
                (new, rolled_out.clone())
            }
            _ => return None,
        };
        Some(self.at(Stage::Revoking {
            new: new.clone(),
            rolled_out,
            opened: Opened {
                ground,
                mark: mark.clone(),
            },
            attempt: None,
        }))
    }

    fn without_old(&self, mark: &Mark) -> Option<Self> {
        let gone = |ground| Opened {
            ground,
            mark: mark.clone(),
        };
        let (new, rolled_out, opened) = match &self.stage {
            Stage::RollingOut(new) => (new, None, gone(Ground::OldGone)),
            Stage::Confirming { new, rolled_out } => (new, Some(rolled_out.clone()), gone(Ground::OldGone)),
            Stage::Revoking {
                new,
                rolled_out,
                opened,
                ..
            } => (new, rolled_out.clone(), opened.clone()),
            Stage::Creating(_) | Stage::Finished { .. } | Stage::Cancelled { .. } => return None,
        };
        Some(self.at(Stage::Finished {
            new: new.clone(),
            rolled_out,
            opened,
            outcome: Label::new("already_gone"),
            mark: mark.clone(),
        }))
    }

    /// Without the new key the old one is needed: everything begins again.
    fn without_new(&self, mark: &Mark) -> Option<Self> {
        let may = match &self.stage {
            Stage::Creating(Creating::Minted { .. }) | Stage::RollingOut(_) | Stage::Confirming { .. } => true,
            Stage::Revoking { attempt, .. } => !is_running(attempt.as_ref(), mark.at),
            Stage::Creating(_) | Stage::Finished { .. } | Stage::Cancelled { .. } => false,
        };
        may.then(|| Self {
            stage: Stage::Creating(Creating::Nothing),
            places: self
                .places
                .iter()
                .map(|state| PlaceState {
                    place: state.place.clone(),
                    stored: None,
                    ticked: None,
                })
                .collect(),
            watch: Watch {
                new: super::Uses::default(),
                ..self.watch.clone()
            },
            ..self.clone()
        })
    }

    fn after_revoking(&self, what: &What, mark: &Mark) -> Option<Self> {
        let Stage::Revoking {
            new,
            rolled_out,
            opened,
            attempt,
        } = &self.stage
        else {
            return None;
        };
        let revoking = |attempt| {
            self.at(Stage::Revoking {
                new: new.clone(),
                rolled_out: rolled_out.clone(),
                opened: opened.clone(),
                attempt: Some(attempt),
            })
        };
        match (what, attempt) {
            (What::RevocationBegun, attempt) if !is_running(attempt.as_ref(), mark.at) => Some(revoking(Attempt {
                mark: mark.clone(),
                outcome: None,
            })),
            (What::RevocationEnded { outcome, proven: true }, Some(Attempt { outcome: None, .. })) => {
                Some(self.at(Stage::Finished {
                    new: new.clone(),
                    rolled_out: rolled_out.clone(),
                    opened: opened.clone(),
                    outcome: outcome.clone(),
                    mark: mark.clone(),
                }))
            }
            (What::RevocationEnded { outcome, proven: false }, Some(begun @ Attempt { outcome: None, .. })) => {
                Some(revoking(Attempt {
                    outcome: Some(outcome.clone()),
                    ..begun.clone()
                }))
            }
            _ => None,
        }
    }

    fn cancelled(&self, mark: &Mark) -> Option<Self> {
        let step = self.step()?;
        if let Stage::Revoking { attempt, .. } = &self.stage
            && is_running(attempt.as_ref(), mark.at)
        {
            return None;
        }
        Some(self.at(Stage::Cancelled {
            new: self.new_key().cloned(),
            step,
            mark: mark.clone(),
        }))
    }
}

/// Whether a revocation is under way; one that its copy of the program never ended is not for ever.
fn is_running(attempt: Option<&Attempt>, now: Timestamp) -> bool {
    attempt.is_some_and(|attempt| {
        attempt.outcome.is_none() && now.duration_since(attempt.mark.at).abs() < REVOCATION_LEASE
    })
}
