//! Every command and the dashboard with known secrets, watched at each way out of the process: where the secrets go, and
//! that they go nowhere else.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use portable_pty::CommandBuilder;

use super::{Machine, have, text, values_in};
use crate::real::tools::{self, Guarded, Xvfb};
use crate::support::terminal::{BINARY, Terminal};

/// The ways out: to programs, files, pipes, sockets and terminals.
pub(super) const WATCH: &[&str] = &[
    "-f",
    "-v",
    "-yy",
    "-s",
    "65535",
    "-e",
    "trace=execve,execveat,write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg",
];

/// Where a secret was seen to go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum To {
    /// The header of a request.
    Authorization,
    /// A socket of this machine: the session bus or the X server.
    LocalSocket,
    /// A pipe: the standard input of a target.
    Pipe,
    /// A file, or a device such as a terminal.
    File(PathBuf),
    /// Anything else, as it was traced: another program's arguments or environment, say.
    Elsewhere(String),
}

/// A secret as it is, and as it would be in base64 (at each alignment) and in hexadecimal.
pub(super) fn disguises(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let base64 = (0..3).map(|before| {
        let padded = [&b"\0\0"[..before], secret.as_bytes()].concat();
        let encoded = STANDARD_NO_PAD.encode(padded);
        // The letters at the ends are mixed with what stands beside it.
        encoded[before + usize::from(before > 0)..encoded.len() - 2].to_owned()
    });
    [secret.to_owned(), hex.to_uppercase(), hex.clone()]
        .into_iter()
        .chain(base64)
        .collect()
}

pub(super) fn seen(trace: &Path, secret: &str) -> BTreeSet<To> {
    let trace = text(&fs::read(trace).unwrap());
    assert!(trace.contains("execve("), "something was traced");
    let disguises = disguises(secret);
    let holds = |line: &&str| disguises.iter().any(|disguise| line.contains(disguise));
    trace.lines().filter(holds).map(|line| whereto(line, secret)).collect()
}

/// What a traced call, such as `12 write(3<TCP:[…]>, "…")`, was for.
fn whereto(line: &str, secret: &str) -> To {
    let elsewhere = || To::Elsewhere(line.to_owned());
    let Some((call, rest)) = line
        .split_once(' ')
        .and_then(|(_, call)| call.trim_start().split_once('('))
    else {
        return elsewhere();
    };
    let Some(target) = rest.split_once('<').and_then(|(_, rest)| rest.split_once(">, ")) else {
        return elsewhere();
    };
    match target.0 {
        _ if call.starts_with("exec") => elsewhere(),
        tcp if tcp.starts_with("TCP:[127.0.0.1:") => {
            let once = line.matches(secret).count() == 1;
            if once && line.contains(&format!("authorization: Bearer {secret}\\r\\n")) {
                To::Authorization
            } else {
                elsewhere()
            }
        }
        local if local.starts_with("UNIX-STREAM:") => To::LocalSocket,
        pipe if pipe.starts_with("pipe:[") => To::Pipe,
        path if path.starts_with('/') => To::File(path.split('<').next().unwrap_or(path).into()),
        _ => elsewhere(),
    }
}

pub(super) fn set<const N: usize>(to: [To; N]) -> BTreeSet<To> {
    to.into()
}

/// Whether any process shows it in its arguments or its environment.
fn is_shown_by_a_process(secret: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|process| {
        ["cmdline", "environ"].iter().any(|file| {
            fs::read(process.path().join(file))
                .is_ok_and(|bytes| disguises(secret).iter().any(|disguise| text(&bytes).contains(disguise)))
        })
    })
}

#[test]
fn secrets_leave_the_process_only_where_they_are_meant_to_go() {
    let tools = [("strace", "strace"), ("Xvfb", "xvfb"), ("xclip", "xclip")];
    if !have("canary", &tools) {
        return;
    }
    let machine = Machine::start();
    let x11 = Xvfb::start();
    let credential = machine.sandbox.credential.expose().to_owned();
    let traces = tempfile::tempdir().unwrap();
    let trace = |name: &str| traces.path().join(name);
    let watched = |name: &str, args: &[&str]| {
        let mut command = tools::command("strace");
        machine.dress(&mut command);
        command.args(WATCH).arg("-o").arg(trace(name)).arg(BINARY).args(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let run = |name: &str, args: &[&str]| {
        let output = watched(name, args).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let sent = || set([To::Authorization]);

    let given = traces.path().join("credential");
    fs::write(&given, format!("{credential}\n")).unwrap();
    let mut login = watched("login", &["login", "--with-token"]);
    let output = login.stdin(fs::File::open(&given).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(seen(&trace("login"), &credential), sent());
    for (name, args) in [
        ("list", &["list", "--json"][..]),
        ("status", &["status"]),
        ("teams", &["teams"]),
    ] {
        run(name, args);
        assert_eq!(seen(&trace(name), &credential), sent(), "{name}");
    }

    // Shown: standard output is a file here, so that it is told from every pipe.
    let out = traces.path().join("stdout");
    let mut show = watched("show", &["create", "Shown", "--show"]);
    assert!(show.stdout(fs::File::create(&out).unwrap()).status().unwrap().success());
    let shown = fs::read_to_string(&out).unwrap().trim().to_owned();
    assert_eq!(machine.status_of(&shown), 200);
    assert_eq!(seen(&trace("show"), &shown), set([To::File(out)]));
    assert_eq!(seen(&trace("show"), &credential), sent());

    // Left in escrow, and forgotten.
    run("escrow", &["create", "Waiting"]);
    let waiting = super::row(&machine.state(), "Waiting").unwrap();
    let waiting = machine.kept(&waiting.op).unwrap();
    assert_eq!(
        seen(&trace("escrow"), &waiting),
        set([]),
        "the keyring's session is encrypted"
    );
    run("stored", &["create", "Waiting", "--resume", "--stored"]);
    assert_eq!(seen(&trace("stored"), &waiting), set([]));

    // Copied.
    let mut copy = watched("copy", &["create", "Copied", "--copy"]);
    let mut copying = Guarded::spawn(copy.env("DISPLAY", &x11.display));
    let copied = tools::wait_for("the copy", || {
        copying.expect_running();
        let held = x11.xclip(&["-o"]);
        values_in(held.as_bytes()).next().map(str::to_owned)
    });
    for secret in [&copied, &credential] {
        assert!(!is_shown_by_a_process(secret));
    }
    x11.copy("something newer");
    assert!(copying.ends());
    assert_eq!(seen(&trace("copy"), &copied), set([To::LocalSocket]));
    assert_eq!(seen(&trace("copy"), &credential), sent());

    // Taken by a target, whose own writing is traced too.
    run("to", &["create", "Taken", "--to", "shelf"]);
    let taken = machine.shelf.path().join(&machine.keys_named("Taken")[0]);
    let value = fs::read_to_string(&taken).unwrap();
    assert_eq!(machine.status_of(&value), 200);
    assert_eq!(seen(&trace("to"), &value), set([To::Pipe, To::File(taken)]));
    assert_eq!(seen(&trace("to"), &credential), sent());

    run("revoke", &["revoke", "Shown", "--yes"]);
    assert_eq!(seen(&trace("revoke"), &credential), sent());
    assert_eq!(seen(&trace("revoke"), &shown), set([]));
    run("log", &["log"]);
    assert_eq!(seen(&trace("log"), &credential), set([]));

    // The dashboard, first with the value covered, then revealed: so it would have been seen.
    for reveal in [false, true] {
        let name = if reveal { "Revealed" } else { "Covered" };
        let mut terminal = Terminal::start((120, 40), "strace", |command| {
            command.args(WATCH);
            command.args(["-o", trace(name).to_str().unwrap(), BINARY]);
            on(&machine, Some(&x11), command);
        });
        super::create_in(&mut terminal, name);
        terminal.press("c");
        terminal.wait_for("✓ copied to the clipboard");
        let value = x11.xclip(&["-o"]);
        assert_eq!(machine.status_of(&value), 200);
        if reveal {
            terminal.press("v");
            terminal.wait_for(&value);
        }
        terminal.press_after_reading("\r");
        terminal.wait_for("is stored, as you say");
        terminal.press("q");
        terminal.wait_for("clipboard");
        terminal.press("y");
        assert_eq!(terminal.ends(), 0);
        // Where its masked form has a letter, one alike is not drawn again: only dots stand at these.
        let middle = &value[8..31];
        let mut seen = seen(&trace(name), middle);
        assert!(seen.remove(&To::LocalSocket), "{seen:?}");
        let on_screen = seen.iter().filter(|to| is_terminal(to)).count();
        assert_eq!(
            (seen.len(), on_screen),
            (usize::from(reveal), usize::from(reveal)),
            "{seen:?}"
        );
        assert_eq!(text(&terminal.written()).contains(middle), reveal);
        assert_eq!(self::seen(&trace(name), &credential), sent());
    }
    run("logout", &["logout"]);
    assert_eq!(seen(&trace("logout"), &credential), set([]));
}

#[test]
fn a_leaked_value_goes_to_the_server_and_nowhere_else() {
    if !have("canary of a leak", &[("strace", "strace")]) {
        return;
    }
    let machine = Machine::start();
    let traces = tempfile::tempdir().unwrap();
    let trace = |name: &str| traces.path().join(name);
    let watched = |name: &str, args: &[&str]| {
        let mut command = tools::command("strace");
        machine.dress(&mut command);
        command.args(WATCH).arg("-o").arg(trace(name)).arg(BINARY).args(args);
        command
    };
    let made = machine.ours(&["create", "Invoices", "--show"]).output().unwrap();
    let made = text(&made.stdout).trim().to_owned();
    let leaked = machine.sandbox.leaked.expose().to_owned();
    let (log, report) = (trace("log.txt"), trace("incident.md"));
    let files = ["--log-file", log.to_str().unwrap()];
    let (given, said) = (trace("given"), trace("said"));
    fs::write(&given, format!("CHATZURI_API_KEY={leaked}\n")).unwrap();
    for (name, args) in [
        ("identify", &["identify", "--json"][..]),
        ("dry", &["leak", "--dry-run"]),
        (
            "leak",
            &["leak", "--yes", "--json", "--report", report.to_str().unwrap()],
        ),
        ("gone", &["leak", "--yes"]),
    ] {
        let mut command = watched(name, &files);
        let output = fs::File::create(&said).unwrap();
        command.args(args).stdin(fs::File::open(&given).unwrap());
        let status = command.stdout(output.try_clone().unwrap()).stderr(output).status();
        assert_eq!(
            status.unwrap().success(),
            name != "gone",
            "{name}: {}",
            text(&fs::read(&said).unwrap())
        );
        // Its ends are shown, and nothing between them.
        for secret in [&leaked[..], &leaked[8..leaked.len() - 4]] {
            let whereto = seen(&trace(name), secret);
            let elsewhere = whereto.iter().find(|to| !is_header(to, &leaked));
            assert_eq!(elsewhere, None, "{name}");
        }
    }
    assert!(text(&fs::read(&log).unwrap()).contains("leak") && report.exists());

    // The dashboard, on a key that was made here: pasted, found, killed, reported.
    let mut terminal = Terminal::start((120, 40), "strace", |command| {
        command.args(WATCH);
        command.args(["-o", trace("dashboard").to_str().unwrap(), BINARY]);
        on(&machine, None, command);
    });
    terminal.wait_for("Invoices");
    terminal.send("L");
    terminal.wait_for("Paste the leaked key");
    terminal.paste(&format!("Authorization: Bearer {made}\n"));
    terminal.wait_for("characters.");
    assert!(!is_shown_by_a_process(&made));
    terminal.press("\r");
    terminal.wait_for("y Yes, revoke it");
    terminal.press_after_reading("y");
    terminal.wait_for("✓ DEAD");
    terminal.press("w");
    terminal.wait_for("report written");
    terminal.press("\r");
    terminal.wait_for("✓ DEAD: “Invoices”");
    terminal.press("q");
    assert_eq!(terminal.ends(), 0);
    assert_eq!(machine.status_of(&made), 401);
    assert!(!text(&terminal.written()).contains(&made[8..made.len() - 4]));
    for secret in [&made[..], &made[8..made.len() - 4]] {
        let whereto = seen(&trace("dashboard"), secret);
        let elsewhere = whereto.iter().find(|to| !is_header(to, &made));
        assert_eq!(elsewhere, None);
    }
}

/// Whether it is the header of a request; the middle of a value stands in the same header as all of it.
fn is_header(to: &To, value: &str) -> bool {
    match to {
        To::Authorization => true,
        To::Elsewhere(line) => {
            let once = line.matches(&value[8..value.len() - 4]).count() == 1;
            once && line.contains("<TCP:[127.0.0.1:") && line.contains(&format!("authorization: Bearer {value}\\r\\n"))
        }
        _ => false,
    }
}

fn is_terminal(to: &To) -> bool {
    // The trace names the terminal of the program, which may be gone by now.
    matches!(to, To::File(path) if path.starts_with("/dev/pts"))
        || matches!(to, To::File(path) if fs::metadata(path).is_ok_and(|file| file.rdev() != 0))
}

/// Puts a dashboard in a terminal on this machine, and on this display where there is one.
pub(super) fn on(machine: &Machine, display: Option<&Xvfb>, command: &mut CommandBuilder) {
    let mut dressed = Command::new(BINARY);
    machine.dress(&mut dressed);
    for (name, value) in dressed.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        }
    }
    if let Some(x11) = display {
        command.env("DISPLAY", &x11.display);
    }
}
