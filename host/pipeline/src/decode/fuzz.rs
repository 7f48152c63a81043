//! Random bytes -> frames -> decode. Takes a fuzzer's input, panics when decode breaks a promise.

use super::{DecodeStats, Decoder};
use crate::captured::{Frame, LinkType};

const LINKS: [LinkType; 6] =
    [LinkType::Ethernet, LinkType::Raw, LinkType::Null, LinkType::Sll, LinkType::Sll2, LinkType::Socket];

/// Reads `data` as frames: a byte for the link type, one for how much was cut off and for how much time has passed, two for the
/// length, the bytes.
pub fn fuzz(data: &[u8]) {
    let (mut rest, mut time) = (data, 0);
    let (mut decoder, mut stats, mut frames) = (Decoder::default(), DecodeStats::default(), 0);
    while let Some((&[link, more, a, b], behind)) = rest.split_first_chunk() {
        let (bytes, behind) = behind.split_at(behind.len().min(usize::from(u16::from_le_bytes([a, b]))));
        rest = behind;
        time += u64::from(more) * 10_000_000;
        let link = LINKS[usize::from(link) % LINKS.len()];
        let frame = Frame { time, link, bytes, wire_length: bytes.len() as u32 + u32::from(more) };
        let answer = decoder.frame(&frame);
        stats.count(&answer);
        frames += 1;
        if let Ok(segment) = answer {
            assert_eq!(segment.time, time);
            assert!(segment.payload.len() < 1 << 16);
            assert_eq!(segment.spread(7), segment.spread(7));
            let call = segment.call.map(|call| (call, call.offset_in(bytes)));
            assert_eq!(call.is_some(), frame.link == LinkType::Socket);
            assert!(call.is_none_or(|(call, offset)| offset == Some(0) && call.socket() != 0));
            let offset = segment.offset_in(bytes);
            let here = offset.map(|offset| &bytes[offset..offset + segment.payload.len()]);
            assert!(here.is_none_or(|here| here == segment.payload));
        }
    }
    let skipped: u64 = stats.reasons().map(|(_, frames)| frames).sum();
    assert_eq!(stats.segments + skipped, frames, "each frame is counted once");
    assert!(decoder.fragments().waiting <= frames);
}
