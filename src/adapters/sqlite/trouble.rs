//! What goes wrong inside, and how it is told.

use rusqlite::ErrorCode;

use crate::core::text::{clean, fit};
use crate::ports::JournalError;

/// Columns kept of a reason in SQLite's words.
const REASON_WIDTH: u16 = 160;

/// Read past the end of a file that is shorter than it says (`SQLITE_IOERR_SHORT_READ`).
const SHORT_READ: i32 = 10 | (2 << 8);
/// The file system says that it is damaged itself (`SQLITE_IOERR_CORRUPTFS`).
const CORRUPT_FS: i32 = 10 | (33 << 8);

/// DatabaseError in a call, before it is known how to tell it.
#[derive(Debug)]
pub(super) enum DatabaseError {
    Sql(rusqlite::Error),
    Said(JournalError),
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<JournalError> for DatabaseError {
    fn from(error: JournalError) -> Self {
        Self::Said(error)
    }
}

impl DatabaseError {
    /// Whether another copy holds the file.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Sql(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }

    /// Whether reading may be possible where this came up.
    pub(super) fn may_spare_reading(&self) -> bool {
        match self {
            Self::Sql(rusqlite::Error::SqliteFailure(error, _)) => matches!(
                error.code,
                ErrorCode::ReadOnly
                    | ErrorCode::CannotOpen
                    | ErrorCode::SystemIoFailure
                    | ErrorCode::PermissionDenied
                    | ErrorCode::DiskFull
            ),
            Self::Sql(_) => false,
            Self::Said(error) => matches!(error, JournalError::ReadOnly | JournalError::Full),
        }
    }

    /// The words for it. SQLite keeps the reason of a failed write to itself, so `no_space` looks at the disk.
    pub(super) fn said(self, no_space: impl Fn() -> bool) -> JournalError {
        let error = match self {
            Self::Said(error) => return error,
            Self::Sql(error) => error,
        };
        let code = match &error {
            rusqlite::Error::SqliteFailure(failure, _) => failure,
            // A value of another type than its column's, or one that cannot be read: somebody else wrote it.
            _ => return JournalError::Corrupt,
        };
        match code.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
                JournalError::Unavailable("another copy is using it".to_owned())
            }
            ErrorCode::DiskFull => JournalError::Full,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => JournalError::Corrupt,
            // A statement that the schema does not fit: a table is missing.
            ErrorCode::Unknown => JournalError::Corrupt,
            ErrorCode::SystemIoFailure if matches!(code.extended_code, SHORT_READ | CORRUPT_FS) => {
                JournalError::Corrupt
            }
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen if no_space() => JournalError::Full,
            ErrorCode::ReadOnly => JournalError::ReadOnly,
            _ => JournalError::Unavailable(fit(&clean(&error.to_string()), REASON_WIDTH).into_owned()),
        }
    }
}
