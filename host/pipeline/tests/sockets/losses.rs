//! Records that are lost, bytes that were carried without being captured, and ends.

use weir_pipeline::captured::Sender;
use weir_pipeline::limits::SECOND;

use crate::machine::{Machine, Socket, caller};

fn accepted() -> (Machine, Socket) {
    let mut machine = Machine::new();
    let server = machine.server(2, caller(41, 42, b"server"));
    (machine, server)
}

/// sendfile: its bytes are known to have passed, and not what they were.
#[test]
fn a_body_that_nobody_saw_is_stepped_over() {
    for in_one_record in [false, true] {
        let (mut machine, mut server) = accepted();
        server.received(&mut machine, b"Qbig\n");
        if in_one_record {
            server.carried(&mut machine, Sender::Local, b"N3000000\n", 3_000_000);
        } else {
            server.sent(&mut machine, b"N3000000\n").carried(&mut machine, Sender::Local, b"", 2_000_000);
            machine.worker.flush(&mut machine.told);
            assert!(machine.told.0.is_empty(), "told too early");
            server.carried(&mut machine, Sender::Local, b"", 1_000_000);
        }
        let end = machine.time;
        server.received(&mut machine, b"Qnext\n").sent(&mut machine, b"Aok\n");
        assert_eq!(machine.finish(), ["session big -> 3000000 ok", "session next -> ok ok"]);
        assert_eq!(machine.told.1[0].response_length, Some(3_000_009));
        if !in_one_record {
            assert_eq!(machine.told.1[0].end_time, end);
        }
        assert_eq!(machine.worker.stats().cut_bytes, 3_000_000);
        assert_eq!(machine.worker.stats().gaps, 0, "nothing was lost");
    }
}

/// A message whose end was carried but not captured is no other message's beginning.
#[test]
fn a_request_that_was_cut_is_not_made_up() {
    let (mut machine, mut server) = accepted();
    server.received(&mut machine, b"Qone\n").sent(&mut machine, b"Aeins\n");
    server.carried(&mut machine, Sender::Remote, b"Qtw", 2);
    server.sent(&mut machine, b"Azwei\n");
    server.received(&mut machine, b"Qthree\n").sent(&mut machine, b"Adrei\n");
    let expected = ["session one -> eins ok", "response - -> zwei ok", "session three -> drei ok"];
    assert_eq!(machine.finish(), expected);
}

#[test]
fn a_lost_record_is_a_gap() {
    let (mut machine, mut server) = accepted();
    server.received(&mut machine, b"Qone\n").sent(&mut machine, b"Aeins\n");
    server.lost(Sender::Remote, 5).sent(&mut machine, b"Azwei\n");
    server.received(&mut machine, b"Qthree\n").sent(&mut machine, b"Adrei\n");
    let expected = ["session one -> eins ok", "response - -> zwei ok", "session three -> drei ok"];
    assert_eq!(machine.finish(), expected);
    assert_eq!(machine.worker.stats().gap_bytes, 5);
}

#[test]
fn records_of_two_cores_may_come_in_the_wrong_order() {
    let (mut machine, mut server) = accepted();
    let next = server.next;
    server.lost(Sender::Remote, 5).sent(&mut machine, b"Aeins\n");
    let mut late = Socket { next, ..server.clone() };
    late.received(&mut machine, b"Qone\n");
    server.received(&mut machine, b"Qtwo\n").sent(&mut machine, b"Azwei\n");
    assert_eq!(machine.finish(), ["session one -> eins ok", "session two -> zwei ok"]);
    assert_eq!(machine.worker.stats().gaps, 0);
}

#[test]
fn the_agent_came_later_than_the_connection() {
    let mut machine = Machine::new();
    let mut server = machine.server(2, caller(41, 42, b"server"));
    machine = Machine::new();
    server.sent(&mut machine, b"Anull\n");
    server.received(&mut machine, b"Qone\n").sent(&mut machine, b"Aeins\n");
    assert_eq!(machine.finish(), ["session one -> eins ok"]);
    assert_eq!(machine.worker.stats().sessions_before_capture, 1);
}

#[test]
fn closing_tells_what_waits() {
    let (mut machine, mut server) = accepted();
    server.received(&mut machine, b"Qone\nQtwo\n").sent(&mut machine, b"Aeins\n");
    server.closed(&mut machine);
    machine.worker.flush(&mut machine.told);
    assert_eq!(machine.told.0, ["session one -> eins ok", "request two -> - unknown"]);
    let stray = machine.worker.stats().stray_segments;
    server.received(&mut machine, b"Qlate\n");
    assert_eq!(machine.worker.stats().stray_segments, stray + 1);
    assert_eq!(machine.finish().len(), 2);
}

/// The kernel says that it is closed: no need to guess whether it can be meant, however much was lost before.
#[test]
fn closing_far_behind_what_was_seen_is_closing() {
    let (mut machine, mut server) = accepted();
    server.received(&mut machine, b"Qone\n");
    server.lost(Sender::Local, 1 << 30).closed(&mut machine);
    machine.worker.flush(&mut machine.told);
    assert_eq!(machine.told.0, ["request one -> - unknown"]);
}

#[test]
fn a_request_without_an_answer_times_out() {
    let (mut machine, mut server) = accepted();
    server.received(&mut machine, b"Qone\n");
    machine.worker.flush(&mut machine.told);
    machine.worker.advance(machine.time + 121 * SECOND, &mut machine.told);
    assert_eq!(machine.told.0, ["request one -> - timeout"]);
    assert_eq!(machine.told.1[0].process_id, Some(41));
}
