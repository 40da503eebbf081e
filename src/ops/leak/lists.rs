//! The lists of every signed-in team, read at once and before the value is tried.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::Place;
use crate::ops::review::glance;
use crate::ops::sign_in::{Profile, find_session};
use crate::ports::Ports;

/// Reads the list of every profile that is signed in, all at once.
pub(super) async fn read_all(ports: &Ports, profiles: &[Profile]) -> (Vec<Place>, Vec<(String, String)>) {
    let mut reading = JoinSet::new();
    for (index, profile) in profiles.iter().cloned().enumerate() {
        let ports = ports.clone();
        reading.spawn(async move { (index, read(&ports, profile).await) });
    }
    let mut read = reading.join_all().await;
    read.sort_by_key(|(index, _)| *index);
    let (mut places, mut unread) = (Vec::new(), Vec::new());
    for (_, answer) in read {
        match answer {
            Ok(place) => places.push(place),
            Err(why) => unread.push(why),
        }
    }
    (places, unread)
}

async fn read(ports: &Ports, profile: Profile) -> Result<Place, (String, String)> {
    let unread = |why: String| (profile.name.clone(), why);
    let session = find_session(ports, &profile).await;
    let session = session.map_err(|error| unread(error.to_string()))?;
    let session = session.ok_or_else(|| unread("Not signed in there.".to_owned()))?;
    let listing = glance(&session.client, &*ports.clock).await;
    let listing = listing.map_err(|error| unread(error.to_string()))?;
    Ok(Place {
        profile,
        client: session.client,
        listing: Arc::new(listing),
    })
}
