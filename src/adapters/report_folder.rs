//! Reports, in the folder the program was started in.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::core::text::clean;
use crate::ports::{Answer, ReportError, ReportFolder};

/// [`ReportFolder`] over a folder of this machine.
#[derive(Debug, Clone)]
pub struct DiskFolder {
    folder: PathBuf,
}

impl DiskFolder {
    /// The current directory.
    #[must_use]
    pub fn current() -> Self {
        Self::at(PathBuf::from("."))
    }

    /// This folder.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }
}

impl ReportFolder for DiskFolder {
    fn write_new<'a>(&'a self, name: &'a Path, text: String) -> Answer<'a, Result<String, ReportError>> {
        let path = self.folder.join(name);
        let place = clean(&absolute(&path).to_string_lossy()).into_owned();
        Box::pin(async move {
            let written = tokio::task::spawn_blocking(move || write(&path, text.as_bytes())).await;
            match written {
                Ok(Ok(())) => Ok(place),
                Ok(Err(error)) if error.kind() == io::ErrorKind::AlreadyExists => Err(ReportError::There(place)),
                Ok(Err(error)) => Err(ReportError::Failed(place, clean(&error.to_string()).into_owned())),
                Err(_) => Err(ReportError::Failed(place, "writing was interrupted".to_owned())),
            }
        })
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // Follows no link, not even one that leads nowhere.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_report_is_written_once_and_never_over_another() {
        let home = tempfile::tempdir().unwrap();
        let folder = DiskFolder::at(home.path().to_owned());
        let place = folder.write_new(Path::new("a.md"), "first".to_owned()).await.unwrap();
        assert!(place.ends_with("a.md"), "{place}");
        let again = folder.write_new(Path::new("a.md"), "second".to_owned()).await;
        assert_eq!(again, Err(ReportError::There(place.clone())));
        assert_eq!(std::fs::read_to_string(place).unwrap(), "first");
        let nowhere = DiskFolder::at(home.path().join("none"));
        let failed = nowhere.write_new(Path::new("a.md"), String::new()).await.unwrap_err();
        assert!(matches!(failed, ReportError::Failed(..)), "{failed}");
    }
}
