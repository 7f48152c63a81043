//! Network interfaces -> request logs: the data path of [`replay`](crate::replay) with interfaces at its front, and what a program
//! needs that runs for long.
//!
//! Takes: a configuration, interfaces, plugin files. Gives: a source of frames, plugins and limits that change while traffic goes on,
//! a stop flag, counters over HTTP, a share of the machine that is kept to. Does not do: read the command line, print request logs.

pub(crate) mod config;
pub(crate) mod governor;
mod lock;
mod log;
pub(crate) mod metrics;
mod plugins;
mod reload;
mod signals;
mod source;
mod watch;

pub(crate) use self::config::AgentConfig;
pub(crate) use self::governor::Governor;
pub(crate) use self::lock::Locks;
pub(crate) use self::log::Log;
pub(crate) use self::plugins::{Files, LivePlugins};
pub(crate) use self::reload::{Reloader, check};
pub(crate) use self::signals::Control;
pub(crate) use self::source::{Live, LiveEnd};
