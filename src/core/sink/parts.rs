//! The parts that a target names, and what each of them must be.

use crate::core::text::{clean, fit};

/// Columns shown of a text that names no target.
pub(crate) const SHOWN: u16 = 120;

/// The parts of a target by name, those that were left out included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts(Vec<(&'static str, Option<String>)>);

impl Parts {
    pub(super) fn new<const N: usize>(parts: [(&'static str, Option<&str>); N]) -> Self {
        Self(parts.map(|(name, text)| (name, text.map(str::to_owned))).into())
    }

    /// The part of this name; `None` where it was left out.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).flatten()
    }

    /// `None` where no part has this name.
    pub(super) fn find(&self, name: &str) -> Option<Option<&str>> {
        let (_, text) = self.0.iter().find(|(known, _)| *known == name)?;
        Some(text.as_deref())
    }

    /// The part of this name, empty where it was left out.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
}

pub(super) fn three<'a>(text: &'a str, form: &str) -> Result<[&'a str; 3], String> {
    let parts: Vec<&str> = text.split('/').collect();
    <[&str; 3]>::try_from(parts).map_err(|parts| format!("{form} has three parts; this has {}", parts.len()))
}

/// What every part of a target must be: there, of a sane length, visible, and no option.
pub(super) fn part(what: &str, text: &str, limit: usize, legal: impl Fn(char) -> bool) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("{what} is empty"));
    }
    if text.len() > limit {
        return Err(format!("{what} has {} bytes; the limit is {limit}", text.len()));
    }
    if text.starts_with('-') {
        return Err(format!(
            "{what} begins with a dash, so its program would take it for an option"
        ));
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return Err(format!("{what} begins or ends with a space"));
    }
    match text.chars().position(|c| !legal(c)) {
        None => Ok(()),
        Some(at) => Err(format!(
            "character {} of {what} (“{}”) is not allowed there",
            at + 1,
            clean(&text.chars().skip(at).take(1).collect::<String>())
        )),
    }
}

/// The name of an environment variable, in capitals: what GitHub and Doppler keep names as.
pub(super) fn variable(what: &str, text: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(legal) {
        return Err(format!(
            "{what} is capital letters, digits and underscores, not beginning with a digit; “{}” is not",
            shown(text)
        ));
    }
    part(what, text, 200, legal)
}

pub(super) fn path(what: &str, path: &str) -> Result<(), String> {
    for segment in path.split('/') {
        if segment.is_empty() {
            return Err(format!("{what} has a slash too many"));
        }
        part(&format!("a part of {what}"), segment, 255, |_| true)?;
        no_dots(what, segment)?;
    }
    Ok(())
}

pub(super) fn no_dots(what: &str, text: &str) -> Result<(), String> {
    if matches!(text, "." | "..") {
        return Err(format!("{what} leads to another folder"));
    }
    Ok(())
}

/// What the name of an entry or a context can hold.
pub(super) fn is_shown(c: char) -> bool {
    c.is_alphanumeric() || is_plain(c) || matches!(c, ' ' | '@' | '+' | '=' | ':' | ',' | '~' | '%')
}

pub(crate) fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/')
}

pub(super) fn shown(text: &str) -> String {
    fit(&clean(text), SHOWN).into_owned()
}
