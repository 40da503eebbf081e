//! Read a team's whole list of keys.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::key::{ApiKey, Own};
use crate::core::listing::{ListedKey, Listing, OddRows};
use crate::core::reading::{Bound, Bounds, ListReading, NextPage, Stray};
use crate::core::team::TeamIdentity;
use crate::ops::client::TeamClient;
use crate::ops::sign_in::Profile;
use crate::ports::{ApiError, Clock, Fault, Operation, Ports};

/// How often a list that changed under our reading is read again before it is called incomplete.
const READS: u32 = 3;

/// How far the reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadProgress {
    /// Keys read.
    pub read: usize,
    /// Keys in all, where the server says.
    pub total: Option<u64>,
}

/// The server's time now, by its newest `Date` header.
#[must_use]
pub fn server_now(api: &TeamClient, clock: &dyn Clock) -> Timestamp {
    let now = clock.now();
    now.checked_add(api.clock_offset()).unwrap_or(now)
}

/// Reads which team it is and its whole list, page by page.
///
/// # Errors
/// The list's error; a failing `get-teams` only leaves the team unnamed, unless it refuses the credential.
pub async fn review(
    api: &TeamClient,
    clock: &dyn Clock,
    on_page: &(dyn Fn(ReadProgress) + Send + Sync),
) -> Result<Listing, ApiError> {
    let (team, read) = tokio::join!(api.teams(), read_within(api, Care::Proof, Bounds::default(), on_page));
    let read = read?;
    let team = match team {
        Ok(team) => team,
        Err(error) if error.fault == Fault::Unauthorized => return Err(error),
        Err(_) => TeamIdentity::Unknown,
    };
    // By now the team is told, if at all: the tracked keys are those of the team.
    let read = with_tracked(api, read).await?;
    tracing::debug!(keys = read.keys.len(), complete = read.complete, "read the list");
    Ok(listing(api, clock, team, read))
}

fn listing(api: &TeamClient, clock: &dyn Clock, team: TeamIdentity, read: ReadList) -> Listing {
    Listing {
        team,
        keys: mark_own(api, read.keys),
        complete: read.complete,
        odd: read.odd,
        as_of: server_now(api, clock),
    }
}

/// Reads the list once and no page of it twice: before a leaked key is revoked, each request costs time. One of several
/// pages is not complete.
///
/// # Errors
/// The list's error.
pub(crate) async fn glance(api: &TeamClient, clock: &dyn Clock) -> Result<Listing, ApiError> {
    let read = read_within(api, Care::Glance, Bounds::default(), &|_| {}).await?;
    let read = with_tracked(api, read).await?;
    Ok(listing(api, clock, TeamIdentity::Unknown, read))
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

/// A list that was read to its end.
#[derive(Debug)]
pub struct ReadList {
    /// The keys, with those that only this machine knows of.
    pub keys: Vec<ApiKey>,
    /// Whether every key was read, each with an id, and nothing moved meanwhile.
    pub complete: bool,
    /// Its rows that do not read as the contract says.
    pub odd: OddRows,
    /// Whether all its rows were read and nothing moved meanwhile.
    whole: bool,
    strays: Vec<Stray>,
}

/// What the list says of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// It is there.
    Listed,
    /// It is not there.
    Gone,
    /// Neither is shown; says why.
    Untold(String),
}

impl ReadList {
    /// What this reading says of `key`; a row without an id may be it.
    fn sight(&self, key: &ApiKey) -> Sighting {
        if self.keys.iter().any(|listed| listed.id == key.id) {
            Sighting::Listed
        } else if !self.whole {
            Sighting::Untold(OddRows::default().gap())
        } else if self.strays.iter().any(|stray| stray.may_be(key)) {
            Sighting::Untold("a row without an id that can be read may be it".to_owned())
        } else {
            Sighting::Gone
        }
    }
}

/// Two readings of the list in a row; the second only where the first lacks a key.
#[derive(Debug)]
pub(crate) struct Looks {
    first: ReadList,
    second: Option<ReadList>,
}

impl Looks {
    /// Looks for `keys`.
    ///
    /// # Errors
    /// As [`read_list`].
    pub(crate) async fn of(api: &TeamClient, keys: &[&ApiKey]) -> Result<Self, ApiError> {
        let first = read_list(api, &|_| {}).await?;
        let second = if keys.iter().any(|key| first.sight(key) == Sighting::Gone) {
            Some(read_list(api, &|_| {}).await?)
        } else {
            None
        };
        Ok(Self { first, second })
    }

    /// What they say of one of the keys that were looked for.
    pub(crate) fn sight(&self, key: &ApiKey) -> Sighting {
        match (self.first.sight(key), &self.second) {
            (Sighting::Gone, Some(second)) => second.sight(key),
            (Sighting::Gone, None) => Sighting::Untold("it was read only once".to_owned()),
            (seen, _) => seen,
        }
    }
}

/// Reads the list to its end, and again where it moved meanwhile.
///
/// # Errors
/// The first page that cannot be read, a list of which no row can be, or [`Fault::PastBound`].
pub async fn read_list(api: &TeamClient, on_page: &(dyn Fn(ReadProgress) + Send + Sync)) -> Result<ReadList, ApiError> {
    with_tracked(api, read_within(api, Care::Proof, Bounds::default(), on_page).await?).await
}

async fn with_tracked(api: &TeamClient, read: ReadList) -> Result<ReadList, ApiError> {
    Ok(ReadList {
        keys: api.with_tracked(read.keys).await?,
        ..read
    })
}

/// How carefully a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// To its end. Over several pages that is not complete, because a key may have moved meanwhile.
    Glance,
    /// The pages are held against a second look at them.
    Proof,
}

async fn read_within(
    api: &TeamClient,
    care: Care,
    bounds: Bounds,
    on_page: &(dyn Fn(ReadProgress) + Send + Sync),
) -> Result<ReadList, ApiError> {
    let reading = async {
        let mut left = READS;
        loop {
            let mut reading = read_once(api, bounds, on_page).await?;
            left = left.saturating_sub(1);
            let read = reading.is_whole() && (care == Care::Glance || hold_still(api, &mut reading).await?);
            if read || left == 0 {
                let whole = read && (care == Care::Proof || reading.pages() == 1);
                return Ok((reading, whole));
            }
        }
    };
    let past = |bound| api.failed(Operation::List, Fault::PastBound(bound));
    let (reading, whole) = in_time(bounds, reading, past).await?;
    let (keys, strays, odd) = reading.into_parts();
    if let (true, Some(stray)) = (keys.is_empty(), strays.first()) {
        // No row of it reads as the contract says: this is another list.
        let why = stray.why.clone();
        return Err(api.failed(Operation::List, Fault::Unreadable { status: 200, why }));
    }
    Ok(ReadList {
        keys,
        complete: whole && strays.is_empty(),
        odd,
        whole,
        strays,
    })
}

/// Reads for as long as a whole list may take.
async fn in_time<T>(
    bounds: Bounds,
    reading: impl Future<Output = Result<T, ApiError>>,
    past: impl FnOnce(Bound) -> ApiError,
) -> Result<T, ApiError> {
    match tokio::time::timeout(Duration::from_secs(bounds.seconds), reading).await {
        Ok(read) => read,
        Err(_) => Err(past(Bound::Seconds(bounds.seconds))),
    }
}

/// Whether the pages still hold what they held when they were read; the last one was read last.
async fn hold_still(api: &TeamClient, reading: &mut ListReading) -> Result<bool, ApiError> {
    for number in 1..reading.pages() {
        reading.hold_against(number, &api.list_page(number).await?);
        if !reading.is_whole() {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn read_once(
    api: &TeamClient,
    bounds: Bounds,
    on_page: &(dyn Fn(ReadProgress) + Send + Sync),
) -> Result<ListReading, ApiError> {
    let mut reading = ListReading::new(bounds);
    loop {
        let page = api.list_page(reading.pages().saturating_add(1)).await?;
        let total = page.total;
        let next = reading.take(page);
        let past = |bound| api.failed(Operation::List, Fault::PastBound(bound));
        let next = next.map_err(past)?;
        on_page(ReadProgress {
            read: usize::try_from(reading.count()).unwrap_or(usize::MAX),
            total,
        });
        if next == NextPage::End {
            return Ok(reading);
        }
    }
}
/// A hint shared by several keys names none of them as ours.
fn mark_own(api: &TeamClient, keys: Vec<ApiKey>) -> Vec<ListedKey> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Consequence;

    #[tokio::test]
    async fn the_whole_reading_has_a_time_and_names_it() {
        let bounds = Bounds {
            seconds: 0,
            ..Bounds::default()
        };
        let past = |bound| ApiError {
            operation: Operation::List,
            endpoint: "GET /get-api-keys".to_owned(),
            host: "mute".to_owned(),
            fault: Fault::PastBound(bound),
            consequence: Consequence::None,
        };
        let error = in_time(bounds, std::future::pending::<Result<(), _>>(), past)
            .await
            .unwrap_err();
        assert_eq!(error.fault, Fault::PastBound(Bound::Seconds(0)));
        assert_eq!(
            error.to_string(),
            "The list of mute did not end within 0 s (GET /get-api-keys). Check that server's paging."
        );
    }
}
