//! What can not be read: one clear line, status 1, after everything readable was printed.

use crate::capture::Capture;
use crate::program::{Folder, Run, command, weir};

/// Replays files of which none, or not all, can be read; gives the error lines and the number of logs.
fn replay(files: &[&str]) -> (Vec<String>, usize) {
    let run = weir(["replay", "--format", "jsonl"].iter().chain(files));
    assert_eq!(run.status, 1, "{}", run.stderr);
    (run.errors().into_iter().map(str::to_owned).collect(), run.logs().len())
}

fn only_error(file: &str) -> String {
    let error = the_only(&weir(["replay", "--format", "jsonl", file]));
    assert!(error.contains(file), "{error} does not name {file}");
    error
}

/// The error of a run that said nothing else.
fn the_only(run: &Run) -> String {
    let [error] = run.errors()[..] else { panic!("not one error: {}", run.stderr) };
    assert_eq!((run.status, run.logs().len()), (1, 0), "{}", run.stderr);
    error.to_owned()
}

#[test]
fn what_is_not_a_capture() {
    let folder = Folder::new("not_a_capture");
    for (name, content) in [
        ("text", &b"GET / HTTP/1.1\r\n\r\n and some more of it"[..]),
        ("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("zeros", &[0; 100]),
        ("short", b"\xd4\xc3\xb2"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
    ] {
        let error = only_error(&folder.file(name, content));
        assert!(error.contains("not a capture") || error.contains("ends too early"), "{name}: {error}");
    }
}

#[test]
fn an_empty_file() {
    let folder = Folder::new("empty");
    assert!(only_error(&folder.file("empty.pcap", "")).contains("empty"));
}

#[test]
fn a_file_that_is_not_there() {
    let folder = Folder::new("missing");
    let error = only_error(&folder.path("nothing.pcap"));
    assert!(error.starts_with("can not open") && error.contains("check the path"), "{error}");
}

#[test]
fn a_folder() {
    let folder = Folder::new("folder");
    assert!(only_error(&folder.path(".")).contains("directory"));
}

#[test]
#[cfg(unix)]
fn no_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("permission");
    let file = folder.file("a.pcap", Capture::http(1, 1));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = if std::fs::File::open(&file).is_ok() { bound_by_permissions() } else { command() };
    let run = Run::of(command.args(["replay", "--format", "jsonl", &file]).output().expect("it runs"));
    let error = the_only(&run);
    assert!(error.contains(&file) && error.contains("run as a user that may read it"), "{error}");
}

/// This user may read every file: without the capabilities by which it may.
#[cfg(unix)]
fn bound_by_permissions() -> std::process::Command {
    let mut setpriv = std::process::Command::new("setpriv");
    setpriv.args(["--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search"]);
    setpriv.arg(command().get_program()).env_remove("WEIR_LOG");
    setpriv
}

#[test]
fn an_unknown_link_type() {
    let folder = Folder::new("link_type");
    let mut bytes = Capture::http(1, 1);
    bytes[20..24].copy_from_slice(&148u32.to_le_bytes());
    let error = only_error(&folder.file("a.pcap", bytes));
    assert!(error.contains("148"), "{error}");
}

/// The number of records of system calls is free for private use, so others use it too.
#[test]
fn what_others_mean_by_a_private_link_type() {
    let folder = Folder::new("private_link_type");
    let mut bytes = Capture::http(1, 1);
    bytes[20..24].copy_from_slice(&147u32.to_le_bytes());
    let run = weir(["replay", "--format", "jsonl", "--stats", &folder.file("a.pcap", bytes)]);
    assert_eq!((run.status, run.logs().len()), (0, 0), "{}", run.stderr);
    assert!(run.stderr.contains("malformed-socket") || run.stderr.contains("truncated"), "{}", run.stderr);
}

/// At every cut there is one error line, and what was whole before it is told.
#[test]
fn truncated_anywhere() {
    let folder = Folder::new("truncated");
    let whole = Capture::http(1, 6);
    let mut told = 0;
    for length in (24..whole.len()).step_by(97) {
        let file = folder.file("a.pcap", &whole[..length]);
        let run = weir(["replay", "--format", "jsonl", &file]);
        let logs = run.logs();
        assert!(logs.len() >= told, "{length}: {}", run.stderr);
        told = logs.len();
        if run.status == 0 {
            assert_eq!(run.errors(), [""; 0]); // cut between two records: a whole file
        } else {
            assert_eq!((run.status, run.errors().len()), (1, 1), "{}", run.stderr);
            assert!(run.errors()[0].contains("ends too early"), "{}", run.stderr);
        }
    }
    assert_eq!(told, 6);
}

#[test]
fn a_length_that_can_not_be() {
    let folder = Folder::new("absurd");
    let mut bytes = Capture::http(1, 3);
    let end = bytes.len();
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f]);
    bytes.extend([0; 64]);
    let (errors, logs) = replay(&[&folder.file("a.pcap", bytes)]);
    assert_eq!((errors.len(), logs), (1, 3), "{errors:?}");
    assert!(errors[0].contains(&format!("byte {end}")), "{errors:?}");
}

#[test]
fn a_bad_file_between_good_ones_hides_none() {
    let folder = Folder::new("between");
    let good = folder.file("good.pcap", Capture::http(1, 2));
    let (errors, logs) =
        replay(&[&good, &folder.path("nothing"), &good, &folder.file("text", "text"), &good]);
    assert_eq!((errors.len(), logs), (2, 6), "{errors:?}");
    assert!(errors[0].contains("nothing") && errors[1].contains("text"), "{errors:?}");
}

#[test]
fn names_do_not_reach_the_terminal_raw() {
    let run = weir(["replay", "a\x1b[2J\nb"]);
    assert_eq!(run.errors().len(), 1);
    assert!(!run.stderr.contains('\x1b'), "{:?}", run.stderr);
}
