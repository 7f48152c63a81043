//! HTTP/2 connections of Go servers that were there before the agent: nobody saw the beginning of their header tables.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};

use serde_json::Value as Json;

use super::go::{Server, build_source};
use super::server::certificate;
use crate::agent::{Agent, until};
use crate::program::Folder;
use crate::space::Space;

const PORT: u16 = 9444;

/// A server, or a client with one connection that asks for all paths of a line of its input at the same time.
const PROGRAM: &str = r#"package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
)

func main() {
	if os.Args[1] == "serve" {
		http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if strings.HasSuffix(r.URL.Path, "7") {
				w.WriteHeader(404)
			}
			if strings.HasSuffix(r.URL.Path, "8") {
				w.Header().Set("Trailer", "X-After")
				defer w.Header().Set("X-After", "all")
			}
			fmt.Fprint(w, r.Proto, len(body), strings.Repeat("answer", 2000))
		})
		panic(http.ListenAndServeTLS(os.Args[2], os.Args[3], os.Args[4], nil))
	}
	settings := &tls.Config{InsecureSkipVerify: true}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: settings, ForceAttemptHTTP2: true}}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var all sync.WaitGroup
		for _, path := range strings.Fields(lines.Text()) {
			all.Add(1)
			go func() {
				defer all.Done()
				url, method, body := "https://"+os.Args[2]+path, "GET", io.Reader(nil)
				if strings.HasSuffix(path, "3") {
					method, body = "POST", strings.NewReader(strings.Repeat("question", 10000))
				}
				request, _ := http.NewRequest(method, url, body)
				request.Header.Set("X-Long", strings.Repeat("long", 2000))
				answer, err := client.Do(request)
				if err != nil {
					panic(err)
				}
				text, _ := io.ReadAll(answer.Body)
				answer.Body.Close()
				if !strings.HasPrefix(string(text), "HTTP/2.0") {
					panic(string(text[:8]))
				}
			}()
		}
		all.Wait()
		fmt.Println("done")
	}
}
"#;

/// A client whose connection stays.
struct Client {
    _process: Server,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start(space: &Space, program: &str) -> Self {
        let mut command = space.command(program);
        command.args(["ask", &format!("127.0.0.1:{PORT}")]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { _process: Server(process), input, output: BufReader::new(output) }
    }

    fn ask(&mut self, paths: &[String]) {
        writeln!(self.input, "{}", paths.join(" ")).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert_eq!(line, "done\n");
    }
}

fn paths(name: &str, number: usize) -> Vec<String> {
    (0..number).map(|number| format!("/{name}{number}")).collect()
}

fn seen(test: &str, name: &str, arguments: &[&str]) {
    let _share = super::share();
    let Some(space) = Space::new(&["curl"]) else { return };
    let folder = Folder::new(test);
    let Some(program) = build_source(&folder, PROGRAM, name, arguments) else { return };
    // By another name, as its own calls are seen too.
    let asker = folder.path("asker");
    std::fs::copy(&program, &asker).unwrap();
    let (certificate, key) = certificate(&folder);
    let mut serve = space.command(&program);
    serve.args(["serve", &format!("127.0.0.1:{PORT}"), &certificate, &key]).stderr(Stdio::null());
    let _server = Server(serve.spawn().unwrap());
    until("the server", || super::server::curl(&space, PORT, "/ready", &[]));
    let mut before = Client::start(&space, &asker);
    // What it asks for later is in its header table from then on.
    let (old, new) = (paths("old", 150), paths("new", 20));
    before.ask(&old);
    let pid = space.pid();
    let mut agent = Agent::start(&space, &folder, "a", &["--tls", "--netns", &pid]);
    agent.says(&format!("{name} (Go go1."));
    // One by one, and all at once.
    old[..10].chunks(1).for_each(|path| before.ask(path));
    before.ask(&old[10..]);
    let mut after = Client::start(&space, &asker);
    new[..10].chunks(1).for_each(|path| after.ask(path));
    after.ask(&new[10..]);
    let of_server = |log: &Json| log["type"] == "session" && log["process_name"] == name;
    agent.tells(old.len() + new.len(), of_server);
    let ended = agent.end("TERM");
    assert!(ended.stderr.contains(" with HTTP/2), "), "{}", ended.stderr);
    let of_server = |log: &&Json| log["process_name"] == name;
    let logs: Vec<_> = ended.logs.iter().filter(of_server).collect();
    assert_eq!(logs.len(), old.len() + new.len(), "{logs:#?}");
    for path in old.iter().chain(&new) {
        let told: Vec<_> = logs.iter().filter(|log| log["request_resource"] == *path).collect();
        let [log] = told[..] else { panic!("{path}: {told:#?}") };
        let method = if path.ends_with('3') { "POST" } else { "GET" };
        let code = if path.ends_with('7') { 404 } else { 200 };
        assert_eq!(log["request_type"], method, "{log:#}");
        assert_eq!(log["response_code"], code, "{log:#}");
        assert_eq!(log["l7_protocol"], "HTTP2", "{log:#}");
        assert_eq!(log["server_port"], PORT, "{log:#}");
        assert!(log["coroutine_id"].as_u64() > Some(0), "{log:#}");
        let length = |name: &str| log[name].as_u64().unwrap();
        // Of an old connection the headers' length is not that on the wire.
        let asked = if path.ends_with('3') { 80_000..90_000 } else { 0..10_000 };
        assert!(asked.contains(&length("request_length")), "{log:#}");
        assert!((12_000..13_000).contains(&length("response_length")), "{log:#}");
    }
}

#[test]
fn a_connection_from_before_is_told_by_the_server_and_a_new_one_once() {
    seen("tls-go-http2", "gohttp2", &[]);
}

#[test]
fn without_symbols_it_is_the_same() {
    seen("tls-go-http2-stripped", "gohttp2s", &["-ldflags=-s -w", "-trimpath"]);
}
