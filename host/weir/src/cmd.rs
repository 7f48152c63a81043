//! What each command does. One file a command; here is what they share.

/// `weir agent`.
#[cfg(target_os = "linux")]
pub mod agent;

/// `weir plugin`.
pub mod plugin;

/// `weir replay`.
pub mod replay;

/// `weir top`.
#[cfg(target_os = "linux")]
pub mod top;

pub(crate) mod held_log;
mod log_line;
mod summary;
mod tables;
mod terminal;

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

#[cfg(target_os = "linux")]
pub(crate) use self::held_log::without_numbers;
pub(crate) use self::summary::grouped;
#[cfg(target_os = "linux")]
pub(crate) use self::summary::{NO_LOSS, is_loss};

/// What the program and its plugins have to say goes to standard error, a line each, from `default` up or what WEIR_LOG says.
pub(crate) fn start_log(default: Level) {
    start_log_to(default, std::io::stderr);
}

/// The same, but it waits for [`held_log::show`], and what is said again and again is shown once; unless somebody set WEIR_LOG, who
/// wants to see each line when it comes.
pub(crate) fn start_held_log(default: Level) {
    if std::env::var_os("WEIR_LOG").is_some() {
        start_log(default);
    } else {
        start_log_to(default, || held_log::Held);
    }
}

/// The same while a screen is shown: a line that goes to the same terminal would tear it apart, so there it waits whatever WEIR_LOG says.
#[cfg(target_os = "linux")]
pub(crate) fn start_screen_log(default: Level) {
    if std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        start_log_to(default, || held_log::Held);
    } else {
        start_held_log(default);
    }
}

fn start_log_to<W: for<'a> MakeWriter<'a> + Send + Sync + 'static>(default: Level, writer: W) {
    let level = std::env::var("WEIR_LOG").ok().and_then(|level| level.parse().ok());
    let log = tracing_subscriber::fmt()
        .with_max_level(level.unwrap_or(default))
        .with_writer(writer)
        .with_ansi(false)
        .event_format(log_line::LogLine);
    // A test that runs commands in one process starts it twice.
    let _ = log.try_init();
}
