//! From a value to its key: every list is read first, and only then is the value tried.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::lists::read_all;
use super::{Found, Match, Means, Place, Search, Suspect};
use crate::core::capability::Capability;
use crate::core::creation::MintedKey;
use crate::core::incident::{Candidate, Fact, Fit, How, LeakSubject, Timeline, by_hint, moved, ranked, the_only};
use crate::core::key::{ApiKey, KeyId, LastUse, Own};
use crate::core::listing::{ListedKey, Listing, Source};
use crate::core::secret::Secret;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;
use crate::ops::client::TeamClient;
use crate::ops::review::{Sighting, glance, server_now};
use crate::ops::revoke::witness::{Probed, Witness};
use crate::ops::revoke::{OnFact, sight};
use crate::ops::sign_in::Profile;
use crate::ports::{BaseUrl, KnownKey, Operation, Ports};

/// How long it is looked how a leaked key is revoked.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// A key of a place.
type Spot = (usize, ListedKey);

/// Finds the key of `value` among those of `profiles`, of which there is at least one.
pub async fn find(
    ports: &Ports,
    first: &Profile,
    others: &[Profile],
    value: Arc<Secret>,
    means: Means,
    on_fact: OnFact<'_>,
) -> Search {
    let notes = Witness {
        ports,
        value: Arc::clone(&value),
        on_fact,
        is_leaked: !means.always_probe,
    };
    let mut timeline = Timeline::begin(&value, ports.actor.clone(), first.base_url.host(), notes.now());
    let profiles: Vec<Profile> = std::iter::once(first).chain(others).cloned().collect();
    let (known, (places, unread)) = tokio::join!(
        ports.journal.find_by_value(Arc::clone(&value)),
        read_all(ports, &profiles)
    );
    let known = known.unwrap_or_else(|error| {
        tracing::warn!(%error, "no fingerprint can be compared");
        Vec::new()
    });
    for place in &places {
        timeline.tell_by(place.client.clock_offset());
        let fact = Fact::Listed(place.profile.name.clone(), place.listing.keys.len());
        notes.add(&mut timeline, fact);
    }
    let mut finder = KeyFinder {
        notes,
        timeline,
        places,
        known,
        means,
    };
    let found = finder.find(&profiles).await;
    let mut search = Search {
        value,
        timeline: finder.timeline,
        found,
        unread,
        profile: first.clone(),
        means,
    };
    if let Found::Key(found) = &search.found {
        search.profile = found.place.profile.clone();
        search.timeline.host = found.place.profile.base_url.host().to_owned();
    }
    search
}

/// Finds out how the key that was found is revoked, before the person is asked for a yes. A leaked key does not wait long
/// for it: what is not told soon is told by the revocation itself.
pub async fn find_capability(search: &mut Search) {
    let Found::Key(found) = &mut search.found else { return };
    if found.manual {
        return;
    }
    let looked = tokio::time::timeout(LONGEST_LOOK, found.place.client.capability(Operation::Revoke)).await;
    found.manual = looked == Ok(Capability::Manual);
}

struct KeyFinder<'a> {
    notes: Witness<'a>,
    timeline: Timeline,
    places: Vec<Place>,
    known: Vec<KnownKey>,
    means: Means,
}

impl KeyFinder<'_> {
    async fn find(&mut self, profiles: &[Profile]) -> Found {
        if let Some(spot) = self.by_fingerprint() {
            let api = self.api(&spot);
            let alive = match (self.means.always_probe, api) {
                (true, Some(api)) => match self.notes.probe(&mut self.timeline, &api).await {
                    Probed::Alive(_) => Some(true),
                    Probed::Refused => Some(false),
                    Probed::NoAnswer(..) => None,
                },
                _ => None,
            };
            return self.key(spot, How::Fingerprint, alive);
        }
        let suspects = self.suspects();
        if let Some((spot, How::Hint)) = the_only(&suspects)
            && self.known.is_empty()
        {
            return self.confirm_hint(spot.clone(), &suspects).await;
        }
        self.by_probe(profiles, suspects).await
    }

    /// A fingerprint that the hint of its key contradicts is not believed.
    fn by_fingerprint(&self) -> Option<Spot> {
        let fits = |place: &Place, known: &KnownKey, listed: &ListedKey| {
            place.profile.base_url.host() == known.host
                && listed.key.id == known.id
                && by_hint(&self.notes.value, &listed.key) != Fit::No
        };
        self.known.iter().find_map(|known| {
            self.places.iter().enumerate().find_map(|(index, place)| {
                let listed = place.listing.keys.iter().find(|listed| fits(place, known, listed))?;
                Some((index, listed.clone()))
            })
        })
    }

    /// Every key the hint does not exclude, each once: two profiles can open the same team.
    fn suspects(&self) -> Vec<Candidate<Spot>> {
        let mut all: Vec<Candidate<Spot>> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (index, place) in self.places.iter().enumerate() {
            for listed in &place.listing.keys {
                let fit = by_hint(&self.notes.value, &listed.key);
                if fit != Fit::No && seen.insert((place.profile.base_url.as_str(), listed.key.id.raw())) {
                    all.push(Candidate {
                        key: (index, listed.clone()),
                        fit,
                        moved: false,
                        last_used_at: listed.key.last_used_at,
                    });
                }
            }
        }
        all
    }

    async fn confirm_hint(&mut self, spot: Spot, suspects: &[Candidate<Spot>]) -> Found {
        let Some(api) = self.api(&spot) else {
            return Found::NotAccepted;
        };
        match self.notes.probe(&mut self.timeline, &api).await {
            Probed::Alive(_) => self.key(spot, How::Hint, Some(true)),
            Probed::Refused => {
                let best = suspects.iter().filter(|suspect| suspect.fit == Fit::Both);
                let why = format!(
                    "the value starts and ends like {}, but already gets 401: it is dead, or another key. If you \
                     mean that key, revoke it by its id.",
                    self.notes.clean(&spot.1.key.display_name())
                );
                Found::Ambiguous(self.named(best.cloned().collect()), why)
            }
            Probed::NoAnswer(why, _) => Found::Untried(why),
        }
    }

    async fn by_probe(&mut self, profiles: &[Profile], suspects: Vec<Candidate<Spot>>) -> Found {
        let mut untried = None;
        for base in distinct(profiles) {
            let api = match self.any_api(base) {
                Ok(api) => api,
                Err(why) => {
                    untried = Some(why);
                    continue;
                }
            };
            match self.notes.probe(&mut self.timeline, &api).await {
                Probed::Alive(team) => {
                    self.timeline.host = base.host().to_owned();
                    let probed = server_now(&api, &*self.notes.ports.clock);
                    return self.alive(base, team, probed, suspects, profiles).await;
                }
                Probed::Refused => {}
                Probed::NoAnswer(why, _) => untried = Some(why),
            }
        }
        if let Some(why) = untried {
            return Found::Untried(why);
        }
        if let Some(gone) = self.first_gone().await {
            self.timeline.key = Some(LeakSubject {
                id: Label::new(gone.id.raw()),
                name: Label::new(&self.notes.clean(&gone.name.raw())),
                last_used_at: LastUse::Unknown,
                created_at: None,
                is_listed: true,
            });
            return Found::Gone;
        }
        let twins: Vec<_> = suspects.into_iter().filter(|one| one.fit == Fit::Both).collect();
        if twins.is_empty() {
            Found::NotAccepted
        } else {
            let why = "several listed keys start and end like this value, but it already gets 401: it is dead, or \
                another key.";
            Found::Ambiguous(self.named(twins), why.to_owned())
        }
    }

    /// The first known key that is gone from the list of its own team.
    async fn first_gone(&self) -> Option<KnownKey> {
        for known in &self.known {
            if self.is_gone(known).await {
                return Some(known.clone());
            }
        }
        None
    }

    /// Whether each list that the known key can be in lacks it. Nothing hurries now: its value is dead.
    async fn is_gone(&self, known: &KnownKey) -> bool {
        let own = |place: &&Place| {
            place.profile.base_url.host() == known.host
                && (known.profiles.is_empty() || known.profiles.contains(&place.profile.name))
        };
        let key = MintedKey {
            id: known.id.clone(),
            name: known.name.clone(),
        };
        let mut looked = false;
        for place in self.places.iter().filter(own) {
            if !matches!(sight(&place.client, &key.bare()).await, Ok(Sighting::Gone)) {
                return false;
            }
            looked = true;
        }
        looked
    }

    /// The value is alive and neither a fingerprint nor one hint tells its key.
    async fn alive(
        &mut self,
        base: &BaseUrl,
        team: TeamIdentity,
        probed: Timestamp,
        suspects: Vec<Candidate<Spot>>,
        profiles: &[Profile],
    ) -> Found {
        let ours = self.places_of(base, &team).await;
        let mut suspects: Vec<_> = suspects.into_iter().filter(|one| ours.contains(&one.key.0)).collect();
        self.mark_moved(&mut suspects, &ours, probed).await;
        if let Some((spot, how)) = the_only(&suspects) {
            let spot = spot.clone();
            return self.key(spot, how, Some(true));
        }
        if let Some(found) = self.manual(&ours, &team, &suspects) {
            return found;
        }
        let mut hindered = None;
        if self.means.with_leaked_key {
            match self.by_itself(base, profiles).await {
                Ok(found) => return Found::Key(Box::new(found)),
                Err(why) => hindered = Some(why),
            }
        }
        if suspects.is_empty() {
            return Found::Foreign(team, hindered);
        }
        let why = "it is alive, but it could be any of these keys. Revoke the right one by its id.";
        Found::Ambiguous(self.named(suspects), why.to_owned())
    }

    /// The key of a team without a list: the one of which the last four are written down, or one that nobody tracks. It
    /// is the person who finds it in the browser, and the value that proves it.
    fn manual(&mut self, ours: &[usize], team: &TeamIdentity, suspects: &[Candidate<Spot>]) -> Option<Found> {
        let is_unlisted = |index: &usize| {
            self.places
                .get(*index)
                .is_some_and(|place| place.client.known().list == Capability::Manual)
        };
        let unlisted: Vec<usize> = ours.iter().copied().filter(is_unlisted).collect();
        let index = *unlisted.first()?;
        let mut fitting = suspects
            .iter()
            .filter(|one| one.fit >= Fit::Half && unlisted.contains(&one.key.0));
        if let (Some(only), None) = (fitting.next(), fitting.next()) {
            return Some(self.key(only.key.clone(), How::LastFour, Some(true)));
        }
        let some = |label: Label| (!label.is_blank()).then_some(label);
        let last_four = some(self.notes.value.last_four());
        let named = last_four
            .as_ref()
            .map_or_else(|| "…".to_owned(), |four| format!("…{four}"));
        let target = ListedKey {
            key: ApiKey {
                id: KeyId::new(&named)?,
                name: Label::new("a key you do not track here"),
                created_at: None,
                last_used_at: LastUse::Unknown,
                created_by: None,
                prefix: some(self.notes.value.prefix()),
                last_four,
            },
            own: if self.places.get(index).is_some_and(|place| self.is_credential_of(place)) {
                Own::Yes
            } else {
                Own::No
            },
            source: Source::Tracked { owner: None },
        };
        let found = self.key((index, target), How::Manual, Some(true));
        if team.known().is_none() && unlisted.len() > 1 {
            // The page is the same for all of them, and which of them it is cannot be told.
            self.timeline.profile = None;
        }
        Some(match found {
            // The server has no id of it that we know.
            Found::Key(found) => Found::Key(Box::new(Match { manual: true, ..*found })),
            other => other,
        })
    }

    /// The places whose credential may open this team: a key of another team is none of theirs, however well its last use
    /// fits.
    async fn places_of(&self, base: &BaseUrl, team: &TeamIdentity) -> Vec<usize> {
        let mut ours = Vec::new();
        for (index, place) in self.places.iter().enumerate() {
            if place.profile.base_url == *base
                && let Ok(own) = place.client.teams().await
                && own.may_be_that_of(team)
            {
                ours.push(index);
            }
        }
        ours
    }

    async fn mark_moved(&self, suspects: &mut [Candidate<Spot>], places: &[usize], probed: Timestamp) {
        for &index in places {
            let Some(place) = self.places.get(index) else { continue };
            let Ok(after) = glance(&place.client, &*self.notes.ports.clock).await else {
                continue;
            };
            let ours = ours(&place.listing);
            let is_ours = self.is_credential_of(place);
            for suspect in suspects.iter_mut().filter(|suspect| suspect.key.0 == index) {
                let before = &suspect.key.1.key;
                let listed = after.keys.iter().find(|listed| listed.key.id == before.id);
                let moved = listed.is_some_and(|listed| moved(before.last_used_at, listed.key.last_used_at, probed));
                suspect.moved = if is_ours {
                    ours == Some(&before.id)
                } else {
                    moved && ours != Some(&before.id)
                };
            }
        }
    }

    /// Whether the value is the credential the place was read with, by both its ends.
    fn is_credential_of(&self, place: &Place) -> bool {
        let (prefix, last_four) = (self.notes.value.prefix(), self.notes.value.last_four());
        let some_key = place.listing.keys.first().map(|listed| ApiKey {
            prefix: Some(prefix),
            last_four: Some(last_four),
            ..listed.key.clone()
        });
        some_key.is_some_and(|key| place.client.is_own(&key) == Own::Yes)
    }

    /// Lets the leaked key read its own team's list and find itself there.
    async fn by_itself(&mut self, base: &BaseUrl, profiles: &[Profile]) -> Result<Match, String> {
        let profile = profiles.iter().find(|profile| profile.base_url == *base);
        let profile = profile.ok_or("No profile uses that server.")?.clone();
        let api = self.connect(base)?;
        let clock = &*self.notes.ports.clock;
        let said = |error| self.notes.clean(&error);
        let before = glance(&api, clock).await.map_err(said)?;
        self.places.push(Place {
            profile,
            client: Arc::clone(&api),
            listing: Arc::new(before),
        });
        let index = self.places.len() - 1;
        let fact = Fact::Listed(
            "its own team".to_owned(),
            self.places.last().map_or(0, |p| p.listing.keys.len()),
        );
        self.notes.add(&mut self.timeline, fact);
        let mut suspects: Vec<_> = self.suspects().into_iter().filter(|one| one.key.0 == index).collect();
        if suspects.is_empty() {
            // The same team was read with our credential, and its keys were taken from there.
            suspects = self.suspects();
        }
        let told = the_only(&suspects).map(|(spot, _)| spot.1.clone());
        let told = told.or_else(|| match suspects.as_slice() {
            [only] => Some(only.key.1.clone()),
            _ => None,
        });
        let mut target = match told {
            Some(target) => target,
            None => {
                // Each of its requests moves its last use, and that of no other key.
                let after = glance(&api, clock).await.map_err(|error| self.notes.clean(&error))?;
                let now = server_now(&api, clock);
                for suspect in &mut suspects {
                    let id = &suspect.key.1.key.id;
                    let listed = after.keys.iter().find(|listed| listed.key.id == *id);
                    let last = suspect.last_used_at;
                    suspect.moved = listed.is_some_and(|listed| moved(last, listed.key.last_used_at, now));
                }
                let only = the_only(&suspects).map(|(spot, _)| spot.1.clone());
                only.ok_or("The leaked key could list its team, but we could not tell it from the team's other keys.")?
            }
        };
        target.own = Own::Yes;
        match self.key((index, target), How::Itself, Some(true)) {
            Found::Key(found) => Ok(*found),
            _ => Err("The list was lost.".to_owned()),
        }
    }

    fn key(&mut self, (index, mut target): Spot, how: How, alive: Option<bool>) -> Found {
        let Some(place) = self.places.get(index).cloned() else {
            return Found::NotAccepted;
        };
        // Reading the list with this very key moved its last use; what it was before is not known.
        let by_us = |used: Timestamp| place.listing.as_of.duration_since(used).abs() <= OUR_REQUEST;
        if target.own == Own::Yes && target.key.last_used_at.time().is_some_and(by_us) {
            target.key.last_used_at = LastUse::Unknown;
        }
        self.timeline.profile = Some(place.profile.name.clone());
        self.timeline.key = Some(LeakSubject::of(&target, &self.notes.value));
        self.notes.add(&mut self.timeline, Fact::Found(how));
        let manual = target.key.id.is_local() || place.client.known().revoke == Capability::Manual;
        Found::Key(Box::new(Match {
            place,
            target,
            alive,
            manual,
        }))
    }

    fn named(&self, suspects: Vec<Candidate<Spot>>) -> Vec<Suspect> {
        let name = |index: usize| self.places.get(index).map(|place| place.profile.name.clone());
        let named = suspects.into_iter().map(|one| Candidate {
            key: (name(one.key.0).unwrap_or_default(), one.key.1),
            fit: one.fit,
            moved: one.moved,
            last_used_at: one.last_used_at,
        });
        ranked(named.collect())
    }

    fn api(&self, spot: &Spot) -> Option<Arc<TeamClient>> {
        self.places.get(spot.0).map(|place| Arc::clone(&place.client))
    }

    /// Some API of this server; a probe does not need our credential.
    fn any_api(&self, base: &BaseUrl) -> Result<Arc<TeamClient>, String> {
        let signed_in = self.places.iter().find(|place| place.profile.base_url == *base);
        match signed_in {
            Some(place) => Ok(Arc::clone(&place.client)),
            None => self.connect(base),
        }
    }

    fn connect(&self, base: &BaseUrl) -> Result<Arc<TeamClient>, String> {
        let (ports, value) = (self.notes.ports, &self.notes.value);
        let api = ports.connect.connect(base, Arc::clone(value));
        let api = api.map_err(|error| self.notes.clean(&error))?;
        Ok(Arc::new(TeamClient::bare(ports, base, api, Arc::clone(value))))
    }
}

/// A last use this near our own request is ours.
const OUR_REQUEST: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);

/// The key of our own credential, which moves with each of our requests: the one that is marked, or else the only one
/// that was used just when its list was read.
fn ours(listing: &Listing) -> Option<&KeyId> {
    let marked = listing.keys.iter().find(|listed| listed.own == Own::Yes);
    if let Some(marked) = marked {
        return Some(&marked.key.id);
    }
    let now = |used: Timestamp| listing.as_of.duration_since(used).abs() <= OUR_REQUEST;
    let mut used = listing
        .keys
        .iter()
        .filter(|listed| listed.own == Own::Unknown && listed.key.last_used_at.time().is_some_and(now));
    match (used.next(), used.next()) {
        (Some(only), None) => Some(&only.key.id),
        _ => None,
    }
}

fn distinct(profiles: &[Profile]) -> Vec<&BaseUrl> {
    let mut bases: Vec<&BaseUrl> = Vec::new();
    for profile in profiles {
        if !bases.contains(&&profile.base_url) {
            bases.push(&profile.base_url);
        }
    }
    bases
}
