//! The number of workers changes the order of logs, never the set.

use crate::capture::Capture;
use crate::program::{Folder, weir};

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
