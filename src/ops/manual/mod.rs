//! Where a server lacks an operation on keys: the person clicks in the browser, and everything around it is done here.
//!
//! | file | its job |
//! |---|---|
//! | `page.rs` | the page of the keys, in the person's browser |
//! | `value.rs` | a value that was pasted, tried |
//! | `create.rs` | a key made by hand |
//! | `track.rs` | keys written down, taken off, and found in the server's list |

mod create;
mod page;
mod track;
mod value;

pub use create::{begin_manual, not_made, take_pasted};
pub use page::{Page, PageShown, open_page};
pub use track::{TrackError, doubles, match_listed, matched, track, track_all, untrack};
pub use value::BadValue;

use crate::core::capability::Capabilities;
use crate::ports::BaseUrl;

/// The clicks of the vendor's guide that lead to a team's keys.
pub const CLICKS: &str = "Team settings → API Keys";
/// The clicks of the vendor's guide that make a key there.
pub const CREATE_CLICKS: &str = "Team settings → API Keys → + New API key → name it → Create → copy the key";

/// What the config settles of how operations on keys are done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManualSettings {
    /// The ways that are settled; an unknown one is found out.
    pub settled: Capabilities,
    /// The page where a person manages keys.
    pub page: Option<String>,
}

impl ManualSettings {
    /// The page where a person manages keys: the one of the config, or the front page of the API's host.
    #[must_use]
    pub fn page(&self, base_url: &BaseUrl) -> String {
        self.page.clone().unwrap_or_else(|| {
            let scheme = base_url.as_str().split("://").next().unwrap_or("https");
            format!("{scheme}://{}/", base_url.host())
        })
    }
}
