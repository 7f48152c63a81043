//! Takes: what the user looks at, a frame to draw on. Gives: the screen, or the table as text.

mod detail;
mod head;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::{Paragraph, StatefulWidget, TableState, Widget};

pub(super) use self::head::Head;

use super::columns::Columns;
use super::model::{Model, Sort, sort};
use super::paint::Paint;
use super::snapshot::{Shown, Snapshot};
use super::text::{fit, plain};

const DAY: u64 = 86_400;

/// Rows of the head, of the table's heading, and of the foot.
const HEAD: u16 = 3;
const HEADING: u16 = 1;
const FOOT: u16 = 1;

/// Columns of a table for a program: more than all columns need for the longest names.
const WIDEST: usize = 400;

/// Draws the screen.
pub(super) fn draw(frame: &mut Frame<'_>, model: &mut Model, head: &Head) {
    let area = frame.area();
    head::draw(frame, model, head);
    // On the smallest screens the table is worth more than its foot.
    let foot_height = if area.height > HEAD + HEADING { FOOT } else { 0 };
    let body = Rect { y: HEAD, height: area.height.saturating_sub(HEAD + foot_height), ..area };
    match &model.detail {
        Some(detail) => detail::draw(frame, body, detail),
        None => {
            model.page = usize::from(body.height.saturating_sub(HEADING));
            draw_table(frame, body, model);
        }
    }
    let (paint, foot) = foot(model, head);
    put(frame, Rect { y: body.bottom(), height: foot_height, ..area }, paint, &foot);
}

/// The table as text.
pub(super) fn text(snapshot: &Snapshot, width: usize) -> String {
    let width = width.clamp(1, WIDEST) as u16;
    let mut lines: Vec<&Shown> = snapshot.lines.iter().collect();
    sort(&mut lines, Sort::Rate);
    lines.extend(&snapshot.other);
    // The board has room for fewer lines than a number of rows has.
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(HEADING);
    let mut drawn = Buffer::empty(Rect::new(0, 0, width, height));
    let table = Columns::new(width, knows_process(snapshot)).table(lines, None);
    Widget::render(table, drawn.area, &mut drawn);
    plain(&drawn)
}

/// Puts a text into the first row of an area, cleaned and cut.
fn put(frame: &mut Frame<'_>, area: Rect, paint: Paint, text: &str) {
    let text = fit(text, usize::from(area.width));
    frame.render_widget(Paragraph::new(text).style(Style::from(paint)), area.intersection(frame.area()));
}

fn knows_process(snapshot: &Snapshot) -> bool {
    snapshot.lines.iter().any(|line| line.process.is_some())
}

fn draw_table(frame: &mut Frame<'_>, area: Rect, model: &Model) {
    let area = area.intersection(frame.area());
    let lines = model.lines();
    let page = model.page.max(1);
    let place = model.place(&lines);
    // The selected line is always to be seen; lines do not move while it is on the first page.
    let first = place.map_or(0, |place| if place < page { 0 } else { place + 1 - page });
    let shown = lines.iter().copied().skip(first).take(model.page);
    let table = Columns::new(area.width, knows_process(model.snapshot())).table(shown, Some(model.sort));
    let mut state = TableState::new().with_selected(place.map(|place| place - first));
    StatefulWidget::render(table, area, frame.buffer_mut(), &mut state);
    if lines.is_empty() {
        let why = if model.filter.is_empty() { "no requests yet" } else { "nothing matches the filter" };
        let below = Rect { y: area.y + HEADING + 1, height: 1, ..area };
        put(frame, below, Paint::Dim, &format!("  {why}"));
    }
}

fn foot(model: &Model, head: &Head) -> (Paint, String) {
    if model.typing {
        return (Paint::Bold, format!("/{}█  Enter keeps it, Esc takes it away", model.filter));
    }
    if let Some(said) = &head.said {
        return (Paint::Warning, said.clone());
    }
    if model.detail.is_some() {
        return (Paint::Dim, "Enter back  ↑↓ other endpoints  space pause  q quit".to_owned());
    }
    let filter = if model.filter.is_empty() { String::new() } else { format!("[/{}]  ", model.filter) };
    let keys = "q quit  r rate e errors l latency n name  / filter  space pause  Enter details";
    (Paint::Dim, filter + keys)
}

#[cfg(test)]
mod tests;
