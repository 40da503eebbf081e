//! After a crash or a lost answer: which new keys are waiting, lost, or still looked for.

use jiff::{SignedDuration, Timestamp};

use crate::core::activity::ActivityKind;
use crate::core::creation::{Creation, CreationSearch, CreationStage, Event, MintedKey, OpId};
use crate::core::key::ApiKey;
use crate::core::target::Target;
use crate::ops::client::TeamClient;
use crate::ops::create::move_on;
use crate::ops::custody::{Acknowledged, acknowledge, write_line};
use crate::ops::review::{read_list, server_now};
use crate::ops::revoke::proof::is_refused;
use crate::ops::sign_in::Profile;
use crate::ops::trail::{Trail, trail};
use crate::ports::{Account, ApiError, JournalError, Ports};

/// A found key is not called lost before this: another copy of the program may be about to put its value away. Longer
/// than a request and a keyring may take together.
pub(crate) const OTHER_COPY: SignedDuration = SignedDuration::from_secs(45);

/// A creation that is not over, and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// Its value is in the credential store, to be handed over.
    Value(Creation),
    /// The key is there and its value is lost for good.
    Lost(Creation),
    /// It is in the list, and until this time another copy of the program may still be putting its value away.
    Listed(Creation, MintedKey, Timestamp),
    /// Its value is not kept here, and went somewhere before.
    Elsewhere(Creation, Trail),
    /// It is not in the list yet, and may still appear.
    Looking(Creation),
    /// Several keys could be it.
    Several(Creation, Vec<MintedKey>),
    /// The credential store cannot be read now, so nothing is known.
    Unreadable(Creation),
    /// Nothing but a person's look in the browser tells whether it exists: they were to make it there, or the server has no
    /// list.
    Asked(Creation),
}

impl Waiting {
    /// The creation.
    #[must_use]
    pub fn creation(&self) -> &Creation {
        match self {
            Self::Value(creation)
            | Self::Lost(creation)
            | Self::Listed(creation, ..)
            | Self::Looking(creation)
            | Self::Several(creation, _)
            | Self::Elsewhere(creation, _)
            | Self::Unreadable(creation)
            | Self::Asked(creation) => creation,
        }
    }

    /// What is true of it, and what to do. `store` is what the credential store is called.
    #[must_use]
    pub fn sentence(&self, store: &str) -> String {
        let creation = self.creation();
        let name = &creation.intent.name;
        let id = creation
            .minted
            .as_ref()
            .map_or(String::new(), |minted| format!(" ({})", minted.id));
        match self {
            Self::Value(_) => format!("The value of “{name}”{id} is safe in {store}, waiting for you to store it."),
            Self::Lost(_) => format!(
                "“{name}”{id} exists, but its value is lost for good and nobody can use it. Revoke it and create \
                 another."
            ),
            Self::Listed(_, minted, until) => format!(
                "“{name}” ({}) is listed. Another copy of the program may still hold its value until {}. After that, \
                 the value is lost for good: revoke the key and create another.",
                minted.id,
                until.strftime("%H:%M:%S UTC")
            ),
            Self::Elsewhere(_, trail) => {
                let names = |targets: Vec<&Target>| targets.into_iter().map(Target::to_string).collect::<Vec<_>>();
                let (stored, failed) = (names(trail.stored().collect()), names(trail.failed().collect()));
                match (stored.join(", "), failed.join(", ")) {
                    (stored, _) if stored.is_empty() => format!(
                        "You copied the value of “{name}”{id}, and no copy is left here. If you pasted it somewhere, \
                         say that it is stored. If not, it is lost: revoke the key and create another."
                    ),
                    (stored, failed) if failed.is_empty() => format!(
                        "The value of “{name}”{id} is in {stored} and nowhere else. Copy it from there to wherever \
                         else you use it, then say that it is stored."
                    ),
                    (stored, failed) => format!(
                        "The value of “{name}”{id} is in {stored} and nowhere else. {failed} did not accept it. Copy \
                         it there from {stored}, then say that it is stored."
                    ),
                }
            }
            Self::Looking(_) => {
                format!("“{name}”{id} may or may not exist. We look for it until two minutes after you asked for it.")
            }
            Self::Several(_, found) => {
                let ids: Vec<String> = found.iter().map(|minted| minted.id.to_string()).collect();
                format!(
                    "Creating “{name}” made a key, but we cannot tell which one: it could be {}. Its value is lost. \
                     Revoke those that nobody uses.",
                    ids.join(", ")
                )
            }
            Self::Asked(creation) if !creation.intent.manual => format!(
                "“{name}” may or may not have been created, and the server cannot list keys. Look for it in the \
                 browser: if it is there, its value is lost, so revoke it there. Then record here that it was not created."
            ),
            Self::Asked(_) => format!(
                "Did you create “{name}” in the browser? You have not pasted its value here. If you have the value, \
                 paste it. If you lost it, revoke that key there."
            ),
            Self::Unreadable(_) => format!(
                "The keyring cannot be read now, so the value of “{name}”{id} is out of reach. Unlock or start the \
                 keyring."
            ),
        }
    }
}

/// Why nothing can be said of unfinished creations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecoverError {
    /// The journal cannot be read.
    Journal(JournalError),
    /// The list cannot be read.
    List(ApiError),
}

impl std::fmt::Display for RecoverError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Journal(error) => write!(f, "Cannot tell whether a new key is waiting: {error}."),
            Self::List(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RecoverError {}

/// Whose unfinished creations are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Those of an earlier run; another copy of the program may still be at work on one.
    EarlierRun,
    /// The one this run has just lost the answer of.
    JustNow(OpId),
}

/// The list as it was read for every unfinished creation: once, and once more where an absence hangs on it.
#[derive(Default)]
struct Readings {
    first: Option<FirstReading>,
    second: Option<FirstReading>,
}

impl Readings {
    async fn first(&mut self, api: &TeamClient) -> Result<&FirstReading, RecoverError> {
        FirstReading::of(api, &mut self.first).await
    }

    /// Whether two readings in a row prove for `creation` that nothing in the list is what `is_it` says.
    async fn lack(
        &mut self,
        api: &TeamClient,
        creation: &Creation,
        is_it: impl Fn(&ApiKey) -> bool,
    ) -> Result<bool, RecoverError> {
        let lacks = |seen: &FirstReading| seen.proves_absence_for(creation) && !seen.keys.iter().any(&is_it);
        Ok(lacks(FirstReading::of(api, &mut self.first).await?)
            && lacks(FirstReading::of(api, &mut self.second).await?))
    }
}

/// One reading of it.
struct FirstReading {
    keys: Vec<ApiKey>,
    /// Whether a key that it lacks is not there: it is the server's, and whole.
    complete: bool,
}

impl FirstReading {
    async fn of<'a>(api: &TeamClient, seen: &'a mut Option<Self>) -> Result<&'a Self, RecoverError> {
        let read = match seen.take() {
            Some(read) => read,
            None => {
                let read = read_list(api, &|_| {}).await.map_err(RecoverError::List)?;
                Self {
                    complete: read.complete && api.has_list(),
                    keys: read.keys,
                }
            }
        };
        Ok(seen.insert(read))
    }

    /// Whether a key that this list lacks is gone: the list is whole, and it is of the creation's own team, as the keys of
    /// before show. A profile can be signed in to another team meanwhile.
    fn proves_absence_for(&self, creation: &Creation) -> bool {
        let known = &creation.intent.known;
        self.complete && (known.is_empty() || self.keys.iter().any(|key| known.contains(&key.id)))
    }
}

/// Takes every creation that is not over as far as it goes by itself, and says what the others wait for.
///
/// # Errors
/// [`RecoverError`]; nothing was given up.
pub async fn recover(
    ports: &Ports,
    profile: &Profile,
    api: &TeamClient,
    since: Since,
) -> Result<Vec<Waiting>, RecoverError> {
    let unfinished = ports
        .journal
        .unfinished(&profile.scope())
        .await
        .map_err(RecoverError::Journal)?;
    let mut waiting = Vec::new();
    let mut list = Readings::default();
    for creation in unfinished {
        let one = match creation.stage {
            CreationStage::Done | CreationStage::Closed => None,
            CreationStage::Acknowledged => match acknowledge(ports, profile, &creation).await {
                Acknowledged::Forgotten | Acknowledged::NotRecorded => None,
                Acknowledged::StillEscrowed(_) => Some(Waiting::Unreadable(creation)),
            },
            CreationStage::Escrowed | CreationStage::Delivered => {
                if is_dead(ports, api, &mut list, &creation).await {
                    forget_dead(ports, profile, &creation).await;
                    None
                } else {
                    escrowed(ports, profile, api, &mut list, creation).await?
                }
            }
            CreationStage::Lost => still_listed(ports, profile, api, &mut list, creation).await?,
            CreationStage::Intended => intended(ports, profile, api, &mut list, creation, &since).await?,
        };
        tracing::debug!(waits = one.is_some(), "looked at an unfinished creation");
        waiting.extend(one);
    }
    Ok(waiting)
}

/// Whether the key of a waiting value was revoked meanwhile: its own team's whole list lacks it, and its value is refused.
/// Not asked of a key so new that neither may know it yet.
async fn is_dead(ports: &Ports, api: &TeamClient, list: &mut Readings, creation: &Creation) -> bool {
    let Some(minted) = &creation.minted else { return false };
    if creation.intent.known.is_empty() || server_now(api, &*ports.clock) < creation.search_ends() {
        return false;
    }
    let lacks = list.lack(api, creation, |key| key.id == minted.id).await;
    if !lacks.unwrap_or(false) {
        return false;
    }
    let Ok(Some(value)) = ports.store.get(&Account::escrow(&creation.op)).await else {
        return false;
    };
    is_refused(api, &value).await && api.teams().await.is_ok()
}

/// The value of a key that is gone is worth nothing to anybody.
async fn forget_dead(ports: &Ports, profile: &Profile, creation: &Creation) {
    let Some(minted) = creation.minted.clone() else { return };
    if let Err(error) = ports.store.delete(&Account::escrow(&creation.op)).await {
        tracing::debug!(%error, "the value of a key that is gone stays in the store until the next look");
        return;
    }
    let Some(lost) = move_on(ports, creation, Event::ValueLost(minted)).await else {
        return;
    };
    move_on(ports, &lost, Event::Settled).await;
    let detail = "the key is gone, and its value was deleted".to_owned();
    write_line(ports, profile, creation, ActivityKind::Recover, "settled", detail).await;
}

async fn escrowed(
    ports: &Ports,
    profile: &Profile,
    api: &TeamClient,
    list: &mut Readings,
    creation: Creation,
) -> Result<Option<Waiting>, RecoverError> {
    Ok(match ports.store.get(&Account::escrow(&creation.op)).await {
        Ok(Some(_)) => Some(Waiting::Value(creation)),
        Ok(None) => match creation.minted.clone() {
            Some(minted) => without_value(ports, profile, api, list, creation, minted).await?,
            None => Some(Waiting::Unreadable(creation)),
        },
        Err(_) => Some(Waiting::Unreadable(creation)),
    })
}

/// No value of the key is kept here: it is lost, unless it went somewhere before.
async fn without_value(
    ports: &Ports,
    profile: &Profile,
    api: &TeamClient,
    list: &mut Readings,
    creation: Creation,
    minted: MintedKey,
) -> Result<Option<Waiting>, RecoverError> {
    let trail = trail(ports, &creation).await.map_err(RecoverError::Journal)?;
    if !trail.is_anywhere() {
        return Ok(Some(Waiting::Lost(give_up(ports, profile, &creation, minted).await)));
    }
    let is_old = server_now(api, &*ports.clock) >= creation.search_ends();
    if is_old && list.lack(api, &creation, |key| key.id == minted.id).await? {
        if let Some(lost) = move_on(ports, &creation, Event::ValueLost(minted)).await {
            move_on(ports, &lost, Event::Settled).await;
        }
        let detail = "the key is gone".to_owned();
        write_line(ports, profile, &creation, ActivityKind::Recover, "settled", detail).await;
        return Ok(None);
    }
    Ok(Some(Waiting::Elsewhere(creation, trail)))
}

async fn intended(
    ports: &Ports,
    profile: &Profile,
    api: &TeamClient,
    list: &mut Readings,
    creation: Creation,
    since: &Since,
) -> Result<Option<Waiting>, RecoverError> {
    let kept = ports.store.get(&Account::escrow(&creation.op)).await;
    if creation.intent.manual && creation.minted.is_none() && !matches!(kept, Ok(Some(_))) {
        return Ok(Some(Waiting::Asked(creation)));
    }
    let keys = &list.first(api).await?.keys;
    let now = server_now(api, &*ports.clock);
    let secret = match kept {
        Ok(secret) => secret,
        // A store that is not there took nothing either; one that does not answer may hold it.
        Err(crate::ports::StoreError::Absent) => None,
        Err(_) => return Ok(Some(Waiting::Unreadable(creation))),
    };
    if let Some(secret) = secret {
        let minted = creation.minted.clone().or_else(|| {
            let fits = |key: &&ApiKey| match (&key.prefix, &key.last_four) {
                (Some(prefix), Some(last_four)) => secret.fits_hint(prefix.raw(), last_four.raw()),
                _ => false,
            };
            let by_hint = keys.iter().find(fits).map(|key| MintedKey {
                id: key.id.clone(),
                name: key.name.clone(),
            });
            by_hint.or_else(|| match creation.look(keys.iter(), now) {
                CreationSearch::One(minted) => Some(minted),
                _ => None,
            })
        });
        return Ok(Some(match minted {
            Some(minted) => match move_on(ports, &creation, Event::Escrowed(minted.clone())).await {
                Some(moved) => Waiting::Value(moved),
                None => Waiting::Value(Creation {
                    minted: Some(minted),
                    ..creation
                }),
            },
            // Its value is safe, only its id is not known yet.
            None => Waiting::Looking(creation),
        }));
    }
    if let Some(minted) = &creation.minted
        && trail(ports, &creation)
            .await
            .map_err(RecoverError::Journal)?
            .is_anywhere()
    {
        let minted = minted.clone();
        return without_value(ports, profile, api, list, creation, minted).await;
    }
    // While another copy of the program may be writing the escrow, nothing is given up.
    let lease = after(creation.intent.at, OTHER_COPY);
    let found = creation.look(keys.iter(), now);
    if *since != Since::JustNow(creation.op.clone()) && now < lease {
        let listed = match (&creation.minted, found) {
            (Some(minted), _) => keys.iter().any(|key| key.id == minted.id).then(|| minted.clone()),
            (None, CreationSearch::One(minted)) if api.has_list() => Some(minted),
            (None, _) => None,
        };
        return Ok(Some(match listed {
            Some(minted) => Waiting::Listed(creation, minted, lease),
            None => Waiting::Looking(creation),
        }));
    }
    if let Some(minted) = creation.minted.clone() {
        return Ok(Some(Waiting::Lost(give_up(ports, profile, &creation, minted).await)));
    }
    Ok(match found {
        _ if !api.has_list() => Some(Waiting::Asked(creation)),
        CreationSearch::One(minted) => Some(Waiting::Lost(give_up(ports, profile, &creation, minted).await)),
        CreationSearch::KeepLooking => Some(Waiting::Looking(creation)),
        CreationSearch::Several(found) => Some(Waiting::Several(creation, found)),
        // A list with gaps, or of another team, shows nothing.
        CreationSearch::Nothing
            if !list
                .lack(api, &creation, |key| {
                    creation.look([key], now) != CreationSearch::Nothing
                })
                .await? =>
        {
            Some(Waiting::Looking(creation))
        }
        CreationSearch::Nothing => {
            move_on(ports, &creation, Event::NothingAppeared).await;
            let detail = format!("{}: no such key appeared", creation.intent.name);
            write_line(
                ports,
                profile,
                &creation,
                ActivityKind::Recover,
                "nothing_appeared",
                detail,
            )
            .await;
            None
        }
    })
}

/// A lost key that is revoked meanwhile is settled.
async fn still_listed(
    ports: &Ports,
    profile: &Profile,
    api: &TeamClient,
    list: &mut Readings,
    creation: Creation,
) -> Result<Option<Waiting>, RecoverError> {
    let gone = match &creation.minted {
        Some(minted) => list.lack(api, &creation, |key| key.id == minted.id).await?,
        None => false,
    };
    if !gone {
        let trail = trail(ports, &creation).await.map_err(RecoverError::Journal)?;
        return Ok(Some(if trail.is_anywhere() {
            Waiting::Elsewhere(creation, trail)
        } else {
            Waiting::Lost(creation)
        }));
    }
    move_on(ports, &creation, Event::Settled).await;
    write_line(
        ports,
        profile,
        &creation,
        ActivityKind::Recover,
        "settled",
        "the key is gone".to_owned(),
    )
    .await;
    Ok(None)
}

async fn give_up(ports: &Ports, profile: &Profile, creation: &Creation, minted: MintedKey) -> Creation {
    let moved = move_on(ports, creation, Event::ValueLost(minted.clone())).await;
    let lost = moved.unwrap_or_else(|| Creation {
        minted: Some(minted),
        stage: CreationStage::Lost,
        ..creation.clone()
    });
    write_line(
        ports,
        profile,
        &lost,
        ActivityKind::Recover,
        "value_lost",
        String::new(),
    )
    .await;
    lost
}

fn after(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}
