//! Built-in plugins with hooks on real captures: what the truth says of business errors comes out, and nothing else changes.
#![allow(clippy::unwrap_used)] // tests

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/cases")
}

fn replay(capture: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_weir"))
        .arg("replay")
        .arg(capture)
        .args(["--format", "jsonl"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

fn config(name: &str, yaml: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hooks-{name}.yaml"));
    std::fs::write(&path, yaml).unwrap();
    path
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Lines of each connection in the order of their requests.
fn by_connection(lines: &[Value]) -> BTreeMap<String, Vec<&Value>> {
    let mut connections = BTreeMap::<String, Vec<&Value>>::new();
    for line in lines {
        let end =
            |side: &str| format!("{}:{}", text(line, &format!("{side}_ip")), line[format!("{side}_port")]);
        connections.entry(format!("{}>{}", end("client"), end("server"))).or_default().push(line);
    }
    for lines in connections.values_mut() {
        lines.sort_by_key(|line| text(line, "start_time").to_owned());
    }
    connections
}

#[test]
fn business_errors_in_json_bodies() {
    let config = config("json-status", "wasm-plugins: [json-status]\n");
    let arguments = ["--group-config", config.to_str().unwrap()];
    let mut rewritten = 0;
    for entry in std::fs::read_dir(cases()).unwrap() {
        let capture = entry.unwrap().path();
        let name = capture.file_stem().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("http1_") || capture.extension().is_none_or(|e| e != "pcap") {
            continue;
        }
        let (plain, hooked) = (replay(&capture, &[]), replay(&capture, &arguments));
        unchanged_elsewhere(&name, &plain, &hooked);
        let hooked = by_connection(&hooked);
        let truth = std::fs::read_to_string(capture.with_file_name(format!("{name}.truth.jsonl"))).unwrap();
        for row in truth.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let failed = row["biz"].get("OPT_STATUS").is_some_and(|status| status != "SUCCESS");
            let is_strict =
                row["strict"] == true && row["response_code"].as_i64().is_some_and(|code| code < 400);
            if !failed || !is_strict {
                continue;
            }
            let nth = row["conn_order"].as_u64().unwrap() as usize - 1;
            let line = hooked[text(&row, "conn")][nth];
            assert_eq!(line["request_resource"], row["request_resource"], "{name}: {row}");
            assert_eq!(
                (&line["response_code"], text(line, "response_status")),
                (&Value::from(500), "server_error")
            );
            assert_eq!(line["response_exception"], row["biz"]["DESCRIPTION"], "{name}: {line}");
            assert_eq!(line["plugin"][1], "json-status@0.1.0");
            rewritten += 1;
        }
    }
    assert!(rewritten > 20, "only {rewritten} business errors were looked at");
}

/// Handing on bodies must not change what is told of messages.
fn unchanged_elsewhere(name: &str, plain: &[Value], hooked: &[Value]) {
    const MAY_CHANGE: [&str; 5] =
        ["response_code", "response_status", "response_exception", "response_result", "plugin"];
    let stripped = |lines: &[Value]| {
        let strip = |line: &Value| {
            let mut line = line.clone();
            line.as_object_mut().unwrap().retain(|key, _| !MAY_CHANGE.contains(&key.as_str()));
            line.to_string()
        };
        let mut lines: Vec<String> = lines.iter().map(strip).collect();
        lines.sort();
        lines
    };
    let (plain, hooked) = (stripped(plain), stripped(hooked));
    assert_eq!(plain.len(), hooked.len(), "{name}");
    for (plain, hooked) in plain.iter().zip(&hooked) {
        assert_eq!(plain, hooked, "{name}");
    }
}

/// `cargo xtask test` builds the Go twins of the built-in plugins and says where they are.
#[test]
fn rust_and_go_give_the_same() {
    let Some(folder) = std::env::var_os("WEIR_GO_PLUGINS").map(PathBuf::from) else {
        assert!(std::env::var_os("CI").is_none(), "the Go plugins must be there: run `cargo xtask test`");
        println!("skipped: the Go plugins are not built; `cargo xtask test` builds them");
        return;
    };
    let settings = "plugin-config:\n  redact: {sql-literals: true}\n  sample: {keep: 40}\n";
    let (mut records, mut touched) = (0, 0);
    for name in ["json-status", "transaction-id", "redact", "sample"] {
        let config = config(&format!("twin-{name}"), &format!("wasm-plugins: [{name}]\n{settings}"));
        let rust = ["--group-config", config.to_str().unwrap()];
        let module = folder.join(name).with_extension("wasm");
        let go = [&rust[..], &["--plugin", module.to_str().unwrap()]].concat();
        for entry in std::fs::read_dir(cases()).unwrap() {
            let capture = entry.unwrap().path();
            if capture.extension().is_some_and(|e| e == "pcap") {
                let (rust, go) = (replay(&capture, &rust), replay(&capture, &go));
                assert_eq!(rust, go, "{name} on {}", capture.display());
                records += rust.len();
                touched += rust.iter().filter(|line| line["plugin"][1] != Value::Null).count();
            }
        }
    }
    assert!(records > 5000 && touched > 100, "{touched} of {records} records were changed");
}

#[test]
fn sampling_keeps_or_drops_whole_traces() {
    let capture = cases().join("http1_core.pcap");
    let all = replay(&capture, &[]);
    let keep = |percent: u32| {
        let yaml = format!(
            "wasm-plugins: [sample]\nplugin-config:\n  sample: {{keep: {percent}, keep-errors: false}}\n"
        );
        let config = config(&format!("sample-{percent}"), &yaml);
        replay(&capture, &["--group-config", config.to_str().unwrap()])
    };
    assert_eq!((keep(100).len(), keep(0).len()), (all.len(), 0));
    let half = keep(50);
    assert!((all.len() / 4..all.len() * 3 / 4).contains(&half.len()), "{} of {}", half.len(), all.len());
    for trace in half.iter().map(|line| text(line, "trace_id")).filter(|id| !id.is_empty()) {
        let count = |lines: &[Value]| lines.iter().filter(|line| text(line, "trace_id") == trace).count();
        assert_eq!(count(&half), count(&all), "trace {trace}");
    }
}

#[test]
fn an_unknown_plugin_and_one_that_nobody_enabled() {
    let run = |yaml: &str| {
        let config = config("wrong", yaml);
        let output = Command::new(env!("CARGO_BIN_EXE_weir"))
            .arg("replay")
            .arg(cases().join("http1_vlan.pcap"))
            .args(["--format", "null", "--group-config", config.to_str().unwrap()])
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, error) = run("wasm-plugins: [redct]\n");
    assert_eq!(status, Some(2));
    assert!(error.contains("no plugin is called `redct`; the nearest name is `redact`"), "{error}");
    let (status, error) = run("plugin-config:\n  redact: {sql-literals: true}\n");
    assert_eq!(status, Some(0), "settings of a plugin that is off hurt nobody: {error}");
}
