//! `weir agent` against real servers and real clients, in private network namespaces: request logs beside the servers' own logs, one
//! to one, from packets and from system calls.
//!
//! A namespace needs root, the tests need servers (`cargo xtask servers`). Where something is missing, a test says so and passes;
//! where `CI` is set it fails.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that can not go on fails

#[path = "../agent/agent.rs"]
#[allow(dead_code)] // the tests of the agent use all of it
mod agent;
#[path = "../agent/echo.rs"]
mod echo;
#[path = "../cli/program.rs"]
#[allow(dead_code)] // the tests of the command line use all of it
mod program;
#[path = "../agent/space.rs"]
mod space;
#[path = "../agent/talk.rs"]
#[allow(dead_code)] // the same
mod talk;

mod calls;
mod compare;
mod connections;
mod dns;
mod held;
mod http;
mod life;
mod mariadb;
mod nginx;
mod one_pipeline;
mod own_protocol;
mod redis;
mod server;
mod source;
mod sql;
mod traces;
