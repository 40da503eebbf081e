//! A line to type into, and a form of several.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::backend::crossterm::EventHandler;
use tui_input::{Input, InputRequest};

use crate::core::text::clean;
use crate::tui::dialog::DialogInput;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::theme::Role;
use crate::tui::world::World;

/// Characters a text line takes; more than the longest legal name, so that a name too long can be told as such.
const LINE_LIMIT: usize = 400;

/// A line to type into.
#[derive(Debug, Default)]
pub struct TextField(Input);

impl TextField {
    /// One that holds `text`.
    #[must_use]
    pub fn holding(text: impl Into<String>) -> Self {
        Self(Input::from(text.into()))
    }

    /// What was typed.
    #[must_use]
    pub fn value(&self) -> &str {
        self.0.value()
    }

    /// Takes typed or pasted text; `false` for anything else.
    pub fn take(&mut self, input: &DialogInput<'_>) -> bool {
        match input {
            DialogInput::Key(key) => edit(&mut self.0, &Event::Key(*key)),
            DialogInput::Pasted(text) => insert(&mut self.0, text),
            DialogInput::Act(..) => return false,
        }
        true
    }

    /// Draws it, with the cursor in it.
    pub fn draw(&self, sheet: &mut Sheet, world: &World) {
        sheet.input(world, self.0.value(), self.0.cursor());
    }

    /// Draws what was typed, without a cursor.
    pub fn draw_idle(&self, sheet: &mut Sheet, world: &World) {
        let shown = clean(self.0.value()).into_owned();
        sheet.words(world, Role::Plain, &format!("  {shown}"));
    }
}

/// Lines to type into, one of which has the keys, and what is wrong with them.
#[derive(Debug)]
pub struct Form<const LINES: usize> {
    /// The lines.
    pub lines: [TextField; LINES],
    /// The one that is typed into.
    pub place: usize,
    /// What is wrong with them.
    pub error: Option<String>,
}

impl<const LINES: usize> Form<LINES> {
    /// A form that holds `lines`, the first of which is typed into.
    #[must_use]
    pub fn new(lines: [TextField; LINES]) -> Self {
        Self {
            lines,
            place: 0,
            error: None,
        }
    }

    /// Takes typed or pasted text; `false` for anything else.
    pub fn take(&mut self, input: &DialogInput<'_>) -> bool {
        let taken = self.lines.get_mut(self.place).is_some_and(|line| line.take(input));
        if taken {
            self.error = None;
        }
        taken
    }

    /// Says what is wrong with a line, and goes there.
    pub fn fail(&mut self, place: usize, error: impl Into<String>) {
        self.place = place;
        self.error = Some(error.into());
    }

    /// Draws what is wrong, if anything is.
    pub fn draw_error(&self, sheet: &mut Sheet, world: &World) {
        if let Some(error) = &self.error {
            sheet.words(world, Role::Danger, &format!("✗ {error}"));
        }
    }
}

/// Takes a key into a line, as far as there is room.
pub fn edit(input: &mut Input, event: &Event) {
    let types = matches!(event, Event::Key(key) if types_a_character(key));
    if input.value().chars().count() < LINE_LIMIT || !types {
        input.handle_event(event);
    }
}

fn types_a_character(key: &KeyEvent) -> bool {
    let command = KeyModifiers::CONTROL | KeyModifiers::ALT;
    matches!(key.code, KeyCode::Char(_)) && !key.modifiers.intersects(command)
}

/// Takes a paste into a line, as far as there is room.
pub fn insert(input: &mut Input, text: &str) {
    let room = LINE_LIMIT.saturating_sub(input.value().chars().count());
    for c in text.trim_end_matches(['\r', '\n']).chars().take(room) {
        input.handle(InputRequest::InsertChar(c));
    }
}
