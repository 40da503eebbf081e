//! `chatzuri-keys teams`.

use serde::Serialize;

use crate::cli::context::{Context, session};
use crate::cli::exit::{CommandError, Exit};
use crate::ops::review::server_now;
use crate::present::json::{SCHEMA_VERSION, TeamShape, time};
use crate::present::table::{Cell, draw};

#[derive(Serialize)]
struct TeamsShape<'a> {
    schema_version: u32,
    as_of: String,
    teams: Vec<TeamShape<'a>>,
}

pub(super) async fn run(context: Context<'_>, json: bool) -> Result<Exit, CommandError> {
    let session = session(context.ports, context.settings).await?;
    let opened = session.client.teams().await?;
    let teams = opened.teams();
    let output = context.output;
    if json {
        output.json(&TeamsShape {
            schema_version: SCHEMA_VERSION,
            as_of: time(server_now(&session.client, &*context.ports.clock)),
            teams: teams.iter().map(TeamShape::of).collect(),
        })?;
    } else if teams.is_empty() {
        output.say("This key has access to no team.");
    } else {
        let rows = teams
            .iter()
            .map(|team| [Cell::plain(team.name.shown()), Cell::plain(team.id.shown())])
            .collect();
        output.data(&draw(["NAME", "ID"], rows, output.look()))?;
        if opened.known().is_none() {
            output.say("The key opens one of these teams; the server does not say which.");
        }
    }
    Ok(Exit::Ok)
}
