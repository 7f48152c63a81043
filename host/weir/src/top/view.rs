//! Takes: what the user looks at, the size of the screen. Gives: the screen, or the table as text.

use std::fmt::Write;
use std::time::Duration;

use weir_red::{Code, Counts, Failed};

use super::canvas::{Canvas, Row, Style};
use super::columns::{Layout, request};
use super::format;
use super::model::{Model, Sort, sort};
use super::snapshot::{Detail, Shown, Snapshot};
use crate::cmd::grouped;

const DAY: u64 = 86_400;

/// Rows above the lines of the table, its heading included; and below.
const ABOVE: usize = 4;
const BELOW: usize = 1;

/// What stands above the table besides counts of requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) interfaces: String,
    pub(super) captured: usize,
    pub(super) frames: u64,
    /// Interface, reason, frames.
    pub(super) dropped: Vec<(String, &'static str, u64)>,
    pub(super) cpu: f64,
    pub(super) memory: u64,
    /// Since 1970.
    pub(super) time: Duration,
    pub(super) up: Duration,
}

/// Draws the screen.
pub(super) fn draw(model: &mut Model, head: &Head, (width, height): (usize, usize)) -> Canvas {
    let mut canvas = Canvas::new(width, height);
    draw_head(&mut canvas, model, head);
    match &model.detail {
        Some(detail) => draw_detail(&mut canvas, detail),
        None => {
            model.page = height.saturating_sub(ABOVE + BELOW);
            draw_table(&mut canvas, model);
        }
    }
    let (style, foot) = foot(model);
    let last = height.saturating_sub(1);
    if last >= ABOVE {
        canvas.row(last, |row| row.put(0, width, style, &foot));
    }
    canvas
}

/// The table as text.
pub(super) fn text(snapshot: &Snapshot, width: usize) -> String {
    let layout = Layout::new(width, knows_process(snapshot));
    let mut lines: Vec<&Shown> = snapshot.lines.iter().collect();
    sort(&mut lines, Sort::Rate);
    lines.extend(&snapshot.other);
    let mut heading = Row::new(width);
    layout.heading(&mut heading, None);
    let rows = lines.iter().map(|line| {
        let mut row = Row::new(width);
        layout.line(&mut row, line);
        row
    });
    let mut text = String::new();
    for row in [heading].into_iter().chain(rows) {
        // Writing to memory can not fail.
        let _ = writeln!(text, "{}", row.plain());
    }
    text
}

fn knows_process(snapshot: &Snapshot) -> bool {
    snapshot.lines.iter().any(|line| line.process.is_some())
}

fn draw_head(canvas: &mut Canvas, model: &Model, head: &Head) {
    let width = canvas.width;
    let time = format!("{} UTC", format::clock(Duration::from_secs(head.time.as_secs() % DAY)));
    let state = if model.paused { "PAUSED  " } else { "" };
    let right = format!("{state}{time}");
    let right_width = right.chars().count().min(width);
    canvas.row(0, |row| {
        let left = format!("weir top  {}  up {}", head.interfaces, format::clock(head.up));
        row.put(0, width.saturating_sub(right_width + 1), Style::Bold, &left);
        row.put_right(width - right_width, right_width, Style::Plain, &right);
    });
    let snapshot = model.snapshot();
    let all = snapshot.all.as_ref();
    let rates = all.map_or((0.0, 0.0), |all| (all.rate, all.error_rate));
    let mut requests = format!("{} requests/s  {} errors/s", format::rate(rates.0), format::rate(rates.1));
    if let Some(p99) = all.and_then(|all| all.p99) {
        let _ = write!(requests, "  p99 {}", format::duration(Some(p99)));
    }
    let _ = write!(requests, "  {} endpoints in {:.0} s", snapshot.lines.len(), snapshot.seconds);
    if snapshot.responses_alone > 0 {
        let _ = write!(requests, "  {} responses alone", grouped(snapshot.responses_alone));
    }
    canvas.row(1, |row| row.put(0, width, Style::Plain, &requests));
    let own = format!("CPU {:.0}%  memory {}", head.cpu, format::bytes(head.memory));
    let own_width = own.chars().count().min(width);
    let (style, dropped) = dropped(head);
    canvas.row(2, |row| {
        row.put(0, width.saturating_sub(own_width + 1), style, &dropped);
        row.put_right(width - own_width, own_width, Style::Plain, &own);
    });
}

fn dropped(head: &Head) -> (Style, String) {
    if head.captured == 0 {
        return (Style::Warning, "no interface yet".to_owned());
    }
    let mut text = format!("{} frames", grouped(head.frames));
    if head.dropped.is_empty() {
        text.push_str(", none dropped");
        return (Style::Good, text);
    }
    for (interface, reason, frames) in &head.dropped {
        let _ = write!(text, ", dropped {} {reason} {interface}", grouped(*frames));
    }
    (Style::Bad, text)
}

fn draw_table(canvas: &mut Canvas, model: &Model) {
    let layout = Layout::new(canvas.width, knows_process(model.snapshot()));
    canvas.row(ABOVE - 1, |row| layout.heading(row, Some(model.sort)));
    let lines = model.lines();
    let page = model.page.max(1);
    let place = model.place(&lines);
    // The selected line is always to be seen; lines do not move while it is on the first page.
    let first = place.map_or(0, |place| if place < page { 0 } else { place + 1 - page });
    for (number, line) in lines.iter().enumerate().skip(first).take(model.page) {
        canvas.row(ABOVE + number - first, |row| {
            layout.line(row, line);
            row.reverse = Some(number) == place;
        });
    }
    if lines.is_empty() {
        let why = if model.filter.is_empty() { "no requests yet" } else { "nothing matches the filter" };
        let width = canvas.width;
        canvas.row(ABOVE + 1, |row| row.put(2, width.saturating_sub(2), Style::Dim, why));
    }
}

fn foot(model: &Model) -> (Style, String) {
    if model.typing {
        return (Style::Bold, format!("/{}█  Enter keeps it, Esc takes it away", model.filter));
    }
    if model.detail.is_some() {
        return (Style::Dim, "Enter back  ↑↓ other endpoints  space pause  q quit".to_owned());
    }
    let filter = if model.filter.is_empty() { String::new() } else { format!("[/{}]  ", model.filter) };
    let keys = "q quit  r rate e errors l latency n name  / filter  space pause  Enter details";
    (Style::Dim, filter + keys)
}

fn draw_detail(canvas: &mut Canvas, detail: &Detail) {
    let width = canvas.width;
    let Some(key) = &detail.line.key else { return };
    let line = &detail.line;
    let mut number = ABOVE - 1;
    let mut put = |style: Style, text: &str| {
        canvas.row(number, |row| row.put(0, width, style, text));
        number += 1;
    };
    put(Style::Bold, &request(line));
    let process = line.process.as_ref().map_or_else(String::new, |name| format!("  process {name}"));
    put(Style::Plain, &format!("{}  at {}{process}", key.protocol(), key.server()));
    let times = [("p50", line.p50), ("p95", line.p95), ("p99", line.p99), ("max", line.max)];
    let times = times.map(|(name, time)| format!("{name} {}", format::duration(time)));
    put(Style::Plain, &format!("{} requests/s  {}", format::rate(line.rate), times.join("  ")));
    put(Style::Plain, &sums(&detail.total));
    let (asked, answered) = (detail.total.request_bytes, detail.total.response_bytes);
    put(Style::Plain, &format!("{} asked, {} answered", format::bytes(asked), format::bytes(answered)));
    put(Style::Plain, &format!("codes: {}", codes(detail)));
    put(Style::Plain, "");
    // The last seconds where there is no room for a minute.
    let seconds = detail.history.len().min(width.saturating_sub(2)).max(1);
    let history = detail.history.get(detail.history.len() - seconds..).unwrap_or_default();
    let highest = history.iter().max().copied().unwrap_or(0);
    put(Style::Dim, &format!("requests in each of the last {seconds} s, {} at most", grouped(highest)));
    put(Style::Good, &format::spark(history));
    put(Style::Plain, "");
    put(Style::Dim, if detail.failures.is_empty() { "no request failed" } else { "the last that failed" });
    for failed in &detail.failures {
        put(Style::Bad, &failure(failed));
    }
}

fn sums(counts: &Counts) -> String {
    let mut text = format!("{} requests since it came", grouped(counts.requests));
    let errors = [
        ("client_error", counts.client_errors),
        ("server_error", counts.server_errors),
        ("timeout", counts.timeouts),
    ];
    for (name, count) in errors.iter().filter(|(_, count)| *count > 0) {
        let _ = write!(text, ", {name} {}", grouped(*count));
    }
    text
}

fn codes(detail: &Detail) -> String {
    let mut parts: Vec<String> = detail
        .codes
        .iter()
        .map(|(code, count)| match code {
            Code::Number(code) => format!("{code} {}", grouped(*count)),
            Code::Text(code) => format!("{code} {}", grouped(*count)),
        })
        .collect();
    if detail.other_codes > 0 {
        parts.push(format!("others {}", grouped(detail.other_codes)));
    }
    if parts.is_empty() { "none".to_owned() } else { parts.join("  ") }
}

fn failure(failed: &Failed) -> String {
    let time = format::clock(Duration::from_secs(failed.time / 1_000_000_000 % DAY));
    format!("{time} {} {}  {}", failed.status.name(), failed.text, failed.resource)
}

#[cfg(test)]
mod tests;
