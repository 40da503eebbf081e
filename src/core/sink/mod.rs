//! How a value gets to a target: which programs are run, what they read on standard input, and how it is seen that the
//! value is there. A plan is made without the value, so no argument can hold it.

mod input;
mod json_field;
mod look;
mod mask;
mod op_item;
mod plan;
mod preflight;
mod proof;
mod spec;
#[cfg(test)]
mod tests;

pub use look::{Look, Unseen};
pub use mask::masked;
pub use plan::{NoPlan, Plan, Subject, Verify};
pub use preflight::{Access, Current, Expect, Preflight, current, current_name, may_patch, preflight};
pub use proof::{Part, updated_at};
pub use spec::{BadSink, DEFAULT_LIMIT, LONGEST_LIMIT, SinkFields, SinkSpec, Sinks};
