//! A line of the log, whole.

use crate::core::activity::Activity;
use crate::core::outcome::{Outcome, Verdict};
use crate::core::text::{clean, fit};
use crate::tui::dialog::scroll::Scroll;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn, most_scroll};
use crate::tui::keymap::KeyContext;
use crate::tui::theme::Role;
use crate::tui::world::World;

/// The page.
#[derive(Debug)]
pub struct EntryDialog {
    entry: Activity,
    scroll: Scroll,
}

impl EntryDialog {
    /// About one line.
    #[must_use]
    pub fn about(entry: Activity) -> Self {
        Self {
            entry,
            scroll: Scroll::default(),
        }
    }
}

impl Dialog for EntryDialog {
    fn context(&self) -> KeyContext {
        KeyContext::Page
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        let most = most_scroll(self, world);
        self.scroll.read(&input, most)
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let mut sheet = Sheet::new("What was done", room.min(76));
        sheet.scroll = self.scroll.lines();
        sheet.blank();
        for (label, role, text) in facts(world, &self.entry) {
            sheet.fact(world, label, role, &text);
        }
        sheet
    }
}

/// Everything of one line, as labelled facts.
fn facts(world: &World, entry: &Activity) -> Vec<(&'static str, Role, String)> {
    let at = world.settings.zone.to_datetime(entry.at);
    let (role, outcome) = outcome(&entry.outcome);
    let mut facts = vec![
        ("time", Role::Plain, at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()),
        ("who", Role::Plain, entry.actor.shown().to_owned()),
        ("profile", Role::Plain, clean(&entry.profile).into_owned()),
        ("what", Role::Plain, spoken(entry.action.word())),
    ];
    if let Some((id, name)) = &entry.key {
        let name = if name.is_blank() { "(no name)" } else { name.shown() };
        facts.push(("key", Role::Strong, fit(name, 400).into_owned()));
        facts.push(("id", Role::Plain, id.shown().to_owned()));
    }
    facts.push(("outcome", role, outcome));
    if !entry.detail.is_blank() {
        facts.push(("detail", Role::Plain, entry.detail.shown().to_owned()));
    }
    facts
}

/// A word of the journal as a person reads it.
pub fn spoken(word: &str) -> String {
    clean(&word.replace('_', " ")).into_owned()
}

/// What is not proven or did not work stands out, by its mark too.
pub fn outcome(word: &str) -> (Role, String) {
    let spoken = spoken(word);
    match (Outcome::verdict_of_word(word), word) {
        (Some(Verdict::Proven), _) => (Role::Plain, spoken),
        (Some(verdict), _) => (verdict.into(), format!("{} {spoken}", verdict.sign())),
        (None, "not_created" | "lost") => (Role::Danger, format!("✗ {spoken}")),
        (None, "unknown") => (Role::Warn, format!("! {spoken}")),
        (None, _) => (Role::Plain, spoken),
    }
}
