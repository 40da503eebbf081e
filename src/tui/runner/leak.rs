//! The runs of a leaked value: every fact is told as it is seen.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::core::incident::{SeenFact, Timeline};
use crate::core::secret::Secret;
use crate::ops::leak::{self, Found, Means, Search, find, find_capability, record_end};
use crate::ops::revoke::Pace;
use crate::ops::sign_in::Profile;
use crate::ports::Ports;
use crate::tui::message::{Message, RequestId};

/// Where facts are told.
pub(super) struct Teller {
    pub(super) request: RequestId,
    pub(super) messages: UnboundedSender<Message>,
}

impl Teller {
    fn tell(&self, timeline: &Timeline) {
        // The dashboard may have ended meanwhile.
        let _ = self.messages.send(Message::LeakSeen {
            request: self.request,
            timeline: Box::new(timeline.clone()),
        });
    }
}

/// Looks for the key of `value` in every profile, `first` first; a search that finds none is written down.
pub(super) async fn look(
    ports: &Ports,
    first: &Profile,
    others: &[Profile],
    value: Arc<Secret>,
    means: Means,
    teller: Teller,
) -> Message {
    let on_fact = |timeline: &Timeline, _: &SeenFact| teller.tell(timeline);
    let mut search = find(ports, first, others, value, means, &on_fact).await;
    find_capability(&mut search).await;
    let mut unrecorded = None;
    if !matches!(search.found, Found::Key(_)) {
        search.timeline.outcome = Some(search.without_kill());
        unrecorded = record_end(ports, &search).await.err();
    }
    Message::LeakSearched {
        request: teller.request,
        search: Box::new(search),
        unrecorded,
    }
}

/// Revokes the key that was found and watches its value, unless `stop` comes first.
pub(super) async fn kill(
    ports: &Ports,
    mut search: Box<Search>,
    pace: Pace,
    teller: Teller,
    stop: CancellationToken,
) -> Message {
    let on_fact = |timeline: &Timeline, _: &SeenFact| teller.tell(timeline);
    let killed = leak::kill(ports, &mut search, pace, &on_fact, stop.cancelled()).await;
    Message::LeakKilled {
        request: teller.request,
        search,
        killed,
    }
}
