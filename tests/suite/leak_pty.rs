//! A leaked key in a real terminal: how many keys it takes from the dashboard to its death, and that nothing stops a
//! revocation that was confirmed.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use chatzuri_keys::sandbox::{self, FaultRule, Running, SandboxOptions};
use rustix::process::Signal;
use tokio::runtime::Runtime;

use crate::support::terminal::{BINARY, Terminal};

/// Long after the last use of the key that leaked.
const A_DAY: Duration = Duration::from_secs(26 * 3600);

struct Served {
    _runtime: Runtime,
    server: Running,
}

impl Served {
    /// A server on which the leaked key was not used for a day.
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let options = SandboxOptions {
            apps: false,
            ..SandboxOptions::default()
        };
        let server = runtime.block_on(sandbox::start(options)).unwrap();
        server.pass(A_DAY);
        Self {
            _runtime: runtime,
            server,
        }
    }

    fn dashboard(&self) -> Terminal {
        let terminal = Terminal::start((80, 24), BINARY, |command| {
            command.env("CHATZURI_BASE_URL", &self.server.base_url);
            command.env("CHATZURI_API_KEY", self.server.credential.expose());
        });
        terminal.wait_for("Load test");
        terminal
    }

    fn asked_to_revoke(&self) -> bool {
        let log = self.server.request_log();
        let mut asked = log.iter().filter(|record| record.path.contains("/delete-api-key"));
        asked.any(|record| !record.path.contains(crate::support::LOOK))
    }
}

/// Whether `value` is in no file of the home, whole or without its ends.
fn is_nowhere_in(folder: &Path, value: &str) -> bool {
    let middle = &value.as_bytes()[8..value.len() - 4];
    std::fs::read_dir(folder).unwrap().flatten().all(|entry| {
        let path = entry.path();
        if path.is_dir() {
            is_nowhere_in(&path, value)
        } else {
            let bytes = std::fs::read(path).unwrap();
            !bytes.windows(middle.len()).any(|window| window == middle)
        }
    })
}

#[test]
fn from_the_dashboard_to_dead_it_takes_a_paste_and_three_keys() {
    let served = Served::new();
    let mut terminal = served.dashboard();
    let value = served.server.leaked.expose().to_owned();
    let mut pressed = 0;
    let mut press = |terminal: &mut Terminal, key: &str| {
        pressed += 1;
        terminal.press_after_reading(key);
    };
    press(&mut terminal, "L");
    terminal.wait_for("Paste the leaked key");
    terminal.paste(&format!("Authorization: Bearer {value}\n"));
    terminal.wait_for("characters.");
    press(&mut terminal, "\r");
    terminal.wait_for("y Yes, revoke it");
    assert!(!served.asked_to_revoke());
    press(&mut terminal, "y");
    terminal.wait_for("✓ DEAD");
    assert_eq!(pressed, 3, "L, Enter and y");
    terminal.press("w");
    terminal.wait_for("report written");
    terminal.press("\r");
    terminal.wait_for("12 keys");
    terminal.press("q");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
    let written = String::from_utf8(terminal.written()).unwrap();
    // In pieces too: a frame sends only the cells that changed.
    assert!(!written.contains(&value[8..16]) && !written.contains(&value[value.len() - 12..value.len() - 4]));
    let home = terminal.home.path();
    assert!(
        std::fs::read_dir(home).unwrap().count() > 1,
        "the journal and the report are there"
    );
    assert!(is_nowhere_in(home, &value));
}

/// A confirmed revocation under way, and what ends the dashboard meanwhile.
fn ended_meanwhile(end: impl FnOnce(&mut Terminal)) {
    let served = Served::new();
    served.server.inject(FaultRule::parse("revoke:slow=2500").unwrap());
    let mut terminal = served.dashboard();
    terminal.send("L");
    terminal.wait_for("Paste the leaked key");
    terminal.paste(served.server.leaked.expose());
    terminal.wait_for("characters.");
    terminal.press("\r");
    terminal.wait_for("y Yes, revoke it");
    terminal.press_after_reading("y");
    while !served.asked_to_revoke() {
        std::thread::yield_now();
    }
    end(&mut terminal);
    terminal.ends();
    let log = Command::new(BINARY)
        .env_clear()
        .env("HOME", terminal.home.path())
        .env("XDG_STATE_HOME", terminal.home.path().join("state"))
        .args(["log", "--json"])
        .output()
        .unwrap();
    let log = String::from_utf8(log.stdout).unwrap();
    assert!(log.contains("\"leak\"") && log.contains("\"dead\""), "{log}");
}

#[test]
fn a_hangup_after_the_confirmation_stops_no_kill() {
    ended_meanwhile(|terminal| terminal.signal(Signal::HUP));
}

#[test]
fn a_terminal_lost_after_the_confirmation_stops_no_kill() {
    ended_meanwhile(Terminal::hang_up);
}

#[test]
fn no_journal_stops_no_kill() {
    let served = Served::new();
    let mut terminal = Terminal::start((80, 24), BINARY, |command| {
        command.env("CHATZURI_BASE_URL", &served.server.base_url);
        command.env("CHATZURI_API_KEY", served.server.credential.expose());
        // No folder can be made where a file stands.
        command.env("XDG_STATE_HOME", "/dev/null");
    });
    terminal.wait_for("Load test");
    terminal.send("L");
    terminal.wait_for("Paste the leaked key");
    terminal.paste(served.server.leaked.expose());
    terminal.wait_for("characters.");
    terminal.press("\r");
    terminal.wait_for("y Yes, revoke it");
    terminal.press_after_reading("y");
    terminal.wait_for("✓ DEAD");
    terminal.wait_for("! Nothing is being recorded");
    terminal.press("\r");
    terminal.press("3");
    terminal.wait_for("The log cannot be read");
    terminal.press("q");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
}

#[test]
fn who_leaves_all_the_same_finds_it_in_the_log() {
    let served = Served::new();
    served.server.inject(FaultRule::parse("revoke:revoke-never").unwrap());
    let mut terminal = served.dashboard();
    terminal.send("L");
    terminal.wait_for("Paste the leaked key");
    terminal.paste(served.server.leaked.expose());
    terminal.wait_for("characters.");
    terminal.press("\r");
    terminal.wait_for("y Yes, revoke it");
    terminal.press_after_reading("y");
    terminal.wait_for("still alive");
    terminal.press("\x03");
    terminal.wait_for("Left now, its outcome is not seen");
    terminal.press_after_reading("y");
    terminal.ends();
    let log = Command::new(BINARY)
        .env_clear()
        .env("HOME", terminal.home.path())
        .env("XDG_STATE_HOME", terminal.home.path().join("state"))
        .args(["log", "--json"])
        .output()
        .unwrap();
    let log = String::from_utf8(log.stdout).unwrap();
    assert!(log.contains("\"leak\"") && log.contains("\"interrupted\""), "{log}");
}
