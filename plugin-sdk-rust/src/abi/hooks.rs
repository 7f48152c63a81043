//! The records of `hooks.wit`.

use std::mem::offset_of;

use super::{Endpoint, Value};

/// `slice`: a piece of the arena of the same call.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Slice {
    /// Of the first byte.
    pub offset: u32,
    /// In bytes.
    pub length: u32,
}

/// `subject`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Subject {
    /// As in `l7_protocol`; for `Custom` the name in `biz_protocol`.
    pub protocol: Slice,
    /// Who sends requests.
    pub client: Endpoint,
    /// Who answers.
    pub server: Endpoint,
    /// Joins the sessions of one flow.
    pub flow_id: u64,
    /// Of the first byte, nanoseconds since 1970.
    pub time: u64,
    /// Nanoseconds; 0: not known.
    pub duration: u64,
    /// Header fields as lines.
    pub head: Slice,
    /// Unpacked.
    pub body: Slice,
    /// How many fields.
    pub fields: u16,
    /// How many attributes.
    pub attributes: u16,
    /// 0 TCP, 1 UDP.
    pub transport: u8,
    /// 0 client to server.
    pub direction: u8,
    /// 0 unknown, 1 ok, 2 client error, 3 server error, 4 timeout.
    pub status: u8,
    /// 0 session, 1 request, 2 response.
    pub session_type: u8,
    /// Not 0: the body is longer than what is here.
    pub cut: u8,
    pub(crate) pad: [u8; 7],
}

/// `known-attribute`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct KnownAttribute {
    /// The key.
    pub key: Slice,
    /// What it holds.
    pub value: Value,
}

/// `patch`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Patch {
    /// Index of the subject.
    pub subject: u32,
    /// 0 next, 1 stop, 2 drop.
    pub action: u8,
    /// 0: as it is.
    pub status: u8,
    /// How many fields.
    pub fields: u16,
    /// How many attributes.
    pub attributes: u16,
    pub(crate) pad: [u8; 2],
}

/// `interest`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Interest {
    /// Address of the names of protocols, each address and length.
    pub protocols: u32,
    /// How many.
    pub protocol_count: u32,
    /// Not 0: requests are wanted.
    pub requests: u8,
    /// Not 0: responses are wanted.
    pub responses: u8,
    /// Not 0: heads are wanted.
    pub head: u8,
    pub(crate) pad0: u8,
    /// So many bytes of each body.
    pub body_limit: u32,
    /// Not 0: what the plugin could not see is dropped.
    pub required: u8,
    pub(crate) pad1: [u8; 3],
}

const _: () = {
    assert!(size_of::<Slice>() == 8);
    assert!(size_of::<Subject>() == 112 && align_of::<Subject>() == 8);
    assert!(offset_of!(Subject, client) == 8 && offset_of!(Subject, server) == 32);
    assert!(offset_of!(Subject, flow_id) == 56 && offset_of!(Subject, head) == 80);
    assert!(offset_of!(Subject, fields) == 96 && offset_of!(Subject, cut) == 104);
    assert!(size_of::<KnownAttribute>() == 24);
    assert!(size_of::<Patch>() == 12 && align_of::<Patch>() == 4);
    assert!(offset_of!(Patch, fields) == 6 && offset_of!(Patch, attributes) == 8);
    assert!(size_of::<Interest>() == 20 && align_of::<Interest>() == 4);
    assert!(offset_of!(Interest, body_limit) == 12 && offset_of!(Interest, required) == 16);
};
