//! Is it DNS, and who speaks?
//!
//! Takes: a datagram or the first bytes of a stream. Gives: a verdict. Half of the header's bits and the whole question must
//! fit; a port never decides, it only lets responses without question in.

use weir_plugin_sdk::prelude::*;

use crate::header::{Header, LENGTH, Opcode, Trouble};
use crate::kinds;
use crate::question::Question;
use crate::record::{OPT, Record};
use crate::scratch::Scratch;

/// NetBIOS names look like DNS and are none (RFC 1002).
const NETBIOS: u16 = 137;

/// Where responses without question are believed: DNS and multicast DNS.
const PORTS: [u16; 2] = [53, 5353];

/// Smallest message with a question: the root's name, type, class.
const SMALLEST: usize = LENGTH + 5;

/// Names of zone files and multicast DNS have more in them, but a first message has to look like one.
const MAX_RECORDS: u32 = 4096;

pub(crate) fn signatures(manifest: Manifest) -> Manifest {
    manifest
        .signature(Signature::udp().at(4).any_of([[0, 1]]))
        .signature(Signature::udp().at(4).any_of([[0, 0]]).ports(PORTS))
        .signature(Signature::tcp().at(6).any_of([[0, 1]]))
}

pub(crate) fn verdict(payload: &[u8], probe: &Probe) -> Verdict {
    let ports = [probe.source_port, probe.destination_port];
    if ports.contains(&NETBIOS) {
        return Verdict::No;
    }
    let known_port = ports.iter().any(|port| PORTS.contains(port));
    let found = match probe.transport {
        Transport::Udp => message(payload, known_port),
        Transport::Tcp => match stream(payload) {
            Err(Trouble::Cut) if payload.len() < 2 + LENGTH + 255 + 4 => return Verdict::NeedMore,
            found => found,
        },
    };
    match found {
        Ok(true) => Verdict::ServerSpeaks,
        Ok(false) => Verdict::ClientSpeaks,
        Err(_) => Verdict::No,
    }
}

/// A stream's bytes begin with a message.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    stream(bytes).is_ok()
}

/// True for a response.
fn stream(bytes: &[u8]) -> Result<bool, Trouble> {
    let (length, rest) = bytes.split_first_chunk::<2>().ok_or(Trouble::Cut)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length < SMALLEST {
        return Err(Trouble::Wrong);
    }
    // What follows the first message must be able to follow: the length of another one.
    if let Some([high, low, ..]) = rest.get(length..)
        && usize::from(u16::from_be_bytes([*high, *low])) < LENGTH
    {
        return Err(Trouble::Wrong);
    }
    let is_response = message(rest.get(..length).unwrap_or(rest), false)?;
    // A query fits a segment: one that does not end is none.
    if !is_response && rest.len() < length && length > 4096 { Err(Trouble::Wrong) } else { Ok(is_response) }
}

/// True for a response. `lenient`: the port says DNS.
fn message(bytes: &[u8], lenient: bool) -> Result<bool, Trouble> {
    let header = Header::read(bytes)?;
    if header.z()
        || header.records() > MAX_RECORDS
        || matches!(header.opcode, Opcode::InverseQuery | Opcode::Status)
    {
        return Err(Trouble::Wrong);
    }
    let mut scratch = Scratch::take();
    let found = question(bytes, &header, lenient, &mut scratch.name);
    scratch.give_back();
    let behind = found?;
    if header.is_response() {
        response(bytes, &header, behind)?;
    } else {
        query(bytes, &header, behind, lenient)?;
    }
    Ok(header.is_response())
}

/// Where the records begin.
fn question(bytes: &[u8], header: &Header, lenient: bool, name: &mut Vec<u8>) -> Result<usize, Trouble> {
    match header.questions {
        1 => {}
        // Multicast DNS asks several things at once and answers what nobody asked.
        2..=32 if lenient => {}
        0 if lenient && header.is_response() && header.records() > 0 => return Ok(LENGTH),
        _ => return Err(Trouble::Wrong),
    }
    let question = Question::read(bytes, name)?;
    let class = if lenient { question.class & 0x7fff } else { question.class };
    // IN, CH, HS, NONE, ANY; a type that has no name needs all the more of one behind it.
    let known = match kinds::type_name(question.kind) {
        Some(_) => matches!(class, 1 | 3 | 4 | 254 | 255),
        None => question.kind != 0 && class == 1 && is_host_name(name),
    };
    let compressed = bytes.get(LENGTH).is_some_and(|byte| *byte >= 0xc0);
    if !known || compressed || is_netbios(bytes) || !is_plausible(name) {
        return Err(Trouble::Wrong);
    }
    Ok(question.behind)
}

/// First label: 16 characters, each in two letters from A to P (RFC 1001 section 14.1).
fn is_netbios(bytes: &[u8]) -> bool {
    let label = bytes.get(LENGTH + 1..LENGTH + 33).unwrap_or_default();
    bytes.get(LENGTH) == Some(&32) && label.len() == 32 && label.iter().all(|b| matches!(b, b'A'..=b'P'))
}

/// Letters, digits, `-` and `_` in two labels at least.
fn is_host_name(name: &[u8]) -> bool {
    name.contains(&b'.')
        && name.len() > 3
        && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Any byte may stand in a name, but control characters do not.
fn is_plausible(name: &[u8]) -> bool {
    let mut rest = name;
    while let Some(at) = rest.iter().position(|b| *b == b'\\') {
        rest = rest.get(at + 1..).unwrap_or_default();
        // `\000` to `\031`, `\127`
        if matches!(rest, [b'0', b'0'..=b'2', _, ..] | [b'0', b'3', b'0' | b'1', ..] | [b'1', b'2', b'7', ..])
        {
            return false;
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    true
}

fn query(bytes: &[u8], header: &Header, behind: usize, lenient: bool) -> Result<(), Trouble> {
    let counts = (header.answers, header.authorities, header.additional);
    let fits = match header.opcode {
        // IXFR names the version it has as authority; OPT, TSIG and SIG(0) are additional.
        Opcode::Query => lenient || matches!(counts, (0, 0..=1, 0..=3)),
        Opcode::Notify => matches!(counts, (0..=1, 0, 0..=3)),
        _ => true,
    };
    // TC and codes are a server's; multicast DNS sets TC when more known answers follow.
    if !fits || header.code() != 0 || (header.is_truncated() && !lenient) {
        return Err(Trouble::Wrong);
    }
    if header.records() == 0 {
        // Some pad or sign behind the end; a stranger has far more there.
        return if header.questions > 1 || bytes.len() == behind { Ok(()) } else { Err(Trouble::Wrong) };
    }
    if header.opcode == Opcode::Query && header.questions == 1 && counts.0 == 0 && counts.1 == 0 {
        let record = Record::read(bytes, behind)?;
        let known = matches!(record.kind, OPT | 24 | 250);
        return if known { Ok(()) } else { Err(Trouble::Wrong) };
    }
    records(bytes, header, behind)
}

fn response(bytes: &[u8], header: &Header, behind: usize) -> Result<(), Trouble> {
    if header.code() > 11 {
        return Err(Trouble::Wrong);
    }
    if header.questions > 1 { Ok(()) } else { records(bytes, header, behind) }
}

/// Every record that is there is one. A capture may have cut the last ones off.
fn records(bytes: &[u8], header: &Header, behind: usize) -> Result<(), Trouble> {
    let mut at = behind;
    for number in 0..header.records() {
        match Record::read(bytes, at) {
            Ok(record) => at = record.data.1,
            Err(Trouble::Cut) if header.questions == 1 || number > 0 => return Ok(()),
            Err(trouble) => return Err(trouble),
        }
    }
    if at == bytes.len() || header.questions == 1 { Ok(()) } else { Err(Trouble::Wrong) }
}
