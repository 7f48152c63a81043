//! Capability flags of the handshake ("Capabilities Flags"; MariaDB: "Connection - Capabilities").

/// What both sides agreed on; MariaDB's extended flags are the upper half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities(pub(crate) u64);

impl Capabilities {
    /// MySQL: `CLIENT_LONG_PASSWORD`. MariaDB calls it `CLIENT_MYSQL`: not set means that extended flags follow.
    pub(crate) const MYSQL: Self = Self(1);
    pub(crate) const CONNECT_WITH_DB: Self = Self(1 << 3);
    pub(crate) const COMPRESS: Self = Self(1 << 5);
    pub(crate) const PROTOCOL_41: Self = Self(1 << 9);
    pub(crate) const SSL: Self = Self(1 << 11);
    pub(crate) const SECURE_CONNECTION: Self = Self(1 << 15);
    pub(crate) const AUTH_LENENC: Self = Self(1 << 21);
    pub(crate) const DEPRECATE_EOF: Self = Self(1 << 24);
    pub(crate) const ZSTD: Self = Self(1 << 26);
    pub(crate) const QUERY_ATTRIBUTES: Self = Self(1 << 27);

    pub(crate) fn has(self, flag: Self) -> bool {
        self.0 & flag.0 == flag.0
    }

    pub(crate) fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
