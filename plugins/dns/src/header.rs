//! The twelve bytes that every message begins with.
//!
//! Source: RFC 1035 section 4.1.1; RFC 2535 section 6.1 for AD and CD; RFC 6895 for opcodes and codes.

/// Bytes of a header.
pub(crate) const LENGTH: usize = 12;

/// Why a message could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It ends too early: cut off, or no DNS.
    Cut,
    /// It breaks a rule.
    Wrong,
}

/// A big-endian number of two bytes.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Result<u16, Trouble> {
    let pair = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Trouble::Cut)?;
    Ok(u16::from_be_bytes(*pair))
}

/// A big-endian number of four bytes.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Trouble> {
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Trouble::Cut)?;
    Ok(u32::from_be_bytes(*four))
}

/// What a message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Query,
    /// Obsolete since RFC 3425.
    InverseQuery,
    Status,
    /// A zone has changed: RFC 1996.
    Notify,
    /// Change a zone: RFC 2136.
    Update,
}

impl Opcode {
    /// The word for `request_type` where the question's type would say too little.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Query => None,
            Self::InverseQuery => Some("IQUERY"),
            Self::Status => Some("STATUS"),
            Self::Notify => Some("NOTIFY"),
            Self::Update => Some("UPDATE"),
        }
    }
}

/// A header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) id: u16,
    pub(crate) flags: u16,
    pub(crate) opcode: Opcode,
    pub(crate) questions: u16,
    pub(crate) answers: u16,
    pub(crate) authorities: u16,
    pub(crate) additional: u16,
}

impl Header {
    pub(crate) fn read(message: &[u8]) -> Result<Self, Trouble> {
        let Some(bytes) = message.first_chunk::<LENGTH>() else { return Err(Trouble::Cut) };
        let [i, d, f, l, q0, q1, a0, a1, n0, n1, r0, r1] = *bytes;
        let flags = u16::from_be_bytes([f, l]);
        Ok(Self {
            id: u16::from_be_bytes([i, d]),
            flags,
            opcode: match flags >> 11 & 0xf {
                0 => Opcode::Query,
                1 => Opcode::InverseQuery,
                2 => Opcode::Status,
                4 => Opcode::Notify,
                5 => Opcode::Update,
                _ => return Err(Trouble::Wrong),
            },
            questions: u16::from_be_bytes([q0, q1]),
            answers: u16::from_be_bytes([a0, a1]),
            authorities: u16::from_be_bytes([n0, n1]),
            additional: u16::from_be_bytes([r0, r1]),
        })
    }

    pub(crate) fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// TC: the rest did not fit, the client is to ask again over TCP.
    pub(crate) fn is_truncated(&self) -> bool {
        self.flags & 0x0200 != 0
    }

    /// The bit that must be zero.
    pub(crate) fn z(&self) -> bool {
        self.flags & 0x0040 != 0
    }

    /// The four bits of the header; OPT may add eight more.
    pub(crate) fn code(&self) -> u16 {
        self.flags & 0xf
    }

    /// Records behind the question.
    pub(crate) fn records(&self) -> u32 {
        u32::from(self.answers) + u32::from(self.authorities) + u32::from(self.additional)
    }
}
