//! Ten thousand connections at the same time, all held open.

use std::fs;
use std::process::Command;

use crate::agent::until;
use crate::compare::assert_same;
use crate::nginx::{Nginx, line};
use crate::program::Folder;
use crate::server::{Server, run};
use crate::source::{Source, sessions};
use crate::space::Space;

const CONNECTIONS: usize = 10_000;

/// Open files of server and client.
const FILES: &str = "--nofile=12000:12000";

/// What the agent may have resident: compiled plugins, a ring, and some KiB a connection.
const MEMORY_KIB: u64 = 250 << 10;

/// A request on each connection, and another one on each for every line that it is told.
const CLIENT: &str = r#"
import socket, sys
held = []
def ask(stream, path):
    stream.sendall(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
    answer = b""
    while not answer.endswith(b"ok"):
        piece = stream.recv(4096)
        assert piece
        answer += piece
for number in range(int(sys.argv[1])):
    stream = socket.create_connection(("127.0.0.1", 8081))
    ask(stream, f"first{number}")
    held.append(stream)
print("held", flush=True)
for line in sys.stdin:
    for number, stream in enumerate(held):
        ask(stream, f"{line.strip()}{number}")
    print("done", line, flush=True)
"#;

#[test]
fn ten_thousand_connections_are_followed_at_once() {
    let Some(space) = Space::new(&["nginx", "curl", "python3", "prlimit"]) else { return };
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-held-{source:?}"));
        let nginx = Nginx::start(&space, &folder, "nginx", 8081, "location / { return 200 ok; }", "");
        let more = Command::new("prlimit").args([FILES, "--pid", &nginx.server.pid().to_string()]).status();
        assert!(more.unwrap().success());
        let script = folder.file("held.py", CLIENT);
        let agent = source.start(&space, &folder, "nginx", &[]);
        let arguments = [FILES, "python3", &script, &CONNECTIONS.to_string()];
        let mut client = Server::start(&space, &folder, "client", "prlimit", &arguments);
        client.says("held");
        client.tell("second\n");
        client.says("done second");
        let last = format!("/second{}", CONNECTIONS - 1);
        until("the last one", || {
            agent.logs().last().is_some_and(|log| log["request_resource"] == last.as_str())
        });
        let open = run(&space, "ss", &["-Htn", "state", "established", "sport = :8081"]).lines().count();
        assert_eq!(open, CONNECTIONS);
        let resident = resident(agent.pid());
        println!("{source:?}: {resident} KiB resident with {open} connections");
        assert!(resident < MEMORY_KIB, "{source:?}: {resident} KiB");
        let ended = agent.end("TERM");
        client.finish();
        let told: Vec<_> = sessions(&ended.logs).map(line).collect();
        assert_eq!(told.len(), 2 * CONNECTIONS);
        assert_same(&format!("{source:?}"), &nginx.lines(), &told, &ended);
        source.lost_nothing(&ended);
    }
}

/// KiB in memory.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
