//! What is not a plugin is refused in one clear line.

use std::time::Duration;

use weir_pipeline::parse::parser::FaultKind;
use weir_plugin_runtime::{Limits, LoadError, PluginSet, Runtime};

use crate::guests::with;
use crate::support::{component, echo_wasm, guest_wasm, runtime, wasm_of, with_limits};

fn impatient() -> Runtime {
    with_limits(Limits { deadline: Duration::from_millis(40), ..Limits::default() })
}

fn refused(runtime: &Runtime, wasm: &[u8], name: &str) -> (LoadError, String) {
    let error = runtime.load(wasm).map(|_| ()).expect_err(name);
    let line = error.to_string();
    assert!(!line.contains('\n') && line.len() < 600, "{name}: {line}");
    (error, line)
}

#[test]
fn not_wasm() {
    let runtime = runtime();
    for bytes in
        [b"".as_slice(), b"\0as", b"\x7fELF\x02\x01\x01\0", b"(module)", b"#!/bin/sh\n", b"PK\x03\x04"]
    {
        let (error, _) = refused(&runtime, bytes, "not Wasm");
        assert_eq!(error, LoadError::NotWasm);
    }
}

#[test]
fn broken_wasm() {
    let runtime = runtime();
    let good = guest_wasm("good");
    let mut later_version = good.clone();
    later_version[4] = 2;
    let mut other_layer = good.clone();
    other_layer[6] = 1;
    let mut garbage = good.clone();
    garbage[40..90].fill(0xff);
    for wasm in [&good[..good.len() - 1], &good[..9], b"\0asm", &later_version, &other_layer, &garbage] {
        let (error, line) = refused(&runtime, wasm, "broken");
        assert!(matches!(error, LoadError::Invalid(_)), "{line}");
    }
    let (error, line) = refused(&runtime, b"\0asm\x01\0\0\0", "an empty module");
    assert!(matches!(error, LoadError::MissingExport(_)), "{line}");
}

/// Every prefix and many mutations: errors, never a panic.
#[test]
fn damaged_files() {
    let runtime = impatient();
    let good = guest_wasm("good");
    // Some end where a section ends and are whole modules.
    let prefixes = (0..good.len()).map(|length| runtime.load(&good[..length]));
    assert!(prefixes.filter(Result::is_ok).count() < 3);
    let mut random = weir_plugin_sdk::testing::Random(7);
    for _ in 0..300 {
        let mut wasm = good.clone();
        for _ in 0..=random.below(3) {
            random.damage(&mut wasm);
        }
        if let Err(error) = runtime.load(&wasm) {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}

#[test]
fn not_a_plugin() {
    let runtime = impatient();
    let cases = [
        ("huge-memory", "wants 134217728 bytes of memory at once, the limit is 67108864"),
        ("import-file", "imports `open_file` from `env`; a plugin may import log, config and count"),
        ("import-wrong-type", "log"),
        ("memory64", "memory"),
        ("no-memory", "does not export `memory`"),
        ("no-process", "does not export `weir:plugin/parser@0.1.0#process`"),
        ("no-realloc", "does not export `cabi_realloc`"),
        ("program", "this is a program"),
        ("wrong-kind", "is a global, expected a function (6 x i32) -> (1 x i32)"),
        ("wrong-type", "is a function (i32 i32 i32 i32 i32) -> (i32), expected a function (6 x i32)"),
    ];
    for (name, words) in cases {
        let (_, line) = refused(&runtime, &guest_wasm(name), name);
        assert!(line.contains(words), "{name}: {line}");
    }
}

#[test]
fn breaks_while_it_is_loaded() {
    let runtime = impatient();
    let cases = [
        ("describe-outside", "describe", FaultKind::BadAnswer),
        ("loop-in-describe", "describe", FaultKind::Deadline),
        ("loop-in-start", "start", FaultKind::Deadline),
        ("trap-in-describe", "describe", FaultKind::Trap),
    ];
    for (name, at, kind) in cases {
        let module = guest_wasm(name);
        for wasm in [component(&module).unwrap(), module] {
            let (error, line) = refused(&runtime, &wasm, name);
            let LoadError::Fault { export, fault } = error else { panic!("{name}: {line}") };
            assert_eq!((export, fault.kind), (at, kind), "{name}: {line}");
        }
    }
}

/// One part of the manifest of `good.wat` changed.
#[test]
fn bad_manifests() {
    let runtime = runtime();
    let cases = [
        ("0x240", "Guest", "the name `Guest` must be"),
        ("0x240", "gu\\00st", "the name"),
        ("0x240", "gu\\1b[1", "the name `gu\\u{1b}[1`"),
        ("0x204", "\\00", "the name `` must be"),
        ("0x248", "1.0-0", "the version `1.0-0` is not like `1.2.3`"),
        ("0x214", "\\00", "it names no protocol"),
        ("0x280", "G est", "visible ASCII"),
        ("0x264", "\\01\\04\\00\\00", "offset 1025 is beyond 1024"),
        ("0x294", "\\11", "an alternative of 17 bytes; 1 to 16 are allowed"),
        ("0x294", "\\00", "an alternative of 0 bytes"),
        ("0x210", "\\00\\30\\00\\00\\01\\01", "a list of 257 entries, the limit is 256"),
        ("0x200", "\\00\\30\\00\\00\\41", "a text of 65 bytes, the limit is 64"),
    ];
    for (address, bytes, words) in cases {
        let module = wasm_of(&with(&format!(";;; patch\n(data (i32.const {address}) \"{bytes}\")")));
        for wasm in [component(&module).unwrap(), module] {
            let (_, line) = refused(&runtime, &wasm, words);
            assert!(line.contains(words), "{line}");
        }
    }
}

#[test]
fn too_large() {
    let runtime = with_limits(Limits { wasm_bytes: 100, ..Limits::default() });
    let wasm = guest_wasm("good");
    let (error, _) = refused(&runtime, &wasm, "too large");
    assert_eq!(error, LoadError::TooLarge { bytes: wasm.len(), limit: 100 });
}

#[test]
fn components_of_other_worlds() {
    let runtime = runtime();
    let empty = wasm_of("(component)");
    let (error, _) = refused(&runtime, &empty, "an empty component");
    assert_eq!(error, LoadError::MissingExport("weir:plugin/parser@0.1.0".into()));
    let wants = wasm_of("(component (import \"bank:account/robbery\" (instance)))");
    let (error, line) = refused(&runtime, &wants, "a strange import");
    assert!(
        matches!(error, LoadError::Import { .. }) && line.contains("imports `robbery` from `bank:account`"),
        "{line}"
    );
    let hollow = wasm_of("(component (instance $i) (export \"weir:plugin/parser@0.1.0\" (instance $i)))");
    let (error, line) = refused(&runtime, &hollow, "an empty parser");
    assert!(matches!(error, LoadError::WrongWorld(_)), "{line}");
    let huge = component(&guest_wasm("huge-memory")).unwrap();
    assert!(matches!(
        refused(&runtime, &huge, "huge memory").0,
        LoadError::Memory { wanted: 134_217_728, .. }
    ));
}

#[test]
fn two_of_one_name() {
    let runtime = runtime();
    let guest = |patch: &str| runtime.load(&wasm_of(&with(&format!(";;; patch\n{patch}")))).unwrap();
    let mut set = PluginSet::default();
    set.add(guest("")).unwrap();
    set.add(runtime.load(echo_wasm()).unwrap()).unwrap();
    let same_name = guest(r#"(data (i32.const 0x280) "Other")"#);
    let error = set.add(same_name).unwrap_err().to_string();
    assert_eq!(error, "plugin name `guest` is claimed by the plugins `guest` and `guest`");
    let same_protocol = guest(r#"(data (i32.const 0x240) "other") (data (i32.const 0x280) "GUEST")"#);
    let error = set.add(same_protocol).unwrap_err().to_string();
    assert_eq!(error, "protocol `GUEST` is claimed by the plugins `guest` and `other`");
    set.add(guest(r#"(data (i32.const 0x240) "other") (data (i32.const 0x280) "Other")"#)).unwrap();
    let names: Vec<_> = set.iter().map(|plugin| plugin.manifest().name.clone()).collect();
    assert_eq!(names, ["guest", "echo", "other"]);
}
