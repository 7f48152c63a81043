//! What the agent says of itself, on standard error. Takes: a level, a format. Gives: a line an event. Does not do: request logs.
//!
//! Lines that are alike but for their numbers are said ten times in ten seconds; the next one says how many were left out, so that a
//! plugin that breaks with each connection does not fill a disk. Values come from strangers: control characters are made harmless.

mod fields;
mod repeats;

use std::fmt;
use std::io::IsTerminal;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use self::fields::Fields;
use self::repeats::Repeats;
use super::config::LogFormat;
use crate::failure::one_line;

/// The log of a running agent.
#[derive(Clone, Debug)]
pub(crate) struct Log(reload::Handle<LevelFilter, Registry>);

impl Log {
    /// Begins it. `level`: none is what `WEIR_LOG` says, else info.
    pub(crate) fn start(level: Option<Level>, format: LogFormat) -> Self {
        let (filter, handle) = reload::Layer::new(LevelFilter::from_level(or_usual(level)));
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = std::io::stderr().is_terminal() && !no_color;
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .event_format(Lines { format, color, repeats: Repeats::default() });
        // A test that runs commands in one process starts it twice.
        let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
        Self(handle)
    }

    /// Says more or less from here on.
    pub(crate) fn set_level(&self, level: Option<Level>) {
        // It is gone only when the process ends.
        let _ = self.0.reload(LevelFilter::from_level(or_usual(level)));
    }
}

fn or_usual(level: Option<Level>) -> Level {
    let environment = || std::env::var("WEIR_LOG").ok().and_then(|level| level.parse().ok());
    level.or_else(environment).unwrap_or(Level::INFO)
}

struct Lines {
    format: LogFormat,
    color: bool,
    repeats: Repeats,
}

impl<S, N> FormatEvent<S, N> for Lines
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
        let Some(left_out) = self.repeats.admit(&text, Instant::now()) else { return Ok(()) };
        let level = *event.metadata().level();
        match self.format {
            LogFormat::Text => {
                let more = match left_out {
                    0 => String::new(),
                    count => format!(" ({count} more like it were left out)"),
                };
                let (begin, end) = if self.color { (color(level), "\x1b[0m") } else { ("", "") };
                let level = level.as_str().to_ascii_lowercase();
                writeln!(out, "weir: {begin}{level}{end}: {}{more}", one_line(&text))
            }
            LogFormat::Json => {
                let mut fields = Fields::default();
                event.record(&mut fields);
                let json = json(level, event.metadata().target(), fields, left_out);
                writeln!(out, "{}", Value::Object(json))
            }
        }
    }
}

/// `{"time":...,"level":...,"target":...,"message":...,"fields":{...}}`; `left_out` where lines were.
fn json(level: Level, target: &str, fields: Fields, left_out: u64) -> Map<String, Value> {
    // A clock before 1970 tells nothing.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut json = Map::new();
    json.insert("time".into(), weir_sinks::rfc3339(u64::try_from(now.as_nanos()).unwrap_or_default()).into());
    json.insert("level".into(), level.as_str().to_ascii_lowercase().into());
    json.insert("target".into(), target.into());
    json.insert("message".into(), fields.message.into());
    if !fields.others.is_empty() {
        json.insert("fields".into(), fields.others.into());
    }
    if left_out > 0 {
        json.insert("left_out".into(), left_out.into());
    }
    json
}

fn color(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        _ => "\x1b[2m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_message_and_fields_apart() {
        let mut fields = Fields { message: "it\nbroke".into(), ..Fields::default() };
        fields.others.insert("plugin".into(), "a\"b".into());
        let json = Value::Object(json(Level::WARN, "weir::plugin", fields, 3));
        let text = json.to_string();
        assert!(!text.contains('\n'), "{text}");
        let time = json["time"].as_str().unwrap();
        assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
        assert_eq!(json["message"], "it\nbroke");
        assert_eq!((&json["fields"]["plugin"], &json["left_out"]), (&"a\"b".into(), &3.into()));
    }
}
