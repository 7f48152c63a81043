//! What programs send and receive over sockets, from the system calls that carry it.
//!
//! Takes: which programs. Gives: frames of [`LinkType::Socket`](weir_pipeline::captured::LinkType::Socket), in the order in which
//! each socket carried them, and counts of what was not captured. Does not do: threads, looking into bytes, printing.
//!
//! A program in the kernel (`ebpf/program`) looks at the end of each system call and puts what a socket carried into a ring; this
//! side empties it ten times a second, and when a program says that it holds much. What most calls carry goes through a [lane](lanes) of the
//! processor in place of the ring.

mod btf;
mod clock;
mod counts;
mod error;
mod frames;
mod lanes;
mod load;
mod marks;
mod misses;
mod options;
mod order;
mod recent;
mod records;
mod threads;
mod tls;
mod wake;

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use aya::Ebpf;
use aya::maps::{Array, MapData, PerCpuArray, RingBuf};
use weir_ebpf_common::{Counter, Record, unwanted_place};

use self::clock::Clock;
pub use self::counts::SocketCounts;
pub use self::error::SocketError;
use self::frames::Frames;
use self::misses::Misses;
pub use self::options::SocketOptions;
use self::records::Records;
use self::tls::Tls;
pub use self::tls::TlsEvent;
use self::wake::Wake;
use crate::block::Block;

/// The kernel's own type information.
const KERNEL_TYPES: &str = "/sys/kernel/btf/vmlinux";

/// How long the ring is left alone at most when it was nearly empty: programs that carry much say so sooner. A shorter time would be dear to
/// the programs that are observed: a processor with a timer that is soon due sleeps in another way, and who wakes it has to interrupt it.
pub const WAIT: Duration = Duration::from_millis(100);

/// How much of the ring goes into one block.
const BLOCK_BYTES: usize = 1 << 20;

/// System calls that are captured. They are until it is dropped, or the process ends, however that happens.
pub struct SocketCapture {
    programs: Programs,
    events: Vec<TlsEvent>,
    records: Records<RingBuf<MapData>>,
    wake: Wake,
    counters: PerCpuArray<MapData, u64>,
    misses: Misses,
    /// Records that had found the ring full when it was last looked at.
    ring_full: u64,
    clock: Clock,
    frames: Frames,
}

/// What is in the kernel as long as this is here.
enum Programs {
    Calls {
        _programs: Ebpf,
    },
    Tls(Tls),
    /// Since then, `CLOCK_MONOTONIC`; the kernel takes its time for probes.
    Stopped {
        end: u64,
        _tls: Option<Tls>,
    },
}

/// Tells the kernel which sockets nobody wants.
pub struct Unwanted(std::sync::Mutex<Array<MapData, u64>>);

impl Unwanted {
    /// Nothing of these sockets is captured any more. Numbers are used once only, so that is for ever.
    pub fn add(&self, sockets: &[u64]) {
        let mut map = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for socket in sockets {
            // Where that fails, the socket costs what it did before.
            let _ = map.set(unwanted_place(*socket), *socket, 0);
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
        let ring: RingBuf<MapData> = load::take(&mut programs, "RECORDS")?;
        let wake = Wake::of(&ring).map_err(SocketError::Wake)?;
        let records = Records::new(load::lanes(&mut programs)?, ring);
        let counters = load::take(&mut programs, "COUNTERS")?;
        let unwanted = load::take(&mut programs, "UNWANTED")?;
        let misses = Misses::of(&programs);
        let programs = if options.tls {
            Programs::Tls(Tls::start(programs)?)
        } else {
            Programs::Calls { _programs: programs }
        };
        let capture = Self {
            programs,
            events: Vec::new(),
            records,
            wake,
            counters,
            misses,
            ring_full: 0,
            clock: Clock::now(),
            frames: Frames::new(options.calls),
        };
        Ok((capture, Unwanted(std::sync::Mutex::new(unwanted))))
    }

    /// Appends what the ring holds, up to what a block has room for. `false`: it holds nothing more, so that it is time to wait.
    pub fn append(&mut self, block: &mut Block) -> bool {
        self.clock.keep_up(Instant::now());
        let before = block.bytes.len();
        let began = clock::monotonic();
        let until = match self.programs {
            // What comes after the end must not put it off.
            Programs::Stopped { end, .. } => end,
            Programs::Calls { .. } | Programs::Tls(_) => began,
        };
        let (frames, clock) = (&mut self.frames, &self.clock);
        let is_drained = self.records.read(until, |record| {
            frames.record(record, clock, block);
            block.bytes.len() < before + BLOCK_BYTES
        });
        // Everything that was told until then has been seen.
        let now = match self.programs {
            _ if !is_drained => self.frames.latest(),
            Programs::Stopped { .. } => u64::MAX,
            Programs::Calls { .. } | Programs::Tls(_) => began,
        };
        let ring_full = self.kernel_count(Counter::RingFull);
        let has_lost = std::mem::replace(&mut self.ring_full, ring_full) < ring_full;
        self.frames.release(now, has_lost, &self.clock, block);
        !is_drained
    }

    /// Waits until a program in the kernel has put much into the ring, or for `most`. [`AsFd`] is ready to be read in the first case.
    pub fn wait(&self, most: Duration) {
        self.wake.wait(most);
    }

    /// Nothing further is captured; [`SocketCapture::append`] gives what the ring holds.
    pub fn stop(&mut self) {
        let end = clock::monotonic();
        let stopped = Programs::Stopped { end, _tls: None };
        self.programs = match std::mem::replace(&mut self.programs, stopped) {
            Programs::Tls(tls) => {
                tls.stop();
                self.events.extend(tls.events());
                Programs::Stopped { end, _tls: Some(tls) }
            }
            Programs::Calls { .. } => Programs::Stopped { end, _tls: None },
            // It keeps the end that it had.
            stopped @ Programs::Stopped { .. } => stopped,
        }
    }

    /// What happened to files with TLS libraries since the last call.
    pub fn take_events(&mut self) -> Vec<TlsEvent> {
        let mut events = std::mem::take(&mut self.events);
        if let Programs::Tls(tls) = &self.programs {
            events.extend(tls.events());
        }
        events
    }

    /// Counts so far.
    #[must_use]
    pub fn counts(&self) -> SocketCounts {
        SocketCounts {
            kernel: Counter::ALL.map(|counter| self.kernel_count(counter)),
            missed: self.misses.count().saturating_sub(self.kernel_count(Counter::TakenOver)),
            ..self.frames.counts()
        }
    }

    fn kernel_count(&self, counter: Counter) -> u64 {
        let values = self.counters.get(&(counter as u32), 0);
        values.map_or(0, |values| values.iter().sum())
    }
}

impl AsFd for SocketCapture {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }
}

impl std::fmt::Debug for Unwanted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Unwanted").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SocketCapture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SocketCapture").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// Of a record without payload.
const _: () = assert!(Record::SIZE == 104);
