//! The same traffic from a file, from an interface and from system calls gives the same request logs.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value as Json;

use crate::agent::{Agent, Ended, until};
use crate::compare::assert_same;
use crate::echo::echo;
use crate::nginx::Nginx;
use crate::own_protocol;
use crate::program::{self, Folder, weir};
use crate::redis;
use crate::server::{Server, run};
use crate::source::Source;
use crate::space::Space;
use crate::sql::{CLIENT, MariaDb};
use crate::talk::Client;

/// What only one of the sources knows, and times.
const DIFFERENT: [&str; 11] = [
    "start_time",
    "end_time",
    "response_duration",
    "flow_id",
    "signal_source",
    "process_id",
    "process_name",
    "thread_id",
    "coroutine_id",
    "syscall_trace_id_request",
    "syscall_trace_id_response",
];

fn same_part(log: &Json) -> String {
    let fields = log.as_object().unwrap().iter().filter(|(name, _)| !DIFFERENT.contains(&name.as_str()));
    let same: BTreeMap<_, _> = fields.collect();
    if log["transport"] == "tcp" && log["type"] == "session" {
        assert!(log["req_tcp_seq"].is_u64() && log["resp_tcp_seq"].is_u64(), "{log}");
    }
    serde_json::to_string(&same).unwrap()
}

fn traffic(space: &Space, echo: SocketAddr) {
    for part in 0..4 {
        let urls = ["a[1-30]", "big", "b[1-30]7"].map(|path| format!("http://127.0.0.1:8081/{path}?{part}"));
        let urls: Vec<_> = urls.iter().map(String::as_str).collect();
        run(space, "curl", &[&["-s", "-d", "some=data"], &urls[..]].concat());
        // redis-cli would ask for the documentation of all commands, which is far beyond what is captured of a call.
        let lines = (0..30).flat_map(|n| [format!("SET k{part}:{n} v{n}"), format!("GET k{part}:{n}")]);
        let more =
            ["LPUSH list a b c", "INCR list", "LRANGE list 0 -1", "HGET list x", "QUIT"].map(str::to_owned);
        space.inside(|| talk_to_redis(&lines.chain(more).map(|line| command(&line)).collect::<Vec<_>>()));
        let statements =
            format!("select {part}; select * from none; select repeat('x', 50000); select 'last {part}'");
        let arguments = [&CLIENT[..], &["--force", "-e", &statements, "shop"]].concat();
        let _ends_in_errors = space.command("mariadb").args(arguments).output().unwrap();
        let mut lines = Client::connect(space, echo);
        (0..30).for_each(|number| drop(lines.line(&format!("PING {part}-{number}\n"))));
    }
    Client::connect(space, echo).line("PING end\n");
}

/// A command as clients send it (RESP, an array of strings).
fn command(line: &str) -> String {
    let words: Vec<_> = line.split(' ').map(|word| format!("${}\r\n{word}\r\n", word.len())).collect();
    format!("*{}\r\n{}", words.len(), words.concat())
}

/// Sends each, reads until the end.
fn talk_to_redis(commands: &[String]) {
    let mut stream = TcpStream::connect("127.0.0.1:6379").unwrap();
    commands.iter().for_each(|command| stream.write_all(command.as_bytes()).unwrap());
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert!(answers.contains("WRONGTYPE"), "{answers}");
}

fn until_the_end(agent: Agent) -> Ended {
    until("the last one", || agent.logs().iter().any(|log| log["request_resource"] == "end"));
    agent.end("TERM")
}

#[test]
fn file_interface_and_system_calls_tell_the_same() {
    let programs =
        ["nginx", "curl", "redis-server", "redis-cli", "mariadbd", "mariadb", "python3", "tcpdump"];
    let Some(space) = Space::new(&programs) else { return };
    let folder = Folder::new("servers-one-pipeline");
    let locations = "location / { return 200 ok; } location = /big { } location ~ 7$ { return 404; }";
    let _nginx = Nginx::start(&space, &folder, "nginx", 8081, locations, "");
    folder.file("nginx/big", vec![b'x'; 100 << 10]);
    let _redis = redis::start(&space, &folder);
    let _mariadb = MariaDb::start(&space, &folder);
    let (_echo, address) = own_protocol::start(&space, &folder, "127.0.0.1");
    let file = folder.path("lo.pcap");
    let arguments = ["-i", "lo", "-U", "--immediate-mode", "-B", "65536", "-Z", "root", "-w", &file, "tcp"];
    let tcpdump = Server::start(&space, &folder, "tcpdump", "tcpdump", &arguments);
    until("tcpdump", || fs::metadata(&file).is_ok_and(|data| data.len() >= 24));
    let plugin = echo();
    let threads = ["nginx", "redis-server", "mariadbd", "python3"].map(|name| ["--comm", name]).concat();
    let calls = [&["--syscalls", "--plugin", &plugin], &threads[..]].concat();
    let calls = Source::Calls.start_with(&space, &folder, &calls);
    let packets = Source::Packets.start_with(&space, &folder, &["-i", "lo", "--plugin", &plugin]);
    traffic(&space, address);
    let (packets, calls) = (until_the_end(packets), until_the_end(calls));
    until("the file", || fs::read(&file).unwrap().windows(8).any(|bytes| bytes == b"PONG end"));
    tcpdump.end("INT");

    Source::Packets.lost_nothing(&packets);
    Source::Calls.lost_nothing(&calls);
    let replayed = weir(["replay", &file, "--format", "jsonl", "--plugin", &plugin]);
    assert_eq!(replayed.status, 0, "{}", replayed.stderr);
    let same = |logs: &[Json]| logs.iter().map(same_part).collect::<Vec<_>>();
    assert_same("file and interface", &same(&replayed.logs()), &same(&packets.logs), &packets);
    assert_same("interface and system calls", &same(&packets.logs), &same(&calls.logs), &calls);
    for protocol in ["HTTP", "Redis", "MySQL", "Echo"] {
        let told = calls.logs.iter().filter(|log| log["l7_protocol"] == protocol);
        assert!(told.count() >= 16, "{protocol}");
    }
}

/// One agent for both: the two records of a call join by its sequence numbers.
#[test]
fn one_agent_tells_both_and_they_join() {
    let Some(space) = Space::new(&["nginx", "curl"]) else { return };
    let folder = Folder::new("servers-join");
    let _nginx = Nginx::start(&space, &folder, "nginx", 8081, "location / { return 200 ok; }", "");
    let pid = space.pid();
    let arguments =
        ["--netns", &pid, "-i", "lo", "--syscalls", "--comm", "nginx", "--stats", "--threads", "2"];
    let mut agent = Agent::start_with(program::command(), &folder, "a", &arguments);
    agent.says("capturing lo").says("capturing system calls");
    run(&space, "curl", &["-s", "http://127.0.0.1:8081/a[1-200]"]);
    agent.tells(400, |log| log["type"] == "session");
    let ended = agent.end("TERM");
    let of = |source: &str| -> Vec<(u64, u64, u64, String)> {
        let logs = ended.logs.iter().filter(|log| log["signal_source"] == source);
        let number = |log: &Json, name: &str| log[name].as_u64().unwrap();
        let numbers = |log: &Json| {
            [number(log, "client_port"), number(log, "req_tcp_seq"), number(log, "resp_tcp_seq")]
        };
        logs.map(|log| (numbers(log), log["request_resource"].to_string()))
            .map(|([a, b, c], d)| (a, b, c, d))
            .collect()
    };
    assert_same("packets and calls", &of("packet"), &of("ebpf"), &ended);
}
