//! Records of hooks, as the ring may have them.

use weir_ebpf_common::{FIELD_VALUE, FIELDS};

use super::*;

fn record(event: Event, stream: u32, word: u32) -> Record {
    Record {
        time: 0,
        socket: 7,
        process_thread: 0,
        coroutine: 0,
        local_address: [0; 16],
        remote_address: [0; 16],
        local_port: 443,
        remote_port: 40_000,
        family: 2,
        flags: 0,
        protocol: 6,
        event: event as u8,
        sequence: stream,
        acknowledgment: word,
        length: 0,
        captured: 0,
        name: [0; 16],
    }
}

fn payload(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut payload = vec![0; FIELD_VALUE_AT];
    payload[..2].copy_from_slice(&(name.len() as u16).to_ne_bytes());
    payload[2..4].copy_from_slice(&(value.len() as u16).to_ne_bytes());
    payload[4..4 + name.len()].copy_from_slice(name);
    payload.extend_from_slice(value);
    payload
}

fn tell_field(hooked: &mut Hooked, stream: u32, (index, number): (u16, u16), value: &[u8]) -> Option<Told> {
    let record = record(Event::RequestField, stream, FieldPlace { index, number }.word());
    hooked.tell(&Record { flags: ENDS_STREAM, ..record }, Event::RequestField, &payload(b":path", value))
}

fn tell(hooked: &mut Hooked, event: Event, stream: u32, word: u32) -> Option<Told> {
    hooked.tell(&record(event, stream, word), event, &[])
}

#[test]
fn a_request_and_its_answer_are_bytes_of_http2() {
    let mut hooked = Hooked::new();
    let told = tell_field(&mut hooked, 5, (0, 1), b"/a").unwrap();
    let expected = [BEGIN, b"\0\0\x0a\x01\x05\0\0\0\x05\0\x05:path\x02/a"].concat();
    assert_eq!(hooked.told(), Some(expected.as_slice()));
    assert_eq!(told, Told { is_first: true, sender: Sender::Remote, sequence: 0, acknowledgment: 0, cut: 0 });
    assert_eq!(tell(&mut hooked, Event::ResponseStatus, 5, 103), None, "another one follows");
    let told = tell(&mut hooked, Event::ResponseStatus, 5, 404).unwrap();
    assert_eq!(hooked.told(), Some(b"\0\0\x0d\x01\x04\0\0\0\x05\0\x07:status\x03404".as_slice()));
    let asked = expected.len() as u32;
    assert_eq!((told.is_first, told.sender, told.sequence), (false, Sender::Local, 0));
    assert_eq!(told.acknowledgment, asked);
    let told = tell(&mut hooked, Event::ResponseData, 5, 1000).unwrap();
    assert_eq!(hooked.told(), Some(b"\0\x03\xe8\0\0\0\0\0\x05".as_slice()));
    assert_eq!((told.sequence, told.cut), (22, 1000));
    let told = tell(&mut hooked, Event::RequestData, 5, u32::MAX).unwrap();
    assert_eq!(hooked.told(), Some(b"\xff\xff\xff\0\0\0\0\0\x05".as_slice()));
    assert_eq!((told.sender, told.sequence, told.cut), (Sender::Remote, asked, LARGEST));
    let asked = asked + 9 + LARGEST;
    let told = tell(&mut hooked, Event::StreamEnded, 5, 0).unwrap();
    assert_eq!(hooked.told(), Some(b"\0\0\0\0\x01\0\0\0\x05".as_slice()));
    assert_eq!((told.sequence, told.acknowledgment), (1031, asked));
    assert_eq!(hooked.forget(7), Some((1040, asked)));
    assert_eq!(hooked.forget(7), None);
}

#[test]
fn what_is_told_twice_or_was_not_asked_is_told_once_or_not_at_all() {
    let mut hooked = Hooked::new();
    assert_eq!(tell(&mut hooked, Event::ResponseStatus, 1, 200), None);
    assert_eq!(tell(&mut hooked, Event::StreamEnded, 1, 0), None);
    assert!(tell_field(&mut hooked, 3, (0, 1), b"/").is_some());
    assert_eq!(tell_field(&mut hooked, 3, (0, 1), b"/"), None);
    assert_eq!(hooked.told(), None);
    assert_eq!(tell(&mut hooked, Event::ResponseData, 3, 1), None, "it has no head");
    assert_eq!(tell(&mut hooked, Event::RequestData, 1, 1), None, "it is not open");
    assert!(tell(&mut hooked, Event::ResponseStatus, 3, 200).is_some());
    assert_eq!(tell(&mut hooked, Event::ResponseStatus, 3, 200), None);
    assert!(tell(&mut hooked, Event::StreamEnded, 3, 0).is_some());
    assert_eq!(tell(&mut hooked, Event::StreamEnded, 3, 0), None);
    // Given up before it was answered.
    assert_eq!(tell_field(&mut hooked, 5, (0, 1), b"/").map(|told| told.is_first), Some(false));
    assert_eq!(tell(&mut hooked, Event::StreamEnded, 5, 0), None);
}

#[test]
fn fields_that_were_lost_make_no_other_request() {
    let mut hooked = Hooked::new();
    assert_eq!(tell_field(&mut hooked, 1, (0, 3), b"/a"), None);
    assert_eq!(tell_field(&mut hooked, 1, (2, 3), b"/c"), None);
    assert_eq!(tell_field(&mut hooked, 1, (1, 3), b"/b"), None);
    assert_eq!(tell_field(&mut hooked, 1, (2, 3), b"/c"), None);
    assert_eq!(tell_field(&mut hooked, 3, (0, 2), b"/a"), None);
    assert_eq!(tell_field(&mut hooked, 5, (1, 2), b"/b"), None, "of another stream");
    assert_eq!(hooked.forget(7), None);
    // Again from its beginning, as the function was entered twice.
    assert_eq!(tell_field(&mut hooked, 7, (0, 2), b"/a"), None);
    assert_eq!(tell_field(&mut hooked, 7, (0, 2), b"/a"), None);
    assert!(tell_field(&mut hooked, 7, (1, 2), b"/b").is_some());
}

/// A client's fields, which have no stream until all are there.
fn ask(hooked: &mut Hooked, stream: u32, flags: u8, fields: &[(&[u8], &[u8])]) -> Option<Told> {
    for (index, (name, value)) in fields.iter().enumerate() {
        let place = FieldPlace { index: index as u16, number: 0 };
        let record = Record { flags: OF_CLIENT, ..record(Event::RequestField, 0, place.word()) };
        assert_eq!(hooked.tell(&record, Event::RequestField, &payload(name, value)), None);
    }
    by_client(hooked, Event::RequestFields, stream, fields.len() as u32, flags)
}

fn by_client(hooked: &mut Hooked, event: Event, stream: u32, word: u32, flags: u8) -> Option<Told> {
    hooked.tell(&Record { flags: OF_CLIENT | flags, ..record(event, stream, word) }, event, &[])
}

fn answer(hooked: &mut Hooked, stream: u32, flags: u8, fields: &[(&[u8], &[u8])]) -> Option<Told> {
    let mut told = None;
    for (index, (name, value)) in fields.iter().enumerate() {
        assert_eq!(told, None);
        let place = FieldPlace { index: index as u16, number: fields.len() as u16 };
        let record = record(Event::ResponseField, stream, place.word());
        let record = Record { flags: OF_CLIENT | flags, ..record };
        told = hooked.tell(&record, Event::ResponseField, &payload(name, value));
    }
    told
}

const AUTHORITY: (&[u8], &[u8]) = (b":authority", b"a");
const OK: (&[u8], &[u8]) = (b":status", b"200");

#[test]
fn what_a_client_tells_comes_from_the_other_side() {
    let mut hooked = Hooked::new();
    let told = ask(&mut hooked, 3, 0, &[AUTHORITY, (b":path", b"/")]).unwrap();
    let expected = [BEGIN, b"\0\0\x17\x01\x04\0\0\0\x03\0\x0a:authority\x01a\0\x05:path\x01/"].concat();
    assert_eq!(hooked.told(), Some(expected.as_slice()));
    assert_eq!(told, Told { is_first: true, sender: Sender::Local, sequence: 0, acknowledgment: 0, cut: 0 });
    let told = by_client(&mut hooked, Event::RequestData, 3, 1000, 0).unwrap();
    assert_eq!((told.sender, told.sequence, told.cut), (Sender::Local, expected.len() as u32, 1000));
    let told = ask(&mut hooked, 3, ENDS_STREAM, &[(b"after", b"all")]).unwrap();
    assert_eq!(hooked.told(), Some(b"\0\0\0\0\x01\0\0\0\x03".as_slice()), "trailers end it");
    assert_eq!((told.is_first, told.sender, told.cut), (false, Sender::Local, 0));
    assert_eq!(answer(&mut hooked, 3, 0, &[(b":status", b"103")]), None, "another one follows");
    assert_eq!(
        answer(&mut hooked, 3, 0, &[(b"after", b"all")]),
        None,
        "there is nothing that these could end"
    );
    let told = answer(&mut hooked, 3, 0, &[OK, (b"a", b"b")]).unwrap();
    assert_eq!(hooked.told(), Some(b"\0\0\x12\x01\x04\0\0\0\x03\0\x07:status\x03200\0\x01a\x01b".as_slice()));
    assert_eq!((told.is_first, told.sender, told.sequence), (false, Sender::Remote, 0));
    assert_eq!(answer(&mut hooked, 3, 0, &[OK]), None, "it is answered");
    let told = by_client(&mut hooked, Event::ResponseData, 3, 10, 0).unwrap();
    assert_eq!((told.sender, told.sequence, told.cut), (Sender::Remote, 27, 10));
    assert!(answer(&mut hooked, 3, ENDS_STREAM, &[(b"grpc-status", b"5")]).is_some());
    assert_eq!(hooked.told(), Some(b"\0\0\x0f\x01\x05\0\0\0\x03\0\x0bgrpc-status\x015".as_slice()));
    // What ends stays ended.
    assert_eq!(by_client(&mut hooked, Event::ResponseData, 3, 10, 0), None);
    assert_eq!(by_client(&mut hooked, Event::ResetSent, 3, 8, 0), None);
    assert!(ask(&mut hooked, 5, ENDS_STREAM, &[AUTHORITY]).is_some());
    assert!(answer(&mut hooked, 5, 0, &[OK]).is_some());
    assert!(by_client(&mut hooked, Event::ResponseData, 5, 10, ENDS_STREAM).is_some());
    assert_eq!(hooked.told(), Some(b"\0\0\x0a\0\x01\0\0\0\x05".as_slice()));
    assert_eq!(answer(&mut hooked, 5, ENDS_STREAM, &[(b"a", b"b")]), None);
}

#[test]
fn who_gives_up_is_told() {
    let mut hooked = Hooked::new();
    for (stream, event, sender) in
        [(1, Event::ResetSent, Sender::Local), (3, Event::ResetReceived, Sender::Remote)]
    {
        assert_eq!(by_client(&mut hooked, event, stream, 8, 0), None, "it is not open");
        assert!(ask(&mut hooked, stream, 0, &[AUTHORITY]).is_some());
        assert_eq!(by_client(&mut hooked, event, stream, 8, 0).map(|told| told.sender), Some(sender));
        let expected = [0, 0, 4, 3, 0, 0, 0, 0, stream as u8, 0, 0, 0, 8];
        assert_eq!(hooked.told(), Some(expected.as_slice()));
        assert_eq!(by_client(&mut hooked, event, stream, 8, 0), None);
    }
}

#[test]
fn a_request_of_which_fields_are_missing_is_none() {
    let mut hooked = Hooked::new();
    assert_eq!(ask(&mut hooked, 1, 0, &[(b":path", b"/")]), None, "it has a beginning that nobody saw");
    assert_eq!(ask(&mut hooked, 1, 0, &[(b"after", b"all")]), None, "trailers");
    assert_eq!(ask(&mut hooked, 1, 0, &[]), None);
    let place = |index| FieldPlace { index, number: 0 }.word();
    for (index, name) in [(0, &b":authority"[..]), (2, b":path")] {
        let record = record(Event::RequestField, 0, place(index));
        assert_eq!(hooked.tell(&record, Event::RequestField, &payload(name, b"a")), None);
    }
    assert_eq!(by_client(&mut hooked, Event::RequestFields, 1, 3, 0), None);
    let record = record(Event::RequestField, 0, place(0));
    assert_eq!(hooked.tell(&record, Event::RequestField, &payload(b":authority", b"a")), None);
    assert_eq!(by_client(&mut hooked, Event::RequestFields, 1, 2, 0), None, "the second was lost");
    assert_eq!(by_client(&mut hooked, Event::RequestFields, 1, 1, 0), None, "it was taken");
    assert!(ask(&mut hooked, 1, 0, &[AUTHORITY]).is_some());
}

#[test]
fn what_lies_is_left_out_and_nothing_grows_without_end() {
    let mut hooked = Hooked::new();
    let place = record(Event::RequestField, 1, FieldPlace { index: 0, number: 0 }.word());
    for length in 0..FIELD_VALUE_AT + 4 {
        assert_eq!(hooked.tell(&place, Event::RequestField, &vec![0xff; length]), None);
    }
    let number = FIELDS as u16;
    for index in 0..number {
        let told = tell_field(&mut hooked, 1, (index, number), &[b'x'; FIELD_VALUE]);
        assert_eq!(told.is_some(), index + 1 == number);
    }
    assert!(hooked.told().is_some_and(|bytes| bytes.len() <= BEGIN.len() + 9 + FRAME));
    for socket in 0..10_000 {
        let record = record(Event::RequestField, 1, FieldPlace { index: 0, number: 2 }.word());
        hooked.tell(&Record { socket, ..record }, Event::RequestField, &payload(b"a", b"b"));
        assert!(hooked.heads.len() <= HEADS);
    }
    for stream in (3..10_000).step_by(2) {
        assert!(tell_field(&mut hooked, stream, (0, 1), b"/").is_some());
    }
    assert_eq!(hooked.connections.get(7).map(|connection| connection.open.len()), Some(OPEN));
}

#[test]
fn lengths_are_as_the_rfc_has_them() {
    for (length, expected) in
        [(126, vec![126]), (127, vec![127, 0]), (254, vec![127, 127]), (255, vec![127, 128, 1])]
    {
        let mut block = Vec::new();
        literal(&mut block, b"a", &vec![b'v'; length]);
        assert_eq!(block[3..block.len() - length], expected);
    }
}
