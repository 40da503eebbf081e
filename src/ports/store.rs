//! The credential store and the names of its items.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Answer, BaseUrl};
use crate::core::creation::OpId;
use crate::core::secret::Secret;

/// The name of an item in the credential store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Account(String);

impl Account {
    /// A profile's credential for one origin: `<profile>@<scheme>://<host>[:<port>]`.
    #[must_use]
    pub fn credential(profile: &str, base_url: &BaseUrl) -> Self {
        Self(format!("{profile}@{}", base_url.origin()))
    }

    /// The name without a scheme under which version 0.1.0 kept a credential. It may have been given for https, so it is
    /// never read for an address that is not encrypted.
    #[must_use]
    pub fn credential_without_scheme(profile: &str, base_url: &BaseUrl) -> Option<Self> {
        base_url
            .is_secure()
            .then(|| Self(format!("{profile}@{}", base_url.host())))
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

    /// Our own credential of before a rotation, until it is proven dead: `retired/<rotation>`.
    #[must_use]
    pub fn retired(rotation: &OpId) -> Self {
        Self(format!("retired/{rotation}"))
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
            Self::Locked => f.write_str("The keyring is locked and cannot be unlocked from here"),
            Self::TimedOut(after) => write!(f, "The keyring did not answer within {} s", after.as_secs()),
            Self::Ambiguous => f.write_str("The keyring has several items of that name"),
            Self::Unreadable => f.write_str("The keyring's item is not an API key"),
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
    fn display_name(&self) -> &'static str;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_names_profile_scheme_host_and_port() {
        for (url, name) in [
            ("http://127.0.0.1:4010/api/v1", "acme@http://127.0.0.1:4010"),
            ("https://127.0.0.1:4010/api/v1", "acme@https://127.0.0.1:4010"),
            ("HTTPS://WWW.chatzuri.com/api/v1", "acme@https://www.chatzuri.com"),
            ("https://www.chatzuri.com:443", "acme@https://www.chatzuri.com"),
            ("http://localhost:80/x", "acme@http://localhost"),
            ("https://localhost:80", "acme@https://localhost:80"),
            ("http://[::1]:80", "acme@http://[::1]"),
        ] {
            let url = BaseUrl::parse(url).unwrap();
            assert_eq!(Account::credential("acme", &url).as_str(), name);
        }
    }

    #[test]
    fn the_name_without_a_scheme_is_for_https_alone() {
        let old = |url| Account::credential_without_scheme("acme", &BaseUrl::parse(url).unwrap());
        assert_eq!(old("https://localhost:4010").unwrap().as_str(), "acme@localhost:4010");
        assert_eq!(old("http://localhost:4010"), None);
    }
}
