//! Every way to revoke a key against every such server: an outcome that ends with exit 0 is only given where the value gets
//! 401 while another credential gets 200.
//!
//! The short form takes one list, and the long form lists of many lengths:
//!
//!     CHATZURI_KEYS_LONG=1 cargo test --test suite -- proofs::table --nocapture

use std::sync::Arc;
use std::time::Duration;

use chatzuri_keys::adapters::browser::DesktopBrowser;
use chatzuri_keys::adapters::clock::SystemClock;
use chatzuri_keys::adapters::memory_store::MemoryStore;
use chatzuri_keys::adapters::process::ChildProcesses;
use chatzuri_keys::adapters::report_folder::DiskFolder;
use chatzuri_keys::adapters::sqlite::SqliteJournal;
use chatzuri_keys::core::capability::{Capabilities, Capability};
use chatzuri_keys::core::incident::Fact;
use chatzuri_keys::core::listing::ListedKey;
use chatzuri_keys::core::outcome::Outcome;
use chatzuri_keys::core::policy::Policies;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ops::create::WithoutStore;
use chatzuri_keys::ops::custody::acknowledge;
use chatzuri_keys::ops::leak::{Found, Means, find, kill};
use chatzuri_keys::ops::manual::ManualSettings;
use chatzuri_keys::ops::revoke::{
    Case, Evidence, HeldValue, Method, OnFact, Pace, ProbePolicy, RetryPolicy, Revoked, revoke, revoke_many,
};
use chatzuri_keys::ops::rotate::{At, Minted, Rules, begin, cancel, finish, hand_to_own_place, mint, read, read_list};
use chatzuri_keys::ops::sign_in::{Profile, Session, find_session};
use chatzuri_keys::ports::{Account, BaseUrl, CredentialStore, Ports};
use jiff::SignedDuration;

use super::model::{After, DELETES, Delete, LISTS, Lists, Server, number, value};
use crate::support::stage::SlotClipboard;

/// The key we are signed in with.
const OWN: usize = 0;
/// That of another profile.
const PEER: usize = 1;
/// The key that is to die, and one more of several.
const VICTIM: usize = 4;
const OTHER: usize = 3;

/// How a key is revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    Revoke,
    Bulk,
    /// With its value at hand.
    Known,
    Leak,
    /// By itself: nobody is signed in.
    LeakItself,
    Finish,
    FinishOwn,
    CancelNew,
    CancelNewOwn,
    Own,
    OwnKnown,
    OwnWithPeer,
    OwnKnownWithPeer,
    BulkWithOwn,
}

const WAYS: [Job; 14] = [
    Job::Revoke,
    Job::Bulk,
    Job::Known,
    Job::Leak,
    Job::LeakItself,
    Job::Finish,
    Job::FinishOwn,
    Job::CancelNew,
    Job::CancelNewOwn,
    Job::Own,
    Job::OwnKnown,
    Job::OwnWithPeer,
    Job::OwnKnownWithPeer,
    Job::BulkWithOwn,
];

impl Job {
    fn has_peer(self) -> bool {
        matches!(self, Self::OwnWithPeer | Self::OwnKnownWithPeer)
    }

    /// Whether nothing but the value that is to die can ask the server.
    fn is_alone(self, key: usize) -> bool {
        match self {
            Self::Own | Self::OwnKnown | Self::LeakItself => true,
            Self::BulkWithOwn => key == OWN,
            _ => false,
        }
    }
}

/// How it is sent and watched: for long enough where the value gets its 401s at once, and for no time where it stays alive.
fn pace(is_refused: bool) -> Pace {
    let retry = RetryPolicy {
        sends: 4,
        first_wait: Duration::ZERO,
        longest_wait: Duration::ZERO,
    };
    let limit = if is_refused {
        Duration::from_secs(60)
    } else {
        Duration::from_millis(10)
    };
    let watch = ProbePolicy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(2),
        limit,
        ..ProbePolicy::default()
    };
    Pace { retry, probe: watch }
}

/// One machine before one server.
struct Stage {
    server: Server,
    ports: Ports,
    profile: Profile,
    policies: Policies,
    pace: Pace,
}

fn profile(name: &str) -> Profile {
    Profile {
        name: name.to_owned(),
        base_url: BaseUrl::parse("http://127.0.0.1:1/api/v1").unwrap(),
        credential_command: None,
        from_environment: None,
        manual: ManualSettings {
            settled: Capabilities {
                list: Capability::Endpoint,
                create: Capability::Endpoint,
                revoke: Capability::Endpoint,
            },
            page: None,
        },
        peers: Vec::new(),
    }
}

fn secret(number: usize) -> Arc<Secret> {
    Arc::new(Secret::parse(&value(number)).unwrap())
}

impl Stage {
    async fn new(server: Server, job: Job, pace: Pace) -> Self {
        let store = Arc::new(MemoryStore::new());
        let mut main = profile("main");
        let peer = profile("second");
        if job != Job::LeakItself {
            store.set(&main.account(), secret(OWN)).await.unwrap();
        }
        if job.has_peer() {
            store.set(&peer.account(), secret(PEER)).await.unwrap();
            main.peers.push(peer);
        }
        let ports = Ports {
            connect: Arc::new(server.clone()),
            store,
            clipboard: Arc::new(SlotClipboard::default()),
            processes: Arc::new(ChildProcesses),
            reports: Arc::new(DiskFolder::current()),
            browser: Arc::new(DesktopBrowser::new(Default::default())),
            journal: Arc::new(SqliteJournal::in_memory()),
            actor: Label::new("amina"),
            clock: Arc::new(SystemClock),
        };
        Self {
            server,
            ports,
            profile: main,
            policies: Policies::default(),
            pace,
        }
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            policies: &self.policies,
            quiet: SignedDuration::from_hours(24),
        }
    }

    async fn session(&self) -> Session {
        find_session(&self.ports, &self.profile).await.unwrap().unwrap()
    }

    fn at<'a>(&'a self, session: &'a Session) -> At<'a> {
        At {
            ports: &self.ports,
            profile: &self.profile,
            session,
        }
    }

    async fn listed(&self, session: &Session, key: usize) -> ListedKey {
        let listing = read_list(self.at(session)).await.unwrap();
        let found = listing.keys.iter().find(|listed| number(&listed.key.id) == key);
        found.unwrap().clone()
    }

    /// Revokes in this way: each key, and how it ended.
    async fn run(&self, job: Job) -> Vec<(usize, Outcome)> {
        match job {
            Job::Revoke => vec![self.revoke(VICTIM).await],
            Job::Own | Job::OwnWithPeer => vec![self.revoke(OWN).await],
            Job::Bulk => self.bulk(&[OTHER, VICTIM]).await,
            Job::BulkWithOwn => self.bulk(&[VICTIM, OWN]).await,
            Job::Known => vec![self.revoke_known(VICTIM).await],
            Job::OwnKnown | Job::OwnKnownWithPeer => vec![self.revoke_known(OWN).await],
            Job::Leak => vec![self.leak(false).await],
            Job::LeakItself => vec![self.leak(true).await],
            Job::Finish => vec![self.finish(VICTIM).await],
            Job::FinishOwn => vec![self.finish(OWN).await],
            Job::CancelNew => vec![self.cancel(VICTIM).await],
            Job::CancelNewOwn => vec![self.cancel(OWN).await],
        }
    }

    fn case<'a>(&'a self, session: &'a Session, target: &'a ListedKey) -> Case<'a> {
        Case {
            falls_back: false,
            ..Case::of(&self.ports, &self.profile, session, target)
        }
    }

    async fn revoke(&self, key: usize) -> (usize, Outcome) {
        let session = self.session().await;
        let target = self.listed(&session, key).await;
        self.revoke_with(&session, &target).await
    }

    async fn revoke_with(&self, session: &Session, target: &ListedKey) -> (usize, Outcome) {
        let never = std::future::pending();
        let ended = revoke(
            self.case(session, target),
            (Method::Endpoint, Evidence::List),
            self.pace,
            &|_, _| {},
            never,
        )
        .await;
        (number(&target.key.id), ended.outcome)
    }

    async fn revoke_known(&self, key: usize) -> (usize, Outcome) {
        let session = self.session().await;
        let target = self.listed(&session, key).await;
        let given = HeldValue {
            value: secret(key),
            known: true,
        };
        let never = std::future::pending();
        let how = (Method::Endpoint, Evidence::Value(given));
        let ended = revoke(self.case(&session, &target), how, self.pace, &|_, _| {}, never).await;
        (key, ended.outcome)
    }

    async fn bulk(&self, keys: &[usize]) -> Vec<(usize, Outcome)> {
        let session = self.session().await;
        let mut targets = Vec::new();
        for &key in keys {
            targets.push(self.listed(&session, key).await);
        }
        let never = std::future::pending();
        let (ports, profile) = (&self.ports, &self.profile);
        let all = revoke_many(ports, profile, &session.client, &targets, self.pace, &|_| {}, never).await;
        let ended = |one: Revoked| (number(&one.target.key.id), one.outcome);
        all.into_iter().map(ended).collect()
    }

    async fn leak(&self, with_leaked_key: bool) -> (usize, Outcome) {
        let means = Means {
            with_leaked_key,
            always_probe: false,
        };
        let mut search = find(&self.ports, &self.profile, &[], secret(VICTIM), means, &|_, _| {}).await;
        assert!(matches!(search.found, Found::Key(_)), "{:?}", search.timeline);
        let never = std::future::pending();
        let killed = kill(&self.ports, &mut search, self.pace, &|_, _| {}, never).await;
        let said = |wanted: &Fact| search.timeline.facts.iter().any(|seen| seen.fact == *wanted);
        if killed.outcome.is_proven() {
            assert!(
                said(&Fact::Controlled) || (with_leaked_key && said(&Fact::Uncontrolled)),
                "{:?}",
                search.timeline.facts
            );
        } else {
            assert!(!said(&Fact::Dead), "{:?}", search.timeline.facts);
        }
        (VICTIM, killed.outcome)
    }

    /// Begins the rotation of a key as far as its new one, which is signed in with where it is our own.
    async fn begun(&self, old: usize) -> (Session, Minted) {
        let session = self.session().await;
        let at = self.at(&session);
        let listing = read_list(at).await.unwrap();
        let target = self.listed(&session, old).await;
        let rotation = begin(at, &listing, &target, (None, false), self.rules()).await.unwrap();
        let minted = mint(at, &rotation, WithoutStore::Refuse).await.unwrap();
        if old == OWN {
            hand_to_own_place(at, &minted.rotation, &minted.new, Some(&target.key))
                .await
                .unwrap();
        }
        acknowledge(&self.ports, &self.profile, &minted.new.creation).await;
        (self.session().await, minted)
    }

    async fn finish(&self, old: usize) -> (usize, Outcome) {
        let (session, minted) = self.begun(old).await;
        let seen = read(self.at(&session), minted.rotation, self.rules()).await.unwrap();
        let never = std::future::pending();
        let untold: OnFact<'_> = &|_, _| {};
        let finished = finish(
            self.at(&session),
            &seen,
            true,
            self.rules(),
            None,
            (self.pace, untold),
            never,
        )
        .await
        .unwrap();
        if old == OWN {
            let kept = Account::retired(&finished.rotation.id);
            let is_kept = self.ports.store.get(&kept).await.unwrap().is_some();
            assert!(
                is_kept || !self.server.is_alive(OWN),
                "the value of before is alive and forgotten"
            );
        }
        (old, finished.outcome)
    }

    async fn cancel(&self, old: usize) -> (usize, Outcome) {
        let (session, minted) = self.begun(old).await;
        let new = number(&minted.new.key.id);
        let target = self.listed(&session, new).await;
        cancel(self.at(&session), &minted.rotation).await.unwrap();
        self.revoke_with(&session, &target).await
    }
}

/// The lengths of lists: keys, and keys on a page.
fn layouts() -> Vec<(usize, usize)> {
    if std::env::var_os("CHATZURI_KEYS_LONG").is_none() {
        return vec![(9, 4)];
    }
    let keys = [5, 6, 9, 12, 17];
    keys.iter()
        .flat_map(|&keys| [2, 3, 4, 5, 8].map(|per_page| (keys, per_page)))
        .collect()
}

type Tried = (Delete, Lists, After, Job, (usize, usize));

/// What is wrong with how a case ended, and how many outcomes were proven.
async fn case((delete, lists, after, job, (keys, per_page)): Tried) -> (Vec<String>, usize) {
    let server = Server::new(keys, per_page, (delete, lists, after));
    let is_refused = matches!(delete, Delete::Works | Delete::DropsAfter) || after == After::RefusesAll;
    let stage = Stage::new(server.clone(), job, pace(is_refused)).await;
    let outcomes = stage.run(job).await;
    server.mend();
    let (mut wrong, mut proven) = (Vec::new(), 0);
    for (key, outcome) in outcomes {
        let is_dead = !server.is_alive(key);
        let is_controlled = after == After::Right;
        // An accepted revocation of the only value that can ask is believed.
        let accepted = matches!(delete, Delete::Works | Delete::DoesNothing);
        let is_believed = job.is_alone(key) && accepted && after == After::RefusesAll;
        if outcome.is_proven() && !(is_dead && is_controlled) && !is_believed {
            wrong.push(format!(
                "key {key} is {outcome:?}: dead {is_dead}, controlled {is_controlled}"
            ));
        }
        let all_is_well = delete == Delete::Works && lists == Lists::Right && after == After::Right;
        if all_is_well && !outcome.is_proven() {
            wrong.push(format!("key {key} is dead, and {outcome:?}"));
        }
        proven += usize::from(outcome.is_proven());
    }
    (wrong, proven)
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_0_is_only_given_to_a_value_that_is_refused_while_another_credential_is_not() {
    let mut cases: Vec<Tried> = Vec::new();
    for layout in layouts() {
        for delete in DELETES {
            for lists in LISTS {
                for after in [After::Right, After::RefusesAll] {
                    cases.extend(WAYS.map(|job| (delete, lists, after, job, layout)));
                }
            }
        }
    }
    let (mut wrong, mut proven, all) = (Vec::new(), 0, cases.len());
    for some in cases.chunks(64) {
        let running: Vec<_> = some.iter().map(|&one| (one, tokio::spawn(case(one)))).collect();
        for (one, running) in running {
            let (bad, good) = running.await.unwrap_or_else(|error| (vec![error.to_string()], 0));
            wrong.extend(bad.into_iter().map(|why| format!("{one:?}: {why}")));
            proven += good;
        }
    }
    println!("proofs: {all} cases, {proven} proven, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{} of {all}: {wrong:#?}", wrong.len());
    assert!(proven > all / 20, "{proven} of {all} are too few to prove anything");
}
