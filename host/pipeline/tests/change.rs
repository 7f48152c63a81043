//! Parsers change while connections go on: nothing is lost, nothing stays behind.

mod common;

use common::{CLIENT, Lines, SERVER, Tcp};
use weir_pipeline::application::{Change, ChangeError};
use weir_pipeline::limits::Limits;

fn new(version: &str) -> Change {
    Change::New(Box::new(Lines::of_version(version)))
}

fn keep() -> Change {
    Change::Keep("lines".into())
}

impl Tcp {
    fn change(&mut self, parsers: Vec<Change>) -> Result<(), ChangeError> {
        self.worker.change(parsers, Vec::new(), &mut self.told)
    }

    fn told_by(&self) -> Vec<String> {
        let told = self.told.0.iter().zip(&self.told.1);
        told.map(|(line, log)| format!("{line} {}", log.plugins[0])).collect()
    }

    /// The next connection, from another port.
    fn another(&mut self) -> &mut Self {
        self.client_port += 1;
        self.next = [100, 5000];
        self.handshake()
    }
}

#[test]
fn a_connection_stays_with_its_parser_and_new_ones_go_to_the_new() {
    let mut tcp = Tcp::new(Limits::default());
    tcp.handshake().send(CLIENT, b"Qone\nQha");
    tcp.change(vec![new("2.0.0")]).unwrap();
    tcp.send(SERVER, b"Aeins\n").send(CLIENT, b"lf\n").send(SERVER, b"Ahalb\n");
    let (port, next) = (tcp.client_port, tcp.next);
    tcp.another().send(CLIENT, b"Qtwo\n").send(SERVER, b"Azwei\n").close();
    (tcp.client_port, tcp.next) = (port, next);
    tcp.send(CLIENT, b"Qlast\n").send(SERVER, b"Aletzte\n").close();
    tcp.finish();
    let mut told = tcp.told_by();
    told.sort();
    let expected = [
        "session half -> halb ok lines@1.0.0",
        "session last -> letzte ok lines@1.0.0",
        "session one -> eins ok lines@1.0.0",
        "session two -> zwei ok lines@2.0.0",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_parser_that_is_taken_away_ends_with_its_connections() {
    let mut tcp = Tcp::new(Limits::default());
    tcp.handshake().send(CLIENT, b"Qone\n");
    tcp.change(vec![]).unwrap();
    tcp.send(SERVER, b"Aeins\n").close();
    tcp.another().send(CLIENT, b"Qtwo\n").send(SERVER, b"Azwei\n").close();
    assert_eq!(tcp.finish(), ["session one -> eins ok"]);
    assert_eq!(tcp.worker.stats().flows_unclaimed, 1);
    assert_eq!(tcp.change(vec![keep()]), Err(ChangeError::Unknown("lines".into())));
}

#[test]
fn ten_thousand_changes_with_a_connection_all_the_time() {
    let mut tcp = Tcp::new(Limits::default());
    for n in 0..10_000 {
        tcp.another().send(CLIENT, format!("Q{n}\n").as_bytes());
        tcp.change(vec![new(&format!("1.0.{n}"))]).unwrap();
        tcp.send(SERVER, b"Ayes\n").close();
    }
    assert_eq!(tcp.finish().len(), 10_000);
    assert!(tcp.told.0.iter().all(|line| line.starts_with("session ") && line.ends_with("yes ok")));
}

#[test]
fn parsers_that_still_follow_connections_are_bounded() {
    let mut tcp = Tcp::new(Limits::default());
    let mut refused = 0;
    for n in 0..100 {
        tcp.another().send(CLIENT, b"Qopen\n");
        refused += u64::from(tcp.change(vec![new(&format!("1.0.{n}"))]) == Err(ChangeError::Full));
    }
    assert!((30..50).contains(&refused), "{refused}");
    assert_eq!(tcp.finish().len(), 100, "and nothing is lost");
}
