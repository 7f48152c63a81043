//! Standard output and standard error, as commands that print request logs use them. Takes what the user wants to see, gives sinks
//! and a file for them.

use std::fs::File;
use std::io::{self, IsTerminal, Write};

use weir_sinks::{JsonLines, Null, Sink, Table, TableStyle};

use crate::cli::Format;
use crate::failure::Failure;

/// Width of a table that goes to a file or a pipe: most requests fit, and so does the line on a wide screen.
const WIDTH_WITHOUT_TERMINAL: usize = 160;

/// Standard output without the buffer of lines that the standard library puts before it: what comes is large already.
pub(super) fn output() -> Result<File, Failure> {
    duplicate().map_err(|error| Failure::runtime(format_args!("can not write to standard output: {error}")))
}

fn duplicate() -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
    }
    #[cfg(windows)]
    {
        use std::os::windows::io::AsHandle;
        Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
    }
}

/// Makes sinks for standard output.
pub(super) fn sinks(format: Format) -> impl Fn() -> Box<dyn Sink> + Sync {
    let table = Table::new(style());
    let table = if io::stdout().is_terminal() { table.on_terminal(width) } else { table };
    move || match format {
        Format::Jsonl => Box::new(JsonLines::default()),
        Format::Null => Box::new(Null::default()),
        Format::Table => Box::new(table.clone()),
    }
}

/// Colours only where a person looks, and not where the person said no (no-color.org).
pub(super) fn style() -> TableStyle {
    let terminal = io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let width = width().filter(|_| terminal).unwrap_or(WIDTH_WITHOUT_TERMINAL);
    TableStyle { width, color: terminal && !no_color }
}

/// Columns of the terminal that standard output is.
fn width() -> Option<usize> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(width, _)| usize::from(width.0)).filter(|&width| width > 0)
}

/// A line that is written over would tear a table on the same terminal apart.
pub(super) fn shows_progress(format: Format) -> bool {
    io::stderr().is_terminal() && (format == Format::Null || !io::stdout().is_terminal())
}

/// Why standard output could not be written.
#[cfg(target_os = "linux")]
pub(super) fn unwritable(error: &io::Error) -> Failure {
    Failure::runtime(format_args!(
        "can not write to standard output: {error}; free some space or write elsewhere"
    ))
}

/// Prints to standard output.
#[cfg(target_os = "linux")]
pub(super) fn print(text: &str) {
    // Whoever closed it does not want to know.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// Prints to standard error.
pub(super) fn say(text: &str) {
    // Whoever closed standard error does not want to know.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
