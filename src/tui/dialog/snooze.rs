//! Put a key's due date off: until when, and why.

use crate::core::key::KeyId;
use crate::core::listing::ListedKey;
use crate::core::notes::Notes;
use crate::core::snooze::{REASON_LIMIT, holds, parse_day, parse_reason};
use crate::ops::snooze::SnoozeChanged;
use crate::ports::JournalError;
use crate::tui::dialog::field::{Form, TextField};
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::message::TeamIndex;
use crate::tui::theme::Role;
use crate::tui::view::relative;
use crate::tui::world::World;

/// The lines of the form.
const UNTIL: usize = 0;
const REASON: usize = 1;
const LABELS: [&str; 2] = ["Until, as in 2026-12-01", "Why, for whoever looks"];

/// The form.
#[derive(Debug)]
pub struct SnoozeForm {
    target: ListedKey,
    /// Whether it is put off already, so that an empty day ends that.
    snoozed: bool,
    form: Form<2>,
}

impl SnoozeForm {
    /// About a key of the shown list.
    #[must_use]
    pub fn about(world: &World, id: &KeyId) -> Option<Self> {
        let row = world.team().list.find(id)?;
        let (until, reason) = match &row.snoozed {
            Some(snooze) => (snooze.until.to_string(), snooze.reason.raw().to_owned()),
            None => (String::new(), String::new()),
        };
        Some(Self {
            target: row.listed.clone(),
            snoozed: row.snoozed.is_some(),
            form: Form::new([TextField::holding(until), TextField::holding(reason)]),
        })
    }

    fn submit(&mut self, world: &mut World) -> Turn {
        let [until, reason] = &self.form.lines;
        let typed = until.value().trim();
        let wanted = if typed.is_empty() && self.snoozed {
            None
        } else {
            let Some(day) = parse_day(typed) else {
                self.form.fail(UNTIL, "That is no day: give it as 2026-12-01.");
                return Turn::stay();
            };
            if !holds(day, world.server_now()) {
                self.form
                    .fail(UNTIL, "That day is over by the server's clock: give one to come.");
                return Turn::stay();
            }
            match parse_reason(reason.value()) {
                Ok(reason) => Some((day, reason)),
                Err(0) if self.form.place == UNTIL => {
                    self.form.place = REASON;
                    return Turn::stay();
                }
                Err(_) => {
                    self.form
                        .fail(REASON, format!("Give a reason of 1 to {REASON_LIMIT} characters."));
                    return Turn::stay();
                }
            }
        };
        let key = Box::new(self.target.key.clone());
        let request = world.begin("snoozing", false);
        Turn::close().and(Effect::Snooze(request, world.active, key, wanted))
    }
}

impl Dialog for SnoozeForm {
    fn context(&self) -> KeyContext {
        KeyContext::Snooze
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        match input {
            DialogInput::Act(Action::Back, _) => Turn::close(),
            DialogInput::Act(Action::Submit, _) => self.submit(world),
            DialogInput::Act(Action::NextLine, _) => {
                self.form.place = if self.form.place == UNTIL { REASON } else { UNTIL };
                Turn::stay()
            }
            input => {
                self.form.take(&input);
                Turn::stay()
            }
        }
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let key = &self.target.key;
        let mut sheet = Sheet::new(format!("Snooze {}", key.name), room.min(66));
        sheet.blank();
        let standing = world.settings.policies.standing(key, world.server_now());
        sheet.words(
            world,
            Role::Plain,
            &format!(
                "{} is {}. Until the day is over it calls nobody; then it does again by itself.",
                key.display_name(),
                relative::due(standing)
            ),
        );
        sheet.blank();
        for (place, (label, line)) in LABELS.iter().zip(&self.form.lines).enumerate() {
            sheet.words(world, Role::Dim, label);
            if place == self.form.place {
                line.draw(&mut sheet, world);
            } else {
                line.draw_idle(&mut sheet, world);
            }
        }
        sheet.blank();
        if self.form.error.is_none() && self.snoozed {
            sheet.words(world, Role::Dim, "It is snoozed now: an empty day ends that.");
        }
        self.form.draw_error(&mut sheet, world);
        sheet
    }
}

/// Says what became of it, and shows it in the list.
pub fn on_snoozed(
    world: &mut World,
    team: TeamIndex,
    result: Result<Option<SnoozeChanged>, JournalError>,
    notes: Notes,
) {
    match result {
        Ok(Some(changed)) => {
            let mut sentence = changed.sentence;
            if let Err(error) = changed.recorded {
                sentence.push_str(&format!(" Nothing is being recorded: {error}."));
            }
            world.say(Role::Ok, format!("✓ {sentence}"));
        }
        Ok(None) => world.say(Role::Plain, "It was not snoozed; nothing was done."),
        Err(error) => world.say(Role::Danger, format!("Nothing was put off: {error}.")),
    }
    let now = world.now;
    if let Some(state) = world.teams.get_mut(team.0) {
        let server_now = now.checked_add(state.clock_offset).unwrap_or(now);
        state.list.annotate(notes, server_now);
    }
}
