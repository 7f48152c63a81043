//! The programs of `ebpf/` in this kernel: whether its verifier takes them, and lets them be attached.
//!
//! Needs the capabilities that ebpf/README.md names. Without them it says so and passes; where `CI` is set it fails.

#![cfg(target_os = "linux")]

use aya::programs::{ProgramInfo, loaded_programs};
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

/// Older verifiers follow up to twice as many instructions as new ones do for the same program, and end at a million. What
/// `cargo xtask kernels` shows them to take must not come near that unseen.
#[test]
fn no_verifier_is_near_its_limit() {
    const FOLLOWED: u32 = 150_000;
    for at_calls in [false, true] {
        let options = SocketOptions { at_calls, tls: true, ..SocketOptions::default() };
        let Some(_capture) = opens(&options) else { return };
        // Needs a capability more than the programs do.
        let Ok(loaded) = loaded_programs().collect::<Result<Vec<_>, _>>() else { return };
        // The kernel keeps 15 bytes of a name; before Linux 5.16 no number.
        let way = if at_calls { "sys_exit" } else { "sock_recv_lengt" };
        let followed = |name: &str| {
            let named = loaded.iter().filter(|program| program.name_as_str() == Some(name));
            named.filter_map(ProgramInfo::verified_instruction_count).max().unwrap_or(0)
        };
        if loaded.iter().all(|program| program.verified_instruction_count().is_none()) {
            return;
        }
        for name in [way, "ssl_return", "go_return", "go_http2_fields", "go_http2_field_"] {
            assert!((1..FOLLOWED).contains(&followed(name)), "{name}: {} instructions", followed(name));
        }
    }
}

fn opens(options: &SocketOptions) -> Option<SocketCapture> {
    match SocketCapture::open(options) {
        Ok((capture, _)) => {
            assert_eq!(capture.counts().malformed, 0);
            Some(capture)
        }
        Err(error @ (SocketError::NoPrivilege | SocketError::NotBuilt(_) | SocketError::NoTypes { .. })) => {
            assert!(std::env::var_os("CI").is_none(), "CI must run this test: {error}");
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
