//! Sessions that wait for hooks, and the hooks.
//!
//! Takes: finished sessions that some hook wants, with their payloads. Gives: what is left of them to the sink, in the order in
//! which they came. Does not do: parse heads or bodies.

use std::sync::Arc;

use weir_request_log::{LogSink, RequestLog, SessionType};

use super::apply::Change;
use super::hook::{Action, Hook, HookKind, Interest, Patches, Subjects};
use super::payloads::{Kept, Payloads, Room};
use super::subjects::About;
use crate::limits::Limits;
use crate::parse::outcome::{Encoding, PieceKind, split_off};
use crate::session::exchange::Role;
use crate::stats::Stats;

/// Plugins with hooks that a worker has room for: wishes of one protocol are a set of bits.
pub const HOOKS: usize = 16;
/// Sessions that wait: behind 128 the cost of a call is small beside that of its subjects.
const SESSIONS: usize = 128;
/// Bytes of one call; a body of the largest size and everything else.
const ARENA: usize = 2 << 20;
/// Protocols with HTTP's semantics: what an http hook gets when it names none.
const HTTP: [&str; 4] = ["HTTP", "HTTP2", "gRPC", "Triple"];
/// The most of a body that any hook gets.
const BODY_LIMIT: u32 = 1 << 20;

/// The hooks of a worker.
pub(crate) struct HookStage {
    hooks: Vec<Box<dyn Hook>>,
    /// Which hooks want the sessions of a protocol.
    wishes: Vec<(Box<str>, Wishes)>,
    waiting: Vec<Waiting>,
    /// Used ones, for their memory.
    free: Vec<Waiting>,
    /// Bytes of payloads that sessions hold, those included that are not finished.
    held: usize,
    subjects: Subjects,
    patches: Patches,
    /// By subject of the call: whose it is.
    owners: Vec<Owner>,
}

/// A bit for each hook of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes(u64);

impl Wishes {
    fn bit(kind: HookKind, hook: usize) -> u64 {
        1 << (kind as usize * HOOKS + hook)
    }

    fn has(self, kind: HookKind, hook: usize) -> bool {
        self.0 & Self::bit(kind, hook) != 0
    }
}

/// A session on its way through the hooks.
struct Waiting {
    /// A pointer is cheaper to move.
    log: Box<RequestLog>,
    payloads: Payloads,
    response_time: u64,
    wishes: Wishes,
    dropped: bool,
    /// In this kind of hook: subjects that no further plugin sees, a bit each.
    stopped: u64,
}

/// What a subject is.
#[derive(Clone, Copy)]
struct Owner {
    session: u32,
    role: Role,
    /// Bit in `stopped`.
    bit: u32,
}

/// What a parser is asked to hand on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) heads: bool,
    /// One more than any hook gets, so that a body that is longer shows.
    pub(crate) body_limit: u32,
}

impl HookStage {
    /// `hooks`: in the order in which they run; [`HOOKS`] at most, more are left out.
    pub(crate) fn new(mut hooks: Vec<Box<dyn Hook>>) -> Self {
        hooks.truncate(HOOKS);
        Self {
            hooks,
            wishes: Vec::new(),
            waiting: Vec::new(),
            free: Vec::new(),
            held: 0,
            subjects: Subjects::default(),
            patches: Patches::default(),
            owners: Vec::new(),
        }
    }

    /// Other hooks from now on. Nothing waits; sessions that are not finished keep what they hold.
    pub(crate) fn succeed(&mut self, other: Self) {
        *self = Self { held: self.held, ..other };
    }

    /// What hooks want to see of the messages of these protocols.
    pub(crate) fn wanted<'a>(&mut self, protocols: impl Iterator<Item = &'a str>) -> Wanted {
        let mut wanted = Wanted::default();
        for protocol in protocols {
            let wishes = self.wishes(protocol);
            for (kind, hook, interest) in self.interests() {
                if kind != HookKind::Session && wishes.has(kind, hook) {
                    wanted.heads |= interest.head;
                    wanted.body_limit = wanted.body_limit.max(interest.body_limit.min(BODY_LIMIT));
                }
            }
        }
        wanted.body_limit += u32::from(wanted.body_limit > 0);
        wanted
    }

    fn interests(&self) -> impl Iterator<Item = (HookKind, usize, &Interest)> {
        self.hooks.iter().enumerate().flat_map(|(index, hook)| {
            HookKind::ALL.into_iter().filter_map(move |kind| Some((kind, index, hook.interest(kind)?)))
        })
    }

    /// Which hooks want sessions of a protocol.
    pub(crate) fn wishes(&mut self, protocol: &str) -> Wishes {
        if self.hooks.is_empty() {
            return Wishes::default();
        }
        if let Some((_, wishes)) = self.wishes.iter().find(|(name, _)| **name == *protocol) {
            return *wishes;
        }
        let is = |name: &str| name == "*" || name.eq_ignore_ascii_case(protocol);
        let mut wishes = Wishes::default();
        for (kind, hook, interest) in self.interests() {
            let fits = match (interest.protocols.as_slice(), kind) {
                ([], HookKind::Http) => HTTP.iter().any(|name| is(name)),
                ([], _) => true,
                (names, _) => names.iter().any(|name| is(name)),
            };
            wishes.0 |= if fits { Wishes::bit(kind, hook) } else { 0 };
        }
        self.wishes.push((protocol.into(), wishes));
        wishes
    }

    /// Keeps a piece of a message.
    pub(crate) fn keep(
        &mut self,
        payloads: &mut Payloads,
        role: Role,
        piece: (PieceKind, Encoding, bool),
        bytes: &[u8],
        limits: &Limits,
        stats: &mut Stats,
    ) {
        let room = Room { body: BODY_LIMIT as usize, left: limits.payload_bytes.saturating_sub(self.held) };
        match payloads.add(role, piece, bytes, room) {
            Kept::Bytes(bytes) => self.held += bytes,
            Kept::TooMany => stats.payloads_too_many += 1,
            Kept::NoRoom => stats.payloads_no_room += 1,
        }
    }

    /// Payloads of a session that is not told.
    pub(crate) fn forget(&mut self, payloads: &mut Payloads) {
        self.held = self.held.saturating_sub(payloads.held());
        payloads.clear();
    }

    /// Takes a finished session; `log` and `payloads` are others afterwards, to be used again.
    pub(crate) fn hold(
        &mut self,
        log: &mut Box<RequestLog>,
        payloads: &mut Payloads,
        response_time: u64,
        wishes: Wishes,
    ) {
        let mut waiting = self.free.pop().unwrap_or_else(|| Waiting {
            log: log.clone(),
            payloads: Payloads::default(),
            response_time: 0,
            wishes: Wishes::default(),
            dropped: false,
            stopped: 0,
        });
        std::mem::swap(&mut waiting.log, log);
        // The next session of the same parser begins with the same names.
        if !same(&log.plugins, &waiting.log.plugins) {
            log.plugins.clone_from(&waiting.log.plugins);
        }
        if !Arc::ptr_eq(&log.l7_protocol, &waiting.log.l7_protocol) {
            log.l7_protocol = Arc::clone(&waiting.log.l7_protocol);
        }
        std::mem::swap(&mut waiting.payloads, payloads);
        (waiting.response_time, waiting.wishes, waiting.dropped) = (response_time, wishes, false);
        self.waiting.push(waiting);
    }

    /// Enough sessions wait for a call.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= SESSIONS
    }

    /// Shows what waits to the hooks, and tells what is left.
    pub(crate) fn run(&mut self, limits: &Limits, stats: &mut Stats, logs: &mut dyn LogSink) {
        if self.waiting.is_empty() {
            return;
        }
        for kind in HookKind::ALL {
            self.waiting.iter_mut().for_each(|waiting| waiting.stopped = 0);
            for hook in 0..self.hooks.len() {
                self.run_hook(kind, hook, limits, stats);
            }
        }
        for mut waiting in self.waiting.drain(..) {
            if !waiting.dropped {
                stats.logs += 1;
                logs.log(&waiting.log);
            }
            self.held = self.held.saturating_sub(waiting.payloads.held());
            waiting.payloads.clear();
            waiting.log.fields.clear();
            self.free.push(waiting);
        }
    }

    fn run_hook(&mut self, kind: HookKind, hook: usize, limits: &Limits, stats: &mut Stats) {
        let Some(interest) = self.hooks.get(hook).and_then(|h| h.interest(kind)) else { return };
        let (interest, mut next) = (interest.clone(), 0);
        while next < self.waiting.len() {
            self.subjects.clear();
            self.owners.clear();
            let mut shown =
                Shown { subjects: &mut self.subjects, owners: &mut self.owners, interest: &interest };
            while let Some(waiting) = self.waiting.get(next).filter(|_| shown.has_room()) {
                if waiting.wishes.has(kind, hook) && !waiting.dropped {
                    shown.add(kind, next as u32, waiting);
                }
                next += 1;
            }
            if !self.owners.is_empty() {
                self.call(kind, hook, interest.required, limits, stats);
            }
        }
    }

    fn call(&mut self, kind: HookKind, hook: usize, required: bool, limits: &Limits, stats: &mut Stats) {
        let Self { hooks, waiting, subjects, patches, owners, .. } = self;
        let Some(hook) = hooks.get_mut(hook) else { return };
        patches.clear();
        stats.hook_calls += 1;
        stats.hook_subjects += subjects.subjects.len() as u64;
        hook.advance(waiting.last().map_or(0, |waiting| waiting.log.end_time));
        if hook.observe(kind, subjects, patches).is_err() {
            stats.hook_faults += 1;
            for owner in owners.iter().filter(|_| required) {
                let Some(waiting) = waiting.get_mut(owner.session as usize) else { continue };
                stats.hook_unseen += u64::from(!std::mem::replace(&mut waiting.dropped, true));
            }
            return;
        }
        let (mut fields, mut attributes) = (patches.fields.as_slice(), patches.attributes.as_slice());
        for patch in &patches.patches {
            let change = Change {
                patch: *patch,
                fields: split_off(&mut fields, patch.fields),
                attributes: split_off(&mut attributes, patch.attributes),
                subjects,
                patches,
                limit: limits.text,
            };
            let Some(owner) = owners.get(patch.subject as usize) else { continue };
            let Some(waiting) = waiting.get_mut(owner.session as usize) else { continue };
            if change.apply(owner.role, &mut waiting.log) && !waiting.log.plugins.contains(hook.plugin()) {
                waiting.log.plugins.push(Arc::clone(hook.plugin()));
            }
            match patch.action {
                Action::Next => {}
                Action::Stop => waiting.stopped |= 1 << owner.bit,
                Action::Drop => {
                    stats.hook_dropped += u64::from(!std::mem::replace(&mut waiting.dropped, true));
                }
            }
        }
    }
}

/// The batch that is being put together.
struct Shown<'a> {
    subjects: &'a mut Subjects,
    owners: &'a mut Vec<Owner>,
    interest: &'a Interest,
}

impl Shown<'_> {
    fn has_room(&self) -> bool {
        self.subjects.arena.len() < ARENA
    }

    fn add(&mut self, kind: HookKind, session: u32, waiting: &Waiting) {
        match kind {
            HookKind::Session => self.one(session, waiting, About::Session, Role::Request, 0),
            HookKind::Http => {
                let (request, response) = halves(&waiting.log);
                if request && self.interest.requests {
                    self.one(session, waiting, About::Message(Role::Request), Role::Request, 0);
                }
                if response && self.interest.responses {
                    self.one(session, waiting, About::Message(Role::Response), Role::Response, 1);
                }
            }
            HookKind::Message => {
                for (bit, payload) in waiting.payloads.all_bodies().enumerate() {
                    let wanted = match payload.role {
                        Role::Request => self.interest.requests,
                        Role::Response => self.interest.responses,
                    };
                    if wanted {
                        self.one(session, waiting, About::Payload(payload), payload.role, bit as u32);
                    }
                }
            }
        }
    }

    fn one(&mut self, session: u32, waiting: &Waiting, about: About<'_>, role: Role, bit: u32) {
        if waiting.stopped & (1 << bit) == 0 {
            self.owners.push(Owner { session, role, bit });
            self.subjects.add(&waiting.log, &waiting.payloads, about, self.interest, waiting.response_time);
        }
    }
}

fn same(left: &[Arc<str>], right: &[Arc<str>]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| Arc::ptr_eq(left, right))
}

fn halves(log: &RequestLog) -> (bool, bool) {
    match log.session_type {
        SessionType::Session => (true, true),
        SessionType::Request => (true, false),
        SessionType::Response => (false, true),
    }
}
