//! The API as everything else sees it: where the server has no list, its list is what is tracked here.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::SignedDuration;

use super::{TeamClient, is_missing};
use crate::core::capability::{Capability, EndpointState};
use crate::core::key::{ApiKey, KeyId, KeyName, Own};
use crate::core::listing::Source;
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::core::tracked::{Tracked, matches};
use crate::ports::{ApiError, CreatedKey, Fault, KeyPage, Operation, Probe};

impl TeamClient {
    async fn page(&self, page: u32) -> Result<KeyPage, ApiError> {
        let none = || KeyPage {
            total: Some(0),
            ..KeyPage::default()
        };
        if self.recall(Operation::List).await == Capability::Manual {
            return Ok(none());
        }
        let error = match self.api.list_page(page).await {
            Ok(read) => {
                self.keep(Operation::List, EndpointState::Worked).await;
                return Ok(read);
            }
            Err(error) => error,
        };
        if self.settled_of(Operation::List) != Capability::Unknown || !is_missing(&error.fault) {
            return Err(error);
        }
        if page > 1 || self.has_worked(Operation::List) {
            return Err(self.lost(error));
        }
        match self.api.teams().await {
            Ok(_) => {}
            Err(refused) if refused.fault == Fault::Unauthorized => return Err(refused),
            Err(_) => return Err(error),
        }
        match self.api.list_page(page).await {
            Ok(read) => {
                self.keep(Operation::List, EndpointState::Worked).await;
                Ok(read)
            }
            Err(again) if is_missing(&again.fault) && self.is_up().await => {
                self.keep(Operation::List, EndpointState::Missing).await;
                Ok(none())
            }
            Err(again) => Err(again),
        }
    }

    /// The list with the tracked keys that it lacks. One that it has under another id is left out, so that no key is shown
    /// twice.
    async fn whole(&self, mut listed: Vec<ApiKey>) -> Result<Vec<ApiKey>, ApiError> {
        let manual = self.of(Operation::List) == Capability::Manual;
        let read = match self.settle_by(&listed).await {
            Ok(()) => self.tracked().await,
            Err(error) => Err(error),
        };
        let tracked = match read {
            Ok(tracked) => tracked,
            Err(error) if manual => {
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
        let matched: HashMap<KeyId, KeyId> = matches(&tracked, &listed)
            .into_iter()
            .map(|(one, key)| (key.id.clone(), one.id.clone()))
            .collect();
        let is_matched = |id: &KeyId| matched.values().any(|one| one == id);
        // A key under the server's own id that its list lacks is gone.
        let shown: Vec<Tracked> = tracked
            .into_iter()
            .filter(|one| manual || (one.id.is_local() && !is_matched(&one.id)))
            .collect();
        listed.extend(shown.iter().map(Tracked::key));
        let mut state = self.state();
        state.matched = matched;
        state.own = own.into_iter().map(|known| known.id).collect();
        state.tracked = shown.into_iter().map(|one| (one.id.clone(), one)).collect();
        Ok(listed)
    }
}

impl TeamClient {
    /// Reads one page of the list; `page` counts from 1. Where the server has no list, it is empty.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn list_page(&self, page: u32) -> Result<KeyPage, ApiError> {
        self.page(page).await
    }

    /// Creates a key. Never sent twice.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn create(&self, name: &KeyName) -> Result<CreatedKey, ApiError> {
        match self.api.create(name).await {
            Ok(created) => Ok(created),
            Err(error) => Err(self.learnt(error).await),
        }
    }

    /// Asks the server to revoke a key; success means it was accepted, not that the key is dead.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn revoke(&self, id: &KeyId) -> Result<(), ApiError> {
        if id.is_local() {
            return Err(self.api.failed(Operation::Revoke, Fault::NotTheirs));
        }
        match self.api.revoke(id).await {
            Ok(()) => {
                self.keep_aside(Operation::Revoke, EndpointState::Worked);
                Ok(())
            }
            Err(error) => Err(self.learnt(error).await),
        }
    }

    /// The team this credential opens, as far as `get-teams` tells.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn teams(&self) -> Result<TeamIdentity, ApiError> {
        let team = self.api.teams().await?;
        let before = self.state().team.replace(team.clone());
        // What could not be settled is settled by the next answer, or when the notes are read.
        if before.as_ref() != Some(&team) && self.settle(Some(team.clone())).await.is_err() {
            self.state().team = before;
        }
        Ok(team)
    }

    /// Asks `GET /get-teams` with another value, over a connection of its own.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn probe(&self, value: &Secret) -> Result<Probe, ApiError> {
        self.api.probe(value).await
    }

    /// The same for a value that is leaked already and about to die: it may go over the connection that is kept.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn probe_leaked(&self, value: &Secret) -> Result<Probe, ApiError> {
        self.api.probe_leaked(value).await
    }

    /// Whether `value` is the credential that this speaks with.
    #[must_use]
    pub fn speaks_with(&self, value: &Secret) -> bool {
        self.api.speaks_with(value)
    }

    /// Whether `key` is our credential's.
    #[must_use]
    pub fn is_own(&self, key: &ApiKey) -> Own {
        let by_value = self.state().own.contains(&key.id);
        if by_value { Own::Yes } else { self.api.is_own(key) }
    }

    /// The server's clock minus ours, by the newest `Date` header; zero before the first answer.
    #[must_use]
    pub fn clock_offset(&self) -> SignedDuration {
        self.api.clock_offset()
    }

    /// The whole list, with the keys that only this machine knows of; `listed` is what the server's list has.
    ///
    /// # Errors
    /// The tracked keys are all there is, and cannot be read.
    pub async fn with_tracked(&self, listed: Vec<ApiKey>) -> Result<Vec<ApiKey>, ApiError> {
        self.whole(listed).await
    }

    /// Whether the last list was the server's: one of tracked keys alone does not show what the server has.
    #[must_use]
    pub fn has_list(&self) -> bool {
        self.of(Operation::List) != Capability::Manual
    }

    /// Remembers a key that was just made, where no list of the server will show it.
    pub async fn remember(&self, key: &ApiKey) {
        // Written down only now that its value is safe.
        self.keep(Operation::Create, EndpointState::Worked).await;
        if self.of(Operation::List) != Capability::Manual {
            return;
        }
        let tracked = Tracked {
            id: key.id.clone(),
            name: key.name.clone(),
            created_at: key.created_at,
            prefix: key.prefix.clone(),
            last_four: key.last_four.clone(),
            owner: None,
            team: self.team().await.known_id(),
            at: self.clock.now(),
            actor: self.actor.clone(),
        };
        if let Err(error) = self.journal.track(&self.scope, vec![tracked]).await {
            tracing::warn!(%error, "a new key is not tracked");
        }
    }

    /// Looks whether an operation has no endpoint, after it said that it knows no such key. Where the list still has that key
    /// (`listed`), an answer to a look that fits both says so, too.
    pub async fn refused_all(&self, operation: Operation, listed: bool) {
        if self.settled_of(operation) == Capability::Unknown {
            self.look_up().await;
            self.call_missing(operation, listed).await;
        }
    }

    /// Who says that a key of the last list is there.
    #[must_use]
    pub fn source(&self, key: &ApiKey) -> Source {
        let state = self.state();
        let both = |tracked: &KeyId| Source::Both {
            tracked: tracked.clone(),
        };
        let here = state.tracked.get(&key.id).map(Tracked::source);
        let listed = || state.matched.get(&key.id).map(both);
        here.or_else(listed).unwrap_or_default()
    }

    /// A failure of `operation` that shows over several of its answers, each of them good; it had no effect.
    #[must_use]
    pub fn failed(&self, operation: Operation, fault: Fault) -> ApiError {
        self.api.failed(operation, fault)
    }
}
