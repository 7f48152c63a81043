//! nginx's own log beside the request logs.

use std::collections::HashMap;
use std::fs;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use crate::agent::{Agent, until};
use crate::program::{Folder, weir};
use crate::space::Space;

/// Enough that every ring block, batch and worker has its turn many times.
const REQUESTS: usize = 20_000;

/// Longer than a segment, than a GSO-sized frame, and than the windows of a connection that has just begun.
const BIG: usize = 3 << 20;

/// nginx with its log.
pub(crate) struct Nginx {
    child: Child,
    log: String,
}

/// Client's port, method, path and status.
type Line = (u64, String, String, u64);

impl Nginx {
    pub(crate) fn start(space: &Space, folder: &Folder) -> Self {
        let log = folder.path("access.log");
        let root = folder.path("");
        folder.file("big", vec![b'x'; BIG]);
        let config = folder.file(
            "nginx.conf",
            format!(
                "daemon off; master_process off; user root; pid {root}/pid; error_log {root}/error.log;\n\
                 events {{ worker_connections 1024; }}\n\
                 http {{ log_format own '$remote_port $request_method $request_uri $status'; access_log {log} own;\n\
                 keepalive_requests 10000000; client_body_temp_path {root}/b; proxy_temp_path {root}/p;\n\
                 fastcgi_temp_path {root}/f; uwsgi_temp_path {root}/u; scgi_temp_path {root}/s;\n\
                 server {{ listen 127.0.0.1:8081; root {root}; location / {{ return 200 ok; }}\n\
                 location = /big {{ }} location ~ 7$ {{ return 404; }} location ~ 9$ {{ return 503; }} }} }}\n"
            ),
        );
        let mut command = space.command("nginx");
        command.args(["-p", &root, "-e", &format!("{root}/error.log"), "-c", &config]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let nginx = Self { child, log };
        until("nginx", || {
            let mut curl = space.command("curl");
            curl.args(["-s", "-o", "/dev/null", "http://127.0.0.1:8081/ready"]).status().unwrap().success()
        });
        nginx
    }

    fn lines(&self) -> Vec<Line> {
        let text = fs::read_to_string(&self.log).unwrap();
        let line = |line: &str| {
            let words: Vec<_> = line.split(' ').collect();
            let [port, method, path, status] = words[..] else { panic!("{line}") };
            (port.parse().unwrap(), method.to_owned(), path.to_owned(), status.parse().unwrap())
        };
        text.lines().map(line).filter(|(_, _, path, _)| path != "/ready").collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same of request logs with both halves.
fn sessions(logs: &[Json]) -> Vec<Line> {
    let sessions = logs.iter().filter(|log| log["type"] == "session");
    let line = |log: &Json| {
        let text = |name: &str| log[name].as_str().unwrap().to_owned();
        let number = |name: &str| log[name].as_u64().unwrap();
        (number("client_port"), text("request_type"), text("request_resource"), number("response_code"))
    };
    sessions.map(line).collect()
}

#[test]
fn every_request_at_full_speed_has_one_log() {
    let Some(space) = Space::new(&["nginx", "curl", "wrk"]) else { return };
    let folder = Folder::new("agent-wrk");
    let nginx = Nginx::start(&space, &folder);
    let script = folder.file(
        "paths.lua",
        "n = 0\nrequest = function() n = n + 1; return wrk.format(n % 3 == 0 and \"POST\" or \"GET\", \"/r\" .. n) end\n",
    );
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "lo", "--threads", "2"]);
    agent.says("capturing lo");
    while nginx.lines().len() < REQUESTS {
        let mut wrk = space.command("wrk");
        wrk.args(["-t1", "-c16", "-d3s", "-s", &script, "http://127.0.0.1:8081/"]).stdout(Stdio::null());
        assert!(wrk.status().unwrap().success());
    }
    let ended = agent.end("TERM");
    ended.accounts();
    let (told, lost) = (sessions(&ended.logs), ended.count(" lost\n"));
    let mut wanted: HashMap<Line, i64> = HashMap::new();
    nginx.lines().into_iter().for_each(|line| *wanted.entry(line).or_default() += 1);
    told.iter().for_each(|line| *wanted.entry(line.clone()).or_default() -= 1);
    // By the kernel's own count: what is not read after all has a reason too.
    assert!(!ended.stderr.contains("unread-at-end"), "{}", ended.stderr);
    let missing: i64 = wanted.values().filter(|count| **count > 0).sum();
    let invented: i64 = wanted.values().filter(|count| **count < 0).sum();
    assert_eq!(invented, 0, "{}", ended.stderr);
    // A frame that is lost can take the request in it along, or the answer of one.
    assert!(missing as u64 <= lost, "{missing} of {} missing, {lost} frames lost", nginx.lines().len());
}

#[test]
fn what_the_ring_could_not_hold_is_counted() {
    let Some(space) = Space::new(&["nginx", "curl", "wrk"]) else { return };
    let folder = Folder::new("agent-full");
    let nginx = Nginx::start(&space, &folder);
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "lo"]);
    agent.says("capturing lo");
    // 3 MiB an answer: the ring of 16 MiB is soon full when nobody reads it.
    agent.signal("STOP");
    for _ in 0..20 {
        let mut curl = space.command("curl");
        curl.args(["-s", "-o", "/dev/null", "http://127.0.0.1:8081/big"]);
        assert!(curl.status().unwrap().success());
    }
    agent.signal("CONT");
    // It goes on with what it gets.
    until("room in the ring", || {
        let mut curl = space.command("curl");
        assert!(
            curl.args(["-s", "http://127.0.0.1:8081/after"])
                .stdout(Stdio::null())
                .status()
                .unwrap()
                .success()
        );
        agent.logs().iter().any(|log| log["request_resource"] == "/after")
    });
    let ended = agent.end("TERM");
    ended.accounts();
    let ring_full = ended.count(" captured = ") - ended.count(" frames, ");
    assert!(ring_full > 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("capture ring-full "), "{}", ended.stderr);
    let told = sessions(&ended.logs).len() as u64;
    let missing = nginx.lines().len() as u64 - told;
    assert!(missing > 0 && missing <= ring_full, "{missing} missing: {}", ended.stderr);
}

#[test]
fn interface_and_file_tell_the_same_of_the_same_traffic() {
    let Some(space) = Space::new(&["nginx", "curl", "tcpdump"]) else { return };
    let folder = Folder::new("agent-file");
    let nginx = Nginx::start(&space, &folder);
    let file = folder.path("lo.pcap");
    let mut tcpdump = space.command("tcpdump");
    tcpdump.args(["-i", "lo", "-U", "--immediate-mode", "-B", "65536", "-Z", "root", "-w", &file, "tcp"]);
    let mut tcpdump = tcpdump.stderr(Stdio::null()).spawn().unwrap();
    until("tcpdump", || fs::metadata(&file).is_ok_and(|data| data.len() >= 24));
    let mut agent = Agent::start(&space, &folder, "a", &["-i", "lo", "--bpf", "tcp", "--threads", "2"]);
    agent.says("capturing lo");
    // Six connections; the large answers are in frames as large as the kernel makes them.
    for part in 0..6 {
        let mut curl = space.command("curl");
        let urls = ["a[1-60]", "big", "b[1-60]"].map(|path| format!("http://127.0.0.1:8081/{path}?{part}"));
        curl.args(["-s", "--fail-early"]).args(urls).stdout(Stdio::null());
        assert!(curl.status().unwrap().success());
    }
    agent.tells(6 * 121, |log| log["type"] == "session");
    let ended = agent.end("TERM");
    ended.accounts();
    let mut kill = Command::new("kill");
    assert!(kill.args(["-s", "INT", &tcpdump.id().to_string()]).status().unwrap().success());
    tcpdump.wait().unwrap();

    assert_eq!(sorted(sessions(&ended.logs)), sorted(nginx.lines()));
    let big = ended.logs.iter().filter(|log| log["request_resource"].as_str().unwrap().starts_with("/big"));
    assert!(
        big.clone().count() == 6 && big.clone().all(|log| log["response_length"].as_u64() > Some(BIG as u64))
    );
    let replayed = weir(["replay", &file, "--format", "jsonl"]);
    assert_eq!(replayed.status, 0, "{}", replayed.stderr);
    let same = |logs: &[Json]| sorted(logs.iter().map(without_times).collect());
    assert_eq!(same(&ended.logs), same(&replayed.logs()));
}

/// The file has times in microseconds, so what comes from times differs.
fn without_times(log: &Json) -> String {
    let mut log = log.clone();
    let fields = log.as_object_mut().unwrap();
    for name in ["start_time", "end_time", "response_duration", "flow_id"] {
        assert!(fields.remove(name).is_some(), "{name}");
    }
    log.to_string()
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort();
    list
}
