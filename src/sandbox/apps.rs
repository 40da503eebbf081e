//! Simulated applications: each uses its key every few seconds, and moves to a successor a while after it appears.
//!
//! An application stands behind the Bearer check, so it needs no value: it holds a key's id, and its use moves the same
//! row that a request's does. That also lets it go on after the database was opened again, when no value is known.

use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::clock::later;
use super::error::SandboxError;
use super::store::{KeyRow, Store};

/// Which applications run, and how often each uses its key, in seconds.
const RUNNING: [(&str, i64); 5] = [
    ("Zapier", 3),
    ("Billing sync", 5),
    ("Website widget", 2),
    ("Slack bot", 4),
    ("Mobile app", 3),
];

/// One simulated application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its name, which is its keys' name too; a successor key adds a date: `Zapier 2026-11-22`.
    pub name: &'static str,
    /// The key it uses; `None` where there is none of its name yet.
    pub key_id: Option<String>,
    /// Whether its last use was refused.
    pub refused: bool,
    key_created: i64,
    every: SignedDuration,
    next_use: Timestamp,
}

/// All of them.
pub(super) struct Apps {
    apps: Vec<App>,
    takeover: SignedDuration,
}

impl Apps {
    /// Every application on the newest key of its name.
    pub(super) fn new(store: &Store, now: Timestamp, takeover: Duration) -> Result<Self, SandboxError> {
        let mut apps = Vec::with_capacity(RUNNING.len());
        for (name, seconds) in RUNNING {
            let newest = store.named(name)?.into_iter().rfind(|key| belongs(name, &key.name));
            apps.push(App {
                name,
                key_created: newest.as_ref().map_or(i64::MIN, |key| key.created_at),
                key_id: newest.map(|key| key.id),
                refused: false,
                every: SignedDuration::from_secs(seconds),
                next_use: now,
            });
        }
        let takeover = SignedDuration::try_from(takeover).unwrap_or(SignedDuration::MAX);
        Ok(Self { apps, takeover })
    }

    /// What each does by `now`: moves to a successor that has been there long enough, and uses its key when it is time.
    pub(super) fn step(&mut self, store: &Store, now: Timestamp) -> Result<(), SandboxError> {
        for app in &mut self.apps {
            if let Some(successor) = app.successor(store, now, self.takeover)? {
                app.key_created = successor.created_at;
                app.key_id = Some(successor.id);
                app.next_use = now;
            }
            let Some(id) = &app.key_id else { continue };
            if app.next_use <= now {
                app.refused = !store.touch(id, now)?;
                app.next_use = later(now, app.every);
            }
        }
        Ok(())
    }

    pub(super) fn all(&self) -> Vec<App> {
        self.apps.clone()
    }
}

impl App {
    fn successor(
        &self,
        store: &Store,
        now: Timestamp,
        takeover: SignedDuration,
    ) -> Result<Option<KeyRow>, SandboxError> {
        let ripe = |key: &KeyRow| {
            Timestamp::from_millisecond(key.created_at).is_ok_and(|created| now.duration_since(created) >= takeover)
        };
        Ok(store
            .named(self.name)?
            .into_iter()
            .rfind(|key| belongs(self.name, &key.name) && key.created_at > self.key_created && ripe(key)))
    }
}

/// Whether a key of this name is the application's: its own name, or that and a date.
fn belongs(app: &str, name: &str) -> bool {
    let Some(rest) = name.strip_prefix(app) else {
        return false;
    };
    let date = rest.trim_start_matches([' ', '(', '-']).get(..10);
    rest.is_empty() || date.is_some_and(|date| date.parse::<Date>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::seed;
    use super::super::store::{Death, NewRow};
    use super::*;

    const TAKEOVER: Duration = Duration::from_secs(20);

    fn at(now: Timestamp, seconds: i64) -> Timestamp {
        later(now, SignedDuration::from_secs(seconds))
    }

    fn zapier(apps: &Apps) -> App {
        apps.all().into_iter().find(|app| app.name == "Zapier").unwrap()
    }

    fn last_use(store: &Store, id: &str) -> Option<i64> {
        let (keys, _) = store.list(1, 100).unwrap();
        keys.into_iter()
            .find(|key| key.id == id)
            .and_then(|key| key.last_used_at)
    }

    fn begin() -> (Store, Apps, Timestamp) {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let (store, _) = Store::open(None).unwrap();
        seed::plant(&store, None, now).unwrap();
        let apps = Apps::new(&store, now, TAKEOVER).unwrap();
        (store, apps, now)
    }

    fn add(store: &Store, id: &str, name: &str, created_at: Timestamp) {
        let mut hash = [0; 32];
        super::super::mint::fill(&mut hash).unwrap();
        let key = NewRow {
            id,
            name,
            created_at,
            last_used_at: None,
            created_by: None,
            prefix: "cz_AbCd",
            last_four: "WxYz",
            hash: &hash,
        };
        store.add(&key).unwrap();
    }

    #[test]
    fn a_key_belongs_to_its_application_by_name_or_name_and_date() {
        for name in [
            "Zapier",
            "Zapier 2026-11-22",
            "Zapier (2026-11-22)",
            "Zapier 2026-11-22 2",
        ] {
            assert!(belongs("Zapier", name), "{name}");
        }
        for name in [
            "Zap",
            "Zapier flow",
            "Zapier 2026-13-45",
            "My Zapier",
            "Zapier 日本語日本語日本語",
        ] {
            assert!(!belongs("Zapier", name), "{name}");
        }
    }

    #[test]
    fn an_application_uses_its_key_every_few_seconds() {
        let (store, mut apps, now) = begin();
        let id = zapier(&apps).key_id.unwrap();
        for (seconds, used) in [(0, 0), (2, 0), (3, 3), (5, 3), (6, 6)] {
            apps.step(&store, at(now, seconds)).unwrap();
            assert_eq!(
                last_use(&store, &id),
                Some(at(now, used).as_millisecond()),
                "{seconds} s"
            );
        }
    }

    #[test]
    fn a_successor_is_taken_when_its_time_has_come_and_not_before() {
        let (store, mut apps, now) = begin();
        let old = zapier(&apps).key_id.unwrap();
        add(&store, "key_new", "Zapier 2026-11-22", now);
        apps.step(&store, at(now, 19)).unwrap();
        assert_eq!(zapier(&apps).key_id.as_deref(), Some(old.as_str()));
        assert_eq!(last_use(&store, "key_new"), None);
        apps.step(&store, at(now, 20)).unwrap();
        assert_eq!(zapier(&apps).key_id.as_deref(), Some("key_new"));
        assert_eq!(last_use(&store, "key_new"), Some(at(now, 20).as_millisecond()));
        let quiet_since = last_use(&store, &old);
        apps.step(&store, at(now, 60)).unwrap();
        assert_eq!(last_use(&store, &old), quiet_since);
    }

    #[test]
    fn a_revoked_key_is_refused_to_its_application_until_a_successor_comes() {
        let (store, mut apps, now) = begin();
        let old = zapier(&apps).key_id.unwrap();
        store.revoke(&old, Death::AtOnce, now).unwrap();
        apps.step(&store, now).unwrap();
        assert!(zapier(&apps).refused);
        add(&store, "key_new", "Zapier 2026-11-22", now);
        apps.step(&store, at(now, 20)).unwrap();
        assert_eq!(
            (zapier(&apps).refused, zapier(&apps).key_id.as_deref()),
            (false, Some("key_new"))
        );
    }
}
