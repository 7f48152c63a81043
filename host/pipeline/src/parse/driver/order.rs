//! The order of what comes for a connection and what its parser says.
//!
//! Takes: chunks, gaps and ends. Gives: them to the connection, at once or when the parser was called. A gap behind bytes that wait in the batch
//! is either stepped over or a loss, behind which nothing may be paired with what comes before it: that is known when the parser was
//! called. A call for each gap would be a call for each answer of a server that sends files, so the gap waits and what comes behind it on
//! the same connection, until there is another reason for a call.

use super::{Context, Driver};
use crate::flow::origin::Origin;
use crate::parse::event::Direction;
use crate::parse::held::Waited;

impl Driver {
    /// The next bytes of a direction.
    pub(crate) fn chunk(
        &mut self,
        number: u32,
        direction: Direction,
        bytes: &[u8],
        origin: Origin<'_>,
        context: &mut Context<'_>,
    ) {
        self.in_order(number, Waited::Chunk(direction, bytes, origin), context);
        self.let_go(context);
    }

    /// Bytes of a direction that will never come. `passed`: when they did, without being captured.
    pub(crate) fn gap(
        &mut self,
        number: u32,
        direction: Direction,
        bytes: u64,
        passed: Option<u64>,
        context: &mut Context<'_>,
    ) {
        self.in_order(number, Waited::Gap(direction, bytes, passed), context);
        self.let_go(context);
    }

    /// The connection is over.
    pub(crate) fn close(&mut self, number: u32) {
        if self.is_held(number) {
            self.held.push(number, Waited::Close);
        } else {
            self.take_close(number);
        }
    }

    /// Calls the parser until nothing waits.
    pub(crate) fn flush(&mut self, context: &mut Context<'_>) {
        loop {
            while !self.batch.is_empty() {
                self.call(context);
            }
            if self.held.is_empty() {
                return;
            }
            // The first of them can not be held again, as nothing is in the batch.
            self.release_held(context);
        }
    }

    /// At once, or when the parser has said what it needs to be known.
    fn in_order(&mut self, number: u32, event: Waited<'_>, context: &mut Context<'_>) {
        if self.is_held(number) || matches!(event, Waited::Gap(..)) && self.batch.has(number) {
            if let Some(connection) = self.connections.find(number) {
                connection.held = true;
                self.held.push(number, event);
            }
            return;
        }
        match event {
            Waited::Chunk(direction, bytes, origin) => {
                self.take_chunk(number, direction, bytes, origin, context);
            }
            Waited::Gap(direction, bytes, passed) => {
                self.take_gap(number, direction, bytes, passed, context);
            }
            Waited::Close => self.take_close(number),
        }
    }

    /// Something of the connection waits already, so everything behind it does.
    fn is_held(&mut self, number: u32) -> bool {
        !self.held.is_empty() && self.connections.find(number).is_some_and(|connection| connection.held)
    }

    /// Goes on with what waited for a call that was made meanwhile; makes one when too much waits.
    fn let_go(&mut self, context: &mut Context<'_>) {
        let limits = context.limits;
        if self.held.len() >= limits.batch_events || self.held.bytes() >= limits.batch_bytes {
            self.flush(context);
        } else if std::mem::take(&mut self.was_called) && !self.held.is_empty() {
            self.release_held(context);
        }
    }

    fn release_held(&mut self, context: &mut Context<'_>) {
        let mut held = std::mem::replace(&mut self.held, std::mem::take(&mut self.spare_held));
        for number in held.connections() {
            if let Some(connection) = self.connections.find(number) {
                connection.held = false;
            }
        }
        for (number, event) in held.iter() {
            if self.connections.find(number).is_some_and(|connection| connection.upgraded) {
                self.hand_over(number, event);
                continue;
            }
            self.in_order(number, event, context);
        }
        held.clear();
        self.spare_held = held;
    }

    /// What came behind a change of protocol is for the parser of the next one; to that, what stands before a gap is of no use.
    fn hand_over(&mut self, number: u32, event: Waited<'_>) {
        let Some(connection) = self.connections.find(number) else { return };
        let flow = connection.shown.flow_id;
        let Some(released) = self.released.iter_mut().find(|released| released.flow_id == flow) else {
            return;
        };
        match event {
            Waited::Chunk(direction, bytes, origin) => {
                let index = direction.index();
                if released.rest[index].is_empty() {
                    released.callers[index] = origin.caller.copied();
                }
                released.rest[index].extend_from_slice(bytes);
                released.time = origin.time;
            }
            Waited::Gap(direction, bytes, _) => {
                let rest = &mut released.rest[direction.index()];
                released.position[direction.index()] += rest.len() as u64 + bytes;
                rest.clear();
            }
            Waited::Close => {}
        }
    }
}
