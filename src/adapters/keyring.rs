//! The operating system's credential store: Secret Service, Keychain, or Windows' Credential Manager.

use std::sync::Arc;
use std::time::Duration;

use keyring_core::{Entry, Error};
use zeroize::{Zeroize, Zeroizing};

use super::environment::DesktopEnvironment;
use super::worker::{Lost, Worker};
use crate::core::secret::Secret;
use crate::core::text::{clean, fit};
use crate::ports::{Account, Answer, CredentialStore, StoreError};

/// The service name of our items.
pub const SERVICE: &str = "chatzuri-keys";

/// How long a call may take where nobody can be asked anything.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a call may take where a window may be asking for the keyring's password.
const LIMIT_WITH_PROMPT: Duration = Duration::from_secs(60);
/// Columns kept of a reason in somebody else's words.
const REASON_WIDTH: u16 = 160;

/// [`CredentialStore`] by the operating system. Nothing is started or connected before the first call.
///
/// A call that timed out may still have its effect when the store wakes up; one still queued behind it has none.
pub struct OsKeyring {
    worker: Worker<KeyringSession>,
    limit: Duration,
}

impl OsKeyring {
    /// The store, with the time limits of where we run.
    #[must_use]
    pub fn new(environment: &DesktopEnvironment) -> Self {
        Self::with_limit(if environment.can_prompt() {
            LIMIT_WITH_PROMPT
        } else {
            LIMIT
        })
    }

    /// The store, with a time limit for each call.
    #[must_use]
    pub fn with_limit(limit: Duration) -> Self {
        Self {
            worker: Worker::new("keyring", KeyringSession::default),
            limit,
        }
    }

    async fn call<T: Send + 'static>(
        &self,
        account: &Account,
        work: impl Fn(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        let account = account.as_str().to_owned();
        match self
            .worker
            .call(self.limit, move |session| session.run(&account, &work))
            .await
        {
            Ok(result) => result,
            Err(Lost::TimedOut) => Err(StoreError::TimedOut(self.limit)),
            Err(Lost::Broken(why)) => Err(StoreError::Failed(why)),
        }
    }
}

impl CredentialStore for OsKeyring {
    fn get<'a>(&'a self, account: &'a Account) -> Answer<'a, Result<Option<Secret>, StoreError>> {
        Box::pin(async move {
            let found = self
                .call(account, |entry| absent_is_none(entry.get_secret().map(Zeroizing::new)))
                .await?;
            let Some(bytes) = found else {
                return Ok(None);
            };
            let text = std::str::from_utf8(&bytes).map_err(|_| StoreError::Unreadable)?;
            Secret::parse(text).map(Some).map_err(|_| StoreError::Unreadable)
        })
    }

    fn set<'a>(&'a self, account: &'a Account, value: Arc<Secret>) -> Answer<'a, Result<(), StoreError>> {
        Box::pin(self.call(account, move |entry| entry.set_secret(value.expose().as_bytes())))
    }

    fn delete<'a>(&'a self, account: &'a Account) -> Answer<'a, Result<bool, StoreError>> {
        Box::pin(self.call(account, |entry| {
            absent_is_none(entry.delete_credential()).map(|deleted| deleted.is_some())
        }))
    }

    fn display_name(&self) -> &'static str {
        if cfg!(target_os = "macos") {
            "your Keychain"
        } else if cfg!(windows) {
            "your Credential Manager"
        } else {
            "your keyring"
        }
    }
}

fn absent_is_none<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One connection to the store, kept on the worker's thread. A new thread makes its own, because a hung call holds the
/// lock of the old one.
#[derive(Default)]
struct KeyringSession {
    #[cfg(all(unix, not(target_os = "macos")))]
    store: Option<Arc<zbus_secret_service_keyring_store::Store>>,
}

impl KeyringSession {
    fn run<T>(&mut self, account: &str, work: &dyn Fn(&Entry) -> Result<T, Error>) -> Result<T, StoreError> {
        let mut result = self.entry(account).and_then(|entry| work(&entry));
        if matches!(result, Err(Error::PlatformFailure(_))) {
            // A store that was restarted does not know the old connection's session, and an item may be deleted by
            // another program between finding and reading it. Every call can be repeated.
            let connected = self.is_connected();
            self.disconnect();
            if connected {
                result = self.entry(account).and_then(|entry| work(&entry));
            }
        }
        result.map_err(told)
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn entry(&mut self, account: &str) -> Result<Entry, Error> {
        use keyring_core::api::CredentialStoreApi;

        let store = match &self.store {
            Some(store) => Arc::clone(store),
            None => Arc::clone(self.store.insert(zbus_secret_service_keyring_store::Store::new()?)),
        };
        store.build(SERVICE, account, None)
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn is_connected(&self) -> bool {
        self.store.is_some()
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn disconnect(&mut self) {
        self.store = None;
    }

    // Keychain and Credential Manager keep no connection.
    #[cfg(any(target_os = "macos", windows))]
    fn entry(&mut self, account: &str) -> Result<Entry, Error> {
        keyring::Entry::new(SERVICE, account).map(|entry| entry.inner)
    }

    #[cfg(any(target_os = "macos", windows))]
    fn is_connected(&self) -> bool {
        false
    }

    #[cfg(any(target_os = "macos", windows))]
    fn disconnect(&mut self) {}
}

/// What an error of the store means to us. None carries the value: some of theirs do.
fn told(error: Error) -> StoreError {
    match error {
        Error::NoDefaultStore | Error::NotSupportedByStore(_) => StoreError::Absent,
        Error::PlatformFailure(cause) if is_absence(&cause.to_string()) => StoreError::Absent,
        Error::PlatformFailure(cause) => StoreError::Failed(reason(&cause.to_string())),
        Error::NoStorageAccess(cause) => {
            let words = cause.to_string();
            // Not locked: there is no keyring in it yet (the "default" alias leads nowhere).
            if words.contains("result not returned") {
                StoreError::Failed(
                    "it has no default keyring yet; create one with your desktop's keyring program".into(),
                )
            } else {
                StoreError::Locked
            }
        }
        Error::Ambiguous(_) => StoreError::Ambiguous,
        Error::BadEncoding(mut bytes) | Error::BadDataFormat(mut bytes, _) => {
            bytes.zeroize();
            StoreError::Unreadable
        }
        other => StoreError::Failed(reason(&other.to_string())),
    }
}

/// Whether the cause is that nobody is there: no bus, a dead bus, or a bus without a provider. The error types behind it
/// are not ours to name, so its words are read; the tests on real parts hold them.
fn is_absence(words: &str) -> bool {
    [
        "no secret service provider",
        "Failed to connect to address",
        "DBus.Error.ServiceUnknown",
        "DBus.Error.NameHasNoOwner",
        "DBus.Error.Spawn",
    ]
    .iter()
    .any(|sign| words.contains(sign))
}

fn reason(words: &str) -> String {
    fit(&clean(words.trim()), REASON_WIDTH).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(words: &str) -> Box<dyn std::error::Error + Send + Sync> {
        words.into()
    }

    #[test]
    fn nobody_there_is_absent() {
        assert_eq!(told(Error::NoDefaultStore), StoreError::Absent);
        for words in [
            "no secret service provider or dbus session found",
            "zbus error: Failed to connect to address `unix:path=/run/user/1/bus`: Connection refused (os error 111)",
            "zbus error: org.freedesktop.DBus.Error.ServiceUnknown: The name org.freedesktop.secrets was not provided",
        ] {
            assert_eq!(
                told(Error::PlatformFailure(cause(words))),
                StoreError::Absent,
                "{words}"
            );
        }
    }

    #[test]
    fn a_dismissed_prompt_is_locked_and_a_missing_collection_is_not() {
        let locked = Error::NoStorageAccess(cause("SS error: prompt dismissed"));
        assert_eq!(told(locked), StoreError::Locked);
        let empty = Error::NoStorageAccess(cause("SS error: result not returned from SS API"));
        assert!(matches!(told(empty), StoreError::Failed(_)));
    }

    #[test]
    fn what_the_store_says_is_cleaned_and_cut() {
        let words = format!("bad\x1b[31m {}", "x".repeat(500));
        let StoreError::Failed(shown) = told(Error::PlatformFailure(cause(&words))) else {
            panic!("wrong kind");
        };
        assert!(shown.starts_with("bad\\e[31m"));
        assert!(shown.chars().count() <= usize::from(REASON_WIDTH));
    }

    #[test]
    fn an_error_that_carries_the_value_does_not_show_it() {
        let told = told(Error::BadDataFormat(b"cz_value".to_vec(), cause("odd")));
        assert_eq!(told, StoreError::Unreadable);
    }

    #[test]
    fn a_prompt_is_waited_for_only_where_one_can_appear() {
        assert_eq!(OsKeyring::new(&DesktopEnvironment::default()).limit, LIMIT);
        let desktop = DesktopEnvironment {
            display: true,
            ..Default::default()
        };
        assert_eq!(OsKeyring::new(&desktop).limit, LIMIT_WITH_PROMPT);
    }
}
