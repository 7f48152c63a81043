//! Lines that only Redis has: commands as they are typed, status words, error codes.

use crate::command;

/// Commands that no other line protocol has, in any case. `GET`, `SET` and their like are memcached's and HTTP's, `PING`
/// is NATS', `QUIT` and `AUTH` belong to mail.
const TYPED: &[&[u8]] = &[
    b"CLIENT",
    b"CLUSTER",
    b"CONFIG",
    b"DBSIZE",
    b"EXISTS",
    b"EXPIRE",
    b"FLUSHALL",
    b"FLUSHDB",
    b"HGET",
    b"HGETALL",
    b"HSET",
    b"INFO",
    b"KEYS",
    b"LLEN",
    b"LPOP",
    b"LPUSH",
    b"LRANGE",
    b"MGET",
    b"MONITOR",
    b"MSET",
    b"PSYNC",
    b"PTTL",
    b"RPOP",
    b"RPUSH",
    b"SADD",
    b"SCAN",
    b"SELECT",
    b"SETEX",
    b"SETNX",
    b"SLOWLOG",
    b"SMEMBERS",
    b"SYNC",
    b"TTL",
    b"ZADD",
    b"ZRANGE",
];

/// First letters of what [`is_command`] accepts.
pub(super) fn first_letters() -> Vec<Vec<u8>> {
    const OTHERS: [&[u8]; 4] = [b"PING", b"GET", b"SET", b"INCR"];
    let upper = TYPED.iter().chain(&OTHERS).filter_map(|name| name.get(..3));
    let mut all: Vec<Vec<u8>> = upper.flat_map(|name| [name.to_vec(), name.to_ascii_lowercase()]).collect();
    all.sort();
    all.dedup();
    all
}

/// Lines that begin and end a command each. Nothing of it is believed that could be memcached, NATS, HTTP or mail.
pub(super) fn is_command(bytes: &[u8], from_start: bool) -> bool {
    let Some(lines) = bytes.strip_suffix(b"\r\n") else { return false };
    let Some(line) = lines.split(|b| *b == b'\n').next() else { return false };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > super::MAX_DOUBTFUL_LINE || line.iter().any(u8::is_ascii_control) {
        return false;
    }
    let mut words = line.split(|b| *b == b' ');
    let name = words.next().unwrap_or_default();
    let arguments = words.clone().count();
    let first = words.next().unwrap_or_default();
    match name {
        // NATS pings as well, but never first.
        b"PING" | b"ping" => from_start && arguments == 0,
        b"GET" | b"INCR" => from_start && arguments == 1 && is_key(first),
        b"SET" => from_start && arguments >= 2 && is_key(first),
        // NATS' server says `INFO {"server_id":...}`.
        _ if name.eq_ignore_ascii_case(b"INFO") => arguments <= 1 && !first.starts_with(b"{"),
        _ => TYPED.iter().any(|typed| name.eq_ignore_ascii_case(typed)) && arity_fits(name, arguments),
    }
}

/// A key as people choose them, no URL.
fn is_key(word: &[u8]) -> bool {
    !word.is_empty() && !word.starts_with(b"/") && !word.windows(3).any(|w| w == b"://")
}

fn arity_fits(name: &[u8], arguments: usize) -> bool {
    let is = |word: &[u8]| name.eq_ignore_ascii_case(word);
    if is(b"DBSIZE") || is(b"MONITOR") || is(b"SYNC") {
        arguments == 0
    } else if is(b"FLUSHALL") || is(b"FLUSHDB") {
        arguments <= 1
    } else {
        command::is_known(name) && arguments >= 1
    }
}

/// A status that is neither `OK`, which NATS and mail say as well, nor free text.
pub(super) fn is_own_status(line: &[u8]) -> bool {
    let monitored = line.get(10) == Some(&b'.')
        && line.get(..10).is_some_and(|s| s.iter().all(u8::is_ascii_digit))
        && line.get(17..19) == Some(b" [");
    const PREFIXES: [&[u8]; 3] = [b"FULLRESYNC ", b"CONTINUE ", b"Background "];
    matches!(line, b"PONG" | b"QUEUED" | b"CONTINUE" | b"NOAUTH" | b"RESET")
        || monitored
        || PREFIXES.iter().any(|prefix| line.starts_with(prefix))
}

/// Whether an error line is one of Redis' own; none: it is no error line of RESP at all.
pub(super) fn is_error(line: &[u8]) -> Option<bool> {
    let end = line.iter().position(|b| *b == b' ')?;
    let (code, text) = line.split_at(end);
    let text = text.get(1..).unwrap_or_default();
    if code.len() < 2 || !code.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return None;
    }
    if code == b"ERR" {
        return Some(OWN_ERRORS.iter().any(|own| text.starts_with(own)));
    }
    Some(CODES.contains(&code))
}

/// NATS quotes its texts, mail's begin with a capital letter.
const OWN_ERRORS: [&[u8]; 14] = [
    b"unknown command '",
    b"unknown command `",
    b"unknown subcommand",
    b"wrong number of arguments",
    b"syntax error",
    b"value is not",
    b"no such key",
    b"index out of range",
    b"invalid ",
    b"Protocol error",
    b"increment or decrement",
    b"Error compiling script",
    b"Error running script",
    b"max number of clients reached",
];

const CODES: [&[u8]; 29] = [
    b"ASK",
    b"BUSY",
    b"BUSYGROUP",
    b"BUSYKEY",
    b"CLUSTERDOWN",
    b"CROSSSLOT",
    b"DENIED",
    b"EXECABORT",
    b"FENCED",
    b"INPROG",
    b"LOADING",
    b"MASTERDOWN",
    b"MISCONF",
    b"MOVED",
    b"NOAUTH",
    b"NOGOODSLAVE",
    b"NOGROUP",
    b"NOMASTERLINK",
    b"NOPERM",
    b"NOPROTO",
    b"NOREPLICAS",
    b"NOSCRIPT",
    b"NOTBUSY",
    b"OOM",
    b"READONLY",
    b"TRYAGAIN",
    b"UNBLOCKED",
    b"WRONGPASS",
    b"WRONGTYPE",
];
