//! Programs with OpenSSL.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use super::server::{BIG, Line, PORTS, Server, agent, certificate, curl, sessions};
use crate::agent::until;
use crate::program::Folder;
use crate::space::Space;

/// Enough that each map and ring has its turn many times.
const REQUESTS: usize = 20_000;

const NEEDED: [&str; 2] = ["nginx", "curl"];

fn sorted(mut lines: Vec<Line>) -> Vec<Line> {
    lines.sort();
    lines
}

#[test]
fn both_ends_are_seen_with_each_version_of_tls() {
    both_ends("tls-versions", &["--syscalls"]);
}

#[test]
fn both_ends_are_seen_in_the_way_of_older_kernels() {
    both_ends("tls-versions-at-calls", &["--at-calls"]);
}

fn both_ends(test: &str, arguments: &[&str]) {
    let _share = super::share();
    let Some(space) = Space::new(&NEEDED) else { return };
    let folder = Folder::new(test);
    let server = Server::start(&space, &folder);
    let mut agent = agent(&space, &folder, arguments);
    for port in PORTS {
        for path in ["/a1", "/b7", "/c9"] {
            assert!(curl(&space, port, path, &["--http1.1"]));
        }
        assert!(curl(&space, port, "/posted", &["--http1.1", "-d", "a=b"]));
    }
    // HTTP/2 begins with a preface, so its first byte has to be there.
    assert!(curl(&space, PORTS[2], "/two", &["--http2"]));
    agent.tells(26, |log| log["type"] == "session" && log["request_resource"] != "/ready");
    let ended = agent.end("TERM");
    let wanted = sorted(server.lines());
    assert_eq!(wanted.len(), 13);
    assert_eq!(sessions(&ended.logs, "nginx"), wanted, "{}", ended.stderr);
    assert_eq!(sessions(&ended.logs, "curl"), wanted, "{}", ended.stderr);
    let two: Vec<_> = ended.logs.iter().filter(|log| log["request_resource"] == "/two").collect();
    assert!(two.len() == 2 && two.iter().all(|log| log["l7_protocol"] == "HTTP2"), "{two:?}");
}

#[test]
fn every_request_at_full_speed_has_one_log() {
    let _share = super::share();
    let Some(space) = Space::new(&["nginx", "curl", "wrk"]) else { return };
    let folder = Folder::new("tls-wrk");
    let server = Server::start(&space, &folder);
    let script = folder.file(
        "paths.lua",
        "n = 0\nrequest = function() n = n + 1; return wrk.format(n % 3 == 0 and \"POST\" or \"GET\", \"/r\" .. n) end\n",
    );
    let agent = agent(&space, &folder, &["--comm", "nginx"]);
    for round in 0.. {
        if server.lines().len() >= REQUESTS {
            break;
        }
        let url = format!("https://127.0.0.1:{}/", PORTS[round % 2]);
        let mut wrk = space.command("wrk");
        wrk.args(["-t1", "-c16", "-d2s", "-s", &script, &url]).stdout(Stdio::null());
        assert!(wrk.status().unwrap().success());
    }
    let ended = agent.end("TERM");
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    let mut wanted: HashMap<Line, i64> = HashMap::new();
    server.lines().into_iter().for_each(|line| *wanted.entry(line).or_default() += 1);
    let told = sessions(&ended.logs, "nginx");
    told.iter().for_each(|line| *wanted.entry(line.clone()).or_default() -= 1);
    wanted.retain(|_, count| *count != 0);
    assert!(wanted.is_empty(), "{wanted:?}: {}", ended.stderr);
    assert!(ended.logs.iter().all(|log| log["process_name"] == "nginx"), "only what was asked for");
}

/// Says what it got after each line of its input.
const CLIENT: &str = "
import socket, ssl, sys
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
connection = context.wrap_socket(socket.create_connection(('127.0.0.1', int(sys.argv[1]))))
for line in sys.stdin:
    connection.sendall(b'GET ' + line.strip().encode() + b' HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')
    print(connection.recv(4096).split()[1].decode(), flush=True)
";

#[test]
fn a_connection_from_before_the_agent_is_joined() {
    let _share = super::share();
    let Some(space) = Space::new(&["nginx", "curl", "python3"]) else { return };
    let folder = Folder::new("tls-before");
    let server = Server::start(&space, &folder);
    let mut python = space.command("python3");
    python.args(["-c", CLIENT, &PORTS[1].to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    let (mut to, mut from) = (python.stdin.take().unwrap(), BufReader::new(python.stdout.take().unwrap()));
    let mut ask = |path: &str| {
        let mut answer = String::new();
        writeln!(to, "{path}").unwrap();
        from.read_line(&mut answer).unwrap();
        answer
    };
    assert_eq!(ask("/before"), "200\n");
    let mut agent = agent(&space, &folder, &[]);
    assert_eq!([ask("/after"), ask("/after7")], ["200\n", "404\n"]);
    agent.tells(4, |log| log["type"] == "session" && log["request_resource"] != "/ready");
    let ended = agent.end("TERM");
    let wanted = server.lines().split_off(1);
    assert_eq!(wanted.len(), 2);
    assert_eq!(sessions(&ended.logs, "nginx"), sorted(wanted.clone()));
    assert_eq!(sessions(&ended.logs, "python3"), sorted(wanted));
    python.kill().unwrap();
    python.wait().unwrap();
}

/// Makes the system calls itself, for several connections at the same time in one thread.
const LOOP: &str = "
import asyncio, ssl, sys
async def ask(context, path):
    reader, writer = await asyncio.open_connection('127.0.0.1', int(sys.argv[1]), ssl=context)
    for number in range(5):
        writer.write(f'GET {path}{number} HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'.encode())
        assert (await reader.readuntil(b'ok')).startswith(b'HTTP/1.1 200')
    writer.close()
async def main():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    await asyncio.gather(*[ask(context, f'/loop{number}n') for number in range(10)])
asyncio.run(main())
";

#[test]
fn a_program_that_hands_its_library_bytes_is_seen() {
    let _share = super::share();
    let Some(space) = Space::new(&["nginx", "curl", "python3"]) else { return };
    let folder = Folder::new("tls-loop");
    let server = Server::start(&space, &folder);
    let mut agent = agent(&space, &folder, &["--comm", "python3"]);
    for port in &PORTS[..2] {
        let mut python = space.command("python3");
        assert!(python.args(["-c", LOOP, &port.to_string()]).status().unwrap().success());
    }
    agent.tells(100, |log| log["type"] == "session");
    let ended = agent.end("TERM");
    assert_eq!(sessions(&ended.logs, "python3"), sorted(server.lines()), "{}", ended.stderr);
}

#[test]
fn a_program_that_leaves_tls_to_streams_of_the_library_is_seen() {
    let _share = super::share();
    let Some(space) = Space::new(&["nginx", "curl", "openssl"]) else { return };
    let folder = Folder::new("tls-streams");
    // Something that has the library, so that the agent begins with it.
    let _server = Server::start(&space, &folder);
    let mut agent = agent(&space, &folder, &["--comm", "openssl"]);
    let (certificate, key) = certificate(&folder);
    // With `-www` it reads and writes by BIO_f_ssl(3), which calls neither SSL_read nor SSL_write.
    let mut program = space.command("openssl");
    program.args([
        "s_server",
        "-quiet",
        "-www",
        "-accept",
        "127.0.0.1:9447",
        "-cert",
        &certificate,
        "-key",
        &key,
    ]);
    let mut program =
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("openssl", || curl(&space, 9447, "/ready", &[]));
    for path in ["/s1", "/s2"] {
        assert!(curl(&space, 9447, path, &["--http1.1"]));
    }
    agent.tells(2, |log| log["type"] == "session" && log["request_resource"] != "/ready");
    let _ = program.kill();
    let _ = program.wait();
    let ended = agent.end("TERM");
    let lines = sessions(&ended.logs, "openssl");
    let told: Vec<_> = lines.iter().map(|line| (line.2.as_str(), line.3)).collect();
    assert!(told.contains(&("/s1", 200)) && told.contains(&("/s2", 200)), "{told:?} {}", ended.stderr);
}

#[test]
fn large_messages_are_told_whole_or_with_what_is_missing() {
    let _share = super::share();
    let Some(space) = Space::new(&NEEDED) else { return };
    let folder = Folder::new("tls-large");
    let server = Server::start(&space, &folder);
    let mut agent = agent(&space, &folder, &["--call-bytes", "6000"]);
    // A head of more than a piece, and an answer of more than is captured of a call; after each the next request is understood.
    let long = format!("/{}", "l".repeat(5000));
    let urls = ["/big", &long, "/big", "/end"].map(|path| format!("https://127.0.0.1:{}{path}", PORTS[1]));
    let mut command = space.command("curl");
    command.args(["-sk", "--http1.1", "--fail-early", "-d", &"p".repeat(5500), "-X", "GET"]).args(&urls);
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
    agent.tells(8, |log| log["type"] == "session" && log["request_resource"] != "/ready");
    let ended = agent.end("TERM");
    // A log has no more of a path than 4096 bytes.
    let cut = |mut lines: Vec<Line>| {
        lines.iter_mut().for_each(|line| line.2.truncate(4096));
        sorted(lines)
    };
    assert!(cut(sessions(&ended.logs, "nginx")) == cut(server.lines()), "{}", ended.stderr);
    assert!(cut(sessions(&ended.logs, "curl")) == cut(server.lines()), "{}", ended.stderr);
    let big: Vec<_> = ended.logs.iter().filter(|log| log["request_resource"] == "/big").collect();
    assert!(
        big.len() == 4 && big.iter().all(|log| log["response_length"].as_u64() > Some(BIG as u64)),
        "{big:?}"
    );
}
