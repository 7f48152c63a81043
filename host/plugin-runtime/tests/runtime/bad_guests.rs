//! Every bad guest ends in the fault that it deserves, counted, and the next call meets a new instance.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use weir_pipeline::parse::parser::{FaultKind, PluginFault, ProtocolParser};
use weir_plugin_runtime::{Instance, Limits, Runtime};

use crate::support::{
    Batch, C2S, component, echo_wasm, evil, guest_wasm, instance, ping, probe, with_limits,
};

/// Guest, fault, words of its message.
const IN_PROCESS: [(&str, FaultKind, &str); 21] = [
    ("answer-owned-flood", FaultKind::TooMuch, "bytes of texts"),
    ("exit", FaultKind::Trap, "it exits with code 3"),
    ("grow-memory", FaultKind::Memory, "more memory than it may have"),
    ("grow-table", FaultKind::Memory, "more table elements than it may have"),
    ("log-level", FaultKind::BadAnswer, "no log level 4"),
    ("log-outside", FaultKind::BadAnswer, "outside of its memory"),
    ("config-outside", FaultKind::BadAnswer, "outside of its memory"),
    ("loop-in-post", FaultKind::Deadline, "did not come back"),
    ("loop-in-process", FaultKind::Deadline, "did not come back"),
    ("loop-in-realloc", FaultKind::Deadline, "did not come back"),
    ("loop-over-fill", FaultKind::Deadline, "did not come back"),
    ("loop-over-imports", FaultKind::Deadline, "did not come back"),
    ("realloc-end", FaultKind::BadAnswer, "which can not be"),
    ("realloc-last-byte", FaultKind::BadAnswer, "which can not be"),
    ("realloc-null", FaultKind::BadAnswer, "address 0x0"),
    ("realloc-null-after-refusal", FaultKind::Memory, "more memory than it may have"),
    ("realloc-odd", FaultKind::BadAnswer, "0x10001"),
    ("realloc-outside", FaultKind::BadAnswer, "0xfffffff8"),
    ("recursion", FaultKind::Trap, "call stack exhausted in `process`"),
    ("trap-in-post", FaultKind::Trap, "`unreachable` instruction executed"),
    ("trap-in-process", FaultKind::Trap, "`unreachable` instruction executed in `innermost`"),
];

/// Through the component door wasmtime finds these itself, in other words or by other rules.
const ONLY_CORE: [&str; 6] =
    ["exit", "realloc-null", "realloc-null-after-refusal", "log-level", "log-outside", "config-outside"];

/// Long enough for every honest call on a busy machine, short enough for a test.
fn impatient() -> Runtime {
    with_limits(Limits { deadline: Duration::from_millis(40), ..Limits::default() })
}

fn assert_fault(fault: &PluginFault, kind: FaultKind, name: &str) {
    assert_eq!(fault.kind, kind, "{name}: {fault}");
    assert!(!fault.detail.contains('\n') && fault.detail.len() < 400, "{name}: {fault}");
}

#[test]
fn faults_of_process() {
    let runtime = impatient();
    for (name, kind, words) in IN_PROCESS {
        let mut parser = instance(&runtime, &guest_wasm(name));
        for call in 1..=3 {
            let fault = evil().send(&mut parser).expect_err(name);
            assert_fault(&fault, kind, name);
            assert!(fault.detail.contains(words), "{name}: {fault}");
            let stats = parser.stats().read();
            assert_eq!(stats.faults, BTreeMap::from([(kind, call)]), "{name}");
            assert_eq!((stats.calls, stats.rebuilds), (call, call - 1), "{name}");
            assert_eq!(stats.memory, 0, "{name}: a broken guest must not keep memory");
            assert!(stats.memory_peak <= 64 << 20, "{name}: {} bytes", stats.memory_peak);
        }
    }
}

#[test]
fn the_same_faults_through_the_component_door() {
    let runtime = impatient();
    for (name, kind, _) in IN_PROCESS.iter().filter(|(name, ..)| !ONLY_CORE.contains(name)) {
        let wasm = component(&guest_wasm(name)).unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let mut parser = instance(&runtime, &wasm);
        for _ in 0..3 {
            let fault = evil().send(&mut parser).expect_err(name);
            assert_fault(&fault, *kind, name);
            // Refused before the host makes copies of it.
            assert!(*name != "answer-owned-flood" || fault.detail.contains("too long an answer"), "{fault}");
        }
        assert_eq!(parser.stats().read().rebuilds, 2, "{name}");
    }
}

#[test]
fn faults_of_check() {
    let runtime = impatient();
    for (name, kind) in [("loop-in-check", FaultKind::Deadline), ("trap-in-check", FaultKind::Trap)] {
        let module = guest_wasm(name);
        for wasm in [component(&module).unwrap(), module] {
            let mut parser = instance(&runtime, &wasm);
            assert_fault(&parser.check(b"EVIL", &probe()).expect_err(name), kind, name);
            assert!(evil().send(&mut parser).is_ok(), "{name}: process still works");
        }
    }
}

#[test]
fn one_bad_batch_does_not_spoil_the_next() {
    let module = guest_wasm("trap-on-input");
    for wasm in [component(&module).unwrap(), module] {
        let mut parser = instance(&impatient(), &wasm);
        let good = |parser: &mut Instance| evil().send(parser).expect("a good batch");
        good(&mut parser);
        let bad = Batch::default().open(0).data(0, C2S, 0, b"X");
        assert_fault(&bad.send(&mut parser).unwrap_err(), FaultKind::Trap, "trap-on-input");
        assert_eq!(good(&mut parser).messages.len(), 1);
        let stats = parser.stats().read();
        assert_eq!((stats.calls, stats.rebuilds, stats.messages), (3, 1, 2));
    }
}

#[test]
fn a_broken_neighbour_changes_nothing() {
    let runtime = impatient();
    let mut echo = instance(&runtime, echo_wasm());
    let mut broken: Vec<_> =
        IN_PROCESS.iter().map(|(name, ..)| instance(&runtime, &guest_wasm(name))).collect();
    let alone = format!("{:?}", ping().send(&mut echo).unwrap());
    for parser in &mut broken {
        let _ = evil().send(parser).unwrap_err();
        assert_eq!(format!("{:?}", ping().send(&mut echo).unwrap()), alone);
    }
    assert!(echo.stats().read().faults.is_empty());
}

#[test]
fn deadlines_are_kept() {
    let mut parser = instance(&impatient(), &guest_wasm("loop-in-process"));
    let began = Instant::now();
    let _ = evil().send(&mut parser).unwrap_err();
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(20), "it was given no time: {took:?}");
    assert!(took < Duration::from_secs(5), "it was given too much: {took:?}");
}

#[test]
fn guests_that_may_go_on() {
    let runtime = impatient();
    for name in ["good", "never-consume", "realloc-same", "grow-memory-and-live"] {
        let module = guest_wasm(name);
        for wasm in [component(&module).unwrap(), module] {
            let mut parser = instance(&runtime, &wasm);
            for _ in 0..50 {
                let outcome = evil().send(&mut parser).unwrap_or_else(|fault| panic!("{name}: {fault}"));
                assert_eq!(outcome.progress.len(), usize::from(name == "never-consume"), "{name}");
            }
            assert!(parser.stats().read().memory_peak <= 64 << 20, "{name}");
        }
    }
}
