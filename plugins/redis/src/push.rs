//! What a server sends unasked, and what it answers to subscriptions.
//!
//! Takes: the elements of an array whose first one is a name. Gives: what it says. RESP3 marks pushes with `>`, RESP2 sends
//! plain arrays. Source: redis.io, "Redis Pub/Sub" and "Client-side caching".

use crate::command::Class;
use crate::conversation::Notice;
use crate::wire::{self, Bulk, Length, MAX_COUNT, TOLD, Trouble};

/// Longest name of a push that is looked for.
const MAX_NAME: usize = 32;

/// An array whose first element is a name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Push<'a> {
    /// Somebody published.
    Message { name: &'a [u8], channel: Bulk<'a>, payload: Bulk<'a>, total: u64 },
    /// Answers a subscription command.
    Notice { name: &'a [u8], notice: Notice, total: u64 },
    /// A key that the client keeps has changed.
    Invalidation { name: &'a [u8], key: Option<&'a [u8]> },
    /// Any other name, or none.
    Other { name: Option<&'a [u8]> },
}

/// The first element of what a server sends to subscribers in RESP2, and no command's name.
pub(crate) fn is_name(word: &[u8]) -> bool {
    matches!(word, b"message" | b"pmessage" | b"smessage")
}

/// The bytes begin with what only a subscriber gets.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 4] =
        [b">", b"*3\r\n$7\r\nmessage\r\n", b"*4\r\n$8\r\npmessage\r\n", b"*3\r\n$8\r\nsmessage\r\n"];
    BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning))
}

/// The same as [`read`] for what was published, when its end was cut off.
pub(crate) fn read_cut(count: u64, bytes: &[u8]) -> Option<Push<'_>> {
    let (name, taken) = name(bytes).ok()??;
    let rest = bytes.get(taken..)?;
    let push = match (name, count) {
        (b"message" | b"smessage", 3) => message(name, 1, rest, wire::cut_bulk),
        (b"pmessage", 4) => message(name, 2, rest, wire::cut_bulk),
        _ => return None,
    };
    match push.ok()?? {
        Push::Message { name, channel, payload, total } => {
            Some(Push::Message { name, channel, payload, total: total + taken as u64 })
        }
        _ => None,
    }
}

/// Reads the elements of an array of `count`, from the first one on. Lengths are counted from there.
pub(crate) fn read(count: u64, bytes: &[u8]) -> Result<Push<'_>, Trouble> {
    let Some((name, taken)) = name(bytes)? else { return Ok(Push::Other { name: None }) };
    let rest = bytes.get(taken..).unwrap_or_default();
    let push = match (name, count) {
        (b"message" | b"smessage", 3) => message(name, 1, rest, text),
        (b"pmessage", 4) => message(name, 2, rest, text),
        (b"subscribe", 3) => notice(name, Class::Channel, false, rest),
        (b"psubscribe", 3) => notice(name, Class::Pattern, false, rest),
        (b"ssubscribe", 3) => notice(name, Class::Shard, false, rest),
        (b"unsubscribe", 3) => notice(name, Class::Channel, true, rest),
        (b"punsubscribe", 3) => notice(name, Class::Pattern, true, rest),
        (b"sunsubscribe", 3) => notice(name, Class::Shard, true, rest),
        (b"invalidate", 2) => key(rest).map(|key| Some(Push::Invalidation { name, key })),
        _ => Ok(None),
    };
    match push.map_err(|t| t.behind(taken))? {
        Some(Push::Message { name, channel, payload, total }) => {
            Ok(Push::Message { name, channel, payload, total: total + taken as u64 })
        }
        Some(Push::Notice { name, notice, total }) => {
            Ok(Push::Notice { name, notice, total: total + taken as u64 })
        }
        Some(push) => Ok(push),
        None => Ok(Push::Other { name: Some(name) }),
    }
}

/// The first element when it is a short string, and how long it is.
fn name(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Trouble> {
    match bytes.first() {
        Some(b'$') => {}
        Some(b'+') => {
            let line = wire::line(bytes.get(1..).unwrap_or_default()).map_err(|t| t.behind(1))?;
            return Ok((line.len() <= MAX_NAME).then_some((line, line.len() + 3)));
        }
        Some(_) => return Ok(None),
        None => return Err(Trouble::Short(1)),
    }
    match wire::length(bytes.get(1..).unwrap_or_default(), wire::MAX_BULK).map_err(|t| t.behind(1))?.0 {
        Length::Known(size) if size <= MAX_NAME as u64 => {}
        _ => return Ok(None),
    }
    let (bulk, total) = wire::bulk(bytes, MAX_NAME)?;
    Ok(bulk.map(|b| (b.head, total as usize)))
}

/// Reads a string; none when it is something else.
type Text<'a> = fn(&'a [u8]) -> Result<Option<Bulk<'a>>, Trouble>;

/// The channel is the `channel`th element behind the name, the payload the one behind it.
fn message<'a>(
    name: &'a [u8],
    channel: usize,
    bytes: &'a [u8],
    payload: Text<'a>,
) -> Result<Option<Push<'a>>, Trouble> {
    let mut at = 0;
    if channel == 2 {
        let Some(pattern) = text(bytes)? else { return Ok(None) };
        let Some(taken) = here(pattern.total, bytes)? else { return Ok(None) };
        at = taken;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(channel) = text(rest).map_err(|t| t.behind(at))? else { return Ok(None) };
    let Some(taken) = here(channel.total, rest).map_err(|t| t.behind(at))? else { return Ok(None) };
    at += taken;
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(payload) = payload(rest).map_err(|t| t.behind(at))? else { return Ok(None) };
    let total = at as u64 + payload.total;
    Ok(Some(Push::Message { name, channel, payload, total }))
}

/// A string; none when the element is something else.
fn text(bytes: &[u8]) -> Result<Option<Bulk<'_>>, Trouble> {
    match bytes.first() {
        Some(b'$') => Ok(wire::bulk(bytes, TOLD)?.0),
        Some(_) => Ok(None),
        None => Err(Trouble::Short(1)),
    }
}

/// The length of an element that has to be seen whole; none when it is too long for a channel's name.
fn here(total: u64, bytes: &[u8]) -> Result<Option<usize>, Trouble> {
    match usize::try_from(total) {
        Ok(total) if total <= TOLD + 16 => {
            if bytes.len() < total {
                Err(Trouble::Short(total))
            } else {
                Ok(Some(total))
            }
        }
        _ => Ok(None),
    }
}

fn notice<'a>(name: &'a [u8], class: Class, leaves: bool, bytes: &[u8]) -> Result<Option<Push<'a>>, Trouble> {
    let (no_channel, at) = match bytes.first() {
        Some(b'$') => {
            let (bulk, total) = wire::bulk(bytes, 0)?;
            let Some(at) = here(total, bytes)? else { return Ok(None) };
            (bulk.is_none(), at)
        }
        Some(b'_') => {
            wire::line(bytes.get(1..).unwrap_or_default()).map_err(|t| t.behind(1))?;
            (true, 3)
        }
        Some(_) => return Ok(None),
        None => return Err(Trouble::Short(1)),
    };
    match bytes.get(at) {
        Some(b':') => {}
        Some(_) => return Ok(None),
        None => return Err(Trouble::Short(at + 1)),
    }
    let (count, taken) =
        wire::number(bytes.get(at + 1..).unwrap_or_default()).map_err(|t| t.behind(at + 1))?;
    let count = u32::try_from(count).map_err(|_| Trouble::Wrong)?;
    let total = (at + 1 + taken) as u64;
    let notice = Notice { class, leaves, no_channel, count };
    Ok(Some(Push::Notice { name, notice, total }))
}

/// The first key of an array of keys.
fn key(bytes: &[u8]) -> Result<Option<&[u8]>, Trouble> {
    let keys = match bytes.first() {
        Some(b'*') => {
            let (length, taken) =
                wire::length(bytes.get(1..).unwrap_or_default(), MAX_COUNT).map_err(|t| t.behind(1))?;
            if matches!(length, Length::Known(1..)) { taken + 1 } else { return Ok(None) }
        }
        Some(_) => return Ok(None),
        None => return Err(Trouble::Short(1)),
    };
    let rest = bytes.get(keys..).unwrap_or_default();
    Ok(text(rest).map_err(|t| t.behind(keys))?.map(|b| b.head))
}
