//! Put a key's due date off, with a reason.

use tui_input::Input;

use crate::core::key::KeyId;
use crate::core::notes::Notes;
use crate::core::snooze::{REASON_LIMIT, holds, parse_day, parse_reason};
use crate::ops::snooze::SnoozeChanged;
use crate::ports::JournalError;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::message::TeamIndex;
use crate::tui::model::Model;
use crate::tui::model::dialog::Dialog;
use crate::tui::model::rotation::{SnoozeForm, SnoozeLine};
use crate::tui::theme::Role;

pub(super) fn open(model: &mut Model, id: &KeyId) {
    let Some(row) = model.team().list.find(id) else { return };
    let (until, reason) = match &row.snoozed {
        Some(snooze) => (snooze.until.to_string(), snooze.reason.raw().to_owned()),
        None => (String::new(), String::new()),
    };
    model.dialogs.push(Dialog::Snooze(SnoozeForm {
        target: row.listed.clone(),
        snoozed: row.snoozed.is_some(),
        until: Input::from(until),
        reason: Input::from(reason),
        line: SnoozeLine::Until,
        error: None,
    }));
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let (team, now) = (model.active, model.server_now());
    let Some(Dialog::Snooze(form)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    match action {
        Action::Back => {
            model.dialogs.pop();
        }
        Action::NextLine => {
            form.line = match form.line {
                SnoozeLine::Until => SnoozeLine::Reason,
                SnoozeLine::Reason => SnoozeLine::Until,
            };
        }
        Action::Submit => {
            let typed = form.until.value().trim();
            let wanted = if typed.is_empty() && form.snoozed {
                None
            } else {
                let Some(day) = parse_day(typed) else {
                    form.line = SnoozeLine::Until;
                    form.error = Some("That is no day: give it as 2026-12-01.".to_owned());
                    return Vec::new();
                };
                if !holds(day, now) {
                    form.line = SnoozeLine::Until;
                    form.error = Some("That day is over by the server's clock: give one to come.".to_owned());
                    return Vec::new();
                }
                match parse_reason(form.reason.value()) {
                    Ok(reason) => Some((day, reason)),
                    Err(0) if form.line == SnoozeLine::Until => {
                        form.line = SnoozeLine::Reason;
                        return Vec::new();
                    }
                    Err(_) => {
                        form.line = SnoozeLine::Reason;
                        form.error = Some(format!("Give a reason of 1 to {REASON_LIMIT} characters."));
                        return Vec::new();
                    }
                }
            };
            let key = Box::new(form.target.key.clone());
            model.dialogs.pop();
            let request = model.begin("snoozing", false);
            return vec![Effect::Snooze(request, team, key, wanted)];
        }
        _ => {}
    }
    Vec::new()
}

pub(super) fn on_snoozed(
    model: &mut Model,
    team: TeamIndex,
    result: Result<Option<SnoozeChanged>, JournalError>,
    notes: Notes,
) -> Vec<Effect> {
    match result {
        Ok(Some(changed)) => {
            let mut sentence = changed.sentence;
            if let Err(error) = changed.recorded {
                sentence.push_str(&format!(" Nothing is being recorded: {error}."));
            }
            model.say(Role::Ok, format!("✓ {sentence}"));
        }
        Ok(None) => model.say(Role::Plain, "It was not snoozed; nothing was done."),
        Err(error) => model.say(Role::Danger, format!("Nothing was put off: {error}.")),
    }
    let now = model.now;
    if let Some(state) = model.teams.get_mut(team.0) {
        let server_now = now.checked_add(state.clock_offset).unwrap_or(now);
        state.list.annotate(notes, server_now);
    }
    Vec::new()
}
