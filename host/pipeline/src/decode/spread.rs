//! Which worker a segment belongs to. Takes its two ends, gives a number that both directions share. Does not do:
//! telling flows apart (the flow table compares keys).

use super::{Address, Segment};

/// Odd numbers with bits all over, from the digits of pi's fraction.
const KEYS: [u64; 3] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345, 0xa409_3822_299f_31d1];

impl Segment<'_> {
    /// A hash of addresses and ports that is the same for both directions, on every machine, in every run with this seed.
    ///
    /// All 64 bits are well spread: take them modulo the number of workers. Whoever knows the seed can send flows that all meet in
    /// one worker, so give a live capture a random one; a replay may use 0.
    #[must_use]
    #[inline]
    pub fn spread(&self, seed: u64) -> u64 {
        let source = end(self.source, self.source_port, seed);
        let destination = end(self.destination, self.destination_port, seed);
        // A sum does not care for the order.
        fold(source.wrapping_add(destination), KEYS[2])
    }
}

#[inline(always)]
fn end(address: Address, port: u16, seed: u64) -> u64 {
    let (high, low) = ((address.0 >> 64) as u64, address.0 as u64);
    fold(low ^ KEYS[0], high ^ seed ^ KEYS[1] ^ u64::from(port) << 32)
}

/// Both halves of the full product, folded.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}
