//! Errands around a person who clicks in the browser.

use std::sync::Arc;

use super::Runner;
use crate::core::capability::{Capabilities, Capability};
use crate::core::incident::{Fact, SeenFact, Timeline};
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::core::secret::Secret;
use crate::core::text::clean;
use crate::ops::create::{CreateError, WithoutStore, create};
use crate::ops::manual::{BadValue, begin_manual, not_made, open_page, take_pasted, track};
use crate::ops::revoke::{Case, Evidence, HeldValue, Method, Pace, held_value, revoke};
use crate::ops::rotate::{At, follow_pasted, rotation_of_creation};
use crate::ops::sign_in::{Profile, Session};
use crate::ports::{ApiError, Operation, Ports};
use crate::tui::errand::{Errand, News};
use crate::tui::message::{Message, RequestId, TeamIndex};

impl Runner {
    /// Creates a key by its endpoint, or begins one that the person makes in the browser.
    pub(super) fn create(&mut self, request: RequestId, team: TeamIndex, name: crate::core::key::KeyName) {
        let (session, profile) = (self.session(team, Operation::Create), self.profile(team));
        let ports = self.ports.clone();
        self.spawn(request, async move {
            let session = match session {
                Ok(session) => session,
                Err(error) => {
                    let result = Err(CreateError::NotCreated(name, error));
                    return Some(Message::Created { request, team, result });
                }
            };
            let profile = profile?;
            // Found out when the form was opened; only what could not be told then is asked by the request itself.
            if session.client.recall(Operation::Create).await != Capability::Manual {
                let made = create(&ports, &profile, &session.client, name.clone(), WithoutStore::Create).await;
                let found_out = session.client.known().create == Capability::Manual;
                if !matches!(&made, Err(CreateError::NotCreated(..)) if found_out) {
                    let result = made.map(Box::new);
                    return Some(Message::Created { request, team, result });
                }
            }
            let begun = begin_manual(&ports, &profile, &session, name, WithoutStore::Create, None).await;
            let news = News::Begun(match begun {
                Ok(creation) => Ok((Box::new(creation), open_page(&ports, &profile).await)),
                Err(error) => Err(error),
            });
            Some(Message::News { request, team, news })
        });
    }

    /// Revokes a key by its endpoint; where there turns out to be none, the dialog that helps is told.
    pub(super) fn revoke(&mut self, request: RequestId, team: TeamIndex, target: Box<ListedKey>) {
        let (session, profile) = (self.session(team, Operation::Revoke), self.profile(team));
        let (ports, pace) = (self.ports.clone(), self.pace);
        self.spawn(request, async move {
            let (outcome, unrecorded) = match session {
                Ok(session) => {
                    let profile = profile?;
                    let never = std::future::pending();
                    let case = Case::of(&ports, &profile, &session, &target);
                    let revocation = revoke(case, (Method::Endpoint, Evidence::List), pace, &|_, _| {}, never).await;
                    let outcome = revocation.outcome;
                    let capabilities = session.client.known();
                    if capabilities.revoke == Capability::Manual && !outcome.is_proven() {
                        let news = News::Asked {
                            held: held_value(&ports, &profile, &session, &target).await.is_some(),
                            key: target.key.id,
                            capabilities,
                        };
                        return Some(Message::News { request, team, news });
                    }
                    (outcome, revocation.recorded.err())
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

    pub(super) fn errand(&mut self, request: RequestId, team: TeamIndex, errand: Errand) {
        let (session, profile) = (self.session(team, Operation::Revoke), self.profile(team));
        let session = match session {
            Ok(session) => session,
            // The form that waits for it is answered all the same.
            Err(error) => {
                self.spawn(request, async move {
                    let news = without_session(errand, &error);
                    Some(Message::News { request, team, news })
                });
                return;
            }
        };
        let (ports, pace, rotating) = (self.ports.clone(), self.pace, self.rotating(team));
        if let Errand::Watch(target, value, by) = errand {
            let messages = self.messages.clone();
            let pace = self.pace;
            self.spawn_stoppable(request, |stop| async move {
                let place = (&ports, &profile?, &session);
                let seen = move |line: String| {
                    // The dashboard may have ended meanwhile.
                    let news = News::Seen(line);
                    let _ = messages.send(Message::News { request, team, news });
                };
                let stop = stop.cancelled_owned();
                watch(place, (request, team), target, (value, by, pace), seen, stop).await
            });
            return;
        }
        self.spawn(request, async move {
            let profile = profile?;
            let news = match errand {
                Errand::OpenPage => News::Opened(open_page(&ports, &profile).await),
                Errand::TakePasted(creation, value) => {
                    let value = Arc::new(value);
                    match take_pasted(&ports, &profile, &session, &creation, Arc::clone(&value)).await {
                        Ok(new) => {
                            let at = At {
                                ports: &ports,
                                profile: &profile,
                                session: &session,
                            };
                            // The value of our own new key goes to its place at once.
                            let rotation = rotation_of_creation(at, &new.creation).await;
                            if let Some(rotation) = rotation.filter(|rotation| rotation.own)
                                && let Some(Ok(mut rotating)) = rotating
                            {
                                let begun = rotating.pasted(&rotation, new).await;
                                let result = Ok(Box::new(begun));
                                return Some(Message::RotationBegun { request, team, result });
                            }
                            let result = Ok(Box::new(follow_pasted(at, new).await));
                            return Some(Message::Created { request, team, result });
                        }
                        Err(bad) => match (bad, Arc::try_unwrap(value)) {
                            (bad @ BadValue::Untried(_), Ok(value)) => News::Untried(value, bad.to_string()),
                            (bad, _) => News::Refused(bad.to_string()),
                        },
                    }
                }
                Errand::NotMade(creation) => {
                    let result = not_made(&ports, &profile, &creation).await;
                    News::NotMade(creation, result)
                }
                Errand::FindOut(operation) => {
                    session.client.capability(operation).await;
                    News::FoundOut(session.client.known(), session.client.take_doubt())
                }
                Errand::AskAbout(target) => {
                    session.client.capability(Operation::Revoke).await;
                    News::Asked {
                        held: held_value(&ports, &profile, &session, &target).await.is_some(),
                        key: target.key.id,
                        capabilities: session.client.known(),
                    }
                }
                Errand::Attest(target) => {
                    let ended = revoke(
                        Case::of(&ports, &profile, &session, &target),
                        (Method::Manual, Evidence::Word),
                        pace,
                        &|_, _| {},
                        std::future::pending(),
                    )
                    .await;
                    return Some(Message::Revoked {
                        request,
                        team,
                        target,
                        outcome: ended.outcome,
                        unrecorded: ended.recorded.err(),
                    });
                }
                Errand::Track(draft, value) => News::Tracked(
                    track(&ports, &profile, &session, &draft, value)
                        .await
                        .map(Box::new)
                        .map_err(|error| error.to_string()),
                ),
                Errand::Watch(..) => return None,
            };
            Some(Message::News { request, team, news })
        });
    }
}

/// What is told where nobody is signed in: nothing was done.
fn without_session(errand: Errand, error: &ApiError) -> News {
    let why = error.to_string();
    match errand {
        Errand::FindOut(_) => News::FoundOut(Capabilities::default(), None),
        Errand::AskAbout(target) => News::Asked {
            key: target.key.id,
            capabilities: Capabilities::default(),
            held: false,
        },
        Errand::TakePasted(_, value) => News::Untried(value, why),
        Errand::Track(..) => News::Tracked(Err(why)),
        Errand::OpenPage | Errand::NotMade(_) | Errand::Watch(..) | Errand::Attest(_) => News::NotWatched(why),
    }
}

async fn watch(
    (ports, profile, session): (&Ports, &Profile, &Session),
    (request, team): (RequestId, TeamIndex),
    target: Box<ListedKey>,
    (value, by, pace): (Option<Secret>, Method, Pace),
    seen: impl Fn(String) + Send + Sync,
    stop: impl Future<Output = ()>,
) -> Option<Message> {
    let given = match value {
        Some(value) => match HeldValue::pasted(ports, profile, &target, value).await {
            Ok(given) => given,
            Err(bad) => {
                let news = News::NotWatched(format!("{bad} Nothing was revoked."));
                return Some(Message::News { request, team, news });
            }
        },
        None => match held_value(ports, profile, session, &target).await {
            Some(given) => given,
            None => {
                let news = News::NotWatched("Its value is not at hand any more; paste it.".to_owned());
                return Some(Message::News { request, team, news });
            }
        },
    };
    let on_fact = |timeline: &Timeline, fact: &SeenFact| {
        let time = timeline.time(fact.at);
        let clock = time.get(11..19).unwrap_or_default();
        let line = match &fact.fact {
            Fact::Manual(place) => format!("{clock}  {}", clean(place)),
            fact => format!("{clock}  {}", clean(&fact.words())),
        };
        seen(line);
    };
    let case = Case::of(ports, profile, session, &target);
    let killed = revoke(case, (by, Evidence::Value(given)), pace, &on_fact, stop).await;
    // The person left it, and knows.
    if killed.outcome == Outcome::Interrupted {
        return None;
    }
    Some(Message::Revoked {
        request,
        team,
        outcome: killed.outcome,
        unrecorded: killed.recorded.err(),
        target,
    })
}
