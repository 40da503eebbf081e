//! The desktop's clipboard, on a thread of its own: a stopped X server or owner makes its calls hang.

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arboard::{Clipboard, Error};
use zeroize::Zeroizing;

use super::super::worker::{Lost, Worker};
use crate::core::secret::Secret;
use crate::core::text::{clean, fit};

/// Columns kept of a reason in somebody else's words.
const REASON_WIDTH: u16 = 120;
/// How long a copy may take to be seen there.
const SETTLE: Duration = Duration::from_millis(500);
/// How often it is looked for meanwhile.
const SETTLE_STEP: Duration = Duration::from_millis(5);

/// Never dropped: dropping it gives the content up, and soon after a copy it also prints to the screen.
type Handle = Option<ManuallyDrop<Clipboard>>;

/// The CLIPBOARD selection.
pub(super) struct Desktop {
    worker: Worker<Handle>,
    limit: Duration,
}

/// Why the desktop did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DesktopFault {
    /// There is no clipboard here; half a sentence, so that more can be said. Nothing was put anywhere.
    Unavailable(String),
    /// There is one, and it failed or does not answer; a sentence.
    Failed(String),
}

impl Desktop {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            worker: Worker::new("clipboard", || None),
            limit,
        }
    }

    /// Puts `value` there and reads it back: a write alone is answered by nobody.
    pub(super) async fn copy(&self, value: Arc<Secret>) -> Result<(), DesktopFault> {
        let late = Arc::clone(&value);
        let result = self
            .worker
            .call_or_undo(
                self.limit,
                move |handle| put(handle, &value),
                // The person was told that it failed, so it must not be there after all.
                move |handle, _| drop(take_away(handle, &late)),
            )
            .await;
        self.told(result)
    }

    /// Puts a text there that is no secret, and reads it back.
    pub(super) async fn copy_text(&self, text: String) -> Result<(), DesktopFault> {
        let result = self
            .worker
            .call(self.limit, move |handle| {
                let clipboard = open(handle)?;
                clipboard.set_text(text.as_str()).map_err(unavailable)?;
                settled(clipboard, &text)
            })
            .await;
        self.told(result)
    }

    /// Whether it holds `value`.
    pub(super) async fn holds(&self, value: Arc<Secret>) -> Result<bool, DesktopFault> {
        let result = self
            .worker
            .call(self.limit, move |handle| is_there(open(handle)?, value.expose()))
            .await;
        self.told(result)
    }

    /// Empties it if it holds `value`; `false` when it holds something else.
    pub(super) async fn clear(&self, value: Arc<Secret>) -> Result<bool, DesktopFault> {
        let result = self
            .worker
            .call(self.limit, move |handle| take_away(handle, &value))
            .await;
        self.told(result)
    }

    fn told<T>(&self, result: Result<Result<T, DesktopFault>, Lost>) -> Result<T, DesktopFault> {
        match result {
            Ok(result) => result,
            Err(Lost::TimedOut) => Err(DesktopFault::Failed(format!(
                "The desktop's clipboard did not answer within {} s.",
                self.limit.as_secs()
            ))),
            Err(Lost::Broken(why)) => Err(DesktopFault::Failed(format!("The clipboard failed: {why}."))),
        }
    }
}

fn open(handle: &mut Handle) -> Result<&mut Clipboard, DesktopFault> {
    let clipboard = match handle.take() {
        Some(clipboard) => clipboard,
        None => ManuallyDrop::new(Clipboard::new().map_err(unavailable)?),
    };
    Ok(handle.insert(clipboard))
}

fn put(handle: &mut Handle, value: &Secret) -> Result<(), DesktopFault> {
    let clipboard = open(handle)?;
    write(clipboard, value).map_err(unavailable)?;
    settled(clipboard, value.expose())
}

/// Waits until it holds `text`: a Wayland compositor may read our question, on a connection of its own, before our copy.
fn settled(clipboard: &mut Clipboard, text: &str) -> Result<(), DesktopFault> {
    let deadline = Instant::now() + SETTLE;
    while !is_there(clipboard, text)? {
        if Instant::now() >= deadline {
            return Err(DesktopFault::Failed(
                "Another program took over the clipboard at the same moment, so nothing was copied.".into(),
            ));
        }
        std::thread::sleep(SETTLE_STEP);
    }
    Ok(())
}

fn take_away(handle: &mut Handle, value: &Secret) -> Result<bool, DesktopFault> {
    let clipboard = open(handle)?;
    if !is_there(clipboard, value.expose())? {
        return Ok(false);
    }
    clipboard.clear().map_err(failed)?;
    if is_there(clipboard, value.expose())? {
        return Err(DesktopFault::Failed(
            "The clipboard was cleared, and another program (a clipboard manager?) put the value back.".into(),
        ));
    }
    Ok(true)
}

fn is_there(clipboard: &mut Clipboard, text: &str) -> Result<bool, DesktopFault> {
    match clipboard.get_text().map(Zeroizing::new) {
        Ok(found) => Ok(found.as_str() == text),
        // Empty, or no text.
        Err(Error::ContentNotAvailable | Error::ConversionFailure) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn write(clipboard: &mut Clipboard, value: &Secret) -> Result<(), Error> {
    use arboard::SetExtLinux as _;
    clipboard.set().exclude_from_history().text(value.expose())
}

#[cfg(target_os = "macos")]
fn write(clipboard: &mut Clipboard, value: &Secret) -> Result<(), Error> {
    use arboard::SetExtApple as _;
    clipboard.set().exclude_from_history().text(value.expose())
}

#[cfg(windows)]
fn write(clipboard: &mut Clipboard, value: &Secret) -> Result<(), Error> {
    use arboard::SetExtWindows as _;
    clipboard
        .set()
        .exclude_from_cloud()
        .exclude_from_history()
        .exclude_from_monitoring()
        .text(value.expose())
}

fn unavailable(error: Error) -> DesktopFault {
    DesktopFault::Unavailable(format!("Cannot use the desktop's clipboard ({})", words(&error)))
}

fn failed(error: Error) -> DesktopFault {
    DesktopFault::Failed(format!("The desktop's clipboard failed ({}).", words(&error)))
}

fn words(error: &Error) -> String {
    fit(&clean(error.to_string().trim()), REASON_WIDTH).into_owned()
}
