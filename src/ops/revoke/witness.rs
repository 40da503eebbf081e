//! What is seen of a value, written down as it is seen.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::case::OnFact;
use crate::core::incident::{Fact, SeenFact, Timeline, scrub};
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;
use crate::ops::client::TeamClient;
use crate::ports::{Fault, Ports, Probe};

/// Who tries a value, and writes down what is seen of it.
pub(crate) struct Witness<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) value: Arc<Secret>,
    pub(crate) on_fact: OnFact<'a>,
    /// Whether the value may go over the connection that is kept: one that is only looked up may not.
    pub(crate) is_leaked: bool,
}

impl Witness<'_> {
    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Text of others, without the value.
    pub(crate) fn clean(&self, text: &impl ToString) -> String {
        scrub(&self.value, &text.to_string())
    }

    pub(crate) fn add(&self, timeline: &mut Timeline, fact: Fact) {
        let seen = SeenFact { at: self.now(), fact };
        tracing::info!(fact = seen.fact.word(), "leak");
        timeline.facts.push(seen.clone());
        (self.on_fact)(timeline, &seen);
    }

    /// Probes once and writes the answer down; the error's sentence where there was no answer. That a value is still alive
    /// while a person is on their way to the button is no news.
    pub(crate) async fn probe(&self, timeline: &mut Timeline, api: &TeamClient) -> Probed {
        let began = self.now();
        let answer = if self.is_leaked {
            api.probe_leaked(&self.value).await
        } else {
            api.probe(&self.value).await
        };
        let took = self.now().duration_since(began).max(SignedDuration::ZERO);
        timeline.tell_by(api.clock_offset());
        let (fact, probed) = match answer {
            Ok(Probe::Alive(team)) => {
                if team != TeamIdentity::Unknown {
                    timeline.team = team.clone().renamed(|name| Label::new(&self.clean(&name.raw())));
                }
                (Fact::Alive(took), Probed::Alive(team))
            }
            Ok(Probe::Refused) => (Fact::Refused(took), Probed::Refused),
            Err(error) => {
                let why = self.clean(&error);
                (Fact::NoAnswer(why.clone()), Probed::NoAnswer(why, error.fault))
            }
        };
        let is_news = match (&fact, timeline.facts.last().map(|seen| &seen.fact)) {
            (Fact::Alive(_), Some(Fact::Manual(_))) => false,
            (Fact::NoAnswer(why), Some(Fact::NoAnswer(before))) => why != before,
            _ => true,
        };
        if is_news {
            self.add(timeline, fact);
        }
        probed
    }
}

/// The answer to one probe.
pub(crate) enum Probed {
    Alive(TeamIdentity),
    Refused,
    NoAnswer(String, Fault),
}
