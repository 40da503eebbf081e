//! What the tests stand on.

/// What stands in the path of a request that only looks for an endpoint.
pub const LOOK: &str = "looks-for-nothing";

pub mod stage;
#[cfg(unix)]
pub mod terminal;
