//! Datagrams in pieces: in any order, twice, overlapping, too many, too late, never.

use weir_pipeline::captured::{Frame, LinkType};
use weir_pipeline::decode::{Decoder, FragmentStats, Skip};

use crate::build::{IPV4, IPV6, TCP, UDP, ethernet, outer_v4, tcp, udp, v4, v6, vxlan};
use crate::{Dice, Found};

/// One second, in which nothing expires.
const SECOND: u64 = 1_000_000_000;

/// A piece of a datagram.
#[derive(Clone, Debug)]
struct Piece {
    v6: bool,
    id: u32,
    protocol: u8,
    offset: usize,
    more: bool,
    bytes: Vec<u8>,
}

impl Piece {
    fn frame(&self) -> Vec<u8> {
        let field = self.offset as u16 | u16::from(self.more);
        if self.v6 {
            let header = [&[self.protocol, 0][..], &field.to_be_bytes(), &self.id.to_be_bytes()].concat();
            return ethernet(IPV6, &v6(44, &[header, self.bytes.clone()].concat()));
        }
        let mut ip = v4(self.protocol, &self.bytes);
        ip[4..6].copy_from_slice(&(self.id as u16).to_be_bytes());
        let field = (self.offset / 8) as u16 | u16::from(self.more) << 13;
        ip[6..8].copy_from_slice(&field.to_be_bytes());
        ethernet(IPV4, &ip)
    }
}

/// Cuts a datagram at these offsets, which are multiples of eight.
fn pieces(v6: bool, id: u32, protocol: u8, datagram: &[u8], cuts: &[usize]) -> Vec<Piece> {
    let starts: Vec<usize> = std::iter::once(0).chain(cuts.iter().copied()).collect();
    let ends = cuts.iter().copied().chain(std::iter::once(datagram.len()));
    let piece = |(offset, end): (usize, usize)| {
        let more = end < datagram.len();
        Piece { v6, id, protocol, offset, more, bytes: datagram[offset..end].to_vec() }
    };
    starts.into_iter().zip(ends).map(piece).collect()
}

fn give(decoder: &mut Decoder, time: u64, bytes: &[u8]) -> Result<Found, Skip> {
    give_cut(decoder, time, bytes, bytes.len())
}

fn give_cut(decoder: &mut Decoder, time: u64, bytes: &[u8], wire_length: usize) -> Result<Found, Skip> {
    let frame = Frame { time, link: LinkType::Ethernet, bytes, wire_length: wire_length as u32 };
    let answer = decoder.frame(&frame);
    if let Ok(segment) = &answer
        && !segment.payload.is_empty()
    {
        assert_eq!(segment.offset_in(bytes), None, "its bytes are the decoder's");
    }
    answer.map(|segment| Found::new(&segment))
}

fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|at| ((at * 7) ^ (at >> 8)) as u8).collect()
}

#[test]
fn any_cuts_in_any_order_give_the_same_bytes() {
    let mut dice = Dice(42);
    for round in 0..2000 {
        let is_tcp = round % 3 == 0;
        let length = [1, 40, 1500, 9000, 65_000][dice.below(5)] + dice.below(400);
        let payload = payload(length);
        let datagram = if is_tcp { tcp(&payload) } else { udp(2000, &payload) };
        let mut cuts: Vec<usize> =
            (0..1 + dice.below(60)).map(|_| dice.below(datagram.len()) / 8 * 8).collect();
        cuts.retain(|cut| *cut > 0);
        cuts.sort_unstable();
        cuts.dedup();
        let mut pieces = pieces(round % 2 == 0, round, if is_tcp { TCP } else { UDP }, &datagram, &cuts);
        if pieces.len() == 1 {
            continue;
        }
        for place in (1..pieces.len()).rev() {
            pieces.swap(place, dice.below(place + 1));
        }
        let mut decoder = Decoder::default();
        let (last, others) = pieces.split_last().unwrap();
        for piece in others {
            assert_eq!(give(&mut decoder, SECOND, &piece.frame()).unwrap_err(), Skip::FragmentHeld);
            if dice.below(4) == 0 {
                assert_eq!(give(&mut decoder, SECOND, &piece.frame()).unwrap_err(), Skip::FragmentDuplicate);
            }
        }
        let found = give(&mut decoder, SECOND, &last.frame()).unwrap();
        assert!(found.payload == payload, "round {round}");
        assert_eq!((found.source.port(), found.destination.port(), found.cut), (1000, 2000, 0));
        assert_eq!(found.tcp.is_some(), is_tcp);
        assert_eq!(decoder.fragments(), FragmentStats { reassembled: 1, ..FragmentStats::default() });
    }
}

#[test]
fn datagrams_are_told_apart() {
    let mut decoder = Decoder::default();
    let datagram = |fill: u8| udp(2000, &[fill; 100]);
    let cases = [
        (false, 1, UDP),
        (false, 2, UDP),
        (false, 1, 200),
        (true, 1, UDP),
        (true, 2, UDP),
        (true, 0x1_0001, UDP),
    ];
    let all: Vec<Vec<Piece>> = cases
        .iter()
        .enumerate()
        .map(|(n, (v6, id, protocol))| pieces(*v6, *id, *protocol, &datagram(n as u8), &[48]))
        .collect();
    for pieces in &all {
        assert_eq!(give(&mut decoder, 0, &pieces[1].frame()).unwrap_err(), Skip::FragmentHeld);
    }
    for (n, pieces) in all.iter().enumerate() {
        match give(&mut decoder, 0, &pieces[0].frame()) {
            Ok(found) => assert_eq!(found.payload, [n as u8; 100]),
            Err(skip) => assert_eq!((skip, n), (Skip::NotTcpUdp, 2)),
        }
    }
    assert_eq!(decoder.fragments().reassembled, 6);
}

/// What the first fragment carries counts, whatever the others say (RFC 8200, 4.5).
#[test]
fn the_first_piece_tells_the_protocol() {
    let mut pieces = pieces(true, 1, UDP, &udp(2000, &[7; 100]), &[48]);
    pieces[1].protocol = TCP;
    let mut decoder = Decoder::default();
    give(&mut decoder, 0, &pieces[1].frame()).unwrap_err();
    assert!(give(&mut decoder, 0, &pieces[0].frame()).unwrap().tcp.is_none());
}

/// An attack on filters that only look at the first piece: it has no flags.
#[test]
fn tiny_pieces_are_put_together_too() {
    let datagram = tcp(b"hello");
    let mut decoder = Decoder::default();
    let pieces = pieces(false, 9, TCP, &datagram, &[8, 16, 24]);
    for piece in &pieces[..3] {
        assert_eq!(give(&mut decoder, 0, &piece.frame()).unwrap_err(), Skip::FragmentHeld);
    }
    assert_eq!(give(&mut decoder, 0, &pieces[3].frame()).unwrap().payload, b"hello");
}

#[test]
fn overlapping_pieces_end_the_datagram() {
    let datagram = udp(2000, &payload(200));
    let good = pieces(false, 1, UDP, &datagram, &[48, 96]);
    let piece = |offset: usize, end: usize, more| Piece {
        v6: false,
        id: 1,
        protocol: UDP,
        offset,
        more,
        bytes: vec![0xee; end - offset],
    };
    let bad = [
        ("before and into", vec![0], piece(40, 56, true)),
        ("over all of it", vec![1], piece(40, 104, true)),
        ("inside", vec![0], piece(8, 16, true)),
        ("same start, shorter", vec![1], piece(48, 56, true)),
        ("same start, longer", vec![1], piece(48, 104, true)),
        ("into the next", vec![1], piece(40, 56, true)),
        ("over the end", vec![0, 2], piece(200, 216, true)),
        ("a second end behind", vec![0, 2], piece(208, 216, false)),
        ("a second end before", vec![2], piece(48, 60, false)),
        ("an end before what has come", vec![1], piece(8, 40, false)),
    ];
    for (name, first, bad) in bad {
        let mut decoder = Decoder::default();
        for place in &first {
            assert_eq!(
                give(&mut decoder, 0, &good[*place].frame()).unwrap_err(),
                Skip::FragmentHeld,
                "{name}"
            );
        }
        assert_eq!(give(&mut decoder, 0, &bad.frame()).unwrap_err(), Skip::FragmentOverlap, "{name}");
        assert_eq!(decoder.fragments().waiting, 0, "{name}");
        // The rest of it does not become a datagram.
        for place in (0..3).filter(|place| !first.contains(place)) {
            assert_eq!(
                give(&mut decoder, 0, &good[place].frame()).unwrap_err(),
                Skip::FragmentHeld,
                "{name}"
            );
        }
    }
}

#[test]
fn pieces_that_can_not_be() {
    let piece = |offset, more, length: usize| Piece {
        v6: false,
        id: 1,
        protocol: UDP,
        offset,
        more,
        bytes: vec![0; length],
    };
    let mut decoder = Decoder::default();
    for bad in [piece(0, true, 0), piece(0, true, 7), piece(65_528, false, 8), piece(65_000, true, 1000)] {
        assert_eq!(give(&mut decoder, 0, &bad.frame()).unwrap_err(), Skip::MalformedIp);
    }
    assert_eq!(decoder.fragments(), FragmentStats::default());
    assert_eq!(give(&mut decoder, 0, &piece(65_528, false, 7).frame()).unwrap_err(), Skip::FragmentHeld);
}

#[test]
fn pieces_are_limited() {
    let mut decoder = Decoder::default();
    for number in 0..129 {
        let piece =
            Piece { v6: true, id: 1, protocol: UDP, offset: number * 16, more: true, bytes: vec![0; 8] };
        let skip = give(&mut decoder, 0, &piece.frame()).unwrap_err();
        assert_eq!(skip, if number < 128 { Skip::FragmentHeld } else { Skip::FragmentTooMany });
    }
    assert_eq!(decoder.fragments().waiting, 0);
}

#[test]
fn datagrams_are_limited_in_number_and_the_oldest_goes() {
    let mut decoder = Decoder::default();
    let two = |id: u32| pieces(true, id, UDP, &udp(2000, &id.to_be_bytes().repeat(20)), &[8]);
    for id in 0..1030 {
        assert_eq!(give(&mut decoder, 0, &two(id)[0].frame()).unwrap_err(), Skip::FragmentHeld);
    }
    let stats = decoder.fragments();
    assert_eq!((stats.waiting, stats.evicted), (1024, 6));
    assert_eq!(
        give(&mut decoder, 0, &two(1029)[1].frame()).unwrap().payload,
        1029_u32.to_be_bytes().repeat(20)
    );
    assert!(give(&mut decoder, 0, &two(6)[1].frame()).is_ok());
    assert_eq!(
        give(&mut decoder, 0, &two(5)[1].frame()).unwrap_err(),
        Skip::FragmentHeld,
        "it was the last to go"
    );
}

#[test]
fn datagrams_are_limited_in_bytes() {
    let mut decoder = Decoder::default();
    let first = |id| Piece { v6: true, id, protocol: UDP, offset: 0, more: true, bytes: vec![1; 60_000] };
    for id in 0..200 {
        assert_eq!(give(&mut decoder, 0, &first(id).frame()).unwrap_err(), Skip::FragmentHeld);
    }
    let stats = decoder.fragments();
    assert_eq!(stats.waiting, (4 << 20) / 60_000);
    assert_eq!(stats.waiting + stats.evicted, 200);
}

#[test]
fn datagrams_expire_by_the_captures_time() {
    let two = |id: u32| pieces(false, id, UDP, &udp(2000, &[7; 100]), &[48]);
    let mut decoder = Decoder::default();
    give(&mut decoder, SECOND, &two(1)[0].frame()).unwrap_err();
    give(&mut decoder, 20 * SECOND, &two(2)[0].frame()).unwrap_err();
    assert_eq!(give(&mut decoder, 31 * SECOND + 1, &two(1)[1].frame()).unwrap_err(), Skip::FragmentHeld);
    assert_eq!(decoder.fragments().expired, 1);
    assert!(give(&mut decoder, 31 * SECOND + 1, &two(2)[1].frame()).is_ok(), "it is 11 s old");
    give(&mut decoder, 40 * SECOND, &two(3)[0].frame()).unwrap_err();
    assert!(give(&mut decoder, 70 * SECOND, &two(3)[1].frame()).is_ok(), "30 s are not too long");
    // A clock that runs backwards expires nothing.
    let mut decoder = Decoder::default();
    give(&mut decoder, 100 * SECOND, &two(1)[0].frame()).unwrap_err();
    assert!(give(&mut decoder, SECOND, &two(1)[1].frame()).is_ok());
}

#[test]
fn a_cut_piece_ends_the_bytes_but_not_the_length() {
    let payload = payload(300);
    let pieces = pieces(false, 1, UDP, &udp(2000, &payload), &[104, 208]);
    let mut decoder = Decoder::default();
    give(&mut decoder, 0, &pieces[0].frame()).unwrap_err();
    let second = pieces[1].frame();
    // 40 of its 104 bytes were captured.
    give_cut(&mut decoder, 0, &second[..34 + 40], second.len()).unwrap_err();
    let found = give(&mut decoder, 0, &pieces[2].frame()).unwrap();
    assert_eq!(found.payload, payload[..96 + 40]);
    assert_eq!(found.cut as usize, 300 - (96 + 40));
}

#[test]
fn fragments_of_a_tunnel_and_in_a_tunnel() {
    let inner = pieces(false, 5, UDP, &udp(2000, b"through a tunnel, in pieces of pieces"), &[24]);
    let mut frames = Vec::new();
    for (number, piece) in inner.iter().enumerate() {
        let datagram = udp(4789, &vxlan(&piece.frame()));
        for (offset, part) in [(0, &datagram[..40]), (40, &datagram[40..])] {
            let field = if offset == 0 { 0x2000 } else { offset / 8_u16 };
            let mut ip = outer_v4(UDP, part);
            ip[5] = number as u8;
            ip[6..8].copy_from_slice(&field.to_be_bytes());
            frames.push(ethernet(IPV4, &ip));
        }
    }
    let mut decoder = Decoder::default();
    for frame in &frames[..3] {
        assert_eq!(give(&mut decoder, 0, frame).unwrap_err(), Skip::FragmentHeld);
    }
    let found = give(&mut decoder, 0, &frames[3]).unwrap();
    assert_eq!(found.line(), "udp 10.0.0.1:1000 > 10.0.0.2:2000: through a tunnel, in pieces of pieces");
    let stats = decoder.fragments();
    assert_eq!((stats.reassembled, stats.waiting), (3, 0));
}
