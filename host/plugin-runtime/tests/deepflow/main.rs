//! Plugins that were built for DeepFlow's agent, made by hand: every import and export, records of every age, and every way in which
//! one could end the original.

#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod checks;
mod context;
mod guest;
mod hook_patches;
mod hooks;
mod hostile;
mod loading;
mod merging;
mod pipeline;
mod real;
mod records;
#[path = "../../../pipeline/tests/common/mod.rs"]
mod segments;
mod shown;
mod side_by_side;
mod support;
