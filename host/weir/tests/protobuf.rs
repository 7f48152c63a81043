//! Business ids out of captured gRPC calls, by the built-in plugin `protobuf`: the whole path, from packets to JSON.
#![allow(clippy::unwrap_used)] // a test

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const CASES: [&str; 2] = ["grpc_port50051", "grpc_port9555"];

const BY_NAME: &str = r#"
wasm-plugins: [protobuf]
plugin-config:
  protobuf:
    proto: [{file: FIXTURES/game1.proto}, {file: FIXTURES/game1235.proto}]
    rules:
      - {method: "*", field: business_id, to: [trace_id, attributes.business_id]}
      - {method: "*", message: response, field: message, to: attributes.msg}
"#;

const BY_NUMBER: &str = r#"
wasm-plugins: [protobuf]
plugin-config:
  protobuf:
    rules:
      - {method: Game*, field: 1, to: [trace_id, attributes.business_id]}
      - {method: g1235.*, field: 1235, to: [trace_id, attributes.business_id]}
      - {method: "*", message: response, field: 3, to: attributes.msg}
"#;

const BY_DESCRIPTORS: &str = r#"
wasm-plugins: [protobuf]
plugin-config:
  protobuf:
    descriptor-set: {file: FIXTURES/game.binpb}
    body-limit: 64KiB
    rules:
      - {method: "*/Game", message: request, field: business_id, to: [trace_id, attributes.business_id]}
      - {method: "*/Watch", message: response, field: business_id, to: [trace_id, attributes.business_id]}
      - {method: "*", field: message, to: attributes.msg}
"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Standard output as JSON lines, and standard error.
fn replay(case: &str, name: &str, config: &str, threads: &str) -> (Vec<Value>, String) {
    let fixtures = root().join("plugins/protobuf/fixtures");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("protobuf-{name}.yaml"));
    std::fs::write(&file, config.replace("FIXTURES", &fixtures.display().to_string())).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["replay", "--format", "jsonl", "--threads", threads, "--group-config"])
        .arg(file)
        .arg(root().join(format!("tests/conformance/cases/{case}.pcap")))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{case} {name}: {stderr}");
    let lines = String::from_utf8(output.stdout).unwrap();
    (lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), stderr)
}

type Truth = HashMap<(String, i64), Value>;

fn truth(case: &str) -> Truth {
    let text =
        std::fs::read_to_string(root().join(format!("tests/conformance/cases/{case}.truth.jsonl"))).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| ((row["conn"].as_str().unwrap().to_owned(), row["request_id"].as_i64().unwrap()), row))
        .collect()
}

fn key(log: &Value) -> (String, i64) {
    let text = |key: &str| log[key].as_str().unwrap();
    let conn =
        format!("{}:{}>{}:{}", text("client_ip"), log["client_port"], text("server_ip"), log["server_port"]);
    (conn, log["request_id"].as_i64().unwrap())
}

/// Every row of the truth has its business id; the id of `traceparent` goes on beside it.
fn check(name: &str, config: &str) {
    for case in CASES {
        for threads in ["1", "3"] {
            let (logs, stderr) = replay(case, &format!("{name}-{case}-{threads}"), config, threads);
            assert!(!stderr.contains("error:"), "{stderr}");
            let mut truth = truth(case);
            for log in &logs {
                let row = truth
                    .remove(&key(log))
                    .unwrap_or_else(|| panic!("{case} {name}: not in the truth: {log}"));
                let attributes = &log["attributes"];
                assert_eq!(attributes["business_id"], row["business_id"], "{case} {name}: {log}");
                assert_eq!(log["trace_id"], row["business_id"], "{case} {name}: {log}");
                assert_eq!(attributes["trace_id_2"], row["trace_id"], "{case} {name}: {log}");
                let answered =
                    row["stream_messages"].as_i64().is_some_and(|n| n > 0) && row["response_code"] == 0;
                assert!(!answered || attributes["msg"].is_string(), "{case} {name}: {log}");
                assert!(
                    log["plugin"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|p| p.as_str().unwrap().starts_with("protobuf@"))
                );
            }
            assert!(truth.is_empty(), "{case} {name}: {} rows are not told", truth.len());
            assert_eq!(logs.len(), 60);
        }
    }
}

#[test]
fn by_name_from_proto_files() {
    check("by-name", BY_NAME);
}

#[test]
fn by_number_without_a_schema() {
    check("by-number", BY_NUMBER);
}

#[test]
fn by_name_from_a_descriptor_set() {
    check("by-descriptors", BY_DESCRIPTORS);
}

#[test]
fn a_rule_that_is_wrong_is_told_and_the_others_work() {
    let config = BY_NAME.replace(
        "attributes.msg}",
        "attributes.msg}\n      - {method: Game/Gane, field: note, to: trace_id}",
    );
    let (logs, stderr) = replay(CASES[0], "wrong", &config, "1");
    let said =
        "rule 3 (field note): no service has the method `Game/Gane`; the nearest valid name is `Game/Game`";
    assert!(stderr.contains(said) && stderr.contains("plugin=\"protobuf\""), "{stderr}");
    assert!(logs.iter().all(|log| log["attributes"]["business_id"].is_string()));
}

#[test]
fn without_rules_nothing_changes() {
    let strip = |logs: Vec<Value>| logs.iter().map(Value::to_string).collect::<Vec<_>>();
    let (plain, _) = replay(CASES[0], "plain", "{}", "1");
    let (idle, _) = replay(CASES[0], "idle", "wasm-plugins: [protobuf]", "1");
    assert_eq!(strip(plain), strip(idle));
}

/// What the README shows works: nothing in it is refused.
#[test]
fn the_examples_of_the_readme() {
    let readme = std::fs::read_to_string(root().join("plugins/protobuf/README.md")).unwrap();
    let examples: Vec<&str> =
        readme.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(examples.len(), 2);
    for (index, example) in examples.iter().enumerate() {
        let config = example.replace("{file: ", "{file: FIXTURES/");
        let (logs, stderr) = replay(CASES[0], &format!("readme-{index}"), &config, "1");
        assert!(!stderr.contains("error:"), "{stderr}");
        let ids = logs.iter().filter(|log| log["trace_id"].as_str().unwrap().contains("DV")).count();
        assert!(ids > 10, "{ids}\n{example}");
    }
}
