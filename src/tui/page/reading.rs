//! What every page reads: the credential, the lists, and the new keys of before.

use crate::ops::recover::Since;
use crate::tui::effect::Effect;
use crate::tui::message::TeamIndex;
use crate::tui::world::{SessionState, World};

/// Looks for the credential of a team.
pub fn look_for(world: &mut World, team: TeamIndex) -> Vec<Effect> {
    let request = world.begin("looking for the credential", false);
    if let Some(state) = world.teams.get_mut(team.0) {
        state.session = SessionState::Looking;
    }
    vec![Effect::FindSession(request, team)]
}

/// Reads a team's list, once at a time: a second wish takes the place of the first.
pub fn load(world: &mut World, team: TeamIndex) -> Vec<Effect> {
    let before = world.teams.get(team.0).and_then(|state| state.loading);
    let mut effects = Vec::new();
    if let Some((request, _)) = before {
        world.in_flight.remove(&request);
        effects.push(Effect::Cancel(request));
    }
    let request = world.begin("reading", false);
    if let Some(state) = world.teams.get_mut(team.0) {
        state.loading = Some((request, None));
    }
    effects.push(Effect::Load(request, team));
    effects
}

/// Looks at the creations of a team that are not over.
pub fn look(world: &mut World, team: TeamIndex, since: Since) -> Vec<Effect> {
    if let Some(state) = world.teams.get_mut(team.0) {
        state.looked = true;
        state.look_again_at = None;
    }
    vec![Effect::Recover(world.begin("looking for new keys", false), team, since)]
}
