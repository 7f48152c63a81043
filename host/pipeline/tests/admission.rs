//! Flows that stay outside stay outside whole; limits change while flows go on.
#![allow(clippy::unwrap_used)] // a test

mod common;

use common::{CLIENT, SERVER, Tcp};
use weir_pipeline::admission::Admission;
use weir_pipeline::limits::Limits;

impl Tcp {
    fn on(&mut self, port: u16) -> &mut Self {
        (self.client_port, self.next) = (port, [100, 5000]);
        self
    }

    fn whole(&mut self, port: u16) {
        self.on(port).handshake().send(CLIENT, format!("Q{port}\n").as_bytes());
        self.send(SERVER, format!("A{port}\n").as_bytes()).close();
    }

    fn stat(&self, name: &str) -> u64 {
        self.worker.stats().lines().find(|(_, counter, _)| *counter == name).unwrap().2
    }
}

#[test]
fn a_part_of_all_flows_comes_in_and_each_is_whole() {
    let mut tcp = Tcp::new(Limits::default());
    tcp.worker.set_admission(Admission { cpu: 4, memory: 16 });
    (1000..2600).for_each(|port| tcp.whole(port));
    let told = tcp.finish().to_vec();
    // A quarter of 1600; chance alone leaves these bounds once in more than a million runs.
    assert!((300..500).contains(&told.len()), "{}", told.len());
    assert!(told.iter().all(|line| line.starts_with("session ")), "{told:?}");
    assert_eq!(tcp.stat("cpu-limit") + told.len() as u64, 1600);
    assert_eq!(tcp.stat("cpu-limit-segments"), 4 * tcp.stat("cpu-limit"));
    assert_eq!(tcp.stat("memory-limit"), 0);
}

#[test]
fn a_connection_that_was_refused_is_not_told_by_halves_when_the_gate_opens() {
    let mut tcp = Tcp::new(Limits::default());
    tcp.worker.set_admission(Admission { cpu: 16, memory: 0 });
    tcp.on(1000).handshake().send(CLIENT, b"Qearly\n");
    tcp.worker.set_admission(Admission::default());
    tcp.send(SERVER, b"Afrueh\n").send(CLIENT, b"Qstill out\n").send(SERVER, b"A\n");
    tcp.whole(1001);
    // What lives for longer is worth to be joined.
    tcp.on(1002).handshake();
    tcp.time += 61_000_000_000;
    tcp.on(1000).send(CLIENT, b"Qlater\n").send(SERVER, b"Aspaeter\n");
    assert_eq!(tcp.finish(), ["session 1001 -> 1001 ok", "session later -> spaeter ok"]);
    assert_eq!((tcp.stat("memory-limit"), tcp.stat("memory-limit-segments")), (1, 6));
}

#[test]
fn tracked_flows_go_on_behind_a_closed_gate_until_they_are_given_up() {
    let mut tcp = Tcp::new(Limits::default());
    tcp.handshake().send(CLIENT, b"Qone\n");
    tcp.worker.set_admission(Admission { cpu: 0, memory: 16 });
    tcp.send(SERVER, b"Aeins\n").send(CLIENT, b"Qtwo\n");
    tcp.worker.give_up(16, &mut tcp.told);
    assert_eq!(tcp.worker.open_flows(), 1);
    tcp.worker.give_up(0, &mut tcp.told);
    assert_eq!(tcp.worker.open_flows(), 0);
    tcp.send(SERVER, b"Azwei\n");
    assert_eq!(tcp.finish(), ["session one -> eins ok", "request two -> - unknown"]);
    assert_eq!((tcp.stat("cpu-limit-given-up"), tcp.stat("cpu-limit-segments")), (1, 1));
}

#[test]
fn fewer_flows_are_allowed_and_the_silent_ones_make_room() {
    let mut tcp = Tcp::new(Limits::default());
    for port in 1000..4000 {
        tcp.on(port).handshake().send(CLIENT, b"Q?\n");
    }
    assert_eq!(tcp.worker.open_flows(), 3000);
    tcp.worker.set_limits(Limits { flows: 10, ..Limits::default() });
    for port in [2000, 3000] {
        tcp.on(port).handshake();
    }
    (0..3).for_each(|_| tcp.worker.flush(&mut tcp.told));
    assert!(tcp.worker.open_flows() <= 10);
    tcp.worker.set_limits(Limits::default());
    (4000..4100).for_each(|port| _ = tcp.on(port).handshake());
    assert!(tcp.worker.open_flows() >= 100);
    assert!(tcp.stat("evicted") >= 2900);
}

#[test]
fn other_limits_hold_for_what_comes_then() {
    let mut tcp = Tcp::new(Limits { text: 3, ..Limits::default() });
    tcp.handshake().send(CLIENT, b"Qlong\n").send(SERVER, b"A1\n");
    tcp.worker.flush(&mut tcp.told);
    tcp.worker.set_limits(Limits::default());
    tcp.send(CLIENT, b"Qlong\n").send(SERVER, b"A2\n");
    let told = tcp.finish();
    assert!(told[0] != told[1] && told[1] == "session long -> 2 ok", "{told:?}");
}
