//! IPv4 and IPv6 headers, and the lengths that follow from them.

use weir_pipeline::captured::LinkType;
use weir_pipeline::decode::Skip;

use crate::build::{
    INNER, INNER_V6, IPV4, IPV6, TCP, UDP, ethernet, extension, packet, plain, tcp, udp, v4, v4_with, v6,
};
use crate::{decode, decode_cut, line};

#[test]
fn padding_is_no_payload() {
    let mut frame = ethernet(IPV4, &v4(TCP, &tcp(b"")));
    frame.resize(60, 0);
    assert_eq!(decode(&frame).unwrap().payload, b"");
    let mut frame = ethernet(IPV6, &v6(UDP, &udp(2000, b"x")));
    frame.resize(80, 0xee);
    assert_eq!(decode(&frame).unwrap().payload, b"x");
}

#[test]
fn options_are_behind_the_header() {
    for words in 0..=10 {
        let ip = v4_with([10, 0, 0, 1], [10, 0, 0, 2], TCP, &vec![1; words * 4], &tcp(b"hello"));
        assert_eq!(line(&ethernet(IPV4, &ip)), INNER);
    }
}

/// The network card cuts such packets up after the capture and writes their lengths.
#[test]
fn a_length_of_zero_is_what_the_frame_has() {
    let long = vec![b'x'; 70_000];
    let mut frame = ethernet(IPV4, &v4(TCP, &tcp(&long)));
    frame[16..18].fill(0);
    assert_eq!(decode(&frame).unwrap().payload, long);
    let found = decode_cut(LinkType::Ethernet, &frame[..1054], frame.len()).unwrap();
    assert_eq!((found.payload.len(), found.cut), (1000, 69_000));

    let mut frame = ethernet(IPV6, &v6(TCP, &tcp(&long)));
    frame[18..20].fill(0);
    assert_eq!(decode(&frame).unwrap().payload, long);
}

#[test]
fn cut_is_what_the_snap_length_took() {
    let frame = ethernet(IPV4, &v4(TCP, &tcp(&[b'x'; 1000])));
    for captured in 54..=frame.len() {
        let found = decode_cut(LinkType::Ethernet, &frame[..captured], frame.len()).unwrap();
        assert_eq!((found.payload.len(), found.cut as usize), (captured - 54, frame.len() - captured));
        // Some writers set the wire length to what they captured.
        assert_eq!(decode(&frame[..captured]).unwrap().cut, found.cut);
    }
    // Cut inside of the padding: nothing is missing.
    let mut short = ethernet(IPV4, &v4(TCP, &tcp(b"hi")));
    short.resize(58, 0);
    assert_eq!(decode_cut(LinkType::Ethernet, &short, 60).unwrap().cut, 0);
}

#[test]
fn headers_that_contradict_themselves() {
    let with = |at: usize, value: u8| {
        let mut frame = plain();
        frame[14 + at] = value;
        decode(&frame).map(|_| ())
    };
    assert_eq!(with(0, 0x55), Err(Skip::MalformedIp), "version 5");
    assert_eq!(with(0, 0x65), Err(Skip::MalformedIp), "version 6 behind the type of 4");
    assert_eq!(with(0, 0x44), Err(Skip::MalformedIp), "header of 16 bytes");
    assert_eq!(with(0, 0x4f), Err(Skip::MalformedIp), "header longer than the packet");
    assert_eq!(with(3, 19), Err(Skip::MalformedIp), "packet shorter than its header");
    assert_eq!(with(3, 20), Err(Skip::Truncated), "packet of its header only");
    let mut frame = ethernet(IPV6, &v6(TCP, &tcp(b"hello")));
    frame[14] = 0x45;
    assert_eq!(decode(&frame).unwrap_err(), Skip::MalformedIp);
}

#[test]
fn other_protocols() {
    for protocol in [1, 2, 89, 132, 255] {
        assert_eq!(decode(&ethernet(IPV4, &v4(protocol, &[0; 40]))).unwrap_err(), Skip::NotTcpUdp);
    }
    for next in [58, 59, 132] {
        assert_eq!(decode(&ethernet(IPV6, &v6(next, &[0; 40]))).unwrap_err(), Skip::NotTcpUdp);
    }
    assert_eq!(decode(&ethernet(IPV4, &v4(50, &[0; 40]))).unwrap_err(), Skip::Encrypted);
    assert_eq!(decode(&ethernet(IPV6, &v6(50, &[0; 40]))).unwrap_err(), Skip::Encrypted);
    // Extension headers of IPv6 mean nothing behind IPv4.
    for protocol in [0, 43, 44, 60] {
        let rest = extension(TCP, 0, &tcp(b"hello"));
        assert_eq!(decode(&ethernet(IPV4, &v4(protocol, &rest))).unwrap_err(), Skip::NotTcpUdp);
    }
}

#[test]
fn extension_headers() {
    for kind in [0, 43, 60, 135, 139, 140] {
        for more in [0, 1, 5] {
            let rest = extension(TCP, more, &tcp(b"hello"));
            assert_eq!(line(&ethernet(IPV6, &v6(kind, &rest))), INNER_V6, "{kind} {more}");
        }
    }
    let nine = (0..9).fold((TCP, tcp(b"hello")), |(next, rest), _| (60, extension(next, 0, &rest)));
    assert_eq!(line(&ethernet(IPV6, &v6(nine.0, &nine.1))), INNER_V6);
    let ten = extension(60, 0, &nine.1);
    assert_eq!(line(&ethernet(IPV6, &v6(60, &ten))), "too-deep");
    let behind = extension(TCP, 200, &tcp(b"hello"));
    assert_eq!(line(&ethernet(IPV6, &v6(60, &behind[..20]))), "truncated");
}

#[test]
fn authentication_header_in_both_versions() {
    // 12 bytes and a check value of 12: six words, less two.
    let ah = [&[TCP, 4], &[0; 22][..], &tcp(b"hello")].concat();
    assert_eq!(line(&ethernet(IPV4, &v4(51, &ah))), INNER);
    assert_eq!(line(&ethernet(IPV6, &v6(51, &ah))), INNER_V6);
}

#[test]
fn a_fragment_that_is_alone_is_whole() {
    let fragment = [&[TCP, 0, 0, 0, 1, 2, 3, 4], &tcp(b"hello")[..]].concat();
    assert_eq!(line(&ethernet(IPV6, &v6(44, &fragment))), INNER_V6);
    // The reserved bits are to be ignored.
    let reserved = [&[TCP, 0xff, 0, 6, 1, 2, 3, 4], &tcp(b"hello")[..]].concat();
    assert_eq!(line(&ethernet(IPV6, &v6(44, &reserved))), INNER_V6);
    // IPv4's "don't fragment" bit is no fragment.
    let mut frame = ethernet(IPV4, &packet());
    frame[20] = 0xc0;
    assert_eq!(line(&frame), INNER);
}
