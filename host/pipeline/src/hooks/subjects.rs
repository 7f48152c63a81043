//! Takes: request logs and payloads. Gives: subjects over one arena. Does not choose which.

use std::net::{IpAddr, SocketAddr};

use weir_request_log::{Field, RequestLog, Stored};

use super::hook::{Interest, Slice, Subject, Subjects};
use super::payloads::{Payload, Payloads};
use super::unpack::unpack;
use crate::decode::Address;
use crate::parse::event::Direction;
use crate::parse::outcome::{FieldName, Value};
use crate::session::exchange::Role;

/// What of a session a subject is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum About<'a> {
    /// A message, with its first body.
    Message(Role),
    /// One payload.
    Payload(&'a Payload),
    /// All of it.
    Session,
}

impl Subjects {
    /// Adds a subject.
    pub(super) fn add(
        &mut self,
        log: &RequestLog,
        payloads: &Payloads,
        about: About<'_>,
        interest: &Interest,
        response_time: u64,
    ) {
        let role = match about {
            About::Message(role) => role,
            About::Payload(payload) => payload.role,
            About::Session => Role::Request,
        };
        let (fields, attributes) = self.add_fields(log, role);
        let head = match about {
            About::Session => Slice::default(),
            _ if interest.head => self.text(payloads.head(role)),
            _ => Slice::default(),
        };
        let body = match about {
            About::Session => None,
            About::Message(role) => payloads.bodies(role).next(),
            About::Payload(payload) => Some(payload),
        };
        let (body, cut) =
            body.map_or_else(Default::default, |body| self.body(body, interest.body_limit as usize));
        let protocol = match log.fields.text(Field::BizProtocol) {
            Some(name) => self.text(name.as_bytes()),
            None => self.text(log.l7_protocol.as_bytes()),
        };
        let is_response = role == Role::Response;
        self.subjects.push(Subject {
            protocol,
            client: endpoint(log.client),
            server: endpoint(log.server),
            flow_id: log.flow_id,
            time: if is_response { response_time } else { log.start_time },
            duration: log.response_duration.unwrap_or(0),
            head,
            body,
            fields,
            attributes,
            transport: log.transport,
            direction: if is_response { Direction::ServerToClient } else { Direction::ClientToServer },
            status: log.status,
            session_type: log.session_type,
            cut,
        });
    }

    /// All texts of a record lie in one buffer: one copy brings all of them.
    fn add_fields(&mut self, log: &RequestLog, role: Role) -> (u16, u16) {
        let base = self.text(log.fields.buffer().as_bytes()).offset;
        let value = |stored| match stored {
            Stored::Number(number) => Value::Number(number),
            Stored::Text { start, end } => Value::Slice { offset: base + start, length: end - start },
        };
        let (fields, attributes) = (self.fields.len(), self.attributes.len());
        for (field, stored) in log.fields.stored() {
            if let Some(name) = name_of(*field, role) {
                self.fields.push((name, value(*stored)));
            }
        }
        for (key, stored) in log.fields.stored_attributes().iter().take(usize::from(u16::MAX)) {
            if let Stored::Text { start, end } = *key {
                let key = Slice { offset: base + start, length: end - start };
                self.attributes.push((key, value(*stored)));
            }
        }
        ((self.fields.len() - fields) as u16, (self.attributes.len() - attributes) as u16)
    }

    fn body(&mut self, body: &Payload, limit: usize) -> (Slice, bool) {
        let offset = self.arena.len() as u32;
        let cut = unpack(body.encoding, &body.bytes, limit, &mut self.arena);
        (Slice { offset, length: self.arena.len() as u32 - offset }, cut || body.cut)
    }

    fn text(&mut self, text: &[u8]) -> Slice {
        let offset = self.arena.len() as u32;
        self.arena.extend_from_slice(text);
        Slice { offset, length: text.len() as u32 }
    }
}

/// A request has one id of its own and a response another; both are `x-request-id` for a plugin.
fn name_of(field: Field, role: Role) -> Option<FieldName> {
    Some(match field {
        Field::RequestType => FieldName::RequestType,
        Field::RequestDomain => FieldName::RequestDomain,
        Field::RequestResource => FieldName::RequestResource,
        Field::Endpoint => FieldName::Endpoint,
        Field::RequestId => FieldName::RequestId,
        Field::ResponseCode => FieldName::ResponseCode,
        Field::ResponseException => FieldName::ResponseException,
        Field::ResponseResult => FieldName::ResponseResult,
        Field::Version => FieldName::Version,
        Field::TraceId => FieldName::TraceId,
        Field::SpanId => FieldName::SpanId,
        Field::ParentSpanId => FieldName::ParentSpanId,
        Field::XRequestId if role == Role::Request => FieldName::XRequestId,
        Field::XRequestId1 if role == Role::Response => FieldName::XRequestId,
        Field::XRequestId | Field::XRequestId1 => return None,
        Field::HttpProxyClient => FieldName::HttpProxyClient,
        Field::BizProtocol => FieldName::BizProtocol,
    })
}

fn endpoint(address: SocketAddr) -> (Address, u16) {
    let bits = match address.ip() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    (Address(bits), address.port())
}
