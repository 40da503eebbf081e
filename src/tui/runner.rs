//! Runs effects: each in a task of its own, with a cancel token, its result sent back as a message.

mod leak;
mod manual;
mod many;
mod rotate;
mod sessions;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use jiff::SignedDuration;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use self::leak::Teller;
use self::many::Many;
use self::rotate::Rotating;
use self::sessions::{Sessions, keep};
use crate::core::capability::Capabilities;
use crate::core::listing::Listing;
use crate::core::policy::Policies;
use crate::core::sink::Sinks;
use crate::ops::client::TeamClient;
use crate::ops::custody::{acknowledge, discard, note_delivery, reopen};
use crate::ops::deliver::{Receipt, ReceiptState};
use crate::ops::due::notes;
use crate::ops::handover::{Destination, HandoverRoute, hand_to, look_ahead};
use crate::ops::recover::{RecoverError, recover};
use crate::ops::review::{keep as keep_list, review};
use crate::ops::revoke::Pace;
use crate::ops::rotate::RotateError;
use crate::ops::sign_in::{Profile, Session, find_session, sign_in};
use crate::ops::snooze::{end_snooze, snooze};
use crate::ports::{ApiError, Consequence, Fault, LogQuery, Operation, Ports};
use crate::tui::effect::{Effect, Parcel};
use crate::tui::message::{Message, RequestId, TeamIndex};
use crate::tui::model::DashboardSettings;
use crate::tui::page::activity::LINES;

/// What effects run with.
pub struct Runner {
    ports: Ports,
    profiles: Vec<Profile>,
    sinks: Sinks,
    policies: Arc<Policies>,
    quiet: SignedDuration,
    pace: Pace,
    sessions: Sessions,
    messages: UnboundedSender<Message>,
    cancels: HashMap<RequestId, CancellationToken>,
    /// Ends what was to run to its end, when there is no time left: it still writes down that it was stopped.
    stop: CancellationToken,
}

impl Runner {
    /// Sends results to `messages`.
    #[must_use]
    pub fn new(
        ports: Ports,
        profiles: Vec<Profile>,
        settings: &DashboardSettings,
        pace: Pace,
        messages: UnboundedSender<Message>,
    ) -> Self {
        Self {
            ports,
            profiles,
            sinks: settings.sinks.clone(),
            policies: Arc::clone(&settings.policies),
            quiet: settings.quiet,
            pace,
            sessions: Sessions::default(),
            messages,
            cancels: HashMap::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Ends what was to run to its end.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    fn teller(&self, request: RequestId) -> Teller {
        Teller {
            request,
            messages: self.messages.clone(),
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
            Effect::Create(request, team, name) => self.create(request, team, name),
            Effect::Errand(request, team, errand) => self.errand(request, team, errand),
            Effect::AskAgain(team) => {
                if let Ok(session) = self.session(team, Operation::List) {
                    session.client.ask_again();
                }
            }
            Effect::Recover(request, team, since) => {
                let (api, profile) = (self.api(team, Operation::List), self.profile(team));
                let ports = self.ports.clone();
                self.spawn(request, async move {
                    let result = match (api, profile?) {
                        (Ok(api), profile) => recover(&ports, &profile, &api, since).await,
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
                    let called = parcel.new.key.display_name();
                    let (receipt, doubts) = send(&ports, &profile?, &sinks, *parcel).await;
                    Some(Message::SentTo {
                        request,
                        called,
                        receipt,
                        doubts,
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
            Effect::Discard(request, team, creation, called, was_escrowed) => {
                let (ports, profile) = (self.ports.clone(), self.profile(team));
                self.spawn(request, async move {
                    let result = discard(&ports, &profile?, &creation).await;
                    Some(Message::Discarded {
                        request,
                        team,
                        called,
                        was_escrowed,
                        result,
                    })
                });
            }
            Effect::BeginRotation(request, team, key, name) => {
                let rotating = self.rotating(team);
                self.spawn(request, async move {
                    let result = match rotating? {
                        Ok(mut rotating) => rotating.begin(&key, name).await.map(Box::new),
                        Err(error) => Err(RotateError::List(error)),
                    };
                    Some(Message::RotationBegun { request, team, result })
                });
            }
            Effect::ReadRotation(request, team, rotation) => {
                let rotating = self.rotating(team);
                self.spawn(request, async move {
                    let result = match rotating? {
                        Ok(mut rotating) => rotating.read(*rotation).await.map(Box::new),
                        Err(error) => Err(RotateError::List(error)),
                    };
                    Some(Message::RotationRead { request, team, result })
                });
            }
            Effect::MoveRotation(request, team, rotation, step) => {
                let rotating = self.rotating(team);
                self.spawn(request, async move {
                    let result = match rotating? {
                        Ok(mut rotating) => rotating.step(&rotation, step).await.map(Box::new),
                        Err(error) => Err(RotateError::List(error)),
                    };
                    Some(Message::RotationRead { request, team, result })
                });
            }
            Effect::AdoptPair(request, team, old, new) => {
                let rotating = self.rotating(team);
                self.spawn(request, async move {
                    let result = match rotating? {
                        Ok(rotating) => rotating.adopt(&old, &new).await.map(Box::new),
                        Err(error) => Err(RotateError::List(error)),
                    };
                    Some(Message::RotationRead { request, team, result })
                });
            }
            Effect::FinishRotation(request, team, rotation, force) => {
                let rotating = self.rotating(team);
                self.spawn(request, async move {
                    let old = Box::new(rotation.old.bare());
                    let result = match rotating? {
                        Ok(mut rotating) => rotating.finish(*rotation, force).await.map(Box::new),
                        Err(error) => Err(RotateError::List(error)),
                    };
                    Some(Message::RotationFinished {
                        request,
                        team,
                        old,
                        result,
                    })
                });
            }
            Effect::Snooze(request, team, key, wanted) => {
                let (ports, profile) = (self.ports.clone(), self.profile(team));
                self.spawn(request, async move {
                    let profile = profile?;
                    let result = match wanted {
                        Some((until, reason)) => snooze(&ports, &profile, &key, until, &reason).await.map(Some),
                        None => end_snooze(&ports, &profile, &key).await,
                    };
                    let (notes, _) = notes(&ports, &profile).await;
                    Some(Message::Snoozed {
                        request,
                        team,
                        result,
                        notes,
                    })
                });
            }
            Effect::RevokeMany(request, team, targets) => {
                let (api, profile) = (self.api(team, Operation::Revoke), self.profile(team));
                let (ports, pace, stop) = (self.ports.clone(), self.pace, self.stop.clone());
                let messages = self.messages.clone();
                self.spawn(request, async move {
                    let many = Many {
                        request,
                        team,
                        messages,
                    };
                    Some(many.revoke(&ports, &profile?, api, targets, pace, stop).await)
                });
            }
            Effect::ReadLog(request) => {
                let journal = Arc::clone(&self.ports.journal);
                self.spawn(request, async move {
                    let query = LogQuery {
                        limit: Some(LINES),
                        ..LogQuery::default()
                    };
                    let result = journal.log(query).await;
                    Some(Message::LogRead { request, result })
                });
            }
            Effect::FindLeak(request, team, value, means) => {
                let mut profiles = self.profiles.clone();
                let first = (team.0 < profiles.len()).then(|| profiles.remove(team.0));
                let (ports, teller) = (self.ports.clone(), self.teller(request));
                self.spawn(request, async move {
                    Some(leak::look(&ports, &first?, &profiles, value, means, teller).await)
                });
            }
            Effect::KillLeak(request, search) => {
                let (ports, teller, stop) = (self.ports.clone(), self.teller(request), self.stop.clone());
                let pace = self.pace;
                self.spawn(request, async move {
                    Some(leak::kill(&ports, search, pace, teller, stop).await)
                });
            }
            Effect::CopyText(request, text) => {
                let clipboard = Arc::clone(&self.ports.clipboard);
                self.spawn(request, async move {
                    let result = clipboard.copy_text(text).await;
                    Some(Message::TextCopied { request, result })
                });
            }
            Effect::WriteReport(request, name, text) => {
                let reports = Arc::clone(&self.ports.reports);
                self.spawn(request, async move {
                    let result = reports.write_new(name.as_ref(), text).await;
                    Some(Message::ReportWritten { request, result })
                });
            }
            Effect::Revoke(request, team, target) => self.revoke(request, team, target),
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

    /// What a rotation of this team runs with; `None`: there is no such team.
    fn rotating(&self, team: TeamIndex) -> Option<Result<Rotating, ApiError>> {
        let profile = self.profile(team)?;
        let session = match self.session(team, Operation::List) {
            Ok(session) => session,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(Rotating {
            ports: self.ports.clone(),
            profile,
            session,
            policies: Arc::clone(&self.policies),
            quiet: self.quiet,
            pace: self.pace,
            team,
            sessions: Arc::clone(&self.sessions),
        }))
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
                signed.team
            });
            Some(Message::SignedIn { request, team, result })
        });
    }

    fn load(&mut self, request: RequestId, team: TeamIndex) {
        let session = self.session(team, Operation::List);
        let (ports, profile, messages) = (self.ports.clone(), self.profile(team), self.messages.clone());
        self.spawn(request, async move {
            let mut capabilities = (Capabilities::default(), 0);
            let result = match session {
                Ok(Session { client, .. }) => {
                    let on_page = move |progress| {
                        // The dashboard may have ended meanwhile.
                        let _ = messages.send(Message::PageRead { request, progress });
                    };
                    let read: Result<Listing, ApiError> = review(&client, &*ports.clock, &on_page).await;
                    if let (Ok(listing), Some(profile)) = (&read, &profile) {
                        keep_list(&ports, profile, &Arc::new(listing.clone())).await;
                    }
                    // What a run before this one found is told too.
                    client.recall(Operation::Create).await;
                    capabilities = (client.known(), client.matched());
                    read.map(|listing| (listing, client.clock_offset()))
                }
                Err(error) => Err(error),
            };
            let (notes, _) = notes(&ports, &profile?).await;
            Some(Message::Loaded {
                request,
                team,
                capabilities,
                result,
                notes,
            })
        });
    }

    fn api(&self, team: TeamIndex, operation: Operation) -> Result<Arc<TeamClient>, ApiError> {
        self.session(team, operation).map(|session| session.client)
    }

    fn session(&self, team: TeamIndex, operation: Operation) -> Result<Session, ApiError> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        match sessions.get(&team) {
            Some(session) => Ok(session.clone()),
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

    /// A run that sees itself that it is to stop, and writes that down.
    fn spawn_stoppable<F>(&mut self, request: RequestId, work: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = Option<Message>> + Send + 'static,
    {
        let token = CancellationToken::new();
        let messages = self.messages.clone();
        self.cancels.insert(request, token.clone());
        let work = work(token);
        tokio::spawn(async move {
            if let Some(message) = work.await {
                // The dashboard may have ended meanwhile.
                let _ = messages.send(message);
            }
        });
    }

    /// Forgets the token of a run that ended.
    pub fn ended(&mut self, request: RequestId) {
        self.cancels.remove(&request);
    }
}

/// Looks whether the target is ready, hands the value over, and writes down what became of it. Where there are doubts that
/// the person was not told yet, nothing is sent, and they come back.
async fn send(ports: &Ports, profile: &Profile, sinks: &Sinks, parcel: Parcel) -> (Receipt, Vec<String>) {
    let Parcel {
        target,
        exact,
        told,
        team,
        mut new,
    } = parcel;
    let route = HandoverRoute {
        sinks,
        team: team.as_deref(),
    };
    let wanted = exact.as_ref().unwrap_or(&target);
    let not_sent = |exact, why| Receipt {
        target: target.clone(),
        exact,
        state: ReceiptState::Failed { why },
    };
    let ready = match look_ahead(ports, route, [wanted], None).await {
        Ok(ready) => ready.into_iter().next(),
        Err(problems) => {
            let why = problems.into_iter().next().map(|problem| problem.why);
            return (not_sent(None, why.unwrap_or_default()), Vec::new());
        }
    };
    let (exact, doubts) = ready.map_or((wanted.clone(), Vec::new()), |ready| (ready.exact, ready.doubts));
    let doubts: Vec<String> = doubts.into_iter().filter(|doubt| !told.contains(doubt)).collect();
    if !doubts.is_empty() {
        let why = format!("not sent yet. {} Try again to send it there", doubts.join(" "));
        return (not_sent(Some(exact), why), doubts);
    }
    let destination = Destination { target, exact };
    let never = std::future::pending();
    let handed = hand_to(ports, profile, route, &destination, &mut new, never).await;
    (handed.receipt, Vec::new())
}
