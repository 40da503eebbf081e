//! The signals that end a run.

use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Begins to listen for every signal that asks a program to end and would kill it at once, the terminal left as it is.
/// HUP is apart: whoever looked has left.
///
/// # Errors
/// The system takes no handler, or this is not inside a runtime.
pub fn ending() -> io::Result<Vec<(Number, Signal)>> {
    let numbers = [
        Number::INT,
        Number::TERM,
        Number::QUIT,
        Number::USR1,
        Number::USR2,
        Number::ALARM,
        Number::VTALARM,
        Number::PROF,
        Number::XCPU,
        Number::XFSZ,
    ];
    let listen = |number: Number| Ok((number, signal(SignalKind::from_raw(number.as_raw()))?));
    numbers.into_iter().map(listen).collect()
}
