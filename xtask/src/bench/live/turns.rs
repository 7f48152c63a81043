//! What capture costs a server's throughput, where a tenth of it decides: the load stays, the agent comes and goes.
//!
//! Takes: a workload, how many turns. Gives: the part that is kept. Says nothing of latency or of the agent; rounds do that.
//!
//! Others disturb each turn by a tenth, however long it is, so many short turns say more than a few long ones. Each turn with an agent
//! is compared with those right before and after it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::Bench;
use super::agent::Agent;
use super::rounds::Part;
use super::server::Server;
use super::way::Way;
use super::workload::Workload;
use crate::bench::report::grouped;

/// Under load before each turn: an agent that has just begun takes its memory page by page, and one that ended leaves cold caches.
const REST: Duration = Duration::from_millis(400);

/// A turn is so many of these. An agent that is kept busy works each few milliseconds, so its work is part of each of them.
const SLICES: usize = 12;
const SLICE: Duration = Duration::from_millis(50);

/// What is kept.
pub(super) struct Kept {
    /// In the mean of all turns, others' disturbances included.
    pub(super) part: Part,
    /// In the best tenth of all slices, with and without an agent: who disturbs only ever makes a server slower.
    pub(super) undisturbed: f64,
}

/// One turn: the server's calls that write, a second, in each slice. Each request has as many, as all requests are the same.
struct Turn(Vec<f64>);

/// Alternates between an agent and none.
pub(super) fn measure(bench: &Bench<'_>, workload: &Workload, turns: usize) -> Result<Kept> {
    let (server_core, core) = workload.cores();
    let server = workload.kind.start(bench, server_core)?;
    workload.maker.prepare(bench, server.port)?;
    let _load = workload.maker.stay(bench, core, server.port)?;
    let (mut without, mut with) = (vec![Turn::of(&server)?], Vec::with_capacity(turns));
    for number in 1..=turns {
        let agent = Agent::start(bench, &[Way::Calls], core, &server.which)?;
        let turn = Turn::of(&server)?;
        agent.end()?;
        eprintln!("turn {number}: {} writes/s", grouped(turn.rate() as u64));
        with.push(turn);
        without.push(Turn::of(&server)?);
    }
    Kept::of(&without, &with).context("the server answered nothing")
}

impl Turn {
    /// Takes its time.
    fn of(server: &Server) -> Result<Self> {
        std::thread::sleep(REST);
        let (mut began, mut before) = (Instant::now(), server.process.writes()?);
        let mut slices = Vec::with_capacity(SLICES);
        for _ in 0..SLICES {
            std::thread::sleep(SLICE);
            let (now, writes) = (Instant::now(), server.process.writes()?);
            slices.push((writes - before) as f64 / (now - began).as_secs_f64());
            (began, before) = (now, writes);
        }
        Ok(Self(slices))
    }

    fn rate(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }
}

impl Kept {
    /// `without` has one turn more, as each of `with` lies between two of them. None: no turns, or nothing was answered.
    fn of(without: &[Turn], with: &[Turn]) -> Option<Self> {
        let neighbours = without.windows(2).filter_map(|pair| match pair {
            [before, after] => Some((before.rate() * after.rate()).sqrt()),
            _ => None,
        });
        let part = Part::of(with.iter().zip(neighbours).map(|(turn, nothing)| turn.rate() / nothing))?;
        Some(Self { part, undisturbed: best(with)? / best(without)? })
    }
}

/// The ninetieth percentile of all slices.
fn best(turns: &[Turn]) -> Option<f64> {
    let mut slices: Vec<f64> = turns.iter().flat_map(|turn| &turn.0).copied().collect();
    slices.sort_by(f64::total_cmp);
    slices.get(slices.len() * 9 / 10).copied()
}

#[cfg(test)]
mod tests {
    use super::{Kept, Turn};

    fn turns(rates: &[f64]) -> Vec<Turn> {
        rates.iter().map(|rate| Turn(vec![*rate; 10])).collect()
    }

    #[test]
    fn each_turn_is_compared_with_its_neighbours() {
        // The machine becomes four times as fast, and the agent costs a tenth all the time.
        let kept = Kept::of(&turns(&[100.0, 400.0, 400.0]), &turns(&[180.0, 360.0])).unwrap();
        assert!((kept.part.mean - 0.9).abs() < 1e-9, "{}", kept.part.mean);
        assert!((kept.undisturbed - 0.9).abs() < 1e-9, "{}", kept.undisturbed);
        assert!(Kept::of(&turns(&[100.0]), &[]).is_none());
        assert!(Kept::of(&turns(&[0.0, 0.0]), &turns(&[0.0])).is_none());
    }

    #[test]
    fn who_disturbs_some_slices_is_left_out_of_the_best() {
        let mut with = turns(&[95.0]);
        with.iter_mut().flat_map(|turn| turn.0.iter_mut().take(8)).for_each(|slice| *slice = 50.0);
        let kept = Kept::of(&turns(&[100.0, 100.0]), &with).unwrap();
        assert!((kept.undisturbed - 0.95).abs() < 1e-9, "{}", kept.undisturbed);
        assert!(kept.part.mean < 0.6, "{}", kept.part.mean);
    }
}
