//! Revoke this key? Its facts, how new they are, and how to say yes.

use crate::core::key::{ApiKey, LastUse, Own};
use crate::core::rotation::Ground;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::model::Model;
use crate::tui::model::dialog::{Confirm, Facts, Proof, RevokeForm};
use crate::tui::theme::Role;
use crate::tui::view::relative;

pub(super) fn sheet(model: &Model, form: &RevokeForm, room: u16) -> Sheet {
    let key = &form.target.key;
    let title = match form.finishing {
        Some(_) => "Revoke the old key?",
        None => "Revoke this key?",
    };
    let mut sheet = Sheet::new(title, room.min(70));
    sheet.role = Role::Danger;
    sheet.blank();
    let name = if key.name.is_blank() {
        "(no name)"
    } else {
        key.name.shown()
    };
    sheet.fact(model, "key", Role::Strong, name);
    sheet.fact(model, "id", Role::Plain, &format!("{}   {}", key.id, key.hint()));
    let is_last_step = matches!(&form.finishing, Some(finishing) if finishing.forced.is_none());
    let (role, used) = last_use(model, key, is_last_step);
    sheet.fact(model, "last use", role, &used);
    match form.target.own {
        Own::Yes => sheet.words(
            model,
            Role::Danger,
            "! This is the key chatzuri-keys is signed in with: revoking it signs us out.",
        ),
        Own::Unknown => sheet.words(
            model,
            Role::Warn,
            "! This may be the key we are signed in with: the server gives no hint.",
        ),
        Own::No => {}
    }
    sheet.blank();
    sheet.words(
        model,
        Role::Plain,
        "Revocation is immediate and cannot be undone: every request with this key gets 401.",
    );
    if let Some(finishing) = &form.finishing {
        match &finishing.forced {
            Some(why) => sheet.words(model, Role::Danger, &format!("! This forces the last step: {why}.")),
            None => match finishing.rotation.opened().map(|opened| &opened.ground) {
                Some(Ground::Attested { reason, .. }) => {
                    sheet.words(
                        model,
                        Role::Warn,
                        &format!("◔ Step 3 was attested, not measured: {reason}"),
                    );
                }
                Some(Ground::Forced) => sheet.words(model, Role::Warn, "! Step 3 was forced, not measured."),
                _ => sheet.words(
                    model,
                    Role::Ok,
                    "✓ Step 3 is done: its traffic has moved to the new key.",
                ),
            },
        }
    }
    match &form.facts {
        Facts::Reading(_) => sheet.words(model, Role::Accent, "Reading its last use again…"),
        Facts::Fresh if form.finding.is_underway() => sheet.finding(model, "keys are revoked"),
        Facts::Fresh => {}
        Facts::Stale(why) => sheet.words(
            model,
            Role::Warn,
            &format!("! These facts may be old, the list could not be read again: {why}"),
        ),
    }
    sheet.blank();
    if form.sent.is_some() {
        let words = match form.proof {
            Proof::List => "Revoking, then reading the list again…",
            Proof::Held | Proof::Value(_) => "Revoking, then trying its value until it got 401 three times in a row…",
        };
        sheet.words(model, Role::Accent, words);
        return sheet;
    }
    match &form.confirm {
        Confirm::YesNo => {
            sheet.choice(model, "No", "Yes, revoke it");
            sheet.hints = Some(Vec::new());
        }
        Confirm::Typed { input, expected, what } => {
            sheet.words(model, Role::Plain, &format!("Type {what} to revoke it: {expected}"));
            sheet.input(model, input.value(), input.cursor());
        }
    }
    if let Some(hint) = form.hint {
        sheet.words(model, Role::Warn, hint);
    }
    sheet
}

/// When a key was last used, as a fact about it; the last step of a rotation waits for quiet, and then it is no danger.
pub(super) fn last_use(model: &Model, key: &ApiKey, is_last_step: bool) -> (Role, String) {
    let now = model.server_now();
    match key.last_used_at {
        LastUse::At(at) => {
            let hours = now.duration_since(at).as_hours();
            let ago = relative::ago(at, now);
            let is_quiet = is_last_step && now.duration_since(at) >= model.settings.quiet;
            if hours < 24 && !is_quiet {
                let ago = if ago == "now" { "just now" } else { &ago };
                (Role::Danger, format!("! used {ago}: something depends on it"))
            } else {
                (
                    Role::Plain,
                    format!("used {ago} ({})", relative::local(at, &model.settings.zone)),
                )
            }
        }
        LastUse::Never => (Role::Plain, "never used".to_owned()),
        LastUse::Unknown => (Role::Warn, "unknown: the server does not say".to_owned()),
    }
}
