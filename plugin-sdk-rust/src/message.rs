//! Takes: facts from a parser. Gives: the lists of `outcome`.
//!
//! A text that lies in the payload is handed on as offset and length, any other one is copied: [`MessageBuilder::text`]
//! sees the difference by itself.

use crate::abi;
use crate::parser::Direction;
use crate::text::{self, TEXT_LIMIT};

/// Part of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Asks; an answer is expected.
    Request = 0,
    /// Answers.
    Response = 1,
    /// Never answered, or never asked for.
    OneWay = 2,
}

/// Which part of a message is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Part {
    /// All of it.
    Whole = 0,
    /// Its beginning; an `End` follows.
    Begin = 1,
    /// Its end, and fields that were not known before.
    End = 2,
    /// It goes on; fields, attributes and pieces of what was begun.
    More = 3,
}

/// How the bytes of a body were packed; the host unpacks them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Encoding {
    /// As they are.
    #[default]
    Identity = 0,
    /// RFC 1952.
    Gzip = 1,
    /// RFC 1950, or 1951 where a sender got it wrong.
    Deflate = 2,
    /// RFC 7932.
    Brotli = 3,
    /// RFC 8878.
    Zstd = 4,
}

/// How it went; see `docs/request-log.md` for what is whose fault in each protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// This message does not tell.
    None = 0,
    /// It worked.
    Ok = 1,
    /// The client did something wrong.
    ClientError = 2,
    /// The server failed.
    ServerError = 3,
}

/// Fields of the request log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs)] // the names are the contract's; docs/request-log.md explains each
pub enum Field {
    RequestType = 0,
    RequestDomain = 1,
    RequestResource = 2,
    Endpoint = 3,
    RequestId = 4,
    ResponseCode = 5,
    ResponseException = 6,
    ResponseResult = 7,
    Version = 8,
    TraceId = 9,
    SpanId = 10,
    ParentSpanId = 11,
    XRequestId = 12,
    HttpProxyClient = 13,
    BizProtocol = 14,
}

impl Field {
    /// Every field, in the order of its number.
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

/// The lists of one answer. They are kept from call to call, so nothing is allocated on the path.
#[derive(Debug, Default)]
pub struct Lists {
    pub(crate) messages: Vec<abi::Message>,
    pub(crate) progress: Vec<abi::Progress>,
    pub(crate) contents: Contents,
}

/// What messages hold, in the order of messages. Apart from them, so that the one that is filled can be held on to.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Owned values hold offsets into `owned` until [`Lists::place`] turns them into addresses.
    pub(crate) fields: Vec<abi::Field>,
    pub(crate) attributes: Vec<abi::Attribute>,
    pub(crate) pieces: Vec<abi::Piece>,
    pub(crate) owned: Vec<u8>,
}

impl Lists {
    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.progress.clear();
        self.contents.fields.clear();
        self.contents.attributes.clear();
        self.contents.pieces.clear();
        self.contents.owned.clear();
    }

    /// Adds the address of the owned texts to every value that refers to one.
    #[cfg(target_family = "wasm")]
    pub(crate) fn place(&mut self) {
        let Contents { fields, attributes, pieces, owned } = &mut self.contents;
        if owned.is_empty() {
            return; // the address of an empty text does not matter
        }
        let base = owned.as_ptr() as u32;
        text::at_address(base, fields, attributes);
        text::move_owned(base, pieces.iter_mut().map(|piece| &mut piece.bytes));
    }

    /// Messages of the last call, in order.
    #[must_use]
    pub fn messages(&self) -> &[abi::Message] {
        &self.messages
    }

    /// Fields of all messages, in the order of messages.
    #[must_use]
    pub fn fields(&self) -> &[abi::Field] {
        &self.contents.fields
    }

    /// Attributes of all messages, in the order of messages.
    #[must_use]
    pub fn attributes(&self) -> &[abi::Attribute] {
        &self.contents.attributes
    }

    /// Pieces of heads and bodies of all messages, in the order of messages.
    #[must_use]
    pub fn pieces(&self) -> &[abi::Piece] {
        &self.contents.pieces
    }

    /// Where events ended elsewhere than at their last byte.
    #[must_use]
    pub fn progress(&self) -> &[abi::Progress] {
        &self.progress
    }

    /// The bytes that owned values refer to by offset and length.
    #[must_use]
    pub fn owned(&self) -> &[u8] {
        &self.contents.owned
    }
}

/// Where a parser puts its messages.
#[derive(Debug)]
pub struct Output<'a> {
    lists: &'a mut Lists,
    arena: &'a [u8],
    connection: u32,
    direction: Direction,
    position: u64,
}

impl<'a> Output<'a> {
    pub(crate) fn new(
        lists: &'a mut Lists,
        arena: &'a [u8],
        connection: u32,
        direction: Direction,
        position: u64,
    ) -> Self {
        Self { lists, arena, connection, direction, position }
    }

    /// A message that begins at the first byte of the input and is `length` bytes long, those included that were not
    /// seen yet.
    #[inline]
    pub fn message(&mut self, kind: Kind, length: u64) -> MessageBuilder<'_> {
        self.spanning(kind, Part::Whole, self.position, self.position.saturating_add(length))
    }

    /// A message that begins at the first byte of the input; tell its end with [`Output::end`].
    #[inline]
    pub fn begin(&mut self, kind: Kind) -> MessageBuilder<'_> {
        self.spanning(kind, Part::Begin, self.position, self.position)
    }

    /// Ends the message that was begun in this direction, `length` bytes behind the first byte of the input.
    pub fn end(&mut self, kind: Kind, length: u64) -> MessageBuilder<'_> {
        let end = self.position.saturating_add(length);
        self.spanning(kind, Part::End, end, end)
    }

    /// Goes on with the message that was begun in this direction: adds to it.
    pub fn more(&mut self, kind: Kind) -> MessageBuilder<'_> {
        self.spanning(kind, Part::More, self.position, self.position)
    }

    /// A message from position `start` to position `end` of this direction. Of an [`Part::End`]: where parts of other messages lie
    /// between, `end - start` are the message's own bytes.
    #[inline(always)] // most of it is known where it is called
    pub fn spanning(&mut self, kind: Kind, part: Part, start: u64, end: u64) -> MessageBuilder<'_> {
        let Lists { messages, contents, .. } = &mut *self.lists;
        let index = messages.len();
        messages.push(abi::Message {
            connection: self.connection,
            direction: self.direction as u8,
            kind: kind as u8,
            part: part as u8,
            start,
            end,
            ..abi::Message::default()
        });
        MessageBuilder { message: &mut messages[index], contents, arena: self.arena }
    }

    /// The same lists, for messages of the other direction (a close, a gap): positions are absolute there.
    pub fn toward(&mut self, direction: Direction) -> Output<'_> {
        Output {
            lists: self.lists,
            arena: self.arena,
            connection: self.connection,
            direction,
            position: self.position,
        }
    }
}

/// Fills the message that was just added.
#[derive(Debug)]
pub struct MessageBuilder<'a> {
    message: &'a mut abi::Message,
    contents: &'a mut Contents,
    arena: &'a [u8],
}

impl MessageBuilder<'_> {
    /// Sets a field to a text: free of copies when it is a piece of the input. A copy is cut at
    /// [`TEXT_LIMIT`].
    #[inline]
    pub fn text(&mut self, field: Field, text: impl AsRef<[u8]>) -> &mut Self {
        let value = self.value_of(text.as_ref());
        self.push(field, value)
    }

    /// Sets a field to a number.
    #[inline]
    pub fn number(&mut self, field: Field, number: i64) -> &mut Self {
        self.push(field, text::number(number))
    }

    /// Adds an attribute.
    pub fn attribute(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        if self.message.attributes == u16::MAX {
            return self; // the contract counts with 16 bits
        }
        let key = text::own(&mut self.contents.owned, text::cut(key.as_ref(), TEXT_LIMIT));
        let value = self.value_of(value.as_ref());
        let (key, key_length) = (key.bits as u32, (key.bits >> 32) as u32);
        self.contents.attributes.push(abi::Attribute { key, key_length, value });
        self.message.attributes += 1;
        self
    }

    /// Sets how it went.
    #[inline]
    pub fn status(&mut self, status: Status) -> &mut Self {
        self.message.status = status as u8;
        self
    }

    /// Says which of the manifest's protocols the message belongs to; 0 when it is not called.
    pub fn protocol(&mut self, index: u8) -> &mut Self {
        self.message.protocol = index;
        self
    }

    /// Pairs by this number and not by order.
    pub fn correlation(&mut self, id: u64) -> &mut Self {
        self.message.has_correlation = 1;
        self.message.correlation = id;
        self
    }

    /// Hands on header fields as lines `name: value` with CR LF; only where [`Flow::heads`](crate::parser::Flow) asks for them.
    pub fn head(&mut self, lines: impl AsRef<[u8]>) -> &mut Self {
        self.piece(0, Encoding::Identity, lines.as_ref(), false)
    }

    /// Hands on the next bytes of a body, without its framing; only as many as
    /// [`Flow::body_limit`](crate::parser::Flow) asks for.
    pub fn body(&mut self, bytes: impl AsRef<[u8]>, encoding: Encoding) -> &mut Self {
        self.piece(1, encoding, bytes.as_ref(), false)
    }

    /// The same, and the payload ends here: the next body of this message begins another one.
    pub fn last_of_body(&mut self, bytes: impl AsRef<[u8]>, encoding: Encoding) -> &mut Self {
        self.piece(1, encoding, bytes.as_ref(), true)
    }

    fn piece(&mut self, kind: u8, encoding: Encoding, bytes: &[u8], last: bool) -> &mut Self {
        if self.message.pieces == u16::MAX {
            return self;
        }
        let bytes = text::place_bytes(self.arena, &mut self.contents.owned, bytes);
        let (encoding, last) = (encoding as u8, u8::from(last));
        self.contents.pieces.push(abi::Piece { kind, encoding, last, bytes, ..abi::Piece::default() });
        self.message.pieces += 1;
        self
    }

    #[inline]
    fn push(&mut self, field: Field, value: abi::Value) -> &mut Self {
        self.contents.fields.push(abi::Field { name: field as u8, value, ..abi::Field::default() });
        self.message.fields += 1;
        self
    }

    #[inline]
    fn value_of(&mut self, text: &[u8]) -> abi::Value {
        text::place(self.arena, &mut self.contents.owned, text)
    }
}
