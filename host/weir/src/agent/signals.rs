//! Signals and changed files. Takes them from the system; sets the stop flag, reloads plugins.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::plugins::LivePlugins;
use super::watch::Watch;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Requests to reload that may wait: one is done for all that came before it.
const WAITING: usize = 1;

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
        plugins: &'env LivePlugins,
        last_words: fn(),
    ) -> io::Result<Self> {
        let signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let handle = signals.handle();
        let (reload, reloads) = sync_channel(WAITING);
        let watch = Watch::new(plugins.watched());
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let listener =
            named("weir-signals").spawn_scoped(scope, move || listen(signals, stop, &reload, last_words))?;
        let reloader = named("weir-reload").spawn_scoped(scope, move || keep_up(&reloads, watch, plugins));
        let reloader = reloader.inspect_err(|_| handle.close())?;
        Ok(Self { handle, _threads: [listener, reloader] })
    }
}

impl Drop for Control<'_> {
    fn drop(&mut self) {
        self.handle.close();
    }
}

fn listen(mut signals: Signals, stop: &AtomicBool, reload: &SyncSender<()>, last_words: fn()) {
    for signal in signals.forever() {
        if signal == SIGHUP {
            // When one waits already, it is for this one too.
            let _ = reload.try_send(());
        } else if stop.swap(true, Ordering::Relaxed) {
            last_words();
            let words = b"weir: a second signal: ended at once; what was captured and not told yet is lost\n";
            // Nobody may be there to read it.
            let _ = io::stderr().write_all(words);
            // As a shell says it of a process that the signal ended.
            std::process::exit(128 + signal);
        }
    }
}

/// Ends when the listener does.
fn keep_up(reloads: &Receiver<()>, mut watch: Watch, plugins: &LivePlugins) {
    loop {
        match reloads.recv_timeout(LOOK) {
            Ok(()) => {
                watch.set_read();
                plugins.reload();
            }
            Err(RecvTimeoutError::Timeout) if watch.changed() => plugins.reload(),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
