//! The suite: the architecture, flows that type keys and read the screen over real HTTP, the command line, the client
//! against a hostile server, the binary in a real terminal, and the real keyring, clipboards and tmux.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "tests stop at the first surprise, and nobody imports them"
)]

mod activity;
mod architecture;
mod bulk;
mod cli;
mod due;
mod flows;
#[cfg(unix)]
mod golden;
mod http;
#[cfg(unix)]
mod leak;
#[cfg(unix)]
mod leak_dashboard;
mod leak_match;
#[cfg(unix)]
mod leak_pty;
mod lists;
#[cfg(unix)]
mod manual;
mod origin;
#[cfg(target_os = "linux")]
mod outside;
mod proofs;
#[cfg(unix)]
mod protocol;
mod pty;
#[cfg(target_os = "linux")]
mod real;
mod rotate;
mod sandbox;
mod screens;
mod support;
