//! New keys of before: offered again, said to be lost, or still looked for.

use ratatui::text::Line;

use crate::ops::recover::Waiting;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::dialog::{Dialog, DialogInput, Turn, Wish};
use crate::tui::effect::Effect;
use crate::tui::errand::Errand;
use crate::tui::keymap::{Action, KeyContext};
use crate::tui::theme::Role;
use crate::tui::view::span::span;
use crate::tui::view::wrap::wrap;
use crate::tui::world::World;

/// The page.
#[derive(Debug, Default)]
pub struct WaitingKeys {
    place: usize,
}

impl WaitingKeys {
    /// Goes on with the marked one.
    fn follow(&self, world: &mut World) -> Turn {
        match world.team().waiting.get(self.place).cloned() {
            Some(Waiting::Value(creation)) => {
                let request = world.begin("opening the value", false);
                Turn::close().and(Effect::Reopen(request, world.active, Box::new(creation)))
            }
            Some(Waiting::Asked(creation)) if creation.intent.manual => {
                Turn::close().wishing(Wish::AskForValue(Box::new(creation)))
            }
            Some(Waiting::Lost(creation)) => {
                let minted = creation.minted;
                match minted.filter(|minted| world.team().list.find(&minted.id).is_some()) {
                    Some(minted) => Turn::close().wishing(Wish::Revoke(minted.id)),
                    None => {
                        world.say(
                            Role::Warn,
                            "That key is not in the list that is shown. R reads it again.",
                        );
                        Turn::close()
                    }
                }
            }
            Some(one) => {
                let sentence = one.sentence(world.settings.store_name);
                world.say(Role::Warn, sentence);
                Turn::close()
            }
            None => Turn::close(),
        }
    }

    /// The person says that the marked value, which is not kept here, is stored.
    fn stored(&self, world: &mut World) -> Turn {
        let Some(Waiting::Elsewhere(creation, _)) = world.team().waiting.get(self.place).cloned() else {
            return Turn::close();
        };
        world.team_mut().waiting.remove(self.place);
        let called = creation.minted.as_ref().map_or_else(
            || format!("“{}”", creation.intent.name),
            |minted| minted.bare().display_name(),
        );
        let request = world.begin("writing it down", true);
        Turn::close().and(Effect::Acknowledge(request, world.active, Box::new(creation), called))
    }

    /// The person says that the marked key was not made in the browser.
    fn not_made(&self, world: &mut World) -> Turn {
        let Some(Waiting::Asked(creation)) = world.team().waiting.get(self.place).cloned() else {
            return Turn::close();
        };
        let request = world.begin("writing it down", false);
        let errand = Errand::NotMade(Box::new(creation));
        Turn::close().and(Effect::Errand(request, world.active, errand))
    }
}

impl Dialog for WaitingKeys {
    fn context(&self) -> KeyContext {
        KeyContext::Waiting
    }

    fn handle(&mut self, input: DialogInput<'_>, world: &mut World) -> Turn {
        let DialogInput::Act(action, _) = input else {
            return Turn::stay();
        };
        let last = world.team().waiting.len().saturating_sub(1);
        match action {
            Action::Down => self.place = (self.place + 1).min(last),
            Action::Up => self.place = self.place.saturating_sub(1),
            Action::Back => return Turn::close(),
            Action::NotMade => return self.not_made(world),
            Action::Stored => return self.stored(world),
            Action::Submit => return self.follow(world),
            _ => {}
        }
        Turn::stay()
    }

    fn view(&self, world: &World, room: u16) -> Sheet {
        let mut sheet = Sheet::new("New keys that wait", room.min(74));
        for (place, one) in world.team().waiting.iter().enumerate() {
            sheet.blank();
            let marked = place == self.place;
            let (mark, role) = match one {
                Waiting::Value(_) => ("✓", Role::Ok),
                Waiting::Lost(_) => ("✗", Role::Danger),
                Waiting::Elsewhere(..) => ("◔", Role::Warn),
                Waiting::Listed(..)
                | Waiting::Looking(_)
                | Waiting::Several(..)
                | Waiting::Unreadable(_)
                | Waiting::Asked(_) => ("?", Role::Warn),
            };
            let lines = wrap(&one.sentence(world.settings.store_name), sheet.width.saturating_sub(4));
            for (i, line) in lines.into_iter().enumerate() {
                let cursor = if marked && i == 0 { "▸ " } else { "  " };
                sheet.line(Line::from(vec![
                    span(world, Role::Accent, cursor),
                    span(world, role, if i == 0 { format!("{mark} ") } else { "  ".to_owned() }),
                    span(world, if marked { Role::Strong } else { Role::Plain }, line),
                ]));
            }
        }
        sheet
    }
}
