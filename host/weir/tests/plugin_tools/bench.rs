//! `weir plugin bench`: numbers that fit together, and what it says when there is nothing to measure.

use crate::capture::Capture;
use crate::program::{Folder, weir};
use crate::support::{bad_plugin, echo, echo_capture, evil_capture, plugin};

#[test]
fn numbers_fit_together() {
    let folder = Folder::new("tools_bench");
    let capture = echo_capture(&folder);
    let run = weir(["plugin", "bench", &echo(), "--pcap", &capture, "--seconds", "1", "--format", "jsonl"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let [report] = run.logs().try_into().unwrap();
    let number = |name: &str| report[name].as_f64().expect(name);
    // Four payloads of 44 bytes in all and as many messages in each round.
    let rounds = number("rounds");
    assert!(rounds >= 1.0);
    assert_eq!((number("payloads"), number("messages")), (4.0 * rounds, 4.0 * rounds));
    assert_eq!(number("payload_bytes"), 44.0 * rounds);
    assert_eq!(number("payloads_a_call"), 4.0, "one burst is one call");
    assert!(number("call_p50") <= number("call_p99") && number("call_p50") > 0.0, "{report}");
    let payload = number("nanoseconds_a_payload");
    assert!(payload > 0.0 && payload < 1e6, "{report}");
    assert_eq!(number("memory_growth_a_million_payloads"), 0.0, "{report}");
    assert!(number("memory_peak") >= number("memory_before"));
    assert_eq!(report["plugin"].as_str().unwrap().split('@').next(), Some("echo"));
}

#[test]
fn hooks_are_measured_by_what_they_see() {
    let folder = Folder::new("tools_bench_hook");
    let capture = folder.file("http.pcap", Capture::http(2, 3));
    let run = weir([
        "plugin",
        "bench",
        &plugin("json-status"),
        "--pcap",
        &capture,
        "--seconds",
        "1",
        "--format",
        "jsonl",
    ]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let [report] = run.logs().try_into().unwrap();
    let hook = &report["hooks"][0];
    // It wants responses alone.
    assert_eq!(hook["subjects"].as_u64().unwrap(), 6 * report["rounds"].as_u64().unwrap(), "{report}");
    assert_eq!((&hook["hook"], &report["payloads"]), (&"http".into(), &0.into()));
    assert!(hook["nanoseconds_a_subject"].as_f64().unwrap() > 0.0, "{report}");
}

#[test]
fn a_batch_is_no_larger_than_asked() {
    let folder = Folder::new("tools_batch");
    let capture = echo_capture(&folder);
    let run = weir([
        "plugin",
        "bench",
        &echo(),
        "--pcap",
        &capture,
        "--seconds",
        "1",
        "--batch",
        "2",
        "--format",
        "jsonl",
    ]);
    let [report] = run.logs().try_into().unwrap();
    assert!(report["payloads_a_call"].as_f64().unwrap() <= 2.0, "{report}");
}

#[test]
fn the_table_is_for_people() {
    let folder = Folder::new("tools_table");
    let run = weir(["plugin", "bench", &echo(), "--pcap", &echo_capture(&folder), "--seconds", "1"]);
    for words in [
        "a payload ",
        "p50 ",
        "payload bytes ",
        "guest memory grows   not at all\n",
        "faults               0\n",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    assert!(!run.stdout.contains('\x1b') && run.stderr.is_empty(), "{}", run.stderr);
}

#[test]
fn nothing_for_it_in_the_capture() {
    let folder = Folder::new("tools_nothing");
    let http = folder.file("http.pcap", Capture::http(1, 2));
    let run = weir(["plugin", "bench", &echo(), "--pcap", &http, "--seconds", "1"]);
    assert_eq!(run.status, 1);
    assert!(run.refusal().contains("fits a signature of echo"), "{}", run.stderr);
    let other = folder.file("other.pcap", Capture::talk(&[(true, "no such thing\n")]));
    assert_eq!(weir(["plugin", "bench", &echo(), "--pcap", &other]).status, 1);
}

#[test]
fn a_plugin_that_breaks_is_no_success() {
    let folder = Folder::new("tools_bench_trap");
    let (plugin, capture) = (bad_plugin(&folder, "trap-in-process"), evil_capture(&folder));
    let run = weir(["plugin", "bench", &plugin, "--pcap", &capture, "--seconds", "1"]);
    assert_eq!(run.status, 1);
    assert!(
        run.stdout.contains("fault trap: process: ") && run.stdout.contains("0: innermost"),
        "{}",
        run.stdout
    );
    // The log would say each of the many faults.
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
}
