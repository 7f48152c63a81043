//! Takes: the traffic that a plugin claims. Gives: it as conversations: who said what in which order, put together. Does not do: let
//! the plugin parse it: what the plugin would step over is wanted too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe, ProtocolParser};

/// Bytes of one conversation that are kept: damage in the first messages breaks as much as damage far behind, and each input is
/// played whole.
const CONVERSATION_BYTES: usize = 64 << 10;

/// Chunks of one conversation, for the same reason.
const CONVERSATION_CHUNKS: usize = 256;

/// Conversations of a capture.
const CONVERSATIONS: usize = 4096;

/// One connection.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub(super) transport: Transport,
    pub(super) client: (Address, u16),
    pub(super) server: (Address, u16),
    /// Its handshake was seen.
    pub(super) from_start: bool,
    pub(super) chunks: Vec<Chunk>,
}

/// Bytes that one side sent at once.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) direction: Direction,
    pub(super) bytes: Vec<u8>,
    /// Sent, but never captured.
    pub(super) lost: bool,
}

impl Chunk {
    pub(super) fn new(direction: Direction, bytes: Vec<u8>) -> Self {
        Self { direction, bytes, lost: false }
    }
}

/// Conversations that were seen so far.
#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Conversations>>);

#[derive(Default)]
struct Conversations {
    open: BTreeMap<u32, Conversation>,
    ended: Vec<Conversation>,
}

impl Heard {
    /// All that hold something, in the order of their ends.
    pub(super) fn take(&self) -> Vec<Conversation> {
        let mut heard = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let open = std::mem::take(&mut heard.open);
        open.into_values().for_each(|conversation| heard.end(conversation));
        heard.ended
    }
}

impl Conversations {
    fn event(&mut self, event: &StreamEvent, arena: &[u8], flows: &[FlowFacts]) {
        match *event {
            StreamEvent::Opened { flow } => {
                let Some(facts) = flows.get(flow as usize) else { return };
                let conversation = Conversation {
                    transport: facts.transport,
                    client: facts.client,
                    server: facts.server,
                    from_start: facts.from_start,
                    chunks: Vec::new(),
                };
                if let Some(before) = self.open.insert(facts.connection, conversation) {
                    self.end(before);
                }
            }
            StreamEvent::Data { connection, direction, offset, length, .. } => {
                let bytes = arena.get(offset as usize..).and_then(|rest| rest.get(..length as usize));
                if let (Some(conversation), Some(bytes)) = (self.open.get_mut(&connection), bytes) {
                    conversation.add(direction, bytes);
                }
            }
            StreamEvent::Gap { .. } => {}
            StreamEvent::Closed { connection } => {
                if let Some(conversation) = self.open.remove(&connection) {
                    self.end(conversation);
                }
            }
        }
    }

    fn end(&mut self, conversation: Conversation) {
        if self.ended.len() < CONVERSATIONS && !conversation.chunks.is_empty() {
            self.ended.push(conversation);
        }
    }
}

impl Conversation {
    fn add(&mut self, direction: Direction, bytes: &[u8]) {
        let room = CONVERSATION_BYTES.saturating_sub(self.bytes());
        if room > 0 && self.chunks.len() < CONVERSATION_CHUNKS {
            self.chunks.push(Chunk::new(direction, bytes[..bytes.len().min(room)].to_vec()));
        }
    }

    /// Of all chunks.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }
}

/// Claims what the parser claims, and only listens then.
pub(super) struct Tap {
    pub(super) parser: Box<dyn ProtocolParser>,
    pub(super) heard: Heard,
}

impl ProtocolParser for Tap {
    fn manifest(&self) -> &Arc<Manifest> {
        self.parser.manifest()
    }

    fn advance(&mut self, time: u64) {
        self.parser.advance(time);
    }

    fn check(&mut self, payload: &[u8], probe: &Probe) -> Result<CheckVerdict, PluginFault> {
        self.parser.check(payload, probe)
    }

    fn process(
        &mut self,
        arena: &[u8],
        flows: &[FlowFacts],
        events: &[StreamEvent],
        _: &mut Outcome,
    ) -> Result<(), PluginFault> {
        let mut heard = self.heard.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().for_each(|event| heard.event(event, arena, flows));
        Ok(())
    }
}
