//! Redis beside what it tells of itself: MONITOR and INFO commandstats.

use serde_json::Value as Json;

use crate::agent::until;
use crate::compare::{assert_same, difference};
use crate::program::Folder;
use crate::server::{Server, run};
use crate::source::{Source, number, sessions, text};
use crate::space::Space;

const PORT: &str = "6379";

/// redis-server without a disk.
pub(crate) fn start(space: &Space, folder: &Folder) -> Server {
    let dir = folder.path("");
    let arguments =
        ["--port", PORT, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", &dir];
    let server = Server::start(space, folder, "redis", "redis-server", &arguments);
    until("redis", || space.command("redis-cli").arg("ping").output().unwrap().stdout.starts_with(b"PONG"));
    server
}

/// Sends these commands over one connection.
fn commands(space: &Space, folder: &Folder, name: &str, lines: &[String]) {
    let mut client = Server::start(space, folder, name, "redis-cli", &[]);
    client.tell(&(lines.join("\n") + "\n"));
    client.finish();
}

/// A line of MONITOR: `1700000000.1 [0 127.0.0.1:5555] "set" "key" "value"`.
fn monitored(line: &str) -> Option<(u64, String)> {
    let (head, rest) = line.split_once("] ")?;
    let (_, port) = head.split_once("127.0.0.1:")?;
    let words: Vec<_> = rest.trim_matches('"').split("\" \"").collect();
    Some((port.parse().unwrap(), words.join(" ")))
}

fn told(log: &Json) -> (u64, String) {
    (number(log, "client_port"), text(log, "request_resource"))
}

#[test]
fn every_command_of_the_monitor_has_one_log() {
    let Some(space) = Space::new(&["redis-server", "redis-cli"]) else { return };
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-redis-{source:?}"));
        let _redis = start(&space, &folder);
        let mut monitor = Server::start(&space, &folder, "monitor", "redis-cli", &["monitor"]);
        monitor.says("OK");
        let mut agent = source.start(&space, &folder, "redis-server", &[]);
        for client in 0..4 {
            let mut lines: Vec<_> = (0..50).map(|n| format!("set key:{client}:{n} value{n}")).collect();
            lines.extend((0..50).map(|n| format!("get key:{client}:{n}")));
            lines.extend((0..20).map(|n| format!("lpush list:{client} a{n} b{n}")));
            // Errors of the data, and things that have no key.
            lines.extend([
                format!("incr list:{client}"),
                format!("hget key:{client}:1 field"),
                "dbsize".into(),
            ]);
            lines.extend([format!("lrange list:{client} 0 -1"), "mget key:0:1 key:none".into()]);
            commands(&space, &folder, "client", &lines);
        }
        commands(&space, &folder, "client", &["echo the-end".into()]);
        monitor.says("the-end");
        agent.tells(1, |log| log["request_resource"] == "echo the-end" && log["type"] == "session");
        let ended = agent.end("TERM");
        let wanted: Vec<_> = monitor.output().lines().filter_map(monitored).collect();
        let logs: Vec<_> = sessions(&ended.logs).map(told).collect();
        assert_same(&format!("{source:?}"), &wanted, &logs, &ended);
        let wrong = |log: &&Json| log["response_status"] == "server_error";
        let errors: Vec<_> = sessions(&ended.logs).filter(wrong).collect();
        // redis-cli asks for the documentation of commands; that is no error.
        assert_eq!(errors.len(), 8, "{errors:?}");
        assert!(
            errors.iter().all(|log| text(log, "response_exception").starts_with("WRONGTYPE")),
            "{errors:?}"
        );
        source.lost_nothing(&ended);
    }
}

/// Calls of a command by the server's own count.
fn calls(space: &Space, command: &str) -> u64 {
    let stats = run(space, "redis-cli", &["info", "commandstats"]);
    let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
}

#[test]
fn pipelined_commands_are_counted_as_the_server_counts_them() {
    let Some(space) = Space::new(&["redis-server", "redis-cli", "redis-benchmark"]) else { return };
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-pipelined-{source:?}"));
        let _redis = start(&space, &folder);
        let mut agent = source.start(&space, &folder, "redis-server", &[]);
        let arguments = ["-q", "-n", "5000", "-c", "8", "-P", "16", "-t", "set,get,incr,lpush", "-d", "64"];
        run(&space, "redis-benchmark", &arguments);
        commands(&space, &folder, "client", &["echo the-end".into()]);
        agent.tells(1, |log| log["request_resource"] == "echo the-end" && log["type"] == "session");
        let ended = agent.end("TERM");
        for command in ["set", "get", "incr", "lpush"] {
            let of_it = |log: &&Json| log["request_type"] == command.to_uppercase();
            let told = sessions(&ended.logs).filter(of_it).count() as u64;
            let counted = calls(&space, command);
            assert!(counted >= 5000);
            assert_eq!(told, counted, "{source:?} {command}: {}", ended.stderr);
        }
        source.lost_nothing(&ended);
    }
}

const VALUES: &str = include_str!("values.py");

/// What a script says behind this word.
fn said(output: &str, word: &str) -> Vec<String> {
    output.lines().filter_map(|line| line.strip_prefix(word)).map(str::to_owned).collect()
}

/// Name and first argument.
fn head(log: &Json) -> String {
    text(log, "request_resource").split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// Of a call only its beginning is captured, and the rest of a value may look like replies and commands.
#[test]
fn nothing_is_invented_of_values_that_are_captured_in_part() {
    let Some(space) = Space::new(&["redis-server", "redis-cli", "python3"]) else { return };
    let folder = Folder::new("servers-redis-values");
    let script = folder.file("values.py", VALUES);
    for limit in ["1024", "4096", "16384"] {
        let _redis = start(&space, &folder);
        let arguments = ["--syscalls", "--comm", "redis-server", "--comm", "asker", "--call-bytes", limit];
        let mut agent = Source::Calls.start_with(&space, &folder, &arguments);
        let output = Server::start(&space, &folder, "client", "python3", &[&script, PORT]).finish();
        let of_the_end = |log: &Json| log["request_resource"] == "ECHO the-end" && log["type"] == "session";
        agent.tells(2, of_the_end);
        let ended = agent.end("TERM");
        for process in ["redis-server", "asker"] {
            let what = format!("{process}, {limit} bytes of a call");
            let of = |kind: &'static str| {
                let is_it = move |log: &&Json| log["process_name"] == process && log["type"] == kind;
                ended.logs.iter().filter(is_it)
            };
            let paired: Vec<_> = of("session").map(head).collect();
            let all: Vec<_> = of("request").map(head).chain(paired.iter().cloned()).collect();
            let (waited_for, together) = (said(&output, "asked "), said(&output, "sent "));
            assert_same(&what, &[waited_for.clone(), together].concat(), &all, &ended);
            let missing = difference(&waited_for, &paired).missing;
            assert!(missing.is_empty(), "{what}: without its reply {missing:?}");
            of("session").for_each(is_answered);
            // Where the end of a command is not known, or several were sent together, nobody can say whose reply the next one is.
            let known = said(&output, "unknown ");
            let lone: Vec<_> = of("response").filter(|log| !is_long(log)).map(result).collect();
            assert!(difference(&known, &lone).invented.is_empty(), "{what}: {lone:?}");
        }
    }
}

fn result(log: &Json) -> String {
    log["response_result"].as_str().unwrap_or_default().to_owned()
}

/// A reply that holds one of the values, or several.
fn is_long(log: &Json) -> bool {
    let length = number(log, "response_length");
    length == "$200000\r\n\r\n".len() as u64 + 200_000 || length > 1000 && result(log).is_empty()
}

/// A session has the reply to its command.
fn is_answered(log: &Json) {
    let result = result(log);
    let (command, key) = head(log).split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let lines = [
        "+OK\r\n",
        ":1\r\n",
        "$3\r\nabc\r\n",
        "-ERR unknown command 'x'\r\n",
        "*1\r\n$4\r\nPING\r\n",
        "$-1\r\n",
    ];
    let is_right = match (command.as_str(), key.split_once(':')) {
        ("SET" | "MSET", _) => result == "OK",
        ("GET", Some((_, "small"))) => result == "little",
        ("GET", Some(("plain", _))) => result.len() > 500 && result.bytes().all(|b| b == b'v'),
        ("GET", Some(("mixed", _))) => result.starts_with(&lines.concat()),
        ("GET", Some((line, _))) => result.starts_with(&lines[line.parse::<usize>().unwrap()].repeat(20)),
        ("RPUSH", _) => result == "3",
        ("ECHO", _) => result == key,
        _ => result.is_empty(),
    };
    assert!(is_right, "{log}");
    if command == "GET" && !key.ends_with("small") {
        assert!(is_long(log), "the end of a value is known, however many gaps are in it: {log}");
    }
    assert_eq!(log["response_status"], "ok", "{log}");
}
