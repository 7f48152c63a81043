//! Takes: facts of a request or a response. Gives: the request log of both. Pooled: a session allocates nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use weir_request_log::{
    Field, Fields, RequestLog, SessionType, SignalSource, Status, Transport, Value as LogValue,
};

use super::process_names::ProcessNames;
use crate::captured::Caller;
use crate::decode::Address;
use crate::hooks::payloads::Payloads;
use crate::parse::event::{Direction, FlowFacts};
use crate::parse::outcome::{FieldName, Message, MessageKind, MessageStatus, Outcome, Piece, Value};
use crate::session::text;

/// One message of an exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Half {
    pub(crate) direction: Direction,
    /// First byte in its direction.
    pub(crate) start: u64,
    /// Behind the last byte: of the message when `complete` or awaited, else not known.
    pub(crate) end: u64,
    pub(crate) start_time: u64,
    /// Of the last byte that was seen.
    pub(crate) end_time: u64,
    pub(crate) sequence: u32,
    pub(crate) complete: bool,
    /// How many of the bytes from `start` to `end` are its own, where parts of other messages lie between.
    pub(crate) own: Option<u64>,
    /// Who made the call that brought its first byte; none: it comes from the network.
    pub(crate) caller: Option<Caller>,
}

/// Which half of an exchange a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Request,
    Response,
}

impl Role {
    pub(crate) fn of(message: &Message) -> Self {
        match (message.kind, message.direction) {
            (MessageKind::Request, _) | (MessageKind::OneWay, Direction::ClientToServer) => Self::Request,
            (MessageKind::Response, _) | (MessageKind::OneWay, Direction::ServerToClient) => Self::Response,
        }
    }
}

/// A request, a response, or both.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) fields: Fields,
    /// What hooks want to see.
    pub(crate) payloads: Payloads,
    pub(crate) request: Option<Half>,
    pub(crate) response: Option<Half>,
    pub(crate) correlation: Option<u64>,
    pub(crate) protocol: u8,
    pub(crate) one_way: bool,
    /// Followed to its end, but not told: its request was sent before the capture began.
    pub(crate) before_capture: bool,
    /// The same for the answer to a request that was told without it.
    pub(crate) late: bool,
    pub(crate) status: Option<Status>,
    /// How much of the other direction the client had received when it sent the request.
    pub(crate) peer: Option<u64>,
}

impl Exchange {
    pub(crate) fn half_mut(&mut self, role: Role) -> &mut Option<Half> {
        match role {
            Role::Request => &mut self.request,
            Role::Response => &mut self.response,
        }
    }

    pub(crate) fn half(&self, role: Role) -> Option<&Half> {
        match role {
            Role::Request => self.request.as_ref(),
            Role::Response => self.response.as_ref(),
        }
    }

    /// The half that is not complete and goes this way.
    pub(crate) fn open_half(&mut self, direction: Direction) -> Option<(Role, &mut Half)> {
        let open = |half: &&mut Half| half.direction == direction && !half.complete;
        let request = self.request.as_mut().filter(open).map(|half| (Role::Request, half));
        request.or_else(|| self.response.as_mut().filter(open).map(|half| (Role::Response, half)))
    }

    /// Nothing more is expected: it can be told.
    pub(crate) fn is_complete(&self) -> bool {
        match (&self.response, self.one_way) {
            (Some(half), _) => half.complete,
            (None, true) => self.request.as_ref().is_none_or(|half| half.complete),
            (None, false) => false,
        }
    }

    fn clear(&mut self) {
        let mut fields = std::mem::take(&mut self.fields);
        fields.clear();
        let payloads = std::mem::take(&mut self.payloads);
        *self = Self { fields, payloads, ..Self::default() };
    }

    /// Adds what a message says.
    pub(crate) fn add(&mut self, message: &Message, said: &Said<'_>, limit: usize) {
        let role = Role::of(message);
        for (name, value) in said.fields {
            let field = field_of(*name, role);
            said.with(*value, limit, |value| self.fields.set(field, value));
        }
        for (key, value) in said.attributes {
            said.with(*key, limit, |key| {
                let LogValue::Text(key) = key else { return };
                said.with(*value, limit, |value| self.fields.add_attribute(key, value));
            });
        }
        self.status = match message.status {
            MessageStatus::None => self.status,
            MessageStatus::Ok => Some(Status::Ok),
            MessageStatus::ClientError => Some(Status::ClientError),
            MessageStatus::ServerError => Some(Status::ServerError),
        };
        self.protocol = message.protocol;
        self.one_way |= message.kind == MessageKind::OneWay;
    }

    /// Fills the record; the texts change places, nothing is copied.
    pub(crate) fn fill(
        &mut self,
        log: &mut RequestLog,
        connection: &ConnectionFacts,
        names: &mut ProcessNames,
        timed_out: bool,
    ) {
        std::mem::swap(&mut log.fields, &mut self.fields);
        let (request, response) = (self.request.as_ref(), self.response.as_ref());
        log.session_type = match (request, response) {
            (Some(_), Some(_)) => SessionType::Session,
            (Some(_), None) => SessionType::Request,
            (None, _) => SessionType::Response,
        };
        let first = request.or(response);
        let last = response.or(request);
        log.start_time = first.map_or(0, |half| half.start_time);
        log.end_time = last.map_or(0, |half| half.end_time).max(log.start_time);
        log.response_duration =
            request.zip(response).map(|(q, r)| r.start_time.saturating_sub(q.end_time.min(r.start_time)));
        let length = |half: &Half| half.own.unwrap_or(half.end.saturating_sub(half.start));
        log.request_length = request.map(length);
        log.response_length = response.map(length);
        log.req_tcp_seq = request.filter(|_| connection.is_tcp()).map(|half| half.sequence);
        log.resp_tcp_seq = response.filter(|_| connection.is_tcp()).map(|half| half.sequence);
        log.status = match self.status {
            _ if timed_out => Status::Timeout,
            Some(status) if response.is_some() || self.one_way => status,
            _ => Status::Unknown,
        };
        log.flow_id = connection.flow_id;
        log.client = connection.client;
        log.server = connection.server;
        log.transport = connection.transport;
        log.signal_source = connection.signal_source();
        let caller_of = |half: Option<&Half>| half.and_then(|half| half.caller);
        fill_callers(log, caller_of(request), caller_of(response), names);
    }
}

/// Who made the calls. The request's caller is the one that a record is about.
fn fill_callers(
    log: &mut RequestLog,
    request: Option<Caller>,
    response: Option<Caller>,
    names: &mut ProcessNames,
) {
    // JSON readers keep numbers whole below 2^53; a capture file may hold any.
    let known = |number: u64| Some(number & ((1 << 53) - 1)).filter(|number| *number != 0);
    let trace_of = |caller: Option<Caller>| caller.and_then(|caller| known(caller.syscall_trace_id));
    log.syscall_trace_id_request = trace_of(request);
    log.syscall_trace_id_response = trace_of(response);
    let caller = request.or(response);
    log.process_id = caller.map(|caller| caller.process_id).filter(|id| *id != 0);
    log.process_name = caller.and_then(|caller| names.of(caller.process_name));
    log.thread_id = caller.map(|caller| caller.thread_id).filter(|id| *id != 0);
    log.coroutine_id = caller.and_then(|caller| known(caller.coroutine_id));
}

/// Where a plugin's field stands in the record. Both halves may have an `x-request-id`.
pub(crate) fn field_of(name: FieldName, role: Role) -> Field {
    match name {
        FieldName::RequestType => Field::RequestType,
        FieldName::RequestDomain => Field::RequestDomain,
        FieldName::RequestResource => Field::RequestResource,
        FieldName::Endpoint => Field::Endpoint,
        FieldName::RequestId => Field::RequestId,
        FieldName::ResponseCode => Field::ResponseCode,
        FieldName::ResponseException => Field::ResponseException,
        FieldName::ResponseResult => Field::ResponseResult,
        FieldName::Version => Field::Version,
        FieldName::TraceId => Field::TraceId,
        FieldName::SpanId => Field::SpanId,
        FieldName::ParentSpanId => Field::ParentSpanId,
        FieldName::XRequestId if role == Role::Response => Field::XRequestId1,
        FieldName::XRequestId => Field::XRequestId,
        FieldName::HttpProxyClient => Field::HttpProxyClient,
        FieldName::BizProtocol => Field::BizProtocol,
    }
}

/// What a record says of its connection.
#[derive(Debug)]
pub(crate) struct ConnectionFacts {
    pub(crate) flow_id: u64,
    /// 0 for packets.
    pub(crate) socket: u64,
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
    pub(crate) transport: Transport,
}

impl ConnectionFacts {
    pub(crate) fn new(flow_id: u64, socket: u64, facts: &FlowFacts) -> Self {
        let address = |(address, port): (Address, u16)| SocketAddr::new(address.to_ip(), port);
        Self {
            flow_id,
            socket,
            client: address(facts.client),
            server: address(facts.server),
            transport: facts.transport,
        }
    }

    fn signal_source(&self) -> SignalSource {
        if self.socket == 0 { SignalSource::Packet } else { SignalSource::Ebpf }
    }

    pub(crate) fn is_tcp(&self) -> bool {
        self.transport == Transport::Tcp
    }
}

/// Fields and attributes of one message, and where their texts lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said<'a> {
    pub(crate) fields: &'a [(FieldName, Value)],
    pub(crate) attributes: &'a [(Value, Value)],
    pub(crate) pieces: &'a [Piece],
    pub(crate) arena: &'a [u8],
    pub(crate) outcome: &'a Outcome,
}

impl Said<'_> {
    /// The bytes of a piece.
    pub(crate) fn bytes(&self, value: Value) -> &[u8] {
        let (bytes, offset, length) = match value {
            Value::Slice { offset, length } => (self.arena, offset, length),
            Value::Owned { offset, length } => (self.outcome.owned.as_slice(), offset, length),
            Value::Number(_) => return &[],
        };
        bytes.get(offset as usize..).and_then(|rest| rest.get(..length as usize)).unwrap_or_default()
    }

    fn with(&self, value: Value, limit: usize, use_value: impl FnOnce(LogValue<'_>)) {
        match value {
            Value::Number(number) => use_value(LogValue::Number(number)),
            text => use_value(LogValue::Text(&text::clean(self.bytes(text), limit))),
        }
    }
}

/// Exchanges that can be used again, and names that records share.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    pub(crate) names: ProcessNames,
    #[allow(clippy::vec_box)] // exchanges move between lists; a pointer is cheaper to move
    free: Vec<Box<Exchange>>,
}

/// As many as one batch may finish: more would only hold memory.
const POOLED: usize = 256;

impl Pool {
    pub(crate) fn take(&mut self) -> Box<Exchange> {
        self.free.pop().unwrap_or_default()
    }

    pub(crate) fn give(&mut self, mut exchange: Box<Exchange>) {
        if self.free.len() < POOLED {
            exchange.clear();
            self.free.push(exchange);
        }
    }
}

/// An empty record to be filled again and again.
pub(crate) fn empty_log(plugin: Arc<str>) -> RequestLog {
    RequestLog { plugins: vec![plugin], ..RequestLog::empty() }
}
