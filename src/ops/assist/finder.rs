//! How each operation is done, found out and kept; and the list of what is tracked, where the server has none.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::core::key::{ApiKey, KeyId, KeyName, Own, Team};
use crate::core::listing::Source;
use crate::core::secret::Secret;
use crate::core::text::Label;
use crate::core::tracked::{Tracked, matches};
use crate::core::way::{Way, Ways, is_sign_in};
use crate::ops::sign_in::Profile;
use crate::ports::{
    Answer, ApiError, Clock, CreatedKey, Fault, FoundWay, Journal, JournalError, KeyApi, KeyPage, Operation, Ports,
    Presence, Probe, Scope,
};

/// How long what was found counts before the server is asked again.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// An API that knows how each operation is done. Where the server has no list, its list is what is tracked here.
pub struct Finder {
    api: Arc<dyn KeyApi>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    scope: Scope,
    settled: Ways,
    credential: Arc<Secret>,
    actor: Label,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What was found, by this run or by one before it.
    found: Ways,
    /// When the journal was asked.
    looked_up: Option<Timestamp>,
    /// Whether what the journal has may be out of date.
    asked_again: bool,
    /// The tracked keys of the last list.
    tracked: HashMap<KeyId, Tracked>,
    /// Those of them whose value is our credential.
    own: HashSet<KeyId>,
    /// How many of them are in the server's list under another id.
    matched: usize,
}

impl Finder {
    /// Finds out for `profile`, whose server is spoken to through `api` with `credential`.
    #[must_use]
    pub fn new(ports: &Ports, profile: &Profile, api: Arc<dyn KeyApi>, credential: Arc<Secret>) -> Self {
        Self {
            api,
            journal: Arc::clone(&ports.journal),
            clock: Arc::clone(&ports.clock),
            scope: profile.scope(),
            settled: profile.assist.settled,
            credential,
            actor: ports.actor.clone(),
            state: Mutex::default(),
        }
    }

    /// How each operation is done, as far as is known now.
    #[must_use]
    pub fn known(&self) -> Ways {
        let found = self.state().found;
        let pick = |settled: Way, found: Way| if settled == Way::Unknown { found } else { settled };
        Ways {
            list: pick(self.settled.list, found.list),
            create: pick(self.settled.create, found.create),
            revoke: pick(self.settled.revoke, found.revoke),
        }
    }

    /// How many tracked keys stand in the server's list under another id, as of the last list.
    #[must_use]
    pub fn matched(&self) -> usize {
        self.state().matched
    }

    /// The credential we are signed in with.
    #[must_use]
    pub fn credential(&self) -> &Arc<Secret> {
        &self.credential
    }

    /// Forgets what was found: the server is asked at the next use.
    pub fn ask_again(&self) {
        let mut state = self.state();
        state.found = Ways::default();
        state.looked_up = Some(self.clock.now());
        state.asked_again = true;
    }

    /// How an operation is done, without asking the server.
    pub async fn recall(&self, operation: Operation) -> Way {
        self.look_up().await;
        self.of(operation)
    }

    /// How an operation is done; where it is not known, its endpoint is asked for what it cannot do. What even that does
    /// not tell is tried by its endpoint.
    pub async fn way(&self, operation: Operation) -> Way {
        let known = self.recall(operation).await;
        if known != Way::Unknown {
            return known;
        }
        let answered = self.api.look_for(operation).await;
        tracing::debug!(operation = operation.word(), answer = ?answered.as_ref().ok(), "looked for an endpoint");
        match answered {
            Ok(Presence::There) => self.keep(operation, Way::Api).await,
            Ok(Presence::Missing) if self.is_up().await => self.keep(operation, Way::Assisted).await,
            // Two answers that look alike tell something where the other endpoints are missing, too.
            Ok(Presence::Untold) if self.lacks_the_others(operation).await => {
                self.keep(operation, Way::Assisted).await;
            }
            Err(error) if is_missing(&error.fault) && self.is_up().await => {
                self.keep(operation, Way::Assisted).await;
            }
            _ => {}
        }
        self.of(operation)
    }

    /// Asks once more whether the server has a list, whatever was found before.
    ///
    /// # Errors
    /// The server did not answer so that it can be told.
    pub async fn look_again(&self) -> Result<Way, ApiError> {
        self.look_up().await;
        if self.settled.list != Way::Unknown {
            return Ok(self.settled.list);
        }
        match self.api.look_for(Operation::List).await {
            Ok(Presence::Missing) if self.is_up().await => self.keep(Operation::List, Way::Assisted).await,
            Ok(Presence::There) => self.keep(Operation::List, Way::Api).await,
            Err(error) if is_missing(&error.fault) && self.is_up().await => {
                self.keep(Operation::List, Way::Assisted).await;
            }
            Ok(_) => {}
            Err(error) => return Err(error),
        }
        Ok(self.of(Operation::List))
    }

    /// The answer to a real request, from which the way is learnt where it is that of a server without the endpoint: then
    /// the request had no effect.
    async fn learnt(&self, error: ApiError) -> ApiError {
        if self.learn(&error).await {
            return self.api.failed(error.operation, error.fault);
        }
        error
    }

    async fn learn(&self, error: &ApiError) -> bool {
        let operation = error.operation;
        if self.settled_of(operation) != Way::Unknown || !is_missing(&error.fault) {
            return false;
        }
        let surely = matches!(error.fault, Fault::NoEndpoint(404 | 405 | 501));
        if !surely {
            // A page after a 2xx may stand before the API or behind it.
            let again = self.api.look_for(operation).await;
            let missing = match &again {
                Ok(presence) => *presence == Presence::Missing,
                Err(error) => is_missing(&error.fault),
            };
            if !missing {
                return false;
            }
        }
        let assisted = self.is_up().await;
        if assisted {
            self.keep(operation, Way::Assisted).await;
        }
        assisted
    }

    /// Takes note that an operation's endpoint did what it was asked. Written down only where the journal may say
    /// otherwise: nobody waits for the disk to learn what the next request shows as well.
    async fn has_one(&self, operation: Operation) {
        if self.of(operation) == Way::Api {
            return;
        }
        if self.state().asked_again {
            self.keep(operation, Way::Api).await;
        } else {
            self.set(operation, Way::Api);
        }
    }

    /// The tracked keys.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn tracked(&self) -> Result<Vec<Tracked>, JournalError> {
        self.journal.tracked(&self.scope).await
    }

    async fn look_up(&self) {
        let now = self.clock.now();
        let stale = {
            let mut state = self.state();
            let stale = state.looked_up.is_none_or(|at| now.duration_since(at).abs() >= FRESH);
            if stale {
                state.looked_up = Some(now);
                state.found = Ways::default();
            }
            stale
        };
        if !stale {
            return;
        }
        let Ok(kept) = self.journal.ways(&self.scope).await else {
            return;
        };
        let fresh = kept.iter().filter(|found| now.duration_since(found.at).abs() < FRESH);
        for found in fresh {
            self.set(found.operation, found.way);
        }
    }

    async fn keep(&self, operation: Operation, way: Way) {
        if self.of(operation) == way && !self.state().asked_again {
            return;
        }
        self.set(operation, way);
        tracing::info!(
            operation = operation.word(),
            way = way.word(),
            "found out how it is done"
        );
        let found = FoundWay {
            operation,
            way,
            at: self.clock.now(),
        };
        // What is not kept is only found out again.
        let _ = self.journal.keep_way(&self.scope, found).await;
    }

    /// Whether the server answers this credential as documented: only then a missing endpoint is one.
    async fn is_up(&self) -> bool {
        self.api.teams().await.is_ok()
    }

    async fn lacks_the_others(&self, operation: Operation) -> bool {
        for other in [Operation::List, Operation::Create] {
            if other == operation {
                continue;
            }
            let known = self.recall(other).await;
            if known == Way::Assisted && self.settled_of(other) == Way::Unknown {
                return self.is_up().await;
            }
        }
        false
    }

    fn set(&self, operation: Operation, way: Way) {
        let mut state = self.state();
        match operation {
            Operation::List => state.found.list = way,
            Operation::Create => state.found.create = way,
            Operation::Revoke => state.found.revoke = way,
            Operation::Teams => {}
        }
    }

    fn of(&self, operation: Operation) -> Way {
        of(self.known(), operation)
    }

    fn settled_of(&self, operation: Operation) -> Way {
        of(self.settled, operation)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn page(&self, page: u32) -> Result<KeyPage, ApiError> {
        let none = || KeyPage {
            keys: Vec::new(),
            total: Some(0),
        };
        if self.recall(Operation::List).await == Way::Assisted {
            return Ok(none());
        }
        let error = match self.api.list_page(page).await {
            Ok(read) => {
                self.has_one(Operation::List).await;
                return Ok(read);
            }
            Err(error) => error,
        };
        if page > 1 || self.settled_of(Operation::List) != Way::Unknown || !is_missing(&error.fault) {
            return Err(error);
        }
        match self.api.teams().await {
            Ok(_) => {
                self.keep(Operation::List, Way::Assisted).await;
                Ok(none())
            }
            Err(refused) if refused.fault == Fault::Unauthorized => Err(refused),
            Err(_) => Err(error),
        }
    }

    /// The list with the tracked keys that it lacks. One that it has under another id is left out, so that no key is shown
    /// twice.
    async fn whole(&self, mut listed: Vec<ApiKey>) -> Result<Vec<ApiKey>, ApiError> {
        let assisted = self.of(Operation::List) == Way::Assisted;
        let tracked = match self.journal.tracked(&self.scope).await {
            Ok(tracked) => tracked,
            Err(error) if assisted => {
                return Err(self.api.failed(Operation::List, Fault::Untracked(error.to_string())));
            }
            // The server's list is whole without.
            Err(_) => Vec::new(),
        };
        let own = if tracked.is_empty() {
            Vec::new()
        } else {
            let same = self.journal.find_by_value(Arc::clone(&self.credential)).await;
            same.unwrap_or_default()
        };
        let matched: HashSet<KeyId> = matches(&tracked, &listed)
            .into_iter()
            .map(|(one, _)| one.id.clone())
            .collect();
        // A key under the server's own id that its list lacks is gone.
        let shown: Vec<Tracked> = tracked
            .into_iter()
            .filter(|one| assisted || (one.id.is_local() && !matched.contains(&one.id)))
            .collect();
        listed.extend(shown.iter().map(Tracked::key));
        let mut state = self.state();
        state.matched = matched.len();
        state.own = own.into_iter().map(|known| known.id).collect();
        state.tracked = shown.into_iter().map(|one| (one.id.clone(), one)).collect();
        Ok(listed)
    }
}

/// The way of one operation; the documented one is there.
fn of(ways: Ways, operation: Operation) -> Way {
    match operation {
        Operation::List => ways.list,
        Operation::Create => ways.create,
        Operation::Revoke => ways.revoke,
        Operation::Teams => Way::Api,
    }
}

/// Whether an answer is that of a server without the endpoint; one that is down, slow, or refuses is not.
fn is_missing(fault: &Fault) -> bool {
    match fault {
        Fault::NoEndpoint(_) => true,
        Fault::Redirected { to, .. } => is_sign_in(to),
        _ => false,
    }
}

impl KeyApi for Finder {
    fn list_page(&self, page: u32) -> Answer<'_, Result<KeyPage, ApiError>> {
        Box::pin(self.page(page))
    }

    fn create<'a>(&'a self, name: &'a KeyName) -> Answer<'a, Result<CreatedKey, ApiError>> {
        Box::pin(async move {
            match self.api.create(name).await {
                Ok(created) => {
                    self.has_one(Operation::Create).await;
                    Ok(created)
                }
                Err(error) => Err(self.learnt(error).await),
            }
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Answer<'a, Result<(), ApiError>> {
        Box::pin(async move {
            if id.is_local() {
                return Err(self.api.failed(Operation::Revoke, Fault::NotTheirs));
            }
            match self.api.revoke(id).await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.learnt(error).await),
            }
        })
    }

    fn teams(&self) -> Answer<'_, Result<Vec<Team>, ApiError>> {
        self.api.teams()
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Answer<'a, Result<Probe, ApiError>> {
        self.api.probe(value)
    }

    fn is_own(&self, key: &ApiKey) -> Own {
        let by_value = self.state().own.contains(&key.id);
        if by_value { Own::Yes } else { self.api.is_own(key) }
    }

    fn clock_offset(&self) -> SignedDuration {
        self.api.clock_offset()
    }

    fn look_for(&self, operation: Operation) -> Answer<'_, Result<Presence, ApiError>> {
        self.api.look_for(operation)
    }

    fn with_tracked(&self, listed: Vec<ApiKey>) -> Answer<'_, Result<Vec<ApiKey>, ApiError>> {
        Box::pin(self.whole(listed))
    }

    fn remember<'a>(&'a self, key: &'a ApiKey) -> Answer<'a, ()> {
        Box::pin(async move {
            if self.of(Operation::List) != Way::Assisted {
                return;
            }
            let tracked = Tracked {
                id: key.id.clone(),
                name: key.name.clone(),
                created_at: key.created_at,
                prefix: key.prefix.clone(),
                last_four: key.last_four.clone(),
                owner: None,
                at: self.clock.now(),
                actor: self.actor.clone(),
            };
            if let Err(error) = self.journal.track(&self.scope, vec![tracked]).await {
                tracing::warn!(%error, "a new key is not tracked");
            }
        })
    }

    fn has_none(&self, operation: Operation) -> Answer<'_, ()> {
        Box::pin(async move {
            if self.settled_of(operation) == Way::Unknown && self.is_up().await {
                self.keep(operation, Way::Assisted).await;
            }
        })
    }

    fn source(&self, key: &ApiKey) -> Source {
        self.state().tracked.get(&key.id).map_or(Source::Api, Tracked::source)
    }

    fn failed(&self, operation: Operation, fault: Fault) -> ApiError {
        self.api.failed(operation, fault)
    }
}
