//! The desktop's browser, where the person in front of it is the one we talk to.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::environment::DesktopEnvironment;
use super::process::is_ours;
use crate::ports::{Answer, Browser};

/// How long a launcher is watched: one that still runs then has handed the page over, or is the browser itself.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked at.
const STEP: Duration = Duration::from_millis(20);

/// [`Browser`] of this machine.
#[derive(Debug, Clone, Copy)]
pub struct DesktopBrowser {
    desktop: DesktopEnvironment,
}

impl DesktopBrowser {
    /// The browser of this desktop.
    #[must_use]
    pub fn new(desktop: DesktopEnvironment) -> Self {
        Self { desktop }
    }
}

impl Browser for DesktopBrowser {
    fn open<'a>(&'a self, address: &'a str) -> Answer<'a, bool> {
        Box::pin(async move {
            if !self.desktop.has_own_browser() {
                return false;
            }
            let address = address.to_owned();
            tokio::task::spawn_blocking(move || launch(&address))
                .await
                .unwrap_or_default()
        })
    }
}

/// Tries the desktop's launchers in turn.
fn launch(address: &str) -> bool {
    open::commands(address).into_iter().any(started)
}

fn started(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if is_ours(&name) {
            command.env_remove(name);
        }
    }
    #[cfg(unix)]
    {
        // What ends us at the terminal does not end the browser.
        use std::os::unix::process::CommandExt;
        command.process_group(0);
    }
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    let until = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < until => std::thread::sleep(STEP),
            Ok(None) | Err(_) => return true,
        }
    }
}
