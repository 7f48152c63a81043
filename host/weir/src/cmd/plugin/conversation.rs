//! Takes: the traffic that a plugin claims. Gives: it as conversations: who said what in which order, put together. Does not do: let
//! the plugin parse it: what the plugin would step over is wanted too.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_pipeline::decode::{Address, Transport};
use weir_pipeline::parse::event::{Direction, FlowFacts, StreamEvent};
use weir_pipeline::parse::outcome::Outcome;
use weir_pipeline::parse::parser::{CheckVerdict, Manifest, PluginFault, Probe, ProtocolParser};

use super::drive::Wrap;

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
pub(super) struct Heard {
    /// By the parser's number.
    open: Arc<Mutex<BTreeMap<u32, Conversation>>>,
    ended: Arc<Mutex<Vec<Conversation>>>,
}

impl Heard {
    /// All that ended and hold something.
    pub(super) fn take(&self) -> Vec<Conversation> {
        std::mem::take(&mut *lock(&self.ended))
    }

    /// The same ended ones, and open ones of its own.
    fn beside(&self) -> Self {
        Self { open: Arc::default(), ended: Arc::clone(&self.ended) }
    }

    fn event(&self, event: &StreamEvent, arena: &[u8], flows: &[FlowFacts]) {
        let mut open = lock(&self.open);
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
                if let Some(before) = open.insert(facts.connection, conversation) {
                    self.end(before);
                }
            }
            StreamEvent::Data { connection, direction, offset, length, .. } => {
                let bytes = arena.get(offset as usize..).and_then(|rest| rest.get(..length as usize));
                if let (Some(conversation), Some(bytes)) = (open.get_mut(&connection), bytes) {
                    conversation.add(direction, bytes);
                }
            }
            StreamEvent::Gap { .. } => {}
            StreamEvent::Closed { connection } => {
                if let Some(conversation) = open.remove(&connection) {
                    self.end(conversation);
                }
            }
        }
    }

    fn end(&self, conversation: Conversation) {
        let mut ended = lock(&self.ended);
        if ended.len() < CONVERSATIONS && !conversation.chunks.is_empty() {
            ended.push(conversation);
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Listens to the author's parser.
pub(super) struct Listen(pub(super) Heard);

/// Listens to every parser: what hooks see are messages of any of them.
pub(super) struct ListenToAll(pub(super) Heard);

impl Wrap for Listen {
    fn parser(&self, parser: Box<dyn ProtocolParser>, own: bool) -> Box<dyn ProtocolParser> {
        if own { Box::new(Tap { parser, heard: self.0.clone() }) } else { parser }
    }
}

impl Wrap for ListenToAll {
    fn parser(&self, parser: Box<dyn ProtocolParser>, _: bool) -> Box<dyn ProtocolParser> {
        // Each parser numbers its connections by itself.
        Box::new(Tap { parser, heard: self.0.beside() })
    }
}

/// Claims what the parser claims, and only listens then.
struct Tap {
    parser: Box<dyn ProtocolParser>,
    heard: Heard,
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
        events.iter().for_each(|event| self.heard.event(event, arena, flows));
        Ok(())
    }
}
