//! Rounds of all ways, in another order each, with the same server process throughout.
//!
//! Takes: a workload. Gives: medians with the lowest and highest of all rounds; of ratios, which are of the same round, the mean with its
//! standard error: others disturb each round by a tenth, so one round says little and many say much. An agent is started anew for each
//! way and round: what stays attached would be part of `nothing`.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::Bench;
use super::agent::{Agent, Told};
use super::load::Load;
use super::server::Server;
use super::way::Way;
use super::workload::Workload;
use crate::bench::report::grouped;

/// The load before the first round and before each turn, which is not measured: an agent that has just begun takes its memory page by
/// page, which it does once in its life.
const WARM_UP: Duration = Duration::from_secs(1);

/// From one way's end to the next one's load, while an agent starts. `nothing` comes after as long a rest, so that what the processors did
/// before is the same.
const REST: Duration = Duration::from_secs(1);

/// One way in one round.
struct Sample {
    load: Load,
    /// With those before the measurement: an agent's summary has them too.
    all_requests: u64,
    took: Duration,
    /// Processor time of the server.
    server: Duration,
    agent: Option<Observer>,
}

/// What the agent took.
struct Observer {
    processor: Duration,
    /// Bytes.
    peak: u64,
    told: Told,
}

/// The middle one of all rounds, the lowest and the highest.
#[derive(Clone, Copy)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// What a way has of what `nothing` had in the same round: the geometric mean of all rounds, as half and double are equally far from one.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) mean: f64,
    /// Standard error of the mean; with a single round nobody knows.
    pub(super) error: Option<f64>,
}

/// One way in all rounds.
pub(super) struct Measured {
    pub(super) way: Way,
    /// Requests a second.
    pub(super) rate: Spread,
    /// Of the rate with nothing in the same round.
    pub(super) part: Option<Part>,
    /// Microseconds.
    pub(super) median: Option<Spread>,
    pub(super) p99: Option<Spread>,
    /// Microseconds of the server's processor time for each request, and its busy cores.
    pub(super) server: Option<Spread>,
    /// The former as a part of that with nothing in the same round.
    pub(super) dearer: Option<Part>,
    pub(super) busy: Option<Spread>,
    /// Microseconds of the agent's processor time for each request.
    pub(super) agent: Option<Spread>,
    /// Bytes, of the worst round.
    pub(super) peak: Option<u64>,
    /// For each request.
    pub(super) frames: Option<Spread>,
    pub(super) told: Option<Spread>,
    /// What was lost in rounds in which something was.
    pub(super) lost: Vec<String>,
}

/// Runs all rounds.
pub(super) fn measure(bench: &Bench<'_>, workload: &Workload) -> Result<Vec<Measured>> {
    let ways: Vec<Way> = workload.ways.iter().copied().filter(|way| bench.offered.has(*way)).collect();
    let (server_core, core) = workload.cores();
    let server = workload.kind.start(bench, server_core)?;
    workload.maker.prepare(bench, server.port)?;
    let warm = workload.maker.run(bench, core, server.port, WARM_UP, None)?;
    let mut samples: Vec<Vec<Sample>> = ways.iter().map(|_| Vec::new()).collect();
    for round in 0..bench.options.rounds() {
        for place in 0..ways.len() {
            let place = (place + round) % ways.len();
            let (Some(way), Some(samples)) = (ways.get(place), samples.get_mut(place)) else { continue };
            let sample = sample(bench, workload, &server, *way, warm.rate)?;
            eprintln!("round {}: {}, {} requests/s", round + 1, way.name(), grouped(sample.load.rate as u64));
            samples.push(sample);
        }
    }
    let nothing = samples.first().map_or(&[][..], Vec::as_slice);
    Ok(ways
        .into_iter()
        .zip(&samples)
        .filter_map(|(way, samples)| Measured::of(way, samples, nothing))
        .collect())
}

fn sample(bench: &Bench<'_>, workload: &Workload, server: &Server, way: Way, rate: f64) -> Result<Sample> {
    let (_, core) = workload.cores();
    let began = Instant::now();
    let agent =
        if way == Way::Nothing { None } else { Some(Agent::start(bench, &[way], core, &server.which)?) };
    std::thread::sleep(REST.saturating_sub(began.elapsed()));
    let warm = workload.maker.run(bench, core, server.port, WARM_UP, Some(rate))?;
    let of_agent = || agent.as_ref().map_or(Ok(Duration::ZERO), |agent| agent.process.processor());
    let (agent_before, server_before) = (of_agent()?, server.process.processor()?);
    let began = Instant::now();
    let load = workload.maker.run(bench, core, server.port, bench.options.time(), Some(rate))?;
    let took = began.elapsed();
    let used = server.process.processor()?.saturating_sub(server_before);
    let agent = agent.map(|agent| -> Result<Observer> {
        let peak = agent.process.memory("VmHWM")?;
        // What it has not read yet is its work too.
        std::thread::sleep(Duration::from_millis(100));
        let processor = agent.process.processor()?.saturating_sub(agent_before);
        Ok(Observer { processor, peak, told: agent.end()? })
    });
    let all_requests = warm.requests + load.requests;
    Ok(Sample { load, all_requests, took, server: used, agent: agent.transpose()? })
}

impl Measured {
    fn of(way: Way, samples: &[Sample], nothing: &[Sample]) -> Option<Self> {
        let each = |value: fn(&Sample) -> Option<f64>| Spread::of(samples.iter().filter_map(value));
        let observers = || samples.iter().filter_map(|sample| sample.agent.as_ref());
        let lost = observers().map(|agent| agent.told.lost.clone()).filter(|lost| !lost.is_empty());
        let paired = |value: fn(&Sample) -> f64| {
            let parts = samples.iter().zip(nothing).map(|(sample, nothing)| value(sample) / value(nothing));
            Part::of(parts).filter(|_| way != Way::Nothing)
        };
        Some(Self {
            way,
            rate: each(|sample| Some(sample.load.rate))?,
            part: paired(|sample| sample.load.rate),
            median: each(|sample| sample.load.median),
            p99: each(|sample| Some(sample.load.p99)),
            server: each(|sample| Some(sample.of_server())),
            dearer: paired(Sample::of_server),
            busy: each(|sample| Some(sample.server.as_secs_f64() / sample.took.as_secs_f64())),
            agent: each(|sample| {
                Some(sample.a_request(sample.agent.as_ref()?.processor.as_secs_f64() * 1e6))
            }),
            peak: observers().map(|agent| agent.peak).max(),
            frames: each(|sample| Some(sample.of_all(sample.agent.as_ref()?.told.frames))),
            told: each(|sample| Some(sample.of_all(sample.agent.as_ref()?.told.sessions))),
            lost: lost.collect(),
        })
    }
}

impl Sample {
    /// Microseconds of the server's processor time for each request.
    fn of_server(&self) -> f64 {
        self.a_request(self.server.as_secs_f64() * 1e6)
    }

    fn a_request(&self, amount: f64) -> f64 {
        amount / self.load.requests.max(1) as f64
    }

    /// For each request that an agent may have seen.
    fn of_all(&self, number: u64) -> f64 {
        number as f64 / self.all_requests.max(1) as f64
    }
}

impl Part {
    /// Of the rounds' ratios; none of none.
    pub(super) fn of(ratios: impl Iterator<Item = f64>) -> Option<Self> {
        let logarithms: Vec<f64> = ratios.map(f64::ln).collect();
        let number = logarithms.len() as f64;
        let middle = logarithms.iter().sum::<f64>() / number;
        let squares: f64 = logarithms.iter().map(|logarithm| (logarithm - middle).powi(2)).sum();
        let mean = middle.exp();
        let error = (squares / (number - 1.0) / number).sqrt() * mean;
        mean.is_finite().then(|| Self { mean, error: Some(error).filter(|error| error.is_finite()) })
    }
}

impl Spread {
    /// Of some values; none of none.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let median =
            if values.len().is_multiple_of(2) { (upper + values.get(middle - 1)?) / 2.0 } else { upper };
        Some(Self { median, low: *values.first()?, high: *values.last()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, Spread};

    #[test]
    fn half_and_double_are_the_same() {
        let part = Part::of([0.5, 2.0, 1.0, 1.0].into_iter()).unwrap();
        assert!((part.mean - 1.0).abs() < 1e-9, "{}", part.mean);
        // The deviations of the logarithms are ln 2, ln 2, 0 and 0.
        assert!((part.error.unwrap() - 2_f64.ln() / 6_f64.sqrt()).abs() < 1e-9, "{:?}", part.error);
        let one = Part::of([0.9].into_iter()).unwrap();
        assert!((one.mean - 0.9).abs() < 1e-9 && one.error.is_none());
        assert!(Part::of(std::iter::empty()).is_none());
    }

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0].into_iter()).unwrap();
        assert_eq!((spread.median, spread.low, spread.high), (2.5, 1.0, 4.0));
        assert_eq!(Spread::of([7.0, 9.0, 8.0].into_iter()).unwrap().median, 8.0);
        assert!(Spread::of(std::iter::empty()).is_none());
    }
}
