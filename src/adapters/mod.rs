//! The outside, one file or folder each.

pub mod allocator;
pub mod browser;
pub mod clipboard;
pub mod clock;
pub mod config_file;
pub mod environment;
pub mod hardening;
pub mod http;
pub mod keyring;
pub mod log_file;
pub mod memory_store;
pub mod person;
pub mod process;
pub mod report_folder;
pub mod sqlite;
mod worker;
