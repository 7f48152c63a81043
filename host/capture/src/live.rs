//! Packets from network interfaces, as they pass.
//!
//! Takes: names or patterns of interfaces, a filter. Gives: blocks of frames, what happens to the interfaces, counts of what the
//! kernel could not keep. Does not do: threads, looking into frames, printing.
//!
//! Each interface has a ring that the kernel fills (TPACKET_V3). All rings are read by one caller at a time; what is read is
//! copied into the block, so that a ring's memory goes back to the kernel at once, however long a frame is worked on.

mod error;
mod filter;
mod interfaces;
mod kernel;
mod source;

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

pub use self::error::LiveError;
use self::filter::Filter;
use self::interfaces::{Interface, Pattern};
pub use self::kernel::enter_namespace;
use self::kernel::{Ring, poll};
use self::source::Source;
use crate::block::Block;
use crate::counts::{InterfaceCounts, add};

/// How much of the rings goes into one block, as much as of a file.
const BLOCK_BYTES: usize = 1 << 20;

/// How long is waited for a packet: the caller looks after its own things so often.
const WAIT: Duration = Duration::from_millis(100);

/// How often new interfaces are looked for: a connection that begins sooner after its interface is joined in the middle.
const LOOK: Duration = Duration::from_millis(500);

/// How long packets that the kernel has already are waited for at the end: a block that is not full comes after its time-out,
/// which may begin anew once.
const DRAIN: Duration = Duration::from_millis(3 * Ring::TIMEOUT_MS as u64);

/// Interfaces that are captured at the same time. Each costs a ring of kernel memory; a machine with more than that many should
/// name those that matter.
const INTERFACES: usize = 256;

/// What is captured.
#[derive(Clone, Debug, Default)]
pub struct LiveOptions {
    /// Names; patterns with `*` and `?`; `any` for all.
    pub interfaces: Vec<String>,
    /// A filter in tcpdump's language (pcap-filter(7)); the kernel drops what does not match.
    pub filter: Option<String>,
    /// Frames for other machines too.
    pub promiscuous: bool,
}

/// What happened to an interface.
#[derive(Debug)]
pub enum LiveEvent {
    /// Its packets are captured from now on.
    Captured {
        /// The interface.
        interface: String,
    },
    /// It is no longer there.
    Gone {
        /// The interface.
        interface: String,
    },
    /// It matches a pattern, but can not be captured; it is not tried again.
    Refused {
        /// The interface.
        interface: String,
        /// Why.
        error: LiveError,
    },
}

/// Interfaces that are captured.
#[derive(Debug)]
pub struct LiveCapture {
    patterns: Vec<Pattern>,
    filter: Option<Filter>,
    promiscuous: bool,
    sources: Vec<Source>,
    /// Which of them was read last.
    turn: usize,
    /// Indexes of interfaces that can not be captured.
    refused: Vec<u32>,
    events: Vec<LiveEvent>,
    ended: Vec<InterfaceCounts>,
    next_look: Instant,
    /// Set when capturing is to end.
    until: Option<Instant>,
    /// Packets go on coming though capturing is to end.
    gate_open: bool,
}

impl LiveCapture {
    /// Begins to capture all interfaces that match.
    ///
    /// # Errors
    /// A filter that can not be compiled, a name that no interface has, a privilege that is missing, an interface that can not
    /// be captured. A pattern that matches nothing is no error: interfaces may come later.
    pub fn open(options: &LiveOptions) -> Result<Self, LiveError> {
        let (mut capture, interfaces) = Self::prepare(options)?;
        for interface in &interfaces {
            if capture.wants(interface) {
                capture.begin(interface)?;
            }
        }
        Ok(capture)
    }

    /// Finds out whether [`LiveCapture::open`] is going to be refused, without capturing anything.
    ///
    /// # Errors
    /// Those of `open` that can be known before.
    pub fn check(options: &LiveOptions) -> Result<(), LiveError> {
        Self::prepare(options).map(drop)
    }

    fn prepare(options: &LiveOptions) -> Result<(Self, Vec<Interface>), LiveError> {
        let filter = options.filter.as_deref().map(Filter::compile).transpose()?;
        let capture = Self {
            patterns: options.interfaces.iter().map(|text| Pattern::new(text)).collect(),
            filter,
            promiscuous: options.promiscuous,
            sources: Vec::new(),
            turn: 0,
            refused: Vec::new(),
            events: Vec::new(),
            ended: Vec::new(),
            next_look: Instant::now() + LOOK,
            until: None,
            gate_open: false,
        };
        let interfaces = interfaces::all().map_err(LiveError::List)?;
        let known = || interfaces.iter().map(|interface| interface.name.clone()).collect();
        if let Some(missing) = capture.patterns.iter().find(|p| p.is_name() && !p.matches_any(&interfaces)) {
            return Err(LiveError::NoInterface { name: missing.text().to_owned(), known: known() });
        }
        // Also when there is nothing to capture yet: it is refused now, not hours later.
        Ring::try_privilege()?;
        Ok((capture, interfaces))
    }

    /// Fills the block with what has come. Waits for a tenth of a second when nothing has, and gives an empty block then.
    /// `false`: [`LiveCapture::stop`] was called, and everything that came before was given.
    pub fn fill(&mut self, block: &mut Block) -> bool {
        self.fill_within(block, WAIT, None)
    }

    /// The same for who has something else to look after: waits for `most`, and no longer than until `other` is ready to be read.
    pub fn fill_unless(&mut self, block: &mut Block, most: Duration, other: BorrowedFd<'_>) -> bool {
        self.fill_within(block, most, Some(other))
    }

    fn fill_within(&mut self, block: &mut Block, most: Duration, other: Option<BorrowedFd<'_>>) -> bool {
        block.clear();
        let now = Instant::now();
        if now >= self.next_look && self.until.is_none() {
            self.next_look = now + LOOK;
            self.look();
        }
        let late = self.until.is_some_and(|until| now >= until);
        if late && self.gate_open {
            return false;
        }
        if self.read(block) {
            return true;
        }
        if late {
            return false;
        }
        let broken = poll(self.sources.iter().map(|source| &source.ring), other, most);
        if broken {
            self.sources.iter_mut().for_each(Source::clear_error);
        }
        self.read(block);
        true
    }

    /// No further packet is captured; [`LiveCapture::fill`] gives those that the kernel has already, then `false`.
    pub fn stop(&mut self) {
        if self.until.is_none() {
            self.until = Some(Instant::now() + DRAIN);
            let open = self.sources.iter().filter(|source| !source.close_gate()).count();
            self.gate_open = open > 0;
        }
    }

    /// What happened to interfaces since the last call.
    pub fn take_events(&mut self) -> Vec<LiveEvent> {
        std::mem::take(&mut self.events)
    }

    /// Counts of all interfaces, those that are gone too; several of one name are told together.
    pub fn counts(&mut self) -> Vec<InterfaceCounts> {
        let mut all = self.ended.clone();
        for source in &mut self.sources {
            add(&mut all, source.counts());
        }
        all
    }

    /// Whether an interface is captured now.
    #[must_use]
    pub fn is_capturing(&self) -> bool {
        !self.sources.is_empty()
    }

    fn wants(&self, interface: &Interface) -> bool {
        let taken = self.sources.iter().any(|source| source.index == interface.index);
        let room = self.sources.len() < INTERFACES;
        !taken
            && room
            && !self.refused.contains(&interface.index)
            && self.patterns.iter().any(|p| p.matches(&interface.name))
    }

    fn begin(&mut self, interface: &Interface) -> Result<(), LiveError> {
        let open = self.sources.len();
        let source = Source::open(interface, self.filter.as_ref(), self.promiscuous, open)?;
        self.sources.push(source);
        self.events.push(LiveEvent::Captured { interface: interface.name.clone() });
        Ok(())
    }

    /// Finds out which interfaces came and went. When the system can not tell, everything stays as it is.
    fn look(&mut self) {
        let Ok(interfaces) = interfaces::all() else { return };
        let is_there = |index: u32| interfaces.iter().any(|interface| interface.index == index);
        // One that is gone stays for one more look: the kernel may still hand out its last packets.
        let (gone, rest) = std::mem::take(&mut self.sources).into_iter().partition(|source| source.is_gone);
        self.sources = rest;
        for mut source in gone {
            add(&mut self.ended, source.counts());
        }
        for source in self.sources.iter_mut().filter(|source| !is_there(source.index)) {
            source.is_gone = true;
            self.events.push(LiveEvent::Gone { interface: source.name.clone() });
        }
        for source in &mut self.sources {
            // The kernel counts in 32 bits, which a fast link fills in an hour.
            source.counts();
        }
        self.refused.retain(|index| is_there(*index));
        for interface in &interfaces {
            if self.wants(interface)
                && let Err(error) = self.begin(interface)
            {
                self.refused.push(interface.index);
                self.events.push(LiveEvent::Refused { interface: interface.name.clone(), error });
            }
        }
    }

    /// Reads the rings in turns, until the block is full or they are empty. `false`: nothing was there.
    fn read(&mut self, block: &mut Block) -> bool {
        let mut empty = 0;
        while empty < self.sources.len() && block.bytes.len() + Ring::BLOCK <= BLOCK_BYTES {
            // Goes on where the last block ended: a busy interface must not keep the others waiting.
            self.turn = (self.turn + 1) % self.sources.len();
            let some = self.sources.get_mut(self.turn).is_some_and(|source| source.read(block));
            empty = if some { 0 } else { empty + 1 };
        }
        !block.frames.is_empty()
    }
}
