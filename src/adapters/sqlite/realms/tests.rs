//! Whose notes: places of one team share them, and those of two teams do not.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::params;

use crate::adapters::sqlite::{SqliteJournal, packing, schema};
use crate::core::creation::{Intent, MintedKey};
use crate::core::key::{ApiKey, KeyId, KeyName, LastUse, Own, Team};
use crate::core::listing::{ListedKey, Listing, Source};
use crate::core::rotation::{Mark, RotationPlan};
use crate::core::secret::Secret;
use crate::core::snooze::Snooze;
use crate::core::team::TeamIdentity;
use crate::core::text::Label;
use crate::core::tracked::Tracked;
use crate::ports::{BegunRotation, Journal, Scope, Settled};

const HOST: &str = "www.chatzuri.com";
const FIRST: &str = "cz_Iz1P0123456789abcdefCpSn";
const SECOND: &str = "cz_Qa2Q0123456789abcdefDqTo";
const THIRD: &str = "cz_Zz9Z0123456789abcdefZzZz";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn id(text: &str) -> KeyId {
    KeyId::new(text).unwrap()
}

fn secret(value: &str) -> Arc<Secret> {
    Arc::new(Secret::parse(value).unwrap())
}

fn profile(name: &str) -> Scope {
    Scope::Profile {
        name: name.into(),
        host: HOST.into(),
    }
}

fn from_outside(value: &str) -> Scope {
    Scope::Credential {
        host: HOST.into(),
        value: secret(value),
    }
}

fn team(ids: &[&str]) -> TeamIdentity {
    let team = |id: &&str| Team {
        id: Label::new(id),
        name: Label::new("Acme"),
    };
    TeamIdentity::of(ids.iter().map(team).collect())
}

fn snooze(key: &str, seconds: i64, reason: &str) -> Snooze {
    Snooze {
        key: id(key),
        until: "2027-03-10".parse().unwrap(),
        reason: Label::new(reason),
        at: at(seconds),
        actor: Label::new("amina"),
    }
}

fn minted(key: &str) -> MintedKey {
    MintedKey {
        id: id(key),
        name: Label::new("Zapier"),
    }
}

fn plan(old: &str, team: Option<&str>) -> RotationPlan {
    RotationPlan {
        team: team.map(Label::new),
        old: minted(old),
        own: false,
        name: KeyName::parse("Zapier 2026-11-22").unwrap(),
        places: Vec::new(),
        adopted: None,
    }
}

fn mark() -> Mark {
    Mark {
        by: Label::new("amina"),
        at: at(0),
    }
}

fn tracked(key: &str, team: Option<&str>) -> Tracked {
    Tracked {
        id: id(key),
        name: Label::new("Web"),
        created_at: Some(at(-5)),
        prefix: None,
        last_four: Some(Label::new("abcd")),
        owner: Some(Label::new("ops")),
        team: team.map(Label::new),
        at: at(0),
        actor: Label::new("amina"),
    }
}

fn intent() -> Intent {
    Intent {
        name: KeyName::parse("Zapier").unwrap(),
        at: at(0),
        known: vec![id("k0")],
        manual: false,
    }
}

/// A list of one key of which the server tells no creation.
fn listing(key: &str) -> Listing {
    Listing {
        team: TeamIdentity::Unknown,
        keys: vec![ListedKey {
            key: ApiKey {
                id: id(key),
                name: Label::new("Old"),
                created_at: None,
                last_used_at: LastUse::Unknown,
                created_by: None,
                prefix: None,
                last_four: None,
            },
            own: Own::No,
            source: Source::Api,
        }],
        complete: true,
        odd: Default::default(),
        as_of: at(0),
    }
}

/// How many notes of each kind a place has: creations, snoozes, rotations, tracked keys, times of first sight.
async fn notes(journal: &SqliteJournal, place: &Scope) -> [usize; 5] {
    [
        journal.unfinished(place).await.unwrap().len(),
        journal.snoozes(place).await.unwrap().len(),
        journal.rotations(place).await.unwrap().len(),
        journal.tracked(place).await.unwrap().len(),
        journal.first_seen(place).await.unwrap().len(),
    ]
}

/// One note of each kind about this key.
async fn write(journal: &SqliteJournal, place: &Scope, key: &str) {
    journal.begin(place, intent()).await.unwrap();
    journal.snooze(place, snooze(key, 0, "later")).await.unwrap();
    journal.begin_rotation(place, plan(key, None), mark()).await.unwrap();
    journal.track(place, vec![tracked(key, None)]).await.unwrap();
    journal.keep_list(place, Arc::new(listing(key))).await.unwrap();
}

async fn settle(journal: &SqliteJournal, place: &Scope, value: &str, teams: &[&str]) -> Settled {
    let told = (!teams.is_empty()).then(|| team(teams));
    journal.settle(place, secret(value), told).await.unwrap()
}

#[tokio::test]
async fn every_credential_of_a_team_has_its_notes_and_no_other_team_has() {
    let journal = SqliteJournal::in_memory();
    settle(&journal, &profile("acme"), FIRST, &["t1"]).await;
    write(&journal, &profile("acme"), "k1").await;
    settle(&journal, &from_outside(SECOND), SECOND, &["t1"]).await;
    assert_eq!(notes(&journal, &from_outside(SECOND)).await, [1; 5]);
    settle(&journal, &profile("kijani"), THIRD, &["t2"]).await;
    assert_eq!(notes(&journal, &profile("kijani")).await, [0; 5]);
    assert_eq!(
        journal.last_list(&from_outside(SECOND)).await.unwrap(),
        None,
        "a list stays with its place"
    );
    // One list names a key that both teams have notes of: their teams are known, so nothing moves.
    write(&journal, &profile("kijani"), "k1").await;
    journal.claim(&profile("kijani"), vec![id("k1")]).await.unwrap();
    assert_eq!(notes(&journal, &profile("acme")).await, [1; 5]);
    assert_eq!(notes(&journal, &profile("kijani")).await, [1; 5]);
}

#[tokio::test]
async fn a_profile_that_is_signed_in_to_another_team_leaves_the_notes_behind() {
    let journal = SqliteJournal::in_memory();
    settle(&journal, &profile("acme"), FIRST, &["t1"]).await;
    write(&journal, &profile("acme"), "k1").await;
    settle(&journal, &profile("acme"), SECOND, &["t2"]).await;
    assert_eq!(notes(&journal, &profile("acme")).await, [0; 5]);
    // The first credential again, before the server is asked.
    let settled = settle(&journal, &profile("acme"), FIRST, &[]).await;
    assert!(settled.by_credential);
    assert_eq!(notes(&journal, &profile("acme")).await, [1; 5]);
}

#[tokio::test]
async fn a_credential_has_the_same_notes_wherever_it_comes_from() {
    let journal = SqliteJournal::in_memory();
    for (place, value) in [(profile("acme"), FIRST), (profile("kijani"), SECOND)] {
        settle(&journal, &place, value, &["t1", "t2"]).await;
    }
    write(&journal, &profile("acme"), "k1").await;
    assert!(settle(&journal, &from_outside(FIRST), FIRST, &[]).await.by_credential);
    assert_eq!(notes(&journal, &from_outside(FIRST)).await, [1; 5]);
    settle(&journal, &from_outside(SECOND), SECOND, &["t1", "t2"]).await;
    assert_eq!(
        notes(&journal, &from_outside(SECOND)).await,
        [0; 5],
        "two teams of one user stay apart"
    );
}

#[tokio::test]
async fn where_the_server_names_no_team_the_keys_tell() {
    let journal = SqliteJournal::in_memory();
    let untold = Some(TeamIdentity::Unknown);
    let settle = |place: Scope, value: &'static str| {
        let (journal, untold) = (&journal, untold.clone());
        async move { journal.settle(&place, secret(value), untold).await.unwrap() }
    };
    settle(profile("acme"), FIRST).await;
    write(&journal, &profile("acme"), "k1").await;
    settle(from_outside(FIRST), FIRST).await;
    assert_eq!(notes(&journal, &from_outside(FIRST)).await, [1; 5]);
    assert!(settle(from_outside(SECOND), SECOND).await.others);
    assert_eq!(notes(&journal, &from_outside(SECOND)).await, [0; 5]);
    journal.claim(&from_outside(SECOND), vec![id("k1")]).await.unwrap();
    assert_eq!(notes(&journal, &from_outside(SECOND)).await, [1; 5]);
}

#[tokio::test]
async fn a_key_made_here_has_the_notes_of_where_it_was_made() {
    let journal = SqliteJournal::in_memory();
    settle(&journal, &profile("acme"), FIRST, &["t1", "t2"]).await;
    write(&journal, &profile("acme"), "k1").await;
    journal
        .keep_fingerprint(&profile("acme"), minted("k2"), secret(SECOND))
        .await
        .unwrap();
    assert!(settle(&journal, &from_outside(SECOND), SECOND, &[]).await.by_credential);
    assert_eq!(notes(&journal, &from_outside(SECOND)).await, [1; 5]);
    let known = journal.find_by_value(secret(SECOND)).await.unwrap();
    assert_eq!(known[0].profiles, ["acme"]);
}

#[tokio::test]
async fn a_stranger_has_no_notes_until_its_list_names_a_key_of_them() {
    let journal = SqliteJournal::in_memory();
    settle(&journal, &profile("acme"), FIRST, &["t1", "t2"]).await;
    write(&journal, &profile("acme"), "k1").await;
    let stranger = from_outside(SECOND);
    assert!(!settle(&journal, &stranger, SECOND, &[]).await.by_credential);
    assert_eq!(notes(&journal, &stranger).await, [0; 5]);
    assert!(settle(&journal, &stranger, SECOND, &["t2", "t3"]).await.others);
    journal.claim(&stranger, vec![id("k7"), id("k8")]).await.unwrap();
    assert_eq!(notes(&journal, &stranger).await, [0; 5]);
    journal.claim(&stranger, vec![id("k7"), id("k1")]).await.unwrap();
    assert_eq!(notes(&journal, &stranger).await, [1; 5]);
    assert_eq!(
        notes(&journal, &profile("acme")).await,
        [1; 5],
        "they are of both places now"
    );
}

#[tokio::test]
async fn a_list_does_not_claim_the_notes_of_a_team_it_cannot_be_of() {
    let journal = SqliteJournal::in_memory();
    settle(&journal, &profile("acme"), FIRST, &["t1", "t2"]).await;
    write(&journal, &profile("acme"), "k1").await;
    let settled = settle(&journal, &from_outside(SECOND), SECOND, &["t3"]).await;
    assert!(!settled.others);
    journal.claim(&from_outside(SECOND), vec![id("k1")]).await.unwrap();
    assert_eq!(notes(&journal, &from_outside(SECOND)).await, [0; 5]);
}

#[tokio::test]
async fn a_team_that_is_told_later_takes_the_notes_along() {
    let journal = SqliteJournal::in_memory();
    settle(&journal, &from_outside(FIRST), FIRST, &["t1", "t2"]).await;
    write(&journal, &from_outside(FIRST), "k1").await;
    settle(&journal, &profile("acme"), SECOND, &["t1"]).await;
    journal
        .snooze(&profile("acme"), snooze("k1", 9, "newer"))
        .await
        .unwrap();
    settle(&journal, &from_outside(FIRST), FIRST, &["t1"]).await;
    for place in [profile("acme"), from_outside(FIRST)] {
        assert_eq!(notes(&journal, &place).await, [1; 5]);
        assert_eq!(journal.snoozes(&place).await.unwrap()[0].reason.raw(), "newer");
    }
    // The user behind it is in two teams from now on; the key is of the same one.
    settle(&journal, &from_outside(FIRST), FIRST, &["t1", "t2"]).await;
    assert_eq!(notes(&journal, &from_outside(FIRST)).await, [1; 5]);
}

#[tokio::test]
async fn one_key_is_rotated_once_from_every_place() {
    let journal = SqliteJournal::in_memory();
    settle(&journal, &profile("acme"), FIRST, &["t1"]).await;
    settle(&journal, &from_outside(SECOND), SECOND, &["t1"]).await;
    let begin = |place: Scope| {
        let journal = &journal;
        async move {
            journal
                .begin_rotation(&place, plan("k1", Some("t1")), mark())
                .await
                .unwrap()
        }
    };
    assert!(matches!(begin(profile("acme")).await, BegunRotation::New(_)));
    assert!(matches!(begin(from_outside(SECOND)).await, BegunRotation::There(_)));
}

/// A journal of the version before, with one note of each kind of a profile, and one snooze of a credential.
fn before(folder: &std::path::Path) -> PathBuf {
    let path = folder.join("journal.db");
    let raw = schema::make_at(&path, 5, [7; 32]);
    let mark = {
        let prefix = [b"scope\0".as_slice(), &[7; 32], HOST.as_bytes(), b"\0"].concat();
        secret(FIRST).fingerprint(&prefix)
    };
    raw.execute("INSERT INTO scopes (id, host, profile) VALUES (1, ?1, 'acme')", [HOST])
        .unwrap();
    raw.execute(
        "INSERT INTO scopes (id, host, credential) VALUES (2, ?1, ?2)",
        params![HOST, mark],
    )
    .unwrap();
    let body = r#"{"team":"t1","old":{"id":"k1","name":"Zapier"},"own":false,"name":"Zapier 2","begun":{"by":"amina",
        "at":0},"places":[],"watch":{"old":{"seen":[],"told":true,"odd":null},"new":{"seen":[],"told":true,"odd":null},
        "read_at":null},"stage":{"is":"nothing"},"new_id":null}"#;
    raw.execute(
        "INSERT INTO rotations (id, scope, old_id, over, body, revision, begun_at, moved_at)
         VALUES ('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb', 1, 'k1', 0, ?1, 0, 0, 0)",
        [body],
    )
    .unwrap();
    raw.execute(
        "INSERT INTO lists (scope, body) VALUES (1, ?1)",
        [packing::pack(&listing("k1"))],
    )
    .unwrap();
    raw.execute(
        "INSERT INTO fingerprints (scope, key_id, name, hash) VALUES (1, 'k1', 'Zapier', ?1)",
        [secret(SECOND).fingerprint(&[7; 32])],
    )
    .unwrap();
    raw.execute_batch(
        "INSERT INTO creations (op, scope, name, intended_at, known, stage, revision, begun_at, moved_at, by_hand)
         VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 1, 'Zapier', 0, '[]', 'intended', 0, 0, 0, 1);
         INSERT INTO snoozes (scope, key_id, until, reason, at, actor)
         VALUES (1, 'k1', '2027-03-10', 'later', 0, 'amina'), (2, 'k9', '2027-03-10', 'later', 0, 'amina');
         INSERT INTO first_seen (scope, key_id, at) VALUES (1, 'k1', 0);
         INSERT INTO ways (scope, operation, way, at) VALUES (1, 'list', 'api', 0);
         INSERT INTO tracked (scope, key_id, name, at, actor, team) VALUES (1, 'k1', 'Web', 0, 'amina', 't1');",
    )
    .unwrap();
    path
}

#[tokio::test]
async fn a_journal_of_the_version_before_keeps_every_note_and_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::at(before(folder.path()));
    assert_eq!(notes(&journal, &profile("acme")).await, [1; 5]);
    assert!(journal.unfinished(&profile("acme")).await.unwrap()[0].intent.manual);
    assert_eq!(journal.last_list(&profile("acme")).await.unwrap(), Some(listing("k1")));
    assert_eq!(journal.capabilities(&profile("acme")).await.unwrap().len(), 1);
    assert_eq!(
        journal.find_by_value(secret(SECOND)).await.unwrap()[0].profiles,
        ["acme"]
    );
    assert_eq!(notes(&journal, &from_outside(FIRST)).await, [0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn the_places_of_a_journal_of_the_version_before_find_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::at(before(folder.path()));
    for (place, value) in [(profile("acme"), THIRD), (from_outside(FIRST), FIRST)] {
        settle(&journal, &place, value, &["t1"]).await;
    }
    for place in [profile("acme"), from_outside(FIRST)] {
        assert_eq!(notes(&journal, &place).await, [1, 2, 1, 1, 1]);
    }
}

#[tokio::test]
async fn notes_of_a_known_other_team_stay_behind() {
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::at(before(folder.path()));
    settle(&journal, &profile("acme"), THIRD, &["t2"]).await;
    let [_, _, rotations, tracked, _] = notes(&journal, &profile("acme")).await;
    assert_eq!((rotations, tracked), (0, 0), "they say that they are of t1");
}
