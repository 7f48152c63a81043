//! The records of `wit/v0.1` in the canonical layout (Component Model, `CanonicalABI.md`, 32-bit memory).
//!
//! Takes and gives plain integers; does not interpret them. `tests/` compares every offset with the WIT.

/// `stream-event`. The fields of `data` and `gap` lie over one another.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct StreamEvent {
    /// Case of the variant: 0 opened, 1 data, 2 gap, 3 closed.
    pub case: u8,
    pub(crate) pad0: [u8; 7],
    /// The connection; for `opened` the index of the flow.
    pub connection: u32,
    /// Of `data` and `gap`: 0 client to server.
    pub direction: u8,
    pub(crate) pad1: [u8; 3],
    /// `offset` of `data` and `gap`.
    pub offset: u32,
    /// `length` of `data` and `gap`.
    pub length: u32,
    /// `position` of `data` and `gap`.
    pub position: u64,
    /// `data.time`, or `gap.bytes`.
    pub time_or_bytes: u64,
}

/// Cases of [`StreamEvent`].
pub mod event_case {
    /// A connection begins.
    pub const OPENED: u8 = 0;
    /// Bytes.
    pub const DATA: u8 = 1;
    /// Missing bytes.
    pub const GAP: u8 = 2;
    /// A connection is over.
    pub const CLOSED: u8 = 3;
}

impl StreamEvent {
    /// `opened`: the flow of that index begins.
    #[must_use]
    pub fn opened(flow: u32) -> Self {
        Self { case: event_case::OPENED, connection: flow, ..Self::default() }
    }

    /// `data`: `arena[offset..offset + length]` goes in `direction`, its first byte is number `position`.
    #[must_use]
    pub fn data(connection: u32, direction: u8, offset: u32, length: u32, position: u64, time: u64) -> Self {
        let case = event_case::DATA;
        Self { case, connection, direction, offset, length, position, time_or_bytes: time, ..Self::default() }
    }

    /// `gap`: `bytes` are missing from `position` on; `arena[offset..offset + length]` was left unread before.
    #[must_use]
    pub fn gap(connection: u32, direction: u8, offset: u32, length: u32, position: u64, bytes: u64) -> Self {
        let case = event_case::GAP;
        Self {
            case,
            connection,
            direction,
            offset,
            length,
            position,
            time_or_bytes: bytes,
            ..Self::default()
        }
    }

    /// `closed`.
    #[must_use]
    pub fn closed(connection: u32) -> Self {
        Self { case: event_case::CLOSED, connection, ..Self::default() }
    }
}

/// `flow`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Flow {
    /// The number of the connection.
    pub connection: u32,
    /// 0 TCP, 1 UDP.
    pub transport: u8,
    pub(crate) pad0: [u8; 3],
    /// Who sends requests.
    pub client: Endpoint,
    /// Who answers.
    pub server: Endpoint,
    /// Not 0: the capture saw the beginning.
    pub from_start: u8,
    /// Not 0: some hook wants heads.
    pub heads: u8,
    pub(crate) pad1: [u8; 2],
    /// So many bytes of each body some hook wants.
    pub body_limit: u32,
}

/// `endpoint`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Endpoint {
    /// The first eight bytes of the address, as a big-endian number.
    pub high: u64,
    /// The last eight.
    pub low: u64,
    /// The port.
    pub port: u16,
    pub(crate) pad: [u8; 6],
}

/// `message`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Message {
    /// Whose message.
    pub connection: u32,
    /// 0 client to server.
    pub direction: u8,
    /// 0 request, 1 response, 2 one-way.
    pub kind: u8,
    /// 0 whole, 1 begin, 2 end.
    pub part: u8,
    /// 0 none, 1 ok, 2 client error, 3 server error.
    pub status: u8,
    /// Index into the manifest's protocols.
    pub protocol: u8,
    pub(crate) pad0: u8,
    /// How many fields.
    pub fields: u16,
    /// How many attributes.
    pub attributes: u16,
    /// How many pieces.
    pub pieces: u16,
    /// Not 0: `correlation` is set.
    pub has_correlation: u8,
    pub(crate) pad2: [u8; 7],
    /// Ties request and response.
    pub correlation: u64,
    /// First byte.
    pub start: u64,
    /// Behind the last byte.
    pub end: u64,
}

/// `value`: case 0 slice, 1 owned, 2 number.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Value {
    /// Case of the variant.
    pub case: u8,
    pub(crate) pad: [u8; 7],
    /// Offset (low half) and length (high half), pointer and length, or the number.
    pub bits: u64,
}

/// Cases of [`Value`].
pub mod value_case {
    /// A piece of the arena.
    pub const SLICE: u8 = 0;
    /// A text that the guest built.
    pub const OWNED: u8 = 1;
    /// A number.
    pub const NUMBER: u8 = 2;
}

/// `field`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Field {
    /// Index into `field-name`.
    pub name: u8,
    pub(crate) pad: [u8; 7],
    /// What it holds.
    pub value: Value,
}

/// `attribute`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Attribute {
    /// Pointer to the key.
    pub key: u32,
    /// Its length.
    pub key_length: u32,
    /// What it holds.
    pub value: Value,
}

/// `piece`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Piece {
    /// 0 head, 1 body.
    pub kind: u8,
    /// Index into `encoding`.
    pub encoding: u8,
    /// Not 0: ends a payload.
    pub last: u8,
    pub(crate) pad: [u8; 5],
    /// The bytes.
    pub bytes: Value,
}

/// `progress`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Progress {
    /// Index of the event.
    pub event: u32,
    /// 0 going, 1 violation, 2 finished, 3 upgraded.
    pub state: u8,
    pub(crate) pad: [u8; 3],
    /// Bytes that must be there before it is worth to ask again.
    pub need: u32,
    pub(crate) pad1: u32,
    /// Next byte of the direction that is wanted.
    pub resume_at: u64,
}

/// States of [`Progress`].
pub mod progress_state {
    /// Nothing special.
    pub const GOING: u8 = 0;
    /// Not this protocol's bytes.
    pub const VIOLATION: u8 = 1;
    /// No more events wanted.
    pub const FINISHED: u8 = 2;
    /// Another protocol speaks from here.
    pub const UPGRADED: u8 = 3;
}

mod hooks;

pub use hooks::{Interest, KnownAttribute, Patch, Slice, Subject};

const _: () = {
    assert!(size_of::<StreamEvent>() == 40);
    assert!(size_of::<Flow>() == 64);
    assert!(size_of::<Message>() == 48);
    assert!(size_of::<Field>() == 24);
    assert!(size_of::<Attribute>() == 24);
    assert!(size_of::<Piece>() == 24);
    assert!(size_of::<Progress>() == 24);
};
