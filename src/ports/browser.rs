//! The person's browser.

use super::Answer;

/// Opens a page where the person sees it.
pub trait Browser: Send + Sync {
    /// Opens `address`; `false` where no browser of the person's can be reached from here, as over SSH, or none started.
    fn open<'a>(&'a self, address: &'a str) -> Answer<'a, bool>;
}
