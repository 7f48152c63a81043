//! What a plugin says of itself, in guest memory: `manifest`, `about`, `interest`. Takes: an address. Gives: what stands there, however odd; the rules for
//! it are checked elsewhere. Lists and texts are bounded before they are read.

use std::sync::Arc;

use weir_pipeline::decode::Transport;
use weir_pipeline::hooks::hook::Interest;
use weir_pipeline::parse::parser::{Manifest, PluginFault, Signature};

use super::decode::{record, records, text};
use super::layout::{about, interest, manifest, signature, u16_at, u32_at};
use crate::fault::{bad_answer, too_much};
use crate::plugin::{MANIFEST_LIST, MANIFEST_TEXT};

/// Address and length.
type Head = [u8; 8];

pub(super) fn read(memory: &[u8], area: u32) -> Result<Manifest, PluginFault> {
    let heads: &[u8; manifest::SIZE] =
        record(memory, area).ok_or_else(|| bad_answer(format!("no manifest at {area:#x}")))?;
    let protocols = list(memory, heads, manifest::PROTOCOLS, 4)?;
    let signatures = list(memory, heads, manifest::SIGNATURES, 4)?;
    Ok(Manifest {
        name: string(memory, heads, manifest::NAME)?,
        version: string(memory, heads, manifest::VERSION)?,
        protocols: protocols
            .iter()
            .map(|head: &Head| string(memory, head, 0).map(Arc::from))
            .collect::<Result<_, _>>()?,
        signatures: signatures
            .iter()
            .map(|record| read_signature(memory, record))
            .collect::<Result<_, _>>()?,
    })
}

/// A plugin without a parser: the manifest has its name and version alone.
pub(super) fn read_about(memory: &[u8], area: u32) -> Result<Manifest, PluginFault> {
    let heads: &[u8; about::SIZE] =
        record(memory, area).ok_or_else(|| bad_answer(format!("no name and version at {area:#x}")))?;
    Ok(Manifest {
        name: string(memory, heads, about::NAME)?,
        version: string(memory, heads, about::VERSION)?,
        protocols: Vec::new(),
        signatures: Vec::new(),
    })
}

pub(super) fn read_interest(memory: &[u8], area: u32) -> Result<Interest, PluginFault> {
    let record: &[u8; interest::SIZE] =
        record(memory, area).ok_or_else(|| bad_answer(format!("no interest at {area:#x}")))?;
    let protocols = list(memory, record, interest::PROTOCOLS, 4)?;
    let protocols = protocols.iter().map(|head: &Head| string(memory, head, 0).map(String::into_boxed_str));
    Ok(Interest {
        protocols: protocols.collect::<Result<_, _>>()?,
        requests: record[interest::REQUESTS] != 0,
        responses: record[interest::RESPONSES] != 0,
        head: record[interest::HEAD] != 0,
        body_limit: u32_at(record, interest::BODY_LIMIT),
        required: record[interest::REQUIRED] != 0,
    })
}

fn read_signature(memory: &[u8], record: &[u8; signature::SIZE]) -> Result<Signature, PluginFault> {
    let ports: &[[u8; 2]] = list(memory, record, signature::PORTS, 2)?;
    let any_of = list(memory, record, signature::ANY_OF, 4)?;
    Ok(Signature {
        transport: match record[signature::TRANSPORT] {
            0 => Transport::Tcp,
            1 => Transport::Udp,
            other => return Err(bad_answer(format!("there is no transport {other}"))),
        },
        offset: u32_at(record, signature::OFFSET),
        any_of: any_of
            .iter()
            .map(|head: &Head| bytes(memory, head, 0).map(<[u8]>::to_vec))
            .collect::<Result<_, _>>()?,
        ports: ports.iter().map(|port| u16_at(port, 0)).collect(),
    })
}

fn list<'m, const N: usize, const SIZE: usize>(
    memory: &'m [u8],
    heads: &[u8; N],
    at: usize,
    align: u32,
) -> Result<&'m [[u8; SIZE]], PluginFault> {
    let (address, length) = (u32_at(heads, at), u32_at(heads, at + 4));
    if length as usize > MANIFEST_LIST {
        return Err(too_much(format!("a list of {length} entries, the limit is {MANIFEST_LIST}")));
    }
    records(memory, address, length, align).ok_or_else(|| {
        bad_answer(format!("a list of {length} entries at {address:#x} is not inside of its memory"))
    })
}

fn bytes<'m, const N: usize>(memory: &'m [u8], heads: &[u8; N], at: usize) -> Result<&'m [u8], PluginFault> {
    let (address, length) = (u32_at(heads, at), u32_at(heads, at + 4));
    if length as usize > MANIFEST_TEXT {
        return Err(too_much(format!("a text of {length} bytes, the limit is {MANIFEST_TEXT}")));
    }
    text(memory, address, length)
        .map_err(|_| bad_answer(format!("a text at {address:#x} is not inside of its memory")))
}

fn string<const N: usize>(memory: &[u8], heads: &[u8; N], at: usize) -> Result<String, PluginFault> {
    let bytes = bytes(memory, heads, at)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| bad_answer("a name that is not UTF-8".into()))
}
