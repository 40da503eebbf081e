//! Revoke a key whose value is at hand, and watch the value until it is refused.

use std::sync::Arc;

use jiff::SignedDuration;

use super::case::{Case, Method, Pace};
use super::list::sight;
use super::proof::{Answered, Control, Controls, LastWord, ProbePolicy, UNCONTROLLED, Vigil};
use super::send::{Sent, send};
use super::witness::{Probed, Witness};
use crate::core::capability::Capability;
use crate::core::incident::{Fact, How, Timeline};
use crate::core::key::Own;
use crate::core::listing::ListedKey;
use crate::core::outcome::Outcome;
use crate::ops::client::TeamClient;
use crate::ops::manual::{CLICKS, open_page};
use crate::ops::review::Sighting;
use crate::ops::sign_in::Profile;
use crate::ports::Operation;

/// What is known of the value before its key is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Before {
    /// Whether it is known whose it is, or that it was alive: otherwise it has to be seen alive first.
    pub is_known: bool,
    /// The leaked key may revoke itself where our credential is refused.
    pub with_leaked_key: bool,
}

/// The key whose value is watched, and through what.
struct Watched<'a> {
    profile: &'a Profile,
    client: Arc<TeamClient>,
    falls_back: bool,
    target: ListedKey,
    is_known: bool,
}

impl Watched<'_> {
    /// Whether the value's 401s are this key's: it is known whose it is, or it was seen alive before.
    fn is_known(&self, timeline: &Timeline) -> bool {
        let was_alive = timeline.facts.iter().any(|seen| matches!(seen.fact, Fact::Alive(_)));
        self.is_known || timeline.how() == Some(How::Fingerprint) || was_alive
    }

    /// Whether the server turned out to have no endpoint to revoke keys.
    fn is_manual(&self) -> bool {
        self.falls_back && self.client.known().revoke == Capability::Manual
    }

    /// Whether a server that answered 404 to a key it has answers so to whatever it is asked there.
    async fn has_no_endpoint(&self) -> bool {
        self.client.refused_all(Operation::Revoke, true).await;
        self.is_manual()
    }
}

/// Revokes the key, or opens the page where a person does, and watches its value until three 401s and a control.
pub(super) async fn by_value(
    case: Case<'_>,
    (method, before): (Method, Before),
    notes: &Witness<'_>,
    timeline: &mut Timeline,
    pace: Pace,
) -> Outcome {
    let watch = pace.probe;
    let mut found = Watched {
        profile: case.profile,
        client: Arc::clone(case.client),
        falls_back: case.falls_back,
        target: case.target.clone(),
        is_known: before.is_known,
    };
    if method == Method::Manual {
        return manual(notes, timeline, &found, watch).await;
    }
    // A value of which nobody knows whose it is has to be seen alive: otherwise its 401s prove nothing of this key.
    if !found.is_known(timeline)
        && let Probed::Refused = notes.probe(timeline, &found.client).await
    {
        return dead_before(notes, &found);
    }
    let mut controls = Controls::of(notes.ports, found.profile, &found.client, &notes.value).await;
    let mut sent = ask(notes, timeline, &found, pace).await;
    if matches!(sent, Sent::Failed(_)) && found.is_manual() {
        return manual(notes, timeline, &found, watch).await;
    }
    if let Sent::Refused(_) = sent
        && before.with_leaked_key
        && let Ok(api) = notes
            .ports
            .connect
            .connect(&found.profile.base_url, Arc::clone(&notes.value))
    {
        let api = Arc::new(TeamClient::bare(
            notes.ports,
            &found.profile.base_url,
            api,
            Arc::clone(&notes.value),
        ));
        controls = Controls::of(notes.ports, found.profile, &api, &notes.value).await;
        found.client = api;
        found.target.own = Own::Yes;
        sent = ask(notes, timeline, &found, pace).await;
    }
    if let Sent::Refused(error) = &sent {
        return Outcome::Refused(notes.clean(error));
    }
    // Where the server did not say yes, an answer of 200 is the last word; otherwise it may only be late.
    let may_be_late = matches!(sent, Sent::Accepted | Sent::Vanished | Sent::OwnRefused);
    let last = watch_it(notes, timeline, &found.client, watch, may_be_late).await;
    let is_refused = last == LastWord::Refused;
    let is_said = sent == Sent::Accepted;
    let last = controlled(notes, timeline, (&controls, is_said), last).await;
    let listed = read_again(notes, timeline, &found, is_refused).await;
    let there = listed == Some(true) || found.target.is_tracked();
    if matches!((&sent, &last), (Sent::UnknownId, LastWord::Alive)) && there && found.has_no_endpoint().await {
        return manual(notes, timeline, &found, watch).await;
    }
    if last == LastWord::Refused && !found.is_known(timeline) {
        return match (listed, &sent) {
            (Some(false), Sent::UnknownId) => Outcome::AlreadyGone,
            (Some(false), Sent::Accepted | Sent::Vanished | Sent::OwnRefused) => Outcome::Revoked,
            _ => never_alive(notes, &sent),
        };
    }
    judge(notes, &sent, last, listed)
}

/// The outcome where 401s are all there is.
fn never_alive(notes: &Witness<'_>, sent: &Sent) -> Outcome {
    let sent = said(notes, sent);
    Outcome::Unconfirmed(format!("{sent} Its value gets 401, but we never saw it alive."))
}

fn dead_before(notes: &Witness<'_>, found: &Watched<'_>) -> Outcome {
    Outcome::NotAccepted(format!(
        "the value already gets 401, so we cannot tell whether it belongs to {}: it is dead, or not pasted completely.",
        notes.clean(&found.target.key.display_name())
    ))
}

/// The person revokes the key in the browser, and its value says when it is dead. A value that gets 401 before anybody
/// has clicked is dead already, where it is known whose it is.
async fn manual(notes: &Witness<'_>, timeline: &mut Timeline, found: &Watched<'_>, watch: ProbePolicy) -> Outcome {
    let api = &*found.client;
    let profile = found.profile;
    let controls = Controls::of(notes.ports, profile, &found.client, &notes.value).await;
    let is_said = match notes.probe(timeline, api).await {
        Probed::Alive(_) => true,
        Probed::Refused if !found.is_known(timeline) => return dead_before(notes, found),
        Probed::Refused => {
            let last = watch_it(notes, timeline, api, watch, true).await;
            let last = controlled(notes, timeline, (&controls, false), last).await;
            return judge(notes, &Sent::Manual, last, None);
        }
        // Nothing is proven by a server that does not answer; it may by the time somebody has clicked.
        Probed::NoAnswer(..) => false,
    };
    let page = open_page(notes.ports, profile).await;
    let hint = notes.clean(&found.target.key.hint());
    let click = format!("{} → {CLICKS}, and click Revoke next to {hint}", page.words());
    notes.add(timeline, Fact::Manual(click));
    let watch = ProbePolicy {
        limit: watch.manual,
        longest_wait: watch.longest_manual_wait,
        ..watch
    };
    let last = watch_it(notes, timeline, api, watch, true).await;
    let last = controlled(notes, timeline, (&controls, is_said), last).await;
    if last == LastWord::Refused && !found.is_known(timeline) {
        return never_alive(notes, &Sent::Manual);
    }
    judge(notes, &Sent::Manual, last, None)
}

async fn ask(notes: &Witness<'_>, timeline: &mut Timeline, found: &Watched<'_>, pace: Pace) -> Sent {
    let began = notes.now();
    let sent = send(&found.client, &found.target, pace.retry).await;
    let took = notes.now().duration_since(began).max(SignedDuration::ZERO);
    let fact = match &sent {
        Sent::Accepted | Sent::Vanished => Fact::Accepted(took),
        Sent::OwnRefused => Fact::OffTheList,
        Sent::Manual => Fact::Confirmed,
        Sent::UnknownId => Fact::NotAccepted("The server answered 404: it has no such key.".to_owned()),
        Sent::Refused(error) | Sent::Failed(error) | Sent::GaveUp(error) => Fact::NotAccepted(notes.clean(error)),
    };
    notes.add(timeline, fact);
    sent
}

async fn watch_it(
    notes: &Witness<'_>,
    timeline: &mut Timeline,
    api: &TeamClient,
    watch: ProbePolicy,
    may_be_late: bool,
) -> LastWord {
    let mut vigil = Vigil::begin(watch, may_be_late);
    loop {
        let answer = match notes.probe(timeline, api).await {
            Probed::Refused => Answered::Refused,
            Probed::Alive(_) => Answered::Alive,
            Probed::NoAnswer(why, fault) => Answered::NoAnswer(why, fault),
        };
        if let Some(last) = vigil.take(answer).await {
            return last;
        }
    }
}

/// Whether 401s are a death. Where nothing else can be asked, they are where `is_said`: the server accepted the revocation,
/// or the value was alive before the person went to click.
async fn controlled(
    notes: &Witness<'_>,
    timeline: &mut Timeline,
    (controls, is_said): (&Controls, bool),
    last: LastWord,
) -> LastWord {
    if last != LastWord::Refused {
        return last;
    }
    let why = match controls.ask().await {
        Control::Passed => {
            notes.add(timeline, Fact::Controlled);
            notes.add(timeline, Fact::Dead);
            return LastWord::Refused;
        }
        Control::Failed(why) => notes.clean(&why),
        Control::Nobody => {
            notes.add(timeline, Fact::Uncontrolled);
            if is_said {
                notes.add(timeline, Fact::Dead);
                return LastWord::Refused;
            }
            return LastWord::NoAnswer(UNCONTROLLED.to_owned());
        }
    };
    notes.add(timeline, Fact::NotControlled(why.clone()));
    LastWord::NoAnswer(why)
}

/// Whether the key is still listed; `None` where that cannot be told.
async fn read_again(
    notes: &Witness<'_>,
    timeline: &mut Timeline,
    found: &Watched<'_>,
    is_refused: bool,
) -> Option<bool> {
    // A dead credential of our own reads no list.
    if found.target.own == Own::Yes && is_refused {
        return None;
    }
    // What is tracked here says nothing of the server.
    if found.target.is_tracked() {
        return None;
    }
    let (fact, listed) = match sight(&found.client, &found.target.key).await {
        Ok(Sighting::Listed) => (Fact::StillListed, Some(true)),
        Ok(Sighting::Gone) => (Fact::OffTheList, Some(false)),
        Ok(Sighting::Untold(why)) => (
            Fact::ListUnread(format!("We cannot tell whether the key is in it: {why}.")),
            None,
        ),
        Err(error) => (Fact::ListUnread(notes.clean(&error)), None),
    };
    notes.add(timeline, fact);
    listed
}

fn judge(notes: &Witness<'_>, sent: &Sent, last: LastWord, listed: Option<bool>) -> Outcome {
    match last {
        LastWord::Refused if *sent == Sent::UnknownId && listed == Some(false) => Outcome::AlreadyGone,
        LastWord::Refused => Outcome::Dead,
        LastWord::NoAnswer(why) => Outcome::Unconfirmed(format!("{} {why}", said(notes, sent))),
        LastWord::Alive => {
            let list = match listed {
                Some(true) => " It is still in the list.",
                Some(false) => " It is gone from the list.",
                None => "",
            };
            let advice = if *sent == Sent::Manual {
                "Click Revoke next to it in the browser, then try it again."
            } else if matches!(sent, Sent::Failed(_) | Sent::GaveUp(_)) {
                "Try it again."
            } else {
                "Either the revocation has not reached every server yet, or this is another key or team. Try the \
                 value again in a minute, and check the vendor's dashboard."
            };
            Outcome::StillAlive(format!("{}{list} {advice}", said(notes, sent)))
        }
    }
}

fn said(notes: &Witness<'_>, sent: &Sent) -> String {
    match sent {
        Sent::Accepted => "The server accepted the revocation.".to_owned(),
        Sent::Manual => "We were waiting for you to revoke it in the browser.".to_owned(),
        Sent::Vanished | Sent::OwnRefused => "The answer to the revocation was lost.".to_owned(),
        Sent::UnknownId => "The server answered 404 to the revocation.".to_owned(),
        Sent::Refused(error) | Sent::Failed(error) | Sent::GaveUp(error) => notes.clean(error),
    }
}
