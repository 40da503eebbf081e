//! The page where a person manages keys: opened where they see it, or told and copied.

use std::sync::Arc;

use crate::core::secret::Secret;
use crate::ops::sign_in::Profile;
use crate::ports::{ClipboardRoute, Ports, TerminalNote};

/// How the page came to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageShown {
    /// A browser has it.
    Opened,
    /// No browser can be opened from here; its address is on the clipboard.
    Copied,
    /// No browser can be opened from here, and nothing confirms a clipboard.
    Told,
}

/// A page, and how it came to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its address.
    pub address: String,
    /// How it came to the person.
    pub shown: PageShown,
}

impl Page {
    /// Where the person is to click, in one line.
    #[must_use]
    pub fn words(&self) -> String {
        let address = &self.address;
        match self.shown {
            PageShown::Opened => format!("{address} is open in your browser"),
            PageShown::Copied => format!("Open {address} in a browser (the address is on your clipboard)"),
            PageShown::Told => format!("Open {address} in a browser"),
        }
    }
}

/// Opens the profile's page.
pub async fn open_page(ports: &Ports, profile: &Profile) -> Page {
    let address = profile.manual.page(&profile.base_url);
    let shown = if ports.browser.open(&address).await {
        PageShown::Opened
    } else if copied(ports, &address).await {
        PageShown::Copied
    } else {
        PageShown::Told
    };
    tracing::debug!(?shown, "showed the page of the keys");
    Page { address, shown }
}

async fn copied(ports: &Ports, address: &str) -> bool {
    // An address is no secret; the clipboard takes nothing else.
    let Ok(text) = Secret::parse(address) else {
        return false;
    };
    let route = ports.clipboard.copy(Arc::new(text)).await;
    matches!(
        route,
        Ok(ClipboardRoute::Desktop { dies_with_us: false }
            | ClipboardRoute::Terminal(TerminalNote::Plain | TerminalNote::TmuxKeepsABuffer))
    )
}
