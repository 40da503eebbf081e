//! A rotation in the dashboard: begin it, look at it, take its steps.

mod begin;
mod facts;
mod page;
mod steps;

pub(super) use self::begin::{on_begun, open};
pub(super) use self::facts::{on_finished, on_read, on_stored, on_wake};
pub(super) use self::steps::{act, take_step};
