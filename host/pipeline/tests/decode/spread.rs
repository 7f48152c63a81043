//! The hash that spreads flows over workers.

use std::mem;

use weir_pipeline::captured::{Frame, LinkType};
use weir_pipeline::decode::{Address, Decoder, Segment, TransportHeader};

use crate::Dice;
use crate::build::plain;

fn segment(source: (Address, u16), destination: (Address, u16)) -> Segment<'static> {
    Segment {
        time: 0,
        source: source.0,
        destination: destination.0,
        source_port: source.1,
        destination_port: destination.1,
        transport: TransportHeader::Udp,
        payload: &[],
        cut: 0,
        call: None,
    }
}

#[test]
fn both_directions_go_to_the_same_worker() {
    let mut dice = Dice(9);
    for _ in 0..1000 {
        let mut end = || {
            let number = (dice.below(usize::MAX) as u128) << 64 | dice.below(usize::MAX) as u128;
            (Address(number), dice.below(65_536) as u16)
        };
        let (a, b) = (end(), end());
        assert_eq!(segment(a, b).spread(3), segment(b, a).spread(3));
        assert_ne!(segment(a, b).spread(3), segment(a, b).spread(4));
        assert_ne!(segment(a, b).spread(3), segment((a.0, b.1), (b.0, a.1)).spread(3), "ports swapped alone");
    }
}

/// Clients count their ports up, hosts have neighbouring addresses: the hard cases for a cheap hash.
#[test]
fn similar_flows_are_spread_evenly() {
    let server = (Address::v4([10, 0, 0, 1]), 80);
    let ports = |n: u32| segment((Address::v4([10, 0, 0, 2]), 1024 + n as u16), server);
    let hosts = |n: u32| segment((Address::v4((0x0a01_0000 + n).to_be_bytes()), 40_000), server);
    let hosts_v6 = |n: u32| segment((Address(0xfd00 << 112 | u128::from(n) << 64), 40_000), server);
    let to_itself = |n: u32| segment((server.0, n as u16), (server.0, n as u16));
    let shapes: [(&str, &dyn Fn(u32) -> Segment<'static>); 4] =
        [("ports", &ports), ("hosts", &hosts), ("networks", &hosts_v6), ("to itself", &to_itself)];
    for (name, flow) in shapes {
        for workers in 2..=16 {
            let mut load = vec![0_u32; workers as usize];
            for n in 0..16_000 {
                load[(flow(n).spread(0) % workers) as usize] += 1;
            }
            let fair = 16_000 / workers as u32;
            assert!(load.iter().all(|load| load.abs_diff(fair) < fair / 5), "{name} {workers} {load:?}");
        }
    }
}

#[test]
fn a_segment_is_small_and_keeps_its_hash() {
    assert!(mem::size_of::<Segment<'_>>() <= 96);
    let bytes = plain();
    let frame = Frame { time: 1, link: LinkType::Ethernet, bytes: &bytes, wire_length: bytes.len() as u32 };
    let mut decoder = Decoder::default();
    let hash = decoder.frame(&frame).unwrap().spread(0);
    // A replay on two machines must agree. Changing it is no harm, but is to be done on purpose.
    assert_eq!(hash, 0x15a9_fa88_0254_a246);
}
