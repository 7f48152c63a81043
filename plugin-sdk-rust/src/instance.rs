//! Takes: a batch (arena, flows, events). Gives: messages and progress, by calling one [`Parser`] a connection.
//!
//! Holds the rules of `progress` that every parser would have to repeat: stepping over, leaving a connection alone once
//! bytes of it were left, datagrams that are never kept.

use std::net::{IpAddr, Ipv6Addr};

use crate::abi::{self, event_case, progress_state};
use crate::message::{Lists, Output};
use crate::parser::{Direction, Flow, Gap, Input, Parser, Step, Transport};

/// All connections of one plugin instance.
#[derive(Debug)]
pub struct Instance<P> {
    connections: Vec<Option<Connection<P>>>,
    lists: Lists,
    /// Counts calls, so that "left alone in this call" needs no clearing.
    call: u64,
}

#[derive(Debug)]
struct Connection<P> {
    parser: P,
    transport: Transport,
    /// By direction: position of the next byte that the parser wants.
    resume_at: [u64; 2],
    finished: bool,
    /// The call in which bytes were left: events of that call that come later are given again by the host.
    left_in_call: u64,
}

impl<P: Parser> Default for Instance<P> {
    fn default() -> Self {
        Self { connections: Vec::new(), lists: Lists::default(), call: 0 }
    }
}

impl<P: Parser> Instance<P> {
    /// Deals with one batch. Positions and lengths are checked against the arena; what does not fit is left out.
    pub fn process(&mut self, arena: &[u8], flows: &[abi::Flow], events: &[abi::StreamEvent]) -> &mut Lists {
        self.call += 1;
        self.lists.clear();
        for (index, event) in events.iter().enumerate() {
            match event.case {
                event_case::OPENED => {
                    if let Some(flow) = flows.get(event.connection as usize) {
                        self.open(flow);
                    }
                }
                event_case::DATA => self.data(index as u32, event, arena),
                event_case::GAP => self.gap(event, arena),
                _ => self.close(event.connection, arena),
            }
        }
        &mut self.lists
    }

    #[inline(never)]
    fn open(&mut self, flow: &abi::Flow) {
        let number = flow.connection as usize;
        if self.connections.len() <= number {
            self.connections.resize_with(number + 1, || None);
        }
        let facts = Flow {
            transport: Transport::from_raw(flow.transport),
            client: endpoint(&flow.client),
            server: endpoint(&flow.server),
            from_start: flow.from_start != 0,
            heads: flow.heads != 0,
            body_limit: flow.body_limit,
        };
        self.connections[number] = Some(Connection {
            parser: P::open(&facts),
            transport: facts.transport,
            resume_at: [0; 2],
            finished: false,
            left_in_call: 0,
        });
    }

    fn data(&mut self, index: u32, event: &abi::StreamEvent, arena: &[u8]) {
        let Some(Some(connection)) = self.connections.get_mut(event.connection as usize) else { return };
        let Some(bytes) = slice(event, arena) else { return };
        if connection.left_in_call == self.call {
            return;
        }
        let direction = Direction::from_raw(event.direction);
        let (position, end) = (event.position, event.position.saturating_add(u64::from(event.length)));
        let resume_at = connection.resume_at[direction.index()].max(position);
        let mut progress = abi::Progress { event: index, resume_at, ..abi::Progress::default() };
        if !connection.finished && resume_at < end {
            let mut cursor = Cursor {
                arena,
                bytes,
                number: event.connection,
                direction,
                position,
                time: event.time_or_bytes,
            };
            cursor.run(connection, &mut self.lists, &mut progress);
        }
        if connection.transport == Transport::Udp {
            // A datagram is a message of its own: nothing of it is kept.
            progress.resume_at = end;
        }
        connection.resume_at[direction.index()] = progress.resume_at;
        if progress.resume_at < end {
            connection.left_in_call = self.call;
        }
        if progress.resume_at != end || progress.state != progress_state::GOING {
            self.lists.progress.push(progress);
        }
    }

    #[inline(never)]
    fn gap(&mut self, event: &abi::StreamEvent, arena: &[u8]) {
        let Some(Some(connection)) = self.connections.get_mut(event.connection as usize) else { return };
        if connection.left_in_call == self.call || connection.finished {
            return;
        }
        let direction = Direction::from_raw(event.direction);
        let (position, bytes) = (event.position, event.time_or_bytes);
        let after = position.saturating_add(bytes);
        let resume_at = &mut connection.resume_at[direction.index()];
        if *resume_at >= after {
            return;
        }
        *resume_at = after;
        let unread = slice(event, arena).unwrap_or_default();
        let start = position.saturating_sub(unread.len() as u64);
        let mut output = Output::new(&mut self.lists, arena, event.connection, direction, start);
        connection.parser.gap(&Gap { direction, position, bytes, unread }, &mut output);
    }

    #[inline(never)]
    fn close(&mut self, number: u32, arena: &[u8]) {
        let Some(slot) = self.connections.get_mut(number as usize) else { return };
        if slot.as_ref().is_some_and(|c| c.left_in_call == self.call) {
            return; // comes again behind the bytes that were left
        }
        let Some(mut connection) = slot.take() else { return };
        let direction = Direction::ServerToClient;
        let position = connection.resume_at[direction.index()];
        let mut output = Output::new(&mut self.lists, arena, number, direction, position);
        connection.parser.close(&mut output);
    }
}

/// Walks through the bytes of one event.
struct Cursor<'a> {
    arena: &'a [u8],
    bytes: &'a [u8],
    number: u32,
    direction: Direction,
    /// Of `bytes[0]`.
    position: u64,
    time: u64,
}

impl Cursor<'_> {
    fn run<P: Parser>(
        &mut self,
        connection: &mut Connection<P>,
        lists: &mut Lists,
        progress: &mut abi::Progress,
    ) {
        let end = self.position + self.bytes.len() as u64;
        while progress.resume_at < end {
            let position = progress.resume_at;
            let bytes = &self.bytes[(position - self.position) as usize..];
            let mut output = Output::new(lists, self.arena, self.number, self.direction, position);
            let input = Input { bytes, direction: self.direction, position, time: self.time };
            match connection.parser.parse(input, &mut output) {
                Step::Consumed(0) | Step::NeedMore => return,
                Step::NeedAtLeast(need) => {
                    progress.need = need;
                    return;
                }
                Step::Consumed(n) => progress.resume_at = position.saturating_add(n),
                Step::Violation => {
                    progress.state = progress_state::VIOLATION;
                    progress.resume_at = end;
                }
                Step::Finished => {
                    connection.finished = true;
                    progress.state = progress_state::FINISHED;
                    progress.resume_at = end;
                }
                Step::Upgraded(n) => {
                    connection.finished = true;
                    progress.state = progress_state::UPGRADED;
                    progress.resume_at = position.saturating_add(n);
                    return;
                }
            }
        }
    }
}

fn slice<'a>(event: &abi::StreamEvent, arena: &'a [u8]) -> Option<&'a [u8]> {
    arena.get(event.offset as usize..)?.get(..event.length as usize)
}

fn endpoint(raw: &abi::Endpoint) -> (IpAddr, u16) {
    let bits = u128::from(raw.high) << 64 | u128::from(raw.low);
    (Ipv6Addr::from_bits(bits).to_canonical(), raw.port)
}
