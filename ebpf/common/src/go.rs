//! Where Go's structures keep what a probe needs, as a word that the kernel hands to the programs at a probe (its "cookie").

/// Offsets in bytes, for the probes of `crypto/tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoLayout {
    /// The goroutine's number in `runtime.g`.
    pub goroutine_id: u16,
    /// The protocol that both ends agreed on (ALPN), a string in a `crypto/tls.Conn`. 0: HTTP/2 is not hooked in this program.
    pub protocol: u16,
    /// Whether this end asked for the connection, in a `crypto/tls.Conn`.
    pub is_client: u8,
    /// The address of the `net.TCPConn` in a `crypto/tls.Conn`.
    pub connection_data: u8,
    /// The address of the `net.netFD` in a `net.TCPConn`.
    pub tcp_descriptor: u8,
    /// The file descriptor in it.
    pub system_descriptor: u8,
}

impl GoLayout {
    /// One word.
    #[must_use]
    pub const fn cookie(self) -> u64 {
        self.goroutine_id as u64
            | (self.protocol as u64) << 16
            | (self.is_client as u64) << 32
            | (self.connection_data as u64) << 40
            | (self.tcp_descriptor as u64) << 48
            | (self.system_descriptor as u64) << 56
    }

    /// From that word.
    #[must_use]
    #[inline(always)]
    pub const fn from_cookie(cookie: u64) -> Self {
        Self {
            goroutine_id: cookie as u16,
            protocol: (cookie >> 16) as u16,
            is_client: (cookie >> 32) as u8,
            connection_data: (cookie >> 40) as u8,
            tcp_descriptor: (cookie >> 48) as u8,
            system_descriptor: (cookie >> 56) as u8,
        }
    }
}

/// Offsets in bytes, for the hooks of an HTTP/2 server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoHttp2Layout {
    /// The goroutine's number in `runtime.g`.
    pub goroutine_id: u16,
    /// The address of the `crypto/tls.Conn` in a `serverConn`.
    pub connection_data: u16,
}

impl GoHttp2Layout {
    /// One word.
    #[must_use]
    pub const fn cookie(self) -> u64 {
        self.goroutine_id as u64 | (self.connection_data as u64) << 16
    }

    /// From that word.
    #[must_use]
    #[inline(always)]
    pub const fn from_cookie(cookie: u64) -> Self {
        Self { goroutine_id: cookie as u16, connection_data: (cookie >> 16) as u16 }
    }
}
