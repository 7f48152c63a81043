//! What a guest is in the middle of. Takes: a hook and its payload before the call. Gives: what the imports hand to the guest, and
//! a slot for what the guest hands back. All memory is used again.

use wasmtime::Memory;
use weir_pipeline::parse::event::Direction;
use weir_pipeline::parse::parser::PluginFault;

use super::context::{Base, Encoded};
use super::records::{self, Record, Rejected};

/// Which export was called. Those that may hand over records stand last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hook {
    /// None: the guest starts, or says which hooks it has.
    #[default]
    Nothing,
    Check,
    Parse,
    HttpRequest,
    HttpResponse,
    Custom,
}

/// The host's side of one call.
#[derive(Default)]
pub(crate) struct Call {
    /// Looked up once; none before the instance is made.
    pub(super) memory: Option<Memory>,
    pub(super) hook: Hook,
    pub(super) context: Encoded,
    pub(super) payload: Vec<u8>,
    /// What the hook alone is told.
    pub(super) info: Vec<u8>,
    pub(super) slot: Slot,
    /// The payload's; old records are read by it.
    direction: Option<Direction>,
}

impl Call {
    /// A call of `hook` begins; its payload, and what it alone is told, are put in afterwards.
    pub(super) fn begin(&mut self, hook: Hook, base: &Base) {
        self.hook = hook;
        self.context = base.encode();
        self.direction = Some(base.direction);
        self.payload.clear();
        self.info.clear();
        self.slot.clear();
    }

    /// The guest hands over a list of records. False: it can not be read, and nothing of it is taken.
    pub(super) fn take_records(&mut self, list: &[u8]) -> Result<bool, PluginFault> {
        self.slot.clear();
        let Some(direction) = self.direction.filter(|_| self.hook > Hook::Check) else { return Ok(false) };
        if list.len() > LIST_BYTES {
            return Ok(false);
        }
        self.slot.bytes.extend_from_slice(list);
        match records::read(&self.slot.bytes, direction, &mut self.slot.records) {
            Ok(()) => {
                self.slot.held = Held::Records;
                Ok(true)
            }
            Err(Rejected::Malformed) => {
                self.slot.clear();
                Ok(false)
            }
            Err(Rejected::TooMany) => Err(records::too_many()),
        }
    }

    /// The guest hands over what old agents took from HTTP hooks.
    pub(super) fn take_http_result(&mut self, data: &[u8]) -> bool {
        self.slot.clear();
        if !matches!(self.hook, Hook::HttpRequest | Hook::HttpResponse) || data.len() > LIST_BYTES {
            return false;
        }
        let Some(record) = records::read_http_result(data) else { return false };
        self.slot.bytes.extend_from_slice(data);
        self.slot.records.push(record);
        self.slot.held = Held::Records;
        true
    }

    /// The guest hands over a text.
    pub(super) fn take_text(&mut self, data: &[u8]) -> bool {
        self.slot.clear();
        let text = data.split_first_chunk().and_then(|(length, rest)| {
            let length = usize::from(u16::from_be_bytes(*length));
            rest.get(..length)
        });
        let Some(text) = text.filter(|_| self.hook != Hook::Nothing) else { return false };
        self.slot.bytes.extend_from_slice(text);
        self.slot.held = Held::Text;
        true
    }
}

/// Longest list of records: sixteen times what DeepFlow's SDK has room for.
const LIST_BYTES: usize = 1 << 20;

/// What the guest handed over last.
#[derive(Default)]
pub(super) struct Slot {
    /// What the records' texts are ranges of.
    pub(super) bytes: Vec<u8>,
    records: Vec<Record>,
    held: Held,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Held {
    #[default]
    Nothing,
    Records,
    Text,
}

impl Slot {
    fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
        self.held = Held::Nothing;
    }

    /// The text, when that is what it holds.
    pub(super) fn text(&self) -> &[u8] {
        if self.held == Held::Text { &self.bytes } else { &[] }
    }

    /// The records, when that is what it holds.
    pub(super) fn records(&self) -> &[Record] {
        if self.held == Held::Records { &self.records } else { &[] }
    }
}
