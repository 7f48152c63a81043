//! `weir plugin fuzz`: it finds what breaks a plugin, and the file that it saves breaks it again.

use std::path::Path;

use crate::capture::Capture;
use crate::guests::guest;
use crate::program::{Folder, weir};
use crate::support::{bad_plugin, echo, echo_capture, evil_capture, plugin};

#[test]
fn a_good_plugin_lives() {
    let folder = Folder::new("tools_fuzz");
    let (capture, out) = (echo_capture(&folder), folder.path("out"));
    let run = weir([
        "plugin",
        "fuzz",
        &echo(),
        "--pcap",
        &capture,
        "--runs",
        "2000",
        "--seed",
        "1",
        "--out",
        &out,
        "--format",
        "jsonl",
    ]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let [report] = run.logs().try_into().unwrap();
    assert_eq!((&report["inputs"], &report["seed"]), (&2000.into(), &1.into()));
    assert_eq!(report["faults"], serde_json::json!([]));
    let messages = report["messages"].as_u64().unwrap();
    assert!(messages > 2000, "most damage leaves something to parse: {messages}");
    assert!(!Path::new(&out).exists(), "no fault, no folder");
}

/// Traps when a batch begins with a byte that its traffic does not have.
#[test]
fn a_fault_is_found_and_saved_and_happens_again() {
    let folder = Folder::new("tools_fuzz_trap");
    let text = guest("trap-on-input").replace("(i32.eq ", "(i32.gt_u ").replace("0x58", "0x70");
    let plugin = folder.file("trap.wasm", wat::parse_str(text).unwrap());
    let (capture, out) = (evil_capture(&folder), folder.path("out"));
    let fuzz = |seed: &str| {
        weir([
            "plugin", "fuzz", &plugin, "--pcap", &capture, "--runs", "2000", "--seed", seed, "--out", &out,
            "--format", "jsonl",
        ])
    };
    let run = fuzz("7");
    let [report] = run.logs().try_into().unwrap();
    assert_eq!(run.status, 1);
    assert!(run.errors()[0].starts_with("guest@1.0.0 breaks; replay the files of "), "{}", run.stderr);
    let faults = report["faults"].as_array().unwrap();
    let fault = faults.iter().find(|fault| fault["kind"] == "trap").expect("no trap was found");
    assert_eq!(fault["backtrace"][0], "process");
    let file = fault["file"].as_str().unwrap();
    assert!(file.ends_with("trap-7-1.pcap"), "{file}");

    let again = weir(["replay", file, "--plugin", &plugin, "--format", "null"]);
    assert_eq!(again.status, 0);
    assert!(again.stderr.contains("guest@1.0.0 trap "), "{}", again.stderr);

    // The same seed, the same inputs.
    let before = std::fs::read(file).unwrap();
    let [second] = fuzz("7").logs().try_into().unwrap();
    assert_eq!(second["faults"], report["faults"]);
    assert_eq!(std::fs::read(file).unwrap(), before);
}

#[test]
fn every_kind_of_fault_is_told_apart() {
    let folder = Folder::new("tools_fuzz_kinds");
    let capture = evil_capture(&folder);
    for (guest, kind) in
        [("trap-in-process", "trap"), ("loop-in-process", "deadline"), ("grow-memory", "memory")]
    {
        let out = folder.path(guest);
        let plugin = bad_plugin(&folder, guest);
        let run = weir([
            "plugin", "fuzz", &plugin, "--pcap", &capture, "--runs", "3", "--seed", "1", "--out", &out,
        ]);
        assert_eq!(run.status, 1, "{guest}: {}", run.stdout);
        assert!(run.stdout.contains(&format!("fault {kind}: ")), "{guest}: {}", run.stdout);
        assert!(Path::new(&out).join(format!("{kind}-1-1.pcap")).exists(), "{guest}: {}", run.stdout);
    }
}

#[test]
fn a_folder_that_can_not_be_written_is_told() {
    let folder = Folder::new("tools_fuzz_folder");
    let (plugin, capture) = (bad_plugin(&folder, "trap-in-process"), evil_capture(&folder));
    let out = folder.file("file", "");
    let run = weir(["plugin", "fuzz", &plugin, "--pcap", &capture, "--runs", "3", "--out", &out]);
    assert_eq!(run.status, 1);
    assert!(run.refusal().contains("choose another --out"), "{}", run.stderr);
}

/// A hook is attacked through the parsers whose messages it sees.
#[test]
fn a_hook_is_attacked_too() {
    let folder = Folder::new("tools_fuzz_hook");
    let capture = folder.file("http.pcap", Capture::http(2, 3));
    let run = weir([
        "plugin",
        "fuzz",
        &plugin("json-status"),
        "--pcap",
        &capture,
        "--runs",
        "300",
        "--seed",
        "1",
        "--format",
        "jsonl",
    ]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let [report] = run.logs().try_into().unwrap();
    assert_eq!((&report["conversations"], &report["inputs"]), (&2.into(), &300.into()));
    assert!(report["calls"].as_u64().unwrap() > 200, "the hook saw most of them: {report}");
}
