//! Takes: what an author declares. Gives: what the host's `describe` wants.

use crate::parser::Transport;

/// What a plugin says of itself. The host reads it once, when the plugin is loaded.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) protocols: Vec<&'static str>,
    pub(crate) signatures: Vec<Signature>,
}

impl Manifest {
    /// `name`: lower-case letters, digits and dashes. `version`: `1.2.3`.
    #[must_use]
    pub fn new(name: &'static str, version: &'static str) -> Self {
        Self { name, version, protocols: Vec::new(), signatures: Vec::new() }
    }

    /// Adds a protocol as it shall stand in `l7_protocol`. Messages name it by the order of these calls, first is 0.
    #[must_use]
    pub fn protocol(mut self, name: &'static str) -> Self {
        self.protocols.push(name);
        self
    }

    /// Adds a test that the host makes before it asks `check`: one that fits is enough.
    #[must_use]
    pub fn signature(mut self, signature: Signature) -> Self {
        self.signatures.push(signature);
        self
    }

    /// The plugin's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The plugin's version.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.version
    }

    /// Protocols in the order of their indices.
    #[must_use]
    pub fn protocols(&self) -> &[&'static str] {
        &self.protocols
    }

    /// The signatures.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
}

/// A cheap test on the first bytes of a connection, made by the host for all plugins at once.
#[derive(Clone, Debug)]
pub struct Signature {
    /// TCP or UDP.
    pub transport: Transport,
    /// Where one of `any_of` must stand.
    pub offset: u32,
    /// Alternatives of 1 to 16 bytes; none: everything fits.
    pub any_of: Vec<Vec<u8>>,
    /// One of the two ports must be in here; none: any port.
    pub ports: Vec<u16>,
}

impl Signature {
    /// Fits every TCP connection until it is narrowed.
    #[must_use]
    pub fn tcp() -> Self {
        Self { transport: Transport::Tcp, offset: 0, any_of: Vec::new(), ports: Vec::new() }
    }

    /// Fits every UDP connection until it is narrowed.
    #[must_use]
    pub fn udp() -> Self {
        Self { transport: Transport::Udp, ..Self::tcp() }
    }

    /// Looks so many bytes into the payload.
    #[must_use]
    pub fn at(mut self, offset: u32) -> Self {
        self.offset = offset;
        self
    }

    /// One of these must stand there.
    #[must_use]
    pub fn any_of<B: AsRef<[u8]>>(mut self, alternatives: impl IntoIterator<Item = B>) -> Self {
        self.any_of.extend(alternatives.into_iter().map(|a| a.as_ref().to_vec()));
        self
    }

    /// One of the two ports must be one of these. Use it only where bytes say too little.
    #[must_use]
    pub fn ports(mut self, ports: impl IntoIterator<Item = u16>) -> Self {
        self.ports.extend(ports);
        self
    }
}
