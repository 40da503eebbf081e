//! Tests on real parts: a real keyring daemon, X server, Wayland compositor, tmux, and real child processes.
//!
//! Each says `SKIPPED` where a tool is missing; with `CHATZURI_KEYS_REAL=1` that is a failure.

mod child;
mod clipboard;
mod due;
mod handover;
mod journal;
mod keyring;
mod main_job;
mod process;
mod proof;
mod sinks;
mod tools;
