//! The config file's text, read from where the platform keeps such files.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use etcetera::base_strategy::choose_native_strategy;

use crate::core::secret::mask_values;
use crate::core::text::clean;

/// The largest file that is taken for a config, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// A config file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// Its path for a sentence: cleaned, and from `~` on where it is in the home directory.
    pub shown: String,
    /// Its text.
    pub text: String,
}

/// Why a config file could not be read; carries its path for a sentence.
#[derive(Debug)]
pub enum ConfigFileError {
    /// The system says no.
    Io(String, io::Error),
    /// It is larger than 1 MiB.
    TooLarge(String),
    /// It is not UTF-8; carries the line, counted from 1.
    NotText(String, usize),
}

impl fmt::Display for ConfigFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) if error.kind() == io::ErrorKind::NotFound => {
                write!(f, "{path}: no such config file.")
            }
            Self::Io(path, error) => write!(f, "{path}: cannot read the config file: {error}."),
            Self::TooLarge(path) => write!(f, "{path}: not a config file: it is larger than 1 MiB."),
            Self::NotText(path, line) => write!(f, "{path} line {line}: the config file is not UTF-8 text."),
        }
    }
}

impl std::error::Error for ConfigFileError {}

/// Reads the file at `path`, or the one at the default place; `None` when there is none at the default place.
///
/// # Errors
/// [`ConfigFileError`]; a named file that is not there is one.
pub fn load(path: Option<&Path>) -> Result<Option<ConfigFile>, ConfigFileError> {
    match path {
        Some(path) => read(path).map(Some),
        None => match default_path() {
            Some(path) => match read(&path) {
                Err(ConfigFileError::Io(_, error)) if is_absent(&error) => Ok(None),
                file => file.map(Some),
            },
            None => Ok(None),
        },
    }
}

/// `$XDG_CONFIG_HOME/chatzuri-keys/config.toml`, or the platform's own place; `None` without a home directory.
#[must_use]
pub fn default_path() -> Option<PathBuf> {
    let xdg = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let folder = match xdg {
        Some(folder) => folder,
        None => choose_native_strategy().ok()?.config_dir(),
    };
    Some(folder.join("chatzuri-keys").join("config.toml"))
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read(path: &Path) -> Result<ConfigFile, ConfigFileError> {
    let shown = shown(path);
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SIZE_LIMIT + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        return Err(ConfigFileError::Io(shown, error));
    }
    if u64::try_from(bytes.len()).is_ok_and(|size| size > SIZE_LIMIT) {
        return Err(ConfigFileError::TooLarge(shown));
    }
    match String::from_utf8(bytes) {
        // Some editors put a byte order mark at the front.
        Ok(text) => Ok(ConfigFile {
            shown,
            text: text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text),
        }),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let lines = error
                .as_bytes()
                .iter()
                .take(good)
                .filter(|&&byte| byte == b'\n')
                .count();
            Err(ConfigFileError::NotText(shown, lines + 1))
        }
    }
}

fn shown(path: &Path) -> String {
    let home = etcetera::home_dir().ok();
    let text = match home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_path_buf)) {
        Some(rest) => Path::new("~").join(rest),
        None => path.to_path_buf(),
    };
    clean(&mask_values(&text.to_string_lossy(), None)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, bytes).unwrap();
        (folder, path)
    }

    #[test]
    fn a_named_file_is_read_whole() {
        let (_folder, path) = written("\u{feff}profile = \"a\"\n".as_bytes());
        assert_eq!(load(Some(&path)).unwrap().unwrap().text, "profile = \"a\"\n");
    }

    #[test]
    fn a_named_file_that_is_not_there_or_is_a_folder_is_an_error() {
        let (folder, _) = written(b"");
        let absent = load(Some(&folder.path().join("absent.toml"))).unwrap_err().to_string();
        assert!(absent.contains("absent.toml: no such config file"), "{absent}");
        assert!(load(Some(folder.path())).is_err());
    }

    #[test]
    fn what_is_no_text_or_too_large_is_told() {
        let (_folder, path) = written(b"a = 1\nb = \"\xff\"\n");
        let said = load(Some(&path)).unwrap_err().to_string();
        assert!(said.contains("config.toml line 2: "), "{said}");
        let (_folder, path) = written(&vec![b'#'; 1024 * 1024 + 1]);
        assert!(matches!(load(Some(&path)), Err(ConfigFileError::TooLarge(_))));
    }
}
