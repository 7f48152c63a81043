//! One endpoint: sums, codes, its last minute, its last failures. Takes what is known of it, draws it in place of the table.

use std::fmt::Write;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Sparkline;
use weir_red::{Code, Counts, Failed};

use super::{DAY, Paint, put};
use crate::cmd::grouped;
use crate::top::columns::request;
use crate::top::format;
use crate::top::snapshot::{Detail, Shown};

/// Rows of a minute's rate.
const RATE: u16 = 2;

/// Steps of a bar's height (Unicode has eighths of a block).
const STEPS: u64 = 8;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, detail: &Detail) {
    let Some(key) = &detail.line.key else { return };
    let line = &detail.line;
    let process = line.process.as_ref().map_or_else(String::new, |name| format!("  process {name}"));
    let (asked, answered) = (detail.total.request_bytes, detail.total.response_bytes);
    let mut page = Page { rest: area };
    page.line(frame, Paint::Bold, &request(line));
    page.line(frame, Paint::Plain, &format!("{}  at {}{process}", key.protocol(), key.server()));
    page.line(frame, Paint::Plain, &times(line));
    page.line(frame, Paint::Plain, &sums(&detail.total));
    let bytes = format!("{} asked, {} answered", format::bytes(asked), format::bytes(answered));
    page.line(frame, Paint::Plain, &bytes);
    page.line(frame, Paint::Plain, &format!("codes: {}", codes(detail)));
    page.take(1);
    rate(frame, &mut page, &detail.history);
    page.take(1);
    let failed = if detail.failures.is_empty() { "no request failed" } else { "the last that failed" };
    page.line(frame, Paint::Dim, failed);
    for failed in &detail.failures {
        page.line(frame, Paint::Bad, &failure(failed));
    }
}

/// What is still free of an area, from its top.
struct Page {
    rest: Rect,
}

impl Page {
    fn take(&mut self, height: u16) -> Rect {
        let height = height.min(self.rest.height);
        let taken = Rect { height, ..self.rest };
        (self.rest.y, self.rest.height) = (self.rest.y + height, self.rest.height - height);
        taken
    }

    fn line(&mut self, frame: &mut Frame<'_>, paint: Paint, text: &str) {
        let area = self.take(1);
        put(frame, area, paint, text);
    }
}

fn rate(frame: &mut Frame<'_>, page: &mut Page, history: &[u64]) {
    // The last seconds where there is no room for a minute.
    let seconds = history.len().min(usize::from(page.rest.width)).max(1);
    let history = history.get(history.len().saturating_sub(seconds)..).unwrap_or_default();
    let highest = history.iter().max().copied().unwrap_or(0);
    let heading = format!("requests in each of the last {seconds} s, {} at most", grouped(highest));
    page.line(frame, Paint::Dim, &heading);
    // One request is to be seen, however many there are in the next second.
    let least = highest.div_ceil(STEPS * u64::from(RATE));
    let bars = history.iter().map(|requests| if *requests == 0 { 0 } else { least.max(*requests) });
    let bars: Vec<u64> = bars.collect();
    let area = page.take(RATE).intersection(frame.area());
    let rate = Sparkline::default().data(&bars).max(highest.max(1)).style(Style::from(Paint::Good));
    frame.render_widget(rate, area);
}

fn times(line: &Shown) -> String {
    let times = [("p50", line.p50), ("p95", line.p95), ("p99", line.p99), ("max", line.max)];
    let times = times.map(|(name, time)| format!("{name} {}", format::duration(time)));
    format!("{} requests/s  {}", format::rate(line.rate), times.join("  "))
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
