//! The results as Markdown.
//!
//! Takes: measured rows. Gives: text for the terminal and for docs/performance.md. Judges nothing: targets are the reader's.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::captures::Capture;
use super::measure::Table;
use crate::{command, workspace};

/// Text that grows.
pub(super) struct Report {
    text: String,
}

impl Report {
    /// Says when, on what, and which versions.
    pub(super) fn new(programs: Vec<(&str, Command)>) -> Self {
        let mut report = Self { text: String::new() };
        report.line(&format!("Measured on {} on {}.", today(), processor()));
        report.line("");
        for (name, mut version) in programs {
            report.line(&format!("- {name}: {}", first_line(&mut version)));
        }
        report
    }

    /// Adds a line; shown at once.
    pub(super) fn line(&mut self, line: &str) {
        println!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds the table of one capture. Rows with a count that is not the capture's say so.
    pub(super) fn table(&mut self, title: &str, capture: &Capture, table: &Table) {
        let megabytes = capture.bytes as f64 / 1e6;
        self.line(&format!("\n### {title}: {} requests in {megabytes:.0} MB\n", grouped(capture.requests)));
        self.line("| command | CPU s | wall s | requests a CPU s | MB/s | peak MB | requests logged |");
        self.line("|---|---:|---:|---:|---:|---:|---:|");
        for (name, cost) in &table.0 {
            let seconds = cost.processor.as_secs_f64();
            let logged = match cost.logged {
                None => "-".to_owned(),
                Some(count) if count == capture.requests => "all".to_owned(),
                Some(count) => format!("**{}**", grouped(count)),
            };
            let rate = grouped((capture.requests as f64 / seconds) as u64);
            let mut line = String::new();
            let _ = write!(
                line,
                "| {name} | {seconds:.2} | {:.2} | {rate} | {:.0} | {:.0} | {logged} |",
                cost.wall.as_secs_f64(),
                megabytes / seconds,
                cost.peak as f64 / 1e6
            );
            self.line(&line);
        }
        self.line("");
    }

    /// Adds how much one is of another, when both were measured.
    pub(super) fn ratio(&mut self, what: &str, ratio: Option<f64>) {
        match ratio {
            Some(ratio) => self.line(&format!("- {what}: {ratio:.2}")),
            None => self.line(&format!("- {what}: not measured")),
        }
    }

    /// Adds what something costs for each request, when it was measured.
    pub(super) fn added(&mut self, what: &str, capture: &Capture, seconds: Option<f64>) {
        match seconds {
            Some(seconds) => {
                let each = seconds * 1e9 / capture.requests.max(1) as f64;
                self.line(&format!("- ns a request that {what} adds: {each:.0}"));
            }
            None => self.line(&format!("- ns a request that {what} adds: not measured")),
        }
    }

    /// Puts the text between the markers of docs/performance.md that have this name.
    pub(super) fn write(&self, name: &str) -> Result<()> {
        let (begin, end) = (format!("<!-- {name}: begin -->"), format!("<!-- {name}: end -->"));
        let path = workspace::root().join("docs/performance.md");
        let page = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let missing = |marker: &str| format!("docs/performance.md has no {marker}");
        let (before, rest) = page.split_once(&begin).with_context(|| missing(&begin))?;
        let (_, after) = rest.split_once(&end).with_context(|| missing(&end))?;
        fs::write(&path, format!("{before}{begin}\n{}{end}{after}", self.text))?;
        println!("wrote {}", path.display());
        Ok(())
    }
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn today() -> String {
    let mut date = Command::new("date");
    command::output(date.args(["-u", "+%Y-%m-%d"]))
        .map_or_else(|_| "?".to_owned(), |day| day.trim().to_owned())
}

fn processor() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split(": ").nth(1));
    format!("{} ({cores} cores)", model.unwrap_or("an unknown processor"))
}

fn first_line(version: &mut Command) -> String {
    let said = version.output();
    said.ok()
        // nginx says it on standard error.
        .and_then(|output| [output.stdout, output.stderr].into_iter().find(|text| !text.is_empty()))
        .and_then(|text| String::from_utf8_lossy(&text).lines().next().map(str::to_owned))
        .unwrap_or_else(|| "not there".to_owned())
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn groups_digits_by_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(12_345_678), "12,345,678");
    }
}
