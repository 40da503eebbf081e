//! What happened, and when: facts without the secret.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::matching::How;
use crate::core::key::LastUse;
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;

/// Below this many characters a text is not a key, and hiding it everywhere would hide words.
const SHORTEST_SCRUBBED: usize = 8;

/// `text` without the value, whoever wrote it there: a key's name or a server's message can hold it too.
#[must_use]
pub fn scrub(value: &Secret, text: &str) -> String {
    if value.length() < SHORTEST_SCRUBBED {
        text.to_owned()
    } else {
        value.redact(text)
    }
}

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The search began.
    Began,
    /// A team's list was read: its profile and how many keys.
    Listed(String, usize),
    /// The key was found.
    Found(How),
    /// The value was probed and answered 200.
    Alive(SignedDuration),
    /// The value was probed and answered 401.
    Refused(SignedDuration),
    /// The value was probed and the answer says nothing; carries the sentence.
    NoAnswer(String),
    /// The person, or a flag, said yes.
    Confirmed,
    /// Its replacement was made; carries what it is called.
    Replaced(String),
    /// It could not be made; carries the sentence.
    NotReplaced(String),
    /// The server has no endpoint for it: the person is to revoke it in the browser; carries where.
    Manual(String),
    /// The server accepted the revocation, this long after it was asked.
    Accepted(SignedDuration),
    /// The server did not accept it; carries the sentence.
    NotAccepted(String),
    /// Another credential, which must still work, answers 200.
    Controlled,
    /// It does not, or that could not be seen; carries the sentence.
    NotControlled(String),
    /// There is no other credential to compare with.
    Uncontrolled,
    /// The third 401 in a row, and nothing speaks against it.
    Dead,
    /// The list was read again, and the key is not in it.
    OffTheList,
    /// The list was read again, and the key is still in it.
    StillListed,
    /// The list could not be read again; carries the sentence.
    ListUnread(String),
}

impl Fact {
    /// The word for machine output.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Listed(..) => "listed",
            Self::Found(_) => "found",
            Self::Alive(_) => "alive",
            Self::Refused(_) => "refused",
            Self::NoAnswer(_) => "no_answer",
            Self::Confirmed => "confirmed",
            Self::Replaced(_) => "replaced",
            Self::NotReplaced(_) => "not_replaced",
            Self::Manual(_) => "by_hand",
            Self::Accepted(_) => "revocation_accepted",
            Self::NotAccepted(_) => "revocation_not_accepted",
            Self::Controlled => "controlled",
            Self::NotControlled(_) => "not_controlled",
            Self::Uncontrolled => "uncontrolled",
            Self::Dead => "dead",
            Self::OffTheList => "off_the_list",
            Self::StillListed => "still_listed",
            Self::ListUnread(_) => "list_unread",
        }
    }

    /// What a person reads.
    #[must_use]
    pub fn words(&self) -> String {
        let ms = SignedDuration::as_millis;
        match self {
            Self::Began => "The search began.".to_owned(),
            Self::Listed(profile, 1) => format!("The list of {profile} was read: 1 key."),
            Self::Listed(profile, keys) => format!("The list of {profile} was read: {keys} keys."),
            Self::Found(how) => format!("Found by {}.", how.words()),
            Self::Alive(took) => format!("The value answers 200: it is alive ({} ms).", ms(took)),
            Self::Refused(took) => format!("The value gets 401 ({} ms).", ms(took)),
            Self::NoAnswer(why) => format!("The value could not be tried. {why}"),
            Self::Confirmed => "The revocation was confirmed.".to_owned(),
            Self::Replaced(called) => format!("Its replacement was created: {called}."),
            Self::NotReplaced(why) => format!("Its replacement was not created. {why}"),
            Self::Manual(click) => format!("{click}."),
            Self::Accepted(took) => format!("The server accepted the revocation ({} ms).", ms(took)),
            Self::NotAccepted(why) => format!("The server did not accept the revocation. {why}"),
            Self::Controlled => "Another credential still answers 200: the 401s are the value's own.".to_owned(),
            Self::NotControlled(why) => why.clone(),
            Self::Uncontrolled => "There is no other credential to compare with.".to_owned(),
            Self::Dead => "Dead: three 401s in a row.".to_owned(),
            Self::OffTheList => "The list was read again: the key is not in it.".to_owned(),
            Self::StillListed => "The list was read again: the key is still in it.".to_owned(),
            Self::ListUnread(why) => format!("The list could not be read again. {why}"),
        }
    }
}

/// A fact and its time, by this machine's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFact {
    /// When.
    pub at: Timestamp,
    /// What.
    pub fact: Fact,
}

/// The key it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakSubject {
    /// Its id and its name, without the value.
    pub id: Label,
    /// Its name.
    pub name: Label,
    /// Its last use before we touched it.
    pub last_used_at: LastUse,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// Whether the server has a list that can show it.
    pub is_listed: bool,
}

impl LeakSubject {
    /// What is written down of a key.
    #[must_use]
    pub fn of(target: &ListedKey, value: &Secret) -> Self {
        let key = &target.key;
        Self {
            is_listed: !target.is_tracked(),
            id: Label::new(&scrub(value, key.id.raw())),
            name: Label::new(&scrub(value, key.name.raw())),
            last_used_at: key.last_used_at,
            created_at: key.created_at,
        }
    }

    /// The key in a sentence.
    #[must_use]
    pub fn display_name(&self) -> String {
        if self.name.is_blank() {
            format!("the unnamed key {}", self.id)
        } else {
            format!("“{}” ({})", self.name, self.id)
        }
    }
}

/// What happened to one leaked value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// Who did it.
    pub actor: Label,
    /// The server.
    pub host: String,
    /// The profile whose key it is.
    pub profile: Option<String>,
    /// The team it opens, as far as that is known.
    pub team: TeamIdentity,
    /// The value with its middle hidden.
    pub masked: String,
    /// The key.
    pub key: Option<LeakSubject>,
    /// What was seen, in order.
    pub facts: Vec<SeenFact>,
    /// The server's clock minus ours: times are told by the server's.
    pub offset: SignedDuration,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

impl Timeline {
    /// The beginning of one.
    #[must_use]
    pub fn begin(value: &Secret, actor: Label, host: &str, at: Timestamp) -> Self {
        Self {
            actor,
            host: host.to_owned(),
            profile: None,
            team: TeamIdentity::Unknown,
            masked: value.masked(),
            key: None,
            facts: vec![SeenFact { at, fact: Fact::Began }],
            offset: SignedDuration::ZERO,
            outcome: None,
        }
    }

    /// A time of this machine's clock as the server would tell it: UTC, to the millisecond.
    #[must_use]
    pub fn time(&self, at: Timestamp) -> String {
        format!("{:.3}", at.checked_add(self.offset).unwrap_or(at))
    }

    /// Takes the server's clock once: told by two, the times of one timeline could run backwards.
    pub fn tell_by(&mut self, offset: SignedDuration) {
        if self.offset.is_zero() {
            self.offset = offset;
        }
    }

    /// How the key was found.
    #[must_use]
    pub fn how(&self) -> Option<How> {
        self.facts.iter().rev().find_map(|seen| match seen.fact {
            Fact::Found(how) => Some(how),
            _ => None,
        })
    }

    /// How long the value lived on, until its first 401: after the accepted revocation, and after its key was found.
    #[must_use]
    pub fn until_refused(&self) -> Option<(SignedDuration, SignedDuration)> {
        let at = |wanted: &dyn Fn(&Fact) -> bool| self.facts.iter().position(|seen| wanted(&seen.fact));
        let accepted = at(&|fact| matches!(fact, Fact::Accepted(_)))?;
        let time = |place: usize| self.facts.get(place).map(|seen| seen.at);
        let mut later = self.facts.iter().skip(accepted);
        let refused = later.find(|seen| matches!(seen.fact, Fact::Refused(_)))?.at;
        let found = time(at(&|fact| matches!(fact, Fact::Found(_)))?)?;
        Some((refused.duration_since(time(accepted)?), refused.duration_since(found)))
    }

    /// The key in a sentence.
    #[must_use]
    pub fn display_name(&self) -> String {
        self.key
            .as_ref()
            .map_or_else(|| "the value".to_owned(), LeakSubject::display_name)
    }

    /// The sentence at the end.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        self.outcome
            .as_ref()
            .map(|outcome| outcome.sentence(&self.display_name()))
    }

    /// What to do now, where something is left.
    #[must_use]
    pub fn next_step(&self) -> Option<&'static str> {
        let is_listed = self.key.as_ref().is_none_or(|key| key.is_listed);
        self.outcome.as_ref().and_then(|outcome| outcome.next_step(is_listed))
    }

    /// All of it in one line, for the log.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = self
            .how()
            .map_or_else(String::new, |how| format!("matched by {}", how.word()));
        let told = |fact: &Fact| matches!(fact, Fact::Accepted(_) | Fact::Refused(_) | Fact::Alive(_) | Fact::Dead);
        for seen in self.facts.iter().filter(|seen| told(&seen.fact)) {
            let comma = if line.is_empty() { "" } else { ", " };
            let _ = write!(line, "{comma}{} {}", seen.fact.word(), self.time(seen.at));
        }
        if let Some(why) = self.outcome.as_ref().and_then(Outcome::why) {
            let _ = write!(line, "{}{why}", if line.is_empty() { "" } else { ". " });
        }
        line
    }
}
