//! Counters and health of a running agent, for who asks on a loopback address. Takes: what workers have told of themselves. Gives:
//! `/metrics` (Prometheus text format 0.0.4), `/healthz`, `/readyz`. Does not do: ask a worker; none ever waits for this.

mod families;
mod health;
mod page;
mod server;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use self::page::Page;
use self::server::{Answer, serve};
use super::governor::Governor;
use super::plugins::LivePlugins;
use super::reload::ReloadCounts;
use crate::failure::Failure;
use crate::replay::Monitor;

/// Everything that is told of an agent.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) monitor: Monitor,
    pub(crate) plugins: LivePlugins,
    pub(crate) governor: Governor,
    pub(crate) reloads: ReloadCounts,
    /// Capturing has begun.
    is_ready: AtomicBool,
    /// The agent is ending.
    is_ending: AtomicBool,
}

impl Facts {
    pub(crate) fn new(monitor: Monitor, plugins: LivePlugins, governor: Governor) -> Self {
        let (is_ready, is_ending) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { monitor, plugins, governor, reloads: ReloadCounts::default(), is_ready, is_ending }
    }

    /// From now on `/readyz` says yes.
    pub(crate) fn set_ready(&self) {
        self.is_ready.store(true, Ordering::Relaxed);
    }

    /// From now on `/readyz` and `/healthz` say no.
    pub(crate) fn set_ending(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    fn answer(&self, path: &str) -> Answer {
        match path {
            "/metrics" => Answer::metrics(self.page()),
            "/healthz" => Answer::health(health::healthy(self)),
            "/readyz" => Answer::health(health::ready(self)),
            _ => Answer::not_found(),
        }
    }

    fn page(&self) -> String {
        let numbers = families::Numbers::of(self);
        let mut page = Page::default();
        for family in families::FAMILIES {
            page.begin(family);
            (family.tell)(&numbers, &mut page);
        }
        page.into_text()
    }
}

/// A door that is open, and nobody behind it yet.
#[derive(Debug)]
pub(crate) struct Door(TcpListener);

impl Door {
    /// Listens in the network namespace that the process was started in.
    ///
    /// # Errors
    /// The address is in use or not of this machine.
    pub(crate) fn open(address: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address).map_err(|error| {
            Failure::runtime(format_args!(
                "metrics-listen: can not listen on {address}: {error}; choose another port"
            ))
        })?;
        Ok(Self(listener))
    }

    /// Answers until the process ends.
    ///
    /// # Errors
    /// The system refuses a thread.
    pub(crate) fn answer(self, facts: &Arc<Facts>) -> Result<(), Failure> {
        if let Ok(address) = self.0.local_addr() {
            tracing::info!("metrics on http://{address}/metrics");
        }
        let facts = Arc::clone(facts);
        let started = serve(self.0, move |path| facts.answer(path));
        started.map_err(|error| {
            Failure::runtime(format_args!("metrics-listen: can not start a thread: {error}"))
        })
    }
}
