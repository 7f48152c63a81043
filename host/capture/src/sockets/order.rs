//! Records of one socket in the order in which it carried them, though several threads on several processors made the calls.
//!
//! Takes: how far each record says the other direction had come. Gives: whether what should come before is still on its way. A
//! thread that reads an answer may tell so before the thread that wrote the question does, by microseconds. What does not come
//! within [`PATIENCE`] was lost, and the pipeline makes a gap of it.

use std::collections::VecDeque;
use std::ops::Range;

use weir_pipeline::captured::Sender;

use super::recent::Recent;

/// How long a record waits for those that should come before it, nanoseconds: a thread that lost its processor between its call and
/// its record gets it back within some scheduler's turns.
const PATIENCE: u64 = 20_000_000;

/// Records that wait at the same time, in bytes and number: few do, and hostile programs must not fill memory.
const WAITING_BYTES: usize = 1 << 20;
const WAITING: usize = 1024;

/// Sockets that are remembered: as many as a worker follows flows.
const ROOM: usize = 1 << 16;

/// How far each direction of a socket was told.
#[derive(Debug)]
pub(super) struct Order {
    sockets: Recent<Told>,
    waiting: VecDeque<Late>,
    waiting_bytes: usize,
    /// Records that were given though what should come before them did not come.
    pub(super) given_up: u64,
}

/// What was told of a socket.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// By sender: number of the next byte; none where nothing was told yet.
    next: [Option<u32>; 2],
    /// How its connection began, where that was seen.
    beginning: Option<Beginning>,
    /// Its beginning, or something later, was told.
    has_begun: bool,
    /// Its records that wait; fewer when it was not used for so long that it was forgotten.
    waiting: u32,
}

/// How a connection began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beginning {
    pub(super) opener: Sender,
    /// Number of the first byte of this end.
    pub(super) local: u32,
    /// Of the other one.
    pub(super) remote: u32,
}

/// A record that came early.
#[derive(Debug)]
struct Late {
    step: Step,
    /// As the kernel has it.
    since: u64,
    /// With the time that it gets.
    frame: (u64, Vec<u8>),
}

/// What a record says about the order.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) socket: u64,
    pub(super) sender: Sender,
    /// Its bytes.
    pub(super) bytes: Range<u32>,
    /// The other direction had come so far.
    pub(super) other: u32,
}

impl Order {
    pub(super) fn new() -> Self {
        Self { sockets: Recent::new(ROOM), waiting: VecDeque::new(), waiting_bytes: 0, given_up: 0 }
    }

    /// A connection begins; nothing of it was told.
    pub(super) fn begin(&mut self, socket: u64, beginning: Beginning) {
        let told = self.sockets.entry(socket, Told::default);
        *told = Told { waiting: told.waiting, ..Told::default() };
        told.start(beginning);
        if beginning.remote == 0 {
            // A connect that has only begun does not know the other's number.
            told.next[Sender::Remote as usize] = None;
        }
    }

    /// Who opened its connection, where that was seen.
    pub(super) fn opener(&self, socket: u64) -> Option<Sender> {
        Some(self.sockets.get(socket)?.beginning?.opener)
    }

    /// Something of the socket is about to be told. How its connection began, when that is to be told before; `guess`: what the record
    /// itself says of it.
    pub(super) fn begins(&mut self, socket: u64, guess: Option<Beginning>) -> Option<Beginning> {
        let told = self.sockets.entry(socket, Told::default);
        if std::mem::replace(&mut told.has_begun, true) {
            return None;
        }
        if told.beginning.is_none() {
            told.start(guess?);
        }
        told.beginning
    }

    /// Whether a record may be given now; if so, it is taken as given.
    #[inline]
    pub(super) fn admits(&mut self, step: &Step) -> bool {
        let told = self.sockets.entry(step.socket, Told::default);
        let other = &mut told.next[other(step.sender) as usize];
        match *other {
            Some(next) if is_before(next, step.other) => return false,
            None => *other = Some(step.other),
            Some(_) => {}
        }
        told.advance(step);
        true
    }

    /// Keeps a record that may not be given yet. `since`: `CLOCK_MONOTONIC`, nanoseconds.
    #[cold]
    pub(super) fn keep(&mut self, step: Step, since: u64, frame: (u64, Vec<u8>)) {
        self.waiting_bytes += frame.1.len();
        self.sockets.entry(step.socket, Told::default).waiting += 1;
        self.waiting.push_back(Late { step, since, frame });
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next record of this socket that may be given now.
    #[cold]
    pub(super) fn ready(&mut self, socket: u64) -> Option<(u64, Vec<u8>)> {
        let told = self.sockets.entry(socket, Told::default);
        // Who talks much must not look through what others wait for.
        if told.waiting == 0 {
            return None;
        }
        let is_ready = |late: &Late| {
            let next = told.next[other(late.step.sender) as usize];
            late.step.socket == socket && next.is_none_or(|next| !is_before(next, late.step.other))
        };
        let place = self.waiting.iter().position(is_ready)?;
        self.give(place)
    }

    /// The next record that has waited for too long, with its socket. `now`: `CLOCK_MONOTONIC`, nanoseconds.
    #[cold]
    pub(super) fn overdue(&mut self, now: u64) -> Option<(u64, u64, Vec<u8>)> {
        let is_full = self.waiting_bytes > WAITING_BYTES || self.waiting.len() > WAITING;
        let oldest = self.waiting.front()?;
        if !is_full && now.saturating_sub(oldest.since) < PATIENCE {
            return None;
        }
        let socket = oldest.step.socket;
        self.given_up += 1;
        self.give(0).map(|(time, frame)| (socket, time, frame))
    }

    /// The next record of a socket that ends.
    #[cold]
    pub(super) fn rest(&mut self, socket: u64) -> Option<(u64, Vec<u8>)> {
        self.sockets.get(socket).filter(|told| told.waiting > 0)?;
        let place = self.waiting.iter().position(|late| late.step.socket == socket)?;
        self.give(place)
    }

    /// The socket has ended. Gives the number of the next byte of this side and of the other; none: nothing of it was told.
    pub(super) fn forget(&mut self, socket: u64) -> Option<(u32, u32)> {
        let told = self.sockets.remove(socket)?;
        let next = |sender: Sender| told.next[sender as usize].unwrap_or(0);
        Some((next(Sender::Local), next(Sender::Remote)))
    }

    fn give(&mut self, place: usize) -> Option<(u64, Vec<u8>)> {
        let late = self.waiting.remove(place)?;
        self.waiting_bytes -= late.frame.1.len();
        let told = self.sockets.entry(late.step.socket, Told::default);
        told.waiting = told.waiting.saturating_sub(1);
        let before = &mut told.next[other(late.step.sender) as usize];
        if before.is_none_or(|next| is_before(next, late.step.other)) {
            *before = Some(late.step.other);
        }
        told.advance(&late.step);
        Some(late.frame)
    }
}

impl Told {
    /// What comes first has to begin here.
    fn start(&mut self, beginning: Beginning) {
        self.next[Sender::Local as usize] = Some(beginning.local);
        self.next[Sender::Remote as usize] = Some(beginning.remote);
        self.beginning = Some(beginning);
    }

    fn advance(&mut self, step: &Step) {
        let own = &mut self.next[step.sender as usize];
        if own.is_none_or(|next| is_before(next, step.bytes.end)) {
            *own = Some(step.bytes.end);
        }
    }
}

fn other(sender: Sender) -> Sender {
    match sender {
        Sender::Local => Sender::Remote,
        Sender::Remote => Sender::Local,
    }
}

/// Of sequence numbers, which wrap around (RFC 9293, 3.4).
fn is_before(a: u32, b: u32) -> bool {
    (b.wrapping_sub(a) as i32) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(sender: Sender, bytes: Range<u32>, other: u32) -> Step {
        Step { socket: 1, sender, bytes, other }
    }

    #[test]
    fn an_answer_waits_for_its_question() {
        let mut order = Order::new();
        assert!(order.admits(&step(Sender::Local, 100..110, 500)));
        let answer = step(Sender::Remote, 500..520, 130);
        assert!(!order.admits(&answer));
        order.keep(answer, 1000, (7, b"answer".to_vec()));
        assert_eq!(order.ready(1), None);
        assert_eq!(order.overdue(2000), None);
        assert!(order.admits(&step(Sender::Local, 110..130, 500)));
        assert_eq!(order.ready(1), Some((7, b"answer".to_vec())));
        assert_eq!((order.ready(1), order.is_idle(), order.given_up), (None, true, 0));
    }

    #[test]
    fn what_does_not_come_is_given_up() {
        let mut order = Order::new();
        assert!(order.admits(&step(Sender::Local, 0..10, 0)));
        for number in 0..3 {
            let answer = step(Sender::Remote, number..number + 1, 20);
            assert!(!order.admits(&answer));
            order.keep(answer, 1000 + u64::from(number), (u64::from(number), vec![number as u8]));
        }
        assert_eq!(order.overdue(999 + PATIENCE), None);
        assert_eq!(order.overdue(1000 + PATIENCE), Some((1, 0, vec![0])));
        // From then on it is known to be lost.
        assert_eq!(order.ready(1), Some((1, vec![1])));
        assert_eq!(order.ready(1), Some((2, vec![2])));
        assert!(order.admits(&step(Sender::Remote, 3..4, 20)));
        assert_eq!(order.given_up, 1);
    }

    #[test]
    fn numbers_wrap_around() {
        let mut order = Order::new();
        let around = Range { start: u32::MAX - 4, end: 5 };
        assert!(order.admits(&step(Sender::Local, around, 7)));
        assert!(order.admits(&step(Sender::Remote, 7..8, 5)));
        assert!(!order.admits(&step(Sender::Remote, 8..9, 6)));
    }

    #[test]
    fn who_waits_for_nothing_is_not_looked_for() {
        let mut order = Order::new();
        let other = Step { socket: 2, ..step(Sender::Local, 0..10, 0) };
        assert!(order.admits(&step(Sender::Local, 0..10, 0)) && order.admits(&other));
        let late = step(Sender::Remote, 0..1, 20);
        assert!(!order.admits(&late));
        order.keep(late, 1, (1, b"late".to_vec()));
        assert_eq!((order.ready(2), order.rest(2)), (None, None));
        // It began anew, and what waits is still its own.
        order.begin(1, Beginning { opener: Sender::Local, local: 20, remote: 0 });
        assert_eq!(order.rest(1), Some((1, b"late".to_vec())));
        assert_eq!((order.rest(1), order.is_idle()), (None, true));
    }

    #[test]
    fn few_wait() {
        let mut order = Order::new();
        assert!(order.admits(&step(Sender::Local, 0..10, 0)));
        for number in 0..10_000_u32 {
            let answer = step(Sender::Remote, number..number + 1, 20 + number);
            assert!(!order.admits(&answer));
            order.keep(answer, 1, (1, vec![0; 100]));
            while order.overdue(1).is_some() {}
            assert!(order.waiting.len() <= WAITING && order.waiting_bytes <= WAITING_BYTES);
        }
        assert!(order.given_up > 8000);
    }
}
