//! The lines above the table. Takes sums of all requests, counts of the capture, what weir itself costs.

use std::fmt::Write;
use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{DAY, Model, Paint, put};
use crate::cmd::grouped;
use crate::top::format;
use crate::top::losses::Loss;
use crate::top::text::columns;

/// What stands above the table besides counts of requests.
#[derive(Clone, Debug, Default)]
pub(in crate::top) struct Head {
    pub(in crate::top) interfaces: String,
    /// Sources that there are.
    pub(in crate::top) captured: usize,
    pub(in crate::top) frames: u64,
    pub(in crate::top) losses: Vec<Loss>,
    pub(in crate::top) cpu: f64,
    pub(in crate::top) memory: u64,
    /// Since 1970.
    pub(in crate::top) time: Duration,
    pub(in crate::top) up: Duration,
    /// The last line of the log, for a moment.
    pub(in crate::top) said: Option<String>,
}

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, head: &Head) {
    let left = format!("weir top  {}  up {}", head.interfaces, format::clock(head.up));
    let time = format!("{} UTC", format::clock(Duration::from_secs(head.time.as_secs() % DAY)));
    let state = if model.paused { "PAUSED  " } else { "" };
    beside(frame, 0, (Paint::Bold, &left), &format!("{state}{time}"));
    let second = row(frame, 1);
    put(frame, second, Paint::Plain, &requests(model));
    let own = format!("CPU {:.0}%  memory {}", head.cpu, format::bytes(head.memory));
    let (paint, frames) = frames(head);
    beside(frame, 2, (paint, &frames), &own);
}

fn row(frame: &Frame<'_>, number: u16) -> Rect {
    Rect { y: number, height: 1, ..frame.area() }
}

/// Two texts in a row; the right one stays whole as long as it can.
fn beside(frame: &mut Frame<'_>, number: u16, (paint, left): (Paint, &str), right: &str) {
    let row = row(frame, number);
    let width = row.width.min(columns(right) as u16);
    let rest = row.width - width;
    put(frame, Rect { width: rest.saturating_sub(1), ..row }, paint, left);
    put(frame, Rect { x: row.x + rest, width, ..row }, Paint::Plain, right);
}

fn requests(model: &Model) -> String {
    let snapshot = model.snapshot();
    let all = snapshot.all.as_ref();
    let rates = all.map_or((0.0, 0.0), |all| (all.rate, all.error_rate));
    let mut text = format!("{} requests/s  {} errors/s", format::rate(rates.0), format::rate(rates.1));
    if let Some(p99) = all.and_then(|all| all.p99) {
        // Writing to memory can not fail; the same holds below.
        let _ = write!(text, "  p99 {}", format::duration(Some(p99)));
    }
    let _ = write!(text, "  {} endpoints in {:.0} s", snapshot.lines.len(), snapshot.seconds);
    if snapshot.responses_alone > 0 {
        let _ = write!(text, "  {} responses alone", grouped(snapshot.responses_alone));
    }
    text
}

fn frames(head: &Head) -> (Paint, String) {
    if head.captured == 0 {
        return (Paint::Warning, "no interface yet".to_owned());
    }
    let mut text = format!("{} frames", grouped(head.frames));
    if head.losses.is_empty() {
        text.push_str(", none lost");
        return (Paint::Good, text);
    }
    let losses: Vec<String> = head.losses.iter().map(Loss::to_string).collect();
    let _ = write!(text, ", lost: {}", losses.join(", "));
    (Paint::Bad, text)
}
