//! What is shown while a person clicks in the browser: where to click, and what was seen.

use crate::core::capability::Capability;
use crate::core::text::clean;
use crate::ops::manual::{CLICKS, CREATE_CLICKS, Page};
use crate::tui::dialog::sheet::{Said, Sheet};
use crate::tui::model::Model;
use crate::tui::model::manual::{GONE, ManualForm, PasteForm, Step, Then, Walk};
use crate::tui::theme::Role;
use crate::tui::view::dialog::revoke::last_use;

fn said<'a>(error: Option<&'a String>, busy: Option<&'a str>) -> Said<'a> {
    Said {
        error: error.map(String::as_str),
        busy,
        empty: "Nothing pasted yet.",
    }
}

fn where_to(page: Option<&Page>) -> String {
    page.map_or_else(
        || "^O opens the page of the keys".to_owned(),
        |page| clean(&page.words()).into_owned(),
    )
}

pub(super) fn paste(model: &Model, form: &PasteForm, room: u16) -> Sheet {
    let name = &form.creation.intent.name;
    let mut sheet = Sheet::new(format!("New key in the browser: {name}"), room.min(72));
    sheet.blank();
    sheet.words(
        model,
        Role::Plain,
        &format!("{} has no endpoint to create keys: you make it there.", model.host()),
    );
    sheet.blank();
    sheet.words(model, Role::Strong, &format!("{}.", where_to(form.page.as_ref())));
    sheet.words(model, Role::Plain, &format!("{CREATE_CLICKS}. Call it “{name}”."));
    sheet.blank();
    sheet.words(
        model,
        Role::Plain,
        "Paste its value. It is not shown; it is tried, and then handed over as any new key.",
    );
    let busy = form.sent.map(|_| "Trying it, then putting it away…");
    sheet.secret(model, &form.field, said(form.error.as_ref(), busy));
    sheet
}

pub(super) fn revoke(model: &Model, form: &ManualForm, room: u16) -> Sheet {
    let key = &form.target.key;
    let mut title = match form.then {
        Then::Browser => "Revoke this key in the browser",
        Then::Confirm(_) => "Revoke this key",
    }
    .to_owned();
    if let Some((place, total)) = form.walk.as_ref().map(Walk::place).filter(|(_, total)| *total > 1) {
        title.push_str(&format!("   {place} of {total}"));
    }
    let mut sheet = Sheet::new(title, room.min(72));
    sheet.role = Role::Danger;
    sheet.blank();
    let name = if key.name.is_blank() {
        "(no name)"
    } else {
        key.name.shown()
    };
    sheet.fact(model, "key", Role::Strong, name);
    sheet.fact(model, "id", Role::Plain, &format!("{}   {}", key.id, key.hint()));
    let (role, used) = last_use(model, key, false);
    sheet.fact(model, "last use", role, &used);
    if form.target.own == crate::core::key::Own::Yes {
        sheet.words(
            model,
            Role::Danger,
            "! This is the key chatzuri-keys is signed in with: revoking it signs us out.",
        );
    }
    sheet.blank();
    match &form.step {
        Step::Value(field) => {
            let there = if model.team().capabilities.revoke == Capability::Manual {
                "has no endpoint to revoke it: you do it there."
            } else {
                "knows it by an id that is not known here: you revoke it there."
            };
            let (why, how) = match (&form.then, form.held) {
                (Then::Browser, true) => (
                    there,
                    "Its value is at hand: Enter opens the page and watches it until it is dead.",
                ),
                (Then::Browser, false) => (
                    there,
                    "Paste its value and Enter: the page opens, and the value is watched until it is dead. If nobody has it, \
                     Enter alone: your word counts then, and nothing is proven.",
                ),
                (Then::Confirm(_), true) => (
                    "has no list to see it gone from.",
                    "Its value is at hand, and shows when it is dead. Enter asks you once more.",
                ),
                (Then::Confirm(_), false) => (
                    "has no list to see it gone from.",
                    "Paste its value, which shows when it is dead. If nobody has it, Enter alone: your word counts then, and \
                     nothing is proven. Enter asks you once more.",
                ),
            };
            sheet.words(model, Role::Plain, &format!("{} {why}", model.host()));
            sheet.words(model, Role::Plain, how);
            let busy = form.asking.map(|_| "Looking whether its value is at hand…");
            sheet.secret(model, field, said(form.error.as_ref(), busy));
        }
        Step::Watching(_) => {
            if let Then::Browser = form.then {
                let click = format!("{CLICKS}, and click Revoke next to {}.", key.hint());
                sheet.words(model, Role::Strong, &click);
                sheet.blank();
            }
            for line in &form.seen {
                sheet.words(model, Role::Plain, line);
            }
            sheet.words(
                model,
                Role::Accent,
                "Trying its value until it got 401 three times in a row…",
            );
        }
        Step::Word(input) => {
            sheet.words(model, Role::Strong, &format!("{}.", where_to(form.page.as_ref())));
            let click = match form.then {
                Then::Browser => format!("{CLICKS}, and click Revoke next to {}.", key.hint()),
                Then::Confirm(_) => format!("Look whether {} is still there: {CLICKS}.", key.hint()),
            };
            sheet.words(model, Role::Plain, &click);
            for line in &form.seen {
                sheet.words(model, Role::Warn, line);
            }
            sheet.blank();
            sheet.words(
                model,
                Role::Plain,
                &format!("Type “{GONE}” when it is gone from the page. We log it as your word, not as proof:"),
            );
            sheet.input(model, input.value(), input.cursor());
            if let Some(error) = &form.error {
                sheet.words(model, Role::Warn, error);
            }
        }
        Step::Attesting(_) => sheet.words(model, Role::Accent, "Writing it down…"),
    }
    sheet
}
