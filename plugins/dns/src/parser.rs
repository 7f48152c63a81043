//! The parser of one connection or one pair of UDP endpoints.

use std::net::IpAddr;

use weir_plugin_sdk::message::MessageBuilder;
use weir_plugin_sdk::prelude::*;

use crate::answers::{self, Answers};
use crate::check;
use crate::header::{Header, LENGTH, Opcode, Trouble};
use crate::kinds;
use crate::question::Question;
use crate::recent::Recent;
use crate::record::{AXFR, IXFR};
use crate::scratch::Scratch;
use crate::stream::{Framed, Lane};

/// Multicast DNS, RFC 6762: everybody talks to everybody there.
const MDNS: u16 = 5353;

/// One connection, or one pair of UDP endpoints.
#[derive(Debug)]
pub struct Dns {
    transport: Transport,
    /// Multicast: answers come from other addresses, or from nobody.
    unpaired: bool,
    recent: Recent,
    lanes: [Lane; 2],
    /// A zone is being sent in several messages: the way it goes, its id and what ties it to its query.
    transfer: Option<(Direction, u16, u64)>,
}

/// A message with the places where it begins and ends in its direction.
#[derive(Clone, Copy, Debug)]
struct Placed<'a> {
    bytes: &'a [u8],
    start: u64,
    end: u64,
    direction: Direction,
}

impl Parser for Dns {
    fn manifest() -> Manifest {
        check::signatures(Manifest::new("dns", env!("CARGO_PKG_VERSION")).protocol("DNS"))
    }

    fn check(payload: &[u8], probe: &Probe) -> Verdict {
        check::verdict(payload, probe)
    }

    fn open(flow: &Flow) -> Self {
        let multicast = |address: IpAddr| address.is_multicast();
        let unpaired = multicast(flow.client.0)
            || multicast(flow.server.0)
            || (flow.client.1 == MDNS && flow.server.1 == MDNS);
        Self {
            transport: flow.transport,
            unpaired: unpaired && flow.transport == Transport::Udp,
            recent: Recent::default(),
            lanes: [Lane::new(flow.from_start), Lane::new(flow.from_start)],
            transfer: None,
        }
    }

    fn parse(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step {
        match self.transport {
            Transport::Udp => self.datagram(input, output),
            Transport::Tcp => self.framed(input, output),
        }
    }

    fn gap(&mut self, gap: &Gap<'_>, output: &mut Output<'_>) {
        if self.transport == Transport::Udp {
            return;
        }
        let position = gap.position - gap.unread.len() as u64;
        let lane = &mut self.lanes[gap.direction.index()];
        if let Some((bytes, end)) = lane.cut(gap, position) {
            let placed = Placed { bytes, start: position, end, direction: gap.direction };
            // A head that is cut off too early says nothing.
            let _ = self.message(placed, output);
        }
        if !self.lanes[gap.direction.index()].is_synced() {
            self.abandon_transfer(gap.direction, gap.position, output);
        }
    }
}

impl Dns {
    fn datagram(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step {
        let length = input.bytes.len() as u64;
        let placed = Placed {
            bytes: input.bytes,
            start: input.position,
            end: input.position.saturating_add(length),
            direction: input.direction,
        };
        match self.message(placed, output) {
            Ok(()) => Step::Consumed(length),
            Err(_) => Step::Violation,
        }
    }

    fn framed(&mut self, input: Input<'_>, output: &mut Output<'_>) -> Step {
        let lane = &mut self.lanes[input.direction.index()];
        let bytes = match lane.next(input.bytes, input.position) {
            Framed::Message(bytes) => bytes,
            Framed::Step(step) => {
                if step == Step::Violation {
                    self.abandon_transfer(input.direction, input.position, output);
                }
                return step;
            }
        };
        let length = bytes.len() as u64 + 2;
        let end = input.position.saturating_add(length);
        let placed = Placed { bytes, start: input.position, end, direction: input.direction };
        if self.message(placed, output).is_err() {
            self.lanes[input.direction.index()].lose();
            self.abandon_transfer(input.direction, input.position, output);
            return Step::Violation;
        }
        Step::Consumed(length)
    }

    fn message(&mut self, placed: Placed<'_>, output: &mut Output<'_>) -> Result<(), Trouble> {
        let header = Header::read(placed.bytes)?;
        let mut scratch = Scratch::take();
        let told = if header.is_response() {
            self.response(placed, &header, &mut scratch, output)
        } else {
            self.query(placed, &header, &mut scratch, output)
        };
        scratch.give_back();
        told
    }

    fn query(
        &mut self,
        placed: Placed<'_>,
        header: &Header,
        scratch: &mut Scratch,
        output: &mut Output<'_>,
    ) -> Result<(), Trouble> {
        if header.questions == 0 {
            return Ok(()); // asks for a cookie alone (RFC 7873 section 5.4): nothing is asked
        }
        let question = Question::read(placed.bytes, &mut scratch.name)?;
        let correlation = question.correlation(header.id, &scratch.name);
        self.recent.add(correlation);
        let kind = if self.unpaired { Kind::OneWay } else { Kind::Request };
        let mut message = output.spanning(kind, Part::Whole, placed.start, placed.end);
        asked(&mut message, header, &question, scratch);
        if !self.unpaired {
            message.correlation(correlation);
        }
        Ok(())
    }

    fn response(
        &mut self,
        placed: Placed<'_>,
        header: &Header,
        scratch: &mut Scratch,
        output: &mut Output<'_>,
    ) -> Result<(), Trouble> {
        let question = match header.questions {
            0 => None,
            _ => Some(Question::read(placed.bytes, &mut scratch.name)?),
        };
        let of_id = || self.recent.of_id(header.id).unwrap_or_else(|| u64::from(header.id));
        let correlation = question.map_or_else(of_id, |q| q.correlation(header.id, &scratch.name));
        let at = question.map_or(LENGTH, |q| q.behind);
        let asked_kind = question.map(|q| q.kind);
        let answers = answers::read(placed.bytes, header, at, asked_kind, &mut scratch.result);
        if self.goes_on(&placed, header.id, &answers, output) {
            return Ok(());
        }
        let transfers = matches!(asked_kind, Some(AXFR | IXFR)) && self.transport == Transport::Tcp;
        let goes_on = transfers && header.answers > 0 && !answers.ends_transfer;
        if goes_on {
            self.transfer = Some((placed.direction, header.id, correlation));
        }
        let kind = if self.unpaired { Kind::OneWay } else { Kind::Response };
        let part = if goes_on { Part::Begin } else { Part::Whole };
        let mut message = output.spanning(kind, part, placed.start, placed.end);
        // The query told it already; a response alone has to.
        let is_known = self.recent.take(correlation) && !self.unpaired;
        match question {
            _ if is_known => {}
            Some(question) => asked(&mut message, header, &question, scratch),
            None => {
                message.number(Field::RequestId, i64::from(header.id));
            }
        }
        answered(&mut message, header, &answers, scratch);
        if !self.unpaired {
            message.correlation(correlation);
        }
        Ok(())
    }

    /// True for a further message of a zone transfer: the first one was told, the last one ends it.
    fn goes_on(&mut self, placed: &Placed<'_>, id: u16, answers: &Answers, output: &mut Output<'_>) -> bool {
        let Some((direction, transferred, correlation)) = self.transfer else { return false };
        if transferred != id || direction != placed.direction {
            return false;
        }
        if answers.ends_transfer {
            self.transfer = None;
            output.spanning(Kind::Response, Part::End, placed.end, placed.end).correlation(correlation);
        }
        true
    }

    /// The rest of a zone transfer can not be followed.
    fn abandon_transfer(&mut self, direction: Direction, position: u64, output: &mut Output<'_>) {
        if let Some((_, _, correlation)) = self.transfer.take_if(|transfer| transfer.0 == direction) {
            output.spanning(Kind::Response, Part::End, position, position).correlation(correlation);
        }
    }
}

/// Tells the question; `scratch.name` is its name.
fn asked(message: &mut MessageBuilder<'_>, header: &Header, question: &Question, scratch: &mut Scratch) {
    let name = match header.opcode {
        Opcode::Query => kinds::type_name(question.kind),
        opcode => opcode.name(),
    };
    match name {
        Some(name) => message.text(Field::RequestType, name),
        None => {
            let begin = scratch.name.len();
            kinds::push_type(question.kind, &mut scratch.name);
            message.text(Field::RequestType, scratch.name.get(begin..).unwrap_or_default());
            scratch.name.truncate(begin);
            message
        }
    }
    .text(Field::RequestDomain, &scratch.name)
    .text(Field::RequestResource, &scratch.name)
    .number(Field::RequestId, i64::from(header.id));
}

/// Tells the code and the answers; `scratch.result` is their text.
fn answered(message: &mut MessageBuilder<'_>, header: &Header, answers: &Answers, scratch: &mut Scratch) {
    let code = answers.extended_code << 4 | header.code();
    message.number(Field::ResponseCode, i64::from(code)).status(match code {
        0 => Status::Ok,
        1 | 3 => Status::ClientError,
        _ => Status::ServerError,
    });
    if !scratch.result.is_empty() {
        message.text(Field::ResponseResult, &scratch.result);
    }
    if code == 0 {
        return;
    }
    match kinds::code_name(code) {
        Some(name) => message.text(Field::ResponseException, name),
        None => {
            scratch.name.clear();
            scratch.name.extend_from_slice(b"RCODE");
            kinds::push_number(u32::from(code), &mut scratch.name);
            message.text(Field::ResponseException, &scratch.name)
        }
    };
}
