//! A message or session as the plugins before left it: a view over the records of the call, nothing is copied.

use std::net::{IpAddr, Ipv6Addr};

use super::head;
use crate::abi::{self, value_case};
use crate::message::Field;
use crate::parser::{Direction, Transport};

/// What a hook is shown.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub(super) arena: &'a [u8],
    pub(super) record: &'a abi::Subject,
    pub(super) fields: &'a [abi::Field],
    pub(super) attributes: &'a [abi::KnownAttribute],
}

/// What a field or attribute holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValue<'a> {
    /// Need not be UTF-8.
    Text(&'a [u8]),
    /// A number.
    Number(i64),
}

impl<'a> FieldValue<'a> {
    /// The bytes of a text.
    #[must_use]
    pub fn text(self) -> Option<&'a [u8]> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) => None,
        }
    }
}

/// Whether both halves of a session were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SessionType {
    /// Request and response.
    Session = 0,
    /// A request alone.
    Request = 1,
    /// A response alone.
    Response = 2,
}

/// How a session went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SessionStatus {
    /// Nobody said it.
    Unknown = 0,
    /// It worked.
    Ok = 1,
    /// The client did something wrong.
    ClientError = 2,
    /// The server failed.
    ServerError = 3,
    /// No response came in time.
    Timeout = 4,
}

impl<'a> Subject<'a> {
    /// As in `l7_protocol`; for `Custom` the name in `biz_protocol`.
    #[must_use]
    pub fn protocol(&self) -> &'a [u8] {
        self.slice(self.record.protocol)
    }

    /// Address and port of the side that sends requests.
    #[must_use]
    pub fn client(&self) -> (IpAddr, u16) {
        endpoint(&self.record.client)
    }

    /// Address and port of the side that answers.
    #[must_use]
    pub fn server(&self) -> (IpAddr, u16) {
        endpoint(&self.record.server)
    }

    /// Joins the sessions of one flow.
    #[must_use]
    pub fn flow_id(&self) -> u64 {
        self.record.flow_id
    }

    /// Of the first byte, nanoseconds since 1970.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.record.time
    }

    /// From the last request byte to the first response byte, nanoseconds; 0: not known.
    #[must_use]
    pub fn duration(&self) -> u64 {
        self.record.duration
    }

    /// Of the message; says nothing of a session.
    #[must_use]
    pub fn direction(&self) -> Direction {
        Direction::from_raw(self.record.direction)
    }

    /// Of the session.
    #[must_use]
    pub fn status(&self) -> SessionStatus {
        match self.record.status {
            1 => SessionStatus::Ok,
            2 => SessionStatus::ClientError,
            3 => SessionStatus::ServerError,
            4 => SessionStatus::Timeout,
            _ => SessionStatus::Unknown,
        }
    }

    /// Which halves were seen.
    #[must_use]
    pub fn session_type(&self) -> SessionType {
        match self.record.session_type {
            0 => SessionType::Session,
            1 => SessionType::Request,
            _ => SessionType::Response,
        }
    }

    /// What carried it.
    #[must_use]
    pub fn transport(&self) -> Transport {
        Transport::from_raw(self.record.transport)
    }

    /// Header fields as lines `name: value` with CR LF. Empty when they were not wanted, and for sessions.
    #[must_use]
    pub fn head(&self) -> &'a [u8] {
        self.slice(self.record.head)
    }

    /// The first header field of that name, in any case. The head is searched from its front at each call.
    #[must_use]
    pub fn header(&self, name: impl AsRef<[u8]>) -> Option<&'a [u8]> {
        head::value(self.head(), name.as_ref())
    }

    /// Unpacked, up to the wanted limit.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.slice(self.record.body)
    }

    /// The body is longer than what is here, or could not be unpacked to its end.
    #[must_use]
    pub fn cut(&self) -> bool {
        self.record.cut != 0
    }

    /// What the field holds.
    #[must_use]
    pub fn field(&self, field: Field) -> Option<FieldValue<'a>> {
        self.fields.iter().find(|f| f.name == field as u8).and_then(|f| self.value(&f.value))
    }

    /// The text that the field holds; `None` for a number too.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&'a [u8]> {
        self.field(field)?.text()
    }

    /// The number that the field holds.
    #[must_use]
    pub fn number(&self, field: Field) -> Option<i64> {
        match self.field(field)? {
            FieldValue::Number(number) => Some(number),
            FieldValue::Text(_) => None,
        }
    }

    /// What the attribute holds.
    #[must_use]
    pub fn attribute(&self, key: impl AsRef<[u8]>) -> Option<FieldValue<'a>> {
        let key = key.as_ref();
        self.attributes.iter().find(|a| self.slice(a.key) == key).and_then(|a| self.value(&a.value))
    }

    /// All fields, in the order of the host.
    #[must_use]
    pub fn fields(&self) -> Fields<'a> {
        Fields { subject: *self, rest: self.fields.iter() }
    }

    /// All attributes, in the order of the host.
    #[must_use]
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes { subject: *self, rest: self.attributes.iter() }
    }

    fn value(&self, value: &abi::Value) -> Option<FieldValue<'a>> {
        match value.case {
            value_case::SLICE => {
                let (offset, length) = (value.bits as u32, (value.bits >> 32) as u32);
                Some(FieldValue::Text(self.slice(abi::Slice { offset, length })))
            }
            value_case::NUMBER => Some(FieldValue::Number(value.bits as i64)),
            _ => None, // the contract has no owned texts here
        }
    }

    #[inline]
    fn slice(&self, slice: abi::Slice) -> &'a [u8] {
        let rest = self.arena.get(slice.offset as usize..);
        rest.and_then(|rest| rest.get(..slice.length as usize)).unwrap_or_default()
    }
}

/// See [`Subject::fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    subject: Subject<'a>,
    rest: std::slice::Iter<'a, abi::Field>,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (Field, FieldValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        // A name of a later contract is passed over.
        self.rest.find_map(|record| {
            let field = *Field::ALL.get(usize::from(record.name))?;
            Some((field, self.subject.value(&record.value)?))
        })
    }
}

/// See [`Subject::attributes`].
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    subject: Subject<'a>,
    rest: std::slice::Iter<'a, abi::KnownAttribute>,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a [u8], FieldValue<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.rest
            .find_map(|record| Some((self.subject.slice(record.key), self.subject.value(&record.value)?)))
    }
}

fn endpoint(raw: &abi::Endpoint) -> (IpAddr, u16) {
    let bits = u128::from(raw.high) << 64 | u128::from(raw.low);
    (Ipv6Addr::from_bits(bits).to_canonical(), raw.port)
}
