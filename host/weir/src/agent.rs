//! Live capture -> request logs: the data path of [`replay`](crate::replay) with interfaces and system calls at its front, and what a
//! program needs that runs for long.
//!
//! Takes: a configuration, plugin files. Gives: a run that both `weir agent` and `weir top` are made of: a source of frames, plugins and
//! limits that change while traffic goes on, a stop flag, counters over HTTP, a share of the machine that is kept to. Does not do: read
//! the command line, print request logs.

pub(crate) mod config;
mod governor;
mod lock;
mod log;
mod metrics;
mod plugins;
mod reload;
mod run;
mod signals;
mod slack;
mod source;
mod tls;
mod watch;

pub(crate) use self::config::AgentConfig;
use self::governor::Governor;
use self::lock::Locks;
pub(crate) use self::log::Log;
use self::plugins::{Files, LivePlugins};
use self::reload::Reloader;
pub(crate) use self::reload::check;
pub(crate) use self::run::{Agent, Ended, Sinks};
use self::signals::Control;
use self::source::{Captures, Live, LiveEnd};
