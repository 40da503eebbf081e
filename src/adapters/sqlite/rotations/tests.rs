//! Rows of rotations: every stage comes back as it was written, and only the newest of two moves counts.

use jiff::{SignedDuration, Timestamp};

use crate::adapters::sqlite::SqliteJournal;
use crate::core::creation::{MintedKey, OpId};
use crate::core::key::{KeyId, KeyName, LastUse};
use crate::core::rotation::{Mark, Observation, Rotation, RotationPlan, What};
use crate::core::text::Label;
use crate::ports::{BegunRotation, Journal, JournalError, Scope};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn mark(seconds: i64) -> Mark {
    Mark {
        by: Label::new("am\u{1b}ina"),
        at: at(seconds),
    }
}

fn minted(id: &str) -> MintedKey {
    MintedKey {
        id: KeyId::new(id).unwrap(),
        name: Label::new(&format!("name of {id}\u{202e}")),
    }
}

fn op(digit: char) -> OpId {
    OpId::new(&digit.to_string().repeat(32)).unwrap()
}

fn scope(name: &str) -> Scope {
    Scope::Profile {
        name: name.into(),
        host: "www.chatzuri.com".into(),
    }
}

fn plan(old: &str) -> RotationPlan {
    RotationPlan {
        team: Some(Label::new("team_1")),
        old: minted(old),
        own: true,
        name: KeyName::parse("Zapier 2026-11-22").unwrap(),
        places: ["gh:a/b/C", "the shelf"].map(Label::new).to_vec(),
        adopted: None,
    }
}

async fn begun(journal: &SqliteJournal, old: &str) -> Rotation {
    match journal
        .begin_rotation(&scope("acme"), plan(old), mark(0))
        .await
        .unwrap()
    {
        BegunRotation::New(rotation) => rotation,
        BegunRotation::There(rotation) => panic!("it was there: {rotation:?}"),
    }
}

fn to_the_end() -> Vec<What> {
    let seen = |old, new, when| {
        let seen = Observation {
            at: at(when),
            old: Some(old),
            new: Some(new),
        };
        What::Observed(seen, SignedDuration::from_secs(10))
    };
    vec![
        What::Asked(op('1')),
        What::Answered(op('1'), minted("new")),
        What::Alive(at(3)),
        What::Received(Label::new("gh:a/b/C")),
        What::Stored,
        What::Ticked(Label::new("gh:a/b/C")),
        seen(LastUse::At(at(9_000)), LastUse::Unknown, 40),
        seen(LastUse::At(at(5)), LastUse::Never, 41),
        What::Ticked(Label::new("the shelf")),
        What::Attested {
            reason: Label::new("“monthly”\n"),
            measured: Label::new("not used"),
        },
        What::RevocationBegun,
        What::RevocationEnded {
            outcome: Label::new("unconfirmed"),
            proven: false,
        },
        What::RevocationBegun,
        What::RevocationEnded {
            outcome: Label::new("dead"),
            proven: true,
        },
    ]
}

#[tokio::test]
async fn every_stage_is_read_back_as_it_was_written() {
    let journal = SqliteJournal::in_memory();
    let mut rotation = begun(&journal, "old").await;
    let mut words = vec![rotation.word()];
    for (i, what) in to_the_end().into_iter().enumerate() {
        let moved = journal
            .move_rotation(&rotation, what.clone(), mark(i64::try_from(i).unwrap()))
            .await;
        rotation = moved.unwrap_or_else(|error| panic!("{what:?}: {error:?}"));
        let read = journal.rotation(&rotation.id).await.unwrap();
        assert_eq!(read.as_ref(), Some(&rotation), "{what:?}");
        words.push(rotation.word());
    }
    words.dedup();
    assert_eq!(words, ["creating", "rolling_out", "confirming", "revoking", "finished"]);
    let mut given_up = begun(&journal, "other").await;
    for what in [
        What::Asked(op('2')),
        What::Answered(op('2'), minted("new2")),
        What::Cancelled,
    ] {
        given_up = journal.move_rotation(&given_up, what, mark(9)).await.unwrap();
    }
    assert_eq!(journal.rotation(&given_up.id).await.unwrap(), Some(given_up));
}

#[tokio::test]
async fn of_two_moves_from_the_same_place_one_counts_and_the_other_is_told() {
    let journal = SqliteJournal::in_memory();
    let rotation = begun(&journal, "old").await;
    let first = journal.move_rotation(&rotation, What::Asked(op('1')), mark(1)).await;
    assert!(first.is_ok());
    let second = journal.move_rotation(&rotation, What::Asked(op('2')), mark(1)).await;
    assert_eq!(second, Err(JournalError::Stale));
    let kept = journal.rotation(&rotation.id).await.unwrap().unwrap();
    assert_eq!(kept.creation(), Some(&op('1')));
}

#[tokio::test]
async fn a_key_has_one_rotation_that_is_not_over_and_each_scope_its_own() {
    let journal = SqliteJournal::in_memory();
    let first = begun(&journal, "old").await;
    let again = journal
        .begin_rotation(&scope("acme"), plan("old"), mark(5))
        .await
        .unwrap();
    assert_eq!(again, BegunRotation::There(first.clone()));
    let elsewhere = journal
        .begin_rotation(&scope("other"), plan("old"), mark(5))
        .await
        .unwrap();
    assert!(matches!(elsewhere, BegunRotation::New(_)));
    let over = journal.move_rotation(&first, What::Cancelled, mark(6)).await.unwrap();
    let anew = begun(&journal, "old").await;
    let all = journal.rotations(&scope("acme")).await.unwrap();
    assert_eq!(all, [over, anew.clone()]);
    let of_key = journal.rotation_of(&scope("acme"), &minted("old").id).await.unwrap();
    assert_eq!(of_key, Some(anew), "the one that is not over");
}
