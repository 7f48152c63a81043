//! The Go examples in the sandbox: each does what its Rust twin does, and DeepFlow's shape gives the same by either way.
//!
//! They are built by `cargo xtask go` (and so by `cargo xtask test`), which says where in `WEIR_GO_PLUGINS`. Without it there is nothing to
//! test; where `CI` is set that is a failure.
#![allow(clippy::unwrap_used, clippy::print_stderr)] // tests

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of the modules.
fn modules() -> Option<PathBuf> {
    let folder = std::env::var_os("WEIR_GO_PLUGINS").map(PathBuf::from);
    if folder.is_none() {
        assert!(std::env::var_os("CI").is_none(), "WEIR_GO_PLUGINS is not set: run `cargo xtask test`");
        eprintln!("skipped: WEIR_GO_PLUGINS is not set, `cargo xtask test` sets it");
    }
    folder
}

fn captures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/cases");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut captures: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "pcap")).collect();
    captures.sort();
    captures
}

fn replay(captures: &[PathBuf], arguments: &[&Path]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["replay", "--format", "jsonl"])
        .args(captures)
        .args(arguments)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !printed.contains("fault"), "{printed}");
    String::from_utf8(output.stdout).unwrap()
}

fn write(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// Both builds give the same output on all captures; `seen` stands in it.
fn same_as_built_in(name: &str, settings: &str, seen: &str) {
    let Some(folder) = modules() else { return };
    let option = |rest: &str, wasm_plugins: &str| {
        write(
            &format!("go-{name}-{rest}.yaml"),
            format!("{wasm_plugins}plugin-config: {{{name}: {{{settings}}}}}\n"),
        )
    };
    let (in_rust, in_go) = (option("rust", &format!("wasm-plugins: [{name}]\n")), option("go", ""));
    let module = folder.join(name).with_extension("wasm");
    for capture in captures() {
        let capture = [capture];
        let rust = replay(&capture, &[Path::new("--group-config"), &in_rust]);
        let go = replay(&capture, &[Path::new("--group-config"), &in_go, Path::new("--plugin"), &module]);
        let difference = rust.lines().zip(go.lines()).find(|(rust, go)| rust != go);
        assert_eq!(difference, None, "{}", capture[0].display());
        assert_eq!(rust.lines().count(), go.lines().count(), "{}", capture[0].display());
    }
    let all = replay(&captures(), &[Path::new("--group-config"), &in_go, Path::new("--plugin"), &module]);
    assert!(all.contains(seen), "{name} did nothing");
}

#[test]
fn json_status() {
    same_as_built_in("json-status", "", "\"json-status@0.1.0\"");
}

#[test]
fn transaction_id() {
    same_as_built_in("transaction-id", "fields: \"ORDER_NO,order_no,id\"", "\"transaction-id@0.1.0\"");
}

#[test]
fn redact() {
    same_as_built_in("redact", "sql-literals: \"true\", keys: \"trace\"", "\"redact@0.1.0\"");
}

#[test]
fn sample() {
    same_as_built_in("sample", "keep: \"40\", keep-errors: \"false\"", "session");
    let Some(folder) = modules() else { return };
    let config =
        write("go-sample-share.yaml", "plugin-config: {sample: {keep: \"40\", keep-errors: \"false\"}}\n");
    let module = folder.join("sample.wasm");
    let all = replay(&captures(), &[]).lines().count();
    let kept = replay(&captures(), &[Path::new("--group-config"), &config, Path::new("--plugin"), &module]);
    let share = kept.lines().count() as f64 / all as f64;
    assert!((0.3..0.5).contains(&share), "{share} of {all}");
}

#[test]
fn a_private_protocol() {
    let Some(folder) = modules() else { return };
    let frame = |sort: u8, id: u64, body: &[u8]| {
        let mut frame = b"LDG1".to_vec();
        frame.push(sort);
        frame.extend((body.len() as u32).to_be_bytes());
        frame.extend(id.to_be_bytes());
        frame.extend(body);
        frame
    };
    let mut long = b"\x08transfer\x06T-0001".to_vec();
    long.extend([0; 50_000]);
    let asked = [frame(1, 7, &long), frame(1, 8, b"\x03get\x06T-0002")].concat();
    let answered = [frame(2, 8, b"\x01\x94\x02no"), frame(2, 7, b"\0\0\x04done")].concat();
    let capture = write("go-ledger.pcap", pcap(7778, &[(true, &asked), (false, &answered)]));
    let told = replay(&[capture], &[Path::new("--plugin"), &folder.join("ledger.wasm")]);
    let lines: Vec<serde_json::Value> = told.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{told}");
    for (line, code, trace, length) in [(&lines[0], 404, "T-0002", 28), (&lines[1], 0, "T-0001", 50_033)] {
        assert_eq!(line["biz_protocol"], "Ledger");
        assert_eq!(line["response_code"], code);
        assert_eq!(line["trace_id"], trace);
        assert_eq!(line["request_length"], length);
    }
}

/// One source as a plugin of Weir's own contract, and as a module of DeepFlow's.
#[test]
fn deepflow_by_either_way() {
    let Some(folder) = modules() else { return };
    let asking: &[(bool, &[u8])] =
        &[(true, b"ASK 1 what is up\nASK 2 who\n"), (false, b"ANS 2 0 me\nANS 1 7 nothing\n")];
    let http: &[(bool, &[u8])] = &[
        (true, b"GET /p?q=1 HTTP/1.1\r\nHost: h\r\nX-Order-Id: O-77\r\n\r\n"),
        (false, b"HTTP/1.1 200 OK\r\nX-Biz-Error: no money\r\nContent-Length: 2\r\n\r\n{}"),
    ];
    let captures = [write("go-asking.pcap", pcap(7779, asking)), write("go-http.pcap", pcap(80, http))];
    let [own, original] = ["deepflow.wasm", "deepflow-abi.wasm"].map(|module| {
        let told = replay(&captures, &[Path::new("--plugin"), &folder.join(module)]);
        // Modules of DeepFlow have no names of their own.
        let nameless = |line: &str| line.split(",\"plugin\":").next().unwrap_or_default().to_owned();
        told.lines().map(nameless).collect::<Vec<_>>()
    });
    assert_eq!(own, original);
    assert_eq!(own.len(), 3);
    for seen in [
        "\"biz_protocol\":\"asking\"",
        "\"response_code\":7",
        "\"response_code\":500,\"response_status\":\"server_error\",\"response_exception\":\"no money\"",
        "\"trace_id\":\"O-77\"",
        "\"order\":\"O-77\"",
    ] {
        assert!(own.iter().any(|line| line.contains(seen)), "{seen} is not in {own:#?}");
    }
}

/// A TCP connection from its handshake to its end, over IPv4; `true`: the client speaks.
fn pcap(port: u16, talk: &[(bool, &[u8])]) -> Vec<u8> {
    const SYN: u8 = 2;
    const FIN: u8 = 1;
    const ACK: u8 = 16;
    const SEGMENT: usize = 1400;
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    file.extend([0; 8]);
    file.extend([0xff, 0xff, 0, 0, 1, 0, 0, 0]);
    let mut next = [1000_u32, 5000];
    let mut micros = 0_u32;
    let mut packet = |from_client: bool, flags: u8, data: &[u8]| {
        let (own, other) = if from_client { (0, 1) } else { (1, 0) };
        let mut tcp = Vec::new();
        for port in if from_client { [40_000, port] } else { [port, 40_000] } {
            tcp.extend(port.to_be_bytes());
        }
        tcp.extend(next[own].to_be_bytes());
        tcp.extend(if flags == SYN { [0; 4] } else { next[other].to_be_bytes() });
        tcp.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(data);
        next[own] += data.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        let mut frame = vec![0; 12];
        frame.extend([8, 0, 0x45, 0]);
        frame.extend((tcp.len() as u16 + 20).to_be_bytes());
        frame.extend([0, 1, 0, 0, 64, 6, 0, 0]);
        let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
        frame.extend(if from_client { [client, server] } else { [server, client] }.concat());
        frame.extend(tcp);
        micros += 500;
        for number in [1_700_000_000, micros, frame.len() as u32, frame.len() as u32] {
            file.extend(number.to_le_bytes());
        }
        file.extend(frame);
    };
    packet(true, SYN, &[]);
    packet(false, SYN | ACK, &[]);
    packet(true, ACK, &[]);
    for (from_client, bytes) in talk {
        for segment in bytes.chunks(SEGMENT) {
            packet(*from_client, ACK, segment);
        }
    }
    packet(true, FIN | ACK, &[]);
    packet(false, FIN | ACK, &[]);
    file
}
