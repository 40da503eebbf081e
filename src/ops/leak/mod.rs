//! A leaked value: find its key across every signed-in team, revoke it, and watch it die.

mod end;
mod find;
mod kill;
mod known;
mod lists;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::core::incident::{Candidate, Fact, Seen, Timeline, scrub};
use crate::core::listing::{ListedKey, Listing};
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;
use crate::ops::client::TeamClient;
use crate::ops::sign_in::Profile;
use crate::ports::{KeyApi, Ports, Probe};

pub use end::{last_four, opened};
pub use find::{find, find_capability};
pub use kill::{Killed, kill_and_record, record_end};
pub use known::{By, Case, kill_known, kill_watched};

pub use crate::ops::proof::ProbePolicy;

/// Told of every fact as it is seen.
pub type OnFact<'a> = &'a (dyn Fn(&Timeline, &Seen) + Send + Sync);

/// What may be done to find a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Means {
    /// The leaked key may list and revoke itself in its own team.
    pub with_leaked_key: bool,
    /// The value is probed even where its fingerprint has told the key.
    pub always_probe: bool,
}

/// A team whose list was read before the value was probed.
#[derive(Clone)]
pub struct Place {
    /// The profile it was read with.
    pub profile: Profile,
    /// Its API.
    pub api: Arc<dyn KeyApi>,
    /// How its operations are done, where that is known.
    pub capabilities: Option<Arc<TeamClient>>,
    /// Its list.
    pub listing: Arc<Listing>,
}

/// The key of a value.
#[derive(Clone)]
pub struct Match {
    /// Where it is.
    pub place: Place,
    /// The key, as it was before we touched it.
    pub target: ListedKey,
    /// Whether the value answered 200; `None` where it was not probed.
    pub alive: Option<bool>,
    /// Whether a person revokes it in the browser.
    pub manual: bool,
}

/// A key that the value may belong to, and the profile it is in.
pub type Suspect = Candidate<(String, ListedKey)>;

/// What was found.
#[derive(Clone)]
pub enum Found {
    /// One key, and no other.
    Key(Box<Match>),
    /// It was made here, the list lacks it, and the value gets 401.
    Gone,
    /// Alive, and no key of a list we can read: the team it opens, and what kept the leaked key from helping.
    Foreign(TeamIdentity, Option<String>),
    /// 401, and nothing matches.
    NotAccepted,
    /// It cannot be told which key it is; says why.
    Ambiguous(Vec<Suspect>, String),
    /// The value could not be tried; says why.
    Untried(String),
}

/// A search, and everything seen in it and after it.
pub struct Search {
    /// The value.
    pub value: Arc<Secret>,
    /// The timeline.
    pub timeline: Timeline,
    /// What was found.
    pub found: Found,
    /// Profiles whose list could not be read, and why.
    pub unread: Vec<(String, String)>,
    /// The profile in whose name it is written down.
    pub profile: Profile,
    /// Whether the leaked key may revoke itself.
    pub means: Means,
}

/// Where facts are written down.
struct Notes<'a> {
    ports: &'a Ports,
    value: Arc<Secret>,
    on_fact: OnFact<'a>,
    /// Whether the value may go over the connection that is kept: one that is only looked up may not.
    is_leaked: bool,
}

impl Notes<'_> {
    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Text of others, without the value.
    fn clean(&self, text: &impl ToString) -> String {
        scrub(&self.value, &text.to_string())
    }

    fn add(&self, timeline: &mut Timeline, fact: Fact) {
        let seen = Seen { at: self.now(), fact };
        tracing::info!(fact = seen.fact.word(), "leak");
        timeline.facts.push(seen.clone());
        (self.on_fact)(timeline, &seen);
    }

    /// Probes once and writes the answer down; the error's sentence where there was no answer. That a value is still alive
    /// while a person is on their way to the button is no news.
    async fn probe(&self, timeline: &mut Timeline, api: &dyn KeyApi) -> Probed {
        let began = self.now();
        let answer = if self.is_leaked {
            api.probe_leaked(&self.value).await
        } else {
            api.probe(&self.value).await
        };
        let took = self.now().duration_since(began).max(SignedDuration::ZERO);
        timeline.tell_by(api.clock_offset());
        let (fact, probed) = match answer {
            Ok(Probe::Alive(team)) => {
                if team != TeamIdentity::Unknown {
                    timeline.team = team.clone().renamed(|name| Label::new(&self.clean(&name.raw())));
                }
                (Fact::Alive(took), Probed::Alive(team))
            }
            Ok(Probe::Refused) => (Fact::Refused(took), Probed::Refused),
            Err(error) => {
                let why = self.clean(&error);
                (Fact::NoAnswer(why.clone()), Probed::NoAnswer(why, error.fault))
            }
        };
        let is_news = match (&fact, timeline.facts.last().map(|seen| &seen.fact)) {
            (Fact::Alive(_), Some(Fact::Manual(_))) => false,
            (Fact::NoAnswer(why), Some(Fact::NoAnswer(before))) => why != before,
            _ => true,
        };
        if is_news {
            self.add(timeline, fact);
        }
        probed
    }
}

/// The answer to one probe.
enum Probed {
    Alive(TeamIdentity),
    Refused,
    NoAnswer(String, crate::ports::Fault),
}
