//! Takes: what an author declares. Gives: what the host's `wanted` asks for.

/// What a hook wants to be shown. The host shows nothing else, and what nobody wants costs nothing.
#[derive(Clone, Debug)]
pub struct Interest {
    pub(crate) protocols: Vec<String>,
    pub(crate) requests: bool,
    pub(crate) responses: bool,
    pub(crate) head: bool,
    pub(crate) body_limit: u32,
    pub(crate) required: bool,
}

impl Default for Interest {
    fn default() -> Self {
        Self::both()
    }
}

impl Interest {
    /// Requests and responses, without heads and bodies. What a session hook begins with: it is shown each session once.
    #[must_use]
    pub fn both() -> Self {
        Self {
            protocols: Vec::new(),
            requests: true,
            responses: true,
            head: false,
            body_limit: 0,
            required: false,
        }
    }

    /// Requests alone.
    #[must_use]
    pub fn requests() -> Self {
        Self { responses: false, ..Self::both() }
    }

    /// Responses alone.
    #[must_use]
    pub fn responses() -> Self {
        Self { requests: false, ..Self::both() }
    }

    /// Adds a protocol as it stands in `l7_protocol`; `*` for all. None at all: HTTP, HTTP2, gRPC and Triple for an http hook,
    /// everything for the others.
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        self.protocols.push(name.into());
        self
    }

    /// Heads too.
    #[must_use]
    pub fn head(mut self) -> Self {
        self.head = true;
        self
    }

    /// So many bytes of each body too. The host has a limit of its own (1 MiB).
    #[must_use]
    pub fn body_limit(mut self, bytes: u32) -> Self {
        self.body_limit = bytes;
        self
    }

    /// What this plugin could not see because it broke is dropped rather than told as it was: for redaction.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Names of protocols.
    #[must_use]
    pub fn protocols(&self) -> &[String] {
        &self.protocols
    }

    /// Requests are wanted.
    #[must_use]
    pub fn wants_requests(&self) -> bool {
        self.requests
    }

    /// Responses are wanted.
    #[must_use]
    pub fn wants_responses(&self) -> bool {
        self.responses
    }

    /// Heads are wanted.
    #[must_use]
    pub fn wants_head(&self) -> bool {
        self.head
    }

    /// How many bytes of each body are wanted.
    #[must_use]
    pub fn wanted_body(&self) -> u32 {
        self.body_limit
    }

    /// Told only when this plugin has seen it.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.required
    }
}
