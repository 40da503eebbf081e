//! Revoke the marked keys: a plan with fresh facts, their count typed, and what became of each.

use tui_input::Input;

use crate::core::bulk::BulkPlan;
use crate::core::capability::Capability;
use crate::core::confirm::{Question, question};
use crate::core::key::{KeyId, Own};
use crate::core::outcome::Outcome;
use crate::ops::revoke::{Progress, Revoked};
use crate::ports::Operation;
use crate::tui::dialog::scroll::Scroll;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::{RequestId, TeamIndex};
use crate::tui::model::bulk::{BulkForm, BulkStage, Run};
use crate::tui::model::dialog::{Facts, OpenDialog};
use crate::tui::model::list::Marks;
use crate::tui::model::{Model, SessionState};
use crate::tui::page::reading::load;
use crate::tui::theme::Role;
use crate::tui::update::{finding, walk};

/// Asks about the marked keys that are seen, and reads the list again meanwhile.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let (in_browser, by_endpoint) = walk::marked(model, Marks::Visible);
    if by_endpoint.is_empty() {
        return walk::begin(model, Marks::Visible);
    }
    let (finding, effect) = finding::find_out(model, Operation::Revoke);
    let team = model.active;
    let mut effects = load(model, team);
    effects.extend(effect);
    let facts = match model.team().loading {
        Some((request, _)) => Facts::Reading(request),
        None => Facts::Fresh,
    };
    let plan = BulkPlan::of(by_endpoint, model.server_now());
    model.dialogs.push(OpenDialog::Bulk(BulkForm {
        team: model.active,
        plan,
        facts,
        finding,
        marks: Marks::Visible,
        in_browser: in_browser.len(),
        gone: 0,
        stage: BulkStage::Counting(Input::default()),
        hint: None,
        scroll: Scroll::default(),
    }));
    effects
}

fn form(model: &mut Model) -> Option<&mut BulkForm> {
    model.dialogs.iter_mut().find_map(|dialog| match dialog {
        OpenDialog::Bulk(form) => Some(form),
        _ => None,
    })
}

/// The list came again: a plan that waited for it is made anew of what is listed now.
pub(super) fn facts_read(model: &mut Model, request: RequestId, failure: Option<&str>) -> Vec<Effect> {
    let server_now = model.server_now();
    let Some(which) = form(model).map(|form| form.marks) else {
        return Vec::new();
    };
    let (_, marked) = walk::marked(model, which);
    let (complete, odd) = (model.team().complete, model.team().odd);
    let by_browser = model.team().capabilities.revoke == Capability::Manual;
    let Some(form) = form(model) else { return Vec::new() };
    if form.facts != Facts::Reading(request) || !matches!(form.stage, BulkStage::Counting(_)) {
        return Vec::new();
    }
    form.hint = None;
    if by_browser {
        return walk::instead_of_bulk(model);
    }
    if let Some(why) = failure {
        form.facts = Facts::Stale(why.to_owned());
        return Vec::new();
    }
    // Those that were not read may be listed all the same.
    if !complete && marked.len() < form.plan.len() {
        form.facts = Facts::Stale(odd.gap());
        return Vec::new();
    }
    form.gone = form.plan.len().saturating_sub(marked.len());
    form.plan = BulkPlan::of(marked, server_now);
    form.facts = Facts::Fresh;
    if form.plan.is_empty() {
        model.dialogs.retain(|dialog| !matches!(dialog, OpenDialog::Bulk(_)));
        model.say(
            Role::Ok,
            "✓ None of the marked keys is in the list any more. Nothing was sent.",
        );
    }
    Vec::new()
}

/// Takes the marks that the filter hides into the plan, or out of it; their number is to be typed anew.
fn toggle_hidden(model: &mut Model) {
    let server_now = model.server_now();
    let Some(which) = form(model).map(|form| match form.marks {
        Marks::Visible => Marks::All,
        Marks::All => Marks::Visible,
    }) else {
        return;
    };
    let (in_browser, marked) = walk::marked(model, which);
    let Some(form) = form(model) else { return };
    form.marks = which;
    form.plan = BulkPlan::of(marked, server_now);
    form.in_browser = in_browser.len();
    form.gone = 0;
    form.stage = BulkStage::Counting(Input::default());
    form.hint = None;
}

pub(super) fn answer(model: &mut Model, action: Action, deliberate: bool) -> Vec<Effect> {
    if action == Action::IncludeHidden {
        toggle_hidden(model);
        return Vec::new();
    }
    let server_now = model.server_now();
    let Some(form) = form(model) else { return Vec::new() };
    match action {
        Action::No | Action::Back => {
            let count = form.plan.len();
            model.dialogs.retain(|dialog| !matches!(dialog, OpenDialog::Bulk(_)));
            model.say(
                Role::Plain,
                format!("Nothing was revoked: the {count} marked keys stay alive. Esc unmarks them."),
            );
            return Vec::new();
        }
        Action::Submit if matches!(form.facts, Facts::Reading(_)) => {
            form.hint = Some("Reading the list again…");
            return Vec::new();
        }
        Action::Submit if form.finding.is_underway() => {
            form.hint = Some("Checking how this server revokes keys…");
            return Vec::new();
        }
        Action::Submit if deliberate => {}
        _ => return Vec::new(),
    }
    match &form.stage {
        BulkStage::Counting(input) => {
            if input.value().trim() != form.plan.len().to_string() {
                form.hint = Some("That isn't the number of keys. Nothing was revoked.");
                return Vec::new();
            }
            if let Some(own) = form.plan.own.first()
                && let Question::Typed { expected, what } = question(own, server_now)
            {
                form.hint = None;
                form.stage = BulkStage::Own {
                    input: Input::default(),
                    expected,
                    what,
                };
                return Vec::new();
            }
        }
        BulkStage::Own { input, expected, .. } => {
            if input.value().trim() != expected {
                form.hint = Some("That doesn't match. Nothing was revoked.");
                return Vec::new();
            }
        }
        BulkStage::Running(_) | BulkStage::Over(_) => return Vec::new(),
    }
    let (team, order) = (form.team, form.plan.order());
    form.hint = None;
    form.stage = BulkStage::Running(Run {
        order: order.clone(),
        ..Run::default()
    });
    vec![Effect::RevokeMany(model.begin_to_the_end("revoking"), team, order)]
}

pub(super) fn on_progress(model: &mut Model, progress: Progress) -> Vec<Effect> {
    if let Some(BulkForm {
        stage: BulkStage::Running(run),
        ..
    }) = form(model)
    {
        run.note(progress);
    }
    Vec::new()
}

pub(super) fn on_ended(model: &mut Model, team: TeamIndex, results: Vec<Revoked>) -> Vec<Effect> {
    let proven = |one: &&Revoked| one.outcome.is_proven();
    let dead_ids: Vec<KeyId> = results
        .iter()
        .filter(proven)
        .map(|one| one.target.key.id.clone())
        .collect();
    let (count, dead) = (results.len(), dead_ids.len());
    let unrecorded = results.iter().find_map(|one| one.recorded.as_ref().err()).cloned();
    let signed_out = results
        .iter()
        .any(|one| one.target.own == Own::Yes && one.outcome == Outcome::Dead);
    let mut sentence = if dead == count {
        format!("✓ Revoked {count} of {count} keys.")
    } else {
        format!("✗ Revoked {dead} of {count} keys; {} NOT, or not proven.", count - dead)
    };
    if let Some(error) = unrecorded {
        sentence.push_str(&format!(" Nothing is being recorded: {error}."));
    }
    model.say(if dead == count { Role::Ok } else { Role::Danger }, sentence);
    if let Some(form) = form(model) {
        form.stage = BulkStage::Over(results);
        form.scroll = Scroll::default();
    }
    let Some(state) = model.teams.get_mut(team.0) else {
        return Vec::new();
    };
    for id in dead_ids {
        state.list.unmark(&id);
    }
    if signed_out {
        state.session = SessionState::SignedOut(Some(
            "Our own credential was revoked. Sign in with another key.".to_owned(),
        ));
        return Vec::new();
    }
    load(model, team)
}

/// What follows from a changed confirmation.
pub(super) fn typed(form: &mut BulkForm) {
    form.hint = None;
}
