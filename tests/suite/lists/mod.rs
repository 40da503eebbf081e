//! Lists that change while they are read, and servers that page and count as they like.
//!
//! The short form runs with the suite. The long form draws 10,000 cases of each kind and says the totals:
//!
//!     CHATZURI_KEYS_LONG=1 cargo test --test suite -- lists:: --nocapture

mod model;
mod served;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chatzuri_keys::adapters::browser::DesktopBrowser;
use chatzuri_keys::adapters::clock::SystemClock;
use chatzuri_keys::adapters::http::{EndpointNames, HttpConnect};
use chatzuri_keys::adapters::memory_store::MemoryStore;
use chatzuri_keys::adapters::process::ChildProcesses;
use chatzuri_keys::adapters::report_folder::DiskFolder;
use chatzuri_keys::adapters::sqlite::SqliteJournal;
use chatzuri_keys::core::creation::Intent;
use chatzuri_keys::core::key::{KeyName, Own};
use chatzuri_keys::core::listing::{ListedKey, Listing, Source};
use chatzuri_keys::core::outcome::Outcome;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ops::client::TeamClient;
use chatzuri_keys::ops::recover::{Since, Waiting, recover};
use chatzuri_keys::ops::review::review;
use chatzuri_keys::ops::revoke::{Case, Evidence, Method, Pace, RetryPolicy, revoke, revoke_many};
use chatzuri_keys::ops::sign_in::Profile;
use chatzuri_keys::ports::{BaseUrl, KeyApi, Ports};

use jiff::{SignedDuration, Timestamp};

use self::model::{Beyond, Delete, Dice, Habits, ModelApi, Order, State, Total, id, key, number};
use crate::support::stage::SlotClipboard;

fn cases() -> u64 {
    if std::env::var_os("CHATZURI_KEYS_LONG").is_some() {
        10_000
    } else {
        400
    }
}

/// What reads through `wire`, with no notes of its own.
fn client(wire: &Arc<ModelApi>) -> Arc<TeamClient> {
    let value = Arc::new(Secret::parse("cz_value-of-nobody-0123456789").unwrap());
    let wire: Arc<dyn KeyApi> = Arc::clone(wire) as _;
    Arc::new(TeamClient::bare(&ports(), &profile().base_url, wire, value))
}

async fn read(wire: &Arc<ModelApi>) -> Listing {
    review(&client(wire), &SystemClock, &|_| {}).await.unwrap()
}

fn ids(listing: &Listing) -> HashSet<u32> {
    listing.keys.iter().map(|listed| number(&listed.key.id)).collect()
}

fn steady(total: Total, cap: usize) -> Habits {
    Habits {
        order: Order::OldestFirst,
        cap,
        says_size: true,
        ignores_paging: false,
        beyond: Beyond::Nothing,
        total,
        delete: Delete::Works,
        restless: 0,
        stray: None,
    }
}

#[tokio::test]
async fn a_key_that_is_there_throughout_is_listed_or_the_list_is_not_complete() {
    let (mut complete, mut moved, mut requests) = (0, 0, 0);
    for seed in 0..cases() {
        let mut dice = Dice(seed);
        let mut habits = Habits::draw(&mut dice);
        let count = u32::try_from(dice.below(5 * habits.cap + 2)).unwrap();
        if count > 0 && dice.one_in(10) {
            habits.stray = Some(u32::try_from(dice.below(usize::try_from(count).unwrap())).unwrap());
        }
        let api = Arc::new(ModelApi::new(State::new(count, habits.clone(), seed)));
        let listing = match review(&client(&api), &SystemClock, &|_| {}).await {
            Ok(listing) => listing,
            // All that was sent is a row without an id.
            Err(error) => {
                assert!(habits.stray.is_some(), "{seed} {habits:?}: {error}");
                continue;
            }
        };
        let state = api.state();
        let listed = ids(&listing);
        let missing: Vec<_> = state.throughout.iter().filter(|key| !listed.contains(key)).collect();
        assert!(
            !listing.complete || missing.is_empty(),
            "seed {seed}, {habits:?}, {count} keys: lacks {missing:?}"
        );
        let quiet = state.changes == 0 && habits.stray.is_none();
        if quiet && habits.is_honest() && (count > 0 || habits.total == Total::Right) {
            assert!(
                listing.complete,
                "seed {seed}, {habits:?}, {count} keys: not complete, and nothing changed"
            );
        }
        if listing.complete {
            complete += 1;
        }
        moved += usize::from(state.changes > 0);
        requests += state.requests;
    }
    println!(
        "lists: {} read, {moved} of them changed meanwhile, {complete} complete, {requests} requests",
        cases()
    );
}

fn ports() -> Ports {
    Ports {
        connect: Arc::new(HttpConnect::new(EndpointNames::default(), Arc::new(SystemClock))),
        store: Arc::new(MemoryStore::new()),
        clipboard: Arc::new(SlotClipboard::default()),
        processes: Arc::new(ChildProcesses),
        reports: Arc::new(DiskFolder::current()),
        browser: Arc::new(DesktopBrowser::new(Default::default())),
        journal: Arc::new(SqliteJournal::in_memory()),
        actor: Label::new("amina"),
        clock: Arc::new(SystemClock),
    }
}

fn profile() -> Profile {
    Profile {
        name: "acme".to_owned(),
        base_url: BaseUrl::parse("http://127.0.0.1:1/api/v1").unwrap(),
        credential_command: None,
        from_environment: None,
        manual: Default::default(),
        peers: Vec::new(),
    }
}

fn target(number: u32) -> ListedKey {
    ListedKey {
        key: key(number),
        own: Own::No,
        source: Source::Api,
    }
}

fn at_once() -> Pace {
    Pace {
        retry: RetryPolicy {
            sends: 4,
            first_wait: Duration::ZERO,
            longest_wait: Duration::ZERO,
        },
        ..Pace::default()
    }
}

#[tokio::test]
async fn no_key_that_is_alive_is_proven_gone() {
    let (ports, profile) = (ports(), profile());
    let (mut proven, mut alive) = (0, 0);
    for seed in 0..cases() {
        let mut dice = Dice(seed ^ 0xdead);
        let mut habits = Habits::draw(&mut dice);
        let count = u32::try_from(2 + dice.below(5 * habits.cap)).unwrap();
        let wanted = u32::try_from(dice.below(usize::try_from(count).unwrap())).unwrap();
        habits.stray = dice.one_in(20).then_some(wanted);
        let mut state = State::new(count, habits.clone(), seed);
        state.kept = Some(wanted);
        let wire = Arc::new(ModelApi::new(state));
        let api = client(&wire);
        let outcomes: Vec<Outcome> = if dice.one_in(3) {
            let targets = [target(wanted)];
            let all = revoke_many(
                &ports,
                &profile,
                &api,
                &targets,
                at_once(),
                &|_| {},
                std::future::pending(),
            )
            .await;
            all.into_iter().map(|one| one.outcome).collect()
        } else {
            let never = std::future::pending();
            let case = Case {
                ports: &ports,
                profile: &profile,
                client: &api,
                falls_back: false,
                target: &target(wanted),
            };
            let how = (Method::Endpoint, Evidence::List);
            let one = revoke(case, how, at_once(), &|_, _| {}, never).await;
            vec![one.outcome]
        };
        let state = wire.state();
        let is_alive = state.keys.contains(&wanted);
        for outcome in outcomes {
            assert!(
                !(is_alive && outcome.is_proven()),
                "seed {seed}, {habits:?}: key {wanted} is alive, {outcome:?}"
            );
            let said_no = matches!(habits.delete, Delete::Fails503 | Delete::Fails503AndAnotherRevokes);
            assert!(
                !(said_no && outcome.is_proven()),
                "seed {seed}, {habits:?}: never accepted, {outcome:?}"
            );
            let quiet = state.changes == 0 && habits.is_honest() && !said_no;
            if quiet && !is_alive {
                assert!(outcome.is_proven(), "seed {seed}, {habits:?}: {outcome:?}");
            }
            proven += usize::from(outcome.is_proven());
        }
        alive += usize::from(is_alive);
    }
    println!(
        "absence: {} revocations, {alive} keys stayed alive, {proven} proven gone",
        cases()
    );
}

/// A creation of before, whose answer was lost, in a profile of its own.
async fn lost(ports: &Ports, name: &str, wanted: u32, others: u32, ago: SignedDuration) -> Profile {
    let profile = Profile {
        name: name.to_owned(),
        ..profile()
    };
    let intent = Intent {
        name: KeyName::parse(&format!("Key {wanted}")).unwrap(),
        at: Timestamp::now().checked_sub(ago).unwrap(),
        known: (0..others).filter(|&key| key != wanted).map(id).collect(),
        manual: false,
    };
    ports.journal.begin(&profile.scope(), intent).await.unwrap();
    profile
}

#[tokio::test]
async fn no_creation_is_closed_or_settled_while_its_key_is_alive() {
    let ports = ports();
    let (mut lost_values, mut looked_for) = (0, 0);
    for seed in 0..cases() {
        let mut dice = Dice(seed ^ 0xbeef);
        let mut habits = Habits::draw(&mut dice);
        let count = u32::try_from(2 + dice.below(5 * habits.cap)).unwrap();
        let wanted = u32::try_from(dice.below(usize::try_from(count).unwrap())).unwrap();
        habits.stray = dice.one_in(20).then_some(wanted);
        let profile = lost(
            &ports,
            &format!("p{seed}"),
            wanted,
            count,
            SignedDuration::from_mins(10),
        )
        .await;
        let mut state = State::new(count, habits.clone(), seed);
        state.kept = Some(wanted);
        let api = Arc::new(ModelApi::new(state));
        // Once it is called lost, the second look may call it settled.
        for _ in 0..2 {
            let waiting = recover(&ports, &profile, &client(&api), Since::EarlierRun)
                .await
                .unwrap();
            match waiting.as_slice() {
                [Waiting::Lost(_)] => lost_values += 1,
                [Waiting::Looking(_)] => looked_for += 1,
                other => panic!("seed {seed}, {habits:?}: key {wanted} of {count} is alive, {other:?}"),
            }
        }
    }
    println!(
        "recovery: {} creations looked at twice, {lost_values} times found, {looked_for} times not",
        cases()
    );
}

#[tokio::test]
async fn a_key_that_is_listed_at_once_is_said_to_be_and_until_when_another_copy_may_have_its_value() {
    let ports = ports();
    let profile = lost(&ports, "fresh", 7, 12, SignedDuration::from_secs(5)).await;
    let api = Arc::new(ModelApi::new(State::new(12, steady(Total::Right, 100), 1)));
    let waiting = recover(&ports, &profile, &client(&api), Since::EarlierRun)
        .await
        .unwrap();
    let [Waiting::Listed(creation, minted, until)] = waiting.as_slice() else {
        panic!("{waiting:?}");
    };
    let lease = until.duration_since(creation.intent.at);
    assert_eq!((minted.id.raw(), lease), ("key_7", SignedDuration::from_secs(45)));
    let said = waiting[0].sentence("your keyring");
    let clock = until.strftime("%H:%M:%S UTC").to_string();
    assert!(
        said.contains("“Key 7” (key_7) is listed.") && said.contains(&format!("until {clock}")),
        "{said}"
    );
    // Where the other copy had its time, one match is a lost value.
    let profile = lost(&ports, "old", 7, 12, SignedDuration::from_secs(46)).await;
    let waiting = recover(&ports, &profile, &client(&api), Since::EarlierRun)
        .await
        .unwrap();
    assert!(matches!(waiting.as_slice(), [Waiting::Lost(_)]), "{waiting:?}");
}

#[tokio::test]
async fn a_creation_is_closed_when_two_whole_lists_lack_its_key_and_by_nothing_less() {
    let ports = ports();
    for (name, total, closed) in [("short", Total::TooMany(1), false), ("whole", Total::Right, true)] {
        let profile = lost(&ports, name, 12, 12, SignedDuration::from_mins(10)).await;
        let api = Arc::new(ModelApi::new(State::new(12, steady(total, 100), 1)));
        let waiting = recover(&ports, &profile, &client(&api), Since::EarlierRun)
            .await
            .unwrap();
        assert_eq!(waiting.is_empty(), closed, "{name}: {waiting:?}");
        assert!(
            !closed || api.state().requests == 2,
            "{name}: {} requests",
            api.state().requests
        );
    }
}

#[tokio::test]
async fn a_plain_list_of_one_page_costs_one_request_and_a_longer_one_is_looked_at_twice() {
    for (count, total, requests) in [
        (12, Total::Right, 1),
        (50, Total::Right, 1),
        (99, Total::Right, 1),
        // A full page may be followed by another, whatever it counts.
        (100, Total::Right, 3),
        (151, Total::Right, 3),
        (12, Total::Unsaid, 3),
    ] {
        let api = Arc::new(ModelApi::new(State::new(count, steady(total, 100), 1)));
        assert!(read(&api).await.complete, "{count} {total:?}");
        assert_eq!(api.state().requests, requests, "{count} {total:?}");
    }
}

#[tokio::test]
async fn a_capped_list_without_a_total_and_one_that_counts_its_page_are_read_to_their_end() {
    for (count, total, cap) in [
        (121, Total::Unsaid, 50),
        (251, Total::OfThePage, 100),
        (100, Total::OfThePage, 50),
    ] {
        for says_size in [true, false] {
            let habits = Habits {
                says_size,
                ..steady(total, cap)
            };
            let api = Arc::new(ModelApi::new(State::new(count, habits, 1)));
            let listing = read(&api).await;
            assert_eq!(
                (listing.complete, listing.keys.len()),
                (true, usize::try_from(count).unwrap()),
                "{total:?}"
            );
        }
    }
}

#[tokio::test]
async fn fewer_keys_than_are_counted_and_an_empty_list_that_is_not_said_to_be_one_are_not_complete() {
    let api = Arc::new(ModelApi::new(State::new(121, steady(Total::TooMany(1), 100), 1)));
    let listing = read(&api).await;
    assert_eq!((listing.complete, listing.keys.len()), (false, 121));
    for (total, complete) in [(Total::Unsaid, false), (Total::Right, true)] {
        let api = Arc::new(ModelApi::new(State::new(0, steady(total, 100), 1)));
        assert_eq!(read(&api).await.complete, complete, "{total:?}");
    }
}
