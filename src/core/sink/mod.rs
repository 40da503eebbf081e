//! How a value gets to a target: which programs are run, what they read on standard input, and how it is seen that the
//! value is there. A plan is made without the value, so no argument can hold it.

mod error;
mod json_field;
mod mask;
pub(crate) mod parts;
mod plan;
pub(crate) mod preset;
pub(crate) mod presets;
mod spec;
mod template;
#[cfg(test)]
mod tests;

pub use error::SinkError;
pub use mask::masked;
pub use parts::Parts;
pub use plan::{DeliveredKey, DeliveryPlan, Existing, Preflights};
pub use preset::{Agreement, DEFAULT_LIMIT, Ended, Pin, Preflight, ReadBack, Shows, Unread};
pub use spec::{SinkFields, SinkSpec, Sinks};
