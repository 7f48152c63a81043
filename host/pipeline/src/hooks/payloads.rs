//! Takes: pieces of heads and bodies as parsers tell them. Gives: them whole, each cut at its limit. Does not unpack.

use crate::parse::outcome::{Encoding, PieceKind};
use crate::session::exchange::Role;

/// Payloads of one session that are kept: a stream of messages may be endless, its business id stands in the first ones.
const PAYLOADS: usize = 64;
/// Bytes of one head: the most that servers in use accept (nginx: 8 KiB a line, 32 KiB in all; Apache 8 KiB a line, 100 lines).
const HEAD_BYTES: usize = 64 << 10;

/// Head and payloads of a session.
#[derive(Debug, Default)]
pub(crate) struct Payloads {
    list: Vec<Payload>,
}

/// A head, or one payload.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) role: Role,
    pub(crate) kind: PieceKind,
    pub(crate) encoding: Encoding,
    pub(crate) bytes: Vec<u8>,
    /// There was more.
    pub(crate) cut: bool,
    /// The next piece belongs to another payload.
    ended: bool,
}

/// What happened to a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// So many bytes more are held now.
    Bytes(usize),
    /// The session has too many payloads.
    TooMany,
    /// The worker holds too many bytes.
    NoRoom,
}

/// How much may be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Of one body.
    pub(crate) body: usize,
    /// Of all sessions together, from here on.
    pub(crate) left: usize,
}

impl Payloads {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many bytes are held.
    pub(crate) fn held(&self) -> usize {
        self.list.iter().map(|payload| payload.bytes.len()).sum()
    }

    pub(crate) fn clear(&mut self) {
        self.list.clear();
    }

    /// Adds a piece to the payload that it belongs to.
    pub(crate) fn add(
        &mut self,
        role: Role,
        piece: (PieceKind, Encoding, bool),
        bytes: &[u8],
        room: Room,
    ) -> Kept {
        let (kind, encoding, last) = piece;
        let going =
            |payload: &&mut Payload| (payload.role, payload.kind, payload.ended) == (role, kind, false);
        if self.list.iter_mut().rev().find(going).is_none() {
            if self.list.len() >= PAYLOADS {
                return Kept::TooMany;
            }
            let (bytes, cut, ended) = (Vec::new(), false, false);
            self.list.push(Payload { role, kind, encoding, bytes, cut, ended });
        }
        let Some(payload) = self.list.iter_mut().rev().find(going) else { return Kept::TooMany };
        payload.ended = last;
        let limit = if kind == PieceKind::Head { HEAD_BYTES } else { room.body };
        let wanted = bytes.len().min(limit.saturating_sub(payload.bytes.len()));
        payload.cut |= wanted < bytes.len();
        if wanted > room.left {
            payload.cut = true;
            return Kept::NoRoom;
        }
        payload.bytes.extend_from_slice(&bytes[..wanted]);
        Kept::Bytes(wanted)
    }

    /// The message did not come to its end: neither did its last payload.
    pub(crate) fn cut_off(&mut self, role: Role) {
        let last = self.list.iter_mut().rev().find(|payload| payload.role == role && !payload.ended);
        if let Some(payload) = last {
            payload.cut = true;
        }
    }

    /// The head of a message; the trailers are a part of it.
    pub(crate) fn head(&self, role: Role) -> &[u8] {
        let head = self.list.iter().find(|p| p.role == role && p.kind == PieceKind::Head);
        head.map_or(&[], |payload| &payload.bytes)
    }

    /// The bodies of a message, in order.
    pub(crate) fn bodies(&self, role: Role) -> impl Iterator<Item = &Payload> {
        self.list.iter().filter(move |p| p.role == role && p.kind == PieceKind::Body)
    }

    /// Which side sent the body of that number, counted over all bodies of a session.
    pub(crate) fn all_bodies(&self) -> impl Iterator<Item = &Payload> {
        self.list.iter().filter(|p| p.kind == PieceKind::Body)
    }
}
