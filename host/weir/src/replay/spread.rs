//! Several workers: segments are spread by a hash that is the same for both directions of a flow.
//!
//! There is no thread for reading. A worker that has nothing to do reads the next block, decodes it, and gives every worker the
//! list of its segments; a part of the bytes is then in the right processor's cache already. [`turns`] sees to it that every
//! worker gets the segments in the order of the file.

mod batch;
mod reader;
mod turns;

use std::io::Write;
use std::thread;

use weir_sinks::OutputState;

use self::batch::Batch;
use self::reader::Reader;
use self::turns::{Turn, Turns};
use super::source::{Source, Unwanted};
use super::{Ended, Replay, Report};
use crate::failure::Failure;

pub(super) fn replay<W: Write + Send>(
    replay: &Replay<'_, W>,
    source: &mut dyn Source,
    report: &mut Report,
) -> Result<OutputState, Failure> {
    let unwanted = source.unwanted();
    let turns = Turns::new(Reader::new(source, replay.threads, replay.monitor), replay.threads);
    let ended = thread::scope(|scope| {
        let mut others = Vec::new();
        for number in 1..replay.threads {
            let (turns, unwanted) = (&turns, unwanted.clone());
            let worker = thread::Builder::new().name(format!("weir-worker-{number}"));
            let started = worker.spawn_scoped(scope, move || work(replay, turns, number, unwanted));
            others.push(started.map_err(|error| {
                turns.end();
                Failure::runtime(format_args!("can not start worker {number}: {error}; try fewer --threads"))
            }));
        }
        let mut ended = vec![work(replay, &turns, 0, unwanted)];
        let broke = |_| Err(Failure::runtime("a worker broke: this is a fault of weir, please report it"));
        ended.extend(others.into_iter().map(|other| other?.join().unwrap_or_else(broke)));
        ended
    });
    if let Some(reader) = turns.into_reader() {
        reader.add_to(report);
    }
    let mut end = Ok(OutputState::Open);
    for worker in ended {
        let state = worker.and_then(|ended| report.add(ended));
        // Only the worker that met a failure has it; the others merely know that there is one.
        if state.is_err() || end == Ok(OutputState::Open) {
            end = state;
        }
    }
    end
}

fn work<W: Write + Send>(
    replay: &Replay<'_, W>,
    turns: &Turns<'_>,
    me: usize,
    unwanted: Option<Unwanted>,
) -> Result<Ended, Failure> {
    // Whatever makes a worker leave early, nobody waits for it.
    let _leaving = turns.ends_with_me();
    let mut side = replay.worker(me, unwanted)?;
    let mut done = None;
    loop {
        let mut batch: Batch = match turns.next(me, done.take()) {
            Turn::Process(batch) => batch,
            Turn::Read(mut reader) => {
                let more = reader.read();
                turns.pass_on(reader, more);
                continue;
            }
            Turn::End => break,
        };
        batch.segments(|segment| side.worker.segment(&segment, &mut side.lines));
        if let Some(now) = batch.now() {
            side.worker.advance(now, &mut side.lines);
        }
        batch.clear();
        done = Some(batch);
        if !side.flush() {
            break;
        }
    }
    Ok(side.finish())
}
