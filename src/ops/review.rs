//! Read a team's whole list of keys.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::core::key::{ApiKey, Own};
use crate::core::listing::{ListedKey, Listing};
use crate::core::team::TeamIdentity;
use crate::ops::sign_in::Profile;
use crate::ports::{ApiError, Clock, Fault, KeyApi, Operation, PAGE_LIMIT, PAGE_SIZE, Ports};

/// How often a list that changed under our reading is read again before it is called incomplete.
const READS: u32 = 2;

/// How far the reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Keys read.
    pub read: usize,
    /// Keys in all, where the server says.
    pub total: Option<u64>,
}

/// The server's time now, by its newest `Date` header.
#[must_use]
pub fn server_now(api: &dyn KeyApi, clock: &dyn Clock) -> Timestamp {
    let now = clock.now();
    now.checked_add(api.clock_offset()).unwrap_or(now)
}

/// Reads which team it is and its whole list, page by page.
///
/// # Errors
/// The list's error; a failing `get-teams` only leaves the team unnamed, unless it refuses the credential.
pub async fn review(
    api: &dyn KeyApi,
    clock: &dyn Clock,
    on_page: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Listing, ApiError> {
    let (team, read) = tokio::join!(api.teams(), read_pages(api, on_page));
    let (keys, complete) = read?;
    let team = match team {
        Ok(team) => team,
        Err(error) if error.fault == Fault::Unauthorized => return Err(error),
        Err(_) => TeamIdentity::Unknown,
    };
    // By now the team is told, if at all: the tracked keys are those of the team.
    let keys = api.with_tracked(keys).await?;
    tracing::debug!(keys = keys.len(), complete, "read the list");
    Ok(Listing {
        team,
        keys: mark_own(api, keys),
        complete,
        as_of: server_now(api, clock),
    })
}

/// Reads the whole list and nothing else: its team is not asked for.
///
/// # Errors
/// The list's error.
pub(crate) async fn review_unnamed(api: &dyn KeyApi, clock: &dyn Clock) -> Result<Listing, ApiError> {
    let (keys, complete) = read_list(api, &|_| {}).await?;
    Ok(Listing {
        team: TeamIdentity::Unknown,
        keys: mark_own(api, keys),
        complete,
        as_of: server_now(api, clock),
    })
}

/// Keeps a whole list as the last one seen, for the next first frame. One that is not kept is only read again.
pub async fn keep(ports: &Ports, profile: &Profile, listing: &Arc<Listing>) {
    // Part of a list would take the place of a whole one.
    if listing.complete
        && let Err(error) = ports.journal.keep_list(&profile.scope(), Arc::clone(listing)).await
    {
        tracing::debug!(%error, "the list was not kept");
    }
}

/// Reads the list to its end; `false` beside it when keys the server counts never appeared.
///
/// # Errors
/// The first page that cannot be read, or [`Fault::Endless`].
pub async fn read_list(
    api: &dyn KeyApi,
    on_page: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(Vec<ApiKey>, bool), ApiError> {
    let (keys, complete) = read_pages(api, on_page).await?;
    Ok((api.with_tracked(keys).await?, complete))
}

/// The server's own list.
async fn read_pages(
    api: &dyn KeyApi,
    on_page: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(Vec<ApiKey>, bool), ApiError> {
    let mut keys = Vec::new();
    for _ in 0..READS {
        let (read, total) = read_once(api, on_page).await?;
        keys = read;
        // A key revoked while we read moves its followers one place up, past the page that would have shown them.
        let missing = total.is_some_and(|total| u64::try_from(keys.len()).is_ok_and(|count| count < total));
        if !missing {
            return Ok((keys, true));
        }
    }
    Ok((keys, false))
}

async fn read_once(
    api: &dyn KeyApi,
    on_page: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(Vec<ApiKey>, Option<u64>), ApiError> {
    let mut keys: Vec<ApiKey> = Vec::new();
    let mut seen = HashSet::new();
    for page in 1..=PAGE_LIMIT {
        let answer = api.list_page(page).await?;
        let count = answer.keys.len();
        let before = keys.len();
        keys.extend(answer.keys.into_iter().filter(|key| seen.insert(key.id.clone())));
        on_page(Progress {
            read: keys.len(),
            total: answer.total,
        });
        let brought_nothing = keys.len() == before;
        let all_counted = answer
            .total
            .is_some_and(|total| u64::try_from(keys.len()).is_ok_and(|n| n >= total));
        let short_page = answer.total.is_none() && u32::try_from(count).is_ok_and(|count| count < PAGE_SIZE);
        if brought_nothing || all_counted || short_page {
            return Ok((keys, answer.total));
        }
    }
    Err(api.failed(Operation::List, Fault::Endless))
}

/// A hint shared by several keys names none of them as ours.
fn mark_own(api: &dyn KeyApi, keys: Vec<ApiKey>) -> Vec<ListedKey> {
    let mut listed: Vec<ListedKey> = keys
        .into_iter()
        .map(|key| ListedKey {
            own: api.is_own(&key),
            source: api.source(&key),
            key,
        })
        .collect();
    let claims = listed.iter().filter(|key| key.own == Own::Yes).count();
    for key in &mut listed {
        key.own = match (claims, key.own) {
            // One key is ours for certain, so the ones without a hint are not.
            (1, Own::Unknown) => Own::No,
            (2.., Own::Yes) => Own::Unknown,
            (_, own) => own,
        };
    }
    listed
}
