//! The terminal's clipboard, by OSC 52: sent, and never confirmed.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::super::worker::{Lost, Worker};
use crate::core::secret::Secret;
use crate::core::text::clean;
use crate::ports::{ChildProcess, ClipboardError, Processes, TerminalNote, TerminalOut};

const BEGIN: &[u8] = b"\x1b]52;c;";
const END: &[u8] = b"\x07";
/// Empties the selection. Terminals differ: most take no data for an empty content, and some (xterm, foot) clear at data
/// that is no base64 while others ignore it. tmux ignores both.
const CLEAR: &[u8] = b"\x1b]52;c;\x07\x1b]52;c;!\x07";

/// How long tmux may take to say something.
const TMUX_LIMIT: Duration = Duration::from_secs(1);
/// The buffer made, and deleted again, to overwrite what tmux passed on to the terminal around it.
const TMUX_BLANK: &str = "chatzuri-keys-blank";

/// The terminal we are drawn on.
pub(super) struct Terminal {
    out: Arc<dyn TerminalOut>,
    processes: Arc<dyn Processes>,
    in_tmux: bool,
    /// Writing to a terminal that was paused (Ctrl-S) blocks.
    worker: Worker<()>,
    limit: Duration,
}

impl Terminal {
    pub(super) fn new(
        out: Arc<dyn TerminalOut>,
        processes: Arc<dyn Processes>,
        in_tmux: bool,
        limit: Duration,
    ) -> Self {
        Self {
            out,
            processes,
            in_tmux,
            worker: Worker::new("terminal", || ()),
            limit,
        }
    }

    /// What stands between us and the terminal.
    pub(super) async fn note(&self) -> TerminalNote {
        if !self.in_tmux {
            return TerminalNote::Plain;
        }
        let setting = self.tmux(&["show-options", "-gv", "set-clipboard"]).await;
        if setting.is_some_and(|setting| setting.trim_ascii() == b"on") {
            TerminalNote::TmuxKeepsABuffer
        } else {
            TerminalNote::TmuxBlocks
        }
    }

    /// Sends `value`.
    pub(super) async fn copy(&self, value: Arc<Secret>) -> Result<(), ClipboardError> {
        self.write(sequence(value.expose().as_bytes())?).await
    }

    /// Sends a text that is no secret.
    pub(super) async fn copy_text(&self, text: &str) -> Result<(), ClipboardError> {
        self.write(sequence(text.as_bytes())?).await
    }

    /// Sends an empty content, and takes `value` out of tmux's newest buffer.
    pub(super) async fn clear(&self, value: Arc<Secret>, note: TerminalNote) -> Result<(), ClipboardError> {
        if note == TerminalNote::TmuxKeepsABuffer {
            self.clear_tmux(&value).await;
        }
        self.write(Zeroizing::new(CLEAR.to_vec())).await
    }

    async fn clear_tmux(&self, value: &Secret) {
        let Some(names) = self.tmux(&["list-buffers", "-F", "#{buffer_name}"]).await else {
            return;
        };
        // The newest comes first. By name, so that one copied meanwhile is not hit.
        let newest = names.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let Ok(name) = std::str::from_utf8(newest) else {
            return;
        };
        let Some(content) = self.tmux(&["show-buffer", "-b", name]).await else {
            return;
        };
        if content.as_slice() != value.expose().as_bytes() {
            return;
        }
        self.tmux(&["delete-buffer", "-b", name]).await;
        self.tmux(&["set-buffer", "-w", "-b", TMUX_BLANK, " "]).await;
        self.tmux(&["delete-buffer", "-b", TMUX_BLANK]).await;
    }

    async fn tmux(&self, arguments: &[&str]) -> Option<Zeroizing<Vec<u8>>> {
        let argv: Vec<String> = std::iter::once("tmux")
            .chain(arguments.iter().copied())
            .map(str::to_owned)
            .collect();
        let child = ChildProcess {
            argv: &argv,
            stdin: None,
            limit: TMUX_LIMIT,
        };
        let output = self.processes.run(child).await.ok()?;
        (output.code == Some(0)).then_some(output.stdout)
    }

    async fn write(&self, bytes: Zeroizing<Vec<u8>>) -> Result<(), ClipboardError> {
        let out = Arc::clone(&self.out);
        match self
            .worker
            .call(self.limit, move |()| out.write_between_frames(&bytes))
            .await
        {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(ClipboardError(format!(
                "Cannot write to the terminal: {}.",
                clean(&error.to_string())
            ))),
            Err(Lost::TimedOut) => Err(ClipboardError(format!(
                "The terminal accepted nothing for {} s.",
                self.limit.as_secs()
            ))),
            Err(Lost::Broken(why)) => Err(ClipboardError(format!("Cannot write to the terminal: {why}."))),
        }
    }
}

/// The whole sequence in one buffer of its final size, so that nothing of it is left behind by growing.
fn sequence(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, ClipboardError> {
    let length = bytes.len().div_ceil(3) * 4;
    let mut out = Zeroizing::new(Vec::with_capacity(BEGIN.len() + length + END.len()));
    out.extend_from_slice(BEGIN);
    out.resize(BEGIN.len() + length, 0);
    let written = out
        .get_mut(BEGIN.len()..)
        .and_then(|slot| STANDARD.encode_slice(bytes, slot).ok());
    if written != Some(length) {
        return Err(ClipboardError(
            "The value cannot be written out for the terminal.".into(),
        ));
    }
    out.extend_from_slice(END);
    Ok(out)
}
