//! Whose bytes are these? And, behind a gap: does a message begin here?
//!
//! Takes: bytes from anywhere in a stream. Gives: a verdict. A few other protocols are close: NATS answers `+OK` and
//! `-ERR '...'` and sends `PING`, POP3 answers `+OK text` and `-ERR text`, memcached's commands are words in a line.

use weir_plugin_sdk::parser::Sender;
use weir_plugin_sdk::prelude::*;

use crate::command;
use crate::nesting::Nesting;
use crate::push;
use crate::wire::{self, Length, MAX_BULK, MAX_COUNT, Trouble};

mod typed;

use typed::Typed;

/// Longer lines of a server are not believed without context.
const MAX_DOUBTFUL_LINE: usize = 512;

/// First bytes of commands and replies. Two bytes each where one would fit a twentieth of all random payloads.
pub(crate) fn signatures() -> Vec<Vec<u8>> {
    let digits = b"0123456789";
    let mut all: Vec<Vec<u8>> = Vec::new();
    for kind in b"*$:%~>|=!" {
        all.extend(digits.iter().map(|digit| vec![*kind, *digit]));
    }
    all.extend([b"$-", b":-", b"*-", b"#t", b"#f", b"_\r"].map(|s: &[u8; 2]| s.to_vec()));
    all.extend((b'A'..=b'Z').flat_map(|letter| [vec![b'+', letter], vec![b'-', letter]]));
    all.push(b"+1".to_vec()); // MONITOR: seconds since 1970
    all.extend(typed::first_letters());
    all
}

pub(crate) fn verdict(payload: &[u8], probe: &Probe) -> Verdict {
    let says = |side: fn(&[u8], &Probe) -> Verdict| side(payload, probe);
    match probe.sender {
        Some(Sender::Client) => says(client),
        Some(Sender::Server) => says(server),
        None => match says(client) {
            Verdict::No => says(server),
            verdict => verdict,
        },
    }
}

fn client(payload: &[u8], probe: &Probe) -> Verdict {
    if payload.first() != Some(&b'*') {
        return match typed::command(payload) {
            Typed::Own => Verdict::ClientSpeaks,
            // What the server answers will tell. NATS pings as well, but never first.
            Typed::Shared if probe.from_start => Verdict::NeedMore,
            _ => Verdict::No,
        };
    }
    let name = match first_word(payload) {
        Ok(name) => name,
        Err(Trouble::Short(_)) => return Verdict::NeedMore,
        Err(Trouble::Wrong) => return Verdict::No,
    };
    // An array of strings may as well be a server's reply, unless it is known who speaks.
    let known = command::is_known(name);
    let told = probe.sender == Some(Sender::Client) && command::is_plausible(name);
    match walk_commands(payload) {
        Err(Trouble::Wrong) => Verdict::No,
        _ if known || told => Verdict::ClientSpeaks,
        _ => Verdict::No,
    }
}

/// The name of the first command.
fn first_word(bytes: &[u8]) -> Result<&[u8], Trouble> {
    let (count, taken) = wire::number(bytes.get(1..).unwrap_or_default()).map_err(|t| t.behind(1))?;
    if !(1..=MAX_COUNT as i64).contains(&count) {
        return Err(Trouble::Wrong);
    }
    let at = taken + 1;
    let rest = bytes.get(at..).unwrap_or_default();
    match rest.first() {
        Some(b'$') => {}
        Some(_) => return Err(Trouble::Wrong),
        None => return Err(Trouble::Short(at + 1)),
    }
    let (bulk, total) = wire::bulk(rest, 64).map_err(|t| t.behind(at))?;
    let name = bulk.map(|b| b.head).unwrap_or_default();
    // Longer than what was read: no name.
    if name.len() as u64 + 16 < total { Err(Trouble::Wrong) } else { Ok(name) }
}

/// All commands that begin in the bytes are commands.
fn walk_commands(bytes: &[u8]) -> Result<(), Trouble> {
    let mut rest = bytes;
    while !rest.is_empty() {
        if rest.first() != Some(&b'*') {
            return Err(Trouble::Wrong);
        }
        if !command::is_plausible(first_word(rest)?) {
            return Err(Trouble::Wrong);
        }
        let (count, taken) = wire::number(rest.get(1..).unwrap_or_default())?;
        rest = skip_words(rest.get(taken + 1..).unwrap_or_default(), count)?;
    }
    Ok(())
}

fn skip_words(mut rest: &[u8], count: i64) -> Result<&[u8], Trouble> {
    for _ in 0..count {
        match rest.first() {
            Some(b'$') => {}
            Some(_) => return Err(Trouble::Wrong),
            None => return Err(Trouble::Short(1)),
        }
        let (length, taken) = wire::length(rest.get(1..).unwrap_or_default(), MAX_BULK)?;
        let Length::Known(size) = length else { return Err(Trouble::Wrong) };
        let total = taken as u64 + 1 + size + 2;
        wire::crlf_behind(rest, total)?;
        let behind = usize::try_from(total).ok().and_then(|total| rest.get(total..));
        rest = behind.ok_or(Trouble::Short(1))?;
    }
    Ok(rest)
}

/// An array of strings with a word in front: a command that is not known, or a list that a server sends.
fn may_be_a_command(payload: &[u8]) -> bool {
    payload.first() == Some(&b'*')
        && first_word(payload).is_ok_and(|word| command::is_plausible(word) && !push::is_name(word))
        && walk_commands(payload) != Err(Trouble::Wrong)
}

fn server(payload: &[u8], probe: &Probe) -> Verdict {
    match traits(payload) {
        Ok(found) if found.resp && (found.server || probe.sender.is_some()) => Verdict::ServerSpeaks,
        Ok(_) | Err(Trouble::Wrong) => Verdict::No,
        Err(Trouble::Short(_)) if payload.len() < 16 && probe.from_start => Verdict::NeedMore,
        Err(Trouble::Short(_)) => Verdict::No,
    }
}

/// What replies have that speaks for them.
#[derive(Clone, Copy, Debug, Default)]
struct Traits {
    /// Only RESP has it. `+OK` is said by others as well.
    resp: bool,
    /// Only a server sends it. A string may be the rest of a command.
    server: bool,
}

/// Looks at all replies that begin in the bytes.
fn traits(bytes: &[u8]) -> Result<Traits, Trouble> {
    let mut all = Traits::default();
    let mut rest = bytes;
    while !rest.is_empty() {
        match one_reply(rest) {
            Ok((found, length)) => {
                all.resp |= found.resp;
                all.server |= found.server;
                rest = usize::try_from(length).ok().and_then(|n| rest.get(n..)).unwrap_or_default();
            }
            // The last one may be cut off.
            Err(Trouble::Short(_)) if all.resp => break,
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(all)
}

/// Traits of the first reply, and its length as far as it is there.
fn one_reply(bytes: &[u8]) -> Result<(Traits, u64), Trouble> {
    let (kind, rest) = bytes.split_first().ok_or(Trouble::Short(1))?;
    match kind {
        b'+' | b'-' | b':' | b',' | b'(' | b'#' | b'_' => {
            let line = doubtful_line(rest)?;
            let resp = is_own_line(*kind, line)?;
            Ok((Traits { resp, server: true }, line.len() as u64 + 3))
        }
        b'$' | b'=' | b'!' => {
            let (string, total) = wire::bulk(bytes, 0)?;
            let server = string.is_none() || *kind != b'$';
            Ok((Traits { resp: true, server }, total))
        }
        b'*' | b'%' | b'~' | b'>' | b'|' => {
            let walked = Nesting::of(1).walk(bytes);
            let server = !may_be_a_command(bytes);
            match walked.stopped {
                // The head and an element at least.
                None => Ok((Traits { resp: walked.bytes > 4, server }, walked.bytes)),
                Some(Trouble::Short(_)) if walked.bytes > 8 => {
                    Ok((Traits { resp: true, server }, bytes.len() as u64))
                }
                Some(trouble) => Err(trouble),
            }
        }
        _ => Err(Trouble::Wrong),
    }
}

fn doubtful_line(rest: &[u8]) -> Result<&[u8], Trouble> {
    let window = rest.get(..MAX_DOUBTFUL_LINE).unwrap_or(rest);
    let line = wire::line(window).map_err(|t| t.behind(1));
    match line {
        Err(Trouble::Short(_)) if rest.len() >= MAX_DOUBTFUL_LINE => Err(Trouble::Wrong),
        Err(Trouble::Short(_)) if !rest.iter().all(|b| matches!(b, b' '..=b'~' | b'\r')) => {
            Err(Trouble::Wrong)
        }
        line => line,
    }
}

/// Whether a line is RESP's own, or one that others have as well.
fn is_own_line(kind: u8, line: &[u8]) -> Result<bool, Trouble> {
    let digits = |text: &[u8]| !text.is_empty() && text.len() < 20 && text.iter().all(u8::is_ascii_digit);
    let printable = || !line.is_empty() && line.iter().all(|b| matches!(b, b' '..=b'~'));
    match kind {
        b':' | b'(' if digits(line.strip_prefix(b"-").unwrap_or(line)) => Ok(true),
        b'#' if matches!(line, b"t" | b"f") => Ok(false),
        b'_' if line.is_empty() => Ok(false),
        b',' if printable() && line.iter().all(|b| b.is_ascii_digit() || b"+-.einfax".contains(b)) => {
            Ok(false)
        }
        b'-' => typed::is_error(line).ok_or(Trouble::Wrong),
        b'+' if printable() => Ok(typed::is_own_status(line)),
        _ => Err(Trouble::Wrong),
    }
}

/// Behind a gap, or joined in the middle: commands begin here and go on to the end of the bytes.
pub(crate) fn commands(bytes: &[u8], arrays: bool) -> Result<(), Trouble> {
    if bytes.first() != Some(&b'*') {
        let believed = !arrays && typed::command(bytes) == Typed::Own;
        return if believed { Ok(()) } else { Err(Trouble::Wrong) };
    }
    let name = first_word(bytes)?;
    match walk_commands(bytes) {
        Err(Trouble::Wrong) => Err(Trouble::Wrong),
        _ if command::is_plausible(name) => Ok(()),
        _ => Err(Trouble::Wrong),
    }
}

/// Behind a gap, or joined in the middle: replies begin here and go on to the end of the bytes.
pub(crate) fn replies(bytes: &[u8]) -> Result<(), Trouble> {
    let mut rest = bytes;
    let mut found = 0;
    while !rest.is_empty() {
        match one_reply(rest) {
            Ok((_, length)) => {
                rest = usize::try_from(length).ok().and_then(|n| rest.get(n..)).unwrap_or_default();
                found += 1;
            }
            Err(Trouble::Short(_)) if found > 0 => break,
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(())
}
