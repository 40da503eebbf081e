//! Create a key by the show-once protocol: nothing is asked for before its value has a place to go, and nothing is drawn
//! before it is there.

use std::fmt;
use std::sync::Arc;

use crate::core::activity::ActivityKind;
use crate::core::creation::{Creation, Event, Intent, MintedKey};
use crate::core::key::{ApiKey, KeyName};
use crate::core::rotation::{Mark, Rotation, What};
use crate::core::secret::Secret;
use crate::ops::client::TeamClient;
use crate::ops::record::{LogEntry, record};
use crate::ops::review::{read_list, server_now};
use crate::ops::sign_in::Profile;
use crate::ops::trail::Trail;
use crate::ports::{Account, ApiError, Consequence, CreatedKey, CredentialStore, JournalError, Ports, StoreError};

/// Where the value of a new key is, besides in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Safety {
    /// In the credential store, written and read back: it survives a crash.
    Escrowed,
    /// Nowhere: it does not survive a crash. Carries why.
    MemoryOnly(StoreError),
}

impl Safety {
    /// Whether the store may have the value although it did not say so: the next start looks there first.
    #[must_use]
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::MemoryOnly(error) if !matches!(error, StoreError::Absent | StoreError::Locked))
    }
}

/// A new key and its value, in our hands until somebody says that it is stored.
#[derive(Debug)]
pub struct NewKey {
    /// The protocol's row.
    pub creation: Creation,
    /// The key as the list shows it.
    pub key: ApiKey,
    /// Its value.
    pub secret: Arc<Secret>,
    /// Where the value is.
    pub safety: Safety,
    /// What was done with the value before now.
    pub trail: Trail,
}

/// What to do where no credential store can keep the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithoutStore {
    /// Create all the same: the person sees the dialog, or the value goes somewhere at once.
    Create,
    /// Create nothing.
    Refuse,
}

/// A creation that brought no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateError {
    /// Nothing was asked for: something needed first is missing.
    NotReady(KeyName, Blocked),
    /// The server said no, or was never reached: there is no such key.
    NotCreated(KeyName, ApiError),
    /// The request may have had its effect: the key is looked for, and its value is lost.
    Uncertain(KeyName, ApiError, Box<Creation>),
}

/// What is missing before a key can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// The list cannot be read, so a lost key could not be told from the others.
    List(ApiError),
    /// The journal cannot take the intent.
    Journal(JournalError),
    /// No credential store can keep the value.
    Store(StoreError),
    /// It is a step of a rotation, which another copy of the program is doing.
    Claimed,
}

impl CreateError {
    /// Whether the key may exist all the same, with a value nobody has.
    #[must_use]
    pub fn may_exist(&self) -> bool {
        matches!(self, Self::Uncertain(..))
    }

    /// What the API said, where it was asked.
    #[must_use]
    pub fn cause(&self) -> Option<&ApiError> {
        match self {
            Self::NotReady(_, Blocked::List(error)) | Self::NotCreated(_, error) | Self::Uncertain(_, error, _) => {
                Some(error)
            }
            Self::NotReady(..) => None,
        }
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReady(name, blocked) => {
                write!(f, "“{name}” was not created. Nothing was sent. ")?;
                match blocked {
                    Blocked::List(error) => error.fmt(f),
                    Blocked::Journal(error) => write!(
                        f,
                        "A crash could lose it: {error}. Fix the state directory, then try again."
                    ),
                    Blocked::Store(error) => write!(
                        f,
                        "{error}, so a crash could lose its value. Start a keyring, or choose where the value goes: \
                         --to, --copy or --show."
                    ),
                    Blocked::Claimed => f.write_str(
                        "Another copy of chatzuri-keys is already at this step of the rotation. Check its status.",
                    ),
                }
            }
            Self::NotCreated(name, error) => write!(f, "“{name}” was not created. {error}"),
            Self::Uncertain(name, error, _) => write!(
                f,
                "“{name}” may or may not have been created. {error} We look for it in the list. If it is there, its \
                 value is lost: revoke it and create another."
            ),
        }
    }
}

impl std::error::Error for CreateError {}

/// Creates a key named `name`; the request is sent once.
///
/// # Errors
/// [`CreateError`], which says whether the key may exist.
pub async fn create(
    ports: &Ports,
    profile: &Profile,
    api: &TeamClient,
    name: KeyName,
    without_store: WithoutStore,
) -> Result<NewKey, CreateError> {
    create_for(ports, profile, api, name, without_store, None).await
}

/// Creates a key named `name`, as a step of `rotation` where there is one: the step is claimed before the request.
///
/// # Errors
/// [`CreateError`], which says whether the key may exist.
pub(crate) async fn create_for(
    ports: &Ports,
    profile: &Profile,
    api: &TeamClient,
    name: KeyName,
    without_store: WithoutStore,
    rotation: Option<&Rotation>,
) -> Result<NewKey, CreateError> {
    let creation = match intend(ports, profile, api, &name, without_store, rotation, false).await {
        Ok(creation) => creation,
        Err(blocked) => return Err(CreateError::NotReady(name, blocked)),
    };
    tracing::debug!(op = %creation.op, %name, host = profile.base_url.host(), "asking for a key");
    match api.create(&name).await {
        Ok(created) => {
            let new = take_custody(ports, profile, creation, created).await;
            api.remember(&new.key).await;
            Ok(new)
        }
        Err(error) if error.consequence == Consequence::Possible => {
            note(ports, profile, &creation, "uncertain", error.to_string()).await;
            Err(CreateError::Uncertain(name, error, Box::new(creation)))
        }
        Err(error) => {
            // A row that stays open only costs one more look at the list.
            let _ = ports.journal.advance(&creation, Event::NothingAppeared).await;
            note(ports, profile, &creation, "refused", error.to_string()).await;
            Err(CreateError::NotCreated(name, error))
        }
    }
}

/// Everything that is needed before a key is made, by the server or by a person: what [`prepare`] sees to, and the step of
/// a rotation where it is one.
pub(crate) async fn intend(
    ports: &Ports,
    profile: &Profile,
    api: &TeamClient,
    name: &KeyName,
    without_store: WithoutStore,
    rotation: Option<&Rotation>,
    manual: bool,
) -> Result<Creation, Blocked> {
    let creation = prepare(ports, profile, api, name, without_store, manual).await?;
    if let Some(rotation) = rotation
        && let Err(blocked) = claim(ports, api, rotation, &creation).await
    {
        let _ = ports.journal.advance(&creation, Event::NothingAppeared).await;
        return Err(blocked);
    }
    Ok(creation)
}

/// Everything that is needed before the request: the ids of now, a store that keeps, and the intent on disk.
async fn prepare(
    ports: &Ports,
    profile: &Profile,
    api: &TeamClient,
    name: &KeyName,
    without_store: WithoutStore,
    manual: bool,
) -> Result<Creation, Blocked> {
    let known = read_list(api, &|_| {}).await.map_err(Blocked::List)?.keys;
    let intent = Intent {
        name: name.clone(),
        at: server_now(api, &*ports.clock),
        known: known.into_iter().map(|key| key.id).collect(),
        manual,
    };
    let creation = ports
        .journal
        .begin(&profile.scope(), intent)
        .await
        .map_err(Blocked::Journal)?;
    if let Err(error) = try_store(&*ports.store, &creation).await
        && without_store == WithoutStore::Refuse
    {
        let _ = ports.journal.advance(&creation, Event::NothingAppeared).await;
        return Err(Blocked::Store(error));
    }
    Ok(creation)
}

/// Of two copies of the program at the same step, one gets it.
async fn claim(ports: &Ports, api: &TeamClient, rotation: &Rotation, creation: &Creation) -> Result<(), Blocked> {
    let mark = Mark {
        by: ports.actor.clone(),
        at: server_now(api, &*ports.clock),
    };
    let asked = What::Asked(creation.op.clone());
    match ports.journal.move_rotation(rotation, asked, mark).await {
        Ok(_) => Ok(()),
        Err(JournalError::Stale | JournalError::IllegalRotation(_)) => Err(Blocked::Claimed),
        Err(error) => Err(Blocked::Journal(error)),
    }
}

/// A store can give and not take: only writing, reading and deleting shows that it keeps.
async fn try_store(store: &dyn CredentialStore, creation: &Creation) -> Result<(), StoreError> {
    let account = Account::probe(&creation.op);
    let value = Secret::parse(creation.op.as_str()).map_err(|_| StoreError::Unreadable)?;
    let value = Arc::new(value);
    store.set(&account, Arc::clone(&value)).await?;
    let kept = store.get(&account).await?;
    let deleted = store.delete(&account).await?;
    if deleted && kept.is_some_and(|kept| kept == *value) {
        Ok(())
    } else {
        Err(StoreError::Unreadable)
    }
}

/// From the reply to the escrow: the row and the store are written side by side, so that neither waits for the other.
pub(crate) async fn take_custody(ports: &Ports, profile: &Profile, creation: Creation, created: CreatedKey) -> NewKey {
    let CreatedKey { key, secret } = created;
    let secret = Arc::new(secret);
    let minted = MintedKey {
        id: key.id.clone(),
        name: key.name.clone(),
    };
    let account = Account::escrow(&creation.op);
    let (answered, safety) = tokio::join!(
        move_on(ports, &creation, Event::Answered(minted.clone())),
        escrow(&*ports.store, &account, &secret),
    );
    let mut creation = answered.unwrap_or_else(|| Creation {
        minted: Some(minted.clone()),
        ..creation
    });
    if safety == Safety::Escrowed
        && let Some(next) = move_on(ports, &creation, Event::Escrowed(minted.clone())).await
    {
        creation = next;
    }
    // Without a fingerprint the key is still found by its hint.
    let _ = ports
        .journal
        .keep_fingerprint(&profile.scope(), minted, Arc::clone(&secret))
        .await;
    let outcome = match safety {
        Safety::Escrowed => "created",
        Safety::MemoryOnly(_) => "created_without_escrow",
    };
    tracing::info!(op = %creation.op, id = key.id.shown(), name = key.name.shown(), outcome, "created a key");
    note(ports, profile, &creation, outcome, String::new()).await;
    NewKey {
        creation,
        key,
        secret,
        safety,
        trail: Trail::default(),
    }
}

/// Tries once more to put the value of a new key away; whether it is.
pub async fn escrow_again(ports: &Ports, profile: &Profile, new: &mut NewKey) -> bool {
    let account = Account::escrow(&new.creation.op);
    new.safety = escrow(&*ports.store, &account, &new.secret).await;
    if new.safety != Safety::Escrowed {
        return false;
    }
    if let Some(minted) = new.creation.minted.clone()
        && let Some(next) = move_on(ports, &new.creation, Event::Escrowed(minted)).await
    {
        new.creation = next;
    }
    note(ports, profile, &new.creation, "escrowed", String::new()).await;
    true
}

/// Writes down that nobody has the value of a new key any more. A store that did not answer may have taken it all the same:
/// then the next start looks there first.
pub async fn give_up_value(ports: &Ports, profile: &Profile, new: &NewKey) {
    let mut detail = String::new();
    if new.safety.is_uncertain() {
        detail.push_str("probably: the store may have it");
    } else if let Some(minted) = new.creation.minted.clone() {
        move_on(ports, &new.creation, Event::ValueLost(minted)).await;
    }
    note(ports, profile, &new.creation, "value_lost", detail).await;
}

async fn escrow(store: &dyn CredentialStore, account: &Account, secret: &Arc<Secret>) -> Safety {
    if let Err(error) = store.set(account, Arc::clone(secret)).await {
        return Safety::MemoryOnly(error);
    }
    match store.get(account).await {
        Ok(Some(kept)) if kept == **secret => Safety::Escrowed,
        Ok(_) => Safety::MemoryOnly(StoreError::Unreadable),
        Err(error) => Safety::MemoryOnly(error),
    }
}

/// Moves a row on; where another copy of the program moved it first, from where it stands now. `None`: the row stays
/// behind, and the next start finds the way from the store and the list.
pub(crate) async fn move_on(ports: &Ports, creation: &Creation, event: Event) -> Option<Creation> {
    match ports.journal.advance(creation, event.clone()).await {
        Ok(moved) => Some(moved),
        Err(JournalError::Stale) => {
            let newest = ports.journal.creation(&creation.op).await.ok()??;
            ports.journal.advance(&newest, event).await.ok()
        }
        Err(_) => None,
    }
}

pub(crate) async fn note(ports: &Ports, profile: &Profile, creation: &Creation, outcome: &'static str, detail: String) {
    let key = creation
        .minted
        .as_ref()
        .map(|minted| (minted.id.clone(), minted.name.clone()));
    let detail = if key.is_none() {
        format!("{}: {detail}", creation.intent.name)
    } else {
        detail
    };
    let entry = LogEntry {
        action: ActivityKind::Create,
        key,
        outcome,
        detail,
    };
    // The protocol's own row was written; a missing line of the log loses no key.
    let _ = record(ports, profile, entry).await;
}
