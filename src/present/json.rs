//! The JSON shapes: snake_case, RFC 3339 UTC to the second, null for what is not known, strings as the server sent them.

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::core::key::{ApiKey, KeyId, LastUse, Own, Team};
use crate::core::listing::{ListedKey, Listing};
use crate::core::policy::{Policies, Standing};
use crate::core::rotation::{Pairs, Part};
use crate::core::snooze::{self, Snooze};
use crate::core::team::TeamIdentity;
use crate::core::text::{Label, clean};

/// The version of every JSON shape printed here.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// `list --json`.
#[derive(Debug, Serialize)]
pub(crate) struct ListShape<'a> {
    schema_version: u32,
    as_of: String,
    #[serde(flatten)]
    whose: WhoseShape<'a>,
    /// Whether every key was read, each with an id, and nothing moved meanwhile.
    pub(crate) complete: bool,
    /// How many keys have a field that could not be read, and is null here.
    odd_rows: usize,
    /// How many rows have no id that can be read, and are not here.
    rows_without_id: usize,
    keys: Vec<KeyShape<'a>>,
}

/// `show --json`.
#[derive(Debug, Serialize)]
pub(crate) struct ShowShape<'a> {
    schema_version: u32,
    as_of: String,
    #[serde(flatten)]
    whose: WhoseShape<'a>,
    key: KeyShape<'a>,
}

/// A team.
#[derive(Debug, Serialize)]
pub(crate) struct TeamShape<'a> {
    id: &'a str,
    name: &'a str,
}

/// Which team it is; null where that cannot be told, beside every team that it may be.
#[derive(Debug, Serialize)]
pub(crate) struct WhoseShape<'a> {
    team: Option<TeamShape<'a>>,
    teams: Vec<TeamShape<'a>>,
}

impl<'a> WhoseShape<'a> {
    pub(crate) fn of(team: &'a TeamIdentity) -> Self {
        Self {
            team: team.known().map(TeamShape::of),
            teams: team.teams().iter().map(TeamShape::of).collect(),
        }
    }
}

/// A key.
#[derive(Debug, Serialize)]
pub(crate) struct KeyShape<'a> {
    id: &'a str,
    name: &'a str,
    prefix: Option<&'a str>,
    last_four: Option<&'a str>,
    created_at: Option<String>,
    last_used_at: Option<String>,
    never_used: Option<bool>,
    created_by: Option<&'a str>,
    due_at: Option<String>,
    days_left: Option<i32>,
    status: &'static str,
    own: &'static str,
    /// Who says that it is there: `api`, or `tracked` here.
    source: &'static str,
    snoozed_until: Option<String>,
    rotation: Option<PartShape<'a>>,
}

/// A key's part in a rotation.
#[derive(Debug, Serialize)]
struct PartShape<'a> {
    role: &'static str,
    other_id: Option<&'a str>,
    /// Null: it was started elsewhere.
    step: Option<u8>,
}

/// A time, in UTC and to the second.
pub(crate) fn time(at: Timestamp) -> String {
    format!("{at:.0}")
}

impl<'a> TeamShape<'a> {
    pub(crate) fn of(team: &'a Team) -> Self {
        Self {
            id: team.id.raw(),
            name: team.name.raw(),
        }
    }
}

impl<'a> KeyShape<'a> {
    pub(crate) fn of(listed: &'a ListedKey, policies: &Policies, now: Timestamp) -> Self {
        Self::with(
            &listed.key,
            listed.own,
            listed.source.word(),
            policies.standing(&listed.key, now),
        )
    }

    /// The same key, put off until this day.
    pub(crate) fn snoozed(self, until: Option<Date>) -> Self {
        Self {
            snoozed_until: until.map(|day| day.to_string()),
            ..self
        }
    }

    /// The same key, with its part in a rotation.
    pub(crate) fn rotated(self, part: Option<&'a Part>) -> Self {
        let rotation = part.map(|part| PartShape {
            role: part.role.word(),
            other_id: part.other.as_ref().map(KeyId::raw),
            step: part.step,
        });
        Self { rotation, ..self }
    }

    /// The same with what was written down about the key.
    fn noted(listed: &'a ListedKey, policies: &Policies, snoozes: &[Snooze], pairs: &'a Pairs, now: Timestamp) -> Self {
        let id = &listed.key.id;
        let standing = pairs.standing(id, policies.standing(&listed.key, now));
        Self::with(&listed.key, listed.own, listed.source.word(), standing)
            .snoozed(snooze::of(snoozes, id, now).map(|snooze| snooze.until))
            .rotated(pairs.part(id))
    }

    /// A key that was measured already.
    pub(crate) fn with(key: &'a ApiKey, own: Own, source: &'static str, standing: Standing) -> Self {
        let raw = |label: &'a Option<Label>| label.as_ref().map(Label::raw);
        Self {
            id: key.id.raw(),
            name: key.name.raw(),
            prefix: raw(&key.prefix),
            last_four: raw(&key.last_four),
            created_at: key.created_at.map(time),
            last_used_at: key.last_used_at.time().map(time),
            never_used: match key.last_used_at {
                LastUse::Unknown => None,
                LastUse::Never => Some(true),
                LastUse::At(_) => Some(false),
            },
            created_by: raw(&key.created_by),
            due_at: standing.due_at.map(time),
            days_left: standing.days_left,
            status: standing.status.word(),
            own: own.word(),
            source,
            snoozed_until: None,
            rotation: None,
        }
    }
}

impl<'a> ListShape<'a> {
    pub(crate) fn of(listing: &'a Listing, policies: &Policies, snoozes: &[Snooze], pairs: &'a Pairs) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            as_of: time(listing.as_of),
            whose: WhoseShape::of(&listing.team),
            complete: listing.complete,
            odd_rows: listing.odd.with_unknown_fields,
            rows_without_id: listing.odd.without_id,
            keys: listing
                .keys
                .iter()
                .map(|listed| KeyShape::noted(listed, policies, snoozes, pairs, listing.as_of))
                .collect(),
        }
    }
}

impl<'a> ShowShape<'a> {
    pub(crate) fn of(
        listing: &'a Listing,
        key: &'a ListedKey,
        policies: &Policies,
        snoozes: &[Snooze],
        pairs: &'a Pairs,
    ) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            as_of: time(listing.as_of),
            whose: WhoseShape::of(&listing.team),
            key: KeyShape::noted(key, policies, snoozes, pairs, listing.as_of),
        }
    }
}

/// Writes a value as one line.
pub(crate) fn write(out: &mut Vec<u8>, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Visible))?;
    out.push(b'\n');
    Ok(())
}

/// JSON on one line, in which every hidden character is an escape: JSON itself asks that of C0 only, and a terminal
/// obeys C1 and reorders by bidi controls too. Read back, the string is the raw one.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        if let Cow::Borrowed(_) = clean(fragment) {
            return out.write_all(fragment.as_bytes());
        }
        let mut bytes = [0; 4];
        let mut units = [0; 2];
        for c in fragment.chars() {
            let text = &*c.encode_utf8(&mut bytes);
            if clean(text) == text {
                out.write_all(text.as_bytes())?;
            } else {
                for unit in c.encode_utf16(&mut units) {
                    write!(out, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::present::testing::{at, key, listing};

    #[test]
    fn a_list_has_the_documented_shape() {
        let mut used = key("key_1", "Zapier");
        used.key.last_used_at = LastUse::At(at("2026-11-22T11:58:00.9Z"));
        let shape = serde_json::to_value(ListShape::of(
            &listing(vec![used]),
            &Policies::default(),
            &[],
            &Pairs::default(),
        ))
        .unwrap();
        assert_eq!(
            shape,
            json!({
                "schema_version": 1,
                "as_of": "2026-11-22T12:00:00Z",
                "team": {"id": "team_1", "name": "Acme Support"},
                "teams": [{"id": "team_1", "name": "Acme Support"}],
                "complete": true,
                "odd_rows": 0,
                "rows_without_id": 0,
                "keys": [{
                    "id": "key_1", "name": "Zapier", "prefix": "cz_Iz1P", "last_four": "CpSn",
                    "created_at": "2026-11-01T08:00:00Z", "last_used_at": "2026-11-22T11:58:00Z",
                    "never_used": false, "created_by": "amina@acme.example",
                    "due_at": "2027-01-30T08:00:00Z", "days_left": 69, "status": "fresh", "own": "no", "source": "api",
                    "rotation": null,
                    "snoozed_until": null,
                }],
            })
        );
    }

    #[test]
    fn what_is_not_known_is_null_and_hostile_text_is_raw() {
        let mut listed = key("7", "a\u{1b}[31m\u{202e}\nb");
        listed.key.created_at = None;
        listed.key.last_used_at = LastUse::Unknown;
        listed.key.prefix = None;
        listed.key.created_by = None;
        let mut list = listing(vec![listed]);
        list.team = TeamIdentity::Unknown;
        let shape = serde_json::to_value(ListShape::of(&list, &Policies::default(), &[], &Pairs::default())).unwrap();
        assert!(shape["team"].is_null());
        let key = &shape["keys"][0];
        for field in [
            "created_at",
            "last_used_at",
            "never_used",
            "prefix",
            "created_by",
            "due_at",
            "days_left",
        ] {
            assert!(key[field].is_null(), "{field}");
        }
        assert_eq!(key["status"], "unknown");
        assert_eq!(key["name"], "a\u{1b}[31m\u{202e}\nb");
    }

    #[test]
    fn never_used_is_said_apart_from_not_known() {
        let shape = serde_json::to_value(KeyShape::of(
            &key("k", "n"),
            &Policies::default(),
            at("2026-11-22T12:00:00Z"),
        ));
        assert_eq!(shape.unwrap()["never_used"], true);
    }
}
