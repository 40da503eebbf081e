//! A leaked value: pasted, its key found and confirmed, revoked, watched, and reported.

use std::sync::Arc;

use crossterm::event::Event;

use crate::core::confirm::question;
use crate::core::incident::{Fact, How, SeenFact, Timeline};
use crate::core::key::Own;
use crate::core::outcome::Outcome;
use crate::core::secret::Secret;
use crate::ops::leak::{Found, Means, Search};
use crate::ops::revoke::Revocation;
use crate::ports::{ClipboardError, ClipboardRoute, JournalError, ReportError, TerminalNote};
use crate::present::incident;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::dialog::{Confirm, OpenDialog};
use crate::tui::model::leak::{LeakEnd, LeakFlow, LeakStage};
use crate::tui::model::{Model, SessionState};
use crate::tui::page::reading::load;
use crate::tui::secret_field::SecretField;
use crate::tui::theme::Role;
use crate::tui::update::revoke::confirm_by;

/// Shows the flow that is there, or begins one.
pub(super) fn open(model: &mut Model) {
    model.leak.get_or_insert_default();
    model.dialogs.push(OpenDialog::Leak);
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Back => back(model),
        Action::Submit => submit(model),
        Action::CopyTimeline => copy(model),
        Action::WriteReport => write(model),
        Action::WithLeakedKey => itself(model),
        _ => Vec::new(),
    }
}

/// Leaves: a search is stopped, a revocation goes on, and what is over is forgotten.
fn back(model: &mut Model) -> Vec<Effect> {
    model.dialogs.retain(|dialog| !matches!(dialog, OpenDialog::Leak));
    let Some(flow) = &model.leak else {
        return Vec::new();
    };
    let mut effects = Vec::new();
    match flow.stage {
        LeakStage::Killing => {
            model.say(
                Role::Warn,
                "The leaked key is still being revoked and watched. L shows how it stands.",
            );
            return effects;
        }
        LeakStage::Searching(request) => {
            model.in_flight.remove(&request);
            effects.push(Effect::Cancel(request));
            model.say(Role::Plain, "The search was stopped. Nothing was revoked.");
        }
        LeakStage::Over(_) => tell(model, ""),
        LeakStage::Asking { .. } | LeakStage::Found { .. } => {}
    }
    model.leak = None;
    effects
}

/// Says how it ended where the last thing that happened is told.
fn tell(model: &mut Model, more: &str) {
    let timeline = model.leak.as_ref().and_then(|flow| flow.timeline.as_ref());
    let Some((outcome, sentence)) =
        timeline.and_then(|timeline| Some((timeline.outcome.clone()?, timeline.sentence()?)))
    else {
        return;
    };
    model.say_outcome(&outcome, &format!("{sentence}{more}"));
}

fn submit(model: &mut Model) -> Vec<Effect> {
    let Some(LeakStage::Asking { field, error }) = model.leak.as_mut().map(|flow| &mut flow.stage) else {
        return Vec::new();
    };
    match field.take_found() {
        Ok(value) => search(model, Arc::new(value), Means::default()),
        Err(bad) => {
            *error = Some(bad.to_string());
            Vec::new()
        }
    }
}

fn search(model: &mut Model, value: Arc<Secret>, means: Means) -> Vec<Effect> {
    let request = model.begin("looking for the key", false);
    model.leak = Some(LeakFlow {
        stage: LeakStage::Searching(request),
        timeline: None,
    });
    vec![Effect::FindLeak(request, model.active, value, means)]
}

fn itself(model: &mut Model) -> Vec<Effect> {
    let Some(LeakStage::Over(end)) = model.leak.as_mut().map(|flow| &mut flow.stage) else {
        return Vec::new();
    };
    let Some(value) = end.itself.take() else {
        return Vec::new();
    };
    let means = Means {
        with_leaked_key: true,
        ..Means::default()
    };
    search(model, value, means)
}

/// One more thing was seen.
pub(super) fn on_seen(model: &mut Model, timeline: Timeline) -> Vec<Effect> {
    if let Some(flow) = &mut model.leak {
        flow.timeline = Some(timeline);
    }
    Vec::new()
}

pub(super) fn on_found(
    model: &mut Model,
    request: RequestId,
    search: Box<Search>,
    unrecorded: Option<JournalError>,
) -> Vec<Effect> {
    let Some(flow) = &mut model.leak else {
        return Vec::new();
    };
    if !matches!(flow.stage, LeakStage::Searching(awaited) if awaited == request) {
        return Vec::new();
    }
    flow.timeline = Some(search.timeline.clone());
    let Found::Key(found) = &search.found else {
        flow.stage = over(*search, unrecorded);
        return Vec::new();
    };
    let confirm = confirm_by(question(&found.target, found.place.listing.as_of));
    let is_typed = matches!(confirm, Confirm::Typed { .. });
    flow.stage = LeakStage::Found {
        search,
        confirm,
        hint: None,
    };
    // Typing a name shows that it was read; a `y` shows it only when the question stood there for a while.
    if !is_typed {
        model.note_opened_itself();
    }
    Vec::new()
}

pub(super) fn answer(model: &mut Model, action: Action, deliberate: bool) -> Vec<Effect> {
    let now = model.now;
    let Some(LeakStage::Found { search, confirm, hint }) = model.leak.as_mut().map(|flow| &mut flow.stage) else {
        return Vec::new();
    };
    match (action, &*confirm) {
        (Action::No | Action::Back, _) => {
            let called = search.timeline.display_name();
            model.note_gone();
            model.leak = None;
            model.dialogs.retain(|dialog| !matches!(dialog, OpenDialog::Leak));
            model.say(
                Role::Warn,
                format!("Nothing was revoked: {called} stays alive, and its value is leaked."),
            );
            return Vec::new();
        }
        (Action::Yes, Confirm::YesNo) if !deliberate => {
            *hint = Some("That came too soon to have been read. Look which key it is, wait a second, then press y.");
            return Vec::new();
        }
        (Action::Yes, Confirm::YesNo) => {}
        (Action::Submit, Confirm::Typed { input, expected, .. }) if deliberate => {
            if input.value().trim() != expected {
                *hint = Some("That doesn't match. Nothing was revoked.");
                return Vec::new();
            }
        }
        _ => return Vec::new(),
    }
    search.timeline.facts.push(SeenFact {
        at: now,
        fact: Fact::Confirmed,
    });
    let Some(flow) = &mut model.leak else {
        return Vec::new();
    };
    let LeakStage::Found { search, .. } = std::mem::replace(&mut flow.stage, LeakStage::Killing) else {
        return Vec::new();
    };
    flow.timeline = Some(search.timeline.clone());
    let request = model.begin_to_the_end("revoking");
    vec![Effect::KillLeak(request, search)]
}

pub(super) fn on_killed(model: &mut Model, search: Box<Search>, killed: Revocation) -> Vec<Effect> {
    let team = team_of(model, &search);
    let is_ours = matches!(&search.found, Found::Key(found) if found.target.own == Own::Yes)
        && search.timeline.how() != Some(How::Itself);
    let signs_out = is_ours && search.timeline.outcome == Some(Outcome::Dead);
    if let Some(flow) = &mut model.leak {
        flow.timeline = Some(search.timeline.clone());
        flow.stage = over(*search, killed.recorded.err());
    }
    if !model.dialogs.iter().any(|dialog| matches!(dialog, OpenDialog::Leak)) {
        tell(model, " L shows its timeline.");
    }
    let Some(state) = team.and_then(|team| model.teams.get_mut(team.0)) else {
        return Vec::new();
    };
    if signs_out {
        state.session = SessionState::SignedOut(Some(
            "Our own credential was revoked. Sign in with another key.".to_owned(),
        ));
        return Vec::new();
    }
    match (&state.session, team) {
        (SessionState::Found(_), Some(team)) => load(model, team),
        _ => Vec::new(),
    }
}

fn team_of(model: &Model, search: &Search) -> Option<TeamIndex> {
    let name = &search.profile.name;
    let place = model.settings.profiles.iter().position(|profile| profile.name == *name);
    place.map(TeamIndex)
}

/// The end of a search: its value goes, unless the leaked key may still speak for itself.
fn over(search: Search, unrecorded: Option<JournalError>) -> LeakStage {
    let itself = search.may_try_itself().then(|| Arc::clone(&search.value));
    let suspects = match search.found {
        Found::Ambiguous(suspects, _) => suspects,
        _ => Vec::new(),
    };
    LeakStage::Over(Box::new(LeakEnd {
        suspects,
        itself,
        unrecorded: unrecorded.map(|error| error.to_string()),
        notes: Vec::new(),
    }))
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let Some(text) = finished(model).map(incident::markdown) else {
        return Vec::new();
    };
    vec![Effect::CopyText(model.begin("copying", false), text)]
}

fn write(model: &mut Model) -> Vec<Effect> {
    let Some((name, text)) =
        finished(model).map(|timeline| (incident::file_name(timeline), incident::markdown(timeline)))
    else {
        return Vec::new();
    };
    vec![Effect::WriteReport(
        model.begin("writing the report", false),
        name,
        text,
    )]
}

fn finished(model: &Model) -> Option<&Timeline> {
    let flow = model.leak.as_ref()?;
    flow.timeline
        .as_ref()
        .filter(|_| matches!(flow.stage, LeakStage::Over(_)))
}

pub(super) fn on_text_copied(model: &mut Model, result: Result<ClipboardRoute, ClipboardError>) -> Vec<Effect> {
    let (role, words) = match result {
        Ok(ClipboardRoute::Desktop { dies_with_us: true }) => {
            (Role::Ok, "✓ timeline copied, goes with this program".to_owned())
        }
        Ok(ClipboardRoute::Desktop { dies_with_us: false }) => (Role::Ok, "✓ timeline copied".to_owned()),
        Ok(ClipboardRoute::Terminal(TerminalNote::TmuxBlocks)) => (
            Role::Danger,
            "✗ timeline not copied: tmux stops it. Run “tmux set -g set-clipboard on”, then y again".to_owned(),
        ),
        Ok(ClipboardRoute::Terminal(_)) => (
            Role::Warn,
            "◔ timeline sent to your terminal, which does not confirm (OSC 52)".to_owned(),
        ),
        Err(error) => (Role::Danger, format!("✗ timeline not copied: {error}")),
    };
    note(model, role, words)
}

pub(super) fn on_report(model: &mut Model, result: Result<String, ReportError>) -> Vec<Effect> {
    match result {
        Ok(place) => note(model, Role::Ok, format!("✓ report written: {place}")),
        Err(error @ ReportError::There(_)) => note(model, Role::Warn, format!("· {error}")),
        Err(error) => note(model, Role::Danger, format!("✗ {error}")),
    }
}

/// Says it in the dialog, or where the last thing that happened is told when that was left meanwhile.
fn note(model: &mut Model, role: Role, words: String) -> Vec<Effect> {
    match model.leak.as_mut().map(|flow| &mut flow.stage) {
        Some(LeakStage::Over(end)) => {
            let kind = |words: &str| words.contains("timeline");
            end.notes.retain(|(_, said)| kind(said) != kind(&words));
            end.notes.push((role, words));
        }
        _ => model.say(role, words),
    }
    Vec::new()
}

fn field(model: &mut Model) -> Option<(&mut SecretField, &mut Option<String>)> {
    match model.leak.as_mut().map(|flow| &mut flow.stage) {
        Some(LeakStage::Asking { field, error }) => Some((field, error)),
        _ => None,
    }
}

pub(super) fn type_secret(model: &mut Model, event: &Event) {
    let (Event::Key(key), Some((field, error))) = (event, field(model)) else {
        return;
    };
    if field.key(*key) {
        *error = None;
    }
}

pub(super) fn paste(model: &mut Model, text: &str) {
    if let Some((field, error)) = field(model) {
        field.paste(text);
        *error = None;
    }
}

/// What follows from a changed confirmation.
pub(super) fn typed(model: &mut Model) {
    if let Some(LeakStage::Found { hint, .. }) = model.leak.as_mut().map(|flow| &mut flow.stage) {
        *hint = None;
    }
}
