//! A value that a person pastes: is it alive, is it of our team, and is it the one that is meant.

use std::fmt;
use std::sync::Arc;

use crate::core::incident::{Fit, by_hint, scrub};
use crate::core::key::ApiKey;
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::ops::sign_in::{Profile, Session};
use crate::ports::{ApiError, KnownKey, Ports, Probe};

/// Why a pasted value is not taken. It can be pasted again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadValue {
    /// It is the credential we are signed in with.
    Own,
    /// It is the value of a key that is known here.
    Known(KnownKey),
    /// It is the value that is to be replaced.
    Replaced,
    /// It is the value of a listed key of another name, which was there before; carries that key in a sentence.
    There(String),
    /// Its ends are not those of the key; carries the key in a sentence.
    OtherEnds(String),
    /// It answers 401; carries its length.
    Refused(usize),
    /// It opens another team than ours; carries that, as far as it can be told.
    OtherTeam(TeamIdentity),
    /// It could not be tried.
    Untried(ApiError),
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("This is the key you're signed in with, not a new one."),
            Self::Known(known) => write!(
                f,
                "This is the value of “{}” ({}), which is already known here.",
                known.name, known.id
            ),
            Self::Replaced => f.write_str("This is the value of the key you are replacing, not of the new one."),
            Self::There(called) => write!(
                f,
                "This is the value of {called}, which was already in the list, not a new one. If it is the one you \
                 mean, use that name."
            ),
            Self::OtherEnds(called) => write!(
                f,
                "This is not the value of {called}: the first or last characters differ."
            ),
            Self::Refused(length) => write!(
                f,
                "The value gets 401: it is revoked, or not pasted completely (it has {length} characters)."
            ),
            Self::OtherTeam(team) => {
                let opened = team.words().unwrap_or_else(|| "a team it does not name".to_owned());
                write!(f, "The value is alive, but opens {opened}, not your team.")
            }
            Self::Untried(error) => write!(f, "The value could not be tried. {error}"),
        }
    }
}

impl std::error::Error for BadValue {}

/// Tries a value that is to be a key of our team. `key` is what is known of that key.
///
/// # Errors
/// [`BadValue`]; nothing was kept.
pub(super) async fn check(session: &Session, value: &Secret, key: Option<&ApiKey>) -> Result<(), BadValue> {
    if let Some(key) = key
        && by_hint(value, key) == Fit::No
    {
        return Err(BadValue::OtherEnds(scrub(value, &key.display_name())));
    }
    let (probe, ours) = tokio::join!(session.client.probe(value), session.client.teams());
    let team = match probe.map_err(BadValue::Untried)? {
        Probe::Refused => return Err(BadValue::Refused(value.length())),
        Probe::Alive(team) => team,
    };
    let ours = ours.map_err(BadValue::Untried)?;
    if team.may_be_that_of(&ours) {
        Ok(())
    } else {
        Err(BadValue::OtherTeam(team))
    }
}

/// The key of this server whose value it is, as far as this machine knows. A tracked key that left its place is none.
pub(super) async fn known(
    ports: &Ports,
    profile: &Profile,
    session: &Session,
    value: &Arc<Secret>,
) -> Option<KnownKey> {
    let found = ports.journal.find_by_value(Arc::clone(value)).await.ok()?;
    let tracked = session.client.tracked().await.unwrap_or_default();
    found.into_iter().find(|known| {
        let there = !known.id.is_local() || tracked.iter().any(|one| one.id == known.id);
        known.host == profile.base_url.host() && there
    })
}
