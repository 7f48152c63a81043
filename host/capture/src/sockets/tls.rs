//! Files with TLS libraries -> probes in them, as long as processes use them.
//!
//! Takes: the programs for the kernel, loaded. Gives: probes at what `weir-tls-probes` finds; [`TlsEvent`]s. Does not do: look at what
//! the probes see.
//!
//! Runs on a thread of its own: a file of a network file system may keep it waiting. What the kernel tells of (a program that is executed, a
//! library that is mapped) is looked at within milliseconds, everything else once a second.

mod probes;
mod wait;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use aya::Ebpf;
use aya::maps::{MapData, RingBuf};
use weir_tls_probes::{Changes, Watcher};

use self::probes::Probes;
use super::{SocketError, load};

/// How often all processes are looked for.
const SCAN: Duration = Duration::from_secs(1);

/// What the kernel told of is looked at in bundles this far apart: a program that begins maps several files within it, and a build that
/// starts thousands of programs costs a bounded share of a core.
const BUNDLE: Duration = Duration::from_millis(2);

/// Processes of one bundle. The others have their turn at the next scan.
const BUNDLED: usize = 64;

/// Events that wait to be told: more than files can have in the tenth of a second between two looks.
const EVENTS: usize = 1024;

/// How often the thread looks whether it is to stop.
const TICK: Duration = Duration::from_millis(50);

/// What happens to files with TLS libraries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsEvent {
    /// What goes through a library is captured.
    Attached {
        /// The file, as a process that uses it sees it.
        file: PathBuf,
        /// What is in it: `OpenSSL`, `Go go1.27.3`.
        library: String,
        /// How many places of it are probed.
        probes: usize,
        /// How long the kernel took to place them.
        took: Duration,
    },
    /// Nobody uses the file any more.
    Detached {
        /// As above.
        file: PathBuf,
    },
    /// A file can not be probed.
    Refused {
        /// As above.
        file: PathBuf,
        /// What the system says.
        error: String,
    },
    /// A file looks like one with a TLS library and can not be used; the reason, with its name.
    NotUsable(String),
    /// So many processes may not be looked into, at the first look.
    Hidden(usize),
    /// Processes can not be looked for at all; the reason.
    Blind(String),
}

/// Probes that come and go. When it is dropped, it waits until the kernel has taken all of them away, a tenth of a second for each: a process
/// that ended meanwhile would leave breakpoints in the programs, as the kernel gives up on those of a thread that is about to be killed.
#[derive(Debug)]
pub(super) struct Tls {
    stop: Arc<AtomicBool>,
    events: Receiver<TlsEvent>,
    thread: Option<JoinHandle<()>>,
}

impl Tls {
    /// Keeps the programs, all of them, until it is told to stop.
    pub(super) fn start(mut programs: Ebpf) -> Result<Self, SocketError> {
        let ring: RingBuf<MapData> = load::take(&mut programs, "MAPPED")?;
        let probes = Probes::load(programs)?;
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, events) = sync_channel(EVENTS);
        let look_out =
            LookOut { ring, probes, watcher: Watcher::new("/proc"), sender, hidden: false, blind: false };
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("weir-tls".to_owned());
        let thread = thread
            .spawn(move || look_out.run(&stopped))
            .map_err(|error| SocketError::Object(format!("no thread for TLS: {error}")))?;
        Ok(Self { stop, events, thread: Some(thread) })
    }

    /// What happened since the last call.
    pub(super) fn events(&self) -> impl Iterator<Item = TlsEvent> {
        self.events.try_iter()
    }

    /// Begins to take all probes and programs away.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been printed already; there is nothing to save.
            let _ = thread.join();
        }
    }
}

/// The thread's own.
struct LookOut {
    ring: RingBuf<MapData>,
    probes: Probes,
    watcher: Watcher,
    sender: SyncSender<TlsEvent>,
    hidden: bool,
    blind: bool,
}

impl LookOut {
    fn run(mut self, stop: &AtomicBool) {
        let mut next = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            if Instant::now() >= next {
                next = Instant::now() + SCAN;
                self.scan();
            }
            self.wait();
            self.told();
        }
    }

    /// Until the kernel tells something, or it is time to look at `stop`.
    fn wait(&self) {
        wait::until_readable(&self.ring, TICK);
    }

    fn told(&mut self) {
        let mut processes = BTreeSet::new();
        while let Some(item) = self.ring.next() {
            let Some(process) = item.first_chunk::<8>() else { continue };
            if processes.len() < BUNDLED {
                processes.insert(u64::from_le_bytes(*process) as u32);
            }
        }
        if processes.is_empty() {
            return;
        }
        for process in processes {
            let changes = self.watcher.look_at(process, Instant::now());
            self.apply(changes);
        }
        self.probes.go_processes(&self.watcher);
        std::thread::sleep(BUNDLE);
    }

    fn scan(&mut self) {
        let began = Instant::now();
        match self.watcher.scan(began) {
            Ok(changes) => self.apply(changes),
            Err(error) if !self.blind => {
                self.blind = true;
                self.tell(TlsEvent::Blind(format!("can not look for processes in /proc: {error}")));
            }
            Err(_) => {}
        }
        self.probes.go_processes(&self.watcher);
        for event in self.probes.let_go(began) {
            self.tell(event);
        }
    }

    fn apply(&mut self, changes: Changes) {
        for id in changes.gone {
            self.probes.unused(id, Instant::now());
        }
        for target in changes.appeared {
            if let Some(event) = self.probes.attach(target) {
                self.tell(event);
            }
        }
        for reason in changes.not_usable {
            self.tell(TlsEvent::NotUsable(reason.to_string()));
        }
        if changes.hidden > 0 && !self.hidden {
            self.hidden = true;
            self.tell(TlsEvent::Hidden(changes.hidden));
        }
    }

    fn tell(&self, event: TlsEvent) {
        // Nobody listens: the capture ends, or stands still; then what is told is not the first worry.
        let _ = self.sender.try_send(event);
    }
}
