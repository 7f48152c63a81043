//! The columns of the table. Takes a width, gives which columns there are and where; docs/top.md tells what they mean.

use std::net::SocketAddr;

use super::canvas::{Row, Style};
use super::format;
use super::model::Sort;
use super::snapshot::Shown;

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
const WIDE: (usize, &[Column]) = (
    74,
    &[Column::Rate, Column::Errors, Column::P50, Column::P95, Column::P99, Column::Max, Column::Protocol],
);
const MIDDLE: (usize, &[Column]) =
    (56, &[Column::Rate, Column::Errors, Column::P95, Column::P99, Column::Protocol]);
const NARROW: &[Column] = &[Column::Rate, Column::Errors, Column::P99];

/// A server's columns: at most those of an IPv4 address with its port and some more. Long names are cut at their end, addresses at their
/// beginning: ports tell servers of one machine apart.
const SERVER_MAX: usize = 32;

/// A process has 15 bytes for its name (proc_pid_comm(5)).
const PROCESS: usize = 15;

/// From this width on there is room for it.
const WITH_PROCESS: usize = 100;

/// Where the columns are.
#[derive(Debug)]
pub(super) struct Layout {
    columns: Vec<(Column, usize, usize)>,
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

    fn width(self) -> usize {
        match self {
            Self::Errors => 5,
            Self::Process => PROCESS,
            _ => 6,
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

impl Layout {
    /// `process`: it is known of some line.
    pub(super) fn new(width: usize, process: bool) -> Self {
        let fixed = match width {
            w if w >= WIDE.0 => WIDE.1,
            w if w >= MIDDLE.0 => MIDDLE.1,
            _ => NARROW,
        };
        let mut columns = Vec::new();
        let mut at = 0;
        for column in fixed {
            columns.push((*column, at, column.width()));
            at += column.width() + 1;
        }
        if width >= MIDDLE.0 {
            let rest = width.saturating_sub(at);
            let server = (rest * 9 / 20).min(SERVER_MAX);
            columns.push((Column::Server, at, server));
            at += server + 1;
        }
        if process && width >= WITH_PROCESS {
            columns.push((Column::Process, at, PROCESS));
            at += PROCESS + 1;
        }
        columns.push((Column::Request, at, width.saturating_sub(at)));
        Self { columns }
    }

    pub(super) fn heading(&self, row: &mut Row, sort: Option<Sort>) {
        for (column, at, width) in &self.columns {
            let sorts = sort.is_some_and(|sort| column.sorts(sort));
            let heading = format!("{}{}", column.heading(), if sorts { "▼" } else { "" });
            match column {
                Column::Protocol | Column::Server | Column::Process | Column::Request => {
                    row.put(*at, *width, Style::Bold, &heading);
                }
                _ => row.put_right(*at, *width, Style::Bold, &heading),
            }
        }
    }

    pub(super) fn line(&self, row: &mut Row, line: &Shown) {
        for (column, at, width) in &self.columns {
            match column {
                Column::Rate => row.put_right(*at, *width, Style::Plain, &format::rate(line.rate)),
                Column::Errors => {
                    row.put_right(*at, *width, error_style(line), &format::percent(line.error_percent));
                }
                Column::P50 => row.put_right(*at, *width, Style::Plain, &format::duration(line.p50)),
                Column::P95 => row.put_right(*at, *width, Style::Plain, &format::duration(line.p95)),
                Column::P99 => row.put_right(*at, *width, Style::Plain, &format::duration(line.p99)),
                Column::Max => row.put_right(*at, *width, Style::Dim, &format::duration(line.max)),
                Column::Protocol => {
                    row.put(*at, *width, Style::Dim, line.key.as_ref().map_or("", |key| key.protocol()));
                }
                Column::Server => {
                    let server = line.key.as_ref().map_or("", |key| key.server());
                    row.put(*at, *width, Style::Dim, &cut_server(server, *width));
                }
                Column::Process => {
                    row.put(*at, *width, Style::Dim, line.process.as_deref().unwrap_or_default());
                }
                Column::Request => row.put(*at, *width, Style::Plain, &request(line)),
            }
        }
    }
}

fn cut_server(server: &str, width: usize) -> String {
    // An address is as long as it has bytes.
    if server.len() <= width || width == 0 || server.parse::<SocketAddr>().is_err() {
        return server.to_owned();
    }
    format!("…{}", server.get(server.len() + 1 - width..).unwrap_or_default())
}

fn error_style(line: &Shown) -> Style {
    if line.counts.server_errors + line.counts.timeouts > 0 { Style::Bad } else { Style::Warning }
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
