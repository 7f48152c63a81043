//! dnsmasq beside its query log: over UDP in all the ways in which clients ask, and over TCP.

use std::fs;
use std::net::UdpSocket;
use std::time::Duration;

use serde_json::Value as Json;

use crate::agent::until;
use crate::compare::assert_same;
use crate::program::Folder;
use crate::server::{Server, run};
use crate::source::{Source, number, sessions, text};
use crate::space::Space;

const NAMES: [&str; 3] = [
    "--host-record=shop.test,10.0.0.7,fd00::7",
    "--host-record=other.test,10.0.0.8,fd00::8",
    "--txt-record=text.test,a rather long text",
];

struct Dnsmasq {
    _server: Server,
    log: String,
}

impl Dnsmasq {
    fn start(space: &Space, folder: &Folder, further: &[&str]) -> Self {
        let log = folder.path("dnsmasq.log");
        let facility = format!("--log-facility={log}");
        let base =
            ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root"];
        let rest =
            ["--pid-file=", "--local=/test/", "--log-queries=extra", "--listen-address=127.0.0.1", &facility];
        let arguments = [&base[..], &rest, &NAMES, further].concat();
        let server = Server::start(space, folder, "dnsmasq", "dnsmasq", &arguments);
        until("dnsmasq", || {
            let mut dig = space.command("dig");
            dig.args(["@127.0.0.1", "+tries=1", "+time=1", "ready.test"]).output().unwrap().status.success()
        });
        Self { _server: server, log }
    }

    /// Client's port, type and name of every query; `... 7 127.0.0.1/40000 query[A] shop.test from 127.0.0.1`.
    fn queries(&self) -> Vec<(u64, String, String)> {
        let log = fs::read_to_string(&self.log).unwrap();
        let query = |line: &str| {
            let (before, after) = line.split_once(" query[")?;
            let (kind, rest) = after.split_once("] ")?;
            let port = before.rsplit('/').next()?.parse().ok()?;
            Some((port, kind.to_owned(), rest.split(' ').next()?.to_owned()))
        };
        log.lines().filter_map(query).filter(|(_, _, name)| name != "ready.test").collect()
    }
}

fn told(log: &Json) -> (u64, String, String) {
    (number(log, "client_port"), text(log, "request_type"), text(log, "request_resource"))
}

/// The question for A of `number.test`.
fn question(number: u16) -> Vec<u8> {
    let name = number.to_string();
    let head = [number.to_be_bytes(), [1, 0], [0, 1], [0, 0], [0, 0], [0, 0]].concat();
    let label = |name: &str| [&[name.len() as u8], name.as_bytes()].concat();
    [head, label(&name), label("test"), vec![0, 0, 1, 0, 1]].concat()
}

/// Sockets that are connected and sockets that are not, many questions each.
fn own_clients(space: &Space) {
    space.inside(|| {
        let connected = UdpSocket::bind("127.0.0.1:0").unwrap();
        connected.connect("127.0.0.1:53").unwrap();
        let free = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut answer = [0; 512];
        for socket in [&connected, &free] {
            socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        }
        for number in 0..100 {
            connected.send(&question(number)).unwrap();
            connected.recv(&mut answer).unwrap();
            free.send_to(&question(1000 + number), "127.0.0.1:53").unwrap();
            free.recv_from(&mut answer).unwrap();
        }
    });
}

/// glibc's resolver asks for A and AAAA with one call (sendmmsg).
fn resolver(space: &Space, folder: &Folder) {
    let file = folder.file("resolv.conf", "nameserver 127.0.0.1\noptions timeout:20\n");
    let script = format!("mount --bind {file} /etc/resolv.conf && exec getent -s dns ahosts shop.test");
    for _ in 0..20 {
        let found = run(space, "unshare", &["-m", "sh", "-c", &script]);
        assert!(found.contains("10.0.0.7") && found.contains("fd00::7"), "{found}");
    }
}

fn dig(space: &Space, further: &[&str]) {
    run(space, "dig", &[&["@127.0.0.1", "+time=20"], further].concat());
}

#[test]
fn every_query_has_one_log() {
    let Some(space) = Space::new(&["dnsmasq", "dig", "getent"]) else { return };
    // A socket of one address, and one of all, whose datagrams tell where they came in.
    for (name, further) in [("one", &["--bind-interfaces"][..]), ("all", &[])] {
        for source in Source::ALL {
            let folder = Folder::new(&format!("servers-dns-{name}-{source:?}"));
            let dnsmasq = Dnsmasq::start(&space, &folder, further);
            let mut agent = source.start(&space, &folder, "dnsmasq", &[]);
            own_clients(&space);
            resolver(&space, &folder);
            for arguments in
                [&["shop.test", "AAAA"][..], &["text.test", "TXT"], &["none.test"], &["+tcp", "shop.test"]]
            {
                dig(&space, arguments);
            }
            dig(&space, &["+tcp", "+keepopen", "shop.test", "other.test", "AAAA", "gone.test", "TXT"]);
            dig(&space, &["end.test"]);
            agent.tells(1, |log| log["request_resource"] == "end.test" && log["type"] == "session");
            let ended = agent.end("TERM");
            let logs: Vec<_> = sessions(&ended.logs).map(told).collect();
            assert_same(&format!("{source:?} {name}"), &dnsmasq.queries(), &logs, &ended);
            for log in &ended.logs {
                let known = ["shop.test", "text.test", "other.test"]
                    .map(Json::from)
                    .contains(&log["request_resource"]);
                assert_eq!(log["response_code"], if known { 0 } else { 3 }, "{log}");
                assert_eq!(log["server_port"], 53, "{log}");
                // A socket of all addresses has none, and not every kernel lets its packets be looked at.
                let may_have_none = name == "all" && source == Source::Calls && log["transport"] == "udp";
                let is_known = log["server_ip"] == "127.0.0.1";
                assert!(is_known || may_have_none && log["server_ip"] == "0.0.0.0", "{log}");
            }
            assert!(ended.logs.iter().any(|log| log["transport"] == "tcp"));
            source.lost_nothing(&ended);
        }
    }
}

/// The same from the clients' system calls alone.
#[test]
fn every_query_is_seen_at_its_client() {
    let Some(space) = Space::new(&["dnsmasq", "dig", "getent"]) else { return };
    let folder = Folder::new("servers-dns-clients");
    let dnsmasq = Dnsmasq::start(&space, &folder, &["--bind-interfaces"]);
    let mut agent = Source::Calls.start_with(&space, &folder, &["--syscalls", "--port", "53"]);
    own_clients(&space);
    resolver(&space, &folder);
    dig(&space, &["end.test"]);
    let of_client = |log: &Json| log["process_name"] != "dnsmasq";
    agent.tells(1, |log| log["request_resource"] == "end.test" && log["type"] == "session" && of_client(log));
    let ended = agent.end("TERM");
    let logs: Vec<_> = sessions(&ended.logs).filter(|log| of_client(log)).map(told).collect();
    assert_same("clients", &dnsmasq.queries(), &logs, &ended);
}
