//! Live capture -> request logs: the data path of [`replay`](crate::replay) with interfaces and system calls at its front, and what a
//! program needs that runs for long.
//!
//! Takes: what to capture, plugin files. Gives: a run that both `weir agent` and `weir top` are made of: a source of frames, plugins that
//! change while traffic goes on, a stop flag. Does not do: read the command line, print.

mod lock;
mod plugins;
mod run;
mod seen;
mod signals;
mod source;
mod watch;

pub(crate) use self::lock::Locks;
pub(crate) use self::plugins::LivePlugins;
pub(crate) use self::run::{Agent, Ended, Sinks};
pub(crate) use self::seen::Seen;
pub(crate) use self::signals::Control;
pub(crate) use self::source::{Captures, Live, LiveEnd};
