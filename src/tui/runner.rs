//! Runs effects: each in a task of its own, with a cancel token, its result sent back as a message.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::core::incident::Outcome;
use crate::core::listing::Listing;
use crate::core::sink::Sinks;
use crate::ops::create::{CreateError, WithoutStore, create};
use crate::ops::custody::{acknowledge, note_delivery, reopen};
use crate::ops::deliver::{Receipt, ReceiptState};
use crate::ops::handover::{Route, hand_to, look_ahead};
use crate::ops::recover::{RecoverError, recover};
use crate::ops::review::{keep as keep_list, review};
use crate::ops::revoke::{Patience, revoke_and_record};
use crate::ops::sign_in::{Profile, Session, find_session, sign_in};
use crate::ports::{ApiError, Consequence, Fault, KeyApi, Operation, Ports};
use crate::tui::effect::{Effect, Parcel};
use crate::tui::message::{Message, RequestId, TeamIndex};

/// The sessions found so far, by team.
type Sessions = Arc<Mutex<HashMap<TeamIndex, Session>>>;

/// What effects run with.
pub struct Runner {
    ports: Ports,
    profiles: Vec<Profile>,
    sinks: Sinks,
    patience: Patience,
    sessions: Sessions,
    messages: UnboundedSender<Message>,
    cancels: HashMap<RequestId, CancellationToken>,
}

impl Runner {
    /// Sends results to `messages`.
    #[must_use]
    pub fn new(
        ports: Ports,
        profiles: Vec<Profile>,
        sinks: Sinks,
        patience: Patience,
        messages: UnboundedSender<Message>,
    ) -> Self {
        Self {
            ports,
            profiles,
            sinks,
            patience,
            sessions: Sessions::default(),
            messages,
            cancels: HashMap::new(),
        }
    }

    /// Starts an effect. Must be called within a tokio runtime.
    pub fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Cancel(request) => {
                if let Some(token) = self.cancels.remove(&request) {
                    token.cancel();
                }
            }
            Effect::FindSession(request, team) => self.find_session(request, team),
            Effect::SignIn(request, team, value) => self.sign_in(request, team, value),
            Effect::Load(request, team) => self.load(request, team),
            Effect::Create(request, team, name) => {
                let (api, profile) = (self.api(team, Operation::Create), self.profile(team));
                let ports = self.ports.clone();
                self.spawn(request, async move {
                    let result = match (api, profile) {
                        (Ok(api), Some(profile)) => create(&ports, &profile, &*api, name, WithoutStore::Create)
                            .await
                            .map(Box::new),
                        (Err(error), _) => Err(CreateError::NotCreated(name, error)),
                        (Ok(_), None) => return None,
                    };
                    Some(Message::Created { request, team, result })
                });
            }
            Effect::Recover(request, team, since) => {
                let (api, profile) = (self.api(team, Operation::List), self.profile(team));
                let ports = self.ports.clone();
                self.spawn(request, async move {
                    let result = match (api, profile?) {
                        (Ok(api), profile) => recover(&ports, &profile, &*api, since).await,
                        (Err(error), _) => Err(RecoverError::List(error)),
                    };
                    Some(Message::Recovered { request, team, result })
                });
            }
            Effect::Reopen(request, team, creation) => {
                let ports = self.ports.clone();
                self.spawn(request, async move {
                    let result = reopen(&ports, &creation).await.map(Box::new);
                    Some(Message::Reopened { request, team, result })
                });
            }
            Effect::Send(request, team, parcel) => {
                let (ports, profile, sinks) = (self.ports.clone(), self.profile(team), self.sinks.clone());
                self.spawn(request, async move {
                    let called = parcel.new.key.called();
                    let receipt = send(&ports, &profile?, &sinks, *parcel).await;
                    Some(Message::SentTo {
                        request,
                        called,
                        receipt,
                    })
                });
            }
            Effect::NoteDelivery(request, team, creation, whereto) => {
                let (ports, profile) = (self.ports.clone(), self.profile(team));
                self.spawn(request, async move {
                    note_delivery(&ports, &profile?, &creation, &whereto).await;
                    Some(Message::Noted { request })
                });
            }
            Effect::Acknowledge(request, team, creation, called) => {
                let (ports, profile) = (self.ports.clone(), self.profile(team));
                self.spawn(request, async move {
                    let result = acknowledge(&ports, &profile?, &creation).await;
                    Some(Message::Acknowledged {
                        request,
                        called,
                        result,
                    })
                });
            }
            Effect::Revoke(request, team, target) => {
                let (api, profile) = (self.api(team, Operation::Revoke), self.profile(team));
                let (ports, patience) = (self.ports.clone(), self.patience);
                self.spawn(request, async move {
                    let (outcome, unrecorded) = match api {
                        Ok(api) => {
                            let never = std::future::pending();
                            let revocation =
                                revoke_and_record(&ports, &profile?, &*api, &target, patience, never).await;
                            (revocation.outcome?, revocation.recorded.err())
                        }
                        Err(error) => (Outcome::Failed(error.to_string()), None),
                    };
                    Some(Message::Revoked {
                        request,
                        team,
                        target,
                        outcome,
                        unrecorded,
                    })
                });
            }
            Effect::Copy(request, value) => {
                let clipboard = Arc::clone(&self.ports.clipboard);
                self.spawn(request, async move {
                    let result = clipboard.copy(value).await;
                    Some(Message::Copied { request, result })
                });
            }
            Effect::ClearClipboard(request) => {
                let clipboard = Arc::clone(&self.ports.clipboard);
                self.spawn(request, async move {
                    let result = clipboard.clear().await;
                    Some(Message::ClipboardCleared { request, result })
                });
            }
        }
    }

    fn profile(&self, team: TeamIndex) -> Option<Profile> {
        self.profiles.get(team.0).cloned()
    }

    fn find_session(&mut self, request: RequestId, team: TeamIndex) {
        let Some(profile) = self.profile(team) else {
            return;
        };
        let (ports, sessions) = (self.ports.clone(), Arc::clone(&self.sessions));
        self.spawn(request, async move {
            let result = find_session(&ports, &profile).await.map(|found| {
                found.map(|session| {
                    let source = session.source;
                    keep(&sessions, team, session);
                    source
                })
            });
            Some(Message::SessionFound { request, team, result })
        });
    }

    fn sign_in(&mut self, request: RequestId, team: TeamIndex, value: crate::core::secret::Secret) {
        let Some(profile) = self.profile(team) else {
            return;
        };
        let (ports, sessions) = (self.ports.clone(), Arc::clone(&self.sessions));
        self.spawn(request, async move {
            let result = sign_in(&ports, &profile, value).await.map(|signed| {
                keep(&sessions, team, signed.session);
                signed.teams
            });
            Some(Message::SignedIn { request, team, result })
        });
    }

    fn load(&mut self, request: RequestId, team: TeamIndex) {
        let api = self.api(team, Operation::List);
        let (ports, profile, messages) = (self.ports.clone(), self.profile(team), self.messages.clone());
        self.spawn(request, async move {
            let result = match api {
                Ok(api) => {
                    let on_page = move |progress| {
                        // The dashboard may have ended meanwhile.
                        let _ = messages.send(Message::PageRead { request, progress });
                    };
                    let read: Result<Listing, ApiError> = review(&*api, &*ports.clock, &on_page).await;
                    if let (Ok(listing), Some(profile)) = (&read, profile) {
                        keep_list(&ports, &profile, &Arc::new(listing.clone())).await;
                    }
                    read.map(|listing| (listing, api.clock_offset()))
                }
                Err(error) => Err(error),
            };
            Some(Message::Loaded { request, team, result })
        });
    }

    fn api(&self, team: TeamIndex, operation: Operation) -> Result<Arc<dyn KeyApi>, ApiError> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        match sessions.get(&team) {
            Some(session) => Ok(Arc::clone(&session.api)),
            None => Err(ApiError {
                operation,
                endpoint: operation.verb().to_owned(),
                host: self
                    .profiles
                    .get(team.0)
                    .map_or_else(String::new, |profile| profile.base_url.host().to_owned()),
                fault: Fault::NoClient("there is no credential; sign in first".to_owned()),
                consequence: Consequence::None,
            }),
        }
    }

    fn spawn(&mut self, request: RequestId, work: impl Future<Output = Option<Message>> + Send + 'static) {
        let token = CancellationToken::new();
        let messages = self.messages.clone();
        self.cancels.insert(request, token.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = token.cancelled() => {}
                Some(message) = work => {
                    // The dashboard may have ended meanwhile.
                    let _ = messages.send(message);
                }
            }
        });
    }

    /// Forgets the token of a run that ended.
    pub fn ended(&mut self, request: RequestId) {
        self.cancels.remove(&request);
    }
}

/// Looks whether the target is ready, hands the value over, and writes down what became of it.
async fn send(ports: &Ports, profile: &Profile, sinks: &Sinks, parcel: Parcel) -> Receipt {
    let Parcel { target, team, mut new } = parcel;
    let route = Route {
        sinks,
        team: team.as_deref(),
    };
    let problems = look_ahead(ports, route, std::slice::from_ref(&target), None).await;
    if let Some(problem) = problems.into_iter().next() {
        return Receipt {
            target,
            state: ReceiptState::Failed { why: problem.why },
        };
    }
    hand_to(ports, profile, route, &target, &mut new, std::future::pending())
        .await
        .receipt
}

fn keep(sessions: &Sessions, team: TeamIndex, session: Session) {
    sessions
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(team, session);
}
