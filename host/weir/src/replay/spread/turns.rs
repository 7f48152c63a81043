//! Who reads, who processes, who waits.
//!
//! Only who reads hands out lists, one worker at a time reads, and each list goes to the end of an inbox. So each worker sees
//! its segments in the order of the file, without a number or a sort.
//!
//! A worker reads when it has nothing to process, and before that when another one is about to run dry: else both would be done
//! with a block at the same time, and one would wait while the other reads. From a pipe only the former: what a worker has in
//! hand must not wait for packets to come.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::batch::Batch;
use super::reader::Reader;

/// Lists that may wait for one worker before nobody reads on: enough that it never runs dry, few enough that a slow worker
/// is noticed.
const WAITING: usize = 4;

/// What a worker does next.
pub(super) enum Turn<'a> {
    /// Read, then [`Turns::pass_on`].
    Read(Box<Reader<'a>>),
    /// Process these.
    Process(Batch),
    /// Nothing more comes.
    End,
}

/// Shared by the workers of a replay.
pub(super) struct Turns<'a> {
    state: Mutex<State<'a>>,
    changed: Condvar,
}

struct State<'a> {
    /// None while somebody reads.
    reader: Option<Box<Reader<'a>>>,
    inboxes: Vec<VecDeque<Batch>>,
    /// Empty ones, for their memory.
    spare: Vec<Batch>,
    ended: bool,
}

/// Ends the replay for all when it is dropped.
pub(super) struct EndsWithMe<'t, 'a>(&'t Turns<'a>);

impl Drop for EndsWithMe<'_, '_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl<'a> Turns<'a> {
    pub(super) fn new(reader: Reader<'a>, workers: usize) -> Self {
        let inboxes = (0..workers).map(|_| VecDeque::new()).collect();
        let state = State { reader: Some(Box::new(reader)), inboxes, spare: Vec::new(), ended: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// What worker `me` does next; `done` is an empty batch that it does not need any more. Waits when there is nothing to do.
    pub(super) fn next(&self, me: usize, done: Option<Batch>) -> Turn<'a> {
        let mut state = self.lock();
        if let Some(done) = done {
            state.spare.push(done);
            // Its block may be what a reader waits for.
            self.changed.notify_all();
        }
        loop {
            if state.should_read(me)
                && let Some(reader) = state.reader.take()
            {
                return Turn::Read(reader);
            }
            if let Some(batch) = state.inboxes.get_mut(me).and_then(VecDeque::pop_front) {
                return Turn::Process(batch);
            }
            if state.ended {
                return Turn::End;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Hands out the lists that the reader has filled. `more`: the capture is not at its end.
    pub(super) fn pass_on(&self, mut reader: Box<Reader<'a>>, more: bool) {
        let mut state = self.lock();
        let State { inboxes, spare, .. } = &mut *state;
        for (inbox, list) in inboxes.iter_mut().zip(&mut reader.lists).filter(|(_, list)| !list.is_empty()) {
            inbox.push_back(std::mem::replace(list, spare.pop().unwrap_or_default()));
        }
        state.reader = Some(reader);
        state.ended |= !more;
        self.changed.notify_all();
    }

    /// Nobody reads any more; what was handed out is still processed.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// A guard that calls [`Turns::end`], also when its owner panics.
    pub(super) fn ends_with_me(&self) -> EndsWithMe<'_, 'a> {
        EndsWithMe(self)
    }

    /// The reader, unless it was lost in a panic.
    pub(super) fn into_reader(self) -> Option<Box<Reader<'a>>> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).reader
    }

    fn lock(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State<'_> {
    fn should_read(&mut self, me: usize) -> bool {
        let idle = self.inboxes.get(me).is_none_or(VecDeque::is_empty);
        let dry = self.inboxes.iter().any(VecDeque::is_empty);
        let room = self.inboxes.iter().all(|inbox| inbox.len() < WAITING);
        let Some(reader) = &mut self.reader else { return false };
        let useful = idle || dry && !reader.may_wait();
        !self.ended && useful && room && reader.is_ready()
    }
}
