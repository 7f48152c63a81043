//! Where Go's structures keep what a probe needs, as a word that the kernel hands to the programs at a probe (its "cookie").

/// Offsets, for the probes of `crypto/tls` and for the hooks of HTTP/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoLayout {
    /// The goroutine's number in `runtime.g`, in words of eight bytes.
    pub goroutine_id: u8,
    /// The protocol that both ends agreed on (ALPN), a string in a `crypto/tls.Conn`, in words of eight bytes.
    pub protocol: u8,
    /// Whether this end asked for the connection, in a `crypto/tls.Conn`. Bytes.
    pub is_client: u8,
    /// The address of the `net.TCPConn` in a `crypto/tls.Conn`. Bytes.
    pub connection_data: u8,
    /// The address of the `net.netFD` in a `net.TCPConn`. Bytes.
    pub tcp_descriptor: u8,
    /// The file descriptor in it. Bytes.
    pub system_descriptor: u8,
    /// Of a hook: the address of the `crypto/tls.Conn` in an end of an HTTP/2 connection, in words of eight bytes.
    pub tls_data: u8,
    /// [`SERVERS`](Self::SERVERS) and [`CLIENTS`](Self::CLIENTS): which ends of HTTP/2 connections have hooks in this program; of a hook, whose it
    /// is, and [`INDIRECT`](Self::INDIRECT).
    pub roles: u8,
}

impl GoLayout {
    /// Ends that are asked for connections.
    pub const SERVERS: u8 = 1;
    /// Ends that ask for them.
    pub const CLIENTS: u8 = 2;
    /// The first argument of the function is no end of a connection, but begins with the address of one.
    pub const INDIRECT: u8 = 4;

    /// One word.
    #[must_use]
    pub const fn cookie(self) -> u64 {
        u64::from_ne_bytes([
            self.goroutine_id,
            self.protocol,
            self.is_client,
            self.connection_data,
            self.tcp_descriptor,
            self.system_descriptor,
            self.tls_data,
            self.roles,
        ])
    }

    /// From that word.
    #[must_use]
    #[inline(always)]
    pub const fn from_cookie(cookie: u64) -> Self {
        let [
            goroutine_id,
            protocol,
            is_client,
            connection_data,
            tcp_descriptor,
            system_descriptor,
            tls_data,
            roles,
        ] = cookie.to_ne_bytes();
        Self {
            goroutine_id,
            protocol,
            is_client,
            connection_data,
            tcp_descriptor,
            system_descriptor,
            tls_data,
            roles,
        }
    }
}
