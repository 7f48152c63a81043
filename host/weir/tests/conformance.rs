//! The binary against captures of real servers, as they are and rewritten: see `tests/conformance/README.md`.
#![allow(clippy::unwrap_used)] // a test

#[path = "conformance/packets.rs"]
mod packets;
#[path = "conformance/records.rs"]
mod records;
#[path = "conformance/score.rs"]
mod score;
#[path = "conformance/trouble.rs"]
mod trouble;

use std::path::{Path, PathBuf};
use std::process::Command;

use packets::{Packet, Wrapping};
use records::{Cut, End};
use score::Score;
use serde_json::Value;
use trouble::Random;

const WHOLE: usize = usize::MAX;

fn cases(prefix: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/cases");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "pcap"))
        .filter(|path| path.file_name().unwrap().to_string_lossy().starts_with(prefix))
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no case {prefix}*");
    cases
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

fn truth(case: &Path) -> Vec<Value> {
    json_lines(&std::fs::read_to_string(case.with_extension("truth.jsonl")).unwrap())
}

fn replay(capture: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["replay", "--format", "jsonl"])
        .args(arguments)
        .arg(capture)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}: {}", capture.display(), String::from_utf8_lossy(&output.stderr));
    json_lines(&String::from_utf8(output.stdout).unwrap())
}

fn replay_packets(packets: &[Packet], wrapping: Wrapping, snap: usize, name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pcap"));
    packets::write(packets, wrapping, snap, &path);
    replay(&path, &[])
}

fn assert_right(what: &str, score: &Score) {
    let shown = || format!("{:#?}\n{:#?}", first(&score.misses), first(&score.spurious));
    let enough = score.right * 100 >= score.strict * 99;
    assert!(enough, "{what}: {} of {} right\n{}", score.right, score.strict, shown());
    let spurious = score.spurious.len() * 100 <= score.strict;
    assert!(spurious || score.strict == 0, "{what}: {} spurious\n{}", score.spurious.len(), shown());
}

/// Whatever is told as a session is true, and at least `percent` of the rows are told.
fn assert_true(what: &str, percent: usize, score: &Score) {
    assert!(score.untrue.is_empty(), "{what}: {} untrue {:#?}", score.untrue.len(), first(&score.untrue));
    // A single loss is much of a small capture.
    let enough = score.strict < 50 || score.found * 100 >= score.strict * percent;
    assert!(enough, "{what}: {} of {}", score.found, score.strict);
}

fn first<T>(items: &[T]) -> &[T] {
    &items[..items.len().min(3)]
}

fn as_captured(prefix: &str) {
    for case in cases(prefix) {
        let truth = truth(&case);
        let lines = replay(&case, &[]);
        assert_right(&case.display().to_string(), &score::score(&lines, &truth));
        // Any number of workers tells the same.
        let sorted = |lines: &[Value]| {
            let mut lines: Vec<String> = lines.iter().map(Value::to_string).collect();
            lines.sort();
            lines
        };
        let spread = replay(&case, &["--threads", "3"]);
        assert_eq!(sorted(&lines), sorted(&spread), "{}: three workers tell something else", case.display());
    }
}

fn rewritten(prefix: &str) {
    for case in cases(prefix) {
        let truth = truth(&case);
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        let packets = trouble::resegment(&packets::read(&case), 1400);
        for wrapping in [Wrapping::Raw, Wrapping::Sll, Wrapping::QinQ, Wrapping::Gre, Wrapping::Vxlan] {
            let lines = replay_packets(&packets, wrapping, WHOLE, &format!("{name}-{wrapping:?}"));
            assert_right(&format!("{name} in {wrapping:?}"), &score::score(&lines, &truth));
        }
        let random = &mut Random::new(7);
        let shapes = [
            ("small-segments", trouble::resegment(&packets, 97)),
            ("repeated", trouble::repeat(&packets, random)),
            ("swapped", trouble::swap(&trouble::resegment(&packets, 300), random)),
        ];
        for (shape, packets) in shapes {
            let lines = replay_packets(&packets, Wrapping::Plain, WHOLE, &format!("{name}-{shape}"));
            assert_right(&format!("{name} {shape}"), &score::score(&lines, &truth));
        }
        let lines =
            replay_packets(&trouble::elsewhere(&packets), Wrapping::Plain, WHOLE, &format!("{name}-moved"));
        let before = replay_packets(&packets, Wrapping::Plain, WHOLE, &format!("{name}-plain"));
        assert_eq!(lines.len(), before.len(), "{name}: addresses and ports must not matter");
    }
}

fn troubled(prefix: &str) {
    for case in cases(prefix).iter().filter(|case| !case.to_string_lossy().contains("caploss")) {
        let truth = truth(case);
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        let packets = trouble::resegment(&packets::read(case), 1400);
        // HPACK: a lost request hides what later ones on its connection refer to, their paths first of all.
        let is_compressed = ["grpc_", "h2c_"].contains(&prefix);
        let floors = if is_compressed { [(1, 50), (5, 10), (20, 0)] } else { [(1, 85), (5, 50), (20, 5)] };
        for (percent, found) in floors {
            let left = trouble::lose(&packets, percent, &mut Random::new(percent));
            let what = format!("{name}-lost-{percent}");
            let lines = replay_packets(&left, Wrapping::Plain, WHOLE, &what);
            assert_true(&what, found, &score::score(&lines, &truth));
        }
        for tenth in [1, 3, 5] {
            let what = format!("{name}-joined-{tenth}");
            let rest = &packets[packets.len() * tenth / 10..];
            let lines = replay_packets(rest, Wrapping::Plain, WHOLE, &what);
            assert_true(&what, 0, &score::score(&lines, &truth));
        }
        for snap in [120, 300, 600] {
            let what = format!("{name}-cut-{snap}");
            let lines = replay_packets(&packets, Wrapping::Plain, snap, &what);
            assert_true(&what, 0, &score::score(&lines, &truth));
        }
    }
}

/// Only one side was captured: every request (or response) is told alone.
fn one_sided(prefix: &str) {
    for case in cases(prefix).iter().filter(|case| !case.to_string_lossy().contains("loss")) {
        let name = case.file_stem().unwrap().to_string_lossy().into_owned();
        let packets = packets::read(case);
        let all = replay(case, &[]);
        let servers: Vec<u64> = all.iter().filter_map(|line| line["server_port"].as_u64()).collect();
        let of_server = |packet: &&Packet| servers.contains(&u64::from(packet.source.1));
        let (answers, questions): (Vec<Packet>, Vec<Packet>) = {
            let (a, q): (Vec<&Packet>, Vec<&Packet>) = packets.iter().partition(|packet| of_server(packet));
            (a.into_iter().cloned().collect(), q.into_iter().cloned().collect())
        };
        for (packets, expected) in [(questions, "request"), (answers, "response")] {
            let lines = replay_packets(&packets, Wrapping::Plain, WHOLE, &format!("{name}-{expected}s"));
            let wrong = lines.iter().find(|line| line["type"] != expected);
            assert!(wrong.is_none(), "{name}: {wrong:?}");
            let with_both = all.iter().filter(|line| line["type"] == "session").count();
            assert!(
                lines.len() * 100 >= with_both * 90,
                "{name}: {} {expected}s of {with_both}",
                lines.len()
            );
        }
    }
}

/// What system calls of both ends carried gives twice what packets give, whatever the sizes; but for who called, and when, where several
/// packets were read at once.
fn called(case: &str) {
    let path = cases(&format!("{case}.")).remove(0);
    let packets = packets::read(&path);
    let truth = truth(&path);
    for cut in [Cut::Smaller, Cut::Larger] {
        let of = |end| records::of(&packets, end, cut, &mut Random::new(11));
        let mut records = of(End::Client);
        records.extend(of(End::Server));
        records.sort_by_key(|record| record.time);
        let capture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{case}-{cut:?}-records.pcap"));
        records::write(&records, &capture);
        let times = ["start_time", "end_time", "response_duration"];
        let times = if cut == Cut::Larger { &times[..] } else { &[] };
        let expected = without(&replay(&path, &[]), times);
        for threads in ["1", "3"] {
            let lines = replay(&capture, &["--threads", threads]);
            for end in [End::Client, End::Server] {
                let what = format!("{case}, {cut:?}, {} and {threads} threads", end.name());
                let mine = |line: &&Value| line["process_name"] == end.name();
                let mine: Vec<Value> = lines.iter().filter(mine).cloned().collect();
                assert!(
                    mine.iter().all(|line| line["signal_source"] == "ebpf" && line["thread_id"] == 8),
                    "{what}"
                );
                let (found, missing) = (without(&mine, times), |a: &[String], b: &[String]| {
                    a.iter().filter(|line| !b.contains(line)).cloned().collect::<Vec<String>>()
                });
                let (lost, new) = (missing(&expected, &found), missing(&found, &expected));
                assert!(
                    found == expected,
                    "{what}: {} of {}\n{:#?}\n{:#?}",
                    found.len(),
                    expected.len(),
                    first(&lost),
                    first(&new)
                );
                assert_right(&what, &score::score(&mine, &truth));
            }
            assert_eq!(lines.len(), expected.len() * 2, "{case}: nobody else calls");
        }
    }
}

/// Lines in order, without what differs between packets and calls, and without these fields.
fn without(lines: &[Value], fields: &[&str]) -> Vec<String> {
    let left_out = ["signal_source", "flow_id", "process_id", "process_name", "thread_id"];
    let mut lines: Vec<String> = lines
        .iter()
        .map(|line| {
            let kept = line.as_object().unwrap().iter();
            let kept = kept
                .filter(|(name, _)| !left_out.contains(&name.as_str()) && !fields.contains(&name.as_str()));
            kept.map(|(name, value)| format!("{name}={value} ")).collect()
        })
        .collect();
    lines.sort();
    lines
}

macro_rules! calls {
    ($($case:ident),*) => {
        mod calls {
            $(#[test]
            fn $case() {
                super::called(stringify!($case));
            })*
        }
    };
}

calls!(dns_port53, h2c_port80, http1_core, mysql_core, redis_core);

macro_rules! protocols {
    ($($module:ident $prefix:literal),*) => {
        $(mod $module {
            #[test]
            fn as_captured() {
                super::as_captured($prefix);
            }
            #[test]
            fn rewritten() {
                super::rewritten($prefix);
            }
            #[test]
            fn troubled() {
                super::troubled($prefix);
            }
            #[test]
            fn one_sided() {
                super::one_sided($prefix);
            }
        })*
    };
}

protocols!(dns "dns_", grpc "grpc_", h2c "h2c_", http1 "http1_", mysql "mysql_", redis "redis_");
