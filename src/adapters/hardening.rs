//! Keeps what this process holds in memory out of core dumps, and away from other processes of the same person.

use std::fmt;

/// What could not be hardened, each as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotHardened(pub Vec<String>);

impl fmt::Display for NotHardened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl std::error::Error for NotHardened {}

/// The first descriptor after standard input, output and error.
#[cfg(unix)]
const FIRST_BEYOND_STANDARD: i32 = 3;

/// Makes this process non-dumpable (no core, no `ptrace` and no `/proc/PID/mem` by others than root) and sets its core
/// size to zero, which its children inherit. Descriptors it was started with, beyond the standard three, are not passed on
/// to children; our own never are. To be called first thing.
///
/// # Errors
/// [`NotHardened`] for what this machine does not do. Nothing has to stop for it.
#[cfg(unix)]
pub fn harden() -> Result<(), NotHardened> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    close_fds::set_fds_cloexec(FIRST_BEYOND_STANDARD, &[]);
    let mut failed = Vec::new();
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            failed.push(format!("Cannot make this process non-dumpable: {error}."));
        }
    }
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        failed.push(format!("Cannot turn core dumps off: {error}."));
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(NotHardened(failed))
    }
}

/// Windows writes no core files by itself; there is nothing to do.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn harden() -> Result<(), NotHardened> {
    Ok(())
}
