//! Revoke a key whose value is at hand: there is nothing to search for, and the value is watched until it is refused.

use std::sync::Arc;

use super::kill::{Killed, killed, write_down};
use super::{Found, Match, Means, OnFact, Place, ProbePolicy, Search};
use crate::core::activity::Action;
use crate::core::incident::{LeakSubject, Timeline};
use crate::core::listing::{ListedKey, Listing};
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::ops::manual::HeldValue;
use crate::ops::revoke::RetryPolicy;
use crate::ops::sign_in::{Profile, Session};
use crate::ports::{KeyApi, Ports};

/// A key whose value is at hand, and where it is.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// What the watch needs of the outside.
    pub ports: &'a Ports,
    /// The profile whose key it is.
    pub profile: &'a Profile,
    /// Its session.
    pub session: &'a Session,
    /// The key.
    pub target: &'a ListedKey,
}

/// Who revokes a key whose value is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A person, in the browser: nothing is sent but probes.
    Browser,
    /// Its endpoint, asked from here. Where there turns out to be none, a person.
    Endpoint,
}

/// Revokes a key by its endpoint and watches its value die, unless `stop` comes first; writes down how it ended. A missing
/// endpoint is the caller's to get round.
pub async fn kill_known(
    ports: &Ports,
    profile: &Profile,
    api: &Arc<dyn KeyApi>,
    target: &ListedKey,
    given: HeldValue,
    pace: (RetryPolicy, ProbePolicy),
    stop: impl Future<Output = ()>,
) -> Killed {
    let place = place(ports, profile, api, target);
    let found = Match {
        alive: given.known.then_some(true),
        manual: target.key.id.is_local(),
        target: target.clone(),
        place,
    };
    let mut search = search(ports, found, given.value);
    run(ports, &mut search, pace, &|_, _| {}, stop).await
}

/// Revokes a key, or opens the page where a person does, and watches its value until three 401s, unless `stop` comes first;
/// writes down how it ended.
pub async fn kill_watched(
    case: Case<'_>,
    (given, by): (HeldValue, By),
    pace: (RetryPolicy, ProbePolicy),
    on_fact: OnFact<'_>,
    stop: impl Future<Output = ()>,
) -> (Killed, Timeline) {
    let Case {
        ports,
        profile,
        session,
        target,
    } = case;
    let place = Place {
        capabilities: Some(Arc::clone(&session.capabilities)),
        ..place(ports, profile, &session.api, target)
    };
    let found = Match {
        // One that nobody is sure of must be seen alive first.
        alive: given.known.then_some(true),
        manual: by == By::Browser || target.key.id.is_local(),
        target: target.clone(),
        place,
    };
    let mut search = search(ports, found, given.value);
    let killed = run(ports, &mut search, pace, on_fact, stop).await;
    (killed, search.timeline)
}

fn place(ports: &Ports, profile: &Profile, api: &Arc<dyn KeyApi>, target: &ListedKey) -> Place {
    // It says nothing of any other key.
    let listing = Listing {
        team: TeamIdentity::Unknown,
        keys: vec![target.clone()],
        complete: false,
        odd: Default::default(),
        as_of: ports.clock.now(),
    };
    Place {
        profile: profile.clone(),
        api: Arc::clone(api),
        capabilities: None,
        listing: Arc::new(listing),
    }
}

/// The search that has found what was known before.
fn search(ports: &Ports, found: Match, value: Arc<Secret>) -> Search {
    let profile = found.place.profile.clone();
    let host = profile.base_url.host();
    let mut timeline = Timeline::begin(&value, ports.actor.clone(), host, ports.clock.now());
    timeline.key = Some(LeakSubject::of(&found.target, &value));
    timeline.profile = Some(profile.name.clone());
    timeline.tell_by(found.place.api.clock_offset());
    Search {
        found: Found::Key(Box::new(found)),
        timeline,
        value,
        unread: Vec::new(),
        profile,
        means: Means::default(),
    }
}

async fn run(
    ports: &Ports,
    search: &mut Search,
    pace: (RetryPolicy, ProbePolicy),
    on_fact: OnFact<'_>,
    stop: impl Future<Output = ()>,
) -> Killed {
    let outcome = killed(ports, search, pace, on_fact, stop).await;
    let recorded = write_down(ports, search, Action::Revoke).await;
    Killed { outcome, recorded }
}
