//! An interface of a pcapng section: what its frames are and how its clock ticks. Takes the interface block, gives
//! nanoseconds.
//!
//! Source: draft-ietf-opsawg-pcapng, 4.2.

use weir_pipeline::captured::LinkType;

use crate::file::format::{ByteOrder, words_at};

const END_OF_OPTIONS: u16 = 0;
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

/// What an interface block says.
#[derive(Debug)]
pub(super) struct Interface {
    pub(super) link_number: u32,
    /// None: not decoded.
    pub(super) link: Option<LinkType>,
    /// Bytes; frames were cut to it.
    pub(super) snap_length: u32,
    clock: Clock,
    /// Nanoseconds to add.
    offset: i64,
}

/// How ticks become nanoseconds.
#[derive(Clone, Copy, Debug)]
enum Clock {
    /// Ticks of 10^-9 or more seconds.
    Multiply(u64),
    /// Ticks below 10^-9 seconds.
    Divide(u64),
    /// Ticks of 2^-n seconds.
    Binary(u8),
}

impl Interface {
    /// None: the block is shorter than what it holds.
    pub(super) fn from_block(order: ByteOrder, block: &[u8]) -> Option<Self> {
        let [[a, b, ..], snap_length] = *words_at::<2>(block, 8)?;
        let link_number = u32::from(order.u16([a, b]));
        let snap_length = match order.u32(snap_length) {
            0 => u32::MAX, // no limit
            length => length,
        };
        let link = LinkType::from_number(link_number);
        // The default resolution is a microsecond.
        let mut interface = Self { link_number, link, snap_length, clock: Clock::Multiply(1_000), offset: 0 };
        let mut options = block.get(16..block.len().checked_sub(4)?)?;
        while let Some((&[a, b, c, d], rest)) = options.split_first_chunk() {
            let (code, length) = (order.u16([a, b]), usize::from(order.u16([c, d])));
            if code == END_OF_OPTIONS {
                break;
            }
            interface.option(order, code, rest.get(..length)?);
            options = rest.get(length.next_multiple_of(4)..)?;
        }
        Some(interface)
    }

    /// Nanoseconds since 1970; what lies before or 584 years behind is moved to the edge.
    #[inline]
    pub(super) fn time(&self, ticks: u64) -> u64 {
        let nanoseconds = match self.clock {
            Clock::Multiply(factor) => ticks.saturating_mul(factor),
            Clock::Divide(divisor) => ticks / divisor,
            Clock::Binary(bits) => {
                let scaled = (u128::from(ticks) * 1_000_000_000) >> bits;
                u64::try_from(scaled).unwrap_or(u64::MAX)
            }
        };
        nanoseconds.saturating_add_signed(self.offset)
    }

    fn option(&mut self, order: ByteOrder, code: u16, value: &[u8]) {
        match (code, value) {
            (TIME_RESOLUTION, &[resolution]) => self.clock = Clock::new(resolution),
            (TIME_OFFSET, &[a, b, c, d, e, f, g, h]) => {
                let bytes = [a, b, c, d, e, f, g, h];
                let seconds = match order {
                    ByteOrder::Big => i64::from_be_bytes(bytes),
                    ByteOrder::Little => i64::from_le_bytes(bytes),
                };
                self.offset = seconds.saturating_mul(1_000_000_000);
            }
            _ => {}
        }
    }
}

impl Clock {
    /// From `if_tsresol`: the highest bit tells powers of two from powers of ten.
    fn new(resolution: u8) -> Self {
        let exponent = resolution & 0x7f;
        if resolution & 0x80 != 0 {
            return Self::Binary(exponent);
        }
        match exponent {
            0..=9 => Self::Multiply(10_u64.pow(9 - u32::from(exponent))),
            // Below 10^-28 seconds, 64 bits of ticks are less than a nanosecond.
            _ => 10_u64.checked_pow(u32::from(exponent) - 9).map_or(Self::Multiply(0), Self::Divide),
        }
    }
}
