//! Takes: an event of the log. Gives: one line in the way of the program's other messages: `weir: warn: what happened key=value`.
//! Values come from plugins, so control characters are made harmless.

use std::fmt;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::failure::one_line;

/// The format of the program's log.
pub(super) struct LogLine;

impl<S, N> FormatEvent<S, N> for LogLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        writeln!(out, "weir: {level}: {}", one_line(&text))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::LogLine;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_without_escapes() {
        let out = Shared::default();
        let writer = out.clone();
        let log = tracing_subscriber::fmt().with_ansi(false).event_format(LogLine);
        let log = log.with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(log, || {
            tracing::warn!(plugin = "mine", text = %"a\n\x1b[2Jb", "it broke");
        });
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("weir: warn: it broke plugin=\"mine\" text=a"), "{text:?}");
        assert_eq!((text.matches('\n').count(), text.matches('\x1b').count()), (1, 0), "{text:?}");
    }
}
