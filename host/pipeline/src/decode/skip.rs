//! Why a frame gave no segment, and how often. Takes what decode answered, gives counters.

use super::Segment;

macro_rules! skips {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// Why a frame gives no segment. The label of the counter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Skip { $($(#[$doc])+ $variant,)+ }

        impl Skip {
            /// All reasons, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word for counters.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

skips! {
    /// ESP (RFC 4303).
    Encrypted = "encrypted",
    /// The same piece of a datagram came before.
    FragmentDuplicate = "fragment-duplicate",
    /// No drop: kept until the other pieces of its datagram have come.
    FragmentHeld = "fragment-held",
    /// Two pieces claim the same bytes, or two ends: the whole datagram was dropped.
    FragmentOverlap = "fragment-overlap",
    /// More pieces than a datagram needs: the whole datagram was dropped.
    FragmentTooMany = "fragment-too-many",
    /// A header that contradicts RFC 791 or RFC 8200; a piece that ends behind byte 65,535.
    MalformedIp = "malformed-ip",
    /// A frame of [`LinkType::Socket`](crate::captured::LinkType::Socket) without its header: something else uses its number.
    MalformedSocket = "malformed-socket",
    /// A data offset that is too small, or points behind the segment.
    MalformedTcp = "malformed-tcp",
    /// A header of GRE, ERSPAN or a label stack that contradicts its specification.
    MalformedTunnel = "malformed-tunnel",
    /// A length that is too small.
    MalformedUdp = "malformed-udp",
    /// ARP, LLDP, spanning tree and what else is not IP.
    NotIp = "not-ip",
    /// ICMP, OSPF, SCTP and what else is over IP.
    NotTcpUdp = "not-tcp-udp",
    /// More headers inside each other than any network has.
    TooDeep = "too-deep",
    /// The captured bytes end inside of a header.
    Truncated = "truncated",
    /// A type or family number that names nothing known: often not what the link type says.
    UnknownType = "unknown-type",
    /// GRE of version 1 (PPTP) or with source routes.
    UnsupportedTunnel = "unsupported-tunnel",
}

/// How many frames gave a segment, and why the others did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecodeStats {
    /// Frames that gave a segment.
    pub segments: u64,
    skipped: [u64; Skip::ALL.len()],
}

impl DecodeStats {
    /// Counts one answer of [`super::Decoder::frame`].
    #[inline]
    pub fn count(&mut self, answer: &Result<Segment<'_>, Skip>) {
        match answer {
            Ok(_) => self.segments += 1,
            Err(skip) => self.skipped[*skip as usize] += 1,
        }
    }

    /// How often a frame was skipped for this reason.
    #[must_use]
    pub fn skipped(&self, skip: Skip) -> u64 {
        self.skipped[skip as usize]
    }

    /// Reasons that occurred, with how often.
    pub fn reasons(&self) -> impl Iterator<Item = (Skip, u64)> {
        Skip::ALL.iter().map(|skip| (*skip, self.skipped(*skip))).filter(|(_, frames)| *frames > 0)
    }

    /// Adds the counters of another worker.
    pub fn add(&mut self, other: &Self) {
        self.segments += other.segments;
        for (mine, theirs) in self.skipped.iter_mut().zip(&other.skipped) {
            *mine += theirs;
        }
    }
}
