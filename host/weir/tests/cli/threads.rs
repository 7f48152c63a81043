//! The number of workers changes the order of logs, never the set.

use std::io::Write;
use std::process::Stdio;

use crate::capture::Capture;
use crate::program::{Folder, Run, command, weir};

#[test]
fn any_number_of_workers_tells_the_same() {
    let folder = Folder::new("threads");
    let file = folder.file("a.pcap", Capture::http(40, 200));
    let logs = |threads: &str| {
        let run = weir(["replay", &file, "--format", "jsonl", "--threads", threads]);
        assert_eq!(run.status, 0, "{}", run.stderr);
        assert!(run.stderr.contains("weir: 1 file, 16,240 frames"), "{}", run.stderr);
        let mut lines: Vec<_> = run.stdout.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let one = logs("1");
    assert_eq!(one.len(), 8000);
    for threads in ["2", "3", "8", "64"] {
        assert!(logs(threads) == one, "{threads} workers");
    }
}

/// A pipe gives small pieces, so that workers take turns thousands of times.
#[test]
fn many_small_blocks_keep_their_order() {
    let capture = Capture::http(40, 200);
    let mut child = command()
        .args(["replay", "-", "--format", "jsonl", "--threads", "6"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer =
        std::thread::spawn(move || capture.chunks(997).for_each(|piece| stdin.write_all(piece).unwrap()));
    let run = Run::of(child.wait_with_output().unwrap());
    writer.join().unwrap();
    assert_eq!((run.status, run.logs().len()), (0, 8000), "{}", run.stderr);
    assert!(run.logs().iter().all(|log| log["type"] == "session"), "{}", run.stderr);
    assert!(!run.stderr.contains("lost"), "{}", run.stderr);
}

#[test]
fn a_truncated_file_is_told_to_its_end_by_all_workers() {
    let folder = Folder::new("threads_truncated");
    let mut bytes = Capture::http(10, 20);
    bytes.truncate(bytes.len() - 5);
    let file = folder.file("a.pcap", bytes);
    let run = weir(["replay", &file, "--format", "jsonl", "--threads", "4"]);
    assert_eq!((run.status, run.logs().len()), (1, 200), "{}", run.stderr);
    assert!(run.errors()[0].contains("ends too early"), "{}", run.stderr);
}
