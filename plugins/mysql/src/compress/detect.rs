//! Takes: bytes from the middle of a connection. Gives: whether a compressed frame begins there.

use super::{FRAME_HEADER, FrameHeader};
use crate::command::command;
use crate::packet::{HEADER, Header};
use crate::resync::is_command;

/// The packet in a frame that holds one command as it is: how clients send short ones.
pub(crate) fn stored_command(bytes: &[u8]) -> Option<&[u8]> {
    let frame = FrameHeader::read(bytes).filter(|f| f.sequence == 0 && f.inflated == 0)?;
    let packet = bytes.get(FRAME_HEADER..)?;
    let (head, byte) = (Header::read(packet)?, *packet.get(HEADER)?);
    let fits = head.sequence == 0
        && head.whole() == frame.length
        && packet.len() == frame.length
        && command(byte).is_some_and(|c| c.fits(head.length));
    fits.then_some(packet)
}

/// Bytes begin a frame: packets that are stored as they are, or a zlib header.
pub(crate) fn looks_framed(bytes: &[u8]) -> bool {
    if stored_command(bytes).is_some() {
        return true;
    }
    let (Some(frame), Some(content)) = (FrameHeader::read(bytes), bytes.get(FRAME_HEADER..)) else {
        return false;
    };
    match (frame.inflated, content) {
        (0, content) => Header::read(content).is_some_and(|head| {
            (frame.sequence, head.sequence) == (1, 1)
                && head.length != 0
                && head.whole() <= frame.length
                && content.len() >= frame.length
        }),
        // Deflate with a window of 32 KiB, no dictionary, and the check bits of RFC 1950, section 2.2.
        (inflated, [0x78, flags, ..]) => {
            inflated >= frame.length
                && (0x7800 | u16::from(*flags)) % 31 == 0
                && flags & 0x20 == 0
                && frame.length > 8
        }
        _ => false,
    }
}

/// The whole input may be the header of a frame that a client is about to send.
pub(crate) fn is_frame_header(bytes: &[u8]) -> bool {
    let Some(frame) = FrameHeader::read(bytes).filter(|f| bytes.len() == FRAME_HEADER && f.sequence == 0)
    else {
        return false;
    };
    frame.length > HEADER && (frame.inflated == 0 || frame.inflated > frame.length) && !is_command(bytes)
}
