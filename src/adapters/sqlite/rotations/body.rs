//! The shapes of a row's JSON. Times: microseconds since 1970, UTC. A field may be added with a default; none changes
//! its meaning.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::creations::time;
use super::super::trouble::DatabaseError;
use crate::core::creation::{MintedKey, OpId};
use crate::core::key::{KeyId, KeyName};
use crate::core::rotation::{
    Attempt, Creating, Ground, Mark, Odd, Opened, PlaceState, Rotation, Stage, Successor, Uses, Watch,
};
use crate::core::text::Label;
use crate::ports::JournalError;

#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    #[serde(default)]
    team: Option<String>,
    old: KeyBody,
    own: bool,
    name: String,
    begun: MarkBody,
    places: Vec<PlaceBody>,
    watch: WatchBody,
    stage: StageBody,
    /// Beside `stage`, to be found by.
    new_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct KeyBody {
    id: String,
    name: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MarkBody {
    by: String,
    at: i64,
}

#[derive(Serialize, Deserialize)]
struct PlaceBody {
    place: String,
    stored: Option<i64>,
    ticked: Option<MarkBody>,
}

#[derive(Serialize, Deserialize)]
struct WatchBody {
    old: UsesBody,
    new: UsesBody,
    read_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct UsesBody {
    seen: Vec<i64>,
    told: Option<bool>,
    odd: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct NewBody {
    key: KeyBody,
    creation: Option<String>,
    alive_at: Option<i64>,
    mark: MarkBody,
}

#[derive(Serialize, Deserialize)]
struct OpenedBody {
    ground: GroundBody,
    mark: MarkBody,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
enum GroundBody {
    Measured,
    Attested { reason: String, measured: String },
    Forced,
    OldGone,
}

#[derive(Serialize, Deserialize)]
struct AttemptBody {
    mark: MarkBody,
    outcome: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum StageBody {
    Nothing,
    Asked {
        creation: String,
    },
    Minted {
        new: NewBody,
        stored: bool,
    },
    RollingOut {
        new: NewBody,
    },
    Confirming {
        new: NewBody,
        rolled_out: MarkBody,
    },
    Revoking {
        new: NewBody,
        rolled_out: Option<MarkBody>,
        opened: OpenedBody,
        attempt: Option<AttemptBody>,
    },
    Finished {
        new: NewBody,
        rolled_out: Option<MarkBody>,
        opened: OpenedBody,
        outcome: String,
        mark: MarkBody,
    },
    Cancelled {
        new: Option<KeyBody>,
        step: u8,
        mark: MarkBody,
    },
}

impl Body {
    pub(super) fn of(rotation: &Rotation) -> Self {
        Self {
            team: rotation.team.as_ref().map(|team| team.raw().to_owned()),
            old: KeyBody::of(&rotation.old),
            own: rotation.own,
            name: rotation.name.as_str().to_owned(),
            begun: MarkBody::of(&rotation.begun),
            places: rotation.places.iter().map(PlaceBody::of).collect(),
            watch: WatchBody {
                old: UsesBody::of(&rotation.watch.old),
                new: UsesBody::of(&rotation.watch.new),
                read_at: rotation.watch.read_at.map(Timestamp::as_microsecond),
            },
            stage: StageBody::of(&rotation.stage),
            new_id: rotation.new_key().map(|new| new.id.raw().to_owned()),
        }
    }

    pub(super) fn unpacked(self, id: OpId, revision: u64) -> Result<Rotation, DatabaseError> {
        Ok(Rotation {
            id,
            team: self.team.as_deref().map(Label::new),
            old: self.old.unpacked()?,
            own: self.own,
            name: KeyName::kept(&self.name).map_err(|_| JournalError::Corrupt)?,
            begun: self.begun.unpacked()?,
            places: self
                .places
                .into_iter()
                .map(PlaceBody::unpacked)
                .collect::<Result<_, _>>()?,
            watch: Watch {
                old: self.watch.old.unpacked()?,
                new: self.watch.new.unpacked()?,
                read_at: self.watch.read_at.map(time).transpose()?,
            },
            stage: self.stage.unpacked()?,
            revision,
        })
    }
}

impl KeyBody {
    fn of(key: &MintedKey) -> Self {
        Self {
            id: key.id.raw().to_owned(),
            name: key.name.raw().to_owned(),
        }
    }

    fn unpacked(self) -> Result<MintedKey, DatabaseError> {
        Ok(MintedKey {
            id: KeyId::new(&self.id).ok_or(JournalError::Corrupt)?,
            name: Label::new(&self.name),
        })
    }
}

impl MarkBody {
    pub(super) fn of(mark: &Mark) -> Self {
        Self {
            by: mark.by.raw().to_owned(),
            at: mark.at.as_microsecond(),
        }
    }

    pub(super) fn unpacked(self) -> Result<Mark, DatabaseError> {
        Ok(Mark {
            by: Label::new(&self.by),
            at: time(self.at)?,
        })
    }
}

impl PlaceBody {
    fn of(state: &PlaceState) -> Self {
        Self {
            place: state.place.raw().to_owned(),
            stored: state.stored.map(Timestamp::as_microsecond),
            ticked: state.ticked.as_ref().map(MarkBody::of),
        }
    }

    fn unpacked(self) -> Result<PlaceState, DatabaseError> {
        Ok(PlaceState {
            place: Label::new(&self.place),
            stored: self.stored.map(time).transpose()?,
            ticked: self.ticked.map(MarkBody::unpacked).transpose()?,
        })
    }
}

impl UsesBody {
    fn of(uses: &Uses) -> Self {
        Self {
            seen: uses.seen.iter().map(|used| used.as_microsecond()).collect(),
            told: uses.told,
            odd: uses.odd.map(|odd| odd.word().to_owned()),
        }
    }

    fn unpacked(self) -> Result<Uses, DatabaseError> {
        let odd = |word: String| {
            let odd = [Odd::WentBack, Odd::InFuture]
                .into_iter()
                .find(|odd| odd.word() == word);
            odd.ok_or(JournalError::Corrupt)
        };
        Ok(Uses {
            seen: self.seen.into_iter().map(time).collect::<Result<_, _>>()?,
            told: self.told,
            odd: self.odd.map(odd).transpose()?,
        })
    }
}

impl NewBody {
    fn of(new: &Successor) -> Self {
        Self {
            key: KeyBody::of(&new.key),
            creation: new.creation.as_ref().map(|op| op.as_str().to_owned()),
            alive_at: new.alive_at.map(Timestamp::as_microsecond),
            mark: MarkBody::of(&new.mark),
        }
    }

    fn unpacked(self) -> Result<Successor, DatabaseError> {
        let creation = self.creation.map(|op| OpId::new(&op).ok_or(JournalError::Corrupt));
        Ok(Successor {
            key: self.key.unpacked()?,
            creation: creation.transpose()?,
            alive_at: self.alive_at.map(time).transpose()?,
            mark: self.mark.unpacked()?,
        })
    }
}

impl OpenedBody {
    fn of(opened: &Opened) -> Self {
        let ground = match &opened.ground {
            Ground::Measured => GroundBody::Measured,
            Ground::Attested { reason, measured } => GroundBody::Attested {
                reason: reason.raw().to_owned(),
                measured: measured.raw().to_owned(),
            },
            Ground::Forced => GroundBody::Forced,
            Ground::OldGone => GroundBody::OldGone,
        };
        Self {
            ground,
            mark: MarkBody::of(&opened.mark),
        }
    }

    fn unpacked(self) -> Result<Opened, DatabaseError> {
        let ground = match self.ground {
            GroundBody::Measured => Ground::Measured,
            GroundBody::Attested { reason, measured } => Ground::Attested {
                reason: Label::new(&reason),
                measured: Label::new(&measured),
            },
            GroundBody::Forced => Ground::Forced,
            GroundBody::OldGone => Ground::OldGone,
        };
        Ok(Opened {
            ground,
            mark: self.mark.unpacked()?,
        })
    }
}

impl StageBody {
    fn of(stage: &Stage) -> Self {
        match stage {
            Stage::Creating(Creating::Nothing) => Self::Nothing,
            Stage::Creating(Creating::Asked(op)) => Self::Asked {
                creation: op.as_str().to_owned(),
            },
            Stage::Creating(Creating::Minted { new, stored }) => Self::Minted {
                new: NewBody::of(new),
                stored: *stored,
            },
            Stage::RollingOut(new) => Self::RollingOut { new: NewBody::of(new) },
            Stage::Confirming { new, rolled_out } => Self::Confirming {
                new: NewBody::of(new),
                rolled_out: MarkBody::of(rolled_out),
            },
            Stage::Revoking {
                new,
                rolled_out,
                opened,
                attempt,
            } => Self::Revoking {
                new: NewBody::of(new),
                rolled_out: rolled_out.as_ref().map(MarkBody::of),
                opened: OpenedBody::of(opened),
                attempt: attempt.as_ref().map(|attempt| AttemptBody {
                    mark: MarkBody::of(&attempt.mark),
                    outcome: attempt.outcome.as_ref().map(|word| word.raw().to_owned()),
                }),
            },
            Stage::Finished {
                new,
                rolled_out,
                opened,
                outcome,
                mark,
            } => Self::Finished {
                new: NewBody::of(new),
                rolled_out: rolled_out.as_ref().map(MarkBody::of),
                opened: OpenedBody::of(opened),
                outcome: outcome.raw().to_owned(),
                mark: MarkBody::of(mark),
            },
            Stage::Cancelled { new, step, mark } => Self::Cancelled {
                new: new.as_ref().map(KeyBody::of),
                step: *step,
                mark: MarkBody::of(mark),
            },
        }
    }

    fn unpacked(self) -> Result<Stage, DatabaseError> {
        let marked = |mark: Option<MarkBody>| mark.map(MarkBody::unpacked).transpose();
        Ok(match self {
            Self::Nothing => Stage::Creating(Creating::Nothing),
            Self::Asked { creation } => {
                Stage::Creating(Creating::Asked(OpId::new(&creation).ok_or(JournalError::Corrupt)?))
            }
            Self::Minted { new, stored } => Stage::Creating(Creating::Minted {
                new: new.unpacked()?,
                stored,
            }),
            Self::RollingOut { new } => Stage::RollingOut(new.unpacked()?),
            Self::Confirming { new, rolled_out } => Stage::Confirming {
                new: new.unpacked()?,
                rolled_out: rolled_out.unpacked()?,
            },
            Self::Revoking {
                new,
                rolled_out,
                opened,
                attempt,
            } => Stage::Revoking {
                new: new.unpacked()?,
                rolled_out: marked(rolled_out)?,
                opened: opened.unpacked()?,
                attempt: match attempt {
                    None => None,
                    Some(attempt) => Some(Attempt {
                        mark: attempt.mark.unpacked()?,
                        outcome: attempt.outcome.map(|word| Label::new(&word)),
                    }),
                },
            },
            Self::Finished {
                new,
                rolled_out,
                opened,
                outcome,
                mark,
            } => Stage::Finished {
                new: new.unpacked()?,
                rolled_out: marked(rolled_out)?,
                opened: opened.unpacked()?,
                outcome: Label::new(&outcome),
                mark: mark.unpacked()?,
            },
            Self::Cancelled { new, step, mark } => Stage::Cancelled {
                new: new.map(KeyBody::unpacked).transpose()?,
                step,
                mark: mark.unpacked()?,
            },
        })
    }
}
