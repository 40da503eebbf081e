//! Every key, and what the marks mean.

use ratatui::text::{Line, Span};

use crate::tui::dialog::scroll::Scroll;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn, most_scroll};
use crate::tui::keymap::{Binding, KeyContext};
use crate::tui::theme::Role;
use crate::tui::view::span::span;
use crate::tui::world::World;

/// The page.
#[derive(Debug, Default)]
pub struct Help {
    scroll: Scroll,
}

impl Dialog for Help {
    fn context(&self) -> KeyContext {
        KeyContext::Page
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        let most = most_scroll(self, world);
        self.scroll.read(&input, most)
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let mut sheet = Sheet::new("Keys", room.min(72));
        sheet.scroll = self.scroll.lines();
        for (context, title) in [
            (KeyContext::List, "The list"),
            (KeyContext::ShowOnce, "A new key's value"),
            (KeyContext::Rotation, "A rotation"),
        ] {
            sheet.blank();
            sheet.words(world, Role::Strong, title);
            sheet
                .lines
                .extend(world.keymap.of(context).map(|binding| row(world, binding)));
        }
        sheet.blank();
        sheet.words(world, Role::Strong, "Marks");
        for (mark, role, words) in [
            ("!", Role::Danger, "overdue: older than the rotation policy allows"),
            ("◔", Role::Warn, "due today or soon"),
            ("~", Role::Accent, "being rotated: both of its keys"),
            ("·", Role::Dim, "far from due"),
            ("?", Role::Dim, "the server does not say when it was created"),
        ] {
            sheet.line(Line::from(vec![
                Span::raw("  "),
                span(world, role, format!("{mark:<12}")),
                Span::raw(words),
            ]));
        }
        sheet
    }
}

fn row(world: &World, binding: &Binding) -> Line<'static> {
    let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
    let role = if world.allows(binding.when) {
        Role::Plain
    } else {
        Role::Dim
    };
    Line::from(vec![
        Span::raw("  "),
        span(world, Role::Accent, format!("{:<12}", keys.join(" "))),
        span(world, role, binding.help),
    ])
}
