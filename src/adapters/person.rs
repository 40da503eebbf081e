//! Who works with this program, for the log.

use std::ffi::OsString;

use crate::core::text::Label;

/// The name this machine knows the person by: as the environment says, or else as the password database calls the real
/// user id, for cron and containers set no variable. A user id without a name stands for itself.
#[must_use]
pub fn name(var: impl Fn(&str) -> Option<OsString>) -> Label {
    let named = ["USER", "LOGNAME", "USERNAME"]
        .iter()
        .filter_map(|name| var(name)?.into_string().ok())
        .find(|name| !name.trim().is_empty());
    Label::new(&named.unwrap_or_else(of_process))
}

#[cfg(unix)]
fn of_process() -> String {
    use nix::unistd::{Uid, User};
    let uid = Uid::current();
    match User::from_uid(uid) {
        Ok(Some(user)) if !user.name.is_empty() => user.name,
        _ => format!("uid {uid}"),
    }
}

#[cfg(not(unix))]
fn of_process() -> String {
    "unknown".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_goes_before_the_password_database() {
        let with = |set: &'static [(&'static str, &'static str)]| {
            name(|asked| {
                let found = set.iter().find(|(name, _)| *name == asked);
                found.map(|(_, value)| OsString::from(value))
            })
        };
        assert_eq!(with(&[("USER", "amina"), ("LOGNAME", "jonas")]).raw(), "amina");
        assert_eq!(with(&[("USER", " "), ("LOGNAME", "jonas")]).raw(), "jonas");
        let nobody = with(&[]);
        assert!(!nobody.is_blank() && nobody == with(&[("USER", "")]));
    }
}
