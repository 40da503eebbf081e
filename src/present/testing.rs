//! What the unit tests of the faces share.

use jiff::Timestamp;

use crate::core::due::{DueItem, Snoozed, items};
use crate::core::key::{ApiKey, KeyId, LastUse, Own, Team};
use crate::core::listing::{ListedKey, Listing, Source};
use crate::core::notes::Notes;
use crate::core::pattern::NamePattern;
use crate::core::policy::Policies;
use crate::core::register::{Register, RegisterEntry};
use crate::core::team::TeamIdentity;
use crate::core::text::Label;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn key(id: &str, name: &str) -> ListedKey {
    ListedKey {
        key: ApiKey {
            id: KeyId::new(id).unwrap(),
            name: Label::new(name),
            created_at: Some(at("2026-11-01T08:00:00.75Z")),
            last_used_at: LastUse::Never,
            created_by: Some(Label::new("amina@acme.example")),
            prefix: Some(Label::new("cz_Iz1P")),
            last_four: Some(Label::new("CpSn")),
        },
        own: Own::No,
        source: Source::Api,
    }
}

pub(crate) fn listing(keys: Vec<ListedKey>) -> Listing {
    Listing {
        team: TeamIdentity::One(Team {
            id: Label::new("team_1"),
            name: Label::new("Acme Support"),
        }),
        keys,
        complete: true,
        odd: Default::default(),
        as_of: at("2026-11-22T12:00:00Z"),
    }
}

/// The time of the tests about what is due.
pub(crate) const NOW: &str = "2026-11-22T12:00:00Z";

pub(crate) fn item(id: &str, name: &str, created: Option<&str>) -> DueItem {
    let mut listed = key(id, name);
    listed.key.created_at = created.map(at);
    let policies = Policies::default().with_register(Register::new(vec![RegisterEntry {
        pattern: NamePattern::parse("Zapier").unwrap(),
        owner: Some(Label::new("ops")),
        created: None,
        places: Vec::new(),
    }]));
    items(
        ("default", "api.example"),
        &listing(vec![listed]),
        &policies,
        &Notes::default(),
        at(NOW),
    )
    .remove(0)
}

pub(crate) fn snoozed(mut item: DueItem) -> DueItem {
    item.snoozed = Some(Snoozed {
        until: "2026-12-01".parse().unwrap(),
        reason: Some(Label::new("moves in May")),
    });
    item
}
