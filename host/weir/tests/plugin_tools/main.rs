//! `weir plugin` as an author meets it: plugins that are good, that are refused, that break; reports, files, exit statuses.

#![allow(clippy::unwrap_used)] // a test that can not go on fails

#[path = "../cli/capture.rs"]
mod capture;
#[path = "../../../plugin-runtime/tests/deepflow/guest.rs"]
#[allow(dead_code)] // the runtime's tests use all of it
mod deepflow_guest;
#[path = "../../../../tests/guests/guests.rs"]
mod guests;
#[path = "../cli/program.rs"]
mod program;

mod bench;
mod check;
mod expect;
mod fuzz;
mod help;
mod inspect;
mod new;
mod support;
