//! The sessions that were found.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ops::sign_in::Session;
use crate::tui::message::TeamIndex;

/// The sessions found so far, by team.
pub(super) type Sessions = Arc<Mutex<HashMap<TeamIndex, Session>>>;

/// Keeps one.
pub(super) fn keep(sessions: &Sessions, team: TeamIndex, session: Session) {
    sessions
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(team, session);
}
