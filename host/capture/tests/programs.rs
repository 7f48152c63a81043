//! The programs of `ebpf/` in this kernel: whether it takes them, and whether they see what happens.
//!
//! Needs the capabilities that ebpf/README.md names. Without them it says so and passes; where `CI` is set it fails.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that can not go on fails

use std::error::Error;
use std::io;

use aya::Ebpf;
use aya::maps::PerCpuArray;
use aya::programs::RawTracePoint;
use weir_ebpf_common::Counter;

fn skip(why: &dyn std::fmt::Display) {
    assert!(std::env::var_os("CI").is_none(), "CI must run this test: {why}");
    eprintln!("skipped: {why}");
}

/// Somewhere in it the kernel said EPERM.
fn is_forbidden(error: &(dyn Error + 'static)) -> bool {
    let here =
        error.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::PermissionDenied);
    here || error.source().is_some_and(is_forbidden)
}

fn calls(programs: &Ebpf) -> u64 {
    let counters = PerCpuArray::<_, u64>::try_from(programs.map("COUNTERS").unwrap()).unwrap();
    counters.get(&(Counter::Calls as u32), 0).unwrap().iter().sum()
}

#[test]
fn system_calls_are_counted() {
    let object = match weir_ebpf_object::object() {
        Ok(object) => object,
        Err(error) => return skip(&error),
    };
    let mut programs = match Ebpf::load(object) {
        Ok(programs) => programs,
        Err(error) if is_forbidden(&error) => return skip(&error),
        Err(error) => panic!("{error:?}"),
    };
    let program: &mut RawTracePoint = programs.program_mut("sys_exit").unwrap().try_into().unwrap();
    match program.load() {
        Err(error) if is_forbidden(&error) => return skip(&error),
        result => result.unwrap(),
    }
    program.attach("sys_exit").unwrap();
    let before = calls(&programs);
    for _ in 0..1000 {
        assert!(std::fs::metadata("/proc/self/nothing").is_err());
    }
    let counted = calls(&programs) - before;
    assert!(counted >= 1000, "{counted}");
}
