//! Takes: records. Gives: columns that a person can read, a line each, cut to the width of the terminal. Not for programs: they
//! read [`JsonLines`](crate::JsonLines).

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use weir_request_log::{Field, LogSink, RequestLog, Status, Value};

use self::cell::Cell;
pub use self::cell::harmless;
use crate::sink::Sink;
use crate::time::TimeWriter;

mod cell;

const CLOCK_WIDTH: usize = 12;
const DURATION_WIDTH: usize = 8;
const PROTOCOL_WIDTH: usize = 6;
/// `1064 server_error`.
const STATUS_WIDTH: usize = 17;
/// `10.0.0.1:51234`; grows with what is seen, up to an IPv6 address with its port.
const PEER_WIDTHS: std::ops::RangeInclusive<usize> = 14..=47;
/// Less would say nothing of the request.
const REQUEST_WIDTH_MIN: usize = 20;
/// All but peers and request, with the spaces between.
const FIXED_WIDTH: usize = CLOCK_WIDTH + 1 + DURATION_WIDTH + 2 + 2 + PROTOCOL_WIDTH + 1 + STATUS_WIDTH + 2;
/// Terminals that are narrower have no column for the client: the line would be wrapped.
const WITH_CLIENT: usize = FIXED_WIDTH + 2 * *PEER_WIDTHS.start() + ARROW_WIDTH + REQUEST_WIDTH_MIN;
const ARROW_WIDTH: usize = 3;
/// Terminals that are narrower have the code of the status alone; below 52 columns lines are wrapped.
const WITH_STATUS: usize = FIXED_WIDTH + *PEER_WIDTHS.start() + 8;
const CODE_WIDTH: usize = 4;

/// How a table looks.
#[derive(Clone, Debug)]
pub struct TableStyle {
    /// Columns of a line. The request is cut so that a line fits.
    pub width: usize,
    /// Colour the status (ANSI escape sequences).
    pub color: bool,
}

/// Writes records as a table. A clone is for another worker and shares the widths of columns and the header.
#[derive(Clone, Debug)]
pub struct Table {
    style: TableStyle,
    shared: Arc<Shared>,
    buffer: Vec<u8>,
    times: TimeWriter,
    cell: Cell,
    /// Asks the terminal for its width; none: what it goes to has no width.
    measure: Option<fn() -> Option<usize>>,
}

/// What there is room for.
#[derive(Clone, Copy, Debug)]
struct Columns {
    client: bool,
    peer_max: usize,
    status: usize,
    request_min: usize,
}

/// Only looks depend on these, so that no order between threads is needed.
#[derive(Debug)]
struct Shared {
    header_written: AtomicBool,
    client_width: AtomicUsize,
    server_width: AtomicUsize,
}

impl Table {
    /// A table without lines; the header comes with the first one.
    #[must_use]
    pub fn new(style: TableStyle) -> Self {
        let width = *PEER_WIDTHS.start();
        let shared = Shared {
            header_written: AtomicBool::new(false),
            client_width: AtomicUsize::new(width),
            server_width: AtomicUsize::new(width),
        };
        Self {
            style,
            shared: Arc::new(shared),
            buffer: Vec::new(),
            times: TimeWriter::default(),
            cell: Cell::default(),
            measure: None,
        }
    }

    /// For a terminal, whose width is asked for after each burst: lines are never wider, and less important columns give way.
    #[must_use]
    pub fn on_terminal(mut self, measure: fn() -> Option<usize>) -> Self {
        self.measure = Some(measure);
        self
    }

    fn columns(&self) -> Columns {
        let width = self.style.width;
        let full = Columns {
            client: true,
            peer_max: *PEER_WIDTHS.end(),
            status: STATUS_WIDTH,
            request_min: REQUEST_WIDTH_MIN,
        };
        let room = |columns: usize, peers: usize| {
            (width.saturating_sub(columns) / peers).clamp(*PEER_WIDTHS.start(), *PEER_WIDTHS.end())
        };
        match (self.measure, width) {
            (None, _) => full,
            (_, WITH_CLIENT..) => Columns {
                peer_max: room(FIXED_WIDTH + ARROW_WIDTH + REQUEST_WIDTH_MIN, 2),
                request_min: 0,
                ..full
            },
            (_, WITH_STATUS..) => {
                Columns { client: false, peer_max: room(FIXED_WIDTH, 2), request_min: 0, ..full }
            }
            _ => {
                let peer_max = *PEER_WIDTHS.start();
                Columns { client: false, peer_max, status: CODE_WIDTH, request_min: 0 }
            }
        }
    }

    fn header(&mut self, columns: Columns) {
        let (client, server) = self.shared.peer_widths();
        let (client, server) = (client.min(columns.peer_max), server.min(columns.peer_max));
        let status = columns.status;
        let mut line = format!("{:<CLOCK_WIDTH$} {:>DURATION_WIDTH$}  ", "TIME (UTC)", "DURATION");
        // Writing to memory can not fail.
        let _ = if columns.client { write!(line, "{:>client$} → ", "CLIENT") } else { Ok(()) };
        let _ = write!(
            line,
            "{:<server$}  {:<PROTOCOL_WIDTH$} {:<status$.status$}  REQUEST",
            "SERVER", "PROTO", "STATUS",
        );
        let limit = if self.measure.is_some() { self.style.width } else { usize::MAX };
        self.cell.start(|text| text.push_display(line)).cut(limit).write(&mut self.buffer);
        self.buffer.push(b'\n');
    }

    fn peers(&mut self, log: &RequestLog, columns: Columns) -> usize {
        let Self { cell, buffer, shared, .. } = self;
        let mut used = 0;
        if columns.client {
            let client = cell.start(|text| text.push_peer(log.client));
            let width = grow(&shared.client_width, client.width()).min(columns.peer_max);
            client.cut(width).align_right(buffer, width);
            buffer.extend_from_slice(" → ".as_bytes());
            used = width + ARROW_WIDTH;
        }
        let server = cell.start(|text| text.push_peer(log.server));
        let width = grow(&shared.server_width, server.width()).min(columns.peer_max);
        server.cut(width).align_left(buffer, width);
        used + width
    }

    fn status(&mut self, log: &RequestLog, width: usize) {
        let color = if self.style.color { color(log.status) } else { "" };
        let buffer = &mut self.buffer;
        buffer.extend_from_slice(color.as_bytes());
        self.cell
            .start(|text| {
                // A code of 0 says no more than the status does.
                let code = log.fields.value(Field::ResponseCode).filter(|code| *code != Value::Number(0));
                if let Some(code) = code {
                    text.push_value(code);
                }
                if code.is_none() || log.status != Status::Ok {
                    text.separate();
                    text.push_str(log.status.name());
                }
            })
            .cut(width)
            .align_left(buffer, width);
        if !color.is_empty() {
            buffer.extend_from_slice(b"\x1b[0m");
        }
    }

    fn request(&mut self, log: &RequestLog, width: usize) {
        let Self { cell, buffer, .. } = self;
        let exception = log.fields.value(Field::ResponseException);
        let request = cell.start(|text| {
            let resource = log.fields.value(Field::RequestResource);
            let type_ = log.fields.value(Field::RequestType).filter(|t| !begins_with(resource, *t));
            for value in type_.into_iter().chain(resource) {
                text.separate();
                text.push_value(value);
            }
            if text.is_empty() {
                text.push_value(log.fields.value(Field::ResponseResult).unwrap_or(Value::Text("")));
            }
        });
        let Some(exception) = exception else { return request.cut(width).write(buffer) };
        // An error's text is what a reader looks for: it has half of the room when there is too little.
        let request = request.cut((width / 2).max(REQUEST_WIDTH_MIN).min(width));
        let used = request.width();
        request.write(buffer);
        let error = cell.start(|text| {
            text.push_str(" ! ");
            text.push_value(exception);
        });
        error.cut(width.saturating_sub(used)).write(buffer);
    }
}

impl LogSink for Table {
    fn log(&mut self, log: &RequestLog) {
        let columns = self.columns();
        if !self.shared.header_written.swap(true, Ordering::Relaxed) {
            self.header(columns);
        }
        self.times.push_clock(&mut self.buffer, log.start_time);
        self.buffer.push(b' ');
        let duration = log.response_duration.map(Duration);
        self.cell
            .start(|text| duration.map_or((), |d| text.push_display(d)))
            .align_right(&mut self.buffer, DURATION_WIDTH);
        self.buffer.extend_from_slice(b"  ");
        let peers = self.peers(log, columns);
        self.buffer.extend_from_slice(b"  ");
        let biz = log.fields.value(Field::BizProtocol);
        let protocol = self.cell.start(|text| text.push_value(biz.unwrap_or(Value::Text(&log.l7_protocol))));
        let protocol = protocol.cut(if columns.client { 2 * PROTOCOL_WIDTH } else { PROTOCOL_WIDTH });
        let protocol_width = protocol.width().max(PROTOCOL_WIDTH);
        protocol.align_left(&mut self.buffer, PROTOCOL_WIDTH);
        self.buffer.push(b' ');
        self.status(log, columns.status);
        self.buffer.extend_from_slice(b"  ");
        let used = CLOCK_WIDTH + 1 + DURATION_WIDTH + 2 + peers + 2 + protocol_width + 1 + columns.status + 2;
        self.request(log, self.style.width.saturating_sub(used).max(columns.request_min));
        self.end_line();
    }
}

impl Table {
    fn end_line(&mut self) {
        let text = self.buffer.trim_ascii_end().len();
        self.buffer.truncate(text);
        self.buffer.push(b'\n');
    }
}

impl Sink for Table {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    fn burst_end(&mut self) {
        if let Some(width) = self.measure.and_then(|measure| measure()) {
            self.style.width = width;
        }
    }
}

impl Shared {
    fn peer_widths(&self) -> (usize, usize) {
        (self.client_width.load(Ordering::Relaxed), self.server_width.load(Ordering::Relaxed))
    }
}

/// A column's width after a text of `width` was seen in it.
fn grow(column: &AtomicUsize, width: usize) -> usize {
    let width = width.min(*PEER_WIDTHS.end());
    column.fetch_max(width, Ordering::Relaxed).max(width)
}

/// A command line (Redis, Memcached) has the type as its first word already.
fn begins_with(resource: Option<Value<'_>>, word: Value<'_>) -> bool {
    let (Some(Value::Text(resource)), Value::Text(word)) = (resource, word) else { return false };
    let first = resource.split(' ').next().unwrap_or_default();
    first.eq_ignore_ascii_case(word)
}

fn color(status: Status) -> &'static str {
    match status {
        Status::Ok => "\x1b[32m",
        Status::ClientError => "\x1b[33m",
        Status::ServerError => "\x1b[31m",
        Status::Timeout => "\x1b[35m",
        Status::Unknown => "\x1b[2m",
    }
}

/// Nanoseconds with the unit that leaves one to three digits before the point.
struct Duration(u64);

impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let micros = self.0 / 1000;
        match micros {
            0..1000 => write!(f, "{micros}µs"),
            1000..1_000_000 => write!(f, "{}.{}ms", micros / 1000, micros / 100 % 10),
            _ => write!(f, "{}.{:02}s", micros / 1_000_000, micros / 10_000 % 100),
        }
    }
}

#[cfg(test)]
mod tests;
