//! Where reports are written.

use std::fmt;
use std::path::Path;

use super::Answer;

/// Why a report was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportError {
    /// A file of that name is there already, and it was left alone.
    There(String),
    /// The file cannot be made or written; the place, and why.
    Failed(String, String),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::There(place) => write!(f, "{place} already exists and was left as it is."),
            Self::Failed(place, why) => write!(f, "Cannot write {place}: {why}."),
        }
    }
}

impl std::error::Error for ReportError {}

/// A folder that takes reports, which hold no secret.
pub trait ReportFolder: Send + Sync {
    /// Writes a new file, which its owner alone can read, and answers where it is, in cleaned text. What is there already,
    /// a link too, is never changed or followed.
    fn write_new<'a>(&'a self, name: &'a Path, text: String) -> Answer<'a, Result<String, ReportError>>;
}
