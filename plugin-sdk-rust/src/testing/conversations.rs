//! Runs whole conversations: in every split, through every prefix, damaged.

use super::{Harness, Message};
use crate::message::Part;
use crate::parser::{Direction, Parser};

/// Runs a conversation in its own segments, byte by byte and in many other splits, and asserts that the messages are the
/// same each time. Returns them joined.
///
/// # Panics
/// When a split changes what the parser tells.
pub fn every_split<P: Parser>(script: &[(Direction, &[u8])]) -> Vec<Message> {
    every_split_of(Harness::<P>::tcp, script)
}

/// The same for a connection of another kind, say one whose heads and bodies are wanted.
///
/// # Panics
/// When a split changes what the parser tells.
pub fn every_split_of<P: Parser>(
    open: impl Fn() -> Harness<P>,
    script: &[(Direction, &[u8])],
) -> Vec<Message> {
    let whole = run(&open, script, |rest| rest);
    for piece in 1..=17 {
        let split = run(&open, script, |_| piece);
        assert_same(&whole, &split, &format!("segments of {piece} bytes"));
    }
    for seed in 1..=64_u64 {
        let mut random = Random(seed);
        let split = run(&open, script, |rest| 1 + random.below(rest.min(1 + (seed as usize * 7) % 300)));
        assert_same(&whole, &split, &format!("random segments of seed {seed}"));
    }
    whole
}

/// Ends a conversation behind every one of its bytes: nothing may panic, and every message must lie in what was seen or
/// say that it ends later.
///
/// # Panics
/// When the parser does, or when it tells a message that begins ahead of what it has seen.
pub fn every_prefix<P: Parser>(script: &[(Direction, &[u8])]) {
    every_prefix_of(Harness::<P>::tcp, script);
}

/// The same for a connection of another kind, say one whose heads and bodies are wanted.
///
/// # Panics
/// When the parser does, or when it tells a message that begins ahead of what it has seen.
pub fn every_prefix_of<P: Parser>(open: impl Fn() -> Harness<P>, script: &[(Direction, &[u8])]) {
    let total: usize = script.iter().map(|(_, bytes)| bytes.len()).sum();
    // Long conversations: every prefix of the first bytes, then a sample.
    let step = |n: usize| if n < 4096 { 1 } else { 1 + n / 512 };
    let mut length = 0;
    while length <= total {
        let mut harness = open();
        let mut left = length;
        for (direction, bytes) in script {
            let piece = &bytes[..bytes.len().min(left)];
            left -= piece.len();
            if !piece.is_empty() {
                harness.push(*direction, piece);
            }
        }
        let harness = harness.close();
        // Of an end only the end means something, and that may lie ahead.
        for message in harness.messages().iter().filter(|m| matches!(m.part, Part::Whole | Part::Begin)) {
            let seen = harness.lanes[message.direction.index()].position;
            assert!(message.start <= seen, "{message:?} begins behind byte {seen}, prefix of {length} bytes");
        }
        length += step(length);
    }
}

/// Feeds seeded mutations of a conversation (changed, lost, repeated, foreign bytes): nothing may panic.
pub fn mutations<P: Parser>(script: &[(Direction, &[u8])], rounds: u64) {
    mutations_of(|harness: Harness<P>| harness, script, rounds);
}

/// The same for connections that `open` changed, say such whose heads and bodies are wanted.
pub fn mutations_of<P: Parser>(
    open: impl Fn(Harness<P>) -> Harness<P>,
    script: &[(Direction, &[u8])],
    rounds: u64,
) {
    for seed in 1..=rounds {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut harness = open(if seed % 2 == 0 { Harness::tcp() } else { Harness::tcp_joined() });
        for (direction, bytes) in script {
            let mut bytes = bytes.to_vec();
            for _ in 0..random.below(4) {
                random.damage(&mut bytes);
            }
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(1 + random.below(rest.len()));
                let way = if random.below(40) == 0 { direction.reverse() } else { *direction };
                harness.push(way, piece);
                rest = behind;
            }
            if random.below(30) == 0 {
                harness = harness.gap(*direction, 1 + random.below(5000) as u64);
            }
        }
        let _ = harness.close();
    }
}

/// Small seeded generator (xorshift): the same bytes on every run.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    #[allow(clippy::should_implement_trait)] // not an iterator
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// 0 to `limit - 1`; 0 for a limit of 0.
    pub fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { (self.next() % limit as u64) as usize }
    }

    /// Changes, removes, repeats or inserts some bytes.
    pub fn damage(&mut self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let at = self.below(bytes.len());
        let length = 1 + self.below((bytes.len() - at).min(16));
        match self.below(5) {
            0 => bytes[at] = self.next() as u8,
            1 => bytes[at] ^= 1 << self.below(8),
            2 => drop(bytes.drain(at..at + length)),
            3 => {
                let piece = bytes[at..at + length].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                const EXTREMES: [u8; 4] = [0, 0x7f, 0x80, 0xff];
                let extreme = EXTREMES[self.below(4)];
                bytes[at..at + length].fill(extreme);
            }
        }
    }
}

fn run<P: Parser>(
    open: impl Fn() -> Harness<P>,
    script: &[(Direction, &[u8])],
    mut piece: impl FnMut(usize) -> usize,
) -> Vec<Message> {
    let mut harness = open();
    for (direction, bytes) in script {
        let mut rest = *bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(piece(rest.len()).clamp(1, rest.len()));
            harness.push(*direction, now);
            rest = later;
        }
    }
    harness.close().joined()
}

fn assert_same(whole: &[Message], split: &[Message], how: &str) {
    for (index, (a, b)) in whole.iter().zip(split).enumerate() {
        assert_eq!(a, b, "message {index} differs with {how}");
    }
    assert_eq!(whole.len(), split.len(), "number of messages differs with {how}");
}
