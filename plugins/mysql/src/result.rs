//! Takes: the payload of an OK, EOF or ERR packet. Gives: what it says ("OK_Packet", "EOF_Packet", "ERR_Packet").

use weir_plugin_sdk::prelude::*;

use crate::packet::{is_text, lenenc, lenenc_text};

pub(crate) const OK: u8 = 0x00;
pub(crate) const LOCAL_INFILE: u8 = 0xfb;
pub(crate) const EOF: u8 = 0xfe;
pub(crate) const ERR: u8 = 0xff;

/// Payload bytes of an OK packet up to its status flags and warnings at most: header, two integers of nine bytes.
pub(crate) const OK_HEAD: usize = 1 + 9 + 9 + 2 + 2;

/// Payload length of an EOF packet; an OK packet in its place is longer.
pub(crate) const EOF_LENGTH: usize = 5;

/// Payload bytes of an ERR packet that are read: the host keeps 4096 of a text, servers send 512 at most.
pub(crate) const ERR_HEAD: usize = 9 + 4096;

const MORE_RESULTS: u16 = 0x0008;
const CURSOR_EXISTS: u16 = 0x0040;

const STATE_CHANGED: u16 = 0x4000;

/// Flags that the first packet of an answer does not have: cursors, output parameters, MariaDB's highest one, and 4, which
/// nobody uses.
const UNUSUAL_STATUS: u16 = 0x8000 | 0x1000 | 0x0080 | CURSOR_EXISTS | 0x0004;

/// The status flags that tell how an answer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerStatus(u16);

impl ServerStatus {
    pub(crate) fn more_results(self) -> bool {
        self.0 & MORE_RESULTS != 0
    }

    pub(crate) fn cursor_exists(self) -> bool {
        self.0 & CURSOR_EXISTS != 0
    }
}

/// Status of an OK packet, or of an OK packet that stands for an EOF.
pub(crate) fn ok_status(payload: &[u8]) -> Option<ServerStatus> {
    let mut reader = Reader::new(payload);
    reader.u8().ok()?;
    lenenc(&mut reader)?;
    lenenc(&mut reader)?;
    reader.u16_le().ok().map(ServerStatus)
}

/// Status of what ends a result set: a short EOF packet, or an OK packet in its place.
pub(crate) fn end_status(payload: &[u8], length: usize) -> Option<ServerStatus> {
    if length > EOF_LENGTH {
        return ok_status(payload);
    }
    match *payload {
        [_, _, _, low, high] => Some(ServerStatus(u16::from_le_bytes([low, high]))),
        // Before protocol 4.1 it was the header byte alone.
        _ => Some(ServerStatus(0)),
    }
}

/// Whether bytes from somewhere are an OK packet: everything must be in order. Where nothing else speaks for it, `strict`
/// asks for a status as well: with autocommit off and no transaction it is 0.
pub(crate) fn is_ok(payload: &[u8], length: usize, strict: bool) -> bool {
    let mut reader = Reader::new(payload);
    let (Ok(OK), Some(affected), Some(_)) = (reader.u8(), lenenc(&mut reader), lenenc(&mut reader)) else {
        return false;
    };
    let (Ok(status), Ok(warnings)) = (reader.u16_le(), reader.u16_le()) else { return false };
    // A statement that changed 2^40 rows at once, or gave 1024 warnings, was not seen yet.
    let is_usual =
        (status != 0 || !strict) && status & UNUSUAL_STATUS == 0 && affected >> 40 == 0 && warnings < 1024;
    is_usual && ends_well(reader, status & STATE_CHANGED != 0, length > payload.len())
}

/// The end of an OK packet: a text, with or without a length in front, and changes of the session.
fn ends_well(mut rest: Reader<'_>, state_changed: bool, is_cut: bool) -> bool {
    if is_cut || rest.is_empty() {
        return !is_cut;
    }
    if state_changed {
        return lenenc_text(&mut rest).is_some_and(is_text)
            && lenenc_text(&mut rest).is_some()
            && rest.is_empty();
    }
    is_text(rest.rest()) || lenenc_text(&mut rest).is_some_and(is_text) && rest.is_empty()
}

/// What an ERR packet says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerError<'a> {
    pub(crate) code: u16,
    pub(crate) sql_state: Option<&'a [u8]>,
    pub(crate) message: &'a [u8],
}

impl<'a> ServerError<'a> {
    pub(crate) fn read(payload: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        reader.u8().ok()?;
        let code = reader.u16_le().ok()?;
        let rest = reader.rest();
        // Errors before the handshake come without a state.
        match rest.split_first_chunk::<6>() {
            Some((state, message)) if state[0] == b'#' => {
                Some(Self { code, sql_state: rest.get(1..6), message })
            }
            _ => Some(Self { code, sql_state: None, message: rest }),
        }
    }

    /// MariaDB reports how far a long statement got in the shape of an error ("Progress reporting").
    pub(crate) fn is_progress(&self) -> bool {
        self.code == 0xffff
    }

    /// Whether bytes from somewhere are an error.
    pub(crate) fn is_sure(&self) -> bool {
        let digits = |b: &u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        self.code >= 1000 && self.sql_state.is_some_and(|s| s.iter().all(digits)) && is_text(self.message)
    }

    /// 2000 to 2999 are the client library's own numbers ("Client Error Message Reference").
    pub(crate) fn status(&self) -> Status {
        if (2000..3000).contains(&self.code) { Status::ClientError } else { Status::ServerError }
    }
}
