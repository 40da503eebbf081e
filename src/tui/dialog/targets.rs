//! Where to send the new value: the key's places and the person's own sinks to mark, and a line to type a target into.

use ratatui::text::{Line, Span};

use crate::core::register::KeyPlace;
use crate::core::target::Target;
use crate::tui::dialog::field::TextField;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn, Wish};
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::theme::Role;
use crate::tui::view::span::span;
use crate::tui::world::World;

/// The form.
#[derive(Debug)]
pub struct Targets {
    /// Each target, and whether it is marked.
    rows: Vec<(Target, bool)>,
    /// The row of the cursor; after the last one comes the line.
    place: usize,
    line: TextField,
    error: Option<String>,
}

impl Targets {
    /// For the value of a key: its own places first, then every sink that is none of them.
    #[must_use]
    pub fn of(world: &World, key: &str) -> Self {
        let places = world.settings.policies.register().places(key).iter();
        let places = places.filter_map(|place| match place {
            KeyPlace::Target(target) => Some(target.clone()),
            KeyPlace::Words(_) => None,
        });
        let mut rows: Vec<(Target, bool)> = places.map(|target| (target, true)).collect();
        for target in world.settings.sinks.keys().filter_map(|name| Target::parse(name).ok()) {
            if rows.iter().all(|(place, _)| *place != target) {
                rows.push((target, false));
            }
        }
        Self {
            rows,
            place: 0,
            line: TextField::default(),
            error: None,
        }
    }

    /// What is marked and typed; where nothing is, the row of the cursor is meant.
    fn chosen(&self) -> Result<Vec<Target>, String> {
        let marked = self.rows.iter().filter(|(_, marked)| *marked);
        let mut targets: Vec<Target> = marked.map(|(target, _)| target.clone()).collect();
        let typed = self.line.value().trim();
        if !typed.is_empty() {
            targets.push(Target::parse(typed).map_err(|bad| bad.to_string())?);
        }
        if targets.is_empty() {
            targets.extend(self.rows.get(self.place).map(|(target, _)| target.clone()));
        }
        if targets.is_empty() {
            return Err("Type a target, or mark one.".to_owned());
        }
        Ok(targets)
    }

    fn type_into(&mut self, input: &DialogInput<'_>) {
        if self.line.take(input) {
            self.place = self.rows.len();
            self.error = None;
        }
    }
}

impl Dialog for Targets {
    fn context(&self) -> KeyContext {
        KeyContext::Targets
    }

    fn handle(&mut self, input: DialogInput<'_>, _: &mut World) -> Turn {
        match input {
            DialogInput::Act(Action::Down, _) => self.place = (self.place + 1).min(self.rows.len()),
            DialogInput::Act(Action::Up, _) => self.place = self.place.saturating_sub(1),
            DialogInput::Act(Action::Toggle, _) => match self.rows.get_mut(self.place) {
                Some((_, marked)) => *marked = !*marked,
                // On the line a space is a letter: the name of a vault may hold one.
                None => self.type_into(&DialogInput::Pasted(" ")),
            },
            DialogInput::Act(Action::Back, _) => return Turn::close(),
            DialogInput::Act(Action::Submit, _) => match self.chosen() {
                Ok(targets) => return Turn::close().wishing(Wish::SendTo(targets)),
                Err(error) => self.error = Some(error),
            },
            input => self.type_into(&input),
        }
        Turn::stay()
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let mut sheet = Sheet::new("Send the value to", room.min(70));
        sheet.blank();
        for (place, (target, marked)) in self.rows.iter().enumerate() {
            let here = place == self.place;
            sheet.line(Line::from(vec![
                span(world, Role::Accent, if here { "▸ " } else { "  " }),
                Span::raw(if *marked { "[x] " } else { "[ ] " }),
                span(world, if here { Role::Strong } else { Role::Plain }, target.to_string()),
            ]));
        }
        if !self.rows.is_empty() {
            sheet.blank();
        }
        sheet.words(world, Role::Dim, "A target, typed:");
        self.line.draw(&mut sheet, world);
        if self.place < self.rows.len() {
            sheet.cursor = None;
        }
        sheet.blank();
        match &self.error {
            Some(error) => sheet.words(world, Role::Danger, &format!("✗ {error}")),
            None => sheet.words(world, Role::Dim, &Target::forms().collect::<Vec<_>>().join("   ")),
        }
        sheet
    }
}
