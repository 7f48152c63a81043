//! Pieces of heads and bodies as a parser told them, in a form that tests can compare.

use crate::abi::{self, value_case};
use crate::message::Encoding;

/// What a piece is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// Header fields.
    Head,
    /// A payload.
    Body,
}

/// Bytes of a head or a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is of.
    pub kind: PieceKind,
    /// How the payload is packed.
    pub encoding: Encoding,
    /// It ends a payload.
    pub last: bool,
    /// As they were told.
    pub bytes: Vec<u8>,
}

pub(super) fn read(piece: &abi::Piece, arena: &[u8], owned: &[u8]) -> Piece {
    const ENCODINGS: [Encoding; 5] =
        [Encoding::Identity, Encoding::Gzip, Encoding::Deflate, Encoding::Brotli, Encoding::Zstd];
    let (offset, length) = (piece.bytes.bits as u32 as usize, (piece.bytes.bits >> 32) as usize);
    assert_ne!(piece.bytes.case, value_case::NUMBER, "a piece is never a number");
    let from = if piece.bytes.case == value_case::SLICE { arena } else { owned };
    Piece {
        kind: if piece.kind == 0 { PieceKind::Head } else { PieceKind::Body },
        encoding: ENCODINGS[usize::from(piece.encoding)],
        last: piece.last != 0,
        bytes: from[offset..offset + length].to_vec(),
    }
}

/// Makes pieces that follow one another one: where a segment ended must not show. `ended`: the last payload is whole without a mark.
pub(super) fn join(pieces: &mut Vec<Piece>, ended: bool) {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces.drain(..) {
        match joined.last_mut() {
            Some(before)
                if (before.kind, before.encoding, before.last) == (piece.kind, piece.encoding, false) =>
            {
                before.bytes.extend(piece.bytes);
                before.last = piece.last;
            }
            _ => joined.push(piece),
        }
    }
    if let (true, Some(body)) = (ended, joined.iter_mut().rfind(|piece| piece.kind == PieceKind::Body)) {
        body.last = true;
    }
    *pieces = joined;
}

pub(super) fn concat(pieces: &[Piece], kind: PieceKind) -> Vec<u8> {
    let of_kind = pieces.iter().filter(|piece| piece.kind == kind);
    of_kind.flat_map(|piece| piece.bytes.iter().copied()).collect()
}

pub(super) fn payloads(pieces: &[Piece]) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    let mut open = false;
    for piece in pieces.iter().filter(|piece| piece.kind == PieceKind::Body) {
        if !open {
            payloads.push(Vec::new());
        }
        if let Some(payload) = payloads.last_mut() {
            payload.extend(&piece.bytes);
        }
        open = !piece.last;
    }
    payloads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(bytes: &str, last: bool) -> Piece {
        let bytes = bytes.as_bytes().to_vec();
        Piece { kind: PieceKind::Body, encoding: Encoding::Identity, last, bytes }
    }

    #[test]
    fn where_segments_end_does_not_show() {
        let mut split =
            vec![body("a", false), body("b", true), body("", true), body("c", false), body("d", false)];
        assert_eq!(payloads(&split), [b"ab".as_slice(), b"", b"cd"]);
        let (mut open, mut whole) = (split.clone(), vec![body("ab", true), body("", true), body("cd", true)]);
        join(&mut split, true);
        assert_eq!(split, whole);
        join(&mut open, false);
        whole[2].last = false;
        assert_eq!(open, whole, "the payload of a message that goes on is open");
    }
}
