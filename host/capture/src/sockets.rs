//! What programs send and receive over sockets, from the system calls that carry it.
//!
//! Takes: which programs. Gives: frames of [`LinkType::Socket`](weir_pipeline::captured::LinkType::Socket), in the order in which
//! each socket carried them, and counts of what was not captured. Does not do: threads, looking into bytes, printing.
//!
//! A program in the kernel (`ebpf/program`) looks at the end of each system call and puts what a socket carried into a ring; this
//! side empties it every few milliseconds.

mod btf;
mod clock;
mod counts;
mod error;
mod frames;
mod load;
mod options;
mod order;
mod recent;
mod threads;

use std::time::{Duration, Instant};

use aya::Ebpf;
use aya::maps::{HashMap, MapData, PerCpuArray, RingBuf};
use weir_ebpf_common::{Counter, Record};

use self::clock::Clock;
pub use self::counts::SocketCounts;
pub use self::error::SocketError;
use self::frames::Frames;
pub use self::options::SocketOptions;
use crate::block::Block;

/// The kernel's own type information.
const KERNEL_TYPES: &str = "/sys/kernel/btf/vmlinux";

/// How long the ring is left alone when it was nearly empty: it has room for what the fastest programs carry in ten times that.
pub const WAIT: Duration = Duration::from_millis(10);

/// How much of the ring goes into one block.
const BLOCK_BYTES: usize = 1 << 20;

/// System calls that are captured. They are until it is dropped, or the process ends, however that happens.
pub struct SocketCapture {
    /// In the kernel as long as this is here.
    programs: Option<Ebpf>,
    ring: RingBuf<MapData>,
    counters: PerCpuArray<MapData, u64>,
    clock: Clock,
    frames: Frames,
}

/// Tells the kernel which sockets nobody wants.
#[derive(Debug)]
pub struct Unwanted(std::sync::Mutex<HashMap<MapData, u64, u8>>);

impl Unwanted {
    /// Nothing of these sockets is captured any more. Numbers are used once only, so that is for ever.
    pub fn add(&self, sockets: &[u64]) {
        let mut map = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for socket in sockets {
            // Where that fails, the socket costs what it did before.
            let _ = map.insert(socket, 1, 0);
        }
    }
}

impl SocketCapture {
    /// Loads the programs into the kernel and begins to capture.
    ///
    /// # Errors
    /// A privilege or a part of the kernel that is missing, by name.
    pub fn open(options: &SocketOptions) -> Result<(Self, Unwanted), SocketError> {
        let object = weir_ebpf_object::object().map_err(|error| SocketError::NotBuilt(error.reason))?;
        let mut programs = load::programs(object, options)?;
        let ring = load::take(&mut programs, "RECORDS")?;
        let counters = load::take(&mut programs, "COUNTERS")?;
        let unwanted = load::take(&mut programs, "UNWANTED")?;
        let capture =
            Self { programs: Some(programs), ring, counters, clock: Clock::now(), frames: Frames::default() };
        Ok((capture, Unwanted(std::sync::Mutex::new(unwanted))))
    }

    /// Appends what the ring holds, up to what a block has room for. `false`: little was there, so that it is time to wait.
    pub fn append(&mut self, block: &mut Block) -> bool {
        self.clock.keep_up(Instant::now());
        let before = block.bytes.len();
        let now = clock::monotonic();
        while block.bytes.len() < before + BLOCK_BYTES {
            let Some(item) = self.ring.next() else {
                // What was carried until then was told, so that who waits for it waits in vain.
                self.frames.is_now(now);
                break;
            };
            self.frames.record(&item, &self.clock, block);
        }
        self.frames.release(block);
        if self.programs.is_none() && block.bytes.len() == before {
            self.frames.finish(block);
        }
        block.bytes.len() - before >= BLOCK_BYTES / 4
    }

    /// Nothing further is captured; [`SocketCapture::append`] gives what the ring holds.
    pub fn stop(&mut self) {
        self.programs = None;
    }

    /// Counts so far.
    #[must_use]
    pub fn counts(&self) -> SocketCounts {
        let sum = |counter: Counter| {
            let values = self.counters.get(&(counter as u32), 0);
            values.map_or(0, |values| values.iter().sum())
        };
        SocketCounts {
            kernel: Counter::ALL.map(sum),
            malformed: self.frames.malformed,
            without_peer: self.frames.without_peer,
            given_up: self.frames.given_up(),
        }
    }
}

impl std::fmt::Debug for SocketCapture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SocketCapture").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// Of a record without payload.
const _: () = assert!(Record::SIZE == 104);
