//! Actions by name.

use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Context};
use crate::tui::model::Model;
use crate::tui::model::dialog::{Dialog, Palette};
use crate::tui::update::list;

pub(super) fn open(model: &mut Model) {
    model.dialogs.push(Dialog::Palette(Palette::default()));
    search(model);
}

/// Lists what can be done now and matches the typed words.
pub(super) fn search(model: &mut Model) {
    let Some(Dialog::Palette(palette)) = model.dialogs.last() else {
        return;
    };
    let needle = palette.input.value().to_lowercase();
    let matches: Vec<_> = model
        .keymap
        .of(Context::List)
        .filter(|binding| binding.action != Action::Palette && model.allows(binding.when))
        .filter(|binding| {
            let text = format!("{} {}", binding.label, binding.help).to_lowercase();
            needle.split_whitespace().all(|word| text.contains(word))
        })
        .filter_map(|binding| Some((binding.action, binding.keys.first()?.to_string(), binding.help)))
        .collect();
    if let Some(Dialog::Palette(palette)) = model.dialogs.last_mut() {
        palette.place = palette.place.min(matches.len().saturating_sub(1));
        palette.matches = matches;
    }
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Some(Dialog::Palette(palette)) = model.dialogs.last_mut() else {
        return Vec::new();
    };
    let last = palette.matches.len().saturating_sub(1);
    match action {
        Action::Down => palette.place = (palette.place + 1).min(last),
        Action::Up => palette.place = palette.place.saturating_sub(1),
        Action::Back => {
            model.dialogs.pop();
        }
        Action::Submit => {
            let chosen = palette.matches.get(palette.place).map(|(action, ..)| *action);
            model.dialogs.pop();
            if let Some(chosen) = chosen {
                return list::act(model, chosen);
            }
        }
        _ => {}
    }
    Vec::new()
}
