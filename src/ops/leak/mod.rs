//! A leaked value: find its key across every signed-in team, revoke it, and watch it die.

mod end;
mod find;
mod kill;
mod lists;

use std::sync::Arc;

use crate::core::incident::{Candidate, Timeline};
use crate::core::listing::{ListedKey, Listing};
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::ops::client::TeamClient;
use crate::ops::sign_in::Profile;

pub use end::{last_four, opened};
pub use find::{find, find_capability};
pub use kill::{kill, record_end};

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
    pub client: Arc<TeamClient>,
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
