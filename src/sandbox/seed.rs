//! The team a new sandbox begins with.

use jiff::{SignedDuration, Timestamp};
use rusqlite::Transaction;

use super::clock::later;
use super::error::{MAX_KEYS, SandboxError};
use super::mint::{self, KeyHash};
use super::store::{self, NewRow, Store, TeamRow};
use crate::core::secret::Secret;

/// The name of the key that is handed out as the credential.
pub(super) const OWN_KEY: &str = "chatzuri-keys (this one)";
/// The name of the key whose value is handed out as leaked.
const LEAKED_KEY: &str = "Staging importer";

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A key of the seed: name, age, time since its last use, who made it.
struct Planned(&'static str, i64, Option<i64>, Option<&'static str>);

const AMINA: Option<&str> = Some("amina@acme.example");
const JONAS: Option<&str> = Some("jonas@acme.example");
const WANJIKU: Option<&str> = Some("wanjiku@acme.example");

/// All ages and statuses against the vendor's advice of 90 days. The first two are the credential and the leaked key.
const PLAN: &[Planned] = &[
    Planned(OWN_KEY, 12 * DAY, Some(4 * HOUR), AMINA),
    Planned(LEAKED_KEY, 41 * DAY, Some(3 * HOUR), JONAS),
    Planned("Zapier", 200 * DAY, Some(4 * MINUTE), AMINA),
    Planned("Billing sync", 120 * DAY, Some(2 * MINUTE), JONAS),
    // Due today, and used a minute ago by nobody we simulate, so that the time stands.
    Planned("Partner: Kijani", 90 * DAY, Some(MINUTE), WANJIKU),
    Planned("Website widget", 89 * DAY, Some(30), AMINA),
    Planned("Slack bot", 76 * DAY, Some(9 * MINUTE), JONAS),
    Planned("Mobile app", 30 * DAY, Some(45), WANJIKU),
    Planned("Nightly export", 60 * DAY, Some(9 * HOUR), JONAS),
    Planned("Load test", 45 * DAY, None, WANJIKU),
    Planned("Legacy import", 151 * DAY, Some(64 * DAY), None),
    Planned("Café 東京 – Zoë’s kiosk", 5 * DAY, Some(2 * DAY), WANJIKU),
    Planned("Contractor trial", 3 * HOUR, Some(40 * MINUTE), AMINA),
];

/// The two values that leave the seed.
pub(super) struct HandedOut {
    pub(super) credential: Secret,
    pub(super) leaked: Secret,
}

/// Fills a new database with the team and `count` keys (the believable dozen without a count), at least the two whose
/// values are handed out.
pub(super) fn plant(store: &Store, count: Option<usize>, now: Timestamp) -> Result<HandedOut, SandboxError> {
    let count = count.unwrap_or(PLAN.len()).max(2);
    if count > MAX_KEYS {
        return Err(SandboxError::TooManyKeys(count));
    }
    store.transaction(|database| {
        let team = TeamRow {
            id: mint::key_id()?.replace("key_", "team_"),
            name: "Acme Support".to_owned(),
            url: "acme-support".to_owned(),
        };
        store::insert_team(database, &team, now)?;
        let mut values = Vec::with_capacity(2);
        for Planned(name, age, used, by) in PLAN.iter().take(count) {
            let value = mint_into(database, name, ago(now, *age), used.map(|used| ago(now, used)), *by)?;
            // Every other value is forgotten here, as by a team that keeps its keys elsewhere.
            if matches!(*name, OWN_KEY | LEAKED_KEY) {
                values.push(value);
            }
        }
        for number in PLAN.len()..count {
            plant_filler(database, number, now)?;
        }
        let (leaked, credential) = (values.pop(), values.pop());
        match (credential, leaked) {
            (Some(credential), Some(leaked)) => Ok(HandedOut { credential, leaked }),
            // The plan begins with both.
            _ => Err(SandboxError::Entropy),
        }
    })
}

/// Hands out two new keys of a database that is opened again: its own values cannot be read back from their hashes.
/// The keys handed out before stay as they are and keep working for whoever kept them, but under another name.
pub(super) fn hand_out_again(store: &Store, now: Timestamp) -> Result<HandedOut, SandboxError> {
    store.transaction(|database| {
        for name in [OWN_KEY, LEAKED_KEY] {
            let stem = name.trim_end_matches(" (this one)");
            store::rename(database, name, &format!("{stem} (earlier run)"))?;
        }
        Ok(HandedOut {
            credential: mint_into(database, OWN_KEY, now, None, AMINA)?,
            leaked: mint_into(database, LEAKED_KEY, now, None, JONAS)?,
        })
    })
}

fn mint_into(
    database: &Transaction<'_>,
    name: &str,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    created_by: Option<&str>,
) -> Result<Secret, SandboxError> {
    let value = mint::secret()?;
    let (prefix, last_four) = (value.prefix(), value.last_four());
    let key = NewRow {
        id: &mint::key_id()?,
        name,
        created_at,
        last_used_at,
        created_by,
        prefix: prefix.raw(),
        last_four: last_four.raw(),
        hash: &mint::hash(&value),
    };
    store::insert(database, &key)?;
    Ok(value)
}

/// One of many: nobody will ever hold its value, so it has none, only a hash of nothing in particular.
fn plant_filler(database: &Transaction<'_>, number: usize, now: Timestamp) -> Result<(), SandboxError> {
    const WHAT: [&str; 9] = [
        "Zapier flow",
        "Helpdesk",
        "CRM sync",
        "Shop widget",
        "Voice bot",
        "Intranet",
        "Data lake",
        "QA runner",
        "Kiosk",
    ];
    const WHERE: [&str; 4] = ["production", "staging", "test", "demo"];
    const WHO: [Option<&str>; 5] = [AMINA, JONAS, WANJIKU, Some("ops@acme.example"), None];
    let pick = |from: &[&'static str], step: usize| from.get(number / step % from.len()).copied().unwrap_or_default();
    let number_64 = i64::try_from(number).unwrap_or_default();
    // Steps prime to the ranges spread ages over 400 days and uses over 100, the same on every start.
    let age = number_64 * 7_919 % 400 * DAY + number_64 * 104_729 % DAY;
    let used = (!number.is_multiple_of(11)).then(|| (number_64 * 15_485_863 % (100 * DAY)).min(age));

    let mut hash: KeyHash = [0; 32];
    mint::fill(&mut hash)?;
    let mut hint = String::with_capacity(8);
    mint::push_letters(&mut hint, 8)?;
    let (head, tail) = hint.split_at(4);
    // An odd factor maps numbers to different ids, which random ones would not promise for 100,000 keys.
    let id = mint::id_of((number_64.unsigned_abs() + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let key = NewRow {
        id: &id,
        name: &format!("{} {} {number:05}", pick(&WHAT, 1), pick(&WHERE, WHAT.len())),
        created_at: ago(now, age),
        last_used_at: used.map(|used| ago(now, used)),
        created_by: WHO.get(number % WHO.len()).copied().flatten(),
        prefix: &format!("cz_{head}"),
        last_four: tail,
        hash: &hash,
    };
    store::insert(database, &key)
}

fn ago(now: Timestamp, seconds: i64) -> Timestamp {
    later(now, SignedDuration::from_secs(-seconds))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::core::policy::{DueStatus, RotationPolicy};

    fn planted(count: Option<usize>, now: Timestamp) -> Vec<store::KeyRow> {
        let (store, fresh) = Store::open(None).unwrap();
        assert!(fresh);
        plant(&store, count, now).unwrap();
        store.list(1, u32::MAX).unwrap().0
    }

    #[test]
    fn the_seed_shows_every_status_and_every_oddity() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let keys = planted(None, now);
        let days_left: Vec<i32> = keys
            .iter()
            .map(|key| {
                let created = Timestamp::from_millisecond(key.created_at).ok();
                RotationPolicy::default().standing(created, now).days_left.unwrap()
            })
            .collect();
        for left in [-110, -30, 0, 1, 14, 60] {
            assert!(days_left.contains(&left), "{left} not in {days_left:?}");
        }
        let statuses = |wanted| {
            keys.iter()
                .filter_map(|key| Timestamp::from_millisecond(key.created_at).ok())
                .filter(|&time| RotationPolicy::default().standing(Some(time), now).status == wanted)
                .count()
        };
        assert!(statuses(DueStatus::Overdue) >= 2);
        assert!(keys.iter().any(|key| key.last_used_at.is_none()));
        assert!(keys.iter().any(|key| key.created_by.is_none()));
        assert!(keys.iter().any(|key| !key.name.is_ascii()));
        let minute_ago = ago(now, MINUTE).as_millisecond();
        assert!(keys.iter().any(|key| key.last_used_at == Some(minute_ago)));
    }

    #[test]
    fn any_number_of_keys_can_be_planted_each_different() {
        let now = Timestamp::now();
        assert_eq!(planted(Some(0), now).len(), 2);
        let keys = planted(Some(2_000), now);
        assert_eq!(keys.len(), 2_000);
        assert_eq!(keys.iter().map(|key| &key.name).collect::<BTreeSet<_>>().len(), 2_000);
        assert!(keys.iter().all(|key| key.created_at <= now.as_millisecond()));
        assert!(
            keys.iter()
                .all(|key| key.last_used_at.is_none_or(|used| used >= key.created_at))
        );
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        let (store, _) = Store::open(None).unwrap();
        let refused = plant(&store, Some(MAX_KEYS + 1), Timestamp::now());
        assert!(matches!(refused, Err(SandboxError::TooManyKeys(_))));
    }
}
