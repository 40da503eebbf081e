//! The loop: take a message, update, start effects, draw when the queue is empty, sleep.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::ops::due::notes;
use crate::ops::revoke::Pace;
use crate::ops::sign_in::Profile;
use crate::ports::Ports;
use crate::tui::input;
use crate::tui::jobs::{self, Jobs};
use crate::tui::keymap::Keymap;
use crate::tui::message::{Message, Stop};
use crate::tui::model::{DashboardExit, DashboardSettings, Model, Work};
use crate::tui::runner::Runner;
use crate::tui::terminal::{Screen, TerminalWriter, area, restore};
use crate::tui::theme::Role;
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
    pub fn new(settings: DashboardSettings, profiles: Vec<Profile>, ports: Ports, pace: Pace) -> Self {
        let (sender, messages) = unbounded_channel();
        let runner = Runner::new(ports.clone(), profiles.clone(), &settings, pace, sender.clone());
        Self {
            model: Model::new(settings, Keymap::default(), ports.clock.now()),
            runner,
            messages,
            sender,
            ports,
            profiles,
        }
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

    fn resize(&mut self, screen: &Screen) {
        let (columns, rows) = screen.size();
        self.handle(Message::Resized(columns, rows));
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
    async fn finish_what_changes_keys(&mut self, exit: DashboardExit) {
        if matches!(exit, DashboardExit::Stopped(_)) {
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
pub async fn run(mut dashboard: Dashboard, writer: Arc<TerminalWriter>) -> io::Result<DashboardExit> {
    report_panics_on_the_restored_terminal(dashboard.sender());
    let mut screen = Screen::take(writer)?;
    dashboard.resize(&screen);
    dashboard.recall().await;
    screen.draw(&dashboard.model)?;
    input::watch(dashboard.sender());
    watch_signals(&dashboard.sender())?;
    let mut jobs = Jobs::listen(dashboard.sender())?;
    dashboard.start();
    let exit = loop {
        let turned = guarded(|| {
            dashboard.drain();
            match dashboard.model.exit {
                Some(exit) => Ok(Some(exit)),
                None if dashboard.model.suspends => Ok(None),
                None => screen.draw(&dashboard.model).map(|()| None),
            }
        });
        match turned {
            None => break DashboardExit::Stopped(Stop::Panic),
            Some(Ok(Some(exit))) => break exit,
            // A terminal that takes nothing any more is lost.
            Some(Err(_)) => break DashboardExit::Stopped(Stop::LostTerminal),
            Some(Ok(None)) => {}
        }
        let message = match std::mem::take(&mut dashboard.model.suspends) {
            true if !jobs::is_job() => {
                dashboard
                    .model
                    .say(Role::Warn, "Not suspended: no shell could bring it back.");
                continue;
            }
            true => {
                jobs.suspend().await;
                None
            }
            false => tokio::select! {
                () = jobs.continued() => None,
                message = dashboard.next() => message,
            },
        };
        let Some(message) = message else {
            // Others had the terminal meanwhile, and its size may be another.
            if screen.take_again().is_err() {
                break DashboardExit::Stopped(Stop::LostTerminal);
            }
            dashboard.resize(&screen);
            continue;
        };
        if guarded(|| dashboard.handle(message)).is_none() {
            break DashboardExit::Stopped(Stop::Panic);
        }
    };
    drop(screen);
    if exit != DashboardExit::Stopped(Stop::Panic) {
        dashboard.finish_what_changes_keys(exit).await;
    }
    dashboard.leave_clipboard().await;
    Ok(exit)
}

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

#[cfg(unix)]
fn watch_signals(sender: &UnboundedSender<Message>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let ending = crate::ops::signals::ending()?
        .into_iter()
        .map(|(_, signal)| (signal, Stop::Signal));
    let hangup = signal(SignalKind::hangup())?;
    for (mut signal, stop) in ending.chain([(hangup, Stop::HungUp)]) {
        let sender = sender.clone();
        tokio::spawn(async move {
            while signal.recv().await.is_some() {
                if sender.send(Message::Stopped(stop)).is_err() {
                    return;
                }
            }
        });
    }
    let mut resized = signal(SignalKind::window_change())?;
    let sender = sender.clone();
    tokio::spawn(async move {
        while resized.recv().await.is_some() {
            if let Ok(area) = area()
                && sender.send(Message::Resized(area.width, area.height)).is_err()
            {
                return;
            }
        }
    });
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
