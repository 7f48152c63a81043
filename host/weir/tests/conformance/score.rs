//! Request logs against the truth of servers and clients: which rows are found, right, missing, and which lines nobody asked for.

use std::collections::BTreeMap;

use serde_json::Value;

/// A text may be cut; so many characters must agree.
const CUT: usize = 200;

/// How one capture did.
#[derive(Debug, Default)]
pub(crate) struct Score {
    /// Rows that are required.
    pub(crate) strict: usize,
    /// Those with a line.
    pub(crate) found: usize,
    /// Those whose line agrees in every field.
    pub(crate) right: usize,
    /// Lines that belong to no row.
    pub(crate) spurious: Vec<String>,
    /// What was wrong, for people.
    pub(crate) misses: Vec<String>,
    /// Lines of type `session` that agree with no row of their connection.
    pub(crate) untrue: Vec<String>,
}

pub(crate) fn score(lines: &[Value], truth: &[Value]) -> Score {
    let mut by_connection: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        by_connection.entry(connection_of(line)).or_default().push(index);
    }
    let mut unpaired = vec![true; lines.len()];
    let mut score = Score::default();
    let mut rows: Vec<&Value> = truth.iter().collect();
    rows.sort_by_key(|row| row["strict"] != Value::Bool(true));
    for row in rows {
        let strict = row["strict"] == Value::Bool(true);
        score.strict += usize::from(strict);
        let pool = row["conn"].as_str().map(normal_connection).and_then(|c| by_connection.get(&c));
        let candidates = pool.into_iter().flatten().copied().filter(|i| unpaired[*i]);
        let mut candidates: Vec<usize> = candidates.filter(|i| is_same_request(row, &lines[*i])).collect();
        if !row["request_id"].is_null() {
            let same_id = |i: &usize| text(&row["request_id"]) == text(&lines[*i]["request_id"]);
            if candidates.iter().any(same_id) {
                candidates.retain(same_id);
            }
        }
        let best = candidates.into_iter().min_by_key(|i| disagreements(row, &lines[*i]).len());
        let Some(index) = best else {
            if strict {
                score.misses.push(format!("missing: {row}"));
            }
            continue;
        };
        unpaired[index] = false;
        let wrong = disagreements(row, &lines[index]);
        if strict {
            score.found += 1;
            score.right += usize::from(wrong.is_empty());
        }
        if !wrong.is_empty() {
            score.misses.push(format!("{wrong:?}: want {row}, got {}", lines[index]));
        }
    }
    let spurious = unpaired.iter().zip(lines).filter(|(unpaired, _)| **unpaired);
    score.spurious = spurious.map(|(_, line)| line.to_string()).collect();
    let sessions = lines.iter().filter(|line| line["type"] == "session");
    score.untrue = sessions.filter(|line| !is_true(line, truth)).map(Value::to_string).collect();
    score
}

/// Some row of the line's connection agrees with it. A line that lost what names it (a statement whose text was sent
/// before) is not judged; neither is a field that it lost, and of a text that was cut only what is there.
fn is_true(line: &Value, truth: &[Value]) -> bool {
    const MAY_BE_LOST: [&str; 7] = [
        "trace_id",
        "span_id",
        "x_request_id",
        "x_request_id_1",
        "request_domain",
        "request_id",
        "response_code",
    ];
    const MAY_BE_CUT: [&str; 2] = ["response_result", "response_exception"];
    let connection = connection_of(line);
    let begins = |row: &Value, field: &str| {
        text(&row[field]).starts_with(text(&line[field]).trim_end_matches('\u{fffd}'))
    };
    let same_connection =
        |row: &Value| row["conn"].as_str().map(normal_connection).as_deref() == Some(&connection);
    // Not every client logs its logins.
    let is_login = line["request_type"] == "LOGIN";
    is_login
        || line["request_resource"].is_null()
        || !truth.iter().any(same_connection)
        || truth.iter().any(|row| {
            let is_lost = |field: &&str| {
                MAY_BE_LOST.contains(field) && line[*field].is_null()
                    || MAY_BE_CUT.contains(field) && begins(row, field)
                    || *field == "response_status" && line[*field] == "unknown"
                    || *field == "request_resource"
            };
            same_connection(row)
                && (is_same_request(row, line) || begins(row, "request_resource"))
                && disagreements(row, line).iter().all(is_lost)
        })
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn connection_of(line: &Value) -> String {
    let end = |address: &str, port: &str| format!("{}:{}", text(&line[address]), text(&line[port]));
    format!("{}>{}", end("client_ip", "client_port"), end("server_ip", "server_port")).to_lowercase()
}

fn normal_connection(connection: &str) -> String {
    connection.replace(['[', ']'], "").to_lowercase()
}

fn is_same_request(row: &Value, line: &Value) -> bool {
    let word = |v: &Value| text(v).to_lowercase();
    word(&row["request_type"]) == word(&line["request_type"])
        && (text(&row["request_resource"]).is_empty()
            || is_same_resource(&text(&row["request_resource"]), &text(&line["request_resource"])))
}

fn is_same_resource(truth: &str, line: &str) -> bool {
    let (truth, line) = (truth.trim(), line.trim());
    let head = |s: &str| s.chars().take(CUT).collect::<String>();
    let long = truth.chars().count().min(line.chars().count()) >= CUT;
    truth == line || (long && head(truth) == head(line)) || fits_prepared(line, truth)
}

/// A prepared statement against what the server logs: each `?` stands for at least one character.
fn fits_prepared(prepared: &str, executed: &str) -> bool {
    if !prepared.contains('?') || prepared.len() >= CUT {
        return false;
    }
    let mut parts = prepared.split('?');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = executed.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (n, part) in parts.iter().enumerate() {
        let mut after = rest.chars();
        if after.next().is_none() {
            return false;
        }
        rest = after.as_str();
        let last = n + 1 == parts.len();
        match (last, part.is_empty()) {
            (true, true) => return true,
            (true, false) => return rest.ends_with(part),
            (false, _) => match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            },
        }
    }
    rest.is_empty()
}

fn domain(value: &Value) -> String {
    let value = text(value).to_lowercase();
    match value.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => {
            name.to_owned()
        }
        _ => value,
    }
}

fn disagreements(row: &Value, line: &Value) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    let mut check = |name: &'static str, agrees: bool| {
        if !agrees {
            wrong.push(name);
        }
    };
    let stated = |name: &str| !text(&row[name]).is_empty();
    check("l7_protocol", text(&row["protocol"]).eq_ignore_ascii_case(&text(&line["l7_protocol"])));
    check(
        "request_domain",
        !stated("request_domain") || domain(&row["request_domain"]) == domain(&line["request_domain"]),
    );
    for name in ["request_id", "response_code"] {
        check(name, row[name].is_null() || text(&row[name]) == text(&line[name]));
    }
    check("response_status", !stated("response_status") || row["response_status"] == line["response_status"]);
    for name in ["response_exception", "response_result"] {
        // The exception of a business error is what a plugin of the user makes of the body.
        let business = name == "response_exception" && !row["biz"].is_null();
        check(name, business || !stated(name) || is_same_text(&text(&row[name]), &text(&line[name])));
    }
    for (truth, ours) in [
        ("trace_id", "trace_id"),
        ("span_id", "span_id"),
        ("x_request_id_0", "x_request_id"),
        ("x_request_id_1", "x_request_id_1"),
    ] {
        check(ours, !stated(truth) || row[truth] == line[ours]);
    }
    let expected = match row["session_type"].as_str() {
        Some("request_only") => Some("request"),
        Some("session") => Some("session"),
        _ => None,
    };
    let silent = matches!(row["response_status"].as_str(), Some("unknown" | "timeout"));
    check("type", silent || expected.is_none_or(|expected| line["type"] == expected));
    wrong
}

fn is_same_text(truth: &str, line: &str) -> bool {
    let clean = |s: &str| s.trim().trim_start_matches('-').chars().collect::<Vec<_>>();
    let (truth, line) = (clean(truth), clean(line));
    let common = truth.len().min(line.len()).min(CUT);
    common > 0 && truth[..common] == line[..common] && (line.len() >= truth.len() || line.len() >= CUT)
}
