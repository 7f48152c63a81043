//! Logins, and connections that get no further.

use weir_plugin_mysql::MySql;
use weir_plugin_sdk::prelude::*;
use weir_plugin_sdk::testing::{End, Harness, every_prefix, every_split};

use crate::wire::*;

const ALL: u32 = PROTOCOL_41 | SECURE | 1;

#[test]
fn login_is_answered_by_the_last_packet_of_it() {
    let switch = packet(2, b"\xfecaching_sha2_password\0abcdefghijklmnopqrst\0");
    let script: Vec<(Direction, Vec<u8>)> = vec![
        (SERVER, greeting(ALL)),
        (CLIENT, hello(ALL, "app")),
        (SERVER, switch),
        (CLIENT, packet(3, [7; 32])),
        (SERVER, packet(4, [1, 4])),
        (CLIENT, packet(5, [2])),
        (SERVER, packet(6, b"\x01-----BEGIN PUBLIC KEY-----")),
        (CLIENT, packet(7, [3; 256])),
        (SERVER, packet(8, OK)),
        (CLIENT, query("SELECT 1")),
        (SERVER, packet(1, OK)),
    ];
    let script: Vec<_> = script.iter().map(|(d, b)| (*d, b.as_slice())).collect();
    let told = exchanges(&every_split::<MySql>(&script));
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].kind(), told[0].resource(), told[0].code()), ("LOGIN", Some("app"), Some("0")));
    assert_eq!((told[1].kind(), told[1].code()), ("COM_QUERY", Some("0")));
    every_prefix::<MySql>(&script);
}

#[test]
fn login_denied() {
    let denied = error(1045, "Access denied for user 'app'@'10.0.0.1' (using password: YES)");
    let harness = Harness::<MySql>::tcp()
        .server(greeting(ALL))
        .client(hello(ALL, "app"))
        .server(packet(2, [1, 4]))
        .client(packet(3, [9; 20]))
        .server(packet(4, denied));
    let told = exchanges(&harness.close().joined());
    assert_eq!(told[0].code(), Some("1045"));
    assert_eq!(told[0].answer().status, Status::ServerError);
    assert_eq!(told[0].answer().attribute("sql_state"), Some("HY000"));
}

#[test]
fn schema_of_a_login() {
    let mut login = hello(ALL | 8, "app");
    login.extend(b"shop\0mysql_native_password\0");
    login[0] = (login.len() - 4) as u8;
    let harness = Harness::<MySql>::tcp().server(greeting(ALL | 8)).client(login);
    assert_eq!(harness.messages()[0].attribute("schema"), Some("shop"));
}

#[test]
fn tls_begins() {
    let mut request = hello(ALL | SSL, "");
    request.truncate(36);
    request[0] = 32;
    let harness = Harness::<MySql>::tcp().server(greeting(ALL | SSL)).client(request).client(b"\x16\x03\x01");
    assert_eq!(harness.end(), Some(End::Finished));
    assert_eq!(harness.messages(), [], "no LOGIN was seen");
}

#[test]
fn refused_before_the_handshake() {
    let mut payload = vec![0xff];
    payload.extend(1040_u16.to_le_bytes());
    payload.extend(b"Too many connections");
    let harness = Harness::<MySql>::tcp().server(packet(0, payload)).close();
    let [refusal] = harness.messages() else { panic!("{:?}", harness.messages()) };
    assert_eq!((refusal.kind, refusal.direction), (Kind::OneWay, SERVER));
    assert_eq!(refusal.text(Field::ResponseCode), Some("1040"));
    assert_eq!(refusal.text(Field::ResponseException), Some("Too many connections"));
    assert_eq!(refusal.attribute("sql_state"), None);
}

#[test]
fn the_server_says_why_it_closes() {
    let harness = logged_in(0).server(packet(0, error(4031, "The client was disconnected"))).close();
    let push = harness.messages().last().unwrap();
    assert_eq!((push.kind, push.status), (Kind::OneWay, Status::ServerError));
}

#[test]
fn protocol_9_and_old_clients() {
    let harness = Harness::<MySql>::tcp()
        .server(packet(0, b"\x093.20.32\0\x01\0\0\0abcdefgh\0"))
        .client(packet(1, b"\x04\x00\xff\xff\xffold\0pass"))
        .server(packet(2, [0]))
        .client(query("SELECT 1"));
    let requests: Vec<_> = harness.messages().iter().filter(|m| m.kind == Kind::Request).collect();
    assert_eq!(requests[0].text(Field::RequestResource), Some("old"));
}

#[test]
fn zstd_is_not_read() {
    let harness = logged_in(ZSTD);
    assert_eq!(harness.end(), Some(End::Finished));
}

#[test]
fn change_user_is_a_login_of_its_own() {
    let told = told(
        logged_in(0)
            .client(command(0x16, "SELECT ?"))
            .server(packet(1, [0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
            .client(command(0x11, b"other\0\0shop\0\x2d\0mysql_native_password\0"))
            .server(packet(1, b"\xfemysql_native_password\0abcdefghijklmnopqrst\0"))
            .client(packet(2, [3; 20]))
            .server(packet(3, OK))
            .client(command(0x17, [7, 0, 0, 0, 0, 1, 0, 0, 0]))
            .server(packet(1, error(1243, "Unknown prepared statement handler"))),
    );
    assert_eq!(
        (told[1].kind(), told[1].resource(), told[1].code()),
        ("COM_CHANGE_USER", Some("other"), Some("0"))
    );
    assert_eq!(told[1].request.attribute("schema"), Some("shop"));
    assert_eq!((told[2].id(), told[2].resource()), (Some("7"), None), "statements are gone");
}

#[test]
fn behind_a_proxy() {
    for head in [
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1234 3306\r\n".to_vec(),
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\0\0\x01\x0a\0\0\x02\x04\xd2\x0c\xea".to_vec(),
    ] {
        let script =
            [(CLIENT, head), (SERVER, greeting(ALL)), (CLIENT, hello(ALL, "app")), (SERVER, packet(2, OK))];
        let script: Vec<_> = script.iter().map(|(d, b)| (*d, b.as_slice())).collect();
        let told = exchanges(&every_split::<MySql>(&script));
        assert_eq!((told[0].resource(), told[0].code()), (Some("app"), Some("0")));
    }
}
