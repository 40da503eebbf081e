//! What the outside must be able to do, as traits; the adapters do it, the ops use it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;

pub use crate::core::reading::{Bound, KeyPage, PAGE_SIZE, Stray};
use crate::core::text::Label;

mod api;
mod base_url;
mod browser;
mod clipboard;
mod journal;
mod process;
mod report;
mod store;

pub use api::{ApiError, Connect, Consequence, CreatedKey, Fault, KeyApi, Operation, Presence, Probe};
pub use base_url::{BadBaseUrl, BaseUrl};
pub use browser::Browser;
pub use clipboard::{Cleared, Clipboard, ClipboardError, ClipboardRoute, TerminalNote, TerminalOut};
pub use journal::{BegunRotation, FoundCapability, Journal, JournalError, KnownKey, LogQuery, Scope, Settled};
pub use process::{ChildOutput, ChildProcess, ProcessError, Processes};
pub use report::{ReportError, ReportFolder};
pub use store::{Account, CredentialStore, StoreError};

/// A boxed future, so that a port can be used behind `dyn`.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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
    /// Takes reports.
    pub reports: Arc<dyn ReportFolder>,
    /// Opens a page.
    pub browser: Arc<dyn Browser>,
    /// Remembers.
    pub journal: Arc<dyn Journal>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Who does it, for the log: the login name of this machine.
    pub actor: Label,
}
