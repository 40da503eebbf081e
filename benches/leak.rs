//! From the start of `leak --yes` to the first 401, beside one `curl` that lists, deletes and probes on one connection:
//! `cargo bench --bench leak`. The script does both in turns and prints the medians and their ratio.
#![allow(missing_docs, clippy::print_stderr, reason = "a benchmark")]

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/leak_speed.sh");
    let ran = Command::new("bash")
        .arg(script)
        .env("BINARY", env!("CARGO_BIN_EXE_chatzuri-keys"))
        .status();
    match ran {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bash cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}
