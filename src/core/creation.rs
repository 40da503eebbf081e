//! The show-once protocol as a state machine. Its rows are in the journal, the value never is.
//!
//! A row moves `intended → escrowed → (delivered) → acknowledged → done`, and from `intended` to `acknowledged` where no
//! store could take the value; a creation whose answer was lost ends `closed`
//! (no such key appeared) or `lost` (the key is there, its value is not), and `lost` ends `done` when the key is revoked.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::core::key::{ApiKey, KeyId, KeyName, LastUse};
use crate::core::text::Label;

/// How long a creation without an answer is looked for before it is closed, by the server's clock.
pub const SEARCH: SignedDuration = SignedDuration::from_mins(2);
/// `Date` headers are whole seconds and lag: a key counts as ours when it was created this much before the intent.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// Names one creation, on this machine, for ever: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OpId(String);

impl OpId {
    /// Takes an id as the journal has it.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self(text.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a creation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CreationStage {
    /// About to be asked for, or asked for without an answer yet.
    Intended,
    /// The value is in the credential store.
    Escrowed,
    /// The value was copied, or a target took it.
    Delivered,
    /// The person, or every target, says that it is stored; the escrow is to be deleted.
    Acknowledged,
    /// Over: nothing of it is kept.
    Done,
    /// The key exists and its value is lost for good.
    Lost,
    /// Over: no such key appeared.
    Closed,
}

impl CreationStage {
    /// Every stage, for reading a journal back.
    pub const ALL: [Self; 7] = [
        Self::Intended,
        Self::Escrowed,
        Self::Delivered,
        Self::Acknowledged,
        Self::Done,
        Self::Lost,
        Self::Closed,
    ];

    /// The word in the journal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Escrowed => "escrowed",
            Self::Delivered => "delivered",
            Self::Acknowledged => "acknowledged",
            Self::Done => "done",
            Self::Lost => "lost",
            Self::Closed => "closed",
        }
    }

    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Closed)
    }
}

/// What a creation is going to ask for, written down before it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The key's name.
    pub name: KeyName,
    /// When, by the server's clock.
    pub at: Timestamp,
    /// The ids the list held before: a new key is none of them.
    pub known: Vec<KeyId>,
    /// A person makes it in the browser, and only they can say whether they did.
    pub manual: bool,
}

/// What is known of the key that came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MintedKey {
    /// Its id.
    pub id: KeyId,
    /// Its name, as the server has it.
    pub name: Label,
}

impl MintedKey {
    /// The key, as far as this tells of it: for a sentence about one that no list holds.
    #[must_use]
    pub fn bare(&self) -> ApiKey {
        ApiKey {
            id: self.id.clone(),
            name: self.name.clone(),
            created_at: None,
            last_used_at: LastUse::Unknown,
            created_by: None,
            prefix: None,
            last_four: None,
        }
    }
}

/// One row of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// Its name in the journal and, as `escrow/<op>`, in the credential store.
    pub op: OpId,
    /// What was going to be asked for.
    pub intent: Intent,
    /// Where it stands.
    pub stage: CreationStage,
    /// The key, once it is known.
    pub minted: Option<MintedKey>,
    /// Counts the moves; a move against an older count is refused (compare-and-set).
    pub revision: u64,
}

/// What moves a creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The reply came: the key is known, its value is in memory only.
    Answered(MintedKey),
    /// The value was written to the credential store and read back.
    Escrowed(MintedKey),
    /// It was copied, or a target took it.
    Delivered,
    /// It is stored elsewhere, says the person or says every target.
    Acknowledged,
    /// The escrow item was deleted and is gone.
    EscrowGone,
    /// The search found the key, and no escrow of its value.
    ValueLost(MintedKey),
    /// The search is over and found nothing.
    NothingAppeared,
    /// The key of a lost value was revoked, or the person keeps it knowing that.
    Settled,
}

/// A move that the protocol does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IllegalCreation {
    /// Where the creation stands.
    pub stage: CreationStage,
}

impl fmt::Display for IllegalCreation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a creation that is {} cannot take this step", self.stage.word())
    }
}

impl std::error::Error for IllegalCreation {}

impl Creation {
    /// A creation that begins.
    #[must_use]
    pub fn new(op: OpId, intent: Intent) -> Self {
        Self {
            op,
            intent,
            stage: CreationStage::Intended,
            minted: None,
            revision: 0,
        }
    }

    /// The creation after `event`.
    ///
    /// # Errors
    /// [`IllegalCreation`]; the creation stays where it is.
    pub fn after(&self, event: &Event) -> Result<Self, IllegalCreation> {
        use CreationStage as S;
        let (stage, minted) = match (self.stage, event) {
            (S::Intended, Event::Answered(minted)) => (S::Intended, Some(minted)),
            // Another copy of the program may have given the value up while this one still had it.
            (S::Intended | S::Lost, Event::Escrowed(minted)) => (S::Escrowed, Some(minted)),
            (S::Intended, Event::ValueLost(minted)) => (S::Lost, Some(minted)),
            (S::Intended, Event::NothingAppeared) if self.minted.is_none() => (S::Closed, None),
            // A value that no store took was shown, and the person says that it is stored.
            (S::Intended, Event::Acknowledged) if self.minted.is_some() => (S::Acknowledged, None),
            (S::Escrowed | S::Delivered, Event::Delivered) => (S::Delivered, None),
            // The person may still have had the value that another copy of the program called lost.
            (S::Escrowed | S::Delivered | S::Lost, Event::Acknowledged) => (S::Acknowledged, None),
            // The keyring was emptied by somebody else: what was safe there is not any more.
            (S::Escrowed | S::Delivered, Event::ValueLost(minted)) => (S::Lost, Some(minted)),
            (S::Acknowledged, Event::EscrowGone) => (S::Done, None),
            (S::Lost, Event::Settled) => (S::Done, None),
            (stage, _) => return Err(IllegalCreation { stage }),
        };
        Ok(Self {
            stage,
            minted: minted.cloned().or_else(|| self.minted.clone()),
            revision: self.revision + 1,
            ..self.clone()
        })
    }

    /// Looks for the key of an unanswered creation in the full list, read when the server's clock said `now`.
    #[must_use]
    pub fn look<'a>(&self, keys: impl IntoIterator<Item = &'a ApiKey>, now: Timestamp) -> CreationSearch {
        let from = self.intent.at.checked_sub(SKEW).unwrap_or(self.intent.at);
        let to = self.search_ends();
        let mut found: Vec<MintedKey> = keys
            .into_iter()
            .filter(|key| !self.intent.known.contains(&key.id))
            .filter(|key| key.name.raw().trim() == self.intent.name.as_str())
            .filter(|key| key.created_at.is_none_or(|at| from <= at && at <= to))
            .filter(|key| key.last_used_at.time().is_none() && key.last_used_at != LastUse::At(now))
            .map(|key| MintedKey {
                id: key.id.clone(),
                name: key.name.clone(),
            })
            .collect();
        match (found.len(), found.pop()) {
            (1, Some(one)) => CreationSearch::One(one),
            (0, _) if now < to => CreationSearch::KeepLooking,
            (0, _) => CreationSearch::Nothing,
            (_, last) => {
                found.extend(last);
                CreationSearch::Several(found)
            }
        }
    }

    /// Whether a listed key can be the one that came of it.
    #[must_use]
    pub fn may_be(&self, key: &ApiKey) -> bool {
        match &self.minted {
            Some(minted) => minted.id == key.id,
            None => !self.intent.known.contains(&key.id) && key.name.raw().trim() == self.intent.name.as_str(),
        }
    }

    /// When the search gives up, by the server's clock.
    #[must_use]
    pub fn search_ends(&self) -> Timestamp {
        self.intent.at.checked_add(SEARCH).unwrap_or(Timestamp::MAX)
    }
}

/// What looking for the key of an unanswered creation found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreationSearch {
    /// It is there: its value is lost for good.
    One(MintedKey),
    /// Not there, and it may still appear.
    KeepLooking,
    /// Not there, and the time is over.
    Nothing,
    /// Several could be it: the person decides.
    Several(Vec<MintedKey>),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn id(text: &str) -> KeyId {
        KeyId::new(text).unwrap()
    }

    fn minted(text: &str) -> MintedKey {
        MintedKey {
            id: id(text),
            name: Label::new("Zapier"),
        }
    }

    fn intended() -> Creation {
        let intent = Intent {
            name: KeyName::parse("Zapier").unwrap(),
            at: at(0),
            known: vec![id("old")],
            manual: false,
        };
        Creation::new(OpId::new(&"a".repeat(32)).unwrap(), intent)
    }

    fn key(text: &str, created: i64) -> ApiKey {
        ApiKey {
            id: id(text),
            name: Label::new("Zapier"),
            created_at: Some(at(created)),
            last_used_at: LastUse::Never,
            created_by: None,
            prefix: None,
            last_four: None,
        }
    }

    #[test]
    fn the_main_path_leads_to_done() {
        let mut creation = intended();
        for (event, stage) in [
            (Event::Escrowed(minted("new")), CreationStage::Escrowed),
            (Event::Delivered, CreationStage::Delivered),
            (Event::Delivered, CreationStage::Delivered),
            (Event::Acknowledged, CreationStage::Acknowledged),
            (Event::EscrowGone, CreationStage::Done),
        ] {
            creation = creation.after(&event).unwrap();
            assert_eq!(creation.stage, stage);
        }
        assert_eq!((creation.minted, creation.revision), (Some(minted("new")), 5));
    }

    #[test]
    fn an_answered_creation_cannot_be_closed_as_if_no_key_had_appeared() {
        let answered = intended().after(&Event::Answered(minted("new"))).unwrap();
        assert_eq!(
            (answered.stage, &answered.minted),
            (CreationStage::Intended, &Some(minted("new")))
        );
        assert!(answered.after(&Event::NothingAppeared).is_err());
        assert_eq!(
            answered.after(&Event::Acknowledged).unwrap().stage,
            CreationStage::Acknowledged
        );
    }

    #[test]
    fn a_value_is_never_acknowledged_before_it_is_safe_nor_forgotten_before_it_is_acknowledged() {
        assert!(intended().after(&Event::Acknowledged).is_err());
        assert!(intended().after(&Event::EscrowGone).is_err());
        let escrowed = intended().after(&Event::Escrowed(minted("new"))).unwrap();
        assert_eq!(
            escrowed.after(&Event::EscrowGone),
            Err(IllegalCreation {
                stage: CreationStage::Escrowed
            })
        );
        assert!(escrowed.after(&Event::NothingAppeared).is_err());
    }

    #[test]
    fn the_search_takes_only_a_new_unused_key_of_that_name_and_time() {
        let creation = intended();
        let mut used = key("used", 1);
        used.last_used_at = LastUse::At(at(3));
        let mut other = key("other", 1);
        other.name = Label::new("Zapier 2");
        let not_ours = [key("old", 1), used, other, key("before", -60), key("after", 600)];
        assert_eq!(creation.look(&not_ours, at(10)), CreationSearch::KeepLooking);
        assert_eq!(creation.look(&not_ours, at(120)), CreationSearch::Nothing);
        let ours = [key("old", 1), key("new", 1)];
        assert_eq!(creation.look(&ours, at(10)), CreationSearch::One(minted("new")));
        let two = [key("a", 1), key("b", 2)];
        assert!(matches!(creation.look(&two, at(10)), CreationSearch::Several(found) if found.len() == 2));
    }

    #[test]
    fn a_key_without_a_date_may_be_the_one() {
        let mut undated = key("new", 0);
        undated.created_at = None;
        assert_eq!(intended().look(&[undated], at(10)), CreationSearch::One(minted("new")));
    }

    fn any_event() -> impl Strategy<Value = Event> {
        prop_oneof![
            Just(Event::Answered(minted("new"))),
            Just(Event::Escrowed(minted("new"))),
            Just(Event::Delivered),
            Just(Event::Acknowledged),
            Just(Event::EscrowGone),
            Just(Event::ValueLost(minted("new"))),
            Just(Event::NothingAppeared),
            Just(Event::Settled),
        ]
    }

    proptest! {
        #[test]
        fn every_event_in_every_state_moves_legally_or_is_refused(events in proptest::collection::vec(any_event(), 0..12)) {
            let mut creation = intended();
            let mut acknowledged = false;
            for event in events {
                let before = creation.clone();
                match creation.after(&event) {
                    Ok(next) => {
                        prop_assert!(!before.stage.is_over());
                        prop_assert_eq!(next.revision, before.revision + 1);
                        acknowledged |= next.stage == CreationStage::Acknowledged;
                        creation = next;
                    }
                    Err(illegal) => prop_assert_eq!(illegal.stage, before.stage),
                }
                // A value is forgotten only after somebody said that it is stored, or that it is lost.
                if creation.stage == CreationStage::Done {
                    prop_assert!(acknowledged || before.stage == CreationStage::Lost || before.stage == CreationStage::Done);
                }
            }
        }
    }
}
