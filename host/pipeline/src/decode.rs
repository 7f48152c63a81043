//! Frames -> segments. Takes: a link-layer frame. Gives: the innermost TCP segment or UDP datagram, or why there is none.
//!
//! Ethernet, BSD loopback, bare IP and Linux cooked capture, and what system calls carried; VLAN tags, MPLS, PPPoE; IPv4 and IPv6 with options, extension
//! headers and fragments; VXLAN, Geneve, GRE, ERSPAN, IP in IP, in any nesting up to four. The five-tuple is that of the
//! innermost packet. State is held for IP fragments only.
//!
//! Does not do: checksums of IP, TCP and UDP (a capture on the sender sees them before the network card fills them in),
//! telling apart the same addresses in two overlays, order and duplicates (see `flow`).
//!
//! Lengths come from the headers: what is behind an IP packet is padding, what is missing before its end was cut off by
//! the snap length and is told as `cut`.

mod fragment;
mod fuzz;
mod ip;
mod link;
mod part;

/// The result of this stage.
pub mod segment;

mod skip;
mod socket;
mod spread;
mod transport;
mod tunnel;

use self::fragment::Fragments;
use self::part::{Context, Part, Stop};
use crate::captured::Frame;

pub use fragment::FragmentStats;
#[doc(hidden)]
pub use fuzz::fuzz;
pub use segment::{Address, Segment, TcpFlags, TcpHeader, TransportHeader};
pub use skip::{DecodeStats, Skip};
pub use weir_request_log::Transport;

/// Frames -> segments. One for each source of frames, as the pieces of a datagram have no ports to spread them by.
#[derive(Default)]
pub struct Decoder {
    fragments: Fragments,
    /// A datagram made of fragments, and one that was found in fragments inside of it.
    outer: Vec<u8>,
    inner: Vec<u8>,
}

impl Decoder {
    /// The segment in a frame. Its payload is part of the frame's bytes, or of the decoder's where it was fragmented
    /// ([`Segment::offset_in`] tells).
    ///
    /// # Errors
    /// There is none; `FragmentHeld` is no loss. Count them with [`DecodeStats`].
    #[inline]
    pub fn frame<'a>(&'a mut self, frame: &Frame<'a>) -> Result<Segment<'a>, Skip> {
        let part = Part { bytes: frame.bytes, wire: frame.bytes.len().max(frame.wire_length as usize) };
        match link::frame(frame.link, part, Context { time: frame.time, tunnels: 0 }) {
            Ok(segment) => Ok(segment),
            Err(Stop::Skip(skip)) => Err(skip),
            Err(Stop::Fragment(fragment)) => self.fragment(&fragment),
        }
    }

    /// What became of fragmented datagrams.
    #[must_use]
    pub fn fragments(&self) -> FragmentStats {
        self.fragments.stats()
    }

    #[cold]
    fn fragment<'a>(&'a mut self, fragment: &fragment::Fragment<'a>) -> Result<Segment<'a>, Skip> {
        let Self { fragments, outer, inner } = self;
        let whole = fragments.insert(fragment, outer)?;
        let part = Part { bytes: outer, wire: whole.length };
        match ip::upper(whole.protocol, part, whole.ends, whole.context) {
            Ok(segment) => Ok(segment),
            Err(Stop::Skip(skip)) => Err(skip),
            Err(Stop::Fragment(fragment)) => {
                let whole = fragments.insert(&fragment, inner)?;
                let part = Part { bytes: inner, wire: whole.length };
                match ip::upper(whole.protocol, part, whole.ends, whole.context) {
                    Ok(segment) => Ok(segment),
                    Err(Stop::Skip(skip)) => Err(skip),
                    // A third level has no use.
                    Err(Stop::Fragment(_)) => Err(Skip::TooDeep),
                }
            }
        }
    }
}
