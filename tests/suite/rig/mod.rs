//! What the tests stand on.

pub mod stage;
#[cfg(unix)]
pub mod terminal;
