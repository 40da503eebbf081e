//! Two copies of the program at the same rotation, on the same journal file.

use std::sync::Arc;

use chatzuri_keys::adapters::browser::DesktopBrowser;
use chatzuri_keys::adapters::http::{EndpointNames, HttpConnect};
use chatzuri_keys::adapters::memory_store::MemoryStore;
use chatzuri_keys::adapters::process::ChildProcesses;
use chatzuri_keys::adapters::report_folder::DiskFolder;
use chatzuri_keys::adapters::sqlite::SqliteJournal;
use chatzuri_keys::core::key::{KeyId, Own};
use chatzuri_keys::core::policy::Policies;
use chatzuri_keys::core::rotation::{Rotation, Stage as Step};
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ops::client::TeamClient;
use chatzuri_keys::ops::create::WithoutStore;
use chatzuri_keys::ops::custody::acknowledge;
use chatzuri_keys::ops::revoke::{OnFact, Pace};
use chatzuri_keys::ops::rotate::{At, RotateError, Rules, begin, finish, mint, read, read_list};
use chatzuri_keys::ops::sign_in::{CredentialSource, Profile, Session};
use chatzuri_keys::ports::{BaseUrl, Connect, Ports};
use chatzuri_keys::sandbox::{self, Running, SandboxOptions};
use jiff::SignedDuration;

use crate::support::stage::{MovedClock, SlotClipboard};

/// One copy of the program.
struct Copy {
    ports: Ports,
    profile: Profile,
    session: Session,
}

impl Copy {
    /// On a journal and a keyring that others share.
    fn new(sandbox: &Running, journal: &std::path::Path, store: &Arc<MemoryStore>) -> Self {
        let clock = Arc::new(MovedClock::default());
        let connect = HttpConnect::new(EndpointNames::default(), clock.clone());
        let base_url = BaseUrl::parse(&sandbox.base_url).unwrap();
        let credential = Secret::parse(sandbox.credential.expose()).unwrap();
        let credential = Arc::new(credential);
        let api = connect.connect(&base_url, Arc::clone(&credential)).unwrap();
        let ports = Ports {
            connect: Arc::new(connect),
            store: store.clone(),
            clipboard: Arc::new(SlotClipboard::default()),
            processes: Arc::new(ChildProcesses),
            browser: Arc::new(DesktopBrowser::new(Default::default())),
            reports: Arc::new(DiskFolder::current()),
            journal: Arc::new(SqliteJournal::at(journal.to_path_buf())),
            actor: Label::new("amina"),
            clock,
        };
        let profile = Profile {
            name: "default".to_owned(),
            base_url,
            credential_command: None,
            from_environment: None,
            manual: Default::default(),
            peers: Vec::new(),
        };
        let capabilities = Arc::new(TeamClient::new(&ports, &profile, api, credential));
        Self {
            session: Session {
                client: capabilities,
                source: CredentialSource::Store,
            },
            ports,
            profile,
        }
    }

    fn at(&self) -> At<'_> {
        At {
            ports: &self.ports,
            profile: &self.profile,
            session: &self.session,
        }
    }

    /// Begins a rotation as far as it goes: its new key, and its value said to be stored.
    async fn start(&self, policies: &Policies, old: &KeyId) -> Result<Rotation, RotateError> {
        let rules = rules(policies);
        let listing = read_list(self.at()).await?;
        let listed = listing.keys.iter().find(|listed| listed.key.id == *old).unwrap();
        let rotation = begin(self.at(), &listing, listed, (None, false), rules).await?;
        let minted = mint(self.at(), &rotation, WithoutStore::Refuse).await?;
        acknowledge(&self.ports, &self.profile, &minted.new.creation).await;
        Ok(read(self.at(), minted.rotation, rules).await?.rotation)
    }

    async fn finish(&self, policies: &Policies, rotation: Rotation) -> Result<Rotation, RotateError> {
        let seen = read(self.at(), rotation, rules(policies)).await?;
        let untold: OnFact<'_> = &|_, _| {};
        let pace = (Pace::default(), untold);
        let finished = finish(
            self.at(),
            &seen,
            true,
            rules(policies),
            None,
            pace,
            std::future::pending(),
        )
        .await?;
        Ok(finished.rotation)
    }
}

fn rules(policies: &Policies) -> Rules<'_> {
    Rules {
        policies,
        quiet: SignedDuration::from_hours(24),
    }
}

/// As many as the sandbox's log of requests has room for.
const ROUNDS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_copies_mint_one_key_and_revoke_once_however_they_race() {
    for _ in 0..2 {
        race().await;
    }
}

async fn race() {
    let sandbox = sandbox::start(SandboxOptions {
        apps: false,
        keys: Some(ROUNDS + 1),
        ..SandboxOptions::default()
    })
    .await
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (journal, store) = (folder.path().join("journal.db"), Arc::new(MemoryStore::new()));
    let copies = [
        Copy::new(&sandbox, &journal, &store),
        Copy::new(&sandbox, &journal, &store),
    ];
    let policies = Policies::default();
    let listing = read_list(copies[0].at()).await.unwrap();
    let keys: Vec<KeyId> = listing
        .keys
        .iter()
        .filter(|listed| listed.own == Own::No)
        .map(|listed| listed.key.id.clone())
        .collect();
    assert_eq!(keys.len(), ROUNDS);
    let (mut refused, mut revoked) = (0, 0);
    for old in &keys {
        let (one, two) = tokio::join!(copies[0].start(&policies, old), copies[1].start(&policies, old));
        let minted = one.is_ok() || two.is_ok();
        assert!(minted, "{:?} {:?}", one.err(), two.err());
        refused += usize::from(one.is_err()) + usize::from(two.is_err());
        let rotation = one.or(two).unwrap();
        assert!(matches!(rotation.stage, Step::Confirming { .. }), "{rotation:?}");
        let (one, two) = tokio::join!(
            copies[0].finish(&policies, rotation.clone()),
            copies[1].finish(&policies, rotation.clone())
        );
        revoked += usize::from(one.is_ok()) + usize::from(two.is_ok());
        for ended in [one, two].into_iter().flatten() {
            assert!(ended.is_over(), "{ended:?}");
        }
    }
    let log = sandbox.request_log();
    let asked = |method: &str| log.iter().filter(|record| record.method == method).count();
    assert_eq!(asked("POST"), ROUNDS, "one key for each rotation");
    assert_eq!(asked("DELETE"), ROUNDS, "and one revocation");
    assert!(refused <= ROUNDS && revoked >= ROUNDS, "{refused} {revoked}");
}
