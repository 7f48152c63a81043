//! Lines that only Redis has: commands as they are typed, status words, error codes.

/// Commands that no other line protocol has, in any case, and how many arguments they take. `GET`, `SET` and their like are
/// memcached's and HTTP's, `PING` is NATS', `QUIT` and `AUTH` belong to mail.
const TYPED: &[(&[u8], usize, usize)] = &[
    (b"CLIENT", 1, 9),
    (b"CLUSTER", 1, 9),
    (b"CONFIG", 1, 9),
    (b"DBSIZE", 0, 0),
    (b"EXISTS", 1, 9),
    (b"EXPIRE", 2, 3),
    (b"FLUSHALL", 0, 1),
    (b"FLUSHDB", 0, 1),
    (b"HGET", 2, 2),
    (b"HGETALL", 1, 1),
    (b"HSET", 3, 9),
    (b"INFO", 0, 1),
    (b"KEYS", 1, 1),
    (b"LLEN", 1, 1),
    (b"LPOP", 1, 2),
    (b"LPUSH", 2, 9),
    (b"LRANGE", 3, 3),
    (b"MGET", 1, 9),
    (b"MONITOR", 0, 0),
    (b"PSYNC", 2, 2),
    (b"PTTL", 1, 1),
    (b"RPOP", 1, 2),
    (b"RPUSH", 2, 9),
    (b"SADD", 2, 9),
    (b"SCAN", 1, 7),
    (b"SETEX", 3, 3),
    (b"SETNX", 2, 2),
    (b"SLOWLOG", 1, 2),
    (b"SMEMBERS", 1, 1),
    (b"SYNC", 0, 0),
    (b"TTL", 1, 1),
    (b"ZADD", 3, 9),
    (b"ZRANGE", 3, 9),
];

/// Commands that others have as well: the server's answer decides. Memcached's are lower-case.
const SHARED: [(&[u8], usize, usize); 6] =
    [(b"DEL", 1, 9), (b"GET", 1, 1), (b"INCR", 1, 1), (b"PING", 0, 1), (b"SET", 2, 9), (b"ping", 0, 1)];

/// How much like Redis a typed line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Not at all.
    No,
    /// Others have the same command.
    Shared,
    /// Nobody else has it.
    Own,
}

/// First letters of what [`command`] accepts.
pub(super) fn first_letters() -> Vec<Vec<u8>> {
    let upper = TYPED.iter().chain(&SHARED).filter_map(|(name, ..)| name.get(..3));
    let mut all: Vec<Vec<u8>> = upper.flat_map(|name| [name.to_vec(), name.to_ascii_lowercase()]).collect();
    all.sort();
    all.dedup();
    all
}

/// Judges the first line of bytes that end with one.
pub(super) fn command(bytes: &[u8]) -> Typed {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let ends = bytes.last() == Some(&b'\n');
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !ends || line.len() > super::MAX_DOUBTFUL_LINE || line.iter().any(u8::is_ascii_control) {
        return Typed::No;
    }
    let mut words = line.split(|b| *b == b' ');
    let name = words.next().unwrap_or_default();
    let arguments = words.clone().count();
    let first = words.next().unwrap_or_default();
    // `GET /` and `GET http://a/` are HTTP's, `INFO {"server_id":` is NATS'.
    if first.starts_with(b"/") || first.starts_with(b"{") || first.windows(3).any(|w| w == b"://") {
        return Typed::No;
    }
    let fits = |least: usize, most: usize| (least..=most).contains(&arguments);
    if TYPED.iter().any(|(known, least, most)| name.eq_ignore_ascii_case(known) && fits(*least, *most)) {
        Typed::Own
    } else if SHARED.iter().any(|(known, least, most)| name == *known && fits(*least, *most)) {
        Typed::Shared
    } else {
        Typed::No
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
