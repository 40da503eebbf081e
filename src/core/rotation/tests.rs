use proptest::prelude::*;

use super::*;
use crate::core::key::{ApiKey, KeyId, LastUse, Team};
use crate::core::listing::{ListedKey, Source};
use crate::core::team::TeamIdentity;

const QUIET: SignedDuration = SignedDuration::from_hours(24);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn hours(hours: i64) -> Timestamp {
    at(hours * 3600)
}

fn mark(seconds: i64) -> Mark {
    Mark {
        by: Label::new("amina"),
        at: at(seconds),
    }
}

fn minted(id: &str) -> MintedKey {
    MintedKey {
        id: KeyId::new(id).unwrap(),
        name: Label::new(id),
    }
}

fn op(digit: char) -> OpId {
    OpId::new(&digit.to_string().repeat(32)).unwrap()
}

fn plan(places: &[&str]) -> RotationPlan {
    RotationPlan {
        team: None,
        old: minted("old"),
        own: false,
        name: KeyName::parse("Zapier 2026-11-22").unwrap(),
        places: places.iter().map(|place| Label::new(place)).collect(),
        adopted: None,
    }
}

fn begun(places: &[&str]) -> Rotation {
    Rotation::new(op('f'), plan(places), mark(0))
}

fn run(rotation: Rotation, moves: &[What]) -> Rotation {
    moves.iter().enumerate().fold(rotation, |rotation, (i, what)| {
        rotation
            .after(what, &mark(i64::try_from(i).unwrap()))
            .unwrap_or_else(|illegal| panic!("{what:?}: {illegal}"))
    })
}

fn created() -> [What; 4] {
    [
        What::Asked(op('1')),
        What::Answered(op('1'), minted("new")),
        What::Alive(at(2)),
        What::Stored,
    ]
}

fn seen(when: Timestamp, old: LastUse, new: LastUse) -> What {
    let seen = Observation {
        at: when,
        old: Some(old),
        new: Some(new),
    };
    What::Observed(seen, QUIET)
}

fn confirming() -> Rotation {
    run(begun(&[]), &created())
}

#[test]
fn the_main_path_goes_through_the_four_steps() {
    let rotation = run(begun(&["gh:a/b/C", "the shelf"]), &created());
    assert_eq!((rotation.step(), rotation.ticked()), (Some(2), (0, 2)));
    let rotation = run(
        rotation,
        &[
            What::Received(Label::new("gh:a/b/C")),
            What::Ticked(Label::new("gh:a/b/C")),
            What::Ticked(Label::new("the shelf")),
        ],
    );
    assert_eq!(rotation.step(), Some(3));
    let rotation = run(
        rotation,
        &[seen(hours(30), LastUse::At(hours(5)), LastUse::At(hours(29)))],
    );
    assert_eq!(rotation.step(), Some(4));
    assert_eq!(rotation.opened().map(|opened| opened.ground.word()), Some("measured"));
    let ended = What::RevocationEnded {
        outcome: Label::new("revoked"),
        proven: true,
    };
    let rotation = run(rotation, &[What::RevocationBegun, ended]);
    assert!(matches!(rotation.stage, Stage::Finished { .. }) && rotation.is_over());
    assert_eq!(rotation.new_key(), Some(&minted("new")));
}

#[test]
fn step_one_wants_both_a_stored_value_and_a_living_key() {
    let [asked, answered, alive, stored] = created();
    for last in [alive, stored] {
        let rotation = run(begun(&[]), &[asked.clone(), answered.clone(), last]);
        assert_eq!(rotation.step(), Some(1));
    }
    // A request that it served proves the new key alive too.
    let [asked, answered, _, stored] = created();
    let rotation = run(
        begun(&[]),
        &[asked, answered, stored, seen(at(9), LastUse::Never, LastUse::At(at(8)))],
    );
    assert_eq!(rotation.step(), Some(3));
}

#[test]
fn a_creation_that_came_to_nothing_leaves_step_one_open_for_another() {
    let rotation = run(begun(&[]), &[What::Asked(op('1'))]);
    assert!(
        rotation.after(&What::Asked(op('2')), &mark(1)).is_err(),
        "one key at a time"
    );
    assert!(rotation.after(&What::CameToNothing(op('2')), &mark(1)).is_err());
    let again = run(rotation, &[What::CameToNothing(op('1')), What::Asked(op('2'))]);
    assert_eq!(again.creation(), Some(&op('2')));
}

#[test]
fn an_adopted_key_goes_on_with_the_roll_out() {
    let adopted = RotationPlan {
        adopted: Some(minted("new")),
        ..plan(&["the shelf"])
    };
    let rotation = Rotation::new(op('f'), adopted.clone(), mark(0));
    assert_eq!((rotation.step(), rotation.new_key()), (Some(2), Some(&minted("new"))));
    let placeless = RotationPlan {
        places: Vec::new(),
        ..adopted
    };
    assert_eq!(Rotation::new(op('f'), placeless, mark(0)).step(), Some(3));
}

#[test]
fn the_traffic_has_moved_when_the_new_key_is_used_and_the_old_one_quiet_for_the_time() {
    let awaited = |old, new| {
        let next = run(confirming(), &[seen(hours(48), old, new)]);
        (next.step(), next.awaited(QUIET, hours(48)))
    };
    let busy = LastUse::At(hours(47));
    assert_eq!(awaited(LastUse::At(hours(24)), busy), (Some(4), None));
    let so_far = SignedDuration::from_hours(24) - SignedDuration::from_secs(1);
    let left = SignedDuration::from_secs(1);
    assert_eq!(
        awaited(LastUse::At(at(24 * 3600 + 1)), busy).1,
        Some(Awaited::OldQuiet { so_far, left })
    );
    assert_eq!(
        awaited(LastUse::Never, busy).0,
        Some(4),
        "a key that nobody ever used is quiet"
    );
    assert_eq!(awaited(LastUse::Never, LastUse::Never).1, Some(Awaited::NewInUse));
    assert_eq!(awaited(LastUse::Unknown, busy).1, Some(Awaited::Untold));
    assert_eq!(awaited(LastUse::Never, LastUse::Unknown).1, Some(Awaited::Untold));
}

#[test]
fn our_own_probe_of_the_new_key_is_no_traffic() {
    // It was probed at second 2 and rolled out at second 3.
    for (used, step) in [(4, Some(3)), (5, Some(4))] {
        let rotation = run(confirming(), &[seen(hours(48), LastUse::Never, LastUse::At(at(used)))]);
        assert_eq!(rotation.step(), step, "used at {used}");
    }
    let before = run(confirming(), &[seen(hours(48), LastUse::Never, LastUse::At(at(-5)))]);
    assert_eq!(before.step(), Some(3), "used before the roll-out only");
}

#[test]
fn a_last_use_that_goes_back_or_lies_in_the_future_makes_no_key_quiet() {
    let back = run(
        confirming(),
        &[
            seen(hours(40), LastUse::At(hours(39)), LastUse::At(hours(39))),
            seen(hours(41), LastUse::At(hours(2)), LastUse::At(hours(40))),
        ],
    );
    assert_eq!((back.step(), back.watch.old.odd), (Some(3), Some(Odd::WentBack)));
    assert_eq!(back.watch.old.last(), Some(hours(39)));
    let cleared = run(back, &[seen(hours(42), LastUse::Never, LastUse::At(hours(40)))]);
    assert_eq!(cleared.watch.old.odd, Some(Odd::WentBack));
    let future = run(
        confirming(),
        &[seen(hours(40), LastUse::At(hours(9_000)), LastUse::At(hours(39)))],
    );
    assert_eq!((future.step(), future.watch.old.odd), (Some(3), Some(Odd::InFuture)));
    assert_eq!(future.watch.old.last(), Some(hours(40)), "as if used just now");
}

#[test]
fn a_reading_of_before_the_roll_out_or_without_a_key_says_nothing() {
    let early = run(confirming(), &[seen(at(-10), LastUse::Never, LastUse::Never)]);
    assert_eq!(early.awaited(QUIET, at(5)), Some(Awaited::FirstReading));
    let missing = Observation {
        at: hours(48),
        old: None,
        new: Some(LastUse::At(hours(47))),
    };
    assert_eq!(run(confirming(), &[What::Observed(missing, QUIET)]).step(), Some(3));
    let stale = run(
        confirming(),
        &[
            seen(hours(40), LastUse::At(hours(39)), LastUse::Never),
            seen(hours(30), LastUse::Never, LastUse::At(hours(29))),
        ],
    );
    assert_eq!(stale.watch.new.last(), None, "an older list than the last is not taken");
}

#[test]
fn somebody_can_vouch_from_the_roll_out_on_and_what_was_measured_stays_beside_it() {
    let vouch = What::Attested {
        reason: Label::new("batch job, monthly"),
        measured: Label::new("the new key was not used"),
    };
    assert!(begun(&[]).after(&vouch, &mark(0)).is_err(), "there is no new key");
    for rotation in [confirming(), run(begun(&["the shelf"]), &created())] {
        let opened = rotation.after(&vouch, &mark(9)).unwrap();
        let Some(Ground::Attested { reason, measured }) = opened.opened().map(|opened| opened.ground.clone()) else {
            panic!("not attested: {opened:?}");
        };
        assert_eq!(
            (reason.raw(), measured.raw()),
            ("batch job, monthly", "the new key was not used")
        );
    }
}

#[test]
fn the_places_of_now_keep_their_ticks() {
    let rotation = run(begun(&["a", "b"]), &created());
    let rotation = run(rotation, &[What::Ticked(Label::new("b"))]);
    let rotation = run(rotation, &[What::PlacesAre(vec![Label::new("b"), Label::new("c")])]);
    assert_eq!(
        (rotation.step(), rotation.ticked()),
        (Some(2), (1, 3)),
        "“a” is a place until it is ticked"
    );
    let without = run(rotation, &[What::PlacesAre(vec![Label::new("b")])]);
    assert_eq!(without.step(), Some(2), "a config that is not there ends no roll-out");
    let names: Vec<&str> = without.places.iter().map(|state| state.place.raw()).collect();
    assert_eq!(names, ["b", "c", "a"]);
    assert!(
        run(begun(&["a"]), &created())
            .after(&What::Ticked(Label::new("z")), &mark(0))
            .is_err(),
        "no such place"
    );
}

#[test]
fn the_last_tick_can_be_taken_back_until_step_three_is_done() {
    let rotation = run(begun(&["a"]), &created());
    let rotation = run(rotation, &[What::Ticked(Label::new("a"))]);
    let back = run(rotation.clone(), &[What::Unticked(Label::new("a"))]);
    assert_eq!((back.step(), back.ticked()), (Some(2), (0, 1)));
    let opened = run(rotation, &[What::Forced]);
    assert!(opened.after(&What::Unticked(Label::new("a")), &mark(9)).is_err());
}

#[test]
fn nobody_can_vouch_or_force_before_the_new_key_is_stored_and_alive() {
    let vouch = What::Attested {
        reason: Label::new("r"),
        measured: Label::new("m"),
    };
    let [asked, answered, alive, stored] = created();
    for moves in [
        vec![],
        vec![asked.clone()],
        vec![asked.clone(), answered.clone()],
        vec![asked.clone(), answered.clone(), alive],
        vec![asked, answered, stored],
    ] {
        let rotation = run(begun(&[]), &moves);
        for what in [&vouch, &What::Forced, &What::RevocationBegun] {
            assert!(rotation.after(what, &mark(9)).is_err(), "{what:?} after {moves:?}");
        }
    }
}

#[test]
fn what_was_measured_gives_way_to_somebodys_word_when_the_old_key_is_used_again() {
    let quiet = run(
        confirming(),
        &[seen(hours(30), LastUse::At(hours(2)), LastUse::At(hours(29)))],
    );
    assert_eq!((quiet.step(), quiet.used_again(QUIET)), (Some(4), None));
    let again = run(
        quiet,
        &[seen(hours(31), LastUse::At(hours(31)), LastUse::At(hours(29)))],
    );
    assert_eq!(again.used_again(QUIET), Some(hours(31)));
    assert_eq!(again.next(QUIET, hours(31)), Next::UsedAgain(hours(31)));
    let vouch = What::Attested {
        reason: Label::new("a health check"),
        measured: Label::new("m"),
    };
    let vouched = run(again, std::slice::from_ref(&vouch));
    assert_eq!(
        (vouched.used_again(QUIET), vouched.next(QUIET, hours(31))),
        (None, Next::Revoke)
    );
    assert!(vouched.after(&vouch, &mark(9)).is_err(), "one word is enough");
}

#[test]
fn only_the_list_of_its_own_team_says_anything() {
    let list = |team: Option<&str>, keys: &[&str]| Listing {
        team: TeamIdentity::of(
            team.into_iter()
                .flat_map(|ids| ids.split(' '))
                .map(|id| Team {
                    id: Label::new(id),
                    name: Label::new("Acme"),
                })
                .collect(),
        ),
        keys: keys.iter().map(|id| listed(id)).collect(),
        complete: true,
        odd: Default::default(),
        as_of: at(100),
    };
    let of = |team: Option<&str>| {
        let plan = RotationPlan {
            team: team.map(Label::new),
            ..plan(&[])
        };
        run(Rotation::new(op('f'), plan, mark(0)), &created())
    };
    let other = |rotation: &Rotation, list: &Listing| troubles(rotation, list) == [Discrepancy::OtherTeam];
    assert!(other(&of(Some("t1")), &list(Some("t2"), &["old", "new"])));
    assert!(other(&of(None), &list(Some("t2"), &["x"])), "none of its keys is there");
    assert!(other(&of(Some("t1")), &list(None, &[])));
    assert!(other(&of(Some("t1")), &list(Some("t2 t3"), &["old", "new"])));
    assert!(
        !other(&of(Some("t1")), &list(Some("t2 t1"), &["old", "new"])),
        "it may be its team, and its keys are there"
    );
    assert!(other(&of(Some("t1")), &list(Some("t1 t2"), &["x"])));
    assert_eq!(
        troubles(&of(Some("t1")), &list(Some("t1"), &["new"])),
        [Discrepancy::OldGone { back_as: None }]
    );
    assert_eq!(
        troubles(&of(None), &list(None, &["old"])),
        [Discrepancy::NewGone { back_as: None }]
    );
    let gaps = Listing {
        complete: false,
        odd: Default::default(),
        ..list(Some("t1"), &[])
    };
    assert_eq!(
        troubles(&of(Some("t1")), &gaps),
        [],
        "a list with gaps proves no absence"
    );
}

#[test]
fn a_tracked_key_that_is_in_the_servers_list_by_now_is_not_gone() {
    let rotation = run(begun(&[]), &created());
    let both = |id: &str, tracked: &str| ListedKey {
        source: Source::Both {
            tracked: KeyId::new(tracked).unwrap(),
        },
        key: ApiKey {
            name: Label::new(tracked),
            ..listed(id).key
        },
        ..listed(id)
    };
    let list = Listing {
        team: TeamIdentity::Unknown,
        keys: vec![both("key_1", "old"), both("key_2", "new")],
        complete: true,
        odd: Default::default(),
        as_of: at(100),
    };
    let id = |id: &str| KeyId::new(id).unwrap();
    assert_eq!(
        troubles(&rotation, &list),
        [Discrepancy::OldListed(id("key_1")), Discrepancy::NewListed(id("key_2"))]
    );
    assert!(list.keys.iter().all(|listed| rotation.has(listed)));
    let renamed = rotation.clone().renamed(&id("old"), &id("key_1")).unwrap();
    assert_eq!(renamed.revision, rotation.revision + 1, "an older copy moves nothing");
    assert_eq!(troubles(&renamed, &list), [Discrepancy::NewListed(id("key_2"))]);
    let renamed = renamed.renamed(&id("new"), &id("key_2")).unwrap();
    assert_eq!(troubles(&renamed, &list), []);
    assert_eq!(renamed.renamed(&id("new"), &id("key_3")), None);
}

fn listed(id: &str) -> ListedKey {
    ListedKey {
        key: minted(id).bare(),
        own: crate::core::key::Own::No,
        source: Default::default(),
    }
}

#[test]
fn one_revocation_runs_at_a_time_and_one_that_never_ended_is_taken_over() {
    let open = run(confirming(), &[What::Forced, What::RevocationBegun]);
    let again = |seconds| open.after(&What::RevocationBegun, &mark(seconds)).is_ok();
    assert!(!again(100) && again(300));
    assert!(open.after(&What::Cancelled, &mark(100)).is_err(), "too late to cancel");
    let failed = What::RevocationEnded {
        outcome: Label::new("unconfirmed"),
        proven: false,
    };
    let failed = run(open, &[failed]);
    assert_eq!(failed.step(), Some(4));
    assert!(failed.after(&What::RevocationBegun, &mark(5)).is_ok());
}

#[test]
fn without_its_new_key_a_rotation_begins_again_and_without_its_old_one_it_is_over() {
    let rotation = run(begun(&["a"]), &created());
    let rotation = run(rotation, &[What::Ticked(Label::new("a"))]);
    let again = run(rotation.clone(), &[What::NewGone]);
    assert_eq!((again.step(), again.ticked(), again.new_key()), (Some(1), (0, 1), None));
    let over = run(rotation, &[What::OldGone]);
    assert!(matches!(&over.stage, Stage::Finished { outcome, .. } if outcome.raw() == "already_gone"));
    assert!(
        begun(&[]).after(&What::OldGone, &mark(0)).is_err(),
        "nothing took its place"
    );
}

#[test]
fn a_cancelled_rotation_says_what_stays_behind() {
    let rotation = run(run(begun(&["a"]), &created()), &[What::Cancelled]);
    assert!(matches!(&rotation.stage, Stage::Cancelled { new: Some(new), step: 2, .. } if *new == minted("new")));
}

fn any_use() -> impl Strategy<Value = LastUse> {
    prop_oneof![
        Just(LastUse::Never),
        Just(LastUse::Unknown),
        (-20i64..80).prop_map(|h| LastUse::At(hours(h))),
    ]
}

fn any_move() -> impl Strategy<Value = What> {
    let place = || prop_oneof![Just("a"), Just("b"), Just("c")].prop_map(Label::new);
    let creation = || prop_oneof![Just(op('1')), Just(op('2'))];
    prop_oneof![
        creation().prop_map(What::Asked),
        creation().prop_map(|op| What::Answered(op, minted("new"))),
        creation().prop_map(What::CameToNothing),
        (0i64..80).prop_map(|h| What::Alive(hours(h))),
        Just(What::Stored),
        proptest::collection::vec(place(), 0..3).prop_map(What::PlacesAre),
        place().prop_map(What::Received),
        place().prop_map(What::Ticked),
        place().prop_map(What::Unticked),
        (
            0i64..80,
            proptest::option::of(any_use()),
            proptest::option::of(any_use())
        )
            .prop_map(|(h, old, new)| {
                let seen = Observation { at: hours(h), old, new };
                What::Observed(seen, QUIET)
            }),
        Just(What::Attested {
            reason: Label::new("r"),
            measured: Label::new("m"),
        }),
        Just(What::Forced),
        Just(What::OldGone),
        Just(What::NewGone),
        Just(What::RevocationBegun),
        any::<bool>().prop_map(|proven| What::RevocationEnded {
            outcome: Label::new("x"),
            proven,
        }),
        Just(What::Cancelled),
    ]
}

/// What a person would check by hand before they revoke the old key, from what was accepted alone.
#[derive(Default)]
struct Evidence {
    vouched: bool,
    old_uses: Vec<Timestamp>,
    new_uses: Vec<Timestamp>,
    newest: Option<Timestamp>,
}

impl Evidence {
    fn take(&mut self, what: &What) {
        match what {
            What::Attested { .. } | What::Forced => self.vouched = true,
            What::NewGone => {
                *self = Self {
                    old_uses: std::mem::take(&mut self.old_uses),
                    ..Self::default()
                }
            }
            What::Observed(seen, _) => {
                self.newest = self.newest.max(Some(seen.at));
                let bounded = |used: LastUse| used.time().map(|used| used.min(seen.at));
                self.old_uses.extend(seen.old.and_then(bounded));
                self.new_uses.extend(seen.new.and_then(bounded));
            }
            _ => {}
        }
    }

    fn traffic_has_moved(&self) -> bool {
        let quiet = self
            .old_uses
            .iter()
            .max()
            .is_none_or(|last| self.newest.is_some_and(|newest| newest.duration_since(*last) >= QUIET));
        quiet && !self.new_uses.is_empty()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn no_sequence_of_events_revokes_the_old_key_before_step_3_without_force(
        moves in proptest::collection::vec((any_move(), 0i64..80), 0..40),
        leading in any::<bool>(),
    ) {
        let mut rotation = begun(&["a"]);
        let mut evidence = Evidence::default();
        let lead = if leading { created().to_vec() } else { Vec::new() };
        let moves = lead.into_iter().map(|what| (what, 0)).chain(moves);
        for (what, hour) in moves {
            let before = rotation.clone();
            match rotation.after(&what, &mark(hour * 3600)) {
                Ok(next) => {
                    prop_assert!(!before.is_over());
                    prop_assert_eq!(next.revision, before.revision + 1);
                    prop_assert_eq!(&next.old, &before.old);
                    evidence.take(&what);
                    if what == What::RevocationBegun {
                        prop_assert_eq!(before.step(), Some(4));
                        prop_assert!(evidence.vouched || evidence.traffic_has_moved(), "{:?}", before);
                        prop_assert!(before.new_key().is_some(), "a key takes its place");
                    }
                    rotation = next;
                }
                Err(illegal) => prop_assert_eq!(illegal.step, before.step()),
            }
        }
    }
}
