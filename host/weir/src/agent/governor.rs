//! Keeps the agent to its share of the machine. Takes: cores and bytes that it may use, and ten times a second what it does use. Gives:
//! orders to workers: fewer new flows, smaller tables, in the end fewer flows. Does not do: choose among flows (a hash does), hold
//! anything up.
//!
//! `docs/agent.md` states the rules; [`cpu`] and [`memory`] are those rules and nothing else.

mod cpu;
mod memory;
mod usage;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::Scope;
use std::time::{Duration, Instant};

use weir_pipeline::admission::{Admission, PARTS};

use self::cpu::Cpu;
use self::memory::Memory;
pub(crate) use self::usage::{cpu_time, resident};
use super::config::Share;
use crate::failure::Failure;
use crate::replay::{Monitor, Orders};

/// A control step: short enough that a peak is met before it has cost much, long enough that a step's CPU time means something.
const STEP: Duration = Duration::from_millis(100);

/// How often is looked whether there is a limit now.
const IDLE: Duration = Duration::from_millis(500);

/// Keeps to a share that may change.
#[derive(Debug, Default)]
pub(crate) struct Governor {
    share: Mutex<Share>,
    /// Times that shedding began, by what was short; for `/metrics`.
    begun: [AtomicU32; 2],
}

impl Governor {
    pub(crate) fn new(share: Share) -> Self {
        Self { share: Mutex::new(share), begun: Default::default() }
    }

    /// Another share from the next step on.
    pub(crate) fn set_share(&self, share: Share) {
        *self.share.lock().unwrap_or_else(PoisonError::into_inner) = share;
    }

    pub(crate) fn share(&self) -> Share {
        *self.share.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often shedding began, for lack of CPU time and of memory.
    pub(crate) fn begun(&self) -> [u64; 2] {
        [0, 1].map(|which: usize| {
            self.begun.get(which).map_or(0, |count| u64::from(count.load(Ordering::Relaxed)))
        })
    }

    /// Works in a thread of its own until what it gives is dropped.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn start<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        monitor: &'env Monitor,
    ) -> Result<SyncSender<()>, Failure> {
        let (sender, end) = sync_channel(1);
        let thread = std::thread::Builder::new().name("weir-governor".into());
        let started = thread.spawn_scoped(scope, move || self.run(monitor, &end));
        started.map_err(|error| Failure::runtime(format_args!("can not start the governor: {error}")))?;
        Ok(sender)
    }

    fn run(&self, monitor: &Monitor, end: &Receiver<()>) {
        let (mut cpu, mut memory) = (Cpu::default(), Memory::default());
        let mut stories = [Story::new("CPU time"), Story::new("memory")];
        let mut last = (Instant::now(), cpu_time());
        loop {
            let share = self.share();
            let pace = if share == Share::default() { IDLE } else { STEP };
            match end.recv_timeout(pace) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = (Instant::now(), cpu_time());
            let took = now.0.duration_since(last.0).as_secs_f64();
            let used = now.1.saturating_sub(last.1).as_secs_f64() / took.max(f64::EPSILON);
            last = now;
            let used = cpu.step(used, took, share.cpu);
            let resident = share.memory.and_then(|limit| Some((resident()?, limit)));
            memory.step(resident, took);
            monitor.order(Orders {
                admission: Admission { cpu: cpu.admitted, memory: memory.admitted },
                kept: cpu.kept,
                room: memory.room,
            });
            let [of_cpu, of_memory] = &mut stories;
            let begun = [
                of_cpu.tell(cpu.admitted, || {
                    format!("{used:.2} of {:.2} cores", share.cpu.unwrap_or_default())
                }),
                of_memory.tell(memory.admitted.min(memory.room), || {
                    let (resident, limit) = resident.unwrap_or_default();
                    format!("{} of {} MiB", resident >> 20, limit >> 20)
                }),
            ];
            for (count, _) in self.begun.iter().zip(begun).filter(|(_, begun)| *begun) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// A change that is worth a line: a quarter of all flows.
const LARGE: u8 = PARTS / 4;

/// What the log knows of shedding.
#[derive(Debug)]
struct Story {
    what: &'static str,
    told: u8,
}

impl Story {
    fn new(what: &'static str) -> Self {
        Self { what, told: PARTS }
    }

    /// A line when it begins, changes by much, ends. `true`: it begins.
    fn tell(&mut self, parts: u8, used: impl FnOnce() -> String) -> bool {
        let (what, before) = (self.what, self.told);
        let begins = before == PARTS && parts < PARTS;
        let ends = before < PARTS && parts == PARTS;
        if !begins && !ends && parts.abs_diff(before) < LARGE {
            return false;
        }
        self.told = parts;
        let used = used();
        if begins {
            tracing::warn!("short of {what} ({used}): shedding begins, {parts} of 16 parts stay");
        } else if ends {
            tracing::info!("enough {what} again ({used}): shedding ends");
        } else {
            tracing::warn!("short of {what} ({used}): {parts} of 16 parts stay");
        }
        begins
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_hears_of_the_beginning_of_large_changes_and_of_the_end() {
        let mut story = Story::new("CPU time");
        let mut lines = 0;
        let mut begun = 0;
        for parts in [16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16] {
            let before = lines;
            begun += u32::from(story.tell(parts, || {
                lines += 1;
                String::new()
            }));
            assert!(lines <= before + 1);
        }
        // 15, 11, 7, 11, 15, 16.
        assert_eq!((lines, begun), (6, 1));
    }
}
