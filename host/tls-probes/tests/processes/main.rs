//! Processes come and go, load libraries late, live in containers: the targets follow.
//!
//! What needs root says so and passes without it; where `CI` is set it fails.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // tests

mod container;
mod forged_proc;
#[path = "../files/forgery.rs"]
#[allow(dead_code)] // the tests of files use all of it
mod forgery;
mod live;
mod program;
