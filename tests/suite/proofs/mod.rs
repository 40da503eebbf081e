//! "Dead" and "revoked" are only said of what is: whatever a server makes of the `DELETE`, of its list and of its credentials.

mod binary;
mod dashboard;
mod escrow;
