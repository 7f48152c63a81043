//! Sums, bounds and windows, with several workers.

use proptest::prelude::*;
use weir_request_log::{Field, RequestLog, SessionType, Status, Value};

use super::*;
use crate::worker::Tallies;
use crate::worker::tests::log;

const SECOND: u64 = 1_000_000_000;

fn failed(resource: &str, status: Status, code: i64, text: &str) -> RequestLog {
    let mut log = log("HTTP", resource);
    log.status = status;
    log.fields.set(Field::ResponseCode, Value::Number(code));
    log.fields.set(Field::ResponseException, Value::Text(text));
    log
}

/// Of all lines and the rest.
fn sum(board: &Board) -> Counts {
    let mut sum = Counts::default();
    board.lines().chain(board.other()).for_each(|line| sum.add(line.counts));
    sum
}

#[test]
fn the_window_slides() {
    let mut board = Board::new(0, Some(3));
    let mut tallies = Tallies::default();
    for second in 1..=5u64 {
        for _ in 0..second {
            tallies.count(&log("HTTP", "/a"));
        }
        tallies.hand_over(&mut board);
        board.tick(second * SECOND);
        let wanted: u64 = (second.saturating_sub(2)..=second).sum();
        let line = board.lines().next().unwrap();
        assert_eq!((line.counts.requests, line.counts.request_bytes), (wanted, wanted * 100));
        assert_eq!(line.rate, wanted as f64 / board.seconds());
        assert_eq!(line.total().requests, second * (second + 1) / 2);
    }
    assert_eq!(board.seconds(), 3.0);
    assert_eq!(board.all().history()[HISTORY - 6..], [0, 1, 2, 3, 4, 5]);
    for second in 6..9 {
        board.tick(second * SECOND);
    }
    assert_eq!(board.lines().count(), 0, "idle");
    assert_eq!(board.all().max, None, "nothing of the window is left");
}

#[test]
fn the_longest_leaves_the_window_too() {
    let mut board = Board::new(0, Some(2));
    let mut tallies = Tallies::default();
    for (second, duration) in [(1, 900_000_000), (2, 5_000_000), (3, 7_000_000)] {
        let mut log = log("HTTP", "/a");
        log.response_duration = Some(duration);
        tallies.count(&log);
        tallies.hand_over(&mut board);
        board.tick(second * SECOND);
        let longest = if second < 3 { 900_000_000 } else { 7_000_000 };
        assert_eq!(board.all().max, Some(longest));
    }
}

#[test]
fn errors_are_told_with_their_text() {
    let mut board = Board::new(0, None);
    let mut tallies = Tallies::default();
    for number in 0..20 {
        let status = [Status::ServerError, Status::ClientError, Status::Timeout, Status::Ok][number % 4];
        tallies.count(&failed("/a/7", status, 500 + number as i64 % 10, &format!("broke {number}")));
        if number % 3 == 0 {
            tallies.hand_over(&mut board);
        }
    }
    tallies.hand_over(&mut board);
    board.tick(2 * SECOND);
    let line = board.lines().next().unwrap();
    let counts = line.counts;
    assert_eq!((counts.server_errors, counts.client_errors, counts.timeouts), (5, 5, 5));
    assert_eq!((line.error_percent(), line.error_rate), (75.0, 7.5));
    let texts: Vec<_> = line.failures().map(|failed| failed.text.as_str()).collect();
    assert_eq!(texts[..4], ["broke 18", "broke 17", "broke 16", "broke 14"]);
    assert_eq!(texts.len(), 8);
    let (codes, others) = line.codes();
    assert_eq!((codes.len(), codes[0].clone(), others), (8, (Code::Number(500), 2), 4));
}

#[test]
fn a_response_alone_is_no_request() {
    let mut board = Board::new(0, None);
    let mut tallies = Tallies::default();
    let mut alone = log("HTTP", "/a");
    alone.session_type = SessionType::Response;
    tallies.count(&alone);
    tallies.hand_over(&mut board);
    board.tick(SECOND);
    assert_eq!((board.responses_alone(), board.all().counts.requests), (1, 0));
}

/// Far more new names in each second than there is room for, and one endpoint that is busy only from the third second on.
#[test]
fn a_flood_of_names_is_bounded_and_does_not_hide_who_is_busy() {
    let mut board = Board::new(0, Some(10));
    let mut tallies = Tallies::default();
    let (mut name, mut busy) = (0u64, 0);
    for quarter in 1..=40u64 {
        for turn in 0..4000 {
            let resource = format!("/x{}", char::from_u32(0x4e00 + (name % 20_000) as u32).unwrap());
            let long = format!("{resource}/{}", "ab".repeat((name / 20_000) as usize % 40));
            tallies.count(&log("HTTP", &long));
            name += 1;
            if quarter > 12 && turn % 40 == 0 {
                tallies.count(&log("HTTP", "/busy"));
                busy += 1;
            }
        }
        tallies.hand_over(&mut board);
        assert!(board.rows.len() <= ROOM);
        if quarter % 4 == 0 {
            board.tick(quarter / 4 * SECOND);
            assert!(board.lines().count() <= KEYS);
            assert_eq!(sum(&board), *board.all().counts);
        }
    }
    assert_eq!(board.all().counts.requests, name + busy);
    let line = board.lines().max_by_key(|line| line.counts.requests).unwrap();
    assert_eq!(line.key.unwrap().endpoint(), "/busy");
    assert!(line.counts.requests * 10 >= busy * 9, "{} of {busy}", line.counts.requests);
}

proptest! {
    // Each case has more names than there is room for.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn sums_are_kept_however_they_come(
        records in prop::collection::vec((0u8..3, 0u16..3000, 0u8..5, 0u64..1 << 40, 0u8..50), 0..3000),
    ) {
        let mut board = Board::new(0, None);
        let mut window = Board::new(0, Some(4));
        let mut workers: [(Tallies, Tallies); 3] = Default::default();
        let (mut wanted, mut ticks) = (Counts::default(), 0);
        for (worker, resource, status, duration, action) in records {
            // Letters, so that nothing looks like an id.
            let text: String = format!("{resource}").bytes().map(|digit| char::from(digit + 49)).collect();
            let mut log = log("HTTP", &format!("/{text}"));
            log.status = [
                Status::Ok, Status::ClientError, Status::ServerError, Status::Timeout, Status::Unknown,
            ][usize::from(status)];
            log.response_duration = Some(duration);
            log.request_length = Some(duration);
            wanted.count(&log);
            let (to_board, to_window) = &mut workers[usize::from(worker)];
            to_board.count(&log);
            to_window.count(&log);
            if action < 4 {
                to_board.hand_over(&mut board);
                to_window.hand_over(&mut window);
            }
            if action == 0 {
                ticks += 1;
                board.tick(ticks * SECOND);
                window.tick(ticks * SECOND);
                prop_assert_eq!(sum(&window), *window.all().counts);
                prop_assert!(window.lines().count() <= KEYS);
            }
        }
        for (to_board, to_window) in &mut workers {
            to_board.hand_over(&mut board);
            to_window.hand_over(&mut window);
        }
        board.tick((ticks + 1) * SECOND);
        window.tick((ticks + 1) * SECOND);
        prop_assert_eq!(sum(&board), wanted);
        prop_assert_eq!(*board.all().counts, wanted);
        prop_assert_eq!(board.all().row.durations.total(), wanted.requests);
        let apart: u64 = board.lines().chain(board.other()).map(|line| line.row.durations.total()).sum();
        prop_assert_eq!(apart, wanted.requests);
        prop_assert_eq!(sum(&window), *window.all().counts);
    }
}
