//! Revoke the key of a leaked value, and watch the value until it is refused.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{Found, Match, Notes, OnFact, ProbePolicy, Probed, Search};
use crate::core::activity::Action;
use crate::core::capability::Capability;
use crate::core::incident::{Fact, How, Timeline};
use crate::core::key::Own;
use crate::core::outcome::Outcome;
use crate::ops::manual::{CLICKS, open_page, settle};
use crate::ops::proof::{Answered, Control, Controls, LastWord, UNCONTROLLED, Vigil};
use crate::ops::record::{Entry, record};
use crate::ops::review::Sighting;
use crate::ops::revoke::{RetryPolicy, Sent, send, sight};
use crate::ports::{JournalError, KeyApi, Operation, Ports};

/// How a kill ended, and whether that is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Killed {
    /// What was seen.
    pub outcome: Outcome,
    /// Whether the log took it.
    pub recorded: Result<(), JournalError>,
}

/// Revokes the key that was found, unless `stop` comes first, and writes down how it ended.
pub async fn kill_and_record(
    ports: &Ports,
    search: &mut Search,
    (retry, watch): (RetryPolicy, ProbePolicy),
    on_fact: OnFact<'_>,
    stop: impl Future<Output = ()>,
) -> Killed {
    let outcome = killed(ports, search, (retry, watch), on_fact, stop).await;
    let recorded = record_end(ports, search).await;
    Killed { outcome, recorded }
}

pub(super) async fn killed(
    ports: &Ports,
    search: &mut Search,
    (retry, watch): (RetryPolicy, ProbePolicy),
    on_fact: OnFact<'_>,
    stop: impl Future<Output = ()>,
) -> Outcome {
    let outcome = tokio::select! {
        biased;
        outcome = kill(ports, search, retry, watch, on_fact) => outcome,
        () = stop => Outcome::Interrupted,
    };
    search.timeline.outcome = Some(outcome.clone());
    outcome
}

/// Writes down how the search ended. A journal that takes nothing stops nobody.
///
/// # Errors
/// The log did not take it.
pub async fn record_end(ports: &Ports, search: &Search) -> Result<(), JournalError> {
    write_down(ports, search, Action::Leak).await
}

pub(super) async fn write_down(ports: &Ports, search: &Search, action: Action) -> Result<(), JournalError> {
    let timeline = &search.timeline;
    let key = match &search.found {
        Found::Key(found) => timeline
            .key
            .as_ref()
            .map(|key| (found.target.key.id.clone(), key.name.clone())),
        _ => None,
    };
    if let (Found::Key(found), Some(outcome)) = (&search.found, &timeline.outcome) {
        settle(ports, &found.place.profile, &found.target, outcome).await;
    }
    let outcome = timeline.outcome.as_ref().unwrap_or(&Outcome::Interrupted).word();
    tracing::info!(action = action.word(), outcome, "a value was followed to its end");
    let entry = Entry {
        action,
        key,
        outcome,
        detail: timeline.line(),
    };
    record(ports, &search.profile, entry).await
}

async fn kill(
    ports: &Ports,
    search: &mut Search,
    retry: RetryPolicy,
    watch: ProbePolicy,
    on_fact: OnFact<'_>,
) -> Outcome {
    let Found::Key(found) = &search.found else {
        return Outcome::Failed("No key was found.".to_owned());
    };
    let mut found = (**found).clone();
    let notes = Notes {
        ports,
        value: Arc::clone(&search.value),
        on_fact,
        is_leaked: true,
    };
    let timeline = &mut search.timeline;
    if found.manual {
        return manual(&notes, timeline, &found, watch).await;
    }
    // A value of which nobody knows whose it is has to be seen alive: otherwise its 401s prove nothing of this key.
    if !is_known(timeline, &found)
        && let Probed::Refused = notes.probe(timeline, &*found.place.api).await
    {
        return dead_before(&notes, &found);
    }
    let mut controls = Controls::of(ports, &found.place.profile, &found.place.api, &search.value).await;
    let mut sent = ask(&notes, timeline, &found, retry).await;
    let capabilities = found
        .place
        .capabilities
        .as_ref()
        .map(|capabilities| capabilities.known());
    if matches!(sent, Sent::Failed(_))
        && capabilities.is_some_and(|capabilities| capabilities.revoke == Capability::Manual)
    {
        return manual(&notes, timeline, &found, watch).await;
    }
    if let Sent::Refused(_) = sent
        && search.means.with_leaked_key
        && let Ok(api) = ports
            .connect
            .connect(&found.place.profile.base_url, Arc::clone(&search.value))
    {
        controls = Controls::of(ports, &found.place.profile, &api, &search.value).await;
        found.place.api = api;
        found.target.own = Own::Yes;
        sent = ask(&notes, timeline, &found, retry).await;
    }
    if let Sent::Refused(error) = &sent {
        return Outcome::Refused(notes.clean(error));
    }
    let api = &*found.place.api;
    // Where the server did not say yes, an answer of 200 is the last word; otherwise it may only be late.
    let may_be_late = matches!(sent, Sent::Accepted | Sent::Vanished | Sent::OwnRefused);
    let last = watch_it(&notes, timeline, api, watch, may_be_late).await;
    let is_refused = last == LastWord::Refused;
    let is_said = sent == Sent::Accepted;
    let last = controlled(&notes, timeline, (&controls, is_said), last).await;
    let listed = read_again(&notes, timeline, &found, is_refused).await;
    let there = listed == Some(true) || found.target.is_tracked();
    if matches!((&sent, &last), (Sent::UnknownId, LastWord::Alive)) && there && has_no_endpoint(&found).await {
        return manual(&notes, timeline, &found, watch).await;
    }
    if last == LastWord::Refused && !is_known(timeline, &found) {
        return match (listed, &sent) {
            (Some(false), Sent::UnknownId) => Outcome::AlreadyGone,
            (Some(false), Sent::Accepted | Sent::Vanished | Sent::OwnRefused) => Outcome::Revoked,
            _ => never_alive(&notes, &sent),
        };
    }
    judge(&notes, &sent, last, listed)
}

/// The outcome where 401s are all there is.
fn never_alive(notes: &Notes<'_>, sent: &Sent) -> Outcome {
    let sent = said(notes, sent);
    Outcome::Unconfirmed(format!("{sent} Its value gets 401, and was never seen alive."))
}

/// Whether the value's 401s are this key's: it is known whose it is, or it was seen alive before.
fn is_known(timeline: &Timeline, found: &Match) -> bool {
    let was_alive = timeline.facts.iter().any(|seen| matches!(seen.fact, Fact::Alive(_)));
    found.alive.is_some() || timeline.how() == Some(How::Fingerprint) || was_alive
}

fn dead_before(notes: &Notes<'_>, found: &Match) -> Outcome {
    Outcome::NotAccepted(format!(
        "the value gets 401 already, so it cannot be told whether it is that of {}: dead, or not pasted whole.",
        notes.clean(&found.target.key.display_name())
    ))
}

/// Whether a server that answered 404 to a key it has answers so to whatever it is asked there.
async fn has_no_endpoint(found: &Match) -> bool {
    let api = &*found.place.api;
    api.refused_all(Operation::Revoke, true).await;
    let capabilities = found
        .place
        .capabilities
        .as_ref()
        .map(|capabilities| capabilities.known());
    capabilities.is_some_and(|capabilities| capabilities.revoke == Capability::Manual)
}

/// The person revokes the key in the browser, and its value says when it is dead. A value that gets 401 before anybody
/// has clicked is dead already, where it is known whose it is.
async fn manual(notes: &Notes<'_>, timeline: &mut Timeline, found: &Match, watch: ProbePolicy) -> Outcome {
    let api = &*found.place.api;
    let profile = &found.place.profile;
    let controls = Controls::of(notes.ports, profile, &found.place.api, &notes.value).await;
    let is_said = match notes.probe(timeline, api).await {
        Probed::Alive(_) => true,
        Probed::Refused if !is_known(timeline, found) => return dead_before(notes, found),
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
    if last == LastWord::Refused && !is_known(timeline, found) {
        return never_alive(notes, &Sent::Manual);
    }
    judge(notes, &Sent::Manual, last, None)
}

async fn ask(notes: &Notes<'_>, timeline: &mut Timeline, found: &Match, retry: RetryPolicy) -> Sent {
    let began = notes.now();
    let sent = send(&*found.place.api, &found.target, retry).await;
    let took = notes.now().duration_since(began).max(SignedDuration::ZERO);
    let fact = match &sent {
        Sent::Accepted | Sent::Vanished => Fact::Accepted(took),
        Sent::OwnRefused => Fact::OffTheList,
        Sent::Manual => Fact::Confirmed,
        Sent::UnknownId => Fact::NotAccepted("It answered 404: it knows no such key.".to_owned()),
        Sent::Refused(error) | Sent::Failed(error) | Sent::GaveUp(error) => Fact::NotAccepted(notes.clean(error)),
    };
    notes.add(timeline, fact);
    sent
}

async fn watch_it(
    notes: &Notes<'_>,
    timeline: &mut Timeline,
    api: &dyn KeyApi,
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
    notes: &Notes<'_>,
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
async fn read_again(notes: &Notes<'_>, timeline: &mut Timeline, found: &Match, is_refused: bool) -> Option<bool> {
    // A dead credential of our own reads no list.
    if found.target.own == Own::Yes && is_refused {
        return None;
    }
    // What is tracked here says nothing of the server.
    if found.target.is_tracked() {
        return None;
    }
    let (fact, listed) = match sight(&*found.place.api, &found.target.key).await {
        Ok(Sighting::Listed) => (Fact::StillListed, Some(true)),
        Ok(Sighting::Gone) => (Fact::OffTheList, Some(false)),
        Ok(Sighting::Untold(why)) => (
            Fact::ListUnread(format!("It is not known whether the key is in it: {why}.")),
            None,
        ),
        Err(error) => (Fact::ListUnread(notes.clean(&error)), None),
    };
    notes.add(timeline, fact);
    listed
}

fn judge(notes: &Notes<'_>, sent: &Sent, last: LastWord, listed: Option<bool>) -> Outcome {
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
                "Either the revocation has not reached every server yet, or this is another key or team: try the \
                 value again in a minute, and look in the dashboard of the vendor."
            };
            Outcome::StillAlive(format!("{}{list} {advice}", said(notes, sent)))
        }
    }
}

fn said(notes: &Notes<'_>, sent: &Sent) -> String {
    match sent {
        Sent::Accepted => "The server accepted the revocation.".to_owned(),
        Sent::Manual => "It was to be revoked in the browser.".to_owned(),
        Sent::Vanished | Sent::OwnRefused => "The answer to the revocation got lost.".to_owned(),
        Sent::UnknownId => "The server answered 404 to the revocation.".to_owned(),
        Sent::Refused(error) | Sent::Failed(error) | Sent::GaveUp(error) => notes.clean(error),
    }
}
