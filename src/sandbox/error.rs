//! Why a sandbox does not start, or does not go on.

use std::fmt;

/// The most keys a sandbox is seeded with.
pub const MAX_KEYS: usize = 100_000;

/// Why a sandbox does not start, or does not go on.
#[derive(Debug)]
pub enum SandboxError {
    /// The port cannot be had.
    Bind(u16, std::io::Error),
    /// The database failed.
    Database(rusqlite::Error),
    /// The file is another program's database, or of another version.
    ForeignDatabase,
    /// More keys than [`MAX_KEYS`].
    TooManyKeys(usize),
    /// The system gives no random bytes.
    Entropy,
    /// A task of the runtime ended early.
    Stopped,
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(port, error) => write!(f, "The sandbox cannot listen on 127.0.0.1:{port}: {error}."),
            Self::Database(error) => write!(f, "The sandbox's database failed: {error}."),
            Self::ForeignDatabase => f.write_str(
                "This file is not a database of this version's sandbox, so nothing was changed in it. Name another file.",
            ),
            Self::TooManyKeys(count) => write!(f, "A sandbox holds at most {MAX_KEYS} keys, not {count}."),
            Self::Entropy => f.write_str("The system gives no random bytes to make keys from."),
            Self::Stopped => f.write_str("The sandbox was stopped before it had started."),
        }
    }
}

impl std::error::Error for SandboxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind(_, error) => Some(error),
            Self::Database(error) => Some(error),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for SandboxError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}
