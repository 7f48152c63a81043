//! TCP's life of a flow (RFC 9293): handshake, ends, ports used again, and losses that acknowledgments prove.
//!
//! Takes: segments of one flow in capture order. Gives: chunks and gaps by side, with what their sender had received. Does not
//! know what the bytes mean.
//!
//! An acknowledgment of bytes that were never seen means that the capture missed them, or sees the two directions out of step.
//! The segment that carries it is held back until the bytes come or a few more segments prove that they will not: an answer
//! must never be read before the loss of its request is known.

use std::collections::VecDeque;

use super::key::Side;
use super::origin::Origin;
use super::reassembly::{Delivery, HalfStream, Piecewise, Waiting};
use crate::captured::{Call, Caller};
use crate::decode::{Segment, TcpHeader};
use crate::stats::Stats;

/// Segments held back at most: a capture that merges two queues is out of step by a few segments, not more.
const HELD_SEGMENTS: usize = 4;

/// Held back no longer than this, nanoseconds: longer than queues of one machine differ, shorter than a retransmission.
const HELD_TIME: u64 = 50_000_000;

/// A RST farther than this from the next byte is not meant for this connection: the largest window in common use.
const RESET_WINDOW: u32 = 16 << 20;

/// An acknowledgment farther than this ahead of what was seen is another connection's, or forged.
const ACKNOWLEDGED_AHEAD: u64 = 1 << 30;

/// A TCP flow.
#[derive(Debug, Default)]
pub(crate) struct TcpFlow {
    halves: [HalfStream; 2],
    #[allow(clippy::box_collection)] // one word in the hundred thousand flows that hold nothing
    held: Option<Box<VecDeque<Held>>>,
    reset: bool,
    /// A SYN of this side was seen, with this initial sequence number.
    initial: [Option<u32>; 2],
}

#[derive(Debug)]
struct Held {
    side: Side,
    header: TcpHeader,
    payload: Vec<u8>,
    cut: u32,
    time: u64,
    caller: Option<Box<Caller>>,
}

/// A segment, from the capture or held back.
#[derive(Clone, Copy)]
struct Taken<'a> {
    side: Side,
    header: TcpHeader,
    payload: &'a [u8],
    cut: u32,
    time: u64,
    caller: Option<&'a Caller>,
}

impl Taken<'_> {
    fn hold(&self) -> Held {
        let Self { side, header, payload, cut, time, caller } = *self;
        Held { side, header, payload: payload.to_vec(), cut, time, caller: caller.copied().map(Box::new) }
    }
}

impl Held {
    fn take(&self) -> Taken<'_> {
        let Self { side, header, ref payload, cut, time, ref caller } = *self;
        Taken { side, header, payload, cut, time, caller: caller.as_deref() }
    }
}

/// What comes out of a TCP flow.
pub(crate) trait Receiver {
    /// The next bytes of a side.
    fn chunk(&mut self, side: Side, bytes: &[u8], origin: Origin<'_>);

    /// Bytes of a side will never come. `passed`: when they did, without being captured.
    fn gap(&mut self, side: Side, bytes: u64, passed: Option<u64>);
}

/// What reassembly needs besides the flow.
pub(crate) struct Shared<'a> {
    pub(crate) waiting: &'a mut Waiting,
    pub(crate) stats: &'a mut Stats,
}

impl TcpFlow {
    /// Both directions ended, or one side reset the connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.reset || self.halves.iter().all(HalfStream::is_ended)
    }

    /// What a side delivered so far, and the sequence number there; none when it was not seen.
    pub(crate) fn position(&self, side: Side) -> Option<(u64, u32)> {
        let half = &self.halves[side.index()];
        half.is_seen().then(|| (half.position(), half.next_sequence()))
    }

    /// A SYN that can not belong to this connection: the ports are used again.
    pub(crate) fn is_new_connection(&self, side: Side, header: &TcpHeader) -> bool {
        let half = &self.halves[side.index()];
        header.flags.syn()
            && match self.initial[side.index()] {
                Some(initial) => initial != header.sequence,
                None => half.is_seen() && half.position_of(header.sequence.wrapping_add(1)) != Some(0),
            }
    }

    /// Takes one segment.
    pub(crate) fn segment(
        &mut self,
        side: Side,
        header: TcpHeader,
        segment: &Segment<'_>,
        shared: &mut Shared<'_>,
        receiver: &mut impl Receiver,
    ) {
        let caller = segment.call.map(Call::caller);
        let taken = Taken {
            side,
            header,
            payload: segment.payload,
            cut: segment.cut,
            time: segment.time,
            caller: caller.as_ref(),
        };
        if self.held.is_none() && !self.is_ahead(side, &header, segment) {
            return self.accept(taken, shared, receiver);
        }
        if self.proves_loss(side, &header) {
            self.release(u64::MAX, shared, receiver);
        }
        let waits_behind = self.held.as_ref().is_some_and(|held| held.iter().any(|h| h.side == side));
        if waits_behind || self.is_ahead(side, &header, segment) {
            self.held.get_or_insert_default().push_back(taken.hold());
        } else {
            self.accept(taken, shared, receiver);
        }
        self.release(segment.time, shared, receiver);
    }

    /// Nothing more will come: hands on what waits, with its gaps.
    pub(crate) fn finish(&mut self, shared: &mut Shared<'_>, receiver: &mut impl Receiver) {
        self.release(u64::MAX, shared, receiver);
        for side in [Side::Low, Side::High] {
            self.finish_half(side, shared, receiver);
        }
    }

    /// Bytes of this side from behind the hole are here, and a held segment acknowledges the hole: the capture missed it.
    fn proves_loss(&self, side: Side, header: &TcpHeader) -> bool {
        let half = &self.halves[side.index()];
        let Some(front) = self.held.as_ref().and_then(|held| held.front()) else { return false };
        let acknowledged = if front.side == side { None } else { self.unseen(front.side, &front.header) };
        acknowledged.is_some_and(|hole_end| half.position_of(header.sequence).is_some_and(|p| p >= hole_end))
    }

    /// A segment with payload that acknowledges what was never seen.
    fn is_ahead(&self, side: Side, header: &TcpHeader, segment: &Segment<'_>) -> bool {
        !segment.payload.is_empty() && self.unseen(side, header).is_some()
    }

    /// The position that a segment acknowledges, when bytes before it were not seen.
    fn unseen(&self, side: Side, header: &TcpHeader) -> Option<u64> {
        let other = &self.halves[side.other().index()];
        if !header.flags.ack() || !other.is_seen() || other.is_ended() {
            return None;
        }
        let acknowledged = other.position_of(header.acknowledgment)?;
        let ahead = acknowledged.checked_sub(other.position())?;
        (ahead > 0 && ahead < ACKNOWLEDGED_AHEAD).then_some(acknowledged)
    }

    /// Lets held segments go whose acknowledged bytes came, or will not come any more.
    fn release(&mut self, now: u64, shared: &mut Shared<'_>, receiver: &mut impl Receiver) {
        while let Some(held) = self.held.as_mut() {
            let Some(front) = held.front() else {
                self.held = None;
                return;
            };
            let late = held.len() >= HELD_SEGMENTS || now.saturating_sub(front.time) > HELD_TIME;
            let (side, header) = (front.side, front.header);
            if let Some(acknowledged) = self.unseen(side, &header) {
                if !late {
                    return;
                }
                shared.stats.gaps_acknowledged += 1;
                self.give_up(side.other(), acknowledged, shared, receiver);
            }
            let Some(front) = self.held.as_mut().and_then(|held| held.pop_front()) else { return };
            self.accept(front.take(), shared, receiver);
        }
    }

    fn accept(&mut self, taken: Taken<'_>, shared: &mut Shared<'_>, receiver: &mut impl Receiver) {
        let Taken { side, header, payload, cut, time, caller } = taken;
        let flags = header.flags;
        let mut sequence = header.sequence;
        if flags.syn() {
            self.initial[side.index()].get_or_insert(sequence);
            sequence = sequence.wrapping_add(1);
        }
        let [low, high] = &mut self.halves;
        let (half, other) = match side {
            Side::Low => (low, high),
            Side::High => (high, low),
        };
        if flags.rst() {
            // Who asks the kernel needs no proof.
            if caller.is_none() && !self.is_near(side, &header) {
                shared.stats.resets_ignored += 1;
                return;
            }
            return self.reset(shared, receiver);
        }
        half.start(sequence);
        if caller.is_some() && flags.ack() {
            // Calls are captured in both directions: what was not seen by now was before the capture.
            other.start(header.acknowledgment);
        }
        let peer = flags.ack().then(|| other.position_of(header.acknowledgment)).flatten();
        let peer = peer.filter(|_| other.is_seen());
        if let Some(acknowledged) = peer
            && acknowledged < other.position().saturating_add(ACKNOWLEDGED_AHEAD)
        {
            let mut deliver = |delivery: Delivery<'_>| hand_on(side.other(), delivery, receiver);
            other.acknowledge(acknowledged, shared.waiting, shared.stats, &mut deliver);
        }
        if payload.is_empty() && cut == 0 && !flags.fin() {
            return;
        }
        let piece =
            Piecewise { sequence, payload, cut, fin: flags.fin(), origin: Origin { time, peer, caller } };
        half.segment(&piece, shared.waiting, shared.stats, &mut |delivery| hand_on(side, delivery, receiver));
    }

    /// RFC 9293, 3.5.2, as far as a listener can judge it.
    fn is_near(&self, side: Side, header: &TcpHeader) -> bool {
        let half = &self.halves[side.index()];
        let distance = header.sequence.wrapping_sub(half.next_sequence());
        !half.is_seen() || distance < RESET_WINDOW || distance.wrapping_neg() < RESET_WINDOW
    }

    fn reset(&mut self, shared: &mut Shared<'_>, receiver: &mut impl Receiver) {
        self.reset = true;
        self.finish_half(Side::Low, shared, receiver);
        self.finish_half(Side::High, shared, receiver);
    }

    fn finish_half(&mut self, side: Side, shared: &mut Shared<'_>, receiver: &mut impl Receiver) {
        let half = &mut self.halves[side.index()];
        half.finish(shared.waiting, shared.stats, &mut |delivery| hand_on(side, delivery, receiver));
    }

    fn give_up(&mut self, side: Side, position: u64, shared: &mut Shared<'_>, receiver: &mut impl Receiver) {
        let half = &mut self.halves[side.index()];
        let mut deliver = |delivery: Delivery<'_>| hand_on(side, delivery, receiver);
        half.give_up(position, shared.waiting, shared.stats, &mut deliver);
    }
}

fn hand_on(side: Side, delivery: Delivery<'_>, receiver: &mut impl Receiver) {
    match delivery {
        Delivery::Chunk(bytes, origin) => receiver.chunk(side, bytes, origin),
        Delivery::Gap(bytes, passed) => receiver.gap(side, bytes, passed),
    }
}
