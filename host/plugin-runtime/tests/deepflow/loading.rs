//! What is taken for a plugin of DeepFlow, and what is refused.

use weir_pipeline::decode::Transport;
use weir_pipeline::parse::parser::{FaultKind, ProtocolParser};
use weir_plugin_runtime::{Instance, LoadError, PluginConfig};

use crate::guest::{Guest, data, wasm_of};
use crate::support::{Batch, C2S, probe, runtime};

fn load(text: &str) -> Result<Instance, LoadError> {
    let plugin = runtime().load(&wasm_of(text))?;
    Ok(plugin.instantiate(PluginConfig::default()).unwrap())
}

fn refused(text: &str) -> LoadError {
    load(text).map(|_| ()).unwrap_err()
}

#[test]
fn what_it_says_of_itself() {
    let plugin = runtime().load_named(&Guest::default().wasm(), "wasm_test").unwrap();
    let manifest = plugin.manifest();
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("deepflow-wasm-test", "0.0.0"));
    let transports: Vec<_> = manifest.signatures.iter().map(|s| s.transport).collect();
    assert_eq!(transports, [Transport::Tcp, Transport::Udp]);
    assert!(manifest.signatures.iter().all(|s| s.any_of.is_empty() && s.ports.is_empty()));
}

#[test]
fn names_of_files() {
    let runtime = runtime();
    let wasm = Guest::default().wasm();
    let long = "n".repeat(300);
    for (file, name) in [
        ("", "deepflow"),
        ("---", "deepflow"),
        ("DNS", "deepflow-dns"),
        ("1.2 (copy)", "deepflow-1-2--copy"),
        ("deepflow-krpc", "deepflow-krpc"),
        ("\u{e4}\u{1b}[31m", "deepflow-31m"),
        (&long, &format!("deepflow-{}", &long[..48])),
    ] {
        assert_eq!(runtime.load_named(&wasm, file).unwrap().manifest().name, name);
    }
}

#[test]
fn who_does_not_parse_is_not_asked() {
    let guest =
        Guest { more: data(0x40, &[0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), ..Guest::default() };
    for bitmap in ["(i32.const 0)", "(i32.const 0x40)"] {
        let guest = Guest {
            bitmap: bitmap.into(),
            check: "(unreachable)".into(),
            parse: "(unreachable)".into(),
            ..guest.clone()
        };
        let mut parser = load(&guest.text()).unwrap();
        assert!(parser.manifest().signatures.is_empty());
        parser.check(b"anything", &probe(1)).unwrap();
        Batch::default().open(0).data(0, C2S, 0, b"x").send(&mut parser).unwrap();
    }
}

#[test]
fn without_imports_the_exports_tell() {
    let functions: String =
        ["check_payload", "parse_payload", "on_http_req", "on_http_resp", "get_hook_bitmap"]
            .map(|name| format!("(func (export \"{name}\") (result i32) (i32.const 0))"))
            .concat();
    let module = |more: &str| format!("(module (memory (export \"memory\") 1) {functions} {more})");
    load(&module("(func (export \"_start\"))")).unwrap();
    load(&module("(func (export \"_initialize\"))")).unwrap();
    assert_eq!(refused(&module("")), LoadError::MissingExport("_start".into()));
}

#[test]
fn exports_that_must_be_there() {
    let text = Guest::default().text();
    for name in [
        "check_payload",
        "parse_payload",
        "on_http_req",
        "on_http_resp",
        "get_hook_bitmap",
        "_start",
        "memory",
    ] {
        let without = text.replace(&format!("(export \"{name}\")"), "");
        assert_eq!(refused(&without), LoadError::MissingExport(name.into()));
        let other = text.replace(&format!("(export \"{name}\")"), "")
            + &format!("(global (export \"{name}\") i32 (i32.const 0)))");
        let other = other.replacen(&format!("{})(global", Guest::default().more), "(global", 1);
        assert!(matches!(refused(&other), LoadError::WrongType { .. }), "{name}");
    }
    for name in ["on_custom_message", "get_custom_message_hook"] {
        load(&text.replace(&format!("(export \"{name}\")"), ""))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn initialize_is_for_reactors_only() {
    let text = Guest::default().text();
    let both = format!("{}(func (export \"_initialize\") (unreachable)))", &text[..text.len() - 1]);
    load(&both).unwrap();
    let reactor = text
        .replace("\"_start\"", "\"_initialize\"")
        .replace("(func (export \"_initialize\") )", "(func (export \"_initialize\") (unreachable))");
    assert!(matches!(refused(&reactor), LoadError::Fault { export: "start", .. }));
}

#[test]
fn imports_that_are_not_given() {
    for (module, name) in [
        ("deepflow", "vm_write"),
        ("env", "wasm_log"),
        ("wasi_snapshot_preview1", "sock_send"),
        ("weir:plugin/host@0.1.0", "log"),
    ] {
        let import = format!("(module (import \"{module}\" \"{name}\" (func))");
        let error = refused(&Guest::default().text().replacen("(module", &import, 1));
        assert_eq!(error, LoadError::Import { module: module.into(), name: name.into() });
    }
    let text = Guest::default()
        .text()
        .replace("(func $wasm_log (param i32 i32 i32))", "(func $wasm_log (param i32))");
    assert!(matches!(refused(&text), LoadError::Invalid(_)));
}

/// The order is the original's: started first, then asked.
#[test]
fn started_before_it_is_asked() {
    let guest = Guest {
        start: "(i32.store (i32.const 0x50) (i32.const 0x10))".into(),
        bitmap: "(i32.load (i32.const 0x50))".into(),
        ..Guest::default()
    };
    assert!(!load(&guest.text()).unwrap().manifest().signatures.is_empty());
}

#[test]
fn bitmaps_outside_of_memory() {
    for address in ["0x2fff1", "-1", "0x7fffffff"] {
        for part in [0, 1] {
            let pointer = format!("(i32.const {address})");
            let guest = match part {
                0 => Guest { bitmap: pointer, ..Guest::default() },
                _ => Guest { custom_hook: pointer, ..Guest::default() },
            };
            // Eight bytes fit where sixteen do not.
            if part == 1 && address == "0x2fff1" {
                continue;
            }
            let LoadError::Fault { export: "start", fault } = refused(&guest.text()) else {
                panic!("{address}")
            };
            assert_eq!(fault.kind, FaultKind::BadAnswer, "{fault}");
        }
    }
    let last = Guest { bitmap: "(i32.const 0x2fff0)".into(), ..Guest::default() };
    load(&last.text()).unwrap();
}
