//! Read a team's list for what is due in it.

use std::sync::Arc;

use crate::core::due::{DueItem, items};
use crate::core::listing::Listing;
use crate::core::notes::Notes;
use crate::core::policy::Policies;
use crate::ops::review::{keep, review};
use crate::ops::sign_in::{Profile, SignInError, find_session};
use crate::ports::{JournalError, Ports};

/// One team's keys as they stand.
#[derive(Debug, Clone)]
pub struct Read {
    /// The list.
    pub listing: Arc<Listing>,
    /// Every key of it, measured by the server's clock.
    pub items: Vec<DueItem>,
    /// Why no key counts as put off or being rotated here, where that could not be read.
    pub unread_notes: Option<JournalError>,
    /// Whether the server has no list, so that only tracked keys are known.
    pub unlisted: bool,
}

/// What was written down about the keys of a profile; nothing where that could not be read, so that no key is hidden.
pub async fn notes(ports: &Ports, profile: &Profile) -> (Notes, Option<JournalError>) {
    let scope = profile.scope();
    let reading = async {
        let (snoozes, rotations, unfinished, first_seen) = tokio::join!(
            ports.journal.snoozes(&scope),
            ports.journal.rotations(&scope),
            ports.journal.unfinished(&scope),
            ports.journal.first_seen(&scope)
        );
        Ok(Notes {
            snoozes: snoozes?,
            rotations: rotations?,
            unfinished: unfinished?,
            first_seen: first_seen?,
        })
    };
    match reading.await {
        Ok(notes) => (notes, None),
        Err(error) => {
            let error: JournalError = error;
            tracing::debug!(%error, "what was written down about the keys was not read");
            (Notes::default(), Some(error))
        }
    }
}

/// Reads a profile's list; `None`: not signed in.
///
/// # Errors
/// [`SignInError`] where no credential can be had, or the list cannot be read.
pub async fn read(ports: &Ports, profile: &Profile, policies: &Policies) -> Result<Option<Read>, SignInError> {
    let Some(session) = find_session(ports, profile).await? else {
        return Ok(None);
    };
    let listing = review(&session.client, &*ports.clock, &|_| {})
        .await
        .map_err(SignInError::Api)?;
    let listing = Arc::new(listing);
    keep(ports, profile, &listing).await;
    let (notes, unread_notes) = notes(ports, profile).await;
    let place = (profile.name.as_str(), profile.base_url.host());
    Ok(Some(Read {
        items: items(place, &listing, policies, &notes, listing.as_of),
        listing,
        unread_notes,
        unlisted: !session.client.has_list(),
    }))
}
