//! The wiring: which adapter stands behind each port, on this machine and in the sandbox.

use std::future::Future;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use crate::adapters::browser::DesktopBrowser;
use crate::adapters::clipboard::SystemClipboard;
use crate::adapters::clock::SystemClock;
use crate::adapters::environment::DesktopEnvironment;
use crate::adapters::http::{EndpointNames, HttpConnect};
use crate::adapters::keyring::OsKeyring;
use crate::adapters::memory_store::MemoryStore;
use crate::adapters::process::ChildProcesses;
use crate::adapters::report_folder::DiskFolder;
use crate::adapters::sqlite::{self, SqliteJournal};
use crate::adapters::{config_file, log_file, person};
use crate::cli::args::{Args, Command};
use crate::cli::commands::sandbox::SandboxArgs;
use crate::cli::exit::{CommandError, Exit};
use crate::cli::global::{Global, Switches};
use crate::cli::interrupt::Interrupts;
use crate::cli::output::Output;
use crate::cli::profile::{Environment, Settings, parse_config, resolve};
use crate::config::{Config, Endpoints, KeyConfig, ThemeChoice};
use crate::core::secret::{Secret, mask_values};
use crate::core::text::clean;
use crate::ops::revoke::Pace;
use crate::ports::{CredentialStore, Journal, Ports};
use crate::sandbox::{self, FaultEndpoint, FaultRule, Running, SandboxOptions};
use crate::tui::app::Dashboard;
use crate::tui::message::{Stop, TeamIndex};
use crate::tui::model::{ProfileLabel, SandboxNote};
use crate::tui::terminal::TerminalWriter;
use crate::tui::theme::Theme;
use crate::{cli, tui};

/// Threads of the runtime: one for what is asked, one for what is answered.
const WORKERS: usize = 2;
/// How long an old key has to be quiet in the sandbox.
const SANDBOX_QUIET: &str = "20s";
/// The profile of the sandbox.
const SANDBOX_PROFILE: &str = "sandbox";

/// Does what the command line asks for: a command, the sandbox, or the dashboard where nothing is named.
///
/// # Errors
/// What kept it from being begun, and how the command ends then.
pub fn run(args: &Args, environment: &Environment, output: &mut Output) -> Result<Exit, CommandError> {
    start_log(&args.global)?;
    match &args.command {
        Some(Command::Sandbox(options)) => on_runtime(try_out(options, environment, output)),
        Some(command) => run_command(command, &args.global, environment, output),
        None => open_dashboard(&args.global, environment),
    }
}

fn start_log(flags: &Global) -> Result<(), CommandError> {
    let Some(path) = &flags.log_file else {
        return Ok(());
    };
    log_file::start(path).map_err(|error| {
        let shown = path.to_string_lossy();
        let sentence = format!(
            "--log-file: cannot write to {}: {error}.",
            clean(&mask_values(&shown, None))
        );
        CommandError::new(Exit::Usage, sentence)
    })?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "began");
    Ok(())
}

fn run_command(
    command: &Command,
    flags: &Global,
    environment: &Environment,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let settings = settings(flags, environment)?;
    let ports = ports(&settings.config.api.endpoints, None)?;
    let switches = Switches::of(flags);
    on_runtime(async { Ok(cli::run(command, &ports, &settings, switches, output).await) })
}

fn open_dashboard(flags: &Global, environment: &Environment) -> Result<Exit, CommandError> {
    needs_terminal()?;
    let settings = settings(flags, environment)?;
    let writer = Arc::new(TerminalWriter::default());
    let ports = ports(&settings.config.api.endpoints, Some(Arc::clone(&writer)))?;
    on_runtime(dashboard(ports, writer, &settings, environment.no_color, None))
}

/// Runs `work`, and leaves at once when it is done: what still runs then has nobody to wait for it.
fn on_runtime(work: impl Future<Output = Result<Exit, CommandError>>) -> Result<Exit, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|error| CommandError::new(Exit::Error, format!("Cannot start threads: {error}.")))?;
    let ended = runtime.block_on(work);
    runtime.shutdown_background();
    ended
}

/// Hands the terminal to the dashboard until the person leaves.
async fn dashboard(
    ports: Ports,
    writer: Arc<TerminalWriter>,
    settings: &Settings,
    no_color: bool,
    sandbox: Option<&Running>,
) -> Result<Exit, CommandError> {
    let (profiles, _) = cli::profile::registry(settings);
    let clear_after = settings.config.clipboard.clear_after;
    let mono = match settings.config.ui.theme {
        ThemeChoice::Auto => no_color,
        ThemeChoice::Ansi => false,
        ThemeChoice::Mono => true,
    };
    let labels = profiles.iter().map(|profile| ProfileLabel {
        name: profile.name.clone(),
        host: profile.base_url.host().to_owned(),
        fixed_credential: sandbox.is_some()
            || profile.from_environment.is_some()
            || profile.credential_command.is_some(),
    });
    let shown = tui::model::DashboardSettings {
        profiles: labels.collect(),
        first: TeamIndex(0),
        policies: Arc::new(settings.config.policies()),
        quiet: settings.config.quiet(),
        clear_after,
        theme: if mono { Theme::Mono } else { Theme::Ansi },
        zone: jiff::tz::TimeZone::system(),
        sinks: settings
            .config
            .sinks()
            .map_err(|error| CommandError::new(Exit::Usage, error.to_string()))?,
        store_name: ports.store.display_name(),
        sandbox: sandbox.map(|running| SandboxNote {
            text: format!("A leaked key to try: {}", running.leaked.expose()),
        }),
    };
    let dashboard = Dashboard::new(shown, profiles, ports, Pace::default());
    match tui::app::run(dashboard, writer).await {
        Ok(tui::model::DashboardExit::Quit) => Ok(Exit::Ok),
        Ok(
            tui::model::DashboardExit::Interrupted | tui::model::DashboardExit::Stopped(Stop::Signal | Stop::HungUp),
        ) => Ok(Exit::Declined),
        Ok(tui::model::DashboardExit::Stopped(Stop::LostTerminal | Stop::Panic)) => Ok(Exit::Error),
        Err(error) => Err(CommandError::new(
            Exit::Error,
            format!("Cannot use the terminal: {error}. Nothing was done."),
        )),
    }
}

fn needs_terminal() -> Result<(), CommandError> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        return Ok(());
    }
    Err(CommandError::new(
        Exit::Usage,
        "The dashboard needs a terminal. In scripts, use the commands: see chatzuri-keys --help.",
    ))
}

fn settings(flags: &Global, environment: &Environment) -> Result<Settings, CommandError> {
    let usage = |sentence: String| CommandError::new(Exit::Usage, sentence);
    let file = config_file::load(flags.config.as_deref()).map_err(|error| usage(error.to_string()))?;
    let file = file.as_ref().map(|file| (file.shown.as_str(), file.text.as_str()));
    parse_config(file)
        .and_then(|config| resolve(flags, environment, config))
        .map_err(|error| usage(error.to_string()))
}

/// The parts of this machine; each does nothing before it is first used.
fn ports(endpoints: &Endpoints, writer: Option<Arc<TerminalWriter>>) -> Result<Ports, CommandError> {
    let desktop = DesktopEnvironment::from_env();
    let path = sqlite::default_path()
        .map_err(|error| CommandError::new(Exit::Error, format!("Cannot find a place for the journal: {error}.")))?;
    let journal = Arc::new(SqliteJournal::at(path));
    ports_with(endpoints, desktop, Arc::new(OsKeyring::new(&desktop)), journal, writer)
}

fn ports_with(
    endpoints: &Endpoints,
    desktop: DesktopEnvironment,
    store: Arc<dyn CredentialStore>,
    journal: Arc<dyn Journal>,
    writer: Option<Arc<TerminalWriter>>,
) -> Result<Ports, CommandError> {
    let names = EndpointNames::default()
        .with_endpoints(&endpoints.list, &endpoints.create, &endpoints.revoke, &endpoints.teams)
        .and_then(|names| names.with_parameters(&endpoints.key_id, &endpoints.page, &endpoints.size))
        .and_then(|names| names.with_key_id_in(endpoints.key_id_in.as_deref()))
        .map_err(|bad| CommandError::new(Exit::Usage, format!("The config is not valid: {bad}.")))?;
    let processes = Arc::new(ChildProcesses);
    Ok(Ports {
        connect: Arc::new(HttpConnect::new(names, Arc::new(SystemClock))),
        store,
        clipboard: Arc::new(SystemClipboard::new(
            desktop,
            Arc::clone(&processes) as _,
            writer.map(|writer| writer as _),
        )),
        processes,
        reports: Arc::new(DiskFolder::current()),
        browser: Arc::new(DesktopBrowser::new(desktop)),
        journal,
        clock: Arc::new(SystemClock),
        actor: person::name(|name| std::env::var_os(name)),
    })
}

/// `chatzuri-keys sandbox`: a server of one's own, alone or under the dashboard. Neither the keyring nor the config is
/// touched, and a credential in the environment is not used.
async fn try_out(args: &SandboxArgs, environment: &Environment, output: &mut Output) -> Result<Exit, CommandError> {
    if !args.serve {
        needs_terminal()?;
    }
    let options = sandbox_options(args)?;
    let failed = |error: String| CommandError::new(Exit::Error, error);
    // Before the server can be seen, so that no signal is missed.
    let interrupts = args.serve.then(Interrupts::listen).transpose();
    let interrupts = interrupts.map_err(|error| failed(format!("Cannot listen for signals: {error}.")))?;
    let running = sandbox::start(options)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let ended = match interrupts {
        Some(interrupts) => serve(&running, interrupts, output).await,
        None => try_dashboard(&running, environment).await,
    };
    running.shutdown().await;
    ended
}

async fn serve(running: &Running, mut interrupts: Interrupts, output: &mut Output) -> Result<Exit, CommandError> {
    output.data(&format!("{}\n", running.announcement()))?;
    interrupts.next().await;
    Ok(Exit::Ok)
}

async fn try_dashboard(running: &Running, environment: &Environment) -> Result<Exit, CommandError> {
    let usage = |sentence: String| CommandError::new(Exit::Usage, sentence);
    let flags = Global {
        profile: Some(SANDBOX_PROFILE.to_owned()),
        base_url: Some(running.base_url.clone()),
        ..Global::default()
    };
    let mut config = Config::default();
    // Its apps move to a successor in half a minute, not in a day.
    config.rotation.quiet = SANDBOX_QUIET.to_owned();
    config.key.push(KeyConfig {
        pattern: "Zapier".to_owned(),
        owner: Some("ops".to_owned()),
        created: None,
        places: vec![
            "zapier.com › Connections".to_owned(),
            "the nightly export's settings".to_owned(),
        ],
    });
    let settings = resolve(&flags, &Environment::default(), config).map_err(|error| usage(error.to_string()))?;
    let credential = Secret::parse(running.credential.expose()).map_err(|error| usage(error.to_string()))?;
    let store = MemoryStore::new();
    store.set(&settings.profile.account(), Arc::new(credential)).await?;
    let endpoints = &settings.config.api.endpoints;
    let writer = Arc::new(TerminalWriter::default());
    let desktop = DesktopEnvironment::from_env();
    let journal = Arc::new(SqliteJournal::in_memory());
    let ports = ports_with(endpoints, desktop, Arc::new(store), journal, Some(Arc::clone(&writer)))?;
    dashboard(ports, writer, &settings, environment.no_color, Some(running)).await
}

fn sandbox_options(args: &SandboxArgs) -> Result<SandboxOptions, CommandError> {
    let faults: Result<Vec<FaultRule>, CommandError> = args
        .fault
        .iter()
        .map(|rule| FaultRule::parse(rule).map_err(|bad| CommandError::new(Exit::Usage, format!("--fault: {bad}"))))
        .collect();
    let without = args.without.iter().map(|word| {
        FaultEndpoint::of_operation(word.trim()).ok_or_else(|| {
            let sentence = format!("--without: “{}” is not one of list, create and revoke.", clean(word));
            CommandError::new(Exit::Usage, sentence)
        })
    });
    Ok(SandboxOptions {
        without: without.collect::<Result<_, _>>()?,
        port: args.port.unwrap_or_default(),
        keys: args.keys,
        db: args.db.clone(),
        now: args.now,
        latency: Duration::from_millis(args.latency_ms.unwrap_or_default()),
        faults: faults?,
        ..SandboxOptions::default()
    })
}
