//! The clipboard: the desktop's where there is one, the terminal's otherwise.

mod desktop;
mod terminal;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::desktop::{Desktop, DesktopFault};
use self::terminal::Terminal;
use super::environment::DesktopEnvironment;
use crate::core::secret::Secret;
use crate::ports::{Answer, Cleared, Clipboard, ClipboardError, ClipboardRoute, Processes, TerminalOut};

/// How long one call to the desktop or the terminal may take.
const LIMIT: Duration = Duration::from_secs(2);
/// Why nothing is copied where there is no display, as half a sentence.
const NO_DISPLAY: &str = "This machine has no clipboard: there is no display";
/// How often a held content is looked at: no desktop tells all of X11, Wayland, macOS and Windows alike.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// [`Clipboard`] of this machine or of the terminal. Nothing is started or connected before the first copy.
///
/// On X11 and Wayland the content is served by this process and dies with it.
pub struct SystemClipboard {
    environment: DesktopEnvironment,
    desktop: Desktop,
    terminal: Option<Terminal>,
    held: Mutex<Option<HeldText>>,
}

/// What we put there, and by which route; kept only until it is cleared or replaced.
#[derive(Clone)]
struct HeldText {
    value: Arc<Secret>,
    route: ClipboardRoute,
}

impl SystemClipboard {
    /// The clipboard of where we run; `terminal` is the way to write to it where there is a terminal, and `processes` asks
    /// tmux what it does.
    #[must_use]
    pub fn new(
        environment: DesktopEnvironment,
        processes: Arc<dyn Processes>,
        terminal: Option<Arc<dyn TerminalOut>>,
    ) -> Self {
        Self {
            environment,
            desktop: Desktop::new(LIMIT),
            terminal: terminal.map(|out| Terminal::new(out, processes, environment.tmux, LIMIT)),
            held: Mutex::new(None),
        }
    }

    /// Keeps what was copied there until something newer replaces it or `limit` has passed, then clears it; `None` is no
    /// limit. For a command that would otherwise end, and take the content with it.
    ///
    /// Dropping the future stops the waiting and clears nothing.
    ///
    /// # Errors
    /// [`ClipboardError`] when the desktop no longer answers.
    async fn hold_value(&self, limit: Option<Duration>) -> Result<Cleared, ClipboardError> {
        let Some(held) = self.held() else {
            return Ok(Cleared::NotOurs);
        };
        let deadline = limit.map(|limit| Instant::now() + limit);
        match (held.route, deadline) {
            (ClipboardRoute::Terminal(_), None) => return Ok(Cleared::Unconfirmed),
            (ClipboardRoute::Terminal(_), Some(deadline)) => tokio::time::sleep_until(deadline).await,
            (ClipboardRoute::Desktop { .. }, deadline) => loop {
                if !self.desktop.holds(Arc::clone(&held.value)).await.map_err(plain)? {
                    self.release(&held);
                    return Ok(Cleared::NotOurs);
                }
                let next = Instant::now() + LOOK_EVERY;
                match deadline {
                    Some(deadline) if deadline <= next => {
                        tokio::time::sleep_until(deadline).await;
                        break;
                    }
                    _ => tokio::time::sleep_until(next).await,
                }
            },
        }
        self.clear().await
    }

    async fn copy_value(&self, value: Arc<Secret>) -> Result<ClipboardRoute, ClipboardError> {
        let mut why = NO_DISPLAY.to_owned();
        if self.environment.has_desktop_clipboard() {
            let route = desktop_route();
            // Before the copy: whoever is interrupted in between can still clear it.
            let before = self.keep(&value, route);
            match self.desktop.copy(Arc::clone(&value)).await {
                Ok(()) => return Ok(route),
                Err(DesktopFault::Unavailable(words)) => {
                    self.put_back(&value, before);
                    why = words;
                }
                Err(DesktopFault::Failed(words)) => {
                    self.put_back(&value, before);
                    return Err(ClipboardError(words));
                }
            }
        }
        let Some(terminal) = &self.terminal else {
            return Err(ClipboardError(format!("{why}, and no terminal to send it to.")));
        };
        let note = terminal.note().await;
        let route = ClipboardRoute::Terminal(note);
        let before = self.keep(&value, route);
        match terminal.copy(Arc::clone(&value)).await {
            Ok(()) => Ok(route),
            Err(error) => {
                self.put_back(&value, before);
                Err(error)
            }
        }
    }

    /// A text of no value: what we put there before it is gone, and nothing of ours is left to clear.
    async fn copy_plain(&self, text: String) -> Result<ClipboardRoute, ClipboardError> {
        let mut why = NO_DISPLAY.to_owned();
        if self.environment.has_desktop_clipboard() {
            match self.desktop.copy_text(text.clone()).await {
                Ok(()) => {
                    *self.lock() = None;
                    return Ok(desktop_route());
                }
                Err(DesktopFault::Unavailable(words)) => why = words,
                Err(DesktopFault::Failed(words)) => return Err(ClipboardError(words)),
            }
        }
        let Some(terminal) = &self.terminal else {
            return Err(ClipboardError(format!("{why}, and no terminal to send it to.")));
        };
        let note = terminal.note().await;
        terminal.copy_text(&text).await?;
        *self.lock() = None;
        Ok(ClipboardRoute::Terminal(note))
    }

    async fn clear_value(&self) -> Result<Cleared, ClipboardError> {
        let Some(held) = self.held() else {
            return Ok(Cleared::NotOurs);
        };
        let outcome = match (held.route, &self.terminal) {
            (ClipboardRoute::Terminal(note), Some(terminal)) => {
                terminal.clear(Arc::clone(&held.value), note).await?;
                Cleared::Unconfirmed
            }
            (ClipboardRoute::Terminal(_), None) => Cleared::Unconfirmed,
            (ClipboardRoute::Desktop { .. }, _) => {
                if self.desktop.clear(Arc::clone(&held.value)).await.map_err(plain)? {
                    Cleared::Cleared
                } else {
                    Cleared::NotOurs
                }
            }
        };
        self.release(&held);
        Ok(outcome)
    }

    /// Remembers a copy about to be made; returns the one before it.
    fn keep(&self, value: &Arc<Secret>, route: ClipboardRoute) -> Option<HeldText> {
        let value = Arc::clone(value);
        self.lock().replace(HeldText { value, route })
    }

    /// After a copy that failed: what was there before it may be there still.
    fn put_back(&self, failed: &Arc<Secret>, before: Option<HeldText>) {
        let mut kept = self.lock();
        if kept.as_ref().is_some_and(|kept| Arc::ptr_eq(&kept.value, failed)) {
            *kept = before;
        }
    }

    /// Forgets what is no longer there, unless another copy was made meanwhile.
    fn release(&self, gone: &HeldText) {
        self.put_back(&gone.value, None);
    }

    fn held(&self) -> Option<HeldText> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<HeldText>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clipboard for SystemClipboard {
    fn hold(&self, limit: Option<Duration>) -> Answer<'_, Result<Cleared, ClipboardError>> {
        Box::pin(self.hold_value(limit))
    }

    fn copy_text(&self, text: String) -> Answer<'_, Result<ClipboardRoute, ClipboardError>> {
        Box::pin(self.copy_plain(text))
    }

    fn copy(&self, value: Arc<Secret>) -> Answer<'_, Result<ClipboardRoute, ClipboardError>> {
        Box::pin(self.copy_value(value))
    }

    fn clear(&self) -> Answer<'_, Result<Cleared, ClipboardError>> {
        Box::pin(self.clear_value())
    }
}

fn desktop_route() -> ClipboardRoute {
    ClipboardRoute::Desktop {
        dies_with_us: cfg!(all(unix, not(target_os = "macos"))),
    }
}

fn plain(fault: DesktopFault) -> ClipboardError {
    match fault {
        DesktopFault::Unavailable(words) => ClipboardError(format!("{words}.")),
        DesktopFault::Failed(words) => ClipboardError(words),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use zeroize::Zeroizing;

    use super::*;
    use crate::ports::{ChildOutput, ChildProcess, ProcessError, TerminalNote};

    /// A terminal that keeps what it is sent.
    #[derive(Default)]
    struct Screen {
        sent: Mutex<Vec<u8>>,
        gone: bool,
    }

    impl TerminalOut for Screen {
        fn write_between_frames(&self, bytes: &[u8]) -> io::Result<()> {
            if self.gone {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.sent.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        }
    }

    /// A tmux whose `set-clipboard` is as given, and whose newest buffer is `buffer`.
    struct Tmux {
        set_clipboard: &'static str,
        buffer: &'static str,
        asked: Mutex<Vec<String>>,
    }

    impl Tmux {
        fn with(set_clipboard: &'static str) -> Arc<Self> {
            Arc::new(Self {
                set_clipboard,
                buffer: "",
                asked: Mutex::default(),
            })
        }
    }

    impl Processes for Tmux {
        fn is_here(&self, _: &str) -> bool {
            true
        }

        fn run<'a>(&'a self, child: ChildProcess<'a>) -> Answer<'a, Result<ChildOutput, ProcessError>> {
            let line = child.argv.join(" ");
            let stdout = match child.argv.get(1).map(String::as_str) {
                Some("show-options") => format!("{}\n", self.set_clipboard),
                Some("list-buffers") => "buffer3\nbuffer2\n".to_owned(),
                Some("show-buffer") => self.buffer.to_owned(),
                _ => String::new(),
            };
            self.asked.lock().unwrap().push(line);
            Box::pin(async move {
                Ok(ChildOutput {
                    code: Some(0),
                    stdout: Zeroizing::new(stdout.into_bytes()),
                    stdout_whole: true,
                    stderr: String::new(),
                    read_all_stdin: true,
                })
            })
        }
    }

    fn value(text: &str) -> Arc<Secret> {
        Arc::new(Secret::parse(text).unwrap())
    }

    fn clipboard(screen: &Arc<Screen>, tmux: Option<&Arc<Tmux>>) -> SystemClipboard {
        let environment = DesktopEnvironment {
            ssh: true,
            tmux: tmux.is_some(),
            ..Default::default()
        };
        let processes = tmux.map_or_else(|| Tmux::with("off"), Arc::clone);
        SystemClipboard::new(environment, processes, Some(Arc::clone(screen) as Arc<dyn TerminalOut>))
    }

    #[tokio::test]
    async fn without_a_display_the_terminal_gets_one_sequence_and_an_empty_one_to_clear() {
        let screen = Arc::new(Screen::default());
        let clipboard = clipboard(&screen, None);
        let route = clipboard.copy(value("cz_example")).await.unwrap();
        assert_eq!(route, ClipboardRoute::Terminal(TerminalNote::Plain));
        assert_eq!(*screen.sent.lock().unwrap(), b"\x1b]52;c;Y3pfZXhhbXBsZQ==\x07");
        screen.sent.lock().unwrap().clear();
        assert_eq!(clipboard.clear().await, Ok(Cleared::Unconfirmed));
        assert_eq!(*screen.sent.lock().unwrap(), b"\x1b]52;c;\x07\x1b]52;c;!\x07");
        assert_eq!(
            clipboard.clear().await,
            Ok(Cleared::NotOurs),
            "nothing of ours is there any more"
        );
    }

    #[tokio::test]
    async fn tmux_is_asked_whether_it_passes_the_sequence_on() {
        for (setting, note) in [
            ("on", TerminalNote::TmuxKeepsABuffer),
            ("external", TerminalNote::TmuxBlocks),
            ("off", TerminalNote::TmuxBlocks),
        ] {
            let screen = Arc::new(Screen::default());
            let clipboard = clipboard(&screen, Some(&Tmux::with(setting)));
            let route = clipboard.copy(value("cz_example")).await.unwrap();
            assert_eq!(route, ClipboardRoute::Terminal(note), "{setting}");
        }
    }

    #[tokio::test]
    async fn in_tmux_only_a_newest_buffer_that_is_ours_is_deleted_and_no_argument_holds_the_value() {
        for (buffer, deleted) in [("cz_example", true), ("something newer", false)] {
            let screen = Arc::new(Screen::default());
            let tmux = Arc::new(Tmux {
                set_clipboard: "on",
                buffer,
                asked: Mutex::default(),
            });
            let clipboard = clipboard(&screen, Some(&tmux));
            clipboard.copy(value("cz_example")).await.unwrap();
            assert_eq!(clipboard.clear().await, Ok(Cleared::Unconfirmed));
            let asked = tmux.asked.lock().unwrap().join("\n");
            assert_eq!(asked.contains("tmux delete-buffer -b buffer3"), deleted, "{asked}");
            assert!(!asked.contains("cz_example"), "{asked}");
        }
    }

    #[tokio::test]
    async fn with_neither_display_nor_terminal_there_is_a_sentence() {
        let clipboard = SystemClipboard::new(DesktopEnvironment::default(), Tmux::with("on"), None);
        let error = clipboard.copy(value("cz_example")).await.unwrap_err();
        assert!(error.0.ends_with('.') && error.0.contains("no display"), "{error}");
    }

    #[tokio::test]
    async fn a_terminal_that_is_gone_is_an_error_and_nothing_is_held() {
        let screen = Arc::new(Screen {
            gone: true,
            ..Default::default()
        });
        let clipboard = clipboard(&screen, None);
        assert!(clipboard.copy(value("cz_example")).await.is_err());
        assert!(clipboard.held().is_none());
    }

    #[tokio::test]
    async fn what_the_terminal_got_is_cleared_after_its_limit_and_without_one_left_to_the_terminal() {
        let screen = Arc::new(Screen::default());
        let clipboard = clipboard(&screen, None);
        assert_eq!(clipboard.hold(None).await, Ok(Cleared::NotOurs), "nothing was copied");
        clipboard.copy(value("cz_example")).await.unwrap();
        screen.sent.lock().unwrap().clear();
        assert_eq!(clipboard.hold(None).await, Ok(Cleared::Unconfirmed));
        assert!(screen.sent.lock().unwrap().is_empty());
        assert_eq!(
            clipboard.hold(Some(Duration::from_millis(1))).await,
            Ok(Cleared::Unconfirmed)
        );
        assert!(!screen.sent.lock().unwrap().is_empty());
    }
}
