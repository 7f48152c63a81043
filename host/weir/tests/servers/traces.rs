//! What a program asks because of a request carries the request's trace id of system calls.

use serde_json::Value as Json;

use crate::agent::Ended;
use crate::nginx::{Nginx, curl};
use crate::program::Folder;
use crate::redis;
use crate::server::{Server, run};
use crate::source::{Source, number, sessions, text};
use crate::space::Space;

/// The one record of a process for this resource on this server port.
fn only<'a>(ended: &'a Ended, process: u32, port: u64, resource: &str) -> &'a Json {
    let of_it = |log: &&Json| {
        log["process_id"] == process && log["server_port"] == port && log["request_resource"] == resource
    };
    let found: Vec<_> = sessions(&ended.logs).filter(of_it).collect();
    let [only] = found[..] else { panic!("{} of {resource} in {process}: {}", found.len(), ended.stderr) };
    only
}

/// A request and the one that its server made for it have the ids of both halves in common, and nobody else has them.
fn assert_joined(incoming: &Json, outgoing: &Json) -> u64 {
    for half in ["syscall_trace_id_request", "syscall_trace_id_response"] {
        let [first, second] = [incoming, outgoing].map(|log| number(log, half));
        assert_eq!(first, second, "{half}\n{incoming}\n{outgoing}");
        assert_ne!(first, 0);
    }
    number(incoming, "syscall_trace_id_request")
}

fn assert_all_different(mut ids: Vec<u64>) {
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn a_proxys_request_has_the_id_of_the_one_it_is_for() {
    let Some(space) = Space::new(&["nginx", "curl"]) else { return };
    for (name, upstream) in [("anew", ""), ("kept", "keepalive 4;")] {
        let folder = Folder::new(&format!("servers-proxy-{name}"));
        let back = Nginx::start(&space, &folder, "back", 8082, "location / { return 200 ok; }", "");
        let further = format!("upstream back {{ server 127.0.0.1:8082; {upstream} }}");
        let location =
            "location / { proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ''; }";
        let front = Nginx::start(&space, &folder, "front", 8081, location, &further);
        let mut agent = Source::Calls.start(&space, &folder, "nginx", &[]);
        run(&space, "curl", &["-s", "http://127.0.0.1:8081/a[1-50]"]);
        curl(&space, 8081, "/end");
        agent.tells(3, |log| log["request_resource"] == "/end" && log["type"] == "session");
        let ended = agent.end("TERM");
        let [front, back] = [&front, &back].map(|nginx| nginx.server.pid());
        let ids = (1..=50).map(|n| {
            let path = format!("/a{n}");
            let incoming = only(&ended, front, 8081, &path);
            let outgoing = only(&ended, front, 8082, &path);
            let behind = only(&ended, back, 8082, &path);
            let id = assert_joined(incoming, outgoing);
            assert_ne!(number(behind, "syscall_trace_id_request"), id);
            for name in ["req_tcp_seq", "resp_tcp_seq", "client_port"] {
                assert_eq!(outgoing[name], behind[name], "both views of one call");
            }
            id
        });
        assert_all_different(ids.collect());
        Source::Calls.lost_nothing(&ended);
    }
}

/// A thread a connection; each asks Redis over a connection of its own before it answers.
const SHOP: &str = r#"
import socket, threading
listener = socket.create_server(("127.0.0.1", 8083))
print("ready", flush=True)
def line_of(stream):
    line = b""
    while not line.endswith(b"\r\n"):
        piece = stream.recv(1)
        if not piece:
            return b""
        line += piece
    return line
def serve(stream):
    redis = socket.create_connection(("127.0.0.1", 6379))
    while True:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = stream.recv(4096)
            if not piece:
                return
            head += piece
        key = head.split()[1][1:]
        redis.sendall(b"*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n" % (len(key), key))
        line_of(redis)
        value = line_of(redis)[:-2]
        stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(value), value))
while True:
    stream, _ = listener.accept()
    threading.Thread(target=serve, args=(stream,), daemon=True).start()
"#;

#[test]
fn threads_that_ask_a_database_are_told_apart() {
    let Some(space) = Space::new(&["python3", "curl", "redis-server", "redis-cli"]) else { return };
    let folder = Folder::new("servers-threads");
    let _redis = redis::start(&space, &folder);
    let script = folder.file("shop.py", SHOP);
    let mut shop = Server::start(&space, &folder, "shop", "python3", &[&script]);
    shop.says("ready");
    let mut agent = Source::Calls.start(&space, &folder, "python3", &[]);
    std::thread::scope(|scope| {
        for client in ["a", "b", "c", "d"] {
            let url = format!("http://127.0.0.1:8083/{client}[1-50]");
            let space = &space;
            scope.spawn(move || run(space, "curl", &["-s", &url]));
        }
    });
    agent.tells(400, |log| log["type"] == "session");
    let ended = agent.end("TERM");
    let ids = ["a", "b", "c", "d"]
        .iter()
        .flat_map(|client| (1..=50).map(move |n| format!("{client}{n}")))
        .map(|key| {
            let incoming = only(&ended, shop.pid(), 8083, &format!("/{key}"));
            let outgoing = only(&ended, shop.pid(), 6379, &format!("ECHO {key}"));
            assert_eq!(text(incoming, "process_name"), "python3");
            assert_eq!(incoming["thread_id"], outgoing["thread_id"]);
            assert_joined(incoming, outgoing)
        });
    assert_all_different(ids.collect());
    Source::Calls.lost_nothing(&ended);
}
