//! Takes: a conversation. Gives: it damaged in a way that real traffic, broken peers and attackers have. Does not do: keep it
//! small at any price; what one input may grow to is bounded.

use super::random::Random;
use crate::cmd::plugin::conversation::{Chunk, Conversation};

/// Bytes of one input: a few times what a parser may leave unread, so that limits of the host are met as well.
const INPUT_BYTES: usize = 512 << 10;

/// Chunks of one input.
const INPUT_CHUNKS: usize = 1024;

/// Numbers at which code goes wrong.
const EXTREMES: [u64; 10] =
    [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 0x8000_0000_0000_0000];

/// The same for protocols of text.
const EXTREME_DIGITS: [&[u8]; 7] =
    [b"0", b"-1", b"1", b"255", b"65536", b"4294967295", b"99999999999999999999"];

/// Damages a conversation; `others` lend it pieces.
pub(super) fn damage(conversation: &mut Conversation, others: &[Conversation], random: &mut Random) {
    // Most inputs get little: what is damaged much is refused early.
    let times = 1 + random.below(2) + if random.once_in(4) { random.below(12) } else { 0 };
    for _ in 0..times {
        let place = random.below(conversation.chunks.len());
        match random.below(16) {
            0 | 1 => on_bytes(conversation, place, random, |bytes, random| flip(bytes, random)),
            2 => on_bytes(conversation, place, random, |bytes, random| extreme(bytes, random)),
            3 | 4 => on_bytes(conversation, place, random, |bytes, random| length_field(bytes, random)),
            5 => on_bytes(conversation, place, random, digits),
            6 => on_bytes(conversation, place, random, cut),
            7 => on_bytes(conversation, place, random, remove),
            8 => on_bytes(conversation, place, random, repeat),
            9 => splice(conversation, place, others, random),
            10 => split(conversation, place, random),
            11 => twice(conversation, place),
            12 => drop_chunk(conversation, place),
            13 => swap(conversation, place, random),
            14 => lose(conversation, place),
            _ => turn(conversation, place, random),
        }
        if conversation.bytes() > INPUT_BYTES || conversation.chunks.len() > INPUT_CHUNKS {
            break;
        }
    }
}

fn on_bytes(
    conversation: &mut Conversation,
    place: usize,
    random: &mut Random,
    change: fn(&mut Vec<u8>, &mut Random),
) {
    if let Some(chunk) = conversation.chunks.get_mut(place).filter(|chunk| !chunk.bytes.is_empty()) {
        change(&mut chunk.bytes, random);
    }
}

/// Early bytes more often than late ones: heads and lengths stand there.
fn somewhere(bytes: &[u8], random: &mut Random) -> usize {
    let reach = if random.once_in(2) { bytes.len().min(32) } else { bytes.len() };
    random.below(reach)
}

fn flip(bytes: &mut [u8], random: &mut Random) {
    let at = somewhere(bytes, random);
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

fn extreme(bytes: &mut [u8], random: &mut Random) {
    let at = somewhere(bytes, random);
    let length = 1 + random.below((bytes.len() - at).min(8));
    let value = random.pick(&[0, 0x7f, 0x80, 0xff, b'\n', b' ']).copied().unwrap_or_default();
    bytes.iter_mut().skip(at).take(length).for_each(|byte| *byte = value);
}

/// What stands there may be a length: made extreme, or a little wrong.
fn length_field(bytes: &mut [u8], random: &mut Random) {
    let width = [1, 2, 4, 8].into_iter().nth(random.below(4)).unwrap_or(1).min(bytes.len());
    let at = somewhere(&bytes[..=bytes.len() - width], random);
    let Some(field) = bytes.get_mut(at..at + width) else { return };
    let big_endian = random.once_in(2);
    if !big_endian {
        field.reverse();
    }
    let old = field.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let new = match random.below(3) {
        0 => old.wrapping_add(1 + random.below(4) as u64),
        1 => old.wrapping_sub(1 + random.below(4) as u64),
        _ => random.pick(&EXTREMES).copied().unwrap_or_default(),
    };
    let kept = new.to_be_bytes();
    let tail = kept.get(8 - width..).unwrap_or_default();
    field.copy_from_slice(tail);
    if !big_endian {
        field.reverse();
    }
}

/// A number in digits becomes another one.
fn digits(bytes: &mut Vec<u8>, random: &mut Random) {
    let from = somewhere(bytes, random);
    let Some(start) = bytes.iter().skip(from).position(u8::is_ascii_digit).map(|n| n + from) else { return };
    let length = bytes.iter().skip(start).take_while(|byte| byte.is_ascii_digit()).count();
    let new = random.pick(&EXTREME_DIGITS).copied().unwrap_or_default();
    bytes.splice(start..start + length, new.iter().copied());
}

fn cut(bytes: &mut Vec<u8>, random: &mut Random) {
    bytes.truncate(random.below(bytes.len()));
}

fn remove(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = somewhere(bytes, random);
    let length = 1 + random.below((bytes.len() - at).min(16));
    bytes.drain(at..at + length);
}

fn repeat(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = somewhere(bytes, random);
    let length = 1 + random.below((bytes.len() - at).min(64));
    let piece = bytes.get(at..at + length).unwrap_or_default().to_vec();
    // Now and then far more than any limit.
    let times = if random.once_in(8) { random.below(4096) } else { 1 + random.below(4) };
    bytes.splice(at..at, piece.repeat(times));
}

/// The rest comes from another conversation.
fn splice(conversation: &mut Conversation, place: usize, others: &[Conversation], random: &mut Random) {
    let other = random.pick(others).and_then(|other| random.pick(&other.chunks));
    let (Some(other), Some(chunk)) = (other, conversation.chunks.get_mut(place)) else { return };
    chunk.bytes.truncate(random.below(chunk.bytes.len() + 1));
    let from = random.below(other.bytes.len());
    chunk.bytes.extend(other.bytes.iter().skip(from));
}

fn split(conversation: &mut Conversation, place: usize, random: &mut Random) {
    let Some(chunk) = conversation.chunks.get_mut(place).filter(|chunk| chunk.bytes.len() > 1) else {
        return;
    };
    // One byte at a time, or in two.
    let pieces: Vec<Vec<u8>> = if random.once_in(4) {
        chunk.bytes.iter().take(256).map(|byte| vec![*byte]).collect()
    } else {
        let (one, two) = chunk.bytes.split_at(1 + random.below(chunk.bytes.len() - 1));
        vec![one.to_vec(), two.to_vec()]
    };
    let direction = chunk.direction;
    let pieces = pieces.into_iter().map(|bytes| Chunk::new(direction, bytes));
    conversation.chunks.splice(place..=place, pieces);
}

fn twice(conversation: &mut Conversation, place: usize) {
    if let Some(chunk) = conversation.chunks.get(place).cloned() {
        conversation.chunks.insert(place, chunk);
    }
}

fn drop_chunk(conversation: &mut Conversation, place: usize) {
    if conversation.chunks.len() > 1 {
        conversation.chunks.remove(place);
    }
}

fn swap(conversation: &mut Conversation, place: usize, random: &mut Random) {
    let other = random.below(conversation.chunks.len());
    if place < conversation.chunks.len() {
        conversation.chunks.swap(place, other);
    }
}

fn lose(conversation: &mut Conversation, place: usize) {
    if let Some(chunk) = conversation.chunks.get_mut(place) {
        chunk.lost = true;
    }
}

/// What the other side says, or where the capture begins.
fn turn(conversation: &mut Conversation, place: usize, random: &mut Random) {
    if random.once_in(2) {
        conversation.from_start = false;
    } else if let Some(chunk) = conversation.chunks.get_mut(place) {
        chunk.direction = chunk.direction.reverse();
    }
}

#[cfg(test)]
mod tests {
    use weir_pipeline::decode::{Address, Transport};
    use weir_pipeline::parse::event::Direction;

    use super::*;

    fn talk(lengths: &[usize]) -> Conversation {
        let chunks = lengths.iter().map(|&n| Chunk::new(Direction::ClientToServer, vec![b'7'; n]));
        Conversation {
            transport: Transport::Tcp,
            client: (Address::v4([10, 0, 0, 1]), 1),
            server: (Address::v4([10, 0, 0, 2]), 2),
            from_start: true,
            chunks: chunks.collect(),
        }
    }

    #[test]
    fn nothing_is_too_small_to_be_damaged() {
        let others = [talk(&[3]), talk(&[1]), talk(&[])];
        let mut random = Random::new(1);
        for round in 0..20_000 {
            let mut conversation = talk(&[[0, 1, 2, 40][round % 4], 9][..1 + round % 2]);
            damage(&mut conversation, &others, &mut random);
            assert!(conversation.bytes() < 2 * INPUT_BYTES);
        }
        damage(&mut talk(&[]), &others, &mut random);
    }

    #[test]
    fn the_same_seed_gives_the_same_input() {
        let once = |seed| {
            let mut conversation = talk(&[20, 30]);
            damage(&mut conversation, &[], &mut Random::new(seed));
            format!("{conversation:?}")
        };
        assert_eq!(once(5), once(5));
        assert!((0..20).any(|seed| once(seed) != once(seed + 1)));
    }
}
