//! Asking the person: a hidden value, or one typed line. Both on a terminal only.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios};
use rustix::termios::{tcflush, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::cli::exit::{CommandError, Exit};
use crate::core::confirm::Question;

/// The longest that is taken from a prompt or a pipe, in bytes.
pub(crate) const INPUT_LIMIT: usize = 64 * 1024;

/// Whether somebody can be asked here.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Why nobody can be asked here; where there is a terminal, `--no-input` keeps it out.
pub(crate) fn obstacle() -> &'static str {
    if !io::stdin().is_terminal() {
        "stdin isn't a terminal"
    } else if !io::stderr().is_terminal() {
        "stderr isn't a terminal"
    } else {
        "--no-input is set"
    }
}

/// A question that only `--yes` can answer here; `nothing` is what was not done.
pub(crate) fn unconfirmed(nothing: &str) -> CommandError {
    let obstacle = obstacle();
    CommandError::new(
        Exit::Usage,
        format!("{nothing}: {obstacle}, so nobody can confirm. Add --yes, or look first with --dry-run."),
    )
}

/// Gives the terminal its settings back, on every way out.
struct Restore {
    terminal: Arc<File>,
    before: Termios,
}

impl Drop for Restore {
    fn drop(&mut self) {
        // Flush: the rest of a pasted text must not become the next command of the shell.
        let _ = tcsetattr(&*self.terminal, OptionalActions::Flush, &self.before);
        let _ = (&*self.terminal).write_all(b"\n");
    }
}

/// Asks for a value without showing it.
pub(crate) async fn hidden(question: &str) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let trouble = |error: io::Error| CommandError::new(Exit::Error, format!("Cannot read from the terminal: {error}."));
    let terminal = Arc::new(open_terminal().map_err(trouble)?);
    let before = tcgetattr(&*terminal).map_err(|error| trouble(error.into()))?;
    let mut silent = before.clone();
    // Ctrl-C arrives as a byte: no signal can end the program while the echo is off.
    silent
        .local_modes
        .remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG | LocalModes::IEXTEN);
    silent.special_codes[SpecialCodeIndex::VMIN] = 1;
    silent.special_codes[SpecialCodeIndex::VTIME] = 0;
    let restore = Restore {
        terminal: Arc::clone(&terminal),
        before,
    };
    tcsetattr(&*terminal, OptionalActions::Flush, &silent).map_err(|error| trouble(error.into()))?;
    // After the echo is off: whoever types at the sight of the question is not shown.
    (&*terminal).write_all(question.as_bytes()).map_err(trouble)?;
    let reader = Arc::clone(&terminal);
    // Restored by this future and not by the thread, which cannot be called back from its read.
    let typed = tokio::task::spawn_blocking(move || read_hidden(&*reader)).await;
    drop(restore);
    match typed {
        Ok(Ok(Typed::Value(value))) => Ok(value),
        Ok(Ok(Typed::Interrupted)) => Err(CommandError::new(Exit::Declined, "Interrupted. Nothing was changed.")),
        Ok(Ok(Typed::TooLong)) => Err(CommandError::new(
            Exit::Error,
            format!("This is not an API key: it is longer than {INPUT_LIMIT} bytes."),
        )),
        Ok(Err(error)) => Err(trouble(error)),
        Err(error) => Err(trouble(error.into())),
    }
}

/// What was typed at a hidden prompt.
enum Typed {
    Value(Zeroizing<Vec<u8>>),
    Interrupted,
    TooLong,
}

fn read_hidden(mut terminal: impl Read) -> io::Result<Typed> {
    // Made in one piece, so that no outgrown copy stays behind.
    let mut value = Zeroizing::new(Vec::with_capacity(INPUT_LIMIT));
    let mut escape = Escape::No;
    loop {
        let mut byte = [0u8; 1];
        if terminal.read(&mut byte)? == 0 {
            return Ok(Typed::Interrupted);
        }
        let [byte] = byte;
        if escape.swallows(byte) {
            continue;
        }
        match byte {
            b'\r' | b'\n' => return Ok(Typed::Value(value)),
            0x03 => return Ok(Typed::Interrupted),
            0x04 if value.is_empty() => return Ok(Typed::Interrupted),
            0x08 | 0x7f => drop(value.pop()),
            0x15 | 0x17 => value.clear(),
            byte if byte < 0x20 && byte != b'\t' => {}
            _ if value.len() == INPUT_LIMIT => return Ok(Typed::TooLong),
            byte => value.push(byte),
        }
    }
}

/// An arrow key or a paste mark in the middle of being read: `ESC [ … final`, or `ESC O x`.
enum Escape {
    No,
    Begun,
    One,
    Sequence,
}

impl Escape {
    fn swallows(&mut self, byte: u8) -> bool {
        let was = std::mem::replace(self, Self::No);
        *self = match (was, byte) {
            (Self::No, 0x1b) => Self::Begun,
            (Self::No, _) => return false,
            (Self::Begun, b'[') => Self::Sequence,
            (Self::Begun, b'O') => Self::One,
            (Self::Sequence, 0x20..=0x3f) => Self::Sequence,
            // Never a way to miss the end of the line or Ctrl-C.
            (_, b'\r' | b'\n' | 0x03) => return false,
            _ => Self::No,
        };
        true
    }
}

/// The controlling terminal, or standard input where that is one.
fn open_terminal() -> io::Result<File> {
    File::options()
        .read(true)
        .write(true)
        .open("/dev/tty")
        .or_else(|error| {
            let stdin = io::stdin();
            if stdin.is_terminal() {
                Ok(File::from(stdin.as_fd().try_clone_to_owned()?))
            } else {
                Err(error)
            }
        })
}

/// Asks for one line; `None` at the end of input. What was typed before the question does not answer it.
pub(crate) async fn line(question: &str) -> Result<Option<String>, CommandError> {
    let trouble = |error: io::Error| CommandError::new(Exit::Error, format!("Cannot read from the terminal: {error}."));
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    show(question).map_err(trouble)?;
    let read = tokio::task::spawn_blocking(|| {
        let mut typed = Vec::new();
        for byte in io::stdin().lock().bytes() {
            match byte? {
                // A line that another follows at once was pasted, and a paste answers nothing.
                b'\n' if more_follows() => return Ok(Some(Vec::new())),
                b'\n' => return Ok(Some(typed)),
                byte if typed.len() < INPUT_LIMIT => typed.push(byte),
                _ => {}
            }
        }
        Ok::<_, io::Error>(None)
    });
    let typed = match read.await {
        Ok(typed) => typed.map_err(trouble)?,
        Err(error) => return Err(trouble(error.into())),
    };
    Ok(typed.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// Shows a question, for the first time or again below other words.
pub(crate) fn show(question: &str) -> io::Result<()> {
    io::stderr().write_all(question.as_bytes())
}

/// Asks a question whose default answer is no.
pub(crate) async fn yes(question: &str) -> Result<bool, CommandError> {
    let typed = line(question).await?;
    Ok(typed.is_some_and(|typed| matches!(typed.to_ascii_lowercase().as_str(), "y" | "yes")))
}

/// Asks whether a key is to be revoked, in the way that its use wants.
pub(crate) async fn confirms(question: Question) -> Result<bool, CommandError> {
    match question {
        Question::Typed { expected, what } => {
            let typed = line(&format!("Type {what} ({expected}) to revoke it: ")).await?;
            Ok(typed.is_some_and(|typed| typed == expected))
        }
        Question::YesNo => yes("Revoke it? [y/N] ").await,
    }
}

/// How long a line has to stand alone before it counts as typed.
const ALONE: Duration = Duration::from_millis(30);

fn more_follows() -> bool {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
    let wait = Timespec::try_from(ALONE).ok();
    let follows = poll(&mut fds, wait.as_ref()).is_ok_and(|ready| ready > 0);
    if follows {
        let _ = tcflush(&stdin, QueueSelector::IFlush);
    }
    follows
}

/// Reads all of standard input, at most [`INPUT_LIMIT`].
pub(crate) async fn all_of_stdin() -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let trouble = |error: io::Error| CommandError::new(Exit::Error, format!("Cannot read standard input: {error}."));
    let read = tokio::task::spawn_blocking(|| {
        let mut bytes = Zeroizing::new(Vec::with_capacity(INPUT_LIMIT + 1));
        let limit = u64::try_from(INPUT_LIMIT + 1).unwrap_or(u64::MAX);
        // From the file itself: the buffer of `io::stdin` would keep a copy.
        let stdin = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        stdin.take(limit).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    });
    let bytes = match read.await {
        Ok(bytes) => bytes.map_err(trouble)?,
        Err(error) => return Err(trouble(error.into())),
    };
    if bytes.len() > INPUT_LIMIT {
        return Err(CommandError::new(
            Exit::Error,
            format!("This is not an API key: standard input has more than {INPUT_LIMIT} bytes."),
        ));
    }
    Ok(bytes)
}

/// All of standard input, where it is no secret, and at most one byte more than `limit`.
pub(crate) async fn all_of_stdin_to(limit: u64) -> io::Result<Vec<u8>> {
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        io::stdin().take(limit + 1).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    });
    read.await?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> Option<Vec<u8>> {
        match read_hidden(bytes).unwrap() {
            Typed::Value(value) => Some(value.to_vec()),
            Typed::Interrupted | Typed::TooLong => None,
        }
    }

    #[test]
    fn a_typed_value_ends_at_enter_and_can_be_corrected() {
        assert_eq!(typed(b"cz_ab\x7fc\nrest").unwrap(), b"cz_ac");
        assert_eq!(typed(b"wrong\x15cz_a\r").unwrap(), b"cz_a");
    }

    #[test]
    fn arrow_keys_and_paste_marks_are_no_part_of_it() {
        assert_eq!(typed(b"\x1b[200~cz_a\x1b[201~\x1b[D\x1bOA\n").unwrap(), b"cz_a");
        assert_eq!(typed(b"cz_a\x1b\n").unwrap(), b"cz_a");
    }

    #[test]
    fn ctrl_c_ctrl_d_and_a_lost_terminal_interrupt() {
        assert!(typed(b"cz_a\x03").is_none());
        assert!(typed(b"\x1b\x03").is_none());
        assert!(typed(b"\x04").is_none());
        assert!(typed(b"cz_a").is_none());
    }

    #[test]
    fn an_endless_paste_is_cut_off() {
        assert!(matches!(read_hidden(io::repeat(b'x')).unwrap(), Typed::TooLong));
    }
}
