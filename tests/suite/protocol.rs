//! The show-once protocol against every fault of the answer, and every end of the search: real HTTP, a journal and a
//! store in memory, and time that is moved by hand.

use std::sync::Arc;
use std::time::Duration;

use chatzuri_keys::adapters::browser::DesktopBrowser;
use chatzuri_keys::adapters::http::{Backoff, EndpointNames, HttpConnect, HttpLimits};
use chatzuri_keys::adapters::memory_store::MemoryStore;
use chatzuri_keys::adapters::process::ChildProcesses;
use chatzuri_keys::adapters::report_folder::DiskFolder;
use chatzuri_keys::adapters::sqlite::SqliteJournal;
use chatzuri_keys::core::creation::CreationStage;
use chatzuri_keys::core::key::{KeyId, KeyName};
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ops::client::TeamClient;
use chatzuri_keys::ops::create::{CreateError, NewKey, Safety, WithoutStore, create};
use chatzuri_keys::ops::custody::{Acknowledged, acknowledge};
use chatzuri_keys::ops::recover::{Since, Waiting, recover};
use chatzuri_keys::ops::sign_in::Profile;
use chatzuri_keys::ports::{BaseUrl, Connect, Fault, Ports};
use chatzuri_keys::sandbox::{self, FaultRule, Running, SandboxOptions};

use crate::support::stage::{MovedClock, SlotClipboard};

/// A machine with a server, whose clocks stand together.
struct Machine {
    sandbox: Running,
    ports: Ports,
    clock: Arc<MovedClock>,
    store: Arc<MemoryStore>,
    profile: Profile,
    api: Arc<TeamClient>,
}

impl Machine {
    async fn start() -> Self {
        let options = SandboxOptions {
            apps: false,
            ..SandboxOptions::default()
        };
        let sandbox = sandbox::start(options).await.unwrap();
        let clock = Arc::new(MovedClock::default());
        let limits = HttpLimits {
            backoff: Backoff {
                base: Duration::from_millis(1),
                cap: Duration::from_millis(2),
                ..Backoff::default()
            },
            idle: Duration::from_millis(300),
            total: Duration::from_millis(600),
            ..HttpLimits::default()
        };
        let store = Arc::new(MemoryStore::new());
        let connect = HttpConnect::with_limits(EndpointNames::default(), limits, clock.clone());
        let base_url = BaseUrl::parse(&sandbox.base_url).unwrap();
        let credential = Secret::parse(sandbox.credential.expose()).unwrap();
        let credential = Arc::new(credential);
        let wire = connect.connect(&base_url, Arc::clone(&credential)).unwrap();
        let ports = Ports {
            connect: Arc::new(connect),
            store: store.clone(),
            clipboard: Arc::new(SlotClipboard::default()),
            processes: Arc::new(ChildProcesses),
            reports: Arc::new(DiskFolder::current()),
            browser: Arc::new(DesktopBrowser::new(Default::default())),
            journal: Arc::new(SqliteJournal::in_memory()),
            actor: Label::new("amina"),
            clock: clock.clone(),
        };
        let api = Arc::new(TeamClient::bare(&ports, &base_url, wire, credential));
        let profile = Profile {
            name: "default".to_owned(),
            base_url,
            credential_command: None,
            from_environment: None,
            manual: Default::default(),
            peers: Vec::new(),
        };
        Self {
            sandbox,
            ports,
            clock,
            store,
            profile,
            api,
        }
    }

    fn inject(&self, rule: &str) {
        self.sandbox.inject(FaultRule::parse(rule).unwrap());
    }

    async fn create(&self, name: &str) -> Result<NewKey, CreateError> {
        let name = KeyName::parse(name).unwrap();
        let (ports, api) = (&self.ports, &*self.api);
        create(ports, &self.profile, api, name, WithoutStore::Refuse).await
    }

    async fn recover(&self, since: Since) -> Vec<Waiting> {
        recover(&self.ports, &self.profile, &self.api, since).await.unwrap()
    }

    /// As the run does that has just lost the answer.
    async fn look_now(&self) -> Vec<Waiting> {
        let since = self.just_now().await;
        self.recover(since).await
    }

    async fn just_now(&self) -> Since {
        let unfinished = self.ports.journal.unfinished(&self.profile.scope()).await.unwrap();
        unfinished
            .into_iter()
            .next()
            .map_or(Since::EarlierRun, |creation| Since::JustNow(creation.op))
    }

    fn pass(&self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.clock.advance(time);
        self.sandbox.pass(time);
    }

    /// How often a key was asked for.
    fn posts(&self) -> usize {
        let log = self.sandbox.request_log();
        log.iter().filter(|request| request.method == "POST").count()
    }

    /// The stages of what is not over.
    async fn open(&self) -> Vec<CreationStage> {
        let rows = self.ports.journal.unfinished(&self.profile.scope()).await.unwrap();
        rows.iter().map(|row| row.stage).collect()
    }

    /// Another client makes a key: of the same name, which a slow server would make too.
    async fn another(&self, name: &str) -> String {
        let name = KeyName::parse(name).unwrap();
        self.api.create(&name).await.unwrap().key.id.raw().to_owned()
    }
}

/// A rule, and whether a fault is what the client makes of it.
type Case = (&'static str, fn(&Fault) -> bool);

/// Faults after which the server has the key, and what the client makes of them.
const MADE: &[Case] = &[
    ("create:drop-after:1", |fault| matches!(fault, Fault::Interrupted)),
    ("create:truncated:1", |fault| {
        matches!(fault, Fault::Interrupted | Fault::Unreadable { .. })
    }),
    ("create:garbage:1", |fault| matches!(fault, Fault::Unreadable { .. })),
    ("create:empty:1", |fault| matches!(fault, Fault::Unreadable { .. })),
    ("create:wrong-shape:1", |fault| {
        matches!(fault, Fault::Unreadable { .. })
    }),
    ("create:status-after=502:1", |fault| {
        matches!(fault, Fault::Server { status: 502, .. })
    }),
    ("create:hang-after:1", |fault| matches!(fault, Fault::TimedOut(_))),
    ("create:slow-after=60000:1", |fault| matches!(fault, Fault::TimedOut(_))),
    ("create:redirect-303:1", |fault| {
        matches!(fault, Fault::Redirected { status: 303, .. })
    }),
];

/// Faults after which it has none, and may have had one for all that the client can see.
const NOT_MADE: &[Case] = &[
    ("create:drop-before:1", |fault| matches!(fault, Fault::Interrupted)),
    ("create:hang:1", |fault| matches!(fault, Fault::TimedOut(_))),
    ("create:slow=60000:1", |fault| matches!(fault, Fault::TimedOut(_))),
    ("create:status=502:1", |fault| {
        matches!(fault, Fault::Server { status: 502, .. })
    }),
];

/// Creates under a fault; the answer is lost.
async fn lose(machine: &Machine, rule: &str, fits: fn(&Fault) -> bool) {
    machine.inject(rule);
    let error = machine.create("Bot").await.unwrap_err();
    assert!(error.may_exist(), "{rule}: {error}");
    assert!(fits(&error.cause().unwrap().fault), "{rule}: {error:?}");
    assert_eq!(machine.posts(), 1, "{rule}: sent once");
    assert_eq!(machine.open().await, [CreationStage::Intended], "{rule}");
    machine.sandbox.clear_faults();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_made_behind_a_lost_answer_is_found_and_called_lost() {
    for (rule, fits) in MADE {
        let machine = Machine::start().await;
        lose(&machine, rule, *fits).await;
        let waiting = machine.look_now().await;
        let [Waiting::Lost(creation)] = waiting.as_slice() else {
            panic!("{rule}: {waiting:?}");
        };
        let id = creation.minted.clone().unwrap().id;
        let list = chatzuri_keys::ops::review::read_list(&machine.api, &|_| {})
            .await
            .unwrap();
        let made: Vec<_> = list.keys.iter().filter(|key| key.name.raw() == "Bot").collect();
        assert_eq!((made.len(), &made[0].id), (1, &id), "{rule}");
        assert!(waiting[0].sentence("your keyring").contains("lost for good"), "{rule}");
        // It stays told until it is gone, and never longer.
        assert!(matches!(
            machine.recover(Since::EarlierRun).await.as_slice(),
            [Waiting::Lost(_)]
        ));
        machine.api.revoke(&id).await.unwrap();
        assert_eq!(machine.recover(Since::EarlierRun).await, [], "{rule}");
        assert_eq!(machine.open().await, [], "{rule}");
        assert_eq!(machine.store.count(), 0, "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_there_is_looked_for_for_two_minutes_and_then_closed() {
    for (rule, fits) in MADE.iter().chain(NOT_MADE) {
        let machine = Machine::start().await;
        lose(&machine, rule, *fits).await;
        // Somebody else saw the new key first, and revoked it.
        let list = chatzuri_keys::ops::review::read_list(&machine.api, &|_| {})
            .await
            .unwrap();
        for key in list.keys.iter().filter(|key| key.name.raw() == "Bot") {
            machine.api.revoke(&key.id).await.unwrap();
        }
        for _ in 0..2 {
            let waiting = machine.look_now().await;
            assert!(
                matches!(waiting.as_slice(), [Waiting::Looking(_)]),
                "{rule}: {waiting:?}"
            );
            machine.pass(50);
        }
        machine.pass(30);
        assert_eq!(machine.look_now().await, [], "{rule}");
        assert_eq!(machine.open().await, [], "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_appears_late_is_found_within_the_two_minutes() {
    for (rule, fits) in NOT_MADE {
        let machine = Machine::start().await;
        lose(&machine, rule, *fits).await;
        let waiting = machine.recover(Since::EarlierRun).await;
        assert!(matches!(waiting.as_slice(), [Waiting::Looking(_)]), "{rule}");
        // The server makes it now.
        machine.pass(60);
        let id = machine.another("Bot").await;
        let waiting = machine.recover(Since::EarlierRun).await;
        let [Waiting::Lost(creation)] = waiting.as_slice() else {
            panic!("{rule}: {waiting:?}");
        };
        assert_eq!(creation.minted.as_ref().unwrap().id.raw(), id, "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_could_be_it_none_is_chosen() {
    for (rule, fits) in MADE.iter().chain(NOT_MADE) {
        let machine = Machine::start().await;
        lose(&machine, rule, *fits).await;
        let mut ids = vec![machine.another("Bot").await];
        if NOT_MADE.iter().any(|(not_made, _)| not_made == rule) {
            ids.push(machine.another("Bot").await);
        }
        let waiting = machine.look_now().await;
        let [Waiting::Several(_, found)] = waiting.as_slice() else {
            panic!("{rule}: {waiting:?}");
        };
        assert_eq!(found.len(), 2, "{rule}");
        for id in &ids {
            assert!(
                waiting[0].sentence("your keyring").contains(id),
                "{rule}: {}",
                waiting[0].sentence("your keyring")
            );
        }
        assert_eq!(
            machine.open().await,
            [CreationStage::Intended],
            "{rule}: the person decides"
        );
        // Also after the two minutes: a live key that nobody owns is not forgotten.
        machine.pass(600);
        let waiting = machine.recover(Since::EarlierRun).await;
        assert!(
            matches!(waiting.as_slice(), [Waiting::Several(..)]),
            "{rule}: {waiting:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_other_names_times_and_owners_are_not_taken_for_it() {
    let machine = Machine::start().await;
    machine.another("Bot").await;
    machine.pass(30);
    // Two were asked for in all: the one before, and the lost one.
    machine.inject("create:drop-before:1");
    machine.create("Bot").await.unwrap_err();
    machine.another("Bot 2").await;
    let waiting = machine.look_now().await;
    assert!(matches!(waiting.as_slice(), [Waiting::Looking(_)]), "{waiting:?}");
    machine.pass(130);
    machine.another("Bot").await;
    assert_eq!(machine.look_now().await, [], "made too late to be it");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_only_slow_is_waited_for_and_a_list_that_fails_gives_nothing_up() {
    let machine = Machine::start().await;
    machine.inject("create:slow-after=100:1");
    let new = machine.create("Bot").await.unwrap();
    assert_eq!(new.safety, Safety::Escrowed);
    assert!(matches!(
        machine.recover(Since::EarlierRun).await.as_slice(),
        [Waiting::Value(_)]
    ));
    assert_eq!(
        acknowledge(&machine.ports, &machine.profile, &new.creation).await,
        Acknowledged::Forgotten
    );
    assert_eq!((machine.open().await.len(), machine.store.count()), (0, 0));

    machine.inject("create:drop-after:1");
    machine.create("Bot 2").await.unwrap_err();
    for rule in ["list:status=500", "list:drop-before", "list:garbage", "list:hang"] {
        machine.inject(rule);
        machine.pass(200);
        let looked = recover(&machine.ports, &machine.profile, &machine.api, machine.just_now().await).await;
        assert!(looked.is_err(), "{rule}: {looked:?}");
        machine.sandbox.clear_faults();
        assert_eq!(machine.open().await, [CreationStage::Intended], "{rule}");
    }
    let waiting = machine.look_now().await;
    assert!(matches!(waiting.as_slice(), [Waiting::Lost(_)]), "{waiting:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_no_made_nothing_and_nothing_is_looked_for() {
    for rule in ["create:status=403:1", "create:status=400:1", "create:retry-after=3:1"] {
        let machine = Machine::start().await;
        machine.inject(rule);
        let error = machine.create("Bot").await.unwrap_err();
        assert!(matches!(error, CreateError::NotCreated(..)), "{rule}: {error:?}");
        assert_eq!((machine.posts(), machine.open().await.len()), (1, 0), "{rule}");
    }
}

/// Takes a key off the server by other hands.
async fn revoked_elsewhere(machine: &Machine, id: &KeyId) {
    machine.api.revoke(id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_value_is_forgotten_once_its_key_is_proven_gone_and_not_before() {
    let machine = Machine::start().await;
    let new = machine.create("Bot").await.unwrap();
    let waits = |waiting: &[Waiting]| matches!(waiting, [Waiting::Value(_)]);
    // The list alone says nothing: the value may be alive where the list lacks it.
    machine.pass(130);
    machine.inject("revoke:revoke-never:1");
    revoked_elsewhere(&machine, &new.key.id).await;
    assert!(waits(&machine.recover(Since::EarlierRun).await), "its value answers");
    acknowledge(&machine.ports, &machine.profile, &new.creation).await;
    let new = machine.create("Bot again").await.unwrap();
    machine.pass(130);
    revoked_elsewhere(&machine, &new.key.id).await;
    assert!(machine.recover(Since::EarlierRun).await.is_empty());
    assert_eq!((machine.open().await.len(), machine.store.count()), (0, 0));

    // A key that was made just now may be unknown to all of the server for a while.
    let young = machine.create("Bot 2").await.unwrap();
    revoked_elsewhere(&machine, &young.key.id).await;
    assert!(
        waits(&machine.recover(Since::EarlierRun).await),
        "it is too young to be given up"
    );
    machine.pass(130);
    // One refusal is no death, and no answer is none either.
    machine.inject("teams:status=503");
    assert!(waits(&machine.recover(Since::EarlierRun).await));
    machine.sandbox.clear_faults();
    assert!(machine.recover(Since::EarlierRun).await.is_empty());
}
