//! The columns of the table. Takes a width and lines, gives the table with the columns that there is room for; docs/top.md tells what
//! they mean.

use std::net::SocketAddr;

use ratatui::layout::{Alignment, Constraint};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Row, Table};

use super::format;
use super::model::Sort;
use super::paint::Paint;
use super::snapshot::Shown;
use super::text::fit;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Rate,
    Errors,
    P50,
    P95,
    P99,
    Max,
    Protocol,
    Server,
    Process,
    Request,
}

/// Columns with a width of their own, for each width of the screen from which on there is room for them. Server and request share the
/// rest.
const WIDE: (u16, &[Column]) = (
    74,
    &[Column::Rate, Column::Errors, Column::P50, Column::P95, Column::P99, Column::Max, Column::Protocol],
);
const MIDDLE: (u16, &[Column]) =
    (56, &[Column::Rate, Column::Errors, Column::P95, Column::P99, Column::Protocol]);
const NARROW: &[Column] = &[Column::Rate, Column::Errors, Column::P99];

/// A server's columns: at most those of an IPv4 address with its port and some more. Long names are cut at their end, addresses at their
/// beginning: ports tell servers of one machine apart.
const SERVER_MAX: u16 = 32;

/// A process has 15 bytes for its name (proc_pid_comm(5)).
const PROCESS: u16 = 15;

/// From this width on there is room for it.
const WITH_PROCESS: u16 = 100;

/// Which columns there are, and how wide they are.
#[derive(Debug)]
pub(super) struct Columns {
    columns: Vec<(Column, u16)>,
}

impl Column {
    fn heading(self) -> &'static str {
        match self {
            Self::Rate => "REQ/S",
            Self::Errors => "ERR%",
            Self::P50 => "P50",
            Self::P95 => "P95",
            Self::P99 => "P99",
            Self::Max => "MAX",
            Self::Protocol => "PROTO",
            Self::Server => "SERVER",
            Self::Process => "PROCESS",
            Self::Request => "REQUEST",
        }
    }

    fn width(self) -> u16 {
        match self {
            Self::Errors => 5,
            Self::Process => PROCESS,
            _ => 6,
        }
    }

    fn alignment(self) -> Alignment {
        match self {
            Self::Protocol | Self::Server | Self::Process | Self::Request => Alignment::Left,
            _ => Alignment::Right,
        }
    }

    /// What a line has here, in so many columns.
    fn of(self, line: &Shown, width: usize) -> (Paint, String) {
        let key = line.key.as_ref();
        match self {
            Self::Rate => (Paint::Plain, format::rate(line.rate)),
            Self::Errors => (error_paint(line), format::percent(line.error_percent)),
            Self::P50 => (Paint::Plain, format::duration(line.p50)),
            Self::P95 => (Paint::Plain, format::duration(line.p95)),
            Self::P99 => (Paint::Plain, format::duration(line.p99)),
            Self::Max => (Paint::Dim, format::duration(line.max)),
            Self::Protocol => (Paint::Dim, key.map_or("", |key| key.protocol()).to_owned()),
            Self::Server => (Paint::Dim, cut_server(key.map_or("", |key| key.server()), width)),
            Self::Process => (Paint::Dim, line.process.as_deref().unwrap_or_default().to_owned()),
            Self::Request => (Paint::Plain, request(line)),
        }
    }

    fn sorts(self, sort: Sort) -> bool {
        matches!(
            (self, sort),
            (Self::Rate, Sort::Rate)
                | (Self::Errors, Sort::Errors)
                | (Self::P99, Sort::Latency)
                | (Self::Request, Sort::Name)
        )
    }
}

impl Columns {
    /// `process`: it is known of some line.
    pub(super) fn new(width: u16, process: bool) -> Self {
        let fixed = match width {
            w if w >= WIDE.0 => WIDE.1,
            w if w >= MIDDLE.0 => MIDDLE.1,
            _ => NARROW,
        };
        let mut columns: Vec<_> = fixed.iter().map(|column| (*column, column.width())).collect();
        let rest = |columns: &[(Column, u16)]| {
            let used: u16 = columns.iter().map(|(_, width)| width + 1).sum();
            width.saturating_sub(used)
        };
        if width >= MIDDLE.0 {
            columns.push((Column::Server, (rest(&columns) * 9 / 20).min(SERVER_MAX)));
        }
        if process && width >= WITH_PROCESS {
            columns.push((Column::Process, PROCESS));
        }
        columns.push((Column::Request, rest(&columns)));
        Self { columns }
    }

    /// The table of these lines. `sort`: what they are sorted by, where that is to be seen.
    pub(super) fn table<'l>(
        &self,
        lines: impl IntoIterator<Item = &'l Shown>,
        sort: Option<Sort>,
    ) -> Table<'static> {
        let rows = lines.into_iter().map(|line| {
            Row::new(self.columns.iter().map(|(column, width)| {
                let width = usize::from(*width);
                let (paint, text) = column.of(line, width);
                cell(*column, paint, &fit(&text, width))
            }))
        });
        let widths = self.columns.iter().map(|(_, width)| Constraint::Length(*width));
        Table::new(rows, widths)
            .header(self.heading(sort))
            .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
    }

    fn heading(&self, sort: Option<Sort>) -> Row<'static> {
        Row::new(self.columns.iter().map(|(column, width)| {
            let sorts = sort.is_some_and(|sort| column.sorts(sort));
            let heading = format!("{}{}", column.heading(), if sorts { "▼" } else { "" });
            cell(*column, Paint::Bold, &fit(&heading, usize::from(*width)))
        }))
    }
}

fn cell(column: Column, paint: Paint, text: &str) -> Cell<'static> {
    Cell::new(Line::from(text.to_owned()).alignment(column.alignment())).style(paint)
}

fn cut_server(server: &str, width: usize) -> String {
    // An address is as long as it has bytes.
    if server.len() <= width || width == 0 || server.parse::<SocketAddr>().is_err() {
        return server.to_owned();
    }
    format!("…{}", server.get(server.len() + 1 - width..).unwrap_or_default())
}

fn error_paint(line: &Shown) -> Paint {
    if line.counts.server_errors + line.counts.timeouts > 0 { Paint::Bad } else { Paint::Warning }
}

/// Request type and endpoint.
pub(super) fn request(line: &Shown) -> String {
    let Some(key) = &line.key else { return "(other)".to_owned() };
    match (key.request_type(), key.endpoint()) {
        ("", endpoint) => endpoint.to_owned(),
        (kind, "") => kind.to_owned(),
        (kind, endpoint) => format!("{kind} {endpoint}"),
    }
}
