//! What a person sees: columns that stand, nothing that harms a terminal.

use std::sync::Arc;

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;
use weir_request_log::{Field, Fields, LogSink, RequestLog, SessionType, Status, Value};

use super::{Duration, Table, TableStyle};
use crate::sink::Sink;

fn sample(resource: &str) -> RequestLog {
    let mut fields = Fields::default();
    fields.set(Field::RequestType, Value::Text("GET"));
    fields.set(Field::RequestResource, Value::Text(resource));
    fields.set(Field::ResponseCode, Value::Number(200));
    RequestLog {
        start_time: 1_763_731_625_012_345_678,
        end_time: 1_763_731_625_012_345_678,
        response_duration: Some(1_234_567),
        l7_protocol: Arc::from("HTTP"),
        session_type: SessionType::Session,
        client: "10.0.0.1:51234".parse().unwrap(),
        server: "10.0.0.2:80".parse().unwrap(),
        flow_id: 7,
        status: Status::Ok,
        fields,
        ..RequestLog::empty()
    }
}

fn table(width: usize, color: bool, logs: &[RequestLog]) -> String {
    let mut table = Table::new(TableStyle { width, color });
    logs.iter().for_each(|log| table.log(log));
    String::from_utf8(table.buffer().clone()).unwrap()
}

#[test]
fn a_line_and_its_header() {
    let mut failed = sample("/missing");
    failed.status = Status::ClientError;
    failed.response_duration = None;
    failed.fields.set(Field::ResponseCode, Value::Number(404));
    failed.fields.set(Field::ResponseException, Value::Text("Not Found"));
    let expected = "\
TIME (UTC)   DURATION          CLIENT → SERVER          PROTO  STATUS             REQUEST
13:27:05.012    1.2ms  10.0.0.1:51234 → 10.0.0.2:80     HTTP   200                GET /
13:27:05.012           10.0.0.1:51234 → 10.0.0.2:80     HTTP   404 client_error   GET /missing ! Not Found
";
    assert_eq!(table(120, false, &[sample("/"), failed]), expected);
}

fn on_terminal(width: usize, logs: &[RequestLog]) -> String {
    let mut table = Table::new(TableStyle { width, color: false }).on_terminal(|| None);
    logs.iter().for_each(|log| table.log(log));
    String::from_utf8(table.buffer().clone()).unwrap()
}

#[test]
fn lines_fit_a_terminal_of_any_width() {
    let mut long = sample(&"r".repeat(500));
    long.l7_protocol = Arc::from("LongName");
    long.client = "[2001:db8:1234:5678:9abc:def0:1234:5678]:51234".parse().unwrap();
    long.server = long.client;
    long.status = Status::ServerError;
    long.fields.set(Field::ResponseException, Value::Text(&"e".repeat(500)));
    for width in 52..250 {
        let text = on_terminal(width, &[sample("/"), long.clone(), sample("/")]);
        assert_eq!(text.lines().count(), 4);
        for line in text.lines() {
            assert!(line.width() <= width, "{} of {width}: {line}", line.width());
        }
    }
    let expected = "\
TIME (UTC)   DURATION  SERVER          PROTO  STATUS             REQUEST
13:27:05.012    1.2ms  10.0.0.2:80     HTTP   200                GET /
";
    assert_eq!(on_terminal(80, &[sample("/")]), expected);
}

#[test]
fn a_terminal_that_changes_is_followed() {
    let mut table = Table::new(TableStyle { width: 200, color: false }).on_terminal(|| Some(110));
    let long = sample(&"r".repeat(500));
    table.log(&long);
    table.burst_end();
    table.log(&long);
    let text = String::from_utf8(table.buffer().clone()).unwrap();
    let widths: Vec<_> = text.lines().skip(1).map(UnicodeWidthStr::width).collect();
    assert_eq!(widths, [200, 110]);
}

#[test]
fn only_the_status_is_coloured() {
    let text = table(120, true, &[sample("/")]);
    assert!(text.contains("\x1b[32m200              \x1b[0m  GET /"), "{text:?}");
    assert_eq!(text.matches('\x1b').count(), 2);
}

#[test]
fn a_long_request_leaves_room_for_the_error() {
    let mut log = sample(&"r".repeat(5000));
    log.fields.set(Field::ResponseException, Value::Text(&"e".repeat(5000)));
    let text = table(160, false, &[log]);
    let line = text.lines().nth(1).unwrap();
    assert_eq!(line.width(), 160);
    assert!(line.contains("rrr… ! eee") && line.ends_with("eee…"), "{line}");
}

#[test]
fn columns_grow_with_long_addresses_and_stay() {
    let mut long = sample("/");
    long.client = "[2001:db8:1234:5678:9abc:def0:1234:5678]:51234".parse().unwrap();
    let text = table(200, false, &[sample("/"), long, sample("/")]);
    let at: Vec<_> = text.lines().map(|l| l.split('→').next().unwrap().width()).collect();
    assert_eq!(at, [38, 38, 70, 70]);
}

#[test]
fn nothing_from_the_network_reaches_the_terminal_raw() {
    let text = table(300, false, &[sample("/a\x1b[2Jb\r\nc\u{9b}d\u{202e}e\0")]);
    assert!(!text.replace('\n', "").chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    assert_eq!(text.lines().count(), 2);
}

#[test]
fn a_code_that_says_nothing_gives_way_to_the_status() {
    for (code, status, expected) in [
        (Some(0), Status::Ok, "ok  "),
        (Some(3), Status::ClientError, "3 client_error  "),
        (None, Status::Timeout, "timeout  "),
        (Some(201), Status::Ok, "201  "),
        (Some(0), Status::Unknown, "unknown  "),
    ] {
        let mut log = sample("/");
        log.fields.clear();
        code.into_iter().for_each(|code| log.fields.set(Field::ResponseCode, Value::Number(code)));
        log.fields.set(Field::RequestResource, Value::Text("x"));
        log.status = status;
        let text = table(120, false, &[log]);
        assert!(text.contains(&format!("HTTP   {expected}")), "{text}");
    }
}

#[test]
fn the_type_is_not_said_twice() {
    let mut redis = sample("get cart:1");
    let said = |log: &RequestLog| {
        let text = table(120, false, std::slice::from_ref(log));
        text.lines().nth(1).unwrap().rsplit("200").next().unwrap().trim().to_owned()
    };
    assert_eq!(said(&redis), "get cart:1");
    redis.fields.set(Field::RequestResource, Value::Text("getter"));
    assert_eq!(said(&redis), "GET getter");
}

#[test]
fn durations() {
    for (nanoseconds, text) in [
        (0, "0µs"),
        (999_999, "999µs"),
        (1_000_000, "1.0ms"),
        (999_999_999, "999.9ms"),
        (1_000_000_000, "1.00s"),
        (61_239_000_000, "61.23s"),
    ] {
        assert_eq!(Duration(nanoseconds).to_string(), text);
    }
}

proptest! {
    #[test]
    fn a_line_fits_whatever_it_says(
        resource in "[a-z\u{4e2d}\u{1f600}\u{301}\x00-\x7f]{0,200}",
        exception in proptest::option::of("[e\u{4e2d}]{0,100}"),
        width in 102usize..200, // below, the least width of a request makes a line too long
    ) {
        let mut log = sample(&resource);
        if let Some(exception) = &exception {
            log.fields.set(Field::ResponseException, Value::Text(exception));
        }
        let text = table(width, false, &[log]);
        prop_assert_eq!(text.lines().count(), 2);
        for line in text.lines() {
            // `str::width` knows joined emoji that take less room than their parts.
            prop_assert!(line.width() <= width, "{} > {width}: {line}", line.width());
        }
    }
}
