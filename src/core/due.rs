//! Which keys are due, and whether that is to be reported.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::core::key::{ApiKey, Own};
use crate::core::listing::Listing;
use crate::core::notes::Notes;
use crate::core::policy::{DueStatus, Policies, Standing};
use crate::core::rotation::{Pairs, Part, RotationRole};
use crate::core::snooze::of;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;

/// Days ahead that are looked at, where nothing else is said.
pub const WINDOW: i32 = 14;

/// A key as it stands.
#[derive(Debug, Clone)]
pub struct DueItem {
    /// The profile it is of.
    pub profile: String,
    /// The API's host.
    pub host: String,
    /// Its team, as far as it can be told.
    pub team: TeamIdentity,
    /// The key.
    pub key: ApiKey,
    /// Whether it is the credential we are signed in with.
    pub own: Own,
    /// Who says that it is there: `api` or `tracked`.
    pub source: &'static str,
    /// Against its policy.
    pub standing: Standing,
    /// Who answers for it.
    pub owner: Option<Label>,
    /// Until when it is put off.
    pub snoozed: Option<Snoozed>,
    /// Its part in a rotation.
    pub part: Option<Part>,
}

/// A due date that is put off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snoozed {
    /// The last day.
    pub until: Date,
    /// Why, where it is known.
    pub reason: Option<Label>,
}

/// How many keys have a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Past their date.
    pub overdue: usize,
    /// Today.
    pub due: usize,
    /// Within the window.
    pub due_soon: usize,
    /// Of unknown age.
    pub unknown: usize,
    /// Put off: these call nobody, and count as nothing else.
    pub snoozed: usize,
    /// Rotations under way, each counted once, whether their old key is due or not.
    pub rotating: usize,
}

impl Counts {
    /// Counts one more key.
    pub fn add(&mut self, status: DueStatus, part: Option<&Part>, is_snoozed: bool) {
        self.rotating += usize::from(part.is_some_and(|part| part.role == RotationRole::Old));
        match status {
            _ if is_snoozed => self.snoozed += 1,
            DueStatus::Overdue => self.overdue += 1,
            DueStatus::Due => self.due += 1,
            DueStatus::DueSoon => self.due_soon += 1,
            DueStatus::Unknown => self.unknown += 1,
            DueStatus::Rotating | DueStatus::Fresh => {}
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Due within so many days; `None`: whenever.
    pub within: Option<i32>,
    /// Only past the due date.
    pub overdue: bool,
    /// An unknown age does not count as due.
    pub allow_unknown: bool,
    /// Only those of this owner.
    pub owner: Option<String>,
}

/// Every key of a list, measured at `now`.
#[must_use]
pub fn items(
    (profile, host): (&str, &str),
    listing: &Listing,
    policies: &Policies,
    notes: &Notes,
    now: Timestamp,
) -> Vec<DueItem> {
    let pairs = Pairs::of(notes, &listing.keys);
    let item = |listed: &crate::core::listing::ListedKey| DueItem {
        profile: profile.to_owned(),
        host: host.to_owned(),
        team: listing.team.clone(),
        standing: pairs.standing(&listed.key.id, policies.standing(&listed.key, now)),
        part: pairs.part(&listed.key.id).cloned(),
        owner: listed.owner(policies.register()).cloned(),
        snoozed: of(&notes.snoozes, &listed.key.id, now).map(|snooze| Snoozed {
            until: snooze.until,
            reason: Some(snooze.reason.clone()),
        }),
        own: listed.own,
        source: listed.source.word(),
        key: listed.key.clone(),
    };
    listing.keys.iter().map(item).collect()
}

impl Query {
    /// Whether a key is due, as this asks for it.
    #[must_use]
    pub fn takes(&self, standing: &Standing) -> bool {
        match standing.days_left {
            // What cannot be told to be in time is not.
            None => !self.allow_unknown,
            Some(left) if self.overdue => left < 0,
            Some(left) => self.within.is_none_or(|within| left <= within),
        }
    }

    /// Whether a key is of the owner that is asked for, in either case.
    #[must_use]
    pub fn is_of_owner(&self, item: &DueItem) -> bool {
        self.owner.as_ref().is_none_or(|wanted| {
            let owner = item.owner.as_ref().map(|owner| owner.raw().trim().to_lowercase());
            owner.is_some_and(|owner| owner == wanted.trim().to_lowercase())
        })
    }

    /// The keys that are due, the most urgent first and those of unknown age last.
    #[must_use]
    pub fn select(&self, mut items: Vec<DueItem>) -> Vec<DueItem> {
        items.retain(|item| self.is_of_owner(item) && self.takes(&item.standing));
        items.sort_by(|a, b| {
            let rank = |item: &DueItem| (item.standing.days_left.is_none(), item.standing.days_left);
            rank(a)
                .cmp(&rank(b))
                .then_with(|| a.profile.cmp(&b.profile))
                .then_with(|| a.key.name.raw().cmp(b.key.name.raw()))
                .then_with(|| a.key.id.raw().cmp(b.key.id.raw()))
        });
        items
    }

    /// How many of the keys call for somebody: due, and not put off.
    #[must_use]
    pub fn calling(&self, items: &[DueItem]) -> usize {
        items
            .iter()
            .filter(|item| self.is_of_owner(item) && self.takes(&item.standing) && item.snoozed.is_none())
            .count()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;
    use crate::core::key::{KeyId, LastUse};
    use crate::core::listing::{ListedKey, Source};
    use crate::core::pattern::NamePattern;
    use crate::core::register::{Register, RegisterEntry};
    use crate::core::snooze::Snooze;

    const NOW: &str = "2027-03-04T12:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    /// Keys of these ages in days.
    fn measured(ages: &[Option<i64>], snoozes: &[Snooze]) -> Vec<DueItem> {
        let keys = ages.iter().enumerate().map(|(i, age)| ListedKey {
            key: ApiKey {
                id: KeyId::new(&format!("k{i}")).unwrap(),
                name: Label::new(if i == 0 { "Zapier" } else { "Web" }),
                created_at: age.map(|days| now() - SignedDuration::from_hours(24 * days)),
                last_used_at: LastUse::Unknown,
                created_by: None,
                prefix: None,
                last_four: None,
            },
            own: Own::No,
            source: Source::Api,
        });
        let listing = Listing {
            team: TeamIdentity::Unknown,
            keys: keys.collect(),
            complete: true,
            odd: Default::default(),
            as_of: now(),
        };
        let policies = Policies::default().with_register(Register::new(vec![RegisterEntry {
            pattern: NamePattern::parse("Zapier").unwrap(),
            owner: Some(Label::new("Ops")),
            created: None,
            places: Vec::new(),
        }]));
        let notes = Notes {
            snoozes: snoozes.to_vec(),
            ..Notes::default()
        };
        items(("default", "api.example"), &listing, &policies, &notes, now())
    }

    fn ids(items: &[DueItem]) -> Vec<&str> {
        items.iter().map(|item| item.key.id.raw()).collect()
    }

    fn window() -> Query {
        Query {
            within: Some(WINDOW),
            ..Query::default()
        }
    }

    #[test]
    fn the_window_takes_what_is_due_in_it_and_always_what_is_overdue() {
        let days = [75, 76, 89, 90, 91].map(Some);
        assert_eq!(ids(&window().select(measured(&days, &[]))), ["k4", "k3", "k2", "k1"]);
        let overdue = Query {
            overdue: true,
            ..window()
        };
        assert_eq!(ids(&overdue.select(measured(&days, &[]))), ["k4"]);
        let today = Query {
            within: Some(0),
            ..Query::default()
        };
        assert_eq!(ids(&today.select(measured(&days, &[]))), ["k4", "k3"]);
        assert_eq!(Query::default().select(measured(&days, &[])).len(), 5);
    }

    #[test]
    fn an_unknown_age_counts_as_due_unless_it_may_be_unknown() {
        let found = window().select(measured(&[None, Some(200), Some(1)], &[]));
        assert_eq!(ids(&found), ["k1", "k0"], "last, and there");
        let allowing = Query {
            allow_unknown: true,
            ..window()
        };
        assert_eq!(ids(&allowing.select(measured(&[None, Some(200)], &[]))), ["k1"]);
    }

    #[test]
    fn an_owner_is_asked_for_in_either_case_and_a_key_without_one_is_nobodys() {
        let of = |owner: &str| {
            let query = Query {
                owner: Some(owner.to_owned()),
                ..window()
            };
            query.select(measured(&[Some(200), Some(200)], &[])).len()
        };
        assert_eq!((of("ops"), of(" OPS "), of("op"), of("")), (1, 1, 0, 0));
    }

    #[test]
    fn a_snoozed_key_is_there_and_calls_nobody_until_it_ends() {
        let snooze = |until: &str| Snooze {
            key: KeyId::new("k0").unwrap(),
            until: until.parse().unwrap(),
            reason: Label::new("moving"),
            at: now(),
            actor: Label::new("amina"),
        };
        let calling = |until| {
            let found = window().select(measured(&[Some(200)], &[snooze(until)]));
            (found.len(), window().calling(&found))
        };
        assert_eq!(calling("2027-03-04"), (1, 0));
        assert_eq!(calling("2027-03-03"), (1, 1));
    }

    proptest! {
        #[test]
        fn a_wider_window_never_loses_a_key_and_every_key_found_is_due(
            ages in prop::collection::vec(prop::option::of(0i64..400), 0..30), within in -30i32..400, more in 0i32..400,
        ) {
            let narrow = Query { within: Some(within), ..Query::default() };
            let wide = Query { within: Some(within + more), ..Query::default() };
            let (few, many) = (narrow.select(measured(&ages, &[])), wide.select(measured(&ages, &[])));
            let many = ids(&many);
            prop_assert!(few.iter().all(|item| many.contains(&item.key.id.raw())));
            prop_assert!(few.iter().all(|item| item.standing.days_left.is_none_or(|left| left <= within)));
            prop_assert!(few.is_sorted_by_key(|item| item.standing.days_left.unwrap_or(i32::MAX)));
            prop_assert_eq!(narrow.calling(&few), few.len());
        }
    }
}
