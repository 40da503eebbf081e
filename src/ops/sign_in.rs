//! Find our own credential, check it, keep it, and give it up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::core::activity::ActivityKind;
use crate::core::listing::Listing;
use crate::core::secret::{NotASecret, Secret};
use crate::core::team::TeamIdentity;
use crate::ops::client::TeamClient;
pub use crate::ops::profile::Profile;
use crate::ops::record::{LogEntry, record};
use crate::ports::{Account, ApiError, ChildProcess, CredentialStore, JournalError, Ports, ProcessError, StoreError};

/// The longest a `credential_command` may take: it may ask the person for a PIN.
const COMMAND_LIMIT: Duration = Duration::from_secs(60);

/// Where a credential came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialSource {
    /// `CHATZURI_API_KEY`.
    Environment,
    /// `credential_command` of the profile.
    Command,
    /// The credential store.
    Store,
}

impl CredentialSource {
    /// The word for machine output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Command => "credential_command",
            Self::Store => "keyring",
        }
    }
}

/// A profile with a credential, ready to speak to its API.
#[derive(Clone)]
pub struct Session {
    /// The API, spoken to with the credential; it knows how each operation is done.
    pub client: Arc<TeamClient>,
    /// Where the credential came from.
    pub source: CredentialSource,
}

/// Why there is no usable credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInError {
    /// The credential store could not be read or written.
    Store(StoreError),
    /// What was found or typed is no API key.
    NotASecret(NotASecret),
    /// `credential_command` could not be run.
    Command(ProcessError),
    /// `credential_command` ended with this code (`None`: a signal) and this cleaned text on stderr.
    CommandFailed(Option<i32>, String),
    /// The API refused it, or could not be asked.
    Api(ApiError),
    /// It was written to the store, but reading it back gave something else.
    NotKept,
}

/// The ways out when no keyring can keep the credential.
pub const WITHOUT_KEYRING: &str = "Set CHATZURI_API_KEY, or credential_command in the config (a command whose output \
                                   is the key), or start a keyring such as gnome-keyring or KeePassXC.";

impl fmt::Display for SignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => write!(f, "{error}, so it cannot keep your credential. {WITHOUT_KEYRING}"),
            Self::NotASecret(error) => error.fmt(f),
            Self::Command(error) => write!(f, "credential_command gave no key: {error}"),
            Self::CommandFailed(code, stderr) => {
                match code {
                    Some(code) => write!(f, "credential_command gave no key: it exited with code {code}")?,
                    None => f.write_str("credential_command gave no key: a signal ended it")?,
                }
                if stderr.is_empty() {
                    f.write_str(".")
                } else {
                    write!(f, " and said: {stderr}")
                }
            }
            Self::Api(error) => error.fmt(f),
            Self::NotKept => write!(
                f,
                "The keyring accepted the key but returned something else, so you cannot rely on it. {WITHOUT_KEYRING}"
            ),
        }
    }
}

impl std::error::Error for SignInError {}

/// Finds the profile's credential: the environment, then `credential_command`, then the store. `None`: not signed in.
///
/// # Errors
/// [`SignInError`] where a place that should hold one could not be read.
pub async fn find_session(ports: &Ports, profile: &Profile) -> Result<Option<Session>, SignInError> {
    let (value, source) = if let Some(value) = &profile.from_environment {
        (Arc::clone(value), CredentialSource::Environment)
    } else if let Some(argv) = &profile.credential_command {
        (Arc::new(run_command(ports, argv).await?), CredentialSource::Command)
    } else {
        match kept(&*ports.store, profile).await.map_err(SignInError::Store)? {
            Some(value) => (Arc::new(value), CredentialSource::Store),
            None => return Ok(None),
        }
    };
    let host = profile.base_url.host();
    tracing::debug!(
        profile = profile.name,
        host,
        source = source.word(),
        "found a credential"
    );
    Ok(Some(session(ports, profile, value, source)?))
}

fn session(
    ports: &Ports,
    profile: &Profile,
    value: Arc<Secret>,
    source: CredentialSource,
) -> Result<Session, SignInError> {
    let api = ports.connect.connect(&profile.base_url, Arc::clone(&value));
    let api = api.map_err(SignInError::Api)?;
    let client = Arc::new(TeamClient::new(ports, profile, api, value));
    Ok(Session { client, source })
}

async fn run_command(ports: &Ports, argv: &[String]) -> Result<Secret, SignInError> {
    let child = ChildProcess {
        argv,
        stdin: None,
        limit: COMMAND_LIMIT,
    };
    let output = ports.processes.run(child).await.map_err(SignInError::Command)?;
    if output.code != Some(0) {
        return Err(SignInError::CommandFailed(output.code, output.stderr));
    }
    // A line that is no UTF-8 cannot be a key, and reads as one with a bad character.
    let text = Zeroizing::new(String::from_utf8_lossy(&output.stdout).into_owned());
    Secret::parse(&text).map_err(SignInError::NotASecret)
}

/// A sign-in that succeeded.
pub struct SignedIn {
    /// The profile with its new credential.
    pub session: Session,
    /// The team it opens, as far as the server tells.
    pub team: TeamIdentity,
    /// Whether the log took it.
    pub recorded: Result<(), JournalError>,
}

/// Checks `value` with `get-teams`, keeps it in the store, and reads it back.
///
/// # Errors
/// [`SignInError`]; nothing is kept unless the API took the value.
pub async fn sign_in(ports: &Ports, profile: &Profile, value: Secret) -> Result<SignedIn, SignInError> {
    let value = Arc::new(value);
    let session = session(ports, profile, Arc::clone(&value), CredentialSource::Store)?;
    // Another team's server may do things in other ways.
    session.client.ask_again();
    let team = session.client.teams().await.map_err(SignInError::Api)?;
    keep(&*ports.store, &profile.account(), value).await?;
    forget_old_name(&*ports.store, profile).await;
    // The list kept of this profile may be another team's: the next first frame must not show it.
    let unread = Listing {
        team: team.clone(),
        keys: Vec::new(),
        complete: false,
        odd: Default::default(),
        as_of: ports.clock.now(),
    };
    let _ = ports.journal.keep_list(&profile.scope(), Arc::new(unread)).await;
    let recorded = note(ports, profile, ActivityKind::SignIn, "signed_in").await;
    Ok(SignedIn {
        session,
        team,
        recorded,
    })
}

/// The credential that the store keeps for the profile. One under the name without a scheme is moved to its present name.
///
/// # Errors
/// The store could not be read.
pub async fn kept(store: &dyn CredentialStore, profile: &Profile) -> Result<Option<Secret>, StoreError> {
    let found = store.get(&profile.account()).await?;
    let old = Account::credential_without_scheme(&profile.name, &profile.base_url);
    let (None, Some(old)) = (&found, old) else {
        return Ok(found);
    };
    let Some(value) = store.get(&old).await?.map(Arc::new) else {
        return Ok(None);
    };
    // The old item goes only when the new one is there; where it cannot be moved, it serves where it is.
    if keep(store, &profile.account(), value).await.is_err() {
        return store.get(&old).await;
    }
    forget_old_name(store, profile).await;
    store.get(&profile.account()).await
}

async fn forget_old_name(store: &dyn CredentialStore, profile: &Profile) {
    if let Some(old) = Account::credential_without_scheme(&profile.name, &profile.base_url)
        && let Err(error) = store.delete(&old).await
    {
        tracing::debug!(%error, "the credential's old item was not deleted");
    }
}

async fn keep(store: &dyn CredentialStore, account: &Account, value: Arc<Secret>) -> Result<(), SignInError> {
    store
        .set(account, Arc::clone(&value))
        .await
        .map_err(SignInError::Store)?;
    match store.get(account).await.map_err(SignInError::Store)? {
        Some(kept) if kept == *value => Ok(()),
        _ => Err(SignInError::NotKept),
    }
}

/// How a sign-out ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedOut {
    /// The credential is deleted; says whether the log took it.
    Deleted(Result<(), JournalError>),
    /// The store held none, and nothing was done.
    HeldNone,
}

/// Forgets the profile's credential.
///
/// # Errors
/// The store could not be asked.
pub async fn sign_out(ports: &Ports, profile: &Profile) -> Result<SignedOut, StoreError> {
    let mut deleted = ports.store.delete(&profile.account()).await?;
    if let Some(old) = Account::credential_without_scheme(&profile.name, &profile.base_url) {
        deleted |= ports.store.delete(&old).await?;
    }
    if !deleted {
        return Ok(SignedOut::HeldNone);
    }
    Ok(SignedOut::Deleted(
        note(ports, profile, ActivityKind::SignOut, "signed_out").await,
    ))
}

async fn note(
    ports: &Ports,
    profile: &Profile,
    action: ActivityKind,
    outcome: &'static str,
) -> Result<(), JournalError> {
    let host = profile.base_url.host();
    tracing::info!(profile = profile.name, host, outcome, "changed the kept credential");
    let entry = LogEntry {
        action,
        key: None,
        outcome,
        detail: host.to_owned(),
    };
    record(ports, profile, entry).await
}
