//! `update`: what the dashboard does about one message. Pure: no I/O, no clock.

mod bulk;
mod clipboard;
mod create;
mod finding;
mod leak;
mod leave;
mod list;
mod manual;
mod revoke;
mod rotate;
mod send;
mod sign_in;
mod waiting;
mod walk;

#[cfg(test)]
mod guards;

use crossterm::event::{Event, KeyEvent, KeyEventKind};
use tui_input::Input;

use crate::tui::dialog::field::{edit, insert};
use crate::tui::dialog::help::Help;
use crate::tui::dialog::palette::Palette;
use crate::tui::dialog::sign_in::SignIn;
use crate::tui::dialog::{DialogInput, Wish, snooze};
use crate::tui::effect::Effect;
use crate::tui::errand::News;
use crate::tui::keymap::{Action, KeyContext, When};
use crate::tui::message::{Message, Pasted, TeamIndex};
use crate::tui::model::dialog::{Confirm, OpenDialog};
use crate::tui::model::leak::LeakFlow;
use crate::tui::model::list::Marks;
use crate::tui::model::{DashboardExit, Model, PASTED_KEY, SessionState, View};
use crate::tui::page::Did;
use crate::tui::page::reading::look_for;
use crate::tui::theme::Role;
use crate::tui::update::finding::FoundOut;
use crate::tui::view::{self, layout};

/// The first thing to do: find the credential of the team that is shown.
#[must_use]
pub fn start(model: &mut Model) -> Vec<Effect> {
    let team = model.active;
    look_for(model, team)
}

/// Takes one message in, and says what is to be done about it.
#[must_use]
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let recorded = may_be_recorded(&message);
    let mut effects = dispatch(model, message);
    effects.extend(leave_closed(model));
    leave::refresh(model);
    if recorded && model.view == View::Activity {
        effects.extend(model.activity.read(&mut model.world));
    }
    let notice_rows = view::notice_rows(model);
    match model.view {
        View::Keys => {}
        View::Due => model.agenda.replace(&model.world.teams),
        View::Activity => model.activity.scroll(layout::rows_in_all(model.size, notice_rows)),
    }
    let rows = layout::rows_that_fit(model.size, notice_rows);
    model.team_mut().list.set_height(rows);
    effects
}

/// What the dialogs that were closed leave to be done; nothing waits for a run that one of them gave up.
fn leave_closed(model: &mut Model) -> Vec<Effect> {
    if model.exit.is_some() {
        model.dialogs.leave();
    }
    let left = model.dialogs.take_left();
    for effect in &left {
        if let Effect::Cancel(request) = effect {
            model.in_flight.remove(request);
        }
    }
    left
}

fn dispatch(model: &mut Model, message: Message) -> Vec<Effect> {
    if let Some(request) = message.request() {
        let awaited = model.in_flight.contains_key(&request);
        if message.ends_request() {
            model.in_flight.remove(&request);
        }
        // A creation is never stale: dropping its result would lose a live key's only value.
        if !awaited
            && !matches!(
                message,
                Message::Created { .. } | Message::Reopened { .. } | Message::RotationBegun { .. }
            )
        {
            return Vec::new();
        }
    }
    match message {
        Message::Key(key) => on_key(model, key),
        Message::Act(action) => act(model, action, true),
        Message::Pasted(pasted) => on_paste(model, &pasted),
        Message::Resized(columns, rows) => {
            model.size = (columns, rows);
            Vec::new()
        }
        Message::Woke => on_wake(model),
        Message::Stopped(stop) => {
            model.exit = Some(DashboardExit::Stopped(stop));
            Vec::new()
        }
        Message::SessionFound { team, result, .. } => sign_in::on_session(model, team, result),
        Message::SignedIn { team, result, .. } => sign_in::on_signed_in(model, team, result),
        Message::PageRead { request, progress } => list::on_page(model, request, progress),
        Message::Loaded {
            request,
            team,
            capabilities,
            result,
            notes,
        } => list::on_loaded(model, request, team, capabilities, result, notes),
        Message::RotationBegun { request, team, result } => rotate::on_begun(model, request, team, result),
        Message::RotationRead { request, team, result } => rotate::on_read(model, request, team, result),
        Message::RotationFinished {
            request,
            team,
            old,
            result,
        } => rotate::on_finished(model, request, team, &old, result),
        Message::Snoozed {
            team, result, notes, ..
        } => {
            snooze::on_snoozed(model, team, result, notes);
            Vec::new()
        }
        Message::News {
            request,
            team,
            news: News::FoundOut(capabilities, doubt),
        } => match finding::on_found_out(model, (request, team), capabilities, doubt) {
            FoundOut::Nothing => Vec::new(),
            FoundOut::Entered => act(model, Action::Submit, true),
            FoundOut::Bulk => walk::instead_of_bulk(model),
        },
        Message::News { request, team, news } => manual::on_news(model, request, team, news),
        Message::Created { team, result, .. } => {
            let mut effects = create::on_created(model, team, result);
            // A key that was made in the browser may be the first step of the rotation on the page.
            effects.extend(rotate::on_stored(model));
            effects
        }
        Message::Recovered { team, result, .. } => waiting::on_recovered(model, team, result),
        Message::Reopened { team, result, .. } => waiting::on_reopened(model, team, result),
        Message::SentTo {
            request,
            called,
            receipt,
            doubts,
        } => send::on_sent(model, request, &called, receipt, doubts),
        Message::Noted { .. } => Vec::new(),
        Message::Acknowledged { called, result, .. } => {
            create::on_acknowledged(model, &called, result);
            rotate::on_stored(model)
        }
        Message::Discarded {
            team,
            called,
            was_escrowed,
            result,
            ..
        } => {
            let mut effects = create::on_discarded(model, team, &called, was_escrowed, result);
            effects.extend(rotate::on_stored(model));
            effects
        }
        Message::Revoked {
            team,
            target,
            outcome,
            unrecorded,
            ..
        } => {
            let mut effects = revoke::on_revoked(model, team, &target, &outcome, unrecorded);
            // The old key of the rotation on the page, revoked in the browser, ends it.
            effects.extend(rotate::on_stored(model));
            effects
        }
        Message::ManyProgress { progress, .. } => bulk::on_progress(model, progress),
        Message::ManyRevoked { team, results, .. } => bulk::on_ended(model, team, results),
        Message::LogRead { request, result } => {
            model.activity.on_read(request, result);
            Vec::new()
        }
        Message::LeakSeen { timeline, .. } => leak::on_seen(model, *timeline),
        Message::LeakSearched {
            request,
            search,
            unrecorded,
        } => leak::on_found(model, request, search, unrecorded),
        Message::LeakKilled { search, killed, .. } => leak::on_killed(model, search, killed),
        Message::TextCopied { result, .. } => leak::on_text_copied(model, result),
        Message::ReportWritten { result, .. } => leak::on_report(model, result),
        Message::Copied { result, .. } => clipboard::on_copied(model, result),
        Message::ClipboardCleared { result, .. } => clipboard::on_cleared(model, result),
    }
}

fn on_key(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    // Terminals that report more send releases too; only a press is a wish.
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let deliberate = model.note_key(key) && key.kind == KeyEventKind::Press;
    // What follows at once shows that the key before it was pasted.
    model.pending = None;
    let found = model
        .keymap
        .lookup(model.context(), key)
        .map(|binding| (binding.action, binding.when));
    match found {
        // Nobody can see what a key would do on a screen that is too small; only leaving is left.
        Some((action, _)) if is_too_small(model) => match action {
            Action::Interrupt => leave::interrupt(model, deliberate),
            Action::Suspend => leave::suspend(model),
            _ => Vec::new(),
        },
        Some((action, when)) if model.allows(when) && deliberate && confirms(model.context(), action) => {
            model.pending = Some((action, model.now));
            Vec::new()
        }
        Some((action, when)) if model.allows(when) => act(model, action, deliberate),
        Some((_, when)) => {
            explain(model, when);
            Vec::new()
        }
        None if is_too_small(model) => Vec::new(),
        None if matches!(model.dialogs.last(), Some(OpenDialog::Boxed(_))) => to_dialog(model, DialogInput::Key(key)),
        None => type_into(model, &Event::Key(key)),
    }
}

fn is_too_small(model: &Model) -> bool {
    layout::areas(ratatui::layout::Rect::new(0, 0, model.size.0, model.size.1), 1).is_none()
}

/// Whether `action` answers a question for good: it counts only when nothing follows it at once.
fn confirms(context: KeyContext, action: Action) -> bool {
    matches!(
        (context, action),
        (KeyContext::Question, Action::Yes)
            | (KeyContext::TypedQuestion, Action::Submit)
            | (KeyContext::Word, Action::Submit)
            | (KeyContext::ShowOnce, Action::Stored)
            | (KeyContext::Attest, Action::Submit)
    )
}

/// Says why a key did nothing, where the screen does not show it.
fn explain(model: &mut Model, when: When) {
    if !matches!(when, When::SignedIn | When::OnLiveKey | When::InDetails) || model.allows(When::SignedIn) {
        return;
    }
    match model.team().session {
        SessionState::Unknown | SessionState::Looking => {
            model.say(Role::Plain, "Looking for your credential…");
        }
        SessionState::SignedOut(_) => model.say(Role::Warn, "Not signed in: press i to sign in first."),
        SessionState::Found(_) => {}
    }
}

/// Does `action` in the present context. A key that is held or was pasted (`deliberate` false) confirms nothing.
fn act(model: &mut Model, action: Action, deliberate: bool) -> Vec<Effect> {
    if action == Action::Interrupt {
        return leave::interrupt(model, deliberate);
    }
    if action == Action::Suspend {
        return leave::suspend(model);
    }
    if matches!(model.dialogs.last(), Some(OpenDialog::Boxed(_))) {
        return to_dialog(model, DialogInput::Act(action, deliberate));
    }
    match model.context() {
        KeyContext::List | KeyContext::Filter | KeyContext::Due | KeyContext::Activity => on_page(model, action),
        KeyContext::Page => page(model, action),
        KeyContext::Create => create::act_on_form(model, action),
        KeyContext::ShowOnce => create::act_on_value(model, action, deliberate),
        KeyContext::Question | KeyContext::TypedQuestion => question(model, action, deliberate),
        KeyContext::LeakField | KeyContext::LeakSearch | KeyContext::LeakKill | KeyContext::LeakEnd => {
            leak::act(model, action)
        }
        KeyContext::Rotation => rotate::act(model, action),
        KeyContext::Paste => manual::act_on_paste(model, action),
        KeyContext::RevokeManually | KeyContext::Watching | KeyContext::Word => {
            manual::act_on_revoke(model, action, deliberate)
        }
        KeyContext::Attest
        | KeyContext::BeginRotation
        | KeyContext::Busy
        | KeyContext::Palette
        | KeyContext::SignIn
        | KeyContext::Snooze
        | KeyContext::Targets
        | KeyContext::Track
        | KeyContext::Waiting => Vec::new(),
    }
}

/// Does `action` on the page that is shown.
fn on_page(model: &mut Model, action: Action) -> Vec<Effect> {
    let did = match model.view {
        View::Keys => model.keys.act(action, &mut model.world),
        View::Due => model.agenda.act(action, &mut model.world),
        View::Activity => {
            let rows = layout::rows_in_all(model.size, view::notice_rows(model));
            model.activity.act(action, &mut model.world, rows)
        }
    };
    match did {
        Did::Effects(effects) => effects,
        Did::Opened(dialog) => {
            model.dialogs.push(OpenDialog::Boxed(dialog));
            Vec::new()
        }
        Did::Showed(view) => show(model, view),
        Did::NotMine => on_every_page(model, action),
    }
}

fn on_every_page(model: &mut Model, action: Action) -> Vec<Effect> {
    let selected = model.team().list.selected().map(|row| row.listed.key.id.clone());
    match (action, selected) {
        (Action::Quit, _) => return leave::quit(model),
        (Action::NewKey, _) => return create::open(model),
        // A mark that the filter hides is out of sight: the key under the cursor is meant.
        (Action::Revoke, _) if !model.team().list.marked(Marks::Visible).is_empty() => return bulk::open(model),
        (Action::Revoke, Some(id)) => return revoke::open(model, &id),
        (Action::Rotate, Some(id)) => return rotate::open(model, &id),
        (Action::Leak, _) => leak::open(model),
        (Action::SignIn, _) => model.dialogs.open(SignIn::default()),
        (Action::Help, _) => model.dialogs.open(Help::default()),
        (Action::Palette, _) => model.dialogs.open(Palette::default()),
        (Action::KeysView, _) => return show(model, View::Keys),
        (Action::DueView, _) => return show(model, View::Due),
        (Action::ActivityView, _) => return show(model, View::Activity),
        _ => {}
    }
    Vec::new()
}

/// Shows a page, and reads what it needs and nobody has read yet.
fn show(model: &mut Model, view: View) -> Vec<Effect> {
    model.view = view;
    model.keys.filtering = false;
    match view {
        View::Keys => Vec::new(),
        View::Due => {
            let is_unseen = |team: &TeamIndex| {
                let state = model.teams.get(team.0);
                state.is_some_and(|state| state.session == SessionState::Unknown)
            };
            let unseen: Vec<TeamIndex> = (0..model.teams.len()).map(TeamIndex).filter(is_unseen).collect();
            unseen.into_iter().flat_map(|team| look_for(model, team)).collect()
        }
        View::Activity => model.activity.read(&mut model.world),
    }
}

/// Whether something may have been written down with what `message` tells.
fn may_be_recorded(message: &Message) -> bool {
    let only_read = matches!(
        message,
        Message::LogRead { .. } | Message::Loaded { .. } | Message::SessionFound { .. } | Message::TextCopied { .. }
    );
    message.ends_request() && !only_read
}

/// Lets the topmost dialog take something in, and does what follows.
fn to_dialog(model: &mut Model, input: DialogInput<'_>) -> Vec<Effect> {
    let Some(OpenDialog::Boxed(dialog)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let turn = dialog.handle(input, &mut model.world);
    if turn.closes {
        model.dialogs.pop();
    }
    let mut effects = turn.effects;
    if let Some(wish) = turn.wish {
        effects.extend(grant(model, wish));
    }
    effects
}

/// Does what a dialog wants of the rest of the dashboard.
fn grant(model: &mut Model, wish: Wish) -> Vec<Effect> {
    match wish {
        Wish::Do(action) => on_page(model, action),
        Wish::Revoke(id) => revoke::open(model, &id),
        Wish::Rotate(id) => rotate::open(model, &id),
        Wish::MoveRotation(rotation, step) => rotate::take_step(model, rotation, step),
        Wish::AskForValue(creation) => {
            manual::ask_for_value(model, model.active, *creation, None);
            Vec::new()
        }
        Wish::SendTo(targets) => send::send_to(model, targets),
        Wish::CloseUnstored => leave::close_unstored(model),
        Wish::DiscardValue => create::discard(model),
    }
}

/// Scrolls what became of several keys.
fn page(model: &mut Model, action: Action) -> Vec<Effect> {
    let most = view::most_scroll(model);
    if let Some(OpenDialog::Bulk(form)) = model.dialogs.last_mut()
        && form.scroll.read(&DialogInput::Act(action, true), most).closes
    {
        model.dialogs.pop();
    }
    Vec::new()
}

fn question(model: &mut Model, action: Action, deliberate: bool) -> Vec<Effect> {
    match model.dialogs.last() {
        Some(OpenDialog::Bulk(_)) => bulk::answer(model, action, deliberate),
        Some(OpenDialog::Leak) => leak::answer(model, action, deliberate),
        _ => revoke::answer(model, action, deliberate),
    }
}

fn on_wake(model: &mut Model) -> Vec<Effect> {
    let now = model.now;
    let confirmed = model
        .pending
        .take_if(|(_, at)| now.duration_since(*at) >= PASTED_KEY)
        .map(|(action, _)| act(model, action, true));
    for dialog in &mut model.dialogs {
        if let OpenDialog::ShowOnce(show) = dialog
            && show.revealed_until.is_some_and(|until| until <= now)
        {
            show.revealed_until = None;
        }
    }
    let server_now = model.server_now();
    model.team_mut().list.turn_day(server_now);
    let mut effects = clipboard::on_wake(model);
    effects.extend(waiting::on_wake(model));
    effects.extend(rotate::on_wake(model));
    effects.extend(confirmed.unwrap_or_default());
    effects
}

/// The text line that has the keys, if one has.
fn line(model: &mut Model) -> Option<&mut Input> {
    match model.dialogs.last_mut() {
        Some(OpenDialog::Create(form)) if form.sent.is_none() => Some(&mut form.input),
        Some(OpenDialog::Manual(form)) => manual::line(form),
        Some(OpenDialog::Revoke(form)) if form.sent.is_none() => match &mut form.confirm {
            Confirm::Typed { input, .. } => Some(input),
            Confirm::YesNo => None,
        },
        Some(OpenDialog::Leak) => model.leak.as_mut().and_then(LeakFlow::line),
        Some(OpenDialog::Bulk(form)) => form.line(),
        _ => None,
    }
}

fn type_into(model: &mut Model, event: &Event) -> Vec<Effect> {
    match model.context() {
        KeyContext::Filter => model.team_mut().list.edit_filter(|input| edit(input, event)),
        KeyContext::LeakField => leak::type_secret(model, event),
        _ if manual::has_hidden(model) => manual::type_secret(model, event),
        _ => {
            if let Some(input) = line(model) {
                edit(input, event);
            }
            typed(model);
        }
    }
    Vec::new()
}

/// What follows from a changed text line.
fn typed(model: &mut Model) {
    match model.dialogs.last_mut() {
        Some(OpenDialog::Create(form)) => {
            form.finding.forget_enter();
            form.error = None;
        }
        Some(OpenDialog::Revoke(form)) => form.hint = None,
        Some(OpenDialog::Manual(form)) => form.error = None,
        Some(OpenDialog::Leak) => leak::typed(model),
        Some(OpenDialog::Bulk(form)) => bulk::typed(form),
        _ => {}
    }
}

/// A paste goes into the line that has the keys, and nowhere else: it never presses a key.
fn on_paste(model: &mut Model, Pasted(text): &Pasted) -> Vec<Effect> {
    if matches!(model.dialogs.last(), Some(OpenDialog::Boxed(_))) {
        return to_dialog(model, DialogInput::Pasted(text));
    }
    if model.context() == KeyContext::LeakField {
        leak::paste(model, text);
        return Vec::new();
    }
    if manual::has_hidden(model) {
        manual::paste(model, text);
        return Vec::new();
    }
    if model.context() == KeyContext::Filter {
        model.team_mut().list.edit_filter(|input| insert(input, text));
    } else if matches!(
        model.context(),
        KeyContext::Create | KeyContext::TypedQuestion | KeyContext::Word
    ) && let Some(input) = line(model)
    {
        insert(input, text);
        typed(model);
    }
    Vec::new()
}
