//! What the parser has to know of single commands: which change the conversation, which carry passwords.
//!
//! Source: the command reference (redis.io/commands), Redis 7.4.

use crate::draft::Draft;

/// Kinds of subscriptions; Redis keeps their names apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Channel = 0,
    Pattern = 1,
    Shard = 2,
}

/// What a command does to the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// One command, one reply.
    None,
    /// One reply a channel.
    Subscription {
        class: Class,
        leaves: bool,
        channels: u32,
    },
    RepliesOn,
    RepliesOff,
    SkipReply,
    /// The connection becomes a replication stream when the server agrees.
    Sync,
    /// It is one already.
    Replicates,
    /// Everything back to the start.
    Reset,
}

/// Tells from the upper-case name and the first arguments.
pub(crate) fn effect(name: &[u8], draft: &Draft) -> Effect {
    let channels = draft.words().saturating_sub(1);
    let subscription = |class, leaves| Effect::Subscription { class, leaves, channels };
    match name {
        b"SUBSCRIBE" => subscription(Class::Channel, false),
        b"PSUBSCRIBE" => subscription(Class::Pattern, false),
        b"SSUBSCRIBE" => subscription(Class::Shard, false),
        b"UNSUBSCRIBE" => subscription(Class::Channel, true),
        b"PUNSUBSCRIBE" => subscription(Class::Pattern, true),
        b"SUNSUBSCRIBE" => subscription(Class::Shard, true),
        b"CLIENT" if draft.word(1).eq_ignore_ascii_case(b"REPLY") => match draft.word(2).first() {
            Some(b's' | b'S') => Effect::SkipReply,
            Some(b'o' | b'O') if draft.word(2).eq_ignore_ascii_case(b"OFF") => Effect::RepliesOff,
            Some(b'o' | b'O') => Effect::RepliesOn,
            _ => Effect::None,
        },
        b"PSYNC" | b"SYNC" => Effect::Sync,
        b"REPLCONF" if draft.word(1).eq_ignore_ascii_case(b"ACK") => Effect::Replicates,
        b"RESET" => Effect::Reset,
        _ => Effect::None,
    }
}

/// Commands whose arguments hold passwords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Secret {
    #[default]
    None,
    /// `AUTH [user] password`
    Auth,
    /// `HELLO 3 AUTH user password`
    Hello,
    /// `MIGRATE ... AUTH password`, `AUTH2 user password`
    Migrate,
    /// `CONFIG SET requirepass password`, `SENTINEL SET master auth-pass password`
    Setting,
    /// `ACL SETUSER user >password <password #hash !hash`
    Acl,
}

impl Secret {
    /// By name, in any case.
    pub(crate) fn of(name: &[u8]) -> Self {
        // Most commands are ruled out by their first letter.
        let Some(b'A' | b'a' | b'C' | b'c' | b'H' | b'h' | b'M' | b'm' | b'S' | b's') = name.first() else {
            return Self::None;
        };
        let is = |word: &[u8]| name.eq_ignore_ascii_case(word);
        if is(b"AUTH") {
            Self::Auth
        } else if is(b"HELLO") {
            Self::Hello
        } else if is(b"MIGRATE") {
            Self::Migrate
        } else if is(b"CONFIG") || is(b"SENTINEL") {
            Self::Setting
        } else if is(b"ACL") {
            Self::Acl
        } else {
            Self::None
        }
    }
}

/// Settings of `CONFIG SET` and `SENTINEL SET` that are passwords.
pub(crate) fn is_secret_setting(word: &[u8]) -> bool {
    const SETTINGS: [&[u8]; 6] = [
        b"requirepass",
        b"masterauth",
        b"auth-pass",
        b"sentinel-pass",
        b"tls-key-file-pass",
        b"tls-client-key-file-pass",
    ];
    SETTINGS.iter().any(|s| word.eq_ignore_ascii_case(s))
}

/// A name that a command could have: what Redis and its modules use, and what people rename commands to.
pub(crate) fn is_plausible(name: &[u8]) -> bool {
    let middle = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'|' | b':');
    // The longest of Redis' own is `GEORADIUSBYMEMBER_RO`.
    (2..=64).contains(&name.len())
        && name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(middle)
}

/// A name of Redis itself, or of the well-known modules.
pub(crate) fn is_known(name: &[u8]) -> bool {
    let mut upper = [0; 24];
    let Some(slot) = upper.get_mut(..name.len()) else { return false };
    slot.copy_from_slice(name);
    slot.make_ascii_uppercase();
    let slot = &*slot;
    KNOWN.binary_search(&slot).is_ok()
        || MODULES.iter().any(|prefix| slot.strip_prefix(*prefix).is_some_and(|rest| !rest.is_empty()))
}

/// RediSearch, RedisJSON, time series, Bloom and its kin, graph, gears.
const MODULES: [&[u8]; 10] =
    [b"BF.", b"CF.", b"CMS.", b"FT.", b"GRAPH.", b"JSON.", b"RG.", b"TDIGEST.", b"TOPK.", b"TS."];

/// Sorted.
const KNOWN: &[&[u8]] = &[
    b"ACL",
    b"APPEND",
    b"ASKING",
    b"AUTH",
    b"BGREWRITEAOF",
    b"BGSAVE",
    b"BITCOUNT",
    b"BITFIELD",
    b"BITFIELD_RO",
    b"BITOP",
    b"BITPOS",
    b"BLMOVE",
    b"BLMPOP",
    b"BLPOP",
    b"BRPOP",
    b"BRPOPLPUSH",
    b"BZMPOP",
    b"BZPOPMAX",
    b"BZPOPMIN",
    b"CLIENT",
    b"CLUSTER",
    b"COMMAND",
    b"CONFIG",
    b"COPY",
    b"DBSIZE",
    b"DEBUG",
    b"DECR",
    b"DECRBY",
    b"DEL",
    b"DISCARD",
    b"DUMP",
    b"ECHO",
    b"EVAL",
    b"EVALSHA",
    b"EVALSHA_RO",
    b"EVAL_RO",
    b"EXEC",
    b"EXISTS",
    b"EXPIRE",
    b"EXPIREAT",
    b"EXPIRETIME",
    b"FAILOVER",
    b"FCALL",
    b"FCALL_RO",
    b"FLUSHALL",
    b"FLUSHDB",
    b"FUNCTION",
    b"GEOADD",
    b"GEODIST",
    b"GEOHASH",
    b"GEOPOS",
    b"GEORADIUS",
    b"GEORADIUSBYMEMBER",
    b"GEORADIUSBYMEMBER_RO",
    b"GEORADIUS_RO",
    b"GEOSEARCH",
    b"GEOSEARCHSTORE",
    b"GET",
    b"GETBIT",
    b"GETDEL",
    b"GETEX",
    b"GETRANGE",
    b"GETSET",
    b"HDEL",
    b"HELLO",
    b"HEXISTS",
    b"HEXPIRE",
    b"HEXPIREAT",
    b"HEXPIRETIME",
    b"HGET",
    b"HGETALL",
    b"HGETDEL",
    b"HGETEX",
    b"HINCRBY",
    b"HINCRBYFLOAT",
    b"HKEYS",
    b"HLEN",
    b"HMGET",
    b"HMSET",
    b"HPERSIST",
    b"HPEXPIRE",
    b"HPEXPIREAT",
    b"HPEXPIRETIME",
    b"HPTTL",
    b"HRANDFIELD",
    b"HSCAN",
    b"HSET",
    b"HSETEX",
    b"HSETNX",
    b"HSTRLEN",
    b"HTTL",
    b"HVALS",
    b"INCR",
    b"INCRBY",
    b"INCRBYFLOAT",
    b"INFO",
    b"KEYS",
    b"LASTSAVE",
    b"LATENCY",
    b"LCS",
    b"LINDEX",
    b"LINSERT",
    b"LLEN",
    b"LMOVE",
    b"LMPOP",
    b"LOLWUT",
    b"LPOP",
    b"LPOS",
    b"LPUSH",
    b"LPUSHX",
    b"LRANGE",
    b"LREM",
    b"LSET",
    b"LTRIM",
    b"MEMORY",
    b"MGET",
    b"MIGRATE",
    b"MODULE",
    b"MONITOR",
    b"MOVE",
    b"MSET",
    b"MSETNX",
    b"MULTI",
    b"OBJECT",
    b"PERSIST",
    b"PEXPIRE",
    b"PEXPIREAT",
    b"PEXPIRETIME",
    b"PFADD",
    b"PFCOUNT",
    b"PFDEBUG",
    b"PFMERGE",
    b"PFSELFTEST",
    b"PING",
    b"PSETEX",
    b"PSUBSCRIBE",
    b"PSYNC",
    b"PTTL",
    b"PUBLISH",
    b"PUBSUB",
    b"PUNSUBSCRIBE",
    b"QUIT",
    b"RANDOMKEY",
    b"READONLY",
    b"READWRITE",
    b"RENAME",
    b"RENAMENX",
    b"REPLCONF",
    b"REPLICAOF",
    b"RESET",
    b"RESTORE",
    b"RESTORE-ASKING",
    b"ROLE",
    b"RPOP",
    b"RPOPLPUSH",
    b"RPUSH",
    b"RPUSHX",
    b"SADD",
    b"SAVE",
    b"SCAN",
    b"SCARD",
    b"SCRIPT",
    b"SDIFF",
    b"SDIFFSTORE",
    b"SELECT",
    b"SENTINEL",
    b"SET",
    b"SETBIT",
    b"SETEX",
    b"SETNX",
    b"SETRANGE",
    b"SHUTDOWN",
    b"SINTER",
    b"SINTERCARD",
    b"SINTERSTORE",
    b"SISMEMBER",
    b"SLAVEOF",
    b"SLOWLOG",
    b"SMEMBERS",
    b"SMISMEMBER",
    b"SMOVE",
    b"SORT",
    b"SORT_RO",
    b"SPOP",
    b"SPUBLISH",
    b"SRANDMEMBER",
    b"SREM",
    b"SSCAN",
    b"SSUBSCRIBE",
    b"STRLEN",
    b"SUBSCRIBE",
    b"SUBSTR",
    b"SUNION",
    b"SUNIONSTORE",
    b"SUNSUBSCRIBE",
    b"SWAPDB",
    b"SYNC",
    b"TIME",
    b"TOUCH",
    b"TTL",
    b"TYPE",
    b"UNLINK",
    b"UNSUBSCRIBE",
    b"UNWATCH",
    b"VADD",
    b"VSIM",
    b"WAIT",
    b"WAITAOF",
    b"WATCH",
    b"XACK",
    b"XADD",
    b"XAUTOCLAIM",
    b"XCLAIM",
    b"XDEL",
    b"XGROUP",
    b"XINFO",
    b"XLEN",
    b"XPENDING",
    b"XRANGE",
    b"XREAD",
    b"XREADGROUP",
    b"XREVRANGE",
    b"XSETID",
    b"XTRIM",
    b"ZADD",
    b"ZCARD",
    b"ZCOUNT",
    b"ZDIFF",
    b"ZDIFFSTORE",
    b"ZINCRBY",
    b"ZINTER",
    b"ZINTERCARD",
    b"ZINTERSTORE",
    b"ZLEXCOUNT",
    b"ZMPOP",
    b"ZMSCORE",
    b"ZPOPMAX",
    b"ZPOPMIN",
    b"ZRANDMEMBER",
    b"ZRANGE",
    b"ZRANGEBYLEX",
    b"ZRANGEBYSCORE",
    b"ZRANGESTORE",
    b"ZRANK",
    b"ZREM",
    b"ZREMRANGEBYLEX",
    b"ZREMRANGEBYRANK",
    b"ZREMRANGEBYSCORE",
    b"ZREVRANGE",
    b"ZREVRANGEBYLEX",
    b"ZREVRANGEBYSCORE",
    b"ZREVRANK",
    b"ZSCAN",
    b"ZSCORE",
    b"ZUNION",
    b"ZUNIONSTORE",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(KNOWN.is_sorted(), "searched by halves");
        assert!(is_known(b"get") && is_known(b"ZUNIONSTORE") && is_known(b"FT.SEARCH"));
        assert!(!is_known(b"") && !is_known(b"FT.") && !is_known(b"NOSUCHCMD") && !is_known(&[b'G'; 100]));
        assert!(is_plausible(b"NOSUCHCMD") && is_plausible(b"FT.SEARCH") && is_plausible(b"xx_renamed-1"));
        assert!(
            !is_plausible(b"1x")
                && !is_plausible(b"a b")
                && !is_plausible(b"x")
                && !is_plausible(&[b'a'; 65])
        );
    }
}
