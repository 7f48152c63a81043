//! A fuzzer's bytes as segments of one stream: any order, overlaps, repeats, losses, sequence numbers that wrap.
//!
//! Takes: records of five bytes. Gives: panics when a byte is delivered twice, changed or out of order, when a gap covers a byte
//! that was captured, or when the count of waiting bytes is wrong.

use weir_pipeline::flow::origin::Origin;
use weir_pipeline::flow::reassembly::{Delivery, HalfStream, Piecewise, Waiting};
use weir_pipeline::stats::Stats;

/// Small, so that they are met within a few records.
const DIRECTION_LIMIT: usize = 4 << 10;
const TOTAL_LIMIT: usize = 6 << 10;
/// Positions that records can name, and the longest segment behind them.
const STREAM: usize = (1 << 16) + 256;

/// Plays the segments.
pub fn play(data: &[u8]) {
    let Some((&[a, b, c, d, mode], mut rest)) = data.split_first_chunk() else { return };
    let base = u32::from_be_bytes([a, b, c, d]);
    let mut half = HalfStream::default();
    let mut waiting = Waiting { total: 0, total_limit: TOTAL_LIMIT, direction_limit: DIRECTION_LIMIT };
    let mut stats = Stats::default();
    let mut receiver = Receiver::new();
    if mode & 1 == 0 {
        half.start(base);
        receiver.begun = true;
    }
    while let Some((&[tag, high, low, length, bits], behind)) = rest.split_first_chunk() {
        rest = behind;
        let position = u64::from(u16::from_be_bytes([high, low]));
        match tag % 8 {
            // An acknowledgment says something only about a direction that is open.
            0 | 1 if !receiver.begun || half.is_ended() => {}
            0 => {
                let position = receiver.counted(position);
                half.acknowledge(position, &mut waiting, &mut stats, &mut |d| receiver.take(d));
            }
            1 => {
                let position = receiver.counted(position);
                half.give_up(position, &mut waiting, &mut stats, &mut |d| receiver.take(d));
            }
            _ => {
                let payload = receiver.send(position, usize::from(length));
                let segment = Piecewise {
                    sequence: base.wrapping_add(position as u32),
                    payload: &payload,
                    cut: 0,
                    fin: bits == 0xff,
                    origin: Origin::default(),
                };
                half.segment(&segment, &mut waiting, &mut stats, &mut |d| receiver.take(d));
            }
        }
        assert!(waiting.total <= TOTAL_LIMIT.max(DIRECTION_LIMIT) + 512, "{} bytes wait", waiting.total);
    }
    half.finish(&mut waiting, &mut stats, &mut |d| receiver.take(d));
    assert_eq!(waiting.total, 0, "nothing waits after the end");
}

/// Knows what was sent, and checks what comes.
struct Receiver {
    begun: bool,
    /// Where reassembly began to count: 0, or joined in the middle the first segment.
    origin: u64,
    /// Of the next byte.
    position: u64,
    sent: Vec<bool>,
}

impl Receiver {
    fn new() -> Self {
        Self { begun: false, origin: 0, position: 0, sent: vec![false; STREAM] }
    }

    fn counted(&self, position: u64) -> u64 {
        position.saturating_sub(self.origin)
    }

    fn send(&mut self, position: u64, length: usize) -> Vec<u8> {
        if !self.begun {
            self.begun = true;
            (self.origin, self.position) = (position, position);
        }
        let range = position as usize..position as usize + length;
        self.sent[range.clone()].fill(true);
        range.map(content).collect()
    }

    fn take(&mut self, delivery: Delivery<'_>) {
        let length = match delivery {
            Delivery::Chunk(bytes, _) => {
                assert!(!bytes.is_empty(), "an empty chunk");
                for (at, byte) in (self.position as usize..).zip(bytes) {
                    assert_eq!(*byte, content(at), "byte {at} of the stream");
                }
                bytes.len() as u64
            }
            Delivery::Gap(length, _) => {
                let range = self.position as usize..((self.position + length) as usize).min(STREAM);
                assert!(length > 0, "an empty gap");
                assert!(
                    !self.sent[range].contains(&true),
                    "a gap of {length} at {} hides bytes",
                    self.position
                );
                length
            }
        };
        self.position += length;
    }
}

/// Of the byte at a position: no two neighbours alike.
fn content(position: usize) -> u8 {
    (position ^ (position >> 8)) as u8
}
