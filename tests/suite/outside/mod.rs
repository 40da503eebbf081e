//! What comes from outside as it should never come: a server that repeats every value it heard, and answers without end.
//!
//! The short form runs with the suite. The long form plays every answer to every request:
//!
//!     CHATZURI_KEYS_LONG=1 cargo test --test suite -- outside:: --nocapture

mod bounds;
mod corpus;
mod echo;

fn is_long() -> bool {
    std::env::var_os("CHATZURI_KEYS_LONG").is_some()
}
