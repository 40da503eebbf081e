//! What is done around a person who clicks in the browser: errands go out, news comes back.

use crate::core::capability::Capabilities;
use crate::core::creation::Creation;
use crate::core::import::Draft;
use crate::core::key::KeyId;
use crate::core::listing::ListedKey;
use crate::core::secret::Secret;
use crate::core::tracked::Tracked;
use crate::ops::create::CreateError;
use crate::ops::manual::Page;
use crate::ops::revoke::Method;
use crate::ports::{JournalError, Operation};

/// One errand.
#[derive(Debug)]
pub enum Errand {
    /// Open the page where a person manages keys.
    OpenPage,
    /// Take the value that was pasted for a key made in the browser.
    TakePasted(Box<Creation>, Secret),
    /// Write down that such a key was not made.
    NotMade(Box<Creation>),
    /// Find out how an operation is done.
    FindOut(Operation),
    /// Find out how a key is revoked, and whether its value is at hand.
    AskAbout(Box<ListedKey>),
    /// Revoke a key, or open the page where the person does, and watch its value until it is dead; without one, the value
    /// that is at hand.
    Watch(Box<ListedKey>, Option<Secret>, Method),
    /// Write down that the person says they revoked it.
    Attest(Box<ListedKey>),
    /// Track a key that exists already; its value is tried and forgotten.
    Track(Box<Draft>, Option<Secret>),
}

/// What came of one.
#[derive(Debug)]
pub enum News {
    /// A key is to be made in the browser: it is written down, and the page was opened.
    Begun(Result<(Box<Creation>, Page), CreateError>),
    /// The page was opened.
    Opened(Page),
    /// The pasted value is not the new key's; says why.
    Refused(String),
    /// The pasted value could not be tried: it is given back, with why.
    Untried(Secret, String),
    /// What was written down about a key that was not made.
    NotMade(Box<Creation>, Result<(), JournalError>),
    /// How each operation is done, as far as is known now, and what the looking may have left behind.
    FoundOut(Capabilities, Option<String>),
    /// How a key is revoked.
    Asked {
        /// Which.
        key: KeyId,
        /// How each operation is done.
        capabilities: Capabilities,
        /// Whether its value is at hand.
        held: bool,
    },
    /// Something was seen while a value is watched. More follows.
    Seen(String),
    /// The value is not to be watched for this key; says why.
    NotWatched(String),
    /// A key is tracked, or why not.
    Tracked(Result<Box<Tracked>, String>),
}
