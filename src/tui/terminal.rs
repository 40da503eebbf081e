//! The terminal: taken, drawn to in whole frames, and always given back.

use std::io::{self, Write};
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossterm::event::EnableBracketedPaste;
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::{Backend, ClearType, CrosstermBackend};
use ratatui::layout::{Rect, Size};
use ratatui::{Terminal, TerminalOptions, Viewport};
#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, poll};
#[cfg(unix)]
use rustix::io::Errno;
use zeroize::Zeroize;

use crate::ports::TerminalOut;
use crate::tui::model::Model;
use crate::tui::view;

/// Whether the terminal is ours and has to be given back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Begin and end of a synchronized update (<https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036>):
/// a terminal that knows it shows the frame in one piece, another ignores it.
const BEGIN_FRAME: &[u8] = b"\x1b[?2026h";
const END_FRAME: &[u8] = b"\x1b[?2026l";

/// Ends a frame that was cut off, stops marking pastes, leaves the alternate screen, and shows the cursor. Made ahead, so
/// that it can be written where nothing can be made any more.
const GIVE_BACK: &[u8] = b"\x1b[?2026l\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// The largest area that is drawn: the size that a terminal tells is believed no further.
const LARGEST: Size = Size {
    width: 1000,
    height: 500,
};

/// The one way to the terminal: frames and control sequences never mix.
#[derive(Default)]
pub struct TerminalWriter {
    /// What ratatui has drawn of the next frame.
    frame: Mutex<Vec<u8>>,
    /// Held while bytes go out.
    out: Mutex<()>,
}

impl TerminalWriter {
    fn commit(&self) -> io::Result<()> {
        let mut frame = self.frame.lock().unwrap_or_else(PoisonError::into_inner);
        if frame.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(frame.len() + BEGIN_FRAME.len() + END_FRAME.len());
        bytes.extend_from_slice(BEGIN_FRAME);
        bytes.extend_from_slice(&frame);
        // It may show a value; what is only cut short would stay in the buffer until a longer frame comes.
        frame.zeroize();
        bytes.extend_from_slice(END_FRAME);
        drop(frame);
        self.write_between_frames(&bytes)
    }
}

impl TerminalOut for TerminalWriter {
    fn write_between_frames(&self, bytes: &[u8]) -> io::Result<()> {
        let _out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        write_whole(bytes)
    }
}

/// Past the buffer of the standard library's output, which keeps what went through it for the process's life.
#[cfg(unix)]
fn write_whole(bytes: &[u8]) -> io::Result<()> {
    write_to(rustix::stdio::stdout(), bytes)
}

#[cfg(unix)]
fn write_to(terminal: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match when_ready(terminal, PollFlags::OUT, || rustix::io::write(terminal, bytes))? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => bytes = bytes.get(count..).unwrap_or_default(),
        }
    }
    Ok(())
}

/// What `call` gives, called again after a signal, and once the terminal is ready: another program may have left it in
/// non-blocking mode.
#[cfg(unix)]
pub(super) fn when_ready<T>(
    terminal: BorrowedFd<'_>,
    ready: PollFlags,
    mut call: impl FnMut() -> Result<T, Errno>,
) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => match poll(&mut [PollFd::new(&terminal, ready)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            },
            ended => return ended,
        }
    }
}

#[cfg(not(unix))]
fn write_whole(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Gathers a frame; flushing is [`Screen::draw`]'s, once per frame.
struct FrameWriter(Arc<TerminalWriter>);

impl Write for FrameWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut frame = self.0.frame.lock().unwrap_or_else(PoisonError::into_inner);
        frame.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Drawn = Terminal<CrosstermBackend<FrameWriter>>;

/// The terminal while it is ours; dropping it gives it back.
pub struct Screen {
    terminal: Drawn,
    area: Rect,
    writer: Arc<TerminalWriter>,
}

impl Screen {
    /// Takes the terminal: raw mode, the alternate screen, bracketed paste.
    ///
    /// # Errors
    /// There is no terminal, or it does not obey; nothing is left taken.
    pub fn take(writer: Arc<TerminalWriter>) -> io::Result<Self> {
        let (terminal, area) = open(&writer)?;
        Ok(Self { terminal, area, writer })
    }

    /// Takes the terminal anew, after others had it: nothing of what was drawn is still there.
    ///
    /// # Errors
    /// As [`Screen::take`].
    pub fn take_again(&mut self) -> io::Result<()> {
        restore();
        (self.terminal, self.area) = open(&self.writer)?;
        Ok(())
    }

    /// Columns and rows that are drawn.
    #[must_use]
    pub fn size(&self) -> (u16, u16) {
        (self.area.width, self.area.height)
    }

    /// Draws the model in one piece.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, model: &Model) -> io::Result<()> {
        let area = area()?;
        if area != self.area {
            self.terminal.backend_mut().clear_region(ClearType::All)?;
            self.terminal = blank(&self.writer, area)?;
            self.area = area;
        }
        self.terminal.draw(|frame| view::draw(model, frame))?;
        self.writer.commit()
    }
}

fn open(writer: &Arc<TerminalWriter>) -> io::Result<(Drawn, Rect)> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let opened = execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste).and_then(|()| {
        let area = area()?;
        Ok((blank(writer, area)?, area))
    });
    if opened.is_err() {
        restore();
    }
    opened
}

/// The area that is drawn.
///
/// # Errors
/// The terminal is gone.
pub fn area() -> io::Result<Rect> {
    let (columns, rows) = crossterm::terminal::size()?;
    Ok(Rect::new(0, 0, columns.min(LARGEST.width), rows.min(LARGEST.height)))
}

/// A screen on which nothing is drawn yet.
fn blank(writer: &Arc<TerminalWriter>, area: Rect) -> io::Result<Drawn> {
    let backend = CrosstermBackend::new(FrameWriter(Arc::clone(writer)));
    let viewport = Viewport::Fixed(area);
    Terminal::with_options(backend, TerminalOptions { viewport })
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, once; safe to call from a panic hook, without memory, and when it is already gone.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // A terminal that is gone cannot be told anything, and there is nobody to tell.
        let _ = write_whole(GIVE_BACK);
        let _ = disable_raw_mode();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;
    use std::io::Read;
    use std::os::fd::AsFd;

    use rustix::pipe::{PipeFlags, pipe_with};

    use super::*;

    #[test]
    fn a_key_is_waited_for_where_a_read_does_not_block() {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        let mut bytes = [0; 8];
        let count = when_ready(reader.as_fd(), PollFlags::IN, || {
            let count = rustix::io::read(&reader, &mut bytes);
            if count == Err(Errno::AGAIN) {
                rustix::io::write(&writer, b"q")?;
            }
            count
        });
        assert_eq!((count, bytes[0]), (Ok(1), b'q'));
    }

    #[test]
    fn a_frame_goes_out_whole_to_a_terminal_that_does_not_block() {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        // More than a pipe takes at once, so that a write finds it full.
        let frame = vec![b'x'; 1 << 20];
        let read = std::thread::spawn(move || {
            let mut all = Vec::new();
            File::from(reader).read_to_end(&mut all).map(|_| all)
        });
        write_to(writer.as_fd(), &frame).unwrap();
        drop(writer);
        assert!(read.join().unwrap().unwrap() == frame);
    }
}
