//! `weir plugin test`: replays a capture with the plugin as `weir replay` does, and compares what was told with what shall be.

mod compare;
mod difference;
mod record;

use std::fs;
use std::path::Path;

use weir_sinks::{JsonLines, Sink};

use self::compare::Comparison;
use self::record::Record;
use super::drive::Subject;
use super::faults::{self, Faults};
use super::print::{self, Ink, Paint, grouped, harmless};
use crate::cli::plugin::TestArgs;
use crate::cmd::held_log;
use crate::failure::Failure;

/// What does not belong into an expectation unless everything does: the number of a flow depends on what else is in the capture,
/// and the plugin's name holds its version.
const VOLATILE: [&str; 2] = ["flow_id", "plugin"];

pub(super) fn run(arguments: &TestArgs) -> Result<(), Vec<Failure>> {
    let one = |failure| vec![failure];
    let subject = Subject::load(&arguments.traffic).map_err(one)?;
    // Before the work: a wrong path is told at once.
    let expected = if arguments.bless { Vec::new() } else { expected(&arguments.expect).map_err(one)? };
    let faults = Faults::default();
    let (all, told) = told(&subject, arguments, &faults).map_err(one)?;
    let broke = faults.list();
    let mut failures = Vec::new();
    if !broke.is_empty() {
        let what = format!("{} broke {}", subject.name(), faults::times(faults.count()));
        let headline = Paint::of_stdout().text(Ink::Bad, &format!("{what}:"));
        print::out(&format!("{headline}\n{}", faults::text(&broke)));
        let advice = faults::advice(&broke).map_or_else(String::new, |advice| format!("; {advice}"));
        failures.push(Failure::runtime(format_args!("{what}, see above{advice}")));
    }
    // What the plugin said while it broke stands below how often it did.
    held_log::show();
    if arguments.bless && told.is_empty() {
        // What expects nothing always passes.
        failures.push(Failure::runtime(format_args!(
            "{} had no hand in any of the {} request logs of {}, so there is nothing to expect; use another capture, or --all",
            subject.name(),
            grouped(all),
            arguments.traffic.pcap.display()
        )));
    } else if arguments.bless {
        bless(arguments, &subject, &told).map_err(one)?;
    } else if let Some(failure) = compare(arguments, &expected, &told, !broke.is_empty()) {
        failures.push(failure);
    }
    if failures.is_empty() { Ok(()) } else { Err(failures) }
}

/// How many request logs there were, and those that the plugin had a hand in, in the order of time.
fn told(subject: &Subject, arguments: &TestArgs, faults: &Faults) -> Result<(u64, Vec<Record>), Failure> {
    let (_, lines) = subject.replay(
        &arguments.traffic.pcap,
        &|| -> Box<dyn Sink> { Box::new(JsonLines::default()) },
        faults,
    )?;
    let text = String::from_utf8_lossy(&lines);
    let records = text.lines().enumerate().map(|(n, line)| Record::parse(n + 1, line));
    let mut records = records.collect::<Result<Vec<_>, _>>().map_err(|error| {
        Failure::runtime(format_args!(
            "what was told is no JSON: {error}; this is a fault of weir, please report it"
        ))
    })?;
    let all = records.len() as u64;
    let prefix = format!("{}@", subject.name());
    records.retain(|record| arguments.all || record.is_of(&prefix));
    record::sort(&mut records);
    Ok((all, records))
}

fn expected(file: &Path) -> Result<Vec<Record>, Failure> {
    let failed = |why: &dyn std::fmt::Display, hint: &str| {
        Failure::runtime(format_args!("expected request logs: {}: {why}; {hint}", file.display()))
    };
    let text = fs::read_to_string(file).map_err(|e| failed(&e, "write it with --bless"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            Record::parse(number + 1, line).map_err(|e| {
                failed(&format_args!("line {}: {e}", number + 1), "each line is one JSON object")
            })
        })
        .collect()
}

fn bless(arguments: &TestArgs, subject: &Subject, told: &[Record]) -> Result<(), Failure> {
    let left_out: &[&str] = if arguments.strict { &[] } else { &VOLATILE };
    let text: String = told.iter().map(|record| record.line(left_out) + "\n").collect();
    let file = &arguments.expect;
    fs::write(file, text).map_err(|error| {
        Failure::runtime(format_args!("can not write {}: {error}; check the path", file.display()))
    })?;
    print::out(&format!(
        "{}: {} request logs of {} written; read them, they are what the test expects from now on\n",
        harmless(&file.display().to_string()),
        grouped(told.len() as u64),
        subject.name(),
    ));
    Ok(())
}

fn compare(arguments: &TestArgs, expected: &[Record], told: &[Record], broke: bool) -> Option<Failure> {
    let comparison = Comparison::new(expected, told, arguments.strict);
    let file = arguments.expect.display().to_string();
    let paint = Paint::of_stdout();
    print::out(&if broke {
        difference::text_of_broken(&comparison, expected, told, &harmless(&file), paint)
    } else {
        difference::text(&comparison, expected, told, &harmless(&file), paint)
    });
    if comparison.is_same() {
        return None;
    }
    let advice =
        if broke { "" } else { "; mend the plugin, or read the differences and accept them with --bless" };
    Some(Failure::runtime(format_args!(
        "{} does not tell what {file} expects{advice}",
        arguments.traffic.file.display()
    )))
}
