//! sendto and recvfrom.

use weir_pipeline::captured::Sender;
use weir_pipeline::decode::Address;
use weir_request_log::Transport;

use crate::machine::{Machine, Socket, caller};

/// A server's socket, by what it has from one of its clients.
fn socket(client: u8) -> Socket {
    let ends = [(Address::v4([10, 0, 0, 1]), 53), (Address::v4([10, 0, 0, client]), 40_000)];
    Socket::new(9, ends, [0, 0], caller(53, 54, b"dnsmasq"))
}

fn datagram(machine: &mut Machine, socket: &mut Socket, sender: Sender, thread: u32, bytes: &[u8]) {
    socket.thread(thread, 0).header.sender = sender;
    machine.record(&socket.header, bytes);
}

/// One socket speaks with many: each is a flow of its own, and what they say is told apart.
#[test]
fn one_socket_many_clients() {
    let mut machine = Machine::new();
    let mut clients: Vec<Socket> = (1..=20).map(socket).collect();
    for (n, client) in (1..).zip(&mut clients) {
        datagram(&mut machine, client, Sender::Remote, n, format!("Q{n}\n").as_bytes());
    }
    for (n, client) in (1..=20).rev().zip(clients.iter_mut().rev()) {
        datagram(&mut machine, client, Sender::Local, n + 100, format!("A{n}\n").as_bytes());
    }
    let mut told = machine.finish().to_vec();
    let mut expected: Vec<String> = (1..=20).map(|n| format!("session {n} -> {n} ok")).collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    for log in &machine.told.1 {
        let number: u32 = log.fields.text(weir_request_log::Field::RequestResource).unwrap().parse().unwrap();
        assert_eq!((log.transport, log.thread_id), (Transport::Udp, Some(number)));
        assert_eq!((log.process_name.as_deref(), log.req_tcp_seq), (Some("dnsmasq"), None));
    }
}

/// A stranger who sends rubbish does not silence the socket for the others.
#[test]
fn rubbish_of_one_client_leaves_the_others_alone() {
    let mut machine = Machine::new();
    let (mut stranger, mut client) = (socket(66), socket(1));
    for _ in 0..20_000 {
        datagram(&mut machine, &mut stranger, Sender::Remote, 1, b"rubbish");
    }
    assert!(machine.worker.take_unwanted().is_empty());
    datagram(&mut machine, &mut client, Sender::Remote, 1, b"Qone\n");
    datagram(&mut machine, &mut client, Sender::Local, 1, b"Aeins\n");
    assert_eq!(machine.finish(), ["session one -> eins ok"]);
}
