//! A private protocol that only a user's plugin knows, on a port that nobody configured, over `lo` and between two namespaces.

use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::compare::assert_same;
use crate::echo::echo;
use crate::program::Folder;
use crate::server::Server;
use crate::source::{Source, number, sessions, text};
use crate::space::Space;

/// Answers lines, one thread a connection, and prints the client's port and what it asked. What is silent it reads and does not answer.
pub(crate) const SERVER: &str = r#"
import os, socket, sys, threading
listener = socket.create_server((sys.argv[1], 0))
print("port", listener.getsockname()[1], flush=True)
def serve(stream, port):
    lines = stream.makefile("rwb")
    for line in lines:
        if line == b"PING silent\n":
            os.write(1, b"heard\n")
            continue
        lines.write(line.replace(b"PING", b"PONG"))
        lines.flush()
        # One call: threads do not mix lines.
        os.write(1, b"answered %d %s\n" % (port, line.split()[1]))
    stream.close()
while True:
    stream, address = listener.accept()
    threading.Thread(target=serve, args=(stream, address[1]), daemon=True).start()
"#;

/// Starts it in the namespace; gives its address too.
pub(crate) fn start(space: &Space, folder: &Folder, ip: &str) -> (Server, SocketAddr) {
    let script = folder.file("echo.py", SERVER);
    let mut server = Server::start(space, folder, "echo", "python3", &[&script, ip]);
    server.says("port ");
    let output = server.output();
    let port = output.lines().find_map(|line| line.strip_prefix("port ")).unwrap().parse().unwrap();
    (server, SocketAddr::new(ip.parse().unwrap(), port))
}

/// What it says it has answered: client's port and number.
pub(crate) fn answered(server: &Server) -> Vec<(u64, String)> {
    let line = |line: &str| {
        let (port, number) = line.strip_prefix("answered ")?.split_once(' ')?;
        Some((port.parse().unwrap(), number.to_owned()))
    };
    server.output().lines().filter_map(line).collect()
}

#[test]
fn it_gives_logs_on_any_port() {
    let Some(space) = Space::new(&["python3"]) else { return };
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-echo-{source:?}"));
        let (server, address) = start(&space, &folder, "127.0.0.1");
        let mut agent = source.start(&space, &folder, "python3", &["--plugin", &echo()]);
        let mut clients: Vec<_> = (0..5).map(|_| crate::talk::Client::connect(&space, address)).collect();
        for number in 0..100 {
            let answer = clients[number % 5].line(&format!("PING {number}\n"));
            assert_eq!(answer, format!("PONG {number}\n"));
        }
        agent.tells(100, |log| log["l7_protocol"] == "Echo" && log["type"] == "session");
        let ended = agent.end("TERM");
        let told =
            sessions(&ended.logs).map(|log| (number(log, "client_port"), text(log, "request_resource")));
        assert_same(&format!("{source:?}"), &answered(&server), &told.collect::<Vec<_>>(), &ended);
        for log in &ended.logs {
            assert_eq!(log["request_resource"], log["response_result"]);
            assert_eq!(log["server_port"], address.port());
            if source == Source::Calls {
                assert_eq!(log["process_id"], server.pid());
                assert_eq!(log["process_name"], "python3");
            }
        }
        source.lost_nothing(&ended);
    }
}

/// Two machines with a cable between them: packets are seen on the cable, system calls at the server.
#[test]
fn it_gives_logs_between_namespaces() {
    let (Some(here), Some(there)) = (Space::new(&["python3"]), Space::new(&[])) else { return };
    here.ip(&format!("link add v0 type veth peer name v1 netns {}", there.pid()));
    for (space, name, address) in [(&here, "v0", "10.9.0.1/24"), (&there, "v1", "10.9.0.2/24")] {
        space.ip(&format!("addr add {address} dev {name}"));
        space.ip(&format!("link set {name} up"));
    }
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-veth-{source:?}"));
        let (server, address) = start(&here, &folder, "10.9.0.1");
        let plugin = echo();
        let what = match source {
            Source::Packets => ["-i", "v0", "-i", "lo"],
            Source::Calls => ["--syscalls", "--comm", "python3", "--comm=other"],
        };
        let arguments = [&what[..], &["--plugin", &plugin]].concat();
        let mut agent = source.start_with(&here, &folder, &arguments);
        for _ in 0..5 {
            let mut client = crate::talk::Client::connect(&there, address);
            for number in 0..20 {
                client.line(&format!("PING {number}\n"));
            }
        }
        // The other namespace's own connections are none of ours.
        let listener = there.inside(|| TcpListener::bind("127.0.0.1:0").unwrap());
        let _other = there.inside(|| TcpStream::connect(listener.local_addr().unwrap()).unwrap());
        agent.tells(100, |log| log["l7_protocol"] == "Echo" && log["type"] == "session");
        let ended = agent.end("TERM");
        let told =
            sessions(&ended.logs).map(|log| (number(log, "client_port"), text(log, "request_resource")));
        assert_same(&format!("{source:?}"), &answered(&server), &told.collect::<Vec<_>>(), &ended);
        assert!(
            ended.logs.iter().all(|log| log["client_ip"] == "10.9.0.2" && log["server_ip"] == "10.9.0.1")
        );
        source.lost_nothing(&ended);
    }
}
