//! The shell's job control: stopped by Ctrl-Z or a signal, and brought back by `fg`.

use std::io;

use tokio::sync::mpsc::UnboundedSender;

use crate::tui::message::Message;
#[cfg(unix)]
use crate::tui::{keymap::Action, terminal::restore};

/// Hears when the program is stopped and goes on.
#[cfg(unix)]
pub(super) struct Jobs {
    continued: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Jobs {
    /// Begins to listen. TSTP is asked of `sender`, as the key is.
    pub(super) fn listen(sender: UnboundedSender<Message>) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut stop = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?;
        tokio::spawn(async move {
            while stop.recv().await.is_some() {
                if sender.send(Message::Act(Action::Suspend)).is_err() {
                    return;
                }
            }
        });
        let continued = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?;
        Ok(Self { continued })
    }

    /// Waits until the program goes on after a stop, whoever stopped it.
    pub(super) async fn continued(&mut self) {
        self.continued.recv().await;
    }

    /// Gives the terminal back, stops with all that was started along with it, and waits until it is to go on.
    pub(super) async fn suspend(&mut self) {
        use rustix::process::{Signal, kill_current_process_group};
        restore();
        if kill_current_process_group(Signal::STOP).is_ok() {
            // The stop may come a moment after the call.
            self.continued().await;
        }
    }
}

/// Whether a shell started the program as a job of its own and can bring it back. The first process of a session, as in a
/// terminal that was opened for this program alone, has nobody above it.
#[cfg(unix)]
pub(super) fn is_job() -> bool {
    use rustix::process::{getpgrp, getsid};
    getsid(None).is_ok_and(|session| session != getpgrp())
}

#[cfg(not(unix))]
pub(super) fn is_job() -> bool {
    false
}

#[cfg(not(unix))]
pub(super) struct Jobs;

#[cfg(not(unix))]
impl Jobs {
    pub(super) fn listen(_: UnboundedSender<Message>) -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn continued(&mut self) {
        std::future::pending().await
    }

    pub(super) async fn suspend(&mut self) {}
}
