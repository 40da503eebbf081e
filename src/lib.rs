//! chatzuri-keys: a terminal dashboard, and a command for scripts, that manage a team's Chatzuri API keys.
//!
//! # The map of the house
//!
//! | room | what it is | may import |
//! |---|---|---|
//! | [`core`] | keys, secrets, text, policy, state machines: pure, no I/O, no clock, no async | nothing of ours |
//! | [`ports`] | what the outside must be able to do, as traits | `core` |
//! | [`ops`] | use cases over the ports, shared by both faces | `core`, `ports` |
//! | [`present`] | what both faces say: words, JSON, CSV, tables, reports | `core`, `ports`, `ops` |
//! | [`tui`] | the interactive face | `core`, `ports`, `ops`, `present`, `config` |
//! | [`cli`] | the scriptable face | `core`, `ports`, `ops`, `present`, `config` |
//! | [`adapters`] | HTTP, keyring, clipboard, processes, clock | `core`, `ports` |
//! | [`sandbox`] | a real HTTP server of the contract, for trying and testing | `core` |
//! | [`config`] | one file, one struct, documented defaults | `core` |
//! | [`app`] | the wiring: an adapter behind each port, on this machine and in the sandbox | everything |
//!
//! Nobody imports `adapters` or `sandbox` but `app` and `main`. No two files import each other in a circle, and no type
//! name stands twice. `tests/suite/architecture.rs` holds these rules by reading the files.
//!
//! # How to add something
//!
//! - A command: a file in `cli/commands` with its arguments and its run, a variant in `cli/args.rs`, and a line in
//!   `dispatch` of `cli/commands/mod.rs`.
//! - A dialog: a file in `tui/dialog` with its state, its update and its view, and its line in `tui/dialog/mod.rs`. New keys
//!   are rows of [`tui::keymap`].
//! - A target: a file in `core/sink/presets`, and its two lines in `presets/mod.rs`.
//! - A column of the list: its width and its cell in `tui/page/keys.rs`; in `list`, its heading and its cell in
//!   `cli/commands/list.rs`; in JSON, a field of `present::json::KeyShape`.
//!
//! # How a key press flows
//!
//! A terminal event becomes an action by the one table in [`tui::keymap`], the action becomes a message, and
//! `update(&mut Model, Message) -> Vec<Effect>` (pure) says what is to be done. An effect runs an op in a task with a
//! cancel token; its result comes back as a message, and the screen is drawn when the queue is empty. The same engine,
//! [`ops::revoke`], serves `chatzuri-keys revoke`, `leak`, the last step of a rotation, and the `x` key.

pub mod adapters;
pub mod app;
pub mod cli;
pub mod config;
pub mod core;
pub mod ops;
pub mod ports;
pub mod present;
pub mod sandbox;
pub mod tui;
