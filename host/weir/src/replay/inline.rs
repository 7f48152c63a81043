//! One worker on the calling thread: no channel, no copy. The cheapest way in CPU time.

use std::io::Write;
use std::time::Instant;

use weir_capture::Block;
use weir_pipeline::decode::Decoder;
use weir_sinks::OutputState;

use super::monitor::{EachSecond, ReadCounts};
use super::source::Source;
use super::{Replay, Report};
use crate::failure::Failure;

pub(super) fn replay<W: Write + Send>(
    replay: &Replay<'_, W>,
    source: &mut dyn Source,
    report: &mut Report,
) -> Result<OutputState, Failure> {
    let mut side = replay.worker(0, source.unwanted())?;
    let mut decoder = Decoder::default();
    let mut block = Block::default();
    let mut second = EachSecond::default();
    while source.fill(&mut block) {
        for frame in block.frames() {
            report.span.see(frame.time);
            let answer = decoder.frame(&frame);
            report.decode.count(&answer);
            if let Ok(segment) = answer {
                side.worker.segment(&segment, &mut side.lines);
            }
        }
        if let Some(now) = source.now() {
            side.worker.advance(now, &mut side.lines);
        }
        if let Some(monitor) = replay.monitor
            && second.is_due(Instant::now())
        {
            monitor
                .tell_read(|| ReadCounts { decode: report.decode.clone(), fragments: decoder.fragments() });
        }
        if !side.flush() {
            break;
        }
    }
    report.add_fragments(decoder.fragments());
    report.add(side.finish())
}
