//! Records of system calls, whole and broken.

use weir_pipeline::captured::{Caller, Frame, LinkType, Sender, SocketHeader};
use weir_pipeline::decode::{Address, Decoder, Skip, TcpFlags, TcpHeader, TransportHeader, fuzz};

use crate::{Dice, decode_as, decode_cut};

fn header() -> SocketHeader {
    SocketHeader {
        socket: 7,
        local: (Address::v4([10, 0, 0, 1]), 1000),
        remote: (Address::v4([10, 0, 0, 2]), 2000),
        sender: Sender::Local,
        transport: TransportHeader::Tcp(TcpHeader { sequence: 5, acknowledgment: 6, flags: TcpFlags(0x18) }),
        cut: 0,
        caller: Caller { process_id: 41, process_name: *b"server\0\0\0\0\0\0\0\0\0\0", ..Caller::default() },
    }
}

fn frame(header: &SocketHeader) -> Vec<u8> {
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    bytes.extend(b"hello");
    bytes
}

/// A whole one.
pub(crate) fn record() -> Vec<u8> {
    frame(&header())
}

#[test]
fn who_sent_is_the_source() {
    let line = |header| decode_as(LinkType::Socket, &frame(&header)).unwrap().line();
    assert_eq!(line(header()), "tcp 10.0.0.1:1000 > 10.0.0.2:2000: hello");
    let received = SocketHeader { sender: Sender::Remote, ..header() };
    assert_eq!(line(received), "tcp 10.0.0.2:2000 > 10.0.0.1:1000: hello");
    let ends = [1, 2].map(|last| (Address::v6([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]), 53));
    let udp = SocketHeader { transport: TransportHeader::Udp, local: ends[0], remote: ends[1], ..header() };
    assert_eq!(line(udp), "udp [fd00::1]:53 > [fd00::2]:53: hello");
}

#[test]
fn the_call_is_told_with_the_segment() {
    let bytes = [b"before".to_vec(), record()].concat();
    let frame =
        Frame { time: 7, link: LinkType::Socket, bytes: &bytes[6..], wire_length: bytes.len() as u32 - 6 };
    let mut decoder = Decoder::default();
    let segment = decoder.frame(&frame).unwrap();
    let call = segment.call.unwrap();
    assert_eq!((call.socket(), call.caller()), (7, header().caller));
    assert_eq!((call.offset_in(&bytes), call.offset_in(&bytes[7..])), (Some(6), None));
    assert_eq!(segment.offset_in(&bytes), Some(6 + SocketHeader::SIZE));
}

/// What the call did not show, and what the snap length took away of the rest.
#[test]
fn all_that_was_cut_counts() {
    let cut = SocketHeader { cut: 1000, ..header() };
    let bytes = frame(&cut);
    assert_eq!(decode_as(LinkType::Socket, &bytes).unwrap().cut, 1000);
    let found = decode_cut(LinkType::Socket, &bytes[..bytes.len() - 2], bytes.len()).unwrap();
    assert_eq!((found.payload.as_slice(), found.cut), (&b"hel"[..], 1002));
    let most = frame(&SocketHeader { cut: u32::MAX, ..header() });
    assert_eq!(decode_cut(LinkType::Socket, &most, most.len() + 9).unwrap().cut, u32::MAX);
}

#[test]
fn every_prefix_and_every_bit() {
    let whole = record();
    for captured in 0..whole.len() {
        let found = decode_cut(LinkType::Socket, &whole[..captured], whole.len());
        match captured.checked_sub(SocketHeader::SIZE) {
            None => assert_eq!(found.unwrap_err(), Skip::Truncated, "{captured}"),
            Some(payload) => assert_eq!(found.unwrap().payload.len(), payload),
        }
    }
    for bit in 0..SocketHeader::SIZE * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let found = decode_as(LinkType::Socket, &bytes);
        // Magic, version, protocol and the reserved byte have one value each here; sender 0 may only become 1.
        let has_rules = bit < 40 || (41..48).contains(&bit) || (56..64).contains(&bit);
        assert_eq!(found.err(), has_rules.then_some(Skip::MalformedSocket), "bit {bit}");
    }
}

#[test]
fn any_bytes_are_read_without_a_panic() {
    let mut dice = Dice(0x50c);
    for _ in 0..3000 {
        let length = dice.below(300);
        let mut bytes: Vec<u8> = (0..length).map(|_| dice.below(256) as u8).collect();
        if dice.below(2) == 0 {
            let good = record();
            let kept = dice.below(12).min(bytes.len());
            bytes[..kept].copy_from_slice(&good[..kept]);
        }
        let mut input = vec![5, dice.below(3) as u8];
        input.extend((bytes.len() as u16).to_le_bytes());
        input.extend(bytes);
        fuzz(&input);
    }
}
