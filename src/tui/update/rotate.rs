//! A rotation in the dashboard: begin it, look at it, take its steps.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use tui_input::Input;

use crate::core::key::{ApiKey, KeyId};
use crate::core::listing::ListedKey;
use crate::core::rotation::{Next, Rotation, Trouble, measured_so_far, successor_name};
use crate::core::text::Label;
use crate::ops::recover::Since;
use crate::ops::rotate::{Finished, RotateError, Seen};
use crate::ports::Fault;
use crate::tui::effect::{Effect, RotationMove};
use crate::tui::keymap::Action;
use crate::tui::message::{Begun, RequestId, TeamIndex};
use crate::tui::model::dialog::Dialog;
use crate::tui::model::rotation::{AttestForm, BeginForm, Finishing, Poll, RotationPage, Shown};
use crate::tui::model::{LoadState, Model};
use crate::tui::theme::Role;
use crate::tui::update::{create, list, revoke, waiting};

/// The longest reason, in characters.
const REASON_LIMIT: usize = 500;
/// The first wait between two readings of the list for step 3, and the longest.
const FIRST_POLL: SignedDuration = SignedDuration::from_secs(10);
const LONGEST_POLL: SignedDuration = SignedDuration::from_secs(60);
/// Where an old key has to be quiet for less than this, the first wait is shorter.
const SHORT_QUIET: SignedDuration = SignedDuration::from_secs(60);
const SHORT_POLL: SignedDuration = SignedDuration::from_secs(2);

/// Opens the rotation of a key, or asks whether one is to begin.
pub(super) fn open(model: &mut Model, id: &KeyId) -> Vec<Effect> {
    let team = model.active;
    let list = &model.team().list;
    let Some(row) = list.find(id) else { return Vec::new() };
    let has = |rotation: &&Rotation| {
        !rotation.is_over() && (rotation.old.id == *id || rotation.new_key().is_some_and(|new| new.id == *id))
    };
    if let Some(rotation) = list.notes().rotations.iter().find(has) {
        let rotation = Box::new(rotation.clone());
        let page = RotationPage::new(team, Shown::Row(rotation.clone()));
        model.dialogs.push(Dialog::Rotation(page));
        return read(model, rotation);
    }
    if let Some(part) = &row.part
        && let Some(other) = part.other.clone()
    {
        use crate::core::rotation::Role;
        let (old, new) = match part.role {
            Role::Old => (id.clone(), other),
            Role::New => (other, id.clone()),
        };
        let page = RotationPage::new(team, Shown::Elsewhere { old, new });
        model.dialogs.push(Dialog::Rotation(page));
        return Vec::new();
    }
    let target = row.listed.clone();
    let today = TimeZone::UTC.to_datetime(model.server_now()).date();
    let taken = list.all().iter().map(|row| row.listed.key.name.raw());
    let name = successor_name(target.key.name.raw(), today, taken);
    model.dialogs.push(Dialog::BeginRotation(BeginForm {
        target,
        input: name.map_or_else(Input::default, |name| Input::from(name.as_str())),
        sent: None,
        error: None,
    }));
    Vec::new()
}

pub(super) fn act_on_begin(model: &mut Model, action: Action) -> Vec<Effect> {
    let team = model.active;
    let Some(Dialog::BeginRotation(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    match action {
        Action::Back => {
            model.dialogs.pop();
        }
        Action::Submit => match form.name() {
            Ok(name) => {
                form.error = None;
                let key = form.target.key.id.clone();
                let request = model.begin("creating", true);
                if let Some(Dialog::BeginRotation(form)) = model.dialogs.last_mut() {
                    form.sent = Some(request);
                }
                return vec![Effect::BeginRotation(request, team, key, Some(name))];
            }
            Err(error) => form.error = Some(error.to_string()),
        },
        _ => {}
    }
    Vec::new()
}

pub(super) fn on_begun(model: &mut Model, team: TeamIndex, result: Result<Box<Begun>, RotateError>) -> Vec<Effect> {
    let begun = match result {
        Ok(begun) => *begun,
        Err(error) => return on_not_begun(model, team, &error),
    };
    model
        .dialogs
        .retain(|dialog| !matches!(dialog, Dialog::BeginRotation(_)));
    let Begun { seen, new, trouble } = begun;
    take(model, team, &seen);
    let page_is_open = model.dialogs.iter().any(|dialog| matches!(dialog, Dialog::Rotation(_)));
    if !page_is_open {
        let page = RotationPage::new(team, Shown::Row(Box::new(seen.rotation.clone())));
        model.dialogs.push(Dialog::Rotation(page));
    }
    let new_is_gone = |trouble: &Trouble| matches!(trouble, Trouble::NewGone { .. });
    let too_soon = new.is_none() && seen.troubles.iter().any(new_is_gone);
    show_on_page(model, seen);
    if too_soon && let Some(page) = page(model) {
        page.error = Some(
            "The new key was made less than two minutes ago and may only be missing from the list: look again then."
                .to_owned(),
        );
    }
    if let Some(error) = trouble {
        model.say(Role::Danger, error.to_string());
    }
    match new {
        Some(new) => {
            create::show(model, team, new);
            list::load(model, team)
        }
        None => Vec::new(),
    }
}

fn on_not_begun(model: &mut Model, team: TeamIndex, error: &RotateError) -> Vec<Effect> {
    let sentence = error.to_string();
    let lost = match error {
        RotateError::Create(error) => match &**error {
            crate::ops::create::CreateError::Uncertain(_, _, creation) => Some(creation.op.clone()),
            _ => None,
        },
        _ => None,
    };
    let form = model.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::BeginRotation(form) => Some(form),
        _ => None,
    });
    match form {
        Some(form) if lost.is_none() => {
            form.sent = None;
            form.error = Some(sentence);
        }
        _ => {
            model
                .dialogs
                .retain(|dialog| !matches!(dialog, Dialog::BeginRotation(_)));
            fail(model, sentence);
        }
    }
    // The list says whether it exists after all.
    let mut effects = list::load(model, team);
    if let Some(op) = lost {
        effects.extend(waiting::look(model, team, Since::JustNow(op)));
    }
    effects
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let (quiet, now) = (model.settings.quiet, model.server_now());
    let Some(Dialog::Rotation(page)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let places = page.rotation().map_or(0, |rotation| rotation.places.len());
    match action {
        Action::Down => page.place = (page.place + 1).min(places.saturating_sub(1)),
        Action::Up => page.place = page.place.saturating_sub(1),
        Action::Back => {
            model.dialogs.pop();
        }
        // One thing at a time: the next key would be about what is not known yet.
        _ if page.doing.is_some() => {}
        Action::Submit => return next(model),
        Action::Toggle => return tick(model),
        Action::Attest => {
            let Some(rotation) = page.rotation().cloned() else {
                return Vec::new();
            };
            match rotation.next(quiet, now) {
                Next::Tick(_) | Next::Wait(_) => model.dialogs.push(Dialog::Attest(AttestForm {
                    rotation: Box::new(rotation),
                    input: Input::default(),
                    error: None,
                })),
                Next::Revoke | Next::Revoking | Next::Nothing => {
                    page.error = Some("There is nothing left to attest: step 3 is done.".to_owned());
                }
                _ => page.error = Some("There is nothing to attest yet: step 1 comes first.".to_owned()),
            }
        }
        Action::Revoke => return revoke_old(model),
        Action::Adopt => {
            if let Shown::Elsewhere { old, new } = &page.shown {
                let (team, old, new) = (page.team, old.clone(), new.clone());
                let request = start(model, "adopting", false);
                return vec![Effect::AdoptPair(request, team, old, new)];
            }
            page.error = Some("It is in this machine's journal already: there is nothing to adopt.".to_owned());
        }
        Action::CancelRotation => match page.rotation().cloned() {
            Some(rotation) if !rotation.is_over() => {
                model.dialogs.push(Dialog::CancelRotation(Box::new(rotation)));
            }
            _ => page.error = Some("There is nothing to give up here.".to_owned()),
        },
        Action::Refresh => {
            if let Some(rotation) = page.rotation().cloned() {
                return read(model, Box::new(rotation));
            }
        }
        _ => {}
    }
    Vec::new()
}

/// Does what comes next.
fn next(model: &mut Model) -> Vec<Effect> {
    let (quiet, now) = (model.settings.quiet, model.server_now());
    let Some(Dialog::Rotation(page)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let team = page.team;
    let Some(rotation) = page.rotation().cloned() else {
        return act(model, Action::Adopt);
    };
    let old_is_gone = page
        .troubles
        .iter()
        .any(|trouble| matches!(trouble, Trouble::OldGone { .. }));
    let new_is_gone = page
        .troubles
        .iter()
        .any(|trouble| matches!(trouble, Trouble::NewGone { back_as: None }));
    if new_is_gone {
        let request = start(model, "creating", true);
        return vec![Effect::BeginRotation(request, team, rotation.old.id, None)];
    }
    let has_new = rotation.step().is_some_and(|step| step > 1);
    if old_is_gone && has_new {
        let request = start(model, "closing", true);
        return vec![Effect::FinishRotation(request, team, Box::new(rotation), false)];
    }
    match rotation.next(quiet, now) {
        Next::Create => {
            let request = start(model, "creating", true);
            vec![Effect::BeginRotation(request, team, rotation.old.id, None)]
        }
        Next::Store => match page.waiting.clone() {
            Some(creation) => vec![Effect::Reopen(model.begin("opening the value", false), team, creation)],
            None => read(model, Box::new(rotation)),
        },
        Next::AwaitAnswer => {
            let mut effects = waiting::look(model, team, Since::EarlierRun);
            effects.extend(read(model, Box::new(rotation)));
            effects
        }
        Next::Tick(_) => tick(model),
        Next::Revoke => revoke_old(model),
        Next::ProveAlive | Next::Wait(_) | Next::Revoking => read(model, Box::new(rotation)),
        Next::Nothing => {
            model.dialogs.pop();
            Vec::new()
        }
    }
}

fn tick(model: &mut Model) -> Vec<Effect> {
    let Some(Dialog::Rotation(page)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let Some(rotation) = page.rotation().cloned() else {
        return Vec::new();
    };
    if rotation.step() != Some(2) {
        page.error = Some(
            match rotation.step() {
                Some(1) => "Nothing to tick yet: the new key's value is to be stored first.",
                _ => "Nothing to tick: the roll-out is done.",
            }
            .to_owned(),
        );
        return Vec::new();
    }
    let Some(state) = rotation.places.get(page.place) else {
        return Vec::new();
    };
    let step = match &state.ticked {
        Some(_) => RotationMove::Untick(state.place.clone()),
        None => RotationMove::Tick(state.place.clone()),
    };
    let team = page.team;
    let request = start(model, "ticking", false);
    vec![Effect::MoveRotation(request, team, Box::new(rotation), step)]
}

/// Asks about the old key, with fresh facts; before step 4 its name has to be typed.
fn revoke_old(model: &mut Model) -> Vec<Effect> {
    let (quiet, now) = (model.settings.quiet, model.server_now());
    let Some(Dialog::Rotation(page)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let Some(rotation) = page.rotation().cloned() else {
        return Vec::new();
    };
    let forced = match rotation.next(quiet, now) {
        Next::Revoke => None,
        Next::Tick(_) => {
            let (ticked, all) = rotation.ticked();
            Some(format!("step 2 is open: {ticked} of {all} places run with the new key"))
        }
        Next::Wait(_) => Some(format!("step 3 is open: {}", measured_so_far(&rotation, quiet, now))),
        Next::Revoking => {
            page.error =
                Some("A revocation was begun; it is taken over when it did not end in three minutes.".to_owned());
            return Vec::new();
        }
        _ => {
            page.error = Some("Nothing takes the old key's place yet: step 1 comes first.".to_owned());
            return Vec::new();
        }
    };
    let old = rotation.old.id.clone();
    let finishing = Finishing {
        rotation: Box::new(rotation),
        forced,
    };
    let effects = revoke::open_with(model, &old, Some(finishing));
    if effects.is_empty()
        && let Some(Dialog::Rotation(page)) = model.dialogs.last_mut()
    {
        page.error = Some("The old key is not in the list that is shown. R reads it again.".to_owned());
    }
    effects
}

pub(super) fn act_on_attest(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Dialog::Attest(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    match action {
        Action::Back => {
            model.dialogs.pop();
        }
        Action::Submit => {
            let reason = Label::new(form.input.value().trim());
            let count = reason.raw().chars().count();
            if reason.is_blank() || count > REASON_LIMIT {
                form.error = Some(format!("Say how you know, in 1 to {REASON_LIMIT} characters."));
                return Vec::new();
            }
            let rotation = form.rotation.clone();
            model.dialogs.pop();
            let team = page_team(model);
            let request = start(model, "attesting", false);
            return vec![Effect::MoveRotation(
                request,
                team,
                rotation,
                RotationMove::Attest(reason),
            )];
        }
        _ => {}
    }
    Vec::new()
}

/// The answer to “give it up?”.
pub(super) fn answer_cancel(model: &mut Model, action: Action, deliberate: bool) -> Vec<Effect> {
    let Some(Dialog::CancelRotation(rotation)) = model.dialogs.last() else {
        return Vec::new();
    };
    match action {
        Action::No | Action::Back => {
            model.dialogs.pop();
        }
        Action::Yes if deliberate => {
            let rotation = rotation.clone();
            model.dialogs.pop();
            let team = page_team(model);
            let request = start(model, "giving up", false);
            return vec![Effect::MoveRotation(request, team, rotation, RotationMove::Cancel)];
        }
        _ => {}
    }
    Vec::new()
}

pub(super) fn on_read(
    model: &mut Model,
    request: RequestId,
    team: TeamIndex,
    result: Result<Box<Seen>, RotateError>,
) -> Vec<Effect> {
    match result {
        Ok(seen) => {
            take(model, team, &seen);
            let given_up = seen.rotation.word() == "cancelled";
            let new = seen.rotation.new_key().map(|new| new.id.clone());
            let asked = show_on_page(model, *seen) == Some(request);
            // What stays behind is offered to be revoked, by the one who gave it up.
            if given_up && asked {
                model.dialogs.retain(|dialog| !matches!(dialog, Dialog::Rotation(_)));
                model.say(Role::Plain, "The rotation is given up; the old key stays as it is.");
                if let Some(new) = new
                    && team == model.active
                    && model.team().list.find(&new).is_some()
                {
                    return revoke::open(model, &new);
                }
            }
        }
        Err(error) => {
            let wait = match &error {
                RotateError::List(cause) => match cause.fault {
                    Fault::RateLimited(asked) => asked.and_then(|wait| SignedDuration::try_from(wait).ok()),
                    _ => None,
                },
                _ => None,
            };
            let now = model.now;
            if let Some(page) = page(model) {
                page.doing = None;
                page.error = Some(error.to_string());
                page.poll = page.poll.map(|poll| {
                    let wait = wait.unwrap_or(poll.wait).max(poll.wait);
                    Poll {
                        at: now.checked_add(wait).unwrap_or(poll.at),
                        wait,
                    }
                });
            }
        }
    }
    Vec::new()
}

pub(super) fn on_finished(
    model: &mut Model,
    team: TeamIndex,
    old: &ApiKey,
    result: Result<Box<Finished>, RotateError>,
) -> Vec<Effect> {
    model.dialogs.retain(
        |dialog| !matches!(dialog, Dialog::Revoke(form) if form.finishing.is_some() && form.target.key.id == old.id),
    );
    match result {
        Ok(finished) => {
            let mut sentence = finished.sentence(old);
            if let Err(error) = &finished.recorded {
                sentence.push_str(&format!(" Nothing is being recorded: {error}."));
            }
            match &finished.outcome {
                Some(outcome) if outcome.is_proven() => model.say(Role::Ok, format!("✓ {sentence}")),
                Some(_) => model.say(Role::Danger, format!("✗ {sentence}")),
                None => {}
            }
            keep(model, team, &finished.rotation);
            // The cursor stays on what the key is now.
            if let (Some(new), Some(state)) = (finished.rotation.new_key(), model.teams.get_mut(team.0))
                && finished.rotation.is_over()
            {
                state.list.select(&new.id);
            }
            if let Some(page) = page(model) {
                page.doing = None;
                page.error = None;
                page.troubles.clear();
                page.poll = None;
                page.shown = Shown::Row(Box::new(finished.rotation));
            }
        }
        Err(error) => fail(model, error.to_string()),
    }
    list::load(model, team)
}

/// Reads the list again where the page wants it.
pub(super) fn on_wake(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let Some(Dialog::Rotation(page)) = model.dialogs.last() else {
        return Vec::new();
    };
    match page.rotation() {
        Some(rotation) if page.doing.is_none() && page.poll.is_some_and(|poll| poll.at <= now) => {
            let rotation = Box::new(rotation.clone());
            read(model, rotation)
        }
        _ => Vec::new(),
    }
}

/// A value that was a step of the rotation on the page is stored: the page is brought up to it.
pub(super) fn on_stored(model: &mut Model) -> Vec<Effect> {
    match page(model).and_then(|page| page.rotation().cloned()) {
        Some(rotation) => read(model, Box::new(rotation)),
        None => Vec::new(),
    }
}

fn read(model: &mut Model, rotation: Box<Rotation>) -> Vec<Effect> {
    let team = page_team(model);
    let request = start(model, "reading", false);
    vec![Effect::ReadRotation(request, team, rotation)]
}

/// Begins something the page waits for.
fn start(model: &mut Model, doing: &'static str, changes_keys: bool) -> RequestId {
    let request = model.begin(doing, changes_keys);
    if let Some(page) = page(model) {
        page.doing = Some(request);
        page.error = None;
    }
    request
}

fn page(model: &mut Model) -> Option<&mut RotationPage> {
    model.dialogs.iter_mut().find_map(|dialog| match dialog {
        Dialog::Rotation(page) => Some(page),
        _ => None,
    })
}

fn page_team(model: &mut Model) -> TeamIndex {
    let active = model.active;
    page(model).map_or(active, |page| page.team)
}

fn fail(model: &mut Model, sentence: String) {
    match page(model) {
        Some(page) => {
            page.doing = None;
            page.error = Some(sentence);
        }
        None => model.say(Role::Danger, sentence),
    }
}

/// Shows how a rotation stands on its page; answers what the page was waiting for.
fn show_on_page(model: &mut Model, seen: Seen) -> Option<RequestId> {
    let (now, quiet) = (model.now, model.settings.quiet);
    let page = page(model)?;
    let same = match &page.shown {
        Shown::Row(shown) => shown.id == seen.rotation.id,
        Shown::Elsewhere { old, .. } => *old == seen.rotation.old.id,
    };
    if !same {
        return None;
    }
    let asked = page.doing.take();
    page.poll = next_poll(&seen.rotation, page.poll, quiet, now);
    page.place = page.place.min(seen.rotation.places.len().saturating_sub(1));
    page.troubles = seen.troubles;
    page.waiting = seen.waiting.map(Box::new);
    page.shown = Shown::Row(Box::new(seen.rotation));
    asked
}

/// Only step 3 waits for something that the list will tell by itself.
fn next_poll(rotation: &Rotation, last: Option<Poll>, quiet: SignedDuration, now: jiff::Timestamp) -> Option<Poll> {
    if rotation.step() != Some(3) {
        return None;
    }
    let first = if quiet < SHORT_QUIET { SHORT_POLL } else { FIRST_POLL };
    let wait = last.map_or(first, |poll| (poll.wait + poll.wait).min(LONGEST_POLL));
    let wait = if quiet < SHORT_QUIET { wait.min(first) } else { wait };
    Some(Poll {
        at: now.checked_add(wait).ok()?,
        wait,
    })
}

/// Takes in a list that was read for a rotation, and its row.
fn take(model: &mut Model, team: TeamIndex, seen: &Seen) {
    let now = model.now;
    if seen.listing.complete
        && let Some(state) = model.teams.get_mut(team.0)
    {
        let server_now = now.checked_add(state.clock_offset).unwrap_or(now);
        let keys: Vec<ListedKey> = seen.listing.keys.clone();
        state.list.replace(keys, server_now);
        state.as_of = Some(seen.listing.as_of);
        state.complete = true;
        state.load = LoadState::Fresh;
    }
    keep(model, team, &seen.rotation);
}

/// Keeps a rotation among what was written down.
fn keep(model: &mut Model, team: TeamIndex, rotation: &Rotation) {
    let now = model.now;
    let Some(state) = model.teams.get_mut(team.0) else {
        return;
    };
    let server_now = now.checked_add(state.clock_offset).unwrap_or(now);
    let mut notes = state.list.notes().clone();
    match notes.rotations.iter_mut().find(|kept| kept.id == rotation.id) {
        Some(kept) if kept.revision <= rotation.revision => *kept = rotation.clone(),
        Some(_) => {}
        None => notes.rotations.push(rotation.clone()),
    }
    state.list.annotate(notes, server_now);
}
