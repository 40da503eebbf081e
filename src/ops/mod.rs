//! Use cases over the ports, shared by both faces.

pub mod client;
pub mod create;
pub mod custody;
pub mod deliver;
pub mod due;
pub mod handover;
pub mod leak;
pub mod manual;
pub mod profile;
pub mod record;
pub mod recover;
pub mod review;
pub mod revoke;
pub mod rotate;
pub mod sign_in;
#[cfg(unix)]
pub mod signals;
pub mod snooze;
pub mod trail;
