//! Actions by name.

use ratatui::text::Line;

use crate::core::text::fit;
use crate::tui::dialog::field::TextField;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn, Wish};
use crate::tui::keymap::{Action, Binding, KeyContext};
use crate::tui::theme::Role;
use crate::tui::view::span::span;
use crate::tui::world::World;

/// Rows that are drawn.
const ROWS: usize = 10;

/// What was typed, and the marked row of what matches.
#[derive(Debug, Default)]
pub struct Palette {
    line: TextField,
    place: usize,
}

impl Palette {
    /// What can be done now and has the typed words.
    fn matches<'a>(&self, world: &'a World) -> Vec<&'a Binding> {
        let needle = self.line.value().to_lowercase();
        let has_words = |binding: &&Binding| {
            let text = format!("{} {}", binding.label, binding.help).to_lowercase();
            needle.split_whitespace().all(|word| text.contains(word))
        };
        let rows = world.keymap.of(KeyContext::List);
        rows.filter(|binding| binding.action != Action::Palette && world.allows(binding.when))
            .filter(has_words)
            .collect()
    }
}

impl Dialog for Palette {
    fn context(&self) -> KeyContext {
        KeyContext::Palette
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        match input {
            DialogInput::Act(Action::Down, _) => self.place += 1,
            DialogInput::Act(Action::Up, _) => self.place = self.place.saturating_sub(1),
            DialogInput::Act(Action::Back, _) => return Turn::close(),
            DialogInput::Act(Action::Submit, _) => {
                let chosen = self.matches(world).get(self.place).map(|binding| binding.action);
                return match chosen {
                    Some(action) => Turn::close().wishing(Wish::Do(action)),
                    None => Turn::close(),
                };
            }
            input => {
                self.line.take(&input);
            }
        }
        self.place = self.place.min(self.matches(world).len().saturating_sub(1));
        Turn::stay()
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let mut sheet = Sheet::new("Find an action", room.min(62));
        self.line.draw(&mut sheet, world);
        sheet.blank();
        let from = self.place.saturating_sub(ROWS - 1);
        let mut drawn = 0;
        for (place, binding) in self.matches(world).into_iter().enumerate().skip(from).take(ROWS) {
            let marked = place == self.place;
            let role = if marked { Role::Strong } else { Role::Plain };
            let key = binding.keys.first().map(ToString::to_string).unwrap_or_default();
            sheet.line(Line::from(vec![
                span(world, Role::Accent, if marked { "▸ " } else { "  " }),
                span(world, role, fit(&format!("{:<48}", binding.help), 48).into_owned()),
                span(world, Role::Dim, key),
            ]));
            drawn += 1;
        }
        if drawn == 0 {
            sheet.words(world, Role::Dim, "No action of that name is possible now.");
            drawn = 1;
        }
        // The box keeps its size while it is typed into.
        for _ in drawn..ROWS {
            sheet.blank();
        }
        sheet
    }
}
