//! The loop: take a message, update, start effects, draw when the queue is empty, sleep.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::Event;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zeroize::Zeroizing;

use crate::ops::due::notes;
use crate::ops::leak::Watch;
use crate::ops::revoke::Patience;
use crate::ops::sign_in::Profile;
use crate::ports::Ports;
use crate::tui::keymap::Keymap;
use crate::tui::message::{Message, Pasted, Stop};
use crate::tui::model::{Exit, Model, Settings, Work};
use crate::tui::runner::Runner;
use crate::tui::terminal::{Screen, TerminalWriter, restore};
use crate::tui::update::{start, update};

/// The longest that leaving waits for the clipboard to be cleared.
const FAREWELL: Duration = Duration::from_millis(1500);

/// The longest that a confirmed revocation of a leaked key is waited for when the program is stopped from outside. It ends
/// by itself before that.
const LAST_WORD: Duration = Duration::from_secs(600);

/// The longest that the first frame waits for the list of an earlier run.
const RECALL: Duration = Duration::from_millis(60);

/// The dashboard without a terminal: a model, and effects that really run.
pub struct Dashboard {
    /// What is known.
    pub model: Model,
    runner: Runner,
    messages: UnboundedReceiver<Message>,
    sender: UnboundedSender<Message>,
    ports: Ports,
    profiles: Vec<Profile>,
}

impl Dashboard {
    /// A dashboard over `profiles`, which are those of `settings.profiles`.
    #[must_use]
    pub fn new(settings: Settings, profiles: Vec<Profile>, ports: Ports, patience: Patience) -> Self {
        let (sender, messages) = unbounded_channel();
        let runner = Runner::new(ports.clone(), profiles.clone(), &settings, patience, sender.clone());
        Self {
            model: Model::new(settings, Keymap::default(), ports.clock.now()),
            runner,
            messages,
            sender,
            ports,
            profiles,
        }
    }

    /// The same, with another time for which a leaked value is watched.
    #[must_use]
    pub fn watching(mut self, watch: Watch) -> Self {
        self.runner.set_watch(watch);
        self
    }

    /// Shows the list that an earlier run kept of the shown team, where the journal has one soon enough.
    pub async fn recall(&mut self) {
        let Some(profile) = self.profiles.get(self.model.active.0) else {
            return;
        };
        let scope = profile.scope();
        let reading = async { tokio::join!(self.ports.journal.last_list(&scope), notes(&self.ports, profile)) };
        if let Ok((Ok(Some(listing)), (notes, _))) = tokio::time::timeout(RECALL, reading).await {
            let now = self.ports.clock.now();
            self.model.now = now;
            self.model.team_mut().recall(listing, notes, now);
        }
    }

    /// Where events come in.
    #[must_use]
    pub fn sender(&self) -> UnboundedSender<Message> {
        self.sender.clone()
    }

    /// Starts looking for the credential. Must be called within a tokio runtime.
    pub fn start(&mut self) {
        for effect in start(&mut self.model) {
            self.runner.run(effect);
        }
    }

    /// Takes one message in and starts what follows from it.
    pub fn handle(&mut self, message: Message) {
        self.model.now = self.ports.clock.now();
        if let Some(request) = message.request().filter(|_| message.ends_request()) {
            self.runner.ended(request);
        }
        for effect in update(&mut self.model, message) {
            self.runner.run(effect);
        }
    }

    /// Takes in what has come already.
    pub fn drain(&mut self) {
        while self.model.exit.is_none() {
            match self.messages.try_recv() {
                Ok(message) => self.handle(message),
                Err(_) => return,
            }
        }
    }

    /// Waits until nothing is in flight.
    pub async fn settle(&mut self) {
        self.drain();
        while !self.model.in_flight.is_empty() && self.model.exit.is_none() {
            match self.messages.recv().await {
                Some(message) => self.handle(message),
                None => return,
            }
            self.drain();
        }
    }

    /// Sleeps until a message or the next deadline.
    async fn next(&mut self) -> Option<Message> {
        match self.model.next_wake() {
            None => self.messages.recv().await,
            Some(at) => {
                let left = at.duration_since(self.ports.clock.now());
                let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
                tokio::select! {
                    message = self.messages.recv() => message,
                    () = tokio::time::sleep(left) => Some(Message::Woke),
                }
            }
        }
    }

    /// Waits a moment for what changes keys: a new value on its way into the credential store, or an acknowledgement. A
    /// confirmed revocation that nobody asked to leave alone is waited for until it is over.
    async fn finish_what_changes_keys(&mut self, exit: Exit) {
        if matches!(exit, Exit::Stopped(_)) {
            self.finish(LAST_WORD, true, |work| work.to_the_end).await;
        }
        // What is not finished by then is found by the next start, from the journal.
        self.finish(FAREWELL, false, |work| work.changes_keys).await;
        if self.model.in_flight.values().any(|work| work.to_the_end) {
            self.runner.stop();
            self.finish(FAREWELL, false, |work| work.to_the_end).await;
        }
    }

    /// `may_be_cut`: another signal ends the wait.
    async fn finish(&mut self, limit: Duration, may_be_cut: bool, awaited: impl Fn(&Work) -> bool) {
        let finished = async {
            while self.model.in_flight.values().any(&awaited) {
                match self.messages.recv().await {
                    // Asked once more: what is under way writes down that it was stopped.
                    Some(Message::Stopped(Stop::Signal)) if may_be_cut => return,
                    None => return,
                    Some(message) => self.handle(message),
                }
            }
        };
        let _ = tokio::time::timeout(limit, finished).await;
    }

    /// Clears a value we copied, if it is still there.
    async fn leave_clipboard(&self) {
        if self.model.clipboard.is_some() {
            // There is nobody left to tell how it went.
            let _ = tokio::time::timeout(FAREWELL, self.ports.clipboard.clear()).await;
        }
    }
}

/// Runs the dashboard in the terminal until it ends.
///
/// # Errors
/// The terminal cannot be taken, or was lost.
pub async fn run(mut dashboard: Dashboard, writer: Arc<TerminalWriter>) -> io::Result<Exit> {
    report_panics_on_the_restored_terminal(dashboard.sender());
    let mut screen = Screen::take(writer)?;
    dashboard.handle({
        let (columns, rows) = screen.size()?;
        Message::Resized(columns, rows)
    });
    dashboard.recall().await;
    screen.draw(&dashboard.model)?;
    watch_input(dashboard.sender());
    watch_signals(&dashboard.sender())?;
    dashboard.start();
    let exit = loop {
        let turned = guarded(|| {
            dashboard.drain();
            match dashboard.model.exit {
                Some(exit) => Ok(Some(exit)),
                None => screen.draw(&dashboard.model).map(|()| None),
            }
        });
        match turned {
            None => break Exit::Stopped(Stop::Panic),
            Some(Ok(Some(exit))) => break exit,
            // A terminal that takes nothing any more is lost.
            Some(Err(_)) => break Exit::Stopped(Stop::LostTerminal),
            Some(Ok(None)) => {}
        }
        let message = dashboard.next().await;
        if guarded(|| message.map(|message| dashboard.handle(message))).is_none() {
            break Exit::Stopped(Stop::Panic);
        }
    };
    drop(screen);
    if matches!(exit, Exit::Stopped(_)) {
        let_go_of_input();
    }
    if exit != Exit::Stopped(Stop::Panic) {
        dashboard.finish_what_changes_keys(exit).await;
    }
    dashboard.leave_clipboard().await;
    Ok(exit)
}

/// crossterm's reader spins on a terminal that is gone. In its place it is given a pipe into which nobody ever writes.
#[cfg(unix)]
fn let_go_of_input() {
    if let Ok((quiet, open)) = rustix::pipe::pipe()
        && rustix::stdio::dup2_stdin(&quiet).is_ok()
    {
        // Closed, the pipe would read as ended.
        std::mem::forget(open);
    }
}

#[cfg(not(unix))]
fn let_go_of_input() {}

/// Runs a turn of the loop; `None` when it panicked, which was reported and must not keep the clipboard from being
/// cleared.
fn guarded<T>(turn: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(turn)).ok()
}

/// Any panic, on any thread, ends the program: the terminal is given back first, then it is reported.
fn report_panics_on_the_restored_terminal(sender: UnboundedSender<Message>) {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        restore();
        report(info);
        let _ = sender.send(Message::Stopped(Stop::Panic));
    }));
}

/// Reads the terminal on a thread of its own: its calls block, and nobody waits for it at the end.
fn watch_input(sender: UnboundedSender<Message>) {
    watch_for_a_lost_terminal(sender.clone());
    std::thread::spawn(move || {
        loop {
            let message = match crossterm::event::read() {
                Ok(Event::Key(key)) => Message::Key(key),
                Ok(Event::Paste(text)) => Message::Pasted(Pasted(Zeroizing::new(text))),
                Ok(Event::Resize(columns, rows)) => Message::Resized(columns, rows),
                Ok(Event::FocusGained | Event::FocusLost | Event::Mouse(_)) => continue,
                Err(_) => Message::Stopped(Stop::LostTerminal),
            };
            let last = matches!(message, Message::Stopped(_));
            if sender.send(message).is_err() || last {
                return;
            }
        }
    });
}

/// crossterm spins on a terminal that hung up (<https://github.com/crossterm-rs/crossterm/issues/793>), so the hang-up is
/// watched for apart. Polling for no event at all wakes for that only.
#[cfg(unix)]
fn watch_for_a_lost_terminal(sender: UnboundedSender<Message>) {
    use rustix::event::{PollFd, PollFlags, poll};
    std::thread::spawn(move || {
        let stdin = rustix::stdio::stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::empty())];
        loop {
            match poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(_) | Err(_) => {
                    let _ = sender.send(Message::Stopped(Stop::LostTerminal));
                    return;
                }
            }
        }
    });
}

#[cfg(not(unix))]
fn watch_for_a_lost_terminal(_sender: UnboundedSender<Message>) {}

#[cfg(unix)]
fn watch_signals(sender: &UnboundedSender<Message>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    for (kind, stop) in [
        (SignalKind::interrupt(), Stop::Signal),
        (SignalKind::terminate(), Stop::Signal),
        (SignalKind::hangup(), Stop::HungUp),
    ] {
        let mut signal = signal(kind)?;
        let sender = sender.clone();
        tokio::spawn(async move {
            while signal.recv().await.is_some() {
                if sender.send(Message::Stopped(stop)).is_err() {
                    return;
                }
            }
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn watch_signals(sender: &UnboundedSender<Message>) -> io::Result<()> {
    let sender = sender.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            let _ = sender.send(Message::Stopped(Stop::Signal));
        }
    });
    Ok(())
}
