//! "Dead" and "revoked" are only said of what is: whatever a server makes of the `DELETE`, of its list and of its credentials.
//! And a new value is only said to be safe where something has it.

mod binary;
mod dashboard;
mod escrow;
mod model;
mod table;
