//! Use cases over the ports, shared by both faces.

pub mod create;
pub mod review;
pub mod revoke;
pub mod sign_in;
