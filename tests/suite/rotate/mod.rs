//! Rotations: in the dashboard over real HTTP, by two copies of the program at once, and against lists that say odd
//! things of their keys.

mod dashboard;
mod own;
mod race;
mod troubles;

use chatzuri_keys::config::Config;
use chatzuri_keys::core::policy::Policies;

use crate::support::stage::{Set, Stage};

/// The key of the seed whose value is known here.
const OLD: &str = "Staging importer";

/// A dashboard whose config says where the old key is used, with the cursor on that key.
async fn stage(places: &str) -> Stage {
    let mut stage = Stage::set(Set {
        policies: policies(places),
        ..Set::default()
    })
    .await;
    stage.start().await;
    stage.keys(&format!("/{OLD}<enter>")).await;
    stage
}

fn policies(places: &str) -> Policies {
    let config = format!("[[key]]\nmatch = \"{OLD}\"\nplaces = [{places}]\n");
    Config::parse(&config).unwrap().policies()
}

/// The new key's value, copied in the show-once dialog.
async fn copied(stage: &mut Stage) -> String {
    stage.keys("c").await;
    stage.clipboard.content.lock().unwrap().clone().unwrap()
}
