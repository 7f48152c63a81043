//! Toolchains insist on some of WASI. They get it, and nothing with it.

use weir_pipeline::parse::outcome::Value;
use weir_pipeline::parse::parser::FaultKind;
use weir_plugin_runtime::{Instance, LoadError, PluginConfig};

use crate::guests::with;
use crate::support::{T, evil, instance, runtime, wasm_of};

/// What WASI call, its type, arguments, and what it must answer. `0x1000` holds a buffer of five bytes at 0x900.
const CALLS: [(&str, &str, &str, i64); 20] = [
    ("args_sizes_get", "i32 i32", "(i32.const 0x1100) (i32.const 0x1104)", 0),
    ("args_get", "i32 i32", "(i32.const 0x1100) (i32.const 0x1104)", 0),
    ("environ_sizes_get", "i32 i32", "(i32.const 0x1100) (i32.const 0x1104)", 0),
    ("environ_get", "i32 i32", "(i32.const 0x1100) (i32.const 0x1104)", 0),
    ("clock_time_get", "i32 i64 i32", "(i32.const 1) (i64.const 0) (i32.const 0x1100)", 0),
    ("clock_res_get", "i32 i32", "(i32.const 1) (i32.const 0x1100)", 0),
    ("random_get", "i32 i32", "(i32.const 0x1100) (i32.const 64)", 0),
    ("random_get", "i32 i32", "(i32.const 0x1100) (i32.const 0x10001)", 28),
    ("sched_yield", "", "", 0),
    (
        "poll_oneoff",
        "i32 i32 i32 i32",
        "(i32.const 0x1200) (i32.const 0x1300) (i32.const 2) (i32.const 0x1100)",
        0,
    ),
    (
        "poll_oneoff",
        "i32 i32 i32 i32",
        "(i32.const 0x1200) (i32.const 0x1300) (i32.const 65) (i32.const 0x1100)",
        28,
    ),
    ("fd_write", "i32 i32 i32 i32", "(i32.const 2) (i32.const 0x1000) (i32.const 1) (i32.const 0x1100)", 0),
    ("fd_write", "i32 i32 i32 i32", "(i32.const 3) (i32.const 0x1000) (i32.const 1) (i32.const 0x1100)", 8),
    ("fd_write", "i32 i32 i32 i32", "(i32.const 1) (i32.const 0x1000) (i32.const 65) (i32.const 0x1100)", 28),
    ("fd_read", "i32 i32 i32 i32", "(i32.const 0) (i32.const 0x1000) (i32.const 1) (i32.const 0x1100)", 8),
    ("fd_close", "i32", "(i32.const 1)", 8),
    ("fd_seek", "i32 i64 i32 i32", "(i32.const 1) (i64.const 0) (i32.const 0) (i32.const 0x1100)", 70),
    ("fd_fdstat_get", "i32 i32", "(i32.const 1) (i32.const 0x1100)", 0),
    ("fd_prestat_get", "i32 i32", "(i32.const 3) (i32.const 0x1100)", 8),
    (
        "path_open",
        "i32 i32 i32 i32 i32 i64 i64 i32 i32",
        "(i32.const 3) (i32.const 0) (i32.const 0x900) (i32.const 2) (i32.const 0) (i64.const -1) (i64.const -1) \
         (i32.const 0) (i32.const 0x1100)",
        8,
    ),
];

/// A guest whose attribute is what the call answered, and then the number that it left at 0x1100.
fn guest(name: &str, takes: &str, arguments: &str) -> Vec<u8> {
    let takes = if takes.is_empty() { String::new() } else { format!("(param {takes})") };
    wasm_of(&with(&format!(
        r#"
;;; import
(import "wasi_snapshot_preview1" "{name}" (func $call {takes} (result i32)))
;;; patch
(data (i32.const 0x1000) "\00\09\00\00\05\00\00\00")
(data (i32.const 0x1200) "user one\00")
(data (i32.const 0x1230) "user two\01")
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param i32 i32 i32 i32 i32 i32) (result i32)
  (global.set $top (i32.const 0x10000))
  (i64.store (i32.const 0x710) (i64.extend_i32_u (call $call {arguments})))
  (i64.store (i32.const 0x608) (i64.const 2))
  (i64.store (i32.const 0x610) (i64.load (i32.const 0x1100)))
  (i32.const 0x400))"#
    )))
}

fn numbers(wasm: &[u8]) -> (i64, i64) {
    let mut parser = instance(&runtime(), wasm);
    let outcome = evil().send(&mut parser).unwrap_or_else(|fault| panic!("{fault}"));
    let (Value::Number(left), Value::Number(answer)) = (outcome.fields[0].1, outcome.attributes[0].1) else {
        panic!("{outcome:?}")
    };
    (answer, left)
}

#[test]
fn answers() {
    for (name, takes, arguments, expected) in CALLS {
        let (answer, left) = numbers(&guest(name, takes, arguments));
        assert_eq!(answer, expected, "{name}");
        match (name, expected) {
            ("args_sizes_get" | "environ_sizes_get", _) => assert_eq!(left, 0, "{name}"),
            ("clock_time_get", _) => assert_eq!(left as u64, T, "the time of the events"),
            ("fd_write", 0) => assert_eq!(left, 5, "as if all of it had been written"),
            ("poll_oneoff", 0) => assert_eq!(left, 2, "all of them at once"),
            ("random_get", 0) => assert_ne!(left, 0),
            _ => {}
        }
    }
}

/// Waits for one second, then says what time it is.
#[test]
fn waiting_moves_the_clock_of_the_guest() {
    let wait = |abstime: &str, timeout: &str| {
        wasm_of(&with(&format!(
            r#"
;;; import
(import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
(import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
;;; patch
(data (i32.const 0x1218) "{timeout}")
(data (i32.const 0x1228) "{abstime}")
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param i32 i32 i32 i32 i32 i32) (result i32)
  (global.set $top (i32.const 0x10000))
  (drop (call $poll (i32.const 0x1200) (i32.const 0x1300) (i32.const 1) (i32.const 0x1100)))
  (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 0x710)))
  (i32.const 0x400))"#
        )))
    };
    let clock = |parser: &mut Instance, second| {
        let outcome = evil().later(second).send(parser).unwrap();
        let Value::Number(time) = outcome.attributes[0].1 else { panic!("{outcome:?}") };
        time as u64 - T
    };
    const SECOND: u64 = 1_000_000_000;
    let second = r"\00\ca\9a\3b\00\00\00\00";
    let parser = &mut instance(&runtime(), &wait(r"\00", second));
    assert_eq!([0, 0, 5, 5].map(|at| clock(parser, at)), [1, 2, 6, 7].map(|n| n * SECOND));
    let parser = &mut instance(&runtime(), &wait(r"\01", second));
    assert_eq!(clock(parser, 3), 3 * SECOND, "that time has passed long ago");
    let for_ever = r"\ff\ff\ff\ff\ff\ff\ff\ff";
    let parser = &mut instance(&runtime(), &wait(r"\00", for_ever));
    assert_eq!(clock(parser, 0), u64::MAX - T);
}

#[test]
fn random_numbers_are_the_same_everywhere() {
    let wasm = guest("random_get", "i32 i32", "(i32.const 0x1100) (i32.const 8)");
    assert_eq!(numbers(&wasm), numbers(&wasm));
}

#[test]
fn addresses_are_checked() {
    let runtime = runtime();
    let calls = [
        ("args_sizes_get", "i32 i32", "(i32.const 0x1100) (i32.const 0x3fffe)"),
        ("clock_time_get", "i32 i64 i32", "(i32.const 1) (i64.const 0) (i32.const 0xfffffffe)"),
        ("random_get", "i32 i32", "(i32.const 0x3fff0) (i32.const 17)"),
        (
            "poll_oneoff",
            "i32 i32 i32 i32",
            "(i32.const 0x3fff8) (i32.const 0) (i32.const 1) (i32.const 0x1100)",
        ),
        (
            "poll_oneoff",
            "i32 i32 i32 i32",
            "(i32.const 0x1200) (i32.const 0x3fff0) (i32.const 1) (i32.const 0x1100)",
        ),
        ("fd_write", "i32 i32 i32 i32", "(i32.const 1) (i32.const 0x3fffc) (i32.const 1) (i32.const 0x1100)"),
        ("fd_write", "i32 i32 i32 i32", "(i32.const 1) (i32.const 0x1000) (i32.const 1) (i32.const 0x3ffff)"),
        ("fd_write", "i32 i32 i32 i32", "(i32.const 1) (i32.const 0x240) (i32.const 1) (i32.const 0x1100)"),
        ("fd_fdstat_get", "i32 i32", "(i32.const 1) (i32.const 0x3fff0)"),
    ];
    for (name, takes, arguments) in calls {
        let fault = evil().send(&mut instance(&runtime, &guest(name, takes, arguments))).expect_err(name);
        assert_eq!(fault.kind, FaultKind::BadAnswer, "{name} {arguments}: {fault}");
        assert!(fault.detail.contains("outside of its memory"), "{name}: {fault}");
    }
}

#[test]
fn initialize_runs_first() {
    let module = wasm_of(&with(
        r#"
;;; initialize
(func (export "_initialize") (i64.store (i32.const 0x710) (i64.const 77)))"#,
    ));
    let outcome = evil().send(&mut instance(&runtime(), &module)).unwrap();
    assert!(matches!(outcome.attributes[0].1, Value::Number(77)));
}

#[test]
fn names_of_imports_do_nothing_to_a_terminal() {
    let module = wasm_of(&with(";;; import\n(import \"a\\1b[31m\\0a\" \"b\\00\" (func))"));
    let error = runtime().load(&module).map(|_| ()).unwrap_err();
    let LoadError::Import { module, name } = error else { panic!("{error}") };
    assert_eq!((&*module, &*name), (r"a\u{1b}[31m\n", r"b\u{0}"));
}

/// The host asks the guest for memory, the guest asks the host for a value, for which the host asks the guest ...
#[test]
fn calls_that_nest_for_ever() {
    let module = wasm_of(&with(
        r#"
;;; import
(import "weir:plugin/host@0.1.0" "config" (func $config (param i32 i32 i32)))
;;; realloc
(func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (call $config (i32.const 0x900) (i32.const 2) (i32.const 0x1000))
  (i32.const 0x10000))"#,
    ));
    let plugin = runtime().load(&module).unwrap();
    let mut parser = plugin.instantiate(PluginConfig::from_iter([("hi", "there")])).unwrap();
    let fault = std::thread::spawn(move || evil().send(&mut parser).unwrap_err()).join().unwrap();
    assert_eq!(fault.kind, FaultKind::Trap, "{fault}");
}

#[test]
fn instances_run_out() {
    let plugin = runtime().load(&wasm_of(&with(""))).unwrap();
    let mut all = Vec::new();
    let fault = loop {
        match plugin.instantiate(PluginConfig::default()) {
            Ok(parser) => all.push(parser),
            Err(fault) => break fault,
        }
        assert!(all.len() <= 1024);
    };
    assert!(all.len() >= 64, "{}", all.len());
    assert_eq!(fault.kind, FaultKind::Memory, "{fault}");
    evil().send(&mut all[3]).expect("the ones that are there work");
    all.pop();
    plugin.instantiate(PluginConfig::default()).expect("there is room again");
}
