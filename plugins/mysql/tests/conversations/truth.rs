//! Real conversations against what servers and clients wrote into their own logs.

use weir_plugin_mysql::MySql;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{Message, every_prefix, every_split, mutations};

use crate::fixture::{ALL, conversations, text};
use crate::wire::{Exchange, exchanges};

/// One line of a truth file.
struct Row<'a> {
    connection: &'a str,
    session: &'a str,
    command: &'a str,
    id: &'a str,
    code: &'a str,
    status: &'a str,
    trace: &'a str,
    resource: String,
    exception: String,
}

fn rows(text: &str) -> Vec<Row<'_>> {
    let plain =
        |s: &str| s.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r").replace("\\\\", "\\");
    text.lines()
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [connection, session, command, id, code, status, trace, resource, exception] = columns[..]
            else {
                panic!("{line}")
            };
            let (resource, exception) = (plain(resource), plain(exception));
            Row { connection, session, command, id, code, status, trace, resource, exception }
        })
        .collect()
}

/// A server logs an execution with its parameters filled in.
fn resembles(sql: &str, logged: &str) -> bool {
    let (sql, logged) = (sql.trim(), logged.trim());
    let short: String = sql.chars().take(logged.chars().count()).collect();
    if short == logged {
        return true;
    }
    let (mut rest, mut parts) = (logged, sql.split('?'));
    let begins = parts.next().is_some_and(|first| rest.strip_prefix(first).map(|r| rest = r).is_some());
    begins && parts.all(|part| rest.find(part).map(|at| rest = &rest[at + part.len()..]).is_some())
}

fn fits(row: &Row<'_>, exchange: &Exchange) -> bool {
    let (request, response) = (&exchange.request, exchange.response.as_ref());
    let field = |field| response.and_then(|r| r.text(field)).or(request.text(field)).unwrap_or_default();
    let status = match response.map(|r| r.status) {
        Some(Status::Ok) => "ok",
        Some(Status::ServerError) => "server_error",
        Some(Status::ClientError) => "client_error",
        _ => "",
    };
    let no_answer = row.session == "request_only" || row.status == "unknown";
    request.text(Field::RequestType) == Some(row.command)
        && (request.kind == Kind::OneWay) == (row.session == "request_only")
        && response.is_none() == no_answer
        && (row.status == status || no_answer)
        && field(Field::ResponseCode) == row.code
        && (row.id.is_empty() || field(Field::RequestId) == row.id)
        && request.text(Field::TraceId).unwrap_or_default() == row.trace
        && (row.resource.is_empty() || resembles(field(Field::RequestResource), &row.resource))
        && (no_answer || field(Field::ResponseException).starts_with(&row.exception))
}

fn told(script: &[(Direction, &[u8])]) -> Vec<Message> {
    let mut harness = weir_plugin_sdk::testing::Harness::<MySql>::tcp();
    for (direction, bytes) in script {
        harness.push(*direction, bytes);
    }
    assert_eq!(harness.violations(), 0);
    harness.close().joined()
}

fn compare(name: &str) {
    let truth = text(&format!("{name}.truth.tsv"));
    let rows = rows(&truth);
    let mut compared = 0;
    for conversation in conversations(name) {
        let exchanges = exchanges(&told(&conversation.script()));
        let mut wanted: Vec<_> = rows.iter().filter(|row| row.connection == conversation.name).collect();
        for exchange in exchanges {
            let is_login = exchange.request.text(Field::RequestType) == Some("LOGIN");
            if is_login && wanted.first().is_some_and(|row| row.command != "LOGIN") {
                continue; // the client's log leaves it out
            }
            // An execution is logged before the long data that are sent on its behalf.
            let at = wanted.iter().take(2).position(|row| fits(row, &exchange));
            let next = wanted.first().map(|row| (row.command, &row.resource));
            let Some(at) = at else { panic!("{name}: {exchange:?} is not {next:?}") };
            wanted.remove(at);
            compared += 1;
        }
        assert_eq!(wanted.len(), 0, "{name}: requests of {} are missing", conversation.name);
    }
    assert_eq!(compared, rows.len());
}

#[test]
fn core() {
    compare("core");
}

#[test]
fn tricky() {
    compare("tricky");
}

#[test]
fn command_line_client() {
    compare("cli");
}

#[test]
fn sysbench_with_text_queries() {
    compare("sysbench_text");
}

#[test]
fn sysbench_with_prepared_statements() {
    compare("sysbench_ps");
}

/// One conversation with every command, over each combination of `CLIENT_DEPRECATE_EOF`, compression, and MariaDB's metadata
/// caching with bulk execution: eight connections say the same.
#[test]
fn what_was_agreed_on_changes_nothing() {
    let plain: Vec<_> = conversations("matrix").iter().map(|c| facts(&c.script())).collect();
    assert_eq!(plain.len(), 8);
    assert_eq!(plain[0].len(), 63);
    for (index, facts) in plain.iter().enumerate() {
        assert_eq!(facts.len(), plain[0].len());
        for (this, first) in facts.iter().zip(&plain[0]) {
            let is_bulk = this.starts_with("COM_STMT_BULK_EXECUTE");
            assert!(this == first || is_bulk, "connection {index}: {this} is not {first}");
        }
    }
}

/// Requests and their answers as text, without what the server chose.
fn facts(script: &[(Direction, &[u8])]) -> Vec<String> {
    let mut harness = weir_plugin_sdk::testing::Harness::<MySql>::tcp();
    script.iter().for_each(|(direction, bytes)| harness.push(*direction, bytes));
    exchanges(&harness.close().joined())
        .iter()
        .map(|e| {
            let has_id = |m: &Message| m.text(Field::RequestId).is_some();
            let response = e.response.as_ref();
            let text = |m: &Message, field| m.text(field).unwrap_or_default().to_owned();
            format!(
                "{} {:?} {} {:?} {} {:?}",
                text(&e.request, Field::RequestType),
                text(&e.request, Field::RequestResource),
                has_id(&e.request) || response.is_some_and(has_id),
                response.map(|r| (r.status, text(r, Field::ResponseCode))),
                response.map(|r| text(r, Field::ResponseException)).unwrap_or_default(),
                response.and_then(|r| r.attribute("later_error_code").map(str::to_owned)),
            )
        })
        .collect()
}

#[test]
fn connectors_get_an_answer_to_each_command() {
    for name in ["node", "clis", "conn"] {
        for conversation in conversations(name) {
            for exchange in exchanges(&told(&conversation.script())) {
                let answered =
                    exchange.response.as_ref().is_some_and(|r| r.text(Field::ResponseCode).is_some());
                assert!(answered || exchange.request.kind == Kind::OneWay, "{name}: {exchange:?}");
            }
        }
    }
}

#[test]
fn segments_do_not_matter() {
    for name in ["core", "cli", "clis", "conn", "node"] {
        for conversation in conversations(name) {
            every_split::<MySql>(&conversation.script());
        }
    }
    for name in ["tricky", "matrix"] {
        for conversation in conversations(name).iter().filter(|c| c.segments.len() < 60).take(4) {
            every_split::<MySql>(&conversation.script());
        }
    }
}

#[test]
fn strangers_bytes() {
    for name in ALL {
        for conversation in conversations(name).iter().take(4) {
            let script = conversation.script();
            let short = &script[..script.len().min(120)];
            mutations::<MySql>(short, 30);
            every_prefix::<MySql>(&short[..short.len().min(40)]);
        }
    }
}
