//! The binary against the captures of DeepFlow's own test suite: see `tests/deepflow.md`. They are not part of the repository;
//! without them there is nothing to do. Guards how many logs of each type are told, not their fields.
#![allow(clippy::unwrap_used)] // a test

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const FOLDERS: [&str; 5] = ["http", "mysql", "redis", "dns", "flow"];

/// Capture, then the logs it must give: type, protocol, number.
type Expected = (&'static str, &'static [(&'static str, &'static str, usize)]);

/// The numbers were checked against the packets by hand; `tests/deepflow.md` has the reasons.
const EXPECTED: &[Expected] = &[
    ("http/client-ip", &[("session", "HTTP", 1)]),
    ("http/grpc-server-stream", &[("session", "gRPC", 1)]),
    ("http/grpc-unary", &[("session", "gRPC", 1)]),
    ("http/h2c_ascii", &[("session", "gRPC", 1)]),
    ("http/httpv1", &[("session", "HTTP", 1)]),
    ("http/istio-tcp-frag", &[("session", "HTTP", 1)]),
    ("mysql/171-mysql", &[("session", "MySQL", 390)]),
    ("mysql/large-response", &[("session", "MySQL", 2)]),
    ("mysql/mysql-database", &[("session", "MySQL", 5), ("request", "MySQL", 1)]),
    ("mysql/mysql-exec", &[("session", "MySQL", 2)]),
    ("mysql/mysql-statement-id", &[("session", "MySQL", 1)]),
    ("mysql/mysql-table-alter", &[("session", "MySQL", 3), ("request", "MySQL", 1)]),
    ("mysql/mysql-table-delete", &[("session", "MySQL", 3), ("request", "MySQL", 1)]),
    ("mysql/mysql-table-destroy", &[("session", "MySQL", 3), ("request", "MySQL", 1)]),
    ("mysql/mysql-table-select", &[("session", "MySQL", 3), ("request", "MySQL", 1)]),
    ("mysql/mysql-use", &[("session", "MySQL", 1)]),
    ("mysql/partial-packet-compressed", &[("session", "MySQL", 2)]),
    ("redis/redis-debug", &[("session", "Redis", 1)]),
    ("redis/redis", &[("session", "Redis", 10)]),
    ("dns/a-and-ns", &[("session", "DNS", 2)]),
    ("dns/dns", &[("session", "DNS", 2)]),
    ("dns/nxdomain", &[("session", "DNS", 3)]),
    ("flow/client-syn-try-lack", &[]),
    ("flow/handshake-error", &[]),
    ("flow/http", &[("session", "HTTP", 1)]),
    ("flow/ip-fragment", &[]),
    ("flow/rtt-200ms-window-update", &[]),
    ("flow/rtt-rtt-2", &[]),
    ("flow/rtt-syn-2-ack", &[]),
    ("flow/syn-1", &[]),
    ("flow/syn-retrans", &[]),
    ("flow/syn-syn-ack-retrans-2", &[]),
    ("flow/udp_1_packet", &[]),
    ("flow/udp_continuous_packet", &[("session", "DNS", 2)]),
];

type Counts = BTreeMap<(String, String), usize>;

fn captures(suite: &Path) -> Vec<String> {
    let mut names: Vec<String> = FOLDERS
        .iter()
        .flat_map(|folder| {
            let entries = std::fs::read_dir(suite.join(folder)).unwrap();
            entries.map(move |entry| (folder, entry.unwrap().path()))
        })
        .filter(|(_, path)| path.extension().is_some_and(|e| e == "pcap"))
        .map(|(folder, path)| format!("{folder}/{}", path.file_stem().unwrap().to_string_lossy()))
        .collect();
    names.sort();
    names
}

fn replay(suite: &Path, name: &str) -> Counts {
    let capture = suite.join(format!("{name}.pcap"));
    let output = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["replay", "--format", "jsonl"])
        .arg(capture)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {errors}");
    assert!(!errors.contains("panicked"), "{name}: {errors}");
    let mut counts = Counts::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let log: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e}: {line}"));
        let text = |key: &str| log[key].as_str().unwrap_or_default().to_owned();
        *counts.entry((text("type"), text("l7_protocol"))).or_default() += 1;
    }
    counts
}

fn expected() -> BTreeMap<String, Counts> {
    let counts = |logs: &[(&str, &str, usize)]| {
        logs.iter()
            .map(|&(kind, protocol, number)| ((kind.to_owned(), protocol.to_owned()), number))
            .collect()
    };
    EXPECTED.iter().map(|&(name, logs)| (name.to_owned(), counts(logs))).collect()
}

#[test]
fn every_capture_gives_the_logs_that_are_in_it() {
    let suite: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/deepflow");
    if !suite.is_dir() {
        eprintln!("skipped: {} not there", suite.display());
        return;
    }
    let told: BTreeMap<String, Counts> =
        captures(&suite).into_iter().map(|name| (name.clone(), replay(&suite, &name))).collect();
    // Both ways: a capture without a row and a row without a capture are differences too.
    assert_eq!(told, expected());
}
