//! The API: its operations, its answers, and how a request fails.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::{Answer, BaseUrl};
use crate::core::key::{ApiKey, KeyId, KeyName, Own};
use crate::core::reading::{Bound, KeyPage};
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;

/// The three operations on keys that no public page documents, and the one that is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// List the team's keys.
    List,
    /// Create a key.
    Create,
    /// Revoke a key.
    Revoke,
    /// List the caller's teams: documented by the vendor, and our test of a credential.
    Teams,
}

/// A key just created: its metadata, and its value for the only time.
#[derive(Debug)]
pub struct CreatedKey {
    /// The key as the list will show it.
    pub key: ApiKey,
    /// The value.
    pub secret: Secret,
}

/// What a key's value answered to `GET /get-teams`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// 200: the value is alive; its team, as far as that tells.
    Alive(TeamIdentity),
    /// 401: the value is refused.
    Refused,
}

/// What an endpoint answered to a request that cannot succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is there: it refused what was asked, as the contract says.
    There,
    /// Nothing is there.
    Missing,
    /// The answer fits both.
    Untold,
}

/// The key endpoints of one server, spoken to with one credential.
pub trait KeyApi: Send + Sync {
    /// Reads one page of the list; `page` counts from 1.
    fn list_page(&self, page: u32) -> Answer<'_, Result<KeyPage, ApiError>>;

    /// Creates a key. Never sent twice.
    fn create<'a>(&'a self, name: &'a KeyName) -> Answer<'a, Result<CreatedKey, ApiError>>;

    /// Asks the server to revoke a key; success means it was accepted, not that the key is dead.
    fn revoke<'a>(&'a self, id: &'a KeyId) -> Answer<'a, Result<(), ApiError>>;

    /// The team this credential opens, as far as `get-teams` tells.
    fn teams(&self) -> Answer<'_, Result<TeamIdentity, ApiError>>;

    /// Asks `GET /get-teams` with another value, over a connection of its own.
    fn probe<'a>(&'a self, value: &'a Secret) -> Answer<'a, Result<Probe, ApiError>>;

    /// The same for a value that is leaked already and about to die: what its connection remembers of it harms nobody, so
    /// it may be the one kept for our other requests, and no time is lost with another.
    fn probe_leaked<'a>(&'a self, value: &'a Secret) -> Answer<'a, Result<Probe, ApiError>> {
        self.probe(value)
    }

    /// Whether `value` is the credential that this speaks with.
    fn speaks_with(&self, value: &Secret) -> bool;

    /// Whether `key`'s hint is that of our credential.
    fn is_own(&self, key: &ApiKey) -> Own;

    /// The server's clock minus ours, by the newest `Date` header; zero before the first answer.
    fn clock_offset(&self) -> SignedDuration;

    /// Asks an endpoint for what it cannot do, to see whether it is there: a key without a name, or the end of a key that
    /// does not exist. No key is made or revoked.
    fn look_for(&self, _operation: Operation) -> Answer<'_, Result<Presence, ApiError>> {
        Box::pin(async { Ok(Presence::Untold) })
    }

    /// A failure of `operation` that shows over several of its answers, each of them good; it had no effect.
    fn failed(&self, operation: Operation, fault: Fault) -> ApiError;
}

/// Whether a failed request can have had its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// It cannot: the request was not sent whole, or the server said no.
    None,
    /// It can: the request may have arrived and the answer says nothing about it.
    Possible,
}

/// A request that did not get its answer: which one, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// What was being done.
    pub operation: Operation,
    /// Method and path, as in `GET /get-api-keys`.
    pub endpoint: String,
    /// Host (and port) asked.
    pub host: String,
    /// What went wrong.
    pub fault: Fault,
    /// Whether the request can have had its effect all the same.
    pub consequence: Consequence,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 401: the credential is refused.
    Unauthorized,
    /// 403, with the server's message.
    Forbidden(Option<Label>),
    /// 404, with the server's message.
    NotFound(Option<Label>),
    /// The endpoint is not there: 404 or 405 or 501 on the endpoint itself, or a page of HTML.
    NoEndpoint(u16),
    /// The same from an endpoint that has worked: it is expected to work, so nothing follows from the answer.
    EndpointLost(u16),
    /// Another 4xx: the server's message says what it does not like.
    Rejected {
        /// The HTTP status.
        status: u16,
        /// The server's message.
        message: Option<Label>,
    },
    /// 429, and how long the server asks us to wait.
    RateLimited(Option<Duration>),
    /// 5xx, with the server's message.
    Server {
        /// The HTTP status.
        status: u16,
        /// The server's message.
        message: Option<Label>,
    },
    /// A redirect, which is never followed: the credential would travel.
    Redirected {
        /// The HTTP status.
        status: u16,
        /// Where it points.
        to: Label,
    },
    /// The answer is not what the contract says; names the field or what is wrong with it.
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// What is wrong, for a person.
        why: String,
    },
    /// The decoded answer is larger than this many bytes.
    TooLarge(usize),
    /// No connection; says why in a few words.
    Unreachable(String),
    /// The connection broke before the whole answer had come.
    Interrupted,
    /// No answer within this time.
    TimedOut(Duration),
    /// The list goes past what is read of one.
    PastBound(Bound),
    /// The key's id is this machine's own: the server was not asked.
    NotTheirs,
    /// The keys that only this machine knows of cannot be read from its journal; says why.
    Untracked(String),
    /// The client cannot be built on this machine; says what is missing.
    NoClient(String),
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, host, .. } = self;
        let said = |message: &Option<Label>| message.as_ref().map_or(String::new(), |m| format!(": {m}"));
        match &self.fault {
            Fault::Unauthorized => write!(
                f,
                "{host} refused your credential (401 to {endpoint}). Sign in again with a key that works."
            ),
            Fault::Forbidden(message) => write!(
                f,
                "{host} does not allow this credential to {} (403 to {endpoint}){}. Ask an owner or admin of the team.",
                self.operation.verb(),
                said(message)
            ),
            Fault::NotFound(message) => write!(f, "{host} answered 404 to {endpoint}{}.", said(message)),
            Fault::NoEndpoint(status) => write!(
                f,
                "{host} has no {endpoint} (it answered {status}). If your server names it differently, set \
                 [api.endpoints] in the config."
            ),
            Fault::EndpointLost(status) => write!(
                f,
                "{host} answered {endpoint} with {status}{}, and this endpoint worked before. Try again shortly. If the \
                 server renamed it, set [api.endpoints] in the config; if it is gone for good, set {} there.",
                if matches!(status, 200..300) {
                    " and a web page"
                } else {
                    ""
                },
                self.operation.manual_setting()
            ),
            Fault::Rejected { status, message } => {
                write!(f, "{host} rejected {endpoint} with {status}{}.", said(message))
            }
            Fault::RateLimited(Some(wait)) => write!(
                f,
                "{host} asks us to slow down (429 to {endpoint}). Try again in {} s.",
                wait.as_secs().max(1)
            ),
            Fault::RateLimited(None) => write!(
                f,
                "{host} asks us to slow down (429 to {endpoint}). Try again in a minute."
            ),
            Fault::Server { status, message } => write!(
                f,
                "{host} failed with {status} on {endpoint}{}. This is the server's fault; try again shortly.",
                said(message)
            ),
            Fault::Redirected { status, to } => write!(
                f,
                "{host} redirects {endpoint} to {to} ({status}). Your credential was not sent there. If that address \
                 is right, set it as base_url."
            ),
            Fault::Unreadable { status, why } => write!(
                f,
                "{host} answered {endpoint} with {status}, but the reply is not as expected: {why}. Check base_url \
                 and [api.endpoints]."
            ),
            Fault::TooLarge(limit) => write!(
                f,
                "{host} answered {endpoint} with more than {} MiB, so the reply was dropped. Check base_url.",
                limit / (1024 * 1024)
            ),
            Fault::Unreachable(why) => write!(
                f,
                "Cannot reach {host}: {why} ({endpoint}). Check the network and base_url."
            ),
            Fault::Interrupted => write!(
                f,
                "The connection to {host} broke before {endpoint} was answered. Check the network and try again."
            ),
            Fault::TimedOut(after) => write!(
                f,
                "{host} did not answer {endpoint} within {} s. Check the network and try again.",
                after.as_secs()
            ),
            Fault::PastBound(bound) => write!(
                f,
                "The list of {host} did not end within {bound} ({endpoint}). Check that server's paging."
            ),
            Fault::NotTheirs => write!(
                f,
                "{host} was not asked: you track this key here, and its id there is unknown. Revoke it in the browser."
            ),
            Fault::Untracked(why) => write!(
                f,
                "{host} cannot list keys, and the ones you track here cannot be read: {why}. Fix the state directory."
            ),
            Fault::NoClient(why) => write!(f, "This machine cannot make a secure connection: {why}."),
        }
    }
}

impl std::error::Error for ApiError {}

impl Operation {
    /// What a credential is asked to be allowed to do.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::List => "list keys",
            Self::Create => "create a key",
            Self::Revoke => "revoke this key",
            Self::Teams => "list its teams",
        }
    }

    /// The setting that leaves this operation to the person, for good.
    fn manual_setting(self) -> String {
        format!("[api] {} = \"manual\"", self.word())
    }

    /// The word for machine output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Create => "create",
            Self::Revoke => "revoke",
            Self::Teams => "teams",
        }
    }
}

/// Makes a [`KeyApi`]; the client behind it is built when first needed.
pub trait Connect: Send + Sync {
    /// Speaks to `base_url` with `credential`.
    ///
    /// # Errors
    /// [`Fault::NoClient`] where this machine cannot make a secure connection.
    fn connect(&self, base_url: &BaseUrl, credential: Arc<Secret>) -> Result<Arc<dyn KeyApi>, ApiError>;
}
