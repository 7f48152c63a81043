//! Is it DNS, and who speaks?

use super::*;

fn verdict(transport: Transport, payload: &[u8], port: u16) -> Verdict {
    let probe =
        Probe { transport, source_port: 40_000, destination_port: port, from_start: true, sender: None };
    Dns::check(payload, &probe)
}

fn udp(payload: &[u8]) -> Verdict {
    verdict(Transport::Udp, payload, 5999)
}

#[test]
fn captured_messages_are_claimed_for_the_right_side() {
    for (over_tcp, script) in captured::conversations() {
        let transport = if over_tcp { Transport::Tcp } else { Transport::Udp };
        for (direction, bytes) in script {
            let right = if direction == CLIENT { Verdict::ClientSpeaks } else { Verdict::ServerSpeaks };
            let found = verdict(transport, &bytes, 5999);
            // Some segments begin in the middle of a long answer.
            assert!(found == right || (over_tcp && bytes.len() > 1000 && found == Verdict::No), "{bytes:?}");
        }
    }
}

#[test]
fn a_stream_may_come_in_pieces() {
    let query = Draft::query(1, "www.example.com", 28).framed();
    for end in 0..query.len() {
        let found = verdict(Transport::Tcp, &query[..end], 5999);
        assert!(matches!(found, Verdict::NeedMore | Verdict::ClientSpeaks), "{end}: {found:?}");
    }
    assert_eq!(verdict(Transport::Tcp, &query, 5999), Verdict::ClientSpeaks);
    let twice = [query.clone(), query].concat();
    assert_eq!(verdict(Transport::Tcp, &twice, 5999), Verdict::ClientSpeaks);
}

#[test]
fn multicast_dns_by_its_port() {
    let mut answer = Draft::bare(0, 0x8400);
    answer.0[7] = 1;
    answer.0.extend(wire("host.local"));
    answer.0.extend([0, 1, 0x80, 1, 0, 0, 0, 120, 0, 4, 10, 0, 0, 1]);
    assert_eq!(verdict(Transport::Udp, &answer.0, 5353), Verdict::ServerSpeaks);
    assert_eq!(verdict(Transport::Udp, &answer.0, 5999), Verdict::No);
    let mut two = Draft::query(0, "_http._tcp.local", 12);
    two.0[5] = 2;
    two.0.extend(wire("a.local"));
    two.0.extend([0, 28, 0x80, 1]);
    assert_eq!(verdict(Transport::Udp, &two.0, 5353), Verdict::ClientSpeaks);
}

#[test]
fn headers_that_break_a_rule() {
    let query = Draft::query(1, "a.test", 1);
    let changed = |at: usize, byte: u8| {
        let mut bytes = query.0.clone();
        bytes[at] = byte;
        bytes
    };
    let mut rows = vec![
        (changed(2, 0x19), "opcode 3"),
        (changed(3, 0x40), "the bit that must be zero"),
        (changed(3, 3), "a code in a query"),
        (changed(2, 0x02), "a truncated query"),
        (changed(5, 2), "two questions"),
        (changed(7, 1), "an answer in a query"),
        (changed(11, 1), "a record that is not there"),
        (changed(12, 0xc0), "a pointer as name"),
        (changed(13, 1), "a control character"),
        (Draft::query(1, "host", 0xeeee).0, "an unknown type of a name of one label"),
        (Draft::query(1, "a.test", 0).0, "type 0"),
        (changed(query.0.len() - 1, 9), "an unknown class"),
        ([query.0.clone(), vec![0; 3]].concat(), "something behind the end"),
    ];
    rows.push((Draft::new(1, 0x818f, "a.test", 1).0, "an unknown code"));
    for (bytes, why) in rows {
        assert_eq!(udp(&bytes), Verdict::No, "{why}");
    }
    assert_eq!(udp(&query.0), Verdict::ClientSpeaks);
    assert_eq!(udp(&Draft::query(1, "a.test", 0xeeee).0), Verdict::ClientSpeaks);
    assert_eq!(udp(&Draft::new(1, RESPONSE, "a.test", 1).answer(1, &[1, 2, 3, 4]).0), Verdict::ServerSpeaks);
    assert_eq!(udp(&query.clone().record(3, 41, 0, &[]).0), Verdict::ClientSpeaks);
}

#[test]
fn other_protocols() {
    let netbios = Draft::new(1, 0x0110, &format!("{}CA", "CK".repeat(15)), 32).0;
    let memcached = b"\x00\x07\x00\x00\x00\x01\x00\x00get key\r\n";
    let ntp = [[0x23, 0, 6, 0xec, 0, 0, 0, 1].as_slice(), &[0; 40]].concat();
    let rtp = [[0x80, 0x60, 0, 1, 0, 1, 0, 0].as_slice(), &[0x55; 160]].concat();
    let dhcp = [[1, 1, 6, 0, 0, 1, 0, 0].as_slice(), &[0; 240]].concat();
    let snmp = b"\x30\x26\x02\x01\x00\x01\x06public\xa1\x19\x02\x04";
    let quic = [[0xc3, 0, 0, 0, 0, 1, 8].as_slice(), &[7; 1200]].concat();
    let vxlan = [[8, 0, 0, 0, 0, 1, 0, 0].as_slice(), &[0; 60]].concat();
    let payloads: [&[u8]; 10] = [&netbios, memcached, &ntp, &rtp, &dhcp, snmp, &quic, &vxlan, b"", &[0; 12]];
    for payload in payloads {
        assert_eq!(udp(payload), Verdict::No, "{payload:?}");
        assert_eq!(verdict(Transport::Udp, payload, 53), Verdict::No, "{payload:?} at port 53");
    }
    assert_eq!(verdict(Transport::Udp, &Draft::query(1, "a.test", 1).0, 137), Verdict::No);
    for payload in [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".as_slice(),
        &[[0x16, 3, 1, 0, 1, 0, 1, 0].as_slice(), &[0x55; 40]].concat(),
        b"\0\x0c\0\0\0\0\0\x01\0\0\0\0\0\0",
    ] {
        assert_eq!(verdict(Transport::Tcp, payload, 53), Verdict::No, "{payload:?}");
    }
}

#[test]
fn random_bytes_are_not_claimed() {
    let mut random = weir_plugin_sdk::testing::Random(99);
    let mut claimed = 0;
    for _ in 0..200_000 {
        let mut bytes: Vec<u8> = (0..8 + random.below(80)).map(|_| random.next() as u8).collect();
        // What passes the signature.
        bytes[4..6].copy_from_slice(&[0, 1]);
        claimed += usize::from(matches!(udp(&bytes), Verdict::ClientSpeaks | Verdict::ServerSpeaks));
    }
    assert_eq!(claimed, 0);
}
