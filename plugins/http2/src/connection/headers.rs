//! Takes: HEADERS, PUSH_PROMISE and CONTINUATION frames. Gives: the beginnings of messages, and their trailers.

use weir_plugin_sdk::host;
use weir_plugin_sdk::message::MessageBuilder;
use weir_plugin_sdk::prelude::*;

use super::{BLOCK_LIMIT, Block, Http2};
use crate::frame::{self, FrameHeader, HEADER};
use crate::head::{Head, tell_code};
use crate::hpack::HeaderList;
use crate::streams::{Progress, Protocol, Stream};

/// Where a header block stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) direction: Direction,
    pub(super) stream: u32,
    pub(super) promised: Option<u32>,
    pub(super) ends_stream: bool,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) time: u64,
}

/// Fields of a block, and the lines they were read from.
struct Fields<'a> {
    head: Head<'a>,
    lines: &'a [u8],
}

impl Http2 {
    pub(super) fn header_frame(
        &mut self,
        header: FrameHeader,
        input: &Input<'_>,
        output: &mut Output<'_>,
    ) -> Step {
        let total = header.total();
        let consumed = Step::Consumed(total as u64);
        let lane = self.lane(input.direction);
        if total > BLOCK_LIMIT + HEADER {
            lane.block = None;
            lane.lose_table();
            host::count("header-blocks-too-large", 1);
            return consumed;
        }
        let Some(payload) = input.bytes.get(HEADER..total) else {
            return Step::NeedAtLeast(total as u32);
        };
        let Some((fragment, promised)) = header.fragment(payload) else {
            self.out_of_step(input.direction, input.time);
            return Step::Violation;
        };
        let mut place = Place {
            direction: input.direction,
            stream: header.stream,
            promised,
            ends_stream: header.ends_stream(),
            start: input.position,
            end: input.position.saturating_add(total as u64),
            time: input.time,
        };
        if header.kind == frame::CONTINUATION {
            if let Some(block) = self.continued(header, fragment, input.direction) {
                place.promised = block.promised;
                place.ends_stream = block.ends_stream;
                place.start = block.start;
                self.block(place, &block.fragment, output);
            }
        } else if header.ends_headers() {
            self.block(place, fragment, output);
        } else {
            let Place { stream, ends_stream, start, .. } = place;
            let block = Block { stream, promised, ends_stream, start, fragment: fragment.to_vec() };
            self.lane(input.direction).block = Some(Box::new(block));
        }
        consumed
    }

    /// The block that a CONTINUATION frame ends.
    fn continued(
        &mut self,
        header: FrameHeader,
        fragment: &[u8],
        direction: Direction,
    ) -> Option<Box<Block>> {
        let lane = self.lane(direction);
        let block = lane.block.take().filter(|block| block.stream == header.stream);
        let Some(mut block) = block.filter(|block| block.fragment.len() + fragment.len() <= BLOCK_LIMIT)
        else {
            // Its beginning was not seen, or it is too large.
            lane.lose_table();
            return None;
        };
        block.fragment.extend_from_slice(fragment);
        if header.ends_headers() {
            return Some(block);
        }
        lane.block = Some(block);
        None
    }

    fn block(&mut self, place: Place, fragment: &[u8], output: &mut Output<'_>) {
        self.settle_suspicion(&place, fragment);
        let mut list = HeaderList::take();
        let lane = self.lane(place.direction);
        if lane.decoder.decode(fragment, &mut list).is_ok() {
            self.fields(place, &list, output);
        } else {
            lane.lose_table();
            host::count("header-blocks-bad", 1);
        }
        list.give_back();
    }

    /// A block that a loss cuts off: the fields that are there still tell.
    pub(super) fn cut_block(&mut self, place: Place, fragment: &[u8], output: &mut Output<'_>) {
        self.settle_suspicion(&place, fragment);
        let mut list = HeaderList::take();
        // Cut off or bad, what was read before is right.
        let _ = self.lane(place.direction).decoder.decode(fragment, &mut list);
        if list.lines().next().is_some() {
            // At least one more is missing.
            list.unknown();
            self.fields(place, &list, output);
        }
        list.give_back();
    }

    fn fields(&mut self, place: Place, list: &HeaderList, output: &mut Output<'_>) {
        let trace_headers = std::rc::Rc::clone(&self.trace_headers);
        let fields = Fields { head: Head::read(list, Some(&trace_headers)), lines: list.text() };
        self.settle_doubts(place.time, output);
        match (place.direction, place.promised) {
            (Direction::ClientToServer, None) => self.sent_by_client(place, &fields, output),
            (Direction::ServerToClient, Some(promised)) => self.promise(place, promised, &fields, output),
            (Direction::ServerToClient, None) => self.response(place, &fields, output),
            // RFC 9113 section 8.4: a client can not push.
            (Direction::ClientToServer, Some(_)) => {}
        }
    }

    fn sent_by_client(&mut self, place: Place, fields: &Fields<'_>, output: &mut Output<'_>) {
        let is_new = place.stream > self.streams.last_request;
        if is_new && place.stream & 1 == 1 && fields.head.is_request() {
            return self.request(place, fields, output);
        }
        let heads = self.heads;
        let Some(stream) = self.streams.find(place.stream) else { return };
        let half = stream.half(place.direction);
        if half.progress == Progress::Begun {
            // Trailers.
            half.bytes += place.end - place.start;
            let (id, bytes) = (place.stream, half.bytes);
            let mut message = if place.ends_stream {
                half.progress = Progress::Ended;
                let start = place.end.saturating_sub(bytes);
                output.spanning(Kind::Request, Part::End, start, place.end)
            } else {
                output.spanning(Kind::Request, Part::More, place.start, place.start)
            };
            message.correlation(u64::from(id)).protocol(stream.protocol.index());
            if heads {
                message.head(fields.lines);
            }
        }
    }

    fn request(&mut self, place: Place, fields: &Fields<'_>, output: &mut Output<'_>) {
        let head = &fields.head;
        let mut stream = self.streams.find(place.stream).copied().unwrap_or_default();
        stream.id = place.stream;
        stream.protocol = self.usual.settle(head.protocol(Protocol::Unsure));
        let half = stream.half(place.direction);
        half.bytes = place.end - place.start;
        half.progress = if place.ends_stream { Progress::Ended } else { Progress::Begun };
        set_encoding(&mut stream, place.direction, head);
        self.streams.last_request = place.stream;
        self.streams.remove(place.stream);
        self.insert(stream, output);
        let part = if place.ends_stream { Part::Whole } else { Part::Begin };
        let mut message = output.spanning(Kind::Request, part, place.start, place.end);
        name_stream(&stream, &mut message);
        head.tell_request(&self.trace_headers, &mut message);
        if self.heads {
            message.head(fields.lines);
        }
    }

    /// A request that the server makes up, to answer it itself.
    fn promise(&mut self, place: Place, promised: u32, fields: &Fields<'_>, output: &mut Output<'_>) {
        if promised & 1 == 1
            || promised == 0
            || self.streams.holds(promised)
            || self.streams.was_reset(promised)
        {
            return;
        }
        let mut stream = Stream::new(promised);
        stream.is_push = true;
        stream.protocol = fields.head.protocol(Protocol::Unsure);
        let half = stream.half(place.direction);
        half.bytes = place.end - place.start;
        half.progress = Progress::Begun;
        self.insert(stream, output);
        let mut message = output.spanning(Kind::OneWay, Part::Begin, place.start, place.start);
        name_stream(&stream, &mut message);
        fields.head.tell_request(&self.trace_headers, &mut message);
        if self.heads {
            message.head(fields.lines);
        }
    }

    fn response(&mut self, place: Place, fields: &Fields<'_>, output: &mut Output<'_>) {
        let head = &fields.head;
        if head.is_interim() && !place.ends_stream {
            return;
        }
        let known = self.streams.holds(place.stream);
        if !known {
            if self.streams.was_reset(place.stream) || head.is_request() {
                return;
            }
            self.insert(Stream::new(place.stream), output);
        }
        let done = self.lanes.each_ref().map(|lane| lane.done);
        let Some(stream) = self.streams.find(place.stream) else { return };
        let was_unseen = stream.progress(place.direction) == Progress::Unseen;
        stream.doubted = 0;
        stream.protocol = self.usual.settle(head.protocol(stream.protocol));
        set_encoding(stream, place.direction, head);
        let half = stream.half(place.direction);
        half.bytes += place.end - place.start;
        half.progress = Progress::Begun;
        let part = match (was_unseen, place.ends_stream) {
            (true, true) => Part::Whole,
            (true, false) => Part::Begin,
            (false, true) => Part::End,
            (false, false) => Part::More,
        };
        let start = if part == Part::End { place.end.saturating_sub(half.bytes) } else { place.start };
        let end = if place.ends_stream { place.end } else { start };
        if place.ends_stream {
            end_request(stream, done, output);
        }
        let mut message = output.spanning(stream.kind(place.direction), part, start, end);
        message.correlation(u64::from(stream.id)).protocol(stream.protocol.index());
        if was_unseen && !known {
            name_stream(stream, &mut message);
        }
        tell_response(stream, head, was_unseen || head.may_be_response(), place.ends_stream, &mut message);
        head.tell_ids(&self.trace_headers, &mut message);
        if self.heads {
            message.head(fields.lines);
        }
        if place.ends_stream {
            self.streams.remove(place.stream);
        }
    }
}

/// Protocol, number and version: what every message that begins a session tells.
pub(super) fn name_stream(stream: &Stream, message: &mut MessageBuilder<'_>) {
    message
        .correlation(u64::from(stream.id))
        .protocol(stream.protocol.index())
        .number(Field::RequestId, i64::from(stream.id))
        .text(Field::Version, "2");
}

/// The request is over when the response is: nobody reads the rest of it.
pub(super) fn end_request(stream: &mut Stream, done: [u64; 2], output: &mut Output<'_>) {
    let direction = Direction::ClientToServer;
    let half = stream.half(direction);
    if half.progress != Progress::Begun {
        return;
    }
    half.progress = Progress::Ended;
    let end = done[direction.index()];
    let start = end.saturating_sub(half.bytes);
    let mut output = output.toward(direction);
    let mut message = output.spanning(Kind::Request, Part::End, start, end);
    message.correlation(u64::from(stream.id)).protocol(stream.protocol.index());
}

/// Code and status. `is_head`: these are no trailers. What the code means is not told as long as it may be gRPC.
fn tell_response(
    stream: &mut Stream,
    head: &Head<'_>,
    is_head: bool,
    ends: bool,
    message: &mut MessageBuilder<'_>,
) {
    if let Some(code) = head.code {
        tell_code(code, stream.protocol, message);
        stream.untold_code = (stream.protocol == Protocol::Unsure).then_some(code);
    }
    if stream.protocol.is_grpc() {
        stream.untold_code = None;
        head.tell_grpc_status(message);
    } else if !is_head && head.has_unknown {
        // Trailers, which gRPC always has, and what they say is hidden.
        stream.untold_code = None;
    }
    if ends {
        tell_late_code(stream, message);
    }
}

/// Nothing but HTTP showed up to the end of the response.
pub(super) fn tell_late_code(stream: &mut Stream, message: &mut MessageBuilder<'_>) {
    if let Some(code) = stream.untold_code.take().filter(|_| !stream.protocol.is_grpc()) {
        tell_code(code, Protocol::Http2, message);
    }
}

fn set_encoding(stream: &mut Stream, direction: Direction, head: &Head<'_>) {
    let word = if stream.protocol.is_grpc() { head.grpc_encoding } else { head.content_encoding };
    if let Some(word) = word {
        stream.half(direction).body.set_encoding(word);
    }
}
