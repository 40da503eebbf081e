//! The Chatzuri API over HTTP: endpoints by name from config, liberal decoding, and every failure as a
//! [`Fault`](crate::ports::Fault) that says what is now true.
//!
//! One file per job: `endpoints` (what is asked), `client` (the TLS client, built at the first request), `exchange` (one
//! request and its bounded answer), `fault` (what broke on the way), `answer` (what a status means), `json` and
//! `decode` (what a body means), `retry` (when to ask again), `date` (HTTP's dates), `look`
//! (whether an endpoint is there), `api` (the port).

mod answer;
mod api;
mod client;
mod date;
mod decode;
mod endpoints;
mod exchange;
mod fault;
mod json;
mod look;
mod retry;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use endpoints::{BadEndpoint, Endpoint, EndpointNames, HttpMethod};
pub use retry::Backoff;

use crate::core::key::KeyName;
use crate::core::secret::Secret;
use crate::ports::{ApiError, BaseUrl, Clock, Connect, KeyApi};

/// How long and how much a request may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HttpLimits {
    /// Time to reach the server: name, TCP and TLS. Default: 5 s.
    pub connect: Duration,
    /// Time without a byte from the server. Default: 10 s.
    pub idle: Duration,
    /// Time for the whole of it, tries of a read and the waits between them included. Default: 30 s.
    pub total: Duration,
    /// Bytes of one decoded answer. Default: 8 MiB.
    pub body: usize,
    /// How a read that failed is asked again.
    pub backoff: Backoff,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            total: Duration::from_secs(30),
            body: 8 * 1024 * 1024,
            backoff: Backoff::default(),
        }
    }
}

/// Makes [`KeyApi`]s that speak HTTP. Cheap to make and to use: TLS and root certificates are loaded by the first
/// request, on a thread of their own, and once for all connections made from here.
pub struct HttpConnect {
    names: Arc<EndpointNames>,
    limits: HttpLimits,
    clients: Arc<client::Clients>,
    clock: Arc<dyn Clock>,
}

impl HttpConnect {
    /// Speaks to endpoints of these names, within [`HttpLimits::default`].
    #[must_use]
    pub fn new(names: EndpointNames, clock: Arc<dyn Clock>) -> Self {
        Self::with_limits(names, HttpLimits::default(), clock)
    }

    /// Speaks to endpoints of these names, within these limits.
    #[must_use]
    pub fn with_limits(names: EndpointNames, limits: HttpLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            names: Arc::new(names),
            limits,
            clients: Arc::new(client::Clients::new(limits)),
            clock,
        }
    }
}

/// Reads bytes as every answer of the contract, one after another, for the checks that play any bytes to the decoders.
#[doc(hidden)]
pub fn read_any_answer(body: &[u8]) {
    let (Ok(name), Ok(json)) = (KeyName::parse("Zapier"), json::parse(body)) else {
        return;
    };
    let root = json.root();
    let _ = decode::page(root);
    let _ = decode::teams(root);
    let _ = decode::created(root, &name);
    let _ = decode::message(root);
}

impl fmt::Debug for HttpConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnect")
            .field("names", &self.names)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Connect for HttpConnect {
    fn connect(&self, base_url: &BaseUrl, credential: Arc<Secret>) -> Result<Arc<dyn KeyApi>, ApiError> {
        let api = api::HttpApi::new(
            base_url,
            credential,
            Arc::clone(&self.names),
            self.limits,
            Arc::clone(&self.clients),
            Arc::clone(&self.clock),
        )?;
        Ok(Arc::new(api))
    }
}
