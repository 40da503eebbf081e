//! Reads the command line. What a wrong one says repeats neither a value nor anything a terminal obeys.

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error, FromArgMatches};

use crate::cli::args::Args;
use crate::core::secret::{MASK, mask_values};
use crate::core::text::clean;

/// The commands that take a value, which is never an argument: a stray word after one is probably the value.
const TAKE_A_VALUE: [&str; 3] = ["leak", "identify", "login"];

/// The arguments as the command line that `command` makes understands them.
///
/// # Errors
/// Help or the version that was asked for, or what is wrong, with nothing in it that must not be printed.
pub fn parse(command: impl Fn() -> Command, words: &[OsString]) -> Result<Args, Box<Error>> {
    let read = |words: &[OsString]| {
        let matches = command().try_get_matches_from(words)?;
        Args::from_arg_matches(&matches)
    };
    let error = match read(words) {
        Ok(args) => return Ok(args),
        Err(error) if !error.use_stderr() => return Err(Box::new(error)),
        Err(error) => error,
    };
    let stray = stray(&error, words);
    let shown: Vec<OsString> = words.iter().map(|word| shown(word, stray.as_deref())).collect();
    let mut told = match read(&shown) {
        Err(told) if told.use_stderr() => told,
        // Written out, the words are no longer wrong.
        _ => command().error(error.kind(), "this command line is not valid"),
    };
    if stray.is_some() {
        let how =
            "never give a value as an argument, where other programs can see it: use standard input or the prompt";
        told.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![how.into()]));
    }
    Err(Box::new(told))
}

/// The word without a place after a command that takes a value.
fn stray(error: &Error, words: &[OsString]) -> Option<String> {
    let takes_a_value = words.iter().any(|word| TAKE_A_VALUE.iter().any(|name| word == name));
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if takes_a_value && error.kind() == ErrorKind::UnknownArgument => {
            (!word.starts_with('-')).then(|| word.clone())
        }
        _ => None,
    }
}

fn shown(word: &OsStr, stray: Option<&str>) -> OsString {
    let text = word.to_string_lossy();
    if stray.is_some_and(|stray| stray == text) {
        return MASK.into();
    }
    clean(&mask_values(&text, None)).into_owned().into()
}
