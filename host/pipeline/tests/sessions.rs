//! From segments to request logs: what is whole is paired right, nothing is invented.

mod common;

use common::{CLIENT, Lines, SERVER, Tcp};
use weir_pipeline::limits::{Limits, SECOND};
use weir_pipeline::worker::{Worker, WorkerConfig};

fn tcp() -> Tcp {
    let mut tcp = Tcp::new(Limits::default());
    tcp.handshake();
    tcp
}

#[test]
fn pairs_and_measures() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Qone\n").send(SERVER, b"Aeins\n").close();
    assert_eq!(tcp.finish(), ["session one -> eins ok"]);
    let log = &tcp.told.1[0];
    assert_eq!((log.end_time - log.start_time, log.response_duration), (1_000_000, Some(1_000_000)));
    assert_eq!((log.request_length, log.response_length), (Some(5), Some(6)));
    assert_eq!((log.req_tcp_seq, log.resp_tcp_seq), (Some(100), Some(u32::MAX - 20)));
    assert_eq!((log.client.port(), log.server.port()), (40_000, 80));
    assert_eq!(&*log.plugins[0], "lines@1.0.0");
}

#[test]
fn any_split_and_any_batch_size_give_the_same() {
    let requests = b"Qone\nQtwo\nQthree\n";
    let responses = b"N5\nxxxxxAzwei\nN0\n";
    for piece in 1..=17 {
        for batch_events in [1, 2, 3, 128] {
            let mut tcp = Tcp::new(Limits { batch_events, ..Limits::default() });
            tcp.handshake();
            requests.chunks(piece).for_each(|part| _ = tcp.send(CLIENT, part));
            responses.chunks(piece).for_each(|part| _ = tcp.send(SERVER, part));
            let expected = ["session one -> 5 ok", "session two -> zwei ok", "session three -> 0 ok"];
            assert_eq!(tcp.finish(), expected, "pieces of {piece}, {batch_events} events a batch");
            assert_eq!(tcp.told.1[0].response_length, Some(8));
        }
    }
}

#[test]
fn ping_pong_of_halved_lines_in_one_batch() {
    let mut tcp = tcp();
    for n in 0..20 {
        let (request, response) = (format!("Q{n}\n"), format!("A{n}\n"));
        let (head, tail) = request.as_bytes().split_at(1);
        tcp.send(CLIENT, head).send(CLIENT, tail);
        let (head, tail) = response.as_bytes().split_at(2);
        tcp.send(SERVER, head).send(SERVER, tail);
    }
    let expected: Vec<String> = (0..20).map(|n| format!("session {n} -> {n} ok")).collect();
    assert_eq!(tcp.finish(), expected);
}

#[test]
fn a_body_that_is_stepped_over_ends_when_its_last_byte_comes() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Qbig\n").send(SERVER, b"N3000\n");
    for _ in 0..3 {
        tcp.worker.flush(&mut tcp.told);
        assert!(tcp.told.0.is_empty(), "told too early");
        tcp.send(SERVER, &[b'A'; 1000]);
    }
    let end = tcp.time;
    tcp.send(CLIENT, b"Qnext\n").send(SERVER, b"Aok\n");
    assert_eq!(tcp.finish(), ["session big -> 3000 ok", "session next -> ok ok"]);
    assert_eq!((tcp.told.1[0].end_time, tcp.told.1[0].response_length), (end, Some(3006)));
}

#[test]
fn a_gap_inside_a_stepped_over_body_changes_nothing() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Qbig\n").send(SERVER, b"N3000\n");
    tcp.worker.flush(&mut tcp.told);
    tcp.send(SERVER, &[b'A'; 1000]).lose(SERVER, &[b'A'; 1000]).send(SERVER, &[b'A'; 1000]);
    tcp.send(CLIENT, b"Qnext\n").send(SERVER, b"Aok\n");
    assert_eq!(tcp.finish(), ["session big -> 3000 ok", "session next -> ok ok"]);
}

#[test]
fn a_lost_request_takes_no_others_answer() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Q1\n").send(SERVER, b"A1\n");
    tcp.lose(CLIENT, b"Q2\n").send(SERVER, b"A2\n");
    tcp.send(CLIENT, b"Q3\n").send(SERVER, b"A3\n").send(CLIENT, b"Q4\n").send(SERVER, b"A4\n");
    let told = tcp.finish();
    assert_eq!(told, ["session 1 -> 1 ok", "response - -> 2 ok", "session 3 -> 3 ok", "session 4 -> 4 ok"]);
}

#[test]
fn a_lost_response_leaves_its_request_alone() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Q1\n").send(SERVER, b"A1\n");
    tcp.send(CLIENT, b"Q2\n").lose(SERVER, b"A2\n");
    tcp.send(CLIENT, b"Q3\n").send(SERVER, b"A3\n").send(CLIENT, b"Q4\n").send(SERVER, b"A4\n");
    let told = tcp.finish();
    assert_eq!(
        told,
        ["session 1 -> 1 ok", "request 2 -> - unknown", "session 3 -> 3 ok", "session 4 -> 4 ok"]
    );
}

#[test]
fn request_and_response_both_lost() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Q1\n").send(SERVER, b"A1\n").lose(CLIENT, b"Q2\n").lose(SERVER, b"A2\n");
    tcp.send(CLIENT, b"Q3\n").send(SERVER, b"A3\n");
    assert_eq!(tcp.finish(), ["session 1 -> 1 ok", "session 3 -> 3 ok"]);
}

#[test]
fn pipelined_requests_are_not_guessed_after_a_loss() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Q1\nQ2\nQ3\n").lose(SERVER, b"A1\n").send(SERVER, b"A2\n").send(SERVER, b"A3\n");
    tcp.send(CLIENT, b"Q4\n").send(SERVER, b"A4\n");
    let told = tcp.finish();
    assert!(told.iter().all(|t| !t.starts_with("session") || t == "session 4 -> 4 ok"), "{told:?}");
    assert!(told.contains(&"session 4 -> 4 ok".into()), "{told:?}");
}

#[test]
fn reordered_and_repeated_segments() {
    let mut tcp = tcp();
    let [client, server] = tcp.next;
    tcp.raw(CLIENT, client.wrapping_add(3), server, 0x18, b"e\n");
    tcp.raw(CLIENT, client, server, 0x18, b"Qon");
    tcp.raw(CLIENT, client, server, 0x18, b"Qone\n");
    tcp.raw(SERVER, server, client.wrapping_add(5), 0x18, b"Aeins\n");
    tcp.raw(SERVER, server, client.wrapping_add(5), 0x18, b"Aeins\n");
    assert_eq!(tcp.finish(), ["session one -> eins ok"]);
}

#[test]
fn directions_that_are_captured_out_of_step() {
    let mut tcp = tcp();
    let [client, server] = tcp.next;
    // The answer is captured before its request.
    tcp.raw(SERVER, server, client.wrapping_add(5), 0x18, b"Aeins\n");
    tcp.raw(CLIENT, client, server, 0x18, b"Qone\n");
    assert_eq!(tcp.finish(), ["session one -> eins ok"]);
}

#[test]
fn a_port_that_is_used_again_is_another_connection() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Qone\n");
    tcp.next = [5_000_000, 77];
    tcp.handshake().send(CLIENT, b"Qtwo\n").send(SERVER, b"Azwei\n").close();
    // Late segments behind the end open nothing.
    tcp.send(CLIENT, b"Qlate\n");
    let mut told = tcp.finish().to_vec();
    told.sort();
    assert_eq!(told, ["request one -> - unknown", "session two -> zwei ok"]);
    assert_ne!(tcp.told.1[0].flow_id, tcp.told.1[1].flow_id);
}

#[test]
fn fin_and_rst_with_data() {
    let mut tcp = tcp();
    let [client, server] = tcp.next;
    tcp.send(CLIENT, b"Qone\n");
    tcp.raw(SERVER, server, client.wrapping_add(5), 0x19, b"Aeins\n");
    tcp.raw(CLIENT, client.wrapping_add(5), server.wrapping_add(7), 0x11, b"");
    assert_eq!(tcp.finish(), ["session one -> eins ok"]);

    let mut tcp = self::tcp();
    tcp.send(CLIENT, b"Qone\n").send(SERVER, b"Aeins\n").send(CLIENT, b"Qtwo\n");
    let sequence = tcp.next[SERVER];
    tcp.raw(SERVER, sequence.wrapping_add(1 << 30), 0, 0x04, b""); // forged
    tcp.send(SERVER, b"Azwei\n");
    let sequence = tcp.next[SERVER];
    tcp.raw(SERVER, sequence, 0, 0x04, b"");
    tcp.send(SERVER, b"Anobody\n");
    assert_eq!(tcp.finish(), ["session one -> eins ok", "session two -> zwei ok"]);
    assert_eq!(tcp.worker.stats().resets_ignored, 1);
}

#[test]
fn joined_in_the_middle() {
    let mut tcp = Tcp::new(Limits::default());
    tcp.send(SERVER, b"of something\n").send(SERVER, b"Abefore\n");
    tcp.send(CLIENT, b"Q1\n").send(SERVER, b"A1\n").send(CLIENT, b"Q2\n").send(SERVER, b"A2\n");
    let told = tcp.finish();
    assert!(told.ends_with(&["session 1 -> 1 ok".into(), "session 2 -> 2 ok".into()]), "{told:?}");
    let log = &tcp.told.1[tcp.told.1.len() - 1];
    assert_eq!(log.client.port(), 40_000, "who asks is the client");
}

#[test]
fn requests_time_out_while_the_connection_lives() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Qslow\n");
    tcp.worker.flush(&mut tcp.told);
    tcp.time += 121 * SECOND;
    tcp.send(CLIENT, b"Qnext\n");
    assert_eq!(tcp.told.0, ["request slow -> - timeout"]);
}

#[test]
fn a_late_answer_is_not_the_next_requests() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Qslow\n");
    tcp.worker.flush(&mut tcp.told);
    tcp.time += 121 * SECOND;
    tcp.send(CLIENT, b"Qnext\n").send(SERVER, b"Aslow\n").send(SERVER, b"Anext\n");
    tcp.send(CLIENT, b"Qlast\n").send(SERVER, b"Alast\n").close();
    let expected = ["request slow -> - timeout", "session next -> next ok", "session last -> last ok"];
    assert_eq!(tcp.finish(), expected);
    assert_eq!(tcp.worker.stats().sessions_late, 1);
}

#[test]
fn requests_that_made_room_take_their_answers_with_them() {
    let mut tcp = Tcp::new(Limits { pending: 3, ..Limits::default() });
    tcp.handshake();
    for n in 0..5 {
        tcp.send(CLIENT, format!("Q{n}\n").as_bytes());
    }
    for n in 0..5 {
        tcp.send(SERVER, format!("A{n}\n").as_bytes());
    }
    tcp.close();
    let expected = [
        "request 0 -> - unknown",
        "request 1 -> - unknown",
        "session 2 -> 2 ok",
        "session 3 -> 3 ok",
        "session 4 -> 4 ok",
    ];
    assert_eq!(tcp.finish(), expected);
}

#[test]
fn requests_time_out_though_no_segment_says_what_time_it_is() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Qslow\n");
    tcp.worker.flush(&mut tcp.told);
    tcp.worker.advance(tcp.time + 119 * SECOND, &mut tcp.told);
    assert_eq!(tcp.told.0, [""; 0]);
    tcp.worker.advance(tcp.time + 121 * SECOND, &mut tcp.told);
    assert_eq!(tcp.told.0, ["request slow -> - timeout"]);
    // The past changes nothing.
    tcp.worker.advance(0, &mut tcp.told);
    assert_eq!(tcp.finish(), ["request slow -> - timeout"]);
}

#[test]
fn a_fault_loses_its_batch_and_nothing_else() {
    let mut tcp = tcp();
    tcp.send(CLIENT, b"Q1\n").send(SERVER, b"A1\n");
    tcp.worker.flush(&mut tcp.told);
    tcp.client_port = 41_000;
    let other = std::mem::replace(&mut tcp.next, [7_000, 9_000]);
    tcp.handshake().send(CLIENT, b"Qbad\n").send(SERVER, b"N9\nabc");
    tcp.worker.flush(&mut tcp.told);
    // The first connection makes the parser fault; the second one is in the middle of a body.
    let second = std::mem::replace(&mut tcp.next, other);
    tcp.client_port = 40_000;
    tcp.send(CLIENT, b"X\n");
    tcp.worker.flush(&mut tcp.told);
    tcp.send(CLIENT, b"Q2\n").send(SERVER, b"A2\n");
    tcp.client_port = 41_000;
    tcp.next = second;
    tcp.send(SERVER, b"defghi").send(CLIENT, b"Q4\n").send(SERVER, b"A4\n");
    assert_eq!(
        tcp.finish(),
        ["session 1 -> 1 ok", "session bad -> 9 ok", "session 2 -> 2 ok", "session 4 -> 4 ok"]
    );
    assert_eq!(tcp.worker.stats().faults, 1);
}

#[test]
fn half_open_flows_go_first_when_the_table_is_full() {
    let mut tcp = Tcp::new(Limits { flows: 50, ..Limits::default() });
    tcp.handshake().send(CLIENT, b"Qkept\n");
    let kept = tcp.next;
    for port in 0..1000 {
        tcp.client_port = 10_000 + port;
        tcp.raw(CLIENT, 1, 0, 0x02, b"");
    }
    tcp.client_port = 40_000;
    tcp.next = kept;
    tcp.send(SERVER, b"Astill here\n");
    assert_eq!(tcp.finish(), ["session kept -> still here ok"]);
    assert_eq!(tcp.worker.stats().flows_evicted_half_open, 951);
}

#[test]
fn joined_before_a_burst_of_pipelined_requests() {
    let mut tcp = Tcp::new(Limits::default());
    let [client, server] = tcp.next;
    tcp.raw(SERVER, server, client, 0x10, b"");
    tcp.send(CLIENT, b"Q1\n").send(CLIENT, b"Q2\n").send(CLIENT, b"Q3\n");
    tcp.send(SERVER, b"A1\nA2\n").send(SERVER, b"A3\n");
    assert_eq!(tcp.finish(), ["session 1 -> 1 ok", "session 2 -> 2 ok", "session 3 -> 3 ok"]);
}

#[test]
fn joined_in_the_middle_of_a_long_body() {
    let mut tcp = Tcp::new(Limits::default());
    for _ in 0..2000 {
        tcp.send(SERVER, &[b'.'; 1400]);
    }
    tcp.send(CLIENT, b"Q1\n").send(SERVER, b"A1\n");
    assert_eq!(tcp.finish(), ["session 1 -> 1 ok"]);
}

#[test]
fn what_was_left_is_shown_once_more_before_a_loss_and_before_the_end() {
    let mut tcp = Tcp::new(Limits::default());
    let lines = Lines::new();
    let seen = std::sync::Arc::clone(&lines.seen);
    tcp.worker = Worker::new(WorkerConfig::default(), vec![Box::new(lines)], Vec::new());
    tcp.handshake();
    tcp.send(CLIENT, b"Q1\nQ2 cut").lose(CLIENT, b"...").send(CLIENT, b"Q3\n").send(SERVER, b"A end");
    tcp.finish();
    assert_eq!(*seen.lock().unwrap(), ["Q2 cut", "A end"]);
}

/// The new instance is told of every connection, also of those whose bytes wait in the batch of that moment.
#[test]
fn a_fault_in_check_costs_other_connections_nothing() {
    for flushed in [true, false] {
        let mut tcp = tcp();
        tcp.send(CLIENT, b"Qone\n").send(SERVER, b"Aeins\n").send(CLIENT, b"Qtw");
        if flushed {
            tcp.worker.flush(&mut tcp.told);
        }
        let (port, next) = (tcp.client_port, tcp.next);
        tcp.client_port += 1;
        tcp.next = [500, 700];
        tcp.handshake().send(CLIENT, b"Z\n");
        (tcp.client_port, tcp.next) = (port, next);
        tcp.send(CLIENT, b"o\n").send(SERVER, b"Azwei\n").close();
        assert_eq!(tcp.finish(), ["session one -> eins ok", "session two -> zwei ok"], "{flushed}");
        assert_eq!(tcp.worker.stats().faults, 1);
    }
}
