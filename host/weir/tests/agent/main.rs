//! `weir agent` in private network namespaces, against real servers and their logs.
//!
//! A namespace needs root, some tests need servers. Where something is missing, a test says so and passes; where `CI` is set it
//! fails.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that can not go on fails

#[path = "../cli/capture.rs"]
mod capture;
#[path = "../cli/program.rs"]
#[allow(dead_code)] // the tests of the command line use all of it
mod program;

mod agent;
mod configuration;
mod echo;
mod files;
mod interfaces;
mod life;
mod log;
mod metrics;
mod nginx;
mod own_protocol;
mod refusals;
mod reload;
mod scrape;
mod share;
mod space;
mod talk;
mod tls;
mod top;
mod vlan;
