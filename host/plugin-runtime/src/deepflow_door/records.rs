//! Lists of records that a guest handed over, of every age: protobuf, and the hand-packed forms before it.
//!
//! Takes: the bytes of a list. Gives: records whose texts are ranges of these bytes, or that the list is to be rejected as a whole.
//! Allocates nothing but room for the records.

mod cursor;
mod legacy;
mod protobuf;

use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::outcome::MessageStatus;
use weir_pipeline::parse::parser::PluginFault;

use crate::fault::too_much;
use cursor::Cursor;

pub(super) use cursor::Text;

/// Records of one payload: as many as DeepFlow's SDK has room for with 16 bytes each, which is less than any of use has.
const RECORDS: usize = 4096;
/// How protobuf records begin. The older ones can not: their first bit says that a length follows.
const PROTOBUF: &[u8] = b"PB";

/// Why a list is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    Malformed,
    TooMany,
}

pub(super) fn too_many() -> PluginFault {
    too_much(format!("more than {RECORDS} records of one payload"))
}

/// `AppRespStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponseStatus {
    Ok,
    Timeout,
    ServerError,
    ClientError,
    Unknown,
}

impl ResponseStatus {
    fn from_raw(raw: u64) -> Option<Self> {
        Some(match raw {
            0 => Self::Ok,
            2 => Self::Timeout,
            3 => Self::ServerError,
            4 => Self::ClientError,
            5 => Self::Unknown,
            _ => return None,
        })
    }

    /// The original's number.
    pub(super) fn raw(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Timeout => 2,
            Self::ServerError => 3,
            Self::ClientError => 4,
            Self::Unknown => 5,
        }
    }

    /// A time-out that a server reports is the server's error.
    pub(super) fn message_status(self) -> MessageStatus {
        match self {
            Self::Ok => MessageStatus::Ok,
            Self::Timeout | Self::ServerError => MessageStatus::ServerError,
            Self::ClientError => MessageStatus::ClientError,
            Self::Unknown => MessageStatus::None,
        }
    }
}

/// One record. Texts that are missing are empty: the original's SDK writes every text, so that empty ones say nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    pub(super) request_length: Option<u32>,
    pub(super) response_length: Option<u32>,
    pub(super) request_id: Option<u32>,
    pub(super) version: Text,
    pub(super) request_type: Text,
    pub(super) domain: Text,
    pub(super) resource: Text,
    pub(super) endpoint: Text,
    pub(super) status: Option<ResponseStatus>,
    pub(super) code: Option<i32>,
    pub(super) exception: Text,
    pub(super) result: Text,
    pub(super) trace_id: Text,
    pub(super) span_id: Text,
    pub(super) parent_span_id: Text,
    pub(super) x_request_id: Text,
    pub(super) http_proxy_client: Text,
    pub(super) protocol: Text,
    /// There when several records make one message; true: with this one it is complete.
    pub(super) is_end: Option<bool>,
    pub(super) is_async: Option<bool>,
    pub(super) is_reversed: Option<bool>,
    pub(super) biz_type: u8,
    pub(super) biz_code: Text,
    pub(super) biz_scenario: Text,
    pub(super) biz_response_code: Text,
    /// Where further trace ids stand.
    trace: Text,
    attributes: Pairs,
}

/// Where the attributes of a record stand.
#[derive(Clone, Copy, Debug, Default)]
enum Pairs {
    #[default]
    None,
    /// Among the fields of this message.
    Protobuf(Text),
    /// One after the other.
    Legacy(Text),
}

impl Record {
    /// Keys and values.
    pub(super) fn attributes<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = (Text, Text)> + 'a {
        let (message, pairs) = match self.attributes {
            Pairs::None => (None, None),
            Pairs::Protobuf(message) => (Some(protobuf::attributes(Cursor::of(bytes, message))), None),
            Pairs::Legacy(pairs) => (None, Some(legacy::pairs(Cursor::of(bytes, pairs)))),
        };
        message.into_iter().flatten().chain(pairs.into_iter().flatten())
    }

    /// Trace ids in the order of their importance, maybe empty or twice.
    pub(super) fn trace_ids<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = Text> + 'a {
        protobuf::trace_ids(Cursor::of(bytes, self.trace)).chain([self.trace_id])
    }
}

/// Reads a list: records behind one another, each with its length before it.
pub(super) fn read(bytes: &[u8], direction: Direction, records: &mut Vec<Record>) -> Result<(), Rejected> {
    let mut list = Cursor::new(bytes);
    while !list.is_empty() || records.is_empty() {
        if records.len() >= RECORDS {
            return Err(Rejected::TooMany);
        }
        let length = list.u16().ok_or(Rejected::Malformed)?;
        let range = list.take(usize::from(length)).ok_or(Rejected::Malformed)?;
        let record = match range.of(bytes).strip_prefix(PROTOBUF) {
            Some(_) => protobuf::read(Cursor::of(bytes, range.skip(PROTOBUF.len() as u32))),
            None => legacy::read(Cursor::of(bytes, range), direction),
        };
        records.push(record.ok_or(Rejected::Malformed)?);
    }
    Ok(())
}

/// What agents of 2023 took from HTTP hooks: ids of a trace, and attributes.
pub(super) fn read_http_result(bytes: &[u8]) -> Option<Record> {
    legacy::http_result(Cursor::new(bytes))
}
