//! What the outside must be able to do, as traits; the adapters do it, the ops use it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::core::activity::Activity;
use crate::core::creation::{Creation, Event, Illegal, Intent, Minted, OpId};
use crate::core::key::{ApiKey, KeyId, KeyName, Own, Team};
use crate::core::listing::Listing;
use crate::core::secret::Secret;
use crate::core::snooze::Snooze;
use crate::core::text::Label;

/// A boxed future, so that a port can be used behind `dyn`.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Keys asked for on one page of the list; the contract's own figure.
pub const PAGE_SIZE: u32 = 100;
/// Pages read of one list before it is called endless.
pub const PAGE_LIMIT: u32 = 2_000;

// ---------------------------------------------------------------------------------------------------------- the API

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

/// One page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys of this page, in the server's order.
    pub keys: Vec<ApiKey>,
    /// How many keys the whole list has, where the server says.
    pub total: Option<u64>,
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
    /// 200: the value is alive and opens these teams.
    Alive(Vec<Team>),
    /// 401: the value is refused.
    Refused,
}

/// The key endpoints of one server, spoken to with one credential.
pub trait KeyApi: Send + Sync {
    /// Reads one page of the list; `page` counts from 1.
    fn list_page(&self, page: u32) -> Answer<'_, Result<KeyPage, ApiError>>;

    /// Creates a key. Never sent twice.
    fn create<'a>(&'a self, name: &'a KeyName) -> Answer<'a, Result<CreatedKey, ApiError>>;

    /// Asks the server to revoke a key; success means it was accepted, not that the key is dead.
    fn revoke<'a>(&'a self, id: &'a KeyId) -> Answer<'a, Result<(), ApiError>>;

    /// Lists the teams this credential opens.
    fn teams(&self) -> Answer<'_, Result<Vec<Team>, ApiError>>;

    /// Asks `GET /get-teams` with another value, over a connection of its own.
    fn probe<'a>(&'a self, value: &'a Secret) -> Answer<'a, Result<Probe, ApiError>>;

    /// Whether `key`'s hint is that of our credential.
    fn is_own(&self, key: &ApiKey) -> Own;

    /// The server's clock minus ours, by the newest `Date` header; zero before the first answer.
    fn clock_offset(&self) -> SignedDuration;

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
    /// The list did not end within [`PAGE_LIMIT`] pages.
    Endless,
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
                "{host} refused our credential (401 to {endpoint}). Sign in again with a key that is alive."
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
                "{host} has no {endpoint} (it answered {status}). If the deployment names it differently, set \
                 [api.endpoints] in the config."
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
                "{host} redirects {endpoint} to {to} ({status}), and a credential is not sent after a redirect. If that \
                 address is right, set it as base_url."
            ),
            Fault::Unreadable { status, why } => write!(
                f,
                "{host} answered {endpoint} with {status}, but the reply is not what the contract says: {why}. Check \
                 base_url and [api.endpoints]."
            ),
            Fault::TooLarge(limit) => write!(
                f,
                "{host} answered {endpoint} with more than {} MiB, so the reply was dropped. Check base_url.",
                limit / (1024 * 1024)
            ),
            Fault::Unreachable(why) => write!(
                f,
                "{host} cannot be reached: {why} ({endpoint}). Check the network and base_url."
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
            Fault::Endless => write!(
                f,
                "The list of {host} did not end after {PAGE_LIMIT} pages of {endpoint}. Check the paging of that server."
            ),
            Fault::NoClient(why) => write!(f, "No secure connection can be made from this machine: {why}."),
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
}

/// Where an API lives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    /// The address without a trailing slash, as in `https://www.chatzuri.com/api/v1`.
    text: String,
    /// Host, and the port where one is given.
    host: String,
}

/// Why an address cannot be the API's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBaseUrl {
    /// Not `https://HOST…` nor `http://LOOPBACK…`.
    NotAnAddress,
    /// Plain HTTP to a host other than this machine.
    Insecure,
    /// It carries a user name, a query or a fragment.
    Decorated,
}

impl fmt::Display for BadBaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnAddress => "it is not an address such as https://www.chatzuri.com/api/v1",
            Self::Insecure => "a credential travels over https only (http is for this machine's own loopback)",
            Self::Decorated => "it must hold no user name, query or fragment",
        })
    }
}

impl std::error::Error for BadBaseUrl {}

impl BaseUrl {
    /// Takes an address as written in config or an argument.
    ///
    /// # Errors
    /// [`BadBaseUrl`] for anything but `https`, or `http` to the loopback.
    pub fn parse(text: &str) -> Result<Self, BadBaseUrl> {
        let text = text.trim().trim_end_matches('/');
        let (scheme, rest) = text.split_once("://").ok_or(BadBaseUrl::NotAnAddress)?;
        let host = rest.split('/').next().unwrap_or_default();
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_');
        if rest.contains(['@', '?', '#']) {
            return Err(BadBaseUrl::Decorated);
        }
        if host.is_empty() || host.starts_with(':') || !host.chars().all(legal) {
            return Err(BadBaseUrl::NotAnAddress);
        }
        if rest.chars().any(|c| !c.is_ascii_graphic() || c == '\\') {
            return Err(BadBaseUrl::NotAnAddress);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "https" => {}
            "http" if is_loopback(host) => {}
            "http" => return Err(BadBaseUrl::Insecure),
            _ => return Err(BadBaseUrl::NotAnAddress),
        }
        Ok(Self {
            text: format!("{}://{rest}", scheme.to_ascii_lowercase()),
            host: host.to_ascii_lowercase(),
        })
    }

    /// The address without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host, and the port where one is given.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Makes a [`KeyApi`]; the client behind it is built when first needed.
pub trait Connect: Send + Sync {
    /// Speaks to `base_url` with `credential`.
    ///
    /// # Errors
    /// [`Fault::NoClient`] where this machine cannot make a secure connection.
    fn connect(&self, base_url: &BaseUrl, credential: Arc<Secret>) -> Result<Arc<dyn KeyApi>, ApiError>;
}

// ------------------------------------------------------------------------------------------------- credential store

/// The name of an item in the credential store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account(String);

impl Account {
    /// A profile's credential for one host: `<profile>@<host>`.
    #[must_use]
    pub fn credential(profile: &str, base_url: &BaseUrl) -> Self {
        Self(format!("{profile}@{}", base_url.host()))
    }

    /// A new key's value, until it is stored elsewhere: `escrow/<op>`.
    #[must_use]
    pub fn escrow(op: &OpId) -> Self {
        Self(format!("escrow/{op}"))
    }

    /// An item written, read and deleted to see that the store does all three: `probe/<op>`.
    #[must_use]
    pub fn probe(op: &OpId) -> Self {
        Self(format!("probe/{op}"))
    }

    /// The name as the store has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why the credential store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// There is none: no bus, no service, or none on this platform.
    Absent,
    /// It is there and locked, and nobody can unlock it from here.
    Locked,
    /// It did not answer within this time.
    TimedOut(Duration),
    /// Several items answer to the same name.
    Ambiguous,
    /// The item's value is no API key.
    Unreadable,
    /// Anything else, in cleaned words.
    Failed(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("No keyring is running on this machine"),
            Self::Locked => f.write_str("The keyring is locked, and it cannot be unlocked from here"),
            Self::TimedOut(after) => write!(f, "The keyring did not answer within {} s", after.as_secs()),
            Self::Ambiguous => f.write_str("The keyring holds several items of that name"),
            Self::Unreadable => f.write_str("The keyring's item is no API key"),
            Self::Failed(why) => write!(f, "The keyring failed: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// Where our own credential is kept. Every call is bounded in time and never runs on the caller's thread.
pub trait CredentialStore: Send + Sync {
    /// Reads an item; `None` when there is none of that name.
    fn get<'a>(&'a self, account: &'a Account) -> Answer<'a, Result<Option<Secret>, StoreError>>;

    /// Writes an item, over one of the same name.
    fn set<'a>(&'a self, account: &'a Account, value: Arc<Secret>) -> Answer<'a, Result<(), StoreError>>;

    /// Deletes an item; `false` when there was none.
    fn delete<'a>(&'a self, account: &'a Account) -> Answer<'a, Result<bool, StoreError>>;

    /// What it is called in a sentence: "your keyring".
    fn called(&self) -> &'static str;
}

// -------------------------------------------------------------------------------------------------------- clipboard

/// Which way a value went to the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipboardRoute {
    /// The desktop's clipboard: confirmed, and can be read back.
    Desktop {
        /// Whether the content dies with this program (X11).
        dies_with_us: bool,
    },
    /// OSC 52, written to the terminal, which does not confirm.
    Terminal(TerminalNote),
}

/// What the person should know of the terminal route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalNote {
    /// Nothing between us and the terminal is known to stop it.
    Plain,
    /// In tmux, which passes it on and keeps a buffer of its own.
    TmuxKeepsABuffer,
    /// In tmux with `set-clipboard` not `on`: it will not arrive.
    TmuxBlocks,
}

/// Why nothing was copied, in a cleaned sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipboardError(pub String);

impl fmt::Display for ClipboardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ClipboardError {}

/// What became of our content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleared {
    /// It held ours, and is empty now.
    Cleared,
    /// It held something newer, which was left alone.
    NotOurs,
    /// The route cannot say; an empty content was sent where it could be.
    Unconfirmed,
}

/// The clipboard, CLIPBOARD selection only. Calls are bounded in time and never run on the caller's thread.
pub trait Clipboard: Send + Sync {
    /// Puts the value there, marked as a password and kept out of history where the platform can.
    fn copy(&self, value: Arc<Secret>) -> Answer<'_, Result<ClipboardRoute, ClipboardError>>;

    /// Stays until what [`Clipboard::copy`] put there was replaced, or until `limit`, and then clears it. For a command
    /// that would otherwise end and take the content with it; without a limit it stays until something newer is there.
    fn hold(&self, limit: Option<Duration>) -> Answer<'_, Result<Cleared, ClipboardError>>;

    /// Empties it, if it still holds what [`Clipboard::copy`] put there.
    fn clear(&self) -> Answer<'_, Result<Cleared, ClipboardError>>;
}

/// A way to write a control sequence to the terminal without tearing a frame.
pub trait TerminalOut: Send + Sync {
    /// Writes all of `bytes` between two frames.
    ///
    /// # Errors
    /// The terminal is gone.
    fn write_between_frames(&self, bytes: &[u8]) -> std::io::Result<()>;
}

// --------------------------------------------------------------------------------------------------------- processes

/// A child process to run: never through a shell, and without `CHATZURI_*` in its environment.
pub struct ChildProcess<'a> {
    /// Program and arguments.
    pub argv: &'a [String],
    /// What it reads on standard input; nothing when `None`.
    pub stdin: Option<&'a zeroize::Zeroizing<Vec<u8>>>,
    /// Longest time it may take.
    pub limit: Duration,
}

/// What a child process left.
pub struct ChildOutput {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output, wiped when dropped.
    pub stdout: zeroize::Zeroizing<Vec<u8>>,
    /// Its standard error, cleaned and cut.
    pub stderr: String,
    /// Whether it took all of its standard input before it ended.
    pub read_all_stdin: bool,
}

/// Why a child process did not run to its end, in a cleaned sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessError(pub String);

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ProcessError {}

/// Runs child processes.
pub trait Processes: Send + Sync {
    /// Runs one to its end.
    fn run<'a>(&'a self, child: ChildProcess<'a>) -> Answer<'a, Result<ChildOutput, ProcessError>>;
}

// ----------------------------------------------------------------------------------------------------------- journal

/// Whose rows in the journal: a team's, never another's.
#[derive(Debug, Clone)]
pub enum Scope {
    /// A profile on a host.
    Profile {
        /// The profile's name.
        name: String,
        /// The API's host.
        host: String,
    },
    /// A credential from outside on a host; kept under a salted hash of it.
    Credential {
        /// The API's host.
        host: String,
        /// The credential.
        value: Arc<Secret>,
    },
}

/// Why the journal did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalError {
    /// Another copy of the program moved the row first; nothing was done.
    Stale,
    /// The protocol has no such move; nothing was done.
    Illegal(Illegal),
    /// The file cannot be opened or made; says why.
    Unavailable(String),
    /// It can be read and not written: the file system is read-only, or another's.
    ReadOnly,
    /// The disk is full.
    Full,
    /// The file is damaged, or not a journal of ours.
    Corrupt,
    /// It was made by a newer version of this program.
    TooNew,
    /// It did not answer within this time.
    TimedOut(Duration),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stale => f.write_str("another copy of chatzuri-keys did this step first"),
            Self::Illegal(illegal) => illegal.fmt(f),
            Self::Unavailable(why) => write!(f, "the journal cannot be opened: {why}"),
            Self::ReadOnly => f.write_str("the journal cannot be written: it is read-only"),
            Self::Full => f.write_str("the journal cannot be written: the disk is full"),
            Self::Corrupt => f.write_str("the journal is damaged"),
            Self::TooNew => f.write_str("the journal was made by a newer version of chatzuri-keys"),
            Self::TimedOut(after) => write!(f, "the journal did not answer within {} s", after.as_secs()),
        }
    }
}

impl std::error::Error for JournalError {}

/// Which lines of the log are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Only of the key with this id or this name.
    pub key: Option<String>,
    /// At most so many, the newest.
    pub limit: Option<u32>,
}

/// A key made here whose fingerprint matches a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    /// The profile it was made in.
    pub profile: String,
    /// The host it was made on.
    pub host: String,
    /// Its id.
    pub id: KeyId,
    /// Its name when it was made.
    pub name: Label,
}

/// What survives a crash: protocol rows, the last lists, fingerprints, the log. Never a secret. Every write is on disk
/// before its answer comes; no call runs on the caller's thread.
pub trait Journal: Send + Sync {
    /// Writes down what is about to be asked for. Success means that it was synced to disk.
    fn begin<'a>(&'a self, scope: &'a Scope, intent: Intent) -> Answer<'a, Result<Creation, JournalError>>;

    /// Reads a creation again.
    fn creation<'a>(&'a self, op: &'a OpId) -> Answer<'a, Result<Option<Creation>, JournalError>>;

    /// Moves a creation on, if its row is still at `creation.revision` (compare-and-set), and answers the moved one.
    fn advance<'a>(&'a self, creation: &'a Creation, event: Event) -> Answer<'a, Result<Creation, JournalError>>;

    /// The creations of a scope that are not over, oldest first.
    fn unfinished<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<Creation>, JournalError>>;

    /// Keeps a list as the last one seen of a scope.
    fn keep_list<'a>(&'a self, scope: &'a Scope, listing: Arc<Listing>) -> Answer<'a, Result<(), JournalError>>;

    /// The last list kept of a scope.
    fn last_list<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Option<Listing>, JournalError>>;

    /// Keeps the salted fingerprint of a new key's value.
    fn keep_fingerprint<'a>(
        &'a self,
        scope: &'a Scope,
        minted: Minted,
        value: Arc<Secret>,
    ) -> Answer<'a, Result<(), JournalError>>;

    /// The keys made here, of every scope, whose fingerprint is that of `value`.
    fn find_by_value(&self, value: Arc<Secret>) -> Answer<'_, Result<Vec<KnownKey>, JournalError>>;

    /// Puts a key's due date off, in the place of an earlier time.
    fn snooze<'a>(&'a self, scope: &'a Scope, snooze: Snooze) -> Answer<'a, Result<(), JournalError>>;

    /// Ends a key's snooze; `false` where there was none.
    fn end_snooze<'a>(&'a self, scope: &'a Scope, key: &'a KeyId) -> Answer<'a, Result<bool, JournalError>>;

    /// The snoozes of a scope, those that are over included.
    fn snoozes<'a>(&'a self, scope: &'a Scope) -> Answer<'a, Result<Vec<Snooze>, JournalError>>;

    /// Adds a line to the log.
    fn record(&self, activity: Activity) -> Answer<'_, Result<(), JournalError>>;

    /// Lines of the log, oldest first.
    fn log(&self, query: LogQuery) -> Answer<'_, Result<Vec<Activity>, JournalError>>;
}

// ------------------------------------------------------------------------------------------------------------- clock

/// The machine's clock.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Everything a face needs of the outside; each part does nothing until it is first used.
#[derive(Clone)]
pub struct Ports {
    /// Makes connections to the API.
    pub connect: Arc<dyn Connect>,
    /// Keeps our own credential.
    pub store: Arc<dyn CredentialStore>,
    /// Takes a value to the clipboard.
    pub clipboard: Arc<dyn Clipboard>,
    /// Runs child processes.
    pub processes: Arc<dyn Processes>,
    /// Remembers.
    pub journal: Arc<dyn Journal>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Who does it, for the log: the login name of this machine.
    pub actor: Label,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_taken_and_a_trailing_slash_dropped() {
        let url = BaseUrl::parse(" https://WWW.chatzuri.com/api/v1/ ").unwrap();
        assert_eq!(
            (url.as_str(), url.host()),
            ("https://WWW.chatzuri.com/api/v1", "www.chatzuri.com")
        );
    }

    #[test]
    fn plain_http_is_for_the_loopback_only() {
        for good in ["http://127.0.0.1:8080", "http://localhost:1/api", "http://[::1]:99/x"] {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://chatzuri.com",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example:80",
        ] {
            assert_eq!(BaseUrl::parse(bad), Err(BadBaseUrl::Insecure), "{bad}");
        }
    }

    #[test]
    fn an_address_with_a_user_query_or_other_scheme_is_refused() {
        assert_eq!(BaseUrl::parse("https://user@chatzuri.com"), Err(BadBaseUrl::Decorated));
        assert_eq!(BaseUrl::parse("https://chatzuri.com/?x=1"), Err(BadBaseUrl::Decorated));
        for bad in [
            "chatzuri.com",
            "ftp://chatzuri.com",
            "https://",
            "https://a b",
            "https://:80",
            "file:///etc",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_account_names_profile_and_host() {
        let url = BaseUrl::parse("http://127.0.0.1:4010/api/v1").unwrap();
        assert_eq!(Account::credential("acme", &url).as_str(), "acme@127.0.0.1:4010");
    }
}
