//! Signals and changed files. Takes them from the system; sets the stop flag, has the configuration read anew.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::reload::Reloader;
use super::watch::{Look, Notifier, Watch};

/// How long a file that changes is left alone: who writes or replaces it has done so by then, mostly.
const REST: Duration = Duration::from_millis(100);

/// Looks at a file that does not come to rest; then the next time that somebody looks has to do.
const LOOKS: usize = 20;

/// Calls that may wait: one of the watch and some signals, and one signal stands for all that came before it.
const WAITING: usize = 4;

/// Why somebody is called.
enum Call {
    /// The listener has ended.
    End,
    Files,
    Reload,
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) struct Control<'scope> {
    handle: Handle,
    _threads: [ScopedJoinHandle<'scope, ()>; 2],
}

impl<'scope> Control<'scope> {
    /// Begins to listen. From here on SIGINT and SIGTERM set `stop` instead of ending the process; a second one ends it at once,
    /// after `last_words`.
    ///
    /// # Errors
    /// The system refuses handlers or threads.
    pub(crate) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        stop: &'env AtomicBool,
        reloader: &'env Reloader<'env>,
        last_words: fn(),
    ) -> io::Result<Self> {
        let signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let handle = signals.handle();
        let (call, calls) = sync_channel(WAITING);
        let called = Arc::new(AtomicBool::new(false));
        let notifier = notifier(&call, &called);
        let watch = Watch::new(reloader.files());
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let listener =
            named("weir-signals").spawn_scoped(scope, move || listen(signals, stop, &call, last_words))?;
        let keeper = Keeper { calls, called, watch, notifier, reloader };
        let reloading = named("weir-reload").spawn_scoped(scope, move || keeper.keep_up());
        let reloading = reloading.inspect_err(|_| handle.close())?;
        Ok(Self { handle, _threads: [listener, reloading] })
    }
}

impl Drop for Control<'_> {
    fn drop(&mut self) {
        self.handle.close();
    }
}

fn notifier(call: &SyncSender<Call>, called: &Arc<AtomicBool>) -> Notifier {
    let (call, called) = (call.clone(), Arc::clone(called));
    Notifier::start(move || {
        if !called.swap(true, Ordering::AcqRel) {
            // When the queue is full, the files are looked at for another reason.
            let _ = call.try_send(Call::Files);
        }
    })
}

fn listen(mut signals: Signals, stop: &AtomicBool, call: &SyncSender<Call>, last_words: fn()) {
    for signal in signals.forever() {
        if signal == SIGHUP {
            // When some wait already, they are for this one too.
            let _ = call.try_send(Call::Reload);
        } else if stop.swap(true, Ordering::Relaxed) {
            last_words();
            let words = b"weir: a second signal: ended at once; what was captured and not told yet is lost\n";
            // Nobody may be there to read it.
            let _ = io::stderr().write_all(words);
            // As a shell says it of a process that the signal ended.
            std::process::exit(128 + signal);
        }
    }
    let _ = call.send(Call::End);
}

/// Keeps up with files.
struct Keeper<'a> {
    calls: Receiver<Call>,
    /// A call for files waits.
    called: Arc<AtomicBool>,
    watch: Watch,
    notifier: Notifier,
    reloader: &'a Reloader<'a>,
}

impl Keeper<'_> {
    /// Ends when the listener does.
    fn keep_up(mut self) {
        self.notifier.follow(self.watch.paths());
        loop {
            match self.calls.recv_timeout(self.notifier.pace()) {
                Ok(Call::Reload) => {
                    self.watch.set_read();
                    self.reload();
                }
                Ok(Call::Files) | Err(RecvTimeoutError::Timeout) => self.look(),
                Ok(Call::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Looks until everything rests.
    fn look(&mut self) {
        self.called.store(false, Ordering::Release);
        for _ in 0..LOOKS {
            match self.watch.look() {
                Look::Same => break,
                Look::Changed => return self.reload(),
                Look::Changing => std::thread::sleep(REST),
            }
        }
        self.notifier.follow(self.watch.paths());
    }

    fn reload(&mut self) {
        self.reloader.reload();
        // The files may name others now.
        self.watch.follow(self.reloader.files());
        self.notifier.follow(self.watch.paths());
    }
}
