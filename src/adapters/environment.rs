//! What the environment says of the desktop we run on.

use std::ffi::OsStr;

/// Where this program runs, as far as its environment tells. Read once, so that the adapters do not each look, and so
/// that a test can say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DesktopEnvironment {
    /// An X server is named (`DISPLAY`).
    pub display: bool,
    /// A Wayland compositor is named (`WAYLAND_DISPLAY`).
    pub wayland: bool,
    /// We were started over SSH (`SSH_CONNECTION` or `SSH_TTY`).
    pub ssh: bool,
    /// We run inside tmux (`TMUX`).
    pub tmux: bool,
}

impl DesktopEnvironment {
    /// Reads the environment of this process.
    #[must_use]
    pub fn from_env() -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| value != OsStr::new(""));
        Self {
            display: is_set("DISPLAY"),
            wayland: is_set("WAYLAND_DISPLAY"),
            ssh: is_set("SSH_CONNECTION") || is_set("SSH_TTY"),
            tmux: is_set("TMUX"),
        }
    }

    /// Whether the person we talk to can be asked something in a window, such as a keyring's password.
    #[must_use]
    pub fn can_prompt(&self) -> bool {
        if cfg!(any(target_os = "macos", windows)) {
            !self.ssh
        } else {
            self.display || self.wayland
        }
    }

    /// Whether a browser started here is seen by the person we talk to. Over SSH it is not: a display that came along
    /// would start the other machine's browser.
    #[must_use]
    pub fn has_own_browser(&self) -> bool {
        !self.ssh && self.can_prompt()
    }

    /// Whether a clipboard of this machine is the one of the person we talk to. Over SSH it is only where a display came
    /// along.
    #[must_use]
    pub fn has_desktop_clipboard(&self) -> bool {
        self.can_prompt()
    }
}

#[cfg(test)]
#[cfg(not(any(target_os = "macos", windows)))]
mod tests {
    use super::*;

    #[test]
    fn over_ssh_only_a_forwarded_display_makes_a_clipboard() {
        let ssh = DesktopEnvironment {
            ssh: true,
            ..Default::default()
        };
        assert!(!ssh.has_desktop_clipboard());
        assert!(DesktopEnvironment { display: true, ..ssh }.has_desktop_clipboard());
    }

    #[test]
    fn a_browser_is_only_started_on_the_persons_own_desktop() {
        let desk = DesktopEnvironment {
            display: true,
            ..Default::default()
        };
        assert!(desk.has_own_browser());
        assert!(!DesktopEnvironment { ssh: true, ..desk }.has_own_browser());
        assert!(!DesktopEnvironment::default().has_own_browser());
    }

    #[test]
    fn without_a_display_nobody_can_be_asked() {
        assert!(!DesktopEnvironment::default().can_prompt());
        let wayland = DesktopEnvironment {
            wayland: true,
            ..Default::default()
        };
        assert!(wayland.can_prompt());
    }
}
