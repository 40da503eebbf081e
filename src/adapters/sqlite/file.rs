//! The file itself: made for its owner alone, never through a symbolic link, and watched for being replaced.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::ports::JournalError;

/// Fewer free bytes than this are a full disk: SQLite's shared index alone takes 32 KiB.
#[cfg(unix)]
const NO_SPACE: u64 = 64 * 1024;

/// Makes the file and its directory where they are missing, readable by their owner only, and answers the file's path
/// with its directory resolved.
pub(super) fn prepare(path: &Path) -> Result<PathBuf, JournalError> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(JournalError::Unavailable("its path is not a file".to_owned()));
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    make_folder(folder).map_err(|error| refused("cannot create its directory", &error))?;
    let folder = fs::canonicalize(folder).map_err(|error| refused("cannot read its directory", &error))?;
    let path = folder.join(name);
    match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => {
            return Err(JournalError::Unavailable("it is not a plain file".to_owned()));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_file(&path).map_err(|error| refused("it cannot be made", &error))?;
        }
        Err(error) => return Err(refused("it cannot be read", &error)),
    }
    for one in [path.clone(), beside(&path, "-wal"), beside(&path, "-shm")] {
        tighten(&one);
    }
    // SQLite deletes the log beside an empty database, and with it the only copy of what it held. It never leaves the two
    // like that. The log is looked at first: another copy may be making both.
    let log = size(&beside(&path, "-wal"));
    if log > 0 && size(&path) == 0 {
        return Err(JournalError::Corrupt);
    }
    Ok(path)
}

/// The name of one of SQLite's companions of a database.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(ending);
    PathBuf::from(name)
}

/// The size of a file; 0 when there is none.
pub(super) fn size(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |found| found.len())
}

/// Whether nothing more can be written to the disk of `path`.
#[cfg(unix)]
pub(super) fn no_space_near(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(path);
    rustix::fs::statvfs(folder).is_ok_and(|disk| {
        let read_only = disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
        let bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        // Some file systems do not count files, and say 0 of 0.
        let no_files = disk.f_files > 0 && disk.f_favail == 0;
        !read_only && (bytes < NO_SPACE || no_files)
    })
}

/// Whether nothing more can be written to the disk of `path`: not known here.
#[cfg(not(unix))]
pub(super) fn no_space_near(_path: &Path) -> bool {
    false
}

/// Which file was opened, whatever its name holds by now.
pub(super) struct Identity {
    path: PathBuf,
    number: Option<(u64, u64)>,
}

impl Identity {
    /// That of the file which `path` names now.
    pub(super) fn of(path: PathBuf) -> Self {
        Self {
            number: number(&path),
            path,
        }
    }

    /// Whether the name still holds that file.
    pub(super) fn is_still_there(&self) -> bool {
        number(&self.path) == self.number
    }
}

#[cfg(unix)]
fn number(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::symlink_metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// An open file cannot be deleted here.
#[cfg(not(unix))]
fn number(_path: &Path) -> Option<(u64, u64)> {
    None
}

fn make_folder(folder: &Path) -> io::Result<()> {
    // Mostly it is there.
    if folder.is_dir() {
        return Ok(());
    }
    let missing: Vec<&Path> = folder.ancestors().take_while(|one| !one.exists()).collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // SQLite syncs the directory of its files, and nobody those above it.
    #[cfg(unix)]
    for parent in missing.into_iter().filter_map(Path::parent) {
        let parent = if parent.as_os_str().is_empty() {
            Path::new(".")
        } else {
            parent
        };
        fs::File::open(parent)?.sync_all()?;
    }
    #[cfg(not(unix))]
    drop(missing);
    Ok(())
}

/// Makes an empty file; one that is there by now is left alone.
fn make_file(path: &Path) -> io::Result<()> {
    /// Closing a file frees every POSIX lock this process has on it, also SQLite's
    /// (<https://www.sqlite.org/howtocorrupt.html> 2.2), so no other thread may open it while it is made.
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    // SQLite gives its companions the mode of the database.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Takes from others what they may do with a file of ours. Where that is not possible the file is not ours, or the disk
/// is read-only, and SQLite will say so.
#[cfg(unix)]
fn tighten(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if let Ok(found) = fs::symlink_metadata(path) {
        let mode = found.permissions().mode();
        if found.is_file() && mode & 0o077 != 0 {
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700));
        }
    }
}

#[cfg(not(unix))]
fn tighten(_path: &Path) {}

fn refused(what: &str, error: &io::Error) -> JournalError {
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem => JournalError::ReadOnly,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => JournalError::Full,
        kind => JournalError::Unavailable(format!("{what}: {kind}")),
    }
}
