//! Why a value cannot go where it is meant to go.

use std::fmt;

/// Why a target cannot take a value: what is the matter, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkError(pub(super) String);

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SinkError {}
