//! Who made the calls, and which connection they were of.

use weir_pipeline::captured::{Caller, SocketHeader};
use weir_request_log::{RequestLog, SignalSource};

use crate::machine::{Machine, caller};

fn who(log: &RequestLog) -> (Option<u32>, Option<&str>, Option<u32>) {
    (log.process_id, log.process_name.as_deref(), log.thread_id)
}

fn traces(log: &RequestLog) -> (Option<u64>, Option<u64>) {
    (log.syscall_trace_id_request, log.syscall_trace_id_response)
}

/// Both ends of a connection, and its packets as well: three flows, none of which takes anything for another's repetition.
#[test]
fn both_ends_on_one_machine_are_two_records() {
    let mut machine = Machine::new();
    let mut client = machine.client(1, caller(31, 32, b"curl"));
    let mut server = machine.server(2, caller(41, 42, b"nginx"));
    client.sent(&mut machine, b"Qone\n");
    server.received(&mut machine, b"Qone\n").sent(&mut machine, b"Aeins\n");
    client.received(&mut machine, b"Aeins\n");
    server.closed(&mut machine);
    client.closed(&mut machine);
    assert_eq!(machine.finish(), ["session one -> eins ok", "session one -> eins ok"]);
    let mut logs = machine.told.1.clone();
    logs.sort_by_key(|log| log.process_id);
    assert_eq!(who(&logs[0]), (Some(31), Some("curl"), Some(32)));
    assert_eq!(who(&logs[1]), (Some(41), Some("nginx"), Some(42)));
    for log in &logs {
        assert_eq!((log.client, log.server), (logs[0].client, logs[0].server));
        assert_eq!((log.client.port(), log.server.port()), (40_000, 80));
        assert_eq!((log.req_tcp_seq, log.resp_tcp_seq), (Some(100), Some(u32::MAX - 20)));
        assert_eq!(log.signal_source, SignalSource::Ebpf);
    }
    assert_ne!(logs[0].flow_id, logs[1].flow_id);
    assert!(logs[0].response_duration > logs[1].response_duration, "the client waits for longer");
}

#[test]
fn what_is_not_known_is_left_out() {
    let mut machine = Machine::new();
    let mut server = machine.server(2, Caller::default());
    server.received(&mut machine, b"Qone\n").sent(&mut machine, b"Aeins\n");
    machine.finish();
    let log = &machine.told.1[0];
    assert_eq!((who(log), log.coroutine_id, traces(log)), ((None, None, None), None, (None, None)));
    assert_eq!(log.signal_source, SignalSource::Ebpf);
}

/// The thread that read the first byte of a request is its thread, whoever reads on and whoever answers.
#[test]
fn threads_and_traces_are_those_of_the_first_byte() {
    let mut machine = Machine::new();
    let mut server = machine.server(2, caller(41, 0, b"server"));
    server.thread(11, 101).received(&mut machine, b"Qo");
    server.thread(12, 102).received(&mut machine, b"ne\nQtwo\nQth");
    server.thread(13, 103).received(&mut machine, b"ree\n");
    server.thread(14, 104).sent(&mut machine, b"Aei");
    server.thread(15, 105).sent(&mut machine, b"ns\nN8\nxx");
    server.thread(16, 106).sent(&mut machine, b"xxxxxx");
    server.thread(17, 107).sent(&mut machine, b"Adrei\n");
    machine.finish();
    let found: Vec<_> = machine.told.1.iter().map(|log| (log.thread_id, traces(log))).collect();
    let expected = [(11, 101, 104), (12, 102, 105), (12, 102, 107)];
    assert_eq!(found, expected.map(|(thread, q, r)| (Some(thread), (Some(q), Some(r)))));
}

/// Each message in a batch has its own, however many wait for one call of the parser.
#[test]
fn requests_of_one_burst_keep_theirs() {
    let mut machine = Machine::new();
    let mut server = machine.server(2, caller(41, 0, b"server"));
    for n in 1..=40 {
        server.thread(n, u64::from(n) * 10).received(&mut machine, b"Qx\n");
        server.thread(100 + n, u64::from(n) * 10 + 1).sent(&mut machine, b"Ax\n");
    }
    machine.finish();
    assert_eq!(machine.told.1.len(), 40);
    for (n, log) in (1..).zip(&machine.told.1) {
        assert_eq!((log.thread_id, traces(log)), (Some(n as u32), (Some(n * 10), Some(n * 10 + 1))));
    }
}

#[test]
fn a_response_alone_has_its_own_caller() {
    let mut machine = Machine::new();
    let mut client = machine.client(1, caller(31, 32, b"psql"));
    client.thread(33, 5).received(&mut machine, b"Apush\n");
    machine.finish();
    assert_eq!(machine.told.0, ["response - -> push ok"]);
    let log = &machine.told.1[0];
    assert_eq!((who(log), traces(log)), ((Some(31), Some("psql"), Some(33)), (None, Some(5))));
}

/// A server that forks: the parent accepts, children read; then a child hands the connection to another program.
#[test]
fn a_connection_goes_from_process_to_process() {
    let mut machine = Machine::new();
    let mut server = machine.server(2, caller(1, 1, b"parent"));
    for (id, name) in [(2, &b"child"[..]), (3, b"child"), (3, b"other")] {
        server.header.caller = caller(id, id, name);
        server.received(&mut machine, b"Qx\n").sent(&mut machine, b"Ax\n");
    }
    machine.finish();
    let found: Vec<_> = machine.told.1.iter().map(|log| who(log)).collect();
    let expected = [(2, "child", 2), (3, "child", 3), (3, "other", 3)];
    assert_eq!(found, expected.map(|(id, name, thread)| (Some(id), Some(name), Some(thread))));
}

#[test]
fn numbers_of_strangers_stay_readable() {
    let mut machine = Machine::new();
    let all = Caller {
        process_id: u32::MAX,
        thread_id: u32::MAX,
        coroutine_id: u64::MAX,
        syscall_trace_id: 1 << 53,
        process_name: [0xff; 16],
    };
    let mut server = machine.server(u64::MAX, all);
    server.received(&mut machine, b"Qone\n").sent(&mut machine, b"Aeins\n");
    machine.finish();
    let log = &machine.told.1[0];
    assert_eq!(log.coroutine_id, Some((1 << 53) - 1));
    assert_eq!(traces(log), (None, None), "nothing is left of it");
    assert_eq!(log.process_name.as_deref(), Some("\u{fffd}".repeat(16).as_str()));
    assert!(log.flow_id < 1 << 53);
}

/// What a TLS library carries, and the ciphertext below it.
#[test]
fn plaintext_is_a_flow_of_its_own() {
    let mut machine = Machine::new();
    let mut below = machine.server(2, caller(41, 42, b"nginx"));
    let mut above = machine.server(2 | SocketHeader::PLAINTEXT, caller(41, 42, b"nginx"));
    below.received(&mut machine, b"\x17\x03\x03ciphertext");
    above.received(&mut machine, b"Qone\n").sent(&mut machine, b"Aeins\n");
    below.sent(&mut machine, b"\x17\x03\x03ciphertext");
    assert_eq!(machine.finish(), ["session one -> eins ok"]);
}
