//! The one place of this face that writes: data on standard output, words on standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::exit::Exit;
use crate::core::outcome::Outcome;
use crate::core::secret::Secret;
use crate::ports::JournalError;
use crate::present::json;
use crate::present::table::TableLook;

/// Standard output and standard error of one run.
pub struct Output {
    data: Box<dyn Write + Send>,
    words: Box<dyn Write + Send>,
    quiet: bool,
    look: TableLook,
    /// Whether it was said that nothing is being recorded.
    said_unrecorded: bool,
}

impl Output {
    /// Those of this process. They are written to without a buffer: no secret stays behind in one, and every failure is
    /// seen.
    #[must_use]
    pub fn of_process(quiet: bool, no_color: bool) -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let terminal = stdout.is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let columns = rustix::termios::tcgetwinsize(&stdout)
            .ok()
            .map(|size| size.ws_col)
            .filter(|&columns| terminal && columns > 0);
        Self {
            data: unbuffered(&stdout),
            words: unbuffered(&stderr),
            quiet,
            look: TableLook {
                colour: terminal && !no_color && !dumb,
                columns,
            },
            said_unrecorded: false,
        }
    }

    /// Output to other places.
    #[must_use]
    pub fn to(data: Box<dyn Write + Send>, words: Box<dyn Write + Send>) -> Self {
        Self {
            data,
            words,
            quiet: false,
            look: TableLook::default(),
            said_unrecorded: false,
        }
    }

    /// How a table may look.
    #[must_use]
    pub(crate) fn look(&self) -> TableLook {
        self.look
    }

    /// Writes data, whole. A reader that has left (`| head`) is no failure.
    ///
    /// # Errors
    /// Anything else that keeps it from being written.
    pub fn data(&mut self, text: &str) -> io::Result<()> {
        quietly(self.whole(text.as_bytes()))
    }

    /// Writes a value as one line of JSON, as [`Output::data`] does.
    ///
    /// # Errors
    /// As [`Output::data`].
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut text = Vec::new();
        json::write(&mut text, value)?;
        quietly(self.whole(&text))
    }

    /// Writes a new key's value and a line break, in one piece.
    ///
    /// # Errors
    /// Anything that keeps it from being written, a reader that has left included.
    pub fn secret(&mut self, secret: &Secret) -> io::Result<()> {
        let mut line = Zeroizing::new(Vec::with_capacity(secret.length() + 1));
        line.extend_from_slice(secret.expose().as_bytes());
        line.push(b'\n');
        self.whole(&line)
    }

    /// Writes JSON that holds a new key's value, in one piece.
    ///
    /// # Errors
    /// As [`Output::secret`].
    pub fn secret_json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = Zeroizing::new(Vec::with_capacity(64 * 1024));
        json::write(&mut line, value)?;
        self.whole(&line)
    }

    fn whole(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.data.write_all(bytes)?;
        self.data.flush()
    }

    /// Says something that is not needed to understand the data; `--quiet` leaves it out.
    pub fn say(&mut self, sentence: &str) {
        if !self.quiet {
            self.warn(sentence);
        }
    }

    /// Says something that has to be known.
    pub fn warn(&mut self, sentence: &str) {
        // With standard error gone there is nobody left to tell.
        let _ = self.words.write_all(format!("{sentence}\n").as_bytes());
    }

    /// Says how a revocation ended, and on a line of its own what is left to do. `is_listed`: whether the server has a list
    /// that can show the key.
    pub fn outcome(&mut self, outcome: &Outcome, sentence: &str, is_listed: bool) -> Exit {
        if outcome.is_proven() {
            self.say(sentence);
        } else {
            self.error(sentence);
        }
        if let Some(step) = outcome.next_step(is_listed) {
            self.warn(step);
        }
        Exit::of_code(outcome.exit_code())
    }

    /// Says once that the log did not take what was done, where it did not.
    pub fn unrecorded(&mut self, recorded: &Result<(), JournalError>) {
        if let Err(error) = recorded
            && !self.said_unrecorded
        {
            self.said_unrecorded = true;
            self.warn(&format!("Nothing is being recorded: {error}."));
        }
    }

    /// Says why the command ends.
    pub fn error(&mut self, sentence: &str) {
        self.warn(&format!("chatzuri-keys: {sentence}"));
    }
}

fn quietly(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Whether what is written to standard output is read by nobody: a pipe whose reader has left already, or the null
/// device, which is also what a closed descriptor becomes when a program starts.
#[must_use]
pub fn nobody_reads() -> bool {
    let stdout = io::stdout();
    if is_null_device(&stdout) {
        return true;
    }
    let mut fds = [PollFd::new(&stdout, PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&now)).is_ok() && fds.iter().any(|fd| fd.revents().contains(PollFlags::ERR))
}

#[cfg(unix)]
fn is_null_device(stream: &impl AsFd) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let device = |file: std::fs::File| file.metadata().ok().filter(|found| found.file_type().is_char_device());
    let own = stream
        .as_fd()
        .try_clone_to_owned()
        .ok()
        .and_then(|fd| device(fd.into()));
    let null = std::fs::File::open("/dev/null").ok().and_then(device);
    matches!((own, null), (Some(own), Some(null)) if own.rdev() == null.rdev())
}

#[cfg(not(unix))]
fn is_null_device(_stream: &impl AsFd) -> bool {
    false
}

fn unbuffered(stream: &impl AsFd) -> Box<dyn Write + Send> {
    match stream.as_fd().try_clone_to_owned() {
        Ok(fd) => Box::new(std::fs::File::from(fd)),
        Err(_) => Box::new(io::sink()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{Capture, Closed};

    #[test]
    fn a_reader_that_has_left_is_quiet_for_data_and_an_error_for_a_secret() {
        let mut output = Output::to(Box::new(Closed), Box::new(io::sink()));
        assert!(output.data("x\n").is_ok());
        let secret = Secret::parse("cz_0123456789abcdef0123").unwrap();
        assert_eq!(output.secret(&secret).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn quiet_leaves_out_what_is_not_needed_and_keeps_the_rest() {
        let words = Capture::default();
        let mut output = Output::to(Box::new(io::sink()), Box::new(words.clone()));
        output.quiet = true;
        output.say("a");
        output.warn("b");
        output.error("c");
        assert_eq!(words.text(), "b\nchatzuri-keys: c\n");
    }

    #[test]
    fn a_log_that_takes_nothing_is_told_once() {
        let words = Capture::default();
        let mut output = Output::to(Box::new(io::sink()), Box::new(words.clone()));
        output.unrecorded(&Ok(()));
        output.unrecorded(&Err(JournalError::Full));
        output.unrecorded(&Err(JournalError::ReadOnly));
        assert_eq!(
            words.text(),
            "Nothing is being recorded: the journal cannot be written: the disk is full.\n"
        );
    }

    #[test]
    fn json_is_one_line() {
        let data = Capture::default();
        let mut output = Output::to(Box::new(data.clone()), Box::new(io::sink()));
        output.json(&serde_json::json!({"name": "a\u{1b}[31m\nb"})).unwrap();
        assert_eq!(data.text(), "{\"name\":\"a\\u001b[31m\\nb\"}\n");
    }

    #[test]
    fn json_hides_nothing_from_a_terminal_and_reads_back_as_the_raw_string() {
        let raw = "é日\u{9b}31m\u{7f}\u{202e}\u{e0041}\u{200b}x";
        let data = Capture::default();
        let mut output = Output::to(Box::new(data.clone()), Box::new(io::sink()));
        output.json(&raw).unwrap();
        let line = data.text();
        assert_eq!(line, "\"é日\\u009b31m\\u007f\\u202e\\udb40\\udc41\\u200bx\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), raw);
    }
}
