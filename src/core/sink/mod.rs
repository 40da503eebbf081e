//! How a value gets to a target: which programs are run, what they read on standard input, and how it is seen that the
//! value is there. A plan is made without the value, so no argument can hold it.

mod input;
mod mask;
mod op_item;
mod plan;
mod proof;
mod spec;
#[cfg(test)]
mod tests;

pub use mask::masked;
pub use op_item::check_item;
pub use plan::{Expect, NoPlan, Plan, Preflight, Subject, Verify, preflight};
pub use proof::{is_same, updated_at};
pub use spec::{BadSink, DEFAULT_LIMIT, LONGEST_LIMIT, SinkFields, SinkSpec, Sinks};
