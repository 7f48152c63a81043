//! The rules of the contract that types can not say. Both doors ask the same questions here.
//!
//! Takes: values of one answer, in order. Gives: nothing, or the first rule that is broken.

use weir_pipeline::parse::event::StreamEvent;
use weir_pipeline::parse::outcome::{Message, MessagePart, Progress, Value};
use weir_pipeline::parse::parser::PluginFault;

use crate::fault::{bad_answer, too_much};
use crate::limits::Limits;

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
    /// Progress must not name an event before this one.
    next_event: usize,
}

impl<'a> Checks<'a> {
    /// `protocols`: how many the manifest has.
    pub(crate) fn new(arena: &[u8], events: &'a [StreamEvent], protocols: usize, limits: &'a Limits) -> Self {
        Self { arena: arena.len() as u64, events, protocols, limits, fields: 0, attributes: 0, next_event: 0 }
    }

    /// Before anything is read: how long the lists are.
    pub(crate) fn lengths(
        &self,
        messages: usize,
        fields: usize,
        attributes: usize,
        progress: usize,
    ) -> Result<(), PluginFault> {
        let Limits { messages: m, fields: f, attributes: a, .. } = *self.limits;
        let events = self.events.len();
        let lists = [
            ("messages", messages, m),
            ("fields", fields, f),
            ("attributes", attributes, a),
            ("progress", progress, events),
        ];
        let long = lists.into_iter().find(|(_, length, limit)| length > limit);
        long.map_or(Ok(()), |(name, length, limit)| {
            Err(too_much(format!("process: {length} {name}, the limit is {limit}")))
        })
    }

    #[inline]
    pub(crate) fn message(&mut self, message: &Message) -> Result<(), PluginFault> {
        self.fields += usize::from(message.fields);
        self.attributes += usize::from(message.attributes);
        if usize::from(message.protocol) >= self.protocols {
            return Err(bad_answer(format!("process: there is no protocol {}", message.protocol)));
        }
        if message.end < message.start && message.part != MessagePart::Begin {
            let Message { start, end, .. } = message;
            return Err(bad_answer(format!("process: a message from {start} to {end}")));
        }
        Ok(())
    }

    /// After the last message: do they claim exactly what is there?
    pub(crate) fn claims(&self, fields: usize, attributes: usize) -> Result<(), PluginFault> {
        if (self.fields, self.attributes) == (fields, attributes) {
            return Ok(());
        }
        Err(bad_answer(format!(
            "process: messages claim {} fields and {} attributes, there are {fields} and {attributes}",
            self.fields, self.attributes
        )))
    }

    #[inline]
    pub(crate) fn slice(&self, offset: u32, length: u32) -> Result<Value, PluginFault> {
        if u64::from(offset) + u64::from(length) > self.arena {
            let arena = self.arena;
            return Err(bad_answer(format!(
                "process: a slice {offset}+{length} of an arena of {arena} bytes"
            )));
        }
        Ok(Value::Slice { offset, length })
    }

    /// Takes a text over that the guest built.
    #[inline]
    pub(crate) fn own(&self, text: &[u8], owned: &mut Vec<u8>) -> Result<Value, PluginFault> {
        let limit = self.limits.owned_bytes;
        if text.len() > limit.saturating_sub(owned.len()) {
            return Err(too_much(format!("process: more than {limit} bytes of texts")));
        }
        // Below the limit, so both fit.
        let (offset, length) = (owned.len() as u32, text.len() as u32);
        owned.extend_from_slice(text);
        Ok(Value::Owned { offset, length })
    }

    #[inline]
    pub(crate) fn progress(&mut self, progress: &Progress) -> Result<(), PluginFault> {
        let index = progress.event as usize;
        let Some(StreamEvent::Data { position, .. }) = self.events.get(index) else {
            return Err(bad_answer(format!("process: progress of event {index}, which is no data")));
        };
        if index < self.next_event {
            return Err(bad_answer(format!("process: progress of event {index} behind a later one")));
        }
        if progress.resume_at < *position {
            let wanted = progress.resume_at;
            return Err(bad_answer(format!(
                "process: event {index} begins at {position}, it wants {wanted}"
            )));
        }
        self.next_event = index + 1;
        Ok(())
    }
}
