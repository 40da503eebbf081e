//! The interactive face: a dashboard that sleeps until something happens.

pub mod app;
pub mod dialog;
pub mod effect;
pub mod errand;
pub mod finding;
mod input;
mod jobs;
pub mod keymap;
pub mod message;
pub mod model;
pub mod page;
pub mod runner;
pub mod secret_field;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;
pub mod world;
