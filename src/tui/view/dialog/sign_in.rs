//! The hidden field of the sign-in.

use crate::core::secret::NotASecret;
use crate::tui::dialog::sheet::Sheet;
use crate::tui::model::Model;
use crate::tui::model::dialog::SignInForm;
use crate::tui::theme::Role;

pub(super) fn sheet(model: &Model, form: &SignInForm, room: u16) -> Sheet {
    let host = model.profile().map_or("", |profile| profile.host.as_str());
    let mut sheet = Sheet::new(format!("Sign in to {host}"), room.min(66));
    sheet.blank();
    sheet.words(
        model,
        Role::Plain,
        &format!(
            "Paste or type an API key of the team. It is not shown, it is checked with the server, and it is kept in {} and \
             nowhere else.",
            model.settings.store_name
        ),
    );
    sheet.blank();
    sheet.words(
        model,
        Role::Dim,
        "Where to get one: Team settings → API Keys → + New API key.",
    );
    sheet.blank();
    let count = form.field.count();
    let dots = "•".repeat(count.min(usize::from(sheet.width.saturating_sub(4))));
    sheet.input(model, &dots, dots.chars().count());
    sheet.blank();
    if let Some(bytes) = form.field.refused() {
        let told = NotASecret::TooLong(bytes).to_string();
        sheet.words(model, Role::Danger, &format!("✗ {told} ^U empties the field."));
        return sheet;
    }
    match (&form.error, form.sent, count) {
        (Some(error), ..) => sheet.words(model, Role::Danger, &format!("✗ {error}")),
        (None, Some(_), _) => sheet.words(model, Role::Accent, "Checking it, then keeping it in the keyring…"),
        (None, None, 0) => sheet.words(model, Role::Dim, "Nothing typed yet."),
        (None, None, count) => sheet.words(model, Role::Dim, &format!("{count} characters.")),
    }
    sheet
}
