//! pcapng: sections, interfaces, clocks, packet blocks, and what is left out.

use weir_capture::CaptureError;
use weir_pipeline::captured::LinkType;

use crate::build::{Order, block, enhanced, interface, obsolete, option, section, simple};
use crate::{Seen, read, read_well};

const ORDERS: [Order; 2] = [Order::Big, Order::Little];

fn seen(time: u64, link: LinkType, bytes: &[u8], wire_length: u32) -> Seen {
    Seen { time, link, bytes: bytes.to_vec(), wire_length }
}

#[test]
fn packet_blocks_of_two_interfaces() {
    for order in ORDERS {
        let nanoseconds = option(order, 9, &[9]);
        let file = [
            section(order),
            interface(order, 1, 0, &[]),
            interface(order, 276, 65_535, &nanoseconds),
            enhanced(order, 0, 0x0006_0000_0000_0001, b"seven b", 7),
            enhanced(order, 1, 1_700_000_000_123_456_789, b"eight by", 900),
            obsolete(order, 1, 5, b"old", 3),
            simple(order, b"simple", 6),
        ]
        .concat();
        let expected = [
            seen(0x0006_0000_0000_0001 * 1000, LinkType::Ethernet, b"seven b", 7),
            seen(1_700_000_000_123_456_789, LinkType::Sll2, b"eight by", 900),
            seen(5, LinkType::Sll2, b"old", 3),
            seen(5, LinkType::Ethernet, b"simple", 6),
        ];
        assert_eq!(read_well(file), expected, "{order:?}");
    }
}

#[test]
fn sections_of_other_byte_orders_forget_the_interfaces_before() {
    let mut file = Vec::new();
    for (order, link) in [(Order::Big, 1), (Order::Little, 101), (Order::Big, 113)] {
        file.extend(section(order));
        file.extend(interface(order, link, 0, &[]));
        file.extend(enhanced(order, 0, 1, b"frame", 5));
    }
    let links: Vec<LinkType> = read_well(file.clone()).iter().map(|frame| frame.link).collect();
    assert_eq!(links, [LinkType::Ethernet, LinkType::Raw, LinkType::Sll]);

    file.extend(section(Order::Little));
    let broken = file.len() as u64;
    file.extend(enhanced(Order::Little, 0, 1, b"frame", 5));
    let read = read(file);
    assert_eq!(read.frames.len(), 3);
    assert!(matches!(read.error, Some(CaptureError::Corrupt { offset, .. }) if offset == broken));
}

#[test]
fn clocks() {
    const SECOND: u64 = 1_000_000_000;
    let cases: [(u8, i64, u64, u64); 15] = [
        // resolution, offset in seconds, ticks -> nanoseconds
        (6, 0, 1_500_000, 1_500_000_000),
        (9, 0, 1_500_000, 1_500_000),
        (3, 0, 1_500, 1_500_000_000),
        (0, 0, 7, 7 * SECOND),
        (12, 0, 1_234_567, 1_234),
        (28, 0, u64::MAX, 1),
        (29, 0, u64::MAX, 0),
        (127, 0, u64::MAX, 0),
        (0x80, 0, 3, 3 * SECOND),
        (0x80 | 10, 0, 1536, 1_500_000_000),
        (0x80 | 32, 0, 0x0000_0002_8000_0000, 2_500_000_000),
        (0xff, 0, u64::MAX, 0),
        (6, 1_000, 1, 1_000 * SECOND + 1_000),
        (6, -1, 3_000_000, 2 * SECOND),
        (6, -10, 3_000_000, 0),
    ];
    for order in ORDERS {
        for (resolution, offset, ticks, time) in cases {
            let offset = match order {
                Order::Big => offset.to_be_bytes(),
                Order::Little => offset.to_le_bytes(),
            };
            let options =
                [option(order, 2, b"eth0"), option(order, 9, &[resolution]), option(order, 14, &offset)]
                    .concat();
            let file = [section(order), interface(order, 1, 0, &options), enhanced(order, 0, ticks, b"x", 1)]
                .concat();
            assert_eq!(read_well(file)[0].time, time, "{order:?} {resolution:#x}");
        }
    }
}

#[test]
fn clocks_at_their_edges_do_not_overflow() {
    for resolution in 0..=255 {
        for offset in [i64::MIN, -1, 0, i64::MAX] {
            for ticks in [0, 1, u64::MAX / 2, u64::MAX] {
                let order = Order::Little;
                let options =
                    [option(order, 9, &[resolution]), option(order, 14, &offset.to_le_bytes())].concat();
                let file =
                    [section(order), interface(order, 1, 0, &options), enhanced(order, 0, ticks, b"x", 1)]
                        .concat();
                assert_eq!(read_well(file).len(), 1);
            }
        }
    }
}

#[test]
fn simple_packets_end_at_the_snap_length() {
    let order = Order::Little;
    let file = [
        section(order),
        interface(order, 1, 5, &[]),
        simple(order, b"12345678", 100),
        simple(order, b"abc", 3),
    ]
    .concat();
    let frames = read_well(file);
    assert_eq!((&frames[0].bytes[..], frames[0].wire_length), (&b"12345"[..], 100));
    assert_eq!((&frames[1].bytes[..], frames[1].wire_length), (&b"abc"[..], 3));
}

#[test]
fn other_blocks_are_left_out_whatever_their_length() {
    let order = Order::Big;
    let mut file = [section(order), interface(order, 1, 0, &[])].concat();
    let lengths = [0, 1, 4, 100, (1 << 20) - 12, (1 << 20) - 8, 1 << 20, 3 << 20, (16 << 20) - 12];
    // Names, statistics, decryption secrets, custom (twice), and one that nobody has defined.
    for kind in [4, 5, 10, 0xbad, 0x4000_0bad, 0x1234_5678] {
        for length in lengths.iter().take(if kind == 10 { 9 } else { 7 }) {
            file.extend(block(order, kind, &vec![0xab; *length]));
            file.extend(enhanced(order, 0, *length as u64, b"frame", 5));
        }
    }
    let frames = read_well(file);
    assert_eq!(frames.len(), 7 * 6 + 2);
    assert!(frames.iter().all(|frame| frame.bytes == b"frame"));
}

#[test]
fn a_long_block_must_end_as_it_began() {
    let order = Order::Little;
    let mut file = [section(order), interface(order, 1, 0, &[]), enhanced(order, 0, 1, b"x", 1)].concat();
    file.extend(block(order, 10, &vec![0; 3 << 20]));
    let trailer = file.len() - 4;
    file[trailer] ^= 4;
    let read = read(file);
    assert_eq!(read.frames.len(), 1);
    assert!(matches!(read.error, Some(CaptureError::Corrupt { .. })), "{}", read.error_text());
}

#[test]
fn frames_of_unknown_links_are_counted() {
    let order = Order::Little;
    let wireless = interface(order, 105, 0, &[]);
    let mut file = [section(order), wireless.clone(), interface(order, 1, 0, &[])].concat();
    file.extend(enhanced(order, 0, 1, b"wireless", 8));
    file.extend(enhanced(order, 1, 1, b"wired", 5));
    file.extend(enhanced(order, 0, 1, b"wireless", 8));
    let mixed = read(file);
    assert_eq!((mixed.frames.len(), mixed.skipped, mixed.error_text()), (1, 2, String::new()));

    let alone = read([section(order), wireless, enhanced(order, 0, 1, b"wireless", 8)].concat());
    assert!(matches!(alone.error, Some(CaptureError::Unsupported { .. })));
    assert!(alone.error_text().contains("105 (802.11)"), "{}", alone.error_text());
}

#[test]
fn interfaces_are_limited() {
    let order = Order::Little;
    let mut file = section(order);
    for _ in 0..=1 << 16 {
        file.extend(interface(order, 1, 0, &[]));
    }
    assert!(read(file).error_text().contains("interfaces"));
}

#[test]
fn lies_are_corrupt_at_the_block() {
    let order = Order::Little;
    let good = [section(order), interface(order, 1, 0, &[]), enhanced(order, 0, 1, b"good", 4)].concat();
    let start = good.len();
    let packet = enhanced(order, 0, 1, b"some frame", 10);
    let with = |at: usize, value: u32| {
        let mut packet = packet.clone();
        packet[at..at + 4].copy_from_slice(&value.to_le_bytes());
        packet
    };
    let cases = [
        ("length 0", with(4, 0)),
        ("length 8", with(4, 8)),
        ("length not of words", with(4, 61)),
        ("length of 4 GiB", with(4, 0xffff_fffc)),
        ("length of a neighbour", with(4, 32)),
        ("interface", with(8, 1)),
        ("frame longer than the block", with(20, 60)),
        ("frame over the second length", with(20, 33)),
        ("unknown block without a second length", [4_u32.to_le_bytes(), 8_u32.to_le_bytes()].concat()),
        ("frame longer than any", with(20, 0x7fff_ffff)),
        ("trailer", with(packet.len() - 4, 60)),
        ("unknown block of 17 MiB", block(order, 0xbad, &vec![0; 17 << 20])),
        ("packet block without a header", block(order, 6, &[0; 8])),
        ("section without a magic", block(order, 0x0a0d_0d0a, &[0; 16])),
        ("short section", block(order, 0x0a0d_0d0a, &0x1a2b_3c4d_u32.to_le_bytes())),
        ("short interface", block(order, 1, &[0; 4])),
        ("option behind the end", interface(order, 1, 0, &[9, 0, 200, 0])),
    ];
    for (name, block) in cases {
        let read = read([&good[..], &block].concat());
        assert_eq!(read.frames.len(), 1, "{name}");
        assert!(
            matches!(read.error, Some(CaptureError::Corrupt { offset, .. }) if offset == start as u64),
            "{name}: {}",
            read.error_text()
        );
    }
}
