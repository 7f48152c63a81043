//! HTTP/2 connections of Go servers and clients that were there before the agent: nobody saw the beginning of their header tables.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Stdio};

use serde_json::Value as Json;

use super::go::{Server, build_with};
use super::server::certificate;
use crate::agent::{Agent, until};
use crate::program::Folder;
use crate::space::Space;

const PORT: u16 = 9444;

/// A server, or a client with one connection that asks for all paths of a line of its input at the same time.
const PROGRAM: &str = r#"package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	if os.Args[1] == "serve" {
		http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/abort") {
				panic(http.ErrAbortHandler)
			}
			if strings.HasPrefix(r.URL.Path, "/cancel") {
				<-r.Context().Done()
				return
			}
			body, _ := io.ReadAll(r.Body)
			if strings.HasSuffix(r.URL.Path, "6") {
				w.WriteHeader(103)
			}
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
				ends, cancel := context.WithTimeout(context.Background(), time.Minute)
				if strings.HasPrefix(path, "/cancel") {
					ends, cancel = context.WithTimeout(context.Background(), 100*time.Millisecond)
				}
				defer cancel()
				request, _ := http.NewRequestWithContext(ends, method, url, body)
				request.Header.Set("X-Long", strings.Repeat("long", 2000))
				answer, err := client.Do(request)
				if strings.HasPrefix(path, "/abort") || strings.HasPrefix(path, "/cancel") {
					if err == nil {
						panic(path)
					}
					return
				}
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

/// Where Debian's packages have sources of Go.
const GOPATH: &str = "/usr/share/gocode";

/// The same with server and client of golang.org/x/net.
fn program_of_x_net() -> Option<String> {
    if !Path::new(GOPATH).join("src/golang.org/x/net/http2/server.go").exists() {
        assert!(std::env::var_os("CI").is_none(), "CI must run this test: run `cargo xtask test`");
        eprintln!("skipped: it needs Debian's package golang-golang-x-net-dev");
        return None;
    }
    let replacements = [
        ("\t\"fmt\"\n", "\t\"fmt\"\n\t\"golang.org/x/net/http2\"\n"),
        (
            "panic(http.ListenAndServeTLS(os.Args[2], os.Args[3], os.Args[4], nil))",
            "server := &http.Server{Addr: os.Args[2]}\nhttp2.ConfigureServer(server, nil)\n\
             panic(server.ListenAndServeTLS(os.Args[3], os.Args[4]))",
        ),
        (
            "&http.Transport{TLSClientConfig: settings, ForceAttemptHTTP2: true}",
            "&http2.Transport{TLSClientConfig: settings}",
        ),
    ];
    let replace = |text: String, (from, to): &(&str, &str)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    };
    Some(replacements.iter().fold(PROGRAM.to_owned(), replace))
}

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

fn seen(test: &str, name: &str, source: &str, arguments: &[&str], variables: &[(&str, &str)]) {
    let _share = super::share();
    let Some(space) = Space::new(&["curl"]) else { return };
    let folder = Folder::new(test);
    let Some(program) = build_with(&folder, source, name, arguments, variables) else { return };
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
    // Other tests have programs of these names.
    for file in [&program, &asker] {
        agent.says(&format!("{file} (Go go1."));
    }
    // One by one, and all at once.
    old[..10].chunks(1).for_each(|path| before.ask(path));
    before.ask(&old[10..]);
    let mut after = Client::start(&space, &asker);
    new[..10].chunks(1).for_each(|path| after.ask(path));
    after.ask(&new[10..]);
    for (client, name) in [(&mut before, "old"), (&mut after, "new")] {
        client.ask(&[format!("/abort-{name}"), format!("/cancel-{name}")]);
    }
    let is_of = |log: &Json, process: &str, kind: &str| log["type"] == kind && log["process_name"] == process;
    let all = old.len() + new.len();
    for process in [name, "asker"] {
        agent.tells(all, |log| is_of(log, process, "session"));
    }
    agent.tells(4, |log| is_of(log, "asker", "request"));
    let ended = agent.end("TERM");
    for file in [&program, &asker] {
        let is_said = |line: &str| line.contains(&format!("{file} (Go ")) && line.contains(" with HTTP/2), ");
        assert!(ended.stderr.lines().any(is_said), "{}", ended.stderr);
    }
    for process in [name, "asker"] {
        let logs: Vec<_> = ended.logs.iter().filter(|log| is_of(log, process, "session")).collect();
        assert_eq!(logs.len(), all, "{logs:#?}");
        old.iter().chain(&new).for_each(|path| check(&logs, path));
    }
    for process in [name, "asker"] {
        let logs: Vec<_> = ended.logs.iter().filter(|log| is_of(log, process, "request")).collect();
        assert_eq!(logs.len(), 4, "{logs:#?}");
        let of = |path: &str| logs.iter().find(|log| log["request_resource"] == path).unwrap();
        for reset in ["abort", "cancel"] {
            let (old, new) = (of(&format!("/{reset}-old")), of(&format!("/{reset}-new")));
            assert!(!new["response_exception"].is_null(), "{new:#}");
            // What a server gives up is told without a reason.
            if process == "asker" {
                for field in ["response_exception", "response_status", "request_type"] {
                    assert_eq!(old[field], new[field], "{old:#}");
                }
            }
        }
    }
}

/// Exactly one of the logs is of this path, and says what was asked and answered.
fn check(logs: &[&Json], path: &str) {
    let told: Vec<_> = logs.iter().filter(|log| log["request_resource"] == path).collect();
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

#[test]
fn a_connection_from_before_is_told_by_both_ends_and_a_new_one_once() {
    seen("tls-go-http2", "gohttp2", PROGRAM, &[], &[]);
}

#[test]
fn without_symbols_it_is_the_same() {
    seen("tls-go-http2-stripped", "gohttp2s", PROGRAM, &["-ldflags=-s -w", "-trimpath"], &[]);
}

#[test]
fn golang_org_x_net_is_the_same() {
    let Some(source) = program_of_x_net() else { return };
    let variables = [("GO111MODULE", "off"), ("GOPATH", GOPATH)];
    seen("tls-go-http2-x-net", "gohttp2x", &source, &[], &variables);
}
