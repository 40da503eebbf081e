//! A real program in a real pseudo-terminal, and what a person would see there.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use vt100::Parser;

pub const BINARY: &str = env!("CARGO_BIN_EXE_chatzuri-keys");

/// How long anything is waited for before it counts as never coming. Generous: it is reached by a failure only.
const DEADLINE: Duration = Duration::from_secs(30);
/// More than the time within which the dashboard takes a key for part of a paste.
const A_PERSONS_PAUSE: Duration = Duration::from_millis(40);
/// Longer than the quiet that a dialog wants which opened by itself.
const TIME_TO_READ: Duration = Duration::from_millis(1500);

/// What has come out of the program so far.
struct Seen {
    parser: Parser,
    /// Every byte, as the terminal got it.
    raw: Vec<u8>,
    /// Nothing more will come.
    ended: bool,
    /// The test wants the terminal gone, and the reader's handle on it with it.
    let_go: bool,
}

impl Seen {
    /// Whether the last frame has come to its end: half a frame tells half-truths.
    fn is_whole(&self) -> bool {
        let last = |mark: &[u8]| self.raw.windows(mark.len()).rposition(|bytes| bytes == mark);
        last(b"\x1b[?2026h") <= last(b"\x1b[?2026l")
    }
}

#[derive(Default)]
struct Changed(Condvar);

/// A terminal with one program in it. The program is killed when its test ends.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    pid: Pid,
    /// `None` once the terminal was taken away.
    lines: Option<Lines>,
    seen: Arc<(Mutex<Seen>, Changed)>,
    reader: Option<JoinHandle<()>>,
    before: String,
    pub home: TempDir,
}

/// Our end of the terminal.
struct Lines {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
}

impl Terminal {
    /// The binary with `args`, in a terminal of this size.
    pub fn run(size: (u16, u16), args: &[&str]) -> Self {
        Self::start(size, BINARY, |command| command.args(args))
    }

    /// `program` in a terminal of this size. It gets a home of its own and nothing of the desktop the tests are run on;
    /// `dress` adds arguments and variables.
    pub fn start(size: (u16, u16), program: &str, dress: impl FnOnce(&mut CommandBuilder)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        for (name, folder) in [
            ("HOME", ""),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_DATA_HOME", "data"),
        ] {
            command.env(name, home.path().join(folder));
        }
        command.env("TERM", "xterm-256color");
        command.env("TZ", "UTC");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.cwd(home.path());
        dress(&mut command);
        let pair = native_pty_system().openpty(pty_size(size)).unwrap();
        let before = settings(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        // Only the program holds it now, so that its end is seen.
        drop(pair.slave);
        let seen = Seen {
            parser: Parser::new(cells(size.1), cells(size.0), 0),
            raw: Vec::new(),
            ended: false,
            let_go: false,
        };
        let seen = Arc::new((Mutex::new(seen), Changed::default()));
        let reader = read_on(pair.master.try_clone_reader().unwrap(), Arc::clone(&seen));
        Self {
            pid: Pid::from_raw(i32::try_from(child.process_id().unwrap()).unwrap()).unwrap(),
            child,
            lines: Some(Lines {
                writer: pair.master.take_writer().unwrap(),
                master: pair.master,
            }),
            seen,
            reader: Some(reader),
            before,
            home,
        }
    }

    /// Types.
    pub fn send(&mut self, keys: &str) {
        let writer = &mut self.lines.as_mut().unwrap().writer;
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Presses one key as a person does, who has read the screen first. The dashboard lets no key confirm anything that
    /// follows another as closely as in a paste, so a test that waited for what the key before did has to pause too.
    pub fn press(&mut self, key: &str) {
        std::thread::sleep(A_PERSONS_PAUSE);
        self.send(key);
    }

    /// Presses one key as a person does who has read a dialog that opened by itself: it takes no confirmation before the
    /// keyboard was quiet for a while.
    pub fn press_after_reading(&mut self, key: &str) {
        std::thread::sleep(TIME_TO_READ);
        self.send(key);
    }

    /// Pastes, as a terminal does that was asked to mark pastes.
    pub fn paste(&mut self, text: &str) {
        assert!(self.look(|screen| screen.bracketed_paste()), "pastes are not marked");
        self.send(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Changes the size of the window.
    pub fn resize(&mut self, size: (u16, u16)) {
        let (columns, rows) = (cells(size.0), cells(size.1));
        self.seen.0.lock().unwrap().parser.set_size(rows, columns);
        self.lines.as_ref().unwrap().master.resize(pty_size(size)).unwrap();
    }

    /// Has the program told of a window of this size, which nobody could draw.
    pub fn pretend_size(&self, size: (u16, u16)) {
        self.lines.as_ref().unwrap().master.resize(pty_size(size)).unwrap();
    }

    /// Waits until the program has written `bytes`.
    #[track_caller]
    pub fn wait_for_bytes(&self, bytes: &[u8]) {
        self.wait(&format!("{bytes:?}"), |seen| {
            seen.raw.windows(bytes.len()).any(|written| written == bytes)
        });
    }

    /// Whether the alternate screen is shown.
    pub fn is_taken(&self) -> bool {
        self.look(vt100::Screen::alternate_screen)
    }

    /// Waits until the screen shows `text`.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        self.wait_until(&format!("“{text}”"), |screen| shows(screen, text));
    }

    /// Waits until the screen no longer shows `text`.
    #[track_caller]
    pub fn wait_for_no(&self, text: &str) {
        self.wait_until(&format!("“{text}” to go"), |screen| !shows(screen, text));
    }

    /// Waits until the screen shows `text` `times` times and ends with `prompt`: what is typed now is the shell's.
    #[track_caller]
    pub fn wait_for_prompt(&self, prompt: &str, text: &str, times: usize) {
        self.wait_until(&format!("“{text}” × {times} and then “{prompt}”"), |screen| {
            let contents = screen.contents();
            contents.matches(text).count() == times && contents.trim_end().ends_with(prompt)
        });
    }

    #[track_caller]
    fn wait_until(&self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) {
        self.wait(what, |seen| seen.is_whole() && holds(seen.parser.screen()));
    }

    #[track_caller]
    fn wait(&self, what: &str, holds: impl Fn(&Seen) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        let (lock, changed) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        while !holds(&seen) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.ended {
                let screen = seen.parser.screen().contents();
                // The reader goes on.
                drop(seen);
                panic!("waited in vain for {what}:\n{screen}");
            }
            seen = changed.0.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// The screen as text, without the blanks at the ends of its lines.
    pub fn screen(&self) -> String {
        let contents = self.look(vt100::Screen::contents);
        contents.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    /// Every byte the program has written so far.
    pub fn written(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().raw.clone()
    }

    fn look<T>(&self, at: impl FnOnce(&vt100::Screen) -> T) -> T {
        at(self.seen.0.lock().unwrap().parser.screen())
    }

    /// The program's process.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Waits for the program's end, and gives its exit code.
    #[track_caller]
    pub fn ends(&mut self) -> u32 {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the program's end and for all that it wrote, checks that the terminal is as it was before, and gives
    /// the exit code.
    #[track_caller]
    pub fn ends_and_gives_the_terminal_back(&mut self) -> u32 {
        let code = self.ends();
        self.reader.take().unwrap().join().unwrap();
        let lines = self.lines.as_ref().unwrap();
        assert_eq!(settings(&*lines.master), self.before, "the terminal's settings");
        assert!(
            !self.look(vt100::Screen::alternate_screen),
            "the alternate screen is left"
        );
        assert!(!self.look(vt100::Screen::hide_cursor), "the cursor is shown");
        assert!(!self.look(vt100::Screen::bracketed_paste), "pastes are not marked");
        code
    }

    /// Takes the terminal away, as a window that is closed or a connection that breaks.
    pub fn hang_up(&mut self) {
        self.seen.0.lock().unwrap().let_go = true;
        // The reader sits in a read, and holds the terminal open: a key makes the program draw. A new size would not,
        // where it is not told of one.
        self.send("?");
        self.reader.take().unwrap().join().unwrap();
        self.lines = None;
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the screen shows `text`, across line ends and the frames of dialogs too.
fn shows(screen: &vt100::Screen, text: &str) -> bool {
    let flat = screen.contents().replace(['│', '\n'], " ");
    let flat: Vec<&str> = flat.split_whitespace().collect();
    let wanted: Vec<&str> = text.split_whitespace().collect();
    flat.join(" ").contains(&wanted.join(" "))
}

fn read_on(mut from: Box<dyn Read + Send>, seen: Arc<(Mutex<Seen>, Changed)>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        loop {
            // A terminal whose program has ended reads as an error.
            let count = from.read(&mut bytes).unwrap_or(0);
            let (lock, changed) = &*seen;
            let mut seen = lock.lock().unwrap();
            seen.raw.extend_from_slice(&bytes[..count]);
            seen.parser.process(&bytes[..count]);
            seen.ended = count == 0;
            changed.0.notify_all();
            if seen.ended || seen.let_go {
                return;
            }
        }
    })
}

/// The settings of the program's side, whole.
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}
