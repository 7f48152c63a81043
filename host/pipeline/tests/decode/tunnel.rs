//! Tunnels, and what only looks like one.

use weir_pipeline::captured::LinkType;
use weir_pipeline::decode::Skip;

use crate::build::{
    INNER, INNER_V6, IPV4, IPV6, TCP, UDP, ethernet, geneve, gre, outer_v4, packet, plain, tag, tcp, udp, v4,
    v6, vxlan,
};
use crate::{decode, decode_cut, line};

fn over_udp(port: u16, payload: &[u8]) -> Vec<u8> {
    ethernet(IPV4, &outer_v4(UDP, &udp(port, payload)))
}

fn over_ip(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(IPV4, &outer_v4(protocol, payload))
}

#[test]
fn vxlan_ports_and_flags() {
    for port in [4789, 8472] {
        assert_eq!(line(&over_udp(port, &vxlan(&plain()))), INNER);
        let tagged = ethernet(0x8100, &tag(IPV6, &v6(TCP, &tcp(b"hello"))));
        assert_eq!(line(&over_udp(port, &vxlan(&tagged))), INNER_V6);
    }
    assert_eq!(line(&ethernet(IPV6, &v6(UDP, &udp(4789, &vxlan(&plain()))))), INNER);
    let mut group_policy = vxlan(&plain());
    group_policy[..4].copy_from_slice(&[0x88, 0x08, 0x12, 0x34]);
    assert_eq!(line(&over_udp(4789, &group_policy)), INNER);
}

#[test]
fn geneve_of_ethernet_and_ip() {
    assert_eq!(line(&over_udp(6081, &geneve(0x6558, &[], &plain()))), INNER);
    assert_eq!(line(&over_udp(6081, &geneve(0x6558, &[7; 252], &plain()))), INNER);
    assert_eq!(line(&over_udp(6081, &geneve(IPV4, &[7; 4], &packet()))), INNER);
    assert_eq!(line(&over_udp(6081, &geneve(IPV6, &[], &v6(TCP, &tcp(b"hello"))))), INNER_V6);
}

/// Ephemeral ports and other programs use these numbers too.
#[test]
fn a_tunnels_port_without_a_tunnel_is_plain_udp() {
    let plain_udp = |port: u16, payload: &[u8]| {
        let found = decode(&over_udp(port, payload)).unwrap();
        assert_eq!((found.destination.port(), &found.payload[..]), (port, payload));
        assert_eq!(found.source.ip().to_string(), "192.0.2.1");
    };
    for port in [4789, 8472, 6081] {
        plain_udp(port, b"");
        plain_udp(port, b"short");
        plain_udp(port, b"GET / HTTP/1.1 and some more of it");
        plain_udp(port, &[0; 60]);
        plain_udp(port, &[0xff; 60]);
    }
    // The header is right, what follows is not.
    plain_udp(4789, &vxlan(b"not a frame"));
    plain_udp(4789, &vxlan(&[0x42; 60]));
    let mut wrong = plain();
    wrong[14] = 0x35;
    plain_udp(4789, &vxlan(&wrong));
    plain_udp(6081, &geneve(0x4242, &[], &plain()));
    // Reserved bits, version, and options behind the end.
    for (at, value) in [(0, 0x00), (0, 0x0c), (1, 1), (2, 1), (3, 1)] {
        let mut wrong = vxlan(&plain());
        wrong[at] = value;
        plain_udp(4789, &wrong);
    }
    for (at, value) in [(0, 0x40), (0, 0x3f), (1, 0x01)] {
        let mut wrong = geneve(0x6558, &[], &plain());
        wrong[at] = value;
        plain_udp(6081, &wrong);
    }
}

#[test]
fn a_tunnel_that_carries_something_else_is_no_plain_udp() {
    let arp = ethernet(0x0806, &[0; 28]);
    assert_eq!(decode(&over_udp(4789, &vxlan(&arp))).unwrap_err(), Skip::NotIp);
    let ping = ethernet(IPV4, &v4(1, &[0; 8]));
    assert_eq!(decode(&over_udp(4789, &vxlan(&ping))).unwrap_err(), Skip::NotTcpUdp);
    let frame = over_udp(4789, &vxlan(&plain()));
    let inner_header = 14 + 20 + 8 + 8 + 14 + 10;
    assert_eq!(
        decode_cut(LinkType::Ethernet, &frame[..inner_header], frame.len()).unwrap_err(),
        Skip::Truncated
    );
}

/// Only the destination port names the tunnel; answers to the source port are something else.
#[test]
fn source_ports_name_no_tunnel() {
    let mut answer = over_udp(5353, &vxlan(&plain()));
    answer[34..36].copy_from_slice(&4789_u16.to_be_bytes());
    assert_eq!(decode(&answer).unwrap().destination.port(), 5353);
}

#[test]
fn gre_fields() {
    for (flags, fields) in [(0, 0), (0x80, 4), (0x20, 4), (0x10, 4), (0xa0, 8), (0x30, 8), (0xb0, 12)] {
        let fields = vec![0xee; fields];
        assert_eq!(line(&over_ip(47, &gre(flags, 0, IPV4, &fields, &packet()))), INNER, "{flags:x}");
        let ethernet = gre(flags, 0, 0x6558, &fields, &plain());
        assert_eq!(line(&over_ip(47, &ethernet)), INNER, "{flags:x}");
    }
    let v6 = v6(TCP, &tcp(b"hello"));
    assert_eq!(line(&over_ip(47, &gre(0, 0, IPV6, &[], &v6))), INNER_V6);
    let labels = [&[0, 1, 1, 64], &packet()[..]].concat();
    assert_eq!(line(&over_ip(47, &gre(0, 0, 0x8847, &[], &labels))), INNER);
    assert_eq!(line(&ethernet(IPV6, &crate::build::v6(47, &gre(0, 0, IPV4, &[], &packet())))), INNER);
}

#[test]
fn gre_that_is_not_read() {
    assert_eq!(
        line(&over_ip(47, &gre(0x30, 0x81, 0x880b, &[0; 8], &packet()))),
        "unsupported-tunnel",
        "PPTP"
    );
    assert_eq!(line(&over_ip(47, &gre(0x40, 0, IPV4, &[0; 4], &packet()))), "unsupported-tunnel", "routes");
    assert_eq!(line(&over_ip(47, &gre(0, 2, IPV4, &[], &packet()))), "malformed-tunnel", "version 2");
    assert_eq!(line(&over_ip(47, &gre(0, 0, 0x883e, &[], &packet()))), "unknown-type", "WCCP");
    assert_eq!(line(&over_ip(47, &gre(0, 0, 0, &[], &[]))), "not-ip", "keep-alive");
}

#[test]
fn erspan() {
    let mirrored = |sequence: bool, kind: u16, header: &[u8], inside: &[u8]| {
        let fields: &[u8] = if sequence { &[0, 0, 0, 9] } else { &[] };
        over_ip(47, &gre(u8::from(sequence) << 4, 0, kind, fields, &[header, inside].concat()))
    };
    let two = [0x10, 0x64, 0, 1, 0, 0, 0, 0];
    let three = [0x20, 0x64, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    let with_platform = [&three[..11], &[1], &[0xee; 8]].concat();
    let ip = [&three[..10], &[2 << 2, 0]].concat();
    let other = [&three[..10], &[1 << 2, 0]].concat();
    assert_eq!(line(&mirrored(false, 0x88be, &[], &plain())), INNER, "type I");
    assert_eq!(line(&mirrored(true, 0x88be, &two, &plain())), INNER, "type II");
    assert_eq!(line(&mirrored(true, 0x22eb, &three, &plain())), INNER, "type III");
    assert_eq!(line(&mirrored(true, 0x22eb, &with_platform, &plain())), INNER, "type III with more");
    assert_eq!(line(&mirrored(true, 0x22eb, &ip, &packet())), INNER, "type III of IP");
    assert_eq!(line(&mirrored(true, 0x22eb, &other, &plain())), "not-ip");
    assert_eq!(line(&mirrored(true, 0x88be, &three, &plain())), "malformed-tunnel");
    assert_eq!(line(&mirrored(true, 0x22eb, &two, &plain())), "malformed-tunnel");
}

/// Mirrors cut frames to fit, and their headers still tell how long they were.
#[test]
fn a_mirrored_frame_may_be_cut() {
    let long = ethernet(IPV4, &v4(TCP, &tcp(&[b'x'; 1000])));
    let found = decode(&over_udp(4789, &vxlan(&long[..154]))).unwrap();
    assert_eq!((found.payload.len(), found.cut), (100, 900));
}

#[test]
fn ip_in_ip_all_four_ways() {
    let v6_packet = v6(TCP, &tcp(b"hello"));
    assert_eq!(line(&over_ip(4, &packet())), INNER);
    assert_eq!(line(&over_ip(41, &v6_packet)), INNER_V6);
    assert_eq!(line(&ethernet(IPV6, &v6(4, &packet()))), INNER);
    assert_eq!(line(&ethernet(IPV6, &v6(41, &v6_packet))), INNER_V6);
    assert_eq!(line(&over_ip(137, &[&[0, 1, 1, 64], &packet()[..]].concat())), INNER);
    // The outer packet's end is the inner one's.
    assert_eq!(line(&over_ip(4, &v6_packet)), "malformed-ip");
}

#[test]
fn four_tunnels_are_enough() {
    let mut inside = packet();
    for _ in 0..4 {
        inside = outer_v4(4, &inside);
        assert_eq!(line(&ethernet(IPV4, &inside)), INNER);
    }
    assert_eq!(line(&ethernet(IPV4, &outer_v4(4, &inside))), "too-deep");
    let mut inside = plain();
    for _ in 0..5 {
        inside = over_udp(4789, &vxlan(&inside));
    }
    assert_eq!(line(&inside), "too-deep");
}
