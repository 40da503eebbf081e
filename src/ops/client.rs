//! How each operation is done, found out and kept.

mod listed;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::core::capability::{Capabilities, Capability, EndpointState, is_sign_in};
use crate::core::key::{ApiKey, KeyId};
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;
use crate::core::tracked::Tracked;
use crate::ops::profile::Profile;
use crate::ports::{
    ApiError, BaseUrl, Clock, Consequence, Fault, FoundCapability, Journal, JournalError, KeyApi, Operation, Ports,
    Presence, Scope, Settled,
};

/// How long it counts that an endpoint is there or missing before the server is asked again.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// An API that knows how each operation is done. Where the server has no list, its list is what is tracked here.
pub struct TeamClient {
    api: Arc<dyn KeyApi>,
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    scope: Scope,
    settled: Capabilities,
    credential: Arc<Secret>,
    actor: Label,
    state: Mutex<ClientState>,
    /// Whether it leaves the notes of this machine alone.
    is_bare: bool,
}

#[derive(Default)]
struct ClientState {
    /// What was seen of each operation's endpoint, by this run or by one before it.
    found: HashMap<Operation, EndpointState>,
    /// When the journal was asked.
    looked_up: Option<Timestamp>,
    /// Whether what the journal has may be out of date.
    asked_again: bool,
    /// The team our credential opens, as far as the server told; `None` before it was asked.
    team: Option<TeamIdentity>,
    /// The tracked keys of the last list.
    tracked: HashMap<KeyId, Tracked>,
    /// Those of them whose value is our credential.
    own: HashSet<KeyId>,
    /// What a look may have left behind, in a sentence.
    doubt: Option<String>,
    /// Those of them that are in the server's list, by their id there.
    matched: HashMap<KeyId, KeyId>,
}

impl TeamClient {
    /// Finds out for `profile`, whose server is spoken to through `api` with `credential`.
    #[must_use]
    pub fn new(ports: &Ports, profile: &Profile, api: Arc<dyn KeyApi>, credential: Arc<Secret>) -> Self {
        Self {
            api,
            journal: Arc::clone(&ports.journal),
            clock: Arc::clone(&ports.clock),
            scope: profile.scope(),
            settled: profile.manual.settled,
            credential,
            actor: ports.actor.clone(),
            state: Mutex::default(),
            is_bare: false,
        }
    }

    /// Speaks with a value that is nobody's sign-in, such as a leaked key: nothing of it is noted or found out here.
    #[must_use]
    pub fn bare(ports: &Ports, base: &BaseUrl, api: Arc<dyn KeyApi>, value: Arc<Secret>) -> Self {
        let settled = Capabilities {
            list: Capability::Endpoint,
            create: Capability::Endpoint,
            revoke: Capability::Endpoint,
        };
        Self {
            api,
            journal: Arc::clone(&ports.journal),
            clock: Arc::clone(&ports.clock),
            scope: Scope::Credential {
                host: base.host().to_owned(),
                value: Arc::clone(&value),
            },
            settled,
            credential: value,
            actor: ports.actor.clone(),
            state: Mutex::default(),
            is_bare: true,
        }
    }

    /// How each operation is done, as far as is known now.
    #[must_use]
    pub fn known(&self) -> Capabilities {
        Capabilities {
            list: self.of(Operation::List),
            create: self.of(Operation::Create),
            revoke: self.of(Operation::Revoke),
        }
    }

    /// How many tracked keys stand in the server's list under another id, as of the last list.
    #[must_use]
    pub fn matched(&self) -> usize {
        self.state().matched.len()
    }

    /// The credential we are signed in with.
    #[must_use]
    pub fn credential(&self) -> &Arc<Secret> {
        &self.credential
    }

    /// Forgets what was found, but for the endpoints that worked: the server is asked at the next use.
    pub fn ask_again(&self) {
        let mut state = self.state();
        state.found.retain(|_, seen| seen.lasts());
        state.looked_up = None;
        state.asked_again = true;
    }

    /// How an operation is done, without asking the server.
    pub async fn recall(&self, operation: Operation) -> Capability {
        self.look_up().await;
        self.of(operation)
    }

    /// How an operation is done; where it is not known, its endpoint is asked for what it cannot do. What even that does
    /// not tell is tried by its endpoint.
    pub async fn capability(&self, operation: Operation) -> Capability {
        let known = self.recall(operation).await;
        if known != Capability::Unknown {
            return known;
        }
        let answered = self.api.look_for(operation).await;
        tracing::debug!(operation = operation.word(), answer = ?answered.as_ref().ok(), "looked for an endpoint");
        match answered {
            Ok(Presence::There) => self.keep(operation, EndpointState::There).await,
            // Two answers that look alike tell something where the other endpoints are missing, too.
            Ok(Presence::Untold) if self.lacks_the_others(operation).await => {
                self.keep(operation, EndpointState::Missing).await;
            }
            answered if looks_missing(&answered, false) => {
                self.call_missing(operation, false).await;
            }
            // A server that takes whatever it is sent may have made a key.
            Err(error) if operation == Operation::Create && error.consequence == Consequence::Possible => {
                let sentence = format!(
                    "We tested whether the server can create keys, with a name no key can have. {error} If the list \
                     has a key without a name, revoke it."
                );
                self.state().doubt = Some(sentence);
            }
            _ => {}
        }
        self.of(operation)
    }

    /// What a look for an endpoint may have left behind, in a sentence; told once.
    pub fn take_doubt(&self) -> Option<String> {
        self.state().doubt.take()
    }

    /// Asks once more whether the server has a list, whatever was found before.
    ///
    /// # Errors
    /// The server did not answer so that it can be told.
    pub async fn look_again(&self) -> Result<Capability, ApiError> {
        self.look_up().await;
        if self.settled.list != Capability::Unknown {
            return Ok(self.settled.list);
        }
        match self.api.list_page(1).await {
            Ok(_) => self.keep(Operation::List, EndpointState::Worked).await,
            Err(error) if self.has_worked(Operation::List) => return Err(self.lost(error)),
            Err(error) if is_missing(&error.fault) => {
                self.call_missing(Operation::List, false).await;
            }
            Err(error) => return Err(error),
        }
        Ok(self.of(Operation::List))
    }

    /// The answer to a real request, from which the way is learnt where it is that of a server without the endpoint: then
    /// the request had no effect.
    async fn learnt(&self, error: ApiError) -> ApiError {
        let operation = error.operation;
        if self.settled_of(operation) != Capability::Unknown || !is_missing(&error.fault) {
            return error;
        }
        self.look_up().await;
        if self.has_worked(operation) {
            return self.lost(error);
        }
        if self.call_missing(operation, false).await {
            return self.api.failed(operation, error.fault);
        }
        error
    }

    /// Calls an endpoint missing whose answer said so once: when the answer repeats, and the server answers this credential
    /// as documented before and after it. Where `untold` counts, an answer that fits both repeats the first.
    async fn call_missing(&self, operation: Operation, untold: bool) -> bool {
        let missing = !self.has_worked(operation)
            && self.is_up().await
            && looks_missing(&self.api.look_for(operation).await, untold)
            && self.is_up().await;
        if missing {
            self.keep(operation, EndpointState::Missing).await;
        }
        missing
    }

    /// An answer like that of a missing endpoint, from one that worked.
    fn lost(&self, error: ApiError) -> ApiError {
        let status = match &error.fault {
            Fault::NoEndpoint(status) => *status,
            Fault::Redirected { status, to } if is_sign_in(to) => *status,
            _ => return error,
        };
        ApiError {
            fault: Fault::EndpointLost(status),
            ..error
        }
    }

    fn has_worked(&self, operation: Operation) -> bool {
        self.state().found.get(&operation) == Some(&EndpointState::Worked)
    }

    /// Settles whose notes ours are, by what the server told of our team.
    async fn settle(&self, team: Option<TeamIdentity>) -> Result<Settled, JournalError> {
        if self.is_bare {
            return Ok(Settled {
                by_credential: true,
                others: false,
            });
        }
        let credential = Arc::clone(&self.credential);
        match self.journal.settle(&self.scope, credential, team).await {
            // What can only be read stays as it is.
            Err(JournalError::ReadOnly | JournalError::Full) => Ok(Settled {
                by_credential: true,
                others: false,
            }),
            settled => settled,
        }
    }

    /// Settles whose notes ours are before they are read, by the keys of the list, too. Of a credential that is new here
    /// the server is asked for its team where there are notes, so that no other team's are read.
    async fn settle_by(&self, listed: &[ApiKey]) -> Result<(), JournalError> {
        let told = self.state().team.clone();
        let mut settled = self.settle(told).await?;
        if !settled.by_credential && settled.others && self.teams().await.is_ok() {
            let told = self.state().team.clone();
            settled = self.settle(told).await?;
        }
        if settled.by_credential && settled.others {
            let ids = listed.iter().map(|key| key.id.clone()).collect();
            match self.journal.claim(&self.scope, ids).await {
                Ok(()) | Err(JournalError::ReadOnly | JournalError::Full) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The tracked keys of the team our credential opens.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub async fn tracked(&self) -> Result<Vec<Tracked>, JournalError> {
        if self.is_bare {
            return Ok(Vec::new());
        }
        let mut tracked = self.journal.tracked(&self.scope).await?;
        if !tracked.is_empty() {
            let team = self.team().await;
            tracked.retain(|one| one.is_of(&team));
        }
        Ok(tracked)
    }

    /// The team our credential opens, as far as the server tells.
    pub async fn team(&self) -> TeamIdentity {
        let told = self.state().team.clone();
        match told {
            Some(team) => team,
            None => self.teams().await.unwrap_or_default(),
        }
    }

    async fn look_up(&self) {
        if self.is_bare {
            return;
        }
        let now = self.clock.now();
        let stale = {
            let mut state = self.state();
            let stale = state.looked_up.is_none_or(|at| now.duration_since(at).abs() >= FRESH);
            if stale {
                state.looked_up = Some(now);
                state.found.retain(|_, seen| seen.lasts());
            }
            stale
        };
        if !stale {
            return;
        }
        let Ok(kept) = self.journal.capabilities(&self.scope).await else {
            return;
        };
        let mut state = self.state();
        let is_fresh = |found: &FoundCapability| !state.asked_again && now.duration_since(found.at).abs() < FRESH;
        let counting = kept.into_iter().filter(|found| found.state.lasts() || is_fresh(found));
        let counting: Vec<_> = counting.map(|found| (found.operation, found.state)).collect();
        state.found.extend(counting);
    }

    async fn keep(&self, operation: Operation, seen: EndpointState) {
        if let Some(found) = self.note(operation, seen) {
            // What is not kept is only found out again.
            let _ = self.journal.keep_capability(&self.scope, found).await;
        }
    }

    /// The same where nobody may wait for the disk: a value is about to be watched to its death.
    fn keep_aside(&self, operation: Operation, seen: EndpointState) {
        if let Some(found) = self.note(operation, seen) {
            let (journal, scope) = (Arc::clone(&self.journal), self.scope.clone());
            tokio::spawn(async move { journal.keep_capability(&scope, found).await });
        }
    }

    /// Takes note of what was seen; `Some`: it is news to the journal.
    fn note(&self, operation: Operation, seen: EndpointState) -> Option<FoundCapability> {
        {
            let mut state = self.state();
            let before = state.found.insert(operation, seen);
            if self.is_bare || before == Some(seen) && (seen.lasts() || !state.asked_again) {
                return None;
            }
        }
        tracing::info!(
            operation = operation.word(),
            state = seen.word(),
            "found out how it is done"
        );
        Some(FoundCapability {
            operation,
            state: seen,
            at: self.clock.now(),
        })
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
            if known == Capability::Manual && self.settled_of(other) == Capability::Unknown {
                return self.is_up().await;
            }
        }
        false
    }

    fn of(&self, operation: Operation) -> Capability {
        match self.settled_of(operation) {
            Capability::Unknown => self
                .state()
                .found
                .get(&operation)
                .map_or(Capability::Unknown, |seen| seen.capability()),
            settled => settled,
        }
    }

    fn settled_of(&self, operation: Operation) -> Capability {
        of(self.settled, operation)
    }

    fn state(&self) -> MutexGuard<'_, ClientState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way of one operation; the documented one is there.
fn of(capabilities: Capabilities, operation: Operation) -> Capability {
    match operation {
        Operation::List => capabilities.list,
        Operation::Create => capabilities.create,
        Operation::Revoke => capabilities.revoke,
        Operation::Teams => Capability::Endpoint,
    }
}

/// Whether a look was answered as by a server without the endpoint.
fn looks_missing(answered: &Result<Presence, ApiError>, untold: bool) -> bool {
    match answered {
        Ok(presence) => *presence == Presence::Missing || (untold && *presence == Presence::Untold),
        Err(error) => is_missing(&error.fault),
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
