//! What each command does. One file a command; here is what they share.

/// `weir agent`.
#[cfg(target_os = "linux")]
pub mod agent;

/// `weir plugin`.
pub mod plugin;

/// `weir replay`.
pub mod replay;

mod log_line;
mod summary;
mod tables;
mod terminal;

use tracing::Level;

pub(crate) use self::summary::grouped;

/// What the program and its plugins have to say goes to standard error, a line each, from `default` up or what WEIR_LOG says.
pub(crate) fn start_log(default: Level) {
    let level = std::env::var("WEIR_LOG").ok().and_then(|level| level.parse().ok());
    let log = tracing_subscriber::fmt()
        .with_max_level(level.unwrap_or(default))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .event_format(log_line::LogLine);
    // A test that runs commands in one process starts it twice.
    let _ = log.try_init();
}
