//! The rig: real servers started for one test, and stopped with it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything is waited for before it counts as hung. Generous: it is never reached but by a failure.
pub const AMPLE: Duration = Duration::from_secs(60);

/// Variables that would lead a test to the desktop of the person who runs it.
const DESKTOP: &[&str] = &[
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
    "XDG_CURRENT_DESKTOP",
    "GNOME_KEYRING_CONTROL",
    "SSH_AUTH_SOCK",
    "SSH_CONNECTION",
    "SSH_TTY",
    "TMUX",
    "TMUX_PANE",
];

/// Whether all `tools` (program, Debian package) are here; otherwise says so, or fails where they are required.
pub fn have(test: &str, tools: &[(&str, &str)]) -> bool {
    let missing: Vec<_> = tools.iter().filter(|(program, _)| !is_here(program)).collect();
    if missing.is_empty() {
        return true;
    }
    let join = |words: Vec<&str>| words.join(" ");
    let message = format!(
        "SKIPPED {test}: needs {}, apt-get install {}",
        join(missing.iter().map(|(program, _)| *program).collect()),
        join(missing.iter().map(|(_, package)| *package).collect())
    );
    assert!(
        std::env::var_os("CHATZURI_KEYS_REAL").is_none_or(|value| value != "1"),
        "{message}"
    );
    // Past the capture of the test harness, which drops what a passing test prints.
    let _ = writeln!(std::io::stderr(), "{message}");
    false
}

fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// A command that knows nothing of the desktop the tests are run on.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    for name in DESKTOP {
        command.env_remove(name);
    }
    command
}

/// Polls until `ready` gives something.
pub fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + AMPLE;
    loop {
        if let Some(found) = ready() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A process that is killed when its test ends.
pub struct Guarded(pub Child);

impl Guarded {
    pub fn spawn(command: &mut Command) -> Self {
        Self(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(pid(&self.0), signal).unwrap();
    }

    /// Fails with what it said where it has ended already.
    pub fn expect_running(&mut self) {
        if let Some(status) = self.0.try_wait().unwrap() {
            let mut said = String::new();
            if let Some(stderr) = &mut self.0.stderr {
                stderr.read_to_string(&mut said).unwrap();
            }
            panic!("it ended with {status}: {said}");
        }
    }

    /// Whether it ends by itself, without being killed.
    pub fn ends(&mut self) -> bool {
        let deadline = Instant::now() + AMPLE;
        while Instant::now() < deadline {
            if self.0.try_wait().unwrap().is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // Also a stopped process dies of it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

/// The lines a process prints, read on a thread so that a hung process is noticed.
pub fn lines(from: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
    told
}

/// One of the entries of [`super::child`], run in a process of its own: what the adapters read of their environment is
/// that of their process.
pub struct Entry {
    process: Guarded,
    stdin: ChildStdin,
    answers: Receiver<String>,
}

impl Entry {
    /// Starts the entry `name` in the environment that `dress` gives it.
    pub fn start(name: &str, dress: impl FnOnce(&mut Command)) -> Self {
        let mut command = command(std::env::current_exe().unwrap().to_str().unwrap());
        command
            .args(Self::arguments(name))
            .env(super::child::GATE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        dress(&mut command);
        let mut process = Guarded::spawn(&mut command);
        let stdin = process.0.stdin.take().unwrap();
        let answers = lines(process.0.stdout.take().unwrap());
        Self {
            process,
            stdin,
            answers,
        }
    }

    /// What makes the test program run this entry and nothing else.
    pub fn arguments(name: &str) -> [String; 4] {
        [
            format!("real::child::{name}"),
            "--exact".into(),
            "--ignored".into(),
            "--nocapture".into(),
        ]
    }

    /// Gives it one line and waits for the answer to it.
    pub fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        self.answer(line)
    }

    /// Gives it one line.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    /// Waits for the next answer.
    pub fn answer(&mut self, to: &str) -> String {
        let deadline = Instant::now() + AMPLE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self
                .answers
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no answer to {to:?}"));
            if let Some(answer) = line.strip_prefix("= ") {
                return answer.to_owned();
            }
        }
    }

    /// Ends its input and waits for its end.
    pub fn ends(mut self) -> bool {
        drop(self.stdin);
        self.process.ends()
    }
}

/// An X server without a screen.
pub struct Xvfb {
    pub server: Guarded,
    pub display: String,
}

impl Xvfb {
    pub fn start() -> Self {
        let mut server = Guarded::spawn(
            command("Xvfb")
                // Without -noreset the server starts anew whenever its last client leaves, and drops who comes meanwhile.
                .args([
                    "-displayfd",
                    "1",
                    "-screen",
                    "0",
                    "640x480x24",
                    "-nolisten",
                    "tcp",
                    "-noreset",
                ])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let number = lines(server.0.stdout.take().unwrap())
            .recv_timeout(AMPLE)
            .expect("Xvfb did not start");
        Self {
            server,
            display: format!(":{}", number.trim()),
        }
    }

    /// What `xclip` prints for these arguments.
    pub fn xclip(&self, arguments: &[&str]) -> String {
        let output = command("xclip")
            .env("DISPLAY", &self.display)
            .args(["-selection", "clipboard"])
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the middle mouse button would paste.
    pub fn primary(&self) -> String {
        let output = command("xclip")
            .env("DISPLAY", &self.display)
            .args(["-selection", "primary", "-o"])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Copies `text` as another program would.
    pub fn copy(&self, text: &str) {
        let mut child = command("xclip")
            .env("DISPLAY", &self.display)
            .args(["-selection", "clipboard", "-i"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        // It goes to the background before the server has heard of it.
        wait_for("the copy", || (self.xclip(&["-o"]) == text).then_some(()));
    }
}

/// A Wayland compositor without a screen.
pub struct Sway {
    _server: Guarded,
    folder: TempDir,
    pub display: String,
}

impl Sway {
    pub fn start() -> Self {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let mut command = command("sway");
        command
            .args(["-c", "/dev/null"])
            .envs([
                ("WLR_BACKENDS", "headless"),
                ("WLR_LIBINPUT_NO_DEVICES", "1"),
                ("WLR_RENDERER", "pixman"),
            ])
            .env("HOME", folder.path())
            .env("XDG_RUNTIME_DIR", folder.path())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            // It refuses root; `nobody` has these numbers on every Linux.
            std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).unwrap();
            command.uid(65534).gid(65534);
        }
        let server = Guarded::spawn(&mut command);
        let display = wait_for("the compositor's socket", || {
            fs::read_dir(folder.path())
                .unwrap()
                .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
                .find(|name| name.starts_with("wayland-") && !name.contains('.'))
        });
        let sway = Self {
            _server: server,
            folder,
            display,
        };
        // The socket is there before anybody listens to it.
        wait_for("the compositor", || {
            let listed = sway.client("wl-paste").arg("-l").output().unwrap();
            let words = String::from_utf8_lossy(&listed.stderr).into_owned();
            (listed.status.success() || words.contains("Nothing is copied") || words.contains("No selection"))
                .then_some(())
        });
        sway
    }

    /// A command that is shown on it.
    pub fn client(&self, program: &str) -> Command {
        let mut command = command(program);
        self.dress(&mut command);
        command
    }

    pub fn dress(&self, command: &mut Command) {
        command
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("WAYLAND_DISPLAY", &self.display);
    }

    /// What `wl-paste` prints for these arguments.
    pub fn paste(&self, arguments: &[&str]) -> String {
        let output = self.client("wl-paste").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

/// A session bus of its own, in a home of its own.
pub struct Bus {
    daemon: Guarded,
    pub home: TempDir,
    pub address: String,
}

impl Bus {
    /// A bus that starts providers as a desktop's does; with `provider` false, one on which there is none.
    pub fn start(provider: bool) -> Self {
        let home = TempDir::new().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let mut command = command("dbus-daemon");
        if provider {
            command.arg("--session");
        } else {
            let config = home.path().join("bus.conf");
            fs::write(&config, include_str!("bus-without-providers.conf")).unwrap();
            command.arg(format!("--config-file={}", config.display()));
        }
        command
            .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address=1"])
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut daemon = Guarded::spawn(&mut command);
        let address = lines(daemon.0.stdout.take().unwrap())
            .recv_timeout(AMPLE)
            .expect("the bus did not start");
        Self { daemon, home, address }
    }

    /// Puts a command on this bus.
    pub fn dress(&self, command: &mut Command) {
        command
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .env("HOME", self.home.path())
            .env("XDG_RUNTIME_DIR", self.home.path());
    }

    /// Runs a command on this bus to its end.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = command(program);
        self.dress(&mut command);
        command.args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Starts gnome-keyring on this bus, unlocked by an empty password.
    pub fn unlocked_keyring(&self) -> Guarded {
        let mut command = command("gnome-keyring-daemon");
        self.dress(&mut command);
        command
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut daemon = Guarded::spawn(&mut command);
        daemon.0.stdin.take().unwrap().write_all(b"\n").unwrap();
        wait_for("the keyring", || {
            self.run(
                "dbus-send",
                &[
                    "--session",
                    "--print-reply",
                    "--dest=org.freedesktop.DBus",
                    "/org/freedesktop/DBus",
                    "org.freedesktop.DBus.GetNameOwner",
                    "string:org.freedesktop.secrets",
                ],
            )
            .status
            .success()
            .then_some(())
        });
        daemon
    }

    /// Ends the bus itself.
    pub fn stop(&mut self) {
        let _ = self.daemon.0.kill();
        let _ = self.daemon.0.wait();
    }
}

/// A tmux server of its own, running one command.
pub struct Tmux {
    folder: TempDir,
}

impl Tmux {
    /// Starts it with `set-clipboard` as given and `shell_command` in its only pane.
    pub fn start(set_clipboard: &str, shell_command: &str) -> Self {
        let tmux = Self {
            folder: TempDir::new().unwrap(),
        };
        let config = tmux.folder.path().join("tmux.conf");
        fs::write(
            &config,
            format!("set -g set-clipboard {set_clipboard}\nset -g remain-on-exit on\n"),
        )
        .unwrap();
        let started = command("tmux")
            .arg("-S")
            .arg(tmux.socket())
            .arg("-f")
            .arg(&config)
            .args(["new-session", "-d", "-x", "200", "-y", "50", shell_command])
            .output()
            .unwrap();
        assert!(started.status.success(), "{started:?}");
        tmux
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// What `tmux` prints for these arguments; empty where it fails.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = command("tmux")
            .arg("-S")
            .arg(self.socket())
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Waits until the pane shows `text`.
    pub fn shows(&self, text: &str) {
        wait_for(text, || self.run(&["capture-pane", "-p"]).contains(text).then_some(()));
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

/// Whether any file below `folder` holds `text`.
pub fn is_in_a_file(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            is_in_a_file(&path, text)
        } else {
            path.is_file()
                && fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        }
    })
}
