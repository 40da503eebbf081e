//! The pure core: no I/O, no clock, no async, no terminal.

pub mod incident;
pub mod key;
pub mod policy;
pub mod secret;
pub mod text;
