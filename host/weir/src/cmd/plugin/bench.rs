//! `weir plugin bench`: what the pipeline gives a plugin for a capture is kept, and given to it again and again.

mod histogram;
mod play;
mod record;
mod report;

use weir_sinks::{Null, Sink};

use self::record::Recording;
use super::drive::Subject;
use super::faults::{self, Faults};
use super::print;
use crate::cli::plugin::{BenchArgs, ReportFormat};
use crate::failure::Failure;

pub(super) fn run(arguments: &BenchArgs) -> Result<(), Vec<Failure>> {
    let (report, faults) = measure(arguments).map_err(|failure| vec![failure])?;
    match arguments.format {
        ReportFormat::Jsonl => print::json(&report),
        ReportFormat::Text => {
            print::out(&report.text());
            print::out(&faults::text(&report.faults));
        }
    }
    if faults.count() == 0 {
        return Ok(());
    }
    let advice = faults::advice(&report.faults).map_or_else(String::new, |advice| format!("; {advice}"));
    Err(vec![Failure::runtime(format_args!(
        "{} broke {} while it was measured, so the numbers say little{advice}",
        report.plugin,
        faults::times(faults.count())
    ))])
}

fn measure(arguments: &BenchArgs) -> Result<(report::BenchReport, Faults), Failure> {
    let mut subject = Subject::load(&arguments.traffic)?;
    subject.config.limits.batch_events = arguments.batch as usize;
    let recording = Recording::default();
    let sink = || -> Box<dyn Sink> { Box::new(Null::default()) };
    subject.replay(&arguments.traffic.pcap, &sink, &recording)?;
    let recorded = recording.take();
    if recorded.payloads() + recorded.subjects() == 0 {
        return Err(not_for_it(&subject, arguments, recorded.checks()));
    }
    let faults = Faults::default();
    let played = play::play(&recorded, &mut subject.instance()?, arguments.seconds, &faults);
    Ok((report::BenchReport::new(&subject, arguments, &recorded, &played, &faults), faults))
}

fn not_for_it(subject: &Subject, arguments: &BenchArgs, checks: u64) -> Failure {
    let pcap = arguments.traffic.pcap.display();
    let name = subject.name();
    if !subject.plugin.parses() {
        return Failure::runtime(format_args!(
            "nothing in {pcap} is of the protocols that the hooks of {name} want; `weir plugin check` shows them"
        ));
    }
    if checks == 0 {
        return Failure::runtime(format_args!(
            "nothing in {pcap} fits a signature of {name}; `weir plugin check` shows them"
        ));
    }
    Failure::runtime(format_args!(
        "{name} was asked {checks} times about connections of {pcap} and took none; look at its `check`"
    ))
}
