//! The clipboard, and the terminal as a way to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Answer;
use crate::core::secret::Secret;

/// Which way a value went to the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipboardRoute {
    /// The desktop's clipboard: confirmed, and can be read back.
    Desktop {
        /// Whether the content dies with this program (X11).
        dies_with_us: bool,
    },
    /// OSC 52, written to the terminal, which does not confirm.
    Terminal(TerminalNote),
}

/// What the person should know of the terminal route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalNote {
    /// Nothing between us and the terminal is known to stop it.
    Plain,
    /// In tmux, which passes it on and keeps a buffer of its own.
    TmuxKeepsABuffer,
    /// In tmux with `set-clipboard` not `on`: it will not arrive.
    TmuxBlocks,
}

/// Why nothing was copied, in a cleaned sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClipboardError(pub String);

impl fmt::Display for ClipboardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ClipboardError {}

/// What became of our content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleared {
    /// It held ours, and is empty now.
    Cleared,
    /// It held something newer, which was left alone.
    NotOurs,
    /// The route cannot say; an empty content was sent where it could be.
    Unconfirmed,
}

/// The clipboard, CLIPBOARD selection only. Calls are bounded in time and never run on the caller's thread.
pub trait Clipboard: Send + Sync {
    /// Puts the value there, marked as a password and kept out of history where the platform can.
    fn copy(&self, value: Arc<Secret>) -> Answer<'_, Result<ClipboardRoute, ClipboardError>>;

    /// Puts a text there that is no secret: not marked, not kept out of history, and never cleared by us.
    fn copy_text(&self, text: String) -> Answer<'_, Result<ClipboardRoute, ClipboardError>>;

    /// Stays until what [`Clipboard::copy`] put there was replaced, or until `limit`, and then clears it. For a command
    /// that would otherwise end and take the content with it; without a limit it stays until something newer is there.
    fn hold(&self, limit: Option<Duration>) -> Answer<'_, Result<Cleared, ClipboardError>>;

    /// Empties it, if it still holds what [`Clipboard::copy`] put there.
    fn clear(&self) -> Answer<'_, Result<Cleared, ClipboardError>>;
}

/// A way to write a control sequence to the terminal without tearing a frame.
pub trait TerminalOut: Send + Sync {
    /// Writes all of `bytes` between two frames.
    ///
    /// # Errors
    /// The terminal is gone.
    fn write_between_frames(&self, bytes: &[u8]) -> std::io::Result<()>;
}
