//! Link layers.

use weir_pipeline::captured::LinkType;
use weir_pipeline::decode::Skip;

use crate::build::{INNER, INNER_V6, IPV4, IPV6, TCP, ethernet, fixtures, packet, plain, tag, tcp, v6};
use crate::{decode, decode_as, line};

#[test]
fn every_fixture_gives_the_innermost_flow() {
    for (name, frame) in fixtures() {
        let found = decode(&frame).unwrap();
        let ends = (found.source.port(), found.destination.port(), &found.payload[..], found.cut);
        assert_eq!(ends, (1000, 2000, &b"hello"[..], 0), "{name}");
        let ip = found.source.ip().to_string();
        assert!(ip == "10.0.0.1" || ip == "fd00::1", "{name}");
    }
}

#[test]
fn tags() {
    let mut rest = packet();
    let mut kind = IPV4;
    for (tags, tpid) in [0x8100, 0x88a8, 0x9100, 0x8100].into_iter().enumerate() {
        rest = tag(kind, &rest);
        kind = tpid;
        assert_eq!(line(&ethernet(kind, &rest)), INNER, "{}", tags + 1);
    }
    assert_eq!(line(&ethernet(0x8100, &tag(kind, &rest))), "too-deep");
}

#[test]
fn what_is_not_ip() {
    for kind in [0x0806, 0x88cc, 0x8808, 0x0026, 0x05ff] {
        assert_eq!(decode(&ethernet(kind, &packet())).unwrap_err(), Skip::NotIp, "{kind:x}");
        assert_eq!(decode(&ethernet(0x8100, &tag(kind, &packet()))).unwrap_err(), Skip::NotIp, "{kind:x}");
    }
    assert_eq!(decode(&ethernet(0x0600, &packet())).unwrap_err(), Skip::UnknownType);
    assert_eq!(decode(&ethernet(0x4242, &packet())).unwrap_err(), Skip::UnknownType);
}

fn line_as(link: LinkType, header: &[u8], rest: &[u8]) -> String {
    let frame = [header, rest].concat();
    decode_as(link, &frame).map_or_else(|skip| skip.name().into(), |found| found.line())
}

#[test]
fn raw() {
    assert_eq!(line_as(LinkType::Raw, &[], &packet()), INNER);
    assert_eq!(line_as(LinkType::Raw, &[], &v6(TCP, &tcp(b"hello"))), INNER_V6);
    assert_eq!(line_as(LinkType::Raw, &[], &[0x50; 40]), "malformed-ip");
    assert_eq!(line_as(LinkType::Raw, &[], &[]), "truncated");
}

#[test]
fn loopback_in_both_orders() {
    for (family, line, packet) in [
        (2_u32, INNER, packet()),
        (10, INNER_V6, v6(TCP, &tcp(b"hello"))),
        (24, INNER_V6, v6(TCP, &tcp(b"hello"))),
        (28, INNER_V6, v6(TCP, &tcp(b"hello"))),
        (30, INNER_V6, v6(TCP, &tcp(b"hello"))),
        (7, "unknown-type", packet()),
    ] {
        assert_eq!(line_as(LinkType::Null, &family.to_le_bytes(), &packet), line);
        assert_eq!(line_as(LinkType::Null, &family.to_be_bytes(), &packet), line);
    }
}

#[test]
fn cooked() {
    let sll = |kind: u16| [&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0][..], &kind.to_be_bytes()].concat();
    assert_eq!(line_as(LinkType::Sll, &sll(IPV4), &packet()), INNER);
    assert_eq!(line_as(LinkType::Sll, &sll(0x8100), &tag(IPV4, &packet())), INNER);
    assert_eq!(line_as(LinkType::Sll, &sll(4), &packet()), "not-ip");

    let sll2 = |kind: u16| {
        [&kind.to_be_bytes(), &[0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0][..]].concat()
    };
    assert_eq!(line_as(LinkType::Sll2, &sll2(IPV6), &v6(TCP, &tcp(b"hello"))), INNER_V6);
    assert_eq!(line_as(LinkType::Sll2, &sll2(0x0806), &packet()), "not-ip");
}

#[test]
fn labels() {
    let stacked = |labels: usize, rest: &[u8]| {
        let mut stack = vec![[0, 0x10, 0, 64]; labels];
        if let Some(last) = stack.last_mut() {
            last[2] |= 1;
        }
        ethernet(0x8847, &[&stack.concat(), rest].concat())
    };
    for labels in 1..=16 {
        assert_eq!(line(&stacked(labels, &packet())), INNER, "{labels}");
    }
    assert_eq!(line(&stacked(17, &packet())), "too-deep");
    assert_eq!(line(&stacked(1, &v6(TCP, &tcp(b"hello")))), INNER_V6);
    assert_eq!(line(&stacked(1, &[&[0; 4], &plain()[..]].concat())), INNER);
    assert_eq!(line(&stacked(1, &[0x50; 30])), "malformed-ip");
}

#[test]
fn pppoe_discovery_and_other_protocols() {
    let session = |protocol: u16| {
        ethernet(
            0x8864,
            &[&[0x11, 0, 0, 1, 0, 47], &protocol.to_be_bytes()[..], &v6(TCP, &tcp(b"hello"))].concat(),
        )
    };
    assert_eq!(line(&session(0x0057)), INNER_V6);
    assert_eq!(line(&session(0xc021)), "not-ip");
    assert_eq!(line(&ethernet(0x8863, &packet())), "not-ip");
}
