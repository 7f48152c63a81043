//! Which sockets nobody wants.

use weir_pipeline::captured::SocketHeader;

use crate::common::{CLIENT, Tcp};
use crate::machine::{Machine, caller};
use weir_pipeline::limits::Limits;

/// Payloads of one direction that are looked at before a connection is left alone.
fn looked_at() -> u32 {
    Limits::default().payloads
}

#[test]
fn a_connection_that_no_parser_knows_is_told_once() {
    let mut machine = Machine::new();
    let mut server = machine.server(2, caller(41, 42, b"sshd"));
    for _ in 0..looked_at() {
        server.received(&mut machine, b"\x00\x00\x00rubbish");
        assert!(machine.worker.take_unwanted().is_empty(), "it may still say something");
    }
    for _ in 0..100 {
        server.received(&mut machine, b"\x00\x00\x00rubbish");
    }
    assert_eq!(machine.worker.take_unwanted(), [2]);
    assert!(machine.worker.take_unwanted().is_empty());
    assert_eq!(machine.worker.stats().sockets_unwanted, 1);
}

#[test]
fn a_parser_that_is_done_wants_no_more() {
    let mut machine = Machine::new();
    let mut server = machine.server(3, caller(41, 42, b"server"));
    server.received(&mut machine, b"Qone\n").sent(&mut machine, b"Aeins\n");
    machine.worker.flush(&mut machine.told);
    assert!(machine.worker.take_unwanted().is_empty());
    server.received(&mut machine, b"!\n");
    machine.worker.flush(&mut machine.told);
    assert_eq!(machine.worker.take_unwanted(), [3]);
    server.received(&mut machine, b"Qmore\n");
    assert_eq!(machine.finish(), ["session one -> eins ok"]);
}

#[test]
fn packets_have_no_socket_to_leave_alone() {
    let mut tcp = Tcp::new(Limits::default());
    tcp.handshake();
    (0..50).for_each(|_| _ = tcp.send(CLIENT, b"\x00rubbish"));
    assert_eq!(tcp.worker.stats().flows_unclaimed, 1);
    assert!(tcp.worker.take_unwanted().is_empty());
}

/// What is spoken inside of TLS makes nobody wait for it in the ciphertext.
#[test]
fn ciphertext_of_a_known_server_is_unwanted_soon() {
    let mut machine = Machine::new();
    let mut above = machine.server(5 | SocketHeader::PLAINTEXT, caller(41, 42, b"nginx"));
    above.received(&mut machine, b"Qone\n").sent(&mut machine, b"Aeins\n");
    let mut below = machine.server(5, caller(41, 42, b"nginx"));
    for _ in 0..=looked_at() {
        below.received(&mut machine, b"\x17\x03\x03ciphertext");
    }
    assert_eq!(machine.worker.take_unwanted(), [5]);
    assert_eq!(machine.finish(), ["session one -> eins ok"]);
}

/// Without its beginning a connection is looked at for longer, as one of packets is: a message may begin later.
#[test]
fn a_connection_that_was_joined_has_more_time() {
    let mut machine = Machine::new();
    let mut server = machine.server(2, caller(41, 42, b"server"));
    machine = Machine::new();
    for _ in 0..100 {
        server.received(&mut machine, b"end of something");
    }
    assert!(machine.worker.take_unwanted().is_empty());
    server.received(&mut machine, b"Qone\n").sent(&mut machine, b"Aeins\n");
    assert_eq!(machine.finish(), ["session one -> eins ok"]);
}
