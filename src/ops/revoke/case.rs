//! What is revoked, by whom, what shows it, and how it ended.

use std::sync::Arc;

use super::held::HeldValue;
use super::proof::ProbePolicy;
use super::send::RetryPolicy;
use crate::core::incident::{SeenFact, Timeline};
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::ops::client::TeamClient;
use crate::ops::sign_in::{Profile, Session};
use crate::ports::{JournalError, Ports};

/// Told of every fact of a value as it is seen.
pub type OnFact<'a> = &'a (dyn Fn(&Timeline, &SeenFact) + Send + Sync);

/// How patiently a key is revoked, and its value watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// How often the `DELETE` is sent.
    pub retry: RetryPolicy,
    /// How long the value is watched.
    pub probe: ProbePolicy,
}

/// A key that is to be revoked, and through what.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// What is needed of the outside.
    pub ports: &'a Ports,
    /// The profile whose key it is.
    pub profile: &'a Profile,
    /// Its API.
    pub client: &'a Arc<TeamClient>,
    /// Whether a person goes on in the browser where there turns out to be no endpoint; otherwise the caller gets round that.
    pub falls_back: bool,
    /// The key, as it was before we touched it.
    pub target: &'a ListedKey,
}

impl<'a> Case<'a> {
    /// A key of the team that `session` opens.
    #[must_use]
    pub fn of(ports: &'a Ports, profile: &'a Profile, session: &'a Session, target: &'a ListedKey) -> Self {
        Self {
            ports,
            profile,
            client: &session.client,
            falls_back: true,
            target,
        }
    }
}

/// Who revokes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Its endpoint, asked from here.
    Endpoint,
    /// A person, in the browser: nothing is sent but probes.
    Manual,
}

/// What shows that it is dead.
#[derive(Debug)]
pub enum Evidence {
    /// The list, which lacks it.
    List,
    /// Its value, which is refused.
    Value(HeldValue),
    /// A person's word, where there is nothing else.
    Word,
}

/// How a revocation ended, and whether that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// What was seen.
    pub outcome: Outcome,
    /// Whether the log took it.
    pub recorded: Result<(), JournalError>,
}
