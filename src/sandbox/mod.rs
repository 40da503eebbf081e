//! A real HTTP server of the key contract on this machine's loopback, for trying and for testing.
//!
//! It behaves as the vendor says: every key is a working Bearer and its last use moves, a value is given once and stored
//! only as a hash, and a revoked key is refused from the next request on. What the contract is, is written in
//! `assets/chatzuri-keys.openapi.yaml`, which it serves at `/openapi.yaml`. It can be told to misbehave: see [`FAULTS`].
//!
//! | file | its job |
//! |---|---|
//! | `server.rs` | the endpoints |
//! | `state.rs` | what every request needs |
//! | `error.rs` | why it does not start, or does not go on |
//! | `store.rs` | the SQLite database |
//! | `seed.rs` | the team it begins with |
//! | `mint.rs` | new values, ids and hashes |
//! | `apps.rs` | simulated applications that use their keys |
//! | `clock.rs` | a clock that can be set |
//! | `faults.rs`, `rules.rs` | what can go wrong, and when |
//! | `spoil.rs`, `reshape.rs`, `bodies.rs` | how each fault is played |
//! | `connection.rs` | connections that can be cut |
//! | `page.rs` | the page a person manages keys on, where the key endpoints are left out |
//! | `log.rs` | what was asked of it |
//!
//! # A database in a file
//!
//! With a file the team and its keys survive, and so does every value somebody kept: its hash is still there. The two
//! values that are handed out at the start cannot be read back from their hashes, so a later start hands out two new
//! keys of the same names, and calls the former ones "(earlier run)". The seed is not repeated.

mod apps;
mod bodies;
mod clock;
mod connection;
mod error;
mod faults;
mod log;
mod mint;
mod page;
mod reshape;
mod rules;
mod seed;
mod server;
mod spoil;
mod state;
mod store;

use std::fmt;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use self::apps::App;
use self::apps::Apps;
use self::clock::SandboxClock;
use self::connection::{Connection, Loopback};
pub use self::error::{MAX_KEYS, SandboxError};
pub use self::faults::{FAULTS, FaultEndpoint, SandboxFault, fault_help};
use self::log::RequestLog;
pub use self::log::RequestRecord;
use self::rules::FaultBook;
pub use self::rules::{BadFault, FaultRule};
pub use self::server::OPENAPI;
use self::state::Server;
use self::store::Store;
use crate::core::secret::Secret;

/// How often simulated applications look at the time.
const APP_STEP: Duration = Duration::from_secs(1);
/// How long open requests may take to end at shutdown; after that they are cut.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The port on `127.0.0.1`; 0 = a free one.
    pub port: u16,
    /// How many keys a new database gets: a believable dozen unless said, at least 2, at most [`MAX_KEYS`].
    pub keys: Option<usize>,
    /// The database's file; in memory unless said.
    pub db: Option<PathBuf>,
    /// What the server's clock and its `Date` show at the start; they run on from there. The machine's time unless said.
    pub now: Option<Timestamp>,
    /// Added to every answer.
    pub latency: Duration,
    /// What goes wrong, from the first request on.
    pub faults: Vec<FaultRule>,
    /// Operations on keys whose endpoints it does not have.
    pub without: Vec<FaultEndpoint>,
    /// Whether simulated applications run.
    pub apps: bool,
    /// How long a successor key has to be there before its application moves to it.
    pub takeover: Duration,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            port: 0,
            keys: None,
            db: None,
            now: None,
            latency: Duration::ZERO,
            faults: Vec::new(),
            without: Vec::new(),
            apps: true,
            takeover: Duration::from_secs(20),
        }
    }
}

/// A sandbox that is serving. Dropping it stops it at once; [`Running::shutdown`] lets open requests end first.
pub struct Running {
    /// Where its API is: `http://127.0.0.1:PORT/api/v1`.
    pub base_url: String,
    /// A working key of the team, to sign in with.
    pub credential: Secret,
    /// The team's name.
    pub team: String,
    /// The value of another working key of the team, to be found and revoked.
    pub leaked: Secret,
    server: Arc<Server>,
    apps: Arc<Mutex<Apps>>,
    stop: CancellationToken,
    cut_all: CancellationToken,
    serving: JoinHandle<()>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("base_url", &self.base_url)
            .field("team", &self.team)
            .finish_non_exhaustive()
    }
}

/// Starts a sandbox on the current runtime.
///
/// # Errors
/// [`SandboxError`] where the port or the database cannot be had.
pub async fn start(options: SandboxOptions) -> Result<Running, SandboxError> {
    let SandboxOptions {
        port,
        keys,
        db,
        now,
        latency,
        faults,
        without,
        apps: run_apps,
        takeover,
    } = options;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| SandboxError::Bind(port, error))?;
    let port = listener
        .local_addr()
        .map_err(|error| SandboxError::Bind(port, error))?
        .port();
    let clock = SandboxClock::new(now);
    let began = clock.now();

    // Seeding many keys takes a while.
    let opening = tokio::task::spawn_blocking(move || {
        let (store, is_new) = Store::open(db.as_deref())?;
        let handed = if is_new {
            seed::plant(&store, keys, began)?
        } else {
            seed::hand_out_again(&store, began)?
        };
        let apps = Apps::new(&store, began, takeover)?;
        let team = store.team()?.name;
        Ok::<_, SandboxError>((store, handed, apps, team))
    });
    let (store, handed, apps, team) = opening.await.map_err(|_| SandboxError::Stopped)??;

    let server = Arc::new(Server {
        store,
        clock,
        faults: FaultBook::new(faults),
        log: RequestLog::default(),
        latency,
        without: Mutex::new(without),
        port,
    });
    let (stop, cut_all) = (CancellationToken::new(), CancellationToken::new());
    let loopback = Loopback {
        listener,
        cut_all: cut_all.clone(),
    };
    let service = server::router(Arc::clone(&server)).into_make_service_with_connect_info::<Connection>();
    let ended = stop.clone().cancelled_owned();
    let serving = tokio::spawn(async move {
        // It fails on nothing but the end of the runtime.
        let _ = axum::serve(loopback, service).with_graceful_shutdown(ended).await;
    });
    let apps = Arc::new(Mutex::new(apps));
    if run_apps {
        tokio::spawn(run(Arc::clone(&apps), Arc::clone(&server), stop.clone()));
    }
    Ok(Running {
        base_url: format!("http://127.0.0.1:{port}{}", state::API),
        credential: handed.credential,
        team,
        leaked: handed.leaked,
        server,
        apps,
        stop,
        cut_all,
        serving,
    })
}

/// Steps the applications until the sandbox stops.
async fn run(apps: Arc<Mutex<Apps>>, server: Arc<Server>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(APP_STEP);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        // A database that fails is seen in the next answer; the applications try again.
        let _ = lock(&apps).step(&server.store, server.clock.now());
    }
}

fn lock(apps: &Mutex<Apps>) -> MutexGuard<'_, Apps> {
    apps.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Running {
    /// The line that says where it is and how to sign in: `{"base_url":…,"credential":…,"page":…,"team":…}`.
    #[must_use]
    pub fn announcement(&self) -> String {
        serde_json::json!({
            "base_url": self.base_url,
            "credential": self.credential.expose(),
            "page": self.page(),
            "team": self.team,
        })
        .to_string()
    }

    /// Makes something go wrong from the next request on, after the rules already in force.
    pub fn inject(&self, rule: FaultRule) {
        self.server.faults.add(rule);
    }

    /// Makes nothing go wrong any more. A key already revoked with a grace keeps it.
    pub fn clear_faults(&self) {
        self.server.faults.clear();
    }

    /// Leaves out the endpoints of these operations from the next request on, and has all others.
    pub fn leave_out(&self, without: &[FaultEndpoint]) {
        *self.server.without.lock().unwrap_or_else(PoisonError::into_inner) = without.to_vec();
    }

    /// The page where a person lists, creates and revokes keys with a browser.
    #[must_use]
    pub fn page(&self) -> String {
        format!("http://127.0.0.1:{}/", self.server.port)
    }

    /// The latest requests, oldest first. What simulated applications do is not among them.
    #[must_use]
    pub fn request_log(&self) -> Vec<RequestRecord> {
        self.server.log.all()
    }

    /// The time by the sandbox's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.server.clock.now()
    }

    /// Lets so much time pass at once by the sandbox's clock, and so by its `Date`.
    pub fn pass(&self, time: Duration) {
        self.server.clock.pass(time);
    }

    /// The simulated applications and the keys they are on.
    #[must_use]
    pub fn apps(&self) -> Vec<App> {
        lock(&self.apps).all()
    }

    /// Lets the simulated applications do what they do by `now`; for a sandbox started without them.
    ///
    /// # Errors
    /// [`SandboxError::Database`].
    pub fn step_apps(&self, now: Timestamp) -> Result<(), SandboxError> {
        lock(&self.apps).step(&self.server.store, now)
    }

    /// Stops it: no new connections, open requests may end within half a second, then all are cut.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(SHUTDOWN_GRACE, &mut self.serving).await.is_err() {
            self.cut_all.cancel();
            // Cut connections end at once; the bound is for a runtime that is itself ending.
            let _ = tokio::time::timeout(SHUTDOWN_GRACE, &mut self.serving).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
        self.cut_all.cancel();
    }
}
