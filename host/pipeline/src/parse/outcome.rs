//! What a parser answers: `outcome` of the WIT, checked: every range lies inside of what it refers to, every index
//! names something.

use super::event::Direction;

/// Lists of one answer. Their memory is used again.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Messages in the order in which they were told.
    pub messages: Vec<Message>,
    /// Fields of all messages, in the order of messages.
    pub fields: Vec<(FieldName, Value)>,
    /// Attributes of all messages: key (a range of `owned`) and value, in the order of messages.
    pub attributes: Vec<(Value, Value)>,
    /// Pieces of heads and bodies of all messages, in the order of messages.
    pub pieces: Vec<Piece>,
    /// Events that ended elsewhere than at their last byte, ascending by event.
    pub progress: Vec<Progress>,
    /// Texts that the guest built.
    pub owned: Vec<u8>,
}

impl Outcome {
    /// Empties all lists, keeps their memory.
    pub fn clear(&mut self) {
        self.messages.clear();
        self.fields.clear();
        self.attributes.clear();
        self.pieces.clear();
        self.progress.clear();
        self.owned.clear();
    }
}

/// A protocol fact: one message, or one end of it.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Whose. Checked to be a connection that is open in this plugin by the pipeline, not by the runtime.
    pub connection: u32,
    /// Which way it went.
    pub direction: Direction,
    /// Request, response or one-way.
    pub kind: MessageKind,
    /// All of it, or one end.
    pub part: MessagePart,
    /// What it says of success.
    pub status: MessageStatus,
    /// Index into the manifest's protocols.
    pub protocol: u8,
    /// How many entries of `fields`.
    pub fields: u16,
    /// How many entries of `attributes`.
    pub attributes: u16,
    /// How many entries of `pieces`.
    pub pieces: u16,
    /// Ties it to its other half; none: by order.
    pub correlation: Option<u64>,
    /// Position of the first byte.
    pub start: u64,
    /// Position behind the last byte; may lie ahead of what was seen. Not read for `Begin` and `More`.
    pub end: u64,
}

/// `kind` of the WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Never answered, or never asked for.
    OneWay,
    /// Asks.
    Request,
    /// Answers.
    Response,
}

/// `part` of the WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessagePart {
    /// It starts here.
    Begin,
    /// It ends here.
    End,
    /// It goes on: fields, attributes and pieces are added.
    More,
    /// All of it.
    Whole,
}

/// `piece` of the WIT: bytes of a message that hooks want to see.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// Head or body.
    pub kind: PieceKind,
    /// How the payload was packed.
    pub encoding: Encoding,
    /// Ends a payload; the next body piece begins another one.
    pub last: bool,
    /// Never a number.
    pub bytes: Value,
}

/// `piece-kind` of the WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// Of the payload.
    Body,
    /// Header fields as lines.
    Head,
}

/// `encoding` of the WIT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// RFC 7932.
    Brotli,
    /// RFC 1950, or 1951 where a sender got it wrong.
    Deflate,
    /// RFC 1952.
    Gzip,
    /// As it is.
    #[default]
    Identity,
    /// RFC 8878.
    Zstd,
}

impl Encoding {
    /// In the order of the WIT: index = number on the wire.
    pub const ALL: [Self; 5] = [Self::Identity, Self::Gzip, Self::Deflate, Self::Brotli, Self::Zstd];
}

/// `status` of the WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageStatus {
    /// The client's fault.
    ClientError,
    /// Does not tell.
    None,
    /// It worked.
    Ok,
    /// The server's fault.
    ServerError,
}

/// `field-name` of the WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // docs/request-log.md explains each
pub enum FieldName {
    RequestType,
    RequestDomain,
    RequestResource,
    Endpoint,
    RequestId,
    ResponseCode,
    ResponseException,
    ResponseResult,
    Version,
    TraceId,
    SpanId,
    ParentSpanId,
    XRequestId,
    HttpProxyClient,
    BizProtocol,
}

impl FieldName {
    /// In the order of the WIT: index = number on the wire.
    pub const ALL: [Self; 15] = [
        Self::RequestType,
        Self::RequestDomain,
        Self::RequestResource,
        Self::Endpoint,
        Self::RequestId,
        Self::ResponseCode,
        Self::ResponseException,
        Self::ResponseResult,
        Self::Version,
        Self::TraceId,
        Self::SpanId,
        Self::ParentSpanId,
        Self::XRequestId,
        Self::HttpProxyClient,
        Self::BizProtocol,
    ];
}

/// `value` of the WIT. Ranges are checked by whoever fills an [`Outcome`].
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// `arena[offset..offset + length]` of the same call.
    Slice {
        /// Where.
        offset: u32,
        /// How long.
        length: u32,
    },
    /// `owned[offset..offset + length]` of the outcome.
    Owned {
        /// Where.
        offset: u32,
        /// How long.
        length: u32,
    },
    /// A number.
    Number(i64),
}

/// `progress` of the WIT.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Index into the events of the call; names a `Data` event.
    pub event: u32,
    /// What the parser thinks of the connection.
    pub state: ParserState,
    /// Ask again only when so many bytes from `resume_at` on are there; 0: any.
    pub need: u32,
    /// Position of the next byte that the parser wants.
    pub resume_at: u64,
}

/// `state` of the WIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParserState {
    /// No more events wanted.
    Finished,
    /// Nothing special.
    Going,
    /// Another protocol speaks from `resume_at` on.
    Upgraded,
    /// Not this protocol's bytes.
    Violation,
}

/// The first `count` of a list that is used up piece by piece.
pub(crate) fn split_off<'a, T>(list: &mut &'a [T], count: u16) -> &'a [T] {
    let (taken, rest) = list.split_at(usize::from(count).min(list.len()));
    *list = rest;
    taken
}
