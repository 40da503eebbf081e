//! Child processes.

use std::fmt;
use std::time::Duration;

use super::Answer;

/// A child process to run: never through a shell, and without `CHATZURI_*` in its environment.
pub struct ChildProcess<'a> {
    /// Program and arguments.
    pub argv: &'a [String],
    /// What it reads on standard input; nothing when `None`.
    pub stdin: Option<&'a zeroize::Zeroizing<Vec<u8>>>,
    /// Longest time it may take.
    pub limit: Duration,
}

/// What a child process left.
pub struct ChildOutput {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output, wiped when dropped.
    pub stdout: zeroize::Zeroizing<Vec<u8>>,
    /// Whether that is all of it: a long output is cut.
    pub stdout_whole: bool,
    /// Its standard error, cleaned and cut.
    pub stderr: String,
    /// Whether it took all of its standard input before it ended.
    pub read_all_stdin: bool,
}

/// Why a child process did not run to its end, in a cleaned sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessError(pub String);

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ProcessError {}

/// Runs child processes.
pub trait Processes: Send + Sync {
    /// Runs one to its end.
    fn run<'a>(&'a self, child: ChildProcess<'a>) -> Answer<'a, Result<ChildOutput, ProcessError>>;

    /// Whether a program can be found, as starting it would find it. It is not started: nobody knows what that would do.
    fn is_here(&self, program: &str) -> bool;
}
