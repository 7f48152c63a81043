//! `weir plugin fuzz`: conversations of a capture, damaged and replayed through the plugin until something breaks.

mod damage;
mod random;
mod report;
mod run;

use std::time::{Duration, Instant};

use weir_sinks::{Null, Sink};

use self::report::FuzzReport;
use self::run::Runner;
use super::conversation::{Heard, Listen, ListenToAll};
use super::drive::{Subject, Wrap};
use super::faults;
use super::print::{self, Ticker, grouped, harmless};
use crate::cli::plugin::{FuzzArgs, ReportFormat};
use crate::failure::Failure;

pub(super) fn run(arguments: &FuzzArgs) -> Result<(), Vec<Failure>> {
    let report = attack(arguments).map_err(|failure| vec![failure])?;
    match arguments.format {
        ReportFormat::Jsonl => print::json(&report),
        ReportFormat::Text => print::out(&report.text()),
    }
    if report.faults.is_empty() {
        return Ok(());
    }
    let seen: Vec<_> = report.faults.iter().map(|found| found.fault.clone()).collect();
    let advice = faults::advice(&seen).map_or_else(String::new, |advice| format!("; {advice}"));
    Err(vec![Failure::runtime(format_args!(
        "{} breaks; replay the files of {} with `weir replay FILE --plugin {}` until it does not{advice}",
        harmless(&report.plugin),
        arguments.out.display(),
        arguments.traffic.file.display()
    ))])
}

fn attack(arguments: &FuzzArgs) -> Result<FuzzReport, Failure> {
    let subject = Subject::load(&arguments.traffic)?;
    let heard = Heard::default();
    let sink = || -> Box<dyn Sink> { Box::new(Null::default()) };
    let listen: &dyn Wrap =
        if subject.plugin.hooks().is_empty() { &Listen(heard.clone()) } else { &ListenToAll(heard.clone()) };
    subject.replay(&arguments.traffic.pcap, &sink, listen)?;
    let conversations = heard.take();
    if conversations.is_empty() {
        let who = if subject.plugin.hooks().is_empty() { subject.name() } else { "a parser" };
        return Err(Failure::runtime(format_args!(
            "there is no connection in {} that {who} follows; `weir plugin check` shows signatures",
            arguments.traffic.pcap.display()
        )));
    }
    let seed = arguments.seed.unwrap_or_else(random::seed);
    let mut runner = Runner::new(&subject, &conversations, seed)?;
    let (began, length) = (Instant::now(), Duration::from_secs(u64::from(arguments.seconds)));
    let mut ticker = Ticker::new();
    loop {
        runner.run(&arguments.out)?;
        let (runs, faults) = (runner.runs, runner.faults.count());
        let now = Instant::now();
        ticker.tick(now, || format!("weir: fuzz: {} inputs, {} faults", grouped(runs), grouped(faults)));
        let over = arguments.runs.map_or_else(|| now.duration_since(began) >= length, |limit| runs >= limit);
        if over {
            break;
        }
    }
    drop(ticker);
    Ok(FuzzReport::new(&subject, seed, conversations.len(), &runner, began.elapsed()))
}
