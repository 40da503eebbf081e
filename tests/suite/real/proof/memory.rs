//! What is left of a value in the memory of the process that had it, by a dump that root takes; and that nobody else can
//! take one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::canary::{disguises, on};
use super::{Machine, have, is_root, text};
use crate::real::tools::{self, Guarded, Xvfb};
use crate::rig::terminal::{BINARY, Terminal};

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

/// How often a dump holds a value: as it is, in base64, in hexadecimal, or a letter in each cell of a screen.
fn hits(dump: &Path, value: &str) -> Vec<String> {
    let grep = |how: &str, pattern: &str| {
        let output = tools::command("grep")
            .args(["--text", "--only-matching", "--byte-offset", how, "--regexp", pattern])
            .arg(dump)
            // Bytes, not letters.
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        // 1: nothing was found.
        assert!(
            output.status.code().is_some_and(|code| code < 2),
            "{}",
            text(&output.stderr)
        );
        let lines = text(&output.stdout);
        lines
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(at, _)| format!("{how} {pattern} at {at}"))
            .collect::<Vec<_>>()
    };
    let mut found: Vec<String> = disguises(value)
        .iter()
        .flat_map(|one| grep("--fixed-strings", one))
        .collect();
    for apart in [2, 4, 8, 16, 24, 32, 40, 48, 56, 64] {
        let letters: Vec<String> = value.chars().take(16).map(String::from).collect();
        found.extend(grep(
            "--perl-regexp",
            &format!("(?s){}", letters.join(&format!(".{{{}}}", apart - 1))),
        ));
    }
    found
}

#[test]
fn nothing_of_a_value_is_left_in_memory_once_it_is_stored_and_off_the_clipboard() {
    let tools = [("gcore", "gdb"), ("Xvfb", "xvfb"), ("xclip", "xclip"), ("grep", "grep")];
    if !have("memory", &tools) || !is_root("memory") {
        return;
    }
    let machine = Machine::start();
    let x11 = Xvfb::start();
    fs::write(
        machine.config(),
        format!(
            "{}\n[clipboard]\nclear_after = 1\n",
            fs::read_to_string(machine.config()).unwrap()
        ),
    )
    .unwrap();
    let mut terminal = Terminal::start((120, 40), BINARY, |command| on(&machine, &x11, command));
    super::create_in(&mut terminal, "Forgotten");
    let op = super::row(&machine.state(), "Forgotten").unwrap().op;
    let value = machine.kept(&op).unwrap();
    assert_eq!(machine.status_of(&value), 200);
    terminal.press("c");
    terminal.wait_for("cleared from the clipboard");
    terminal.press("v");
    terminal.wait_for(&value);
    let before = tempfile::tempdir().unwrap();
    let before = hits(&dumped(terminal.pid(), before.path(), false).unwrap(), &value);
    assert!(
        before.iter().any(|hit| hit.starts_with("--fixed")),
        "it is looked for where it is: {before:?}"
    );
    assert!(
        before.iter().any(|hit| hit.starts_with("--perl")),
        "and on the screen: {before:?}"
    );

    terminal.press("\r");
    terminal.wait_for("is stored, as you say");
    assert_eq!(machine.kept(&op), None);
    let after = tempfile::tempdir().unwrap();
    let after = hits(&dumped(terminal.pid(), after.path(), false).unwrap(), &value);
    assert!(after.is_empty(), "{after:#?}");
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
