//! Where Go's structures keep what a probe needs, as a word that the kernel hands to the programs at a probe (its "cookie").

/// Offsets in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoLayout {
    /// The goroutine's number in `runtime.g`.
    pub goroutine_id: u16,
    /// The address of the `net.TCPConn` in a `crypto/tls.Conn`.
    pub connection_data: u16,
    /// The address of the `net.netFD` in a `net.TCPConn`.
    pub tcp_descriptor: u16,
    /// The file descriptor in it.
    pub system_descriptor: u16,
}

impl GoLayout {
    /// One word.
    #[must_use]
    pub const fn cookie(self) -> u64 {
        self.goroutine_id as u64
            | (self.connection_data as u64) << 16
            | (self.tcp_descriptor as u64) << 32
            | (self.system_descriptor as u64) << 48
    }

    /// From that word.
    #[must_use]
    #[inline(always)]
    pub const fn from_cookie(cookie: u64) -> Self {
        Self {
            goroutine_id: cookie as u16,
            connection_data: (cookie >> 16) as u16,
            tcp_descriptor: (cookie >> 32) as u16,
            system_descriptor: (cookie >> 48) as u16,
        }
    }
}
