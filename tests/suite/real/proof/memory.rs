//! What is left of a value in the memory of the process that had it, by a dump that root takes; and that nobody else can
//! take one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::canary::{disguises, on};
use super::{Machine, have, is_root, text};
use crate::real::tools::{self, Guarded, Xvfb};
use crate::support::terminal::{BINARY, Terminal};

/// Without rights; these numbers are so on every Linux.
const NOBODY: &str = "65534";

/// A dump of a process, by root unless `as_nobody`; `None` where it was refused.
fn dumped(pid: i32, folder: &Path, as_nobody: bool) -> Option<std::path::PathBuf> {
    let mut command = if as_nobody {
        nobody("gcore")
    } else {
        tools::command("gcore")
    };
    let output = command
        .arg("-o")
        .arg(folder.join("core"))
        .arg(pid.to_string())
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let file = folder.join(format!("core.{pid}"));
    assert!(as_nobody || file.exists(), "{}", text(&output.stderr));
    file.exists().then_some(file)
}

fn nobody(program: &str) -> Command {
    let mut command = tools::command("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", program]);
    command
}

/// What a dump holds of a value: as it is, in base64, in hexadecimal, or a letter in each cell of a screen. It is known by
/// its middle: its ends are its hint, which the list shows.
fn hits(dump: &Path, value: &str) -> Vec<String> {
    let middle = &value[8..36];
    let grep = |how: &str, patterns: &[String]| {
        let mut command = tools::command("grep");
        command.args(["--text", "--only-matching", "--byte-offset", how]);
        for pattern in patterns {
            command.args(["--regexp", pattern]);
        }
        // Bytes, not letters.
        let output = command.arg(dump).env("LC_ALL", "C").output().unwrap();
        // 1: nothing was found.
        let searched = output.status.code().is_some_and(|code| code < 2);
        assert!(searched, "{}", text(&output.stderr));
        let lines = text(&output.stdout);
        let at = lines.lines().filter(|line| line.contains(':'));
        at.map(|line| format!("{how} {}", line.escape_default()))
            .collect::<Vec<_>>()
    };
    let mut found = grep("--fixed-strings", &disguises(middle));
    let letters: Vec<String> = middle.chars().map(String::from).collect();
    let apart = [2, 4, 8, 16, 24, 32, 40, 48, 56, 64].map(|apart| letters.join(&format!(".{{{}}}", apart - 1)));
    found.extend(grep("--perl-regexp", &[format!("(?s)(?:{})", apart.join("|"))]));
    found
}

#[test]
fn nothing_of_a_value_is_left_in_memory_once_it_is_stored_and_off_the_clipboard() {
    let tools = [("gcore", "gdb"), ("Xvfb", "xvfb"), ("grep", "grep")];
    if !have("memory", &tools) || !is_root("memory") {
        return;
    }
    let machine = Machine::start();
    let x11 = Xvfb::start();
    let config = fs::read_to_string(machine.config()).unwrap();
    fs::write(machine.config(), format!("{config}\n[clipboard]\nclear_after = 1\n")).unwrap();
    let forgotten = |name: &str, display: Option<&Xvfb>, cleared: &str| {
        let mut terminal = Terminal::start((120, 40), BINARY, |command| on(&machine, display, command));
        super::create_in(&mut terminal, name);
        let op = super::row(&machine.state(), name).unwrap().op;
        let value = machine.kept(&op).unwrap();
        assert_eq!(machine.status_of(&value), 200);
        let pid = terminal.pid();
        let dump = || {
            let folder = tempfile::tempdir().unwrap();
            hits(&dumped(pid, folder.path(), false).unwrap(), &value)
        };
        terminal.press("c");
        terminal.wait_for(cleared);
        terminal.press("v");
        terminal.wait_for(&value);
        let before = dump();
        for (how, why) in [("--fixed", "where it is"), ("--perl", "on the screen")] {
            let found = before.iter().any(|hit| hit.starts_with(how));
            assert!(found, "it is looked for {why}: {before:?}");
        }
        terminal.press_after_reading("\r");
        terminal.wait_for("is stored, as you say");
        assert_eq!(machine.kept(&op), None);
        let after = dump();
        assert!(after.is_empty(), "{name}: {after:#?}");
        terminal.press("q");
        assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
    };
    forgotten("On a desktop", Some(&x11), "cleared from the clipboard");
    forgotten("Over a line", None, "asked the terminal to clear it");
}

#[test]
fn nothing_of_a_leaked_value_is_left_in_memory_once_its_key_is_dead_and_that_was_read() {
    let tools = [("gcore", "gdb"), ("grep", "grep")];
    if !have("memory of a leak", &tools) || !is_root("memory of a leak") {
        return;
    }
    let machine = Machine::start();
    let made = machine.ours(&["create", "Invoices", "--show"]).output().unwrap();
    let made = text(&made.stdout).trim().to_owned();
    let mut terminal = Terminal::start((120, 40), BINARY, |command| on(&machine, None, command));
    terminal.wait_for("Invoices");
    let pid = terminal.pid();
    let dump = || {
        let folder = tempfile::tempdir().unwrap();
        let core = dumped(pid, folder.path(), false).unwrap();
        hits(&core, &made)
    };
    terminal.send("L");
    terminal.wait_for("Paste the leaked key");
    terminal.paste(&made);
    terminal.wait_for("characters.");
    assert!(!dump().is_empty(), "it is looked for where it is");
    terminal.press("\r");
    terminal.wait_for("y Yes, revoke it");
    terminal.press_after_reading("y");
    terminal.wait_for("✓ DEAD");
    terminal.press("\r");
    terminal.wait_for("✓ DEAD: “Invoices”");
    let left = dump();
    assert!(left.is_empty(), "{left:#?}");
    terminal.press("q");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
}

#[test]
fn nothing_of_a_paste_is_left_in_memory_once_its_field_is_closed() {
    if !have("memory of a paste", &[("gcore", "gdb"), ("grep", "grep")]) || !is_root("memory of a paste") {
        return;
    }
    let value = "cz_4fT0qLz81mPdW7sKeYv93XbNcRj6HuGaQ2iBnM5o";
    let mut terminal = Terminal::start((120, 40), BINARY, |command| {
        // Nobody listens there, and nobody is asked: the field is closed again.
        command.env("CHATZURI_BASE_URL", "http://127.0.0.1:9/api/v1");
    });
    let pid = terminal.pid();
    let found = || {
        let folder = tempfile::tempdir().unwrap();
        hits(&dumped(pid, folder.path(), false).unwrap(), value)
    };
    terminal.wait_for("q quit");
    terminal.press("i");
    terminal.wait_for("Sign in to");
    terminal.paste(value);
    terminal.wait_for(&format!("{} characters.", value.len()));
    assert_eq!(found().len(), 1, "it is in one place while its field is open");
    terminal.press("\x1b");
    terminal.wait_for_no("Sign in to");
    assert_eq!(found(), Vec::<String>::new());
    terminal.press("q");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
}

#[test]
fn another_program_of_the_same_person_cannot_dump_it() {
    if !have("memory_denied", &[("gcore", "gdb"), ("setpriv", "util-linux")]) || !is_root("memory_denied") {
        return;
    }
    // Where that person can reach it.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let binary = folder.path().join("chatzuri-keys");
    fs::copy(BINARY, &binary).unwrap();
    let mut server = nobody(binary.to_str().unwrap());
    server
        .args(["sandbox", "--serve"])
        .env("HOME", folder.path())
        .current_dir("/")
        .stdout(Stdio::piped());
    let mut server = Guarded::spawn(&mut server);
    let announced = tools::lines(server.0.stdout.take().unwrap())
        .recv_timeout(tools::AMPLE)
        .unwrap();
    let announced: serde_json::Value = serde_json::from_str(&announced).unwrap();
    let pid = i32::try_from(server.0.id()).unwrap();
    assert_eq!(dumped(pid, folder.path(), true), None, "refused to the same person");
    let mut read = nobody("cat");
    let environment = read.arg(format!("/proc/{pid}/environ")).output().unwrap();
    assert!(!environment.status.success() && environment.stdout.is_empty());
    // It is there to be had: root finds it.
    let dump = dumped(pid, folder.path(), false).unwrap();
    assert!(!hits(&dump, announced["credential"].as_str().unwrap()).is_empty());

    // And that person may dump what is not hardened, where the machine lets anybody dump anything.
    let mut plain = nobody("sleep");
    let plain = Guarded::spawn(plain.arg("600"));
    let pid = i32::try_from(plain.0.id()).unwrap();
    tools::wait_for("the change of user", || {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
        (name.trim() == "sleep").then_some(())
    });
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_else(|_| "0".to_owned());
    if scope.trim() == "0" {
        assert!(dumped(pid, folder.path(), true).is_some());
    }
}
