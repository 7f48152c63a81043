//! One test a rule, over UDP.

use super::*;

#[test]
fn queries_and_answers() {
    let query = Draft::query(7, "www.Example.com", 1);
    let answer = Draft::new(7, RESPONSE, "www.example.COM", 1)
        .answer(5, &wire("web.example.com"))
        .answer(1, &[10, 0, 0, 1])
        .answer(46, &[0; 30])
        .answer(28, &[0; 16])
        .record(2, 2, 60, &wire("ns.example.com"))
        .record(3, 1, 60, &[10, 0, 0, 9]);
    let harness = datagrams(&[(CLIENT, &query), (SERVER, &answer)]);
    assert_eq!(lines(harness.messages()), ["? A www.Example.com 7", "! 0 web.example.com.;10.0.0.1"]);
    let [query, answer] = harness.messages() else { panic!("two messages") };
    assert_eq!(query.correlation, answer.correlation, "names compare without case");
    assert_eq!((answer.status, answer.end), (Status::Ok, answer.end));
}

#[test]
fn a_response_alone_says_what_was_asked() {
    let answer = Draft::new(7, RESPONSE, "a.b", 16).answer(16, b"\x02hi");
    assert_eq!(lines(datagrams(&[(SERVER, &answer)]).messages()), ["! TXT a.b 7 0 \"hi\""]);
    let twice = [(CLIENT, &Draft::query(7, "a.b", 16)), (SERVER, &answer), (SERVER, &answer)];
    assert_eq!(lines(datagrams(&twice).messages()), ["? TXT a.b 7", "! 0 \"hi\"", "! TXT a.b 7 0 \"hi\""]);
}

#[test]
fn a_response_without_question_finds_its_query_by_id() {
    let script = [
        (CLIENT, &Draft::query(7, "a.b", 1)),
        (CLIENT, &Draft::query(8, "c.d", 1)),
        (SERVER, &Draft::bare(7, 0x8001)),
        (SERVER, &Draft::bare(9, 0x8005)),
    ];
    let harness = datagrams(&script);
    assert_eq!(lines(harness.messages()), ["? A a.b 7", "? A c.d 8", "! 1 FORMERR", "! 9 5 REFUSED"]);
    assert_eq!(harness.messages()[0].correlation, harness.messages()[2].correlation);
}

#[test]
fn an_id_that_is_used_again_does_not_mix() {
    let correlation =
        |name, kind| datagrams(&[(CLIENT, &Draft::query(7, name, kind))]).messages()[0].correlation;
    assert_ne!(correlation("a.b", 1), correlation("a.c", 1));
    assert_ne!(correlation("a.b", 1), correlation("a.b", 28));
}

#[test]
fn codes() {
    for (code, line, status) in [
        (1, "! A a.b 7 1 FORMERR", Status::ClientError),
        (2, "! A a.b 7 2 SERVFAIL", Status::ServerError),
        (3, "! A a.b 7 3 NXDOMAIN", Status::ClientError),
        (4, "! A a.b 7 4 NOTIMP", Status::ServerError),
        (12, "! A a.b 7 12 RCODE12", Status::ServerError),
    ] {
        let harness = datagrams(&[(SERVER, &Draft::new(7, 0x8180 | code, "a.b", 1))]);
        assert_eq!((lines(harness.messages())[0].as_str(), harness.messages()[0].status), (line, status));
    }
    let opt = Draft::new(7, 0x8180, "a.b", 1).record(3, 41, 0x0100_0000, &[]);
    assert_eq!(lines(datagrams(&[(SERVER, &opt)]).messages()), ["! A a.b 7 16 BADVERS"]);
    let cookie = Draft::new(7, 0x8187, "a.b", 1).record(3, 41, 0x0100_8000, &[]);
    assert_eq!(lines(datagrams(&[(SERVER, &cookie)]).messages()), ["! A a.b 7 23 BADCOOKIE"]);
}

#[test]
fn every_type_has_a_name() {
    for (kind, name) in [(65, "HTTPS"), (257, "CAA"), (48, "DNSKEY"), (255, "ANY"), (65280, "TYPE65280")] {
        let harness = datagrams(&[(CLIENT, &Draft::query(7, "a.b", kind))]);
        assert_eq!(lines(harness.messages()), [format!("? {name} a.b 7")]);
    }
    assert_eq!(lines(datagrams(&[(CLIENT, &Draft::query(7, "", 2))]).messages()), ["? NS . 7"]);
}

#[test]
fn any_shows_all_and_a_zone_nothing() {
    let any = Draft::new(7, RESPONSE, "a.b", 255).answer(1, &[1, 2, 3, 4]).answer(16, b"\x01x");
    assert_eq!(lines(datagrams(&[(SERVER, &any)]).messages()), ["! ANY a.b 7 0 1.2.3.4;\"x\""]);
}

#[test]
fn broken_records_do_not_hide_the_rest() {
    let broken = Draft::new(7, RESPONSE, "a.b", 1).answer(1, &[1, 2, 3]).answer(1, &[1, 2, 3, 4]);
    assert_eq!(lines(datagrams(&[(SERVER, &broken)]).messages()), ["! A a.b 7 0 1.2.3.4"]);
    let mut cut = Draft::new(7, RESPONSE, "a.b", 1).answer(1, &[1, 2, 3, 4]).answer(1, &[5, 6, 7, 8]);
    cut.0.truncate(cut.0.len() - 2);
    assert_eq!(lines(datagrams(&[(SERVER, &cut)]).messages()), ["! A a.b 7 0 1.2.3.4"]);
}

#[test]
fn notify_and_update_are_named() {
    let notify = Draft::new(7, 0x2400, "zone.test", 6);
    let update = Draft::new(8, 0x2800, "zone.test", 6).record(2, 1, 60, &[1, 2, 3, 4]);
    let harness = datagrams(&[(CLIENT, &notify), (CLIENT, &update)]);
    assert_eq!(lines(harness.messages()), ["? NOTIFY zone.test 7", "? UPDATE zone.test 8"]);
}

#[test]
fn a_datagram_that_is_none_is_a_violation() {
    let overlong = Draft::query(7, &"a.".repeat(200), 1).0;
    for bytes in [b"hello".as_slice(), &[0; 12], &[0xff; 40], &overlong, &Draft::query(7, "a", 1).0[..16]] {
        let harness = Harness::<Dns>::udp().client(bytes);
        let silent = bytes == [0; 12]; // asks nothing
        assert_eq!((harness.violations(), harness.messages().len()), (usize::from(!silent), 0), "{bytes:?}");
    }
}

#[test]
fn long_answers_stop_at_what_is_told() {
    let text = [vec![200], vec![b'x'; 200]].concat();
    let long = (0..200).fold(Draft::new(7, RESPONSE, "a.b", 16), |draft, _| draft.answer(16, &text));
    let harness = datagrams(&[(SERVER, &long)]);
    let result = harness.messages()[0].text(Field::ResponseResult).expect("text").len();
    assert!((4096..4400).contains(&result), "{result}");
}
