//! When 401s are a death: three in a row, and then an answer of 200 to another credential that must still work. A server
//! that lost its keys refuses everybody.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::core::secret::Secret;
use crate::ops::client::TeamClient;
use crate::ops::sign_in::{Profile, find_session};
use crate::ports::{Fault, Ports, Probe};

/// 401s in a row that are a death.
const REFUSALS: u32 = 3;

/// How long a value is watched after its key was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbePolicy {
    /// Wait before the second probe; doubled each time.
    pub first_wait: Duration,
    /// The longest wait between two probes.
    pub longest_wait: Duration,
    /// All of it.
    pub limit: Duration,
    /// All of it, where a person revokes the key in the browser.
    pub manual: Duration,
    /// The longest wait between two probes then: the person looks at the screen for it.
    pub longest_manual_wait: Duration,
}

impl Default for ProbePolicy {
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(200),
            longest_wait: Duration::from_secs(5),
            limit: Duration::from_secs(60),
            manual: Duration::from_secs(15 * 60),
            longest_manual_wait: Duration::from_secs(2),
        }
    }
}

/// The answer to one request with a value that is to die.
pub(crate) enum Answered {
    Alive,
    Refused,
    NoAnswer(String, Fault),
}

/// The last word of a value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LastWord {
    /// Three 401s in a row; a control says whether they are a death.
    Refused,
    Alive,
    NoAnswer(String),
}

/// A value that is watched until it is refused three times in a row, or until the time is over.
pub(crate) struct Vigil {
    watch: ProbePolicy,
    end: Instant,
    wait: Duration,
    refusals: u32,
    /// Whether an answer of 200 may only be late.
    may_be_late: bool,
}

impl Vigil {
    pub(crate) fn begin(watch: ProbePolicy, may_be_late: bool) -> Self {
        Self {
            end: Instant::now() + watch.limit,
            wait: watch.first_wait,
            refusals: 0,
            watch,
            may_be_late,
        }
    }

    /// Takes an answer. `None`: the wait before the next one is over, and the value is to be asked again.
    pub(crate) async fn take(&mut self, answer: Answered) -> Option<LastWord> {
        let mut asked = Duration::ZERO;
        let before = std::mem::take(&mut self.refusals);
        let last = match answer {
            Answered::Refused => {
                self.refusals = before + 1;
                if self.refusals == 1 {
                    // It has begun: the other two are asked for at once.
                    self.wait = self.watch.first_wait;
                }
                if self.refusals == REFUSALS {
                    return Some(LastWord::Refused);
                }
                LastWord::NoAnswer("The value got 401, but the time for three in a row ran out.".to_owned())
            }
            Answered::Alive if !self.may_be_late => return Some(LastWord::Alive),
            Answered::Alive => LastWord::Alive,
            Answered::NoAnswer(why, Fault::NoEndpoint(_) | Fault::NoClient(_) | Fault::Redirected { .. }) => {
                return Some(LastWord::NoAnswer(why));
            }
            Answered::NoAnswer(why, fault) => {
                if let Fault::RateLimited(Some(pause)) = fault {
                    asked = pause;
                }
                LastWord::NoAnswer(why)
            }
        };
        let pause = self.wait.max(asked);
        if Instant::now() + pause > self.end {
            return Some(last);
        }
        tokio::time::sleep(pause).await;
        self.wait = self.wait.saturating_mul(2).min(self.watch.longest_wait);
        None
    }
}

/// Why 401s are no proof where there is nobody else to ask with.
pub(crate) const UNCONTROLLED: &str = "There is no other credential to check whether the server refuses everyone.";

/// What a control said once a value had got its 401s.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Another credential got 200: the 401s are the value's own.
    Passed,
    /// It got something else: nothing is proven. Says why.
    Failed(String),
    /// There is no other credential to compare with.
    Nobody,
}

/// How long other credentials are looked for before a revocation.
const LONGEST_GATHERING: Duration = Duration::from_secs(2);

/// Credentials that work when a revocation is begun and must work after it: none of them is the one that is to die.
pub(crate) struct Controls(Vec<Arc<TeamClient>>);

impl Controls {
    /// For `value`: the credential of `api`, which is taken to work, or where that is the value itself those besides it.
    pub(crate) async fn of(ports: &Ports, profile: &Profile, api: &Arc<TeamClient>, value: &Secret) -> Self {
        if api.speaks_with(value) {
            Self::besides(ports, profile, api).await
        } else {
            Self(vec![Arc::clone(api)])
        }
    }

    /// For the credential of `api` itself: those of the profile's sign-in, and of its peers, that answer 200 now.
    pub(crate) async fn besides(ports: &Ports, profile: &Profile, api: &TeamClient) -> Self {
        let mut others = Vec::new();
        let gathering = async {
            for profile in std::iter::once(profile).chain(&profile.peers) {
                let Ok(Some(session)) = find_session(ports, profile).await else {
                    continue;
                };
                if !api.speaks_with(session.client.credential()) && session.client.teams().await.is_ok() {
                    others.push(session.client);
                }
            }
        };
        // A locked keyring, or a slow server, must not hold back the end of a leaked key.
        let _ = tokio::time::timeout(LONGEST_GATHERING, gathering).await;
        Self(others)
    }

    /// Asks with each of them until one gets 200.
    pub(crate) async fn ask(&self) -> Control {
        let mut control = Control::Nobody;
        for api in &self.0 {
            control = match api.teams().await {
                Ok(_) => return Control::Passed,
                Err(error) if error.fault == Fault::Unauthorized => Control::Failed(
                    "A credential that should still work gets 401 too: a server that refuses everyone proves nothing."
                        .to_owned(),
                ),
                Err(error) => Control::Failed(format!(
                    "We could not check that another credential still gets 200. {error}"
                )),
            };
        }
        control
    }
}

/// How long a value that nobody is revoking now is asked.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// Whether a value is refused three times in a row. That is a death only where a control gets 200 after it.
pub(crate) async fn is_refused(api: &TeamClient, value: &Secret) -> bool {
    let watch = ProbePolicy {
        limit: LONGEST_LOOK,
        ..ProbePolicy::default()
    };
    let mut vigil = Vigil::begin(watch, false);
    loop {
        let answer = match api.probe(value).await {
            Ok(Probe::Refused) => Answered::Refused,
            Ok(Probe::Alive(_)) => Answered::Alive,
            Err(error) => Answered::NoAnswer(error.to_string(), error.fault),
        };
        if let Some(last) = vigil.take(answer).await {
            return last == LastWord::Refused;
        }
    }
}
