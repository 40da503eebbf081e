//! What the ports promise, done with real parts. Each does nothing until it is first used.

pub mod http;
