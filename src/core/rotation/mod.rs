//! The four-step rotation as a state machine. Its rows are in the journal.
//!
//! The vendor's guide to API keys: create a new key, roll it out, confirm traffic on the new key, revoke the old one. A
//! row moves `creating → rolling_out → confirming → revoking → finished`; it can be cancelled from each of them, and only
//! what was measured, attested or forced by name opens the last step.

mod account;
mod name;
mod pairs;
mod step;
#[cfg(test)]
mod tests;
mod trouble;
mod watch;

use jiff::{SignedDuration, Timestamp};

use crate::core::creation::{MintedKey, OpId};
use crate::core::key::{KeyId, KeyName};
use crate::core::listing::{ListedKey, Listing};
use crate::core::text::Label;

pub use account::{Next, StepAccount, StepProgress, measured, place_words, span};
pub use name::successor_name;
pub use pairs::{Pair, Pairs, Part, RotationRole};
pub use step::{Illegal, What};
pub use trouble::{Discrepancy, troubles};
pub use watch::{Awaited, Observation, Odd, Reading, Uses, Watch};

/// A revocation that was begun and never ended is taken over after this time: longer than all of its requests take.
pub const REVOCATION_LEASE: SignedDuration = SignedDuration::from_mins(3);

/// The place of our own credential: where this program itself keeps it.
pub const OWN_PLACE: &str = "the sign-in of chatzuri-keys";

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The login name.
    pub by: Label,
    /// When, by the server's clock.
    pub at: Timestamp,
}

/// A place where the old key is used, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceState {
    /// The place, as the config has it: a target, or words.
    pub place: Label,
    /// When the place took the new value, where it is a target.
    pub stored: Option<Timestamp>,
    /// Who said that the app there runs with the new key.
    pub ticked: Option<Mark>,
}

/// The new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// It.
    pub key: MintedKey,
    /// The creation it came of; `None` for an adopted one.
    pub creation: Option<OpId>,
    /// When it answered 200 to us, by the server's clock; our own request is no traffic.
    pub alive_at: Option<Timestamp>,
    /// Who made or adopted it.
    pub mark: Mark,
}

/// How far step 1 has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creating {
    /// No key was asked for yet, or none came of it.
    Nothing,
    /// A creation is under way.
    Asked(OpId),
    /// The key is there; it is to be proven alive, and its value to be stored.
    Minted {
        /// It.
        new: Successor,
        /// Whether somebody said that its value is stored.
        stored: bool,
    },
}

/// What opened step 4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// The new key is used, and the old one has been quiet for the set time.
    Measured,
    /// Somebody vouched for it; carries the reason, and what was measured then.
    Attested {
        /// The reason.
        reason: Label,
        /// What was measured, in words.
        measured: Label,
    },
    /// Somebody forced it by the old key's name.
    Forced,
    /// The old key was gone already.
    OldGone,
}

impl Ground {
    /// The word for machine output.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Attested { .. } => "attested",
            Self::Forced => "forced",
            Self::OldGone => "old_gone",
        }
    }
}

/// That step 4 is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Why.
    pub ground: Ground,
    /// By whom, when.
    pub mark: Mark,
}

/// A revocation of the old key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Who began it, when.
    pub mark: Mark,
    /// How it ended, in a word; `None` while it runs.
    pub outcome: Option<Label>,
}

/// Where a rotation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Step 1: the new key is made, proven alive, and its value stored.
    Creating(Creating),
    /// Step 2: every place is to run with the new key.
    RollingOut(Successor),
    /// Step 3: the old key is to be quiet.
    Confirming {
        /// The new key.
        new: Successor,
        /// When the last place was ticked.
        rolled_out: Mark,
    },
    /// Step 4: the old key may be revoked.
    Revoking {
        /// The new key.
        new: Successor,
        /// When the last place was ticked; `None` where that was passed over.
        rolled_out: Option<Mark>,
        /// Why it may.
        opened: Opened,
        /// The newest revocation.
        attempt: Option<Attempt>,
    },
    /// Over: the old key is gone.
    Finished {
        /// The new key.
        new: Successor,
        /// When the last place was ticked; `None` where that was passed over.
        rolled_out: Option<Mark>,
        /// What opened step 4.
        opened: Opened,
        /// How the revocation ended, in a word.
        outcome: Label,
        /// Who ended it, when.
        mark: Mark,
    },
    /// Over: given up.
    Cancelled {
        /// The new key, where there was one.
        new: Option<MintedKey>,
        /// The step it stood at.
        step: u8,
        /// By whom, when.
        mark: Mark,
    },
}

/// One rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Its name in the journal.
    pub id: OpId,
    /// The id of the team whose keys they are, where the server names it: one profile can be signed in to another later.
    pub team: Option<Label>,
    /// The key that is to go.
    pub old: MintedKey,
    /// Whether the old key is the credential we are signed in with: its place is then our own keyring.
    pub own: bool,
    /// What the new key is to be called.
    pub name: KeyName,
    /// Who began it, when.
    pub begun: Mark,
    /// Where the key is used.
    pub places: Vec<PlaceState>,
    /// What was seen of both keys' use.
    pub watch: Watch,
    /// Where it stands.
    pub stage: Stage,
    /// Counts the moves; a move against an older count is refused (compare-and-set).
    pub revision: u64,
}

/// What a rotation begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationPlan {
    /// The id of the team, where the server names it.
    pub team: Option<Label>,
    /// The key that is to go.
    pub old: MintedKey,
    /// Whether it is our own credential.
    pub own: bool,
    /// What the new key is to be called.
    pub name: KeyName,
    /// Where the key is used.
    pub places: Vec<Label>,
    /// A new key that is there already, to go on with.
    pub adopted: Option<MintedKey>,
}

impl Rotation {
    /// A rotation that begins.
    #[must_use]
    pub fn new(id: OpId, plan: RotationPlan, begun: Mark) -> Self {
        let fresh = |place| PlaceState {
            place,
            stored: None,
            ticked: None,
        };
        let rotation = Self {
            id,
            team: plan.team,
            old: plan.old,
            own: plan.own,
            name: plan.name,
            places: plan.places.into_iter().map(fresh).collect(),
            watch: Watch::default(),
            stage: Stage::Creating(Creating::Nothing),
            revision: 0,
            begun: begun.clone(),
        };
        match plan.adopted {
            None => rotation,
            Some(key) => rotation.rolling_out(
                Successor {
                    key,
                    creation: None,
                    alive_at: None,
                    mark: begun.clone(),
                },
                &begun,
            ),
        }
    }

    /// Step 2, or at once step 3 where no place is left to tick.
    fn rolling_out(self, new: Successor, mark: &Mark) -> Self {
        let all_ticked = self.places.iter().all(|place| place.ticked.is_some());
        let stage = if all_ticked {
            Stage::Confirming {
                new,
                rolled_out: mark.clone(),
            }
        } else {
            Stage::RollingOut(new)
        };
        Self { stage, ..self }
    }

    /// Whether a list is that of this rotation's team: only then its absences say anything.
    #[must_use]
    pub fn is_of(&self, listing: &Listing) -> bool {
        match (&self.team, listing.team.known()) {
            (Some(team), Some(listed)) => *team == listed.id,
            (Some(team), None) if !listing.team.may_be(team) => false,
            _ => listing.keys.iter().any(|listed| self.has(listed)),
        }
    }

    /// Whether a listed key is its old or its new one.
    #[must_use]
    pub fn has(&self, listed: &ListedKey) -> bool {
        listed.is_known_as(&self.old.id) || self.new_key().is_some_and(|new| listed.is_known_as(&new.id))
    }

    /// The same rotation of a key that is known by another id from now on; `None`: it is none of its keys.
    #[must_use]
    pub fn renamed(mut self, from: &KeyId, to: &KeyId) -> Option<Self> {
        let mut found = false;
        let mut rename = |key: &mut MintedKey| {
            if key.id == *from {
                key.id = to.clone();
                found = true;
            }
        };
        rename(&mut self.old);
        match &mut self.stage {
            Stage::Creating(Creating::Nothing | Creating::Asked(_)) => {}
            Stage::Creating(Creating::Minted { new, .. })
            | Stage::RollingOut(new)
            | Stage::Confirming { new, .. }
            | Stage::Revoking { new, .. }
            | Stage::Finished { new, .. } => rename(&mut new.key),
            Stage::Cancelled { new, .. } => {
                if let Some(new) = new {
                    rename(new);
                }
            }
        }
        found.then(|| Self {
            revision: self.revision + 1,
            ..self
        })
    }

    /// When the old key was used again although its traffic had been measured to have moved; as of the last reading.
    #[must_use]
    pub fn used_again(&self, quiet: SignedDuration) -> Option<Timestamp> {
        let measured = self.opened().is_some_and(|opened| opened.ground == Ground::Measured);
        let (used, read_at) = (self.watch.old.last()?, self.watch.read_at?);
        let again = matches!(self.stage, Stage::Revoking { .. }) && measured && read_at.duration_since(used) < quiet;
        again.then_some(used)
    }

    /// The step it stands at: 1 to 4; `None` when it is over.
    #[must_use]
    pub fn step(&self) -> Option<u8> {
        match self.stage {
            Stage::Creating(_) => Some(1),
            Stage::RollingOut(_) => Some(2),
            Stage::Confirming { .. } => Some(3),
            Stage::Revoking { .. } => Some(4),
            Stage::Finished { .. } | Stage::Cancelled { .. } => None,
        }
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.step().is_none()
    }

    /// The new key, once it is known.
    #[must_use]
    pub fn new_key(&self) -> Option<&MintedKey> {
        match &self.stage {
            Stage::Creating(Creating::Nothing | Creating::Asked(_)) => None,
            Stage::Creating(Creating::Minted { new, .. })
            | Stage::RollingOut(new)
            | Stage::Confirming { new, .. }
            | Stage::Revoking { new, .. }
            | Stage::Finished { new, .. } => Some(&new.key),
            Stage::Cancelled { new, .. } => new.as_ref(),
        }
    }

    /// The new key with its marks, while the rotation goes on or once it is finished.
    #[must_use]
    pub fn successor(&self) -> Option<&Successor> {
        match &self.stage {
            Stage::Creating(Creating::Minted { new, .. })
            | Stage::RollingOut(new)
            | Stage::Confirming { new, .. }
            | Stage::Revoking { new, .. }
            | Stage::Finished { new, .. } => Some(new),
            Stage::Creating(Creating::Nothing | Creating::Asked(_)) | Stage::Cancelled { .. } => None,
        }
    }

    /// The creation of the new key, while its value may still wait.
    #[must_use]
    pub fn creation(&self) -> Option<&OpId> {
        match &self.stage {
            Stage::Creating(Creating::Asked(op)) => Some(op),
            _ => self.successor()?.creation.as_ref(),
        }
    }

    /// When the last place was ticked.
    #[must_use]
    pub fn rolled_out(&self) -> Option<&Mark> {
        match &self.stage {
            Stage::Confirming { rolled_out, .. } => Some(rolled_out),
            Stage::Revoking { rolled_out, .. } | Stage::Finished { rolled_out, .. } => rolled_out.as_ref(),
            Stage::Creating(_) | Stage::RollingOut(_) | Stage::Cancelled { .. } => None,
        }
    }

    /// What opened step 4.
    #[must_use]
    pub fn opened(&self) -> Option<&Opened> {
        match &self.stage {
            Stage::Revoking { opened, .. } | Stage::Finished { opened, .. } => Some(opened),
            _ => None,
        }
    }

    /// How many places are ticked, of how many.
    #[must_use]
    pub fn ticked(&self) -> (usize, usize) {
        let ticked = self.places.iter().filter(|place| place.ticked.is_some()).count();
        (ticked, self.places.len())
    }

    /// The word of its stage, for machine output and the journal.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.stage {
            Stage::Creating(_) => "creating",
            Stage::RollingOut(_) => "rolling_out",
            Stage::Confirming { .. } => "confirming",
            Stage::Revoking { .. } => "revoking",
            Stage::Finished { .. } => "finished",
            Stage::Cancelled { .. } => "cancelled",
        }
    }

    /// What the step in hand still waits for, by the uses seen so far; `None`: step 3 is done, or not reached.
    #[must_use]
    pub fn awaited(&self, quiet: SignedDuration, now: Timestamp) -> Option<Awaited> {
        let Stage::Confirming { new, rolled_out } = &self.stage else {
            return None;
        };
        self.watch.awaited(&Reading {
            rolled_out: rolled_out.at,
            own: self.own,
            probed: new.alive_at,
            quiet,
            now,
        })
    }
}
