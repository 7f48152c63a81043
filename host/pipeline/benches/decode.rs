//! What decode costs: nanoseconds a frame = time of a sample / 4096, frames of 276 bytes that lie behind each other as in a block.
//! `cargo bench -p weir-pipeline --bench decode`

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use weir_pipeline::captured::{Frame, LinkType};
use weir_pipeline::decode::Decoder;

const FRAMES: usize = 4096;

fn main() {
    divan::main();
}

#[divan::bench(args = ["plain", "vlan", "ipv6", "udp", "vxlan"])]
fn frame(bencher: Bencher<'_, '_>, kind: &str) {
    run(bencher, kind, |decoder, frame| {
        decoder.frame(frame).map_or(0, |segment| segment.payload.len() as u64)
    });
}

/// Decode, and the hash that tells which worker gets the segment.
#[divan::bench(args = ["plain"])]
fn frame_and_spread(bencher: Bencher<'_, '_>, kind: &str) {
    run(bencher, kind, |decoder, frame| decoder.frame(frame).map_or(0, |segment| segment.spread(0)));
}

fn run(bencher: Bencher<'_, '_>, kind: &str, work: fn(&mut Decoder, &Frame<'_>) -> u64) {
    let one = bytes(kind);
    let all = one.repeat(FRAMES);
    let mut decoder = Decoder::default();
    bencher.counter(ItemsCount::new(FRAMES)).bench_local(|| {
        let frames = black_box(&all).chunks_exact(one.len());
        frames.fold(0, |sum: u64, bytes| {
            let frame = Frame { time: 1, link: LinkType::Ethernet, bytes, wire_length: bytes.len() as u32 };
            sum.wrapping_add(work(&mut decoder, &frame))
        })
    });
}

fn bytes(kind: &str) -> Vec<u8> {
    let payload = [b'x'; 206];
    match kind {
        "plain" => ethernet(&[8, 0], &v4(6, &tcp(&payload))),
        "vlan" => ethernet(&[0x81, 0, 0, 7, 8, 0], &v4(6, &tcp(&payload))),
        "ipv6" => ethernet(&[0x86, 0xdd], &v6(6, &tcp(&payload))),
        "udp" => ethernet(&[8, 0], &v4(17, &udp(5353, &payload))),
        _ => {
            let inside = ethernet(&[8, 0], &v4(6, &tcp(&payload)));
            ethernet(&[8, 0], &v4(17, &udp(4789, &[&[8, 0, 0, 0, 0, 0, 1, 0], &inside[..]].concat())))
        }
    }
}

fn ethernet(kind: &[u8], rest: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2], kind, rest].concat()
}

fn v4(protocol: u8, rest: &[u8]) -> Vec<u8> {
    let [a, b] = (20 + rest.len() as u16).to_be_bytes();
    [&[0x45, 0, a, b, 0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], rest].concat()
}

fn v6(protocol: u8, rest: &[u8]) -> Vec<u8> {
    let [a, b] = (rest.len() as u16).to_be_bytes();
    [&[0x60, 0, 0, 0, a, b, protocol, 64], &[7; 32][..], rest].concat()
}

fn tcp(rest: &[u8]) -> Vec<u8> {
    [&[0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0], rest].concat()
}

fn udp(port: u16, rest: &[u8]) -> Vec<u8> {
    let [a, b] = port.to_be_bytes();
    let [c, d] = (8 + rest.len() as u16).to_be_bytes();
    [&[0x30, 0x39, a, b, c, d, 0, 0], rest].concat()
}
