//! The programs of `ebpf/` in this kernel: whether its verifier takes them, and lets them be attached.
//!
//! Needs the capabilities that ebpf/README.md names. Without them it says so and passes; where `CI` is set it fails.

#![cfg(target_os = "linux")]

use weir_capture::sockets::{SocketCapture, SocketError, SocketOptions};

#[test]
fn the_kernel_takes_the_programs() {
    opens(&SocketOptions::default());
}

#[test]
fn the_kernel_takes_the_programs_for_older_ones() {
    opens(&SocketOptions { at_calls: true, ..SocketOptions::default() });
}

#[test]
fn the_kernel_takes_the_programs_for_tls() {
    for (calls, at_calls) in [(true, false), (false, false), (true, true), (false, true)] {
        opens(&SocketOptions { calls, at_calls, tls: true, ..SocketOptions::default() });
    }
}

fn opens(options: &SocketOptions) {
    match SocketCapture::open(options) {
        Ok((capture, _)) => assert_eq!(capture.counts().malformed, 0),
        Err(error @ (SocketError::NoPrivilege | SocketError::NotBuilt(_) | SocketError::NoTypes { .. })) => {
            assert!(std::env::var_os("CI").is_none(), "CI must run this test: {error}");
            eprintln!("skipped: {error}");
        }
        Err(error) => panic!("{error}"),
    }
}
