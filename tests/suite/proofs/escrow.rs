//! A value that the credential store does not take once its key is made: tried again, and never lost in silence.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatzuri_keys::adapters::browser::DesktopBrowser;
use chatzuri_keys::adapters::clock::SystemClock;
use chatzuri_keys::adapters::http::{EndpointNames, HttpConnect};
use chatzuri_keys::adapters::memory_store::MemoryStore;
use chatzuri_keys::adapters::process::ChildProcesses;
use chatzuri_keys::adapters::report_folder::DiskFolder;
use chatzuri_keys::adapters::sqlite::SqliteJournal;
use chatzuri_keys::cli::args::Args;
use chatzuri_keys::cli::exit::Exit;
use chatzuri_keys::cli::output::Output;
use chatzuri_keys::cli::profile::{Environment, resolve};
use chatzuri_keys::cli::{self, Switches};
use chatzuri_keys::config::Config;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ports::{Account, Answer, CredentialStore, Journal, LogQuery, Ports, StoreError};
use chatzuri_keys::sandbox::{self, Running, SandboxOptions};
use clap::Parser;
use serde_json::Value;

use crate::support::stage::SlotClipboard;

/// A store that passes every test before a key is made, and then refuses its value so many times.
struct Fickle {
    items: MemoryStore,
    refusals: AtomicUsize,
    error: StoreError,
}

impl CredentialStore for Fickle {
    fn get<'a>(&'a self, account: &'a Account) -> Answer<'a, Result<Option<Secret>, StoreError>> {
        self.items.get(account)
    }

    fn set<'a>(&'a self, account: &'a Account, value: Arc<Secret>) -> Answer<'a, Result<(), StoreError>> {
        let is_escrow = account.as_str().starts_with("escrow/");
        let left = |left: usize| left.checked_sub(1);
        if is_escrow
            && self
                .refusals
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, left)
                .is_ok()
        {
            let error = self.error.clone();
            return Box::pin(async { Err(error) });
        }
        self.items.set(account, value)
    }

    fn delete<'a>(&'a self, account: &'a Account) -> Answer<'a, Result<bool, StoreError>> {
        self.items.delete(account)
    }

    fn display_name(&self) -> &'static str {
        "your keyring"
    }
}

#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe whose reader has left.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Stage {
    sandbox: Running,
    ports: Ports,
    journal: Arc<SqliteJournal>,
}

impl Stage {
    async fn new(refusals: usize, error: StoreError) -> Self {
        let options = SandboxOptions {
            apps: false,
            ..SandboxOptions::default()
        };
        let journal = Arc::new(SqliteJournal::in_memory());
        let store = Fickle {
            items: MemoryStore::new(),
            refusals: AtomicUsize::new(refusals),
            error,
        };
        Self {
            sandbox: sandbox::start(options).await.unwrap(),
            ports: Ports {
                connect: Arc::new(HttpConnect::new(EndpointNames::default(), Arc::new(SystemClock))),
                store: Arc::new(store),
                clipboard: Arc::new(SlotClipboard::default()),
                processes: Arc::new(ChildProcesses),
                reports: Arc::new(DiskFolder::current()),
                browser: Arc::new(DesktopBrowser::new(Default::default())),
                journal: journal.clone(),
                actor: Label::new("amina"),
                clock: Arc::new(SystemClock),
            },
            journal,
        }
    }

    /// Runs a command as a script does: its exit, its data and its words.
    async fn run(&self, args: &[&str]) -> (Exit, Value, String) {
        let data = Capture::default();
        let (exit, words) = self.run_to(args, Box::new(data.clone())).await;
        let shape = serde_json::from_str(&data.text()).unwrap_or(Value::Null);
        (exit, shape, words)
    }

    async fn run_to(&self, args: &[&str], data: Box<dyn Write + Send>) -> (Exit, String) {
        let url = self.sandbox.base_url.as_str();
        let all = [&["chatzuri-keys", "--base-url", url], args].concat();
        let args = Args::try_parse_from(all).unwrap();
        let settings = resolve(&args.global, &Environment::default(), Config::default()).unwrap();
        let credential = Secret::parse(self.sandbox.credential.expose()).unwrap();
        let account = settings.profile.account();
        self.ports.store.set(&account, Arc::new(credential)).await.unwrap();
        let words = Capture::default();
        let mut output = Output::to(data, Box::new(words.clone()));
        let command = args.command.as_ref().unwrap();
        let switches = Switches {
            yes: true,
            ..Switches::default()
        };
        let run = cli::run(command, &self.ports, &settings, switches, &mut output);
        let exit = tokio::time::timeout(Duration::from_secs(50), run).await.unwrap();
        (exit, words.text())
    }

    async fn log(&self) -> Vec<String> {
        let entries = self.journal.log(LogQuery::default()).await.unwrap();
        entries.into_iter().map(|entry| entry.outcome.to_string()).collect()
    }
}

fn timed_out() -> StoreError {
    StoreError::TimedOut(Duration::from_secs(5))
}

/// The commands that make a key whose value only the store keeps.
const MAKE: [&[&str]; 2] = [
    &["create", "Invoices", "--json"],
    &["rotate", "start", "Staging importer", "--name", "Invoices", "--json"],
];

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_comes_back_keeps_the_value_and_a_later_run_hands_it_over() {
    for make in MAKE {
        let stage = Stage::new(2, timed_out()).await;
        let (exit, shape, words) = stage.run(make).await;
        assert_eq!((exit, &shape["secret_lost"]), (Exit::Ok, &Value::Null), "{words}");
        assert!(
            words.contains("not stored yet") && words.contains("Trying again for up to 60 s"),
            "{words}"
        );
        let (exit, shape, words) = stage.run(&["create", "--resume", "--show", "--json"]).await;
        assert!(exit == Exit::Ok && shape["secret"].is_string(), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_nothing_takes_is_said_to_be_lost() {
    for make in MAKE {
        let stage = Stage::new(usize::MAX, StoreError::Absent).await;
        let (exit, shape, words) = stage.run(make).await;
        assert_eq!((exit, &shape["secret_lost"]), (Exit::Error, &true.into()), "{words}");
        assert!(
            words.contains("is lost") && words.contains("\nRevoke it and create another: chatzuri-keys revoke "),
            "{words}"
        );
        let log = stage.log().await;
        assert!(log.iter().any(|outcome| outcome == "value_lost"), "{log:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_shown_is_not_lost_where_the_store_does_not_take_it() {
    let stage = Stage::new(usize::MAX, timed_out()).await;
    let (exit, shape, words) = stage.run(&["create", "Invoices", "--show", "--json"]).await;
    assert_eq!((exit, shape["secret"].is_string()), (Exit::Ok, true), "{words}");
    assert_eq!(shape["secret_lost"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copied_value_is_held_and_cleared_where_nobody_reads_standard_output() {
    let stage = Stage::new(usize::MAX, StoreError::Absent).await;
    let args = ["create", "Invoices", "--show", "--copy"];
    let (exit, words) = stage.run_to(&args, Box::new(Closed)).await;
    assert_eq!(exit, Exit::Error, "{words}");
    assert!(words.contains("Cleared from the clipboard."), "{words}");
    assert!(words.contains("was copied") && !words.contains("lost"), "{words}");
    let log = stage.log().await;
    assert!(log.iter().any(|outcome| outcome == "delivered"), "{log:?}");
    assert!(log.iter().all(|outcome| outcome != "value_lost"), "{log:?}");
}
