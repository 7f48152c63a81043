//! The commands that are measured.
//!
//! Takes: a capture and the programs that are there. Gives: command lines, and how to count requests in what they print.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::suricata;

/// Names in the table.
pub(super) const CAT: &str = "cat FILE >/dev/null";
pub(super) const NULL: &str = "weir, null";
pub(super) const NULL_TWO: &str = "weir, null, 2 threads";
pub(super) const LOOK: &str = "weir, null, a hook that looks at requests";
pub(super) const JSONL: &str = "weir, jsonl to a file";
pub(super) const NATIVE: &str = "weir-native, null";
pub(super) const SURICATA: &str = "Suricata, HTTP log to a file";
pub(super) const TSHARK: &str = "tshark, fields to a file";

/// A command line with a name for the table.
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) output: Output,
}

/// Where request logs go, and which lines are one.
pub(super) enum Output {
    /// Nowhere.
    None,
    /// Standard output, to a file.
    Stdout { file: PathBuf, is_request: fn(&[u8]) -> bool },
    /// A file of the tool's own.
    File { file: PathBuf, is_request: fn(&[u8]) -> bool },
}

impl Output {
    /// Requests in it; none where nothing is written.
    pub(super) fn requests(&self) -> Result<Option<u64>> {
        let (Self::Stdout { file, is_request } | Self::File { file, is_request }) = self else {
            return Ok(None);
        };
        let mut reader = BufReader::with_capacity(1 << 20, File::open(file)?);
        let (mut line, mut count) = (Vec::new(), 0);
        while reader.read_until(b'\n', &mut line)? > 0 {
            count += u64::from(is_request(&line));
            line.clear();
        }
        Ok(Some(count))
    }
}

impl Contender {
    /// As a person would type it.
    pub(super) fn line(&self) -> String {
        let mut line = self.program.display().to_string();
        for argument in &self.arguments {
            line.push(' ');
            line.push_str(&argument.to_string_lossy());
        }
        line
    }
}

/// `weir replay`, no output.
pub(super) fn weir_null(name: &'static str, program: &Path, threads: u32, capture: &Path) -> Contender {
    let arguments = replay(capture, "null", threads);
    Contender { name, program: program.to_owned(), arguments, output: Output::None }
}

/// `weir replay` with one more plugin, no output.
pub(super) fn weir_plugin(name: &'static str, program: &Path, plugin: &Path, capture: &Path) -> Contender {
    let mut arguments = replay(capture, "null", 1);
    arguments.extend(["--plugin".into(), plugin.into()]);
    Contender { name, program: program.to_owned(), arguments, output: Output::None }
}

/// `weir replay`, JSON lines to a file.
pub(super) fn weir_jsonl(name: &'static str, program: &Path, capture: &Path, scratch: &Path) -> Contender {
    let arguments = replay(capture, "jsonl", 1);
    let output =
        Output::Stdout { file: scratch.join("weir.jsonl"), is_request: |line| line.starts_with(b"{") };
    Contender { name, program: program.to_owned(), arguments, output }
}

fn replay(capture: &Path, format: &str, threads: u32) -> Vec<OsString> {
    let mut arguments = words(&["replay", "--format", format, "--threads"]);
    arguments.push(threads.to_string().into());
    arguments.push(capture.into());
    arguments
}

/// Reads the file and drops it: no tool can be faster.
pub(super) fn cat(capture: &Path) -> Contender {
    Contender { name: CAT, program: "cat".into(), arguments: vec![capture.into()], output: Output::None }
}

/// Requests and responses as fields, in one pass.
pub(super) fn tshark(capture: &Path, scratch: &Path) -> Contender {
    let mut arguments = words(&["-n", "-r"]);
    arguments.push(capture.into());
    arguments.extend(words(&["-Y", "http", "-T", "fields"]));
    for field in [
        "http.request.method",
        "frame.time_epoch",
        "ip.src",
        "ip.dst",
        "tcp.stream",
        "http.host",
        "http.request.uri",
        "http.response.code",
        "http.time",
    ] {
        arguments.extend(words(&["-e", field]));
    }
    // The first column, the method, is empty for responses.
    let is_request = |line: &[u8]| line.first().is_some_and(u8::is_ascii_alphabetic);
    let output = Output::Stdout { file: scratch.join("tshark.txt"), is_request };
    Contender { name: TSHARK, program: "tshark".into(), arguments, output }
}

/// One thread, its HTTP log, no rules.
pub(super) fn suricata(capture: &Path, scratch: &Path) -> Result<Contender> {
    let configuration = scratch.join("suricata.yaml");
    std::fs::write(&configuration, suricata::configuration(scratch))?;
    // No rules; checksums unchecked, as Weir leaves them.
    let mut arguments = words(&["--runmode", "single", "-k", "none", "-S", "/dev/null", "-c"]);
    arguments.push(configuration.into());
    arguments.push("-l".into());
    arguments.push(scratch.into());
    arguments.push("-r".into());
    arguments.push(capture.into());
    let is_request = |line: &[u8]| line.windows(19).any(|part| part == br#""event_type":"http""#);
    let output = Output::File { file: scratch.join(suricata::LOG), is_request };
    Ok(Contender { name: SURICATA, program: "suricata".into(), arguments, output })
}

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}
