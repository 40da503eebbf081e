//! The main job with nothing played: the binary, a server in a process of its own, a real keyring, a real X server, a
//! real tmux, and `curl` as the app that uses the key.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::tools::{self, Bus, Guarded, Tmux, Xvfb};
use crate::support::terminal::{BINARY, Terminal};

const KEYRING: &[(&str, &str)] = &[
    ("dbus-run-session", "dbus"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
];

/// `chatzuri-keys sandbox --serve`, and what it announced.
struct Server {
    _process: Guarded,
    base_url: String,
    credential: String,
}

impl Server {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = ours(&home);
        command.args(["sandbox", "--serve"]).stdout(Stdio::piped());
        let mut process = Guarded::spawn(&mut command);
        let line = tools::lines(process.0.stdout.take().unwrap())
            .recv_timeout(tools::AMPLE)
            .expect("the server did not announce itself");
        let announced: Value = serde_json::from_str(&line).unwrap();
        let word = |name: &str| announced[name].as_str().unwrap().to_owned();
        Self {
            _process: process,
            base_url: word("base_url"),
            credential: word("credential"),
        }
    }

    /// The status that an app gets which uses this key.
    fn status_for(&self, value: &str) -> String {
        let mut curl = tools::command("curl")
            .args([
                "--silent",
                "--output",
                "/dev/null",
                "--write-out",
                "%{http_code}",
                "--config",
                "-",
            ])
            .arg(format!("{}/get-teams", self.base_url))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut config = curl.stdin.take().unwrap();
        writeln!(config, "header = \"Authorization: Bearer {value}\"").unwrap();
        drop(config);
        text(&curl.wait_with_output().unwrap().stdout)
    }

    /// The name an item of the keyring has for this server.
    fn account(&self) -> String {
        let (scheme, rest) = self.base_url.split_once("://").unwrap();
        format!("default@{scheme}://{}", rest.split('/').next().unwrap())
    }
}

/// The binary, with nothing of the person's who runs the tests.
fn ours(home: &TempDir) -> Command {
    let mut command = tools::command(BINARY);
    for name in ["CHATZURI_API_KEY", "CHATZURI_BASE_URL", "CHATZURI_PROFILE"] {
        command.env_remove(name);
    }
    command.env("HOME", home.path());
    command
}

fn fed(command: &mut Command, stdin: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_sign_in_is_kept_in_the_keyring_used_by_another_process_and_forgotten() {
    if !tools::have("main_job_sign_in", KEYRING) {
        return;
    }
    let server = Server::start();
    let bus = Bus::start(true);
    let _daemon = bus.unlocked_keyring();
    let run = |args: &[&str], stdin: &str| {
        let mut command = ours(&bus.home);
        bus.dress(&mut command);
        let output = fed(command.args(args).args(["--base-url", &server.base_url]), stdin);
        for printed in [&output.stdout, &output.stderr] {
            assert!(!text(printed).contains(&server.credential), "{args:?}");
        }
        output
    };
    let kept = || {
        let account = server.account();
        let item = bus.run(
            "secret-tool",
            &["lookup", "service", "chatzuri-keys", "username", &account],
        );
        text(&item.stdout)
    };
    assert_eq!(run(&["list"], "").status.code(), Some(4), "not signed in yet");

    let signed_in = run(&["login", "--with-token"], &format!("{}\n", server.credential));
    let words = text(&signed_in.stderr);
    assert_eq!(signed_in.status.code(), Some(0), "{words}");
    assert!(
        words.contains("“Acme Support”") && words.contains(&server.account()),
        "{words}"
    );
    assert_eq!(kept(), server.credential);
    assert!(
        !tools::is_in_a_file(bus.home.path(), &server.credential),
        "in no file as it is"
    );

    let status = run(&["status", "--json"], "");
    assert_eq!(status.status.code(), Some(0), "{}", text(&status.stderr));
    let list = run(&["list", "--json"], "");
    assert_eq!(list.status.code(), Some(0), "{}", text(&list.stderr));
    let list: Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!(list["keys"].as_array().unwrap().len(), 13);

    // The dashboard finds it too.
    let mut terminal = Terminal::start((80, 24), BINARY, |command| {
        command.args(["--base-url", &server.base_url]);
        command.env("DBUS_SESSION_BUS_ADDRESS", &bus.address);
    });
    terminal.wait_for("Acme Support");
    terminal.wait_for("Load test");
    terminal.send("q");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);

    assert_eq!(run(&["logout"], "").status.code(), Some(0));
    assert_eq!(kept(), "");
    assert_eq!(run(&["list"], "").status.code(), Some(4));
}

#[test]
fn without_a_keyring_one_sentence_names_the_ways_out_and_the_environment_works() {
    let server = Server::start();
    let home = tempfile::tempdir().unwrap();
    let refused = fed(
        ours(&home).args(["login", "--with-token", "--base-url", &server.base_url]),
        &server.credential,
    );
    let words = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{words}");
    for capability in [
        "No keyring is running",
        "CHATZURI_API_KEY",
        "credential_command",
        "start a keyring",
    ] {
        assert!(words.contains(capability), "{capability}: {words}");
    }
    assert_eq!(words.trim_end().lines().count(), 1, "{words}");
    assert!(!words.contains(&server.credential));
    assert!(
        !tools::is_in_a_file(home.path(), &server.credential),
        "never a plain file"
    );

    let list = ours(&home)
        .args(["list", "--base-url", &server.base_url])
        .env("CHATZURI_API_KEY", &server.credential)
        .output()
        .unwrap();
    assert_eq!(list.status.code(), Some(0), "{}", text(&list.stderr));
    assert!(text(&list.stdout).contains("Zapier"));
}

/// Creates a key of this name in the dashboard, up to the dialog that shows it once.
fn create(terminal: &mut Terminal, name: &str) {
    terminal.wait_for("Load test");
    terminal.send("n");
    terminal.wait_for("A name that says which app uses it");
    terminal.send(name);
    terminal.wait_for(&format!("{} of 100 characters", name.len()));
    terminal.press("\r");
    terminal.wait_for("This value is shown once");
}

fn signed_in(server: &Server, size: (u16, u16), display: Option<&str>) -> Terminal {
    Terminal::start(size, BINARY, |command| {
        command.env("CHATZURI_BASE_URL", &server.base_url);
        command.env("CHATZURI_API_KEY", &server.credential);
        if let Some(display) = display {
            command.env("DISPLAY", display);
        }
    })
}

#[test]
fn a_key_is_created_copied_once_used_and_revoked_in_the_dashboard() {
    let tools = [("Xvfb", "xvfb"), ("xclip", "xclip"), ("curl", "curl")];
    if !tools::have("main_job_create_and_revoke", &tools) {
        return;
    }
    let server = Server::start();
    let x11 = Xvfb::start();
    let mut terminal = signed_in(&server, (120, 40), Some(&x11.display));
    create(&mut terminal, "CI deploy");
    assert_eq!(x11.xclip(&["-o"]), "", "nothing is copied by itself");
    terminal.press("c");
    terminal.wait_for("✓ copied to the clipboard");
    let value = x11.xclip(&["-o"]);
    assert!(value.starts_with("cz_") && value.trim() == value, "exactly the value");
    assert_eq!(x11.primary(), "", "the other selection is left alone");
    assert_eq!(server.status_for(&value), "200");
    terminal.press("c");
    terminal.wait_for("it is not copied twice");
    terminal.press_after_reading("\r");
    terminal.wait_for("is stored, as you say");
    let written = text(&terminal.written());
    assert!(!written.contains(&value), "its value was never asked to be shown");

    // The cursor is on the new key, which curl has just used.
    terminal.send("x");
    terminal.wait_for("Revoke this key?");
    terminal.wait_for("something depends on it");
    terminal.wait_for("Type its name to revoke it: CI deploy");
    terminal.wait_for_no("Reading its last use again");
    terminal.send("CI deploy");
    terminal.wait_for("› CI deploy");
    terminal.press("\r");
    terminal.wait_for("✓ Revoked");
    assert_eq!(server.status_for(&value), "401");
    assert_eq!(server.status_for(&server.credential), "200", "and no other");

    terminal.press("q");
    terminal.wait_for("clipboard");
    terminal.press("y");
    assert_eq!(terminal.ends_and_gives_the_terminal_back(), 0);
    assert_eq!(x11.xclip(&["-o"]), "", "leaving clears it");
}

#[test]
fn without_a_display_a_new_value_reaches_tmux_through_the_terminal() {
    if !tools::have("main_job_osc52", &[("tmux", "tmux"), ("curl", "curl")]) {
        return;
    }
    let server = Server::start();
    let home = tempfile::tempdir().unwrap();
    // The credential comes by a file, so that it stands in no command line.
    let config = home.path().join("config.toml");
    let kept = home.path().join("credential");
    std::fs::write(&kept, &server.credential).unwrap();
    std::fs::write(
        &config,
        format!(
            "[api]\nbase_url = {:?}\n[profiles.default]\ncredential_command = [\"cat\", {:?}]\n",
            server.base_url, kept
        ),
    )
    .unwrap();
    let tmux = Tmux::start(
        "on",
        &format!(
            "env HOME='{0}' '{BINARY}' --config '{1}'",
            home.path().display(),
            config.display()
        ),
    );
    tmux.shows("Load test");
    let type_and_see = |keys: &str, text: &str| {
        tmux.run(&["send-keys", keys]);
        tmux.shows(text);
    };
    type_and_see("n", "A name that says which app uses it");
    type_and_see("Terminal copy", "13 of 100 characters");
    type_and_see("Enter", "This value is shown once");
    type_and_see("c", "sent to your terminal, which does not confirm");
    let buffer = tools::wait_for("the buffer", || {
        Some(tmux.run(&["show-buffer"])).filter(|text| !text.is_empty())
    });
    assert_eq!(server.status_for(&buffer), "200", "exactly the value");
}
