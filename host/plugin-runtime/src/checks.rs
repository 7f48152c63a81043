//! The rules of the contract that types can not say. Both doors ask the same questions here.
//!
//! Takes: values of one answer, in order. Gives: nothing, or the first rule that is broken.

use weir_pipeline::hooks::hook::Patch;
use weir_pipeline::parse::event::StreamEvent;
use weir_pipeline::parse::outcome::{Message, MessagePart, Progress};
use weir_pipeline::parse::parser::{FaultKind, PluginFault};

use crate::fault::too_much;
use crate::limits::Limits;

/// What is wrong with an answer: plain numbers, so that the path of good answers carries no text to drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// A record of that name has a case that the WIT does not know.
    Case(&'static str),
    /// Messages claim other numbers of fields and attributes than there are.
    Claims { claimed: [usize; 3], there: [usize; 3] },
    /// A list of that name does not lie in the guest's memory.
    List { name: &'static str, address: u32, length: u32 },
    /// A message ends before it starts.
    Message { start: u64, end: u64 },
    /// There is no outcome at that address.
    Outcome(u32),
    /// A patch of a subject that was not shown.
    NoSubject(usize),
    /// Progress of an event that is no data.
    NoData(usize),
    /// Progress not in the order of events.
    Order(usize),
    /// More bytes of texts than that.
    Owned(usize),
    /// No such protocol in the manifest.
    Protocol(u8),
    /// Wants bytes that stand before the event.
    Rewind { event: usize, position: u64, wanted: u64 },
    /// A patch behind that of a later subject, or a second one.
    SubjectOrder(usize),
    /// A slice that ends behind the arena.
    Slice { offset: u32, length: u32, arena: u64 },
    /// A text that does not lie in the guest's memory.
    Text { address: u32, length: u32 },
}

impl Lie {
    #[cold]
    pub(crate) fn fault(self, call: &str) -> PluginFault {
        let detail = match self {
            Self::Case(of) => format!("a {of} with a case that the contract does not know"),
            Self::Claims { claimed: [f, a, p], there: [fields, attributes, pieces] } => format!(
                "messages claim {f} fields, {a} attributes and {p} pieces, there are {fields}, {attributes} and {pieces}"
            ),
            Self::List { name, address, length } => {
                format!("{length} {name} at {address:#x} are not inside of its memory")
            }
            Self::Message { start, end } => format!("a message from {start} to {end}"),
            Self::NoSubject(subject) => format!("a patch of subject {subject}, which is not there"),
            Self::SubjectOrder(subject) => {
                format!("a patch of subject {subject} behind a later one, or a second one")
            }
            Self::NoData(event) => format!("progress of event {event}, which is no data"),
            Self::Order(event) => format!("progress of event {event} behind a later one"),
            Self::Outcome(address) => format!("no outcome at {address:#x}"),
            Self::Owned(limit) => format!("more than {limit} bytes of texts"),
            Self::Protocol(index) => format!("there is no protocol {index}"),
            Self::Rewind { event, position, wanted } => {
                format!("event {event} begins at {position}, it wants {wanted}")
            }
            Self::Slice { offset, length, arena } => {
                format!("a slice {offset}+{length} of an arena of {arena} bytes")
            }
            Self::Text { address, length } => {
                format!("a text {address:#x}+{length} is not inside of its memory")
            }
        };
        let kind = if let Self::Owned(_) = self { FaultKind::TooMuch } else { FaultKind::BadAnswer };
        PluginFault { kind, detail: format!("{call}: {detail}") }
    }
}

/// How long the lists of an answer are.
pub(crate) struct Lengths {
    pub(crate) messages: usize,
    pub(crate) fields: usize,
    pub(crate) attributes: usize,
    pub(crate) pieces: usize,
    pub(crate) progress: usize,
}

/// Checks one answer.
pub(crate) struct Checks<'a> {
    /// Length of the arena.
    arena: u64,
    events: &'a [StreamEvent],
    protocols: usize,
    limits: &'a Limits,
    /// What the messages so far claim.
    fields: usize,
    attributes: usize,
    pieces: usize,
    /// Progress must not name an event before this one, a patch no subject.
    next_event: usize,
}

impl<'a> Checks<'a> {
    /// `protocols`: how many the manifest has.
    pub(crate) fn new(arena: &[u8], events: &'a [StreamEvent], protocols: usize, limits: &'a Limits) -> Self {
        Self {
            arena: arena.len() as u64,
            events,
            protocols,
            limits,
            fields: 0,
            attributes: 0,
            pieces: 0,
            next_event: 0,
        }
    }

    /// Before anything is read: how long the lists are.
    pub(crate) fn lengths(&self, lengths: &Lengths) -> Result<(), PluginFault> {
        let limits = self.limits;
        let lists = [
            ("messages", lengths.messages, limits.messages),
            ("fields", lengths.fields, limits.fields),
            ("attributes", lengths.attributes, limits.attributes),
            ("pieces", lengths.pieces, limits.pieces),
            ("progress", lengths.progress, self.events.len()),
        ];
        lists.into_iter().try_for_each(|list| within("process", list))
    }

    /// The same for the answer of a hook.
    pub(crate) fn hook_lengths(
        &self,
        patches: usize,
        fields: usize,
        attributes: usize,
        subjects: usize,
    ) -> Result<(), PluginFault> {
        let limits = self.limits;
        let lists = [
            ("patches", patches, subjects),
            ("fields", fields, limits.fields),
            ("attributes", attributes, limits.attributes),
        ];
        lists.into_iter().try_for_each(|list| within("observe", list))
    }

    /// Patches name a subject that was shown, each once, in order.
    pub(crate) fn patch(&mut self, patch: &Patch, subjects: usize) -> Result<(), Lie> {
        let subject = patch.subject as usize;
        if subject >= subjects {
            return Err(Lie::NoSubject(subject));
        }
        if subject < self.next_event {
            return Err(Lie::SubjectOrder(subject));
        }
        self.next_event = subject + 1;
        self.fields += usize::from(patch.fields);
        self.attributes += usize::from(patch.attributes);
        Ok(())
    }

    #[inline(always)]
    pub(crate) fn message(&mut self, message: &Message) -> Result<(), Lie> {
        self.fields += usize::from(message.fields);
        self.attributes += usize::from(message.attributes);
        self.pieces += usize::from(message.pieces);
        if usize::from(message.protocol) >= self.protocols {
            return Err(Lie::Protocol(message.protocol));
        }
        let has_end = !matches!(message.part, MessagePart::Begin | MessagePart::More);
        if message.end < message.start && has_end {
            return Err(Lie::Message { start: message.start, end: message.end });
        }
        Ok(())
    }

    /// After the last message: do they claim exactly what is there?
    pub(crate) fn claims(&self, fields: usize, attributes: usize, pieces: usize) -> Result<(), Lie> {
        let (claimed, there) = ([self.fields, self.attributes, self.pieces], [fields, attributes, pieces]);
        if claimed == there { Ok(()) } else { Err(Lie::Claims { claimed, there }) }
    }

    #[inline(always)]
    pub(crate) fn slice(&self, offset: u32, length: u32) -> Result<(), Lie> {
        let arena = self.arena;
        let inside = u64::from(offset) + u64::from(length) <= arena;
        if inside { Ok(()) } else { Err(Lie::Slice { offset, length, arena }) }
    }

    /// Takes a text over that the guest built; gives where it stands now.
    #[inline]
    pub(crate) fn own(&self, text: &[u8], owned: &mut Vec<u8>) -> Result<(u32, u32), Lie> {
        let limit = self.limits.owned_bytes;
        if text.len() > limit.saturating_sub(owned.len()) {
            return Err(Lie::Owned(limit));
        }
        // Below the limit, so both fit.
        let range = (owned.len() as u32, text.len() as u32);
        owned.extend_from_slice(text);
        Ok(range)
    }

    #[inline]
    pub(crate) fn progress(&mut self, progress: &Progress) -> Result<(), Lie> {
        let event = progress.event as usize;
        let Some(StreamEvent::Data { position, .. }) = self.events.get(event) else {
            return Err(Lie::NoData(event));
        };
        if event < self.next_event {
            return Err(Lie::Order(event));
        }
        if progress.resume_at < *position {
            return Err(Lie::Rewind { event, position: *position, wanted: progress.resume_at });
        }
        self.next_event = event + 1;
        Ok(())
    }
}

/// Name, length and limit of a list.
fn within(call: &str, (name, length, limit): (&str, usize, usize)) -> Result<(), PluginFault> {
    if length <= limit {
        return Ok(());
    }
    Err(too_much(format!("{call}: {length} {name}, the limit is {limit}")))
}
