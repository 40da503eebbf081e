//! The dashboard on a stage: real updates, real effects, real HTTP to a sandbox on the loopback; the terminal is a test
//! backend, the clipboard a slot in memory, and the clock is moved by hand.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chatzuri_keys::adapters::http::{Backoff, EndpointNames, HttpConnect, HttpLimits};
use chatzuri_keys::adapters::memory_store::MemoryStore;
use chatzuri_keys::adapters::process::ChildProcesses;
use chatzuri_keys::adapters::report_folder::DiskFolder;
use chatzuri_keys::adapters::sqlite::SqliteJournal;
use chatzuri_keys::core::capability::{Capabilities, Capability};
use chatzuri_keys::core::policy::Policies;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::sink::Sinks;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ops::manual::ManualSettings;
use chatzuri_keys::ops::revoke::{Pace, ProbePolicy, RetryPolicy};
use chatzuri_keys::ops::sign_in::Profile;
use chatzuri_keys::ports::{
    Account, Answer, BaseUrl, Browser, Cleared, Clipboard, ClipboardError, ClipboardRoute, Clock, CredentialStore,
    Ports, Processes, StoreError,
};
use chatzuri_keys::sandbox::{self, Running, SandboxOptions};
use chatzuri_keys::tui::app::Dashboard;
use chatzuri_keys::tui::message::{Message, Pasted, TeamIndex};
use chatzuri_keys::tui::model::{DashboardSettings, ProfileLabel, SandboxNote};
use chatzuri_keys::tui::theme::Theme;
use chatzuri_keys::tui::view;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use zeroize::Zeroizing;

/// The machine's clock, and so much more.
#[derive(Default)]
pub struct MovedClock(Mutex<SignedDuration>);

impl MovedClock {
    pub fn advance(&self, by: Duration) {
        let mut ahead = self.0.lock().unwrap();
        *ahead += SignedDuration::try_from(by).unwrap();
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::now().checked_add(*self.0.lock().unwrap()).unwrap()
    }
}

/// A clipboard in memory, which answers with prepared routes or failures and then as a desktop's.
#[derive(Default)]
pub struct SlotClipboard {
    pub content: Mutex<Option<String>>,
    pub copies: Mutex<usize>,
    pub prepared: Mutex<VecDeque<Result<ClipboardRoute, ClipboardError>>>,
    ours: Mutex<Option<String>>,
}

impl Clipboard for SlotClipboard {
    fn copy(&self, value: Arc<Secret>) -> Answer<'_, Result<ClipboardRoute, ClipboardError>> {
        *self.copies.lock().unwrap() += 1;
        let desktop = Ok(ClipboardRoute::Desktop { dies_with_us: true });
        let answer = self.prepared.lock().unwrap().pop_front().unwrap_or(desktop);
        if answer.is_ok() {
            *self.content.lock().unwrap() = Some(value.expose().to_owned());
            *self.ours.lock().unwrap() = Some(value.expose().to_owned());
        }
        Box::pin(async move { answer })
    }

    fn copy_text(&self, text: String) -> Answer<'_, Result<ClipboardRoute, ClipboardError>> {
        let desktop = Ok(ClipboardRoute::Desktop { dies_with_us: true });
        let answer = self.prepared.lock().unwrap().pop_front().unwrap_or(desktop);
        if answer.is_ok() {
            *self.content.lock().unwrap() = Some(text);
        }
        Box::pin(async move { answer })
    }

    fn hold(&self, _limit: Option<Duration>) -> Answer<'_, Result<Cleared, ClipboardError>> {
        self.clear()
    }

    fn clear(&self) -> Answer<'_, Result<Cleared, ClipboardError>> {
        let mut content = self.content.lock().unwrap();
        let cleared = if *content == *self.ours.lock().unwrap() {
            *content = None;
            Cleared::Cleared
        } else {
            Cleared::NotOurs
        };
        Box::pin(async move { Ok(cleared) })
    }
}

/// A browser that keeps what it was to open.
#[derive(Default)]
pub struct SlotBrowser {
    pub opened: tokio::sync::watch::Sender<Vec<String>>,
    /// Whether there is none, as over SSH.
    pub missing: AtomicBool,
}

impl SlotBrowser {
    pub fn count(&self) -> usize {
        self.opened.borrow().len()
    }

    /// Waits until it was opened more often than `count` times.
    pub async fn opens_after(&self, count: usize) {
        let mut opened = self.opened.subscribe();
        let more = opened.wait_for(|pages| pages.len() > count);
        tokio::time::timeout(Duration::from_secs(60), more)
            .await
            .unwrap()
            .unwrap();
    }
}

impl Browser for SlotBrowser {
    fn open<'a>(&'a self, address: &'a str) -> Answer<'a, bool> {
        if self.missing.load(Ordering::Relaxed) {
            return Box::pin(async { false });
        }
        self.opened.send_modify(|pages| pages.push(address.to_owned()));
        Box::pin(async { true })
    }
}

/// A credential store in memory; one that does not keep can be read and not written, as a locked keyring can.
pub struct Shelf {
    pub items: MemoryStore,
    keeps: bool,
    refuses_escrow: bool,
}

/// What a keyring that froze says.
const NO_ANSWER: StoreError = StoreError::TimedOut(Duration::from_secs(5));

impl Shelf {
    fn refuses(&self, account: &Account) -> bool {
        self.refuses_escrow && account.as_str().starts_with("escrow/")
    }
}

impl CredentialStore for Shelf {
    fn get<'a>(&'a self, account: &'a Account) -> Answer<'a, Result<Option<Secret>, StoreError>> {
        self.items.get(account)
    }

    fn set<'a>(&'a self, account: &'a Account, value: Arc<Secret>) -> Answer<'a, Result<(), StoreError>> {
        if self.refuses(account) {
            Box::pin(async { Err(NO_ANSWER) })
        } else if self.keeps {
            self.items.set(account, value)
        } else {
            Box::pin(async { Err(StoreError::Locked) })
        }
    }

    fn delete<'a>(&'a self, account: &'a Account) -> Answer<'a, Result<bool, StoreError>> {
        if self.refuses(account) {
            return Box::pin(async { Err(NO_ANSWER) });
        }
        self.items.delete(account)
    }

    fn display_name(&self) -> &'static str {
        "your keyring"
    }
}

fn profile(name: &str, sandbox: &Running, manual: &ManualSettings) -> Profile {
    Profile {
        name: name.to_owned(),
        base_url: BaseUrl::parse(&sandbox.base_url).unwrap(),
        credential_command: None,
        from_environment: None,
        manual: manual.clone(),
        peers: Vec::new(),
    }
}

/// The stage.
pub struct Stage {
    pub sandbox: Running,
    /// The servers of the further profiles.
    pub more: Vec<Running>,
    pub dashboard: Dashboard,
    pub clock: Arc<MovedClock>,
    pub clipboard: Arc<SlotClipboard>,
    pub browser: Arc<SlotBrowser>,
    pub store: Arc<Shelf>,
    pub journal: Arc<SqliteJournal>,
    /// Where it is started, as far as reports go.
    pub folder: tempfile::TempDir,
    set: Set,
    terminal: Terminal<TestBackend>,
}

/// What a stage is set with.
pub struct Set {
    pub size: (u16, u16),
    /// The policies, and what the config says of keys.
    pub policies: Policies,
    /// The person's own sinks.
    pub sinks: Sinks,
    /// Servers of further profiles, each by its name, and whether it is signed in there.
    pub more: Vec<(&'static str, bool)>,
    /// Whether there is a credential store that keeps new keys.
    pub keeps: bool,
    /// Whether it freezes where it is to keep, or to delete, the value of a key that was just made.
    pub refuses_escrow: bool,
    pub signed_in: bool,
    /// Whether what the credential store keeps outlives the program; the sandbox's does not.
    pub lasts: bool,
    pub options: SandboxOptions,
    /// What the config settles: the server is not asked what endpoints it has, unless a test says so.
    pub manual: ManualSettings,
    pub theme: Theme,
    /// What runs the programs of targets.
    pub processes: Arc<dyn Processes>,
}

impl Default for Set {
    fn default() -> Self {
        Self {
            size: (120, 40),
            policies: Policies::default(),
            sinks: Sinks::new(),
            processes: Arc::new(ChildProcesses),
            more: Vec::new(),
            keeps: true,
            refuses_escrow: false,
            signed_in: true,
            lasts: true,
            options: SandboxOptions {
                apps: false,
                ..SandboxOptions::default()
            },
            manual: ManualSettings {
                settled: Capabilities {
                    create: Capability::Endpoint,
                    revoke: Capability::Endpoint,
                    ..Capabilities::default()
                },
                page: None,
            },
            theme: Theme::Ansi,
        }
    }
}

impl Stage {
    /// A signed-in dashboard at 120x40 that has read its list.
    pub async fn ready() -> Self {
        let mut stage = Self::set(Set::default()).await;
        stage.start().await;
        stage
    }

    /// A dashboard that has not started.
    pub async fn set(set: Set) -> Self {
        let sandbox = sandbox::start(set.options.clone()).await.unwrap();
        let store = Arc::new(Shelf {
            items: MemoryStore::new(),
            keeps: set.keeps,
            refuses_escrow: set.refuses_escrow,
        });
        let journal = Arc::new(SqliteJournal::in_memory());
        let clock = Arc::new(MovedClock::default());
        let mut more = Vec::new();
        for _ in &set.more {
            more.push(sandbox::start(set.options.clone()).await.unwrap());
        }
        let signed_in = std::iter::once(("default", set.signed_in)).chain(set.more.iter().copied());
        for ((name, _), server) in signed_in
            .zip(std::iter::once(&sandbox).chain(&more))
            .filter(|((_, signed_in), _)| *signed_in)
        {
            let credential = Secret::parse(server.credential.expose()).unwrap();
            let account = profile(name, server, &set.manual).account();
            store.items.set(&account, Arc::new(credential)).await.unwrap();
        }
        Self::open(set, sandbox, more, store, journal, clock)
    }

    /// The program ended, in whatever state, and is started again on the same machine.
    pub async fn restart(self) -> Self {
        let mut stage = self.reopened();
        stage.start().await;
        stage
    }

    /// The program ended, and its next run has not started yet.
    pub fn reopened(self) -> Self {
        Self::open(self.set, self.sandbox, self.more, self.store, self.journal, self.clock)
    }

    fn open(
        set: Set,
        sandbox: Running,
        more: Vec<Running>,
        store: Arc<Shelf>,
        journal: Arc<SqliteJournal>,
        clock: Arc<MovedClock>,
    ) -> Self {
        let clipboard = Arc::new(SlotClipboard::default());
        let folder = tempfile::tempdir().unwrap();
        let browser = Arc::new(SlotBrowser::default());
        let limits = HttpLimits {
            backoff: Backoff {
                base: Duration::from_millis(1),
                cap: Duration::from_millis(4),
                ..Backoff::default()
            },
            idle: Duration::from_secs(2),
            total: Duration::from_secs(4),
            ..HttpLimits::default()
        };
        let mut profiles = vec![profile("default", &sandbox, &set.manual)];
        profiles.extend(
            set.more
                .iter()
                .zip(&more)
                .map(|((name, _), server)| profile(name, server, &set.manual)),
        );
        let ports = Ports {
            connect: Arc::new(HttpConnect::with_limits(
                EndpointNames::default(),
                limits,
                clock.clone(),
            )),
            store: store.clone(),
            clipboard: clipboard.clone(),
            processes: set.processes.clone(),
            reports: Arc::new(DiskFolder::at(folder.path().to_owned())),
            browser: browser.clone(),
            journal: journal.clone(),
            actor: Label::new("amina"),
            clock: clock.clone(),
        };
        let settings = DashboardSettings {
            profiles: profiles
                .iter()
                .map(|profile| ProfileLabel {
                    name: profile.name.clone(),
                    host: profile.base_url.host().to_owned(),
                    fixed_credential: false,
                })
                .collect(),
            first: TeamIndex(0),
            policies: Arc::new(set.policies.clone()),
            quiet: jiff::SignedDuration::from_secs(20),
            clear_after: 45,
            theme: set.theme,
            zone: jiff::tz::TimeZone::UTC,
            sinks: set.sinks.clone(),
            store_name: "your keyring",
            sandbox: (!set.lasts).then(|| SandboxNote { text: String::new() }),
        };
        let retry = RetryPolicy {
            first_wait: Duration::from_millis(1),
            ..RetryPolicy::default()
        };
        let watch = ProbePolicy {
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(8),
            limit: Duration::from_millis(400),
            ..ProbePolicy::default()
        };
        let mut dashboard = Dashboard::new(settings, profiles, ports, Pace { retry, probe: watch });
        let (columns, rows) = set.size;
        dashboard.handle(Message::Resized(columns, rows));
        Self {
            set,
            sandbox,
            more,
            dashboard,
            clock,
            clipboard,
            browser,
            store,
            journal,
            folder,
            terminal: Terminal::new(TestBackend::new(columns, rows)).unwrap(),
        }
    }

    pub async fn start(&mut self) {
        self.dashboard.recall().await;
        self.dashboard.start();
        self.settle().await;
    }

    /// Waits until nothing is in flight; says so when that never happens.
    pub async fn settle(&mut self) {
        let settled = tokio::time::timeout(Duration::from_secs(60), self.dashboard.settle()).await;
        let screen = self.screen();
        let awaited = &self.dashboard.model.in_flight;
        assert!(settled.is_ok(), "still in flight: {awaited:?}\n{screen}");
    }

    /// Presses one key, two seconds after the one before, and waits for what follows.
    pub async fn press(&mut self, code: KeyCode) {
        self.press_only(code);
        self.settle().await;
    }

    /// Presses one key, two seconds after the one before.
    pub fn press_only(&mut self, code: KeyCode) {
        self.let_time_pass(Duration::from_secs(2));
        self.dashboard
            .handle(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        // Nothing follows it at once.
        self.let_time_pass(Duration::from_millis(50));
        self.dashboard.handle(Message::Woke);
    }

    fn let_time_pass(&mut self, time: Duration) {
        self.clock.advance(time);
        self.sandbox.pass(time);
    }

    /// Keys of which each follows the one before after so long: held, or pasted by a terminal that does not mark it.
    pub async fn burst(&mut self, keys: &[KeyCode], apart: Duration) {
        for code in keys {
            self.let_time_pass(apart);
            self.dashboard
                .handle(Message::Key(KeyEvent::new(*code, KeyModifiers::NONE)));
            self.dashboard.handle(Message::Woke);
        }
        self.let_time_pass(Duration::from_millis(50));
        self.dashboard.handle(Message::Woke);
        self.settle().await;
    }

    /// Ctrl-C, held: so many times, as a keyboard repeats it.
    pub async fn hold_control_c(&mut self, times: usize) {
        for _ in 0..times {
            self.let_time_pass(Duration::from_millis(33));
            self.dashboard
                .handle(Message::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)));
        }
        self.settle().await;
    }

    pub async fn resize(&mut self, columns: u16, rows: u16) {
        self.terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        self.dashboard.handle(Message::Resized(columns, rows));
        self.settle().await;
    }

    /// Presses each key: a character, or one of `<enter>`, `<esc>`, `<down>`, `<up>`, `<bs>`.
    pub async fn keys(&mut self, keys: &str) {
        let mut rest = keys;
        while let Some(c) = rest.chars().next() {
            let named = [
                ("<enter>", KeyCode::Enter),
                ("<esc>", KeyCode::Esc),
                ("<down>", KeyCode::Down),
                ("<up>", KeyCode::Up),
                ("<bs>", KeyCode::Backspace),
            ];
            let found = named.iter().find(|(name, _)| rest.starts_with(name));
            let (skip, code) = found.map_or((c.len_utf8(), KeyCode::Char(c)), |(name, code)| (name.len(), *code));
            rest = &rest[skip..];
            self.press(code).await;
        }
    }

    pub async fn paste(&mut self, text: &str) {
        self.clock.advance(Duration::from_secs(1));
        self.dashboard
            .handle(Message::Pasted(Pasted(Zeroizing::new(text.to_owned()))));
        self.settle().await;
    }

    /// Somebody else revokes the key of this name.
    pub async fn revoke_elsewhere(&self, name: &str) {
        let row = self.dashboard.model.team().list.all().iter();
        let id = row
            .filter(|row| row.listed.key.name.raw() == name)
            .map(|row| row.listed.key.id.raw())
            .next()
            .unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client
            .delete(format!("{}/delete-api-key?keyId={id}", self.sandbox.base_url))
            .bearer_auth(self.sandbox.credential.expose())
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// Lets time pass, here and on the server.
    pub async fn pass(&mut self, time: Duration) {
        self.clock.advance(time);
        self.sandbox.pass(time);
        self.dashboard.handle(Message::Woke);
        self.settle().await;
    }

    /// The screen as text.
    pub fn screen(&mut self) -> String {
        let model = &self.dashboard.model;
        self.terminal.draw(|frame| view::draw(model, frame)).unwrap();
        let buffer = self.terminal.backend().buffer();
        let width = usize::from(buffer.area.width);
        let lines: Vec<String> = buffer
            .content()
            .chunks(width)
            .map(|row| {
                row.iter()
                    .map(|cell| cell.symbol())
                    .collect::<String>()
                    .trim_end()
                    .to_owned()
            })
            .collect();
        lines.join("\n")
    }

    /// What the vendor's documented endpoint says of a value.
    pub async fn status_of(&self, value: &str) -> u16 {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/get-teams", self.sandbox.base_url);
        let asked = client.get(url).bearer_auth(value).send().await;
        asked.unwrap().status().as_u16()
    }

    /// Waits until this is on the screen, while what was asked for goes on.
    pub async fn until(&mut self, text: &str) {
        let shown = async {
            while !self.screen().contains(text) {
                tokio::task::yield_now().await;
                self.dashboard.drain();
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), shown).await.is_ok();
        assert!(in_time, "“{text}” never came:\n{}", self.screen());
    }

    #[track_caller]
    pub fn expect(&mut self, text: &str) {
        let screen = self.screen();
        // A dialog wraps its words, so the text is looked for across line ends and frames too.
        let flat = screen.replace(['│', '\n'], " ");
        // The time of day beside a notice stands between the halves of a long one.
        let is_clock = |word: &str| word.len() == 8 && word.matches(':').count() == 2;
        let flat: Vec<&str> = flat.split_whitespace().filter(|word| !is_clock(word)).collect();
        let wanted: Vec<&str> = text.split_whitespace().collect();
        assert!(
            flat.join(" ").contains(&wanted.join(" ")),
            "“{text}” is not on the screen:\n{screen}"
        );
    }

    #[track_caller]
    pub fn expect_not(&mut self, text: &str) {
        let screen = self.screen();
        assert!(!screen.contains(text), "“{text}” is on the screen:\n{screen}");
    }
}
