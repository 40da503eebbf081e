//! The port, done: one server, one credential.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::SignedDuration;
use reqwest::Url;
use serde_json::Value;
use tokio::time::Instant;

use crate::adapters::http::answer::Reply;
use crate::adapters::http::client::{Clients, Lane, NetworkRoute};
use crate::adapters::http::endpoints::EndpointNames;
use crate::adapters::http::exchange::{Ask, exchange};
use crate::adapters::http::fault::{Failure, consequence, present};
use crate::adapters::http::{HttpLimits, decode, json, retry};
use crate::core::key::{ApiKey, KeyId, KeyName, Own};
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;
use crate::ports::{Answer, ApiError, BaseUrl, Clock, CreatedKey, Fault, KeyApi, KeyPage, Operation, Presence, Probe};

pub(super) struct HttpApi {
    pub(super) base: BaseUrl,
    route: NetworkRoute,
    pub(super) credential: Arc<Secret>,
    pub(super) names: Arc<EndpointNames>,
    limits: HttpLimits,
    clients: Arc<Clients>,
    /// Ours, against which the server's `Date` is measured.
    clock: Arc<dyn Clock>,
    /// In milliseconds; zero before the first answer.
    offset: AtomicI64,
}

impl HttpApi {
    pub(super) fn new(
        base_url: &BaseUrl,
        credential: Arc<Secret>,
        names: Arc<EndpointNames>,
        limits: HttpLimits,
        clients: Arc<Clients>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ApiError> {
        // Asked of the parser that will be used, too: a credential must not travel in the clear over a disagreement.
        let route = Url::parse(base_url.as_str())
            .ok()
            .and_then(|url| NetworkRoute::to(&url));
        let Some(route) = route else {
            let failure = Failure::unsent(Fault::Unreachable(
                "base_url is not an address to connect to".to_owned(),
            ));
            return Err(report(base_url, &names, Operation::Teams, failure));
        };
        Ok(Self {
            base: base_url.clone(),
            route,
            credential,
            names,
            limits,
            clients,
            clock,
            offset: AtomicI64::new(0),
        })
    }

    fn error(&self, operation: Operation, failure: Failure) -> ApiError {
        report(&self.base, &self.names, operation, failure)
    }

    pub(super) fn ask<'a>(
        &self,
        operation: Operation,
        url: Option<Url>,
        bearer: &'a Secret,
    ) -> Result<Ask<'a>, Failure> {
        let url = url.ok_or_else(|| Failure::unsent(Fault::Unreachable("the address is not valid".to_owned())))?;
        Ok(Ask {
            method: self.names.method(operation),
            url,
            bearer,
            body: None,
        })
    }

    /// Sends once.
    pub(super) async fn once(
        &self,
        operation: Operation,
        lane: Lane,
        ask: &Ask<'_>,
        end: Instant,
    ) -> Result<Reply, Failure> {
        let client = self.clients.get(self.route, lane).await;
        let client = client.map_err(|why| Failure::unsent(Fault::NoClient(why)))?;
        let left = end.saturating_duration_since(Instant::now());
        let noticed = |offset: SignedDuration| {
            // Within the years that are believed, milliseconds always fit.
            let millis = i64::try_from(offset.as_millis()).unwrap_or_default();
            self.offset.store(millis, Ordering::Relaxed);
        };
        let began = Instant::now();
        let answered = exchange(client, ask, self.limits, left, &*self.clock, noticed).await;
        // Of the request its endpoint, of the answer its status: headers and bodies carry values.
        tracing::debug!(
            endpoint = %self.names.of(operation),
            host = self.base.host(),
            status = answered.as_ref().ok().map(|reply| reply.status),
            ms = began.elapsed().as_millis(),
            "asked the server"
        );
        answered?.judge(operation, ask.bearer)
    }

    /// Sends once, and again after a failure that may pass; all of it within the total time.
    async fn read(&self, operation: Operation, ask: &Ask<'_>) -> Result<Reply, Failure> {
        let end = self.end();
        let mut failed = 0;
        loop {
            let failure = match self.once(operation, Lane::Kept, ask, end).await {
                Ok(reply) => return Ok(reply),
                Err(failure) if !failure.again => return Err(failure),
                Err(failure) => failure,
            };
            failed += 1;
            match self.limits.backoff.wait(failed, failure.wait, retry::random()) {
                Some(wait) if Instant::now() + wait < end => tokio::time::sleep(wait).await,
                _ => return Err(failure),
            }
        }
    }

    pub(super) fn end(&self) -> Instant {
        Instant::now() + self.limits.total
    }

    async fn try_list(&self, page: u32) -> Result<KeyPage, Failure> {
        let ask = self.ask(Operation::List, self.names.page_url(&self.base, page), &self.credential)?;
        let reply = self.read(Operation::List, &ask).await?;
        understood(&reply, &self.credential, decode::page)
    }

    async fn try_create(&self, name: &KeyName) -> Result<CreatedKey, Failure> {
        let operation = Operation::Create;
        let mut ask = self.ask(operation, self.names.plain_url(&self.base, operation), &self.credential)?;
        ask.body = Some(serde_json::json!({ "name": name.as_str() }).to_string().into_bytes());
        let reply = self.once(operation, Lane::Own, &ask, self.end()).await?;
        understood(&reply, &self.credential, |root| decode::created(root, name))
    }

    pub(super) async fn try_revoke(&self, id: &KeyId) -> Result<(), Failure> {
        let ask = self.ask_revoke(id)?;
        self.once(Operation::Revoke, Lane::Kept, &ask, self.end()).await?;
        Ok(())
    }

    pub(super) fn ask_revoke(&self, id: &KeyId) -> Result<Ask<'_>, Failure> {
        let url = self.names.revoke_url(&self.base, id);
        Ok(Ask {
            body: self.names.revoke_body(id),
            ..self.ask(Operation::Revoke, url, &self.credential)?
        })
    }

    async fn try_teams(&self) -> Result<TeamIdentity, Failure> {
        let operation = Operation::Teams;
        let ask = self.ask(operation, self.names.plain_url(&self.base, operation), &self.credential)?;
        let reply = self.read(operation, &ask).await?;
        understood(&reply, &self.credential, decode::teams)
    }

    /// Sent once, whatever comes: the caller counts the answers.
    async fn try_probe(&self, value: &Secret, lane: Lane) -> Result<Probe, Failure> {
        let operation = Operation::Teams;
        let ask = self.ask(operation, self.names.plain_url(&self.base, operation), value)?;
        match self.once(operation, lane, &ask, self.end()).await {
            Ok(reply) => understood(&reply, value, decode::teams).map(Probe::Alive),
            Err(Failure {
                fault: Fault::Unauthorized,
                ..
            }) => Ok(Probe::Refused),
            Err(failure) => Err(failure),
        }
    }
}

impl KeyApi for HttpApi {
    fn list_page(&self, page: u32) -> Answer<'_, Result<KeyPage, ApiError>> {
        Box::pin(async move {
            self.try_list(page)
                .await
                .map_err(|why| self.error(Operation::List, why))
        })
    }

    fn create<'a>(&'a self, name: &'a KeyName) -> Answer<'a, Result<CreatedKey, ApiError>> {
        Box::pin(async move {
            self.try_create(name)
                .await
                .map_err(|why| self.error(Operation::Create, why))
        })
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Answer<'a, Result<(), ApiError>> {
        Box::pin(async move {
            self.try_revoke(id)
                .await
                .map_err(|why| self.error(Operation::Revoke, why))
        })
    }

    fn teams(&self) -> Answer<'_, Result<TeamIdentity, ApiError>> {
        Box::pin(async move { self.try_teams().await.map_err(|why| self.error(Operation::Teams, why)) })
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Answer<'a, Result<Probe, ApiError>> {
        Box::pin(async move {
            self.try_probe(value, Lane::Own)
                .await
                .map_err(|why| self.error(Operation::Teams, why))
        })
    }

    fn probe_leaked<'a>(&'a self, value: &'a Secret) -> Answer<'a, Result<Probe, ApiError>> {
        Box::pin(async move {
            self.try_probe(value, Lane::Kept)
                .await
                .map_err(|why| self.error(Operation::Teams, why))
        })
    }

    fn speaks_with(&self, value: &Secret) -> bool {
        *self.credential == *value
    }

    fn is_own(&self, key: &ApiKey) -> Own {
        own(&self.credential, key)
    }

    fn clock_offset(&self) -> SignedDuration {
        SignedDuration::from_millis(self.offset.load(Ordering::Relaxed))
    }

    fn look_for(&self, operation: Operation) -> Answer<'_, Result<Presence, ApiError>> {
        Box::pin(async move {
            let looked = match operation {
                Operation::List => self.try_list(1).await.map(|_| Presence::There).or_else(present),
                Operation::Create => self.look_for_create().await,
                Operation::Revoke => self.look_for_revoke().await,
                Operation::Teams => Ok(Presence::There),
            };
            looked.map_err(|why| self.error(operation, why))
        })
    }

    fn failed(&self, operation: Operation, fault: Fault) -> ApiError {
        self.error(operation, Failure::unsent(fault))
    }
}

fn report(base: &BaseUrl, names: &EndpointNames, operation: Operation, failure: Failure) -> ApiError {
    ApiError {
        operation,
        endpoint: names.of(operation).to_string(),
        host: base.host().to_owned(),
        consequence: consequence(operation, &failure),
        fault: failure.fault,
    }
}

/// What a reply means. `sent` is the secret the request carried, which it may repeat in any field.
pub(super) fn understood<T>(
    reply: &Reply,
    sent: &Secret,
    decode: impl FnOnce(&Value) -> Result<T, String>,
) -> Result<T, Failure> {
    let read = json::parse(&reply.body).and_then(|json| decode(json.hide(sent).root()));
    read.map_err(|why| {
        Failure::sent(Fault::Unreadable {
            status: reply.status,
            why,
        })
    })
}

/// Both ends of the hint must fit for a yes, and one that does not is enough for a no.
fn own(credential: &Secret, key: &ApiKey) -> Own {
    // Some servers write the hidden middle into the hint: `cz_Iz1P…`, `****CpSn`.
    let dots = ['…', '.', '*', '•'];
    let raw = |label: &Option<Label>| label.as_ref().map(|l| l.raw().trim().to_owned()).unwrap_or_default();
    let (prefix, last_four) = (raw(&key.prefix), raw(&key.last_four));
    let (prefix, last_four) = (prefix.trim_end_matches(dots), last_four.trim_start_matches(dots));
    let starts = credential.expose().starts_with(prefix);
    let ends = credential.expose().ends_with(last_four);
    match (prefix.is_empty(), last_four.is_empty()) {
        _ if !starts || !ends => Own::No,
        (false, false) if credential.fits_hint(prefix, last_four) => Own::Yes,
        _ => Own::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::key::LastUse;

    #[test]
    fn own_needs_both_ends_and_one_contradiction_is_a_no() {
        let credential = Secret::parse("cz_Iz1P0123456789abcdefCpSn").unwrap();
        let own = |prefix: Option<&str>, last_four: Option<&str>| {
            let key = ApiKey {
                id: KeyId::new("k1").unwrap(),
                name: Label::new(""),
                created_at: None,
                last_used_at: LastUse::Unknown,
                created_by: None,
                prefix: prefix.map(Label::new),
                last_four: last_four.map(Label::new),
            };
            own(&credential, &key)
        };
        assert_eq!(own(Some("cz_Iz1P"), Some("CpSn")), Own::Yes);
        assert_eq!(own(Some("cz_Iz1P…"), Some("****CpSn")), Own::Yes);
        assert_eq!(own(Some("cz_Iz1P"), Some("Zzzz")), Own::No);
        assert_eq!(own(Some("cz_Other"), Some("CpSn")), Own::No);
        assert_eq!(own(None, Some("Zzzz")), Own::No);
        assert_eq!(own(Some("cz_Other"), None), Own::No);
        assert_eq!(own(None, Some("CpSn")), Own::Unknown);
        assert_eq!(own(Some("cz_Iz1P"), None), Own::Unknown);
        assert_eq!(own(Some(""), Some("")), Own::Unknown);
        assert_eq!(own(None, None), Own::Unknown);
    }
}
