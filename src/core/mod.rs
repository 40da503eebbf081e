//! The pure core: no I/O, no clock, no async, no terminal.

pub mod activity;
pub mod bulk;
pub mod capability;
pub mod confirm;
pub mod creation;
pub mod due;
pub mod import;
pub mod incident;
pub mod key;
pub mod listing;
pub mod notes;
pub mod outcome;
pub mod pattern;
pub mod policy;
pub mod reading;
pub mod register;
pub mod rotation;
pub mod secret;
pub mod sink;
pub mod snooze;
pub mod target;
pub mod team;
pub mod text;
pub mod tracked;
