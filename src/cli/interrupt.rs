//! The signals that end a run, as commands wait for them.

use std::io;
use std::task::Poll;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::ops::signals::ending;

/// HUP and every signal that asks the program to end, heard instead of dying of them.
#[derive(Debug)]
pub struct Interrupts {
    ending: Vec<(Number, Signal)>,
    hangup: Signal,
}

impl Interrupts {
    /// Begins to listen; from here on none of them ends the process by itself.
    ///
    /// # Errors
    /// The system takes no handler, or this is not inside a runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            ending: ending()?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the first of them.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = first(&mut self.ending) => {}
            _ = self.hangup.recv() => {}
        }
    }

    /// Waits for one that is no HUP: a terminal that is closed does not stop what was confirmed on it.
    pub async fn next_but_hangup(&mut self) {
        first(&mut self.ending).await;
    }

    /// The same; whether it is Ctrl-C, which a person presses in passing.
    pub async fn next_is_control_c(&mut self) -> bool {
        first(&mut self.ending).await == Number::INT
    }
}

async fn first(signals: &mut [(Number, Signal)]) -> Number {
    std::future::poll_fn(|context| {
        let mut signals = signals.iter_mut();
        let came = signals.find_map(|(number, signal)| signal.poll_recv(context).is_ready().then_some(*number));
        came.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}
