//! The binary in a real terminal: what is seen there, and that the terminal is always given back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chatzuri_keys::adapters::browser::DesktopBrowser;
use chatzuri_keys::adapters::clock::SystemClock;
use chatzuri_keys::adapters::memory_store::MemoryStore;
use chatzuri_keys::adapters::process::ChildProcesses;
use chatzuri_keys::adapters::report_folder::DiskFolder;
use chatzuri_keys::adapters::sqlite::SqliteJournal;
use chatzuri_keys::core::secret::Secret;
use chatzuri_keys::core::sink::Sinks;
use chatzuri_keys::core::text::Label;
use chatzuri_keys::ops::revoke::Pace;
use chatzuri_keys::ops::sign_in::Profile;
use chatzuri_keys::ports::{ApiError, BaseUrl, Clock, Connect, Consequence, Fault, KeyApi, Operation, Ports};
use chatzuri_keys::sandbox::{self, Running, SandboxOptions};
use chatzuri_keys::tui::app::{self, Dashboard};
use chatzuri_keys::tui::message::{Stop, TeamIndex};
use chatzuri_keys::tui::model::{DashboardExit, DashboardSettings, ProfileLabel};
use chatzuri_keys::tui::terminal::TerminalWriter;
use chatzuri_keys::tui::theme::Theme;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Runtime;

use crate::support::stage::SlotClipboard;
use crate::support::terminal::{BINARY, Terminal};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);
/// The team of the sandbox, in the header once its list was read.
const TEAM: &str = "Acme Support";
/// A name of the seed that needs no room.
const KEY: &str = "Load test";

/// The dashboard on the sandbox, with its table.
fn sandboxed(size: (u16, u16)) -> Terminal {
    let terminal = Terminal::run(size, &["sandbox"]);
    terminal.wait_for(KEY);
    terminal
}

// -------------------------------------------------------------------------------------------------- what is seen there

#[test]
fn the_first_command_shows_the_team_and_its_keys_in_a_small_and_in_a_large_terminal() {
    for size in [SMALL, LARGE] {
        let mut terminal = sandboxed(size);
        for text in [
            TEAM, "SANDBOX", "13 keys", "Zapier", "overdue", "due in", "never", "n new", "q quit",
        ] {
            terminal.wait_for(text);
        }
        terminal.send("q");
        assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
        assert!(
            !terminal.screen().contains(TEAM),
            "nothing is left on the normal screen"
        );
        assert!(
            std::fs::read_dir(terminal.home.path()).unwrap().next().is_none(),
            "nothing is left in the home"
        );
    }
}

#[test]
fn a_window_too_small_is_told_kindly_and_comes_back() {
    let mut terminal = sandboxed(SMALL);
    terminal.resize((40, 10));
    terminal.wait_for("A little more room, please");
    assert!(!terminal.screen().contains(KEY));
    terminal.resize(LARGE);
    terminal.wait_for(KEY);
    terminal.wait_for_no("A little more room");
}

#[test]
fn names_made_to_be_obeyed_by_a_terminal_reach_it_as_text() {
    let mut terminal = Terminal::run(LARGE, &["sandbox", "--fault", "all:hostile-names"]);
    terminal.wait_for("\\u{202e}");
    // Every place a name is shown in: the rows, the pane beside them, the details, the dialogs, the filter's answer.
    for row in 0..10 {
        terminal.send("\r");
        terminal.wait_for("Esc close");
        terminal.press("\x1b");
        terminal.wait_for_no("Esc close");
        terminal.send("x");
        terminal.wait_for("Revoke this key?");
        terminal.press("\x1b");
        terminal.wait_for_no("Revoke this key?");
        terminal.send(if row == 9 { "/[31mred" } else { "j" });
    }
    terminal.wait_for("2 of 13");
    terminal.press("\x1b");
    terminal.wait_for("q quit");
    terminal.press("q");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
    let written = terminal.written();
    assert_eq!(obeyed(&written), Vec::<String>::new());
    let text = String::from_utf8(written).unwrap();
    let unseen = |c: &char| {
        matches!(*c, '\u{80}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(*c, '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    assert_eq!(text.chars().find(unseen), None);
}

/// Everything in a terminal's input that it would obey, less what the dashboard itself has reason to say.
fn obeyed(bytes: &[u8]) -> Vec<String> {
    /// Modes: cursor, alternate screen, marked pastes, whole frames.
    const MODES: [&str; 4] = ["?25", "?1049", "?2004", "?2026"];
    let mut surprises = Vec::new();
    let mut rest: VecDeque<u8> = bytes.iter().copied().collect();
    while let Some(byte) = rest.pop_front() {
        match byte {
            0x1b if rest.front() == Some(&b'[') => {
                rest.pop_front();
                let mut parameters = String::new();
                let last = loop {
                    match rest.pop_front() {
                        Some(byte @ 0x40..=0x7e) => break char::from(byte),
                        Some(byte) => parameters.push(char::from(byte)),
                        None => break '?',
                    }
                };
                let ours = match last {
                    // Colours, and where to write.
                    'm' | 'H' => parameters.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')),
                    // The whole screen, when it was taken or changed its size.
                    'J' => parameters == "2",
                    'h' | 'l' => MODES.contains(&parameters.as_str()),
                    _ => false,
                };
                if !ours {
                    surprises.push(format!("CSI {parameters}{last}"));
                }
            }
            0x00..=0x1f | 0x7f => surprises.push(format!(
                "{:?} {:?}",
                char::from(byte),
                rest.front().map(|&byte| char::from(byte))
            )),
            _ => {}
        }
    }
    surprises
}

// ------------------------------------------------------------------------------------------------------------- pastes

/// A server of the contract in this process, and the binary on it.
struct Served {
    _runtime: Runtime,
    server: Running,
}

impl Served {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SandboxOptions {
            apps: false,
            ..SandboxOptions::default()
        };
        let server = runtime.block_on(sandbox::start(options)).unwrap();
        Self {
            _runtime: runtime,
            server,
        }
    }

    fn shown(&self, size: (u16, u16), signed_in: bool) -> Terminal {
        Terminal::start(size, BINARY, |command| {
            command.env("CHATZURI_BASE_URL", &self.server.base_url);
            if signed_in {
                command.env("CHATZURI_API_KEY", self.server.credential.expose());
            }
        })
    }

    fn asked(&self) -> Vec<String> {
        let log = self.server.request_log();
        log.into_iter().map(|record| record.path).collect()
    }
}

#[test]
fn a_key_pasted_into_the_sign_in_never_reaches_the_screen() {
    let served = Served::new();
    // A machine without a keyring: the value is checked, and then has no place to be kept.
    let mut terminal = served.shown(SMALL, false);
    terminal.wait_for("No keyring is running");
    terminal.send("i");
    terminal.wait_for("Sign in to");
    let value = served.server.credential.expose().to_owned();
    terminal.paste(&format!("{value}\n"));
    terminal.wait_for(&format!("{} characters.", value.chars().count()));
    assert!(served.asked().is_empty(), "the line end of a paste sends nothing");
    terminal.press("\r");
    terminal.wait_for("✗ No keyring is running");
    terminal.press("\x1b");
    terminal.wait_for_no("Sign in to");
    terminal.press("q");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
    let written = String::from_utf8(terminal.written()).unwrap();
    // In pieces too: a frame sends only the cells that changed.
    assert!(!written.contains(&value[..8]) && !written.contains(&value[value.len() - 8..]));
}

#[test]
fn lines_pasted_over_the_list_press_no_key() {
    let served = Served::new();
    let mut terminal = served.shown(SMALL, true);
    terminal.wait_for(KEY);
    let before = terminal.screen();
    terminal.paste("q\nx\ny\nn\nnew\r\n\r\ny\n/\n?\n\x03");
    // What is typed after it is read after it.
    terminal.send("?");
    terminal.wait_for("create a key and show its value once");
    terminal.press("\x1b");
    terminal.wait_for(KEY);
    terminal.wait_for_no("create a key and show its value once");
    // Names, the cursor and the hints; how long ago something was used may read differently by now.
    let rows = |screen: &str| -> Vec<String> {
        screen
            .lines()
            .skip(1)
            .map(|line| line.chars().take(38).collect())
            .collect()
    };
    assert_eq!(rows(&terminal.screen()), rows(&before));
    assert!(
        served
            .asked()
            .iter()
            .all(|path| !path.contains("create") && !path.contains("delete"))
    );
    terminal.press("q");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
}

// ------------------------------------------------------------------------------------------- the terminal given back

#[test]
fn a_signal_gives_the_terminal_back_and_is_told_by_the_exit_code() {
    for signal in [
        Signal::INT,
        Signal::TERM,
        Signal::HUP,
        Signal::QUIT,
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
        Signal::VTALARM,
        Signal::PROF,
        Signal::XCPU,
        Signal::XFSZ,
    ] {
        let mut terminal = sandboxed(SMALL);
        terminal.signal(signal);
        assert_eq!(terminal.ends_and_gives_the_terminal_back(), 3, "{signal:?}");
    }
}

#[test]
fn control_c_gives_the_terminal_back() {
    let mut terminal = sandboxed(SMALL);
    terminal.send("\x03");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 3);
}

#[test]
fn a_terminal_taken_away_ends_the_program() {
    let mut terminal = sandboxed(SMALL);
    terminal.hang_up();
    // The system sends a signal along with it; either may be heard first.
    let code = terminal.ends();
    assert!(matches!(code, 1 | 3), "{code}");
}

#[test]
fn a_terminal_taken_away_without_a_signal_ends_the_program() {
    let mut terminal = Terminal::start(SMALL, BINARY, |command| {
        command.arg("sandbox");
        // Not its own terminal as far as the system knows, as under some wrappers: nobody is signalled.
        command.set_controlling_tty(false);
    });
    terminal.wait_for(KEY);
    terminal.hang_up();
    assert_eq!(terminal.ends(), 1);
}

#[test]
fn a_terminal_of_a_size_that_nobody_has_is_drawn_as_far_as_it_goes() {
    let mut terminal = sandboxed(SMALL);
    terminal.pretend_size((u16::MAX, u16::MAX));
    // The footer.
    terminal.wait_for_bytes(b"\x1b[500;");
    terminal.resize(LARGE);
    terminal.wait_for(KEY);
    terminal.press("q");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
}

#[test]
fn memory_that_is_not_to_be_had_gives_the_terminal_back_before_the_program_ends() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let mut terminal = sandboxed(SMALL);
    let pid = Pid::from_raw(terminal.pid()).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", terminal.pid())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let kilobytes: u64 = size.trim().trim_end_matches(" kB").parse().unwrap();
    let limit = Rlimit {
        current: Some((kilobytes + 4 * 1024) * 1024),
        maximum: None,
    };
    prlimit(Some(pid), Resource::As, limit).unwrap();
    terminal.pretend_size((1000, 500));
    assert_ne!(terminal.ends_and_gives_the_terminal_back(), 0);
    assert!(
        terminal.screen().contains("memory allocation of"),
        "{}",
        terminal.screen()
    );
}

// --------------------------------------------------------------------------------------------------- and taken again

/// A shell with the dashboard in its foreground, and the dashboard's process.
fn in_a_shell() -> (Terminal, Pid) {
    let mut terminal = Terminal::start(LARGE, "bash", |command| {
        command.args(["--norc", "--noprofile", "-i"]);
        command.env("PS1", "shell> ");
    });
    terminal.wait_for("shell>");
    terminal.send(&format!("{BINARY} sandbox\n"));
    terminal.wait_for(KEY);
    let children = format!("/proc/{0}/task/{0}/children", terminal.pid());
    let children = std::fs::read_to_string(children).unwrap();
    let pid = Pid::from_raw(children.trim().parse().unwrap()).unwrap();
    (terminal, pid)
}

/// The shell has its terminal, and gives it back to the dashboard.
fn back_and_forth(terminal: &mut Terminal, round: u32) {
    assert!(!terminal.is_taken(), "{}", terminal.screen());
    terminal.send(&format!("echo $(({round} + 40))\n"));
    terminal.wait_for(&format!("{}", round + 40));
    assert!(!terminal.screen().contains(KEY), "{}", terminal.screen());
    terminal.send("fg\n");
    terminal.wait_for(KEY);
    assert!(terminal.is_taken());
    // It hears keys, and marks pastes.
    terminal.press("?");
    terminal.wait_for("create a key and show its value once");
    terminal.press("\x1b");
    terminal.wait_for_no("create a key and show its value once");
}

#[test]
fn control_z_and_a_signal_suspend_it_and_the_shell_brings_it_back_whole() {
    let (mut terminal, pid) = in_a_shell();
    terminal.press("\x1a");
    terminal.wait_for_prompt("shell>", "Stopped", 1);
    back_and_forth(&mut terminal, 1);
    kill_process(pid, Signal::TSTP).unwrap();
    terminal.wait_for_prompt("shell>", "Stopped", 2);
    back_and_forth(&mut terminal, 2);
    // In a text field, too.
    terminal.press("n");
    terminal.wait_for("New key");
    terminal.press("\x1a");
    terminal.wait_for_prompt("shell>", "Stopped", 3);
    terminal.send("fg; echo over-$((40 + 2))\n");
    terminal.wait_for("New key");
    terminal.press("\x1b");
    terminal.wait_for_no("New key");
    terminal.press("q");
    // Until its process is gone, what is typed is the dashboard's.
    terminal.wait_for("over-42");
    terminal.send("exit\n");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn a_stop_that_could_not_be_foreseen_is_made_good_when_it_goes_on() {
    let (mut terminal, pid) = in_a_shell();
    kill_process(pid, Signal::STOP).unwrap();
    terminal.wait_for_bytes(b"Stopped");
    terminal.send("fg\n");
    terminal.wait_for(KEY);
    terminal.press("?");
    terminal.wait_for("create a key and show its value once");
    terminal.press("\x1b");
    terminal.press("q");
    terminal.wait_for("shell>");
}

#[test]
fn where_no_shell_could_bring_it_back_it_is_not_suspended() {
    let mut terminal = sandboxed(SMALL);
    terminal.press("\x1a");
    terminal.wait_for("no shell could bring it back");
    terminal.signal(Signal::TSTP);
    terminal.press("q");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
}

#[test]
fn a_panic_in_a_task_gives_the_terminal_back_before_it_is_reported() {
    let mut terminal = panicking("in_a_task");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 1);
    reported(&terminal, IN_A_TASK);
}

#[test]
fn a_panic_in_the_loop_gives_the_terminal_back_before_it_is_reported() {
    let mut terminal = panicking("in_the_loop");
    assert_ne!(terminal.ends_and_gives_the_terminal_back(), 0);
    reported(&terminal, IN_THE_LOOP);
}

fn panicking(entry: &str) -> Terminal {
    let program = std::env::current_exe().unwrap();
    let mut terminal = Terminal::start(SMALL, program.to_str().unwrap(), |command| {
        command.args([&format!("pty::entry::{entry}"), "--exact", "--ignored", "--nocapture"]);
        command.env(GATE, "1");
    });
    terminal.wait_for("Sign in to");
    terminal.paste("cz_0123456789abcdef");
    terminal.wait_for("19 characters.");
    terminal.press("\r");
    terminal
}

fn reported(terminal: &Terminal, words: &str) {
    let written = String::from_utf8(terminal.written()).unwrap();
    let (_, after) = written.rsplit_once("\x1b[?1049l").unwrap();
    assert!(after.contains(words), "{after}");
    assert!(terminal.screen().contains(words), "{}", terminal.screen());
    assert!(!written.contains("cz_0123456789abcdef"));
}

/// Set for an entry that a test has started.
const GATE: &str = "CHATZURI_KEYS_TEST_ENTRY";
const IN_A_TASK: &str = "the stub of the connection was asked";
const IN_THE_LOOP: &str = "the stub of the clock was asked";

/// A connection that panics, or fails and lets the clock panic.
struct Bomb {
    in_the_loop: bool,
    lit: Arc<AtomicBool>,
}

impl Connect for Bomb {
    fn connect(&self, _: &BaseUrl, _: Arc<Secret>) -> Result<Arc<dyn KeyApi>, ApiError> {
        assert!(self.in_the_loop, "{IN_A_TASK}");
        self.lit.store(true, Ordering::SeqCst);
        Err(ApiError {
            operation: Operation::Teams,
            endpoint: "GET /get-teams".to_owned(),
            host: "keys.example".to_owned(),
            fault: Fault::NoClient("it is a stub".to_owned()),
            consequence: Consequence::None,
        })
    }
}

struct Fuse(Arc<AtomicBool>);

impl Clock for Fuse {
    fn now(&self) -> Timestamp {
        assert!(!self.0.load(Ordering::SeqCst), "{IN_THE_LOOP}");
        SystemClock.now()
    }
}

/// A dashboard that panics when somebody signs in, and ends as the program does.
fn dashboard_that_panics(in_the_loop: bool) {
    if std::env::var_os(GATE).is_none() {
        return;
    }
    let lit = Arc::new(AtomicBool::new(false));
    let profile = Profile {
        name: "default".to_owned(),
        base_url: BaseUrl::parse("https://keys.example").unwrap(),
        credential_command: None,
        from_environment: None,
        manual: Default::default(),
        peers: Vec::new(),
    };
    let settings = DashboardSettings {
        profiles: vec![ProfileLabel {
            name: "default".to_owned(),
            host: profile.base_url.host().to_owned(),
            fixed_credential: false,
        }],
        first: TeamIndex(0),
        policies: Arc::default(),
        quiet: jiff::SignedDuration::from_secs(20),
        clear_after: 45,
        theme: Theme::Ansi,
        zone: jiff::tz::TimeZone::UTC,
        sinks: Sinks::new(),
        store_name: "your keyring",
        sandbox: None,
    };
    let ports = Ports {
        connect: Arc::new(Bomb {
            in_the_loop,
            lit: Arc::clone(&lit),
        }),
        store: Arc::new(MemoryStore::new()),
        clipboard: Arc::new(SlotClipboard::default()),
        processes: Arc::new(ChildProcesses),
        reports: Arc::new(DiskFolder::current()),
        browser: Arc::new(DesktopBrowser::new(Default::default())),
        journal: Arc::new(SqliteJournal::in_memory()),
        actor: Label::new("amina"),
        clock: Arc::new(Fuse(lit)),
    };
    let _ = color_eyre::install();
    let ended = Runtime::new().unwrap().block_on(async {
        let dashboard = Dashboard::new(settings, vec![profile], ports, Pace::default());
        app::run(dashboard, Arc::new(TerminalWriter::default())).await
    });
    let code = if matches!(ended, Ok(DashboardExit::Stopped(Stop::Panic))) {
        1
    } else {
        99
    };
    std::process::exit(code);
}

/// Run in a process of their own by the tests above. These are no tests: run by hand they do nothing.
mod entry {
    #[test]
    #[ignore = "an entry, run by a test of this file"]
    fn in_a_task() {
        super::dashboard_that_panics(false);
    }

    #[test]
    #[ignore = "an entry, run by a test of this file"]
    fn in_the_loop() {
        super::dashboard_that_panics(true);
    }
}
