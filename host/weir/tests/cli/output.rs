//! What is printed where, and what happens when nobody wants it.

use std::io::{Read, Write};
use std::process::Stdio;

use crate::capture::Capture;
use crate::program::{Folder, Run, command, weir};

#[test]
fn json_lines_are_whole_objects() {
    let folder = Folder::new("json_lines");
    let file = folder.file("a.pcap", Capture::http(3, 4));
    let run = weir(["replay", &file, "--format", "jsonl"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let logs = run.logs();
    assert_eq!(logs.len(), 12);
    assert!(logs.iter().all(|log| log["l7_protocol"] == "HTTP" && log["type"] == "session"));
    let missing: Vec<_> = logs.iter().filter(|log| log["response_code"] == 404).collect();
    assert_eq!(missing.len(), 3);
    assert_eq!(missing[0]["request_resource"], "/20000/2");
    assert_eq!(missing[0]["response_status"], "client_error");
    assert_eq!(missing[0]["response_duration"], 50);
    assert_eq!(missing[0]["client_ip"], "10.0.0.1");
    assert!(missing[0]["plugin"][0].as_str().unwrap().starts_with("http@"));
}

#[test]
fn the_table_is_the_default_and_has_a_header() {
    let folder = Folder::new("table");
    let file = folder.file("a.pcap", Capture::http(1, 3));
    let run = weir(["replay", &file]);
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!((run.status, lines.len()), (0, 4));
    assert!(lines[0].starts_with("TIME (UTC)"), "{}", lines[0]);
    assert!(lines[1].ends_with("200                GET /20000/0"), "{}", lines[1]);
    assert!(lines[3].ends_with("404 client_error   GET /20000/2 ! Not Found"), "{}", lines[3]);
    assert!(!run.stdout.contains('\x1b'), "colours only on a terminal");
}

#[test]
fn null_prints_the_summary_alone() {
    let folder = Folder::new("null");
    let file = folder.file("a.pcap", Capture::http(2, 3));
    let run = weir(["replay", &file, "--format", "null"]);
    assert_eq!((run.status, run.stdout.as_str()), (0, ""));
    assert!(run.stderr.contains("weir: 1 file, 24 frames, "), "{}", run.stderr);
    assert!(run.stderr.contains("6 of 2 flows, HTTP 6 (client_error 2)"), "{}", run.stderr);
    assert!(!run.stderr.contains("lost"), "{}", run.stderr);
}

#[test]
fn stats_tell_every_stage_and_every_plugin() {
    let folder = Folder::new("stats");
    let file = folder.file("a.pcap", Capture::http(2, 3));
    let run = weir(["replay", &file, "--format", "null", "--stats"]);
    let line = |start: &str| run.stderr.lines().find(|line| line.starts_with(start)).expect(start);
    let words = |start: &str| line(start).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert!(run.stderr.contains("STAGE"));
    let counter = |name: &str| {
        let line = run.stderr.lines().find(|line| line.split_whitespace().nth(1) == Some(name));
        line.expect(name).split_whitespace().last().unwrap().to_owned()
    };
    assert_eq!(
        (counter("frames"), counter("paired"), counter("told")),
        ("24".into(), "6".into(), "6".into())
    );
    assert_eq!(words("HTTP ")[1..4], ["6", "6", "2"]);
    let http = words("http@");
    assert_ne!(http[1], "0", "calls: {http:?}");
    assert_eq!(http[3], "12", "messages: {http:?}");
}

#[test]
fn standard_input_and_gzip_are_read() {
    let capture = Capture::http(2, 2);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&capture).unwrap();
    for bytes in [capture, packed.finish().unwrap()] {
        let mut child = command()
            .args(["replay", "-", "--format", "jsonl"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!((run.status, run.logs().len()), (0, 4), "{}", run.stderr);
    }
}

#[test]
fn several_files_are_captures_of_their_own() {
    let folder = Folder::new("several");
    let file = folder.file("a.pcap", Capture::http(1, 2));
    let run = weir(["replay", &file, &file, &file, "--format", "jsonl"]);
    assert_eq!((run.status, run.logs().len()), (0, 6));
    assert!(run.stderr.starts_with("weir: 3 files, "), "{}", run.stderr);
}

/// `weir replay ... | head -1`: no error, nothing on standard error but the summary.
#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let folder = Folder::new("broken_pipe");
    let file = folder.file("a.pcap", Capture::http(50, 400));
    for threads in ["1", "3"] {
        let mut child = command()
            .args(["replay", &file, "--format", "jsonl", "--threads", threads])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 100]).unwrap();
        drop(stdout);
        let run = Run::of(child.wait_with_output().unwrap());
        assert_eq!((run.status, run.errors()), (0, vec![]), "{}", run.stderr);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    let folder = Folder::new("full");
    let file = folder.file("a.pcap", Capture::http(5, 50));
    for threads in ["1", "3"] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = command();
        command.args(["replay", &file, "--format", "jsonl", "--threads", threads]).stdout(full);
        let run = Run::of(command.stderr(Stdio::piped()).output().unwrap());
        assert_eq!(run.status, 1);
        assert_eq!(run.errors().len(), 1, "{}", run.stderr);
        assert!(
            run.errors()[0].starts_with("can not write to standard output: No space left"),
            "{}",
            run.stderr
        );
    }
}
