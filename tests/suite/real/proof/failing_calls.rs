//! A disk that fails or is full, and a keyring or a server whose connection breaks, from any call on: exit 0 means that the
//! value can be had.
//!
//! The short form begins at a few calls, the long form at every one:
//!
//!     CHATZURI_KEYS_LONG=1 cargo test --test suite -- failing_calls --nocapture

use std::fs;

use super::Machine;
use super::sweep::{Run, Scenario, Tally, is_long, pid_under, sweep, times_made, to_the_end};

/// A call that fails from some time on, and how: those that these commands make on files and sockets.
const FAILURES: [(&str, &str); 22] = [
    ("pwrite64", "ENOSPC"),
    ("fsync", "EIO"),
    ("fdatasync", "EIO"),
    ("sendmsg", "EPIPE"),
    ("recvmsg", "ECONNRESET"),
    ("connect", "ECONNREFUSED"),
    ("socket", "EMFILE"),
    ("sendto", "EPIPE"),
    ("writev", "EPIPE"),
    ("recvfrom", "ECONNRESET"),
    ("getsockopt", "ENOBUFS"),
    ("setsockopt", "ENOBUFS"),
    ("openat", "EMFILE"),
    ("read", "EIO"),
    ("write", "EPIPE"),
    ("pread64", "EIO"),
    ("fcntl", "ENOLCK"),
    ("ftruncate", "EIO"),
    ("statx", "EIO"),
    ("newfstatat", "EIO"),
    ("unlink", "EROFS"),
    ("rename", "EROFS"),
];

#[test]
fn whatever_fails_from_any_call_on_exit_0_means_that_the_value_can_be_had() {
    sweep("failing calls", points);
}

fn points(machine: &Machine, scenario: Scenario, tally: &mut Tally) {
    let made = times_made(machine, scenario, &FAILURES.map(|(call, _)| call));
    for (call, error) in FAILURES {
        let made = made.get(call).copied().unwrap_or_default();
        let chosen: Vec<usize> = match made {
            0 => Vec::new(),
            _ if is_long() => (1..=made).collect(),
            _ => vec![made.div_ceil(2)],
        };
        for nth in chosen {
            let run = Run::new(machine, scenario, &format!("{scenario:?} {call} {nth}"));
            let trace = machine.home.path().join("trace");
            let (only, inject) = (
                format!("trace={call}"),
                format!("inject={call}:error={error}:when={nth}+"),
            );
            let options = ["-o", trace.to_str().unwrap(), "-e", &only, "-e", &inject];
            let ran = to_the_end(run.start(machine, &options), pid_under);
            // A run that came to its end before that proves nothing.
            if fs::read_to_string(&trace).unwrap().contains("(INJECTED)") {
                tally.add(machine, &run, &ran, &format!("{} of {made}: {error}", run.name));
            }
        }
    }
}
