//! Whatever the order, overlap, duplication and split of segments: the same bytes come out.

use proptest::prelude::*;

use super::*;

fn waiting() -> Waiting {
    Waiting { total: 0, total_limit: 1 << 20, direction_limit: 1 << 20 }
}

/// Everything that was delivered, gaps as so many 0xEE bytes.
fn run(half: &mut HalfStream, segments: &[(u32, &[u8], bool)], waiting: &mut Waiting) -> Vec<u8> {
    let mut out = Vec::new();
    let mut stats = Stats::default();
    for (sequence, payload, fin) in segments {
        let piece = Piecewise { sequence: *sequence, payload, cut: 0, fin: *fin, origin: Origin::default() };
        half.segment(&piece, waiting, &mut stats, &mut |d| collect(&mut out, d));
    }
    half.finish(waiting, &mut stats, &mut |d| collect(&mut out, d));
    out
}

fn collect(out: &mut Vec<u8>, delivery: Delivery<'_>) {
    match delivery {
        Delivery::Chunk(bytes, _) => out.extend_from_slice(bytes),
        Delivery::Gap(bytes, _) => out.resize(out.len() + bytes as usize, 0xEE),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn same_bytes_for_any_order_overlap_and_split(
        length in 1_usize..3000,
        initial in any::<u32>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 1_usize..400), 0..60),
        order in any::<u64>(),
        fin in any::<bool>(),
    ) {
        let stream: Vec<u8> = (0..length).map(|n| (n * 7 % 251) as u8).collect();
        let sequence = |at: usize| initial.wrapping_add(at as u32);
        // Pieces that cover everything, and others that overlap and repeat them.
        let mut segments: Vec<(u32, &[u8], bool)> =
            stream.chunks(97).enumerate().map(|(n, c)| (sequence(n * 97), c, false)).collect();
        for (index, size) in &cuts {
            let start = index.index(length);
            segments.push((sequence(start), &stream[start..(start + size).min(length)], false));
        }
        if fin {
            let last = length.saturating_sub(10);
            segments.push((sequence(last), &stream[last..], true));
        }
        shuffle(&mut segments, order);
        let mut half = HalfStream::default();
        half.start(initial);
        let mut waiting = waiting();
        let out = run(&mut half, &segments, &mut waiting);
        prop_assert_eq!(&out, &stream);
        prop_assert_eq!(half.is_ended(), fin);
        prop_assert_eq!(waiting.total, 0, "what waited was given back");
    }

    #[test]
    fn holes_become_gaps_of_their_size(
        lost in prop::collection::btree_set(0_usize..30, 1..20),
        order in any::<u64>(),
        initial in any::<u32>(),
    ) {
        let stream: Vec<u8> = (0..3000).map(|n| (n % 200) as u8).collect();
        let mut segments: Vec<(u32, &[u8], bool)> = stream
            .chunks(100)
            .enumerate()
            .filter(|(n, _)| !lost.contains(n))
            .map(|(n, c)| (initial.wrapping_add(n as u32 * 100), c, false))
            .collect();
        shuffle(&mut segments, order);
        let mut half = HalfStream::default();
        half.start(initial);
        let out = run(&mut half, &segments, &mut waiting());
        let last = segments.iter().map(|s| s.0.wrapping_sub(initial) as usize + 100).max().unwrap_or(0);
        let mut expected = stream[..last].to_vec();
        for n in lost.iter().filter(|n| **n * 100 < last) {
            expected[n * 100..n * 100 + 100].fill(0xEE);
        }
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn never_keeps_more_than_allowed(
        segments in prop::collection::vec((any::<u32>(), 0_usize..2000, any::<bool>()), 1..200),
    ) {
        let bytes = [7; 2000];
        let mut half = HalfStream::default();
        half.start(0);
        let mut waiting = Waiting { total: 0, total_limit: 20_000, direction_limit: 10_000 };
        let mut stats = Stats::default();
        for (sequence, length, fin) in segments {
            let piece = Piecewise { sequence, payload: &bytes[..length], cut: 3, fin, origin: Origin::default() };
            half.segment(&piece, &mut waiting, &mut stats, &mut |_| ());
            prop_assert!(waiting.total <= 10_000);
        }
        half.finish(&mut waiting, &mut stats, &mut |_| ());
        prop_assert_eq!(waiting.total, 0);
    }
}

fn shuffle<T>(items: &mut [T], mut seed: u64) {
    for n in (1..items.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(n, (seed >> 33) as usize % (n + 1));
    }
}

#[test]
fn data_with_fin_is_delivered_before_the_end() {
    let mut half = HalfStream::default();
    half.start(u32::MAX - 1);
    assert_eq!(run(&mut half, &[(1, b"cd", true), (u32::MAX - 1, b"ab?", false)], &mut waiting()), b"ab?cd");
    assert!(half.is_ended());
}

#[test]
fn keep_alives_and_old_bytes_change_nothing() {
    let mut half = HalfStream::default();
    half.start(100);
    let segments: &[(u32, &[u8], bool)] = &[
        (100, b"abc", false),
        (102, b"X", false), // keep-alive: one byte that was acknowledged long ago
        (100, b"XYZde", false),
        (90, b"0123456789", false),
    ];
    assert_eq!(run(&mut half, segments, &mut waiting()), b"abcde", "the first copy stands");
}

#[test]
fn an_acknowledged_hole_is_not_waited_for() {
    let mut half = HalfStream::default();
    let (mut waiting, mut stats, mut out) = (waiting(), Stats::default(), Vec::new());
    half.start(0);
    half.acknowledge(4, &mut waiting, &mut stats, &mut |d| collect(&mut out, d));
    let piece = Piecewise { sequence: 4, payload: b"ef", cut: 0, fin: false, origin: Origin::default() };
    half.segment(&piece, &mut waiting, &mut stats, &mut |d| collect(&mut out, d));
    assert_eq!(out, [0xEE, 0xEE, 0xEE, 0xEE, b'e', b'f']);
    assert_eq!((stats.gaps, stats.gap_bytes, stats.gaps_acknowledged), (1, 4, 1));
}

#[test]
fn cut_segments_end_in_a_gap() {
    let mut half = HalfStream::default();
    let (mut waiting, mut stats, mut out) = (waiting(), Stats::default(), Vec::new());
    half.start(0);
    for (sequence, payload, cut) in
        [(4, b"ef".as_slice(), 2), (0, b"ab".as_slice(), 2), (8, b"i".as_slice(), 0)]
    {
        let piece = Piecewise { sequence, payload, cut, fin: false, origin: Origin::default() };
        half.segment(&piece, &mut waiting, &mut stats, &mut |d| collect(&mut out, d));
    }
    assert_eq!(out, b"ab\xEE\xEEef\xEE\xEEi");
}

#[test]
fn nothing_is_given_up_behind_the_end() {
    let mut half = HalfStream::default();
    let (mut waiting, mut stats, mut out) = (waiting(), Stats::default(), Vec::new());
    half.start(0);
    let last = Piecewise { sequence: 2, payload: b"cd", cut: 0, fin: true, origin: Origin::default() };
    half.segment(&last, &mut waiting, &mut stats, &mut |d| collect(&mut out, d));
    half.give_up(900, &mut waiting, &mut stats, &mut |d| collect(&mut out, d));
    assert_eq!(out, b"\xEE\xEEcd", "the FIN lies before the acknowledged position");
}
