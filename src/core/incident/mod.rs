//! A leak: from a pasted value to its key, what can be said after a revocation, and the timeline of it.

mod matching;
mod pasted;
mod timeline;

pub use matching::{Candidate, Fit, How, USE_WINDOW, by_hint, moved, ranked, the_only};
pub use pasted::unwrapped;
pub use timeline::{Fact, LeakSubject, SeenFact, Timeline, scrub};
