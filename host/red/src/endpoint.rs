//! What of a request is the same for many requests. Takes a record, gives its endpoint. The rule, which docs/top.md tells users:
//!
//! 1. The record's `endpoint`, where a plugin knows it.
//! 2. A statement (its first word is a verb of SQL): the verb and the first table.
//! 3. A path or a name: without `?query` and `#fragment`, each part that looks like an id is `*`. Parts of a path end at `/`, of any
//!    other name at `/`, `.` or `:` as well. Behind the eighth part of a path all is `…`.
//! 4. Any other text with spaces (a command line): its first word, or nothing where the request type says it already.

use weir_request_log::{Field, RequestLog};

/// Bytes of an endpoint. Longer ones are cut, and so may be counted together.
pub(crate) const ENDPOINT_BYTES: usize = 160;

/// Parts of a path.
const PARTS: usize = 8;

/// Words of a statement that are looked at: the table comes early, or not.
const WORDS: usize = 64;

/// Bytes of a resource that are looked at.
const RESOURCE_BYTES: usize = 1024;

/// Verbs of SQL, and the word that stands before the first table.
const VERBS: [(&str, Before); 16] = [
    ("SELECT", Before::Word("FROM")),
    ("INSERT", Before::Word("INTO")),
    ("UPDATE", Before::Nothing),
    ("DELETE", Before::Word("FROM")),
    ("REPLACE", Before::Word("INTO")),
    ("MERGE", Before::Word("INTO")),
    ("WITH", Before::Word("FROM")),
    ("CREATE", Before::Word("TABLE")),
    ("ALTER", Before::Word("TABLE")),
    ("DROP", Before::Word("TABLE")),
    ("TRUNCATE", Before::Word("TABLE")),
    ("CALL", Before::Nothing),
    ("SHOW", Before::Word("FROM")),
    ("SET", Before::NoTable),
    ("BEGIN", Before::NoTable),
    ("COMMIT", Before::NoTable),
];

/// Words between that and the table.
const NO_TABLES: [&str; 6] = ["IF", "NOT", "EXISTS", "ONLY", "LOW_PRIORITY", "IGNORE"];

/// What names are quoted with.
const QUOTES: [char; 4] = ['`', '"', '[', ']'];

/// What stands before the first table of a statement.
#[derive(Clone, Copy)]
enum Before {
    Word(&'static str),
    Nothing,
    NoTable,
}

/// Appends the endpoint of a record.
pub(crate) fn push_endpoint(out: &mut String, log: &RequestLog) {
    if let Some(endpoint) = log.fields.text(Field::Endpoint) {
        out.push_str(cut(endpoint, ENDPOINT_BYTES));
        return;
    }
    let resource = cut(log.fields.text(Field::RequestResource).unwrap_or_default(), RESOURCE_BYTES);
    let text = resource.trim_ascii_start();
    let statement = without_comment(text);
    let end = out.len() + ENDPOINT_BYTES;
    // Most resources are paths, which need not be looked through for a word.
    let first = if statement.starts_with('/') { "" } else { word(statement) };
    if let Some((verb, before)) = VERBS.iter().find(|(verb, _)| verb.eq_ignore_ascii_case(first)) {
        out.push_str(verb);
        if let Some(table) = table(statement, *before) {
            out.push(' ');
            out.extend(table.chars().filter(|c| !QUOTES.contains(c)));
        }
    } else if text.starts_with('/') || !text.contains(' ') {
        push_name(out, text);
    } else {
        let command = word(text);
        let kind = log.fields.text(Field::RequestType);
        out.push_str(if kind.is_some_and(|kind| kind.eq_ignore_ascii_case(command)) { "" } else { command });
    }
    let kept = cut(out, end).len();
    out.truncate(kept);
}

/// Programs put trace ids into comments in front of a statement.
fn without_comment(text: &str) -> &str {
    let comment = text.strip_prefix("/*").and_then(|rest| rest.split_once("*/"));
    comment.map_or(text, |(_, rest)| rest.trim_ascii_start())
}

/// The first word.
fn word(text: &str) -> &str {
    text.split(|c: char| c.is_ascii_whitespace() || c == ';' || c == '(').next().unwrap_or_default()
}

fn table(statement: &str, before: Before) -> Option<&str> {
    let mut words = statement.split_ascii_whitespace().take(WORDS).skip(1);
    loop {
        match before {
            Before::Word(before) => words.find(|word| before.eq_ignore_ascii_case(word)).map(drop)?,
            Before::Nothing => {}
            Before::NoTable => return None,
        }
        let name = words.find(|word| !NO_TABLES.iter().any(|no| no.eq_ignore_ascii_case(word)))?;
        let name = name.split(['(', ')', ',', ';']).next().unwrap_or_default();
        // `FROM (SELECT ...`: the table stands further in.
        if !name.is_empty() {
            return Some(name);
        }
    }
}

fn push_name(out: &mut String, text: &str) {
    let is_path = text.starts_with('/');
    let ends_part = |byte: u8| byte == b'/' || !is_path && (byte == b'.' || byte == b':');
    let ends = |byte: u8| ends_part(byte) || is_path && matches!(byte, b'?' | b'#' | b' ');
    let mut rest = text;
    // A path begins with its first separator.
    let mut left = if is_path { PARTS + 1 } else { usize::MAX };
    while !rest.is_empty() {
        if left == 0 {
            out.push('…');
            return;
        }
        left -= 1;
        // What ends a part is ASCII, so it is no piece of another character.
        let (name, behind) = rest.split_at(rest.bytes().position(ends).unwrap_or(rest.len()));
        out.push_str(if is_id(name) { "*" } else { name });
        match behind.bytes().next().filter(|byte| ends_part(*byte)) {
            Some(end) => out.push(char::from(end)),
            None => return,
        }
        rest = behind.get(1..).unwrap_or_default();
    }
}

/// It has a digit, and is a number, date or version; or at least 8 characters of hexadecimal digits and `-`; or at least 16 characters with
/// three digits.
fn is_id(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let numeric = |b: u8| b.is_ascii_digit() || b"-_.,:+~".contains(&b);
    let hexadecimal = |b: u8| b.is_ascii_hexdigit() || b == b'-';
    digits > 0
        && (part.bytes().all(numeric)
            || part.len() >= 8 && part.bytes().all(hexadecimal)
            || part.len() >= 16 && digits >= 3)
}

/// The beginning of a text, of `limit` bytes at most.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::tests::log;
    use proptest::prelude::*;
    use weir_request_log::Value;

    fn endpoint(kind: &str, resource: &str) -> String {
        let mut log = log("X", resource);
        log.fields.set(Field::RequestType, Value::Text(kind));
        let mut out = String::new();
        push_endpoint(&mut out, &log);
        out
    }

    #[test]
    fn what_differs_from_request_to_request_is_a_star() {
        for (resource, wanted) in [
            ("/users/123/orders/9f3c1b2a?full=1", "/users/*/orders/*"),
            ("/api/v1/orders", "/api/v1/orders"),
            ("/a/550e8400-e29b-41d4-a716-446655440000/", "/a/*/"),
            ("/report/2024-01-31/page2#top", "/report/*/page2"),
            ("/t/eyJhbGciOiJIUzI1NiIsInR5cCI6", "/t/*"),
            ("/decade/facade/deadbeef", "/decade/facade/deadbeef"),
            ("/1/2/3/4/5/6/7/8/9/10", "/*/*/*/*/*/*/*/*/…"),
            ("/", "/"),
            ("", ""),
            ("user:123", "user:*"),
            ("4.3.2.1.in-addr.arpa", "*.*.*.*.in-addr.arpa"),
            ("orders.created", "orders.created"),
            ("/shop.Cart/Add", "/shop.Cart/Add"),
        ] {
            assert_eq!(endpoint("GET", resource), wanted, "{resource}");
        }
    }

    #[test]
    fn statements_are_verb_and_table() {
        for (statement, wanted) in [
            ("SELECT * FROM orders WHERE id = 7", "SELECT orders"),
            ("select `a`,b from `shop`.`orders`, x", "SELECT shop.orders"),
            ("/* trace=77 */ insert into users(name) values ('x')", "INSERT users"),
            ("UPDATE stock SET n = 1", "UPDATE stock"),
            ("SELECT a FROM (SELECT b FROM inner_one) t", "SELECT inner_one"),
            ("CREATE TABLE IF NOT EXISTS t (a INT)", "CREATE t"),
            ("SELECT 1", "SELECT"),
            ("begin", "BEGIN"),
            ("SET NAMES utf8", "SET"),
            ("DELETE FROM", "DELETE"),
        ] {
            assert_eq!(endpoint("COM_QUERY", statement), wanted, "{statement}");
        }
    }

    #[test]
    fn command_lines_are_their_command() {
        assert_eq!(endpoint("GET", "GET user:7"), "");
        assert_eq!(endpoint("", "get user:7"), "get");
        let mut named = log("X", "/a/1");
        named.fields.set(Field::Endpoint, Value::Text("/a/{id}"));
        let mut out = String::new();
        push_endpoint(&mut out, &named);
        assert_eq!(out, "/a/{id}");
    }

    proptest! {
        #[test]
        fn any_text_gives_a_short_one(kind in ".{0,8}", resource in "(SELECT |/|)(\\PC|[ /.:(;]|FROM |é){0,400}") {
            prop_assert!(endpoint(&kind, &resource).len() <= ENDPOINT_BYTES);
        }

        #[test]
        fn an_endpoint_is_its_own_endpoint(path in "(/[a-z0-9*-]{0,12}){1,7}") {
            let once = endpoint("", &path);
            prop_assert_eq!(endpoint("", &once), once);
        }
    }
}
