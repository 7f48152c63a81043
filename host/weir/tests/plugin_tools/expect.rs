//! `weir plugin test`: what is compared, how differences read, and what a plugin that breaks looks like.

use crate::capture::Capture;
use crate::program::{Folder, Run, weir};
use crate::support::{bad_plugin, echo, echo_capture, evil_capture};

fn test(plugin: &str, capture: &str, expect: &str, more: &[&str]) -> Run {
    weir(["plugin", "test", plugin, "--pcap", capture, "--expect", expect].iter().chain(more))
}

#[test]
fn what_was_blessed_passes() {
    let folder = Folder::new("tools_bless");
    let (capture, expect) = (echo_capture(&folder), folder.path("echo.jsonl"));
    let missing = test(&echo(), &capture, &expect, &[]);
    assert_eq!(missing.status, 1);
    assert!(missing.refusal().contains("write it with --bless"), "{}", missing.stderr);

    let blessed = test(&echo(), &capture, &expect, &["--bless"]);
    assert_eq!((blessed.status, blessed.stderr.as_str()), (0, ""));
    assert!(blessed.stdout.contains("2 request logs of echo written"), "{}", blessed.stdout);
    let lines = std::fs::read_to_string(&expect).unwrap();
    assert!(lines.starts_with("{\"start_time\":\"2025-11-21T"), "the order of fields stays: {lines}");
    assert!(!lines.contains("flow_id") && !lines.contains("\"plugin\""), "{lines}");

    let same = test(&echo(), &capture, &expect, &[]);
    assert_eq!((same.status, same.stdout.as_str(), same.stderr.as_str()), (0, "2 as expected\n", ""));
    // Written again, the file is the same to the byte.
    test(&echo(), &capture, &expect, &["--bless"]);
    assert_eq!(std::fs::read_to_string(&expect).unwrap(), lines);
}

#[test]
fn strict_wants_every_field() {
    let folder = Folder::new("tools_strict");
    let (capture, expect) = (echo_capture(&folder), folder.path("echo.jsonl"));
    test(&echo(), &capture, &expect, &["--bless"]);
    let strict = test(&echo(), &capture, &expect, &["--strict"]);
    assert_eq!(strict.status, 1);
    assert!(strict.stdout.contains("  flow_id\n    expected nothing\n"), "{}", strict.stdout);
    test(&echo(), &capture, &expect, &["--bless", "--strict"]);
    assert_eq!(test(&echo(), &capture, &expect, &["--strict"]).status, 0);
}

#[test]
fn differences_tell_line_field_and_both_values() {
    let folder = Folder::new("tools_differences");
    let capture = echo_capture(&folder);
    let expect = folder.file(
        "echo.jsonl",
        concat!(
            r#"{"request_type":"PING","request_resource":"two","response_exception":"nothing here"}"#,
            "\n\n",
            r#"{"request_type":"PUSH","request_resource":"three"}"#,
            "\n"
        ),
    );
    let run = test(&echo(), &capture, &expect, &[]);
    assert_eq!(run.status, 1);
    let wanted = format!(
        "{expect}:1 differs:\n  response_exception\n    expected \"nothing here\"\n    told     \"no two here\"\n  in {{"
    );
    assert!(run.stdout.starts_with(&wanted), "{}", run.stdout);
    assert!(run.stdout.contains(&format!("{expect}:3 is missing:\n  {{\"request_type\":\"PUSH\"")));
    assert!(run.stdout.contains("not expected:\n  {\"start_time\":"), "{}", run.stdout);
    assert!(
        run.stdout.ends_with("0 as expected, 1 different, 1 missing, 1 not expected\n"),
        "{}",
        run.stdout
    );
    assert!(run.stderr.contains("accept them with --bless"), "{}", run.stderr);
}

#[test]
fn lines_in_any_order_with_few_fields_are_enough() {
    let folder = Folder::new("tools_few");
    let capture = echo_capture(&folder);
    let lines = r#"{"response_status":"server_error","response_result":null}
{"request_resource":"one"}"#;
    let run = test(&echo(), &capture, &folder.file("echo.jsonl", lines), &[]);
    assert_eq!((run.status, run.stdout.as_str()), (0, "2 as expected\n"), "{}", run.stderr);
}

#[test]
fn an_expectation_that_is_no_json_is_told_with_its_line() {
    let folder = Folder::new("tools_no_json");
    let capture = echo_capture(&folder);
    for (text, words) in [("{}\n{]\n", "line 2: "), ("[1]\n", "line 1: "), ("{\"a\":1} {\n", "line 1: ")] {
        let run = test(&echo(), &capture, &folder.file("echo.jsonl", text), &[]);
        assert_eq!(run.status, 1);
        assert!(run.refusal().contains(words) && run.refusal().contains("one JSON object"), "{}", run.stderr);
    }
}

/// Without --all only what the plugin had a hand in.
#[test]
fn all_brings_the_others_too() {
    let folder = Folder::new("tools_all");
    let http = folder.file("http.pcap", Capture::http(1, 3));
    let expect = folder.path("all.jsonl");
    let nothing = test(&echo(), &http, &expect, &["--bless"]);
    assert_eq!(nothing.status, 1, "an expectation of nothing would always pass");
    assert!(
        nothing.refusal().contains("echo had no hand in any of the 3 request logs"),
        "{}",
        nothing.stderr
    );
    assert!(!std::path::Path::new(&expect).exists());
    assert_eq!(test(&echo(), &http, &expect, &["--bless", "--all"]).status, 0);
    assert_eq!(test(&echo(), &http, &expect, &["--all"]).stdout, "3 as expected\n");
}

#[test]
fn a_trap_shows_the_functions_of_the_guest() {
    let folder = Folder::new("tools_trap");
    let capture = evil_capture(&folder);
    let expect = folder.file("evil.jsonl", "");
    let run = test(&bad_plugin(&folder, "trap-in-process"), &capture, &expect, &[]);
    assert_eq!(run.status, 1);
    let fault =
        "guest broke once:\nfault trap: process: wasm `unreachable` instruction executed in `innermost`";
    assert!(run.stdout.starts_with(fault), "{}", run.stdout);
    assert!(run.stdout.contains("\n   0: innermost\n   1: process\n"), "{}", run.stdout);
    assert!(run.errors().iter().any(|line| line.starts_with("guest broke ")), "{}", run.stderr);
    assert!(run.stderr.contains("build it with debug information"), "{}", run.stderr);
}

/// What it did not tell because it broke is counted, and what it said each time is shown once.
#[test]
fn a_plugin_that_breaks_does_not_drown_that_in_differences() {
    let folder = Folder::new("tools_drown");
    let lines = "{\"request_resource\":\"one\"}\n".repeat(31);
    let expect = folder.file("evil.jsonl", lines);
    // More than one call has room for.
    let capture = folder.file("evil.pcap", Capture::talk(&[(true, "EVIL one\n"); 2000]));
    let run = test(&bad_plugin(&folder, "trap-in-process"), &capture, &expect, &[]);
    assert_eq!(run.status, 1);
    assert!(
        run.stdout.ends_with(
            "\n31 expected lines are missing, most likely because it broke\n0 as expected, 31 missing\n"
        ),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("is missing"), "{}", run.stdout);
    let times =
        run.stdout.strip_prefix("guest broke ").and_then(|rest| rest.split_once(" times:\nfault trap: "));
    let times: u64 = times.unwrap_or_else(|| panic!("{}", run.stdout)).0.parse().unwrap();
    let broke: Vec<&str> = run.stderr.lines().filter(|line| line.contains("the plugin broke")).collect();
    assert_eq!(broke.len(), 1, "{}", run.stderr);
    assert!(broke[0].ends_with(&format!(" (and {} more like it)", times - 1)), "{}", run.stderr);
    assert!(!run.stderr.contains("--bless"), "nobody shall accept that: {}", run.stderr);
}

/// Go writes a panic word by word; a line of the log is a line of what it wrote.
#[test]
fn what_a_plugin_prints_in_pieces_is_logged_in_lines() {
    let folder = Folder::new("tools_print");
    let text = crate::guests::with(
        r#"
;;; import
(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
;;; text
(data (i32.const 0x1000) "\20\10\00\00\06\00\00\00" "\26\10\00\00\0b\00\00\00" "\31\10\00\00\03\00\00\00")
(data (i32.const 0x1020) "panic:" " not this\n\t" "one")
;;; process
(func $process (export "weir:plugin/parser@0.1.0#process") (param i32 i32 i32 i32 i32 i32) (result i32)
  (drop (call $write (i32.const 2) (i32.const 0x1000) (i32.const 1) (i32.const 0x1100)))
  (drop (call $write (i32.const 2) (i32.const 0x1008) (i32.const 1) (i32.const 0x1100)))
  (drop (call $write (i32.const 2) (i32.const 0x1010) (i32.const 1) (i32.const 0x1100)))
  unreachable)"#,
    );
    let plugin = folder.file("prints.wasm", wat::parse_str(text).unwrap());
    let run = test(&plugin, &evil_capture(&folder), &folder.file("none.jsonl", ""), &[]);
    let lines: Vec<&str> = run.stderr.lines().take(2).collect();
    assert!(lines[0].starts_with("weir: warn: panic: not this one plugin=\"guest\""), "{}", run.stderr);
    assert!(lines[1].starts_with("weir: warn: the plugin broke"), "{}", run.stderr);
}

/// A plugin that claims what a built-in one claims is refused in a replay; here it takes its place.
#[test]
fn a_built_in_plugin_makes_room() {
    let folder = Folder::new("tools_room");
    let (capture, expect) = (evil_capture(&folder), folder.path("redis.jsonl"));
    let text = crate::guests::guest("good").replace("\"Guest\\00", "\"Redis\\00");
    let plugin = folder.file("redis.wasm", wat::parse_str(text).unwrap());
    let refused = weir(["replay", &capture, "--plugin", &plugin]);
    assert!(refused.refusal().contains("protocol `Redis` is claimed by"), "{}", refused.stderr);
    let run = test(&plugin, &capture, &expect, &["--bless"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(std::fs::read_to_string(&expect).unwrap().contains("\"l7_protocol\":\"Redis\""));
}
