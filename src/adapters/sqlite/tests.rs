use std::collections::BTreeSet;
use std::fs;
use std::io::{Seek, SeekFrom, Write};

use jiff::Timestamp;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::core::activity::ActivityKind;
use crate::core::creation::{CreationStage, IllegalCreation, OpId};
use crate::core::key::{ApiKey, KeyId, KeyName, LastUse, Own, Team};
use crate::core::listing::ListedKey;
use crate::core::snooze::Snooze;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;

const VALUE: &str = "cz_Iz1P0123456789abcdefCpSn";

struct Home {
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
}

impl Home {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("state/chatzuri-keys/journal.db")
    }

    fn journal(&self) -> SqliteJournal {
        SqliteJournal::at(self.path())
    }

    fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    /// The file in other hands, made by us before.
    fn raw(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    /// A journal that holds one creation and is closed, without a log beside it.
    fn filled(self) -> Self {
        let mut session = JournalSession::default();
        session
            .run(&DatabasePlace::File(self.path().into()), |db| {
                creations::begin(db, &acme(), intent("Zapier"))
            })
            .unwrap();
        drop(session);
        assert!(!file::beside(&self.path(), "-wal").exists());
        self
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn id(text: &str) -> KeyId {
    KeyId::new(text).unwrap()
}

fn acme() -> Scope {
    Scope::Profile {
        name: "acme".into(),
        host: "www.chatzuri.com".into(),
    }
}

fn secret(text: &str) -> Arc<Secret> {
    Arc::new(Secret::parse(text).unwrap())
}

fn from_outside(value: &str) -> Scope {
    Scope::Credential {
        host: "www.chatzuri.com".into(),
        value: secret(value),
    }
}

fn intent(name: &str) -> Intent {
    Intent {
        name: KeyName::parse(name).unwrap(),
        at: at(0),
        known: vec![id("old \"quoted\""), id("other")],
        manual: false,
    }
}

fn minted(text: &str) -> MintedKey {
    MintedKey {
        id: id(text),
        name: Label::new("Zap\u{202e}ier"),
    }
}

fn listing(count: i64) -> Arc<Listing> {
    let keys = (0..count).map(|n| ListedKey {
        key: ApiKey {
            id: id(&format!("key_{n:012x}")),
            name: Label::new(&format!("Partner {n}: Kijani Größe")),
            created_at: (n % 7 != 0).then(|| at(-n)),
            last_used_at: match n % 3 {
                0 => LastUse::Unknown,
                1 => LastUse::Never,
                _ => LastUse::At(at(n)),
            },
            created_by: (n % 2 == 0).then(|| Label::new("amina@kijani.example")),
            prefix: (n % 5 != 0).then(|| Label::new("cz_Iz1P")),
            last_four: Some(Label::new("CpSn")),
        },
        own: if n == 3 { Own::Yes } else { Own::No },
        source: Default::default(),
    });
    Arc::new(Listing {
        team: TeamIdentity::One(Team {
            id: Label::new("team_1"),
            name: Label::new("Acme"),
        }),
        keys: keys.collect(),
        complete: true,
        odd: Default::default(),
        as_of: Timestamp::new(1_800_000_000, 123_456_789).unwrap(),
    })
}

fn activity(seconds: i64, key: &str, action: ActivityKind) -> Activity {
    Activity {
        at: at(seconds),
        actor: Label::new("amina"),
        profile: "acme".into(),
        action,
        key: Some((id(key), Label::new("Zapier"))),
        outcome: "created".into(),
        detail: Label::new("line\nbreak"),
    }
}

// ------------------------------------------------------------------------------------------------------------- rows

#[test]
fn a_creation_goes_its_way_and_another_copy_sees_each_step() {
    let home = Home::new();
    let (ours, theirs) = (home.journal(), home.journal());
    let mut creation = home.wait(ours.begin(&acme(), intent("Zapier"))).unwrap();
    assert_eq!((creation.stage, creation.revision), (CreationStage::Intended, 0));
    for event in [Event::Escrowed(minted("new")), Event::Delivered, Event::Acknowledged] {
        assert_eq!(home.wait(theirs.unfinished(&acme())).unwrap(), [creation.clone()]);
        creation = home.wait(ours.advance(&creation, event)).unwrap();
    }
    assert_eq!(creation.minted, Some(minted("new")));
    assert_eq!(home.wait(theirs.unfinished(&acme())).unwrap(), [creation.clone()]);
    let done = home.wait(theirs.advance(&creation, Event::EscrowGone)).unwrap();
    assert_eq!((done.stage, done.revision), (CreationStage::Done, 4));
    assert_eq!(done.intent, creation.intent);
    assert_eq!(home.wait(ours.unfinished(&acme())).unwrap(), []);
    assert_eq!(
        home.wait(ours.advance(&creation, Event::EscrowGone)),
        Err(JournalError::Stale)
    );
}

#[test]
fn what_survives_is_what_was_answered() {
    let home = Home::new();
    let first = {
        let journal = home.journal();
        home.wait(journal.begin(&acme(), intent("one"))).unwrap()
    };
    let journal = home.journal();
    let second = home.wait(journal.begin(&acme(), intent("two"))).unwrap();
    assert_ne!(first.op, second.op);
    assert_eq!(home.wait(journal.unfinished(&acme())).unwrap(), [first, second]);
}

#[test]
fn a_move_that_the_protocol_does_not_have_changes_nothing() {
    let home = Home::new();
    let journal = home.journal();
    let creation = home.wait(journal.begin(&acme(), intent("Zapier"))).unwrap();
    assert_eq!(
        home.wait(journal.advance(&creation, Event::Acknowledged)),
        Err(JournalError::Illegal(IllegalCreation {
            stage: CreationStage::Intended
        }))
    );
    assert_eq!(home.wait(journal.unfinished(&acme())).unwrap(), [creation]);
}

#[test]
fn a_creation_that_is_not_in_it_is_not_moved() {
    let home = Home::new();
    let journal = home.journal();
    let stranger = Creation::new(OpId::new(&"a".repeat(32)).unwrap(), intent("Zapier"));
    let answer = home.wait(journal.advance(&stranger, Event::NothingAppeared));
    assert!(matches!(answer, Err(JournalError::Unavailable(_))), "{answer:?}");
}

#[test]
fn no_scope_sees_the_rows_of_another() {
    let home = Home::new();
    let journal = home.journal();
    let elsewhere = |name: &str, host: &str| Scope::Profile {
        name: name.into(),
        host: host.into(),
    };
    let other_host = Scope::Credential {
        host: "127.0.0.1:1".into(),
        value: secret(VALUE),
    };
    home.wait(journal.begin(&acme(), intent("Zapier"))).unwrap();
    home.wait(journal.keep_list(&from_outside(VALUE), listing(1))).unwrap();
    for scope in [
        elsewhere("acme", "other.example"),
        elsewhere("acme2", "www.chatzuri.com"),
        from_outside("cz_another_value_0123456789"),
        other_host,
    ] {
        assert_eq!(home.wait(journal.unfinished(&scope)).unwrap(), []);
        assert_eq!(home.wait(journal.last_list(&scope)).unwrap(), None);
    }
    assert_eq!(
        home.wait(journal.last_list(&from_outside(VALUE))).unwrap().as_ref(),
        Some(&*listing(1))
    );
    assert_eq!(home.wait(journal.last_list(&acme())).unwrap(), None);
}

#[test]
fn the_last_list_is_the_newest_kept_and_comes_back_whole() {
    let home = Home::new();
    for journal in [home.journal(), SqliteJournal::in_memory()] {
        assert_eq!(home.wait(journal.last_list(&acme())).unwrap(), None);
        for count in [300, 0, 120] {
            home.wait(journal.keep_list(&acme(), listing(count))).unwrap();
            assert_eq!(
                home.wait(journal.last_list(&acme())).unwrap().as_ref(),
                Some(&*listing(count))
            );
        }
    }
}

#[test]
fn a_list_keeps_every_team_that_it_may_be_of() {
    let home = Home::new();
    let journal = home.journal();
    let team = |id: &str| Team {
        id: Label::new(id),
        name: Label::new("Acme"),
    };
    for teams in [vec![], vec![team("1")], vec![team("2"), team("1"), team("3")]] {
        let list = Arc::new(Listing {
            team: TeamIdentity::of(teams),
            ..(*listing(2)).clone()
        });
        home.wait(journal.keep_list(&acme(), Arc::clone(&list))).unwrap();
        assert_eq!(home.wait(journal.last_list(&acme())).unwrap().as_ref(), Some(&*list));
    }
}

#[test]
fn a_list_that_cannot_be_read_counts_as_none() {
    let home = Home::new();
    let journal = home.journal();
    home.wait(journal.keep_list(&acme(), listing(3))).unwrap();
    home.raw()
        .execute("UPDATE lists SET body = substr(body, 1, 100)", [])
        .unwrap();
    assert_eq!(home.wait(journal.last_list(&acme())).unwrap(), None);
    home.wait(journal.keep_list(&acme(), listing(3))).unwrap();
    assert!(home.wait(journal.last_list(&acme())).unwrap().is_some());
}

#[test]
fn a_key_made_here_is_found_by_its_value_in_every_scope() {
    let home = Home::new();
    let journal = home.journal();
    assert_eq!(home.wait(journal.find_by_value(secret(VALUE))).unwrap(), []);
    for (scope, key, value) in [
        (acme(), "one", VALUE),
        (acme(), "two", "cz_another_value_0123456789"),
        (from_outside("cz_outside_0123456789"), "three", VALUE),
        // Told twice.
        (acme(), "one", VALUE),
    ] {
        home.wait(journal.keep_fingerprint(&scope, minted(key), secret(value)))
            .unwrap();
    }
    let found = home.wait(journal.find_by_value(secret(VALUE))).unwrap();
    let known = |profiles: &[&str], key: &str| KnownKey {
        profiles: profiles.iter().map(|&name| name.to_owned()).collect(),
        host: "www.chatzuri.com".into(),
        id: id(key),
        name: Label::new("Zap\u{202e}ier"),
    };
    assert_eq!(found, [known(&["acme"], "one"), known(&[], "three")]);
}

#[test]
fn the_log_is_read_by_time_key_and_number() {
    let home = Home::new();
    let journal = home.journal();
    let lines: Vec<Activity> = [(1, "a"), (2, "b"), (3, "a"), (4, "a")]
        .map(|(seconds, key)| activity(seconds, key, ActivityKind::Create))
        .into();
    for line in &lines {
        home.wait(journal.record(line.clone())).unwrap();
    }
    for action in ActivityKind::ALL {
        let line = Activity {
            key: None,
            ..activity(5, "-", action)
        };
        home.wait(journal.record(line.clone())).unwrap();
        let newest = LogQuery {
            limit: Some(1),
            ..Default::default()
        };
        assert_eq!(home.wait(journal.log(newest)).unwrap(), [line]);
    }
    let log = |since: Option<i64>, key: Option<&str>, limit: Option<u32>| {
        let query = LogQuery {
            since: since.map(at),
            key: key.map(str::to_owned),
            limit,
        };
        home.wait(journal.log(query)).unwrap()
    };
    assert_eq!(log(None, None, None).len(), 4 + ActivityKind::ALL.len());
    assert_eq!(log(None, None, None)[..4], lines);
    assert_eq!(log(None, Some("Zapier"), None), lines);
    assert_eq!(log(Some(2), Some("a"), None), lines[2..]);
    assert_eq!(log(None, Some("a"), Some(1)), lines[3..]);
    assert_eq!(log(Some(2), Some("b"), Some(5)), lines[1..2]);
    assert_eq!(log(None, Some("nobody"), None), []);
}

#[test]
fn a_line_of_the_log_is_neither_changed_nor_taken_away() {
    let home = Home::new();
    let journal = home.journal();
    home.wait(journal.record(activity(1, "a", ActivityKind::Revoke)))
        .unwrap();
    let raw = home.raw();
    for sql in [
        "UPDATE activity SET outcome = 'x'",
        "DELETE FROM activity",
        "INSERT OR REPLACE INTO activity SELECT id, at, actor, profile, action, key_id, key_name, 'x', '' FROM activity",
    ] {
        let error = raw.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("only added to"), "{sql}: {error}");
    }
    let kept = home.wait(journal.log(LogQuery::default())).unwrap();
    assert_eq!(kept, [activity(1, "a", ActivityKind::Revoke)]);
}

#[test]
fn in_memory_the_rows_outlive_a_call_whose_caller_left() {
    let home = Home::new();
    let journal = SqliteJournal::in_memory();
    let creation = home.wait(journal.begin(&acme(), intent("Zapier"))).unwrap();
    // Dropped before its answer: its thread is given up.
    home.wait(poll_once(journal.log(LogQuery::default())));
    assert_eq!(home.wait(journal.unfinished(&acme())).unwrap(), [creation]);
}

/// Polls a future once and drops it.
async fn poll_once<T>(mut future: Answer<'_, T>) -> Option<T> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match future.as_mut().poll(context) {
            std::task::Poll::Ready(value) => Some(value),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[test]
fn a_creation_nobody_heard_of_is_closed() {
    let home = Home::new();
    let journal = home.journal();
    home.wait(journal.log(LogQuery::default())).unwrap();
    // Holds the journal's only thread, so that the next call is still waiting when its caller leaves.
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (started, running) = std::sync::mpsc::channel::<()>();
    let place = journal.place.clone();
    let (told, undone) = std::sync::mpsc::channel();
    home.wait(async {
        let mut begun = Box::pin(journal.worker.call_or_undo(
            LIMIT,
            move |session| {
                let _ = started.send(());
                let _ = held.recv();
                session.run(&place, |db| creations::begin(db, &acme(), intent("Zapier")))
            },
            {
                let place = journal.place.clone();
                move |session, late| close_unheard(session, &place, late, |result| told.send(result).unwrap())
            },
        ));
        std::future::poll_fn(|context| {
            assert!(begun.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        running.recv().unwrap();
        drop(begun);
    });
    release.send(()).unwrap();
    let closed: Creation = undone.recv().unwrap().unwrap();
    assert_eq!(closed.stage, CreationStage::Closed);
    assert_eq!(home.wait(journal.unfinished(&acme())).unwrap(), []);
}

// ------------------------------------------------------------------------------------------------- several at a time

#[test]
fn of_many_that_move_one_creation_one_wins_each_step() {
    const ATTEMPTS: usize = 200;
    let home = Home::new();
    let journal = home.journal();
    let begun = home.wait(journal.begin(&acme(), intent("Zapier"))).unwrap();
    let start = home
        .wait(journal.advance(&begun, Event::Escrowed(minted("new"))))
        .unwrap();
    let path = home.path();
    let contest = || {
        let home = Home::new();
        let journal = SqliteJournal::at(path.clone());
        let mut won = Vec::new();
        for _ in 0..ATTEMPTS {
            let seen = home.wait(journal.unfinished(&acme())).unwrap().remove(0);
            match home.wait(journal.advance(&seen, Event::Delivered)) {
                Ok(moved) => won.push(moved.revision),
                Err(error) => assert_eq!(error, JournalError::Stale),
            }
        }
        won
    };
    let won: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let contests = [scope.spawn(contest), scope.spawn(contest)];
        contests.map(|one| one.join().unwrap()).into()
    });
    let all: BTreeSet<u64> = won.iter().flatten().copied().collect();
    assert_eq!(
        all.len(),
        won.iter().map(Vec::len).sum::<usize>(),
        "a step was won twice"
    );
    let last = home.wait(journal.unfinished(&acme())).unwrap().remove(0).revision;
    assert_eq!(all, (start.revision + 1..=last).collect());
    assert!(all.len() >= ATTEMPTS);
}

#[test]
fn many_that_open_a_new_journal_at_once_make_one() {
    for _ in 0..10 {
        let home = Home::new();
        let path = home.path();
        let barrier = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let home = Home::new();
                    let journal = SqliteJournal::at(path.clone());
                    barrier.wait();
                    home.wait(journal.begin(&acme(), intent("Zapier"))).unwrap();
                    home.wait(journal.keep_fingerprint(&acme(), minted("x"), secret(VALUE)))
                        .unwrap();
                });
            }
        });
        let journal = home.journal();
        assert_eq!(home.wait(journal.unfinished(&acme())).unwrap().len(), 8);
        assert_eq!(home.wait(journal.find_by_value(secret(VALUE))).unwrap().len(), 1);
    }
}

#[test]
fn another_copy_in_the_middle_of_a_write_is_told() {
    let home = Home::new().filled();
    let raw = home.raw();
    raw.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut db = schema::open(&home.path()).unwrap().0;
    db.connection.busy_timeout(Duration::ZERO).unwrap();
    let trouble = log::record(&mut db, &activity(1, "a", ActivityKind::Create)).unwrap_err();
    assert_eq!(
        trouble.said(|| false),
        JournalError::Unavailable("another copy is using it".into())
    );
    assert_eq!(creations::unfinished(db.reader(), &acme()).unwrap().len(), 1);
}

#[test]
fn a_file_deleted_under_us_is_not_written_into() {
    let home = Home::new();
    let journal = home.journal();
    home.wait(journal.begin(&acme(), intent("one"))).unwrap();
    for one in [
        home.path(),
        file::beside(&home.path(), "-wal"),
        file::beside(&home.path(), "-shm"),
    ] {
        fs::remove_file(one).unwrap();
    }
    let second = home.wait(journal.begin(&acme(), intent("two"))).unwrap();
    for journal in [&home.journal(), &journal] {
        let found = home.wait(journal.unfinished(&acme())).unwrap();
        assert_eq!(found, std::slice::from_ref(&second));
    }
}

// ----------------------------------------------------------------------------------------------------- damaged files

fn everything_fails(home: &Home, error: &JournalError) {
    let journal = home.journal();
    assert_eq!(home.wait(journal.unfinished(&acme())).unwrap_err(), *error);
    assert_eq!(home.wait(journal.last_list(&acme())).unwrap_err(), *error);
    assert_eq!(home.wait(journal.begin(&acme(), intent("x"))).unwrap_err(), *error);
    assert_eq!(home.wait(journal.log(LogQuery::default())).unwrap_err(), *error);
}

fn snooze(key: &str, until: &str) -> Snooze {
    Snooze {
        key: KeyId::new(key).unwrap(),
        until: until.parse().unwrap(),
        reason: Label::new("moves house in\u{1b} May"),
        at: Timestamp::from_microsecond(1_790_000_000_000_001).unwrap(),
        actor: Label::new("amina"),
    }
}

#[test]
fn a_snooze_is_kept_replaced_and_ended_in_its_own_scope() {
    let home = Home::new();
    let journal = home.journal();
    assert_eq!(home.wait(journal.snoozes(&acme())).unwrap(), []);
    assert!(
        !home
            .wait(journal.end_snooze(&acme(), &KeyId::new("a").unwrap()))
            .unwrap()
    );
    for kept in [
        snooze("a", "2026-12-01"),
        snooze("b", "2026-12-02"),
        snooze("a", "9999-12-31"),
    ] {
        home.wait(journal.snooze(&acme(), kept)).unwrap();
    }
    drop(journal);
    let journal = home.journal();
    let kept = [snooze("a", "9999-12-31"), snooze("b", "2026-12-02")];
    assert_eq!(home.wait(journal.snoozes(&acme())).unwrap(), kept);
    assert_eq!(home.wait(journal.snoozes(&from_outside(VALUE))).unwrap(), []);
    assert!(
        home.wait(journal.end_snooze(&acme(), &KeyId::new("a").unwrap()))
            .unwrap()
    );
    assert_eq!(home.wait(journal.snoozes(&acme())).unwrap(), kept[1..]);
}

#[test]
fn a_key_without_a_creation_date_is_as_old_as_it_was_first_seen_until_it_is_gone() {
    let home = Home::new();
    let journal = home.journal();
    let seen = |count: i64, when: i64| {
        let mut list = Listing::clone(&listing(count));
        list.as_of = at(when);
        list.keys.iter_mut().for_each(|listed| listed.key.created_at = None);
        home.wait(journal.keep_list(&acme(), Arc::new(list))).unwrap();
        let mut times: Vec<Timestamp> = home.wait(journal.first_seen(&acme())).unwrap().into_values().collect();
        times.sort();
        times
    };
    assert_eq!(seen(1, 10), [at(10)]);
    assert_eq!(seen(2, 20), [at(10), at(20)]);
    assert_eq!(seen(1, 30), [at(10)]);
    assert_eq!(seen(2, 40), [at(10), at(40)], "it was away meanwhile");
    let mut told = Listing::clone(&listing(2));
    told.keys
        .iter_mut()
        .for_each(|listed| listed.key.created_at = Some(at(0)));
    home.wait(journal.keep_list(&acme(), Arc::new(told))).unwrap();
    assert!(
        home.wait(journal.first_seen(&acme())).unwrap().is_empty(),
        "the server tells it now"
    );
    assert!(home.wait(journal.first_seen(&from_outside(VALUE))).unwrap().is_empty());
}

#[test]
fn a_journal_of_the_first_version_is_brought_up_to_date_and_keeps_its_rows() {
    let home = Home::new();
    fs::create_dir_all(home.path().parent().unwrap()).unwrap();
    let raw = schema::make_at(&home.path(), 1, [7; 32]);
    raw.execute_batch(
        "INSERT INTO scopes (id, host, profile) VALUES (1, 'www.chatzuri.com', 'acme');
         INSERT INTO creations (op, scope, name, intended_at, known, stage, revision, begun_at, moved_at)
         VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 'Zapier', 0, '[]', 'intended', 0, 0, 0);",
    )
    .unwrap();
    drop(raw);
    let journal = home.journal();
    home.wait(journal.snooze(&acme(), snooze("a", "2026-12-01"))).unwrap();
    assert_eq!(home.wait(journal.unfinished(&acme())).unwrap().len(), 1);
}

#[test]
fn a_journal_of_a_newer_version_is_left_as_it_is() {
    let home = Home::new().filled();
    home.raw().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(home.path()).unwrap();
    everything_fails(&home, &JournalError::TooNew);
    assert_eq!(fs::read(home.path()).unwrap(), before);
}

#[test]
fn a_file_of_another_program_is_left_as_it_is() {
    let home = Home::new();
    fs::create_dir_all(home.path().parent().unwrap()).unwrap();
    home.raw()
        .execute_batch("CREATE TABLE theirs (x); PRAGMA application_id = 5; PRAGMA user_version = 1;")
        .unwrap();
    let before = fs::read(home.path()).unwrap();
    everything_fails(&home, &JournalError::Corrupt);
    home.raw()
        .execute_batch("PRAGMA application_id = 0; PRAGMA user_version = 0;")
        .unwrap();
    everything_fails(&home, &JournalError::Corrupt);
    assert_eq!(fs::read(home.path()).unwrap().len(), before.len());
    fs::write(home.path(), "Dear diary, ".repeat(1000)).unwrap();
    everything_fails(&home, &JournalError::Corrupt);
    assert!(fs::read(home.path()).unwrap().starts_with(b"Dear diary"));
}

#[test]
fn a_cut_file_is_told() {
    let home = Home::new().filled();
    let file = fs::OpenOptions::new().write(true).open(home.path()).unwrap();
    let length = file.metadata().unwrap().len();
    for cut in [length / 2, 4096, 1000, 50] {
        file.set_len(cut).unwrap();
        everything_fails(&home, &JournalError::Corrupt);
    }
}

#[test]
fn an_emptied_file_beside_its_log_is_told_and_the_log_is_kept() {
    let home = Home::new();
    let journal = home.journal();
    home.wait(journal.begin(&acme(), intent("one"))).unwrap();
    let log = file::beside(&home.path(), "-wal");
    let kept = fs::read(&log).unwrap();
    assert!(!kept.is_empty());
    let copy = Home::new();
    fs::create_dir_all(copy.path().parent().unwrap()).unwrap();
    fs::write(copy.path(), "").unwrap();
    fs::write(file::beside(&copy.path(), "-wal"), &kept).unwrap();
    everything_fails(&copy, &JournalError::Corrupt);
    assert_eq!(fs::read(file::beside(&copy.path(), "-wal")).unwrap(), kept);
}

#[test]
fn every_page_may_be_garbage_and_nothing_panics() {
    let home = Home::new().filled();
    let whole = fs::read(home.path()).unwrap();
    for page in 0..whole.len() / 4096 {
        fs::write(home.path(), &whole).unwrap();
        let mut file = fs::OpenOptions::new().write(true).open(home.path()).unwrap();
        file.seek(SeekFrom::Start(page as u64 * 4096)).unwrap();
        file.write_all(&[0xa5; 4096]).unwrap();
        drop(file);
        let journal = home.journal();
        let told = |error: JournalError| {
            assert!(
                matches!(error, JournalError::Corrupt | JournalError::Unavailable(_)),
                "page {page}: {error:?}"
            );
        };
        // The row is read whole, or its loss is told.
        match home.wait(journal.unfinished(&acme())) {
            Ok(found) => assert_eq!(found.len(), 1, "page {page}"),
            Err(error) => told(error),
        }
        let _ = home.wait(journal.last_list(&acme())).map_err(told);
        let _ = home.wait(journal.log(LogQuery::default())).map_err(told);
        let _ = home.wait(journal.find_by_value(secret(VALUE))).map_err(told);
    }
}

#[test]
fn a_creation_that_cannot_be_read_is_never_lost_in_silence() {
    for damage in [
        "stage = 'elsewhere'",
        "known = '{}'",
        "known = '[1]'",
        "known = '[\"\"]'",
        "op = 'x'",
        "name = ''",
        "revision = -1",
        "intended_at = 9223372036854775807",
        "minted_id = '', minted_name = ''",
    ] {
        let home = Home::new();
        let journal = home.journal();
        let creation = home.wait(journal.begin(&acme(), intent("Zapier"))).unwrap();
        home.raw()
            .execute(&format!("UPDATE creations SET {damage}"), [])
            .unwrap();
        let answer = home.wait(journal.unfinished(&acme()));
        assert_eq!(answer, Err(JournalError::Corrupt), "{damage}");
        let answer = home.wait(journal.advance(&creation, Event::NothingAppeared));
        if damage == "op = 'x'" {
            assert!(matches!(answer, Err(JournalError::Unavailable(_))));
        } else {
            assert_eq!(answer, Err(JournalError::Corrupt), "{damage}");
        }
    }
}

#[test]
fn tables_that_are_gone_are_told() {
    let home = Home::new().filled();
    home.raw()
        .execute_batch("PRAGMA foreign_keys = OFF; DROP TABLE creations; DROP TABLE scopes; DROP TABLE activity")
        .unwrap();
    everything_fails(&home, &JournalError::Corrupt);
}

proptest! {
    #[test]
    fn bytes_that_are_no_list_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = packing::unpack(&bytes);
        let mut formed = vec![1];
        formed.extend(bytes);
        let _ = packing::unpack(&formed);
    }

    #[test]
    fn a_list_changed_in_one_byte_is_read_or_refused(at in 0usize..600, byte in any::<u8>()) {
        let mut packed = packing::pack(&listing(8));
        let at = at % packed.len();
        packed[at] = byte;
        let _ = packing::unpack(&packed);
        packed.truncate(at);
        prop_assert_eq!(packing::unpack(&packed), None);
    }
}

// --------------------------------------------------------------------------------------------------------- secrecy

#[test]
fn no_file_holds_a_value() {
    let home = Home::new();
    let journal = home.journal();
    let outside = "cz_Outs1de99887766554433221100";
    let scope = from_outside(outside);
    let creation = home.wait(journal.begin(&scope, intent("Zapier"))).unwrap();
    home.wait(journal.advance(&creation, Event::Escrowed(minted("new"))))
        .unwrap();
    home.wait(journal.keep_fingerprint(&scope, minted("new"), secret(VALUE)))
        .unwrap();
    home.wait(journal.keep_list(&scope, listing(20))).unwrap();
    home.wait(journal.find_by_value(secret(VALUE))).unwrap();
    let mut scanned = 0;
    for entry in fs::read_dir(home.path().parent().unwrap()).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        scanned += 1;
        for value in [VALUE, outside] {
            // Neither whole nor its secret middle.
            for part in [value, &value[7..value.len() - 4]] {
                assert!(!bytes.windows(part.len()).any(|window| window == part.as_bytes()));
            }
        }
    }
    assert_eq!(scanned, 3, "the database, its log and its index");
}

#[test]
fn each_installation_hashes_with_its_own_salt() {
    let hashes: BTreeSet<Vec<u8>> = (0..2)
        .map(|_| {
            let home = Home::new();
            home.wait(home.journal().keep_fingerprint(&acme(), minted("new"), secret(VALUE)))
                .unwrap();
            home.raw()
                .query_row("SELECT hash FROM fingerprints", [], |row| row.get(0))
                .unwrap()
        })
        .collect();
    assert_eq!(hashes.len(), 2);
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn all_files(home: &Home) -> [PathBuf; 3] {
        [
            home.path(),
            file::beside(&home.path(), "-wal"),
            file::beside(&home.path(), "-shm"),
        ]
    }

    #[test]
    fn files_and_directories_we_make_are_their_owners_alone() {
        let home = Home::new();
        let journal = home.journal();
        home.wait(journal.begin(&acme(), intent("Zapier"))).unwrap();
        for one in all_files(&home) {
            assert_eq!(mode(&one), 0o600, "{}", one.display());
        }
        let folder = home.path();
        for folder in folder.ancestors().skip(1).take(2) {
            assert_eq!(mode(folder), 0o700, "{}", folder.display());
        }
    }

    #[test]
    fn a_file_open_to_others_is_closed_to_them_and_a_directory_of_the_person_left_alone() {
        let home = Home::new().filled();
        let folder = home.path().parent().unwrap().to_owned();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o664)).unwrap();
        let journal = home.journal();
        home.wait(journal.begin(&acme(), intent("Zapier"))).unwrap();
        for one in all_files(&home) {
            assert_eq!(mode(&one), 0o600, "{}", one.display());
        }
        assert_eq!(mode(&folder), 0o755);
    }

    #[test]
    fn a_symbolic_link_in_the_place_of_the_file_is_not_followed() {
        let home = Home::new();
        let target = home.folder.path().join("target");
        fs::write(&target, "").unwrap();
        fs::create_dir_all(home.path().parent().unwrap()).unwrap();
        symlink(&target, home.path()).unwrap();
        let answer = home.wait(home.journal().begin(&acme(), intent("x")));
        assert!(matches!(answer, Err(JournalError::Unavailable(_))), "{answer:?}");
        assert_eq!(file::size(&target), 0);
        fs::remove_file(&target).unwrap();
        assert!(home.wait(home.journal().begin(&acme(), intent("x"))).is_err());
        assert!(!target.exists());
    }

    #[test]
    fn a_directory_behind_a_symbolic_link_is_a_directory() {
        let home = Home::new();
        fs::create_dir(home.folder.path().join("elsewhere")).unwrap();
        symlink(home.folder.path().join("elsewhere"), home.folder.path().join("state")).unwrap();
        home.wait(home.journal().begin(&acme(), intent("x"))).unwrap();
        assert_eq!(home.wait(home.journal().unfinished(&acme())).unwrap().len(), 1);
    }

    #[test]
    fn a_path_that_cannot_be_is_told() {
        let home = Home::new();
        fs::write(home.folder.path().join("state"), "a file").unwrap();
        let answer = home.wait(home.journal().begin(&acme(), intent("x")));
        assert!(matches!(answer, Err(JournalError::Unavailable(_))), "{answer:?}");
        let folder = SqliteJournal::at(home.folder.path().to_owned());
        let answer = home.wait(folder.begin(&acme(), intent("x")));
        assert!(matches!(answer, Err(JournalError::Unavailable(_))), "{answer:?}");
        let nothing = SqliteJournal::at(PathBuf::from("/"));
        assert!(home.wait(nothing.log(LogQuery::default())).is_err());
    }

    #[test]
    fn what_is_opened_only_to_read_says_so_to_a_write() {
        let home = Home::new().filled();
        let spaced = home.folder.path().join("state/100% späce?.db");
        fs::copy(home.path(), &spaced).unwrap();
        let mut db = schema::open_to_read(&spaced, JournalError::ReadOnly.into()).unwrap();
        assert_eq!(creations::unfinished(db.reader(), &acme()).unwrap().len(), 1);
        let refused = creations::begin(&mut db, &acme(), intent("x")).unwrap_err();
        assert_eq!(refused.said(|| false), JournalError::ReadOnly);
    }

    #[test]
    fn the_log_beside_a_file_is_read_without_its_index() {
        let home = Home::new();
        let journal = home.journal();
        let creation = home.wait(journal.begin(&acme(), intent("Zapier"))).unwrap();
        let copy = Home::new();
        fs::create_dir_all(copy.path().parent().unwrap()).unwrap();
        for ending in ["", "-wal"] {
            fs::copy(file::beside(&home.path(), ending), file::beside(&copy.path(), ending)).unwrap();
        }
        let before = all_files(&copy).map(|one| fs::read(one).ok());
        let db = schema::open_to_read(&copy.path(), JournalError::ReadOnly.into()).unwrap();
        assert_eq!(creations::unfinished(db.reader(), &acme()).unwrap(), [creation]);
        drop(db);
        assert!(
            before == all_files(&copy).map(|one| fs::read(one).ok()),
            "it was written to"
        );
    }

    #[test]
    fn the_default_place_is_the_persons_state_directory() {
        let path = default_path().unwrap();
        assert!(path.ends_with("chatzuri-keys/journal.db"), "{}", path.display());
    }
}
