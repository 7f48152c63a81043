//! What the kernel counts, one number a CPU.

/// An index of the map of counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Counter {
    /// Records that found the ring full.
    RingFull,
    /// Calls on sockets that nobody wants.
    Unwanted,
    /// Calls on sockets that the configuration does not admit.
    NotAdmitted,
    /// Calls whose socket or memory could not be read.
    Unreadable,
    /// TLS calls whose socket is not known.
    TlsWithoutSocket,
    /// Calls that a second program told, as the kernel had left out the first one.
    TakenOver,
}

impl Counter {
    /// The word for it in summaries and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RingFull => "ring-full",
            Self::Unwanted => "unwanted",
            Self::NotAdmitted => "not-admitted",
            Self::Unreadable => "unreadable",
            Self::TlsWithoutSocket => "tls-without-socket",
            Self::TakenOver => "taken-over",
        }
    }

    /// Something that was asked for is missing in the logs.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::RingFull | Self::Unreadable | Self::TlsWithoutSocket)
    }

    /// All of them, by index.
    pub const ALL: [Self; 6] = [
        Self::RingFull,
        Self::Unwanted,
        Self::NotAdmitted,
        Self::Unreadable,
        Self::TlsWithoutSocket,
        Self::TakenOver,
    ];
}
