//! What becomes of the records of one socket, as the ring may have them.

use super::*;

const SOCKET: u64 = 7;

fn record(event: Event, sequence: u32, acknowledgment: u32, payload: &[u8]) -> Record {
    Record {
        time: 1_000_000_000,
        socket: SOCKET,
        process_thread: 10 << 32 | 11,
        coroutine: 0,
        local_address: [10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        remote_address: [10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        local_port: 80,
        remote_port: 40_000,
        family: AF_INET,
        flags: 0,
        protocol: IPPROTO_TCP,
        event: event as u8,
        sequence,
        acknowledgment,
        length: payload.len() as u32,
        captured: payload.len() as u32,
        name: *b"server\0\0\0\0\0\0\0\0\0\0",
    }
}

/// A socket's records, given one by one.
struct Scene {
    frames: Frames,
    clock: Clock,
    block: Block,
}

impl Scene {
    fn new() -> Self {
        Self { frames: Frames::new(true), clock: Clock::now(), block: Block::default() }
    }

    fn tell(&mut self, record: Record, payload: &[u8]) {
        // As the ring has it: words in the order of the structure, then the payload.
        let mut bytes = Vec::new();
        for word in [record.time, record.socket, record.process_thread, record.coroutine] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(record.local_address);
        bytes.extend(record.remote_address);
        bytes.extend(record.local_port.to_le_bytes());
        bytes.extend(record.remote_port.to_le_bytes());
        bytes.extend([record.family, record.flags, record.protocol, record.event]);
        for word in [record.sequence, record.acknowledgment, record.length, record.captured] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(record.name);
        bytes.extend(payload);
        self.frames.record(&bytes, &self.clock, &mut self.block);
    }

    fn sent(&mut self, sequence: u32, acknowledgment: u32, flags: u8, payload: &str) {
        let record = Record { flags, ..record(Event::Sent, sequence, acknowledgment, payload.as_bytes()) };
        self.tell(record, payload.as_bytes());
    }

    fn received(&mut self, sequence: u32, acknowledgment: u32, flags: u8, payload: &str) {
        let record =
            Record { flags, ..record(Event::Received, sequence, acknowledgment, payload.as_bytes()) };
        self.tell(record, payload.as_bytes());
    }

    fn release(&mut self, now: u64, has_lost: bool) {
        self.frames.release(now, has_lost, &self.clock, &mut self.block);
    }

    /// Sender, control bits, sequence number and text of each frame so far, which are taken away.
    fn told(&mut self) -> Vec<(Sender, u8, u32, String)> {
        let told = self.block.frames().map(|frame| {
            let header = frame.bytes.first_chunk().and_then(SocketHeader::read).unwrap();
            let (flags, sequence) = match header.transport {
                TransportHeader::Tcp(tcp) => (tcp.flags.0, tcp.sequence),
                TransportHeader::Udp => (0, 0),
            };
            let text = String::from_utf8_lossy(&frame.bytes[SocketHeader::SIZE..]).into_owned();
            (header.sender, flags, sequence, text)
        });
        let told = told.collect();
        self.block.clear();
        told
    }
}

fn texts(told: &[(Sender, u8, u32, String)]) -> Vec<&str> {
    told.iter().map(|(.., text)| text.as_str()).filter(|text| !text.is_empty()).collect()
}

#[test]
fn an_accepted_connection_begins_with_its_first_bytes() {
    let mut scene = Scene::new();
    scene.received(100, 500, START, "request");
    scene.sent(500, 107, 0, "answer");
    let told = scene.told();
    let (remote, local) = (Sender::Remote, Sender::Local);
    let heads: Vec<_> =
        told.iter().map(|(sender, flags, sequence, _)| (*sender, *flags, *sequence)).collect();
    let expected =
        [(remote, SYN, 99), (local, SYN | ACK, 499), (remote, PSH | ACK, 100), (local, PSH | ACK, 500)];
    assert_eq!(heads, expected);
    assert_eq!(texts(&told), ["request", "answer"]);
}

#[test]
fn a_first_call_that_is_captured_in_part_misses_its_end_and_the_handshake_nothing() {
    let mut scene = Scene::new();
    let (first, rest) =
        (record(Event::Received, 100, 500, b"request"), record(Event::Received, 4196, 500, b""));
    scene.tell(Record { flags: START, length: 4096, ..first }, b"request");
    scene.tell(Record { flags: START, length: 90_000, ..rest }, b"");
    let cuts = scene.block.frames().map(|frame| {
        let header = frame.bytes.first_chunk().and_then(SocketHeader::read).unwrap();
        (header.cut, frame.bytes.len() - SocketHeader::SIZE)
    });
    assert_eq!(cuts.collect::<Vec<_>>(), [(0, 0), (0, 0), (4089, 7), (90_000, 0)]);
}

#[test]
fn an_answer_that_is_told_before_its_request_waits_from_the_beginning() {
    let mut scene = Scene::new();
    scene.tell(Record { flags: START, ..record(Event::Connected, 500, 100, b"") }, b"");
    assert_eq!(scene.told(), [], "nobody may want it");
    // The thread that reads tells first.
    scene.received(100, 507, 0, "answer");
    assert_eq!(texts(&scene.told()), [""; 0]);
    scene.sent(500, 100, 0, "request");
    let told = scene.told();
    assert_eq!(texts(&told), ["request", "answer"]);
}

#[test]
fn a_connection_from_before_is_joined_without_a_handshake() {
    let mut scene = Scene::new();
    scene.received(100, 500, 0, "rest");
    let told = scene.told();
    assert_eq!(told, [(Sender::Remote, PSH | ACK, 100, "rest".to_owned())]);
}

#[test]
fn what_is_lost_is_waited_for_a_moment_and_not_at_all_after_losses() {
    let mut scene = Scene::new();
    let begin = |scene: &mut Scene| {
        scene.received(100, 500, START, "a");
        scene.told();
        // What was sent up to 510 is missing.
        scene.received(101, 510, 0, "b");
        scene.received(102, 510, 0, "c");
    };
    begin(&mut scene);
    scene.release(1_000_000_000, false);
    assert_eq!(texts(&scene.told()), [""; 0]);
    scene.release(1_100_000_000, false);
    assert_eq!(texts(&scene.told()), ["b", "c"]);
    let mut scene = Scene::new();
    begin(&mut scene);
    scene.release(1_000_000_000, true);
    assert_eq!(texts(&scene.told()), ["b", "c"]);
    assert_eq!(scene.frames.counts().given_up, 1);
}

#[test]
fn plaintext_has_the_opener_of_its_socket() {
    let mut scene = Scene::new();
    scene.tell(Record { flags: START, ..record(Event::Connected, 500, 100, b"") }, b"");
    let plaintext = |event, sequence, acknowledgment, text: &str| Record {
        socket: SOCKET | TLS,
        ..record(event, sequence, acknowledgment, text.as_bytes())
    };
    scene.tell(plaintext(Event::Received, 0, 7, "answer"), b"answer");
    scene.tell(plaintext(Event::Sent, 0, 0, "request"), b"request");
    let told = scene.told();
    assert_eq!(told.first().map(|(sender, flags, ..)| (*sender, *flags)), Some((Sender::Local, SYN)));
    assert_eq!(texts(&told), ["request", "answer"]);
}

#[test]
fn an_end_waits_for_what_was_carried_before_it() {
    let mut scene = Scene::new();
    scene.received(100, 500, START, "request");
    scene.tell(record(Event::Closed, 506, 107, b""), b"");
    scene.sent(500, 107, 0, "answer");
    assert_eq!(texts(&scene.told()), ["request", "answer"]);
    scene.release(2_000_000_000, false);
    let told = scene.told();
    assert_eq!(told, [(Sender::Local, RST | ACK, 506, String::new())]);
    scene.tell(record(Event::Closed, 506, 107, b""), b"");
    scene.release(4_000_000_000, false);
    assert_eq!(scene.told(), [], "it was forgotten");
}

#[test]
fn pieces_of_a_datagram_are_one() {
    let mut scene = Scene::new();
    let piece =
        |sequence, text: &str| Record { protocol: 17, ..record(Event::Sent, sequence, 6, text.as_bytes()) };
    scene.tell(piece(0, "abc"), b"abc");
    scene.tell(piece(3, "def"), b"def");
    assert_eq!(texts(&scene.told()), ["abcdef"]);
    scene.tell(Record { remote_port: 0, ..piece(0, "abcdef") }, b"abcdef");
    assert_eq!((scene.told(), scene.frames.counts().without_peer), (vec![], 1));
}

#[test]
fn a_socket_without_address_has_that_of_the_first_datagram() {
    let mut scene = Scene::new();
    let local = |scene: &mut Scene| {
        let header = |bytes: &[u8]| bytes.first_chunk().and_then(SocketHeader::read).unwrap();
        let found: Vec<_> =
            scene.block.frames().map(|frame| header(frame.bytes).local.0.to_ip().to_string()).collect();
        scene.block.clear();
        found.concat()
    };
    let datagram = |event, address: u8, remote_port| {
        let mut local_address = [0; 16];
        local_address[..4].copy_from_slice(&[address, 0, 0, 0]);
        let flags = if address == 0 { 0 } else { WILDCARD };
        Record { protocol: 17, local_address, remote_port, flags, ..record(event, 0, 1, b"a") }
    };
    for (event, address, port, expected) in [
        (Event::Received, 7, 1000, "7.0.0.0"),
        (Event::Sent, 0, 1000, "7.0.0.0"),
        // Another client came in elsewhere.
        (Event::Received, 8, 2000, "8.0.0.0"),
        (Event::Sent, 0, 2000, "8.0.0.0"),
        (Event::Sent, 0, 1000, "7.0.0.0"),
        // Who asks first does not know it, and the answer has to fit.
        (Event::Sent, 0, 3000, "0.0.0.0"),
        (Event::Received, 9, 3000, "0.0.0.0"),
    ] {
        scene.tell(datagram(event, address, port), b"a");
        assert_eq!(local(&mut scene), expected, "{event:?} {port}");
    }
}

#[test]
fn what_is_no_record_is_counted() {
    let mut scene = Scene::new();
    for length in 0..Record::SIZE {
        scene.frames.record(&vec![0xff; length], &scene.clock, &mut scene.block);
    }
    scene.tell(Record { event: 99, ..record(Event::Sent, 0, 0, b"") }, b"");
    scene.tell(Record { captured: 10, ..record(Event::Sent, 0, 0, b"") }, b"too few");
    assert_eq!((scene.told(), scene.frames.counts().malformed), (vec![], Record::SIZE as u64 + 2));
}
