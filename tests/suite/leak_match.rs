//! A leaked value whose key the list does not tell: by whose last use moves, never by a guess.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chatzuri_keys::adapters::browser::DesktopBrowser;
use chatzuri_keys::adapters::clock::SystemClock;
use chatzuri_keys::adapters::http::{EndpointNames, HttpConnect};
use chatzuri_keys::adapters::memory_store::MemoryStore;
use chatzuri_keys::adapters::process::ChildProcesses;
use chatzuri_keys::adapters::report_folder::DiskFolder;
use chatzuri_keys::adapters::sqlite::SqliteJournal;
use chatzuri_keys::core::incident::{Fit, How};
use chatzuri_keys::core::key::{ApiKey, KeyId, KeyName, Own};
use chatzuri_keys::core::outcome::Outcome;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::team::TeamIdentity;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ops::leak::{Found, Means, Search, find, kill};
use chatzuri_keys::ops::revoke::{Pace, ProbePolicy};
use chatzuri_keys::ops::sign_in::Profile;
use chatzuri_keys::ports::{
    Answer, ApiError, BaseUrl, Connect, CreatedKey, Fault, KeyApi, KeyPage, Operation, Ports, Probe,
};
use chatzuri_keys::sandbox::{self, Running, SandboxOptions};
use jiff::SignedDuration;

use crate::support::stage::SlotClipboard;

/// What is done to each list on its way: its number, from 0, and its keys.
type Reshape = Arc<dyn Fn(usize, &mut Vec<ApiKey>) + Send + Sync>;

/// The real connection, whose lists are reshaped.
struct Reshaping(HttpConnect, Reshape);

struct ReshapedApi(Arc<dyn KeyApi>, Reshape, AtomicUsize);

impl Connect for Reshaping {
    fn connect(&self, base_url: &BaseUrl, credential: Arc<Secret>) -> Result<Arc<dyn KeyApi>, ApiError> {
        let api = self.0.connect(base_url, credential)?;
        Ok(Arc::new(ReshapedApi(api, Arc::clone(&self.1), AtomicUsize::new(0))))
    }
}

impl KeyApi for ReshapedApi {
    fn list_page(&self, page: u32) -> Answer<'_, Result<KeyPage, ApiError>> {
        Box::pin(async move {
            let mut answer = self.0.list_page(page).await?;
            (self.1)(self.2.fetch_add(1, Ordering::SeqCst), &mut answer.keys);
            Ok(answer)
        })
    }

    fn create<'a>(&'a self, name: &'a KeyName) -> Answer<'a, Result<CreatedKey, ApiError>> {
        self.0.create(name)
    }

    fn revoke<'a>(&'a self, id: &'a KeyId) -> Answer<'a, Result<(), ApiError>> {
        self.0.revoke(id)
    }

    fn teams(&self) -> Answer<'_, Result<TeamIdentity, ApiError>> {
        self.0.teams()
    }

    fn probe<'a>(&'a self, value: &'a Secret) -> Answer<'a, Result<Probe, ApiError>> {
        self.0.probe(value)
    }

    fn speaks_with(&self, value: &Secret) -> bool {
        self.0.speaks_with(value)
    }

    fn is_own(&self, key: &ApiKey) -> Own {
        self.0.is_own(key)
    }

    fn clock_offset(&self) -> SignedDuration {
        self.0.clock_offset()
    }

    fn failed(&self, operation: Operation, fault: Fault) -> ApiError {
        self.0.failed(operation, fault)
    }
}

async fn start() -> Running {
    let options = SandboxOptions {
        apps: false,
        ..SandboxOptions::default()
    };
    sandbox::start(options).await.unwrap()
}

fn profile(name: &str, server: &Running) -> Profile {
    Profile {
        name: name.to_owned(),
        base_url: BaseUrl::parse(&server.base_url).unwrap(),
        credential_command: None,
        from_environment: Some(Arc::new(Secret::parse(server.credential.expose()).unwrap())),
        manual: Default::default(),
        peers: Vec::new(),
    }
}

fn ports(reshape: Reshape) -> Ports {
    let real = HttpConnect::new(EndpointNames::default(), Arc::new(SystemClock));
    Ports {
        connect: Arc::new(Reshaping(real, reshape)),
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

async fn search(ports: &Ports, server: &Running, value: &Secret, means: Means) -> Search {
    let value = Arc::new(Secret::parse(value.expose()).unwrap());
    find(ports, &profile("acme", server), &[], value, means, &|_, _| {}).await
}

fn hide_ends(_: usize, keys: &mut Vec<ApiKey>) {
    for key in keys {
        key.prefix = None;
        key.last_four = None;
    }
}

fn name_of(search: &Search) -> (&str, Option<How>) {
    match &search.found {
        Found::Key(found) => (found.target.key.name.raw(), search.timeline.how()),
        _ => ("", None),
    }
}

#[tokio::test]
async fn without_ends_the_key_whose_last_use_moved_is_it() {
    let server = start().await;
    let ports = ports(Arc::new(hide_ends));
    let mut found = search(&ports, &server, &server.leaked, Means::default()).await;
    assert_eq!(name_of(&found), ("Staging importer", Some(How::Use)));
    let watch = ProbePolicy {
        first_wait: Duration::from_millis(1),
        ..ProbePolicy::default()
    };
    let pace = Pace {
        probe: watch,
        ..Pace::default()
    };
    let killed = kill(&ports, &mut found, pace, &|_, _| {}, std::future::pending()).await;
    assert_eq!((killed.outcome, killed.recorded), (Outcome::Dead, Ok(())));
}

#[tokio::test]
async fn without_ends_our_own_credential_is_not_taken_for_another_key() {
    let server = start().await;
    let found = search(
        &ports(Arc::new(hide_ends)),
        &server,
        &server.credential,
        Means::default(),
    )
    .await;
    assert_eq!(name_of(&found), ("chatzuri-keys (this one)", Some(How::Use)));
}

#[tokio::test]
async fn two_keys_with_the_same_ends_are_told_by_their_use() {
    let server = start().await;
    let (prefix, last_four) = (server.leaked.prefix(), server.leaked.last_four());
    let same = move |_: usize, keys: &mut Vec<ApiKey>| {
        for key in keys
            .iter_mut()
            .filter(|key| matches!(key.name.raw(), "Staging importer" | "Zapier"))
        {
            key.prefix = Some(prefix.clone());
            key.last_four = Some(last_four.clone());
        }
    };
    let found = search(&ports(Arc::new(same)), &server, &server.leaked, Means::default()).await;
    assert_eq!(name_of(&found), ("Staging importer", Some(How::Use)));
}

#[tokio::test]
async fn two_keys_whose_last_use_moved_are_shown_and_none_is_chosen() {
    let server = start().await;
    let now = server.now();
    let busy = move |number: usize, keys: &mut Vec<ApiKey>| {
        hide_ends(number, keys);
        if number > 0 {
            for key in keys.iter_mut().filter(|key| key.name.raw() == "Zapier") {
                key.last_used_at = chatzuri_keys::core::key::LastUse::At(now);
            }
        }
    };
    let found = search(&ports(Arc::new(busy)), &server, &server.leaked, Means::default()).await;
    let Found::Ambiguous(suspects, why) = &found.found else {
        panic!("one was chosen");
    };
    assert!(why.contains("Revoke the right one by its id"), "{why}");
    let moved: Vec<bool> = suspects.iter().map(|suspect| suspect.moved).collect();
    assert!(
        moved.starts_with(&[true, true]) && !moved[2..].contains(&true),
        "the likeliest first: {moved:?}"
    );
    assert!(suspects.iter().all(|suspect| suspect.fit == Fit::Unknown));
}

#[tokio::test]
async fn a_busy_key_of_ours_is_not_taken_for_a_foreign_value() {
    let (server, foreign) = (start().await, start().await);
    let now = server.now();
    let busy = move |number: usize, keys: &mut Vec<ApiKey>| {
        hide_ends(number, keys);
        if number > 0 {
            for key in keys.iter_mut().filter(|key| key.name.raw() == "Zapier") {
                key.last_used_at = chatzuri_keys::core::key::LastUse::At(now);
            }
        }
    };
    let ports = ports(Arc::new(busy));
    let value = Arc::new(Secret::parse(foreign.leaked.expose()).unwrap());
    let others = [profile("beta", &foreign)];
    let unsigned = Profile {
        from_environment: None,
        manual: Default::default(),
        ..others[0].clone()
    };
    let found = find(
        &ports,
        &profile("acme", &server),
        &[unsigned],
        value,
        Means::default(),
        &|_, _| {},
    )
    .await;
    assert!(matches!(&found.found, Found::Foreign(TeamIdentity::One(_), None)));
}

#[tokio::test]
async fn the_leaked_key_tells_itself_from_its_siblings() {
    let server = start().await;
    let means = Means {
        with_leaked_key: true,
        ..Means::default()
    };
    let unsigned = Profile {
        from_environment: None,
        manual: Default::default(),
        ..profile("acme", &server)
    };
    let value = Arc::new(Secret::parse(server.leaked.expose()).unwrap());
    let found = find(&ports(Arc::new(|_, _| {})), &unsigned, &[], value, means, &|_, _| {}).await;
    assert_eq!(name_of(&found), ("Staging importer", Some(How::Itself)));
}
