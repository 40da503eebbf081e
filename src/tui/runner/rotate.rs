//! Effects of a rotation, run over the ops that the command line uses too.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::core::capability::Capability;
use crate::core::creation::Creation;
use crate::core::key::{KeyId, KeyName};
use crate::core::listing::{ListedKey, Listing};
use crate::core::policy::Policies;
use crate::core::rotation::{Creating, Rotation, Stage};
use crate::core::team::TeamIdentity;
use crate::ops::create::{CreateError, NewKey, WithoutStore};
use crate::ops::custody::reopen;
use crate::ops::revoke::{OnFact, Pace};
use crate::ops::rotate::{
    At, Finished, Minted, RotateError, Rules, Seen, adopt, attest, begin, begin_in_browser, begun_in_browser, cancel,
    create_capability, finish, hand_to_own_place, mint, read, read_list, reopen_step_one, settle, tick,
    took_from_browser, untick,
};
use crate::ops::sign_in::{Profile, Session, find_session};
use crate::ports::Ports;
use crate::tui::effect::RotationMove;
use crate::tui::message::{Begun, TeamIndex};
use crate::tui::runner::sessions::{Sessions, keep};

/// What the rotations of a team run with.
pub(super) struct Rotating {
    pub(super) ports: Ports,
    pub(super) profile: Profile,
    pub(super) session: Session,
    pub(super) policies: Arc<Policies>,
    pub(super) quiet: SignedDuration,
    /// How a revocation is sent and watched.
    pub(super) pace: Pace,
    pub(super) team: TeamIndex,
    pub(super) sessions: Sessions,
}

impl Rotating {
    fn at(&self) -> At<'_> {
        At {
            ports: &self.ports,
            profile: &self.profile,
            session: &self.session,
        }
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            policies: &self.policies,
            quiet: self.quiet,
        }
    }

    pub(super) async fn begin(&mut self, key: &KeyId, name: Option<KeyName>) -> Result<Begun, RotateError> {
        let listing = read_list(self.at()).await?;
        let rotation = begin(self.at(), &listing, listed(&listing, key)?, (name, false), self.rules()).await?;
        let seen = settle(self.at(), rotation, listing, self.rules()).await;
        let seen = reopen_step_one(self.at(), seen).await?;
        if seen.rotation.stage != Stage::Creating(Creating::Nothing) {
            return self.go_on(seen).await;
        }
        // Our own new credential has to be kept: its place is the store.
        let without_store = if seen.rotation.own {
            WithoutStore::Refuse
        } else {
            WithoutStore::Create
        };
        let minted = match self.made(&seen, without_store).await? {
            Made::Here(minted) => *minted,
            Made::InBrowser(creation) => {
                // As it stands now: its first step is claimed.
                let claimed = self.ports.journal.rotation(&seen.rotation.id).await;
                let rotation = claimed.ok().flatten().unwrap_or(seen.rotation);
                return Ok(Begun {
                    seen: Seen { rotation, ..seen },
                    new: None,
                    trouble: None,
                    in_browser: Some(creation),
                });
            }
        };
        let seen = Seen {
            rotation: minted.rotation,
            ..seen
        };
        Ok(self.handed(seen, minted.new).await)
    }

    /// A rotation that is there already: the value of our own new key may still have to be put into its place.
    async fn go_on(&mut self, seen: Seen) -> Result<Begun, RotateError> {
        let waiting = seen.waiting.clone().filter(|_| seen.rotation.own);
        let opened = match waiting {
            Some(creation) => reopen(&self.ports, &creation).await.ok(),
            None => None,
        };
        match opened {
            Some(new) => Ok(self.handed(seen, new).await),
            None => Ok(Begun {
                new: None,
                trouble: None,
                in_browser: begun_in_browser(self.at(), &seen.rotation).await.map(Box::new),
                seen,
            }),
        }
    }

    async fn handed(&mut self, seen: Seen, new: NewKey) -> Begun {
        let mut trouble = None;
        if seen.rotation.own {
            let old = seen
                .listing
                .keys
                .iter()
                .find(|listed| listed.key.id == seen.rotation.old.id);
            let old = old.map(|listed| &listed.key);
            match hand_to_own_place(self.at(), &seen.rotation, &new, old).await {
                Ok(()) => self.sign_in_anew().await,
                Err(error) => trouble = Some(error),
            }
        }
        Begun {
            seen,
            new: Some(new),
            trouble,
            in_browser: None,
        }
    }

    /// The new key was made in the browser, and its value is put away.
    pub(super) async fn pasted(&mut self, rotation: &Rotation, new: NewKey) -> Begun {
        let Minted { rotation, new } = took_from_browser(self.at(), rotation, new).await;
        let seen = match self.read(rotation.clone()).await {
            Ok(seen) => seen,
            Err(_) => self.unread(rotation).await,
        };
        self.handed(seen, new).await
    }

    /// A rotation that moved, beside the last list there was: that of now is read another time.
    async fn unread(&self, rotation: Rotation) -> Seen {
        let last = self.ports.journal.last_list(&self.profile.scope()).await;
        let last = last.ok().flatten().unwrap_or_else(|| Listing {
            team: TeamIdentity::Unknown,
            keys: Vec::new(),
            complete: false,
            odd: Default::default(),
            as_of: self.ports.clock.now(),
        });
        Seen {
            rotation,
            // An old list proves no absence.
            listing: Arc::new(Listing {
                complete: false,
                odd: Default::default(),
                ..last
            }),
            troubles: Vec::new(),
            waiting: None,
        }
    }

    /// Makes the new key by its endpoint, or begins one that the person makes in the browser.
    async fn made(&self, seen: &Seen, without_store: WithoutStore) -> Result<Made, RotateError> {
        let by_endpoint = create_capability(self.at()).await != Capability::Manual;
        if by_endpoint {
            match mint(self.at(), &seen.rotation, without_store).await {
                Ok(minted) => return Ok(Made::Here(Box::new(minted))),
                // It said so to the request.
                Err(RotateError::Create(error))
                    if matches!(*error, CreateError::NotCreated(..))
                        && self.session.client.known().create == Capability::Manual => {}
                Err(error) => return Err(error),
            }
        }
        let creation = begin_in_browser(self.at(), &seen.rotation, without_store).await?;
        Ok(Made::InBrowser(Box::new(creation)))
    }

    /// From here on every request of this team goes with the new credential.
    async fn sign_in_anew(&mut self) {
        if let Ok(Some(session)) = find_session(&self.ports, &self.profile).await {
            self.session = session.clone();
            keep(&self.sessions, self.team, session);
        }
    }

    pub(super) async fn read(&mut self, rotation: Rotation) -> Result<Seen, RotateError> {
        // Another copy of the program may have moved our sign-in: with the old key we would be its traffic ourselves.
        if rotation.own {
            self.sign_in_anew().await;
        }
        // What was done in the browser moved it without the page.
        let newest = self.ports.journal.rotation(&rotation.id).await;
        let rotation = newest.ok().flatten().unwrap_or(rotation);
        read(self.at(), rotation, self.rules()).await
    }

    pub(super) async fn step(&mut self, rotation: &Rotation, step: RotationMove) -> Result<Seen, RotateError> {
        let moved = match step {
            RotationMove::Tick(place) => tick(self.at(), rotation, &place).await?,
            RotationMove::Untick(place) => untick(self.at(), rotation, &place).await?,
            RotationMove::Attest(reason) => attest(self.at(), rotation, &reason, self.quiet).await?,
            RotationMove::Cancel => cancel(self.at(), rotation).await?.0,
        };
        if moved.own {
            self.sign_in_anew().await;
        }
        Ok(match read(self.at(), moved.clone(), self.rules()).await {
            Ok(seen) => seen,
            Err(_) => self.unread(moved).await,
        })
    }

    pub(super) async fn adopt(&self, old: &KeyId, new: &KeyId) -> Result<Seen, RotateError> {
        let listing = read_list(self.at()).await?;
        let pair = (listed(&listing, old)?, listed(&listing, new)?);
        let rotation = adopt(self.at(), &listing, pair, self.rules()).await?;
        Ok(settle(self.at(), rotation, listing, self.rules()).await)
    }

    pub(super) async fn finish(&mut self, rotation: Rotation, force: bool) -> Result<Finished, RotateError> {
        let seen = self.read(rotation).await?;
        let untold: OnFact<'_> = &|_, _| {};
        let pace = (self.pace, untold);
        finish(
            self.at(),
            &seen,
            force,
            self.rules(),
            None,
            pace,
            std::future::pending(),
        )
        .await
    }
}

/// Where the new key is made.
enum Made {
    Here(Box<Minted>),
    InBrowser(Box<Creation>),
}

fn listed<'a>(listing: &'a Listing, id: &KeyId) -> Result<&'a ListedKey, RotateError> {
    let found = listing.keys.iter().find(|listed| listed.key.id == *id);
    found.ok_or_else(|| RotateError::NotListed(id.clone()))
}
