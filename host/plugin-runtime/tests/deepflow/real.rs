//! Plugins that real toolchains made. Each test says when there is nothing to run it with.

use std::path::{Path, PathBuf};
use std::process::Command;

use weir_pipeline::hooks::hook::{Hook, HookKind};
use weir_pipeline::parse::outcome::{FieldName as F, MessageKind, MessageStatus};
use weir_pipeline::parse::parser::{CheckVerdict, FaultKind, ProtocolParser};
use weir_plugin_runtime::{Plugin, PluginConfig};

use crate::shown::get;
use crate::support::{Batch, C2S, S2C, flow_id, probe, runtime, said};

/// `go/main.go` as standard Go builds it; none without a Go that can.
fn go_plugin() -> Option<Plugin> {
    let program = std::env::var_os("WEIR_GO").unwrap_or_else(|| "go".into());
    let wasm = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deepflow-go.wasm");
    let built = Command::new(&program)
        .args(["build", "-buildmode=c-shared", "-o"])
        .arg(&wasm)
        .arg("main.go")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deepflow/go"))
        .envs([("GOOS", "wasip1"), ("GOARCH", "wasm"), ("GO111MODULE", "off"), ("GOTOOLCHAIN", "local")])
        .status();
    let Ok(status) = built else {
        assert!(std::env::var_os("WEIR_GO").is_none(), "WEIR_GO names no Go");
        eprintln!("skipped: there is no Go on the path, and WEIR_GO does not name one");
        return None;
    };
    assert!(status.success(), "main.go must compile");
    Some(runtime().load_named(&std::fs::read(wasm).unwrap(), "game").unwrap())
}

#[test]
fn standard_go() {
    let Some(plugin) = go_plugin() else { return };
    assert_eq!(plugin.manifest().name, "deepflow-game");
    assert_eq!(plugin.hooks(), [HookKind::Http]);
    let mut parser = plugin.instantiate(PluginConfig::default()).unwrap();
    assert_eq!(parser.check(b"GET / HTTP/1.1", &probe(1)), Ok(CheckVerdict::No));
    assert_eq!(parser.check(b"DONE chess\n", &probe(2)), Ok(CheckVerdict::ServerSpeaks));
    assert_eq!(parser.check(b"GAME chess\n", &probe(flow_id(0))), Ok(CheckVerdict::ClientSpeaks));
    let batch = Batch::default().open(0);
    let batch = (0..50).fold(batch, |batch, n| {
        batch.data(0, C2S, n * 11, b"GAME chess\n").data(0, S2C, n * 11, b"DONE chess\n")
    });
    let outcome = batch.send(&mut parser).unwrap();
    assert_eq!(outcome.messages.len(), 100);
    let said = said(&outcome);
    assert_eq!(said[0].field(F::BizProtocol), Some("game"));
    assert_eq!(said[0].field(F::RequestResource), Some("chess"));
    assert_eq!(said[0].attribute("now"), Some("2026-09-21T14:13:20Z"), "the time of the packet");
    assert_eq!(
        (outcome.messages[1].kind, outcome.messages[1].status),
        (MessageKind::Response, MessageStatus::Ok)
    );

    let patches = get(b"").observe(HookKind::Http, &mut parser).unwrap();
    assert_eq!(patches.attributes.len(), 1);
    assert_eq!(Hook::interest(&parser, HookKind::Http).map(|interest| interest.responses), Some(false));
}

/// Plugins of others, where somebody put them beside the repository: they must load, and what they are shown may at most end them.
#[test]
fn plugins_of_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/deepflow");
    let files = wasm_files(&folder);
    if files.is_empty() {
        eprintln!("skipped: there is no .wasm below {}", folder.display());
    }
    for file in files {
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let plugin = runtime().load_named(&std::fs::read(&file).unwrap(), stem);
        let plugin = plugin.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut parser = plugin.instantiate(PluginConfig::default()).unwrap();
        for payload in [&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], b"\0\0\0\0\0\0\0\0", &[0xff; 3000]] {
            let checked = parser.check(payload, &probe(flow_id(0))).map(|_| ());
            let batch = Batch::default().open(0).data(0, C2S, 0, payload).data(0, S2C, 0, payload);
            let parsed = batch.send(&mut parser).map(|_| ());
            for fault in [checked, parsed].into_iter().filter_map(Result::err) {
                assert_eq!(fault.kind, FaultKind::Trap, "{}: {fault}", file.display());
            }
        }
    }
}

fn wasm_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    paths
        .flat_map(|path| if path.is_dir() { wasm_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect()
}
