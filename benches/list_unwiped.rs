//! The list of keys with the system's allocator: what `list` is compared with.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

include!("parts/list.rs");
