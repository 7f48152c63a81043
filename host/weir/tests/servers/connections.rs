//! Connections that come and go: bursts, a server that is killed and comes back, and those that were there before the agent.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::agent::until;
use crate::compare::{Difference, assert_same, difference};
use crate::echo::echo;
use crate::nginx::{Nginx, curl, line};
use crate::own_protocol;
use crate::program::Folder;
use crate::redis;
use crate::server::Server;
use crate::source::{Source, sessions, text};
use crate::space::Space;
use crate::sql::{CLIENT, MariaDb};
use crate::talk::Client;

const LOCATIONS: &str = "location / { return 200 ok; } location ~ 7$ { return 404; }";

/// Requests of a burst, each on a connection of its own.
const BURST: usize = 5000;

/// Asks for each path over a connection of its own, in a thread in the namespace; gives those whose whole answer came.
fn ask_each(paths: &[String]) -> Vec<String> {
    let ask = |path: &String| -> std::io::Result<bool> {
        let mut stream = TcpStream::connect("127.0.0.1:8081")?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.contains("\r\n\r\n"))
    };
    paths.iter().filter(|path| ask(path).unwrap_or(false)).cloned().collect()
}

fn paths(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("/{prefix}{number}")).collect()
}

#[test]
fn a_burst_of_short_connections_is_told_one_to_one() {
    let Some(space) = Space::new(&["nginx", "curl"]) else { return };
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-burst-{source:?}"));
        let nginx = Nginx::start(&space, &folder, "nginx", 8081, LOCATIONS, "");
        let agent = source.start(&space, &folder, "nginx", &[]);
        let answered: usize = std::thread::scope(|scope| {
            let ask = |prefix: &'static str| {
                let space = &space;
                scope.spawn(move || space.inside(|| ask_each(&paths(prefix, BURST / 4)).len()))
            };
            ["a", "b", "c", "d"].map(ask).into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(answered, BURST);
        curl(&space, 8081, "/end");
        until("the last one", || agent.logs().iter().any(|log| log["request_resource"] == "/end"));
        let ended = agent.end("TERM");
        assert_same(
            &format!("{source:?}"),
            &nginx.lines(),
            &sessions(&ended.logs).map(line).collect::<Vec<_>>(),
            &ended,
        );
        source.lost_nothing(&ended);
    }
}

/// Requests that a killed server may have answered without its client hearing of it, or the other way round: one a thread.
const IN_FLIGHT: usize = 1;

#[test]
fn a_server_that_is_killed_and_comes_back_is_followed_on() {
    let Some(space) = Space::new(&["nginx", "curl"]) else { return };
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-restart-{source:?}"));
        let start = || Nginx::start(&space, &folder, "nginx", 8081, LOCATIONS, "");
        let mut nginx = Some(start());
        let agent = source.start(&space, &folder, "nginx", &[]);
        let mut answered = Vec::new();
        for (round, signal) in ["KILL", "TERM", "QUIT"].into_iter().enumerate() {
            let prefix = format!("round{round}-");
            let told = || agent.logs().iter().filter(|log| is_of(log, &prefix)).count();
            std::thread::scope(|scope| {
                let asked = scope.spawn(|| space.inside(|| ask_each(&paths(&prefix, 600))));
                until("a hundred requests", || told() >= 100);
                nginx.take().unwrap().server.end(signal);
                answered.extend(asked.join().unwrap());
            });
            nginx = Some(start());
            answered.extend(space.inside(|| ask_each(&paths(&format!("again{round}-"), 100))));
        }
        curl(&space, 8081, "/end");
        until("the last one", || agent.logs().iter().any(|log| log["request_resource"] == "/end"));
        let ended = agent.end("TERM");
        let told: Vec<_> = sessions(&ended.logs).map(|log| text(log, "request_resource")).collect();
        let told: Vec<_> = told.into_iter().filter(|path| path != "/end" && path != "/ready").collect();
        let Difference { missing, invented } = difference(&answered, &told);
        assert_eq!(missing, [""; 0], "{source:?}: {}", ended.stderr);
        assert!(invented.len() <= 3 * IN_FLIGHT, "{source:?}: {invented:?} {}", ended.stderr);
        assert!(answered.len() >= 600, "{}", answered.len());
        let processes: BTreeSet<_> = ended.logs.iter().filter_map(|log| log["process_id"].as_u64()).collect();
        assert_eq!(processes.len(), if source == Source::Calls { 4 } else { 0 });
        source.lost_nothing(&ended);
    }
}

fn is_of(log: &serde_json::Value, prefix: &str) -> bool {
    log["request_resource"].as_str().is_some_and(|path| path.contains(prefix))
}

#[test]
fn connections_from_before_the_agent_are_told_from_its_start_on() {
    let Some(space) = Space::new(&["nginx", "curl", "redis-server", "mariadbd", "mariadb", "python3"]) else {
        return;
    };
    for source in Source::ALL {
        let folder = Folder::new(&format!("servers-before-{source:?}"));
        let _nginx = Nginx::start(&space, &folder, "nginx", 8081, "location / { return 200 ok; }", "");
        let _redis = redis::start(&space, &folder);
        let _mariadb = MariaDb::start(&space, &folder);
        let (_echo, address) = own_protocol::start(&space, &folder, "127.0.0.1");

        let mut web = Lines::connect(&space, "127.0.0.1:8081");
        let mut cache = Lines::connect(&space, "127.0.0.1:6379");
        let mut echoes = Client::connect(&space, address);
        let arguments = [&CLIENT[..], &["-n"]].concat();
        let mut sql = Server::start(&space, &folder, "sql", "mariadb", &arguments);
        let mut asked = 0;
        let mut ask = |number: usize| {
            web.ask(&format!("GET /n{number} HTTP/1.1\r\nHost: x\r\n\r\n"), "ok");
            cache.ask(&format!("*2\r\n$4\r\nECHO\r\n$3\r\n{number}\r\n"), &format!("{number}\r\n"));
            echoes.line(&format!("PING {number}\n"));
            sql.tell(&format!("select 'n{number}' as answer;\n"));
            asked += 1;
            sql.says_times("answer", asked);
        };
        (100..105).for_each(&mut ask);
        let plugin = echo();
        let threads = ["nginx", "redis-server", "mariadbd", "python3"].map(|name| ["--comm", name]).concat();
        let arguments = match source {
            Source::Packets => vec!["-i", "lo", "--plugin", &plugin],
            Source::Calls => [&["--syscalls", "--plugin", &plugin], &threads[..]].concat(),
        };
        let mut agent = source.start_with(&space, &folder, &arguments);
        (200..220).for_each(&mut ask);
        agent.tells(80, |log| log["type"] == "session");
        let ended = agent.end("TERM");
        let wanted = |make: fn(usize) -> String| (200..220).map(make).collect::<Vec<_>>();
        for (protocol, wanted) in [
            ("HTTP", wanted(|n| format!("/n{n}"))),
            ("Redis", wanted(|n| format!("ECHO {n}"))),
            ("Echo", wanted(|n| n.to_string())),
            ("MySQL", wanted(|n| format!("select 'n{n}' as answer"))),
        ] {
            let of_it = sessions(&ended.logs).filter(|log| log["l7_protocol"] == protocol);
            let told: Vec<_> = of_it.map(|log| text(log, "request_resource")).collect();
            assert_same(&format!("{source:?} {protocol}"), &wanted, &told, &ended);
        }
        source.lost_nothing(&ended);
    }
}

/// A connection on which answers end in known words.
struct Lines(TcpStream);

impl Lines {
    fn connect(space: &Space, address: &str) -> Self {
        Self(space.inside(|| TcpStream::connect(address).unwrap()))
    }

    fn ask(&mut self, question: &str, end: &str) {
        self.0.write_all(question.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(end.as_bytes()) {
            let mut piece = [0; 1024];
            let length = self.0.read(&mut piece).unwrap();
            assert!(length > 0, "{}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..length]);
        }
    }
}
