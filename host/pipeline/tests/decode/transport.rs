//! TCP and UDP headers.

use weir_pipeline::captured::LinkType;
use weir_pipeline::decode::{Skip, TcpFlags};

use crate::build::{IPV4, TCP, UDP, ethernet, plain, tcp_with, udp, v4};
use crate::{decode, decode_cut, line};

#[test]
fn numbers_and_flags() {
    let header = decode(&plain()).unwrap().tcp.unwrap();
    assert_eq!((header.sequence, header.acknowledgment), (0x1122_3344, 0x5566_7788));
    assert_eq!(header.flags, TcpFlags(0x18));
    for (bit, test) in [
        (0x01, TcpFlags::fin as fn(TcpFlags) -> bool),
        (0x02, TcpFlags::syn),
        (0x04, TcpFlags::rst),
        (0x10, TcpFlags::ack),
    ] {
        let set = decode(&ethernet(IPV4, &v4(TCP, &tcp_with(bit, &[], b"")))).unwrap().tcp.unwrap().flags;
        let others = decode(&ethernet(IPV4, &v4(TCP, &tcp_with(!bit, &[], b"")))).unwrap().tcp.unwrap().flags;
        assert!(test(set) && !test(others), "{bit:x}");
    }
}

#[test]
fn tcp_options_are_no_payload() {
    for words in 0..=10 {
        let frame = ethernet(IPV4, &v4(TCP, &tcp_with(0x10, &vec![1; words * 4], b"hello")));
        assert_eq!(decode(&frame).unwrap().payload, b"hello");
    }
}

#[test]
fn tcp_data_offset() {
    let with = |words: u8| {
        let mut frame = plain();
        frame[14 + 20 + 12] = words << 4;
        decode(&frame).map(|found| found.payload)
    };
    for words in 0..5 {
        assert_eq!(with(words), Err(Skip::MalformedTcp));
    }
    assert_eq!(with(6).unwrap(), b"o", "options of the payload's first bytes");
    assert_eq!(with(7), Err(Skip::MalformedTcp), "behind the segment");
    // Padding does not make room for it.
    let mut frame = plain();
    frame[14 + 20 + 12] = 7 << 4;
    frame.resize(200, 0);
    assert_eq!(decode(&frame).unwrap_err(), Skip::MalformedTcp);
}

#[test]
fn tcp_without_its_options_is_enough() {
    let frame = ethernet(IPV4, &v4(TCP, &tcp_with(0x12, &[1; 20], b"hello")));
    for captured in 0..34 + 14 {
        assert_eq!(
            decode_cut(LinkType::Ethernet, &frame[..captured], frame.len()).unwrap_err(),
            Skip::Truncated
        );
    }
    for captured in 34 + 14..=34 + 40 {
        let found = decode_cut(LinkType::Ethernet, &frame[..captured], frame.len()).unwrap();
        assert_eq!((found.tcp.unwrap().flags, found.payload.len(), found.cut), (TcpFlags(0x12), 0, 5));
    }
}

#[test]
fn udp_lengths() {
    let with = |length: u16| {
        let mut frame = ethernet(IPV4, &v4(UDP, &udp(2000, b"hello")));
        frame[14 + 20 + 4..14 + 20 + 6].copy_from_slice(&length.to_be_bytes());
        decode(&frame).map(|found| (found.payload, found.cut))
    };
    assert_eq!(with(13), Ok((b"hello".to_vec(), 0)));
    assert_eq!(with(10), Ok((b"he".to_vec(), 0)), "shorter than IP says");
    assert_eq!(with(8), Ok((vec![], 0)));
    assert_eq!(with(0), Ok((b"hello".to_vec(), 0)), "left to the network card");
    assert_eq!(with(500), Ok((b"hello".to_vec(), 0)), "longer than IP says");
    for length in 1..8 {
        assert_eq!(with(length), Err(Skip::MalformedUdp));
    }
}

#[test]
fn udp_cut() {
    let frame = ethernet(IPV4, &v4(UDP, &udp(2000, &[b'x'; 100])));
    for captured in 42..frame.len() {
        let found = decode_cut(LinkType::Ethernet, &frame[..captured], frame.len()).unwrap();
        assert_eq!((found.payload.len(), found.cut as usize), (captured - 42, frame.len() - captured));
    }
}

#[test]
fn ports_of_zero_are_ports() {
    let mut frame = plain();
    frame[34..38].fill(0);
    assert_eq!(line(&frame), "tcp 10.0.0.1:0 > 10.0.0.2:0: hello");
}
