//! Which tests passed without having run, and why: what they need is not on this machine.
//!
//! Takes: the test runner's report (JUnit's XML, `.config/nextest.toml`); a test says `skipped: WHY` on a line of its own. Gives: lines
//! for people. Where `CI` is set, tests of live capture fail instead.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::workspace;

/// Where the runner leaves its report, whatever folder cargo builds in.
fn report() -> PathBuf {
    workspace::root().join("target/nextest/default/junit.xml")
}

/// Before a run: the report of another one says nothing about this one.
pub(crate) fn forget() {
    // There may be none.
    let _ = std::fs::remove_file(report());
}

/// After a run.
pub(crate) fn print() {
    let report = std::fs::read_to_string(report()).unwrap_or_default();
    let (tests, reasons) = count(&report);
    if tests > 0 {
        println!("{tests} of them did not run, or not whole:");
        reasons.iter().for_each(|(reason, tests)| println!("{tests:6} skipped: {reason}"));
    }
}

/// Tests that were skipped, and how many of them for each reason.
fn count(report: &str) -> (usize, BTreeMap<String, usize>) {
    let mut tests = 0;
    let mut reasons = BTreeMap::new();
    for test in report.split("</testcase>") {
        let of_test: BTreeSet<String> = test.lines().filter_map(reason).collect();
        tests += usize::from(!of_test.is_empty());
        of_test.into_iter().for_each(|reason| *reasons.entry(reason).or_default() += 1);
    }
    (tests, reasons)
}

/// The first line of a test's output follows the tag.
fn reason(line: &str) -> Option<String> {
    let line = line.trim_start();
    let line = ["<system-out>", "<system-err>"].iter().find_map(|tag| line.strip_prefix(tag)).unwrap_or(line);
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    let reason = line.strip_prefix("skipped: ")?.to_owned();
    Some(entities.iter().fold(reason, |text, (entity, letter)| text.replace(entity, letter)))
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn tests_are_counted_once_and_reasons_by_test() {
        let report = "<testsuites skipped=\"0\"><testcase name=\"a\">\n  <system-err>skipped: no &quot;Go&quot;\nskipped: no &quot;Go&quot;\n\
            </system-err></testcase>\n<testcase name=\"b\"><system-out>\nrunning 1 test\n</system-out>\n<system-err>note\nskipped: no nginx\n\
            skipped: no \"Go\"\n</system-err></testcase>\n<testcase name=\"c\"><system-out>it was not skipped: no\n</system-out></testcase>";
        let (tests, reasons) = count(report);
        assert_eq!(tests, 2);
        let reasons: Vec<_> = reasons.iter().map(|(reason, tests)| (reason.as_str(), *tests)).collect();
        assert_eq!(reasons, [("no \"Go\"", 2), ("no nginx", 1)]);
        assert_eq!(count("").0, 0);
    }
}
